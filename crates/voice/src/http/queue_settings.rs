//! `/voice/queue-settings`: queues as administrators set them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, Cell, Json, Path, ReqCtx, download_workbook};
use kernel::{Audit, HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::queue::{QUEUES_MAX, Queue, QueueDraft};
use crate::store::queues;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_queue_settings, create_queue))
        .routes(routes!(export_queues))
        .routes(routes!(update_queue))
}

#[derive(Serialize, ToSchema)]
struct QueueSettings {
    /// All queues in their order.
    items: Vec<Queue>,
}

/// A changed queue with the version that the writer saw.
#[derive(Deserialize, ToSchema)]
struct QueueChange {
    /// The version.
    version: i64,
    /// What is set.
    #[serde(flatten)]
    set: QueueDraft,
}

/// Whoever watches the floor or writes flows may know the queues.
pub(super) fn may_read(me: &Principal) -> Result<(), Problem> {
    if me.has("call.monitor") || me.has("call.answer") {
        return Ok(());
    }
    me.require("queue.write").map(|_| ())
}

/// Lists all queues.
#[utoipa::path(get, path = "/voice/queue-settings", operation_id = "list_queue_settings", tag = "voice",
    responses((status = 200, body = QueueSettings)))]
async fn list_queue_settings(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<QueueSettings>> {
    may_read(&me)?;
    Ok(Json(QueueSettings { items: queues::all(&core.kit.db).await.map_err(VoiceError::from)? }))
}

/// Makes a queue; it is in force at once.
#[utoipa::path(post, path = "/voice/queue-settings", operation_id = "create_queue", tag = "voice",
    request_body = QueueDraft,
    responses((status = 201, body = Queue), (status = 422, body = kernel::problem::ProblemBody)))]
async fn create_queue(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(mut set): Json<QueueDraft>,
) -> HttpResult<(StatusCode, Json<Queue>)> {
    me.require("queue.write")?;
    set.tidy();
    let others = queues::all(&core.kit.db).await.map_err(VoiceError::from)?;
    let id = kernel::id::new_id();
    set.check(&id, &others)?;
    if others.len() >= QUEUES_MAX {
        return Err(Problem::invalid().field(
            "name",
            "too_many",
            "队列数量已达上限。",
            "There are too many queues.",
        ));
    }
    let queue = Queue { id, set, version: 1, updated_at: ctx.now.0 };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    queues::insert(&mut tx, &queue).await.map_err(VoiceError::from)?;
    queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("queue.create", "queue", queue.id.clone()).detail(detail(&queue.set)));
    tx.commit().await.map_err(VoiceError::from)?;
    core.desk.settings_changed().await.map_err(VoiceError::from)?;
    Ok((StatusCode::CREATED, Json(queue)))
}

/// Changes a queue while calls wait in it.
#[utoipa::path(put, path = "/voice/queue-settings/{id}", operation_id = "update_queue", tag = "voice",
    params(("id" = String, Path)), request_body = QueueChange,
    responses((status = 200, body = Queue), (status = 409, body = kernel::problem::ProblemBody),
        (status = 422, body = kernel::problem::ProblemBody)))]
async fn update_queue(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(QueueChange { version, mut set }): Json<QueueChange>,
) -> HttpResult<Json<Queue>> {
    me.require("queue.write")?;
    set.tidy();
    let all = queues::all(&core.kit.db).await.map_err(VoiceError::from)?;
    let old = all.iter().find(|queue| queue.id == id).ok_or_else(Problem::not_found)?;
    set.check(&id, &all)?;
    let leads_here =
        |other: &&Queue| other.set.active && other.set.overflow_queue.as_deref() == Some(id.as_str());
    if !set.active
        && let Some(other) = all.iter().find(leads_here)
    {
        return Err(Problem::invalid().field(
            "active",
            "in_use",
            &format!("“{}”溢出到本队列，请先修改它。", other.set.name),
            &format!("“{}” overflows into this queue; please change that first.", other.set.name),
        ));
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !queues::update(&mut tx, &ctx, &id, &set, version).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Stale.into());
    }
    queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    tx.audit(
        &ctx,
        Audit::new("queue.update", "queue", id.clone())
            .detail(serde_json::json!({ "from": detail(&old.set), "to": detail(&set) })),
    );
    tx.commit().await.map_err(VoiceError::from)?;
    core.desk.settings_changed().await.map_err(VoiceError::from)?;
    Ok(Json(Queue { id, set, version: version + 1, updated_at: ctx.now.0 }))
}

fn detail(set: &QueueDraft) -> serde_json::Value {
    serde_json::to_value(set).unwrap_or_default()
}

/// Exports the queues as a table for spreadsheets.
#[utoipa::path(get, path = "/voice/queue-settings.xlsx", operation_id = "export_queues", tag = "voice",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_queues(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Response> {
    may_read(&me)?;
    let all = queues::all(&core.kit.db).await.map_err(VoiceError::from)?;
    let name = |id: &str| all.iter().find(|queue| queue.id == id).map(|queue| queue.set.name.clone());
    let rows = all
        .iter()
        .map(|queue| {
            let set = &queue.set;
            let skills: Vec<String> =
                set.skills.iter().map(|(skill, level)| format!("{skill}≥{level}")).collect();
            vec![
                Cell::from(set.name.as_str()),
                set.identity.as_str().into(),
                set.numbers.join("、").into(),
                set.strategy.as_str().into(),
                skills.join("、").into(),
                set.general_after_secs.into(),
                set.priority.into(),
                set.capacity.into(),
                set.wrap_up_secs.into(),
                set.overflow_queue.as_deref().and_then(name).into(),
                set.overflow_after_secs.into(),
                set.answer_within_secs.into(),
                set.answer_share_pct.into(),
                if set.active { "启用" } else { "停用" }.into(),
            ]
        })
        .collect();
    let head = vec![
        "名称",
        "身份",
        "接入号码",
        "策略",
        "技能",
        "综合座席介入（秒）",
        "优先级",
        "容量",
        "话后（秒）",
        "溢出到",
        "溢出（秒）",
        "应答目标（秒）",
        "达标比例（%）",
        "状态",
    ];
    download_workbook("queues", head, rows).await
}
