//! The first start: the centre, the roles, the dictionary, and the first administrators.

use contract::identity::UnitId;
use kernel::http::Idem;
use kernel::{Audit, Ctx};
use serde_json::json;

use crate::dictionary::default_entries;
use crate::directory::Touched;
use crate::error::IdentityError;
use crate::person::{NewPassword, NewPerson};
use crate::role::defaults::default_roles;
use crate::role::{Role, Shipped};
use crate::unit::NewUnit;
use crate::{Identity, store};

/// The id of the centre that the first start makes.
pub const ROOT_UNIT_ID: &str = "00000000-0000-7000-8000-000000000001";

/// An account that was made at the first start.
#[derive(Clone, Debug)]
pub struct FirstAccount {
    /// The account.
    pub account: String,
    /// Its password, to be changed at first sign-in; it is shown once and kept nowhere.
    pub password: String,
    /// Its role.
    pub role_id: &'static str,
}

impl Identity {
    /// Prepares for work after the migrations: loads the directory and, in an empty database, makes the
    /// centre called `centre_name`, the default roles and the default dictionary. Roles that a later
    /// version brings are added, roles that the city left alone follow it; what a city changed stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bootstrap(&self, centre_name: &str) -> Result<(), IdentityError> {
        let ctx = Ctx::system("identity.bootstrap", self.kit.now());
        let mut conn = self.kit.db.reader().acquire().await?;
        let known: Vec<String> = store::role::all(&mut conn).await?.into_iter().map(|role| role.id).collect();
        let units = store::unit::count(&mut conn).await?;
        drop(conn);
        let fresh: Vec<_> = default_roles().into_iter().filter(|role| !known.contains(&role.id)).collect();
        if !fresh.is_empty() {
            let mut change = self.begin_change().await?;
            for role in &fresh {
                let role = Role { shipped: Some(Shipped::of(role)), ..role.clone() };
                store::role::replace(change.tx.conn(), &role).await?;
            }
            if known.is_empty() {
                for entry in default_entries() {
                    store::dictionary::put(change.tx.conn(), &entry).await?;
                }
            }
            let ids: Vec<&str> = fresh.iter().map(|role| role.id.as_str()).collect();
            change.tx.audit(&ctx, Audit::new("role.bootstrap", "role", "").detail(json!({"roles": ids})));
            self.finish(change, Touched::Roles).await?;
        }
        self.directory.reload(&self.kit.db, self.kit.now()).await?;
        self.follow_defaults(&ctx).await?;
        if units == 0 {
            let centre = NewUnit {
                id: Some(UnitId::from(ROOT_UNIT_ID)),
                code: "12345".to_owned(),
                name: centre_name.to_owned(),
                phone: Some("12345".to_owned()),
                ..NewUnit::default()
            };
            self.create_unit(&ctx, centre, &Idem::none()).await?;
        }
        Ok(())
    }

    /// Makes the three administrators when nobody exists yet, each with a random password; empty otherwise.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_first_accounts(&self) -> Result<Vec<FirstAccount>, IdentityError> {
        let mut conn = self.kit.db.reader().acquire().await?;
        if store::person::exists(&mut conn).await? {
            return Ok(Vec::new());
        }
        drop(conn);
        let ctx = Ctx::system("identity.bootstrap", self.kit.now());
        let mut made = Vec::new();
        for (account, name, role_id) in [
            ("sysadmin", "系统管理员", "system_admin"),
            ("secadmin", "安全管理员", "security_admin"),
            ("auditadmin", "审计管理员", "audit_admin"),
        ] {
            let password = format!("{}-Yh1", kernel::crypto::random_token(12));
            let new = NewPerson {
                id: None,
                account: account.to_owned(),
                name: name.to_owned(),
                job_no: None,
                phone: None,
                email: None,
                unit_id: self.root_unit_id(),
                roles: vec![role_id.to_owned()],
                password: NewPassword::Plain(password.clone()),
                must_change: true,
            };
            self.create_person(&ctx, new, &Idem::none()).await?;
            made.push(FirstAccount { account: account.to_owned(), password, role_id });
        }
        Ok(made)
    }

    /// Returns the centre's id.
    #[must_use]
    pub fn root_unit_id(&self) -> UnitId {
        self.directory.read(|snapshot| {
            snapshot
                .units
                .values()
                .find(|unit| unit.parent_id.is_none())
                .map_or_else(|| UnitId::from(ROOT_UNIT_ID), |unit| unit.id.clone())
        })
    }
}
