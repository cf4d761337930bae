//! Lists of orders: filters, order, pages, and the rows of an export.

use kernel::db::Statement;
use kernel::{Cursor, Page, Principal, Timestamp};

use super::{case, scope};
use crate::Cases;
use crate::case::{Case, Color, Kind, Source, Status};
use crate::error::CaseError;

/// Counting stops here; a list that is longer has no total.
const COUNT_MAX: i64 = 10_000;
/// So many orders fit into one export.
pub const EXPORT_MAX: i64 = 50_000;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// Nearest limit first; those without a limit last.
    Due,
    /// Changed last first.
    Updated,
}

impl Sort {
    /// Reads a code, `-` for descending.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "-created_at" => Some(Self::Newest),
            "created_at" => Some(Self::Oldest),
            "due_at" => Some(Self::Due),
            "-updated_at" => Some(Self::Updated),
            _ => None,
        }
    }

    fn key(self) -> (&'static str, bool) {
        match self {
            Self::Newest => ("c.created_at", true),
            Self::Oldest => ("c.created_at", false),
            Self::Due => ("coalesce(c.due_at, 9223372036854775807)", false),
            Self::Updated => ("c.updated_at", true),
        }
    }

    fn of(self, case: &Case) -> i64 {
        match self {
            Self::Newest | Self::Oldest => case.created_at.0,
            Self::Due => case.due_at.map_or(i64::MAX, |at| at.0),
            Self::Updated => case.updated_at.0,
        }
    }
}

/// Which orders are asked for. What is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Words in title or content, a number, or a phone number.
    pub text: Option<String>,
    /// Any of these statuses.
    pub statuses: Vec<Status>,
    /// The type.
    pub kind: Option<Kind>,
    /// The category or one below.
    pub category_ids: Vec<String>,
    /// The unit in charge or one below, by path.
    pub unit_path: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// The colour of the running limit.
    pub color: Option<Color>,
    /// How it came.
    pub source: Option<Source>,
    /// Written at or after.
    pub created_from: Option<Timestamp>,
    /// Written before.
    pub created_to: Option<Timestamp>,
    /// Due before.
    pub due_before: Option<Timestamp>,
    /// Only what the person wrote or is in charge of.
    pub mine: bool,
    /// Only orders of this citizen.
    pub contact_id: Option<String>,
    /// The order of the list.
    pub sort: Sort,
    /// From here on.
    pub cursor: Option<String>,
    /// So many.
    pub limit: usize,
}

/// Makes a text stand for itself in `like`.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

impl CaseFilter {
    fn push(&self, sql: &mut Statement, by: &Principal, now: Timestamp) {
        match by.scope("case.read") {
            Some(reach) => scope::push(sql, reach, by),
            None => {
                sql.push("1 = 0");
            }
        }
        if let Some(text) = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            let text: String = text.chars().take(50).collect();
            let number = text.len() >= 6 && text.chars().all(|c| c.is_ascii_alphanumeric());
            sql.push(" and (");
            if number {
                sql.push("c.number like ")
                    .bind(format!("{}%", plain(&text.to_uppercase())))
                    .push(" escape '\\' or ");
                if !by.is_masked("phone") && by.has("contact.unmask") {
                    sql.push("c.contact_phone = ").bind(text.clone()).push(" or ");
                }
            }
            let words = format!("%{}%", plain(&text));
            sql.push("c.title like ").bind(words.clone()).push(" escape '\\' or c.content like ");
            sql.bind(words).push(" escape '\\')");
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
        if let Some(path) = &self.unit_path {
            sql.push(" and substr(c.unit_path, 1, length(")
                .bind(path.clone())
                .push(")) = ")
                .bind(path.clone());
        }
        for (column, value) in
            [(" and c.district = ", &self.district), (" and c.contact_id = ", &self.contact_id)]
        {
            if let Some(value) = value {
                sql.push(column).bind(value.clone());
            }
        }
        if let Some(source) = self.source {
            sql.push(" and c.source = ").bind(source.code());
        }
        for (column, value) in [
            (" and c.created_at >= ", self.created_from),
            (" and c.created_at < ", self.created_to),
            (" and c.due_at < ", self.due_before),
        ] {
            if let Some(value) = value {
                sql.push(column).bind(value.0);
            }
        }
        match self.color {
            Some(Color::Red) => {
                sql.push(" and c.due_at < ").bind(now.0);
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
    }

    fn push_order(&self, sql: &mut Statement, limit: i64) {
        let (key, descending) = self.sort.key();
        let order = if descending { " desc" } else { " asc" };
        sql.push(" order by ").push(key).push(order).push(", c.id").push(order).push(" limit ").bind(limit);
    }
}

impl Cases {
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
        let mut sql = Statement::new("select ");
        sql.push(case::COLUMNS).push(" from cases_case c where ");
        filter.push(&mut sql, by, now);
        let (key, descending) = filter.sort.key();
        if let Some(keys) = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            let than = if descending { " < " } else { " > " };
            sql.push(" and (").push(key).push(than).bind(at).push(" or (").push(key).push(" = ").bind(at);
            sql.push(" and c.id").push(than).bind(keys[1].clone()).push("))");
        }
        filter.push_order(&mut sql, i64::try_from(filter.limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<case::CaseRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let cases = rows.into_iter().map(Case::try_from).collect::<Result<Vec<_>, _>>()?;
        let sort = filter.sort;
        let mut page = Page::cut(cases, filter.limit, |case| {
            Cursor::encode(&[sort.of(case).to_string(), case.id.0.clone()])
        });
        if filter.cursor.is_none() {
            let count = self.count(by, filter, now).await?;
            page.total = (count <= COUNT_MAX).then_some(count);
        }
        Ok(page)
    }

    /// Counts orders, at most one more than [`COUNT_MAX`].
    async fn count(&self, by: &Principal, filter: &CaseFilter, now: Timestamp) -> Result<i64, CaseError> {
        self.count_up_to(by, filter, now, COUNT_MAX + 1).await
    }

    async fn count_up_to(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        now: Timestamp,
        most: i64,
    ) -> Result<i64, CaseError> {
        let mut sql = Statement::new("select count(*) from (select 1 as one from cases_case c where ");
        filter.push(&mut sql, by, now);
        sql.push(" limit ").bind(most).push(") as few");
        let (count,): (i64,) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok(count)
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
        let rows = self.count_up_to(by, filter, now, EXPORT_MAX + 1).await?;
        if rows > EXPORT_MAX {
            return Err(CaseError::TooManyRows { rows, most: EXPORT_MAX });
        }
        let mut sql = Statement::new("select ");
        sql.push(case::COLUMNS).push(" from cases_case c where ");
        filter.push(&mut sql, by, now);
        filter.push_order(&mut sql, EXPORT_MAX);
        let rows: Vec<case::CaseRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        rows.into_iter().map(Case::try_from).collect()
    }
}
