//! Addresses of what is decided after the result: `/redo`, `/reconsideration/decision`, `/strike-out`, `/praise`; of the
//! centre's own handling and of instructions; and `GET /figures/unit`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Query, ReqCtx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{DecisionRequest, ReasonRequest, operation};
use crate::Cases;
use crate::case::action::Action;
use crate::http::view::Named;

/// So many days back when nobody says how many.
const DAYS: i64 = 30;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(ask_redo))
        .routes(routes!(decide_redo))
        .routes(routes!(decide_reconsideration))
        .routes(routes!(ask_strike_out))
        .routes(routes!(decide_strike_out))
        .routes(routes!(handle_in_centre))
        .routes(routes!(instruct_case))
        .routes(routes!(praise_unit))
        .routes(routes!(unit_figures))
}

/// A result.
#[derive(Debug, Deserialize, ToSchema)]
struct OwnResult {
    /// The version that was read.
    version: i64,
    /// The result, in words that the citizen will read.
    #[serde(default)]
    result: String,
}

/// An instruction.
#[derive(Debug, Deserialize, ToSchema)]
struct InstructionRequest {
    /// The version that was read.
    version: i64,
    /// What is to be done.
    #[serde(default)]
    text: String,
    /// Working days for the answer; the city's rule when absent.
    #[serde(default)]
    days: Option<i64>,
}

/// Praise.
#[derive(Debug, Deserialize, ToSchema)]
struct PraiseRequest {
    /// The version that was read.
    version: i64,
    /// The person who is praised; the unit alone when absent.
    #[serde(default)]
    person_id: Option<String>,
    /// What the citizen said.
    #[serde(default)]
    text: String,
}

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct SinceQuery {
    /// Orders written in the last so many days, 1 to 3,660; 30 when absent.
    days: Option<i64>,
}

/// What the reader's unit and those below it have done.
#[derive(Serialize, ToSchema)]
struct UnitFiguresView {
    /// Orders that it has.
    received: i64,
    /// Of them settled.
    settled: i64,
    /// Of them not reviewed yet.
    open: i64,
    /// Of them with a known end, and counted.
    judged: i64,
    /// Of those in time.
    in_time: i64,
    /// Rated, and counted.
    rated: i64,
    /// Of those satisfied.
    satisfied: i64,
    /// Left out of the evaluation.
    struck_out: i64,
    /// Times praised.
    praised: i64,
    /// Times supervised.
    supervised: i64,
    /// Times asked to help or summoned.
    co_handled: i64,
    /// The newest praise.
    praise: Vec<PraiseView>,
}

/// Praise, as the unit reads it.
#[derive(Serialize, ToSchema)]
struct PraiseView {
    id: String,
    case_id: String,
    number: String,
    unit: Option<Named>,
    person: Option<Named>,
    text: String,
    given_at: i64,
}

operation!(
    /// Asks a leader whether an order shall be handled again (申请重办).
    ask_redo, "/cases/{id}/redo", ReasonRequest,
    |cases, ctx, by, id, body| cases.ask_redo(&ctx, &by, &id, body.version, &body.reason).await
);

operation!(
    /// Decides whether an order is handled again (重办审批).
    decide_redo, "/cases/{id}/redo/decision", DecisionRequest,
    |cases, ctx, by, id, body| {
        let decision = body.decision();
        cases.decide_application(&ctx, &by, &id, body.version, Action::DecideRedo, &decision).await
    }
);

operation!(
    /// Answers the citizen's application for reconsideration (复查复核).
    decide_reconsideration, "/cases/{id}/reconsideration/decision", DecisionRequest,
    |cases, ctx, by, id, body| {
        let decision = body.decision();
        cases.decide_application(&ctx, &by, &id, body.version, Action::Reconsider, &decision).await
    }
);

operation!(
    /// Asks that an order does not count for its unit (申请剔除).
    ask_strike_out, "/cases/{id}/strike-out", ReasonRequest,
    |cases, ctx, by, id, body| cases.ask_strike_out(&ctx, &by, &id, body.version, &body.reason).await
);

operation!(
    /// Decides whether an order counts for its unit (剔除审批).
    decide_strike_out, "/cases/{id}/strike-out/decision", DecisionRequest,
    |cases, ctx, by, id, body| {
        let decision = body.decision();
        cases.decide_application(&ctx, &by, &id, body.version, Action::DecideStrikeOut, &decision).await
    }
);

operation!(
    /// Reports the centre's own result (自办).
    handle_in_centre, "/cases/{id}/self-handling", OwnResult,
    |cases, ctx, by, id, body| cases.handle_ourselves(&ctx, &by, &id, body.version, &body.result).await
);

operation!(
    /// Writes a leader's instruction (批示).
    instruct_case, "/cases/{id}/instruction", InstructionRequest,
    |cases, ctx, by, id, body| cases.instruct(&ctx, &by, &id, body.version, &body.text, body.days).await
);

operation!(
    /// Records a citizen's praise (表扬).
    praise_unit, "/cases/{id}/praise", PraiseRequest,
    |cases, ctx, by, id, body| {
        let person = body.person_id.as_deref().filter(|id| !id.is_empty());
        cases.praise(&ctx, &by, &id, body.version, person, &body.text).await
    }
);

/// Counts what the reader's unit has done, and lists praise (DEP-03).
#[utoipa::path(
    get, path = "/figures/unit", operation_id = "unit_figures", tag = "figures", params(SinceQuery),
    responses((status = 200, description = "The figures", body = UnitFiguresView))
)]
async fn unit_figures(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<SinceQuery>,
) -> HttpResult<Json<UnitFiguresView>> {
    by.require("case.read")?;
    let days = query.days.unwrap_or(DAYS).clamp(1, 3660);
    let figures = cases.unit_figures(&by, ctx.now.plus_millis(-days * 86_400_000)).await?;
    let mut praise = Vec::new();
    for line in cases.unit_praise(&by).await? {
        praise.push(PraiseView {
            unit: cases.named_unit(Some(&line.unit_id)).await?,
            person: cases.named_person(line.person_id.as_deref()).await?,
            id: line.id,
            case_id: line.case_id,
            number: line.number,
            text: line.text,
            given_at: line.given_at,
        });
    }
    Ok(Json(UnitFiguresView {
        received: figures.received,
        settled: figures.settled,
        open: figures.open,
        judged: figures.judged,
        in_time: figures.in_time,
        rated: figures.rated,
        satisfied: figures.satisfied,
        struck_out: figures.struck_out,
        praised: figures.praised,
        supervised: figures.supervised,
        co_handled: figures.co_handled,
        praise,
    }))
}
