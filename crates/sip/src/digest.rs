//! Digest access authentication (RFC 7616, RFC 2617, RFC 8760), the server's side.
//!
//! Nonces are stateless: a time, a salt and a MAC. Only the window of used request counters is
//! remembered, bounded, until the nonce expires by itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use subtle::ConstantTimeEq;

/// Nonces whose counters are remembered at the same time; the oldest goes first.
const REMEMBERED_NONCES: usize = 20_000;
/// Longest credentials header that is looked at, in bytes.
const HEADER_LIMIT: usize = 4096;

/// Hash of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`: what browsers' SIP stacks know.
    Md5,
    /// `SHA-256` of RFC 8760.
    Sha256,
}

impl Algorithm {
    /// Returns the name as it stands in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("MD5") {
            Some(Self::Md5)
        } else if name.eq_ignore_ascii_case("SHA-256") {
            Some(Self::Sha256)
        } else {
            None
        }
    }

    /// Returns the lower-case hexadecimal hash of `text`.
    pub fn hex(self, text: &str) -> String {
        match self {
            Self::Md5 => to_hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => to_hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The header can't be read, or lacks a parameter that `qop=auth` needs.
    #[error("the credentials can't be read")]
    Malformed,
    /// The scheme, algorithm or quality of protection is not offered here.
    #[error("the scheme, algorithm or qop is not supported")]
    Unsupported,
    /// The credentials are for another realm or another request.
    #[error("the credentials are for another realm or request")]
    Mismatch,
    /// The nonce was not made here.
    #[error("the nonce was not issued by this server")]
    ForeignNonce,
    /// The nonce is genuine but too old: a challenge with `stale=true` follows.
    #[error("the nonce has expired")]
    Stale,
    /// The request counter was used before.
    #[error("the request counter was used before")]
    Replayed,
    /// The response does not match the password.
    #[error("the response does not match")]
    WrongPassword,
}

/// The parameters of an `Authorization` or `Proxy-Authorization` header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// User name in clear.
    pub username: String,
    /// Realm that the client answered for.
    pub realm: String,
    /// Nonce as it was issued.
    pub nonce: String,
    /// Request URI that the client hashed.
    pub uri: String,
    /// The client's proof, hexadecimal.
    pub response: String,
    /// Algorithm name, `MD5` when absent.
    pub algorithm: Option<String>,
    /// Quality of protection.
    pub qop: Option<String>,
    /// Client nonce.
    pub cnonce: Option<String>,
    /// Request counter, eight hexadecimal digits.
    pub nc: Option<String>,
    /// Opaque value returned.
    pub opaque: Option<String>,
}

impl Credentials {
    /// Reads a header value of the form `Digest name="value", …`.
    ///
    /// # Errors
    /// [`Refusal::Unsupported`] for another scheme, [`Refusal::Malformed`] for anything that is
    /// not a list of parameters, is oversized, or names a parameter twice.
    pub fn parse(header: &str) -> Result<Self, Refusal> {
        if header.len() > HEADER_LIMIT {
            return Err(Refusal::Malformed);
        }
        let header = header.trim_start();
        let (scheme, rest) =
            header.split_once(|c: char| c.is_ascii_whitespace()).ok_or(Refusal::Malformed)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(Refusal::Unsupported);
        }
        let mut seen: HashMap<String, String> = HashMap::new();
        for (name, value) in parameters(rest)? {
            if seen.insert(name, value).is_some() {
                return Err(Refusal::Malformed);
            }
        }
        let mut need = |name: &str| seen.remove(name).ok_or(Refusal::Malformed);
        Ok(Self {
            username: need("username")?,
            realm: need("realm")?,
            nonce: need("nonce")?,
            uri: need("uri")?,
            response: need("response")?,
            algorithm: seen.remove("algorithm"),
            qop: seen.remove("qop"),
            cnonce: seen.remove("cnonce"),
            nc: seen.remove("nc"),
            opaque: seen.remove("opaque"),
        })
    }
}

/// Splits `name="quoted", name=token` with backslash escapes in the quoted form.
fn parameters(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_ascii_whitespace() || *c == ',').is_some() {}
        if chars.peek().is_none() {
            return Ok(out);
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && *c != ',') {
            name.push(c);
        }
        if chars.next() != Some('=') {
            return Err(Refusal::Malformed);
        }
        while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next() {
                    Some('"') => break,
                    Some('\\') => value.push(chars.next().ok_or(Refusal::Malformed)?),
                    Some(c) => value.push(c),
                    None => return Err(Refusal::Malformed),
                }
            }
            while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
            if !matches!(chars.peek(), None | Some(',')) {
                return Err(Refusal::Malformed);
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                value.push(c);
            }
            value.truncate(value.trim_end().len());
        }
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || out.len() >= 24 {
            return Err(Refusal::Malformed);
        }
        out.push((name, value));
    }
}

/// Computes the response of a client that knows the password (RFC 7616 §3.4).
///
/// `protection` is `(nc, cnonce)` with `qop=auth`, or `None` for the form of RFC 2069.
#[expect(clippy::too_many_arguments, reason = "these are the terms of the formula")]
pub fn response(
    algorithm: Algorithm,
    username: &str,
    realm: &str,
    password: &str,
    method: &str,
    uri: &str,
    nonce: &str,
    protection: Option<(&str, &str)>,
) -> String {
    proof(algorithm, &ha1(algorithm, username, realm, password), method, uri, nonce, protection)
}

/// Computes what a server keeps in the password's place: it opens this realm only.
pub fn ha1(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> String {
    algorithm.hex(&format!("{username}:{realm}:{password}"))
}

fn proof(
    algorithm: Algorithm,
    ha1: &str,
    method: &str,
    uri: &str,
    nonce: &str,
    protection: Option<(&str, &str)>,
) -> String {
    let ha2 = algorithm.hex(&format!("{method}:{uri}"));
    match protection {
        Some((nc, cnonce)) => algorithm.hex(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}")),
        None => algorithm.hex(&format!("{ha1}:{nonce}:{ha2}")),
    }
}

/// What the server knows of a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The password itself, of those that live for hours.
    Password(String),
    /// [`ha1`] with [`Algorithm::Md5`], of those that are stored: desk telephones know no other algorithm.
    Ha1(String),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    fn ha1(&self, algorithm: Algorithm, username: &str, realm: &str) -> Result<String, Refusal> {
        match (self, algorithm) {
            (Self::Password(password), _) => Ok(ha1(algorithm, username, realm, password)),
            (Self::Ha1(md5), Algorithm::Md5) => Ok(md5.clone()),
            (Self::Ha1(_), Algorithm::Sha256) => Err(Refusal::Unsupported),
        }
    }
}

/// Counters that were used with one nonce: the highest and the 64 below it.
#[derive(Clone, Copy, Debug)]
struct Window {
    highest: u32,
    /// Bit `n` is set when `highest - n` was used.
    used: u64,
    issued_at: u64,
}

impl Window {
    fn admit(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let ahead = nc - self.highest;
            self.used = if ahead >= 64 { 0 } else { self.used << ahead };
            self.used |= 1;
            self.highest = nc;
            return true;
        }
        let behind = self.highest - nc;
        if behind >= 64 || self.used & (1 << behind) != 0 {
            return false;
        }
        self.used |= 1 << behind;
        true
    }
}

/// Issues challenges and verifies the answers to them.
pub struct Verifier {
    realm: String,
    key: [u8; 32],
    lifetime_ms: u64,
    windows: HashMap<String, Window>,
}

impl Verifier {
    /// Makes a verifier for `realm`; nonces live `lifetime_ms` and are bound to `key`.
    pub fn new(realm: impl Into<String>, key: [u8; 32], lifetime_ms: u64) -> Self {
        Self { realm: realm.into(), key, lifetime_ms, windows: HashMap::new() }
    }

    /// Returns the realm of the challenges.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Returns the value of a `WWW-Authenticate` header.
    pub fn challenge(&self, algorithm: Algorithm, now_ms: u64, salt: u64, stale: bool) -> String {
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm={}, qop=\"auth\"{stale}",
            self.realm,
            self.nonce(now_ms, salt),
            algorithm.name(),
        )
    }

    fn nonce(&self, now_ms: u64, salt: u64) -> String {
        let mut bytes = Vec::with_capacity(32);
        bytes.extend_from_slice(&now_ms.to_be_bytes());
        bytes.extend_from_slice(&salt.to_be_bytes());
        let tag = self.tag(&bytes);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn tag(&self, head: &[u8]) -> [u8; 16] {
        let mut mac =
            <Hmac<Sha256> as Mac>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(self.realm.as_bytes());
        mac.update(head);
        let full = mac.finalize().into_bytes();
        let mut tag = [0; 16];
        tag.copy_from_slice(&full[..16]);
        tag
    }

    /// Returns when the nonce was issued, or why it isn't accepted.
    fn issued_at(&self, nonce: &str, now_ms: u64) -> Result<u64, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| Refusal::ForeignNonce)?;
        if bytes.len() != 32 || !bool::from(self.tag(&bytes[..16]).ct_eq(&bytes[16..])) {
            return Err(Refusal::ForeignNonce);
        }
        let mut head = [0; 8];
        head.copy_from_slice(&bytes[..8]);
        let issued_at = u64::from_be_bytes(head);
        if issued_at > now_ms || now_ms - issued_at > self.lifetime_ms {
            return Err(Refusal::Stale);
        }
        Ok(issued_at)
    }

    /// Verifies credentials for a request.
    ///
    /// `method` and `uri` are of the request itself; the secret is the one that belongs to
    /// `credentials.username`. The counter is consumed only by a correct response, so that
    /// nobody can spend another's counters.
    ///
    /// # Errors
    /// A [`Refusal`]; after [`Refusal::Stale`] the challenge should say so.
    pub fn verify(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        secret: &Secret,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let algorithm = match credentials.algorithm.as_deref() {
            None => Algorithm::Md5,
            Some(name) => Algorithm::from_name(name).ok_or(Refusal::Unsupported)?,
        };
        if credentials.qop.as_deref() != Some("auth") {
            return Err(Refusal::Unsupported);
        }
        // The same address, however its schemes, hosts and parameters are written (RFC 3261 section 19.1.4): what
        // read the request writes `transport=tls` in capitals.
        if credentials.realm != self.realm || !credentials.uri.eq_ignore_ascii_case(uri) {
            return Err(Refusal::Mismatch);
        }
        let issued_at = self.issued_at(&credentials.nonce, now_ms)?;
        let nc_text = credentials.nc.as_deref().ok_or(Refusal::Malformed)?;
        let nc = counter(nc_text)?;
        let cnonce = credentials.cnonce.as_deref().ok_or(Refusal::Malformed)?;
        let expected = proof(
            algorithm,
            &secret.ha1(algorithm, &credentials.username, &self.realm)?,
            method,
            // The peer hashed it as it wrote it.
            &credentials.uri,
            &credentials.nonce,
            Some((nc_text, cnonce)),
        );
        let given = credentials.response.to_ascii_lowercase();
        if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
            return Err(Refusal::WrongPassword);
        }
        self.forget(now_ms);
        let window = self.windows.entry(credentials.nonce.clone()).or_insert(Window {
            highest: 0,
            used: 1,
            issued_at,
        });
        if window.admit(nc) { Ok(()) } else { Err(Refusal::Replayed) }
    }

    /// Drops windows of expired nonces, then the oldest while there are too many.
    fn forget(&mut self, now_ms: u64) {
        if self.windows.len() < REMEMBERED_NONCES {
            return;
        }
        let lifetime_ms = self.lifetime_ms;
        self.windows.retain(|_, window| now_ms.saturating_sub(window.issued_at) <= lifetime_ms);
        if self.windows.len() >= REMEMBERED_NONCES {
            let mut ages: Vec<u64> = self.windows.values().map(|w| w.issued_at).collect();
            let middle = ages.len() / 2;
            let (_, median, _) = ages.select_nth_unstable(middle);
            let median = *median;
            self.windows.retain(|_, window| window.issued_at > median);
        }
    }
}

/// Reads a request counter: exactly eight hexadecimal digits, not zero.
fn counter(text: &str) -> Result<u32, Refusal> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::Malformed);
    }
    match u32::from_str_radix(text, 16) {
        Ok(0) | Err(_) => Err(Refusal::Malformed),
        Ok(nc) => Ok(nc),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn verifier() -> Verifier {
        Verifier::new("yihao", [7; 32], 60_000)
    }

    fn nonce_of(challenge: &str) -> String {
        let start = challenge.find("nonce=\"").unwrap() + 7;
        challenge[start..].split('"').next().unwrap().to_owned()
    }

    fn answer(nonce: &str, nc: &str, algorithm: Algorithm, password: &str) -> Credentials {
        let proof =
            response(algorithm, "1001", "yihao", password, "REGISTER", "sip:yihao", nonce, Some((nc, "abc")));
        Credentials::parse(&format!(
            "Digest username=\"1001\", realm=\"yihao\", nonce=\"{nonce}\", uri=\"sip:yihao\", \
             response=\"{proof}\", algorithm={}, qop=auth, cnonce=\"abc\", nc={nc}",
            algorithm.name()
        ))
        .unwrap()
    }

    fn check(v: &mut Verifier, c: &Credentials, now: u64) -> Result<(), Refusal> {
        v.verify(c, "REGISTER", "sip:yihao", &Secret::Password("geheim".to_owned()), now)
    }

    #[test]
    fn rfc7616_examples() {
        let go = |algorithm| {
            response(
                algorithm,
                "Mufasa",
                "http-auth@example.org",
                "Circle of Life",
                "GET",
                "/dir/index.html",
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
            )
        };
        assert_eq!(go(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(go(Algorithm::Sha256), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn rfc2617_example() {
        assert_eq!(
            response(
                Algorithm::Md5,
                "Mufasa",
                "testrealm@host.com",
                "Circle Of Life",
                "GET",
                "/dir/index.html",
                "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                Some(("00000001", "0a4f113b")),
            ),
            "6629fae49393a05397450978507c4ef1"
        );
    }

    #[test]
    fn a_correct_answer_passes_once_in_both_algorithms() {
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let mut v = verifier();
            let nonce = nonce_of(&v.challenge(algorithm, NOW, 1, false));
            let c = answer(&nonce, "00000001", algorithm, "geheim");
            assert_eq!(check(&mut v, &c, NOW + 10), Ok(()));
            assert_eq!(check(&mut v, &c, NOW + 20), Err(Refusal::Replayed));
        }
    }

    #[test]
    fn an_address_is_hashed_as_the_peer_wrote_it() {
        let mut v = verifier();
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        let secret = Secret::Password("geheim".to_owned());
        let c = answer(&nonce, "00000001", Algorithm::Md5, "geheim");
        assert_eq!(v.verify(&c, "REGISTER", "sip:other", &secret, NOW), Err(Refusal::Mismatch));
        assert_eq!(v.verify(&c, "REGISTER", "sip:YIHAO", &secret, NOW), Ok(()));
    }

    #[test]
    fn counters_are_hexadecimal_from_the_tenth_request_on() {
        let mut v = verifier();
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        for n in 1..=300u32 {
            let c = answer(&nonce, &format!("{n:08x}"), Algorithm::Md5, "geheim");
            assert_eq!(check(&mut v, &c, NOW), Ok(()), "nc {n}");
        }
    }

    #[test]
    fn counters_may_arrive_out_of_order_but_not_twice() {
        let mut v = verifier();
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        let mut go = |n: u32| {
            let c = answer(&nonce, &format!("{n:08x}"), Algorithm::Md5, "geheim");
            check(&mut v, &c, NOW)
        };
        assert_eq!(go(5), Ok(()));
        assert_eq!(go(3), Ok(()));
        assert_eq!(go(3), Err(Refusal::Replayed));
        assert_eq!(go(200), Ok(()));
        assert_eq!(go(5), Err(Refusal::Replayed));
        assert_eq!(go(199), Ok(()));
    }

    #[test]
    fn an_old_nonce_is_stale_and_a_forged_one_foreign() {
        let mut v = verifier();
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        let c = answer(&nonce, "00000001", Algorithm::Md5, "geheim");
        assert_eq!(check(&mut v, &c, NOW + 60_001), Err(Refusal::Stale));
        let mut other = Verifier::new("yihao", [8; 32], 60_000);
        assert_eq!(check(&mut other, &c, NOW), Err(Refusal::ForeignNonce));
        let c = answer("AAAA", "00000001", Algorithm::Md5, "geheim");
        assert_eq!(check(&mut v, &c, NOW), Err(Refusal::ForeignNonce));
        assert!(v.challenge(Algorithm::Md5, NOW, 1, true).contains("stale=true"));
    }

    #[test]
    fn a_wrong_password_spends_no_counter() {
        let mut v = verifier();
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        let wrong = answer(&nonce, "00000001", Algorithm::Md5, "falsch");
        assert_eq!(check(&mut v, &wrong, NOW), Err(Refusal::WrongPassword));
        let right = answer(&nonce, "00000001", Algorithm::Md5, "geheim");
        assert_eq!(check(&mut v, &right, NOW), Ok(()));
    }

    #[test]
    fn another_request_or_method_does_not_pass() {
        let mut v = verifier();
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        let c = answer(&nonce, "00000001", Algorithm::Md5, "geheim");
        let secret = Secret::Password("geheim".to_owned());
        assert_eq!(v.verify(&c, "INVITE", "sip:yihao", &secret, NOW), Err(Refusal::WrongPassword));
        assert_eq!(v.verify(&c, "REGISTER", "sip:other", &secret, NOW), Err(Refusal::Mismatch));
    }

    #[test]
    fn a_hash_serves_in_the_passwords_place_and_is_not_printed() {
        let mut v = verifier();
        let secret = Secret::Ha1(ha1(Algorithm::Md5, "1001", "yihao", "geheim"));
        let nonce = nonce_of(&v.challenge(Algorithm::Md5, NOW, 1, false));
        let mut go = |nc, algorithm, password| {
            let c = answer(&nonce, nc, algorithm, password);
            v.verify(&c, "REGISTER", "sip:yihao", &secret, NOW)
        };
        assert_eq!(go("00000001", Algorithm::Md5, "geheim"), Ok(()));
        assert_eq!(go("00000002", Algorithm::Md5, "falsch"), Err(Refusal::WrongPassword));
        assert_eq!(go("00000003", Algorithm::Sha256, "geheim"), Err(Refusal::Unsupported));
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn hostile_headers_are_malformed_not_a_panic() {
        for header in [
            "",
            "Digest",
            "Digest ",
            "Digest username",
            "Digest username=\"a",
            "Digest username=\"a\\",
            "Digest username=\"a\"x=1",
            "Digest username=\"a\", username=\"b\"",
            "Digest =",
            "Digest ,,,,,,",
        ] {
            assert_eq!(Credentials::parse(header), Err(Refusal::Malformed), "{header}");
        }
        assert_eq!(Credentials::parse("Basic Zm9v"), Err(Refusal::Unsupported));
        assert_eq!(
            Credentials::parse(&format!("Digest a=\"{}\"", "x".repeat(5000))),
            Err(Refusal::Malformed)
        );
        for nc in ["", "1", "0000000g", "00000000", "000000001", "+0000001"] {
            assert_eq!(counter(nc), Err(Refusal::Malformed), "{nc}");
        }
    }

    #[test]
    fn the_memory_of_counters_is_bounded() {
        let mut v = verifier();
        for n in 0..(REMEMBERED_NONCES as u64 + 10) {
            let nonce = v.nonce(NOW + n % 1000, n);
            v.windows.insert(nonce, Window { highest: 0, used: 1, issued_at: NOW + n % 1000 });
        }
        v.forget(NOW + 1000);
        assert!(v.windows.len() < REMEMBERED_NONCES);
    }
}
