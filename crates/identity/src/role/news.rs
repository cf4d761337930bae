//! Brings roles up to what the running version ships, and lets administrators decide where they changed them.

use contract::identity::RoleChanged;
use kernel::{Audit, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::defaults::default_roles;
use super::shipped::RoleNews;
use super::{Role, check_together};
use crate::directory::{Snapshot, Touched};
use crate::error::IdentityError;
use crate::{Identity, store};

/// What to do with the news of a role.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewsDecision {
    /// The version that the writer saw.
    pub version: i64,
    /// Whether the role takes them over; otherwise it stays as it is and is not asked again.
    pub take: bool,
}

impl Identity {
    /// Lists what the running version ships for roles that the city has changed.
    pub fn role_news(&self) -> Vec<RoleNews> {
        self.directory.read(|snapshot| {
            default_roles()
                .iter()
                .filter_map(|default| snapshot.roles.get(&default.id)?.news(default))
                .collect()
        })
    }

    /// Takes the news of a role over, or leaves the role as it is.
    ///
    /// # Errors
    /// When the version is stale, there is nothing to decide, or powers would come together that exclude
    /// each other.
    pub async fn decide_news(&self, ctx: &Ctx, id: &str, wish: NewsDecision) -> Result<Role, IdentityError> {
        let default =
            default_roles().into_iter().find(|role| role.id == id).ok_or(IdentityError::NotFound)?;
        let mut change = self.begin_change().await?;
        let old = store::role::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if old.version != wish.version {
            return Err(IdentityError::Stale { current: old.version });
        }
        let news = old.news(&default).ok_or(IdentityError::NotFound)?;
        let role = old.decide(&default, wish.take);
        super::check_grants(role.exclusive, &role.grants)?;
        if wish.take {
            self.directory.read(|snapshot| super::change::check_holders(snapshot, &role, &ctx.actor.id))?;
        }
        store::role::replace(change.tx.conn(), &role).await?;
        change.tx.audit(
            ctx,
            Audit::new("role.decide_news", "role", id)
                .detail(json!({"take": wish.take, "added": news.added, "removed": news.removed})),
        );
        change.tx.emit(ctx, &RoleChanged { role_id: id.to_owned() });
        self.finish(change, Touched::Roles).await?;
        Ok(role)
    }

    /// Brings roles that the city left alone to what this version ships. A role whose new rights would not go
    /// together with another role of somebody who has it stays; the difference is shown as news.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn follow_defaults(&self, ctx: &Ctx) -> Result<(), IdentityError> {
        let defaults = default_roles();
        let due = self.directory.read(|snapshot| followers(snapshot, &defaults));
        if due.is_empty() {
            return Ok(());
        }
        let mut change = self.begin_change().await?;
        for default in due {
            // An administrator may have been faster.
            let found = store::role::find(change.tx.conn(), &default.id).await?;
            let Some(old) = found.filter(Role::is_as_shipped) else { continue };
            let role = old.follow(default);
            store::role::replace(change.tx.conn(), &role).await?;
            if role.version != old.version {
                change.tx.audit(
                    ctx,
                    Audit::new("role.follow_defaults", "role", role.id.clone())
                        .detail(json!({"from": old.grants, "to": role.grants})),
                );
                change.tx.emit(ctx, &RoleChanged { role_id: role.id.clone() });
            }
        }
        self.finish(change, Touched::Roles).await
    }
}

/// Returns what roles follow that are not there yet.
fn followers<'a>(snapshot: &Snapshot, defaults: &'a [Role]) -> Vec<&'a Role> {
    defaults
        .iter()
        .filter(|default| {
            let Some(old) = snapshot.roles.get(&default.id).filter(|role| role.is_as_shipped()) else {
                return false;
            };
            let role = old.follow(default);
            let goes_together = snapshot
                .people
                .values()
                .filter(|person| person.roles.contains(&role.id))
                .all(|person| check_together(&snapshot.together(person, &role)).is_ok());
            if !goes_together {
                tracing::warn!(
                    role = role.id,
                    "what this version grants excludes another role of its people"
                );
            }
            goes_together && role != *old
        })
        .collect()
}
