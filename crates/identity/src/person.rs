//! People of the staff: accounts, their unit and their roles.

mod change;
mod roles;

use contract::identity::{PersonBrief, PersonId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use change::taken;

use crate::error::{FieldFault, IdentityError};

/// A role as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleName {
    /// The role.
    pub id: String,
    /// Its name in the reader's language.
    pub name: String,
}

/// A member of staff (人员) as screens show one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// The name used at sign-in.
    pub account: String,
    /// The name on screen.
    pub name: String,
    /// The job number that agents announce.
    pub job_no: Option<String>,
    /// The number to reach them by.
    pub phone: Option<String>,
    /// Where they get letters by e-mail.
    pub email: Option<String>,
    /// The unit.
    pub unit_id: UnitId,
    /// The unit's name.
    pub unit_name: String,
    /// Roles.
    pub roles: Vec<RoleName>,
    /// Whether they may sign in.
    pub active: bool,
    /// Whether the password must be changed before anything else.
    pub must_change_password: bool,
    /// Whether sign-in asks for a one-time code.
    pub totp_enabled: bool,
    /// Until when sign-in is locked, epoch milliseconds.
    pub locked_until: Option<i64>,
    /// The last sign-in, epoch milliseconds.
    pub last_login_at: Option<i64>,
    /// For optimistic locking.
    pub version: i64,
}

/// How a new person's password arrives.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// As text that must satisfy the rules.
    Plain(String),
    /// As a hash of [`crate::password::hash_password`], for seeding many people at once.
    Hash(String),
}

/// What a new person is made of.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// A fixed id, for seeding.
    pub id: Option<PersonId>,
    /// The name used at sign-in; kept in lower case.
    pub account: String,
    /// The name on screen.
    pub name: String,
    /// The job number.
    pub job_no: Option<String>,
    /// The number to reach them by.
    pub phone: Option<String>,
    /// Where they get letters by e-mail.
    pub email: Option<String>,
    /// The unit.
    pub unit_id: UnitId,
    /// Ids of roles.
    pub roles: Vec<String>,
    /// The password.
    pub password: NewPassword,
    /// Whether the password must be changed at first sign-in.
    pub must_change: bool,
}

/// What changes in a person; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PersonChange {
    /// The version that the writer saw.
    pub version: i64,
    /// The name on screen.
    pub name: Option<String>,
    /// The job number; empty removes it.
    pub job_no: Option<String>,
    /// The number to reach them by; empty removes it.
    pub phone: Option<String>,
    /// Where they get letters by e-mail; empty removes it.
    pub email: Option<String>,
    /// The unit.
    pub unit_id: Option<UnitId>,
    /// Whether they may sign in; `false` ends their sessions.
    pub active: Option<bool>,
}

/// A person as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredPerson {
    pub(crate) id: PersonId,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) job_no: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) unit_id: UnitId,
    pub(crate) password_hash: String,
    pub(crate) must_change: bool,
    pub(crate) totp_secret: Option<String>,
    pub(crate) totp_enabled: bool,
    pub(crate) totp_step: i64,
    pub(crate) active: bool,
    pub(crate) last_login_at: Option<i64>,
    pub(crate) version: i64,
}

impl StoredPerson {
    pub(crate) fn brief(&self) -> PersonBrief {
        PersonBrief {
            id: self.id.clone(),
            name: self.name.clone(),
            unit_id: self.unit_id.clone(),
            job_no: self.job_no.clone(),
        }
    }
}

/// Returns an account name as it is stored and compared.
#[must_use]
pub fn normal_account(account: &str) -> String {
    account.trim().to_lowercase()
}

pub(crate) fn check_person(account: &str, name: &str, job_no: Option<&str>) -> Result<(), IdentityError> {
    let mut faults = Vec::new();
    let tame = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if !(2..=40).contains(&account.len()) || !account.chars().all(tame) {
        faults.push(FieldFault {
            field: "account",
            code: "malformed",
            zh: "账号为 2 至 40 个小写字母、数字或 - _ . 。",
            en: "The account has 2 to 40 lower-case letters, digits or - _ .",
        });
    }
    if name.trim().is_empty() || name.chars().count() > 50 {
        faults.push(FieldFault {
            field: "name",
            code: "required",
            zh: "姓名为 1 至 50 个字。",
            en: "The name has 1 to 50 characters.",
        });
    }
    if job_no.is_some_and(|no| no.len() > 20 || !no.chars().all(|c| c.is_ascii_alphanumeric())) {
        faults.push(FieldFault {
            field: "job_no",
            code: "malformed",
            zh: "工号为不超过 20 位的字母或数字。",
            en: "The job number has up to 20 letters or digits.",
        });
    }
    if faults.is_empty() { Ok(()) } else { Err(IdentityError::Fields(faults)) }
}

/// Reads the address of a person as it was typed; nothing for an empty one.
pub(crate) fn mail_address(typed: Option<String>) -> Result<Option<String>, IdentityError> {
    let Some(address) = typed.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let tame = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    let well = address.len() <= 120
        && address.chars().all(tame)
        && address.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && !domain.contains('@')
                && domain.split('.').count() > 1
                && domain.split('.').all(|part| !part.is_empty())
        });
    if well {
        Ok(Some(address))
    } else {
        Err(IdentityError::field(
            "email",
            "malformed",
            "邮箱地址格式不正确，如 zhang@example.gov.cn。",
            "This is no e-mail address, such as zhang@example.gov.cn.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::mail_address;

    #[test]
    fn an_address_is_read_or_refused() {
        let read = |text: &str| mail_address(Some(text.to_owned())).ok();
        assert_eq!(read(" zhang.san@example.gov.cn "), Some(Some("zhang.san@example.gov.cn".to_owned())));
        assert_eq!((read(""), read("  ")), (Some(None), Some(None)));
        for bad in
            ["zhang", "@a.cn", "a@b", "a@b..cn", "a@b@c.cn", "a b@c.cn", "a@c.cn,b@c.cn", "a@c.cn\nBcc: b"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
