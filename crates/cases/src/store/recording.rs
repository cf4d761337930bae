//! Rows of `cases_recording`: recordings bound to orders (REC-04).

use contract::cases::CaseId;
use contract::voice::{CallId, RecordingBrief, RecordingFinished};
use kernel::{Ctx, Principal, Writes};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{case, timeline};
use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::timeline::EntryKind;
use crate::error::CaseError;

/// Binds a recording to an order that is being written.
pub(crate) fn bind_fresh(writes: &mut Writes, ctx: &Ctx, case_id: &CaseId, recording: &RecordingBrief) {
    writes.insert(
        "cases_recording (recording_id, case_id, call_id, duration_ms, bound_at)",
        [
            recording.id.as_str().into(),
            case_id.as_str().into(),
            recording.call_id.as_str().into(),
            recording.duration_ms.into(),
            ctx.now.0.into(),
        ],
    );
    timeline::defer(writes, ctx, case_id, ctx.now, EntryKind::RecordingBound, None, None, &told(recording));
}

fn told(recording: &RecordingBrief) -> Value {
    json!({
        "recording_id": recording.id,
        "call_id": recording.call_id,
        "duration_ms": recording.duration_ms,
    })
}

/// Binds a recording; false when it was bound before.
pub(crate) async fn bind(
    conn: &mut AnyConnection,
    ctx: &Ctx,
    case_id: &CaseId,
    recording: &RecordingBrief,
) -> Result<bool, CaseError> {
    let bound = sqlx::query(
        "insert into cases_recording (recording_id, case_id, call_id, duration_ms, bound_at) \
         values ($1, $2, $3, $4, $5) on conflict (recording_id, case_id) do nothing",
    )
    .bind(recording.id.as_str())
    .bind(case_id.as_str())
    .bind(recording.call_id.as_str())
    .bind(recording.duration_ms)
    .bind(ctx.now.0)
    .execute(&mut *conn)
    .await?;
    if bound.rows_affected() == 0 {
        return Ok(false);
    }
    timeline::note(conn, ctx, case_id, ctx.now, EntryKind::RecordingBound, None, None, &told(recording))
        .await?;
    Ok(true)
}

impl Cases {
    /// Binds a finished recording to every order that was written in its call. Doing it twice changes
    /// nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bind_recording(&self, ctx: &Ctx, event: &RecordingFinished) -> Result<usize, CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let orders: Vec<String> = sqlx::query_scalar("select id from cases_case where call_id = $1")
            .bind(event.call_id.as_str())
            .fetch_all(tx.conn())
            .await?;
        let recording = RecordingBrief {
            id: event.recording_id.clone(),
            call_id: event.call_id.clone(),
            started_at: 0,
            duration_ms: event.duration_ms,
            finished: true,
        };
        let mut bound = 0;
        for id in orders {
            bound += usize::from(bind(tx.conn(), ctx, &CaseId(id), &recording).await?);
        }
        tx.commit().await?;
        Ok(bound)
    }

    /// Returns the recordings of an order: those that are bound, and those that still run.
    pub(crate) async fn recordings_of(&self, case: &Case) -> Result<Vec<RecordingBrief>, CaseError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "select recording_id, call_id, duration_ms from cases_recording where case_id = $1 \
             order by bound_at, recording_id",
        )
        .bind(case.id.as_str())
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut recordings: Vec<RecordingBrief> = rows
            .into_iter()
            .map(|(id, call_id, duration_ms)| RecordingBrief {
                id: id.into(),
                call_id: CallId(call_id),
                started_at: case.created_at.0,
                duration_ms,
                finished: true,
            })
            .collect();
        if let Some(call_id) = &case.call_id {
            let live =
                self.ports().calls.recordings_of(&CallId(call_id.clone())).await.map_err(CaseError::Port)?;
            for recording in live {
                match recordings.iter_mut().find(|known| known.id == recording.id) {
                    Some(known) => *known = recording,
                    None => recordings.push(recording),
                }
            }
        }
        Ok(recordings)
    }

    /// Tells whether `by` may listen to a call because of an order: the person may read one that the call
    /// belongs to, and it shows the citizen to the person. A voice tells who speaks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may_listen(
        &self,
        by: &Principal,
        call_id: &str,
        recording_id: &str,
    ) -> Result<bool, CaseError> {
        let sql = format!(
            "select {} from cases_case c where c.call_id = $1 or c.id in (select case_id from cases_recording \
             where recording_id = $2 or call_id = $1)",
            case::COLUMNS
        );
        let rows: Vec<case::CaseRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(call_id)
            .bind(recording_id)
            .fetch_all(self.kit().db.reader())
            .await?;
        let mut conn = self.kit().db.reader().acquire().await?;
        for row in rows {
            let brief = Case::try_from(row)?;
            let Some(case) = case::load(&mut conn, &brief.id).await? else { continue };
            if Action::Read.permit(&case, by).is_ok() && case.shows_citizen_to(by) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
