//! People made to measure: exactly the capabilities that a test needs.

use std::sync::Arc;

use kernel::{Principal, Scope};

/// Builds a [`Principal`] without a database.
#[derive(Clone, Debug)]
pub struct PersonBuilder(Principal);

impl PersonBuilder {
    /// Begins a person without any capability, in unit `centre`.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self(Principal {
            person_id: account.to_owned(),
            account: account.to_owned(),
            name: account.to_owned(),
            job_no: None,
            unit_id: "centre".to_owned(),
            unit_path: "/centre/".to_owned(),
            roles: Vec::new(),
            grants: Arc::default(),
            masks: Arc::default(),
            session_id: format!("session-{account}"),
        })
    }

    /// Puts the person into a unit, given as the path of ids `/centre/…/unit/`.
    #[must_use]
    pub fn unit(mut self, path: &str) -> Self {
        self.0.unit_id = path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        self.0.unit_path = path.to_owned();
        self
    }

    /// Gives the person a role by name; what it grants is said with [`Self::may`].
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.0.roles.push(role.to_owned());
        self
    }

    /// Grants capabilities for everything.
    #[must_use]
    pub fn may(self, capabilities: &[&str]) -> Self {
        self.may_within(Scope::All, capabilities)
    }

    /// Grants capabilities within a scope.
    #[must_use]
    pub fn may_within(mut self, scope: Scope, capabilities: &[&str]) -> Self {
        let grants = capabilities.iter().map(|name| ((*name).to_owned(), scope));
        Arc::make_mut(&mut self.0.grants).extend(grants);
        self
    }

    /// Masks a field such as `phone`.
    #[must_use]
    pub fn masked(mut self, field: &str) -> Self {
        Arc::make_mut(&mut self.0.masks).insert(field.to_owned());
        self
    }

    /// Gives the person a job number.
    #[must_use]
    pub fn job_no(mut self, number: &str) -> Self {
        self.0.job_no = Some(number.to_owned());
        self
    }

    /// Returns the person.
    #[must_use]
    pub fn build(self) -> Principal {
        self.0
    }
}
