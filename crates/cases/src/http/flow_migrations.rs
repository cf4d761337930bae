//! `POST /flows/{id}/migration-previews` and `POST /flows/{id}/migrations`.

use std::collections::BTreeMap;

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::course::MoveError;
use crate::error::Check;
use crate::store::flow_migration::{BATCH_MAX, Migration, Unmoved};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(preview_migration)).routes(routes!(migrate_orders))
}

/// Where orders shall go.
#[derive(Debug, Deserialize, ToSchema)]
struct MigrationRequest {
    /// The version that they shall run.
    to: String,
    /// Counterparts of elements and flows whose ids differ, old to new.
    #[serde(default)]
    mapping: BTreeMap<String, String>,
    /// Where the last batch ended.
    #[serde(default)]
    after: String,
    /// So many orders at most, up to 200.
    #[serde(default)]
    limit: Option<i64>,
}

/// An element on which orders rest.
#[derive(Serialize, ToSchema)]
struct RestingPlaceView {
    element_id: String,
    name: String,
    /// Its counterpart; absent when there is none.
    target_id: Option<String>,
    /// So many orders rest there.
    orders: usize,
}

/// An order that stays where it is.
#[derive(Serialize, ToSchema)]
struct UnmovedView {
    case_id: String,
    number: String,
    /// `no_counterpart`, `other_kind`, `cannot_wait`, `other_step`, `stuck` or `over`.
    code: &'static str,
    /// The element that stands in the way.
    element_id: String,
}

/// What would become of the orders of a version.
#[derive(Serialize, ToSchema)]
struct MigrationPreview {
    /// So many open orders run it.
    total: i64,
    /// So many were looked at.
    examined: usize,
    /// So many of these can be moved.
    movable: usize,
    places: Vec<RestingPlaceView>,
    /// The first that can't be moved.
    unmoved: Vec<UnmovedView>,
}

/// What became of a batch.
#[derive(Serialize, ToSchema)]
struct MigrationBatch {
    moved: usize,
    unmoved: Vec<UnmovedView>,
    /// Where the next batch begins; absent when this was the last.
    next: Option<String>,
}

fn unmoved(one: Unmoved) -> UnmovedView {
    let (code, element_id) = match one.reason {
        MoveError::Engine(flow::MigrationError::NoCounterpart(id)) => ("no_counterpart", id),
        MoveError::Engine(flow::MigrationError::OtherKind { old, .. }) => ("other_kind", old),
        MoveError::Engine(flow::MigrationError::CannotWait(id)) => ("cannot_wait", id),
        MoveError::Engine(flow::MigrationError::NotRunning) => ("over", String::new()),
        MoveError::OtherStep(id) => ("other_step", id),
        MoveError::Stuck => ("stuck", String::new()),
    };
    UnmovedView { case_id: one.case_id, number: one.number, code, element_id }
}

fn migration(from: String, body: &MigrationRequest) -> HttpResult<Migration> {
    let mut check = Check::default();
    if body.mapping.len() > 500 {
        check.refuse("mapping", "too_many", "最多500个对应关系。", "At most 500 counterparts.");
    }
    if body.to == from {
        check.refuse("to", "same", "目标版本与当前版本相同。", "This is the version that they run already.");
    }
    check.done()?;
    Ok(Migration { from, to: body.to.clone(), mapping: body.mapping.clone() })
}

/// Says what would become of the orders that run a version, without touching any.
#[utoipa::path(
    post, path = "/flows/{id}/migration-previews", operation_id = "preview_migration", tag = "flows",
    params(("id" = String, Path, description = "The version that they run")), request_body = MigrationRequest,
    responses(
        (status = 200, description = "What would become of them", body = MigrationPreview),
        (status = 404, description = "No such version", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn preview_migration(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<MigrationRequest>,
) -> HttpResult<Json<MigrationPreview>> {
    by.require("flow.write")?;
    let preview = cases.preview_migration(&ctx, &migration(id, &body)?).await?;
    Ok(Json(MigrationPreview {
        total: preview.total,
        examined: preview.examined,
        movable: preview.movable,
        places: preview
            .places
            .into_iter()
            .map(|place| RestingPlaceView {
                element_id: place.element_id,
                name: place.name,
                target_id: place.target_id,
                orders: place.orders,
            })
            .collect(),
        unmoved: preview.unmoved.into_iter().map(unmoved).collect(),
    }))
}

/// Moves the next orders of a version to another one.
#[utoipa::path(
    post, path = "/flows/{id}/migrations", operation_id = "migrate_orders", tag = "flows",
    params(("id" = String, Path, description = "The version that they run")), request_body = MigrationRequest,
    responses(
        (status = 200, description = "What became of them", body = MigrationBatch),
        (status = 404, description = "No such version", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn migrate_orders(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<MigrationRequest>,
) -> HttpResult<Json<MigrationBatch>> {
    by.require("flow.write")?;
    let limit = body.limit.unwrap_or(BATCH_MAX);
    let batch = cases.migrate_orders(&ctx, &migration(id, &body)?, &body.after, limit).await?;
    Ok(Json(MigrationBatch {
        moved: batch.moved,
        unmoved: batch.unmoved.into_iter().map(unmoved).collect(),
        next: batch.next,
    }))
}
