//! Applications for an account of a unit's clerk (自助注册): anybody may apply, the unit's administrator or the
//! system administrator decides who it is, and the security administrator gives the rights. So no one of the
//! three administrators makes an account that can do something alone.

mod decision;
mod desk;

use contract::identity::{PersonId, UnitId};
use kernel::Lang;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{FieldFault, IdentityError};
use crate::person::RoleName;

/// So many applications of one unit may wait.
const PENDING_OF_UNIT_MAX: i64 = 100;
/// So many may wait in the whole city.
const PENDING_MAX: i64 = 2000;
/// One that waits longer than this many days expires.
const WAIT_DAYS: i64 = 30;
/// What was refused or expired is deleted after so many days.
const KEPT_DAYS: i64 = 180;
/// The role that is proposed.
pub(crate) const PROPOSED_ROLE: &str = "unit_clerk";

/// An application as those who decide read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountApplication {
    /// The application.
    pub id: String,
    /// Its number.
    pub number: String,
    /// `pending`, `approved` (no rights yet), `ready`, `refused` or `expired`.
    pub state: String,
    /// The state's name.
    pub state_name: String,
    /// Who applies.
    pub name: String,
    /// The telephone number.
    pub phone: String,
    /// The job number.
    pub job_no: Option<String>,
    /// The unit.
    pub unit_id: UnitId,
    /// The unit's name.
    pub unit_name: String,
    /// What the applicant does there.
    pub post: String,
    /// Why an account is needed.
    pub reason: String,
    /// The account: proposed while it waits, assigned afterwards.
    pub account: Option<String>,
    /// The person, once approved.
    pub person_id: Option<PersonId>,
    /// The person's roles.
    pub roles: Vec<RoleName>,
    /// What the applicant is told.
    pub answer: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When, epoch milliseconds.
    pub decided_at: Option<i64>,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// For optimistic locking.
    pub version: i64,
}

/// An application as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredRegistration {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) code_digest: String,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) job_no: Option<String>,
    pub(crate) unit_id: UnitId,
    pub(crate) post: String,
    pub(crate) reason: String,
    /// Empty once it was decided.
    pub(crate) password_hash: String,
    /// `pending`, `approved`, `refused` or `expired`.
    pub(crate) state: String,
    pub(crate) person_id: Option<PersonId>,
    pub(crate) answer: Option<String>,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) version: i64,
}

/// Returns the name of a state.
pub(crate) fn state_name(state: &str, lang: Lang) -> &'static str {
    match state {
        "pending" => lang.pick("待审批", "Waiting for approval"),
        "approved" => lang.pick("已通过，待授权", "Approved, waiting for rights"),
        "ready" => lang.pick("已开通", "Ready"),
        "refused" => lang.pick("未通过", "Refused"),
        _ => lang.pick("已过期", "Expired"),
    }
}

/// Returns what is stored of a code: useless without the number, and never shown again.
fn code_digest(number: &str, code: &str) -> String {
    kernel::crypto::sha256_hex(format!("{number}:{code}").as_bytes())
}

/// Returns the first account of the form `code01` that is free.
fn propose_account(unit_code: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let tame = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let stem: String = unit_code.to_lowercase().chars().filter(tame).take(30).collect();
    let stem = if stem.is_empty() { "unit".to_owned() } else { stem };
    (1..10_000)
        .map(|n| format!("{stem}{n:02}"))
        .find(|account| !is_taken(account))
        .unwrap_or_else(|| format!("{stem}{}", kernel::crypto::random_digits(6)))
}

/// Checks what an applicant wrote, field by field; the password apart.
fn check_fields(name: &str, phone: &str, post: &str, reason: &str) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if name.is_empty() || name.chars().count() > 50 {
        faults.push(FieldFault {
            field: "name",
            code: "required",
            zh: "姓名为 1 至 50 个字。",
            en: "The name has 1 to 50 characters.",
        });
    }
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    if !(7..=15).contains(&digits.len()) || !digits.chars().all(|c| c.is_ascii_digit()) {
        faults.push(FieldFault {
            field: "phone",
            code: "malformed",
            zh: "电话号码为 7 至 15 位数字。",
            en: "The telephone number has 7 to 15 digits.",
        });
    }
    if post.is_empty() || post.chars().count() > 50 {
        faults.push(FieldFault {
            field: "post",
            code: "required",
            zh: "岗位为 1 至 50 个字。",
            en: "The post has 1 to 50 characters.",
        });
    }
    if reason.chars().count() > 500 {
        faults.push(FieldFault {
            field: "reason",
            code: "too_long",
            zh: "申请说明不超过 500 个字。",
            en: "The reason has up to 500 characters.",
        });
    }
    faults
}

fn no_such_unit() -> IdentityError {
    IdentityError::field("unit_id", "unknown", "请选择一个在用的承办单位。", "Choose an active unit.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_free_account_of_the_unit_is_proposed() {
        let taken = ["csj01", "csj02"];
        assert_eq!(propose_account("CSJ", |account| taken.contains(&account)), "csj03");
        assert_eq!(propose_account("城管", |_| false), "unit01");
        assert!(propose_account(&"x".repeat(60), |_| false).len() <= 40);
    }

    #[test]
    fn what_is_missing_is_named_field_by_field() {
        let fields: Vec<&str> =
            check_fields("", "12x", "", &"长".repeat(501)).iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["name", "phone", "post", "reason"]);
        assert!(check_fields("赵六", "+8613900001234", "承办人", "").is_empty());
    }
}
