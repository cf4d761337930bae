//! `POST /cases/{id}/assignment`.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::http::view::CaseView;
use crate::store::assignment::Assignee;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(assign_case))
}

/// To whom the order is passed: one of `unit_id` and `person_id`.
#[derive(Debug, Deserialize, ToSchema)]
struct AssignmentRequest {
    /// The version that was read.
    version: i64,
    /// A unit below.
    #[serde(default)]
    unit_id: Option<String>,
    /// A person of the unit or of one below.
    #[serde(default)]
    person_id: Option<String>,
    /// What is asked for.
    #[serde(default)]
    opinion: String,
}

/// Passes an order on to a unit below or to a person (转下级).
#[utoipa::path(
    post, path = "/cases/{id}/assignment", operation_id = "assign_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = AssignmentRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn assign_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AssignmentRequest>,
) -> HttpResult<Json<CaseView>> {
    let assignee = match (body.unit_id, body.person_id) {
        (Some(unit_id), None) => Assignee::Unit(unit_id),
        (None, Some(person_id)) => Assignee::Person(person_id),
        _ => {
            let (zh, en) = ("请选择一个下级单位或人员。", "Choose either a unit below or a person.");
            return Err(Problem::invalid().field("unit_id", "required", zh, en));
        }
    };
    let case = cases.assign(&ctx, &by, &id.into(), body.version, &assignee, &body.opinion).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
