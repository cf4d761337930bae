//! `POST /cases/{id}/non-acceptance` and `/voiding` end an order before it is settled; `/restoration` takes that back.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{ReasonRequest, operation};
use crate::Cases;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(refuse_acceptance))
        .routes(routes!(void_case))
        .routes(routes!(restore_case))
}

/// Why an order is ended.
#[derive(Debug, Deserialize, ToSchema)]
struct EndingRequest {
    /// The version that was read.
    version: i64,
    /// A word of the dictionary: `non_acceptance_ground` or `void_ground`.
    #[serde(default)]
    ground: String,
    /// In words; of an order that is not accepted the citizen reads them.
    #[serde(default)]
    reason: String,
}

operation!(
    /// Says that the hotline may not deal with an order, and tells the citizen why (不予受理).
    refuse_acceptance, "/cases/{id}/non-acceptance", EndingRequest,
    |cases, ctx, by, id, body| {
        cases.refuse_acceptance(&ctx, &by, &id, body.version, &body.ground, &body.reason).await
    }
);

operation!(
    /// Says that an order is no matter at all (废弃).
    void_case, "/cases/{id}/voiding", EndingRequest,
    |cases, ctx, by, id, body| cases.void(&ctx, &by, &id, body.version, &body.ground, &body.reason).await
);

operation!(
    /// Takes an order up again where it was ended early (恢复办理).
    restore_case, "/cases/{id}/restoration", ReasonRequest,
    |cases, ctx, by, id, body| cases.restore(&ctx, &by, &id, body.version, &body.reason).await
);
