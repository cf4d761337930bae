//! A person's figures of the day.

use kernel::{Db, DbError};
use sqlx::FromRow;

/// Figures of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct AgentFigures {
    /// Calls answered.
    pub answered: i64,
    /// Time talked.
    pub talked_ms: i64,
    /// Longest call.
    pub longest_ms: i64,
    /// Sum of the callers' waiting times.
    pub waited_ms: i64,
}

/// Returns the figures of an agent between two instants.
///
/// # Errors
/// When the database fails.
pub async fn of_agent(db: &Db, agent_id: &str, since: i64, until: i64) -> Result<AgentFigures, DbError> {
    Ok(sqlx::query_as(
        "select count(*) as answered, cast(coalesce(sum(talked_ms), 0) as bigint) as talked_ms, \
         cast(coalesce(max(talked_ms), 0) as bigint) as longest_ms, \
         cast(coalesce(sum(waited_ms), 0) as bigint) as waited_ms \
         from voice_call where agent_id = $1 and started_at >= $2 and started_at < $3 and answered_at is not null",
    )
    .bind(agent_id)
    .bind(since)
    .bind(until)
    .fetch_one(db.reader())
    .await?)
}

/// Returns when the person first sat down between two instants, and how long they have sat in all.
///
/// # Errors
/// When the database fails.
pub async fn sittings(
    db: &Db,
    person_id: &str,
    since: i64,
    until: i64,
) -> Result<(Option<i64>, i64), DbError> {
    let rows: Vec<(i64, Option<i64>)> = sqlx::query_as(
        "select signed_in_at, signed_out_at from voice_seat_session \
         where person_id = $1 and signed_in_at >= $2 and signed_in_at < $3 order by signed_in_at",
    )
    .bind(person_id)
    .bind(since)
    .bind(until)
    .fetch_all(db.reader())
    .await?;
    let sat_ms = rows.iter().map(|(from, to)| to.unwrap_or(until).min(until) - from).sum();
    Ok((rows.first().map(|(from, _)| *from), sat_ms))
}
