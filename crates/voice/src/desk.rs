//! Who sits where, and the floor that gives them calls.

mod board;
mod engagement;
mod settings;
mod telephones;
mod visits;
mod written;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acd::{Arrival, CallKey, Effect, Floor, Input, Rest, SeatKey, SeatState};
use kernel::{Audience, Kit};
use serde::Serialize;
use tokio::sync::Notify;
use utoipa::ToSchema;

use crate::call::record::{Record, SittingRow};
use crate::call::state;
use crate::call::{CallHandle, CallMessage};
use crate::routing::{Routing, Standing};
use crate::service_level::ServiceLevel;
use crate::sip_port::Place;
use crate::writer::Writer;

pub use board::{Board, BoardQueue, BoardSeat, BreakView, FloorLoad, SeatPlace};
pub use telephones::PhoneChoice;
use telephones::Phones;
use visits::{Moment, Visits};
use written::{Listening, Written};

/// A person at a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// Id of the sitting.
    pub id: String,
    /// The seat.
    pub seat_id: String,
    /// Its number, also its SIP user.
    pub seat_no: String,
    /// The person.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// Whether this person sees numbers masked.
    pub masked: bool,
}

/// What a seat does, as screens are told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeatView {
    /// The seat.
    pub seat_id: String,
    /// Its number.
    pub seat_no: String,
    /// The person there.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// `ready`, `reserved`, `ringing`, `on_call`, `wrap_up`, `not_ready`, `break`, `signed_out`.
    pub state: String,
    /// Since when, epoch milliseconds.
    pub since: i64,
    /// The call, in those states that have one.
    pub call_id: Option<String>,
    /// Whether the telephone that it answers on is registered.
    pub phone: bool,
    /// The telephone that it answers on: `page` or `desk`.
    pub phone_kind: String,
    /// Whether the telephone on its desk is registered.
    pub desk_phone: bool,
}

/// Live figures of the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueView {
    /// Callers without an agent.
    pub waiting: usize,
    /// How long the first of them has waited, in whole seconds.
    pub longest_wait_secs: i64,
    /// Seats that could take a call now.
    pub ready: usize,
    /// Seats that talk.
    pub on_call: usize,
    /// Seats that ring.
    pub ringing: usize,
    /// Seats that write.
    pub wrap_up: usize,
    /// Seats that rest.
    pub resting: usize,
    /// Seats with somebody there.
    pub signed_in: usize,
    /// Calls that are in the house now.
    pub calls: usize,
}

/// A call that wants an agent.
#[derive(Clone, Debug, Default)]
pub struct Joining {
    /// The call.
    pub call_id: String,
    /// The queue; none for the one of the dialled number.
    pub queue: Option<String>,
    /// The citizen's number.
    pub caller: String,
    /// The number that was dialled.
    pub called: String,
    /// Steps of priority beside those of the queue and of important callers.
    pub priority: u8,
    /// Whether the citizen's file says that the caller is important.
    pub is_vip: bool,
    /// A seat that it should go to if this seat is free soon, and how many milliseconds it waits for it.
    pub prefer: Option<(String, i64)>,
}

struct Seat {
    sitting: Sitting,
    states: i64,
    /// The desk's revision at the last change.
    revision: u64,
    /// Since when, in the floor's time, there was no break.
    working_since: i64,
}

struct State {
    floor: Floor,
    seats: HashMap<String, Seat>,
    phones: HashMap<String, Phones>,
    places: HashMap<String, SeatPlace>,
    visits: Visits,
    written: Written,
    service: ServiceLevel,
    revision: u64,
}

struct Inner {
    kit: Kit,
    writer: Writer,
    base: acd::FloorConfig,
    routing: Routing,
    state: Mutex<State>,
    calls: Mutex<HashMap<String, CallHandle>>,
    wake: Notify,
    listening: Listening,
}

/// The desk. Clones share it.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

impl Desk {
    /// Opens the desk and starts its timer.
    #[must_use]
    pub fn start(kit: Kit, writer: Writer, config: acd::FloorConfig) -> Self {
        kit.parameters.declare(crate::routing::parameters());
        let desk = Self(Arc::new(Inner {
            kit,
            writer,
            base: config.clone(),
            routing: Routing::default(),
            state: Mutex::new(State {
                floor: Floor::new(config),
                seats: HashMap::new(),
                phones: HashMap::new(),
                places: HashMap::new(),
                visits: Visits::default(),
                written: Written::default(),
                service: ServiceLevel::default(),
                revision: 0,
            }),
            calls: Mutex::new(HashMap::new()),
            wake: Notify::new(),
            listening: Listening::default(),
        }));
        tokio::spawn(tick(Arc::downgrade(&desk.0)));
        tokio::spawn(tell_queue(Arc::downgrade(&desk.0)));
        tokio::spawn(settings::follow(Arc::downgrade(&desk.0)));
        desk
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<String, CallHandle>> {
        self.0.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Keeps a call, so that the floor and screens reach it; false when there are too many.
    pub fn add_call(&self, id: &str, handle: CallHandle, limit: usize) -> bool {
        let mut calls = self.calls();
        if calls.len() >= limit {
            return false;
        }
        calls.insert(id.to_owned(), handle);
        true
    }

    /// Forgets a call.
    pub fn remove_call(&self, id: &str) {
        self.calls().remove(id);
        self.state().visits.forget(id);
    }

    /// Finds a call that is in the house.
    #[must_use]
    pub fn call(&self, id: &str) -> Option<CallHandle> {
        self.calls().get(id).cloned()
    }

    /// Ends all calls, before the server stops.
    pub fn end_all(&self) {
        for handle in self.calls().values() {
            handle.send(CallMessage::Input(state::Input::Stop));
        }
    }

    /// Returns how many calls are in the house.
    #[must_use]
    pub fn call_count(&self) -> usize {
        self.calls().len()
    }

    /// Lets a call join a queue: the one that it names, else that of the dialled number.
    pub fn enqueue(&self, joining: Joining) {
        let routing = &self.0.routing;
        let queue = joining.queue.or_else(|| routing.queue_of_number(&joining.called));
        let vip = joining.is_vip || routing.standing(&joining.caller, self.0.kit.now().0) == Standing::Vip;
        let steps = if vip { self.0.kit.parameters.i64("voice.vip_priority", 3) } else { 0 };
        self.apply(Input::Enqueue(Arrival {
            queue: queue.as_deref().map(Into::into),
            priority: joining.priority.saturating_add(u8::try_from(steps.clamp(0, 20)).unwrap_or(0)),
            prefer: joining.prefer.map(|(seat, wait_ms)| (seat.as_str().into(), wait_ms)),
            ..Arrival::voice(joining.call_id.as_str().into())
        }));
    }

    /// The floor's time. It is not the time of day: a clock that is set must not end a lease, nor prolong one.
    fn floor_now(&self) -> i64 {
        self.0.kit.clock.elapsed_ms()
    }

    /// Returns the time of day of an instant of the floor.
    fn time_of_day(&self, floor_at: i64) -> i64 {
        self.0.kit.now().0 - (self.floor_now() - floor_at)
    }

    /// Applies an input to the floor and tells everybody concerned, in order.
    pub fn apply(&self, input: Input) {
        let now = self.0.kit.now().0;
        let at = Moment { now, floor: self.floor_now() };
        let over = match &input {
            Input::Abandon { call } | Input::Ended { call } => Some(call.clone()),
            _ => None,
        };
        let mut guard = self.state();
        let state = &mut *guard;
        if let Input::Return { call } = &input {
            state.visits.returned(call, at);
        }
        let effects = state.floor.apply(input, at.floor);
        self.carry_out(state, effects, at);
        if let Some(call) = over {
            if let Some(record) = state.visits.ended(&call, at, &mut state.service) {
                self.0.writer.write(record);
            }
            // What is written has no call that leaves the house.
            if self.call(call.as_str()).is_none() {
                state.visits.forget(call.as_str());
            }
        }
        drop(guard);
        self.0.wake.notify_one();
    }

    /// Tells everybody concerned what the floor has decided. It happens under the lock, so that nobody hears
    /// of two changes in the wrong order; nothing here waits.
    fn carry_out(&self, state: &mut State, effects: Vec<Effect>, at: Moment) {
        let within_ms = |queue: &str| {
            let queues = self.0.routing.queues();
            queues
                .iter()
                .find(|known| known.id == queue)
                .map_or(15_000, |known| known.set.answer_within_secs * 1000)
        };
        for effect in effects {
            let records = state.visits.hear(&effect, at, &mut state.service, within_ms);
            for record in records {
                self.0.writer.write(record);
            }
            self.tell(state, effect, at);
        }
    }

    fn tell(&self, state: &mut State, effect: Effect, at: Moment) {
        let now = at.now;
        if self.tell_written(state, &effect) {
            return;
        }
        match effect {
            Effect::Offer { call, seat } => {
                self.send(&call, state::Input::Offer { seat: seat.to_string() });
            }
            Effect::Withdraw { call, seat, .. } => {
                self.send(&call, state::Input::Withdraw { seat: seat.to_string() });
            }
            Effect::Announce { call, position, .. } => self.send(&call, state::Input::Announce(position)),
            Effect::Refused { call } => self.send(&call, state::Input::Refused),
            // Nobody can be called out of the house yet, so no queue is allowed to ask for it.
            Effect::Forward { call, .. } => self.send(&call, state::Input::Refused),
            Effect::BreakChanged { seat, request, refused } => {
                self.touch(state, seat.as_str());
                let Some(entry) = state.seats.get(seat.as_str()) else { return };
                let told = serde_json::json!({
                    "seat_no": seat.as_str(), "request": request.map(|r| board::shown(r, |t| now - (at.floor - t))),
                    "refused": refused,
                });
                let person = [Audience::Person(entry.sitting.person_id.clone())];
                self.0.kit.hub.push(&person, "voice.break", &told);
            }
            Effect::Connected { .. } | Effect::Traced { .. } => {}
            Effect::SeatChanged { seat, state: new } => {
                self.touch(state, seat.as_str());
                let phones = state.phones_of(seat.as_str());
                let Some(entry) = state.seats.get_mut(seat.as_str()) else { return };
                entry.states += 1;
                if matches!(new, Some(SeatState::Resting(Rest::Break))) {
                    entry.working_since = i64::MAX;
                } else if entry.working_since == i64::MAX {
                    entry.working_since = at.floor;
                }
                self.0.writer.write(Record::SeatState {
                    sitting: entry.sitting.id.clone(),
                    no: entry.states,
                    at: now,
                    state: new.as_ref().map_or("signed_out", SeatState::name),
                    call_id: new.as_ref().and_then(SeatState::call).map(ToString::to_string),
                });
                let view = view(&entry.sitting, new.as_ref(), now, phones);
                let audience = [
                    Audience::Person(entry.sitting.person_id.clone()),
                    Audience::Capability("call.monitor".to_owned()),
                ];
                self.0.kit.hub.push(&audience, "voice.seat_state", &view);
                if new.is_none()
                    && let Some(left) = state.seats.remove(seat.as_str())
                {
                    self.0.writer.write(Record::StoodUp { id: left.sitting.id, at: now });
                }
            }
        }
    }

    /// Takes note that a seat looks different now.
    fn touch(&self, state: &mut State, seat: &str) {
        state.revision += 1;
        if let Some(entry) = state.seats.get_mut(seat) {
            entry.revision = state.revision;
        }
    }

    fn send(&self, call: &CallKey, input: state::Input) {
        if let Some(handle) = self.call(call.as_str()) {
            handle.send(CallMessage::Input(input));
        }
    }

    /// Lets a person sit down. Somebody else's sitting at the seat, or the person's at another,
    /// is ended first.
    pub fn sit_down(&self, sitting: Sitting) {
        let now = self.0.kit.now().0;
        let others: Vec<String> = {
            let state = self.state();
            if state
                .seats
                .get(&sitting.seat_no)
                .is_some_and(|seat| seat.sitting.person_id == sitting.person_id)
            {
                drop(state);
                self.apply(Input::SignIn { seat: sitting.seat_no.as_str().into() });
                return;
            }
            state
                .seats
                .values()
                .filter(|seat| {
                    seat.sitting.person_id == sitting.person_id || seat.sitting.seat_no == sitting.seat_no
                })
                .map(|seat| seat.sitting.seat_no.clone())
                .collect()
        };
        for seat in others {
            self.apply(Input::SignOut { seat: seat.as_str().into() });
        }
        let key: SeatKey = sitting.seat_no.as_str().into();
        let phone = {
            let mut state = self.state();
            self.0.writer.write(Record::SatDown(SittingRow {
                id: sitting.id.clone(),
                seat_no: sitting.seat_no.clone(),
                seat_id: sitting.seat_id.clone(),
                person_id: sitting.person_id.clone(),
                person_name: sitting.person_name.clone(),
                signed_in_at: now,
            }));
            let phone = state.phones_of(&sitting.seat_no).reachable();
            state.revision += 1;
            let (revision, working_since) = (state.revision, self.floor_now());
            let no = sitting.seat_no.clone();
            state.seats.insert(no, Seat { sitting, states: 0, revision, working_since });
            phone
        };
        self.apply(Input::SignIn { seat: key.clone() });
        self.apply(Input::Phone { seat: key, reachable: phone });
    }

    /// Changes what a person wants to do; `None` is ready.
    pub fn set_rest(&self, seat: &str, rest: Option<Rest>) {
        self.apply(Input::SetState { seat: seat.into(), rest });
    }

    /// Finds a person's sitting.
    #[must_use]
    pub fn sitting_of(&self, person_id: &str) -> Option<Sitting> {
        self.state()
            .seats
            .values()
            .find(|seat| seat.sitting.person_id == person_id)
            .map(|s| s.sitting.clone())
    }

    /// Finds the sitting at a seat.
    #[must_use]
    pub fn sitting_at(&self, seat: &str) -> Option<Sitting> {
        self.state().seats.get(seat).map(|seat| seat.sitting.clone())
    }

    /// Returns what a seat does.
    #[must_use]
    pub fn seat_view(&self, seat: &str) -> Option<SeatView> {
        let state = self.state();
        let entry = state.seats.get(seat)?;
        let (current, since) = state.floor.seat(&seat.into())?;
        let phone = state.phones_of(seat);
        Some(view(&entry.sitting, Some(current), self.time_of_day(since), phone))
    }

    /// Returns all seats with somebody there.
    #[must_use]
    pub fn seat_views(&self) -> Vec<SeatView> {
        let seats: Vec<String> = self.state().seats.keys().cloned().collect();
        let mut views: Vec<_> = seats.iter().filter_map(|seat| self.seat_view(seat)).collect();
        views.sort_by(|a, b| a.seat_no.cmp(&b.seat_no));
        views
    }

    /// Returns the place of a call in its queue, 1 for the next, and how long it is likely to wait, in
    /// milliseconds; none while it does not wait.
    #[must_use]
    pub fn position(&self, call_id: &str) -> Option<(usize, Option<i64>)> {
        self.state().floor.position(&call_id.into())
    }

    /// Returns the live figures.
    #[must_use]
    pub fn queue_view(&self) -> QueueView {
        let now = self.floor_now();
        let calls = self.call_count();
        let state = self.state();
        let mut queue = QueueView {
            waiting: state.floor.waiting(),
            longest_wait_secs: state.floor.longest_wait_ms(now) / 1000,
            signed_in: state.seats.len(),
            calls,
            ..QueueView::default()
        };
        for (_, seat, reachable) in state.floor.seats() {
            match seat {
                SeatState::Ready if reachable => queue.ready += 1,
                SeatState::Ready | SeatState::Resting(_) => queue.resting += 1,
                SeatState::Reserved { .. } | SeatState::Ringing { .. } => queue.ringing += 1,
                SeatState::OnCall { .. } => queue.on_call += 1,
                SeatState::WrapUp { .. } => queue.wrap_up += 1,
            }
        }
        queue
    }
}

fn view(sitting: &Sitting, state: Option<&SeatState>, since: i64, phones: Phones) -> SeatView {
    SeatView {
        seat_id: sitting.seat_id.clone(),
        seat_no: sitting.seat_no.clone(),
        person_id: sitting.person_id.clone(),
        person_name: sitting.person_name.clone(),
        state: state.map_or("signed_out", SeatState::name).to_owned(),
        since,
        call_id: state.and_then(SeatState::call).map(ToString::to_string),
        phone: phones.reachable(),
        phone_kind: match phones.choice.place {
            Place::Page => "page",
            Place::Desk => "desk",
        }
        .to_owned(),
        desk_phone: phones.desk,
    }
}

/// Feeds the floor's timers.
async fn tick(desk: std::sync::Weak<Inner>) {
    loop {
        let Some(desk) = desk.upgrade().map(Desk) else { return };
        let now = desk.floor_now();
        let next = desk.state().floor.next_tick_at();
        if next.is_some_and(|at| at <= now) {
            desk.apply(Input::Tick);
            continue;
        }
        let pause_ms = next.map_or(1_000, |at| (at - now).clamp(1, 1_000));
        let pause = Duration::from_millis(u64::try_from(pause_ms).unwrap_or(1_000));
        let inner = desk.0.clone();
        drop(desk);
        let _ = tokio::time::timeout(pause, inner.wake.notified()).await;
    }
}

/// Pushes the live figures when they changed, at most once a second.
async fn tell_queue(desk: std::sync::Weak<Inner>) {
    let mut last = None;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Some(desk) = desk.upgrade().map(Desk) else { return };
        let view = desk.queue_view();
        if last.as_ref() != Some(&view) {
            desk.0.kit.hub.push(&[Audience::Staff], "voice.queue", &view);
            last = Some(view);
        }
    }
}
