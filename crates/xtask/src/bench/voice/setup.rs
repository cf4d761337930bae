//! `bench voice-setup`: calls that come one after the other, talk for a second and end.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::cpu;
use super::super::{print, rounded};
use super::house::House;
use super::line::{Line, Plan};
use super::millis;
use super::sound::Sound;
use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

/// How long each call talks.
const TALK: Duration = Duration::from_secs(1);

/// Makes the calls and prints the figures.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let cps = arguments.number("cps", 200)?.clamp(1, 2_000);
    let secs = arguments.number("secs", 60)?.clamp(1, 3_600);
    let calls = usize::try_from(cps * secs).unwrap_or(1).min(1_000_000);
    let house = House::open(workspace, cps * 10)?;
    let begin = Instant::now();
    // Telephones of calls that ended are used again.
    let pairs = usize::try_from(cps * 10).unwrap_or(1).min(calls);
    let sound = Sound::open(pairs * 2, begin..begin + Duration::from_secs(secs))?;
    let before = cpu::tree_micros(house.service.id());
    #[expect(clippy::cast_precision_loss, reason = "calls a second")]
    let plan = Plan { calls, per_second: cps as f64, hang_up: Box::new(|connected| connected + TALK) };
    let made = Line::new(&house.trunk, house.sip(), &sound, pairs)?.run(&plan, begin);
    let took = begin.elapsed();
    let computed = cpu::tree_micros(house.service.id()).saturating_sub(before);
    sound.close()?;
    let sorted = |of: fn(&super::line::Call) -> Option<u64>| {
        let mut list: Vec<u64> = made.iter().filter_map(of).collect();
        list.sort_unstable();
        list
    };
    let (answer, setup) = (sorted(|call| call.answer_micros), sorted(|call| call.setup_micros));
    let failed = made.iter().filter(|call| !call.is_whole).count();
    #[expect(clippy::cast_precision_loss, reason = "microseconds of one run")]
    let cpu_pct = computed as f64 / took.as_micros().max(1) as f64 * 100.0;
    let figures = json!({
        "bench": "voice-setup",
        "cps": cps,
        "secs": secs,
        "calls": calls,
        "failed": failed,
        "setup_p50_ms": millis(&setup, 0.5),
        "setup_p99_ms": millis(&setup, 0.99),
        "answer_p99_ms": millis(&answer, 0.99),
        "cpu_pct_of_core": rounded(cpu_pct),
        "rss_mb": rounded(house.service.rss_mb()),
    });
    print(&figures, arguments);
    match made.iter().find_map(|call| call.failure.clone()) {
        Some(failure) => Err(format!("{failed} calls failed, one of them: {failure}")),
        None => Ok(()),
    }
}
