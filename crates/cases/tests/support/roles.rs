//! The roles of a fresh city, as far as orders are concerned.

use kernel::Scope::{self, All, Own, Subtree, Unit};

type Grants = &'static [(&'static str, Scope)];

/// Returns what a role grants.
pub fn grants(role: &str) -> Grants {
    match role {
        "agent" => &[
            ("case.create", All),
            ("case.edit", Own),
            ("case.note", All),
            ("case.query_code", Own),
            ("case.read", All),
            ("case.urge", All),
            ("contact.read", All),
            ("contact.write", All),
        ],
        "shift_leader" => &[
            ("case.close", All),
            ("case.create", All),
            ("case.edit", All),
            ("case.export", All),
            ("case.note", All),
            ("case.query_code", All),
            ("case.read", All),
            ("case.reopen", All),
            ("case.return_visit", All),
            ("case.review", All),
            ("case.urge", All),
            ("contact.read", All),
            ("contact.write", All),
            ("flow.read", All),
            ("overview.read", All),
            ("rating.follow_up", All),
        ],
        "dispatcher" => &[
            ("case.dispatch", All),
            ("case.note", All),
            ("case.read", All),
            ("case.return_visit", All),
            ("case.urge", All),
            ("contact.read", All),
            ("flow.read", All),
            ("overview.read", All),
        ],
        "reviewer" => &[
            ("case.close", All),
            ("case.export", All),
            ("case.note", All),
            ("case.read", All),
            ("case.reopen", All),
            ("case.result_review", All),
            ("case.return_visit", All),
            ("case.review", All),
            ("case.urge", All),
            ("contact.read", All),
            ("flow.read", All),
            ("overview.read", All),
            ("rating.follow_up", All),
        ],
        "unit_admin" => &[
            ("case.accept", Subtree),
            ("case.assign", Subtree),
            ("case.export", Subtree),
            ("case.handle", Subtree),
            ("case.note", Subtree),
            ("case.read", Subtree),
            ("case.return", Subtree),
            ("flow.read", All),
            ("overview.read", Subtree),
        ],
        "unit_clerk" => &[
            ("case.accept", Unit),
            ("case.assign", Unit),
            ("case.handle", Unit),
            ("case.note", Unit),
            ("case.read", Unit),
            ("case.return", Unit),
        ],
        "unit_leader" => &[
            ("case.export", Subtree),
            ("case.note", Subtree),
            ("case.read", Subtree),
            ("flow.read", All),
            ("overview.read", Subtree),
        ],
        "city_leader" => &[
            ("case.note", All),
            ("case.read", All),
            ("case.urge", All),
            ("flow.read", All),
            ("overview.read", All),
        ],
        "hotline_manager" => &[
            ("calendar.write", All),
            ("case.close", All),
            ("case.export", All),
            ("case.note", All),
            ("case.query_code", All),
            ("case.read", All),
            ("case.reopen", All),
            ("case.urge", All),
            ("contact.read", All),
            ("contact.unmask", All),
            ("flow.read", All),
            ("overview.read", All),
            ("rating.follow_up", All),
        ],
        "supervision" => {
            &[("case.read", All), ("contact.read", All), ("flow.read", All), ("overview.read", All)]
        }
        "system_admin" => {
            &[("calendar.write", All), ("dictionary.write", All), ("flow.read", All), ("flow.write", All)]
        }
        "security_admin" => &[],
        "audit_admin" => &[],
        _ => &[],
    }
}
