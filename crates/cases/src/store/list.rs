//! Lists of orders: filters, order, pages, and the rows of an export.

mod filter;

use kernel::db::Statement;
use kernel::{Cursor, Dialect, Page, Principal, Scope, Timestamp};

use contract::cases::CaseId;
use contract::identity::UnitId;

use super::search::Words;
use super::{case, scope, search, search_postgres, search_sqlite};
use crate::Cases;
use crate::case::old_order::NUMBER_MAX;
use crate::case::{Case, Color};
use crate::error::CaseError;

pub use filter::{CaseFilter, Direction, Reply, Sort};

/// Counting stops here; a list that is longer has no total.
const COUNT_MAX: i64 = 10_000;
/// Counting of a search stops here: every hit costs a look at the order.
const COUNT_FOUND_MAX: i64 = 500;
/// A unit with more units below is looked for by its path, not unit by unit.
const UNITS_APART_MAX: usize = 60;
/// Rows of one instant may stand in the index in another order than in the list; so many more are read.
const SLACK: i64 = 20;
/// So many orders fit into one export.
pub const EXPORT_MAX: i64 = 50_000;

/// Makes a text stand for itself in `like`.
pub(crate) fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// One way to the orders of a list. A list that several ways lead to asks each for its first rows, in the
/// order of an index of its own, and then sorts these few: `or` over several columns would read everything.
#[derive(Clone, Debug)]
enum Way {
    /// All orders, by the key of the list.
    All,
    /// Orders with this value in a column that has an index.
    Column(&'static str, String),
    /// Orders that a unit helps with.
    Helped(String),
    /// Orders that a person or unit was given an errand beside.
    Errand(&'static str, String),
    /// Orders that the text index names.
    Text,
    /// Orders that the text index has not come to.
    Fresh(String),
    /// Orders whose number begins so.
    Number(String),
    /// Orders of a telephone number.
    Phone(String),
}

/// The ways to a list, and what is left to check on each.
struct Plan {
    ways: Vec<Way>,
    words: Words,
    /// Units in the subtree that was asked for, when they are few.
    unit_ids: Vec<String>,
    /// Whether the scope is checked on each way; else the ways are the scope.
    scoped: bool,
}

impl CaseFilter {
    /// Adds the conditions that hold whatever way led to the order `c`.
    fn push(&self, sql: &mut Statement, plan: &Plan, by: &Principal, now: Timestamp) {
        match by.scope("case.read") {
            Some(reach) if plan.scoped => scope::push(sql, reach, by),
            Some(_) => {
                sql.push("1 = 1");
            }
            None => {
                sql.push("1 = 0");
            }
        }
        if !self.statuses.is_empty() {
            sql.push(" and c.status in (");
            sql.bind_all(self.statuses.iter().map(|status| status.code()));
            sql.push(")");
        }
        if let Some(kind) = self.kind {
            sql.push(" and c.type = ").bind(kind.code());
        }
        if !self.category_ids.is_empty() {
            sql.push(" and c.category_id in (");
            sql.bind_all(&self.category_ids);
            sql.push(")");
        }
        if !plan.unit_ids.is_empty() {
            sql.push(" and c.unit_id in (").bind_all(&plan.unit_ids).push(")");
        } else if let Some(path) = &self.unit_path {
            sql.push(" and substr(c.unit_path, 1, length(")
                .bind(path.clone())
                .push(")) = ")
                .bind(path.clone());
        }
        for (column, value) in [
            (" and c.district = ", &self.district),
            (" and c.contact_id = ", &self.contact_id),
            (" and c.person_id = ", &self.person_id),
            (" and c.created_by = ", &self.created_by),
        ] {
            if let Some(value) = value {
                sql.push(column).bind(value.clone());
            }
        }
        if let Some(unit) = &self.co_unit_id {
            sql.push(" and exists (select 1 from cases_co_unit k where k.case_id = c.id and k.unit_id = ")
                .bind(unit.clone())
                .push(")");
        }
        if let Some(helper) = &self.helper_id {
            sql.push(" and (c.person_id is null or c.person_id <> ").bind(helper.clone());
            sql.push(") and exists (select 1 from cases_errand e where e.case_id = c.id and e.person_id = ")
                .bind(helper.clone())
                .push(")");
        }
        match self.direction {
            Some(Direction::Answered) => {
                sql.push(" and c.status = 'closed_at_once'");
            }
            Some(Direction::Unit) => {
                sql.push(" and c.unit_id is not null");
            }
            Some(Direction::Centre) => {
                sql.push(" and c.unit_id is null and c.settled_at is null");
            }
            None => {}
        }
        match self.reply {
            Some(Reply::Replied) => {
                sql.push(" and c.handled_at is not null");
            }
            Some(Reply::Waiting) => {
                sql.push(" and c.unit_id is not null and c.handled_at is null");
            }
            Some(Reply::Late) => {
                sql.push(" and c.handled_at is not null and c.in_time = 0");
            }
            None => {}
        }
        if let Some(source) = self.source {
            sql.push(" and c.source = ").bind(source.code());
        }
        if let Some(urgency) = self.urgency {
            sql.push(" and c.urgency = ").bind(urgency.code());
        }
        if let Some(stars) = self.stars_to {
            sql.push(" and c.stars <= ").bind(stars);
        }
        for (column, value) in [
            (" and c.created_at >= ", self.created_from),
            (" and c.created_at < ", self.created_to),
            (" and c.settled_at >= ", self.settled_from),
            (" and c.settled_at < ", self.settled_to),
            (" and c.due_at < ", self.due_before),
        ] {
            if let Some(value) = value {
                sql.push(column).bind(value.0);
            }
        }
        for (column, value) in [("c.title", &self.title), ("c.content", &self.content)] {
            for word in value.iter().flat_map(|text| text.split_whitespace()).take(10) {
                sql.push(" and ").push(column).push(" like ");
                sql.bind(format!("%{}%", plain(word))).push(" escape '\\'");
            }
        }
        match self.color {
            Some(Color::Red) => {
                sql.push(" and ").push(DUE).push(" < ").bind(now.0);
            }
            Some(Color::Yellow) => {
                sql.push(" and c.due_at >= ").bind(now.0).push(" and c.yellow_at <= ").bind(now.0);
            }
            Some(Color::Green) => {
                sql.push(" and c.due_at >= ").bind(now.0).push(" and c.yellow_at > ").bind(now.0);
            }
            None => {}
        }
        if self.mine {
            sql.push(" and (c.created_by = ").bind(by.person_id.clone());
            sql.push(" or c.person_id = ").bind(by.person_id.clone()).push(")");
        }
        self.push_secrecy(sql, by);
    }

    /// Keeps a confidential order from being found by the citizen whom it does not show: the same as
    /// [`Case::shows_citizen_to`].
    fn push_secrecy(&self, sql: &mut Statement, by: &Principal) {
        if by.has("contact.unmask") || by.has("case.return_visit") {
            return;
        }
        let words: Vec<&str> = [&self.text, &self.title, &self.content]
            .into_iter()
            .flatten()
            .flat_map(|text| text.split_whitespace())
            .take(30)
            .collect();
        if self.contact_id.is_none() && words.is_empty() {
            return;
        }
        sql.push(" and (c.confidential = 0 or c.created_by = ").bind(by.person_id.clone());
        if self.contact_id.is_none() {
            sql.push(" or (1 = 1");
            for word in words {
                for column in ["c.contact_name", "coalesce(c.contact_phone, '')"] {
                    sql.push(" and ").push(column).push(" not like ");
                    sql.bind(format!("%{}%", plain(word))).push(" escape '\\'");
                    sql.push(" and (").push(column).push(" = '' or ").bind(word);
                    sql.push(" not like '%' || ").push(column).push(" || '%')");
                }
            }
            sql.push(")");
        }
        sql.push(")");
    }

    fn push_order(&self, sql: &mut Statement, limit: i64) {
        let (key, descending) = self.sort.key();
        let order = if descending { " desc" } else { " asc" };
        sql.push(" order by ").push(key).push(order).push(", c.id").push(order).push(" limit ").bind(limit);
    }

    fn push_after(&self, sql: &mut Statement, after: Option<&(i64, String)>) {
        let Some((at, id)) = after else { return };
        let (key, descending) = self.sort.key();
        let than = if descending { " < " } else { " > " };
        // The first half lets an index begin at the right place; the second is exact.
        let reach = if descending { " <= " } else { " >= " };
        sql.push(" and ").push(key).push(reach).bind(*at);
        sql.push(" and (")
            .push(key)
            .push(than)
            .bind(*at)
            .push(" or c.id")
            .push(than)
            .bind(id.clone())
            .push(")");
    }

    /// Adds the ids of the first orders on one way.
    #[expect(clippy::too_many_arguments, reason = "one statement with all that narrows it")]
    fn push_way(
        &self,
        sql: &mut Statement,
        way: &Way,
        plan: &Plan,
        by: &Principal,
        now: Timestamp,
        dialect: Dialect,
        after: Option<&(i64, String)>,
        limit: i64,
    ) {
        sql.push("select id from (select c.id");
        let mut streams = false;
        match way {
            Way::Text => {
                let number = match dialect {
                    Dialect::Sqlite => {
                        search_sqlite::push_from(sql, &plan.words);
                        search_sqlite::NUMBER
                    }
                    Dialect::Postgres => {
                        search_postgres::push_from(sql, &plan.words);
                        search_postgres::NUMBER
                    }
                };
                // The index is in the order of creation, so it need not be read to its end.
                streams = matches!(self.sort, Sort::Newest | Sort::Oldest);
                if let (true, Some((at, _))) = (streams, after) {
                    let (reach, number_at) = match self.sort {
                        Sort::Newest => (" <= ", search::last_number(*at)),
                        _ => (" >= ", search::first_number(*at)),
                    };
                    sql.push(" and ").push(number).push(reach).bind(number_at);
                }
                plan.words.push_check(sql);
                sql.push(" and ");
            }
            Way::All => {
                sql.push(" from cases_case c where ");
            }
            Way::Column(column, value) => {
                sql.push(" from cases_case c where ")
                    .push(column)
                    .push(" = ")
                    .bind(value.clone())
                    .push(" and ");
            }
            Way::Helped(unit) => {
                sql.push(" from cases_co_unit h join cases_case c on c.id = h.case_id where h.unit_id = ")
                    .bind(unit.clone())
                    .push(" and ");
            }
            Way::Errand(column, value) => {
                sql.push(" from cases_case c where c.id in (select e.case_id from cases_errand e where ")
                    .push(column)
                    .push(" = ")
                    .bind(value.clone())
                    .push(" and e.state <> 'cancelled') and ");
            }
            Way::Fresh(upto) => {
                sql.push(" from cases_case c where c.id > ").bind(upto.clone());
                plan.words.push_check(sql);
                sql.push(" and ");
            }
            Way::Number(number) => {
                sql.push(" from cases_case c where c.number >= ").bind(number.clone());
                sql.push(" and c.number < ").bind(format!("{number}~")).push(" and ");
            }
            Way::Phone(phone) => {
                sql.push(" from cases_case c where c.contact_phone = ").bind(phone.clone()).push(" and ");
            }
        }
        self.push(sql, plan, by, now);
        self.push_after(sql, after);
        if streams {
            let number = match dialect {
                Dialect::Sqlite => search_sqlite::NUMBER,
                Dialect::Postgres => search_postgres::NUMBER,
            };
            let order = if self.sort == Sort::Newest { " desc" } else { " asc" };
            sql.push(" order by ").push(number).push(order).push(" limit ").bind(limit + SLACK);
        } else {
            self.push_order(sql, limit);
        }
        sql.push(") as w");
    }
}

/// The limit's end as a key that every order has; those without a limit come last.
const DUE: &str = "coalesce(c.due_at, 9223372036854775807)";

impl Cases {
    /// Chooses the ways to a list.
    async fn plan(&self, by: &Principal, filter: &CaseFilter) -> Result<Plan, CaseError> {
        let scope = by.scope("case.read");
        let words = filter.text.as_deref().map(Words::of).unwrap_or_default();
        let mut unit_ids = Vec::new();
        if let Some(path) = &filter.unit_path
            && let Some(id) = path.trim_end_matches('/').rsplit('/').next()
        {
            let below =
                self.ports().directory.units_under(&UnitId(id.to_owned())).await.map_err(CaseError::Port)?;
            if below.len() <= UNITS_APART_MAX {
                unit_ids = below.into_iter().map(|unit| unit.id.0).collect();
            }
        }
        let mut plan = Plan { ways: Vec::new(), words, unit_ids, scoped: true };
        if !plan.words.is_empty() {
            let text = filter.text.as_deref().unwrap_or_default().trim();
            let (whole, begun) = plan.words.grams();
            if whole.is_empty() && begun.is_empty() {
                // Nothing but signs: no index knows them.
                plan.ways.push(Way::Fresh(String::new()));
            } else {
                plan.ways.push(Way::Text);
                let upto = search::mark(&mut *self.kit().db.reader().acquire().await?).await?;
                plan.ways.push(Way::Fresh(upto));
            }
            if text.chars().count() <= NUMBER_MAX {
                plan.ways.push(Way::Column("c.old_number", text.to_owned()));
            }
            if text.len() >= 6 && text.chars().all(|c| c.is_ascii_alphanumeric()) {
                plan.ways.push(Way::Number(text.to_uppercase()));
                if !by.is_masked("phone") && by.has("contact.unmask") {
                    plan.ways.push(Way::Phone(text.to_owned()));
                }
            }
            return Ok(plan);
        }
        if let Some(unit) = &filter.co_unit_id {
            plan.ways.push(Way::Helped(unit.clone()));
            return Ok(plan);
        }
        for (column, value) in [
            ("c.contact_id", &filter.contact_id),
            ("c.person_id", &filter.person_id),
            ("c.created_by", &filter.created_by),
        ] {
            if let Some(value) = value {
                plan.ways.push(Way::Column(column, value.clone()));
                return Ok(plan);
            }
        }
        if filter.mine {
            plan.ways.push(Way::Column("c.created_by", by.person_id.clone()));
            plan.ways.push(Way::Column("c.person_id", by.person_id.clone()));
            return Ok(plan);
        }
        if !plan.unit_ids.is_empty() {
            plan.ways = plan.unit_ids.iter().map(|id| Way::Column("c.unit_id", id.clone())).collect();
            return Ok(plan);
        }
        match scope {
            None | Some(Scope::All) => {
                let in_time = matches!(filter.sort, Sort::Newest | Sort::Oldest);
                plan.ways.push(match (filter.category_ids.as_slice(), filter.statuses.as_slice()) {
                    ([category], _) if in_time => Way::Column("c.category_id", category.clone()),
                    (_, [status]) if in_time => Way::Column("c.status", status.code().to_owned()),
                    _ => Way::All,
                });
            }
            Some(scope) => {
                plan.ways = self.ways_of_scope(by, scope).await?;
                plan.scoped = plan.ways.is_empty();
                if plan.scoped {
                    plan.ways.push(Way::All);
                }
            }
        }
        Ok(plan)
    }

    /// Returns the ways that together are a scope: the same as [`scope::push`]. None when they are too many.
    async fn ways_of_scope(&self, by: &Principal, scope: Scope) -> Result<Vec<Way>, CaseError> {
        let person = || by.person_id.clone();
        let mut ways = vec![
            Way::Column("c.created_by", person()),
            Way::Column("c.person_id", person()),
            Way::Errand("e.person_id", person()),
        ];
        if scope >= Scope::Unit {
            ways.push(Way::Helped(by.unit_id.clone()));
            ways.push(Way::Errand("e.unit_id", by.unit_id.clone()));
            let mut units = vec![by.unit_id.clone()];
            if scope == Scope::Subtree {
                let below = self.ports().directory.units_under(&UnitId(by.unit_id.clone())).await;
                units.extend(below.map_err(CaseError::Port)?.into_iter().map(|unit| unit.id.0));
                units.sort();
                units.dedup();
                if units.len() > UNITS_APART_MAX {
                    return Ok(Vec::new());
                }
            }
            for unit in units {
                ways.push(Way::Column("c.unit_id", unit.clone()));
                ways.push(Way::Column("c.created_unit_id", unit));
            }
        }
        Ok(ways)
    }

    /// Lists orders within the person's scope. The first page says how many there are in all, unless there
    /// are very many. Rows come without tasks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        now: Timestamp,
    ) -> Result<Page<Case>, CaseError> {
        let plan = self.plan(by, filter).await?;
        let after = filter
            .cursor
            .as_deref()
            .and_then(|cursor| Cursor::decode(cursor, 2))
            .and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone())));
        let limit = i64::try_from(filter.limit + 1).unwrap_or(i64::MAX);
        let cases = self.rows(by, filter, &plan, now, after.as_ref(), limit).await?;
        let sort = filter.sort;
        let mut page = Page::cut(cases, filter.limit, |case| {
            Cursor::encode(&[sort.of(case).to_string(), case.id.0.clone()])
        });
        if filter.cursor.is_none() {
            if page.next_cursor.is_none() {
                page.total = i64::try_from(page.items.len()).ok();
            } else {
                let most = if plan.words.is_empty() { COUNT_MAX } else { COUNT_FOUND_MAX };
                let count = self.count_up_to(by, filter, &plan, now, most + 1).await?;
                page.total = (count <= most).then_some(count);
            }
        }
        Ok(page)
    }

    async fn rows(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        plan: &Plan,
        now: Timestamp,
        after: Option<&(i64, String)>,
        limit: i64,
    ) -> Result<Vec<Case>, CaseError> {
        let dialect = self.kit().db.dialect();
        let mut sql = Statement::new("select ");
        sql.push(case::COLUMNS).push(" from cases_case c where ");
        if let [Way::All] = plan.ways.as_slice() {
            filter.push(&mut sql, plan, by, now);
            filter.push_after(&mut sql, after);
        } else {
            sql.push("c.id in (");
            for (at, way) in plan.ways.iter().enumerate() {
                if at > 0 {
                    sql.push(" union ");
                }
                filter.push_way(&mut sql, way, plan, by, now, dialect, after, limit);
            }
            sql.push(")");
        }
        filter.push_order(&mut sql, limit);
        let rows: Vec<case::CaseRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        rows.into_iter().map(Case::try_from).collect()
    }

    /// Returns the ids of the first orders of a list.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn ids_of(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<CaseId>, CaseError> {
        let plan = self.plan(by, filter).await?;
        let rows = self.rows(by, filter, &plan, now, None, i64::try_from(most).unwrap_or(i64::MAX)).await?;
        Ok(rows.into_iter().map(|case| case.id).collect())
    }

    /// Counts orders, at most `most`.
    async fn count_up_to(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        plan: &Plan,
        now: Timestamp,
        most: i64,
    ) -> Result<i64, CaseError> {
        let dialect = self.kit().db.dialect();
        let mut sql = Statement::new("select count(*) from (");
        if let [Way::All] = plan.ways.as_slice() {
            sql.push("select c.id from cases_case c where ");
            filter.push(&mut sql, plan, by, now);
            sql.push(" limit ").bind(most);
        } else {
            for (at, way) in plan.ways.iter().enumerate() {
                if at > 0 {
                    sql.push(" union ");
                }
                filter.push_way(&mut sql, way, plan, by, now, dialect, None, most);
            }
        }
        sql.push(") as few");
        let (count,): (i64,) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok(count.min(most))
    }

    /// Returns all orders of an export.
    ///
    /// # Errors
    /// [`CaseError::TooManyRows`], or when the database fails.
    pub async fn export_rows(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        now: Timestamp,
    ) -> Result<Vec<Case>, CaseError> {
        let plan = self.plan(by, filter).await?;
        let rows = self.count_up_to(by, filter, &plan, now, EXPORT_MAX + 1).await?;
        if rows > EXPORT_MAX {
            return Err(CaseError::TooManyRows { rows, most: EXPORT_MAX });
        }
        self.rows(by, filter, &plan, now, None, EXPORT_MAX).await
    }
}
