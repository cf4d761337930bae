//! Random orders of events: nobody is lost, nobody is stuck, nobody starves.

use acd::{Arrival, CallKey, Effect, Floor, FloorConfig, Input, Rest, SeatKey, SeatState};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

/// How many orders of events are tried: some tens of thousands of events in the suite, millions when
/// `YIHAO_ACD_ORDERS` asks for them (each order has sixty events on average).
fn cases() -> u32 {
    std::env::var("YIHAO_ACD_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(400)
}

const SEATS: usize = 4;
const CALLS: usize = 12;

#[derive(Clone, Debug)]
enum Step {
    Do(Input),
    Pass(i64),
}

fn seat() -> impl Strategy<Value = SeatKey> {
    (0..SEATS).prop_map(|n| SeatKey::from(format!("s{n}").as_str()))
}

fn call() -> impl Strategy<Value = CallKey> {
    (0..CALLS).prop_map(|n| CallKey::from(format!("c{n}").as_str()))
}

fn step() -> impl Strategy<Value = Step> {
    let rest = prop_oneof![Just(None), Just(Some(Rest::NotReady)), Just(Some(Rest::Break))];
    prop_oneof![
        4 => (call(), 0..3u8).prop_map(|(call, priority)| Step::Do(Input::Enqueue(Arrival { priority, ..Arrival::voice(call) }))),
        1 => call().prop_map(|call| Step::Do(Input::Return { call })),
        2 => call().prop_map(|call| Step::Do(Input::Abandon { call })),
        2 => seat().prop_map(|seat| Step::Do(Input::SignIn { seat })),
        1 => seat().prop_map(|seat| Step::Do(Input::SignOut { seat })),
        3 => (seat(), prop::bool::weighted(0.8)).prop_map(|(seat, reachable)| Step::Do(Input::Phone { seat, reachable })),
        3 => (seat(), rest).prop_map(|(seat, rest)| Step::Do(Input::SetState { seat, rest })),
        3 => (seat(), call()).prop_map(|(seat, call)| Step::Do(Input::Rung { seat, call })),
        3 => (seat(), call()).prop_map(|(seat, call)| Step::Do(Input::Accepted { seat, call })),
        1 => (seat(), call()).prop_map(|(seat, call)| Step::Do(Input::Rejected { seat, call })),
        2 => (seat(), call()).prop_map(|(seat, call)| Step::Do(Input::Engage { seat, call })),
        2 => (seat(), call()).prop_map(|(seat, call)| Step::Do(Input::Joined { seat, call })),
        2 => (seat(), call(), prop::bool::ANY)
            .prop_map(|(seat, call, wrap_up)| Step::Do(Input::Disengage { seat, call, wrap_up })),
        2 => call().prop_map(|call| Step::Do(Input::Ended { call })),
        1 => seat().prop_map(|seat| Step::Do(Input::WrapUpDone { seat })),
        3 => (1..40_000i64).prop_map(Step::Pass),
    ]
}

/// What an owner of the floor would believe from the effects alone.
#[derive(Default)]
struct Owner {
    alive: HashSet<CallKey>,
    offered: HashMap<CallKey, SeatKey>,
    connected: HashMap<CallKey, SeatKey>,
}

impl Owner {
    fn hear(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Offer { call, seat } => {
                    assert!(self.alive.contains(call), "a dead call is offered");
                    assert!(!self.connected.contains_key(call));
                    assert!(!self.offered.values().any(|s| s == seat), "two offers to one seat");
                    assert!(!self.connected.values().any(|s| s == seat), "a busy seat is offered");
                    assert!(self.offered.insert(call.clone(), seat.clone()).is_none());
                }
                Effect::Withdraw { call, seat, .. } => {
                    assert_eq!(self.offered.remove(call).as_ref(), Some(seat));
                }
                Effect::Connected { call, seat } => {
                    assert_eq!(self.offered.remove(call).as_ref(), Some(seat));
                    self.connected.insert(call.clone(), seat.clone());
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_lost_stuck_or_starved(steps in prop::collection::vec(step(), 1..120)) {
        let mut floor = Floor::new(FloorConfig::default());
        let mut owner = Owner::default();
        let mut now = 0;
        for step in steps {
            let input = match step {
                Step::Do(input) => input,
                Step::Pass(ms) => { now += ms; Input::Tick }
            };
            match &input {
                Input::Enqueue(Arrival { call, .. }) | Input::Return { call } => { owner.alive.insert(call.clone()); }
                Input::Abandon { call } | Input::Ended { call } => {
                    owner.alive.remove(call);
                }
                _ => {}
            }
            if let Input::Return { call } = &input {
                owner.connected.remove(call);
            }
            let gone = match &input {
                Input::Abandon { call } | Input::Ended { call } => Some(call.clone()),
                _ => None,
            };
            if let Some(call) = &gone { owner.connected.remove(call); }
            let out = floor.apply(input, now);
            owner.hear(&out);
            floor.check();
            if let Some(call) = gone { assert!(!owner.offered.contains_key(&call)); }
        }
        // Everybody alive is served in the end, however late, when seats work from now on.
        let mut rounds = 0;
        while !owner.alive.is_empty() {
            rounds += 1;
            prop_assert!(rounds < 200, "starved: {:?}", owner.alive);
            now += 40_000;
            let tick = floor.apply(Input::Tick, now);
            owner.hear(&tick);
            for n in 0..SEATS {
                let seat = SeatKey::from(format!("s{n}").as_str());
                for input in [
                    Input::SignIn { seat: seat.clone() },
                    Input::Phone { seat: seat.clone(), reachable: true },
                    Input::SetState { seat: seat.clone(), rest: None },
                ] {
                    let out = floor.apply(input, now);
                    owner.hear(&out);
                }
                // Whoever engaged a seat lets it go.
                if let Some(call) = floor.seat(&seat).and_then(|(state, _)| state.call().cloned()) {
                    let out = floor.apply(Input::Disengage { seat: seat.clone(), call, wrap_up: false }, now);
                    owner.hear(&out);
                }
                if let Some(SeatState::Reserved { call } | SeatState::Ringing { call }) =
                    floor.seat(&seat).map(|(state, _)| state.clone())
                {
                    let out = floor.apply(Input::Accepted { seat: seat.clone(), call }, now);
                    owner.hear(&out);
                }
                if let Some(SeatState::OnCall { call }) = floor.seat(&seat).map(|(state, _)| state.clone()) {
                    owner.connected.remove(&call);
                    owner.alive.remove(&call);
                    let out = floor.apply(Input::Ended { call }, now);
                    owner.hear(&out);
                }
            }
            floor.check();
        }
        prop_assert_eq!(floor.waiting(), 0);
    }
}
