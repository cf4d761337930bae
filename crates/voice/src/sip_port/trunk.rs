//! Registering with carriers that want it.

use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::registration::Registration;
use rsipstack::sip::{StatusCode, Uri};

use super::stack::StackPort;

/// Longest pause between attempts, in seconds.
const RETRY_SECS_MAX: u64 = 300;

/// Keeps every trunk that names a registrar registered.
pub(super) fn register_all(port: &StackPort) {
    for trunk in &port.0.config.trunks {
        let (Some(registrar), Some(username)) = (&trunk.registrar, &trunk.username) else { continue };
        let Ok(server) = Uri::try_from(registrar.as_str()) else {
            tracing::error!(trunk = trunk.name, "the registrar's address can't be read");
            continue;
        };
        let credential = Credential {
            username: username.clone(),
            password: trunk.password.clone().unwrap_or_default(),
            realm: None,
            auth_username: None,
        };
        let (port, name) = (port.clone(), trunk.name.clone());
        tokio::spawn(async move {
            let mut registration = Registration::new(port.0.endpoint.clone(), Some(credential));
            let mut failures = 0u32;
            loop {
                let pause_secs = match registration.register(server.clone(), Some(600)).await {
                    Ok(response) if response.status_code == StatusCode::OK => {
                        if failures > 0 {
                            tracing::info!(trunk = name, "the trunk is registered again");
                        }
                        failures = 0;
                        u64::from(registration.expires().clamp(60, 600)) / 2
                    }
                    outcome => {
                        failures = failures.saturating_add(1);
                        let status = outcome.map(|response| response.status_code.code()).unwrap_or(0);
                        tracing::warn!(
                            trunk = name,
                            status,
                            failures,
                            "the carrier refused the registration"
                        );
                        (5u64 << failures.min(6)).min(RETRY_SECS_MAX)
                    }
                };
                tokio::select! {
                    () = port.0.stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(pause_secs)) => {}
                }
            }
        });
    }
}
