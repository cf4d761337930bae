//! My figures of the day.

use std::sync::Arc;

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::{Core, day_start};
use crate::error::VoiceError;
use crate::store::figures;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(show_my_figures))
}

/// Figures since midnight.
#[derive(Serialize, ToSchema)]
#[schema(as = MyCallFigures)]
struct MyFigures {
    /// Calls answered.
    answered: i64,
    /// Time talked.
    talked_ms: i64,
    /// Mean length of a call.
    average_ms: i64,
    /// Longest call.
    longest_ms: i64,
    /// First signed in, epoch milliseconds.
    signed_in_at: Option<i64>,
    /// Time at the seat.
    signed_in_ms: i64,
}

/// Shows my figures of the day.
#[utoipa::path(get, path = "/voice/figures/me", operation_id = "show_my_call_figures", tag = "voice",
    responses((status = 200, body = MyFigures)))]
async fn show_my_figures(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<MyFigures>> {
    me.require("call.answer")?;
    let now = core.kit.now().0;
    let since = day_start(&core.kit, now);
    let calls = figures::of_agent(&core.kit.db, &me.person_id, since).await.map_err(VoiceError::from)?;
    let (signed_in_at, signed_in_ms) =
        figures::sittings(&core.kit.db, &me.person_id, since, now).await.map_err(VoiceError::from)?;
    Ok(Json(MyFigures {
        answered: calls.answered,
        talked_ms: calls.talked_ms,
        average_ms: if calls.answered > 0 { calls.talked_ms / calls.answered } else { 0 },
        longest_ms: calls.longest_ms,
        signed_in_at,
        signed_in_ms,
    }))
}
