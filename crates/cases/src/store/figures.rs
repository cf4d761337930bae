//! A person's own figures (AGT-21).

use kernel::{Principal, Timestamp};

use crate::Cases;
use crate::error::CaseError;

/// What a person has done since an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Orders written.
    pub written: i64,
    /// Of them answered at once.
    pub answered_at_once: i64,
    /// Tasks done.
    pub tasks_done: i64,
    /// Of them in time.
    pub tasks_in_time: i64,
    /// Ratings of orders that the person wrote.
    pub rated: i64,
    /// The sum of their stars.
    pub stars: i64,
}

impl Cases {
    /// Counts what `by` has done since `from`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn figures(&self, by: &Principal, from: Timestamp) -> Result<Figures, CaseError> {
        let reader = self.kit().db.reader();
        let (written, answered_at_once): (i64, i64) = sqlx::query_as(
            "select count(*), cast(coalesce(sum(case when status = 'closed_at_once' then 1 else 0 end), 0) as bigint) \
             from cases_case where created_by = $1 and created_at >= $2",
        )
        .bind(&by.person_id)
        .bind(from.0)
        .fetch_one(reader)
        .await?;
        let (tasks_done, tasks_in_time): (i64, i64) = sqlx::query_as(
            "select count(*), cast(coalesce(sum(case when due_at is null or closed_at <= due_at then 1 else 0 end), 0) \
             as bigint) from cases_task where closed_by = $1 and closed_at >= $2 and state = 'done'",
        )
        .bind(&by.person_id)
        .bind(from.0)
        .fetch_one(reader)
        .await?;
        let (rated, stars): (i64, i64) = sqlx::query_as(
            "select count(stars), cast(coalesce(sum(stars), 0) as bigint) from cases_case \
             where created_by = $1 and created_at >= $2",
        )
        .bind(&by.person_id)
        .bind(from.0)
        .fetch_one(reader)
        .await?;
        Ok(Figures { written, answered_at_once, tasks_done, tasks_in_time, rated, stars })
    }
}
