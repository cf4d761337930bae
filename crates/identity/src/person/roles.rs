//! Gives people their roles and keeps the duties of the three administrators apart.

use contract::identity::{PersonChanged, PersonId};
use kernel::{Audit, Ctx};
use serde_json::json;

use super::Person;
use crate::directory::Touched;
use crate::error::IdentityError;
use crate::role::check_together;
use crate::{Identity, store};

impl Identity {
    /// Replaces a person's roles.
    ///
    /// # Errors
    /// When the version is stale, the roles exclude each other, they are the writer's own, or an
    /// administrator's role would lose its last holder.
    pub async fn assign_roles(
        &self,
        ctx: &Ctx,
        id: &PersonId,
        roles: Vec<String>,
        version: i64,
    ) -> Result<Person, IdentityError> {
        if ctx.actor.kind == kernel::ActorKind::Person && ctx.actor.id == id.0 {
            return Err(IdentityError::OwnRoles);
        }
        let mut change = self.begin_change().await?;
        // Checked inside the turn that changes share, so that two writers cannot each remove one of two
        // administrators.
        self.check_roles(&roles)?;
        let mut person = store::person::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if person.version != version {
            return Err(IdentityError::Stale { current: person.version });
        }
        let old = store::role::of_person(change.tx.conn(), id).await?;
        if person.active {
            self.check_not_last(id, &old, &roles)?;
        }
        store::role::assign(change.tx.conn(), id, &roles).await?;
        person.version += 1;
        store::person::update(change.tx.conn(), &person, ctx.now).await?;
        change.tx.audit(
            ctx,
            Audit::new("person.assign_roles", "person", id.0.clone())
                .detail(json!({"account": person.account, "from": old, "to": roles})),
        );
        change.tx.emit(ctx, &PersonChanged { person_id: id.clone() });
        let shown = self.show_person(&person, &roles, None, ctx.lang);
        self.finish(change, Touched::Person(id.clone())).await?;
        Ok(shown)
    }

    /// Checks that the roles exist and may come together.
    pub(crate) fn check_roles(&self, ids: &[String]) -> Result<(), IdentityError> {
        self.directory.read(|snapshot| {
            let mut roles = Vec::with_capacity(ids.len());
            for id in ids {
                roles.push(snapshot.roles.get(id).ok_or_else(|| {
                    IdentityError::field("roles", "unknown", "角色不存在。", "No such role.")
                })?);
            }
            check_together(&roles)
        })
    }

    /// Checks that no administrator's role loses its last active holder when `id` goes from `old` to `new`.
    pub(crate) fn check_not_last(
        &self,
        id: &PersonId,
        old: &[String],
        new: &[String],
    ) -> Result<(), IdentityError> {
        self.directory.read(|snapshot| {
            for role in old.iter().filter(|role| !new.contains(role)) {
                let exclusive = snapshot.roles.get(role).is_some_and(|role| role.exclusive);
                let others = snapshot
                    .people
                    .values()
                    .any(|other| other.brief.id != *id && other.active && other.roles.contains(role));
                if exclusive && !others {
                    return Err(IdentityError::LastAdministrator { role: role.clone() });
                }
            }
            Ok(())
        })
    }

    /// Checks that an administrator of each kind is left when several people go at once.
    ///
    /// # Errors
    /// When the last ones of a kind are among them.
    pub(crate) fn check_not_all(&self, leaving: &[PersonId]) -> Result<(), IdentityError> {
        self.directory.read(|snapshot| {
            let active = || snapshot.people.values().filter(|person| person.active);
            for (id, _) in snapshot.roles.iter().filter(|(_, role)| role.exclusive) {
                let has = |goes: bool| {
                    active().any(|one| leaving.contains(&one.brief.id) == goes && one.roles.contains(id))
                };
                if has(true) && !has(false) {
                    return Err(IdentityError::LastAdministrator { role: id.clone() });
                }
            }
            Ok(())
        })
    }
}
