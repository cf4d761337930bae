//! `POST /cases/{id}/supervision` insists, `/supervision/reply` answers, `/supervision/evaluation` evaluates.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{TextRequest, operation};
use crate::Cases;
use crate::case::supervision::{Evaluation, Supervision};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(supervise_case))
        .routes(routes!(reply_to_supervision))
        .routes(routes!(evaluate_supervision))
}

/// What is insisted on.
#[derive(Debug, Deserialize, ToSchema)]
struct SupervisionRequest {
    /// The version that was read.
    version: i64,
    /// The opinion.
    #[serde(default)]
    opinion: String,
    /// Working days for the answer; the city's rule when absent.
    #[serde(default)]
    days: Option<i64>,
}

/// What came of it.
#[derive(Debug, Deserialize, ToSchema)]
struct EvaluationRequest {
    /// The version that was read.
    version: i64,
    /// Which supervision; the latest answered one when absent.
    #[serde(default)]
    errand_id: Option<String>,
    /// Whether the answer is good.
    #[serde(default)]
    good: bool,
    /// Why; required when it is not.
    #[serde(default)]
    opinion: String,
}

operation!(
    /// Supervises the unit in charge (督办).
    supervise_case, "/cases/{id}/supervision", SupervisionRequest,
    |cases, ctx, by, id, body| {
        let wish = Supervision { opinion: body.opinion, days: body.days };
        cases.supervise(&ctx, &by, &id, body.version, &wish).await
    }
);

operation!(
    /// Answers a supervision (督办回复).
    reply_to_supervision, "/cases/{id}/supervision/reply", TextRequest,
    |cases, ctx, by, id, body| cases.reply_supervision(&ctx, &by, &id, body.version, &body.text).await
);

operation!(
    /// Evaluates the answer to a supervision (督办评价).
    evaluate_supervision, "/cases/{id}/supervision/evaluation", EvaluationRequest,
    |cases, ctx, by, id, body| {
        let evaluation = Evaluation { errand_id: body.errand_id, good: body.good, opinion: body.opinion };
        cases.evaluate_supervision(&ctx, &by, &id, body.version, &evaluation).await
    }
);
