//! `/special-report/file`: the special report of a period as a Word file.

use axum::extract::State;
use chrono::{Datelike as _, NaiveDate};
use kernel::http::{Auth, Query, ReqCtx, Response};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Principal, Problem, Scope};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reports::{ReportFile, ReportQuery, around, known};
use crate::fact::ORDERS;
use crate::report::period::Period;
use crate::report::question::Question;
use crate::special::assessment::{self, Judged};
use crate::special::{self, Answered, Gathered, Part, Warnings};
use crate::store::warning_list::WarningFilter;
use crate::warning::Kind;
use crate::{Insight, word};

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new().routes(routes!(export_special_report)).routes(routes!(export_risk_assessment))
}

/// What the report is about.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpecialQuery {
    /// The first day, such as 2026-11-01.
    from: String,
    /// The last day.
    to: String,
    /// Conditions on orders, as reports take them.
    r#where: Option<String>,
    /// The unit in charge, or one below.
    unit_id: Option<String>,
    /// `previous` (the period before, also when absent) or `year` (the year before).
    compare: Option<String>,
}

impl From<ReportQuery> for SpecialQuery {
    fn from(query: ReportQuery) -> Self {
        let ReportQuery { from, to, r#where, unit_id, compare, .. } = query;
        Self { from, to, r#where, unit_id, compare }
    }
}

/// What the assessment is about.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AssessmentQuery {
    /// The first day, such as 2026-01-01.
    from: String,
    /// The last day.
    to: String,
    /// One district; all that the reader sees when absent.
    district: Option<String>,
    /// `year` (the year before, also when absent) or `previous` (the period before).
    compare: Option<String>,
}

impl From<ReportQuery> for AssessmentQuery {
    fn from(query: ReportQuery) -> Self {
        let conditions = Question::conditions(&ORDERS, query.r#where.as_deref().unwrap_or_default());
        let one = conditions.unwrap_or_default().into_iter().find(|(one, _)| one.id == "district");
        let district = one.and_then(|(_, values)| values.into_iter().next());
        Self { from: query.from, to: query.to, district, compare: query.compare }
    }
}

impl AssessmentQuery {
    fn part(&self, part: &Part, within: bool) -> ReportQuery {
        let guarded = |name: &str| name.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;");
        let district = self.district.as_deref().filter(|name| within && !name.is_empty());
        ReportQuery {
            from: self.from.clone(),
            to: self.to.clone(),
            by: Some(part.by.to_owned()),
            measures: Some(part.measures.to_owned()),
            r#where: district.map(|name| format!("district:{}", guarded(name))),
            compare: self.compare.clone().filter(|code| !code.is_empty()).or(Some("year".to_owned())),
            sort: Some(part.sort.to_owned()),
            ..ReportQuery::default()
        }
    }

    /// The years up to the judged one.
    fn years(&self, to: NaiveDate) -> ReportQuery {
        let first = to.year() - assessment::YEARS_BACK + 1;
        ReportQuery { from: format!("{first}-01-01"), compare: None, ..self.part(&assessment::YEARS, true) }
    }
}

impl SpecialQuery {
    pub(crate) fn part(&self, part: &Part) -> ReportQuery {
        ReportQuery {
            from: self.from.clone(),
            to: self.to.clone(),
            by: Some(part.by.to_owned()),
            measures: Some(part.measures.to_owned()),
            r#where: self.r#where.clone(),
            unit_id: self.unit_id.clone(),
            compare: self.compare.clone().filter(|code| !code.is_empty()).or(Some("previous".to_owned())),
            sort: Some(part.sort.to_owned()),
            ..ReportQuery::default()
        }
    }
}

async fn gather(
    insight: &Insight,
    by: &Principal,
    reach: Scope,
    query: &SpecialQuery,
    lang: Lang,
) -> HttpResult<Gathered> {
    let ask = async |part: Part| -> HttpResult<Answered> {
        let question = query.part(&part).question(insight, known(part.report)?).await?;
        let table = insight.answer(by, reach, &question, lang).await?;
        Ok((question, table))
    };
    let key = ask(special::KEY).await?;
    let period = key.0.period;
    // Calls and warnings know neither the types nor the units of orders.
    let whole = key.0.conditions.is_empty();
    let calls = if whole { Some(ask(special::CALLS).await?) } else { None };
    let warnings = match by.scope("warning.read").filter(|_| whole) {
        Some(reach) => Some(warnings(insight, by, reach, period, None, lang).await?),
        None => None,
    };
    Ok(Gathered {
        course: ask(special::course(period)).await?,
        types: ask(special::TYPES).await?,
        hot: ask(special::HOT).await?,
        hard: ask(special::HARD).await?,
        districts: ask(special::DISTRICTS).await?,
        units: ask(special::UNITS).await?,
        key,
        calls,
        warnings,
        unfinished: period.to >= insight.local_now().date(),
    })
}

async fn warnings(
    insight: &Insight,
    by: &Principal,
    reach: Scope,
    period: Period,
    district: Option<String>,
    lang: Lang,
) -> HttpResult<Warnings> {
    let (from, to) = period.instants(insight.lake().zone());
    let all = WarningFilter { from: Some(from), to: Some(to), district, ..WarningFilter::default() };
    let of = |state: Option<&str>, verdict: Option<&str>| WarningFilter {
        state: state.map(str::to_owned),
        verdict: verdict.map(str::to_owned),
        ..all.clone()
    };
    let mut rows = Vec::new();
    for one in insight.gravest_warnings(by, reach, &all, special::RANKED).await? {
        let kind = Kind::parse(&one.kind).map_or_else(String::new, |kind| kind.name(lang).to_owned());
        let state = match (one.state.as_str(), one.verdict.as_deref()) {
            ("closed", Some("real")) => lang.pick("已办结，属实", "Closed, real"),
            ("closed", _) => lang.pick("已办结，误报", "Closed, false"),
            ("taken", _) => lang.pick("处置中", "Taken"),
            _ => lang.pick("待接手", "New"),
        };
        rows.push([one.label(), kind, insight.sentence(&one, lang).await?, state.to_owned()]);
    }
    Ok(Warnings {
        total: insight.count_warnings(by, reach, &all).await?,
        closed: insight.count_warnings(by, reach, &of(Some("closed"), None)).await?,
        real: insight.count_warnings(by, reach, &of(Some("closed"), Some("real"))).await?,
        rows,
    })
}

/// Downloads the special report as a Word file: figures with charts, hot, rising and hard matters, districts, units,
/// calls and warnings, within the reader's scope.
#[utoipa::path(
    get, path = "/special-report/file", operation_id = "export_special_report", tag = "reports",
    params(SpecialQuery),
    responses(
        (status = 200, description = "A Word file", body = String, content_type = "application/octet-stream"),
        (status = 422, description = "Something is asked that does not exist, or too much", body = ProblemBody),
    )
)]
async fn export_special_report(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<SpecialQuery>,
) -> HttpResult<Response> {
    let reach = by.require("report.read")?;
    let file = special_file(&insight, &by, reach, &query, ctx.lang).await?;
    Ok(super::file(&file.name, file.media_type, file.bytes))
}

/// Makes the special report with somebody's rights.
pub(crate) async fn special_file(
    insight: &Insight,
    by: &Principal,
    reach: Scope,
    query: &SpecialQuery,
    lang: Lang,
) -> HttpResult<ReportFile> {
    let parts = gather(insight, by, reach, query, lang).await?;
    let first = special::KEY;
    let mut around =
        around(insight, known(first.report)?, &query.part(&first), &parts.key.0, by, lang).await?;
    lang.pick("政务服务便民热线社情民意专报", "Special report on what citizens are concerned about")
        .clone_into(&mut around.title);
    let bytes =
        tokio::task::spawn_blocking(move || word::write(&special::compose(&parts, &around, lang), lang));
    word_file("special-report", &query.from, &query.to, bytes).await
}

async fn word_file(
    name: &str,
    from: &str,
    to: &str,
    bytes: tokio::task::JoinHandle<Result<Vec<u8>, kernel::BoxError>>,
) -> HttpResult<ReportFile> {
    let bytes = bytes.await.map_err(|error| Problem::from_internal(&error))?;
    let bytes = bytes.map_err(|error| Problem::from_internal(error.as_ref()))?;
    Ok(ReportFile {
        name: format!("{name}-{from}-{to}.docx"),
        media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        bytes,
    })
}

/// Downloads the written assessment of risks as a Word file: the years, districts with their signs and levels, what
/// orders are about, the gravest warnings, within the reader's scope.
#[utoipa::path(
    get, path = "/risk-assessment/file", operation_id = "export_risk_assessment", tag = "reports",
    params(AssessmentQuery),
    responses(
        (status = 200, description = "A Word file", body = String, content_type = "application/octet-stream"),
        (status = 422, description = "Something is asked that does not exist, or too much", body = ProblemBody),
    )
)]
async fn export_risk_assessment(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<AssessmentQuery>,
) -> HttpResult<Response> {
    let reach = by.require("report.read")?;
    let file = assessment_file(&insight, &by, reach, &query, ctx.lang).await?;
    Ok(super::file(&file.name, file.media_type, file.bytes))
}

/// Makes the assessment of risks with somebody's rights.
pub(crate) async fn assessment_file(
    insight: &Insight,
    by: &Principal,
    reach: Scope,
    query: &AssessmentQuery,
    lang: Lang,
) -> HttpResult<ReportFile> {
    let ask = async |report: &'static str, asked: ReportQuery| -> HttpResult<Answered> {
        let question = asked.question(insight, known(report)?).await?;
        let table = insight.answer(by, reach, &question, lang).await?;
        Ok((question, table))
    };
    let first = query.part(&special::KEY, true);
    let key = ask(special::KEY.report, first.clone()).await?;
    let period = key.0.period;
    let district = query.district.clone().filter(|name| !name.is_empty());
    let judged = Judged {
        whole: ask(special::KEY.report, query.part(&special::KEY, false)).await?,
        years: ask(assessment::YEARS.report, query.years(period.to)).await?,
        months: ask(assessment::MONTHS.report, query.part(&assessment::MONTHS, true)).await?,
        districts: ask(special::DISTRICTS.report, query.part(&special::DISTRICTS, true)).await?,
        matters: ask(assessment::MATTERS.report, query.part(&assessment::MATTERS, true)).await?,
        warnings: match by.scope("warning.read") {
            Some(reach) => Some(warnings(insight, by, reach, period, district, lang).await?),
            None => None,
        },
        unfinished: period.to >= insight.local_now().date(),
        key,
    };
    let mut around = around(insight, known(special::KEY.report)?, &first, &judged.key.0, by, lang).await?;
    lang.pick("社会风险评估报告", "Assessment of social risks").clone_into(&mut around.title);
    let bytes =
        tokio::task::spawn_blocking(move || word::write(&assessment::compose(&judged, &around, lang), lang));
    word_file("risk-assessment", &query.from, &query.to, bytes).await
}
