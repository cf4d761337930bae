//! `PATCH /cases/{id}`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::amendment::Amendment;
use crate::case::{Kind, Urgency};
use crate::http::view::{CaseView, PlaceBody};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(amend_case))
}

/// Fields to correct; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
struct AmendmentRequest {
    /// The version that was read.
    version: i64,
    /// The type.
    #[serde(default)]
    r#type: Option<Kind>,
    /// The category.
    #[serde(default)]
    category_id: Option<String>,
    /// What it is about.
    #[serde(default)]
    title: Option<String>,
    /// What happened and what is asked for.
    #[serde(default)]
    content: Option<String>,
    /// Where; replaces the place as a whole.
    #[serde(default)]
    place: Option<PlaceBody>,
    /// Whether the citizen's identity is kept from the units.
    #[serde(default)]
    confidential: Option<bool>,
    /// How much it hurries.
    #[serde(default)]
    urgency: Option<Urgency>,
    /// What the agent proposes.
    #[serde(default)]
    preliminary_opinion: Option<String>,
}

/// Corrects an order before it is given to a unit (修改工单).
#[utoipa::path(
    patch, path = "/cases/{id}", operation_id = "amend_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = AmendmentRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn amend_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AmendmentRequest>,
) -> HttpResult<Json<CaseView>> {
    let amendment = Amendment {
        kind: body.r#type,
        category_id: body.category_id,
        title: body.title,
        content: body.content,
        place: body.place.map(Into::into),
        confidential: body.confidential,
        urgency: body.urgency,
        preliminary_opinion: body.preliminary_opinion,
    };
    let case = cases.amend(&ctx, &by, &id.into(), body.version, &amendment).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
