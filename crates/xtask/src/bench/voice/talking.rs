//! `bench voice`: so many recorded calls of two legs at the same time, and what they cost.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::cpu;
use super::super::{print, rounded};
use super::house::House;
use super::line::{Line, Plan};
use super::sound::Sound;
use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

/// How long calls settle before it counts.
const SETTLE: Duration = Duration::from_secs(3);
/// Share of the packets of the measured time that a telephone must hear.
const HEARD: f64 = 0.95;
/// Packets of a second.
const PACKETS: f64 = 50.0;
/// How long recordings may take to be closed.
const CLOSING: Duration = Duration::from_secs(15);

/// Makes the calls and prints the figures.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let calls = arguments.number("calls", 500)?.clamp(1, 4_000);
    let secs = arguments.number("secs", 60)?.clamp(1, 3_600);
    let cps = arguments.number("cps", 25)?.clamp(1, 1_000);
    let house = House::open(workspace, calls)?;
    let legs = usize::try_from(calls).unwrap_or(1);
    let begin = Instant::now();
    #[expect(clippy::cast_precision_loss, reason = "numbers of calls")]
    let ramp = Duration::from_secs_f64(calls as f64 / cps as f64);
    let window = begin + ramp + SETTLE..begin + ramp + SETTLE + Duration::from_secs(secs);
    let (from, until) = (window.start, window.end);
    let sound = Sound::open(legs * 2, window)?;
    let server = house.service.id();
    let watch = std::thread::spawn(move || {
        let reading = |at: Instant| {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            (cpu::tree_micros(server), Instant::now())
        };
        let (before, started) = reading(from);
        let (after, ended) = reading(until);
        (after.saturating_sub(before), ended - started)
    });
    #[expect(clippy::cast_precision_loss, reason = "calls a second")]
    let plan = Plan { calls: legs, per_second: cps as f64, hang_up: Box::new(move |_| until) };
    let made = Line::new(&house.trunk, house.sip(), &sound, legs)?.run(&plan, begin);
    let heard = sound.close()?;
    let (computed, took) = watch.join().map_err(|_| "the watch panicked")?;
    let rss_mb = house.service.rss_mb();

    #[expect(clippy::cast_precision_loss, reason = "packets of one run")]
    let hears = |leg: usize| heard.packets[leg] as f64 >= secs as f64 * PACKETS * HEARD;
    let deaf = |call: usize| !hears(call * 2) || !hears(call * 2 + 1);
    let failed = made.iter().enumerate().filter(|(call, one)| !one.is_whole || deaf(*call)).count();
    let answered = made.iter().filter(|call| call.setup_micros.is_some()).count();
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let least_secs = secs as f64 * HEARD;
    let deadline = Instant::now() + CLOSING;
    let mut recorded = house.recordings(least_secs);
    while recorded < answered && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(250));
        recorded = house.recordings(least_secs);
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of one run")]
    let cpu_pct = computed as f64 / took.as_micros().max(1) as f64 * 100.0;
    let figures = json!({
        "bench": "voice",
        "calls": calls,
        "secs": secs,
        "failed": failed,
        "cpu_pct_of_core": rounded(cpu_pct),
        "rss_mb": rounded(rss_mb),
        "late_p99_ms": heard.late.millis(0.99),
        "late_p50_ms": heard.late.millis(0.5),
        "lost_recordings": answered.saturating_sub(recorded),
        "packets": heard.packets.iter().sum::<u64>(),
        "load_late_p99_ms": heard.looks.millis(0.99),
    });
    print(&figures, arguments);
    match made.iter().find_map(|call| call.failure.clone()) {
        Some(failure) => Err(format!("{failed} calls failed, one of them: {failure}")),
        None if failed > 0 => Err(format!("{failed} calls were not heard on both sides")),
        None => Ok(()),
    }
}
