//! `/voice/calls/{id}/trace`: why a call went where it went.

use std::sync::Arc;

use axum::extract::State;
use kernel::http::{Auth, Json, Path};
use kernel::{HttpResult, Problem, Scope};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(show_call_trace))
}

/// One decision.
#[derive(Serialize, ToSchema)]
struct TraceItem {
    /// When, epoch milliseconds.
    at: i64,
    /// `joined`, `held`, `released`, `opened`, `chosen`, `not_taken`, `moved`, `forwarded`, `refused`.
    kind: String,
    /// What was considered: queue, strategy, candidates with what the strategy compares, seats of the queue.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// All decisions about a call.
#[derive(Serialize, ToSchema)]
struct CallTrace {
    /// In order.
    items: Vec<TraceItem>,
    /// Names of the queues that appear.
    #[schema(value_type = Object)]
    queues: std::collections::BTreeMap<String, String>,
}

/// Shows why a call went where it went.
#[utoipa::path(get, path = "/voice/calls/{id}/trace", operation_id = "show_call_trace", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = CallTrace)))]
async fn show_call_trace(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<CallTrace>> {
    let scope = me.require("call.read")?;
    let call = store::calls::find(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    let mine = call.is_some_and(|call| call.agent_id.as_deref() == Some(me.person_id.as_str()));
    if scope == Scope::Own && !mine {
        return Err(Problem::not_found());
    }
    let lines = store::visits::trace(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    let queues = core.desk.routing().queues().into_iter().map(|queue| (queue.id, queue.set.name)).collect();
    Ok(Json(CallTrace {
        items: lines
            .into_iter()
            .map(|line| TraceItem {
                at: line.at,
                kind: line.kind,
                detail: serde_json::from_str(&line.detail).unwrap_or_default(),
            })
            .collect(),
        queues,
    }))
}
