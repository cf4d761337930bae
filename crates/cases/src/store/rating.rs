//! Rows of `cases_rating`. States: `fine`, `open` (bad, to be followed up), `done` (followed up).

use contract::cases::CaseId;
use kernel::db::Statement;
use kernel::{Ctx, Cursor, Page, Principal};
use sqlx::{AnyConnection, FromRow};

use super::scope;
use crate::Cases;
use crate::case::Case;
use crate::case::rating::{self, BAD_STARS, FollowUp, Rating};
use crate::error::CaseError;

/// A rating with its order.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_rating` and `cases_case` under their own names")]
pub struct RatingLine {
    pub id: String,
    pub case_id: String,
    pub number: String,
    pub title: String,
    pub stars: i64,
    pub comment: String,
    pub source: String,
    pub unit_id: Option<String>,
    pub given_at: i64,
    pub state: String,
    pub opinion: Option<String>,
    pub followed_up_at: Option<i64>,
    pub reopened: i64,
}

/// Which ratings are asked for.
#[derive(Clone, Debug, Default)]
pub struct RatingFilter {
    /// Only those of two stars or fewer.
    pub bad: bool,
    /// `fine`, `open`, `done`.
    pub state: Option<String>,
    /// From here on.
    pub cursor: Option<String>,
    /// So many.
    pub limit: usize,
}

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    ctx: &Ctx,
    case: &Case,
    rating: &Rating,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_rating (id, case_id, stars, comment, source, unit_id, given_at, given_by, state, reopened) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
    )
    .bind(&rating.id)
    .bind(case.id.as_str())
    .bind(rating.stars)
    .bind(rating.comment.trim())
    .bind(rating.source.code())
    .bind(case.unit.as_ref().map(|unit| &unit.id))
    .bind(ctx.now.0)
    .bind(&ctx.actor.id)
    .bind(if rating.is_bad() { "open" } else { "fine" })
    .execute(conn)
    .await?;
    Ok(())
}

impl Cases {
    /// Rates an order in the citizen's name. Who may do so was decided by number and query code.
    ///
    /// # Errors
    /// Those of [`rating::rate`].
    pub async fn rate(&self, ctx: &Ctx, id: &CaseId, rating: &Rating) -> Result<Case, CaseError> {
        let mut work = self.open(id).await?;
        let change = rating::rate(&mut work.case, rating)?;
        work.claim().await?;
        insert(work.tx.conn(), ctx, &work.case, rating).await?;
        work.finish(ctx, change).await
    }

    /// Lists ratings of orders within the person's scope, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ratings(
        &self,
        by: &Principal,
        filter: &RatingFilter,
    ) -> Result<Page<RatingLine>, CaseError> {
        let mut sql = Statement::new(
            "select r.id, r.case_id, c.number, c.title, r.stars, r.comment, r.source, r.unit_id, r.given_at, r.state, \
             r.opinion, r.followed_up_at, r.reopened from cases_rating r join cases_case c on c.id = r.case_id where ",
        );
        match by.scope("case.read") {
            Some(reach) => scope::push(&mut sql, reach, by),
            None => {
                sql.push("1 = 0");
            }
        }
        if filter.bad {
            sql.push(" and r.stars <= ").bind(BAD_STARS);
        }
        if let Some(state) = &filter.state {
            sql.push(" and r.state = ").bind(state.clone());
        }
        if let Some(keys) = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            sql.push(" and (r.given_at < ").bind(at).push(" or (r.given_at = ").bind(at);
            sql.push(" and r.id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by r.given_at desc, r.id desc limit ");
        sql.bind(i64::try_from(filter.limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<RatingLine> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, filter.limit, |line| {
            Cursor::encode(&[line.given_at.to_string(), line.id.clone()])
        }))
    }

    /// Follows a bad rating up. The person has `rating.follow_up`, and the order lies within its scope.
    ///
    /// # Errors
    /// [`CaseError::NotFound`], [`CaseError::FollowedUp`], or those of [`rating::follow_up`].
    pub async fn follow_up(
        &self,
        ctx: &Ctx,
        by: &Principal,
        rating_id: &str,
        follow_up: &FollowUp,
    ) -> Result<Case, CaseError> {
        let known: Option<(String, String)> =
            sqlx::query_as("select case_id, state from cases_rating where id = $1")
                .bind(rating_id)
                .fetch_optional(self.kit().db.reader())
                .await?;
        let (case_id, state) = known.ok_or(CaseError::NotFound)?;
        let mut work = self.open(&CaseId(case_id)).await?;
        let reach = by.scope("rating.follow_up").ok_or(CaseError::NotFound)?;
        if !work.case.is_within(reach, by) {
            return Err(CaseError::NotFound);
        }
        if state != "open" {
            return Err(CaseError::FollowedUp);
        }
        let change = rating::follow_up(&mut work.case, follow_up, ctx.now)?;
        work.claim().await?;
        let done = sqlx::query(
            "update cases_rating set state = 'done', opinion = $2, followed_up_at = $3, followed_up_by = $4, \
             reopened = $5 where id = $1 and state = 'open'",
        )
        .bind(rating_id)
        .bind(follow_up.opinion.trim())
        .bind(ctx.now.0)
        .bind(&ctx.actor.id)
        .bind(i64::from(follow_up.reopen))
        .execute(work.tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Err(CaseError::FollowedUp);
        }
        work.finish(ctx, change).await
    }
}
