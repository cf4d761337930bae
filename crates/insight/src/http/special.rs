//! `/special-report/file`: the special report of a period as a Word file.

use axum::extract::State;
use kernel::http::{Auth, Query, ReqCtx, Response};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reports::{ReportQuery, around, known};
use crate::special::{self, PARTS, Part};
use crate::{Insight, word};

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new().routes(routes!(export_special_report))
}

/// What the report is about.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct SpecialQuery {
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

impl SpecialQuery {
    fn part(&self, part: &Part) -> ReportQuery {
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

/// Downloads the special report as a Word file: figures, hot, rising and hard matters, districts and units, within
/// the reader's scope.
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
    let lang = ctx.lang;
    let mut answered = Vec::with_capacity(PARTS.len());
    for part in &PARTS {
        let question = query.part(part).question(&insight, known(part.report)?).await?;
        let table = insight.answer(&by, reach, &question, lang).await?;
        answered.push((question, table));
    }
    let parts: [special::Answered; 6] = answered.try_into().map_err(|_| Problem::not_found())?;
    let first = &PARTS[0];
    let mut around =
        around(&insight, known(first.report)?, &query.part(first), &parts[0].0, &by, lang).await?;
    lang.pick("政务服务便民热线社情民意专报", "Special report on what citizens are concerned about")
        .clone_into(&mut around.title);
    let bytes =
        tokio::task::spawn_blocking(move || word::write(&special::compose(&parts, &around, lang), lang));
    let bytes = bytes.await.map_err(|error| Problem::from_internal(&error))?;
    let bytes = bytes.map_err(|error| Problem::from_internal(&error))?;
    Ok(super::file(
        &format!("special-report-{}-{}.docx", query.from, query.to),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        bytes,
    ))
}
