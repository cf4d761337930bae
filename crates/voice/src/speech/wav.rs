//! Sound files from outside: WAV with PCM or G.711, any usual rate, mono or stereo, to A-law at 8 kHz.

use std::f64::consts::PI;

use ::media::codec::Codec;

/// Longest sound that is taken, in seconds.
pub const SECONDS_MAX: usize = 600;
/// Rate of telephone sound.
const RATE: u32 = 8_000;
/// Zero crossings of the filter on each side.
const HALF: f64 = 24.0;
/// Peak that a sound is brought to, as a share of full scale.
const PEAK: f64 = 0.7;
/// What counts as silence at the ends.
const SILENCE: f64 = 0.004;

/// Why a file can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// Not a WAV file.
    #[error("not a WAV file")]
    NotWav,
    /// A coding that is not read.
    #[error("the coding is neither PCM nor G.711")]
    Coding,
    /// A rate or number of channels that no one uses.
    #[error("the rate or the number of channels is out of range")]
    Shape,
    /// Nothing to be heard.
    #[error("there is no sound in it")]
    Empty,
    /// Too long.
    #[error("the sound is too long")]
    Long,
}

struct Shape {
    coding: u16,
    channels: usize,
    rate: u32,
    bits: u16,
}

/// Reads a WAV file into samples between −1 and 1, with their rate. Lengths in the file are not
/// believed beyond its end: programs that write to a pipe do not know them.
///
/// # Errors
/// When it is none, or of a kind that is not read.
pub fn read(bytes: &[u8]) -> Result<(Vec<f64>, u32), WavError> {
    let rest = bytes.strip_prefix(b"RIFF").ok_or(WavError::NotWav)?;
    let mut rest = rest.get(4..).and_then(|rest| rest.strip_prefix(b"WAVE")).ok_or(WavError::NotWav)?;
    let mut shape = None;
    while rest.len() >= 8 {
        let (head, body) = rest.split_at(8);
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = &body[..size.min(body.len())];
        match &head[..4] {
            b"fmt " => shape = Some(format(body)?),
            b"data" => {
                let shape = shape.ok_or(WavError::NotWav)?;
                return samples(body, &shape).map(|samples| (samples, shape.rate));
            }
            _ => {}
        }
        // Pieces are padded to an even length.
        rest = rest.get(8 + size + size % 2..).unwrap_or(&[]);
    }
    Err(WavError::Empty)
}

fn format(body: &[u8]) -> Result<Shape, WavError> {
    let short = |at: usize| body.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let rate = body.get(4..8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(mut coding), Some(channels), Some(rate), Some(bits)) = (short(0), short(2), rate, short(14))
    else {
        return Err(WavError::NotWav);
    };
    // The extensible form has the coding at the head of its identifier.
    if coding == 0xFFFE {
        coding = short(24).ok_or(WavError::NotWav)?;
    }
    let known = matches!((coding, bits), (1, 8 | 16 | 24 | 32) | (3, 32) | (6 | 7, 8));
    if !known {
        return Err(WavError::Coding);
    }
    if !(1..=8).contains(&channels) || !(4_000..=192_000).contains(&rate) {
        return Err(WavError::Shape);
    }
    Ok(Shape { coding, channels: usize::from(channels), rate, bits })
}

fn samples(body: &[u8], shape: &Shape) -> Result<Vec<f64>, WavError> {
    let width = usize::from(shape.bits / 8);
    let block = width * shape.channels;
    if body.len() / block > SECONDS_MAX * shape.rate as usize {
        return Err(WavError::Long);
    }
    let one = |b: &[u8]| match (shape.coding, shape.bits) {
        (1, 8) => (f64::from(b[0]) - 128.0) / 128.0,
        (1, 16) => f64::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0,
        (1, 24) => f64::from(i32::from_le_bytes([0, b[0], b[1], b[2]])) / 2_147_483_648.0,
        (1, _) => f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])) / 2_147_483_648.0,
        (3, _) => f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        (6, _) => f64::from(Codec::Pcma.decode(b[0])) / 32_768.0,
        _ => f64::from(Codec::Pcmu.decode(b[0])) / 32_768.0,
    };
    let mixed = body.chunks_exact(block).map(|frame| {
        let sum: f64 = frame.chunks_exact(width).map(one).sum();
        let mean = sum / shape.channels as f64;
        if mean.is_finite() { mean.clamp(-1.0, 1.0) } else { 0.0 }
    });
    Ok(mixed.collect())
}

/// Makes telephone sound of a WAV file: mixed to mono, resampled, brought to a good level.
///
/// # Errors
/// When it can't be read or has no sound.
pub fn to_alaw(bytes: &[u8]) -> Result<Vec<u8>, WavError> {
    let (sound, rate) = read(bytes)?;
    let mut sound = resample(&sound, rate);
    let loud = |sample: &f64| sample.abs() > SILENCE;
    let first = sound.iter().position(loud).ok_or(WavError::Empty)?;
    let last = sound.iter().rposition(loud).ok_or(WavError::Empty)?;
    // A little silence stays at both ends, so that prompts can be joined.
    sound.truncate((last + 320).min(sound.len()));
    sound.drain(..first.saturating_sub(160));
    let peak = sound.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    Ok(sound.iter().map(|sample| encode(sample * PEAK / peak)).collect())
}

fn encode(sample: f64) -> u8 {
    // Within −1 and 1 the product fits; conversions of floats saturate anyway.
    Codec::Pcma.encode((sample * 32_767.0) as i16)
}

/// Changes the rate to 8 kHz with a windowed sinc.
fn resample(sound: &[f64], rate: u32) -> Vec<f64> {
    if rate == RATE {
        return sound.to_vec();
    }
    let ratio = f64::from(rate) / f64::from(RATE);
    // Down: cut off below half the new rate. Up: below half the old one.
    let cutoff = 0.92 * (1.0 / ratio).min(1.0);
    let reach = HALF / cutoff;
    let length = (sound.len() as f64 / ratio) as usize;
    let mut out = Vec::with_capacity(length);
    for at in 0..length {
        let centre = at as f64 * ratio;
        let first = (centre - reach).ceil().max(0.0) as usize;
        let last = ((centre + reach).floor() as usize).min(sound.len().saturating_sub(1));
        let mut total = 0.0;
        for (index, sample) in sound.iter().enumerate().take(last + 1).skip(first) {
            let x = index as f64 - centre;
            let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * cutoff * x).sin() / (PI * cutoff * x) };
            total += sample * sinc * (0.5 + 0.5 * (PI * x / reach).cos()) * cutoff;
        }
        out.push(total);
    }
    out
}

/// Presents A-law as a WAV file of 16-bit PCM, which every browser plays.
#[must_use]
pub fn present(codes: &[u8]) -> Vec<u8> {
    let data = u32::try_from(codes.len() * 2).unwrap_or(u32::MAX - 64);
    let mut out = Vec::with_capacity(44 + codes.len() * 2);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(data + 36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&RATE.to_le_bytes());
    out.extend_from_slice(&(RATE * 2).to_le_bytes());
    out.extend_from_slice(&2_u16.to_le_bytes());
    out.extend_from_slice(&16_u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&data.to_le_bytes());
    out.extend(codes.iter().flat_map(|&code| Codec::Pcma.decode(code).to_le_bytes()));
    out
}

/// Length of telephone sound in milliseconds.
#[must_use]
pub fn duration_ms(codes: &[u8]) -> i64 {
    i64::try_from(codes.len() / 8).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use ::media::detect::amplitude;
    use proptest::prelude::*;

    use super::*;

    fn wav(rate: u32, channels: u16, bits: u16, coding: u16, data: &[u8]) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        out.extend(coding.to_le_bytes());
        out.extend(channels.to_le_bytes());
        out.extend(rate.to_le_bytes());
        out.extend((rate * u32::from(channels * bits / 8)).to_le_bytes());
        out.extend((channels * bits / 8).to_le_bytes());
        out.extend(bits.to_le_bytes());
        out.extend(b"data");
        // As espeak-ng writes it to a pipe.
        out.extend(0x7FFF_F000_u32.to_le_bytes());
        out.extend(data);
        out
    }

    fn tone(rate: u32, channels: usize, hz: f64) -> Vec<u8> {
        (0..rate * 2)
            .flat_map(|at| {
                let sample = ((2.0 * PI * hz * f64::from(at) / f64::from(rate)).sin() * 9_000.0) as i16;
                std::iter::repeat_n(sample.to_le_bytes(), channels).flatten()
            })
            .collect()
    }

    #[test]
    fn usual_rates_and_channels_become_telephone_sound() {
        for (rate, channels) in [(8_000, 1), (16_000, 1), (22_050, 1), (44_100, 2), (48_000, 2)] {
            let file = wav(rate, channels, 16, 1, &tone(rate, usize::from(channels), 1_000.0));
            let codes = to_alaw(&file).unwrap();
            let samples: Vec<i16> = codes.iter().map(|&code| Codec::Pcma.decode(code)).collect();
            let level = amplitude(&samples[800..12_000], 1_000.0);
            assert!((0.6..0.75).contains(&level), "{rate} {channels} {level}");
            assert!((15_500..16_500).contains(&codes.len()), "{rate} {}", codes.len());
        }
    }

    #[test]
    fn what_a_telephone_cannot_carry_does_not_fold_back() {
        let mixed: Vec<u8> = (0..44_100_u32)
            .flat_map(|at| {
                let at = f64::from(at) / 44_100.0;
                let sum = (2.0 * PI * 1_000.0 * at).sin() + (2.0 * PI * 7_000.0 * at).sin();
                ((sum * 8_000.0) as i16).to_le_bytes()
            })
            .collect();
        let codes = to_alaw(&wav(44_100, 1, 16, 1, &mixed)).unwrap();
        let samples: Vec<i16> = codes.iter().map(|&code| Codec::Pcma.decode(code)).collect();
        assert!(amplitude(&samples[800..6_400], 1_000.0) > 0.5);
        assert!(amplitude(&samples[800..6_400], 1_000.0) > 50.0 * amplitude(&samples[800..6_400], 1_050.0));
        assert!(amplitude(&samples[800..6_400], 3_000.0) < 0.01, "7 kHz would fold back to 1 kHz below 8");
    }

    #[test]
    fn other_codings_are_read_and_the_rest_is_refused() {
        let alaw: Vec<u8> = (0..8_000_u32)
            .map(|at| Codec::Pcma.encode(((f64::from(at) * 0.5).sin() * 9_000.0) as i16))
            .collect();
        assert!(to_alaw(&wav(8_000, 1, 8, 6, &alaw)).is_ok());
        assert_eq!(to_alaw(&wav(8_000, 1, 16, 85, &alaw)), Err(WavError::Coding));
        assert_eq!(to_alaw(&wav(1, 1, 16, 1, &alaw)), Err(WavError::Shape));
        assert_eq!(to_alaw(&wav(8_000, 0, 16, 1, &alaw)), Err(WavError::Shape));
        assert_eq!(to_alaw(&wav(8_000, 1, 16, 1, &[0; 4_000])), Err(WavError::Empty));
        assert_eq!(to_alaw(b"ID3\x03"), Err(WavError::NotWav));
        let long = vec![0; 4_000 * SECONDS_MAX + 4_000];
        assert_eq!(to_alaw(&wav(4_000, 1, 8, 1, &long)), Err(WavError::Long));
    }

    #[test]
    fn a_presented_sound_reads_back_as_itself() {
        let codes: Vec<u8> = (0..=255).cycle().take(2_000).collect();
        let (samples, rate) = read(&present(&codes)).unwrap();
        assert_eq!((samples.len(), rate), (2_000, 8_000));
    }

    proptest! {
        #[test]
        fn no_file_panics(mut head in prop::collection::vec(any::<u8>(), 0..200), at in 0..200_usize) {
            let _ = to_alaw(&head);
            let whole = wav(8_000, 1, 16, 1, &head);
            let mut cut = whole.clone();
            cut.truncate(at);
            let _ = to_alaw(&cut);
            head.truncate(44);
            let mut spoilt = whole;
            for (to, from) in spoilt.iter_mut().skip(12).zip(head) { *to ^= from; }
            let _ = to_alaw(&spoilt);
        }
    }
}
