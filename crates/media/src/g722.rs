//! G.722 at 64 kbit/s (ITU-T G.722): two sub-bands, each an adaptive difference coder.
//!
//! The whole codec, with its filters, is bit-exact with the ITU's reference and there to be compared with it. A
//! telephone call of this house has 8,000 samples a second, so a leg uses the lower sub-band alone
//! ([`Narrow`]): it is the sound up to 4 kHz as it stands, and each byte of the codec is one sample of it.

/// The static RTP payload type. Its clock counts 8,000 a second, by an old mistake that was kept (RFC 3551 §4.5.2).
pub const PAYLOAD_TYPE: u8 = 9;
/// Taps of one half of the sub-band filters.
const TAPS: usize = 12;
const FILTER: [i32; TAPS] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// Decision levels of the lower band.
const Q6: [i32; 32] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
    1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 0, 0,
];
const ILN: [u8; 32] = [
    0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
    7, 6, 5, 4, 0,
];
const ILP: [u8; 32] = [
    0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37,
    36, 35, 34, 33, 32, 0,
];
const WL: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1198, 3042];
const RL42: [usize; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
const QM4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
const WH: [i32; 3] = [0, -214, 798];
const RH2: [usize; 4] = [2, 1, 2, 1];

fn saturate(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

/// One sub-band: its step and its predictor.
#[derive(Clone, Debug)]
struct Band {
    /// Predicted sample, and the part of it from the zeros.
    s: i32,
    sz: i32,
    r: [i32; 3],
    a: [i32; 3],
    p: [i32; 3],
    d: [i32; 7],
    b: [i32; 7],
    nb: i32,
    det: i32,
}

impl Band {
    fn new(det: i32) -> Self {
        Self { s: 0, sz: 0, r: [0; 3], a: [0; 3], p: [0; 3], d: [0; 7], b: [0; 7], nb: 0, det }
    }

    /// Adapts the step (blocks 3L and 3H).
    fn scale(&mut self, weight: i32, limit: i32, shift: i32) {
        self.nb = (((self.nb * 127) >> 7) + weight).clamp(0, limit);
        let mantissa = ILB[((self.nb >> 6) & 31) as usize];
        let down = shift - (self.nb >> 11);
        self.det = (if down < 0 { mantissa << -down } else { mantissa >> down }) << 2;
    }

    /// Takes a quantised difference and predicts the next sample (block 4).
    fn adapt(&mut self, d: i32) {
        self.d[0] = d;
        self.r[0] = saturate(self.s + d);
        self.p[0] = saturate(self.sz + d);
        let alike = |one: i32, other: i32| (one >> 15) == (other >> 15);

        let steep = saturate(self.a[1] << 2);
        let turned = if alike(self.p[0], self.p[1]) { -steep } else { steep }.min(32_767);
        let kick = if alike(self.p[0], self.p[2]) { 128 } else { -128 };
        let a2 = (kick + (turned >> 7) + ((self.a[2] * 32_512) >> 15)).clamp(-12_288, 12_288);
        let kick = if alike(self.p[0], self.p[1]) { 192 } else { -192 };
        let bound = saturate(15_360 - a2);
        let a1 = saturate(kick + ((self.a[1] * 32_640) >> 15)).clamp(-bound, bound);

        let kick = if d == 0 { 0 } else { 128 };
        for at in 1..7 {
            let step = if alike(self.d[at], d) { kick } else { -kick };
            self.b[at] = saturate(step + ((self.b[at] * 32_640) >> 15));
        }
        self.d.copy_within(0..6, 1);
        self.r.copy_within(0..2, 1);
        self.p.copy_within(0..2, 1);
        (self.a[1], self.a[2]) = (a1, a2);

        let poles = (1..3).map(|at| (self.a[at] * saturate(self.r[at] * 2)) >> 15).sum();
        let zeros = (1..7).map(|at| (self.b[at] * saturate(self.d[at] * 2)) >> 15).sum();
        self.sz = saturate(zeros);
        self.s = saturate(saturate(poles) + self.sz);
    }
}

/// Both bands of one direction.
#[derive(Clone, Debug)]
struct Bands {
    low: Band,
    high: Band,
}

impl Default for Bands {
    fn default() -> Self {
        Self { low: Band::new(32), high: Band::new(8) }
    }
}

impl Bands {
    fn encode(&mut self, low: i32, high: i32) -> u8 {
        let error = saturate(low - self.low.s);
        let size = if error >= 0 { error } else { -(error + 1) };
        let level = (1..30).find(|&at| size < (Q6[at] * self.low.det) >> 12).unwrap_or(30);
        let low_code = if error < 0 { ILN[level] } else { ILP[level] };
        self.take_low(low_code);

        let error = saturate(high - self.high.s);
        let size = if error >= 0 { error } else { -(error + 1) };
        let is_large = size >= (564 * self.high.det) >> 12;
        let high_code = match (error < 0, is_large) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.take_high(high_code);
        high_code << 6 | low_code
    }

    /// Returns both bands' samples.
    fn decode(&mut self, code: u8) -> (i32, i32) {
        let (low_code, high_code) = (code & 0x3F, code >> 6);
        let low = self.low.s + ((self.low.det * QM6[usize::from(low_code)]) >> 15);
        self.take_low(low_code);
        let high = self.high.s + ((self.high.det * QM2[usize::from(high_code)]) >> 15);
        self.take_high(high_code);
        (low.clamp(-16_384, 16_383), high.clamp(-16_384, 16_383))
    }

    fn take_low(&mut self, code: u8) {
        let coarse = usize::from(code >> 2);
        let difference = (self.low.det * QM4[coarse]) >> 15;
        self.low.scale(WL[RL42[coarse]], 18_432, 8);
        self.low.adapt(difference);
    }

    fn take_high(&mut self, code: u8) {
        let difference = (self.high.det * QM2[usize::from(code)]) >> 15;
        self.high.scale(WH[RH2[usize::from(code)]], 22_528, 10);
        self.high.adapt(difference);
    }
}

/// Encodes 16,000 samples a second, two a byte.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    bands: Bands,
    past: [i32; 2 * TAPS],
}

impl Encoder {
    /// Encodes two samples.
    pub fn encode(&mut self, first: i16, second: i16) -> u8 {
        self.past.copy_within(2.., 0);
        (self.past[22], self.past[23]) = (i32::from(first), i32::from(second));
        let odd: i32 = (0..TAPS).map(|at| self.past[2 * at] * FILTER[at]).sum();
        let even: i32 = (0..TAPS).map(|at| self.past[2 * at + 1] * FILTER[TAPS - 1 - at]).sum();
        let band = |sum: i32| (sum >> 14).clamp(-16_384, 16_383);
        self.bands.encode(band(even + odd), band(even - odd))
    }
}

/// Decodes into 16,000 samples a second.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    bands: Bands,
    past: [i32; 2 * TAPS],
}

impl Decoder {
    /// Decodes a byte into two samples.
    pub fn decode(&mut self, code: u8) -> [i16; 2] {
        let (low, high) = self.bands.decode(code);
        self.past.copy_within(2.., 0);
        (self.past[22], self.past[23]) = (low + high, low - high);
        let second: i32 = (0..TAPS).map(|at| self.past[2 * at] * FILTER[at]).sum();
        let first: i32 = (0..TAPS).map(|at| self.past[2 * at + 1] * FILTER[TAPS - 1 - at]).sum();
        [first, second].map(|sum| saturate(sum >> 11) as i16)
    }
}

/// The lower sub-band of both directions: 8,000 samples a second, one a byte.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    inward: Bands,
    outward: Bands,
}

impl Narrow {
    /// Decodes a byte that was received.
    pub fn decode(&mut self, code: u8) -> i16 {
        (self.inward.decode(code).0 * 2) as i16
    }

    /// Encodes a sample that is sent; above 4 kHz there is nothing.
    pub fn encode(&mut self, sample: i16) -> u8 {
        self.outward.encode(i32::from(sample >> 1), 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a vector of the ITU software tool library as 16-bit words, if the data is there.
    fn vector(name: &str) -> Option<Vec<u16>> {
        let root = std::env::var("YIHAO_DATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned());
        let path = format!("{root}/media/itu_g722/src/g722/test_data/{name}");
        let bytes = std::fs::read(&path).ok();
        if bytes.is_none() {
            eprintln!("skipped: {path} is absent");
        }
        Some(bytes?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect())
    }

    #[test]
    fn encoding_equals_the_itu_reference() {
        let (Some(speech), Some(codes)) = (vector("inpsp.bin"), vector("codspw.cod")) else { return };
        let mut encoder = Encoder::default();
        let mut compared = 0;
        for (at, (pair, code)) in speech.chunks_exact(2).zip(&codes).enumerate() {
            let made = encoder.encode(pair[0] as i16, pair[1] as i16);
            assert_eq!(u16::from(made), *code, "code {at}");
            compared += 1;
        }
        assert!(compared > 1_000);
    }

    #[test]
    fn decoding_equals_the_itu_reference() {
        let (Some(codes), Some(speech)) = (vector("codspw.cod"), vector("outsp1.bin")) else { return };
        let mut decoder = Decoder::default();
        for (at, (code, pair)) in codes.iter().zip(speech.chunks_exact(2)).enumerate() {
            assert_eq!(decoder.decode(*code as u8), [pair[0] as i16, pair[1] as i16], "code {at}");
        }
    }

    /// A tone as the narrow codec gives it back, and how much of it is noise, in decibels below the tone.
    fn noise_below(hz: f64) -> f64 {
        let (mut here, mut there) = (Narrow::default(), Narrow::default());
        let tone = |at: u32| (std::f64::consts::TAU * hz * f64::from(at) / 8_000.0).sin() * 8_000.0;
        let (mut power, mut noise) = (0.0, 0.0);
        for at in 0..8_000 {
            let sent = tone(at);
            let heard = f64::from(there.decode(here.encode(sent as i16)));
            if at > 800 {
                power += sent * sent;
                noise += (heard - sent).powi(2);
            }
        }
        10.0 * (power / noise).log10()
    }

    #[test]
    fn a_tone_of_the_telephone_comes_back_clear() {
        for hz in [300.0, 700.0, 1_100.0, 2_000.0, 3_000.0] {
            let clear = noise_below(hz);
            assert!(clear > 25.0, "{hz} Hz: {clear:.1} dB");
        }
    }

    #[test]
    fn the_lower_band_of_the_whole_codec_is_what_the_narrow_one_hears() {
        let mut encoder = Encoder::default();
        let mut narrow = Narrow::default();
        let mut power = 0.0;
        for at in 0..8_000_u32 {
            let sample = |half: u32| {
                let phase = std::f64::consts::TAU * 1_000.0 * f64::from(at * 2 + half) / 16_000.0;
                (phase.sin() * 8_000.0) as i16
            };
            let heard = f64::from(narrow.decode(encoder.encode(sample(0), sample(1))));
            power += heard * heard / 8_000.0;
        }
        assert!((power.sqrt() * std::f64::consts::SQRT_2 - 8_000.0).abs() < 600.0, "{}", power.sqrt());
    }

    proptest! {
        #[test]
        fn no_bytes_overflow(codes in prop::collection::vec(any::<u8>(), 0..600), samples in prop::collection::vec(any::<i16>(), 0..600)) {
            let (mut decoder, mut narrow, mut encoder) = (Decoder::default(), Narrow::default(), Encoder::default());
            for code in codes {
                decoder.decode(code);
                narrow.decode(code);
            }
            for sample in samples {
                narrow.encode(sample);
                encoder.encode(sample, i16::MIN);
            }
        }
    }
}
