//! Comfort noise (RFC 3389): what is heard in place of a caller whose telephone sends nothing while nobody speaks.

use crate::codec::Frame;

/// The static RTP payload type.
pub const PAYLOAD_TYPE: u8 = 13;
/// Coefficients that are heeded; more shape the noise no better.
const ORDER_MAX: usize = 10;
/// The loudest noise that is made, in decibels below overload: louder is no background.
const LOUDEST: u8 = 20;
/// Largest magnitude of a reflection coefficient, so that the filter stays stable.
const REFLECTION_MAX: f64 = 0.98;

/// Noise of one level and colour.
#[derive(Clone, Debug, PartialEq)]
pub struct ComfortNoise {
    gain: f64,
    reflections: Vec<f64>,
    /// The lattice's backward errors of the sample before.
    backward: Vec<f64>,
    chance: u64,
}

impl ComfortNoise {
    /// Reads a packet's payload: the level, then coefficients of the colour; none for an empty one.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (level, colour) = payload.split_first()?;
        let level = f64::from((level & 0x7F).max(LOUDEST));
        let reflections: Vec<f64> = colour
            .iter()
            .take(ORDER_MAX)
            .map(|&code| {
                (258.0 * (f64::from(code) - 127.0) / 32_768.0).clamp(-REFLECTION_MAX, REFLECTION_MAX)
            })
            .collect();
        // What the filter adds to the power is taken from what goes into it.
        let loss: f64 = reflections.iter().map(|k| 1.0 - k * k).product();
        // A uniform number between −1 and 1 has a third of the power of full scale.
        let gain = 32_768.0 * 10.0_f64.powf(-level / 20.0) * (3.0 * loss).sqrt();
        Some(Self {
            gain,
            backward: vec![0.0; reflections.len()],
            reflections,
            chance: 0x2545_F491_4F6C_DD1D,
        })
    }

    /// Takes level and colour of a later packet; the noise goes on without a jump.
    pub fn follow(&mut self, next: Self) {
        let mut backward = std::mem::take(&mut self.backward);
        backward.resize(next.reflections.len(), 0.0);
        *self = Self { backward, chance: self.chance, ..next };
    }

    /// Makes the next frame.
    pub fn fill(&mut self, frame: &mut Frame) {
        let codec = frame.codec;
        for code in &mut frame.bytes {
            *code = codec.encode(self.next().clamp(-32_768.0, 32_767.0) as i16);
        }
    }

    /// The next sample: white noise through the all-pole lattice.
    fn next(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        let mut forward = ((self.chance >> 11) as f64 / (1_u64 << 52) as f64 - 1.0) * self.gain;
        for at in (0..self.reflections.len()).rev() {
            forward -= self.reflections[at] * self.backward[at];
            let up = self.backward[at] + self.reflections[at] * forward;
            if let Some(slot) = self.backward.get_mut(at + 1) {
                *slot = up;
            }
        }
        if let Some(first) = self.backward.first_mut() {
            *first = forward;
        }
        forward
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::Codec;

    fn samples(noise: &mut ComfortNoise, frames: usize) -> Vec<f64> {
        let mut frame = Frame::silence(Codec::Pcma);
        let mut out = Vec::new();
        for _ in 0..frames {
            noise.fill(&mut frame);
            out.extend(frame.bytes.iter().map(|&code| f64::from(Codec::Pcma.decode(code))));
        }
        out
    }

    /// Decibels below overload.
    fn level(samples: &[f64]) -> f64 {
        let power = samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64;
        -20.0 * (power.sqrt() / 32_768.0).log10()
    }

    #[test]
    fn the_level_is_what_the_packet_says_whatever_the_colour() {
        for colour in [&[][..], &[200], &[60, 170, 127, 90]] {
            for asked in [30_u8, 45, 60] {
                let mut noise = ComfortNoise::read(&[&[asked], colour].concat()).unwrap();
                let level = level(&samples(&mut noise, 500));
                assert!(
                    (level - f64::from(asked)).abs() < 1.0,
                    "{asked} dB asked, {level:.1} dB made, {colour:?}"
                );
            }
        }
    }

    #[test]
    fn a_colour_makes_neighbours_alike_and_white_noise_does_not() {
        let likeness = |payload: &[u8]| {
            let made = samples(&mut ComfortNoise::read(payload).unwrap(), 300);
            let power: f64 = made.iter().map(|s| s * s).sum();
            made.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / power
        };
        assert!(likeness(&[40]).abs() < 0.05);
        // A negative first reflection coefficient: a low-pass.
        assert!((likeness(&[40, 27]) - 0.79).abs() < 0.05, "{}", likeness(&[40, 27]));
        assert!(likeness(&[40, 227]) < -0.7);
    }

    #[test]
    fn nobody_is_deafened_and_nothing_is_made_of_nothing() {
        assert_eq!(ComfortNoise::read(&[]), None);
        let mut loud = ComfortNoise::read(&[0]).unwrap();
        assert!(level(&samples(&mut loud, 200)) > f64::from(LOUDEST) - 1.0);
        let mut quiet = ComfortNoise::read(&[127]).unwrap();
        assert!(level(&samples(&mut quiet, 50)) > 60.0);
    }

    proptest! {
        #[test]
        fn no_packet_makes_the_filter_run_away(payload in prop::collection::vec(any::<u8>(), 1..40)) {
            let mut noise = ComfortNoise::read(&payload).unwrap();
            let made = samples(&mut noise, 50);
            noise.follow(ComfortNoise::read(&[70, 200]).unwrap());
            prop_assert!(made.iter().all(|s| s.is_finite()));
            prop_assert!(level(&samples(&mut noise, 100)[8_000..]) > 50.0, "it comes to rest");
        }
    }
}
