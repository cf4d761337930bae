//! G.711 A-law and µ-law (ITU-T G.711), sample by sample through tables.

/// Samples in a second.
pub const RATE: u32 = 8000;
/// Samples, and bytes of G.711, in one frame.
pub const FRAME: usize = 160;
/// Length of one frame in milliseconds.
pub const FRAME_MS: u32 = 20;

/// A G.711 flavour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// A-law, the one used in China and Europe.
    Pcma,
    /// µ-law, the one used in North America and Japan.
    Pcmu,
}

impl Codec {
    /// The static RTP payload type (RFC 3551).
    #[must_use]
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// The codec of a static RTP payload type.
    #[must_use]
    pub fn from_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            8 => Some(Self::Pcma),
            0 => Some(Self::Pcmu),
            _ => None,
        }
    }

    /// The encoding name in SDP's `rtpmap`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }

    /// The code of a zero sample.
    #[must_use]
    pub fn silence(self) -> u8 {
        match self {
            Self::Pcma => 0xD5,
            Self::Pcmu => 0xFF,
        }
    }

    /// Decodes one code to 16-bit linear.
    #[must_use]
    #[inline]
    pub fn decode(self, code: u8) -> i16 {
        match self {
            Self::Pcma => ALAW_TO_LINEAR[code as usize],
            Self::Pcmu => ULAW_TO_LINEAR[code as usize],
        }
    }

    /// Encodes one 16-bit linear sample.
    #[must_use]
    #[inline]
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            // Only the upper 12 bits count for A-law and the upper 14 for µ-law.
            Self::Pcma => LINEAR_TO_ALAW[((sample >> 4) as u16 & 0x0FFF) as usize],
            Self::Pcmu => LINEAR_TO_ULAW[((sample >> 2) as u16 & 0x3FFF) as usize],
        }
    }

    /// Translates a code of this flavour into `to`.
    #[must_use]
    #[inline]
    pub fn transcode(self, code: u8, to: Self) -> u8 {
        if self == to { code } else { to.encode(self.decode(code)) }
    }

    /// Decodes as many codes as both slices have room for.
    pub fn decode_into(self, codes: &[u8], samples: &mut [i16]) {
        for (sample, &code) in samples.iter_mut().zip(codes) {
            *sample = self.decode(code);
        }
    }

    /// Encodes as many samples as both slices have room for.
    pub fn encode_into(self, samples: &[i16], codes: &mut [u8]) {
        for (code, &sample) in codes.iter_mut().zip(samples) {
            *code = self.encode(sample);
        }
    }
}

/// Twenty milliseconds of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How the bytes are encoded.
    pub codec: Codec,
    /// One byte a sample.
    pub bytes: [u8; FRAME],
}

impl Frame {
    /// A frame of silence.
    #[must_use]
    pub fn silence(codec: Codec) -> Self {
        Self { codec, bytes: [codec.silence(); FRAME] }
    }

    /// The samples as 16-bit linear.
    #[must_use]
    pub fn samples(&self) -> [i16; FRAME] {
        let mut samples = [0; FRAME];
        self.codec.decode_into(&self.bytes, &mut samples);
        samples
    }

    /// The same sound in another flavour.
    #[must_use]
    pub fn to_codec(&self, codec: Codec) -> Self {
        let mut frame = *self;
        if codec != self.codec {
            frame.codec = codec;
            for byte in &mut frame.bytes {
                *byte = self.codec.transcode(*byte, codec);
            }
        }
        frame
    }
}

static ALAW_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw_expand(code as u8);
        code += 1;
    }
    table
};

static ULAW_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = ulaw_expand(code as u8);
        code += 1;
    }
    table
};

static LINEAR_TO_ALAW: [u8; 4096] = {
    let mut table = [0; 4096];
    let mut index = 0;
    while index < 4096 {
        table[index] = alaw_compress(((index as u16) << 4) as i16);
        index += 1;
    }
    table
};

static LINEAR_TO_ULAW: [u8; 16384] = {
    let mut table = [0; 16384];
    let mut index = 0;
    while index < 16384 {
        table[index] = ulaw_compress(((index as u16) << 2) as i16);
        index += 1;
    }
    table
};

const fn alaw_compress(sample: i16) -> u8 {
    // The magnitude of a negative number is its one's complement, so that both halves have the
    // same number of steps (G.711 table 1).
    let mut magnitude = (if sample < 0 { !sample } else { sample }) >> 4;
    if magnitude > 15 {
        let mut exponent = 1;
        while magnitude > 16 + 15 {
            magnitude >>= 1;
            exponent += 1;
        }
        magnitude -= 16;
        magnitude += exponent << 4;
    }
    if sample >= 0 {
        magnitude |= 0x80;
    }
    magnitude as u8 ^ 0x55
}

const fn alaw_expand(code: u8) -> i16 {
    let code = code ^ 0x55;
    let exponent = (code & 0x70) >> 4;
    let mut value = (code & 0x0F) as i16;
    if exponent > 0 {
        value += 16;
    }
    value = (value << 4) + 8;
    if exponent > 1 {
        value <<= exponent - 1;
    }
    if code & 0x80 != 0 { value } else { -value }
}

const fn ulaw_compress(sample: i16) -> u8 {
    let mut magnitude = ((if sample < 0 { !sample } else { sample }) >> 2) + 33;
    if magnitude > 0x1FFF {
        magnitude = 0x1FFF;
    }
    let mut segment = 1;
    let mut rest = magnitude >> 6;
    while rest != 0 {
        segment += 1;
        rest >>= 1;
    }
    let high = 8 - segment;
    let low = 0x0F - ((magnitude >> segment) & 0x0F);
    let code = ((high << 4) | low) as u8;
    if sample >= 0 { code | 0x80 } else { code }
}

const fn ulaw_expand(code: u8) -> i16 {
    let sign = code & 0x80;
    let mantissa = !code;
    let exponent = (mantissa >> 4) & 0x07;
    let segment = exponent + 1;
    let mantissa = (mantissa & 0x0F) as i16;
    let step = 4_i16 << segment;
    let magnitude = (0x80_i16 << exponent) + step * mantissa + step / 2 - 4 * 33;
    if sign == 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a vector of the ITU software tool library as 16-bit words, if the data is there.
    fn vector(name: &str) -> Option<Vec<u16>> {
        let root = std::env::var("YIHAO_DATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned());
        let path = format!("{root}/media/itu_g711/src/g711/test_data/{name}");
        let bytes = std::fs::read(&path).ok();
        if bytes.is_none() {
            eprintln!("skipped: {path} is absent");
        }
        Some(bytes?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect())
    }

    /// The reference codes stand in the low byte of each word.
    fn check(codec: Codec, codes: &str, linear: &str) {
        let (Some(source), Some(codes), Some(linear)) = (vector("sweep.src"), vector(codes), vector(linear))
        else {
            return;
        };
        assert_eq!(source.len(), codes.len());
        for ((&source, &code), &linear) in source.iter().zip(&codes).zip(&linear) {
            assert_eq!(codec.encode(source as i16), code as u8, "encoding {}", source as i16);
            assert_eq!(codec.decode(code as u8), linear as i16, "decoding {code:#x}");
        }
    }

    #[test]
    fn a_law_equals_the_itu_reference() {
        check(Codec::Pcma, "sweep-r.a", "sweep-r.a-a");
    }

    #[test]
    fn mu_law_equals_the_itu_reference() {
        check(Codec::Pcmu, "sweep-r.u", "sweep-r.u-u");
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for code in 0..=255_u8 {
                let back = codec.encode(codec.decode(code));
                // µ-law has two zeros; they come back as the positive one.
                if codec == Codec::Pcmu && code == 0x7F {
                    assert_eq!(back, 0xFF);
                } else {
                    assert_eq!(back, code, "{codec:?}");
                }
            }
            assert!(codec.decode(codec.silence()).abs() <= 8);
        }
    }
}
