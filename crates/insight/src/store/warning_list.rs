//! Reading warnings: the list, one of them, the orders behind it, how often they were right.

use contract::cases::{CaseId, CaseLine};
use kernel::db::Statement;
use kernel::{Cursor, Lang, Page, Principal, Scope};
use sqlx::FromRow;

use crate::Insight;
use crate::error::InsightError;
use crate::names::Names;
use crate::report::dimension;
use crate::warning::{Kind, State};

/// Orders behind a warning that are shown.
const SHOWN_MAX: i64 = 200;

/// Columns of [`Warning`], of the table `w`.
pub(super) const COLUMNS: &str = "w.id, w.number, w.kind, w.rule_name, w.severity, w.state, w.category_id, w.district, \
    w.place, w.words, w.orders, w.callers, w.expected, w.chance, w.window_minutes, w.first_at, w.last_at, \
    w.raised_at, w.unit_id, w.told, w.due_at, w.owner_id, w.owner_name, w.taken_at, w.closed_at, w.verdict, w.note, \
    w.version";

/// A warning.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_warning` under their own names")]
pub struct Warning {
    pub id: String,
    pub number: i64,
    pub kind: String,
    pub rule_name: String,
    pub severity: i64,
    pub state: String,
    pub category_id: Option<String>,
    pub district: Option<String>,
    pub place: Option<String>,
    /// Words that were found, as JSON.
    pub words: String,
    pub orders: i64,
    pub callers: i64,
    pub expected: Option<f64>,
    pub chance: Option<f64>,
    pub window_minutes: i64,
    pub first_at: i64,
    pub last_at: i64,
    pub raised_at: i64,
    pub unit_id: String,
    /// Names of who was told, as JSON.
    pub told: String,
    pub due_at: i64,
    pub owner_id: Option<String>,
    pub owner_name: Option<String>,
    pub taken_at: Option<i64>,
    pub closed_at: Option<i64>,
    pub verdict: Option<String>,
    pub note: Option<String>,
    pub version: i64,
}

impl Warning {
    /// Returns the number that people name it by.
    #[must_use]
    pub fn label(&self) -> String {
        format!("YJ{:05}", self.number)
    }

    /// Returns where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::parse(&self.state).unwrap_or(State::New)
    }

    /// Returns the words that were found.
    #[must_use]
    pub fn found_words(&self) -> Vec<String> {
        serde_json::from_str(&self.words).unwrap_or_default()
    }

    /// Returns the names of who was told.
    #[must_use]
    pub fn told_names(&self) -> Vec<String> {
        serde_json::from_str(&self.told).unwrap_or_default()
    }
}

/// Which warnings are asked for.
#[derive(Clone, Debug, Default)]
pub struct WarningFilter {
    /// `new`, `taken`, `closed`, `open` for the first two; all when absent.
    pub state: Option<String>,
    /// A kind.
    pub kind: Option<String>,
    /// At least so grave.
    pub severity: Option<i64>,
    /// A district.
    pub district: Option<String>,
    /// Whose they are.
    pub owner: Option<String>,
    /// `real` or `false`.
    pub verdict: Option<String>,
    /// Raised at or after.
    pub from: Option<i64>,
    /// Raised before.
    pub to: Option<i64>,
}

/// How often warnings of a kind were right.
#[derive(Clone, Debug, FromRow)]
pub struct HitRate {
    /// The kind.
    pub kind: String,
    /// Closed ones.
    pub closed: i64,
    /// Of them real ones.
    pub real: i64,
}

/// Adds the condition that the warning `w` lies within `scope`: it is told to a unit, and somebody has it.
pub(super) fn within(sql: &mut Statement, scope: Scope, by: &Principal) {
    if scope == Scope::All {
        sql.push("1 = 1");
        return;
    }
    sql.push("(w.owner_id = ").bind(by.person_id.clone());
    if scope >= Scope::Unit {
        sql.push(" or w.unit_id = ").bind(by.unit_id.clone());
    }
    if scope == Scope::Subtree {
        sql.push(" or substr(w.unit_path, 1, length(").bind(by.unit_path.clone());
        sql.push(")) = ").bind(by.unit_path.clone());
    }
    sql.push(")");
}

fn matching(sql: &mut Statement, filter: &WarningFilter) {
    match filter.state.as_deref() {
        Some("open") => {
            sql.push(" and w.state <> 'closed'");
        }
        Some(state) => {
            sql.push(" and w.state = ").bind(state);
        }
        None => {}
    }
    for (column, value) in [
        ("w.kind", &filter.kind),
        ("w.district", &filter.district),
        ("w.owner_id", &filter.owner),
        ("w.verdict", &filter.verdict),
    ] {
        if let Some(value) = value {
            sql.push(" and ").push(column).push(" = ").bind(value);
        }
    }
    for (condition, value) in [
        (" and w.severity >= ", filter.severity),
        (" and w.raised_at >= ", filter.from),
        (" and w.raised_at < ", filter.to),
    ] {
        if let Some(value) = value {
            sql.push(condition).bind(value);
        }
    }
}

impl Insight {
    /// Lists warnings, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn warnings(
        &self,
        by: &Principal,
        reach: Scope,
        filter: &WarningFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Warning>, InsightError> {
        let total = self.count_warnings(by, reach, filter).await?;
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from insight_warning w where ");
        within(&mut sql, reach, by);
        matching(&mut sql, filter);
        if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            sql.push(" and (w.raised_at < ").bind(at).push(" or (w.raised_at = ").bind(at);
            sql.push(" and w.id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by w.raised_at desc, w.id desc limit ")
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<Warning> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let mut page =
            Page::cut(rows, limit, |row| Cursor::encode(&[row.raised_at.to_string(), row.id.clone()]));
        page.total = Some(total);
        Ok(page)
    }

    /// Counts warnings.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_warnings(
        &self,
        by: &Principal,
        reach: Scope,
        filter: &WarningFilter,
    ) -> Result<i64, InsightError> {
        let mut sql = Statement::new("select count(*) from insight_warning w where ");
        within(&mut sql, reach, by);
        matching(&mut sql, filter);
        let (total,): (i64,) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok(total)
    }

    /// Lists so many warnings from the gravest on, among alike ones those with most orders.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn gravest_warnings(
        &self,
        by: &Principal,
        reach: Scope,
        filter: &WarningFilter,
        limit: usize,
    ) -> Result<Vec<Warning>, InsightError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from insight_warning w where ");
        within(&mut sql, reach, by);
        matching(&mut sql, filter);
        sql.push(" order by w.severity desc, w.orders desc, w.raised_at desc, w.id desc limit ")
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Finds a warning.
    ///
    /// # Errors
    /// [`InsightError::NotFound`], also for one outside the reader's scope.
    pub async fn warning(&self, by: &Principal, reach: Scope, id: &str) -> Result<Warning, InsightError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from insight_warning w where w.id = ").bind(id).push(" and ");
        within(&mut sql, reach, by);
        let warning: Option<Warning> = sql.query_as().fetch_optional(self.kit().db.reader()).await?;
        warning.ok_or(InsightError::NotFound)
    }

    /// Returns the instants of all orders behind a warning, and the newest orders that the reader may open.
    ///
    /// # Errors
    /// When the database or a port fails.
    pub async fn behind_warning(
        &self,
        by: &Principal,
        id: &str,
    ) -> Result<(Vec<i64>, Vec<CaseLine>), InsightError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select case_id, at from insight_warning_order where warning_id = $1 order by at desc, case_id desc",
        )
        .bind(id)
        .fetch_all(self.kit().db.reader())
        .await?;
        let times = rows.iter().map(|(_, at)| *at).collect();
        let most = usize::try_from(SHOWN_MAX).unwrap_or(0);
        let ids: Vec<CaseId> = rows.into_iter().take(most).map(|(id, _)| CaseId(id)).collect();
        Ok((times, self.sources().cases.case_lines(by, &ids).await.map_err(InsightError::Port)?))
    }

    /// Counts open warnings: new ones, taken ones, the reader's own, grave ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_warnings(&self, by: &Principal, reach: Scope) -> Result<[i64; 4], InsightError> {
        let mut sql = Statement::new(
            "select coalesce(cast(sum(case when w.state = 'new' then 1 else 0 end) as bigint), 0), \
             coalesce(cast(sum(case when w.state = 'taken' then 1 else 0 end) as bigint), 0), \
             coalesce(cast(sum(case when w.owner_id = ",
        );
        sql.bind(by.person_id.clone());
        sql.push(
            " then 1 else 0 end) as bigint), 0), \
             coalesce(cast(sum(case when w.severity = 3 then 1 else 0 end) as bigint), 0) \
             from insight_warning w where w.state <> 'closed' and ",
        );
        within(&mut sql, reach, by);
        let (new, taken, mine, high): (i64, i64, i64, i64) =
            sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok([new, taken, mine, high])
    }

    /// Counts by kind how many of the warnings closed since `since` were real.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hit_rates(
        &self,
        by: &Principal,
        reach: Scope,
        since: i64,
    ) -> Result<Vec<HitRate>, InsightError> {
        let mut sql = Statement::new(
            "select w.kind, count(*) as closed, \
             cast(sum(case when w.verdict = 'real' then 1 else 0 end) as bigint) as real \
             from insight_warning w where w.state = 'closed' and w.closed_at >= ",
        );
        sql.bind(since).push(" and ");
        within(&mut sql, reach, by);
        sql.push(" group by w.kind order by w.kind");
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Says what a warning is about in one sentence.
    ///
    /// # Errors
    /// When a source of names fails.
    pub async fn sentence(&self, warning: &Warning, lang: Lang) -> Result<String, InsightError> {
        let mut names = Names::new(self.sources(), lang);
        let category = match (dimension::find("orders", "category"), &warning.category_id) {
            (Some(one), Some(id)) => names.name(one, id).await?,
            _ => String::new(),
        };
        let place = warning.place.clone().or_else(|| warning.district.clone()).unwrap_or_default();
        let category = category.rsplit('/').next().unwrap_or_default().to_owned();
        let about =
            [place, category].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        let (orders, callers, minutes) = (warning.orders, warning.callers, warning.window_minutes);
        let usual = warning.expected.unwrap_or(0.0);
        let dot = if about.is_empty() { "" } else { lang.pick("：", ": ") };
        Ok(match Kind::parse(&warning.kind) {
            Some(Kind::Surge) => lang.pick(
                format!("{about}{dot}{minutes} 分钟窗口内累计 {orders} 件，往常约 {usual:.1} 件"),
                format!(
                    "{about}{dot}{orders} orders in windows of {minutes} minutes, usually about {usual:.1}"
                ),
            ),
            Some(Kind::Topic) => lang.pick(
                format!("{about}{dot}{orders} 件工单、{callers} 人反映同一事件"),
                format!("{about}{dot}{orders} orders of {callers} callers tell of one event"),
            ),
            Some(Kind::Repeat) => lang
                .pick(format!("同一来电人累计 {orders} 件工单"), format!("one caller has {orders} orders")),
            Some(Kind::Group) => lang.pick(
                format!("{about}{dot}{callers} 人反映，共 {orders} 件"),
                format!("{about}{dot}{callers} callers, {orders} orders"),
            ),
            Some(Kind::Words) | None => {
                let words = warning.found_words().join(lang.pick("、", ", "));
                lang.pick(
                    format!("{about}{dot}工单含风险词“{words}”（{}）", warning.rule_name),
                    format!("{about}{dot}an order holds “{words}” ({})", warning.rule_name),
                )
            }
        })
    }
}
