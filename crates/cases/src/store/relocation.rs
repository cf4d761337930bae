//! Rows of `cases_relocation`: units that were moved in the tree. Whatever names a unit by its path follows, a
//! bounded number of rows at a time, so that nobody waits for it.

use contract::identity::{UnitBrief, UnitId};
use kernel::Timestamp;
use sqlx::AssertSqlSafe;

use crate::Cases;
use crate::error::CaseError;

/// So many rows of a table move in one transaction.
const ROWS_MAX: i64 = 2_000;
/// So many units are looked after in one turn of the job.
const UNITS_MAX: i64 = 20;
/// Directories of other processes are this old at most; after this time a unit is looked at once more.
const SURE_MS: i64 = 60_000;

/// Tables that name a unit, with the columns for its id and path, and which rows matter.
const TABLES: &[(&str, &str, &str, &str)] = &[
    ("cases_case", "unit_id", "unit_path", "1 = 1"),
    ("cases_case", "created_unit_id", "created_unit_path", "1 = 1"),
    ("cases_task", "unit_id", "unit_path", "state = 'open'"),
    ("cases_application", "unit_id", "unit_path", "1 = 1"),
    ("cases_errand", "unit_id", "unit_path", "1 = 1"),
    ("cases_praise", "unit_id", "unit_path", "1 = 1"),
    ("cases_discovery", "unit_id", "unit_path", "1 = 1"),
    ("cases_commitment", "unit_id", "unit_path", "1 = 1"),
    ("cases_alarm", "unit_id", "unit_path", "1 = 1"),
    ("cases_exchange_unit", "unit_id", "unit_path", "1 = 1"),
];

impl Cases {
    /// Notes that a unit was changed, so that what it has follows if it was moved. Hearing it twice changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_unit_change(&self, unit_id: &UnitId, now: Timestamp) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into cases_relocation (unit_id, noted_at, next_at) values ($1, $2, $2) \
             on conflict (unit_id) do update set noted_at = excluded.noted_at, next_at = excluded.next_at",
        )
        .bind(unit_id.as_str())
        .bind(now.0)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Lets what units have follow them to their place in the tree, as far as one turn reaches. Returns how many
    /// rows moved.
    ///
    /// # Errors
    /// When the database or the directory fails.
    pub async fn follow_units(&self, now: Timestamp) -> Result<u64, CaseError> {
        let noted: Vec<(String, i64)> = sqlx::query_as(
            "select unit_id, noted_at from cases_relocation where next_at <= $1 order by next_at, unit_id limit $2",
        )
        .bind(now.0)
        .bind(UNITS_MAX)
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut moved = 0;
        for (unit_id, noted_at) in noted {
            let units = self
                .ports()
                .directory
                .units_under(&UnitId(unit_id.clone()))
                .await
                .map_err(CaseError::Port)?;
            let mut here = 0;
            for unit in &units {
                here += self.follow_unit(unit).await?;
            }
            moved += here;
            if here == 0 {
                self.done_following(&unit_id, noted_at, now).await?;
            }
        }
        Ok(moved)
    }

    /// Moves some rows of one unit. Returns how many.
    async fn follow_unit(&self, unit: &UnitBrief) -> Result<u64, CaseError> {
        let mut moved = 0;
        for (table, id, path, which) in TABLES {
            // Asked on a reader first: almost always there is nothing to do, and nobody shall wait for that.
            let behind: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
                "select cast(1 as bigint) from {table} where {id} = $1 and {which} and {path} <> $2 limit 1"
            )))
            .bind(unit.id.as_str())
            .bind(&unit.path)
            .fetch_optional(self.kit().db.reader())
            .await?;
            if behind.is_none() {
                continue;
            }
            let key = if *table == "cases_exchange_unit" { "exchange_id" } else { "id" };
            let mut tx = self.kit().db.begin().await?;
            let changed = sqlx::query(AssertSqlSafe(format!(
                "update {table} set {path} = $2 where {id} = $1 and {key} in \
                 (select {key} from {table} where {id} = $1 and {which} and {path} <> $2 limit {ROWS_MAX})"
            )))
            .bind(unit.id.as_str())
            .bind(&unit.path)
            .execute(tx.conn())
            .await?;
            tx.commit().await?;
            moved += changed.rows_affected();
        }
        Ok(moved)
    }

    /// Forgets a unit once no directory can be older than its move; until then it is looked at once more.
    async fn done_following(&self, unit_id: &str, noted_at: i64, now: Timestamp) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let sql = if now.0 - noted_at >= SURE_MS {
            "delete from cases_relocation where unit_id = $1 and noted_at = $2 and next_at <= $3"
        } else {
            "update cases_relocation set next_at = $3 where unit_id = $1 and noted_at = $2"
        };
        sqlx::query(sql).bind(unit_id).bind(noted_at).bind(noted_at + SURE_MS).execute(tx.conn()).await?;
        Ok(tx.commit().await?)
    }
}
