//! Rows of `cases_saved_query`: filters of lists that people keep, for themselves or for everybody.

use kernel::{Ctx, Principal};
use sqlx::FromRow;

use crate::Cases;
use crate::error::{CaseError, Check};

/// So many one person may keep.
const MOST: i64 = 100;

/// A saved query.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_saved_query` under their own names")]
pub struct SavedQuery {
    pub id: String,
    pub owner_id: String,
    pub owner_name: String,
    pub name: String,
    pub query: String,
    pub shared: i64,
}

impl Cases {
    /// Returns a person's own queries and those that others share.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saved_queries(&self, by: &Principal) -> Result<Vec<SavedQuery>, CaseError> {
        Ok(sqlx::query_as(
            "select id, owner_id, owner_name, name, query, shared from cases_saved_query \
             where owner_id = $1 or shared = 1 order by case when owner_id = $2 then 0 else 1 end, name, id limit 500",
        )
        .bind(&by.person_id)
        .bind(&by.person_id)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Keeps a query under a name; one's own of the same name is replaced. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] for a long name or query, or too many.
    pub async fn save_query(
        &self,
        ctx: &Ctx,
        by: &Principal,
        name: &str,
        query: &str,
        shared: bool,
    ) -> Result<String, CaseError> {
        let mut check = Check::default();
        check.text("name", name, 40);
        check.optional("query", query, 2000);
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("delete from cases_saved_query where owner_id = $1 and name = $2")
            .bind(&by.person_id)
            .bind(name.trim())
            .execute(tx.conn())
            .await?;
        let (kept,): (i64,) = sqlx::query_as("select count(*) from cases_saved_query where owner_id = $1")
            .bind(&by.person_id)
            .fetch_one(tx.conn())
            .await?;
        if kept >= MOST {
            check.refuse("name", "too_many", "最多保存 100 个查询。", "At most 100 queries can be kept.");
        }
        check.done()?;
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into cases_saved_query (id, owner_id, owner_name, name, query, shared, made_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(name.trim())
        .bind(query)
        .bind(i64::from(shared))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Forgets a query of one's own.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for anybody else's.
    pub async fn forget_query(&self, by: &Principal, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from cases_saved_query where id = $1 and owner_id = $2")
            .bind(id)
            .bind(&by.person_id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        Ok(tx.commit().await?)
    }
}
