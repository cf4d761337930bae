//! Rows of `cases_link`. Of the secret only a digest is kept.

use async_trait::async_trait;
use contract::cases::{CaseId, HelperDesk, HelperView};
use kernel::{Actor, ActorKind, Ctx, Principal, Problem, Timestamp};
use sqlx::{AnyConnection, FromRow};

use super::{attachment, case, work};
use crate::Cases;
use crate::case::action::Action;
use crate::case::attachment::HELP;
use crate::case::external_link::{self, ExternalLink, LinkWish};
use crate::case::timeline::EntryKind;
use crate::error::CaseError;

const HOUR_MS: i64 = 3_600_000;

#[derive(FromRow)]
struct Row {
    id: String,
    case_id: String,
    helper: String,
    text: String,
    given_at: i64,
    given_by_name: String,
    expires_at: i64,
    revoked_at: Option<i64>,
    opened_at: Option<i64>,
    answer: Option<String>,
    answered_at: Option<i64>,
}

impl Row {
    fn link(self) -> (CaseId, ExternalLink) {
        let link = ExternalLink {
            id: self.id,
            helper: self.helper,
            text: self.text,
            given_at: Timestamp(self.given_at),
            given_by_name: self.given_by_name,
            expires_at: Timestamp(self.expires_at),
            revoked_at: self.revoked_at.map(Timestamp),
            opened_at: self.opened_at.map(Timestamp),
            answer: self.answer,
            answered_at: self.answered_at.map(Timestamp),
        };
        (CaseId(self.case_id), link)
    }
}

const SELECT: &str = "select id, case_id, helper, text, given_at, given_by_name, expires_at, revoked_at, opened_at, \
                      answer, answered_at from cases_link ";

fn digest(token: &str) -> String {
    kernel::crypto::sha256_hex(token.as_bytes())
}

/// Names the files that came under a link.
pub(super) fn upload_id(link_id: &str) -> String {
    format!("link:{link_id}")
}

/// Finds a link by its secret.
pub(super) async fn by_token(
    conn: &mut AnyConnection,
    token: &str,
) -> Result<(CaseId, ExternalLink), CaseError> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where digest = $1")))
        .bind(digest(token))
        .fetch_optional(conn)
        .await?;
    row.map(Row::link).ok_or(CaseError::NotFound)
}

impl Cases {
    /// Makes a link for an outside helper; returns its secret, which is shown once.
    ///
    /// # Errors
    /// Those of taking the order up, and of [`external_link::share`].
    pub async fn share(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        wish: &LinkWish,
    ) -> Result<String, CaseError> {
        let token = kernel::crypto::random_token(32);
        let mut work = self.take_up(by, id, version, Action::Share).await?;
        let open: i64 = sqlx::query_scalar(
            "select count(*) from cases_link where case_id = $1 and revoked_at is null and answer is null \
             and expires_at > $2",
        )
        .bind(id.as_str())
        .bind(ctx.now.0)
        .fetch_one(work.tx.conn())
        .await?;
        let change = external_link::share(wish, open)?;
        sqlx::query(
            "insert into cases_link (id, case_id, digest, helper, text, given_at, given_by, given_by_name, unit_id, \
             expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(kernel::id::new_id())
        .bind(id.as_str())
        .bind(digest(&token))
        .bind(wish.helper.trim())
        .bind(wish.text.trim())
        .bind(ctx.now.0)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(&by.unit_id)
        .bind(ctx.now.0 + wish.hours * HOUR_MS)
        .execute(work.tx.conn())
        .await?;
        work.finish(ctx, change).await?;
        Ok(token)
    }

    /// Takes a link back.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when there is none that runs.
    pub async fn unshare(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        link_id: &str,
    ) -> Result<(), CaseError> {
        let mut work = self.open(id).await?;
        Action::Share.permit(&work.case, by)?;
        let revoked = sqlx::query(
            "update cases_link set revoked_at = $3 where id = $1 and case_id = $2 and revoked_at is null",
        )
        .bind(link_id)
        .bind(id.as_str())
        .bind(ctx.now.0)
        .execute(work.tx.conn())
        .await?;
        if revoked.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        let change = crate::case::change::Change::new(EntryKind::Unshared, "case.unshare");
        work::record(&mut work.tx, ctx, &work.case, &change);
        Ok(work.tx.commit().await?)
    }

    /// Lists the links of an order, oldest first.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order.
    pub async fn links(&self, by: &Principal, id: &CaseId) -> Result<Vec<ExternalLink>, CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        work::read(&mut conn, by, id).await?;
        let sql = format!("{SELECT} where case_id = $1 order by given_at, id");
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_all(&mut *conn).await?;
        Ok(rows.into_iter().map(|row| row.link().1).collect())
    }

    async fn open_link(&self, ctx: &Ctx, token: &str) -> Result<HelperView, CaseError> {
        let (case, link) = {
            let mut conn = self.kit().db.reader().acquire().await?;
            let (id, link) = by_token(&mut conn, token).await?;
            (case::load(&mut conn, &id).await?.ok_or(CaseError::NotFound)?, link)
        };
        external_link::check_open(&case, &link, ctx.now)?;
        if link.opened_at.is_none() {
            let mut tx = self.kit().db.begin().await?;
            sqlx::query("update cases_link set opened_at = $2 where id = $1 and opened_at is null")
                .bind(&link.id)
                .bind(ctx.now.0)
                .execute(tx.conn())
                .await?;
            tx.commit().await?;
        }
        // A helper learns what the matter is and where, never who asked.
        Ok(HelperView {
            number: case.number,
            title: case.citizen.masked_in(&case.title),
            content: case.citizen.masked_in(&case.content),
            district: case.place.district,
            address: case.place.address,
            helper: link.helper,
            text: link.text,
            given_by: link.given_by_name,
            expires_at: link.expires_at.0,
            answer: link.answer,
            answered_at: link.answered_at.map(|at| at.0),
        })
    }

    async fn answer_link(&self, ctx: &Ctx, token: &str, text: &str) -> Result<HelperView, CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let (id, link) = by_token(tx.conn(), token).await?;
        let case = case::load(tx.conn(), &id).await?.ok_or(CaseError::NotFound)?;
        external_link::check_open(&case, &link, ctx.now)?;
        let change = external_link::answer(&link, text)?;
        let written = sqlx::query(
            "update cases_link set answer = $2, answered_at = $3 where id = $1 and answer is null and revoked_at is null",
        )
        .bind(&link.id)
        .bind(text.trim())
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if written.rows_affected() == 0 {
            return Err(CaseError::Stale { current: case.version });
        }
        let actor = Actor { kind: ActorKind::Citizen, id: String::new(), name: link.helper.clone() };
        let helper = Ctx { actor, ..ctx.clone() };
        let entry = work::record(&mut tx, &helper, &case, &change);
        attachment::bind_upload(tx.conn(), &id, &upload_id(&link.id), HELP, &entry).await?;
        tx.commit().await?;
        self.open_link(ctx, token).await
    }
}

/// Takes back the links that a unit gave which has the order no more.
pub(super) async fn end_links_of(
    conn: &mut AnyConnection,
    id: &CaseId,
    unit_id: &str,
    now: Timestamp,
) -> Result<(), CaseError> {
    sqlx::query(
        "update cases_link set revoked_at = $3 where case_id = $1 and unit_id = $2 and revoked_at is null \
         and answer is null",
    )
    .bind(id.as_str())
    .bind(unit_id)
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}

#[async_trait]
impl HelperDesk for Cases {
    async fn open(&self, ctx: &Ctx, token: &str) -> Result<HelperView, Problem> {
        Ok(self.open_link(ctx, token).await?)
    }

    async fn answer(&self, ctx: &Ctx, token: &str, text: &str) -> Result<HelperView, Problem> {
        Ok(self.answer_link(ctx, token, text).await?)
    }
}
