//! Rows of `cases_timeline`.

use contract::cases::CaseId;
use kernel::{Ctx, Timestamp};
use serde_json::Value;
use sqlx::{AnyConnection, FromRow};

use crate::case::change::Change;
use crate::case::timeline::EntryKind;
use crate::error::CaseError;

/// A line of the time line.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_timeline` under their own names")]
pub struct Entry {
    pub id: String,
    pub at: i64,
    pub kind: String,
    pub actor_kind: String,
    pub actor_name: String,
    pub unit_id: Option<String>,
    pub text: Option<String>,
    pub data: String,
}

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    ctx: &Ctx,
    case_id: &CaseId,
    change: &Change,
) -> Result<(), CaseError> {
    note(
        conn,
        ctx,
        case_id,
        ctx.now,
        change.kind,
        change.unit_id.as_deref(),
        change.text.as_deref(),
        &change.data,
    )
    .await
}

/// Writes a line. `at` differs from the context's instant where something is told after it happened.
#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub(crate) async fn note(
    conn: &mut AnyConnection,
    ctx: &Ctx,
    case_id: &CaseId,
    at: Timestamp,
    kind: EntryKind,
    unit_id: Option<&str>,
    text: Option<&str>,
    data: &Value,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_timeline (id, case_id, at, kind, actor_kind, actor_id, actor_name, unit_id, text, data) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(kernel::id::new_id())
    .bind(case_id.as_str())
    .bind(at.0)
    .bind(kind.code())
    .bind(ctx.actor.kind.as_str())
    .bind(&ctx.actor.id)
    .bind(&ctx.actor.name)
    .bind(unit_id)
    .bind(text)
    .bind(data.to_string())
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads the time line, oldest first.
pub(crate) async fn of(conn: &mut AnyConnection, case_id: &CaseId) -> Result<Vec<Entry>, CaseError> {
    Ok(sqlx::query_as(
        "select id, at, kind, actor_kind, actor_name, unit_id, text, data from cases_timeline where case_id = $1 \
         order by at, id",
    )
    .bind(case_id.as_str())
    .fetch_all(conn)
    .await?)
}
