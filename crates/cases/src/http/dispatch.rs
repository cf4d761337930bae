//! `POST /cases/{id}/dispatch`.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::dispatch::DispatchMode;
use crate::http::view::CaseView;
use crate::store::dispatch::Order;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(dispatch_case))
}

/// Whom the order is given to.
#[derive(Debug, Deserialize, ToSchema)]
struct DispatchRequest {
    /// The version that was read.
    version: i64,
    /// The unit in charge.
    unit_id: String,
    /// Units that help, at most 10.
    #[serde(default)]
    co_units: Vec<String>,
    /// What the unit is asked to do.
    #[serde(default)]
    opinion: String,
    /// The tier of the limit, such as `24h`; that of the order's type when absent.
    #[serde(default)]
    tier: Option<String>,
    /// The unit that the catalogue had proposed to the person, if it had.
    #[serde(default)]
    proposed_unit_id: Option<String>,
    /// Why it is another one.
    #[serde(default)]
    override_reason: String,
    /// How it is given; as usual when absent.
    #[serde(default)]
    mode: Option<DispatchMode>,
    /// What the letter of an entrusted order says; the opinion when empty.
    #[serde(default)]
    letter: String,
}

/// Gives an order to a unit (派单).
#[utoipa::path(
    post, path = "/cases/{id}/dispatch", operation_id = "dispatch_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = DispatchRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn dispatch_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DispatchRequest>,
) -> HttpResult<Json<CaseView>> {
    // Whoever was shown a proposal and decides otherwise says why: the catalogue learns from it.
    let overrides =
        body.proposed_unit_id.as_deref().is_some_and(|unit| !unit.is_empty() && unit != body.unit_id);
    if overrides && by.has("case.dispatch") && body.override_reason.trim().is_empty() {
        return Err(Problem::invalid().field(
            "override_reason",
            "required",
            "未采用目录建议，请说明原因。",
            "You chose another unit than the catalogue; please say why.",
        ));
    }
    let order = Order {
        unit_id: &body.unit_id,
        co_units: &body.co_units,
        opinion: &body.opinion,
        tier: body.tier.as_deref(),
        override_reason: &body.override_reason,
        automatic: false,
        mode: body.mode,
        letter: &body.letter,
    };
    let case = cases.dispatch_as(&ctx, &by, &id.into(), body.version, order).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
