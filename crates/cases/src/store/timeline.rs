//! Rows of `cases_timeline`.

use contract::cases::CaseId;
use kernel::db::{SqlValue, Statement};
use kernel::{Ctx, Timestamp, Writes};
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

/// Writes the line of a change and returns its id.
pub(crate) fn insert(writes: &mut Writes, ctx: &Ctx, case_id: &CaseId, change: &Change) -> String {
    let (unit_id, text) = (change.unit_id.as_deref(), change.text.as_deref());
    let mut row = line(ctx, case_id, ctx.now, change.kind, unit_id, text, &change.data);
    let id = kernel::id::new_id();
    row[0] = (&id).into();
    writes.insert(INTO, row);
    id
}

const INTO: &str =
    "cases_timeline (id, case_id, at, kind, actor_kind, actor_id, actor_name, unit_id, text, data)";

fn line(
    ctx: &Ctx,
    case_id: &CaseId,
    at: Timestamp,
    kind: EntryKind,
    unit_id: Option<&str>,
    text: Option<&str>,
    data: &Value,
) -> [SqlValue; 10] {
    [
        kernel::id::new_id().into(),
        case_id.as_str().into(),
        at.0.into(),
        kind.code().into(),
        ctx.actor.kind.as_str().into(),
        (&ctx.actor.id).into(),
        (&ctx.actor.name).into(),
        unit_id.into(),
        text.into(),
        data.to_string().into(),
    ]
}

/// Writes a line together with other writes. `at` differs from the context's instant where something is told
/// after it happened.
#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub(crate) fn defer(
    writes: &mut Writes,
    ctx: &Ctx,
    case_id: &CaseId,
    at: Timestamp,
    kind: EntryKind,
    unit_id: Option<&str>,
    text: Option<&str>,
    data: &Value,
) {
    writes.insert(INTO, line(ctx, case_id, at, kind, unit_id, text, data));
}

/// As [`defer`], at once.
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
    let mut insert = Statement::new("insert into ");
    insert.push(INTO).push(" values ").bind_row(line(ctx, case_id, at, kind, unit_id, text, data));
    insert.query().execute(conn).await?;
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
