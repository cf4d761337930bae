//! Rows of `map_feed_source`: machines that may push, each with a key of its own.

use kernel::crypto::{random_token, sha256_hex};
use kernel::{Audit, Ctx, Timestamp};
use serde_json::json;
use sqlx::FromRow;

use crate::Map;
use crate::error::MapError;
use crate::feed::FeedKind;

/// So many there may be.
const SOURCES_MAX: i64 = 100;
/// When a source pushed last is written so often at most, in milliseconds.
const SEEN_MS: i64 = 60_000;

/// A machine that may push.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `map_feed_source` under their own names")]
pub struct FeedSource {
    pub id: String,
    pub name: String,
    /// Kinds that it may push, with commas between.
    pub kinds: String,
    pub made_at: i64,
    pub made_by: String,
    pub last_at: Option<i64>,
}

impl FeedSource {
    /// Tells whether it may push a kind.
    #[must_use]
    pub fn may(&self, kind: FeedKind) -> bool {
        self.kinds.split(',').any(|code| code == kind.code())
    }
}

impl Map {
    /// Returns all sources.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn feed_sources(&self) -> Result<Vec<FeedSource>, MapError> {
        Ok(sqlx::query_as(
            "select id, name, kinds, made_at, made_by, last_at from map_feed_source order by name, id",
        )
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Adds a source. Returns its id and its key, which nobody can read again.
    ///
    /// # Errors
    /// [`MapError::Field`] for a bad name, no kinds, or too many sources.
    pub async fn add_feed_source(
        &self,
        ctx: &Ctx,
        name: &str,
        kinds: &[FeedKind],
    ) -> Result<(String, String), MapError> {
        let name = name.trim();
        if !(1..=40).contains(&name.chars().count()) {
            return Err(MapError::field(
                "name",
                "名称为 1 到 40 个字。",
                "A name of 1 to 40 characters is needed.",
            ));
        }
        if kinds.is_empty() {
            return Err(MapError::field("kinds", "请选择数据类型。", "Please choose what it may push."));
        }
        let mut tx = self.kit().db.begin().await?;
        let (count,): (i64,) =
            sqlx::query_as("select count(*) from map_feed_source").fetch_one(tx.conn()).await?;
        if count >= SOURCES_MAX {
            return Err(MapError::field("name", "最多 100 个数据源。", "There may be at most 100 sources."));
        }
        let (id, key) = (kernel::id::new_id(), format!("yhf_{}", random_token(32)));
        let mut codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        sqlx::query(
            "insert into map_feed_source (id, name, kinds, key_digest, made_at, made_by) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&id)
        .bind(name)
        .bind(codes.join(","))
        .bind(sha256_hex(key.as_bytes()))
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("feed_source.add", "feed_source", &id).detail(json!({ "name": name, "kinds": codes })),
        );
        tx.commit().await?;
        Ok((id, key))
    }

    /// Deletes a source; its key is refused from now on.
    ///
    /// # Errors
    /// [`MapError::NotFound`].
    pub async fn drop_feed_source(&self, ctx: &Ctx, id: &str) -> Result<(), MapError> {
        let mut tx = self.kit().db.begin().await?;
        let gone =
            sqlx::query("delete from map_feed_source where id = $1").bind(id).execute(tx.conn()).await?;
        if gone.rows_affected() == 0 {
            return Err(MapError::NotFound);
        }
        tx.audit(ctx, Audit::new("feed_source.drop", "feed_source", id));
        Ok(tx.commit().await?)
    }

    /// Finds the source of a key that may push a kind, and notes that it was seen.
    ///
    /// # Errors
    /// [`MapError::Key`].
    pub async fn feed_source_of(
        &self,
        key: &str,
        kind: FeedKind,
        now: Timestamp,
    ) -> Result<FeedSource, MapError> {
        let found: Option<FeedSource> = sqlx::query_as(
            "select id, name, kinds, made_at, made_by, last_at from map_feed_source where key_digest = $1",
        )
        .bind(sha256_hex(key.as_bytes()))
        .fetch_optional(self.kit().db.reader())
        .await?;
        let source = found.filter(|source| source.may(kind)).ok_or(MapError::Key)?;
        if source.last_at.is_none_or(|at| now.0 - at >= SEEN_MS) {
            let mut tx = self.kit().db.begin().await?;
            sqlx::query("update map_feed_source set last_at = $2 where id = $1")
                .bind(&source.id)
                .bind(now.0)
                .execute(tx.conn())
                .await?;
            tx.commit().await?;
        }
        Ok(source)
    }
}
