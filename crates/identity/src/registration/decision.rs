//! Decides on applications: approves, refuses, gives the rights.

use contract::identity::{PersonChanged, PersonId, RegistrationChanged};
use kernel::{Audit, Ctx, DbError, Lang, Timestamp};
use serde_json::json;

use super::{
    AccountApplication, KEPT_DAYS, StoredRegistration, WAIT_DAYS, no_such_unit, propose_account, state_name,
};
use crate::directory::Touched;
use crate::error::{FieldFault, IdentityError};
use crate::person::{RoleName, StoredPerson, check_person, normal_account, taken};
use crate::{Change, Identity, store};

const DAY_SECS: i64 = 24 * 3600;

impl Identity {
    pub(crate) fn registration_is_open(&self) -> bool {
        self.kit.parameters.bool("identity.registration_open", true)
    }

    async fn pending(
        &self,
        change: &mut Change,
        id: &str,
        version: i64,
    ) -> Result<StoredRegistration, IdentityError> {
        let found = store::registration::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if found.version != version {
            return Err(IdentityError::Stale { current: found.version });
        }
        if found.state != "pending" {
            return Err(IdentityError::RegistrationDecided);
        }
        Ok(found)
    }

    /// Approves an application: the account is made with the applicant's own password and without rights.
    ///
    /// # Errors
    /// When it was decided before, the version is stale, or the account is malformed or taken.
    pub(crate) async fn approve_registration(
        &self,
        ctx: &Ctx,
        id: &str,
        account: Option<String>,
        version: i64,
    ) -> Result<StoredRegistration, IdentityError> {
        let mut change = self.begin_change().await?;
        let mut found = self.pending(&mut change, id, version).await?;
        let unit = store::unit::find(change.tx.conn(), &found.unit_id)
            .await?
            .filter(|unit| unit.active)
            .ok_or_else(no_such_unit)?;
        let wished = account.map(|account| normal_account(&account)).filter(|account| !account.is_empty());
        let account = match wished {
            Some(account) => account,
            None => self.free_account(&unit.code),
        };
        check_person(&account, &found.name, found.job_no.as_deref())?;
        let person = StoredPerson {
            id: PersonId::generate(),
            account,
            name: found.name.clone(),
            job_no: found.job_no.clone(),
            phone: Some(found.phone.clone()),
            email: None,
            unit_id: found.unit_id.clone(),
            password_hash: std::mem::take(&mut found.password_hash),
            must_change: false,
            totp_secret: None,
            totp_enabled: false,
            totp_step: 0,
            active: true,
            last_login_at: None,
            version: 1,
        };
        store::person::insert(change.tx.conn(), &person, ctx.now).await.map_err(taken)?;
        found.state = "approved".to_owned();
        found.person_id = Some(person.id.clone());
        decided(&mut found, ctx);
        store::registration::update(change.tx.conn(), &found).await?;
        change.tx.audit(
            ctx,
            Audit::new("registration.approve", "registration", found.id.clone()).detail(json!({
                "number": found.number, "person_id": person.id, "account": person.account,
                "name": person.name, "unit_id": person.unit_id,
            })),
        );
        change.tx.emit(ctx, &PersonChanged { person_id: person.id.clone() });
        tell(&mut change, ctx, &found, "approved");
        self.finish(change, Touched::Person(person.id)).await?;
        Ok(found)
    }

    /// Refuses an application with a reason, which the applicant reads.
    ///
    /// # Errors
    /// When it was decided before, the version is stale, or the reason is missing.
    pub(crate) async fn refuse_registration(
        &self,
        ctx: &Ctx,
        id: &str,
        reason: &str,
        version: i64,
    ) -> Result<StoredRegistration, IdentityError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 {
            return Err(IdentityError::Fields(vec![FieldFault {
                field: "reason",
                code: "required",
                zh: "请填写不超过 500 字的原因，申请人会看到。",
                en: "Give a reason of up to 500 characters; the applicant reads it.",
            }]));
        }
        let mut change = self.begin_change().await?;
        let mut found = self.pending(&mut change, id, version).await?;
        found.state = "refused".to_owned();
        found.answer = Some(reason.to_owned());
        found.password_hash.clear();
        decided(&mut found, ctx);
        store::registration::update(change.tx.conn(), &found).await?;
        change.tx.audit(
            ctx,
            Audit::new("registration.refuse", "registration", found.id.clone())
                .detail(json!({"number": found.number, "unit_id": found.unit_id, "reason": reason})),
        );
        tell(&mut change, ctx, &found, "refused");
        self.finish(change, Touched::Nothing).await?;
        Ok(found)
    }

    /// Gives an approved account its rights; the security administrator's part.
    ///
    /// # Errors
    /// When it is not approved, has rights already, or the roles exclude each other.
    pub(crate) async fn grant_registration(
        &self,
        ctx: &Ctx,
        id: &str,
        roles: Vec<String>,
    ) -> Result<StoredRegistration, IdentityError> {
        if roles.is_empty() {
            return Err(IdentityError::field("roles", "required", "请至少选择一个角色。", "Choose a role."));
        }
        let mut conn = self.kit.db.reader().acquire().await?;
        let found = store::registration::find(&mut conn, id).await?.ok_or(IdentityError::NotFound)?;
        let Some(person_id) = found.person_id.clone() else { return Err(IdentityError::RegistrationDecided) };
        let person = store::person::find(&mut conn, &person_id).await?.ok_or(IdentityError::NotFound)?;
        let held = store::role::of_person(&mut conn, &person_id).await?;
        drop(conn);
        if !held.is_empty() {
            return Err(IdentityError::RegistrationDecided);
        }
        self.assign_roles(ctx, &person_id, roles, person.version).await?;
        let mut tx = self.kit.db.begin().await?;
        tx.emit(
            ctx,
            &RegistrationChanged {
                registration_id: found.id.clone(),
                unit_id: found.unit_id.clone(),
                state: "ready".to_owned(),
            },
        );
        tx.commit().await?;
        Ok(found)
    }

    fn free_account(&self, unit_code: &str) -> String {
        self.directory.read(|snapshot| {
            let taken: std::collections::HashSet<&str> =
                snapshot.people.values().map(|person| person.account.as_str()).collect();
            propose_account(unit_code, |account| taken.contains(account))
        })
    }

    /// Returns an application as those who decide read it.
    pub(crate) fn show_registration(
        &self,
        found: &StoredRegistration,
        masked: bool,
        lang: Lang,
    ) -> AccountApplication {
        let (unit_name, unit_code, account, roles) = self.directory.read(|snapshot| {
            let unit = snapshot.units.get(&found.unit_id);
            let person = found.person_id.as_ref().and_then(|id| snapshot.people.get(id));
            let roles: Vec<RoleName> = person
                .map(|person| person.roles.as_slice())
                .unwrap_or_default()
                .iter()
                .filter_map(|id| snapshot.roles.get(id))
                .map(|role| RoleName { id: role.id.clone(), name: role.name(lang).to_owned() })
                .collect();
            (
                unit.map(|unit| unit.name.clone()).unwrap_or_default(),
                unit.map(|unit| unit.code.clone()).unwrap_or_default(),
                person.map(|person| person.account.clone()),
                roles,
            )
        });
        let state = if found.state == "approved" && !roles.is_empty() { "ready" } else { &found.state };
        let proposed = (found.state == "pending").then(|| self.free_account(&unit_code));
        AccountApplication {
            id: found.id.clone(),
            number: found.number.clone(),
            state: state.to_owned(),
            state_name: state_name(state, lang).to_owned(),
            name: found.name.clone(),
            phone: if masked { masked_phone(&found.phone) } else { found.phone.clone() },
            job_no: found.job_no.clone(),
            unit_id: found.unit_id.clone(),
            unit_name,
            post: found.post.clone(),
            reason: found.reason.clone(),
            account: account.or(proposed),
            person_id: found.person_id.clone(),
            roles,
            answer: found.answer.clone(),
            decided_by: found.decided_by.clone(),
            decided_at: found.decided_at,
            created_at: found.created_at,
            version: found.version,
        }
    }

    /// Lets applications expire that nobody decided on, and deletes those that came to nothing.
    pub(crate) async fn sweep_registrations(&self, now: Timestamp) -> Result<(), DbError> {
        let mut tx = self.kit.db.begin().await?;
        store::registration::expire(tx.conn(), now.plus_secs(-WAIT_DAYS * DAY_SECS), now).await?;
        store::registration::forget(tx.conn(), now.plus_secs(-KEPT_DAYS * DAY_SECS)).await?;
        tx.commit().await
    }
}

fn decided(found: &mut StoredRegistration, ctx: &Ctx) {
    found.decided_by = Some(ctx.actor.name.clone());
    found.decided_at = Some(ctx.now.0);
    found.version += 1;
}

fn tell(change: &mut Change, ctx: &Ctx, found: &StoredRegistration, state: &str) {
    change.tx.emit(
        ctx,
        &RegistrationChanged {
            registration_id: found.id.clone(),
            unit_id: found.unit_id.clone(),
            state: state.to_owned(),
        },
    );
}

/// Shows the first three and the last two digits.
fn masked_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    digits
        .iter()
        .enumerate()
        .map(|(n, digit)| if n < 3 || n + 2 >= digits.len() { *digit } else { '*' })
        .collect()
}
