//! Measures decisions on a full floor: `bench SEATS WAITING SECS` prints one line of JSON.
//!
//! Every seat talks, so many callers wait in eight queues with different strategies and skills. Again and
//! again a seat becomes free and gets the next call, somebody gives up, somebody joins; time passes, so
//! that leases, announcements and the opening to general seats are part of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use acd::{
    Arrival, CallKey, Effect, Floor, FloorConfig, Input, Overflow, OverflowTarget, QueueConfig, SeatKey,
    SeatProfile, Strategy,
};

const QUEUES: usize = 8;

struct Bench {
    floor: Floor,
    now: i64,
    next: u64,
    /// Calls that talk, with their seats, longest first.
    talking: VecDeque<(CallKey, SeatKey)>,
    waiting: VecDeque<CallKey>,
    decisions: Vec<u64>,
    inputs: Vec<u64>,
    is_counting: bool,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "this program measures")]
    fn apply(&mut self, input: Input) -> Vec<Effect> {
        let started = Instant::now();
        let out = self.floor.apply(input, self.now);
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if self.is_counting {
            self.inputs.push(nanos);
            if out.iter().any(|effect| matches!(effect, Effect::Offer { .. })) {
                self.decisions.push(nanos);
            }
        }
        out
    }

    /// Applies an input and lets whoever is offered a call answer it.
    fn go(&mut self, input: Input) {
        let mut todo = VecDeque::from(self.apply(input));
        while let Some(effect) = todo.pop_front() {
            if let Effect::Offer { call, seat } = effect {
                todo.extend(self.apply(Input::Rung { seat: seat.clone(), call: call.clone() }));
                todo.extend(self.apply(Input::Accepted { seat: seat.clone(), call: call.clone() }));
                self.talking.push_back((call, seat));
            }
        }
    }

    fn join(&mut self) {
        self.next += 1;
        let call = CallKey::from(format!("call-{:08}", self.next).as_str());
        let queue = usize::try_from(self.next).unwrap_or(0) % QUEUES;
        let arrival = Arrival {
            queue: Some(format!("q{queue}").as_str().into()),
            priority: u8::from(self.next.is_multiple_of(20)),
            ..Arrival::voice(call.clone())
        };
        self.waiting.push_back(call);
        self.go(Input::Enqueue(arrival));
    }
}

fn rules() -> FloorConfig {
    let queues = (0..QUEUES)
        .map(|index| QueueConfig {
            strategy: Strategy::ALL[index % Strategy::ALL.len()],
            skills: if index == 0 { BTreeMap::new() } else { BTreeMap::from([(format!("skill{index}"), 1)]) },
            general_after_ms: Some(30_000),
            capacity: 1_000_000,
            wrap_up_ms: 0,
            overflow: (index == 7).then(|| Overflow {
                after_ms: Some(600_000),
                when_unstaffed: true,
                to: OverflowTarget::Queue("q0".into()),
            }),
            ..QueueConfig::new(format!("q{index}").as_str().into())
        })
        .collect();
    FloorConfig { queues, waiting_limit: 1_000_000, ..FloorConfig::default() }
}

fn number(index: usize, default: usize) -> usize {
    std::env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn percentile(sorted: &[u64], per_mille: usize) -> f64 {
    let index = (sorted.len() * per_mille).div_ceil(1000).saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one input")]
    let nanos = sorted.get(index).copied().unwrap_or(0) as f64;
    (nanos / 10.0).round() / 100.0
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "this program measures and tells")]
fn main() {
    let (seats, waiting, secs) = (number(1, 2_000), number(2, 10_000), number(3, 5));
    let mut bench = Bench {
        floor: Floor::new(rules()),
        now: 1_000_000,
        next: 0,
        talking: VecDeque::new(),
        waiting: VecDeque::new(),
        decisions: Vec::new(),
        inputs: Vec::new(),
        is_counting: false,
    };
    for n in 0..seats {
        let seat = SeatKey::from(format!("{}", 10_000 + n).as_str());
        let skills = (1..QUEUES)
            .filter(|index| (n + index) % 3 == 0)
            .map(|index| (format!("skill{index}"), u8::try_from(n % 9).unwrap_or(0) + 1))
            .collect();
        let profile = SeatProfile {
            skills,
            general: !n.is_multiple_of(4),
            order: i64::try_from(n).unwrap_or(0),
            ..SeatProfile::default()
        };
        bench.go(Input::SignIn { seat: seat.clone() });
        bench.go(Input::Profile { seat: seat.clone(), profile });
        bench.go(Input::Phone { seat: seat.clone(), reachable: true });
        bench.go(Input::SetState { seat, rest: None });
    }
    while bench.floor.waiting() < waiting {
        bench.now += 1;
        bench.join();
    }
    bench.is_counting = true;
    let started = Instant::now();
    let mut rounds = 0_u64;
    while started.elapsed() < Duration::from_secs(u64::try_from(secs).unwrap_or(5)) {
        rounds += 1;
        bench.now += 15;
        if bench.floor.next_tick_at().is_some_and(|at| at <= bench.now) {
            bench.go(Input::Tick);
        }
        if let Some((call, _)) = bench.talking.pop_front() {
            bench.go(Input::Ended { call });
        }
        if rounds.is_multiple_of(10) {
            // Somebody in the middle gives up.
            let index = bench.waiting.len() / 2;
            if let Some(call) = bench.waiting.remove(index) {
                bench.go(Input::Abandon { call });
            }
        }
        while bench.floor.waiting() < waiting {
            bench.join();
        }
        if bench.waiting.len() > waiting * 4 {
            let floor = &bench.floor;
            bench.waiting.retain(|call| floor.position(call).is_some());
        }
    }
    let elapsed = started.elapsed().as_secs_f64();
    bench.decisions.sort_unstable();
    bench.inputs.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a count of decisions")]
    let per_s = bench.decisions.len() as f64 / elapsed;
    println!(
        "{{\"bench\":\"acd\",\"seats\":{seats},\"waiting\":{waiting},\"decisions\":{},\"decisions_per_s\":{:.0},\
         \"decision_p50_us\":{},\"decision_p99_us\":{},\"decision_max_us\":{},\"inputs\":{},\"input_p99_us\":{}}}",
        bench.decisions.len(),
        per_s,
        percentile(&bench.decisions, 500),
        percentile(&bench.decisions, 990),
        percentile(&bench.decisions, 1000),
        bench.inputs.len(),
        percentile(&bench.inputs, 990),
    );
}
