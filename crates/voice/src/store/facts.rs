//! What figures of calls and seats are made of.

use contract::voice::{CallFact, CallId, KeyFact, SeatFact};
use kernel::db::Statement;
use kernel::{Db, DbError, crypto};
use sqlx::FromRow;

use super::flow_counts::HOUR_MS;

/// So many calls are asked for in one statement.
const AT_ONCE: usize = 400;

#[derive(FromRow)]
struct CallRow {
    id: String,
    direction: String,
    origin: String,
    caller: String,
    called: String,
    started_at: i64,
    answered_at: Option<i64>,
    ended_at: Option<i64>,
    agent_id: Option<String>,
    seat_no: Option<String>,
    result: Option<String>,
    hung_up_by: Option<String>,
    waited_ms: i64,
    talked_ms: i64,
    stars: Option<i64>,
    summary: Option<String>,
}

#[derive(FromRow)]
struct VisitRow {
    call_id: String,
    queue_id: String,
    joined_at: i64,
    left_at: i64,
    outcome: String,
}

/// Adds up what a call waited in queues until an agent answered it or it gave up. What follows a talk, such as another
/// queue that the agent handed it to, is no wait for the answer.
fn queued_ms(visits: &[&VisitRow]) -> i64 {
    let answered = visits.iter().position(|visit| visit.outcome == "answered");
    let until = answered.map_or(visits.len(), |at| at + 1);
    visits.iter().take(until).map(|visit| (visit.left_at - visit.joined_at).max(0)).sum()
}

/// Tells what kind of line a citizen's number is.
#[must_use]
pub fn line_of(number: &str) -> &'static str {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let local = digits.strip_prefix("86").unwrap_or(&digits);
    match local.len() {
        _ if digits.is_empty() || number.starts_with("web") => "web",
        11 if local.starts_with('1') => "mobile",
        7..=12 => "landline",
        _ => "other",
    }
}

/// Returns calls as they are now.
///
/// # Errors
/// When the database fails.
pub async fn calls(db: &Db, ids: &[CallId]) -> Result<Vec<CallFact>, DbError> {
    let mut all = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let mut sql = Statement::new(
            "select c.id, c.direction, c.origin, c.caller, c.called, c.started_at, c.answered_at, c.ended_at, \
             c.agent_id, c.seat_no, c.result, c.hung_up_by, c.waited_ms, c.talked_ms, s.stars, m.result as summary \
             from voice_call c left join voice_survey s on s.call_id = c.id \
             left join voice_call_summary m on m.call_id = c.id where c.id in (",
        );
        sql.bind_all(some.iter().map(|id| id.0.clone())).push(") order by c.id");
        let rows: Vec<CallRow> = sql.query_as().fetch_all(db.reader()).await?;
        let mut sql = Statement::new(
            "select call_id, queue_id, joined_at, left_at, outcome from voice_queue_visit where call_id in (",
        );
        sql.bind_all(some.iter().map(|id| id.0.clone())).push(") order by call_id, no");
        let visits: Vec<VisitRow> = sql.query_as().fetch_all(db.reader()).await?;
        for row in rows {
            let inbound = row.direction == "in";
            let citizen = if inbound { &row.caller } else { &row.called };
            let own: Vec<_> = visits.iter().filter(|visit| visit.call_id == row.id).collect();
            all.push(CallFact {
                line: line_of(citizen).to_owned(),
                caller_key: (!citizen.is_empty()).then(|| crypto::sha256_hex(citizen.as_bytes())),
                hotline: if inbound { row.called.clone() } else { String::new() },
                queue_id: own.last().map(|visit| visit.queue_id.clone()),
                queued_ms: queued_ms(&own),
                queues: i64::try_from(own.len()).unwrap_or(0),
                id: row.id,
                direction: row.direction,
                origin: row.origin,
                started_at: row.started_at,
                answered_at: row.answered_at,
                ended_at: row.ended_at,
                agent_id: row.agent_id,
                seat_no: row.seat_no,
                result: row.result,
                hung_up_by: row.hung_up_by,
                waited_ms: row.waited_ms,
                talked_ms: row.talked_ms,
                stars: row.stars,
                summary: row.summary,
            });
        }
    }
    Ok(all)
}

/// Returns ids of calls after `after` in ascending order.
///
/// # Errors
/// When the database fails.
pub async fn call_ids(db: &Db, after: &str, limit: i64) -> Result<Vec<CallId>, DbError> {
    let rows: Vec<(String,)> = sqlx::query_as("select id from voice_call where id > $1 order by id limit $2")
        .bind(after)
        .bind(limit)
        .fetch_all(db.reader())
        .await?;
    Ok(rows.into_iter().map(|(id,)| CallId(id)).collect())
}

#[derive(FromRow)]
struct SeatRow {
    id: String,
    person_id: String,
    seat_no: String,
    state: String,
    at: i64,
    until: Option<i64>,
    signed_in_at: i64,
    signed_out_at: Option<i64>,
}

/// Returns states of seats that lasted at or after `since`.
///
/// # Errors
/// When the database fails.
pub async fn seats(db: &Db, since: i64, after: &str, limit: i64) -> Result<Vec<SeatFact>, DbError> {
    let rows: Vec<SeatRow> = sqlx::query_as(
        "select id, person_id, seat_no, state, at, until, signed_in_at, signed_out_at from ( \
         select s.session_id || '.' || cast(s.no as text) as id, p.person_id, p.seat_no, s.state, s.at, \
         coalesce(lead(s.at) over (partition by s.session_id order by s.no), p.signed_out_at) as until, \
         p.signed_in_at, p.signed_out_at from voice_seat_state s \
         join voice_seat_session p on p.id = s.session_id \
         where p.signed_out_at is null or p.signed_out_at >= $1) as w \
         where (until is null or until >= $1) and id > $2 order by id limit $3",
    )
    .bind(since)
    .bind(after)
    .bind(limit)
    .fetch_all(db.reader())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SeatFact {
            id: row.id,
            person_id: row.person_id,
            seat_no: row.seat_no,
            state: row.state,
            at: row.at,
            until: row.until,
            signed_in_at: row.signed_in_at,
            signed_out_at: row.signed_out_at,
        })
        .collect())
}

/// Returns what was counted in call flows from the hour of `since` on.
///
/// # Errors
/// When the database fails.
pub async fn keys(db: &Db, since: i64) -> Result<Vec<KeyFact>, DbError> {
    let rows: Vec<(i64, String, i64, String, String, i64)> = sqlx::query_as(
        "select hour, flow_id, version, node_id, what, times from voice_flow_count where hour >= $1 \
         order by hour, flow_id, version, node_id, what limit 50000",
    )
    .bind(since - since.rem_euclid(HOUR_MS))
    .fetch_all(db.reader())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(hour, flow_id, version, node_id, what, times)| KeyFact {
            hour,
            flow_id,
            version,
            node_id,
            what,
            times,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{VisitRow, line_of, queued_ms};

    #[test]
    fn a_wait_ends_with_the_answer_and_is_counted_once() {
        let visit = |joined_at: i64, left_at: i64, outcome: &str| VisitRow {
            call_id: "call".to_owned(),
            queue_id: "queue".to_owned(),
            joined_at,
            left_at,
            outcome: outcome.to_owned(),
        };
        let (over, answered) = (visit(0, 30, "overflow"), visit(30, 50, "answered"));
        // The agent handed the caller on to another queue, where somebody answered after ten more.
        let again = visit(500, 510, "answered");
        assert_eq!(queued_ms(&[&over, &answered, &again]), 50);
        assert_eq!(queued_ms(&[&over, &visit(30, 40, "abandoned")]), 40);
        assert_eq!(queued_ms(&[]), 0);
    }

    #[test]
    fn a_number_says_what_kind_of_line_it_is() {
        for (number, line) in [
            ("13800138000", "mobile"),
            ("+8613800138000", "mobile"),
            ("05718888666", "landline"),
            ("88886666", "landline"),
            ("web", "web"),
            ("", "web"),
            ("110", "other"),
        ] {
            assert_eq!(line_of(number), line, "{number}");
        }
    }
}
