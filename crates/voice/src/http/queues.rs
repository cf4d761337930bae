//! Live figures of queue, seats and trunks.

use std::sync::Arc;

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::desk::{QueueView, SeatView};
use crate::sip_port::TrunkView;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_queues)).routes(routes!(list_trunks))
}

/// Queue and seats as they are now; `voice.queue` tells of changes.
#[derive(Serialize, ToSchema)]
struct Live {
    /// Figures.
    queue: QueueView,
    /// Seats with somebody there; only for those who may watch them.
    seats: Vec<SeatView>,
}

/// Shows the live figures.
#[utoipa::path(get, path = "/voice/queues", operation_id = "list_queues", tag = "voice",
    responses((status = 200, body = Live)))]
async fn list_queues(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<Live>> {
    if !me.has("call.monitor") {
        me.require("call.answer")?;
    }
    let seats = if me.has("call.monitor") { core.desk.seat_views() } else { Vec::new() };
    Ok(Json(Live { queue: core.desk.queue_view(), seats }))
}

/// Trunks that register with their carriers.
#[derive(Serialize, ToSchema)]
struct Trunks {
    /// The trunks.
    items: Vec<TrunkView>,
}

/// Lists how the trunks stand that register with their carriers.
#[utoipa::path(get, path = "/voice/trunks", operation_id = "list_trunks", tag = "voice",
    responses((status = 200, body = Trunks)))]
async fn list_trunks(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<Trunks>> {
    me.require("call.monitor")?;
    Ok(Json(Trunks { items: core.port.registered_trunks() }))
}
