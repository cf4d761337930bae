//! Rows of `bot_model`: what was learnt when, how good it was, and the file that holds it.

use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use super::setting;
use crate::Bot;
use crate::error::BotError;
use crate::learning::{Model, Score};

/// Models that are kept beside the one in force.
const KEPT: i64 = 10;
/// The largest file that is read.
const FILE_MAX: u64 = 512 * 1024 * 1024;

/// A model as administration sees it.
#[derive(Clone, Debug)]
pub struct ModelRow {
    /// Names it.
    pub id: String,
    /// When it was learnt, epoch milliseconds.
    pub created_at: i64,
    /// Who had it learnt.
    pub created_by: String,
    /// Orders that it learnt from.
    pub orders: i64,
    /// How it did on orders that it had not seen.
    pub scores: Vec<Score>,
    /// Why it is not in force although it is the newest, as a code; empty otherwise.
    pub note: String,
    /// Its file.
    pub(crate) file: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    created_at: i64,
    created_by: String,
    orders: i64,
    scores: String,
    note: String,
    file: String,
}

impl TryFrom<Row> for ModelRow {
    type Error = BotError;

    fn try_from(row: Row) -> Result<Self, BotError> {
        Ok(Self {
            scores: serde_json::from_str(&row.scores).map_err(|error| BotError::Stored("scores", error))?,
            id: row.id,
            created_at: row.created_at,
            created_by: row.created_by,
            orders: row.orders,
            note: row.note,
            file: row.file,
        })
    }
}

const COLUMNS: &str = "select id, created_at, created_by, orders, scores, note, file from bot_model ";

impl Bot {
    /// Returns the models, newest first, and the one in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn models(&self) -> Result<(Vec<ModelRow>, Option<String>), BotError> {
        let sql = format!("{COLUMNS}order by created_at desc, id desc limit 100");
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?;
        let active = setting::get(&self.kit().db, setting::MODEL).await?.0;
        Ok((rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?, active))
    }

    /// Finds a model.
    pub(crate) async fn model_row(&self, id: &str) -> Result<Option<ModelRow>, BotError> {
        let sql = format!("{COLUMNS}where id = $1");
        let row: Option<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.kit().db.reader()).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Writes a model down and puts it in force unless `note` says why not; forgets the oldest beyond some.
    pub(crate) async fn keep_model(
        &self,
        ctx: &Ctx,
        model: &Model,
        scores: &[Score],
        orders: usize,
        note: &str,
    ) -> Result<String, BotError> {
        let bytes = serde_json::to_vec(model).map_err(|error| BotError::Stored("model", error))?;
        let file = self.kit().blobs.put(ctx.now, &bytes).await?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into bot_model (id, created_at, created_by, orders, scores, file, note) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&id)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .bind(i64::try_from(orders).unwrap_or(i64::MAX))
        .bind(serde_json::to_string(scores).map_err(|error| BotError::Stored("scores", error))?)
        .bind(&file)
        .bind(note)
        .execute(tx.conn())
        .await?;
        if note.is_empty() {
            setting::set(&mut tx, setting::MODEL, &id).await?;
        }
        tx.audit(
            ctx,
            Audit::new("assist.model_learnt", "model", &id).detail(json!({ "orders": orders, "note": note })),
        );
        let old: Vec<(String, String)> = sqlx::query_as(
            "select id, file from bot_model where id not in (select value from bot_setting where name = 'model') \
             order by created_at desc, id desc limit 1000 offset $1",
        )
        .bind(KEPT)
        .fetch_all(tx.conn())
        .await?;
        for (old, _) in &old {
            sqlx::query("delete from bot_model where id = $1").bind(old).execute(tx.conn()).await?;
        }
        tx.commit().await?;
        for (_, file) in old {
            if let Err(error) = self.kit().blobs.remove(&file).await {
                tracing::warn!(%error, "the file of a forgotten model stays");
            }
        }
        Ok(id)
    }

    /// Puts another model in force, or none. A file that cannot be read leaves things as they are.
    ///
    /// # Errors
    /// [`BotError::NotFound`], or when the file is missing or damaged.
    pub async fn activate_model(&self, ctx: &Ctx, id: Option<&str>) -> Result<(), BotError> {
        if let Some(id) = id {
            let row = self.model_row(id).await?.ok_or(BotError::NotFound)?;
            self.read_model(&row).await?;
        }
        let mut tx = self.kit().db.begin().await?;
        setting::set(&mut tx, setting::MODEL, id.unwrap_or_default()).await?;
        tx.audit(ctx, Audit::new("assist.model_activated", "model", id.unwrap_or("none")));
        tx.commit().await?;
        self.follow_model().await
    }

    /// Reads a model's file.
    pub(crate) async fn read_model(&self, row: &ModelRow) -> Result<Model, BotError> {
        use tokio::io::AsyncReadExt as _;
        let file = self.kit().blobs.open(&row.file).await?;
        let mut bytes = Vec::new();
        file.take(FILE_MAX).read_to_end(&mut bytes).await?;
        let read = tokio::task::spawn_blocking(move || serde_json::from_slice(&bytes)).await?;
        read.map_err(|error| BotError::Stored("model", error))
    }
}
