//! What a reader sees of the facts, as a condition that the engine pushes into the files.

use kernel::{Principal, Scope};

use crate::fact::Table;

/// Writes a text as the engine reads it.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Writes the condition that a row of `table` lies within `scope` as seen by `by`; nothing when all do. The
/// same as the scope of orders in the list.
#[must_use]
pub fn condition(table: &Table, scope: Scope, by: &Principal) -> Option<String> {
    if scope == Scope::All {
        return None;
    }
    let columns = table.scope;
    let (person, unit) = (quoted(&by.person_id), quoted(&by.unit_id));
    let mut any: Vec<String> = columns.people.iter().map(|column| format!("{column} = {person}")).collect();
    any.extend(
        columns.helpers.iter().map(|column| format!("strpos({column}, {}) > 0", among(&by.person_id))),
    );
    if scope >= Scope::Unit {
        any.extend(columns.units.iter().map(|column| format!("{column} = {unit}")));
        any.extend(
            columns.helpers.iter().map(|column| format!("strpos({column}, {}) > 0", among(&by.unit_id))),
        );
    }
    if scope == Scope::Subtree {
        let path = quoted(&by.unit_path);
        any.extend(columns.paths.iter().map(|column| format!("starts_with({column}, {path})")));
    }
    Some(if any.is_empty() { "false".to_owned() } else { any.join(" or ") })
}

fn among(id: &str) -> String {
    quoted(&format!(",{id},"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::{Principal, Scope};

    use super::{condition, quoted};
    use crate::fact::{KEYS, ORDERS};

    fn person() -> Principal {
        Principal {
            person_id: "o'neill".to_owned(),
            account: String::new(),
            name: String::new(),
            job_no: None,
            unit_id: "water".to_owned(),
            unit_path: "/centre/water/".to_owned(),
            roles: Vec::new(),
            grants: Arc::default(),
            masks: Arc::default(),
            session_id: String::new(),
        }
    }

    #[test]
    fn a_quote_in_a_text_stays_text() {
        assert_eq!(quoted("a' or 'x' = 'x"), "'a'' or ''x'' = ''x'");
        let own = condition(&ORDERS, Scope::Own, &person()).unwrap();
        assert!(own.contains("created_by = 'o''neill'"), "{own}");
        assert!(!own.contains("unit_id"), "{own}");
    }

    #[test]
    fn what_belongs_to_nobody_is_seen_by_whoever_sees_all() {
        assert_eq!(condition(&KEYS, Scope::Subtree, &person()).as_deref(), Some("false"));
        assert_eq!(condition(&KEYS, Scope::All, &person()), None);
    }
}
