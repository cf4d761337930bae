//! How many agents a load of calls needs (Erlang C: callers wait as long as it takes).

/// More agents are never told.
const AGENTS_MAX: u32 = 2_000;

/// What answering is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The share of callers that are answered in time, 0 to 1.
    pub share: f64,
    /// How long that is, in seconds.
    pub within_secs: f64,
}

/// The share of callers that `agents` answer in time, when `load` of them are busy at a time (Erlangs) and a call
/// takes `handle_secs`; none when the load grows without an end.
#[must_use]
pub fn service_level(agents: u32, load: f64, handle_secs: f64, within_secs: f64) -> Option<f64> {
    if load <= 0.0 {
        return Some(1.0);
    }
    let free = f64::from(agents) - load;
    if free <= 0.0 || handle_secs <= 0.0 {
        return None;
    }
    // Erlang B by recursion, which neither overflows nor needs factorials.
    let blocked = (1..=agents).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    let waits = blocked / (1.0 - load / f64::from(agents) * (1.0 - blocked));
    Some(1.0 - waits * (-free * within_secs / handle_secs).exp())
}

/// Returns the fewest agents that reach `target` when `calls_per_hour` come and each takes `handle_secs`; none when
/// a figure is none or more than 2,000 would be needed.
#[must_use]
pub fn agents(calls_per_hour: f64, handle_secs: f64, target: Target) -> Option<u32> {
    let load = calls_per_hour * handle_secs / 3_600.0;
    if !load.is_finite() || load < 0.0 || load >= f64::from(AGENTS_MAX) {
        return None;
    }
    let reaches = |agents: &u32| {
        service_level(*agents, load, handle_secs, target.within_secs)
            .is_some_and(|share| share >= target.share)
    };
    // The load itself is the least that can do, so that the search begins there.
    let least = (0..=AGENTS_MAX).find(|agents| f64::from(*agents) >= load)?;
    (least..=AGENTS_MAX).find(reaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbooks_example_comes_out() {
        // 200 calls an hour of three minutes are 10 Erlangs; 14 agents answer 88.8 % within 20 seconds.
        let level = service_level(14, 10.0, 180.0, 20.0).expect("steady");
        assert!((level - 0.888).abs() < 0.001, "{level}");
        assert_eq!(agents(200.0, 180.0, Target { share: 0.8, within_secs: 20.0 }), Some(14));
    }

    #[test]
    fn nobody_is_needed_for_nobody_and_nonsense_has_no_answer() {
        let target = Target { share: 0.8, within_secs: 15.0 };
        assert_eq!(agents(0.0, 180.0, target), Some(0));
        assert_eq!(agents(f64::NAN, 180.0, target), None);
        assert_eq!(agents(1e12, 180.0, target), None);
        assert_eq!(service_level(10, 10.0, 180.0, 20.0), None);
    }
}
