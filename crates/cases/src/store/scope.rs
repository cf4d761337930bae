//! Data scopes as SQL: the same as [`crate::case::Case::is_within`].

use kernel::db::Statement;
use kernel::{Principal, Scope};

/// Adds the condition that the order `c` lies within `scope` as seen by `by`.
pub(crate) fn push(sql: &mut Statement, scope: Scope, by: &Principal) {
    if scope == Scope::All {
        sql.push("1 = 1");
        return;
    }
    sql.push("(c.created_by = ").bind(by.person_id.clone());
    sql.push(" or c.person_id = ").bind(by.person_id.clone());
    sql.push(" or exists (select 1 from cases_errand e where e.case_id = c.id and e.state <> 'cancelled'");
    sql.push(" and (e.person_id = ").bind(by.person_id.clone());
    if scope >= Scope::Unit {
        sql.push(" or e.unit_id = ").bind(by.unit_id.clone());
    }
    sql.push("))");
    if scope >= Scope::Unit {
        sql.push(" or c.unit_id = ").bind(by.unit_id.clone());
        sql.push(" or c.created_unit_id = ").bind(by.unit_id.clone());
        sql.push(" or exists (select 1 from cases_co_unit h where h.case_id = c.id and h.unit_id = ")
            .bind(by.unit_id.clone())
            .push(")");
    }
    if scope == Scope::Subtree {
        for column in ["c.unit_path", "c.created_unit_path"] {
            sql.push(" or substr(").push(column).push(", 1, length(").bind(by.unit_path.clone());
            sql.push(")) = ").bind(by.unit_path.clone());
        }
    }
    sql.push(")");
}
