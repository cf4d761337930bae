//! Messages as they are heard: their sound, and the codes by which staff hear them from a telephone.

use std::io::SeekFrom;
use std::path::Path;

use ::media::recording::{BYTES_PER_MS, HEADER_LEN, PAIR};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// Fewest and most digits of a code.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 6..=10;

/// Reads what the citizen said in a part of a recording, as A-law; ten minutes at most.
///
/// # Errors
/// When the file can't be read.
pub async fn citizen_part(path: &Path, from_ms: i64, length_ms: i64) -> std::io::Result<Vec<u8>> {
    let mut file = tokio::fs::File::open(path).await?;
    let (from, length) = (from_ms.max(0).unsigned_abs(), length_ms.clamp(0, 600_000).unsigned_abs());
    file.seek(SeekFrom::Start(HEADER_LEN as u64 + from * BYTES_PER_MS)).await?;
    let mut pairs = Vec::new();
    file.take(length * BYTES_PER_MS).read_to_end(&mut pairs).await?;
    Ok(pairs.into_iter().step_by(usize::try_from(PAIR).unwrap_or(2)).collect())
}

/// Tells whether digits make a code that is not guessed at once: six to ten of them, not the number itself, not
/// all the same, not one after the other.
#[must_use]
pub fn is_good_pin(pin: &str, number: &str) -> bool {
    let digits = pin.as_bytes();
    let steps = |by: u8| digits.windows(2).all(|pair| (pair[0] - b'0' + by) % 10 == pair[1] - b'0');
    PIN_DIGITS.contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && ![0, 1, 9].into_iter().any(steps)
        && !pin.contains(number)
}

/// Returns the number that a person types before the code: the job number when it is digits, else the seat's.
#[must_use]
pub fn number_of(job_no: Option<&str>, seat_no: Option<&str>) -> Option<String> {
    let typed =
        |text: &&str| (3..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    job_no.filter(typed).or(seat_no.filter(typed)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_guessed_at_once_are_refused() {
        for bad in [
            "",
            "12345",
            "123456",
            "890123",
            "987654",
            "000000",
            "77777777",
            "12a456",
            "71001723",
            "１２３４５６",
        ] {
            assert!(!is_good_pin(bad, "1001"), "{bad}");
        }
        assert!(is_good_pin("274913", "1001"));
        assert!(is_good_pin("1122334455", "1001"));
        assert!(!is_good_pin("11223344556", "1001"));
    }

    #[test]
    fn a_job_number_goes_before_a_seat() {
        assert_eq!(number_of(Some("80012"), Some("1001")), Some("80012".to_owned()));
        assert_eq!(number_of(Some("A12"), Some("1001")), Some("1001".to_owned()));
        assert_eq!(number_of(None, None), None);
    }
}
