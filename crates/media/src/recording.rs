//! The recording file: a WAV of two A-law channels that a crash at any byte cannot spoil.
//!
//! The file starts with a fixed header whose sizes stay zero while it is written; samples are
//! only ever appended. Finishing patches the sizes. If that never happened, [`repair`] derives
//! the header from the length of the file alone.
//!
//! Browsers do not reliably play A-law, so [`WavView`] presents a recording as 16-bit PCM and maps
//! byte ranges of that file onto the stored one; nothing is transcoded to disk.

use std::ops::Range;

use crate::codec::{Codec, RATE};

/// Length of the stored file's header.
pub const HEADER_LEN: usize = 58;
/// Bytes of one sample in both channels.
pub const PAIR: u64 = 2;
/// Bytes of one millisecond in both channels.
pub const BYTES_PER_MS: u64 = PAIR * RATE as u64 / 1000;

/// The header for so many bytes of samples; zero while the file is being written.
#[must_use]
pub fn header(data_len: u64) -> [u8; HEADER_LEN] {
    // RIFF sizes have 32 bits; 74 hours of recording are past any call.
    let data_len = u32::try_from(data_len).unwrap_or(u32::MAX - 64);
    let mut bytes = [0; HEADER_LEN];
    let fields: [(usize, &[u8]); 14] = [
        (0, b"RIFF"),
        (4, &(data_len + HEADER_LEN as u32 - 8).to_le_bytes()),
        (8, b"WAVEfmt "),
        (16, &18_u32.to_le_bytes()),
        (20, &6_u16.to_le_bytes()),
        (22, &2_u16.to_le_bytes()),
        (24, &RATE.to_le_bytes()),
        (28, &(RATE * 2).to_le_bytes()),
        (32, &2_u16.to_le_bytes()),
        (34, &8_u16.to_le_bytes()),
        (38, b"fact\x04\0\0\0"),
        (46, &(data_len / 2).to_le_bytes()),
        (50, b"data"),
        (54, &data_len.to_le_bytes()),
    ];
    for (at, field) in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
    }
    bytes
}

/// What has to be done to a file that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The header to write at the start.
    pub header: [u8; HEADER_LEN],
    /// The length to cut the file to, header included.
    pub file_len: u64,
    /// Length of the sound in milliseconds.
    pub duration_ms: u64,
}

/// Derives a playable file from the length of one that was cut at any byte.
#[must_use]
pub fn repair(file_len: u64) -> Repair {
    let data_len = file_len.saturating_sub(HEADER_LEN as u64) / PAIR * PAIR;
    Repair {
        header: header(data_len),
        file_len: HEADER_LEN as u64 + data_len,
        duration_ms: data_len / BYTES_PER_MS,
    }
}

/// Appends samples of both channels in turn: left is the citizen, right what the citizen hears.
pub fn interleave(left: &[u8], right: &[u8], out: &mut Vec<u8>) {
    for (&left, &right) in left.iter().zip(right) {
        out.push(left);
        out.push(right);
    }
}

/// A recording seen as a WAV file of 16-bit PCM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WavView {
    data_len: u64,
}

/// Length of the header that [`WavView`] presents.
const PCM_HEADER_LEN: u64 = 44;

impl WavView {
    /// A view of a stored file of this length, finished or not.
    #[must_use]
    pub fn new(file_len: u64) -> Self {
        Self { data_len: file_len.saturating_sub(HEADER_LEN as u64) / PAIR * PAIR }
    }

    /// Length of the presented file in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        PCM_HEADER_LEN + self.data_len * 2
    }

    /// Whether there is no sound in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data_len == 0
    }

    /// Length of the sound in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.data_len / BYTES_PER_MS
    }

    /// The bytes of the stored file that a range of the presented one needs; empty when the range
    /// lies within the header or beyond the end.
    #[must_use]
    pub fn source(&self, range: &Range<u64>) -> Range<u64> {
        let range = self.clamp(range);
        let from = range.start.saturating_sub(PCM_HEADER_LEN) / 2;
        let to = range.end.saturating_sub(PCM_HEADER_LEN).div_ceil(2);
        let offset = HEADER_LEN as u64;
        if to > from { offset + from..offset + to } else { offset..offset }
    }

    /// The presented bytes of a range; `source` are the stored bytes that [`WavView::source`]
    /// names for the same range. Fewer stored bytes give fewer presented ones.
    #[must_use]
    pub fn present(&self, range: &Range<u64>, source: &[u8]) -> Vec<u8> {
        let range = self.clamp(range);
        let mut out = Vec::with_capacity((range.end - range.start) as usize);
        if range.start < PCM_HEADER_LEN {
            let end = range.end.min(PCM_HEADER_LEN);
            out.extend_from_slice(&self.pcm_header()[range.start as usize..end as usize]);
        }
        let from = range.start.saturating_sub(PCM_HEADER_LEN);
        let to = range.end.saturating_sub(PCM_HEADER_LEN);
        let skip = (from % 2) as usize;
        let samples = source.iter().flat_map(|&code| Codec::Pcma.decode(code).to_le_bytes());
        out.extend(samples.skip(skip).take((to - from) as usize));
        out
    }

    fn clamp(&self, range: &Range<u64>) -> Range<u64> {
        let end = range.end.min(self.len());
        range.start.min(end)..end
    }

    fn pcm_header(&self) -> [u8; PCM_HEADER_LEN as usize] {
        let data_len = u32::try_from(self.data_len * 2).unwrap_or(u32::MAX - 64);
        let mut bytes = [0; PCM_HEADER_LEN as usize];
        let fields: [(usize, &[u8]); 11] = [
            (0, b"RIFF"),
            (4, &(data_len + 36).to_le_bytes()),
            (8, b"WAVEfmt "),
            (16, &16_u32.to_le_bytes()),
            (20, &1_u16.to_le_bytes()),
            (22, &2_u16.to_le_bytes()),
            (24, &RATE.to_le_bytes()),
            (28, &(RATE * 4).to_le_bytes()),
            (32, &4_u16.to_le_bytes()),
            (34, &16_u16.to_le_bytes()),
            (36, b"data"),
        ];
        for (at, field) in fields {
            bytes[at..at + field.len()].copy_from_slice(field);
        }
        bytes[40..44].copy_from_slice(&data_len.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(pairs: usize) -> Vec<u8> {
        let mut file = header(pairs as u64 * 2).to_vec();
        file.extend((0..pairs * 2).map(|at| at as u8));
        file
    }

    fn present(file: &[u8], range: Range<u64>) -> Vec<u8> {
        let view = WavView::new(file.len() as u64);
        let source = view.source(&range);
        view.present(&range, &file[source.start as usize..source.end as usize])
    }

    #[test]
    fn the_header_says_what_is_in_the_file() {
        let header = header(32_000);
        assert_eq!(&header[..4], b"RIFF");
        assert_eq!(header[4..8], 32_050_u32.to_le_bytes());
        assert_eq!(header[46..50], 16_000_u32.to_le_bytes());
        assert_eq!(&header[50..54], b"data");
        assert_eq!(header[54..58], 32_000_u32.to_le_bytes());
    }

    #[test]
    fn a_file_cut_at_any_byte_becomes_whole() {
        let file = stored(1000);
        for cut in 0..=file.len() {
            let repair = repair(cut as u64);
            let kept = (repair.file_len as usize).min(cut).saturating_sub(HEADER_LEN);
            assert_eq!(repair.header, header(kept as u64));
            assert_eq!(repair.file_len as usize, HEADER_LEN + kept);
            assert_eq!(kept % 2, 0);
            assert!(cut < HEADER_LEN || cut - HEADER_LEN - kept < 2);
        }
        assert_eq!(repair(HEADER_LEN as u64 + 16_001).duration_ms, 1000);
    }

    #[test]
    fn the_view_is_a_pcm_wav() {
        let file = stored(4);
        let wav = present(&file, 0..u64::MAX);
        assert_eq!(wav.len(), 44 + 16);
        assert_eq!(wav[4..8], 52_u32.to_le_bytes());
        assert_eq!(wav[40..44], 16_u32.to_le_bytes());
        assert_eq!(wav[44..46], Codec::Pcma.decode(0).to_le_bytes());
        assert_eq!(wav[58..60], Codec::Pcma.decode(7).to_le_bytes());
    }

    #[test]
    fn an_empty_or_broken_file_is_an_empty_wav() {
        for len in [0, 10, 58, 59] {
            let view = WavView::new(len);
            assert!(view.is_empty());
            assert_eq!(view.present(&(0..100), &[]).len(), 44);
            assert_eq!(view.source(&(0..100)), 58..58);
        }
    }

    proptest! {
        #[test]
        fn any_range_equals_the_same_part_of_the_whole(pairs in 0..200_usize, a in 0..900_u64, b in 0..900_u64) {
            let file = stored(pairs);
            let whole = present(&file, 0..u64::MAX);
            let range = a.min(b)..a.max(b);
            let end = (range.end as usize).min(whole.len());
            let start = (range.start as usize).min(end);
            prop_assert_eq!(&present(&file, range)[..], &whole[start..end]);
        }
    }
}
