//! Millions of random events: the floor decides as the slow model does, its promises hold after each, and
//! in the end everybody is served. `ACD_STEPS` says how many.

mod naive;

use std::collections::BTreeMap;

use acd::{
    Arrival, BreakRule, CallKey, Floor, FloorConfig, Input, Medium, Overflow, OverflowTarget, QueueConfig,
    Rest, SeatKey, SeatProfile, SeatState, Strategy,
};
use naive::{At, Does, Naive};

const SEATS: u64 = 6;
const CALLS: u64 = 18;
/// Steps of one floor before the next begins with other rules.
const EPISODE: u64 = 250;

/// A small generator, so that a run is named by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.roll(list.len() as u64)).expect("an index of the list")].clone()
    }

    fn byte(&mut self, sides: u64) -> u8 {
        u8::try_from(self.roll(sides)).expect("dice have at most 256 sides")
    }
}

fn rules(dice: &mut Dice) -> FloorConfig {
    let names = ["main", "en", "tax"];
    let queues = names
        .iter()
        .map(|name| {
            let asks = *name != "main" || dice.roll(4) == 0;
            let overflow = (dice.roll(2) == 0).then(|| Overflow {
                after_ms: (dice.roll(3) > 0).then_some(25_000),
                when_unstaffed: dice.roll(2) == 0,
                to: match dice.roll(8) {
                    0 => OverflowTarget::Number("02166660000".to_owned()),
                    1 => OverflowTarget::Queue("nowhere".into()),
                    _ => OverflowTarget::Queue(dice.of(&names).into()),
                },
            });
            QueueConfig {
                strategy: dice.of(&Strategy::ALL),
                skills: if asks {
                    BTreeMap::from([((*name).to_owned(), 1 + dice.byte(3))])
                } else {
                    BTreeMap::new()
                },
                general_after_ms: dice.of(&[None, Some(0), Some(9_000)]),
                priority: dice.byte(2),
                capacity: dice.of(&[2, 5, 100]),
                wrap_up_ms: dice.of(&[0, 7_000]),
                overflow,
                ..QueueConfig::new((*name).into())
            }
        })
        .collect();
    FloorConfig {
        waiting_limit: dice.of(&[6, 100]),
        breaks: BreakRule {
            away_max_pct: dice.of(&[None, Some(40)]),
            waiting_min: dice.of(&[None, Some(3)]),
        },
        queues,
        ..FloorConfig::default()
    }
}

fn profile(dice: &mut Dice) -> SeatProfile {
    let skills = ["main", "en", "tax"]
        .iter()
        .filter_map(|skill| Some(((*skill).to_owned(), dice.byte(4))).filter(|(_, level)| *level > 0))
        .collect();
    SeatProfile {
        skills,
        general: dice.roll(3) > 0,
        order: i64::from(dice.byte(4)),
        capacity: BTreeMap::from([(Medium::Chat, dice.byte(3)), (Medium::Mail, dice.byte(2))]),
        rings_beside_written: dice.roll(2) == 0,
        video: dice.roll(2) == 0,
    }
}

struct Pair {
    floor: Floor,
    naive: Naive,
    now: i64,
}

impl Pair {
    fn both(&mut self, input: Input, model: impl FnOnce(&mut Naive, i64)) {
        self.floor.apply(input, self.now);
        model(&mut self.naive, self.now);
        self.naive.settle(self.now);
    }

    fn step(&mut self, dice: &mut Dice) {
        let seat = format!("s{}", dice.roll(SEATS));
        let call = format!("c{:02}", dice.roll(CALLS));
        let (s, c): (SeatKey, CallKey) = (seat.as_str().into(), call.as_str().into());
        match dice.roll(37) {
            0..=5 => {
                let medium = dice.of(&[
                    Medium::Voice,
                    Medium::Voice,
                    Medium::Voice,
                    Medium::Chat,
                    Medium::Mail,
                    Medium::Video,
                ]);
                let queue = dice.of(&["main", "en", "tax", "gone"]);
                let priority = dice.byte(3);
                let prefer = (dice.roll(5) == 0).then(|| (seat.clone(), i64::from(dice.byte(3)) * 6_000));
                let arrival = Arrival {
                    queue: Some(queue.into()),
                    medium,
                    priority,
                    prefer: prefer.clone().map(|(seat, ms)| (seat.as_str().into(), ms)),
                    ..Arrival::voice(c)
                };
                self.both(Input::Enqueue(arrival), |naive, now| {
                    let prefer = prefer.as_ref().map(|(seat, ms)| (seat.as_str(), *ms));
                    naive.enqueue(&call, queue, medium, priority, prefer, now);
                });
            }
            6 => self.both(Input::Return { call: c }, |naive, now| naive.come_back(&call, now)),
            7..=8 => self.both(Input::Abandon { call: c }, |naive, now| naive.leave(&call, now)),
            9..=10 => self.both(Input::SignIn { seat: s }, |naive, now| naive.sign_in(&seat, now)),
            11 => self.both(Input::SignOut { seat: s }, |naive, now| naive.sign_out(&seat, now)),
            12..=13 => {
                let profile = profile(dice);
                let input = Input::Profile { seat: s, profile: profile.clone() };
                self.both(input, |naive, _| naive.profile(&seat, profile));
            }
            14..=16 => {
                let reachable = dice.roll(5) > 0;
                self.both(Input::Phone { seat: s, reachable }, |naive, now| {
                    naive.phone(&seat, reachable, now)
                });
            }
            17..=20 => {
                let (rest, does) = dice.of(&[
                    (None, None),
                    (None, None),
                    (None, None),
                    (Some(Rest::NotReady), Some(Does::NotReady)),
                    (Some(Rest::Break), Some(Does::Break)),
                ]);
                self.both(Input::SetState { seat: s, rest }, |naive, now| naive.want(&seat, does, now));
            }
            21 => {
                let approved = dice.roll(2) == 0;
                self.both(Input::DecideBreak { seat: s, approved }, |naive, now| {
                    naive.decide(&seat, approved, now)
                });
            }
            // Answers that fit, mostly: else hardly a call would ever be talked on.
            22..=27 => {
                let offered: Vec<(String, String)> = self
                    .naive
                    .calls
                    .iter()
                    .filter_map(|call| match &call.at {
                        At::Offered(seat) => Some((seat.clone(), call.id.clone())),
                        _ => None,
                    })
                    .collect();
                let (seat, call) = if offered.is_empty() { (seat, call) } else { dice.of(&offered) };
                let (s, c): (SeatKey, CallKey) = (seat.as_str().into(), call.as_str().into());
                match dice.roll(6) {
                    0..=1 => self
                        .both(Input::Rung { seat: s, call: c }, |naive, now| naive.rung(&seat, &call, now)),
                    2..=4 => self.both(Input::Accepted { seat: s, call: c }, |naive, now| {
                        naive.accepted(&seat, &call, now)
                    }),
                    _ => self.both(Input::Rejected { seat: s, call: c }, |naive, now| {
                        naive.rejected(&seat, &call, now)
                    }),
                }
            }
            28..=29 => self.both(Input::Ended { call: c }, |naive, now| naive.leave(&call, now)),
            34 => self.both(Input::Engage { seat: s, call: c }, |naive, now| naive.engage(&seat, &call, now)),
            35 => {
                // Consultations go on with the call that the seat was taken for.
                let call = self.busy_with(&seat).unwrap_or(call);
                let c: CallKey = call.as_str().into();
                self.both(Input::Joined { seat: s, call: c }, |naive, now| naive.joined(&seat, &call, now));
            }
            36 => {
                let call = self.busy_with(&seat).unwrap_or(call);
                let (c, wrap_up): (CallKey, bool) = (call.as_str().into(), dice.roll(2) == 0);
                let input = Input::Disengage { seat: s, call: c, wrap_up };
                self.both(input, |naive, now| naive.disengage(&seat, &call, wrap_up, now));
            }
            30 => self.both(Input::WrapUpDone { seat: s }, |naive, now| naive.done(&seat, now)),
            _ => {
                self.now += i64::from(dice.byte(200)) * 60;
                self.both(Input::Tick, Naive::tick);
            }
        }
    }

    fn busy_with(&self, seat: &str) -> Option<String> {
        self.floor.seat(&seat.into()).and_then(|(state, _)| state.call()).map(ToString::to_string)
    }

    /// Both tell the same of every call and seat.
    fn compare(&mut self, at: &str) {
        for n in 0..SEATS {
            let id = format!("s{n}");
            let real = self.floor.seat(&id.as_str().into()).map(|(state, _)| state.clone());
            let model = self.naive.seat(&id).map(|seat| match seat.does.clone() {
                Does::Ready => SeatState::Ready,
                Does::Reserved(call) => SeatState::Reserved { call: call.as_str().into() },
                Does::Ringing(call) => SeatState::Ringing { call: call.as_str().into() },
                Does::OnCall(call) => SeatState::OnCall { call: call.as_str().into() },
                Does::WrapUp(call) => SeatState::WrapUp { call: call.as_str().into() },
                Does::NotReady => SeatState::Resting(Rest::NotReady),
                Does::Break => SeatState::Resting(Rest::Break),
            });
            assert_eq!(real, model, "seat {id}, {at}");
        }
        for n in 0..CALLS {
            let id = format!("c{n:02}");
            let key: CallKey = id.as_str().into();
            let model = self.naive.calls.iter().find(|call| call.id == id);
            assert_eq!(
                self.floor.queue_of(&key).map(|queue| queue.as_str()),
                model.map(|call| call.queue.as_str()),
                "call {id}, {at}"
            );
            let place = self.floor.position(&key).map(|(place, _)| place);
            assert_eq!(place, self.naive.position(&id), "place of {id}, {at}");
        }
        for call in self.naive.calls.iter().filter(|call| !call.medium.is_live()) {
            if let At::Offered(seat) | At::Connected(seat) = &call.at {
                let open = self.naive.calls.iter().filter(|other| {
                    other.medium == call.medium
                        && matches!(&other.at, At::Offered(s) | At::Connected(s) if s == seat)
                });
                assert!(open.count() <= 4, "{seat} has too much open, {at}");
            }
        }
    }

    /// From now on everybody works and can do everything: nobody may be left over.
    fn serve_all(&mut self, at: &str) {
        let everything = SeatProfile {
            skills: ["main", "en", "tax"].iter().map(|skill| ((*skill).to_owned(), 9)).collect(),
            capacity: BTreeMap::from([(Medium::Chat, 2), (Medium::Mail, 2)]),
            video: true,
            ..SeatProfile::default()
        };
        for round in 0..400 {
            let left: Vec<String> = self.naive.calls.iter().map(|call| call.id.clone()).collect();
            if left.is_empty() {
                return;
            }
            assert!(round < 399, "starved: {left:?}, {at}");
            for n in 0..SEATS {
                let id = format!("s{n}");
                let s: SeatKey = id.as_str().into();
                self.both(Input::SignIn { seat: s.clone() }, |naive, now| naive.sign_in(&id, now));
                let input = Input::Profile { seat: s.clone(), profile: everything.clone() };
                self.both(input, |naive, _| naive.profile(&id, everything.clone()));
                self.both(Input::Phone { seat: s.clone(), reachable: true }, |naive, now| {
                    naive.phone(&id, true, now)
                });
                self.both(Input::SetState { seat: s.clone(), rest: None }, |naive, now| {
                    naive.want(&id, None, now)
                });
                // Whoever engaged a seat lets it go.
                if let Some(call) = self.busy_with(&id) {
                    let input = Input::Disengage { seat: s, call: call.as_str().into(), wrap_up: false };
                    self.both(input, |naive, now| naive.disengage(&id, &call, false, now));
                }
            }
            for call in left {
                let c: CallKey = call.as_str().into();
                match self.naive.calls.iter().find(|other| other.id == call).map(|call| call.at.clone()) {
                    Some(At::Offered(seat)) => {
                        let input = Input::Accepted { seat: seat.as_str().into(), call: c };
                        self.both(input, |naive, now| naive.accepted(&seat, &call, now));
                    }
                    Some(At::Connected(_)) => {
                        self.both(Input::Ended { call: c }, |naive, now| naive.leave(&call, now));
                    }
                    _ => {}
                }
            }
            self.now += 3_000;
            self.both(Input::Tick, Naive::tick);
            self.compare(at);
        }
    }
}

#[test]
fn the_floor_decides_as_the_slow_model_and_serves_everybody() {
    let steps: u64 = std::env::var("ACD_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000);
    for episode in 0..steps.div_ceil(EPISODE) {
        let mut dice = Dice(episode.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let config = rules(&mut dice);
        let mut pair = Pair { floor: Floor::new(config.clone()), naive: Naive::new(config), now: 1_000_000 };
        for step in 0..EPISODE {
            pair.step(&mut dice);
            let at = format!("episode {episode}, step {step}");
            pair.floor.check();
            pair.compare(&at);
        }
        pair.serve_all(&format!("end of episode {episode}"));
        pair.floor.check();
    }
}
