//! Roles: what each may do, how far, and what it sees masked.

mod change;
pub mod defaults;
mod news;
mod shipped;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Lang, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use change::GrantsChange;
pub use news::NewsDecision;
pub use shipped::{RoleNews, Shipped};

use crate::error::IdentityError;

/// Fields that a role may see masked.
pub const MASKS: &[&str] = &["phone"];

/// A role (角色).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// The role.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Whether it is one of the three administrators, who exclude each other and business (STD-11).
    pub exclusive: bool,
    /// Capabilities with their scopes.
    #[schema(value_type = std::collections::HashMap<String, Scope>)]
    pub grants: BTreeMap<String, Scope>,
    /// Fields that it sees masked.
    #[schema(value_type = Vec<String>)]
    pub masks: BTreeSet<String>,
    /// Its place in lists.
    pub sort: i64,
    /// For optimistic locking.
    pub version: i64,
    /// What the version granted that the city last took over.
    #[serde(skip)]
    pub shipped: Option<Shipped>,
}

impl Role {
    /// Returns the name in a language.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &str {
        lang.pick(&self.name_zh, &self.name_en)
    }
}

/// What a capability is the power of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Reading business data.
    Reading,
    /// Changing business data.
    Business,
    /// Accounts, units and settings.
    System,
    /// Rights, sessions and recovery.
    Security,
    /// The audit log.
    Audit,
}

/// Returns what a capability is the power of. Whatever is not known here changes business data.
#[must_use]
pub fn power(capability: &str) -> Power {
    match capability {
        "unit.write"
        | "person.write"
        | "seat.write"
        | "dictionary.write"
        | "parameter.write"
        | "calendar.write"
        | "case.import"
        | "catalogue.write"
        | "flow.write"
        | "feed.write"
        | "form.write"
        | "limit.write"
        | "map.write"
        | "notice.write"
        | "order_type.write"
        | "assist.learn"
        | "knowledge.manage"
        | "registration.decide"
        | "telephone.write"
        | "template.write"
        | "warning.rule" => Power::System,
        "role.write" | "session.revoke" | "person.recover" => Power::Security,
        "audit.read" | "audit.verify" => Power::Audit,
        reading if [".read", ".listen", ".monitor"].iter().any(|end| reading.ends_with(end)) => {
            Power::Reading
        }
        _ => Power::Business,
    }
}

/// Checks that one person may hold these roles together: an administrator's role comes without other
/// administrators, without roles that change business data, and without another power.
///
/// # Errors
/// When they may not.
pub fn check_together(roles: &[&Role]) -> Result<(), IdentityError> {
    let administrators: BTreeSet<&str> =
        roles.iter().filter(|role| role.exclusive).map(|role| role.id.as_str()).collect();
    if administrators.len() > 1 {
        return Err(IdentityError::RolesExclude("two administrators in one person"));
    }
    if administrators.is_empty() {
        return Ok(());
    }
    let others = roles.iter().filter(|role| !role.exclusive);
    for capability in others.flat_map(|role| role.grants.keys()) {
        if power(capability) != Power::Reading {
            return Err(IdentityError::RolesExclude("an administrator with a role that does more than read"));
        }
    }
    Ok(())
}

/// Checks that a role's own grants keep the powers apart: an administrator's role holds one power and no
/// business, any other role holds at most one of the administrators' powers.
///
/// # Errors
/// When they do not.
pub fn check_grants(exclusive: bool, grants: &BTreeMap<String, Scope>) -> Result<(), IdentityError> {
    let powers: BTreeSet<Power> = grants.keys().map(|name| power(name)).collect();
    let administrative =
        powers.iter().filter(|power| matches!(power, Power::System | Power::Security | Power::Audit)).count();
    if administrative > 1 || (exclusive && powers.contains(&Power::Business)) {
        return Err(IdentityError::PowersExclude);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::defaults::default_roles;
    use super::*;

    fn role<'a>(roles: &'a [Role], id: &str) -> &'a Role {
        roles.iter().find(|role| role.id == id).expect("a default role")
    }

    #[test]
    fn administrators_exclude_each_other_and_business() {
        let roles = default_roles();
        let get = |id| role(&roles, id);
        assert!(check_together(&[get("system_admin"), get("security_admin")]).is_err());
        assert!(check_together(&[get("audit_admin"), get("system_admin")]).is_err());
        assert!(check_together(&[get("security_admin"), get("agent")]).is_err());
        assert!(
            check_together(&[get("system_admin"), get("supervision")]).is_err(),
            "it would read the audit log"
        );
        assert!(check_together(&[get("agent"), get("shift_leader")]).is_ok());
        for role in &roles {
            assert!(check_together(&[role]).is_ok(), "{}", role.id);
            assert!(check_grants(role.exclusive, &role.grants).is_ok(), "{}", role.id);
        }
    }

    #[test]
    fn a_role_cannot_gather_two_powers() {
        let grants = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Scope::All)).collect();
        assert!(check_grants(false, &grants(&["person.write", "role.write"])).is_err());
        assert!(check_grants(true, &grants(&["audit.read", "case.close"])).is_err());
        assert!(check_grants(false, &grants(&["case.close", "calendar.write"])).is_ok());
    }

    #[test]
    fn supervision_reads_and_changes_nothing() {
        let roles = default_roles();
        let supervision = role(&roles, "supervision");
        assert!(supervision.grants.keys().all(|name| matches!(power(name), Power::Reading | Power::Audit)));
        assert!(supervision.masks.contains("phone"));
    }
}
