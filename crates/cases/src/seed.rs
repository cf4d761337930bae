//! For the demonstration city: orders that went through the real flow in the past.
//!
//! A seeder calls the same functions as the handlers ([`Cases::create`], [`Cases::review`],
//! [`Cases::dispatch`] …) with a [`kernel::Ctx`] whose `now` is the instant at which the thing shall have
//! happened; [`Cases::fire_timers`] with a later instant lets limits turn yellow and red on their day.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Ctx, Principal, Scope, Timestamp};

use crate::CAPABILITIES;
pub use crate::store::creation::forget;

/// Makes a person who may do everything with orders, in the name of a real one.
#[must_use]
pub fn deputy(person_id: &str, name: &str, unit_id: &str, unit_path: &str) -> Principal {
    let grants: HashMap<String, Scope> =
        CAPABILITIES.iter().map(|capability| (capability.name.to_owned(), Scope::All)).collect();
    Principal {
        person_id: person_id.to_owned(),
        account: String::new(),
        name: name.to_owned(),
        job_no: None,
        unit_id: unit_id.to_owned(),
        unit_path: unit_path.to_owned(),
        roles: Vec::new(),
        grants: Arc::new(grants),
        masks: Arc::default(),
        session_id: String::new(),
    }
}

/// Makes the context of what a person did at `at`.
#[must_use]
pub fn ctx(by: &Principal, at: Timestamp) -> Ctx {
    Ctx::person(&by.person_id, &by.name, at)
}
