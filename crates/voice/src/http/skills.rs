//! `/voice/seat-skills`: how well each seat can do what.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use contract::identity::SeatId;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{Audit, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::queue_settings::may_read;
use crate::core::Core;
use crate::error::VoiceError;
use crate::store::queues;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_seat_skills)).routes(routes!(update_seat_skills))
}

/// Levels that were set, by seat. A skill that administration gave a seat and that has no level counts as 1.
#[derive(Serialize, ToSchema)]
struct SeatSkills {
    /// By seat and skill, from 0 (not at all) to 9.
    levels: BTreeMap<String, BTreeMap<String, u8>>,
}

#[derive(Deserialize, ToSchema)]
struct SkillLevels {
    /// By skill, from 0 (not at all) to 9.
    levels: BTreeMap<String, u8>,
}

/// Lists the levels of all seats.
#[utoipa::path(get, path = "/voice/seat-skills", operation_id = "list_seat_skills", tag = "voice",
    responses((status = 200, body = SeatSkills)))]
async fn list_seat_skills(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<SeatSkills>> {
    may_read(&me)?;
    let levels = queues::levels(&core.kit.db).await.map_err(VoiceError::from)?;
    Ok(Json(SeatSkills { levels: levels.into_iter().collect() }))
}

/// Sets the levels of a seat; they are in force at once.
#[utoipa::path(put, path = "/voice/seat-skills/{id}", operation_id = "update_seat_skills", tag = "voice",
    params(("id" = String, Path)), request_body = SkillLevels,
    responses((status = 200, body = SeatSkills), (status = 422, body = kernel::problem::ProblemBody)))]
async fn update_seat_skills(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<SeatId>,
    Json(body): Json<SkillLevels>,
) -> HttpResult<Json<SeatSkills>> {
    me.require("queue.write")?;
    let known = |skill: &str| !skill.is_empty() && skill.len() <= 40;
    if body.levels.len() > 50 || body.levels.iter().any(|(skill, level)| !known(skill) || *level > 9) {
        return Err(Problem::invalid().field(
            "levels",
            "range",
            "技能等级为 0 至 9。",
            "Levels go from 0 to 9.",
        ));
    }
    let directory = core.ports.directory.as_ref().ok_or_else(Problem::not_found)?;
    directory.seat(&id).await.map_err(VoiceError::Port)?.ok_or_else(Problem::not_found)?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    queues::set_levels(&mut tx, id.as_str(), &body.levels).await.map_err(VoiceError::from)?;
    queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    tx.audit(
        &ctx,
        Audit::new("seat.skill_levels", "seat", id.as_str())
            .detail(serde_json::json!({ "levels": body.levels })),
    );
    tx.commit().await.map_err(VoiceError::from)?;
    core.desk.settings_changed().await.map_err(VoiceError::from)?;
    Ok(Json(SeatSkills { levels: BTreeMap::from([(id.0, body.levels)]) }))
}
