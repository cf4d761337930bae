//! `POST /cases/{id}/notes`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(write_case_note))
}

/// A note.
#[derive(Debug, Deserialize, ToSchema)]
struct NoteRequest {
    /// The text.
    text: String,
}

/// Writes a note on an order (备注).
#[utoipa::path(
    post, path = "/cases/{id}/notes", operation_id = "write_case_note", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = NoteRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn write_case_note(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<NoteRequest>,
) -> HttpResult<Json<CaseView>> {
    let case = cases.note(&ctx, &by, &id.into(), &body.text).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
