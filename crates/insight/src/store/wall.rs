//! Rows of `insight_wall`: layouts of the wall that people keep and share.

use kernel::{Audit, Ctx, Principal};
use sqlx::FromRow;

use crate::Insight;
use crate::error::InsightError;
use crate::wall::{Tile, check};

/// So many one person may keep.
const MOST: i64 = 50;

/// A layout.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_wall` under their own names")]
pub struct Wall {
    pub id: String,
    pub owner_id: String,
    pub owner_name: String,
    pub name: String,
    /// Tiles as JSON.
    pub layout: String,
    pub shared: i64,
}

impl Insight {
    /// Returns a person's own layouts and those that others share.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn walls(&self, by: &Principal) -> Result<Vec<Wall>, InsightError> {
        Ok(sqlx::query_as(
            "select id, owner_id, owner_name, name, layout, shared from insight_wall \
             where owner_id = $1 or shared = 1 order by name, id limit 200",
        )
        .bind(&by.person_id)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Keeps a layout; one's own of the same name is replaced. Returns its id.
    ///
    /// # Errors
    /// When name or tiles are bad, or there are too many.
    pub async fn keep_wall(
        &self,
        ctx: &Ctx,
        by: &Principal,
        name: &str,
        tiles: &[Tile],
        shared: bool,
    ) -> Result<String, InsightError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 40 {
            return Err(InsightError::question(
                "name",
                "名称为 1 到 40 个字。",
                "A name of 1 to 40 characters is needed.",
            ));
        }
        check(tiles)?;
        let layout = serde_json::to_string(tiles).map_err(|error| InsightError::Port(error.into()))?;
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("delete from insight_wall where owner_id = $1 and name = $2")
            .bind(&by.person_id)
            .bind(name)
            .execute(tx.conn())
            .await?;
        let (kept,): (i64,) = sqlx::query_as("select count(*) from insight_wall where owner_id = $1")
            .bind(&by.person_id)
            .fetch_one(tx.conn())
            .await?;
        if kept >= MOST {
            return Err(InsightError::question(
                "name",
                "最多保存 50 个布局。",
                "At most 50 layouts can be kept.",
            ));
        }
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into insight_wall (id, owner_id, owner_name, name, layout, shared, version, made_at) \
             values ($1, $2, $3, $4, $5, $6, 1, $7)",
        )
        .bind(&id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(name)
        .bind(&layout)
        .bind(i64::from(shared))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if shared {
            tx.audit(ctx, Audit::new("wall.share", "wall", &id));
        }
        tx.commit().await?;
        Ok(id)
    }

    /// Forgets a layout of one's own.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] for anybody else's.
    pub async fn forget_wall(&self, by: &Principal, id: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from insight_wall where id = $1 and owner_id = $2")
            .bind(id)
            .bind(&by.person_id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(InsightError::NotFound);
        }
        Ok(tx.commit().await?)
    }
}
