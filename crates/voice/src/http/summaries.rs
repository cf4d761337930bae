//! The summary of a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{Audit, HttpResult, Problem, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store;
use crate::store::summaries::Summary;
use crate::summary;

/// What can come of a call.
const RESULTS: [&str; 8] =
    ["answered", "ordered", "transferred", "callback", "wrong_number", "silent", "nuisance", "other"];

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(write_summary))
}

/// What an agent wrote about a call.
#[derive(Serialize, ToSchema)]
pub(super) struct CallSummary {
    /// `answered`, `ordered`, `transferred`, `callback`, `wrong_number`, `silent`, `nuisance`, `other`.
    pub(super) result: String,
    /// In the agent's words.
    pub(super) note: String,
    /// Values of the city's own fields, by key.
    pub(super) fields: BTreeMap<String, Value>,
    /// Who wrote it.
    agent_name: String,
    /// When, epoch milliseconds.
    written_at: i64,
}

impl From<Summary> for CallSummary {
    fn from(summary: Summary) -> Self {
        let Summary { result, note, fields, agent_name, written_at, .. } = summary;
        let fields = serde_json::from_str(&fields).unwrap_or_default();
        Self { result, note, fields, agent_name, written_at }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CallSummaryBody)]
struct Body {
    /// What came of the call.
    result: String,
    /// In the agent's words.
    #[serde(default)]
    note: String,
    /// Values of the city's own fields, by key.
    #[serde(default)]
    fields: BTreeMap<String, Value>,
}

/// Writes the summary of a call of mine, during the call or after it.
#[utoipa::path(put, path = "/voice/calls/{id}/summary", operation_id = "update_call_summary", tag = "voice",
    params(("id" = String, Path)), request_body = Body, responses((status = 200, body = CallSummary)))]
async fn write_summary(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<Body>,
) -> HttpResult<Json<CallSummary>> {
    me.require("call.answer")?;
    let seat = core.desk.sitting_of(&me.person_id).map(|sitting| sitting.seat_no);
    let takes_part = seat.is_some_and(|seat| {
        core.desk.call(&id).is_some_and(|call| call.view().has_seat(&seat))
            // Whoever handed the call over writes about it while it goes on elsewhere.
            || core.desk.seat_view(&seat).is_some_and(|view| view.call_id.as_deref() == Some(id.as_str()))
    });
    if !takes_part {
        let call = store::calls::find(&core.kit.db, &id)
            .await
            .map_err(VoiceError::from)?
            .ok_or_else(Problem::not_found)?;
        let mine = call.agent_id.as_deref() == Some(&me.person_id);
        if !mine && me.scope("call.read") != Some(Scope::All) {
            return Err(Problem::not_found());
        }
    }
    let mut problem = Problem::invalid();
    if !RESULTS.contains(&body.result.as_str()) {
        problem =
            problem.field("result", "unknown", "请选择小结结果。", "Please choose what came of the call.");
    }
    if body.note.chars().count() > 1_000 {
        problem =
            problem.field("note", "length", "备注最多 1000 字。", "The note takes at most 1,000 characters.");
    }
    let (known, _) = super::summary_fields::known(&core).await?;
    let fields = match summary::read(&known, &body.fields) {
        Ok(fields) => fields,
        Err(faults) => return Err(super::summary_fields::told(problem, &faults)),
    };
    if problem.has_fields() {
        return Err(problem);
    }
    let fields = serde_json::to_string(&fields).map_err(|error| Problem::from_internal(&error))?;
    let summary = Summary {
        call_id: id.clone(),
        result: body.result,
        note: body.note.trim().to_owned(),
        fields,
        agent_id: me.person_id.clone(),
        agent_name: me.name.clone(),
        written_at: ctx.now.0,
    };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    store::summaries::save(&mut tx, &summary).await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("call.summarise", "call", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(Json(summary.into()))
}
