//! Units in three levels: the centre, departments and districts, their sub-units.

mod change;
mod dissolution;

use contract::identity::{UnitBrief, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::IdentityError;

pub use dissolution::{Dissolution, DissolutionPreview, PeopleGo};

/// The number of levels (ORG-03).
pub const LEVELS: i64 = 3;

/// A unit (单位).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unit {
    /// The unit.
    pub id: UnitId,
    /// The unit above; only the centre has none.
    pub parent_id: Option<UnitId>,
    /// 1 centre, 2 departments and districts, 3 their sub-units.
    pub level: i64,
    /// The unit's code, unique.
    pub code: String,
    /// The unit's name.
    pub name: String,
    /// What kind of unit, a code of the dictionary `unit_kind`.
    pub kind: String,
    /// The path of ids, `/root/…/unit/`.
    pub path: String,
    /// The number to reach it by.
    pub phone: Option<String>,
    /// Whether it takes orders and people.
    pub active: bool,
    /// Who took over when it was dissolved.
    #[serde(default)]
    pub successor_id: Option<UnitId>,
    /// For optimistic locking.
    pub version: i64,
}

impl Unit {
    /// Returns what other slices know of it.
    #[must_use]
    pub fn brief(&self) -> UnitBrief {
        UnitBrief {
            id: self.id.clone(),
            parent_id: self.parent_id.clone(),
            level: self.level,
            code: self.code.clone(),
            name: self.name.clone(),
            path: self.path.clone(),
            active: self.active,
        }
    }
}

/// What a new unit is made of.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewUnit {
    /// A fixed id, for seeding; requests cannot set it.
    #[serde(skip)]
    pub id: Option<UnitId>,
    /// The unit above; none only for the centre.
    pub parent_id: Option<UnitId>,
    /// The code.
    pub code: String,
    /// The name.
    pub name: String,
    /// The kind; empty for the usual one of its level.
    #[serde(default)]
    pub kind: String,
    /// The number to reach it by.
    #[serde(default)]
    pub phone: Option<String>,
}

/// What changes in a unit; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UnitChange {
    /// The version that the writer saw.
    pub version: i64,
    /// The unit to move below.
    pub parent_id: Option<UnitId>,
    /// The code.
    pub code: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// The number; empty removes it.
    pub phone: Option<String>,
    /// Whether it is in use.
    pub active: Option<bool>,
}

/// Returns level and path of a unit with this id below `parent`.
///
/// # Errors
/// When the level would be deeper than [`LEVELS`].
pub fn place(id: &UnitId, parent: Option<&Unit>) -> Result<(i64, String), IdentityError> {
    match parent {
        None => Ok((1, format!("/{id}/"))),
        Some(parent) if parent.level < LEVELS => Ok((parent.level + 1, format!("{}{id}/", parent.path))),
        Some(_) => Err(IdentityError::UnitLevel),
    }
}

/// Checks that `unit`, whose deepest descendant is on `deepest_level`, may be moved below `parent`.
///
/// # Errors
/// When it is the centre, would hang below itself, or would push descendants below the last level.
pub fn check_move(unit: &Unit, parent: &Unit, deepest_level: i64) -> Result<(), IdentityError> {
    if unit.parent_id.is_none() {
        return Err(IdentityError::UnitLevel);
    }
    if parent.path.starts_with(&unit.path) {
        return Err(IdentityError::UnitCycle);
    }
    if parent.level + 1 + (deepest_level - unit.level) > LEVELS {
        return Err(IdentityError::UnitLevel);
    }
    Ok(())
}

/// Tells whether `path` is `root` or below it.
#[must_use]
pub fn is_under(path: &str, root: &str) -> bool {
    !root.is_empty() && path.starts_with(root)
}

fn check_text(code: &str, name: &str) -> Result<(), IdentityError> {
    let tame = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if code.is_empty() || code.len() > 40 || !code.chars().all(tame) {
        return Err(IdentityError::field(
            "code",
            "malformed",
            "编码为 1 至 40 个字母、数字或 - _ . 。",
            "The code has 1 to 40 letters, digits or - _ .",
        ));
    }
    if name.trim().is_empty() || name.chars().count() > 100 {
        return Err(IdentityError::field(
            "name",
            "required",
            "名称为 1 至 100 个字。",
            "The name has 1 to 100 characters.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: &str, parent: Option<&Unit>) -> Unit {
        let id = UnitId::from(id);
        let (level, path) = place(&id, parent).expect("within three levels");
        Unit {
            parent_id: parent.map(|unit| unit.id.clone()),
            code: id.0.clone(),
            name: id.0.clone(),
            kind: String::new(),
            phone: None,
            active: true,
            successor_id: None,
            version: 1,
            id,
            level,
            path,
        }
    }

    #[test]
    fn a_fourth_level_is_refused() {
        let root = unit("root", None);
        let bureau = unit("bureau", Some(&root));
        let office = unit("office", Some(&bureau));
        assert_eq!(office.path, "/root/bureau/office/");
        assert!(matches!(place(&"desk".into(), Some(&office)), Err(IdentityError::UnitLevel)));
    }

    #[test]
    fn a_unit_never_moves_below_itself_or_too_deep() {
        let root = unit("root", None);
        let (a, b) = (unit("a", Some(&root)), unit("b", Some(&root)));
        let office = unit("office", Some(&a));
        assert!(matches!(check_move(&a, &office, 3), Err(IdentityError::UnitCycle)));
        assert!(matches!(check_move(&a, &a, 3), Err(IdentityError::UnitCycle)));
        assert!(
            matches!(check_move(&a, &b, 3), Err(IdentityError::UnitLevel)),
            "its office would be on level 4"
        );
        assert!(check_move(&b, &a, 2).is_ok());
        assert!(check_move(&office, &b, 3).is_ok());
        assert!(matches!(check_move(&root, &b, 3), Err(IdentityError::UnitLevel)), "the centre stays");
    }

    #[test]
    fn ids_that_begin_alike_are_not_below_each_other() {
        assert!(is_under("/root/a1/", "/root/a1/"));
        assert!(!is_under("/root/a12/", "/root/a1/"));
        assert!(!is_under("/root/", ""));
    }
}
