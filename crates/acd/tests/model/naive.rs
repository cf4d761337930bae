//! The rules of the floor written down once more, slowly: lists that are searched from end to end.

use acd::{BreakRule, FloorConfig, Medium, OverflowTarget, QueueConfig, SeatProfile, Strategy};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    Waiting,
    Held(String),
    Offered(String),
    Connected(String),
}

#[derive(Clone, Debug)]
pub struct Call {
    pub id: String,
    pub queue: String,
    pub medium: Medium,
    pub turn: (u8, i64, u64),
    pub at: At,
    joined_at: i64,
    patience: Option<i64>,
    open: bool,
    overflow_at: Option<i64>,
    lease: Option<i64>,
    left: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    Ready,
    Reserved(String),
    Ringing(String),
    OnCall(String),
    WrapUp(String),
    NotReady,
    Break,
}

#[derive(Clone, Debug)]
pub struct Seat {
    pub id: String,
    pub does: Does,
    pub profile: SeatProfile,
    idle_since: i64,
    reachable: bool,
    calls: i64,
    talked: i64,
    call_since: i64,
    call_queue: String,
    due: Option<i64>,
    then: Option<Does>,
    leaving: bool,
    silent: u8,
    asked: bool,
    engaged: bool,
}

#[derive(Clone, Debug)]
pub struct Naive {
    pub config: FloorConfig,
    pub calls: Vec<Call>,
    pub seats: Vec<Seat>,
    arrivals: u64,
    staff_left: bool,
}

impl Naive {
    pub fn new(config: FloorConfig) -> Self {
        Self { config, calls: Vec::new(), seats: Vec::new(), arrivals: 0, staff_left: false }
    }

    fn queue(&self, key: &str) -> QueueConfig {
        self.config
            .queues
            .iter()
            .find(|queue| queue.key.as_str() == key)
            .unwrap_or(&self.config.queues[0])
            .clone()
    }

    fn call(&mut self, id: &str) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    pub fn seat(&mut self, id: &str) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.id == id)
    }

    fn waiting_in(&self, queue: &str) -> usize {
        self.calls.iter().filter(|call| call.at == At::Waiting && call.queue == queue).count()
    }

    pub fn position(&self, id: &str) -> Option<usize> {
        let me = self.calls.iter().find(|call| call.id == id && call.at == At::Waiting)?;
        let before = self.calls.iter().filter(|call| {
            call.at == At::Waiting
                && call.queue == me.queue
                && call.medium == me.medium
                && call.turn < me.turn
        });
        Some(before.count() + 1)
    }

    // What callers do.

    pub fn enqueue(
        &mut self,
        id: &str,
        queue: &str,
        medium: Medium,
        priority: u8,
        prefer: Option<(&str, i64)>,
        now: i64,
    ) {
        let queue = self.queue(queue);
        let waiting = self.calls.iter().filter(|call| call.at == At::Waiting).count();
        if self.call(id).is_some()
            || waiting >= self.config.waiting_limit
            || self.waiting_in(queue.key.as_str()) >= queue.capacity
        {
            return;
        }
        self.arrivals += 1;
        let head_start = i64::from(priority + queue.priority) * self.config.head_start_ms;
        let turn = (1, now - head_start, self.arrivals);
        self.add(id, &queue, medium, turn, now);
        let held = prefer.filter(|(seat, _)| {
            self.seats.iter().any(|s| {
                s.id == *seat
                    && !s.leaving
                    && s.then.is_none()
                    && !matches!(s.does, Does::NotReady | Does::Break)
            })
        });
        if let (Some((seat, patience)), Some(call)) = (held, self.call(id)) {
            call.at = At::Held(seat.to_owned());
            call.patience = Some(now + patience);
        } else {
            self.line_up(id, now);
        }
    }

    fn add(&mut self, id: &str, queue: &QueueConfig, medium: Medium, turn: (u8, i64, u64), now: i64) {
        self.calls.push(Call {
            id: id.to_owned(),
            queue: queue.key.to_string(),
            medium,
            turn,
            at: At::Waiting,
            joined_at: now,
            patience: None,
            open: false,
            overflow_at: overflow_at(queue, now),
            lease: None,
            left: Vec::new(),
        });
    }

    fn line_up(&mut self, id: &str, now: i64) {
        let Some(queue) = self.call(id).map(|call| call.queue.clone()) else { return };
        let config = self.queue(&queue);
        if let Some(call) = self.call(id) {
            call.at = At::Waiting;
            call.patience = None;
            call.lease = None;
            call.open = opens_at(&config, call.joined_at).is_some_and(|at| at <= now);
        }
        if self.unstaffed(&config) {
            self.overflow(id, now);
        }
    }

    fn wait_again(&mut self, id: &str, now: i64) {
        let Some(call) = self.call(id) else { return };
        call.turn.0 = 0;
        call.at = At::Waiting;
        call.lease = None;
        let (queue, joined_at) = (call.queue.clone(), call.joined_at);
        let open = opens_at(&self.queue(&queue), joined_at).is_some_and(|at| at <= now);
        if let Some(call) = self.call(id) {
            call.open = open;
        }
    }

    pub fn come_back(&mut self, id: &str, now: i64) {
        match self.call(id).map(|call| (call.at.clone(), call.medium)) {
            Some((At::Connected(seat), medium)) => {
                if medium.is_live() {
                    self.count_talk(&seat, now);
                }
                self.wait_again(id, now);
                if medium.is_live() {
                    self.set(&seat, Does::NotReady, None, now);
                    self.leave_if_wanted(&seat, now);
                }
            }
            Some(_) => {}
            None => {
                self.arrivals += 1;
                let queue = self.config.queues[0].clone();
                self.add(id, &queue, Medium::Voice, (0, now, self.arrivals), now);
                self.line_up(id, now);
            }
        }
    }

    pub fn leave(&mut self, id: &str, now: i64) {
        let Some(call) = self.call(id).cloned() else { return };
        match call.at {
            At::Offered(seat) if call.medium.is_live() => self.free(&seat, now),
            At::Connected(seat) if call.medium.is_live() => self.wrap_up(&seat, id, now),
            _ => {}
        }
        self.calls.retain(|call| call.id != id);
    }

    fn unstaffed(&self, queue: &QueueConfig) -> bool {
        let helped = queue.general_after_ms.is_some() && self.seats.iter().any(|seat| seat.profile.general);
        queue.overflow.as_ref().is_some_and(|overflow| overflow.when_unstaffed)
            && !self.seats.iter().any(|seat| seat.profile.level(queue).is_some())
            && !helped
    }

    fn overflow(&mut self, id: &str, now: i64) {
        let Some(call) = self.calls.iter().find(|call| call.id == id && call.at == At::Waiting).cloned()
        else {
            return;
        };
        let config = self.queue(&call.queue);
        let Some(overflow) = config.overflow.clone() else { return };
        let to = match overflow.to {
            OverflowTarget::Number(_) => {
                self.calls.retain(|call| call.id != id);
                return;
            }
            OverflowTarget::Queue(to) => to.to_string(),
        };
        let known = self.config.queues.iter().any(|queue| queue.key.as_str() == to);
        let full = self.waiting_in(&to) >= self.queue(&to).capacity;
        let target = self.queue(&to);
        let Some(call) = self.call(id) else { return };
        if !known || to == call.queue || call.left.contains(&to) {
            call.overflow_at = None;
        } else if full {
            call.overflow_at = Some(now + overflow.after_ms.unwrap_or(5_000).max(1_000));
        } else {
            call.left.push(call.queue.clone());
            call.queue = to;
            call.joined_at = now;
            call.overflow_at = overflow_at(&target, now);
            self.line_up(id, now);
        }
    }

    // What seats do.

    pub fn sign_in(&mut self, id: &str, now: i64) {
        if let Some(seat) = self.seat(id) {
            seat.leaving = false;
            return;
        }
        let calls = self.seats.iter().map(|seat| seat.calls).min().unwrap_or(0);
        let talked = self.seats.iter().map(|seat| seat.talked).min().unwrap_or(0);
        self.seats.push(Seat {
            id: id.to_owned(),
            does: Does::NotReady,
            profile: SeatProfile::default(),
            idle_since: now,
            reachable: false,
            calls,
            talked,
            call_since: now,
            call_queue: String::new(),
            due: None,
            then: None,
            leaving: false,
            silent: 0,
            asked: false,
            engaged: false,
        });
    }

    pub fn profile(&mut self, id: &str, profile: SeatProfile) {
        if let Some(seat) = self.seat(id) {
            seat.profile = profile;
            self.staff_left = true;
        }
    }

    pub fn sign_out(&mut self, id: &str, now: i64) {
        match self.seat(id).map(|seat| (seat.does.clone(), seat.engaged)) {
            None => return,
            Some((Does::OnCall(_), _) | (_, true)) => {
                if let Some(seat) = self.seat(id) {
                    seat.leaving = true;
                }
                self.release_all(id, now);
                return;
            }
            Some((Does::Reserved(call) | Does::Ringing(call), _)) => {
                self.wait_again(&call, now);
                self.free(id, now);
            }
            Some(_) => {}
        }
        self.remove(id, now);
    }

    fn remove(&mut self, id: &str, now: i64) {
        let mut written: Vec<String> = self
            .calls
            .iter()
            .filter(|call| !call.medium.is_live())
            .filter(|call| matches!(&call.at, At::Offered(s) | At::Connected(s) if s == id))
            .map(|call| call.id.clone())
            .collect();
        written.sort();
        for call in written {
            self.wait_again(&call, now);
        }
        self.release_all(id, now);
        self.seats.retain(|seat| seat.id != id);
        self.staff_left = true;
    }

    fn leave_if_wanted(&mut self, id: &str, now: i64) {
        if self.seat(id).is_some_and(|seat| seat.leaving) {
            self.remove(id, now);
        }
    }

    fn release_all(&mut self, seat: &str, now: i64) {
        let mut held: Vec<_> = self
            .calls
            .iter()
            .filter(|call| call.at == At::Held(seat.to_owned()))
            .map(|call| (call.turn, call.id.clone()))
            .collect();
        held.sort();
        for (_, call) in held {
            self.line_up(&call, now);
        }
    }

    pub fn phone(&mut self, id: &str, reachable: bool, now: i64) {
        let Some(seat) = self.seat(id) else { return };
        seat.reachable = reachable;
        if seat.engaged {
            return;
        }
        if let (false, Does::Reserved(call) | Does::Ringing(call)) = (reachable, seat.does.clone()) {
            self.wait_again(&call, now);
            self.free(id, now);
        }
    }

    pub fn want(&mut self, id: &str, rest: Option<Does>, now: i64) {
        let BreakRule { away_max_pct, waiting_min } = self.config.breaks;
        let away = self.seats.iter().filter(|seat| seat.does == Does::Break).count();
        let waiting = self.calls.iter().filter(|call| call.at == At::Waiting).count();
        let busy = away_max_pct
            .is_some_and(|pct| away > 0 && (away + 1) * 100 > usize::from(pct) * self.seats.len())
            || waiting_min.is_some_and(|least| waiting >= least.max(1));
        let Some(seat) = self.seat(id) else { return };
        let is_there = seat.does == Does::Break || seat.then == Some(Does::Break);
        if rest == Some(Does::Break) && !is_there && busy {
            seat.asked = true;
            return;
        }
        self.force(id, rest, now);
    }

    fn force(&mut self, id: &str, rest: Option<Does>, now: i64) {
        let Some(seat) = self.seat(id) else { return };
        seat.asked = false;
        match seat.does {
            Does::Reserved(_) | Does::Ringing(_) | Does::OnCall(_) => {
                seat.then = rest.clone();
                if rest.is_some() {
                    self.release_all(id, now);
                }
            }
            _ => {
                seat.then = None;
                let does = rest.unwrap_or(Does::Ready);
                if seat.does != does {
                    self.set(id, does, None, now);
                }
            }
        }
    }

    pub fn decide(&mut self, id: &str, approved: bool, now: i64) {
        let Some(seat) = self.seat(id).filter(|seat| seat.asked) else { return };
        seat.asked = false;
        if approved {
            self.force(id, Some(Does::Break), now);
        }
    }

    pub fn engage(&mut self, id: &str, call: &str, now: i64) {
        let Some(seat) = self.seat(id) else { return };
        let free = matches!(seat.does, Does::Ready | Does::NotReady | Does::Break | Does::WrapUp(_));
        if seat.leaving || !free {
            return;
        }
        seat.engaged = true;
        seat.call_since = now;
        if matches!(seat.does, Does::NotReady | Does::Break) {
            seat.then.get_or_insert(seat.does.clone());
        }
        self.set(id, Does::Ringing(call.to_owned()), None, now);
    }

    fn engaged_with(&mut self, id: &str, call: &str) -> Option<&mut Seat> {
        let calls = [Does::Ringing(call.to_owned()), Does::OnCall(call.to_owned())];
        self.seat(id).filter(|seat| seat.engaged && calls.contains(&seat.does))
    }

    pub fn joined(&mut self, id: &str, call: &str, now: i64) {
        let Some(seat) = self.engaged_with(id, call) else { return };
        seat.call_since = now;
        self.set(id, Does::OnCall(call.to_owned()), None, now);
    }

    pub fn disengage(&mut self, id: &str, call: &str, wrap_up: bool, now: i64) {
        let Some(seat) = self.engaged_with(id, call) else { return };
        seat.engaged = false;
        if wrap_up {
            self.wrap_up(id, call, now);
        } else {
            self.free(id, now);
            self.leave_if_wanted(id, now);
        }
    }

    pub fn rung(&mut self, id: &str, call: &str, now: i64) {
        let ring_ms = self.config.ring_ms;
        if self.seat(id).is_some_and(|seat| seat.does == Does::Reserved(call.to_owned())) {
            if let Some(seat) = self.seat(id) {
                seat.silent = 0;
            }
            self.set(id, Does::Ringing(call.to_owned()), Some(now + ring_ms), now);
        }
    }

    pub fn accepted(&mut self, id: &str, call: &str, now: i64) {
        let Some(found) = self.call(call).filter(|call| call.at == At::Offered(id.to_owned())) else {
            return;
        };
        found.at = At::Connected(id.to_owned());
        found.lease = None;
        let (live, queue) = (found.medium.is_live(), found.queue.clone());
        let Some(seat) = self.seat(id) else { return };
        seat.calls += 1;
        if live {
            seat.call_since = now;
            seat.call_queue = queue;
            self.set(id, Does::OnCall(call.to_owned()), None, now);
        }
    }

    pub fn rejected(&mut self, id: &str, call: &str, now: i64) {
        let Some(found) = self.call(call).filter(|call| call.at == At::Offered(id.to_owned())) else {
            return;
        };
        let live = found.medium.is_live();
        self.wait_again(call, now);
        let then = self.seat(id).and_then(|seat| if live { seat.then.take() } else { None });
        if live || self.seat(id).is_some_and(|seat| seat.does == Does::Ready) {
            self.set(id, then.unwrap_or(Does::NotReady), None, now);
        }
    }

    pub fn done(&mut self, id: &str, now: i64) {
        if matches!(self.seat(id).map(|seat| &seat.does), Some(Does::WrapUp(_))) {
            self.after(id, now);
        }
    }

    fn count_talk(&mut self, id: &str, now: i64) {
        if let Some(seat) = self.seat(id) {
            seat.talked += now - seat.call_since;
        }
    }

    fn wrap_up(&mut self, id: &str, call: &str, now: i64) {
        self.count_talk(id, now);
        let queue = self.seat(id).map(|seat| seat.call_queue.clone()).unwrap_or_default();
        let wrap_up_ms = self.queue(&queue).wrap_up_ms;
        if wrap_up_ms == 0 {
            self.after(id, now);
            return;
        }
        self.set(id, Does::WrapUp(call.to_owned()), Some(now + wrap_up_ms), now);
        self.leave_if_wanted(id, now);
    }

    fn after(&mut self, id: &str, now: i64) {
        if let Some(seat) = self.seat(id) {
            seat.idle_since = now;
        }
        self.free(id, now);
        self.leave_if_wanted(id, now);
    }

    fn free(&mut self, id: &str, now: i64) {
        let then = self.seat(id).and_then(|seat| seat.then.take());
        self.set(id, then.unwrap_or(Does::Ready), None, now);
    }

    fn set(&mut self, id: &str, does: Does, due: Option<i64>, now: i64) {
        let Some(seat) = self.seat(id) else { return };
        let was_offered = matches!(seat.does, Does::Ready | Does::Reserved(_) | Does::Ringing(_));
        if does == Does::Ready && !was_offered {
            seat.idle_since = now;
        }
        let rests = matches!(does, Does::NotReady | Does::Break);
        seat.does = does;
        seat.due = due;
        if rests {
            self.release_all(id, now);
        }
    }

    // Time, and who gets whom.

    pub fn tick(&mut self, now: i64) {
        loop {
            let mut due: Vec<(i64, u8, String)> = Vec::new();
            for call in &self.calls {
                let held = matches!(call.at, At::Held(_));
                let waits = call.at == At::Waiting;
                let opens =
                    opens_at(&self.queue(&call.queue), call.joined_at).filter(|_| !call.open && waits);
                let times = [
                    call.patience.filter(|_| held),
                    opens,
                    call.overflow_at.filter(|_| waits),
                    None,
                    call.lease,
                ];
                for (kind, at) in (0u8..).zip(times) {
                    due.extend(at.map(|at| (at, kind, call.id.clone())));
                }
            }
            for seat in &self.seats {
                due.extend(seat.due.map(|at| (at, 9, seat.id.clone())));
            }
            let Some((_, kind, id)) = due.into_iter().filter(|(at, ..)| *at <= now).min() else { return };
            match kind {
                0 => self.line_up(&id, now),
                1 => {
                    if let Some(call) = self.call(&id) {
                        call.open = true;
                    }
                }
                2 => {
                    let Some(call) = self.call(&id) else { return };
                    call.overflow_at = None;
                    let (queue, joined_at) = (call.queue.clone(), call.joined_at);
                    let queue = self.queue(&queue);
                    if self.unstaffed(&queue) || overflow_at(&queue, joined_at).is_some_and(|at| at <= now) {
                        self.overflow(&id, now);
                    }
                }
                4 => {
                    let Some(At::Offered(seat)) = self.call(&id).map(|call| call.at.clone()) else { return };
                    self.rejected(&seat, &id, now);
                }
                _ => self.seat_due(&id, now),
            }
        }
    }

    fn seat_due(&mut self, id: &str, now: i64) {
        let Some(seat) = self.seat(id) else { return };
        seat.due = None;
        match seat.does.clone() {
            Does::Ringing(call) => self.rejected(id, &call, now),
            Does::Reserved(call) => {
                seat.silent += 1;
                seat.idle_since = now;
                if seat.silent < 3 {
                    self.wait_again(&call, now);
                    self.free(id, now);
                } else {
                    self.rejected(id, &call, now);
                    if let Some(seat) = self.seat(id) {
                        seat.silent = seat.silent.max(3);
                    }
                }
            }
            Does::WrapUp(_) => self.after(id, now),
            _ => {}
        }
    }

    fn takes(&self, seat: &Seat, medium: Medium) -> bool {
        let written = |wanted: Option<Medium>| {
            self.calls
                .iter()
                .filter(|call| !call.medium.is_live() && wanted.is_none_or(|medium| call.medium == medium))
                .filter(|call| matches!(&call.at, At::Offered(s) | At::Connected(s) if *s == seat.id))
                .count()
        };
        if seat.does != Does::Ready || seat.leaving {
            return false;
        }
        if medium.is_live() {
            let can = medium == Medium::Voice || seat.profile.video;
            return can && seat.reachable && (seat.profile.rings_beside_written || written(None) == 0);
        }
        written(Some(medium)) < usize::from(seat.profile.capacity.get(&medium).copied().unwrap_or(0))
    }

    /// After every input: whoever left may leave queues empty, then calls meet seats.
    pub fn settle(&mut self, now: i64) {
        let left = std::mem::take(&mut self.staff_left);
        for queue in self.config.queues.clone() {
            if !left || !self.unstaffed(&queue) {
                continue;
            }
            let mut calls: Vec<_> = self
                .calls
                .iter()
                .filter(|call| call.at == At::Waiting && call.queue == queue.key.as_str())
                .map(|call| (call.turn, call.id.clone()))
                .collect();
            calls.sort();
            for (_, call) in calls {
                self.overflow(&call, now);
            }
        }
        while let Some((call, seat)) = self.next_pair() {
            let (reserve, written) = (now + self.config.reserve_ms, now + self.config.written_ms);
            let Some(found) = self.call(&call) else { return };
            found.at = At::Offered(seat.clone());
            found.patience = None;
            if found.medium.is_live() {
                self.set(&seat, Does::Reserved(call), Some(reserve), now);
            } else {
                found.lease = Some(written);
            }
        }
    }

    fn next_pair(&self) -> Option<(String, String)> {
        let mut calls: Vec<&Call> = self.calls.iter().collect();
        calls.sort_by_key(|call| call.turn);
        let wanted = calls.iter().find_map(|call| {
            let At::Held(seat) = &call.at else { return None };
            let seat = self.seats.iter().find(|s| s.id == *seat)?;
            self.takes(seat, call.medium).then(|| (call.id.clone(), seat.id.clone()))
        });
        wanted.or_else(|| {
            let mut waiting = calls.iter().filter(|call| call.at == At::Waiting);
            waiting.find_map(|call| self.seat_for(call).map(|seat| (call.id.clone(), seat)))
        })
    }

    fn seat_for(&self, call: &Call) -> Option<String> {
        let queue = self.queue(&call.queue);
        let best = |professional: bool| {
            let fits = |seat: &&Seat| seat.profile.level(&queue).is_some() == professional;
            let can = |seat: &&Seat| (professional || seat.profile.general) && self.takes(seat, call.medium);
            let rank = |seat: &&Seat| {
                let level = seat.profile.level(&queue).unwrap_or(0);
                let measure = match queue.strategy {
                    Strategy::EqualCalls => seat.calls,
                    Strategy::EqualTalk => seat.talked,
                    Strategy::LongestIdle => seat.idle_since,
                    Strategy::SkillFirst => -level,
                    Strategy::FixedOrder => seat.profile.order,
                };
                (measure, seat.idle_since, seat.id.clone())
            };
            self.seats.iter().filter(fits).filter(can).min_by_key(rank).map(|seat| seat.id.clone())
        };
        let at_work = self.seats.iter().any(|seat| {
            seat.profile.level(&queue).is_some()
                && match seat.does {
                    Does::NotReady | Does::Break => false,
                    Does::Ready => seat.reachable,
                    _ => true,
                }
        });
        let helped = queue.general_after_ms.is_some() && (call.open || !at_work);
        best(true).or_else(|| if helped { best(false) } else { None })
    }
}

fn opens_at(queue: &QueueConfig, joined_at: i64) -> Option<i64> {
    queue.general_after_ms.filter(|_| !queue.skills.is_empty()).map(|after| joined_at + after)
}

fn overflow_at(queue: &QueueConfig, now: i64) -> Option<i64> {
    queue.overflow.as_ref().and_then(|overflow| overflow.after_ms).map(|after| now + after)
}
