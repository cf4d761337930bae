//! One-time codes by time (RFC 6238): SHA-1, 30 s, 6 digits, as every authenticator shows them.

use hmac::{Hmac, Mac as _};
use kernel::Timestamp;
use sha1::Sha1;

const STEP_SECS: i64 = 30;
const SECRET_BYTES: usize = 20;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns a fresh secret in Base32.
#[must_use]
pub fn new_secret() -> String {
    let mut secret = [0_u8; SECRET_BYTES];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut secret);
    base32(&secret)
}

/// Returns the address that authenticators read from a QR code.
#[must_use]
pub fn otpauth_uri(secret: &str, account: &str) -> String {
    format!(
        "otpauth://totp/12345:{account}?secret={secret}&issuer=12345&algorithm=SHA1&digits=6&period={STEP_SECS}"
    )
}

/// Returns the code of `step` for a secret; none when the secret is not Base32.
#[must_use]
pub fn code_at(secret: &str, step: i64) -> Option<String> {
    Some(format!("{:06}", truncated(&from_base32(secret)?, step) % 1_000_000))
}

/// Returns the step that `now` lies in.
#[must_use]
pub fn step_at(now: Timestamp) -> i64 {
    now.0.div_euclid(1000 * STEP_SECS)
}

/// Finds the step that `code` belongs to: the present one or a neighbour, since clocks differ, and later
/// than `last_step`, since a code counts once.
#[must_use]
pub fn accept(secret: &str, code: &str, now: Timestamp, last_step: i64) -> Option<i64> {
    let present = step_at(now);
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    [present, present - 1, present + 1].into_iter().filter(|step| *step > last_step).find(|step| {
        code_at(secret, *step).is_some_and(|expected| kernel::crypto::same_secret(&expected, &code))
    })
}

fn truncated(key: &[u8], step: i64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 0x0f);
    u32::from_be_bytes([digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]])
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[((buffer >> bits) & 31) as usize]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[((buffer << (5 - bits)) & 31) as usize]));
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        buffer = (buffer << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
        buffer &= (1 << bits) - 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the ASCII key "12345678901234567890", eight digits.
    #[test]
    fn vectors_of_the_rfc() {
        let key = b"12345678901234567890";
        for (secs, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = step_at(Timestamp(secs * 1000));
            assert_eq!(truncated(key, step) % 100_000_000, expected, "at {secs}");
            let code = code_at(&base32(key), step).expect("a secret");
            assert_eq!(code, format!("{:06}", expected % 1_000_000));
        }
    }

    #[test]
    fn base32_of_rfc_4648_survives_the_trip() {
        for (plain, text) in [("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()), text);
            assert_eq!(from_base32(text).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(from_base32("A1"), None);
    }

    #[test]
    fn a_code_counts_once_and_clocks_may_differ_by_a_step() {
        let secret = new_secret();
        let now = Timestamp(1_700_000_000_000);
        let step = step_at(now);
        let code = code_at(&secret, step).expect("a secret");
        assert_eq!(accept(&secret, &code, now, 0), Some(step));
        assert_eq!(accept(&secret, &code, now, step), None, "replayed");
        assert_eq!(accept(&secret, &code, now.plus_secs(30), 0), Some(step));
        assert_eq!(accept(&secret, &code, now.plus_secs(90), 0), None, "too old");
    }
}
