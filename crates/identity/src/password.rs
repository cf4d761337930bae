//! Passwords: rules, and Argon2id with the parameters that OWASP recommends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use argon2::password_hash::{Output, PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::error::IdentityError;

/// Memory for one hash, KiB (OWASP: 19 MiB, two passes, one lane).
const MEMORY_KIB: u32 = 19 * 1024;
/// So many hashes are computed at once; each holds a core and 19 MiB.
const AT_ONCE: usize = 2;
/// So many wait at most; whoever comes then is asked to try again.
const WAITING_MAX: usize = 128;
/// The longest password, in bytes; longer ones only cost time.
const LENGTH_MAX: usize = 128;

/// Stands in for the hash of an account that does not exist, so that both take the same time. No password
/// has an all-zero hash that anybody could find.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const COMMON: &[&str] = &[
    "123456", "12345678", "password", "qwerty", "admin", "abc123", "111111", "iloveyou", "welcome",
    "letmein", "p@ssw0rd", "passw0rd", "1q2w3e4r", "zaq12wsx", "woaini", "a123456",
];

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, 2, 1, None).expect("constant parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Working memory that is used again: an allocator would keep what each thread once gave back.
static SPARE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Computes a digest of `out`'s length.
fn digest(argon2: &Argon2<'_>, plain: &str, salt: &[u8], out: &mut [u8]) -> Result<(), IdentityError> {
    let spare = || SPARE.lock().expect("no holder of this lock can panic");
    let mut memory = spare().pop().unwrap_or_default();
    memory.resize(argon2.params().block_count(), Block::default());
    let result = argon2.hash_password_into_with_memory(plain.as_bytes(), salt, out, &mut memory);
    let mut kept = spare();
    if kept.len() < AT_ONCE {
        kept.push(memory);
    }
    result.map_err(|error| IdentityError::Hash(error.to_string()))
}

/// Hashes a password; takes tens of milliseconds of a core, so never on a runtime thread.
///
/// # Errors
/// When hashing fails for lack of memory.
pub fn hash_password(plain: &str) -> Result<String, IdentityError> {
    let failed = |error: argon2::password_hash::Error| IdentityError::Hash(error.to_string());
    let mut salt = [0_u8; 16];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut salt);
    let mut out = [0_u8; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = argon2();
    digest(&argon2, plain, &salt, &mut out)?;
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(failed)?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&out).map_err(failed)?),
    };
    Ok(hash.to_string())
}

fn matches(plain: &str, hash: &str) -> Result<bool, IdentityError> {
    let failed = |error: argon2::password_hash::Error| IdentityError::Hash(error.to_string());
    let parsed = PasswordHash::new(hash).map_err(failed)?;
    let (Some(salt), Some(expected)) = (parsed.salt, parsed.hash) else {
        return Err(IdentityError::Hash("the stored hash has no salt or no digest".to_owned()));
    };
    let params = Params::try_from(&parsed).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut salt_bytes = [0_u8; 64];
    let salt = salt.decode_b64(&mut salt_bytes).map_err(failed)?;
    let mut out = vec![0_u8; expected.len()];
    digest(&argon2, plain, salt, &mut out)?;
    Ok(out.ct_eq(expected.as_bytes()).into())
}

/// Checks a new password: `length_min` characters with three of four kinds, or sixteen of any, not the
/// account and nothing that everybody tries first.
///
/// # Errors
/// With the rule that it breaks.
pub fn check_password(plain: &str, account: &str, length_min: usize) -> Result<(), IdentityError> {
    let length = plain.chars().count();
    let kinds = [
        plain.chars().any(|c| c.is_ascii_lowercase()),
        plain.chars().any(|c| c.is_ascii_uppercase()),
        plain.chars().any(|c| c.is_ascii_digit()),
        plain.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    let refuse = |code, zh, en| Err(IdentityError::field("password", code, zh, en));
    if length < length_min || plain.len() > LENGTH_MAX {
        return refuse(
            "length",
            "密码太短或太长（至少 10 位，最多 128 字节）。",
            "The password is too short or too long.",
        );
    }
    if length < 16 && kinds.into_iter().filter(|kind| *kind).count() < 3 {
        return refuse(
            "kinds",
            "16 位以下的密码须包含大写字母、小写字母、数字、符号中的三类。",
            "Below 16 characters use three of: upper case, lower case, digits, signs.",
        );
    }
    let lower = plain.to_lowercase();
    let bare: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    if (account.len() >= 4 && lower.contains(account))
        || COMMON
            .iter()
            .any(|word| bare.trim_end_matches(|c: char| c.is_ascii_digit()) == *word || bare == *word)
    {
        return refuse(
            "guessable",
            "密码过于常见或包含账号，容易被猜到。",
            "The password is common or contains the account, and easy to guess.",
        );
    }
    Ok(())
}

/// Hashes and verifies off the runtime's threads, few at a time. Clones share the bound.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), waiting: Arc::default() }
    }

    pub(crate) async fn hash(&self, plain: String) -> Result<String, IdentityError> {
        self.run(move || hash_password(&plain)).await
    }

    /// Tells whether `plain` belongs to `hash`. Without a hash it takes as long and says no.
    pub(crate) async fn verify(&self, plain: String, hash: Option<String>) -> Result<bool, IdentityError> {
        if plain.len() > LENGTH_MAX * 8 {
            return Ok(false);
        }
        self.run(move || match hash {
            Some(hash) => matches(&plain, &hash),
            None => matches(&plain, NOBODY).map(|_| false),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let waiting = Waiting(self.waiting.clone());
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING_MAX {
            return Err(IdentityError::Busy);
        }
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| IdentityError::Busy)?;
        let result = tokio::task::spawn_blocking(move || {
            let _held = (turn, waiting);
            work()
        });
        result.await.map_err(|error| IdentityError::Hash(error.to_string()))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(plain: &str) -> Option<&'static str> {
        match check_password(plain, "zhangwei", 10) {
            Ok(()) => None,
            Err(IdentityError::Fields(faults)) => Some(faults[0].code),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn guessable_passwords_are_refused() {
        assert_eq!(code("Short1!"), Some("length"));
        assert_eq!(code("alllowercase"), Some("kinds"));
        assert_eq!(code("Zhangwei2026!"), Some("guessable"));
        assert_eq!(code("Password123!"), Some("guessable"));
        assert_eq!(code(&"x".repeat(129)), Some("length"));
        assert_eq!(code("four plain words here"), None);
        assert_eq!(code("Yun-Zhou-2026"), None);
        assert_eq!(code("云州热线一二三四五六七八九十甲乙"), None);
    }

    #[test]
    fn a_hash_names_its_parameters_and_fits_only_its_password() {
        let hash = hash_password("Yun-Zhou-2026").expect("hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(matches("Yun-Zhou-2026", &hash).expect("verify"));
        assert!(!matches("yun-zhou-2026", &hash).expect("verify"));
        assert!(!matches("", NOBODY).expect("the stand-in is a valid hash"));
    }
}
