//! Lists of entries: what readers browse, what maintainers maintain, what waits for somebody.

use kernel::db::Statement;
use kernel::{Cursor, Page, Principal};

use super::entry::{COLUMNS, EntryRow, narrow};
use crate::Knowledge;
use crate::entry::Kind;
use crate::error::KnowledgeError;
use crate::region;

/// Which entries a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    /// What readers have.
    #[default]
    Published,
    /// What citizens have.
    Public,
    /// What the person maintains, in whatever state.
    Maintained,
    /// What waits for the person's decision.
    ToReview,
    /// What the person has to read again.
    Due,
}

impl Shelf {
    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "published" => Self::Published,
            "maintained" => Self::Maintained,
            "to_review" => Self::ToReview,
            "due" => Self::Due,
            _ => return None,
        })
    }
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Changed last first.
    #[default]
    Updated,
    /// Published last first.
    Published,
    /// Read most first.
    Views,
    /// To be read again soonest first.
    Due,
    /// By number.
    Number,
}

impl Sort {
    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "-updated_at" => Self::Updated,
            "-published_at" => Self::Published,
            "-views" => Self::Views,
            "review_due_at" => Self::Due,
            "number" => Self::Number,
            _ => return None,
        })
    }

    fn column(self) -> (&'static str, bool) {
        match self {
            Self::Updated => ("e.updated_at", true),
            Self::Published => ("coalesce(e.published_at, 0)", true),
            Self::Views => ("e.views", true),
            Self::Due => ("coalesce(e.review_due_at, 9000000000000000)", false),
            // The number itself, which decides among equals in every order, decides alone.
            Self::Number => ("(e.views * 0)", false),
        }
    }

    fn key(self, row: &EntryRow) -> i64 {
        match self {
            Self::Updated => row.updated_at,
            Self::Published => row.published_at.unwrap_or(0),
            Self::Views => row.views,
            Self::Due => row.review_due_at.unwrap_or(9_000_000_000_000_000),
            Self::Number => 0,
        }
    }
}

/// What narrows a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Which entries.
    pub shelf: Shelf,
    /// Words of the title or a number.
    pub text: Option<String>,
    /// Code of the region; `region_exact` leaves out what holds from above.
    pub region: Option<String>,
    /// Only what was written for just this region.
    pub region_exact: bool,
    /// Code of the business; what stands below it belongs to it.
    pub business: Option<String>,
    /// The form.
    pub kind: Option<Kind>,
    /// The unit that maintains it.
    pub unit: Option<String>,
    /// What readers have: a code of the state.
    pub state: Option<String>,
    /// What maintainers are doing: a code of the work.
    pub work: Option<String>,
    /// The order.
    pub sort: Sort,
}

impl Knowledge {
    /// Lists entries.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        by: Option<&Principal>,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<EntryRow>, KnowledgeError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from knowledge_entry e where 1 = 1");
        self.narrow(&mut sql, by, filter).await?;
        let (column, descending) = filter.sort.column();
        if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            let than = if descending { " < " } else { " > " };
            sql.push(" and (")
                .push(column)
                .push(than)
                .bind(at)
                .push(" or (")
                .push(column)
                .push(" = ")
                .bind(at);
            sql.push(" and e.number > ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by ").push(column).push(if descending { " desc" } else { "" });
        sql.push(", e.number limit ").bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<EntryRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row| {
            Cursor::encode(&[filter.sort.key(row).to_string(), row.number.clone()])
        }))
    }

    /// Counts entries, up to a bound.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(&self, by: Option<&Principal>, filter: &Filter) -> Result<i64, KnowledgeError> {
        let mut sql = Statement::new("select count(*) from (select 1 from knowledge_entry e where 1 = 1");
        self.narrow(&mut sql, by, filter).await?;
        sql.push(" limit 10000) as counted");
        let (count,): (i64,) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok(count)
    }

    async fn narrow(
        &self,
        sql: &mut Statement,
        by: Option<&Principal>,
        filter: &Filter,
    ) -> Result<(), KnowledgeError> {
        let now = self.kit().now().0;
        match (filter.shelf, by) {
            (Shelf::Public, _) => {
                readable(sql, now);
                sql.push(" and e.public = 1");
            }
            (Shelf::Published, _) => readable(sql, now),
            (Shelf::Maintained, Some(by)) => narrow(sql, by, &["knowledge.write", "knowledge.review"]),
            (Shelf::ToReview, Some(by)) => {
                narrow(sql, by, &["knowledge.review"]);
                // Neither what the person wrote nor what they passed in this round already.
                sql.push(
                    " and e.work = 'in_review' and not exists (select 1 from knowledge_version v where ",
                );
                sql.push("v.entry_id = e.id and v.no = e.work_no and ' ' || v.authors || ' ' like ");
                sql.bind(format!("% {} %", escaped(&by.person_id)));
                sql.push(" escape '!') and not exists (select 1 from knowledge_decision d join knowledge_version w on ");
                sql.push(
                    "w.entry_id = d.entry_id and w.no = d.no where d.entry_id = e.id and d.no = e.work_no ",
                );
                sql.push("and d.round = w.submitted_at and d.passed = 1 and d.person_id = ")
                    .bind(&by.person_id);
                sql.push(")");
            }
            (Shelf::Due, Some(by)) => {
                narrow(sql, by, &["knowledge.review"]);
                sql.push(" and e.state = 'published' and e.review_due_at <= ").bind(now);
            }
            (_, None) => {
                sql.push(" and 1 = 0");
            }
        }
        if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            let text: String = text.chars().take(100).collect();
            let pattern = format!("%{}%", escaped(&text));
            sql.push(" and (e.title like ").bind(pattern).push(" escape '!' or e.number = ");
            sql.bind(text.to_uppercase()).push(")");
        }
        if let Some(code) = &filter.region {
            let codes = if filter.region_exact { vec![code.clone()] } else { region::with_parents(code) };
            sql.push(" and e.region in (").bind_all(codes).push(")");
        }
        if let Some(code) = &filter.business {
            let codes = self.businesses_under(code).await?;
            sql.push(" and e.business in (").bind_all(codes).push(")");
        }
        if let Some(kind) = filter.kind {
            sql.push(" and e.kind = ").bind(kind.code());
        }
        for (column, value) in [
            (" and e.unit_id = ", &filter.unit),
            (" and e.state = ", &filter.state),
            (" and e.work = ", &filter.work),
        ] {
            if let Some(value) = value {
                sql.push(column).bind(value);
            }
        }
        Ok(())
    }

    /// Counts published entries by business, for the tree of the library.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_by_business(&self, public: bool) -> Result<Vec<(String, i64)>, KnowledgeError> {
        let mut sql = Statement::new("select e.business, count(*) from knowledge_entry e where 1 = 1");
        readable(&mut sql, self.kit().now().0);
        if public {
            sql.push(" and e.public = 1");
        }
        sql.push(" group by e.business");
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }
}

/// Takes their meaning from the marks of a pattern.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

fn readable(sql: &mut Statement, now: i64) {
    sql.push(" and e.state = 'published' and (e.expires_at is null or e.expires_at > ").bind(now);
    sql.push(") and (e.valid_from is null or e.valid_from <= ").bind(now).push(")");
}
