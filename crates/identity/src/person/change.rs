//! Adds, changes and deactivates people.

use contract::identity::{PersonChanged, PersonId};
use kernel::http::Idem;
use kernel::{Audit, Ctx, Lang};
use serde_json::json;

use super::{
    NewPassword, NewPerson, Person, PersonChange, RoleName, StoredPerson, check_person, mail_address,
    normal_account,
};
use crate::directory::Touched;
use crate::error::IdentityError;
use crate::password::check_password;
use crate::{Identity, created, store};

impl Identity {
    /// Adds a person.
    ///
    /// # Errors
    /// When a field is malformed or taken, the unit unknown, the password weak, or the roles exclude each
    /// other.
    pub async fn create_person(
        &self,
        ctx: &Ctx,
        new: NewPerson,
        idem: &Idem,
    ) -> Result<Person, IdentityError> {
        let account = normal_account(&new.account);
        let job_no = new.job_no.filter(|no| !no.trim().is_empty());
        check_person(&account, &new.name, job_no.as_deref())?;
        let email = mail_address(new.email)?;
        self.check_roles(&new.roles)?;
        let password_hash = match new.password {
            NewPassword::Hash(hash) => hash,
            NewPassword::Plain(plain) => {
                check_password(&plain, &account, self.password_length_min())?;
                self.hasher.hash(plain).await?
            }
        };
        let mut change = self.begin_change().await?;
        store::unit::find(change.tx.conn(), &new.unit_id).await?.filter(|unit| unit.active).ok_or_else(
            || IdentityError::field("unit_id", "unknown", "单位不存在或已停用。", "No such active unit."),
        )?;
        let person = StoredPerson {
            id: new.id.unwrap_or_else(PersonId::generate),
            account,
            name: new.name.trim().to_owned(),
            job_no,
            phone: new.phone.filter(|phone| !phone.trim().is_empty()),
            email,
            unit_id: new.unit_id,
            password_hash,
            must_change: new.must_change,
            totp_secret: None,
            totp_enabled: false,
            totp_step: 0,
            active: true,
            last_login_at: None,
            version: 1,
        };
        store::person::insert(change.tx.conn(), &person, ctx.now).await.map_err(taken)?;
        store::role::assign(change.tx.conn(), &person.id, &new.roles).await?;
        change.tx.audit(
            ctx,
            Audit::new("person.create", "person", person.id.0.clone()).detail(json!({
                "account": person.account, "name": person.name, "unit_id": person.unit_id, "roles": new.roles,
            })),
        );
        change.tx.emit(ctx, &PersonChanged { person_id: person.id.clone() });
        let shown = self.show_person(&person, &new.roles, None, ctx.lang);
        created(&self.kit, &mut change.tx, idem, &shown);
        self.finish(change, Touched::Person(person.id)).await?;
        Ok(shown)
    }

    /// Changes a person.
    ///
    /// # Errors
    /// When the version is stale, a field is refused, or the last administrator of a kind would go.
    pub async fn change_person(
        &self,
        ctx: &Ctx,
        id: &PersonId,
        wish: PersonChange,
    ) -> Result<Person, IdentityError> {
        let mut change = self.begin_change().await?;
        let old = store::person::find(change.tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if old.version != wish.version {
            return Err(IdentityError::Stale { current: old.version });
        }
        let roles = store::role::of_person(change.tx.conn(), id).await?;
        let mut person = old.clone();
        person.name = wish.name.map_or(person.name, |name| name.trim().to_owned());
        if let Some(job_no) = wish.job_no {
            person.job_no = Some(job_no).filter(|no| !no.trim().is_empty());
        }
        if let Some(phone) = wish.phone {
            person.phone = Some(phone).filter(|phone| !phone.trim().is_empty());
        }
        if wish.email.is_some() {
            person.email = mail_address(wish.email)?;
        }
        check_person(&person.account, &person.name, person.job_no.as_deref())?;
        if let Some(unit_id) = wish.unit_id.filter(|unit_id| *unit_id != old.unit_id) {
            store::unit::find(change.tx.conn(), &unit_id).await?.filter(|unit| unit.active).ok_or_else(
                || IdentityError::field("unit_id", "unknown", "单位不存在或已停用。", "No such active unit."),
            )?;
            person.unit_id = unit_id;
        }
        person.active = wish.active.unwrap_or(person.active);
        if old.active && !person.active {
            self.check_not_last(id, &roles, &[])?;
            store::session::end_all(change.tx.conn(), id, None, ctx.now).await?;
            store::seat::leave(change.tx.conn(), id).await?;
        }
        person.version += 1;
        store::person::update(change.tx.conn(), &person, ctx.now).await.map_err(taken)?;
        change.tx.audit(
            ctx,
            Audit::new("person.change", "person", id.0.clone()).detail(json!({
                "from": {"name": old.name, "job_no": old.job_no, "unit_id": old.unit_id, "email": old.email,
                         "active": old.active},
                "to": {"name": person.name, "job_no": person.job_no, "unit_id": person.unit_id,
                       "email": person.email, "active": person.active},
            })),
        );
        change.tx.emit(ctx, &PersonChanged { person_id: id.clone() });
        let shown = self.show_person(&person, &roles, None, ctx.lang);
        self.finish(change, Touched::Person(id.clone())).await?;
        Ok(shown)
    }

    /// Returns a person as screens show one.
    pub(crate) fn show_person(
        &self,
        person: &StoredPerson,
        roles: &[String],
        locked_until: Option<i64>,
        lang: Lang,
    ) -> Person {
        self.directory.read(|snapshot| Person {
            id: person.id.clone(),
            account: person.account.clone(),
            name: person.name.clone(),
            job_no: person.job_no.clone(),
            phone: person.phone.clone(),
            email: person.email.clone(),
            unit_id: person.unit_id.clone(),
            unit_name: snapshot.units.get(&person.unit_id).map(|unit| unit.name.clone()).unwrap_or_default(),
            roles: roles
                .iter()
                .filter_map(|id| snapshot.roles.get(id))
                .map(|role| RoleName { id: role.id.clone(), name: role.name(lang).to_owned() })
                .collect(),
            active: person.active,
            must_change_password: person.must_change,
            totp_enabled: person.totp_enabled,
            locked_until,
            last_login_at: person.last_login_at,
            version: person.version,
        })
    }
}

pub(crate) fn taken(error: kernel::DbError) -> IdentityError {
    let job_no = matches!(&error, kernel::DbError::Sql(sqlx::Error::Database(cause))
        if cause.message().contains("job_no"));
    IdentityError::or_taken(error, if job_no { "job_no" } else { "account" })
}
