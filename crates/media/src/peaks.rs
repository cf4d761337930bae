//! The picture of a recording: the loudest moment of each column, for both sides.

use std::io::{self, Read, Seek, SeekFrom};

use crate::codec::Codec;
use crate::recording::HEADER_LEN;

/// Loudness of both sides, 0 to 100 for each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    /// The citizen.
    pub left: Vec<u8>,
    /// Everybody else.
    pub right: Vec<u8>,
}

/// Reads a stored recording of `file_len` bytes and draws it in `columns`.
///
/// # Errors
/// When the source fails.
pub fn of_recording(mut source: impl Read + Seek, file_len: u64, columns: usize) -> io::Result<Peaks> {
    let pairs = file_len.saturating_sub(HEADER_LEN as u64) / 2;
    let columns = columns.min(usize::try_from(pairs).unwrap_or(usize::MAX));
    let mut peaks = Peaks { left: vec![0; columns], right: vec![0; columns] };
    if columns == 0 {
        return Ok(peaks);
    }
    source.seek(SeekFrom::Start(HEADER_LEN as u64))?;
    let mut bytes = [0; 16_384];
    let mut at = 0u64;
    while at < pairs * 2 {
        let most = usize::try_from(pairs * 2 - at).unwrap_or(usize::MAX).min(bytes.len());
        let read = source.read(&mut bytes[..most])?;
        if read == 0 {
            break;
        }
        for &code in &bytes[..read] {
            let column = usize::try_from((at / 2) * columns as u64 / pairs).unwrap_or(0).min(columns - 1);
            let side = if at.is_multiple_of(2) { &mut peaks.left } else { &mut peaks.right };
            let loud = u32::from(Codec::Pcma.decode(code).unsigned_abs()) * 100 / 32_768;
            side[column] = side[column].max(u8::try_from(loud).unwrap_or(100));
            at += 1;
        }
    }
    Ok(peaks)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::recording::{header, interleave};

    #[test]
    fn each_side_is_drawn_where_it_was_loud() {
        let (quiet, loud) = (Codec::Pcma.encode(0), Codec::Pcma.encode(30_000));
        let mut file = header(1600).to_vec();
        interleave(&[loud; 400], &[quiet; 400], &mut file);
        interleave(&[quiet; 400], &[loud; 400], &mut file);
        let len = file.len() as u64;
        let peaks = of_recording(Cursor::new(file), len, 4).unwrap();
        assert!(peaks.left[..2].iter().all(|&p| p > 85) && peaks.left[2..].iter().all(|&p| p < 2));
        assert!(peaks.right[..2].iter().all(|&p| p < 2) && peaks.right[2..].iter().all(|&p| p > 85));
    }

    #[test]
    fn any_length_is_drawn() {
        for len in [0, 3, HEADER_LEN, HEADER_LEN + 1, HEADER_LEN + 5] {
            let peaks = of_recording(Cursor::new(vec![0xd5; len]), len as u64, 10).unwrap();
            assert_eq!(peaks.left.len(), len.saturating_sub(HEADER_LEN) / 2);
        }
        // A file that is shorter than it says.
        assert!(of_recording(Cursor::new(vec![0; 70]), 1_000, 10).is_ok());
    }
}
