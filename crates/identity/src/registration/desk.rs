//! What people without an account may do: find their unit, apply, and look how it stands.

use async_trait::async_trait;
use contract::identity::{
    RegistrationChanged, RegistrationDesk, RegistrationDraft, RegistrationReceipt, RegistrationUnit,
    RegistrationView,
};
use kernel::http::Idem;
use kernel::{Audit, BoxError, Ctx, Lang, Problem, ToProblem as _};
use serde_json::json;

use super::{
    PENDING_MAX, PENDING_OF_UNIT_MAX, StoredRegistration, check_fields, code_digest, no_such_unit, state_name,
};
use crate::error::IdentityError;
use crate::password::check_password;
use crate::{Identity, created, store};

/// So many units are found at once.
const UNITS_MAX: usize = 20;

impl Identity {
    async fn take_registration(
        &self,
        ctx: &Ctx,
        draft: RegistrationDraft,
        idem: &Idem,
    ) -> Result<RegistrationReceipt, IdentityError> {
        if !self.registration_is_open() {
            return Err(IdentityError::RegistrationClosed);
        }
        let (name, phone) = (draft.name.trim().to_owned(), draft.phone.replace([' ', '-'], ""));
        let (post, reason) = (draft.post.trim().to_owned(), draft.reason.trim().to_owned());
        let job_no = draft.job_no.map(|no| no.trim().to_owned()).filter(|no| !no.is_empty());
        let mut faults = check_fields(&name, &phone, &post, &reason);
        if let Err(IdentityError::Fields(more)) =
            crate::person::check_person("applicant", &name, job_no.as_deref())
        {
            faults.extend(more.into_iter().filter(|fault| fault.field == "job_no"));
        }
        match check_password(&draft.password, &phone, self.password_length_min()) {
            Err(IdentityError::Fields(more)) => faults.extend(more),
            other => other?,
        }
        if !faults.is_empty() {
            return Err(IdentityError::Fields(faults));
        }
        self.look_for_changes().await?;
        let takes = self.directory.read(|snapshot| {
            snapshot.units.get(&draft.unit_id).is_some_and(|unit| unit.active && unit.parent_id.is_some())
        });
        if !takes {
            return Err(no_such_unit());
        }
        // Asked before hashing, which is what costs; and again below, where nobody comes between.
        let mut conn = self.kit.db.reader().acquire().await?;
        let waiting = store::registration::waiting(&mut conn, &draft.unit_id).await?;
        drop(conn);
        check_room(waiting)?;
        let password_hash = self.hasher.hash(draft.password).await?;
        let number = format!("ZC{}", kernel::crypto::random_digits(10));
        let query_code = kernel::crypto::random_digits(8);
        let registration = StoredRegistration {
            id: kernel::id::new_id(),
            code_digest: code_digest(&number, &query_code),
            number,
            name,
            phone,
            job_no,
            unit_id: draft.unit_id,
            post,
            reason,
            password_hash,
            state: "pending".to_owned(),
            person_id: None,
            answer: None,
            decided_by: None,
            decided_at: None,
            created_at: ctx.now.0,
            version: 1,
        };
        let mut tx = self.kit.db.begin().await?;
        check_room(store::registration::waiting(tx.conn(), &registration.unit_id).await?)?;
        store::registration::insert(tx.conn(), &registration).await?;
        tx.audit(
            ctx,
            Audit::new("registration.create", "registration", registration.id.clone()).detail(json!({
                "number": registration.number, "name": registration.name, "unit_id": registration.unit_id,
            })),
        );
        tx.emit(
            ctx,
            &RegistrationChanged {
                registration_id: registration.id,
                unit_id: registration.unit_id,
                state: "pending".to_owned(),
            },
        );
        let receipt = RegistrationReceipt { number: registration.number, query_code };
        created(&self.kit, &mut tx, idem, &receipt);
        tx.commit().await?;
        Ok(receipt)
    }
}

fn check_room((of_unit, all): (i64, i64)) -> Result<(), IdentityError> {
    if of_unit >= PENDING_OF_UNIT_MAX || all >= PENDING_MAX {
        return Err(IdentityError::RegistrationsFull);
    }
    Ok(())
}

#[async_trait]
impl RegistrationDesk for Identity {
    fn is_open(&self) -> bool {
        self.registration_is_open()
    }

    async fn units(&self, q: &str) -> Result<Vec<RegistrationUnit>, BoxError> {
        if !self.registration_is_open() {
            return Ok(Vec::new());
        }
        self.look_for_changes().await?;
        let wanted = q.trim().to_lowercase();
        Ok(self.directory.read(|snapshot| {
            let mut found: Vec<_> = snapshot
                .units
                .values()
                .filter(|unit| unit.active && unit.parent_id.is_some())
                .filter(|unit| unit.name.to_lowercase().contains(&wanted))
                .collect();
            found.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
            let above = |id: &Option<contract::identity::UnitId>| {
                let parent = snapshot.units.get(id.as_ref()?)?;
                parent.parent_id.is_some().then(|| parent.name.clone())
            };
            found
                .into_iter()
                .take(UNITS_MAX)
                .map(|unit| RegistrationUnit {
                    id: unit.id.clone(),
                    name: unit.name.clone(),
                    above: above(&unit.parent_id),
                })
                .collect()
        }))
    }

    async fn register(
        &self,
        ctx: &Ctx,
        draft: RegistrationDraft,
        idem: &Idem,
    ) -> Result<RegistrationReceipt, Problem> {
        self.take_registration(ctx, draft, idem).await.map_err(|error| error.problem())
    }

    async fn look_up(
        &self,
        number: &str,
        code: &str,
        lang: Lang,
    ) -> Result<Option<RegistrationView>, BoxError> {
        let number = number.trim().to_uppercase();
        let mut conn = self.kit.db.reader().acquire().await?;
        let found = store::registration::by_number(&mut conn, &number).await?;
        drop(conn);
        // An unknown number costs the same comparison as a known one.
        let digest = code_digest(&number, code.trim());
        let stored = found.as_ref().map_or("", |found| found.code_digest.as_str());
        if !kernel::crypto::same_secret(&digest, stored) {
            return Ok(None);
        }
        self.look_for_changes().await?;
        Ok(found.map(|found| {
            let (unit_name, account, has_roles) = self.directory.read(|snapshot| {
                let unit = snapshot.units.get(&found.unit_id).map(|unit| unit.name.clone());
                let person = found.person_id.as_ref().and_then(|id| snapshot.people.get(id));
                (
                    unit.unwrap_or_default(),
                    person.map(|person| person.account.clone()),
                    person.is_some_and(|person| !person.roles.is_empty()),
                )
            });
            let state = if found.state == "approved" && has_roles { "ready" } else { &found.state };
            RegistrationView {
                state: state.to_owned(),
                state_name: state_name(state, lang).to_owned(),
                number: found.number,
                unit_name,
                created_at: found.created_at,
                decided_at: found.decided_at,
                account,
                answer: found.answer,
            }
        }))
    }
}
