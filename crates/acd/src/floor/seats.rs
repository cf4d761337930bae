//! What seats do: sign in and out, ring, talk, write.

use super::{Floor, HANDLING_WEIGHT, Member, Place, SILENT_LEASES_MAX, Seat, Timer, line_of};
use crate::config::{Medium, SeatProfile, Strategy};
use crate::types::{CallKey, Effect, Rest, SeatKey, SeatState, WithdrawReason};

impl Floor {
    pub(super) fn sign_in(&mut self, key: SeatKey, now: i64, out: &mut Vec<Effect>) {
        if let Some(seat) = self.seats.get_mut(&key) {
            seat.leaving = false;
            return;
        }
        let state = SeatState::Resting(Rest::NotReady);
        // Whoever comes in the middle of a shift starts level with the least burdened, else all calls would
        // be theirs until they had caught up.
        let calls_taken = self.seats.values().map(|seat| seat.calls_taken).min().unwrap_or(0);
        let talked_ms = self.seats.values().map(|seat| seat.talked_ms).min().unwrap_or(0);
        self.seats.insert(
            key.clone(),
            Seat {
                state: state.clone(),
                since: now,
                idle_since: now,
                reachable: false,
                profile: SeatProfile::default(),
                members: Vec::new(),
                filed: Vec::new(),
                at_work: false,
                calls_taken,
                talked_ms,
                call_since: now,
                call_queue: 0,
                written: std::collections::BTreeMap::new(),
                wanted: std::collections::BTreeSet::new(),
                deadline: None,
                then: None,
                leaving: false,
                engaged: false,
                silent_leases: 0,
                request: None,
            },
        );
        self.enroll(&key);
        out.push(Effect::SeatChanged { seat: key, state: Some(state) });
    }

    pub(super) fn change_profile(&mut self, key: &SeatKey, profile: SeatProfile, _now: i64) {
        if !self.seats.contains_key(key) {
            return;
        }
        self.disenroll(key);
        if let Some(seat) = self.seats.get_mut(key) {
            seat.profile = profile;
        }
        self.enroll(key);
        self.staff_left = true;
    }

    /// Counts a seat in the queues that it serves.
    pub(super) fn enroll(&mut self, key: &SeatKey) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        seat.members.clear();
        for (index, queue) in self.queues.iter_mut().enumerate() {
            let level = seat.profile.level(&queue.config);
            if level.is_some() {
                queue.signed_in += 1;
                queue.at_work += usize::from(seat.at_work);
            } else if !seat.profile.general || queue.config.general_after_ms.is_none() {
                continue;
            }
            for medium in Medium::ALL {
                let can = match medium {
                    Medium::Voice => true,
                    Medium::Video => seat.profile.video,
                    written => seat.profile.capacity.get(&written).is_some_and(|count| *count > 0),
                };
                if can {
                    let line = line_of(index, medium);
                    seat.members.push(Member {
                        line,
                        professional: level.is_some(),
                        level: level.unwrap_or(0),
                    });
                }
            }
        }
        if seat.profile.general {
            self.general_signed_in += 1;
            self.general_at_work += usize::from(seat.at_work);
        }
        self.file(key);
    }

    /// Takes a seat out of all counts and lines.
    pub(super) fn disenroll(&mut self, key: &SeatKey) {
        self.unfile(key);
        let Some(seat) = self.seats.get_mut(key) else { return };
        seat.members.clear();
        for (index, queue) in self.queues.iter_mut().enumerate() {
            if seat.profile.level(&queue.config).is_some() {
                queue.signed_in -= 1;
                queue.at_work -= usize::from(seat.at_work);
                if queue.at_work == 0 {
                    self.stirred.extend(Medium::ALL.map(|medium| line_of(index, medium)));
                }
            }
        }
        if seat.profile.general {
            self.general_signed_in -= 1;
            self.general_at_work -= usize::from(seat.at_work);
        }
    }

    pub(super) fn sign_out(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        match self.state(key).cloned() {
            None => return,
            Some(state) if matches!(state, SeatState::OnCall { .. }) || self.seats[key].engaged => {
                if let Some(seat) = self.seats.get_mut(key) {
                    seat.leaving = true;
                }
                self.file(key);
                self.release_wanted(key, now, out);
                return;
            }
            Some(SeatState::Reserved { call } | SeatState::Ringing { call }) => {
                self.take_back(key, &call, WithdrawReason::SeatGone, now, out);
            }
            Some(_) => {}
        }
        self.remove_seat(key, now, out);
    }

    fn remove_seat(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get(key) else { return };
        let written: Vec<CallKey> = seat.written.keys().cloned().collect();
        for call in written {
            self.withdraw(&call, key, WithdrawReason::SeatGone, out);
            self.drop_written(key, &call, now);
            self.wait_again(&call, now);
        }
        self.release_wanted(key, now, out);
        self.end_request(key, false, out);
        self.disenroll(key);
        if let Some(seat) = self.seats.remove(key) {
            self.on_break -= usize::from(seat.state == SeatState::Resting(Rest::Break));
            if let Some(at) = seat.deadline {
                self.timers.remove(&(at, Timer::Seat(key.clone())));
            }
            out.push(Effect::SeatChanged { seat: key.clone(), state: None });
        }
        self.staff_left = true;
    }

    pub(super) fn leave_if_wanted(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        if self.seats.get(key).is_some_and(|seat| seat.leaving) {
            self.remove_seat(key, now, out);
        }
    }

    /// Lets everybody who waits for this seat alone wait for others too.
    pub(super) fn release_wanted(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get(key) else { return };
        let wanted: Vec<CallKey> = seat.wanted.iter().map(|(_, call)| call.clone()).collect();
        for call in wanted {
            self.release(&call, now, out);
        }
    }

    pub(super) fn phone(&mut self, key: &SeatKey, reachable: bool, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        seat.reachable = reachable;
        match seat.state.clone() {
            SeatState::Reserved { call } | SeatState::Ringing { call } if !reachable && !seat.engaged => {
                self.take_back(key, &call, WithdrawReason::SeatGone, now, out);
            }
            _ => self.file(key),
        }
    }

    pub(super) fn offer_stands(&self, seat: &SeatKey, call: &CallKey) -> bool {
        self.calls.get(call).is_some_and(|call| matches!(&call.place, Place::Offered(s) if s == seat))
    }

    pub(super) fn rung(&mut self, seat: &SeatKey, call: &CallKey, now: i64, out: &mut Vec<Effect>) {
        if matches!(self.state(seat), Some(SeatState::Reserved { call: c }) if c == call) {
            if let Some(seat) = self.seats.get_mut(seat) {
                seat.silent_leases = 0;
            }
            let state = SeatState::Ringing { call: call.clone() };
            self.change(seat, state, Some(now + self.config.ring_ms), now, out);
        }
    }

    pub(super) fn accepted(&mut self, seat: &SeatKey, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        if !self.offer_stands(seat, key) {
            return;
        }
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.calls_taken += 1;
        }
        self.connect(seat, key, now, out);
    }

    pub(super) fn connect(&mut self, key: &SeatKey, call_key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        self.arm(call_key, super::Due::Lease, None);
        let Some(call) = self.calls.get_mut(call_key) else { return };
        call.place = Place::Connected(key.clone());
        let (queue, is_live) = (call.queue, call.medium.is_live());
        if is_live {
            if let Some(seat) = self.seats.get_mut(key) {
                seat.call_since = now;
                seat.call_queue = queue;
            }
            self.change(key, SeatState::OnCall { call: call_key.clone() }, None, now, out);
        }
        out.push(Effect::Connected { call: call_key.clone(), seat: key.clone() });
    }

    /// Ends an offer that was not taken: the call goes to the front, the seat rests.
    pub(super) fn take_back(
        &mut self,
        key: &SeatKey,
        call: &CallKey,
        reason: WithdrawReason,
        now: i64,
        out: &mut Vec<Effect>,
    ) {
        let rang = matches!(self.state(key), Some(SeatState::Ringing { .. }));
        let is_live = self.calls.get(call).is_some_and(|call| call.medium.is_live());
        self.withdraw(call, key, reason, out);
        if !is_live {
            self.drop_written(key, call, now);
            self.wait_again(call, now);
            // Nobody looked at it: whoever sits there says when to go on.
            if self.state(key) == Some(&SeatState::Ready) && reason != WithdrawReason::SeatGone {
                self.change(key, SeatState::Resting(Rest::NotReady), None, now, out);
            }
            return;
        }
        self.wait_again(call, now);
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

    pub(super) fn drop_written(&mut self, key: &SeatKey, call: &CallKey, _now: i64) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.written.remove(call);
            self.file(key);
        }
    }

    pub(super) fn rest_or_ready(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        let then = self.seats.get_mut(key).and_then(|seat| seat.then.take());
        let state = then.map_or(SeatState::Ready, SeatState::Resting);
        self.change(key, state, None, now, out);
    }

    pub(super) fn count_talk(&mut self, key: &SeatKey, now: i64) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.talked_ms += now - seat.call_since;
        }
    }

    pub(super) fn begin_wrap_up(&mut self, key: &SeatKey, call: &CallKey, now: i64, out: &mut Vec<Effect>) {
        self.count_talk(key, now);
        let queue = self.seats.get(key).map_or(0, |seat| seat.call_queue);
        let wrap_up_ms = self.queues[queue].config.wrap_up_ms;
        if wrap_up_ms <= 0 {
            self.after_call(key, now, out);
            return;
        }
        self.change(key, SeatState::WrapUp { call: call.clone() }, Some(now + wrap_up_ms), now, out);
        self.leave_if_wanted(key, now, out);
    }

    pub(super) fn after_call(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.idle_since = now;
            let queue = &mut self.queues[seat.call_queue];
            let lately = (now - seat.call_since).clamp(1_000, 3_600_000);
            queue.handling_ms += (lately - queue.handling_ms) / HANDLING_WEIGHT;
        }
        self.rest_or_ready(key, now, out);
        self.leave_if_wanted(key, now, out);
    }

    pub(super) fn change(
        &mut self,
        key: &SeatKey,
        state: SeatState,
        deadline: Option<i64>,
        now: i64,
        out: &mut Vec<Effect>,
    ) {
        self.unfile(key);
        let Some(seat) = self.seats.get_mut(key) else { return };
        if let Some(at) = seat.deadline.take() {
            self.timers.remove(&(at, Timer::Seat(key.clone())));
        }
        if let Some(at) = deadline {
            seat.deadline = Some(at);
            self.timers.insert((at, Timer::Seat(key.clone())));
        }
        if matches!(state, SeatState::Ready)
            && !matches!(
                seat.state,
                SeatState::Reserved { .. } | SeatState::Ringing { .. } | SeatState::Ready
            )
        {
            seat.idle_since = now;
        }
        let on_break = SeatState::Resting(Rest::Break);
        self.on_break -= usize::from(seat.state == on_break);
        self.on_break += usize::from(state == on_break);
        seat.state = state.clone();
        seat.since = now;
        let rests = matches!(seat.state, SeatState::Resting(_));
        out.push(Effect::SeatChanged { seat: key.clone(), state: Some(state) });
        self.file(key);
        if rests {
            self.release_wanted(key, now, out);
        }
    }

    fn unfile(&mut self, key: &SeatKey) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        for (line, professional, rank) in seat.filed.drain(..) {
            let line = &mut self.lines[line];
            let set = if professional { &mut line.professionals } else { &mut line.generals };
            set.remove(&(rank, key.clone()));
        }
    }

    /// Files a seat as free wherever it is, and counts whether it is at work.
    pub(super) fn file(&mut self, key: &SeatKey) {
        self.unfile(key);
        let Some(seat) = self.seats.get_mut(key) else { return };
        for member in &seat.members {
            let medium = Medium::ALL[member.line % Medium::ALL.len()];
            if !seat.takes(medium) {
                continue;
            }
            let queue = &self.queues[member.line / Medium::ALL.len()].config;
            let rank = (seat.measure(queue.strategy, member.level), seat.idle_since);
            let line = &mut self.lines[member.line];
            let set = if member.professional { &mut line.professionals } else { &mut line.generals };
            set.insert((rank, key.clone()));
            seat.filed.push((member.line, member.professional, rank));
            if !line.waiting.is_empty() {
                self.stirred.insert(member.line);
            }
        }
        if !seat.wanted.is_empty() && seat.state == SeatState::Ready {
            self.awaited.insert(key.clone());
        }
        let at_work = match seat.state {
            SeatState::Resting(_) => false,
            SeatState::Ready => seat.reachable,
            _ => true,
        };
        if at_work != seat.at_work {
            seat.at_work = at_work;
            self.count_at_work(key, at_work);
        }
    }

    fn count_at_work(&mut self, key: &SeatKey, at_work: bool) {
        let Some(seat) = self.seats.get(key) else { return };
        let count = |number: &mut usize| if at_work { *number += 1 } else { *number -= 1 };
        let mut last = usize::MAX;
        for member in seat.members.iter().filter(|member| member.professional) {
            let index = member.line / Medium::ALL.len();
            if index == last {
                continue;
            }
            last = index;
            let queue = &mut self.queues[index];
            count(&mut queue.at_work);
            if queue.at_work == 0 && queue.waiting > 0 {
                self.stirred.extend(Medium::ALL.map(|medium| line_of(index, medium)));
            }
        }
        if seat.profile.general {
            count(&mut self.general_at_work);
        }
    }
}

impl Seat {
    /// Tells whether it could be given an item of this medium now.
    pub(super) fn takes(&self, medium: Medium) -> bool {
        let free = self.state == SeatState::Ready && !self.leaving;
        free && match medium {
            Medium::Voice | Medium::Video => {
                self.reachable
                    && (medium == Medium::Voice || self.profile.video)
                    && (self.written.is_empty() || self.profile.rings_beside_written)
            }
            written => {
                let capacity = usize::from(self.profile.capacity.get(&written).copied().unwrap_or(0));
                capacity > 0 && self.written.values().filter(|medium| **medium == written).count() < capacity
            }
        }
    }

    fn measure(&self, strategy: Strategy, level: i64) -> i64 {
        match strategy {
            Strategy::EqualCalls => self.calls_taken,
            Strategy::EqualTalk => self.talked_ms,
            Strategy::LongestIdle => self.idle_since,
            Strategy::SkillFirst => -level,
            Strategy::FixedOrder => self.profile.order,
        }
    }
}
