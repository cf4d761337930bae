//! Readiness and breaks.

use super::{Floor, Timer};
use crate::types::{BreakRequest, Effect, Rest, SeatKey, SeatState};

impl Floor {
    pub(super) fn set_state(&mut self, key: &SeatKey, rest: Option<Rest>, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        let is_there = seat.state == SeatState::Resting(Rest::Break) || seat.then == Some(Rest::Break);
        if rest == Some(Rest::Break) && !is_there && self.needs_approval() {
            self.request_break(key, now, out);
            return;
        }
        self.force_state(key, rest, now, out);
    }

    pub(super) fn force_state(&mut self, key: &SeatKey, rest: Option<Rest>, now: i64, out: &mut Vec<Effect>) {
        self.end_request(key, false, out);
        let Some(seat) = self.seats.get_mut(key) else { return };
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
                if rest.is_some() {
                    self.release_wanted(key, now, out);
                }
            }
        }
    }

    /// Tells whether one more break has to be approved now. However small the floor, one seat may rest.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        let rule = self.config.breaks;
        let away = rule.away_max_pct.is_some_and(|pct| {
            self.on_break > 0 && (self.on_break + 1) * 100 > usize::from(pct) * self.seats.len()
        });
        away || rule.waiting_min.is_some_and(|least| self.waiting >= least.max(1))
    }

    fn request_break(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key).filter(|seat| seat.request.is_none()) else { return };
        let request = BreakRequest { asked_at: now, wanted_at: now, approved: false };
        seat.request = Some(request);
        out.push(Effect::BreakChanged { seat: key.clone(), request: Some(request), refused: false });
    }

    pub(super) fn decide_break(&mut self, key: &SeatKey, approved: bool, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        let Some(request) = &mut seat.request else { return };
        if !approved {
            self.end_request(key, true, out);
            return;
        }
        request.approved = true;
        let request = *request;
        if request.wanted_at <= now {
            self.force_state(key, Some(Rest::Break), now, out);
        } else {
            self.timers.insert((request.wanted_at, Timer::Break(key.clone())));
            out.push(Effect::BreakChanged { seat: key.clone(), request: Some(request), refused: false });
        }
    }

    pub(super) fn postpone_break(&mut self, key: &SeatKey, by_ms: i64, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        let Some(request) = &mut seat.request else { return };
        self.timers.remove(&(request.wanted_at, Timer::Break(key.clone())));
        request.wanted_at = request.wanted_at.max(now).saturating_add(by_ms.max(0));
        let request = *request;
        if request.approved {
            self.timers.insert((request.wanted_at, Timer::Break(key.clone())));
        }
        out.push(Effect::BreakChanged { seat: key.clone(), request: Some(request), refused: false });
    }

    /// Forgets a request, if there is one.
    pub(super) fn end_request(&mut self, key: &SeatKey, refused: bool, out: &mut Vec<Effect>) {
        let Some(request) = self.seats.get_mut(key).and_then(|seat| seat.request.take()) else { return };
        self.timers.remove(&(request.wanted_at, Timer::Break(key.clone())));
        out.push(Effect::BreakChanged { seat: key.clone(), request: None, refused });
    }
}
