//! The floor: one queue, many seats.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::types::{CallKey, Effect, FloorConfig, Input, Rest, SeatKey, SeatState, WithdrawReason};

/// Order of waiting calls: those that came back first, then by when they count as having come.
type Turn = (u8, i64, u64);

#[derive(Clone, Debug)]
enum Place {
    Waiting(Turn),
    Offered(SeatKey),
    Connected(SeatKey),
}

#[derive(Clone, Debug)]
struct Call {
    place: Place,
    /// Place in the queue if the call has to wait again.
    turn: Turn,
    enqueued_at: i64,
    announce_at: i64,
}

#[derive(Clone, Debug)]
struct Seat {
    state: SeatState,
    since: i64,
    /// When it became idle; kept through an offer that came to nothing.
    idle_since: i64,
    reachable: bool,
    /// End of a lease or of the time for writing.
    deadline: Option<i64>,
    /// What the person wants after the present call.
    then: Option<Rest>,
    leaving: bool,
    /// Busy with a call that the queue did not give it.
    engaged: bool,
    /// Leases in a row that ended before anything rang.
    silent_leases: u8,
}

/// So many leases in a row may end before anything rings; then the seat's telephone is taken for dead. One
/// alone is more likely our own delay, for which nobody is set not ready.
const SILENT_LEASES_MAX: u8 = 3;

/// One queue and its seats.
#[derive(Clone, Debug)]
pub struct Floor {
    config: FloorConfig,
    calls: HashMap<CallKey, Call>,
    waiting: BTreeMap<Turn, CallKey>,
    seats: HashMap<SeatKey, Seat>,
    idle: BTreeSet<(i64, SeatKey)>,
    deadlines: BTreeSet<(i64, SeatKey)>,
    arrivals: u64,
    /// No announcement is due before this, so that most inputs need not look at the queue.
    announce_due: i64,
}

impl Floor {
    /// Makes an empty floor.
    pub fn new(config: FloorConfig) -> Self {
        Self {
            config,
            calls: HashMap::new(),
            waiting: BTreeMap::new(),
            seats: HashMap::new(),
            idle: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            arrivals: 0,
            announce_due: i64::MAX,
        }
    }

    /// Replaces the rules; leases that run keep their deadlines.
    pub fn configure(&mut self, config: FloorConfig) {
        self.config = config;
    }

    /// Returns how many calls wait without an offer.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how long the first caller has waited, in milliseconds.
    pub fn longest_wait_ms(&self, now_ms: i64) -> i64 {
        self.waiting
            .values()
            .filter_map(|call| self.calls.get(call))
            .map(|call| now_ms - call.enqueued_at)
            .max()
            .unwrap_or(0)
    }

    /// Returns a seat's state and since when it lasts.
    pub fn seat(&self, seat: &SeatKey) -> Option<(&SeatState, i64)> {
        self.seats.get(seat).map(|seat| (&seat.state, seat.since))
    }

    /// Returns all seats with their states and whether their telephones can be reached.
    pub fn seats(&self) -> impl Iterator<Item = (&SeatKey, &SeatState, bool)> {
        self.seats.iter().map(|(key, seat)| (key, &seat.state, seat.reachable))
    }

    /// Returns when [`Input::Tick`] is needed next.
    pub fn next_tick_at(&self) -> Option<i64> {
        let lease = self.deadlines.first().map(|(at, _)| *at);
        let announcement = (!self.waiting.is_empty()).then_some(self.announce_due);
        match (lease, announcement) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Applies an input. Inputs that no longer fit (an answer after the caller hung up) change
    /// nothing; what they leave behind was cleared when the offer was withdrawn.
    pub fn apply(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Enqueue { call, priority } => self.enqueue(call, priority, now_ms, &mut out),
            Input::Return { call } => self.return_call(&call, now_ms, &mut out),
            Input::Abandon { call } => self.abandon(&call, now_ms, &mut out),
            Input::SignIn { seat } => self.sign_in(seat, now_ms, &mut out),
            Input::SignOut { seat } => self.sign_out(&seat, now_ms, &mut out),
            Input::Phone { seat, reachable } => self.phone(&seat, reachable, now_ms, &mut out),
            Input::SetState { seat, rest } => self.set_state(&seat, rest, now_ms, &mut out),
            Input::Rung { seat, call } => self.rung(&seat, &call, now_ms, &mut out),
            Input::Accepted { seat, call } => self.accepted(&seat, &call, now_ms, &mut out),
            Input::Rejected { seat, call } => {
                if self.offer_stands(&seat, &call) {
                    self.take_back(&seat, WithdrawReason::Refused, now_ms, &mut out);
                }
            }
            Input::Engage { seat, call } => self.engage(&seat, call, now_ms, &mut out),
            Input::Joined { seat, call } => {
                if self.is_engaged(&seat, &call) {
                    self.change(&seat, SeatState::OnCall { call }, None, now_ms, &mut out);
                }
            }
            Input::Disengage { seat, call, wrap_up } => {
                self.disengage(&seat, &call, wrap_up, now_ms, &mut out);
            }
            Input::Ended { call } => self.ended(&call, now_ms, &mut out),
            Input::WrapUpDone { seat } => {
                if matches!(self.state(&seat), Some(SeatState::WrapUp { .. })) {
                    self.after_call(&seat, now_ms, &mut out);
                }
            }
            Input::Tick => self.expire(now_ms, &mut out),
        }
        self.match_up(now_ms, &mut out);
        self.announce(now_ms, &mut out);
        out
    }

    fn state(&self, seat: &SeatKey) -> Option<&SeatState> {
        self.seats.get(seat).map(|seat| &seat.state)
    }

    fn enqueue(&mut self, call: CallKey, priority: u8, now: i64, out: &mut Vec<Effect>) {
        if self.calls.contains_key(&call) || self.waiting.len() >= self.config.waiting_limit {
            out.push(Effect::Refused { call });
            return;
        }
        self.arrivals += 1;
        let counted = now.saturating_sub(i64::from(priority).saturating_mul(self.config.head_start_ms));
        self.wait(call, (1, counted, self.arrivals), now, now);
    }

    fn wait(&mut self, call: CallKey, turn: Turn, enqueued_at: i64, now: i64) {
        let announce_at = now + self.config.first_announcement_ms;
        self.announce_due = self.announce_due.min(announce_at);
        self.waiting.insert(turn, call.clone());
        self.calls.insert(call, Call { place: Place::Waiting(turn), turn, enqueued_at, announce_at });
    }

    /// Puts a call that had a seat back, in front of all that never had one.
    fn wait_again(&mut self, key: &CallKey) {
        if let Some(call) = self.calls.get_mut(key) {
            call.turn.0 = 0;
            call.place = Place::Waiting(call.turn);
            self.announce_due = self.announce_due.min(call.announce_at);
            self.waiting.insert(call.turn, key.clone());
        }
    }

    fn return_call(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        match self.calls.get(key).map(|call| call.place.clone()) {
            Some(Place::Connected(seat)) => {
                self.wait_again(key);
                // The telephone was lost with the call: whoever sits there says when to go on.
                self.change(&seat, SeatState::Resting(Rest::NotReady), None, now, out);
                self.leave_if_wanted(&seat, out);
            }
            Some(Place::Waiting(_) | Place::Offered(_)) => {}
            None => {
                self.arrivals += 1;
                self.wait(key.clone(), (0, now, self.arrivals), now, now);
            }
        }
    }

    fn abandon(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.remove(key) else {
            return;
        };
        match call.place {
            Place::Waiting(turn) => {
                self.waiting.remove(&turn);
            }
            Place::Offered(seat) => {
                out.push(Effect::Withdraw {
                    call: key.clone(),
                    seat: seat.clone(),
                    reason: WithdrawReason::CallerGone,
                });
                self.rest_or_ready(&seat, now, out);
            }
            Place::Connected(seat) => self.begin_wrap_up(&seat, key, now, out),
        }
    }

    fn sign_in(&mut self, key: SeatKey, now: i64, out: &mut Vec<Effect>) {
        if let Some(seat) = self.seats.get_mut(&key) {
            seat.leaving = false;
            return;
        }
        let state = SeatState::Resting(Rest::NotReady);
        self.seats.insert(
            key.clone(),
            Seat {
                state: state.clone(),
                since: now,
                silent_leases: 0,
                idle_since: now,
                reachable: false,
                deadline: None,
                then: None,
                leaving: false,
                engaged: false,
            },
        );
        out.push(Effect::SeatChanged { seat: key, state: Some(state) });
    }

    fn sign_out(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        match self.state(key) {
            None => return,
            Some(state) if matches!(state, SeatState::OnCall { .. }) || self.seats[key].engaged => {
                if let Some(seat) = self.seats.get_mut(key) {
                    seat.leaving = true;
                }
                return;
            }
            Some(SeatState::Reserved { .. } | SeatState::Ringing { .. }) => {
                self.take_back(key, WithdrawReason::SeatGone, now, out);
            }
            Some(_) => {}
        }
        self.remove_seat(key, out);
    }

    fn remove_seat(&mut self, key: &SeatKey, out: &mut Vec<Effect>) {
        if let Some(seat) = self.seats.remove(key) {
            self.idle.remove(&(seat.idle_since, key.clone()));
            if let Some(at) = seat.deadline {
                self.deadlines.remove(&(at, key.clone()));
            }
            out.push(Effect::SeatChanged { seat: key.clone(), state: None });
        }
    }

    fn leave_if_wanted(&mut self, key: &SeatKey, out: &mut Vec<Effect>) {
        if self.seats.get(key).is_some_and(|seat| seat.leaving) {
            self.remove_seat(key, out);
        }
    }

    fn phone(&mut self, key: &SeatKey, reachable: bool, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else {
            return;
        };
        seat.reachable = reachable;
        let offered =
            !seat.engaged && matches!(seat.state, SeatState::Reserved { .. } | SeatState::Ringing { .. });
        if offered && !reachable {
            self.take_back(key, WithdrawReason::SeatGone, now, out);
        } else {
            self.file_idle(key);
        }
    }

    fn set_state(&mut self, key: &SeatKey, rest: Option<Rest>, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else {
            return;
        };
        match seat.state {
            SeatState::Ready | SeatState::Resting(_) | SeatState::WrapUp { .. } => {
                seat.then = None;
                let state = rest.map_or(SeatState::Ready, SeatState::Resting);
                if seat.state != state {
                    if !matches!(seat.state, SeatState::Ready) {
                        seat.idle_since = now;
                    }
                    self.change(key, state, None, now, out);
                }
            }
            SeatState::Reserved { .. } | SeatState::Ringing { .. } | SeatState::OnCall { .. } => {
                seat.then = rest;
            }
        }
    }

    fn offer_stands(&self, key: &SeatKey, call: &CallKey) -> bool {
        self.seats.get(key).is_some_and(|seat| {
            !seat.engaged
                && matches!(
                    &seat.state,
                    SeatState::Reserved { call: c } | SeatState::Ringing { call: c } if c == call
                )
        })
    }

    /// Tells whether a seat could be engaged for a call now.
    pub fn is_free(&self, key: &SeatKey) -> bool {
        self.seats.get(key).is_some_and(|seat| {
            !seat.leaving
                && matches!(seat.state, SeatState::Ready | SeatState::Resting(_) | SeatState::WrapUp { .. })
        })
    }

    fn is_engaged(&self, key: &SeatKey, call: &CallKey) -> bool {
        self.seats.get(key).is_some_and(|seat| seat.engaged && seat.state.call() == Some(call))
    }

    fn engage(&mut self, key: &SeatKey, call: CallKey, now: i64, out: &mut Vec<Effect>) {
        if !self.is_free(key) {
            return;
        }
        if let Some(seat) = self.seats.get_mut(key) {
            seat.engaged = true;
            // Whoever rested before rests afterwards.
            if let SeatState::Resting(rest) = seat.state {
                seat.then.get_or_insert(rest);
            }
        }
        self.change(key, SeatState::Ringing { call }, None, now, out);
    }

    fn disengage(&mut self, key: &SeatKey, call: &CallKey, wrap_up: bool, now: i64, out: &mut Vec<Effect>) {
        if !self.is_engaged(key, call) {
            return;
        }
        if let Some(seat) = self.seats.get_mut(key) {
            seat.engaged = false;
        }
        if wrap_up {
            self.begin_wrap_up(key, call, now, out);
        } else {
            self.rest_or_ready(key, now, out);
            self.leave_if_wanted(key, out);
        }
    }

    fn rung(&mut self, seat: &SeatKey, call: &CallKey, now: i64, out: &mut Vec<Effect>) {
        if self.offer_stands(seat, call) && matches!(self.state(seat), Some(SeatState::Reserved { .. })) {
            if let Some(seat) = self.seats.get_mut(seat) {
                seat.silent_leases = 0;
            }
            let state = SeatState::Ringing { call: call.clone() };
            self.change(seat, state, Some(now + self.config.ring_ms), now, out);
        }
    }

    fn accepted(&mut self, seat: &SeatKey, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        if !self.offer_stands(seat, key) {
            return;
        }
        if let Some(call) = self.calls.get_mut(key) {
            call.place = Place::Connected(seat.clone());
        }
        self.change(seat, SeatState::OnCall { call: key.clone() }, None, now, out);
        out.push(Effect::Connected { call: key.clone(), seat: seat.clone() });
    }

    /// Ends an offer that was not taken: the call goes to the front, the seat rests.
    fn take_back(&mut self, key: &SeatKey, reason: WithdrawReason, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.state(key).and_then(SeatState::call).cloned() else {
            return;
        };
        let rang = matches!(self.state(key), Some(SeatState::Ringing { .. }));
        out.push(Effect::Withdraw { call: call.clone(), seat: key.clone(), reason });
        self.wait_again(&call);
        match reason {
            // A page that reloads stays ready: its telephone decides whether it is offered calls.
            WithdrawReason::SeatGone | WithdrawReason::CallerGone => {
                self.rest_or_ready(key, now, out);
            }
            WithdrawReason::TimedOut if !rang && self.forgives_silence(key, now) => {
                self.rest_or_ready(key, now, out);
            }
            WithdrawReason::TimedOut | WithdrawReason::Refused => {
                let rest =
                    self.seats.get_mut(key).and_then(|seat| seat.then.take()).unwrap_or(Rest::NotReady);
                self.change(key, SeatState::Resting(rest), None, now, out);
            }
        }
    }

    /// Counts a lease that ended before anything rang; the seat goes to the end of the line.
    fn forgives_silence(&mut self, key: &SeatKey, now: i64) -> bool {
        let Some(seat) = self.seats.get_mut(key) else { return false };
        seat.silent_leases = seat.silent_leases.saturating_add(1);
        seat.idle_since = now;
        seat.silent_leases < SILENT_LEASES_MAX
    }

    fn rest_or_ready(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        let then = self.seats.get_mut(key).and_then(|seat| seat.then.take());
        let state = then.map_or(SeatState::Ready, SeatState::Resting);
        self.change(key, state, None, now, out);
    }

    fn ended(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        // Whatever state it was in, a call that has ended must leave nothing behind.
        self.abandon(key, now, out);
    }

    fn begin_wrap_up(&mut self, seat: &SeatKey, call: &CallKey, now: i64, out: &mut Vec<Effect>) {
        if self.config.wrap_up_ms <= 0 {
            self.after_call(seat, now, out);
            return;
        }
        let state = SeatState::WrapUp { call: call.clone() };
        self.change(seat, state, Some(now + self.config.wrap_up_ms), now, out);
        self.leave_if_wanted(seat, out);
    }

    fn after_call(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.idle_since = now;
        }
        self.rest_or_ready(key, now, out);
        self.leave_if_wanted(key, out);
    }

    fn expire(&mut self, now: i64, out: &mut Vec<Effect>) {
        while let Some((at, key)) = self.deadlines.first().cloned() {
            if at > now {
                break;
            }
            match self.state(&key) {
                Some(SeatState::Reserved { .. } | SeatState::Ringing { .. }) => {
                    self.take_back(&key, WithdrawReason::TimedOut, now, out);
                }
                Some(SeatState::WrapUp { .. }) => self.after_call(&key, now, out),
                _ => {}
            }
            self.deadlines.remove(&(at, key));
        }
    }

    fn change(
        &mut self,
        key: &SeatKey,
        state: SeatState,
        deadline: Option<i64>,
        now: i64,
        out: &mut Vec<Effect>,
    ) {
        let Some(seat) = self.seats.get_mut(key) else {
            return;
        };
        if let Some(at) = seat.deadline.take() {
            self.deadlines.remove(&(at, key.clone()));
        }
        if let Some(at) = deadline {
            seat.deadline = Some(at);
            self.deadlines.insert((at, key.clone()));
        }
        self.idle.remove(&(seat.idle_since, key.clone()));
        if matches!(state, SeatState::Ready)
            && !matches!(
                seat.state,
                SeatState::Reserved { .. } | SeatState::Ringing { .. } | SeatState::Ready
            )
        {
            seat.idle_since = now;
        }
        seat.state = state.clone();
        seat.since = now;
        out.push(Effect::SeatChanged { seat: key.clone(), state: Some(state) });
        self.file_idle(key);
    }

    fn file_idle(&mut self, key: &SeatKey) {
        let Some(seat) = self.seats.get(key) else {
            return;
        };
        let entry = (seat.idle_since, key.clone());
        if matches!(seat.state, SeatState::Ready) && seat.reachable {
            self.idle.insert(entry);
        } else {
            self.idle.remove(&entry);
        }
    }

    /// Gives waiting calls to idle seats until one of both has run out.
    fn match_up(&mut self, now: i64, out: &mut Vec<Effect>) {
        while let (Some((turn, call)), Some((_, seat))) = (self.waiting.first_key_value(), self.idle.first())
        {
            let (turn, call, seat) = (*turn, call.clone(), seat.clone());
            self.waiting.remove(&turn);
            if let Some(call) = self.calls.get_mut(&call) {
                call.place = Place::Offered(seat.clone());
            }
            let state = SeatState::Reserved { call: call.clone() };
            self.change(&seat, state, Some(now + self.config.reserve_ms), now, out);
            out.push(Effect::Offer { call, seat });
        }
    }

    fn announce(&mut self, now: i64, out: &mut Vec<Effect>) {
        if now < self.announce_due {
            return;
        }
        self.announce_due = i64::MAX;
        for (index, key) in self.waiting.values().enumerate() {
            let Some(call) = self.calls.get_mut(key) else {
                continue;
            };
            if call.announce_at <= now {
                call.announce_at = now + self.config.announcement_ms.max(1_000);
                out.push(Effect::Announce { call: key.clone(), position: index + 1 });
            }
            self.announce_due = self.announce_due.min(call.announce_at);
        }
    }

    /// Checks the invariants of the crate's README.
    ///
    /// # Panics
    /// When one does not hold; for tests.
    #[doc(hidden)]
    pub fn check(&self) {
        for (turn, key) in &self.waiting {
            let call = &self.calls[key];
            assert!(matches!(call.place, Place::Waiting(t) if t == *turn), "{key} waits twice");
        }
        for (key, call) in &self.calls {
            match &call.place {
                Place::Waiting(turn) => assert_eq!(self.waiting.get(turn), Some(key), "{key} lost"),
                Place::Offered(seat) => {
                    assert!(self.offer_stands(seat, key), "{key} is offered to a seat that does not know")
                }
                Place::Connected(seat) => assert!(
                    matches!(self.state(seat), Some(SeatState::OnCall { call }) if call == key),
                    "{key} is connected to a seat that does not know"
                ),
            }
        }
        for (key, seat) in &self.seats {
            let idle = self.idle.contains(&(seat.idle_since, key.clone()));
            let free = matches!(seat.state, SeatState::Ready) && seat.reachable;
            assert_eq!(idle, free, "{key} is filed wrongly");
            match &seat.state {
                SeatState::Ringing { .. } | SeatState::OnCall { .. } if seat.engaged => {
                    assert!(seat.deadline.is_none(), "{key} is engaged and has a lease");
                }
                _ if seat.engaged => panic!("{key} is engaged without a call"),
                SeatState::Reserved { call } | SeatState::Ringing { call } => {
                    assert!(seat.deadline.is_some(), "{key} holds a lease without an end");
                    assert!(matches!(&self.calls[call].place, Place::Offered(s) if s == key));
                }
                SeatState::WrapUp { .. } => assert!(seat.deadline.is_some()),
                SeatState::OnCall { call } => {
                    assert!(matches!(&self.calls[call].place, Place::Connected(s) if s == key));
                }
                SeatState::Ready | SeatState::Resting(_) => {
                    assert!(!seat.leaving, "{key} should have left");
                }
            }
            if let Some(at) = seat.deadline {
                assert!(self.deadlines.contains(&(at, key.clone())));
            }
        }
        assert_eq!(self.deadlines.len(), self.seats.values().filter(|seat| seat.deadline.is_some()).count());
        assert!(self.idle.len() <= self.seats.len());
        assert!(self.waiting.is_empty() || self.idle.is_empty(), "a call waits beside a free seat");
    }
}
