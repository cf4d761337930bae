//! Rows of `cases_errand`.

use contract::cases::CaseId;
use kernel::Timestamp;
use sqlx::{AnyConnection, FromRow};

use super::case::{unit, word};
use crate::case::errand::{Errand, ErrandKind, ErrandState};
use crate::error::CaseError;

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    state: String,
    round: Option<String>,
    unit_id: Option<String>,
    unit_path: Option<String>,
    person_id: Option<String>,
    text: String,
    data: String,
    given_by: Option<String>,
    given_by_name: String,
    given_at: i64,
    days: Option<i64>,
    yellow_at: Option<i64>,
    due_at: Option<i64>,
    reported_at: Option<i64>,
    answer: Option<String>,
    answered_at: Option<i64>,
    answered_by_name: Option<String>,
    grade: Option<String>,
    evaluation: Option<String>,
    evaluated_at: Option<i64>,
    evaluated_by_name: Option<String>,
}

impl TryFrom<Row> for Errand {
    type Error = CaseError;

    fn try_from(row: Row) -> Result<Self, CaseError> {
        Ok(Self {
            kind: word("errand", &row.kind, ErrandKind::parse)?,
            state: word("state of an errand", &row.state, ErrandState::parse)?,
            id: row.id,
            round: row.round,
            unit: unit(row.unit_id, row.unit_path),
            person_id: row.person_id,
            text: row.text,
            data: serde_json::from_str(&row.data).unwrap_or_default(),
            given_by: row.given_by,
            given_by_name: row.given_by_name,
            given_at: Timestamp(row.given_at),
            days: row.days.and_then(|days| u32::try_from(days).ok()),
            yellow_at: row.yellow_at.map(Timestamp),
            due_at: row.due_at.map(Timestamp),
            reported_at: row.reported_at.map(Timestamp),
            answer: row.answer,
            answered_at: row.answered_at.map(Timestamp),
            answered_by_name: row.answered_by_name,
            grade: row.grade,
            evaluation: row.evaluation,
            evaluated_at: row.evaluated_at.map(Timestamp),
            evaluated_by_name: row.evaluated_by_name,
        })
    }
}

/// Reads the errands of an order, oldest first.
pub(crate) async fn of(conn: &mut AnyConnection, case_id: &CaseId) -> Result<Vec<Errand>, CaseError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, kind, state, round, unit_id, unit_path, person_id, text, data, given_by, given_by_name, \
         given_at, days, yellow_at, due_at, reported_at, answer, answered_at, answered_by_name, grade, evaluation, \
         evaluated_at, evaluated_by_name from cases_errand where case_id = $1 order by given_at, id",
    )
    .bind(case_id.as_str())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes an errand as it is now.
pub(crate) async fn put(conn: &mut AnyConnection, case_id: &CaseId, one: &Errand) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_errand (id, case_id, kind, state, round, unit_id, unit_path, person_id, text, data, \
         given_by, given_by_name, given_at, days, yellow_at, due_at, reported_at, answer, answered_at, \
         answered_by_name, grade, evaluation, evaluated_at, evaluated_by_name) values ($1, $2, $3, $4, $5, $6, $7, \
         $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) \
         on conflict (id) do update set state = excluded.state, unit_id = excluded.unit_id, \
         unit_path = excluded.unit_path, person_id = excluded.person_id, data = excluded.data, \
         reported_at = excluded.reported_at, answer = excluded.answer, answered_at = excluded.answered_at, \
         answered_by_name = excluded.answered_by_name, grade = excluded.grade, evaluation = excluded.evaluation, \
         evaluated_at = excluded.evaluated_at, evaluated_by_name = excluded.evaluated_by_name",
    )
    .bind(&one.id)
    .bind(case_id.as_str())
    .bind(one.kind.code())
    .bind(one.state.code())
    .bind(one.round.as_ref())
    .bind(one.unit.as_ref().map(|unit| &unit.id))
    .bind(one.unit.as_ref().map(|unit| &unit.path))
    .bind(one.person_id.as_ref())
    .bind(&one.text)
    .bind(one.data.to_string())
    .bind(one.given_by.as_ref())
    .bind(&one.given_by_name)
    .bind(one.given_at.0)
    .bind(one.days.map(i64::from))
    .bind(one.yellow_at.map(|at| at.0))
    .bind(one.due_at.map(|at| at.0))
    .bind(one.reported_at.map(|at| at.0))
    .bind(one.answer.as_ref())
    .bind(one.answered_at.map(|at| at.0))
    .bind(one.answered_by_name.as_ref())
    .bind(one.grade.as_ref())
    .bind(one.evaluation.as_ref())
    .bind(one.evaluated_at.map(|at| at.0))
    .bind(one.evaluated_by_name.as_ref())
    .execute(conn)
    .await?;
    Ok(())
}
