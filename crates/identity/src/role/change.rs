//! Changes what a role may do.

use std::collections::{BTreeMap, BTreeSet};

use contract::identity::RoleChanged;
use kernel::{Audit, Ctx, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{MASKS, Role, check_grants, check_together};
use crate::directory::{Snapshot, Touched};
use crate::error::IdentityError;
use crate::{Identity, store};

/// A role's new grants.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GrantsChange {
    /// The version that the writer saw.
    pub version: i64,
    /// Capabilities with their scopes; what is absent is taken away.
    #[schema(value_type = std::collections::HashMap<String, Scope>)]
    pub grants: BTreeMap<String, Scope>,
    /// Fields that the role sees masked; absent leaves them.
    #[schema(value_type = Option<Vec<String>>)]
    pub masks: Option<BTreeSet<String>>,
}

/// Checks that everybody who has a role may have it as it is to be, and that the writer is not among them.
pub(super) fn check_holders(snapshot: &Snapshot, role: &Role, writer: &str) -> Result<(), IdentityError> {
    snapshot.people.values().filter(|person| person.roles.contains(&role.id)).try_for_each(|person| {
        if person.brief.id.0 == writer {
            return Err(IdentityError::OwnRoles);
        }
        check_together(&snapshot.together(person, role))
    })
}

impl Identity {
    /// Replaces a role's grants.
    ///
    /// # Errors
    /// When the version is stale, a capability is unknown, or powers would come together that exclude each
    /// other, in the role or in anybody who has it.
    pub async fn change_grants(
        &self,
        ctx: &Ctx,
        id: &str,
        wish: GrantsChange,
    ) -> Result<Role, IdentityError> {
        if wish.grants.keys().any(|name| !self.knows_capability(name)) {
            return Err(IdentityError::field("grants", "unknown", "权限不存在。", "No such capability."));
        }
        if wish.masks.iter().flatten().any(|mask| !MASKS.contains(&mask.as_str())) {
            return Err(IdentityError::field("masks", "unknown", "脱敏项不存在。", "No such mask."));
        }
        let mut change = self.begin_change().await?;
        let old = store::role::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if old.version != wish.version {
            return Err(IdentityError::Stale { current: old.version });
        }
        check_grants(old.exclusive, &wish.grants)?;
        let role = Role {
            grants: wish.grants,
            masks: wish.masks.unwrap_or_else(|| old.masks.clone()),
            version: old.version + 1,
            ..old.clone()
        };
        self.directory.read(|snapshot| check_holders(snapshot, &role, &ctx.actor.id))?;
        store::role::replace(change.tx.conn(), &role).await?;
        change.tx.audit(
            ctx,
            Audit::new("role.change_grants", "role", id).detail(json!({
                "from": {"grants": old.grants, "masks": old.masks},
                "to": {"grants": role.grants, "masks": role.masks},
            })),
        );
        change.tx.emit(ctx, &RoleChanged { role_id: id.to_owned() });
        self.finish(change, Touched::Roles).await?;
        Ok(role)
    }
}
