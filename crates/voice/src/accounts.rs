//! Accounts of desk telephones as signalling needs them: in memory, because a registration never waits for the
//! database.

use std::collections::HashMap;
use std::sync::RwLock;

use ::sip::digest::{Algorithm, Secret, ha1};

/// Bytes of randomness in a password that is made here.
const PASSWORD_BYTES: usize = 15;

/// All accounts, by the number of their seat.
#[derive(Default)]
pub struct Accounts(RwLock<HashMap<String, String>>);

impl Accounts {
    /// Returns what proves the password of a seat's desk telephone.
    #[must_use]
    pub fn secret(&self, seat: &str) -> Option<Secret> {
        let known = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.get(seat).cloned().map(Secret::Ha1)
    }

    /// Tells whether a seat has a desk telephone.
    #[must_use]
    pub fn has(&self, seat: &str) -> bool {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).contains_key(seat)
    }

    /// Takes over all accounts; returns the seats whose telephones have to register again, because their account is
    /// gone or has another password.
    pub fn replace(&self, accounts: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let fresh: HashMap<String, String> = accounts.into_iter().collect();
        let mut known = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let stale =
            known.iter().filter(|(seat, ha1)| fresh.get(*seat) != Some(ha1)).map(|(seat, _)| seat.clone());
        let stale = stale.collect();
        *known = fresh;
        stale
    }
}

/// Makes a password for a seat's telephone; returns it with what is stored in its place.
#[must_use]
pub fn new_password(seat: &str, realm: &str) -> (String, String) {
    let password = kernel::crypto::random_token(PASSWORD_BYTES);
    let stored = ha1(Algorithm::Md5, seat, realm, &password);
    (password, stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lost_their_password_has_to_register_again() {
        let accounts = Accounts::default();
        let pair = |seat: &str, ha1: &str| (seat.to_owned(), ha1.to_owned());
        assert!(accounts.replace([pair("1001", "a"), pair("1002", "b")]).is_empty());
        assert!(accounts.replace([pair("1001", "a"), pair("1002", "b"), pair("1003", "c")]).is_empty());
        let mut stale = accounts.replace([pair("1001", "x"), pair("1003", "c")]);
        stale.sort();
        assert_eq!(stale, ["1001", "1002"]);
        assert!(accounts.has("1001") && !accounts.has("1002"));
        assert_eq!(accounts.secret("1001"), Some(Secret::Ha1("x".to_owned())));
    }
}
