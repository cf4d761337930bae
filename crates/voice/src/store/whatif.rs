//! A day as the books have it: who called, who worked.

use kernel::{Db, DbError};
use sqlx::FromRow;

use crate::whatif::{CALLERS_MAX, Came, Sat};

#[derive(FromRow)]
struct VisitRow {
    call_id: String,
    queue_id: String,
    joined_at: i64,
    waited_ms: i64,
    priority: i64,
    outcome: String,
    answered_at: Option<i64>,
    talked_ms: i64,
}

/// Returns the callers who joined a queue between two instants, in order.
///
/// # Errors
/// When the database fails.
pub async fn callers(db: &Db, from: i64, to: i64) -> Result<Vec<Came>, DbError> {
    let rows: Vec<VisitRow> = sqlx::query_as(
        "select v.call_id, v.queue_id, v.joined_at, v.waited_ms, v.priority, v.outcome, c.answered_at, \
         c.talked_ms from voice_queue_visit v join voice_call c on c.id = v.call_id \
         where v.joined_at >= $1 and v.joined_at < $2 and c.direction = 'in' order by v.call_id, v.no limit $3",
    )
    .bind(from)
    .bind(to)
    .bind(i64::try_from(CALLERS_MAX).unwrap_or(i64::MAX) * 2)
    .fetch_all(db.reader())
    .await?;
    let mut came: Vec<(String, Came)> = Vec::new();
    for row in rows {
        let VisitRow { call_id: call, queue_id: queue, joined_at: at, waited_ms, priority, outcome, .. } =
            row;
        let (answered_at, talked_ms) = (row.answered_at, row.talked_ms);
        match came.last_mut() {
            // A caller who went on to another queue is one caller; what came of them there counts.
            Some((last, one)) if *last == call => {
                if one.outcome != "answered" {
                    one.outcome = outcome;
                    one.waited_ms = one.waited_ms.max(waited_ms);
                }
            }
            _ => came.push((
                call,
                Came { at, queue, priority, waited_ms, talked_ms: answered_at.map(|_| talked_ms), outcome },
            )),
        }
    }
    let mut came: Vec<Came> = came.into_iter().map(|(_, one)| one).collect();
    came.sort_by_key(|one| one.at);
    came.truncate(CALLERS_MAX);
    Ok(came)
}

/// Returns what seats did between two instants, sitting by sitting.
///
/// # Errors
/// When the database fails.
pub async fn sittings(db: &Db, from: i64, to: i64) -> Result<Vec<Sat>, DbError> {
    let rows: Vec<(String, String, String, Option<i64>, i64, String)> = sqlx::query_as(
        "select s.id, s.seat_id, s.seat_no, s.signed_out_at, t.at, t.state from voice_seat_session s \
         join voice_seat_state t on t.session_id = s.id where s.signed_in_at < $2 and s.signed_in_at >= $3 \
         and (s.signed_out_at is null or s.signed_out_at > $1) order by s.seat_no, s.signed_in_at, s.id, t.no \
         limit 500000",
    )
    .bind(from)
    .bind(to)
    // Nobody sits longer than a day and a half; older sittings were left open by a stop.
    .bind(from - 36 * 3_600_000)
    .fetch_all(db.reader())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(session, seat_id, seat_no, signed_out_at, at, state)| Sat {
            session,
            seat_id,
            seat_no,
            signed_out_at,
            at,
            state,
        })
        .collect())
}

/// Counts callers by quarter of an hour since an instant: beginning and count.
///
/// # Errors
/// When the database fails.
pub async fn quarters(db: &Db, from: i64, to: i64) -> Result<Vec<(i64, i64)>, DbError> {
    Ok(sqlx::query_as(
        "select (joined_at / 900000) * 900000 as at, count(*) from voice_queue_visit \
         where joined_at >= $1 and joined_at < $2 and no = 1 group by joined_at / 900000 order by 1",
    )
    .bind(from)
    .bind(to)
    .fetch_all(db.reader())
    .await?)
}
