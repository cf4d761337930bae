//! Figures for leaders (ORD-29), within the reader's scope.

use kernel::db::Statement;
use kernel::{Principal, Timestamp};
use sqlx::FromRow;

use super::scope;
use crate::Cases;
use crate::case::rating::BAD_STARS;
use crate::error::CaseError;

/// So many categories are shown.
const TOP: usize = 10;
/// So many bad ratings are shown.
const BAD_MAX: i64 = 10;

/// What the figures are about.
#[derive(Clone, Debug)]
pub struct OverviewFilter {
    /// Written at or after.
    pub from: Timestamp,
    /// Written before.
    pub to: Timestamp,
    /// The unit in charge or one below, by path.
    pub unit_path: Option<String>,
    /// The district.
    pub district: Option<String>,
}

/// Totals.
#[derive(Clone, Debug, Default, FromRow)]
#[expect(missing_docs, reason = "said in the SQL")]
pub struct Totals {
    pub total: i64,
    pub open: i64,
    pub settled: i64,
    pub overdue: i64,
    pub kept: i64,
    pub judged: i64,
    pub rated: i64,
    pub satisfied: i64,
}

/// A word with a number.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Count {
    /// The word; absent where orders have none.
    pub word: Option<String>,
    /// So many.
    pub count: i64,
}

/// A bad rating.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_rating` and `cases_case` under their own names")]
pub struct BadRating {
    pub rating_id: String,
    pub case_id: String,
    pub number: String,
    pub title: String,
    pub stars: i64,
    pub comment: String,
    pub given_at: i64,
    pub state: String,
}

/// The figures.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct Overview {
    pub totals: Totals,
    pub by_type: Vec<Count>,
    pub by_category: Vec<Count>,
    pub by_district: Vec<Count>,
    pub by_status: Vec<Count>,
    pub by_source: Vec<Count>,
    /// By day of the city's zone, `2026-03-02`.
    pub by_day: Vec<Count>,
    pub bad_ratings: Vec<BadRating>,
}

fn push(sql: &mut Statement, by: &Principal, filter: &OverviewFilter) {
    match by.scope("overview.read") {
        Some(reach) => scope::push(sql, reach, by),
        None => {
            sql.push("1 = 0");
        }
    }
    sql.push(" and c.created_at >= ").bind(filter.from.0).push(" and c.created_at < ").bind(filter.to.0);
    if let Some(path) = &filter.unit_path {
        sql.push(" and substr(c.unit_path, 1, length(").bind(path.clone()).push(")) = ").bind(path.clone());
    }
    if let Some(district) = &filter.district {
        sql.push(" and c.district = ").bind(district.clone());
    }
}

impl Cases {
    /// Computes the figures.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overview(
        &self,
        by: &Principal,
        filter: &OverviewFilter,
        now: Timestamp,
    ) -> Result<Overview, CaseError> {
        let mut sql = Statement::new(
            "select count(*) as total, \
             cast(coalesce(sum(case when c.status in ('approved', 'closed_at_once', 'archived', 'not_accepted', 'voided', 'merged') then 0 else 1 end), 0) as bigint) as open, \
             cast(coalesce(sum(case when c.status in ('approved', 'closed_at_once', 'archived') then 1 else 0 end), 0) as bigint) as settled, \
             cast(coalesce(sum(case when c.due_at < ",
        );
        sql.bind(now.0).push(
            " then 1 else 0 end), 0) as bigint) as overdue, \
             cast(coalesce(sum(case when c.struck_out = 0 then c.in_time end), 0) as bigint) as kept, \
             count(case when c.struck_out = 0 then c.in_time end) as judged, \
             count(case when c.struck_out = 0 then c.stars end) as rated, \
             cast(coalesce(sum(case when c.struck_out = 0 and c.stars > ",
        );
        sql.bind(BAD_STARS).push(" then 1 else 0 end), 0) as bigint) as satisfied from cases_case c where ");
        push(&mut sql, by, filter);
        let totals: Totals = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        let mut by_category = self.counts(by, filter, "c.category_id").await?;
        by_category = self.top_categories(by_category);
        Ok(Overview {
            totals,
            by_type: self.counts(by, filter, "c.type").await?,
            by_category,
            by_district: self.counts(by, filter, "c.district").await?,
            by_status: self.counts(by, filter, "c.status").await?,
            by_source: self.counts(by, filter, "c.source").await?,
            by_day: self.days(by, filter).await?,
            bad_ratings: self.bad_ratings(by, filter).await?,
        })
    }

    async fn counts(
        &self,
        by: &Principal,
        filter: &OverviewFilter,
        column: &'static str,
    ) -> Result<Vec<Count>, CaseError> {
        let mut sql = Statement::new("select ");
        sql.push(column).push(" as word, count(*) as count from cases_case c where ");
        push(&mut sql, by, filter);
        sql.push(" group by ").push(column).push(" order by count(*) desc, ").push(column);
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Sums categories up to their first level and keeps the largest.
    fn top_categories(&self, counts: Vec<Count>) -> Vec<Count> {
        let categories = self.categories();
        let mut top: Vec<Count> = Vec::new();
        for Count { word, count } in counts {
            let name = word
                .as_deref()
                .and_then(|id| categories.get(id))
                .map(|category| category.path_name.split('/').next().unwrap_or_default().to_owned());
            match top.iter_mut().find(|known| known.word == name) {
                Some(known) => known.count += count,
                None => top.push(Count { word: name, count }),
            }
        }
        top.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.word.cmp(&right.word)));
        top.truncate(TOP);
        top
    }

    /// Counts by day. The zone has no summer time, so that a day is the same division for every order.
    async fn days(&self, by: &Principal, filter: &OverviewFilter) -> Result<Vec<Count>, CaseError> {
        let calendar = self.rule_book().calendar;
        let date = calendar.date_at(filter.from.0)?;
        let offset_ms =
            date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - calendar.start_of(date)?;
        let mut sql = Statement::new("select (c.created_at + ");
        sql.bind(offset_ms).push(") / 86400000 as day, count(*) as count from cases_case c where ");
        push(&mut sql, by, filter);
        sql.push(" group by 1 order by 1");
        let rows: Vec<(i64, i64)> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows
            .into_iter()
            .map(|(day, count)| Count {
                word: chrono::DateTime::from_timestamp_millis(day * 86_400_000)
                    .map(|at| at.format("%Y-%m-%d").to_string()),
                count,
            })
            .collect())
    }

    async fn bad_ratings(
        &self,
        by: &Principal,
        filter: &OverviewFilter,
    ) -> Result<Vec<BadRating>, CaseError> {
        let mut sql = Statement::new(
            "select r.id as rating_id, r.case_id, c.number, c.title, r.stars, r.comment, r.given_at, r.state \
             from cases_rating r join cases_case c on c.id = r.case_id where r.stars <= ",
        );
        sql.bind(BAD_STARS).push(" and ");
        push(&mut sql, by, filter);
        sql.push(" order by r.given_at desc, r.id desc limit ").bind(BAD_MAX);
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }
}
