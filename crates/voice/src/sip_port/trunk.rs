//! Registering with carriers that want it.

use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::registration::Registration;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Response, Uri};
use serde::Serialize;
use utoipa::ToSchema;

use super::stack::StackPort;
use crate::config::TrunkConfig;

/// The life of a registration that is asked for, in seconds.
const EXPIRES_SECS: u32 = 600;
/// The longest life that a carrier may insist on, in seconds.
const EXPIRES_SECS_MAX: u32 = 86_400;
/// Longest pause between attempts, in seconds.
const RETRY_SECS_MAX: u64 = 300;

/// How a trunk's registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// The carrier was asked and has not answered yet.
    Registering,
    /// The carrier knows where calls go.
    Registered,
    /// The carrier refused; calls do not come.
    Refused,
    /// The carrier does not answer; calls do not come.
    Unreachable,
}

/// A trunk that registers with its carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrunkView {
    /// Its name.
    pub name: String,
    /// The carrier's registrar.
    pub registrar: String,
    /// How the registration stands.
    pub state: RegistrationState,
    /// The carrier's last answer, a status code of SIP.
    pub code: Option<u16>,
    /// Since when it stands so, epoch milliseconds.
    pub since: i64,
    /// Attempts in a row that failed.
    pub failures: u32,
}

impl TrunkView {
    /// Returns a trunk that was not asked for yet.
    pub(super) fn begin(trunk: &TrunkConfig, now: i64) -> Option<Self> {
        Some(Self {
            name: trunk.name.clone(),
            registrar: trunk.registrar.clone().filter(|_| trunk.username.is_some())?,
            state: RegistrationState::Registering,
            code: None,
            since: now,
            failures: 0,
        })
    }

    /// Takes an answer in: its code, none when nothing came.
    fn note(&mut self, code: Option<u16>, now: i64) {
        let state = match code {
            Some(200) => RegistrationState::Registered,
            Some(_) => RegistrationState::Refused,
            None => RegistrationState::Unreachable,
        };
        if self.state != state || self.code != code {
            self.since = now;
        }
        self.state = state;
        self.code = code;
        self.failures =
            if state == RegistrationState::Registered { 0 } else { self.failures.saturating_add(1) };
    }
}

/// Returns the pause before a registration of this life is renewed.
fn renewal(granted_secs: u32) -> Duration {
    Duration::from_millis(u64::from(granted_secs.clamp(1, EXPIRES_SECS_MAX)) * 500)
}

/// Returns the pause after so many failures.
fn patience(failures: u32) -> Duration {
    Duration::from_secs((5u64 << failures.min(6)).min(RETRY_SECS_MAX))
}

/// Returns the life that a carrier insists on, when it finds ours too short.
fn insisted(response: &Response) -> Option<u32> {
    let value = response.min_expires_header()?.value().trim().parse::<u32>().ok()?;
    (response.status_code.code() == 423).then(|| value.clamp(1, EXPIRES_SECS_MAX))
}

/// Keeps every trunk that names a registrar registered.
pub(super) fn register_all(port: &StackPort) {
    for trunk in &port.0.config.trunks {
        let (Some(registrar), Some(username)) = (&trunk.registrar, &trunk.username) else { continue };
        let Ok(server) = Uri::try_from(registrar.as_str()) else {
            tracing::error!(trunk = trunk.name, "the registrar's address can't be read");
            port.note_registration(&trunk.name, None);
            continue;
        };
        let credential = Credential {
            username: username.clone(),
            password: trunk.password.clone().unwrap_or_default(),
            realm: None,
            auth_username: None,
        };
        tokio::spawn(keep_registered(port.clone(), trunk.name.clone(), server, credential));
    }
}

async fn keep_registered(port: StackPort, name: String, server: Uri, credential: Credential) {
    let mut registration = Registration::new(port.0.endpoint.clone(), Some(credential));
    let mut expires = EXPIRES_SECS;
    loop {
        let mut outcome = registration.register(server.clone(), Some(expires)).await;
        if let Some(longer) = outcome.as_ref().ok().and_then(insisted) {
            expires = longer;
            outcome = registration.register(server.clone(), Some(expires)).await;
        }
        let failures = match outcome {
            Ok(response) => port.note_registration(&name, Some(response.status_code.code())),
            Err(error) => {
                tracing::debug!(trunk = name, %error, "the registration came to nothing");
                port.note_registration(&name, None)
            }
        };
        let pause = if failures == 0 { renewal(registration.expires()) } else { patience(failures) };
        tokio::select! {
            () = port.0.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl StackPort {
    /// Takes down what came of an attempt; tells the log what the operator has to know. Returns the failures
    /// in a row.
    fn note_registration(&self, name: &str, code: Option<u16>) -> u32 {
        let now = self.0.clock.now().0;
        let mut trunks = self.registrations();
        let Some(trunk) = trunks.iter_mut().find(|trunk| trunk.name == name) else { return 0 };
        let before = trunk.failures;
        trunk.note(code, now);
        match code {
            Some(200) if before > 0 => tracing::info!(trunk = name, "the trunk is registered again"),
            Some(200) => {}
            Some(401 | 403 | 407) => tracing::error!(
                trunk = name,
                code,
                failures = trunk.failures,
                "the carrier refused the registration: user name and password do not hold, or the account is closed"
            ),
            _ => tracing::warn!(
                trunk = name,
                code,
                failures = trunk.failures,
                "the trunk could not be registered"
            ),
        }
        trunk.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_renewed_before_it_ends_however_short_it_is() {
        assert_eq!(renewal(600), Duration::from_secs(300));
        assert_eq!(renewal(2), Duration::from_secs(1));
        assert_eq!(renewal(0), Duration::from_millis(500), "not without any pause");
        assert_eq!(renewal(u32::MAX), Duration::from_secs(43_200));
    }

    #[test]
    fn a_carrier_that_refuses_is_asked_less_and_less_often() {
        assert_eq!(patience(1), Duration::from_secs(10));
        assert_eq!(patience(3), Duration::from_secs(40));
        assert_eq!(patience(u32::MAX), Duration::from_secs(RETRY_SECS_MAX));
    }

    #[test]
    fn a_refusal_is_dated_from_its_first_time() {
        let trunk = TrunkConfig {
            name: "carrier".to_owned(),
            peers: Vec::new(),
            numbers: Vec::new(),
            username: Some("yunzhou".to_owned()),
            outbound: None,
            channels: None,
            password: None,
            registrar: Some("sip:10.0.0.1".to_owned()),
        };
        let mut view = TrunkView::begin(&trunk, 1).unwrap();
        view.note(Some(403), 10);
        view.note(Some(403), 20);
        assert_eq!((view.state, view.since, view.failures), (RegistrationState::Refused, 10, 2));
        view.note(None, 30);
        assert_eq!((view.state, view.code, view.since), (RegistrationState::Unreachable, None, 30));
        view.note(Some(200), 40);
        assert_eq!((view.state, view.since, view.failures), (RegistrationState::Registered, 40, 0));
    }
}
