//! The day's contacts: who turns to the city when, and how. The same seed gives the same day.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Contacts an hour, hour by hour of a working day: two humps around a noon's rest.
const HOURLY: [f64; 24] = [
    6.0, 4.0, 3.0, 3.0, 4.0, 8.0, 18.0, 36.0, 60.0, 72.0, 70.0, 60.0, 44.0, 46.0, 60.0, 66.0, 62.0, 52.0,
    40.0, 34.0, 28.0, 22.0, 14.0, 9.0,
];
/// The hour at which the simulated day begins.
pub(super) const START_HOUR: usize = 9;
const HOUR_MS: f64 = 3_600_000.0;

/// How somebody turns to the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Calls, and waits as long as their patience lasts.
    Call,
    /// Calls, and hangs up as soon as the greeting begins.
    ShortCall,
    /// Calls, and takes it back before anybody answered.
    CancelledCall,
    /// Writes on the portal.
    Portal,
}

/// One contact.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Contact {
    /// When, in simulated milliseconds from the start.
    pub at_ms: u64,
    /// Who, as a place in the list of callers.
    pub caller: usize,
    /// How.
    pub way: Way,
    /// Whether the citizen ends the conversation; else the agent does.
    pub citizen_ends: bool,
    /// Whether the agent puts the citizen on hold for a moment.
    pub held: bool,
    /// Whether the agent can answer at once, without a unit.
    pub at_once: bool,
    /// For whatever else is left to chance.
    pub seed: u64,
}

/// Draws the contacts of `minutes` simulated minutes, in order of time.
pub(super) fn plan(seed: u64, minutes: u32, callers: usize) -> Vec<Contact> {
    let mut chance = StdRng::seed_from_u64(seed);
    let peak = HOURLY.iter().copied().fold(0.0, f64::max);
    let end_ms = f64::from(minutes) * 60_000.0;
    let mut at_ms = 0.0;
    let mut contacts = Vec::new();
    // Everybody turns to the city once before anybody does again.
    let mut turn: Vec<usize> = Vec::new();
    loop {
        // A Poisson process at the peak's rate, thinned to the hour's.
        at_ms -= (1.0 - chance.random::<f64>()).ln() * HOUR_MS / peak;
        if at_ms >= end_ms || callers == 0 {
            return contacts;
        }
        if chance.random::<f64>() * peak >= rate(at_ms) {
            continue;
        }
        if turn.is_empty() {
            turn = (0..callers).collect();
        }
        let caller = turn.swap_remove(chance.random_range(0..turn.len()));
        let way = match chance.random_range(0..100) {
            0..22 => Way::Portal,
            22..27 => Way::ShortCall,
            27..28 => Way::CancelledCall,
            _ => Way::Call,
        };
        contacts.push(Contact {
            at_ms: at_ms as u64,
            caller,
            way,
            citizen_ends: chance.random_bool(0.6),
            held: chance.random_bool(0.1),
            at_once: chance.random_bool(0.15),
            seed: chance.random(),
        });
    }
}

fn rate(at_ms: f64) -> f64 {
    let hour = (at_ms / HOUR_MS) as usize;
    HOURLY[(START_HOUR + hour) % HOURLY.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_day_and_another_seed_another() {
        assert_eq!(plan(7, 600, 60), plan(7, 600, 60));
        assert_ne!(plan(7, 600, 60), plan(8, 600, 60));
        let short = plan(7, 60, 60);
        assert_eq!(short[..], plan(7, 600, 60)[..short.len()], "a longer day begins like a shorter one");
    }

    #[test]
    fn a_day_has_its_shape() {
        let day = plan(1, 1440, 60);
        let expected: f64 = HOURLY.iter().sum();
        assert!((day.len() as f64 - expected).abs() < 4.0 * expected.sqrt(), "{}", day.len());
        assert!(day.is_sorted_by_key(|contact| contact.at_ms));
        let between = |from: u64, to: u64| {
            let hours = from * 3_600_000..to * 3_600_000;
            day.iter().filter(|contact| hours.contains(&contact.at_ms)).count()
        };
        // From nine in the morning to noon, and from midnight to three.
        assert!(between(0, 3) > 10 * between(15, 18));
        let ways = |way| day.iter().filter(|contact| contact.way == way).count();
        assert!(ways(Way::Portal) > day.len() / 8 && ways(Way::Call) > day.len() / 2);
        assert!(ways(Way::ShortCall) > 0);
    }

    #[test]
    fn nobody_turns_to_the_city_twice_before_all_have() {
        let day = plan(3, 1440, 10);
        for ten in day.chunks_exact(10) {
            let mut callers: Vec<_> = ten.iter().map(|contact| contact.caller).collect();
            callers.sort_unstable();
            assert_eq!(callers, (0..10).collect::<Vec<_>>());
        }
        assert!(plan(3, 1440, 0).is_empty());
    }
}
