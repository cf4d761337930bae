//! The roles of ORG-07 to ORG-12 and the three administrators of STD-11, as they are on the first day.

use kernel::Scope::{self, All, Own, Subtree, Unit};

use super::Role;

type Grants = &'static [(&'static str, Scope)];

const AGENT: Grants = &[
    ("call.answer", All),
    ("call.handle_missed", All),
    ("call.listen", Own),
    ("call.read", Own),
    ("case.create", All),
    ("case.edit", Own),
    ("case.note", All),
    ("case.query_code", Own),
    ("case.read", All),
    ("case.return_visit", All),
    ("case.urge", All),
    ("contact.read", All),
    ("contact.write", All),
    ("person.read", Unit),
    ("unit.read", All),
];
const SHIFT_LEADER: Grants = &[
    ("call.answer", All),
    ("call.export", All),
    ("call.handle_missed", All),
    ("call.listen", All),
    ("call.monitor", All),
    ("call.read", All),
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
    ("person.read", All),
    ("rating.follow_up", All),
    ("unit.read", All),
];
const DISPATCHER: Grants = &[
    ("call.listen", All),
    ("call.read", All),
    ("case.dispatch", All),
    ("case.note", All),
    ("case.read", All),
    ("case.return_visit", All),
    ("case.urge", All),
    ("contact.read", All),
    ("flow.read", All),
    ("overview.read", All),
    ("person.read", All),
    ("unit.read", All),
];
const REVIEWER: Grants = &[
    ("call.listen", All),
    ("call.read", All),
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
    ("person.read", All),
    ("rating.follow_up", All),
    ("unit.read", All),
];
const UNIT_ADMIN: Grants = &[
    ("call.listen", Subtree),
    ("case.accept", Subtree),
    ("case.assign", Subtree),
    ("case.export", Subtree),
    ("case.handle", Subtree),
    ("case.note", Subtree),
    ("case.read", Subtree),
    ("case.return", Subtree),
    ("flow.read", All),
    ("overview.read", Subtree),
    ("person.read", Subtree),
    ("unit.read", All),
];
const UNIT_CLERK: Grants = &[
    ("call.listen", Unit),
    ("case.accept", Unit),
    ("case.assign", Unit),
    ("case.handle", Unit),
    ("case.note", Unit),
    ("case.read", Unit),
    ("case.return", Unit),
    ("person.read", Unit),
    ("unit.read", All),
];
const UNIT_LEADER: Grants = &[
    ("call.listen", Subtree),
    ("case.export", Subtree),
    ("case.note", Subtree),
    ("case.read", Subtree),
    ("flow.read", All),
    ("overview.read", Subtree),
    ("person.read", Subtree),
    ("unit.read", All),
];
const CITY_LEADER: Grants = &[
    ("case.note", All),
    ("case.read", All),
    ("case.urge", All),
    ("flow.read", All),
    ("overview.read", All),
    ("person.read", All),
    ("unit.read", All),
];
const HOTLINE_MANAGER: Grants = &[
    ("calendar.write", All),
    ("call.export", All),
    ("call.handle_missed", All),
    ("call.listen", All),
    ("call.monitor", All),
    ("call.read", All),
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
    ("person.read", All),
    ("rating.follow_up", All),
    ("unit.read", All),
];
const SUPERVISION: Grants = &[
    ("audit.read", All),
    ("call.listen", All),
    ("call.monitor", All),
    ("call.read", All),
    ("case.read", All),
    ("contact.read", All),
    ("flow.read", All),
    ("overview.read", All),
    ("person.read", All),
    ("unit.read", All),
];
const SYSTEM_ADMIN: Grants = &[
    ("calendar.write", All),
    ("dictionary.write", All),
    ("flow.read", All),
    ("flow.write", All),
    ("parameter.write", All),
    ("person.read", All),
    ("person.write", All),
    ("seat.write", All),
    ("unit.read", All),
    ("unit.write", All),
];
const SECURITY_ADMIN: Grants = &[
    ("person.read", All),
    ("person.recover", All),
    ("role.write", All),
    ("session.revoke", All),
    ("unit.read", All),
];
const AUDIT_ADMIN: Grants =
    &[("audit.read", All), ("audit.verify", All), ("person.read", All), ("unit.read", All)];

/// id, Chinese, English, one of the three administrators, sees numbers masked, grants.
const ROLES: &[(&str, &str, &str, bool, bool, Grants)] = &[
    ("agent", "话务员", "Agent", false, false, AGENT),
    ("shift_leader", "值班长", "Shift leader", false, false, SHIFT_LEADER),
    ("dispatcher", "派单员", "Dispatcher", false, false, DISPATCHER),
    ("reviewer", "审核督办员", "Reviewer", false, false, REVIEWER),
    ("unit_admin", "单位业务管理员", "Unit administrator", false, false, UNIT_ADMIN),
    ("unit_clerk", "单位承办人", "Unit clerk", false, false, UNIT_CLERK),
    ("unit_leader", "单位领导", "Unit leader", false, true, UNIT_LEADER),
    ("city_leader", "市领导", "City leader", false, true, CITY_LEADER),
    ("hotline_manager", "热线负责人", "Hotline manager", false, true, HOTLINE_MANAGER),
    ("supervision", "电子监察", "Electronic supervision", false, true, SUPERVISION),
    ("system_admin", "系统管理员", "System administrator", true, true, SYSTEM_ADMIN),
    ("security_admin", "安全管理员", "Security administrator", true, true, SECURITY_ADMIN),
    ("audit_admin", "审计管理员", "Audit administrator", true, true, AUDIT_ADMIN),
];

/// Returns the roles of the first day.
#[must_use]
pub fn default_roles() -> Vec<Role> {
    (1_i64..)
        .zip(ROLES)
        .map(|(sort, (id, zh, en, exclusive, masked, grants))| Role {
            id: (*id).to_owned(),
            name_zh: (*zh).to_owned(),
            name_en: (*en).to_owned(),
            exclusive: *exclusive,
            grants: grants.iter().map(|(name, scope)| ((*name).to_owned(), *scope)).collect(),
            masks: masked.then(|| "phone".to_owned()).into_iter().collect(),
            sort,
            version: 1,
        })
        .collect()
}
