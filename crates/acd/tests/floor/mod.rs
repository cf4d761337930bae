//! One test a promise of the README.

use acd::{Arrival, CallKey, Effect, Floor, FloorConfig, Input, Rest, SeatKey, SeatState, WithdrawReason};

fn call(name: &str) -> CallKey {
    name.into()
}

fn seat(name: &str) -> SeatKey {
    name.into()
}

struct Stage {
    floor: Floor,
    now: i64,
}

impl Stage {
    fn new() -> Self {
        Self { floor: Floor::new(FloorConfig::default()), now: 1_000_000 }
    }

    fn go(&mut self, input: Input) -> Vec<Effect> {
        let mut out = self.floor.apply(input, self.now);
        self.floor.check();
        out.retain(|effect| !matches!(effect, Effect::Traced { .. }));
        out
    }

    fn wait(&mut self, ms: i64) -> Vec<Effect> {
        self.now += ms;
        self.go(Input::Tick)
    }

    fn ready(&mut self, name: &str) -> Vec<Effect> {
        self.go(Input::SignIn { seat: seat(name) });
        self.go(Input::Phone { seat: seat(name), reachable: true });
        self.now += 1;
        self.go(Input::SetState { seat: seat(name), rest: None })
    }

    fn enqueue(&mut self, name: &str) -> Vec<Effect> {
        self.now += 1;
        self.go(Input::Enqueue(Arrival::voice(call(name))))
    }

    fn state(&self, name: &str) -> &'static str {
        self.floor.seat(&seat(name)).map_or("gone", |(state, _)| state.name())
    }

    fn answer(&mut self, s: &str, c: &str) {
        self.go(Input::Rung { seat: seat(s), call: call(c) });
        let out = self.go(Input::Accepted { seat: seat(s), call: call(c) });
        assert!(out.contains(&Effect::Connected { call: call(c), seat: seat(s) }), "{out:?}");
    }
}

fn offers(out: &[Effect]) -> Vec<(String, String)> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Offer { call, seat } => Some((call.to_string(), seat.to_string())),
            _ => None,
        })
        .collect()
}

#[test]
fn the_seat_that_was_idle_longest_gets_the_first_call() {
    let mut s = Stage::new();
    s.ready("b");
    s.ready("a");
    assert_eq!(offers(&s.enqueue("1")), [("1".into(), "b".into())]);
    assert_eq!(offers(&s.enqueue("2")), [("2".into(), "a".into())]);
    s.answer("b", "1");
    s.answer("a", "2");
    s.wait(10);
    s.go(Input::Ended { call: call("2") });
    s.go(Input::WrapUpDone { seat: seat("a") });
    s.wait(10);
    s.go(Input::Ended { call: call("1") });
    s.go(Input::WrapUpDone { seat: seat("b") });
    assert_eq!(offers(&s.enqueue("3")), [("3".into(), "a".into())]);
}

#[test]
fn callers_are_served_in_order_and_hear_where_they_stand() {
    let mut s = Stage::new();
    let told = |call_name: &str, position, estimate_ms| Effect::Announce {
        call: call(call_name),
        position,
        estimate_ms,
    };
    s.enqueue("1");
    assert_eq!(s.wait(0), [told("1", 1, None)], "nobody works, so nobody knows how long it takes");
    s.enqueue("2");
    assert_eq!(s.wait(0), [told("2", 2, None)]);
    assert_eq!(s.wait(100), []);
    assert!(s.wait(20_000).contains(&told("2", 2, None)));
    assert_eq!(offers(&s.ready("a")), [("1".into(), "a".into())]);
    s.answer("a", "1");
    let out = s.wait(20_000);
    assert_eq!(out, [told("2", 1, Some(180_000))]);
}

#[test]
fn priority_is_a_head_start_not_a_right() {
    let mut s = Stage::new();
    s.enqueue("old");
    s.now += 50_000;
    s.go(Input::Enqueue(Arrival { priority: 1, ..Arrival::voice(call("vip")) }));
    s.now += 30_000;
    s.go(Input::Enqueue(Arrival { priority: 1, ..Arrival::voice(call("late-vip")) }));
    assert_eq!(offers(&s.ready("a")), [("vip".into(), "a".into())]);
    assert_eq!(offers(&s.ready("b")), [("old".into(), "b".into())]);
}

#[test]
fn nobody_answers_so_the_call_goes_on_and_the_seat_rests() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    s.go(Input::Rung { seat: seat("a"), call: call("1") });
    s.enqueue("2");
    let out = s.wait(20_000);
    assert!(out.contains(&Effect::Withdraw {
        call: call("1"),
        seat: seat("a"),
        reason: WithdrawReason::TimedOut,
    }));
    assert_eq!(s.state("a"), "not_ready");
    assert_eq!(offers(&s.ready("b")), [("1".into(), "b".into())], "the call stands in front");
}

#[test]
fn a_reservation_that_never_rings_ends_by_itself() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    // Once or twice that is forgiven and the call is offered again; then the telephone is taken for dead.
    for _ in 0..3 {
        let out = s.wait(5_000);
        assert!(matches!(out[0], Effect::Withdraw { reason: WithdrawReason::TimedOut, .. }));
    }
    assert_eq!(s.state("a"), "not_ready");
    assert_eq!(s.floor.waiting(), 1);
}

#[test]
fn a_caller_who_hangs_up_withdraws_even_what_was_not_sent() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    let out = s.go(Input::Abandon { call: call("1") });
    assert_eq!(
        out[0],
        Effect::Withdraw { call: call("1"), seat: seat("a"), reason: WithdrawReason::CallerGone }
    );
    assert_eq!(s.state("a"), "ready");
    assert_eq!(s.go(Input::Accepted { seat: seat("a"), call: call("1") }), []);
    assert_eq!(s.state("a"), "ready", "a late answer changes nothing");
}

#[test]
fn a_refusal_rests_the_seat_and_keeps_the_call_in_front() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    s.go(Input::Rejected { seat: seat("a"), call: call("1") });
    assert_eq!(s.state("a"), "not_ready");
    assert_eq!(s.floor.waiting(), 1);
}

#[test]
fn a_break_asked_for_in_a_call_begins_after_it() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    s.answer("a", "1");
    s.go(Input::SetState { seat: seat("a"), rest: Some(Rest::Break) });
    assert_eq!(s.state("a"), "on_call");
    s.go(Input::Ended { call: call("1") });
    assert_eq!(s.state("a"), "wrap_up");
    s.wait(30_000);
    assert_eq!(s.state("a"), "break");
}

#[test]
fn signing_out_in_a_call_waits_for_its_end() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    s.answer("a", "1");
    s.go(Input::SignOut { seat: seat("a") });
    assert_eq!(s.state("a"), "on_call");
    s.go(Input::Ended { call: call("1") });
    assert_eq!(s.state("a"), "gone");
}

#[test]
fn a_lost_telephone_takes_no_offer_and_gives_the_one_it_had_back() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    let out = s.go(Input::Phone { seat: seat("a"), reachable: false });
    assert!(matches!(out[0], Effect::Withdraw { reason: WithdrawReason::SeatGone, .. }));
    assert_eq!(s.state("a"), "ready");
    assert_eq!(s.floor.waiting(), 1);
    let out = s.go(Input::Phone { seat: seat("a"), reachable: true });
    assert_eq!(offers(&out), [("1".into(), "a".into())]);
}

#[test]
fn a_call_that_lost_its_seat_comes_before_all_others() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    s.answer("a", "1");
    s.enqueue("2");
    s.go(Input::Return { call: call("1") });
    assert_eq!(s.state("a"), "not_ready");
    assert_eq!(offers(&s.ready("b")), [("1".into(), "b".into())]);
}

#[test]
fn a_full_queue_refuses() {
    let config = FloorConfig { waiting_limit: 1, ..FloorConfig::default() };
    let mut s = Stage { floor: Floor::new(config), now: 0 };
    s.enqueue("1");
    assert_eq!(s.enqueue("2"), [Effect::Refused { call: call("2") }]);
    assert_eq!(s.enqueue("1"), [Effect::Refused { call: call("1") }]);
}

#[test]
fn a_decision_is_quick_with_two_thousand_seats_and_ten_thousand_callers() {
    let mut s = Stage::new();
    for n in 0..2000 {
        let name = format!("s{n}");
        s.floor.apply(Input::SignIn { seat: seat(&name) }, 0);
        s.floor.apply(Input::Phone { seat: seat(&name), reachable: true }, 0);
    }
    for n in 0..10_000 {
        s.floor.apply(Input::Enqueue(Arrival::voice(call(&format!("c{n}")))), n);
    }
    let mut served = 0;
    for n in 0..2000 {
        let out = s.floor.apply(Input::SetState { seat: seat(&format!("s{n}")), rest: None }, 10_001);
        served += offers(&out).len();
    }
    assert_eq!((served, s.floor.waiting()), (2000, 8000));
    s.floor.check();
}

#[test]
fn state_words_are_stable() {
    assert_eq!(SeatState::Resting(Rest::Break).name(), "break");
}

#[test]
fn an_engaged_seat_gets_no_call_and_goes_back_to_what_it_did() {
    let mut s = Stage::new();
    s.ready("a");
    s.go(Input::Engage { seat: seat("a"), call: call("consult") });
    assert_eq!(s.state("a"), "ringing");
    assert!(offers(&s.enqueue("1")).is_empty());
    s.wait(60_000);
    s.go(Input::Phone { seat: seat("a"), reachable: false });
    s.go(Input::Phone { seat: seat("a"), reachable: true });
    s.go(Input::Rejected { seat: seat("a"), call: call("consult") });
    assert_eq!(s.state("a"), "ringing", "no lease runs and the queue has no say");
    s.go(Input::Joined { seat: seat("a"), call: call("consult") });
    assert_eq!(s.state("a"), "on_call");
    s.go(Input::Disengage { seat: seat("a"), call: call("other"), wrap_up: false });
    assert_eq!(s.state("a"), "on_call");
    let out = s.go(Input::Disengage { seat: seat("a"), call: call("consult"), wrap_up: false });
    assert_eq!(offers(&out), [("1".into(), "a".into())], "then the queue has it back");
}

#[test]
fn whoever_rested_before_being_engaged_rests_afterwards() {
    let mut s = Stage::new();
    s.ready("a");
    s.go(Input::SetState { seat: seat("a"), rest: Some(Rest::Break) });
    s.go(Input::Engage { seat: seat("a"), call: call("help") });
    s.go(Input::Disengage { seat: seat("a"), call: call("help"), wrap_up: false });
    assert_eq!(s.state("a"), "break");
    s.go(Input::Engage { seat: seat("a"), call: call("out") });
    s.go(Input::SignOut { seat: seat("a") });
    assert_eq!(s.state("a"), "ringing", "the call is finished first");
    s.go(Input::Disengage { seat: seat("a"), call: call("out"), wrap_up: true });
    assert_eq!(s.state("a"), "gone");
}

#[test]
fn a_seat_that_has_a_call_cannot_be_engaged() {
    let mut s = Stage::new();
    s.ready("a");
    s.enqueue("1");
    assert!(!s.floor.is_free(&seat("a")));
    s.go(Input::Engage { seat: seat("a"), call: call("2") });
    s.answer("a", "1");
    s.go(Input::Disengage { seat: seat("a"), call: call("2"), wrap_up: false });
    assert_eq!(s.state("a"), "on_call");
}
