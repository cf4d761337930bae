//! Why the calls of the demonstration city went where they went, as the queue would have told it.

use kernel::Timestamp;
use serde_json::json;
use voice::call::record::{Record, TraceRow};

use super::draw::{Call, GREETING, RINGING, Way};
use super::{Calls, SECOND_QUEUE, Written, queue_of};

/// Whoever had nothing to do for longer than this is not in the house.
const AT_WORK_MS: i64 = 45 * 60_000;
/// After so long general seats help in the queue of the second hotline.
const GENERAL_AFTER_MS: i64 = 30_000;

/// Tells how a call joined its queue, and how a seat was chosen for it.
pub(super) fn tell(calls: &Calls, place: usize, records: &mut Vec<Written>) {
    let (call, id) = (&calls.all[place], &calls.ids[place]);
    if call.way == Way::Dialled {
        return;
    }
    let joined_at = call.started_at + GREETING;
    let queue = queue_of(call);
    let before = calls.all.iter().filter(|other| queue_of(other) == queue && waits(other, joined_at)).count();
    let mut lines = Vec::new();
    let staff = |at: i64, own_is_free: bool| {
        let own = call.agent;
        let of_queue = |agent: &usize| queue != SECOND_QUEUE || is_professional(calls, *agent);
        let there: Vec<usize> = (0..calls.seats.len())
            .filter(|agent| Some(*agent) == own || is_there(calls, *agent, at))
            .collect();
        let free = |agent: &&usize| {
            (own_is_free && Some(**agent) == own) || idle_since(calls, **agent, at).is_some()
        };
        let (own_seats, general): (Vec<usize>, Vec<usize>) = there.into_iter().partition(of_queue);
        json!({
            "signed_in": own_seats.len(), "at_work": own_seats.len(),
            "free": own_seats.iter().filter(free).count(), "general_free": general.iter().filter(free).count(),
        })
    };
    let chosen_at = call.answered_at.map(|answered_at| (answered_at - RINGING).max(joined_at));
    let at_once = chosen_at.is_some_and(|at| at - joined_at < 2_000);
    let joined = json!({
        "queue": queue, "medium": "voice", "priority": 0, "before": before, "staff": staff(joined_at, at_once),
    });
    lines.push((joined_at, "joined", joined));
    if let (Some(at), Some(agent)) = (chosen_at, call.agent) {
        let professional = queue != SECOND_QUEUE || is_professional(calls, agent);
        if !professional && at - joined_at >= GENERAL_AFTER_MS {
            lines.push((joined_at + GENERAL_AFTER_MS, "opened", json!({ "queue": queue })));
        }
        let own_idle = idle_ms(calls, agent, at, place);
        let mut candidates = vec![(agent, own_idle)];
        candidates.extend((0..calls.seats.len()).filter(|other| *other != agent).filter_map(|other| {
            let idle = at - idle_since(calls, other, at)?;
            let alike = (queue != SECOND_QUEUE || is_professional(calls, other)) == professional;
            // Whoever was idle for longer was on a break, or would have been chosen.
            (alike && idle <= own_idle).then_some((other, idle))
        }));
        candidates[1..].sort_by_key(|(_, idle)| std::cmp::Reverse(*idle));
        candidates.truncate(5);
        let candidates: Vec<_> = candidates
            .into_iter()
            .map(|(agent, idle)| json!({ "seat": calls.seats[agent].no, "measure": idle / 1_000 }))
            .collect();
        let chosen = json!({
            "queue": queue, "strategy": "longest_idle", "group": if professional { "professional" } else { "general" },
            "seat": calls.seats[agent].no, "candidates": candidates, "staff": staff(at, true),
        });
        lines.push((at, "chosen", chosen));
    }
    for ((at, kind, detail), no) in lines.into_iter().zip(1..) {
        let row = TraceRow { call_id: id.clone(), no, at, kind, detail: detail.to_string() };
        records.push((Timestamp(at), Record::Trace(row)));
    }
}

/// Whether a call waits in its queue at an instant.
fn waits(call: &Call, at: i64) -> bool {
    let joined_at = call.started_at + GREETING;
    let left_at = call.answered_at.unwrap_or(call.ended_at);
    call.way != Way::Dialled && joined_at < at && at < left_at
}

fn is_professional(calls: &Calls, agent: usize) -> bool {
    calls.professional.contains(&calls.seats[agent].account)
}

/// The last call before an instant that an agent was done with, or still has.
fn last_of(calls: &Calls, agent: usize, at: i64) -> Option<&Call> {
    calls
        .all
        .iter()
        .filter(|call| call.agent == Some(agent) && call.busy_from() < at)
        .max_by_key(|call| call.wrapped_at)
}

/// Whether an agent works at an instant: had a call not long ago, or has one.
fn is_there(calls: &Calls, agent: usize, at: i64) -> bool {
    last_of(calls, agent, at).is_some_and(|call| at - call.wrapped_at < AT_WORK_MS)
}

/// Since when an agent who works has nothing to do; none for one who is busy or not there.
fn idle_since(calls: &Calls, agent: usize, at: i64) -> Option<i64> {
    last_of(calls, agent, at)
        .map(|call| call.wrapped_at)
        .filter(|wrapped| *wrapped <= at && at - wrapped < AT_WORK_MS)
}

/// How long whoever got the call had nothing to do; whoever just sat down begins anew.
fn idle_ms(calls: &Calls, agent: usize, at: i64, place: usize) -> i64 {
    let spread = i64::try_from(place % 9 + 3).unwrap_or(3) * 60_000;
    idle_since(calls, agent, at).map_or(spread, |since| at - since)
}
