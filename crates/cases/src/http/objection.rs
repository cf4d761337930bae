//! `POST /cases/{id}/objection` objects to the dispatch; `/objection/decision` is the centre's review,
//! `/objection/ruling` a leader's word.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::operation;
use crate::Cases;
use crate::case::action::Action;
use crate::case::application::Decision;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(object_to_dispatch))
        .routes(routes!(decide_objection))
        .routes(routes!(rule_on_objection))
}

/// Why an order is not the unit's.
#[derive(Debug, Deserialize, ToSchema)]
struct ObjectionRequest {
    /// The version that was read.
    version: i64,
    /// The reason.
    #[serde(default)]
    reason: String,
    /// What it rests on: duties, documents, boundaries.
    #[serde(default)]
    evidence: String,
    /// The unit that should have it, if one knows.
    #[serde(default)]
    unit_id: String,
}

/// What was found.
#[derive(Debug, Deserialize, ToSchema)]
struct ObjectionDecision {
    /// The version that was read.
    version: i64,
    /// Whether the unit is right.
    #[serde(default)]
    approve: bool,
    /// Why; required when the unit is wrong.
    #[serde(default)]
    opinion: String,
    /// The unit that gets the order at once; the dispatcher chooses when empty.
    #[serde(default)]
    unit_id: String,
}

operation!(
    /// Objects to the dispatch (派单异议). The limit stands still until it is decided.
    object_to_dispatch, "/cases/{id}/objection", ObjectionRequest,
    |cases, ctx, by, id, body| {
        cases.object(&ctx, &by, &id, body.version, &body.reason, &body.evidence, &body.unit_id).await
    }
);

operation!(
    /// Reviews an objection (派单异议审核): upheld, the order goes to another unit; else the limit goes on.
    decide_objection, "/cases/{id}/objection/decision", ObjectionDecision,
    |cases, ctx, by, id, body| {
        let decision = Decision { approve: body.approve, opinion: body.opinion };
        let action = Action::DecideObjection;
        cases.review_objection(&ctx, &by, &id, body.version, action, decision, &body.unit_id).await
    }
);

operation!(
    /// Says as a leader whose the order is (领导裁定); no unit can give it back afterwards.
    rule_on_objection, "/cases/{id}/objection/ruling", ObjectionDecision,
    |cases, ctx, by, id, body| {
        let decision = Decision { approve: body.approve, opinion: body.opinion };
        let action = Action::RuleObjection;
        cases.review_objection(&ctx, &by, &id, body.version, action, decision, &body.unit_id).await
    }
);
