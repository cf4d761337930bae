//! Live figures of queue and seats.

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

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_queues))
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
