//! Call flows that an agent may send the own caller through.

use std::sync::Arc;

use axum::extract::State;
use kernel::http::{Auth, Json};
use kernel::{HttpResult, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::callflow::{Flow, Kind};
use crate::core::Core;
use crate::error::VoiceError;
use crate::store;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_detours)).routes(routes!(show_embedding))
}

/// A node that a caller may be sent to.
#[derive(Serialize, ToSchema)]
struct DetourNode {
    /// Id.
    id: String,
    /// Its name on the drawing.
    name: String,
    /// What it does.
    kind: String,
}

/// A published flow that a caller may be sent through.
#[derive(Serialize, ToSchema)]
struct DetourFlow {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// What it is for.
    note: String,
    /// Where it may begin; the flow's own beginning comes first.
    nodes: Vec<DetourNode>,
}

#[derive(Serialize, ToSchema)]
struct Detours {
    /// The flows.
    items: Vec<DetourFlow>,
}

/// Who may show the telephone in a frame.
#[derive(Serialize, ToSchema)]
struct Embedding {
    /// Origins of other systems' pages.
    origins: Vec<String>,
}

/// Tells which other systems' pages the telephone's page may talk to.
#[utoipa::path(get, path = "/voice/embedding", operation_id = "show_embedding", tag = "voice",
    responses((status = 200, body = Embedding)))]
async fn show_embedding(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<Embedding>> {
    me.require("call.answer")?;
    Ok(Json(Embedding { origins: contract::voice::embed_origins(&core.kit.parameters) }))
}

/// Tells whether a caller may be sent to a node: it does something for them.
fn fits(kind: &Kind) -> bool {
    !matches!(kind, Kind::Queue(_) | Kind::Transfer(_) | Kind::Return(_) | Kind::HangUp(_))
}

fn nodes(flow: &Flow) -> Vec<DetourNode> {
    let (mut first, rest): (Vec<_>, Vec<_>) =
        flow.nodes.iter().filter(|node| fits(&node.kind)).partition(|node| node.id == flow.start);
    first.extend(rest);
    first
        .into_iter()
        .map(|node| DetourNode {
            id: node.id.clone(),
            name: if node.name.is_empty() { node.id.clone() } else { node.name.clone() },
            kind: node.kind.name().to_owned(),
        })
        .collect()
}

/// Checks that a flow is published and has such a node.
pub(super) fn check(core: &Core, flow: &str, node: Option<&str>) -> HttpResult<()> {
    let program = core.flows.program(flow);
    let graph = program.flows.get(flow).filter(|_| program.start == flow).map(|(_, graph)| graph);
    let Some(graph) = graph else {
        return Err(Problem::invalid().field(
            "flow",
            "unknown",
            "没有这个已发布的流程。",
            "There is no such published flow.",
        ));
    };
    match node {
        Some(node) if !graph.node(node).is_some_and(|node| fits(&node.kind)) => Err(Problem::invalid()
            .field(
                "node",
                "unknown",
                "流程中没有可转入的该节点。",
                "The flow has no such node to begin at.",
            )),
        _ => Ok(()),
    }
}

/// Lists the flows and nodes that an agent may send the own caller through.
#[utoipa::path(get, path = "/voice/detours", operation_id = "list_detours", tag = "voice",
    responses((status = 200, body = Detours)))]
async fn list_detours(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<Detours>> {
    me.require("call.answer")?;
    let rows = store::callflow::list(&core.kit.db).await.map_err(VoiceError::from)?;
    let items = rows
        .into_iter()
        .filter(|row| row.published > 0)
        .filter_map(|row| {
            let program = core.flows.program(&row.id);
            let (_, graph) = program.flows.get(&row.id)?;
            let nodes = nodes(graph);
            (!nodes.is_empty()).then_some(DetourFlow { id: row.id, name: row.name, note: row.note, nodes })
        })
        .collect();
    Ok(Json(Detours { items }))
}
