//! My figures, of the day or of any period.

use std::sync::Arc;

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::{Core, day_start};
use crate::error::VoiceError;
use crate::store::figures;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(show_my_figures))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Period {
    /// From, epoch milliseconds; midnight when absent.
    from: Option<i64>,
    /// To; now when absent.
    to: Option<i64>,
}

/// Figures of a period.
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

/// Shows my figures, since midnight or of a period.
#[utoipa::path(get, path = "/voice/figures/me", operation_id = "show_my_call_figures", tag = "voice",
    params(Period), responses((status = 200, body = MyFigures)))]
async fn show_my_figures(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(period): Query<Period>,
) -> HttpResult<Json<MyFigures>> {
    me.require("call.answer")?;
    let now = core.kit.now().0;
    let since = period.from.unwrap_or_else(|| day_start(&core.kit, now));
    let until = period.to.unwrap_or(now).min(now);
    let calls =
        figures::of_agent(&core.kit.db, &me.person_id, since, until).await.map_err(VoiceError::from)?;
    let (signed_in_at, signed_in_ms) =
        figures::sittings(&core.kit.db, &me.person_id, since, until).await.map_err(VoiceError::from)?;
    Ok(Json(MyFigures {
        answered: calls.answered,
        talked_ms: calls.talked_ms,
        average_ms: if calls.answered > 0 { calls.talked_ms / calls.answered } else { 0 },
        longest_ms: calls.longest_ms,
        signed_in_at,
        signed_in_ms,
    }))
}
