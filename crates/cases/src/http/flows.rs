//! `GET /flows` and `GET /flows/{id}/xml`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_flows)).routes(routes!(get_flow_xml))
}

/// A published flow.
#[derive(Serialize, ToSchema)]
struct FlowView {
    id: String,
    name: String,
    version: i64,
    /// Whether new orders run it.
    active: bool,
    published_at: i64,
    published_by: String,
}

/// Lists published flows, newest first.
#[utoipa::path(
    get, path = "/flows", operation_id = "list_flows", tag = "flows",
    responses((status = 200, description = "The flows", body = Vec<FlowView>))
)]
async fn list_flows(State(cases): State<Cases>, Auth(by): Auth) -> HttpResult<Json<Vec<FlowView>>> {
    by.require("flow.read")?;
    let flows = cases.flows().await?.into_iter().map(|flow| FlowView {
        id: flow.id,
        name: flow.name,
        version: flow.version,
        active: flow.active != 0,
        published_at: flow.published_at,
        published_by: flow.published_by,
    });
    Ok(Json(flows.collect()))
}

/// Returns the drawing of a flow as BPMN 2.0 XML.
#[utoipa::path(
    get, path = "/flows/{id}/xml", operation_id = "get_flow_xml", tag = "flows",
    params(("id" = String, Path, description = "The flow")),
    responses((status = 200, description = "BPMN 2.0", body = String, content_type = "application/xml"))
)]
async fn get_flow_xml(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    by.require("flow.read")?;
    let xml = cases.flow_xml(&id).await?;
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}
