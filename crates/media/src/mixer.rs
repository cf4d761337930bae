//! The conference: who hears whom how loudly, and the sum of it.

use crate::codec::{Codec, FRAME, Frame};

/// Loudness in 1/256; at most four times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Gain(u16);

impl Gain {
    /// Not heard.
    pub const ZERO: Self = Self(0);
    /// Unchanged.
    pub const UNITY: Self = Self(256);

    /// From a factor; what is negative or not a number counts as zero.
    #[must_use]
    pub fn from_factor(factor: f32) -> Self {
        Self((factor.clamp(0.0, 4.0) * 256.0) as u16)
    }
}

/// Gains from legs to legs; what was never set is zero.
#[derive(Clone, Debug, Default)]
pub struct GainMatrix {
    gains: Vec<(u32, u32, Gain)>,
}

impl GainMatrix {
    /// Sets how loud `to` hears `from`. A leg never hears itself.
    pub fn set(&mut self, from: u32, to: u32, gain: Gain) {
        self.gains.retain(|&(f, t, _)| (f, t) != (from, to));
        if gain != Gain::ZERO && from != to {
            self.gains.push((from, to, gain));
        }
    }

    /// How loud `to` hears `from`.
    #[must_use]
    pub fn get(&self, from: u32, to: u32) -> Gain {
        let found = self.gains.iter().find(|&&(f, t, _)| (f, t) == (from, to));
        found.map_or(Gain::ZERO, |&(_, _, gain)| gain)
    }

    /// Forgets a leg.
    pub fn remove(&mut self, leg: u32) {
        self.gains.retain(|&(from, to, _)| from != leg && to != leg);
    }
}

/// Adds up what a listener hears, in the listener's codec.
///
/// One source at unity passes through byte for byte (or by table into the other G.711 flavour),
/// which costs nothing and loses nothing. A sum beyond full scale is clipped.
#[must_use]
pub fn mix(sources: &[(&Frame, Gain)], codec: Codec) -> Frame {
    match sources {
        [] => Frame::silence(codec),
        [(frame, Gain::UNITY)] => frame.to_codec(codec),
        _ => {
            let mut sum = [0_i32; FRAME];
            for (frame, gain) in sources {
                for (total, &code) in sum.iter_mut().zip(&frame.bytes) {
                    *total += i32::from(frame.codec.decode(code)) * i32::from(gain.0);
                }
            }
            let mut mixed = Frame::silence(codec);
            for (code, total) in mixed.bytes.iter_mut().zip(sum) {
                let sample = (total / 256).clamp(i32::from(i16::MIN), i32::from(i16::MAX));
                *code = codec.encode(sample as i16);
            }
            mixed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::amplitude;
    use crate::tone::Tone;

    fn tone(codec: Codec, hz: u16) -> Frame {
        let mut frame = Frame::silence(codec);
        for (at, code) in frame.bytes.iter_mut().enumerate() {
            *code = codec.encode(Tone::Steady(hz).sample(at as u64 + 800));
        }
        frame
    }

    #[test]
    fn one_source_at_unity_passes_through_untouched() {
        let mut frame = Frame::silence(Codec::Pcma);
        for (at, byte) in frame.bytes.iter_mut().enumerate() {
            *byte = at as u8;
        }
        assert_eq!(mix(&[(&frame, Gain::UNITY)], Codec::Pcma), frame);
    }

    #[test]
    fn several_sources_are_all_heard_in_either_codec() {
        let (one, other) = (tone(Codec::Pcma, 450), tone(Codec::Pcmu, 1000));
        let half = Gain::from_factor(0.5);
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let heard = mix(&[(&one, Gain::UNITY), (&other, half)], codec);
            assert_eq!(heard.codec, codec);
            let samples = heard.samples();
            assert!((amplitude(&samples, 450.0) - 0.305).abs() < 0.02);
            assert!((amplitude(&samples, 1000.0) - 0.152).abs() < 0.02);
        }
    }

    #[test]
    fn a_sum_beyond_full_scale_is_clipped_and_not_wrapped() {
        let loud = Frame { codec: Codec::Pcma, bytes: [Codec::Pcma.encode(30_000); FRAME] };
        let heard = mix(&[(&loud, Gain::UNITY), (&loud, Gain::from_factor(9.0))], Codec::Pcma);
        assert!(heard.samples().iter().all(|&sample| sample > 31_000));
    }

    #[test]
    fn the_matrix_remembers_and_forgets() {
        let mut matrix = GainMatrix::default();
        matrix.set(1, 2, Gain::UNITY);
        matrix.set(1, 2, Gain::from_factor(0.5));
        matrix.set(3, 3, Gain::UNITY);
        assert_eq!(matrix.get(1, 2), Gain::from_factor(0.5));
        assert_eq!(matrix.get(2, 1), Gain::ZERO);
        assert_eq!(matrix.get(3, 3), Gain::ZERO, "nobody hears himself");
        matrix.remove(2);
        assert_eq!(matrix.get(1, 2), Gain::ZERO);
        assert_eq!(Gain::from_factor(f32::NAN), Gain::ZERO);
    }
}
