//! The signed-in person with capabilities, data scopes and field masks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Actor, ActorKind, Problem};

/// How far a capability reaches. Wider scopes compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// What the person made or is assigned to.
    Own,
    /// What belongs to the person's unit.
    Unit,
    /// What belongs to the unit and all units below.
    Subtree,
    /// Everything.
    All,
}

impl Scope {
    /// Returns the name that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Unit => "unit",
            Self::Subtree => "subtree",
            Self::All => "all",
        }
    }

    /// Reads a stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "own" => Self::Own,
            "unit" => Self::Unit,
            "subtree" => Self::Subtree,
            "all" => Self::All,
            _ => return None,
        })
    }
}

/// A signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The person's id.
    pub person_id: String,
    /// The name used at sign-in.
    pub account: String,
    /// The name on screen.
    pub name: String,
    /// The job number (工号) that agents announce.
    pub job_no: Option<String>,
    /// The person's unit.
    pub unit_id: String,
    /// The unit's path of ids, `/root/…/unit/`.
    pub unit_path: String,
    /// Ids of the person's roles.
    pub roles: Vec<String>,
    /// Capabilities with the widest scope that any role gives; shared, for every request clones them.
    pub grants: Arc<HashMap<String, Scope>>,
    /// Fields that this person sees masked, for instance `phone`.
    pub masks: Arc<HashSet<String>>,
    /// The session that this request belongs to.
    pub session_id: String,
}

impl Principal {
    /// Returns the scope of `capability`, or the 403 that a handler passes on.
    ///
    /// # Errors
    /// `permission.denied` when no role grants it.
    pub fn require(&self, capability: &str) -> Result<Scope, Problem> {
        self.scope(capability).ok_or_else(|| {
            Problem::new(StatusCode::FORBIDDEN, "permission.denied")
                .detail_zh("您没有进行此操作的权限。")
                .detail_en("You may not do this.")
                .with("capability", capability.into())
        })
    }

    /// Returns the scope of `capability`, if granted.
    #[must_use]
    pub fn scope(&self, capability: &str) -> Option<Scope> {
        self.grants.get(capability).copied()
    }

    /// Tells whether `capability` is granted in any scope.
    #[must_use]
    pub fn has(&self, capability: &str) -> bool {
        self.grants.contains_key(capability)
    }

    /// Tells whether this person sees `field` masked.
    #[must_use]
    pub fn is_masked(&self, field: &str) -> bool {
        self.masks.contains(field)
    }

    /// Returns this person as the doer of an action.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { kind: ActorKind::Person, id: self.person_id.clone(), name: self.name.clone() }
    }
}
