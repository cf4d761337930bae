//! Rows of `cases_publication`.

use std::sync::{Arc, OnceLock};

use contract::cases::{CaseId, MonthFigures, PublishedCase, PublishedFilter};
use kernel::db::Statement;
use kernel::page::Cursor;
use kernel::{Audit, Ctx, Page, Principal, Timestamp};
use lang::lexicon::Lexicon;
use serde_json::json;
use sqlx::FromRow;

use super::case;
use crate::Cases;
use crate::case::publication::{self, PublicText};
use crate::error::CaseError;

/// Rows of a page on the portal.
const PAGE: usize = 20;
/// Months of the published figures.
const MONTHS: i32 = 12;

/// A publication as its editors see it.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_publication` under their own names")]
pub struct Publication {
    pub id: String,
    pub case_id: String,
    pub category_name: String,
    pub unit_name: String,
    pub title: String,
    pub content: String,
    pub result: String,
    pub received_at: i64,
    pub settled_at: i64,
    /// `published` or `withdrawn`.
    pub state: String,
    pub published_at: i64,
    pub published_by: String,
    pub version: i64,
}

const SELECT: &str = "select id, case_id, category_name, unit_name, title, content, result, received_at, settled_at, \
                      state, published_at, published_by, version from cases_publication ";

/// The dictionary is large and read once, when somebody first needs it.
fn lexicon() -> Arc<Lexicon> {
    static LEXICON: OnceLock<Arc<Lexicon>> = OnceLock::new();
    LEXICON.get_or_init(|| Arc::new(Lexicon::new([]))).clone()
}

impl Cases {
    /// Proposes what everybody may read of an order.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order; [`CaseError::Refused`] when it cannot be shown.
    pub async fn propose_publication(
        &self,
        by: &Principal,
        id: &CaseId,
        now: Timestamp,
    ) -> Result<(PublicText, Option<Publication>), CaseError> {
        let case = self.read(by, id).await?;
        let known = self.publication_of(id).await?;
        if let Some(known) = &known
            && known.state == "published"
        {
            let text = PublicText {
                title: known.title.clone(),
                content: known.content.clone(),
                result: known.result.clone(),
            };
            return Ok((text, Some(known.clone())));
        }
        publication::check_publishable(&case)?;
        let local = chrono::DateTime::from_timestamp_millis(now.0).unwrap_or_default().naive_utc();
        let text = tokio::task::spawn_blocking(move || {
            let lexicon = lexicon();
            let redact = |text: &str| {
                let facts = lang::extract::extract(text, local, &lexicon);
                publication::redact(text, &case, &facts)
            };
            PublicText {
                title: redact(&case.title),
                content: redact(&case.content),
                result: redact(case.answer.as_deref().unwrap_or_default()),
            }
        })
        .await
        .map_err(|error| CaseError::Port(error.into()))?;
        Ok((text, known))
    }

    /// Finds the publication of an order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn publication_of(&self, id: &CaseId) -> Result<Option<Publication>, CaseError> {
        let sql = format!("{SELECT} where case_id = $1");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.kit().db.reader())
            .await?)
    }

    /// Shows an order to everybody, or changes what is shown.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] when the text names the citizen; [`CaseError::Refused`] when it cannot be shown.
    pub async fn publish_case(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        text: &PublicText,
    ) -> Result<Publication, CaseError> {
        let case = self.read(by, id).await?;
        publication::check_publishable(&case)?;
        text.check(&case)?;
        let category =
            case.category_id.as_deref().and_then(|id| self.categories().get(id).map(|one| one.name.clone()));
        let unit = match &case.unit {
            Some(unit) => self.unit_name(&unit.id).await?,
            None => None,
        };
        let mut tx = self.kit().db.begin().await?;
        // The order may have been taken up again, or become confidential, meanwhile.
        let fresh = case::load(tx.conn(), id).await?.ok_or(CaseError::NotFound)?;
        publication::check_publishable(&fresh)?;
        sqlx::query(
            "insert into cases_publication (id, case_id, category_id, category_name, unit_name, title, content, result, \
             received_at, settled_at, state, published_at, published_by, withdrawn_at, withdrawn_by, version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'published', $11, $12, null, null, 1) \
             on conflict (case_id) do update set category_id = excluded.category_id, \
             category_name = excluded.category_name, unit_name = excluded.unit_name, title = excluded.title, \
             content = excluded.content, result = excluded.result, settled_at = excluded.settled_at, \
             state = 'published', published_at = excluded.published_at, published_by = excluded.published_by, \
             withdrawn_at = null, withdrawn_by = null, version = cases_publication.version + 1",
        )
        .bind(kernel::id::new_id())
        .bind(id.as_str())
        .bind(&case.category_id)
        .bind(category.unwrap_or_default())
        .bind(unit.unwrap_or_default())
        .bind(text.title.trim())
        .bind(text.content.trim())
        .bind(text.result.trim())
        .bind(case.created_at.0)
        .bind(case.settled_at.unwrap_or(case.updated_at).0)
        .bind(ctx.now.0)
        .bind(&by.name)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("publication.publish", "case", id.as_str()).detail(json!({ "title": text.title })),
        );
        tx.commit().await?;
        self.publication_of(id).await?.ok_or(CaseError::NotFound)
    }

    /// Takes a publication back at once.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when the order is not shown.
    pub async fn withdraw_publication(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
    ) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query(
            "update cases_publication set state = 'withdrawn', withdrawn_at = $2, withdrawn_by = $3, version = version + 1 \
             where case_id = $1 and state = 'published'",
        )
        .bind(id.as_str())
        .bind(ctx.now.0)
        .bind(&by.name)
        .execute(tx.conn())
        .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        tx.audit(ctx, Audit::new("publication.withdraw", "case", id.as_str()));
        Ok(tx.commit().await?)
    }

    /// Lists what everybody may read, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn published(&self, filter: &PublishedFilter) -> Result<Page<PublishedCase>, CaseError> {
        let mut sql = Statement::new(SELECT);
        sql.push(" where state = 'published'");
        let words: String = filter.q.trim().chars().take(50).collect();
        if !words.is_empty() {
            let pattern = format!("%{}%", words.to_lowercase().replace(['%', '_', '\\'], " "));
            sql.push(" and (lower(title) like ").bind(pattern.clone());
            sql.push(" or lower(content) like ").bind(pattern.clone());
            sql.push(" or lower(result) like ").bind(pattern).push(")");
        }
        if let Some(id) = &filter.category_id {
            let categories = self.categories();
            let path = categories.get(id).map(|one| one.path.clone()).unwrap_or_default();
            let below: Vec<String> = categories
                .all
                .iter()
                .filter(|one| !path.is_empty() && one.path.starts_with(&path))
                .map(|one| one.id.clone())
                .collect();
            if below.is_empty() {
                return Ok(Page { items: Vec::new(), next_cursor: None, total: Some(0) });
            }
            sql.push(" and category_id in (").bind_all(below).push(")");
        }
        if let Some(keys) = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2)) {
            let at = keys[0].parse::<i64>().unwrap_or_default();
            sql.push(" and (published_at < ").bind(at).push(" or (published_at = ").bind(at);
            sql.push(" and id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by published_at desc, id desc limit ").bind(i64::try_from(PAGE).unwrap_or(20) + 1);
        let rows: Vec<Publication> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let page =
            Page::cut(rows, PAGE, |row| Cursor::encode(&[row.published_at.to_string(), row.id.clone()]));
        Ok(page.map(shown))
    }

    /// Finds one that everybody may read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn published_one(&self, id: &str) -> Result<Option<PublishedCase>, CaseError> {
        let sql = format!("{SELECT} where id = $1 and state = 'published'");
        let row: Option<Publication> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.kit().db.reader()).await?;
        Ok(row.map(shown))
    }

    /// Counts orders of citizens that came and were settled in each of the last months, oldest first; what units
    /// found themselves is counted apart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn months(&self, now: Timestamp) -> Result<Vec<MonthFigures>, CaseError> {
        use chrono::{Datelike as _, NaiveDate};
        let calendar = self.kept().calendar.clone();
        let today = calendar.date_at(now.0)?;
        let first = |back: i32| -> Option<NaiveDate> {
            let months = today.year() * 12 + today.month0() as i32 - back;
            NaiveDate::from_ymd_opt(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, 1)
        };
        let mut figures = Vec::new();
        for back in (0..MONTHS).rev() {
            let (Some(from), Some(to)) = (first(back), first(back - 1)) else { continue };
            let (start, end) = (self.midnight(from), self.midnight(to));
            let (received, settled): (i64, i64) = sqlx::query_as(
                "select (select count(*) from cases_case where created_at >= $1 and created_at < $2 and source <> 'discovered'), \
                 (select count(*) from cases_case where settled_at >= $1 and settled_at < $2 and source <> 'discovered')",
            )
            .bind(start)
            .bind(end)
            .fetch_one(self.kit().db.reader())
            .await?;
            figures.push(MonthFigures { month: from.format("%Y-%m").to_string(), received, settled });
        }
        Ok(figures)
    }

    /// The instant at which a day begins in the city.
    fn midnight(&self, day: chrono::NaiveDate) -> i64 {
        let zone: chrono_tz::Tz = self.kit().config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
        let start = day.and_hms_opt(0, 0, 0).unwrap_or_default();
        start.and_local_timezone(zone).earliest().map_or(0, |at| at.timestamp_millis())
    }
}

fn shown(row: Publication) -> PublishedCase {
    PublishedCase {
        id: row.id,
        title: row.title,
        content: row.content,
        result: row.result,
        category: row.category_name,
        unit: row.unit_name,
        received_at: row.received_at,
        settled_at: row.settled_at,
    }
}
