//! `POST /cases/{id}/transfer`, `/recall` and `/jump` move an order against the drawn way; `/merger`, `/unmerger` and
//! `/split` put several orders together and take them apart.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{ReasonRequest, operation};
use crate::Cases;
use crate::case::Step;
use crate::case::split::Part;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(transfer_case))
        .routes(routes!(recall_case))
        .routes(routes!(jump_case))
        .routes(routes!(merge_case))
        .routes(routes!(unmerge_case))
        .routes(routes!(split_case))
}

/// The unit that gets the order.
#[derive(Debug, Deserialize, ToSchema)]
struct TransferRequest {
    /// The version that was read.
    version: i64,
    /// The unit.
    #[serde(default)]
    unit_id: String,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// The step to go to.
#[derive(Debug, Deserialize, ToSchema)]
struct JumpRequest {
    /// The version that was read.
    version: i64,
    /// `review`, `dispatch`, `acceptance`, `handling`, `result_review`, `return_visit` or `closure`.
    #[serde(default)]
    step: String,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// The order that answers for this one.
#[derive(Debug, Deserialize, ToSchema)]
struct MergerRequest {
    /// The version that was read.
    version: i64,
    /// The number of the main order.
    #[serde(default)]
    main: String,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// A matter of its own.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct PartRequest {
    /// What it is about.
    title: String,
    /// What happened and what is asked for.
    content: String,
    /// Its category; that of the original when absent.
    category_id: Option<String>,
}

/// The matters that become orders of their own.
#[derive(Debug, Deserialize, ToSchema)]
struct SplitRequest {
    /// The version that was read.
    version: i64,
    /// The matters, 1 to 5.
    #[serde(default)]
    parts: Vec<PartRequest>,
}

operation!(
    /// Passes an order from its unit to another, which accepts it anew (转办).
    transfer_case, "/cases/{id}/transfer", TransferRequest,
    |cases, ctx, by, id, body| {
        cases.transfer(&ctx, &by, &id, body.version, &body.unit_id, &body.reason).await
    }
);

operation!(
    /// Takes back what one has just passed on, before the other side has opened it (撤回、拿回).
    recall_case, "/cases/{id}/recall", ReasonRequest,
    |cases, ctx, by, id, body| cases.recall(&ctx, &by, &id, body.version, &body.reason).await
);

operation!(
    /// Moves an order to another step, drawn path or not (跳转).
    jump_case, "/cases/{id}/jump", JumpRequest,
    |cases, ctx, by, id, body| {
        cases.jump(&ctx, &by, &id, body.version, Step::parse(&body.step), &body.reason).await
    }
);

operation!(
    /// Puts an order behind another that answers for it (并单).
    merge_case, "/cases/{id}/merger", MergerRequest,
    |cases, ctx, by, id, body| cases.merge(&ctx, &by, &id, body.version, &body.main, &body.reason).await
);

operation!(
    /// Takes an order out from behind its main one (撤销并单).
    unmerge_case, "/cases/{id}/unmerger", ReasonRequest,
    |cases, ctx, by, id, body| cases.unmerge(&ctx, &by, &id, body.version, &body.reason).await
);

operation!(
    /// Makes orders of their own of several matters (拆单).
    split_case, "/cases/{id}/split", SplitRequest,
    |cases, ctx, by, id, body| {
        let part = |part: PartRequest| Part {
            title: part.title,
            content: part.content,
            category_id: part.category_id.filter(|id| !id.is_empty()),
        };
        let parts: Vec<Part> = body.parts.into_iter().map(part).collect();
        cases.split(&ctx, &by, &id, body.version, &parts).await
    }
);
