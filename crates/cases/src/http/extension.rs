//! `POST /cases/{id}/extension` asks for more time, `POST /cases/{id}/extension/decision` decides.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{DecisionRequest, operation};
use crate::Cases;
use crate::case::extension::Extension;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(ask_extension)).routes(routes!(decide_extension))
}

/// How much more time is asked for.
#[derive(Debug, Deserialize, ToSchema)]
struct ExtensionRequest {
    /// The version that was read.
    version: i64,
    /// Working days.
    #[serde(default)]
    days: i64,
    /// Why.
    #[serde(default)]
    reason: String,
}

operation!(
    /// Asks for more time (申请延期).
    ask_extension, "/cases/{id}/extension", ExtensionRequest,
    |cases, ctx, by, id, body| {
        let wish = Extension { days: body.days, reason: body.reason };
        cases.ask_extension(&ctx, &by, &id, body.version, &wish).await
    }
);

operation!(
    /// Grants more time, or refuses it (延期审批). The limit moves and explains itself.
    decide_extension, "/cases/{id}/extension/decision", DecisionRequest,
    |cases, ctx, by, id, body| cases.decide_extension(&ctx, &by, &id, body.version, &body.decision()).await
);
