//! Finding tones in sound: a single frequency (Goertzel) and keypad tones (ITU-T Q.23/Q.24).

use std::f64::consts::TAU;

use crate::codec::RATE;

/// Amplitude of one frequency in a block, as a share of full scale (1.0 is a full-scale sine).
///
/// Blocks that hold whole periods of both this and any other tone give exact results; 20 ms
/// resolves 50 Hz.
#[must_use]
pub fn amplitude(samples: &[i16], hz: f64) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * hz / f64::from(RATE)).cos();
    let (mut previous, mut before) = (0.0, 0.0);
    for &sample in samples {
        let current = f64::from(sample) + coefficient * previous - before;
        before = previous;
        previous = current;
    }
    let power = previous * previous + before * before - coefficient * previous * before;
    power.max(0.0).sqrt() * 2.0 / samples.len() as f64 / 32768.0
}

/// Root mean square of a block, as a share of full scale.
#[must_use]
pub fn loudness(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    (sum / samples.len() as f64).sqrt() / 32768.0
}

/// Row frequencies of the keypad.
pub const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
/// Column frequencies of the keypad.
pub const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// Keys by row and column.
pub const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Samples of a keypad block: 205 puts the eight frequencies near bin centres at 8 kHz.
const BLOCK: usize = 205;
/// Faintest tone that counts (−36 dB of full scale).
const FAINTEST: f64 = 0.016;
/// A tone's amplitude over the others in its group.
const DISTINCT: f64 = 2.5;
/// Row and column may differ by this factor (about 8 dB).
const TWIST: f64 = 2.6;

/// Hears keypad tones in the sound of a leg whose peer sends no telephone events.
#[derive(Debug, Default)]
pub struct KeypadDetector {
    block: Vec<i16>,
    last: Option<char>,
    pressed: Option<char>,
}

impl KeypadDetector {
    /// Takes in sound and returns the keys that were found pressed, each once.
    pub fn push(&mut self, samples: &[i16]) -> Option<char> {
        let mut found = None;
        for &sample in samples {
            self.block.push(sample);
            if self.block.len() == BLOCK {
                let key = key(&self.block);
                self.block.clear();
                // Two equal blocks (51 ms) confirm a key and two without it end it: speech that
                // resembles a key for an instant, or a short dropout, does neither.
                if key == self.last && key != self.pressed {
                    self.pressed = key;
                    found = found.or(key);
                }
                self.last = key;
            }
        }
        found
    }
}

fn key(block: &[i16]) -> Option<char> {
    let (row, low) = strongest(block, &ROWS)?;
    let (column, high) = strongest(block, &COLUMNS)?;
    if low > high * TWIST || high > low * TWIST {
        return None;
    }
    // Two sines of these amplitudes account for this loudness; speech has much besides.
    let tones = ((low * low + high * high) / 2.0).sqrt();
    (tones > 0.75 * loudness(block)).then(|| KEYS[row][column])
}

fn strongest(block: &[i16], group: &[f64; 4]) -> Option<(usize, f64)> {
    let amplitudes = group.map(|hz| amplitude(block, hz));
    let (best, &top) = amplitudes.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1))?;
    let distinct = amplitudes.iter().enumerate().all(|(at, &other)| at == best || top > other * DISTINCT);
    (top >= FAINTEST && distinct).then_some((best, top))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    #[test]
    fn a_tone_is_measured_and_others_are_not() {
        let samples: Vec<i16> =
            (0..1600).map(|at| ((TAU * 440.0 * f64::from(at) / 8000.0).sin() * 16384.0) as i16).collect();
        assert!((amplitude(&samples, 440.0) - 0.5).abs() < 0.01);
        assert!(amplitude(&samples, 1000.0) < 0.01);
        assert!((loudness(&samples) - 0.3536).abs() < 0.01);
        assert_eq!(amplitude(&[], 440.0), 0.0);
    }

    #[test]
    fn every_key_is_heard_once_at_any_phase() {
        for (number, key) in "0123456789*#ABCD".chars().enumerate() {
            let mut detector = KeypadDetector::default();
            let mut sound = vec![0_i16; 37 * number];
            for _ in 0..2 {
                sound.extend((0..800).map(|at| tone::keypad_sample(key, at)));
                sound.extend([0; 800]);
            }
            let heard: String = sound.chunks(160).filter_map(|chunk| detector.push(chunk)).collect();
            assert_eq!(heard, format!("{key}{key}"));
        }
    }

    #[test]
    fn noise_and_single_tones_are_no_keys() {
        let mut detector = KeypadDetector::default();
        let mut state = 1_u32;
        for at in 0..80_000_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let sine = (TAU * 770.0 * f64::from(at) / 8000.0).sin() * 8000.0;
            let noise = (state >> 16) as i16 / 4;
            let sample = if at < 40_000 { noise } else { sine as i16 };
            assert_eq!(detector.push(&[sample]), None);
        }
    }
}
