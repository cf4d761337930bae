//! What the version that runs ships for a role that exists already: a role that the city left alone follows,
//! a role that it changed stays, and its administrators are told what is new.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;

/// What a version ships for a role, as it is remembered with the role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// Capabilities with their scopes.
    pub grants: BTreeMap<String, Scope>,
    /// Fields that the role sees masked.
    pub masks: BTreeSet<String>,
}

/// What the running version would grant otherwise than a changed role does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleNews {
    /// The role.
    pub role_id: String,
    /// Its version, to decide with.
    pub version: i64,
    /// What it would be granted.
    #[schema(value_type = std::collections::HashMap<String, Scope>)]
    pub added: BTreeMap<String, Scope>,
    /// What it would lose.
    #[schema(value_type = Vec<String>)]
    pub removed: BTreeSet<String>,
}

impl Shipped {
    /// Returns what a role of the first day is.
    #[must_use]
    pub fn of(role: &Role) -> Self {
        Self { grants: role.grants.clone(), masks: role.masks.clone() }
    }
}

impl Role {
    /// Tells whether the city left the role as it was shipped.
    #[must_use]
    pub fn is_as_shipped(&self) -> bool {
        match &self.shipped {
            Some(shipped) => shipped.grants == self.grants && shipped.masks == self.masks,
            // From before it was remembered: whoever changed a role raised its version.
            None => self.version == 1,
        }
    }

    /// Returns the role as `default` has it now, its version raised where that changes it.
    #[must_use]
    pub fn follow(&self, default: &Role) -> Self {
        let changes = self.grants != default.grants || self.masks != default.masks;
        Self {
            grants: default.grants.clone(),
            masks: default.masks.clone(),
            shipped: Some(Shipped::of(default)),
            version: self.version + i64::from(changes),
            ..self.clone()
        }
    }

    /// Returns what `default` has and this role has not been asked about; none when there is nothing.
    #[must_use]
    pub fn news(&self, default: &Role) -> Option<RoleNews> {
        let nothing = BTreeMap::new();
        let known = match &self.shipped {
            Some(shipped) => &shipped.grants,
            None if self.is_as_shipped() => &self.grants,
            None => &nothing,
        };
        let added: BTreeMap<String, Scope> = default
            .grants
            .iter()
            .filter(|(name, scope)| known.get(*name) != Some(*scope))
            // Without knowing what was shipped, another scope is the city's own choice.
            .filter(|(name, scope)| match self.grants.get(*name) {
                None => true,
                Some(own) => own != *scope && self.shipped.is_some(),
            })
            .map(|(name, scope)| (name.clone(), *scope))
            .collect();
        let removed: BTreeSet<String> = known
            .keys()
            .filter(|name| self.grants.contains_key(*name) && !default.grants.contains_key(*name))
            .cloned()
            .collect();
        if added.is_empty() && removed.is_empty() {
            return None;
        }
        Some(RoleNews { role_id: self.id.clone(), version: self.version, added, removed })
    }

    /// Returns the role after its administrators took the news over, or decided to leave it as it is.
    #[must_use]
    pub fn decide(&self, default: &Role, take: bool) -> Self {
        let mut grants = self.grants.clone();
        if let Some(news) = self.news(default).filter(|_| take) {
            grants.retain(|name, _| !news.removed.contains(name));
            grants.extend(news.added);
        }
        Self { grants, shipped: Some(Shipped::of(default)), version: self.version + 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(version: i64, grants: &[(&str, Scope)]) -> Role {
        Role {
            id: "agent".to_owned(),
            name_zh: String::new(),
            name_en: String::new(),
            exclusive: false,
            grants: grants.iter().map(|(name, scope)| ((*name).to_owned(), *scope)).collect(),
            masks: BTreeSet::new(),
            sort: 1,
            version,
            shipped: None,
        }
    }

    #[test]
    fn what_the_city_never_touched_follows() {
        let old = role(1, &[("case.read", Scope::Own)]);
        let new = role(1, &[("case.read", Scope::All), ("form.read", Scope::All)]);
        assert!(old.is_as_shipped());
        let followed = old.follow(&new);
        assert_eq!((&followed.grants, followed.version), (&new.grants, 2));
        assert!(followed.is_as_shipped(), "and goes on following");
        assert!(followed.news(&new).is_none());
        assert_eq!(followed.follow(&new).version, 2, "nothing changes the second time");
    }

    #[test]
    fn a_changed_role_is_told_what_is_new_once() {
        let first = role(1, &[("a.x", Scope::All), ("b.x", Scope::All), ("c.x", Scope::Own)]);
        // Took `b` away, widened `c`.
        let mut own = role(2, &[("a.x", Scope::All), ("c.x", Scope::All)]);
        own.shipped = Some(Shipped::of(&first));
        assert!(!own.is_as_shipped());
        let next = role(1, &[("b.x", Scope::All), ("c.x", Scope::Own), ("d.x", Scope::Unit)]);
        let news = own.news(&next).unwrap();
        assert_eq!(news.added, BTreeMap::from([("d.x".to_owned(), Scope::Unit)]), "not what was taken away");
        assert_eq!(news.removed, BTreeSet::from(["a.x".to_owned()]));
        let taken = own.decide(&next, true);
        assert_eq!(
            taken.grants,
            BTreeMap::from([("c.x".to_owned(), Scope::All), ("d.x".to_owned(), Scope::Unit)])
        );
        let left = own.decide(&next, false);
        assert_eq!(left.grants, own.grants);
        assert!(taken.news(&next).is_none() && left.news(&next).is_none());
    }

    #[test]
    fn a_role_changed_before_shipping_was_remembered_keeps_its_scopes() {
        let own = role(3, &[("case.read", Scope::Unit)]);
        let now = role(1, &[("case.read", Scope::All), ("form.read", Scope::All)]);
        assert!(!own.is_as_shipped());
        let news = own.news(&now).unwrap();
        assert_eq!(news.added.keys().collect::<Vec<_>>(), ["form.read"]);
        assert!(news.removed.is_empty());
    }
}
