//! The first draft of an entry out of an answered order.

use axum::extract::State;
use contract::cases::CaseId;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::entry::Content;
use crate::error::KnowledgeError;
use crate::matter::draft_of;
use crate::search::keeping::blocking;

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new().routes(routes!(show_knowledge_of_case))
}

/// Makes the first draft of an entry out of an answered order; nothing is written.
#[utoipa::path(
    get, path = "/knowledge/case-drafts/{case_id}", operation_id = "show_knowledge_of_case", tag = "knowledge",
    params(("case_id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "The draft", body = Content),
        (status = 404, description = "No such order, not answered yet, confidential, or not for the reader", body = ProblemBody),
    )
)]
async fn show_knowledge_of_case(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(case_id): Path<String>,
) -> HttpResult<Json<Content>> {
    by.require("knowledge.write")?;
    let orders = knowledge.orders().ok_or_else(Problem::not_found)?;
    let order = orders.answered(&by, &CaseId(case_id)).await.map_err(KnowledgeError::Port)?;
    let order = order.ok_or_else(Problem::not_found)?;
    let analyzer = knowledge.analyzer().await?;
    let now = chrono::DateTime::from_timestamp_millis(ctx.now.0).unwrap_or_default().naive_utc();
    Ok(Json(blocking(move || draft_of(&order, now, analyzer.lexicon())).await?))
}
