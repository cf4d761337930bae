//! What leaders see of the floor, and what they decide.

use acd::{BreakRequest, Input, Rest, SeatState};
use contract::contacts::mask_phone;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Desk, SeatView, view};
use crate::service_level::{Alarm, Level, Targets};

/// Waiting callers of a queue that the board names; it counts the others.
const WAITING_SHOWN: usize = 50;

/// Where a seat is, beside its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatPlace {
    /// The unit that runs it.
    pub unit_id: String,
    /// The unit's path of ids.
    pub unit_path: String,
    /// The unit's name.
    pub unit_name: String,
    /// Skills that administration gave it.
    pub skills: Vec<String>,
    /// Whether who sits there answers chats.
    pub chats: bool,
}

/// A break that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BreakView {
    /// When, epoch milliseconds.
    pub asked_at: i64,
    /// When it should begin.
    pub wanted_at: i64,
    /// Whether a leader has approved it.
    pub approved: bool,
}

/// A seat on the board.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardSeat {
    /// What it does.
    #[serde(flatten)]
    pub seat: SeatView,
    /// The unit that runs it.
    pub unit_id: String,
    /// The unit's name.
    pub unit_name: String,
    /// The queue of its call.
    pub queue_id: Option<String>,
    /// The caller; masked where the reader's role says so.
    pub caller: Option<String>,
    /// The break that was asked for.
    pub break_request: Option<BreakView>,
    /// When it began to work without a break, epoch milliseconds; absent on a break.
    pub working_since: Option<i64>,
}

/// A caller who waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardWaiting {
    /// The call.
    pub call_id: String,
    /// The caller; masked where the reader's role says so.
    pub caller: Option<String>,
    /// 1 for the next one.
    pub position: usize,
    /// Steps of priority.
    pub priority: u8,
    /// Since when, epoch milliseconds.
    pub since: i64,
    /// Whether the call had a seat before.
    pub came_back: bool,
}

/// A queue on the board.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardQueue {
    /// The queue.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `equal_calls`, `equal_talk`, `longest_idle`, `skill_first`, `fixed_order`.
    pub strategy: String,
    /// Callers without an agent.
    pub waiting: usize,
    /// How long the first of them has waited, in milliseconds.
    pub longest_wait_ms: i64,
    /// Professional seats that are signed in.
    pub signed_in: usize,
    /// Those of them that are at work.
    pub at_work: usize,
    /// Those of them that are free.
    pub free: usize,
    /// General seats that are free and would help.
    pub general_free: usize,
    /// How long one more caller would wait; absent when nobody works.
    pub estimate_ms: Option<i64>,
    /// Calls of the last hour.
    pub hour: Level,
    /// Calls since midnight.
    pub day: Level,
    /// A call counts as answered in time within so many seconds.
    pub answer_within_secs: i64,
    /// The share that has to be answered in time, in per cent.
    pub answer_share_pct: i64,
    /// The first callers who wait.
    pub callers: Vec<BoardWaiting>,
}

/// The floor.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Board {
    /// Grows with every change; ask with it for what has changed since.
    pub revision: u64,
    /// The server's time, epoch milliseconds.
    pub now: i64,
    /// Seats; only those that changed, when asked so.
    pub seats: Vec<BoardSeat>,
    /// Numbers of all seats with somebody there, so that a screen drops the others.
    pub present: Vec<String>,
    /// Queues.
    pub queues: Vec<BoardQueue>,
    /// The whole floor in the last hour.
    pub hour: Level,
    /// The whole floor since midnight.
    pub day: Level,
    /// The whole floor in twenty-four hours.
    pub day_and_night: Level,
    /// Connection rate to reach in twenty-four hours, in per cent.
    pub connection_min_pct: f64,
    /// Targets that are missed.
    pub alarms: Vec<Alarm>,
}

/// How busy the floor is, as agents are told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FloorLoad {
    /// Seats with somebody there.
    pub signed_in: usize,
    /// Seats on a break.
    pub on_break: usize,
    /// Callers without an agent.
    pub waiting: usize,
    /// Whether a break would have to be approved now.
    pub needs_approval: bool,
    /// The break that I asked for.
    pub request: Option<BreakView>,
    /// Since when I work without a break, epoch milliseconds.
    pub working_since: Option<i64>,
    /// After so many minutes I am reminded of a break; 0 for never.
    pub reminder_minutes: i64,
}

impl Desk {
    /// Says where a seat is, and what it can do from now on.
    pub fn place(&self, seat_no: &str, seat_id: &str, place: SeatPlace) {
        let profile = self.profile_at(seat_id, seat_no, Some(&place));
        self.state().places.insert(seat_no.to_owned(), place);
        self.apply(Input::Profile { seat: seat_no.into(), profile });
    }

    /// Returns where a seat is.
    #[must_use]
    pub fn place_of(&self, seat_no: &str) -> Option<SeatPlace> {
        self.state().places.get(seat_no).cloned()
    }

    /// Decides on a break that was asked for; false when there is none.
    pub fn decide_break(&self, seat_no: &str, approved: bool) -> bool {
        if self.state().floor.break_request(&seat_no.into()).is_none() {
            return false;
        }
        self.apply(Input::DecideBreak { seat: seat_no.into(), approved });
        true
    }

    /// Returns the floor. `sees` says which seats; `since` brings only what changed after that revision.
    pub fn board(
        &self,
        since: Option<u64>,
        day_start: i64,
        masked: bool,
        sees: impl Fn(&SeatPlace) -> bool,
    ) -> Board {
        let now = self.0.kit.now().0;
        let targets = self.targets();
        let mut state = self.state();
        state.service.forget(now);
        let floor_now = self.floor_now();
        let at = |floor_at: i64| now - (floor_now - floor_at);
        let caller = |call: &str| {
            self.call(call).map(|handle| {
                let view = handle.view();
                if masked { mask_phone(&view.caller) } else { view.caller }
            })
        };
        let nowhere = SeatPlace::default();
        let (mut seats, mut present) = (Vec::new(), Vec::new());
        for (no, entry) in &state.seats {
            let place = state.places.get(no).unwrap_or(&nowhere);
            if !sees(place) {
                continue;
            }
            present.push(no.clone());
            if since.is_some_and(|since| entry.revision <= since) {
                continue;
            }
            let key = no.as_str().into();
            let Some((current, changed)) = state.floor.seat(&key) else { continue };
            let phone = state.phones_of(no);
            let call = current.call().cloned();
            let talks = !matches!(current, SeatState::WrapUp { .. });
            seats.push(BoardSeat {
                seat: view(&entry.sitting, Some(current), at(changed), phone),
                unit_id: place.unit_id.clone(),
                unit_name: place.unit_name.clone(),
                queue_id: call.as_ref().and_then(|call| state.floor.queue_of(call)).map(ToString::to_string),
                caller: call.filter(|_| talks).and_then(|call| caller(call.as_str())),
                break_request: state.floor.break_request(&key).map(|request| shown(request, at)),
                working_since: (entry.working_since != i64::MAX).then(|| at(entry.working_since)),
            });
        }
        seats.sort_by(|a, b| a.seat.seat_no.cmp(&b.seat.seat_no));
        present.sort();
        let mut waiting = state.floor.waiting_items(WAITING_SHOWN);
        let hour = now - 3_600_000;
        let known = self.0.routing.queues();
        let queues = state
            .floor
            .queue_figures(floor_now)
            .into_iter()
            .map(|figures| {
                let id = figures.key.to_string();
                let set = known.iter().find(|queue| queue.id == id).map(|queue| &queue.set);
                let (here, rest): (Vec<_>, Vec<_>) =
                    waiting.drain(..).partition(|item| item.queue == figures.key);
                waiting = rest;
                BoardQueue {
                    name: set.map_or_else(|| id.clone(), |set| set.name.clone()),
                    strategy: set.map_or_else(String::new, |set| set.strategy.clone()),
                    waiting: figures.waiting,
                    longest_wait_ms: figures.longest_wait_ms,
                    signed_in: figures.signed_in,
                    at_work: figures.at_work,
                    free: figures.free,
                    general_free: figures.general_free,
                    estimate_ms: figures.estimate_ms,
                    hour: state.service.since(Some(&id), hour).into(),
                    day: state.service.since(Some(&id), day_start).into(),
                    answer_within_secs: set.map_or(15, |set| set.answer_within_secs),
                    answer_share_pct: set.map_or(80, |set| set.answer_share_pct),
                    callers: here
                        .into_iter()
                        .map(|item| BoardWaiting {
                            caller: caller(item.call.as_str()),
                            call_id: item.call.to_string(),
                            position: item.position,
                            priority: item.priority,
                            since: at(item.since),
                            came_back: item.came_back,
                        })
                        .collect(),
                    id,
                }
            })
            .collect();
        Board {
            revision: state.revision,
            now,
            seats,
            present,
            queues,
            hour: state.service.since(None, hour).into(),
            day: state.service.since(None, day_start).into(),
            day_and_night: state.service.since(None, now - 24 * 3_600_000).into(),
            connection_min_pct: targets.connection_pct,
            alarms: state.service.standing(&targets, now),
        }
    }

    /// Returns how busy the floor is, as the person at a seat is told.
    #[must_use]
    pub fn load(&self, seat_no: Option<&str>) -> FloorLoad {
        let state = self.state();
        let at = |floor_at: i64| self.time_of_day(floor_at);
        let mine = seat_no.and_then(|no| state.seats.get(no));
        FloorLoad {
            signed_in: state.seats.len(),
            on_break: state.floor.on_break(),
            waiting: state.floor.waiting(),
            needs_approval: state.floor.needs_approval(),
            request: seat_no
                .and_then(|no| state.floor.break_request(&no.into()))
                .map(|request| shown(request, at)),
            working_since: mine
                .filter(|seat| seat.working_since != i64::MAX)
                .map(|seat| at(seat.working_since)),
            reminder_minutes: self.0.kit.parameters.i64("voice.work_reminder_minutes", 90),
        }
    }

    /// Puts off the break that was asked for.
    pub fn postpone_break(&self, seat_no: &str, minutes: i64) {
        self.apply(Input::PostponeBreak { seat: seat_no.into(), by_ms: minutes.clamp(1, 240) * 60_000 });
    }

    /// Takes the request for a break back.
    pub fn withdraw_break(&self, seat_no: &str) {
        self.apply(Input::WithdrawBreak { seat: seat_no.into() });
    }

    /// Sets what the person at a seat does; nobody is asked.
    pub fn force_rest(&self, seat_no: &str, rest: Option<Rest>) {
        self.apply(Input::ForceState { seat: seat_no.into(), rest });
    }

    /// Returns what service levels have to reach.
    #[must_use]
    pub fn targets(&self) -> Targets {
        let queues = self.0.routing.queues();
        let parameters = &self.0.kit.parameters;
        #[expect(clippy::cast_precision_loss, reason = "per cents")]
        let pct = |value: i64| value as f64;
        Targets {
            in_time_pct: queues
                .into_iter()
                .filter(|queue| queue.set.active)
                .map(|queue| (queue.id, pct(queue.set.answer_share_pct)))
                .collect(),
            connection_pct: pct(parameters.i64("voice.connection_min_pct", 95)),
            calls_min: parameters.i64("voice.service_calls_min", 20).max(1),
        }
    }
}

pub(super) fn shown(request: BreakRequest, at: impl Fn(i64) -> i64) -> BreakView {
    BreakView { asked_at: at(request.asked_at), wanted_at: at(request.wanted_at), approved: request.approved }
}
