//! Signal tones of the Chinese network (GB/T 3380 family: 450 Hz with cadences) and keypad tones.

use std::f64::consts::TAU;

use crate::codec::RATE;
use crate::detect::{COLUMNS, KEYS, ROWS};

/// A signal tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// 450 Hz without pause.
    Dial,
    /// 450 Hz, 1 s on and 4 s off.
    Ringback,
    /// 450 Hz, 0.35 s on and off.
    Busy,
    /// 450 Hz, 0.7 s on and off.
    Congestion,
    /// 450 Hz, 0.4 s on and 4 s off.
    CallWaiting,
    /// 1,000 Hz for 0.2 s, then nothing: "speak now".
    Beep,
    /// A single frequency in hertz without pause, for tests.
    Steady(u16),
}

/// Peak of signal tones: −10 dB of full scale.
const PEAK: f64 = 10_000.0;
/// Peak of each of the two keypad tones.
const KEYPAD_PEAK: f64 = 7_000.0;
/// Samples over which a tone rises and falls, so that it does not click (4 ms).
const RAMP: u64 = 32;

impl Tone {
    /// Frequency in hertz, samples on, samples off, and whether it repeats.
    fn cadence(self) -> (f64, u64, u64, bool) {
        let ms = |ms: u64| ms * u64::from(RATE) / 1000;
        match self {
            Self::Dial => (450.0, 1, 0, true),
            Self::Ringback => (450.0, ms(1000), ms(4000), true),
            Self::Busy => (450.0, ms(350), ms(350), true),
            Self::Congestion => (450.0, ms(700), ms(700), true),
            Self::CallWaiting => (450.0, ms(400), ms(4000), true),
            Self::Beep => (1000.0, ms(200), 0, false),
            Self::Steady(hz) => (f64::from(hz), 1, 0, true),
        }
    }

    /// Natural length in samples; `None` when the tone goes on until it is stopped.
    #[must_use]
    pub fn length(self) -> Option<u64> {
        let (_, on, off, repeats) = self.cadence();
        (!repeats).then_some(on + off)
    }

    /// The sample at a position from the start of the tone.
    #[must_use]
    pub fn sample(self, at: u64) -> i16 {
        let (hz, on, off, repeats) = self.cadence();
        let steady = repeats && off == 0;
        let within = if repeats { at % (on + off) } else { at };
        if !steady && within >= on {
            return 0;
        }
        let edge = if steady { at } else { within.min(on - 1 - within) };
        let ramp = edge.min(RAMP) as f64 / RAMP as f64;
        // The phase is taken modulo a second so that precision does not fade over hours.
        let phase = TAU * hz * (at % u64::from(RATE)) as f64 / f64::from(RATE);
        (phase.sin() * PEAK * ramp) as i16
    }
}

/// The sample of a key's tone at a position from its start; zero for what is not a key.
#[must_use]
pub fn keypad_sample(key: char, at: u64) -> i16 {
    let place = KEYS.iter().enumerate().find_map(|(row, keys)| {
        keys.iter().position(|&candidate| candidate == key).map(|column| (row, column))
    });
    let Some((row, column)) = place else { return 0 };
    let phase = TAU * at as f64 / f64::from(RATE);
    (((ROWS[row] * phase).sin() + (COLUMNS[column] * phase).sin()) * KEYPAD_PEAK) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{amplitude, loudness};

    fn sound(tone: Tone, from_ms: u64, len_ms: u64) -> Vec<i16> {
        (from_ms * 8..(from_ms + len_ms) * 8).map(|at| tone.sample(at)).collect()
    }

    #[test]
    fn ringback_sounds_for_one_second_in_five() {
        for cycle in 0..3 {
            let start = cycle * 5000;
            assert!(amplitude(&sound(Tone::Ringback, start + 100, 800), 450.0) > 0.28);
            assert_eq!(loudness(&sound(Tone::Ringback, start + 1000, 4000)), 0.0);
        }
    }

    #[test]
    fn busy_and_congestion_have_their_cadence() {
        for (tone, half_ms) in [(Tone::Busy, 350), (Tone::Congestion, 700)] {
            for cycle in 0..4 {
                assert!(loudness(&sound(tone, cycle * 2 * half_ms, half_ms)) > 0.2);
                assert_eq!(loudness(&sound(tone, (cycle * 2 + 1) * half_ms, half_ms)), 0.0);
            }
        }
    }

    #[test]
    fn only_the_beep_ends_by_itself() {
        assert_eq!(Tone::Beep.length(), Some(1600));
        assert_eq!(Tone::Dial.length(), None);
        assert_eq!(Tone::Beep.sample(5000), 0);
        assert!(amplitude(&sound(Tone::Dial, 3_600_000, 200), 450.0) > 0.28);
    }
}
