//! The city's own fields in the summary of a call.

use std::sync::Arc;

use axum::extract::State;
use kernel::http::{Auth, Json, ReqCtx};
use kernel::{Audit, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store;
use crate::summary::{self, Fault, Field};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_summary_fields, update_summary_fields))
}

/// The city's own fields.
#[derive(Serialize, Deserialize, ToSchema)]
struct SummaryFields {
    /// The fields, in order; those that are not asked for any more included.
    fields: Vec<Field>,
    /// For optimistic locking; 0 before there were any.
    version: i64,
}

/// Returns the fields and their version.
pub(super) async fn known(core: &Core) -> HttpResult<(Vec<Field>, i64)> {
    let (fields, version) = store::summaries::form(&core.kit.db).await.map_err(VoiceError::from)?;
    Ok((serde_json::from_str(&fields).map_err(|error| Problem::from_internal(&error))?, version))
}

/// Adds faults to a problem.
pub(super) fn told(problem: Problem, faults: &[Fault]) -> Problem {
    faults
        .iter()
        .fold(problem, |problem, fault| problem.field(&fault.field, fault.code, &fault.zh, &fault.en))
}

/// Lists the fields.
#[utoipa::path(get, path = "/voice/summary-fields", operation_id = "list_summary_fields", tag = "voice",
    responses((status = 200, body = SummaryFields)))]
async fn list_summary_fields(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<SummaryFields>> {
    if !me.has("phone_book.write") && !me.has("call.read") {
        me.require("call.answer")?;
    }
    let (fields, version) = known(&core).await?;
    Ok(Json(SummaryFields { fields, version }))
}

/// Changes the fields. One that is left out stays for the summaries that have it and is not asked for any more.
#[utoipa::path(put, path = "/voice/summary-fields", operation_id = "update_summary_fields", tag = "voice",
    request_body = SummaryFields, responses((status = 200, body = SummaryFields)))]
async fn update_summary_fields(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<SummaryFields>,
) -> HttpResult<Json<SummaryFields>> {
    me.require("phone_book.write")?;
    let (before, version) = known(&core).await?;
    let fields = summary::revise(&before, body.fields).map_err(|faults| told(Problem::invalid(), &faults))?;
    let text = serde_json::to_string(&fields).map_err(|error| Problem::from_internal(&error))?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::summaries::put_form(&mut tx, &text, body.version).await.map_err(VoiceError::from)? {
        return Err(Problem::stale_version(version));
    }
    let detail = serde_json::json!({ "fields": fields.len() });
    tx.audit(&ctx, Audit::new("summary_fields.update", "summary_fields", "main").detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(Json(SummaryFields { fields, version: body.version + 1 }))
}
