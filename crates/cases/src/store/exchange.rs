//! Rows of `cases_exchange` and those below it as they are read: lists, threads, what is unread.

use kernel::db::Statement;
use kernel::{Cursor, Page, Principal, Scope, Timestamp};
use sqlx::{AnyConnection, FromRow};

use super::attachment;
use super::list::plain;
use crate::Cases;
use crate::case::attachment::Attachment;
use crate::case::exchange::ExchangeState;
use crate::error::CaseError;

/// So many lines fit into one export.
pub const EXPORT_MAX: usize = 50_000;

/// An exchange.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_exchange` under their own names")]
pub struct Exchange {
    pub id: String,
    pub unit_id: String,
    pub person_id: String,
    pub person_name: String,
    pub subject: String,
    pub case_id: Option<String>,
    pub answer_by: Option<i64>,
    pub posts: i64,
    pub created_at: i64,
    pub last_at: i64,
    pub closed_at: Option<i64>,
    pub closed_by: Option<String>,
    pub version: i64,
    /// How many units have not answered.
    pub waiting: i64,
    /// When the reader read it last; 0 for never.
    pub read_at: i64,
}

/// A unit that an exchange is between.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_exchange_unit` under their own names")]
pub struct Party {
    pub exchange_id: String,
    pub unit_id: String,
    pub sender: i64,
    pub answered_at: Option<i64>,
}

/// Something that was written.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_exchange_post` under their own names")]
pub struct Post {
    pub id: String,
    pub unit_id: String,
    pub person_name: String,
    pub body: String,
    pub at: i64,
}

/// Which exchanges: those that came, or those that went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Those that came.
    In,
    /// Those that went.
    Out,
}

/// What narrows a list.
#[derive(Clone, Debug, Default)]
pub struct ExchangeFilter {
    /// A part of the subject or of a post.
    pub text: Option<String>,
    /// Which side the reader's units are on.
    pub side: Option<Side>,
    /// Where it stands.
    pub state: Option<ExchangeState>,
    /// Only what the reader has not read.
    pub unread: bool,
    /// Only what should have been answered by this instant.
    pub late: Option<Timestamp>,
    /// A unit on the other side, or on either.
    pub unit_id: Option<String>,
    /// Written at or after.
    pub from: Option<Timestamp>,
    /// Written before.
    pub to: Option<Timestamp>,
    /// From here on.
    pub cursor: Option<String>,
}

impl Exchange {
    /// Tells where it stands.
    #[must_use]
    pub fn state(&self) -> ExchangeState {
        match (self.closed_at, self.waiting) {
            (Some(_), _) => ExchangeState::Closed,
            (None, 0) => ExchangeState::Answered,
            (None, _) => ExchangeState::Open,
        }
    }
}

const WAITING: &str = "exists (select 1 from cases_exchange_unit w where w.exchange_id = e.id and w.sender = 0 \
     and w.answered_at is null)";

fn select(by: &Principal) -> Statement {
    let mut sql = Statement::new(
        "select e.id, e.unit_id, e.person_id, e.person_name, e.subject, e.case_id, e.answer_by, e.posts, \
         e.created_at, e.last_at, e.closed_at, e.closed_by, e.version, \
         (select count(*) from cases_exchange_unit w where w.exchange_id = e.id and w.sender = 0 \
         and w.answered_at is null) as waiting, coalesce(r.read_at, 0) as read_at from cases_exchange e \
         left join cases_exchange_reader r on r.exchange_id = e.id and r.person_id = ",
    );
    sql.bind(&by.person_id).push(" where ");
    sql
}

/// Exchanges that one of the reader's units is a party of, on a side.
fn push_scope(sql: &mut Statement, by: &Principal, side: Option<Side>, scope: Option<Scope>) {
    if scope == Some(Scope::All) && side.is_none() {
        sql.push("1 = 1");
        return;
    }
    sql.push("exists (select 1 from cases_exchange_unit p where p.exchange_id = e.id and ");
    match scope {
        Some(Scope::All | Scope::Subtree) => {
            sql.push("substr(p.unit_path, 1, length(").bind(&by.unit_path).push(")) = ").bind(&by.unit_path)
        }
        Some(Scope::Unit | Scope::Own) => sql.push("p.unit_id = ").bind(&by.unit_id),
        None => sql.push("1 = 0"),
    };
    match side {
        Some(Side::In) => sql.push(" and p.sender = 0)"),
        Some(Side::Out) => sql.push(" and p.sender = 1)"),
        None => sql.push(")"),
    };
}

fn push_filter(sql: &mut Statement, by: &Principal, filter: &ExchangeFilter) {
    push_scope(sql, by, filter.side, by.scope("exchange.read"));
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let pattern = format!("%{}%", plain(text));
        sql.push(" and (e.subject like ").bind(&pattern).push(" escape '\\' or exists (select 1 from ");
        sql.push("cases_exchange_post t where t.exchange_id = e.id and t.body like ").bind(&pattern);
        sql.push(" escape '\\'))");
    }
    match filter.state {
        Some(ExchangeState::Closed) => sql.push(" and e.closed_at is not null"),
        Some(ExchangeState::Open) => sql.push(" and e.closed_at is null and ").push(WAITING),
        Some(ExchangeState::Answered) => sql.push(" and e.closed_at is null and not ").push(WAITING),
        None => sql.push(""),
    };
    if filter.unread {
        sql.push(" and coalesce(r.read_at, 0) < e.last_at");
    }
    if let Some(now) = filter.late {
        sql.push(" and e.closed_at is null and e.answer_by < ").bind(now.0).push(" and ").push(WAITING);
    }
    if let Some(unit) = &filter.unit_id {
        sql.push(
            " and exists (select 1 from cases_exchange_unit o where o.exchange_id = e.id and o.unit_id = ",
        );
        sql.bind(unit).push(")");
    }
    for (column, value) in [(" and e.created_at >= ", filter.from), (" and e.created_at < ", filter.to)] {
        if let Some(value) = value {
            sql.push(column).bind(value.0);
        }
    }
}

impl Cases {
    /// Lists exchanges within the reader's scope, those that something was written in last first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exchanges(
        &self,
        by: &Principal,
        filter: &ExchangeFilter,
        limit: usize,
    ) -> Result<Page<Exchange>, CaseError> {
        let mut sql = select(by);
        push_filter(&mut sql, by, filter);
        if let Some(keys) = filter.cursor.as_deref().and_then(|word| Cursor::decode(word, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            sql.push(" and (e.last_at < ").bind(at).push(" or (e.last_at = ").bind(at);
            sql.push(" and e.id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by e.last_at desc, e.id desc limit ");
        sql.bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row: &Exchange| {
            Cursor::encode(&[row.last_at.to_string(), row.id.clone()])
        }))
    }

    /// Counts what the reader has not read of the exchanges of the reader's own unit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unread_exchanges(&self, by: &Principal) -> Result<i64, CaseError> {
        let mut sql = Statement::new(
            "select count(*) from cases_exchange e left join cases_exchange_reader r on r.exchange_id = e.id \
             and r.person_id = ",
        );
        sql.bind(&by.person_id).push(" where ");
        push_scope(&mut sql, by, None, Some(Scope::Unit));
        sql.push(" and e.closed_at is null and coalesce(r.read_at, 0) < e.last_at");
        let (count,): (i64,) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok(count)
    }

    /// Finds an exchange within the reader's scope.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn exchange(&self, by: &Principal, id: &str) -> Result<Exchange, CaseError> {
        exchange_at(&mut *self.kit().db.reader().acquire().await?, by, id).await
    }

    /// Returns the units that exchanges are between, senders first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exchange_parties(&self, ids: &[String]) -> Result<Vec<Party>, CaseError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Vec::new();
        for some in ids.chunks(500) {
            let mut sql = Statement::new(
                "select exchange_id, unit_id, sender, answered_at from cases_exchange_unit where exchange_id in (",
            );
            sql.bind_all(some.iter().cloned()).push(") order by sender desc, unit_id");
            rows.extend(sql.query_as::<Party>().fetch_all(self.kit().db.reader()).await?);
        }
        Ok(rows)
    }

    /// Reads what was written in an exchange that the caller has found, oldest first, with the files.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exchange_posts(&self, id: &str) -> Result<(Vec<Post>, Vec<Attachment>), CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let posts = sqlx::query_as(
            "select id, unit_id, person_name, body, at from cases_exchange_post where exchange_id = $1 order by id",
        )
        .bind(id)
        .fetch_all(&mut *conn)
        .await?;
        Ok((posts, attachment::of_exchange(&mut conn, id).await?))
    }
}

pub(super) async fn exchange_at(
    conn: &mut AnyConnection,
    by: &Principal,
    id: &str,
) -> Result<Exchange, CaseError> {
    let mut sql = select(by);
    push_scope(&mut sql, by, None, by.scope("exchange.read"));
    sql.push(" and e.id = ").bind(id);
    sql.query_as().fetch_optional(conn).await?.ok_or(CaseError::NotFound)
}
