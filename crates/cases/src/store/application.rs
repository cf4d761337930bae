//! Rows of `cases_application`.

use contract::cases::CaseId;
use kernel::Timestamp;
use sqlx::{AnyConnection, FromRow};

use super::case::{unit, word};
use crate::case::application::{Application, ApplicationKind, ApplicationState, Decider};
use crate::error::CaseError;

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    state: String,
    decider: String,
    reason: String,
    data: String,
    unit_id: Option<String>,
    unit_path: Option<String>,
    asked_by: Option<String>,
    asked_by_name: String,
    asked_at: i64,
    decided_by: Option<String>,
    decided_by_name: Option<String>,
    decided_at: Option<i64>,
    opinion: Option<String>,
}

impl TryFrom<Row> for Application {
    type Error = CaseError;

    fn try_from(row: Row) -> Result<Self, CaseError> {
        Ok(Self {
            kind: word("application", &row.kind, ApplicationKind::parse)?,
            state: word("state of an application", &row.state, ApplicationState::parse)?,
            decider: word("decider", &row.decider, Decider::parse)?,
            id: row.id,
            reason: row.reason,
            data: serde_json::from_str(&row.data).unwrap_or_default(),
            unit: unit(row.unit_id, row.unit_path),
            asked_by: row.asked_by,
            asked_by_name: row.asked_by_name,
            asked_at: Timestamp(row.asked_at),
            decided_by: row.decided_by,
            decided_by_name: row.decided_by_name,
            decided_at: row.decided_at.map(Timestamp),
            opinion: row.opinion,
        })
    }
}

/// Reads the applications of an order, oldest first.
pub(crate) async fn of(conn: &mut AnyConnection, case_id: &CaseId) -> Result<Vec<Application>, CaseError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, kind, state, decider, reason, data, unit_id, unit_path, asked_by, asked_by_name, asked_at, \
         decided_by, decided_by_name, decided_at, opinion from cases_application where case_id = $1 \
         order by asked_at, id",
    )
    .bind(case_id.as_str())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes an application as it is now.
pub(crate) async fn put(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    one: &Application,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_application (id, case_id, kind, state, decider, reason, data, unit_id, unit_path, \
         asked_by, asked_by_name, asked_at, decided_by, decided_by_name, decided_at, opinion) values ($1, $2, $3, \
         $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (id) do update set \
         state = excluded.state, unit_id = excluded.unit_id, unit_path = excluded.unit_path, data = excluded.data, decided_by = excluded.decided_by, \
         decided_by_name = excluded.decided_by_name, decided_at = excluded.decided_at, opinion = excluded.opinion",
    )
    .bind(&one.id)
    .bind(case_id.as_str())
    .bind(one.kind.code())
    .bind(one.state.code())
    .bind(one.decider.code())
    .bind(&one.reason)
    .bind(one.data.to_string())
    .bind(one.unit.as_ref().map(|unit| &unit.id))
    .bind(one.unit.as_ref().map(|unit| &unit.path))
    .bind(one.asked_by.as_ref())
    .bind(&one.asked_by_name)
    .bind(one.asked_at.0)
    .bind(one.decided_by.as_ref())
    .bind(one.decided_by_name.as_ref())
    .bind(one.decided_at.map(|at| at.0))
    .bind(one.opinion.as_ref())
    .execute(conn)
    .await?;
    Ok(())
}
