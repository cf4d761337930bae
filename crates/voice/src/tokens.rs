//! Short-lived secrets for telephones: a seat's password, a citizen's right to call.

use std::collections::HashMap;
use std::sync::Mutex;

use kernel::Timestamp;

use crate::sip_port::SipLeg;

/// Life of a seat's password, in seconds: a shift, so that a page may refresh its registration.
pub const SEAT_SECS: i64 = 12 * 3600;
/// Life of a citizen's right to call, in seconds.
pub const CITIZEN_SECS: i64 = 300;
/// Citizens' rights at the same time.
const CITIZENS: usize = 20_000;

#[derive(Default)]
struct State {
    seats: HashMap<String, (String, Timestamp)>,
    citizens: HashMap<String, (Option<String>, Timestamp)>,
    /// Calls that were made with a citizen's right, by user name: their leg, and their id once they have one.
    calls: HashMap<String, (SipLeg, Option<String>)>,
}

/// All secrets that are valid; a restart of the server ends them.
#[derive(Default)]
pub struct Tokens(Mutex<State>);

impl Tokens {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes a seat's password; the one before becomes void.
    pub fn issue_seat(&self, seat: &str, now: Timestamp) -> (String, Timestamp) {
        let (password, until) = (secret(), now.plus_secs(SEAT_SECS));
        self.state().seats.insert(seat.to_owned(), (password.clone(), until));
        (password, until)
    }

    /// Voids a seat's password.
    pub fn revoke_seat(&self, seat: &str) {
        self.state().seats.remove(seat);
    }

    /// Returns a seat's password.
    pub fn seat_password(&self, seat: &str, now: Timestamp) -> Option<String> {
        self.state().seats.get(seat).filter(|(_, until)| *until > now).map(|(password, _)| password.clone())
    }

    /// Makes a citizen's user name; none when too many are waiting to be used.
    pub fn issue_citizen(&self, phone: Option<&str>, now: Timestamp) -> Option<(String, Timestamp)> {
        let mut state = self.state();
        if state.citizens.len() >= CITIZENS {
            state.citizens.retain(|_, (_, until)| *until > now);
        }
        if state.citizens.len() >= CITIZENS {
            return None;
        }
        let (user, until) = (format!("c-{}", secret()), now.plus_secs(CITIZEN_SECS));
        state.citizens.insert(user.clone(), (phone.map(str::to_owned), until));
        Some((user, until))
    }

    /// Returns the number behind a citizen's user name: `None` when the name is not valid,
    /// `Some(None)` when no number was given.
    pub fn citizen(&self, user: &str, now: Timestamp) -> Option<Option<String>> {
        self.state().citizens.get(user).filter(|(_, until)| *until > now).map(|(phone, _)| phone.clone())
    }
}

impl Tokens {
    /// Notes that a citizen's right is used by a leg.
    pub fn begin(&self, user: &str, leg: SipLeg) {
        self.state().calls.insert(user.to_owned(), (leg, None));
    }

    /// Notes the call of a leg.
    pub fn name(&self, leg: SipLeg, call_id: &str) {
        if let Some((_, id)) = self.state().calls.values_mut().find(|(of, _)| *of == leg) {
            *id = Some(call_id.to_owned());
        }
    }

    /// Forgets a leg that has no call any more.
    pub fn end(&self, leg: SipLeg) {
        self.state().calls.retain(|_, (of, _)| *of != leg);
    }

    /// Returns the call that is made with a citizen's right.
    pub fn call_of(&self, user: &str) -> Option<String> {
        self.state().calls.get(user)?.1.clone()
    }
}

fn secret() -> String {
    kernel::crypto::random_token(18)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_end_and_are_replaced() {
        let tokens = Tokens::default();
        let now = Timestamp(0);
        let (first, until) = tokens.issue_seat("1001", now);
        let (second, _) = tokens.issue_seat("1001", now);
        assert_ne!(first, second);
        assert_eq!(tokens.seat_password("1001", now), Some(second));
        assert_eq!(tokens.seat_password("1001", until), None);
        let (user, until) = tokens.issue_citizen(Some("138"), now).unwrap();
        assert_eq!(tokens.citizen(&user, now), Some(Some("138".into())));
        assert_eq!(tokens.citizen(&user, until), None);
        assert_eq!(tokens.citizen("c-forged", now), None);
    }
    #[test]
    fn a_right_knows_its_call_as_long_as_it_lasts() {
        let tokens = Tokens::default();
        let (user, _) = tokens.issue_citizen(None, Timestamp(0)).unwrap();
        assert_eq!(tokens.call_of(&user), None);
        tokens.begin(&user, SipLeg(7));
        tokens.name(SipLeg(8), "other");
        assert_eq!(tokens.call_of(&user), None);
        tokens.name(SipLeg(7), "call");
        assert_eq!(tokens.call_of(&user).as_deref(), Some("call"));
        tokens.end(SipLeg(7));
        assert_eq!(tokens.call_of(&user), None);
    }
}
