//! Keys in session descriptions (SDES, RFC 4568): the attribute `crypto`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Bytes of a master key with its salt in the suites that are known here.
const MASTER_LEN: usize = 30;

/// What is done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    Tag32,
}

impl Suite {
    /// Returns the name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }
}

/// A key with which the writer of a description sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Crypto {
    /// Number of the line, by which an answer names the key of the offer that it takes.
    pub tag: u32,
    /// What is done with it.
    pub suite: Suite,
    /// Sixteen bytes of key, fourteen of salt.
    pub master: [u8; MASTER_LEN],
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crypto").field("tag", &self.tag).field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl Crypto {
    /// Reads the value of the attribute; none when it asks for what is not done here: another suite, several keys,
    /// a master key identifier, or session parameters that change the protection.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split_ascii_whitespace();
        let tag = parts.next().filter(|tag| tag.len() <= 9)?.parse().ok()?;
        let name = parts.next()?;
        let suite = [Suite::Tag80, Suite::Tag32].into_iter().find(|suite| suite.name() == name)?;
        let mut inline = parts.next()?.strip_prefix("inline:")?.split('|');
        let mut master = [0; MASTER_LEN];
        let decoded = STANDARD.decode(inline.next()?).ok().filter(|bytes| bytes.len() == MASTER_LEN)?;
        master.copy_from_slice(&decoded);
        // A lifetime may follow; packets of one call never reach it. A colon marks a key identifier.
        let bare = inline.all(|more| !more.contains(':')) && parts.all(|more| more.starts_with("WSH="));
        bare.then_some(Self { tag, suite, master })
    }

    /// Makes a key of a random token of thirty bytes in the base64 alphabet for addresses; none for anything else.
    pub fn from_token(token: &str) -> Option<Self> {
        let decoded = URL_SAFE_NO_PAD.decode(token).ok()?;
        let master = decoded.try_into().ok()?;
        Some(Self { tag: 1, suite: Suite::Tag80, master })
    }

    pub(super) fn to_line(self) -> String {
        format!("{} {} inline:{}", self.tag, self.suite.name(), STANDARD.encode(self.master))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn a_line_is_read_and_written() {
        let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let read = Crypto::parse(&line).unwrap();
        assert_eq!(read.to_line(), line);
        assert!(!format!("{read:?}").contains("89"), "a key is never shown");
        assert!(Crypto::parse(&format!("{line}|2^31 WSH=64")).is_some());
    }

    #[test]
    fn what_is_not_done_here_is_not_read() {
        for bad in [
            String::new(),
            "1".to_owned(),
            format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"),
            format!("99999999999 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 AES_CM_256_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}"),
            "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA".to_owned(),
        ] {
            assert_eq!(Crypto::parse(&bad), None, "{bad}");
        }
    }
}
