//! Several queues: strategies, skills, overflow, preference, written items, breaks, traces.

use std::collections::BTreeMap;

use acd::{
    Arrival, BreakRule, CallKey, Effect, Floor, FloorConfig, Group, Input, Medium, Overflow, OverflowCause,
    OverflowTarget, QueueConfig, Rest, SeatKey, SeatProfile, SeatState, Strategy, Trace, WithdrawReason,
};

fn call(name: &str) -> CallKey {
    name.into()
}

fn seat(name: &str) -> SeatKey {
    name.into()
}

fn skills(list: &[(&str, u8)]) -> BTreeMap<String, u8> {
    list.iter().map(|(skill, level)| ((*skill).to_owned(), *level)).collect()
}

fn queue(key: &str) -> QueueConfig {
    QueueConfig { wrap_up_ms: 0, ..QueueConfig::new(key.into()) }
}

fn config(queues: Vec<QueueConfig>) -> FloorConfig {
    FloorConfig { queues, ..FloorConfig::default() }
}

struct Stage {
    floor: Floor,
    now: i64,
}

impl Stage {
    fn new(queues: Vec<QueueConfig>) -> Self {
        Self { floor: Floor::new(config(queues)), now: 1_000_000 }
    }

    fn go(&mut self, input: Input) -> Vec<Effect> {
        let out = self.floor.apply(input, self.now);
        self.floor.check();
        out
    }

    fn wait(&mut self, ms: i64) -> Vec<Effect> {
        self.now += ms;
        self.go(Input::Tick)
    }

    fn sign_in(&mut self, name: &str, profile: SeatProfile) {
        self.now += 1;
        self.go(Input::SignIn { seat: seat(name) });
        self.go(Input::Profile { seat: seat(name), profile });
        self.go(Input::Phone { seat: seat(name), reachable: true });
    }

    fn ready(&mut self, name: &str) -> Vec<Effect> {
        self.now += 1;
        self.go(Input::SetState { seat: seat(name), rest: None })
    }

    fn join(&mut self, name: &str, queue: &str) -> Vec<Effect> {
        self.now += 1;
        self.go(Input::Enqueue(Arrival { queue: Some(queue.into()), ..Arrival::voice(call(name)) }))
    }

    /// Lets a call be talked on for a while, and ended.
    fn talk(&mut self, s: &str, c: &str, ms: i64) {
        self.go(Input::Accepted { seat: seat(s), call: call(c) });
        self.now += ms;
        self.go(Input::Ended { call: call(c) });
    }

    fn state(&self, name: &str) -> &'static str {
        self.floor.seat(&seat(name)).map_or("gone", |(state, _)| state.name())
    }
}

fn offer(out: &[Effect]) -> Option<(&str, &str)> {
    out.iter().find_map(|effect| match effect {
        Effect::Offer { call, seat } => Some((call.as_str(), seat.as_str())),
        _ => None,
    })
}

fn general() -> SeatProfile {
    SeatProfile::default()
}

fn specialist(list: &[(&str, u8)]) -> SeatProfile {
    SeatProfile { skills: skills(list), general: false, ..SeatProfile::default() }
}

fn strategy(strategy: Strategy) -> Vec<QueueConfig> {
    vec![QueueConfig { strategy, ..queue("main") }]
}

#[test]
fn equal_calls_asks_whoever_had_fewest() {
    let mut s = Stage::new(strategy(Strategy::EqualCalls));
    for name in ["a", "b"] {
        s.sign_in(name, general());
    }
    s.ready("a");
    s.join("1", "main");
    s.talk("a", "1", 1_000);
    s.ready("b");
    // `a` has been idle longer, but has had a call.
    s.wait(1);
    assert_eq!(offer(&s.join("2", "main")), Some(("2", "b")));
    s.talk("b", "2", 600_000);
    assert_eq!(offer(&s.join("3", "main")), Some(("3", "a")), "level again: who is idle longer");
}

#[test]
fn equal_talk_asks_whoever_talked_least() {
    let mut s = Stage::new(strategy(Strategy::EqualTalk));
    for name in ["a", "b"] {
        s.sign_in(name, general());
        s.ready(name);
    }
    s.join("1", "main");
    s.talk("a", "1", 1_000);
    s.join("2", "main");
    s.talk("b", "2", 90_000);
    assert_eq!(offer(&s.join("3", "main")), Some(("3", "a")));
    s.talk("a", "3", 10_000);
    assert_eq!(offer(&s.join("4", "main")), Some(("4", "a")), "two short calls are less than a long one");
}

#[test]
fn who_comes_late_is_not_given_all_calls_until_level() {
    let mut s = Stage::new(strategy(Strategy::EqualCalls));
    s.sign_in("a", general());
    s.ready("a");
    for n in 0..10 {
        s.join(&format!("c{n}"), "main");
        s.talk("a", &format!("c{n}"), 1_000);
    }
    s.sign_in("b", general());
    s.ready("b");
    s.join("x", "main");
    s.talk("a", "x", 1_000);
    assert_eq!(offer(&s.join("y", "main")), Some(("y", "b")));
    s.talk("b", "y", 1_000);
    assert_eq!(offer(&s.join("z", "main")), Some(("z", "a")));
}

#[test]
fn higher_skill_comes_first_and_fixed_order_begins_with_number_one() {
    let english = |strategy| vec![QueueConfig { strategy, skills: skills(&[("english", 2)]), ..queue("en") }];
    let mut s = Stage::new(english(Strategy::SkillFirst));
    s.sign_in("beginner", specialist(&[("english", 1)]));
    s.sign_in("good", specialist(&[("english", 2)]));
    s.sign_in("best", specialist(&[("english", 5)]));
    for name in ["beginner", "good", "best"] {
        s.ready(name);
    }
    assert_eq!(offer(&s.join("1", "en")), Some(("1", "best")));
    assert_eq!(offer(&s.join("2", "en")), Some(("2", "good")));
    assert_eq!(offer(&s.join("3", "en")), None, "a beginner is not enough for this queue");

    let mut s = Stage::new(strategy(Strategy::FixedOrder));
    for (name, order) in [("x", 3), ("y", 1), ("z", 2)] {
        s.sign_in(name, SeatProfile { order, ..general() });
        s.ready(name);
    }
    assert_eq!(offer(&s.join("1", "main")), Some(("1", "y")));
    s.talk("y", "1", 1_000);
    assert_eq!(offer(&s.join("2", "main")), Some(("2", "y")), "number one is always first");
}

#[test]
fn a_strategy_is_switched_while_people_work() {
    let mut s = Stage::new(strategy(Strategy::LongestIdle));
    for (name, order) in [("x", 2), ("y", 1)] {
        s.sign_in(name, SeatProfile { order, ..general() });
        s.ready(name);
    }
    assert_eq!(offer(&s.join("1", "main")), Some(("1", "x")));
    s.talk("x", "1", 1_000);
    s.now += 1;
    s.floor.configure(config(strategy(Strategy::FixedOrder)), s.now);
    s.floor.check();
    assert_eq!(offer(&s.join("2", "main")), Some(("2", "y")));
}

#[test]
fn general_seats_help_after_a_while_or_at_once_when_no_professional_works() {
    let english =
        QueueConfig { skills: skills(&[("english", 1)]), general_after_ms: Some(15_000), ..queue("en") };
    let mut s = Stage::new(vec![queue("main"), english]);
    s.sign_in("pro", specialist(&[("english", 3)]));
    s.sign_in("all", general());
    s.ready("pro");
    s.ready("all");
    assert_eq!(offer(&s.join("1", "en")), Some(("1", "pro")));
    s.go(Input::Accepted { seat: seat("pro"), call: call("1") });
    assert_eq!(offer(&s.join("2", "en")), None, "a professional works, so the call waits for her");
    assert_eq!(offer(&s.wait(14_000)), None);
    let out = s.wait(1_000);
    assert_eq!(offer(&out), Some(("2", "all")));
    assert!(out.iter().any(|effect| matches!(
        effect,
        Effect::Traced { trace: Trace::Chosen { group: Group::General, .. }, .. }
    )));
    s.talk("all", "2", 1_000);
    s.go(Input::Ended { call: call("1") });
    s.go(Input::SetState { seat: seat("pro"), rest: Some(Rest::Break) });
    assert_eq!(offer(&s.join("3", "en")), Some(("3", "all")), "the only professional is away");
    assert_eq!(offer(&s.join("4", "main")), None, "a specialist never serves the general queue");
    s.ready("pro");
    assert_eq!(s.state("pro"), "ready");
}

#[test]
fn a_call_that_waits_too_long_goes_to_the_next_queue_and_not_in_circles() {
    let overflow = |to: &str| {
        Some(Overflow { after_ms: Some(10_000), when_unstaffed: false, to: OverflowTarget::Queue(to.into()) })
    };
    let narrow = |key: &str, skill: &str, to: &str| QueueConfig {
        skills: skills(&[(skill, 1)]),
        general_after_ms: None,
        overflow: overflow(to),
        ..queue(key)
    };
    let mut s = Stage::new(vec![narrow("a", "x", "b"), narrow("b", "y", "a")]);
    s.join("1", "a");
    s.now += 10;
    s.join("2", "b");
    let out = s.wait(9_990);
    assert!(out.iter().any(|effect| matches!(
        effect,
        Effect::Traced { trace: Trace::Moved { cause: OverflowCause::Waited, .. }, .. }
    )));
    assert_eq!(s.floor.queue_of(&call("1")).unwrap().as_str(), "b");
    assert_eq!(s.floor.position(&call("1")), Some((1, None)), "the wait before counts");
    s.wait(100_000);
    assert_eq!(s.floor.queue_of(&call("1")).unwrap().as_str(), "b", "it does not go back");
    assert_eq!(s.floor.queue_of(&call("2")).unwrap().as_str(), "a");
}

#[test]
fn an_empty_queue_sends_its_callers_on_at_once() {
    let night = QueueConfig {
        skills: skills(&[("night", 1)]),
        general_after_ms: None,
        overflow: Some(Overflow {
            after_ms: None,
            when_unstaffed: true,
            to: OverflowTarget::Queue("main".into()),
        }),
        ..queue("night")
    };
    let outside = QueueConfig {
        skills: skills(&[("z", 1)]),
        general_after_ms: None,
        overflow: Some(Overflow {
            after_ms: Some(5_000),
            when_unstaffed: false,
            to: OverflowTarget::Number("02168880000".to_owned()),
        }),
        ..queue("far")
    };
    let mut s = Stage::new(vec![queue("main"), night, outside]);
    s.join("1", "night");
    assert_eq!(s.floor.queue_of(&call("1")).unwrap().as_str(), "main");
    s.sign_in("n", specialist(&[("night", 1)]));
    s.join("2", "night");
    assert_eq!(s.floor.queue_of(&call("2")).unwrap().as_str(), "night");
    s.go(Input::SignOut { seat: seat("n") });
    assert_eq!(s.floor.queue_of(&call("2")).unwrap().as_str(), "main", "the last one has gone home");
    s.join("3", "far");
    let out = s.wait(5_000);
    assert!(out.contains(&Effect::Forward { call: call("3"), number: "02168880000".to_owned() }));
    assert_eq!(s.floor.position(&call("3")), None, "it is no longer here");
}

#[test]
fn a_call_waits_a_moment_for_the_seat_that_it_knows() {
    let mut s = Stage::new(vec![queue("main")]);
    for name in ["a", "b"] {
        s.sign_in(name, general());
        s.ready(name);
    }
    let wish = |name: &str, patience| {
        Input::Enqueue(Arrival { prefer: Some((seat("b"), patience)), ..Arrival::voice(call(name)) })
    };
    assert_eq!(offer(&s.go(wish("1", 10_000))), Some(("1", "b")), "although `a` is idle longer");
    s.go(Input::Accepted { seat: seat("b"), call: call("1") });
    assert_eq!(offer(&s.go(wish("2", 10_000))), None, "`a` is free, the caller waits for `b`");
    assert_eq!(offer(&s.wait(10_000)), Some(("2", "a")), "but not for ever");
    assert_eq!(offer(&s.go(wish("3", 10_000))), None);
    assert_eq!(offer(&s.go(Input::Ended { call: call("1") })), Some(("3", "b")));
    s.go(Input::Accepted { seat: seat("b"), call: call("3") });
    s.go(wish("4", 10_000));
    s.go(Input::SetState { seat: seat("b"), rest: Some(Rest::Break) });
    assert!(s.floor.position(&call("4")).is_some(), "`b` goes on a break, so the caller waits for anybody");
}

#[test]
fn written_items_fill_a_seat_up_to_its_capacity_beside_the_telephone() {
    let mut s = Stage::new(vec![queue("main")]);
    let profile = |rings| SeatProfile {
        capacity: BTreeMap::from([(Medium::Chat, 2), (Medium::Mail, 1)]),
        rings_beside_written: rings,
        ..general()
    };
    s.sign_in("a", profile(true));
    s.ready("a");
    let item = |name: &str, medium| Input::Enqueue(Arrival { medium, ..Arrival::voice(call(name)) });
    assert_eq!(offer(&s.go(item("chat1", Medium::Chat))), Some(("chat1", "a")));
    assert_eq!(s.state("a"), "ready", "writing is no call");
    s.go(Input::Accepted { seat: seat("a"), call: call("chat1") });
    assert_eq!(offer(&s.go(item("chat2", Medium::Chat))), Some(("chat2", "a")));
    assert_eq!(offer(&s.go(item("chat3", Medium::Chat))), None, "two chats are enough");
    assert_eq!(offer(&s.go(item("mail1", Medium::Mail))), Some(("mail1", "a")));
    s.go(Input::Accepted { seat: seat("a"), call: call("mail1") });
    assert_eq!(offer(&s.go(item("sms1", Medium::Sms))), None, "this seat does not write short messages");
    // Nobody opens the second chat: it goes on, and the seat is asked no more.
    let out = s.wait(60_000);
    assert!(out.iter().any(
        |effect| matches!(effect, Effect::Withdraw { reason: WithdrawReason::TimedOut, call, .. } if call.as_str() == "chat2")
    ));
    assert_eq!(s.state("a"), "not_ready");
    assert_eq!(offer(&s.ready("a")), Some(("chat2", "a")), "it comes before the third");
    assert_eq!(offer(&s.join("call1", "main")), Some(("call1", "a")), "the telephone rings beside");
    s.talk("a", "call1", 1_000);
    s.go(Input::Profile { seat: seat("a"), profile: profile(false) });
    assert_eq!(offer(&s.join("call2", "main")), None, "not while something is open");
    s.go(Input::SignOut { seat: seat("a") });
    assert_eq!(s.floor.waiting(), 6, "what was open waits for somebody else");
}

#[test]
fn a_break_has_to_be_approved_when_the_floor_is_busy() {
    let rule = BreakRule { away_max_pct: Some(50), waiting_min: Some(3) };
    let mut s =
        Stage { floor: Floor::new(FloorConfig { breaks: rule, ..config(vec![queue("main")]) }), now: 0 };
    for name in ["a", "b", "c", "d"] {
        s.sign_in(name, general());
        s.ready(name);
    }
    let rest = |name: &str| Input::SetState { seat: seat(name), rest: Some(Rest::Break) };
    s.go(rest("a"));
    s.go(rest("b"));
    assert_eq!((s.state("a"), s.state("b")), ("break", "break"), "half of them may");
    let out = s.go(rest("c"));
    assert!(matches!(out[..], [Effect::BreakChanged { request: Some(request), .. }] if !request.approved));
    assert_eq!(s.state("c"), "ready", "the seat works until somebody has decided");
    s.go(Input::DecideBreak { seat: seat("c"), approved: false });
    assert_eq!(s.floor.break_request(&seat("c")), None);
    s.go(rest("c"));
    s.go(Input::SetState { seat: seat("c"), rest: None });
    assert_eq!(s.floor.break_request(&seat("c")), None, "taken back");
    s.go(rest("c"));
    s.go(Input::WithdrawBreak { seat: seat("c") });
    assert_eq!((s.floor.break_request(&seat("c")), s.state("c")), (None, "ready"));
    s.go(rest("c"));
    s.go(Input::PostponeBreak { seat: seat("c"), by_ms: 600_000 });
    s.go(Input::DecideBreak { seat: seat("c"), approved: true });
    assert_eq!(s.state("c"), "ready", "approved for later");
    s.wait(600_000);
    assert_eq!(s.state("c"), "break");
    s.join("1", "main");
    s.talk("d", "1", 1_000);
    s.go(rest("d"));
    s.join("2", "main");
    s.go(Input::Accepted { seat: seat("d"), call: call("2") });
    s.go(Input::DecideBreak { seat: seat("d"), approved: true });
    assert_eq!(s.state("d"), "on_call", "a call in progress is finished first");
    s.go(Input::Ended { call: call("2") });
    assert_eq!(s.state("d"), "break");
}

#[test]
fn callers_of_a_queue_that_is_taken_away_go_to_the_first() {
    let mut s = Stage::new(vec![queue("main"), QueueConfig { skills: skills(&[("x", 1)]), ..queue("x") }]);
    s.sign_in("a", general());
    s.sign_in("pro", specialist(&[("x", 1)]));
    s.ready("pro");
    s.join("0", "x");
    s.go(Input::Accepted { seat: seat("pro"), call: call("0") });
    s.join("1", "x");
    assert_eq!(offer(&s.ready("a")), None);
    let out = s.floor.configure(config(vec![queue("main")]), s.now);
    s.floor.check();
    assert_eq!(offer(&out), Some(("1", "a")));
    s.go(Input::Ended { call: call("0") });
    assert_eq!(s.state("pro"), "ready", "a conversation outlives its queue");
}

#[test]
fn the_trace_says_who_was_considered_and_why_one_was_chosen() {
    let mut s = Stage::new(strategy(Strategy::EqualCalls));
    for name in ["a", "b", "c"] {
        s.sign_in(name, general());
    }
    s.ready("b");
    s.ready("a");
    let out = s.join("1", "main");
    let traces: Vec<&Trace> = out
        .iter()
        .filter_map(|effect| match effect {
            Effect::Traced { trace, .. } => Some(trace),
            _ => None,
        })
        .collect();
    assert!(
        matches!(traces[0], Trace::Joined { before: 0, staff, .. } if staff.signed_in == 3 && staff.free == 2)
    );
    let Trace::Chosen { strategy, group, seat: chosen, candidates, staff, .. } = traces[1] else {
        panic!("{traces:?}")
    };
    assert_eq!((*strategy, *group, chosen.as_str()), (Strategy::EqualCalls, Group::Professional, "b"));
    assert_eq!(
        candidates.iter().map(|c| (c.seat.as_str(), c.measure)).collect::<Vec<_>>(),
        [("b", 0), ("a", 0)]
    );
    assert_eq!((staff.signed_in, staff.at_work), (3, 2));
    let state = s.floor.seat(&seat("b")).map(|(state, _)| state.clone());
    assert_eq!(state, Some(SeatState::Reserved { call: call("1") }));
}
