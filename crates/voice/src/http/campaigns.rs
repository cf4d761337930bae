//! Outbound tasks: made, run, watched.

use std::sync::Arc;

use axum::extract::State as HttpState;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, HttpResult, Page, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::campaign::questions::{Tally, tally};
use crate::campaign::{Mode, Plan, State};
use crate::core::Core;
use crate::error::VoiceError;
use crate::store::campaigns::{self, CampaignRow};
use crate::store::{campaign_targets, flow_tables};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_campaigns, create_campaign))
        .routes(routes!(export_campaigns))
        .routes(routes!(show_campaign, update_campaign, delete_campaign))
        .routes(routes!(set_campaign_state))
        .routes(routes!(show_campaign_figures))
        .routes(routes!(list_campaign_choices))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CampaignQuery {
    /// `draft`, `running`, `paused`, `stopped`, `done`, or all.
    state: Option<String>,
    /// Part of the name.
    q: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(as = CampaignProgress)]
pub(super) struct Progress {
    /// Numbers of the list.
    total: i64,
    /// Numbers that are still called.
    waiting: i64,
    /// Numbers that ring, or talk.
    calling: i64,
    /// Citizens who were reached.
    reached: i64,
    /// Numbers that were given up.
    failed: i64,
    /// Numbers that must not be called.
    skipped: i64,
}

impl Progress {
    fn of(counts: &[(String, Option<String>, i64)]) -> Self {
        let sum = |states: &[&str]| {
            counts.iter().filter(|(state, ..)| states.contains(&state.as_str())).map(|(.., n)| n).sum()
        };
        Self {
            total: counts.iter().map(|(.., n)| n).sum(),
            waiting: sum(&["waiting", "claimed"]),
            calling: sum(&["calling"]),
            reached: sum(&["done"]),
            failed: sum(&["failed"]),
            skipped: sum(&["skipped"]),
        }
    }
}

/// An outbound task.
#[derive(Serialize, ToSchema)]
pub(super) struct Campaign {
    /// Id.
    id: String,
    /// Where it stands.
    state: State,
    /// What it is set to.
    plan: Plan,
    /// When it was made, epoch milliseconds.
    created_at: i64,
    /// By whom.
    created_by: String,
    /// When it first called.
    started_at: Option<i64>,
    /// When it ended.
    ended_at: Option<i64>,
    /// For optimistic locking.
    version: i64,
    /// How far it is.
    progress: Progress,
    /// Whether people may be called now by its table of times.
    open: bool,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CampaignBody)]
struct Body {
    /// What it is set to.
    plan: Plan,
    /// The version that was read; absent for a new one.
    version: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CampaignStateBody)]
struct StateBody {
    /// `running`, `paused`, `stopped`.
    state: State,
}

/// How often a result came.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignResultCount)]
struct ResultCount {
    /// The result.
    result: String,
    /// How often.
    times: i64,
}

/// A key that was pressed in a notice.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignKeyCount)]
struct KeyCount {
    /// The node.
    node: String,
    /// The key, or how the node was left without one.
    key: String,
    /// How often.
    times: i64,
}

/// What came of a task.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignFigures)]
struct Figures {
    /// How far it is.
    progress: Progress,
    /// Results.
    results: Vec<ResultCount>,
    /// Answers by question.
    answers: Vec<Tally>,
    /// Keys in a notice.
    keys: Vec<KeyCount>,
}

/// A flow or table that a task may name.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignChoice)]
struct Choice {
    /// Id.
    id: String,
    /// Name.
    name: String,
}

/// What a task may name.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignChoices)]
struct Choices {
    /// Published call flows.
    flows: Vec<Choice>,
    /// Tables of working times.
    hours: Vec<Choice>,
}

fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::from_internal(error)
}

pub(super) async fn found(core: &Core, id: &str) -> HttpResult<CampaignRow> {
    let row = campaigns::find(&core.kit.db, id).await.map_err(VoiceError::from)?;
    row.ok_or_else(Problem::not_found)
}

/// Finds a task of which the reader may see lines.
pub(super) async fn readable(core: &Core, me: &Principal, id: &str) -> HttpResult<(CampaignRow, Scope)> {
    let scope = me.require("campaign.read")?;
    let row = found(core, id).await?;
    if scope != Scope::All {
        let counts =
            campaign_targets::counts(&core.kit.db, id, (scope, me)).await.map_err(VoiceError::from)?;
        if counts.is_empty() {
            return Err(Problem::not_found());
        }
    }
    Ok((row, scope))
}

async fn view(core: &Core, me: &Principal, scope: Scope, row: CampaignRow) -> HttpResult<Campaign> {
    let plan = row.plan().map_err(|error| unreadable(&error))?;
    let counts =
        campaign_targets::counts(&core.kit.db, &row.id, (scope, me)).await.map_err(VoiceError::from)?;
    Ok(Campaign {
        state: row.state(),
        open: core.flows.is_open(&plan.hours_id, core.kit.now().0),
        plan,
        id: row.id,
        created_at: row.created_at,
        created_by: row.created_name,
        started_at: row.started_at,
        ended_at: row.ended_at,
        version: row.version,
        progress: Progress::of(&counts),
    })
}

/// Lists outbound tasks, newest first.
#[utoipa::path(get, path = "/voice/campaigns", operation_id = "list_campaigns", tag = "voice",
    params(CampaignQuery), responses((status = 200, body = Page<Campaign>)))]
async fn list_campaigns(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<CampaignQuery>,
) -> HttpResult<Json<Page<Campaign>>> {
    let scope = me.require("campaign.read")?;
    let limit = kernel::page::limit(query.limit).min(50);
    let page = campaigns::list(
        &core.kit.db,
        (scope, &me),
        query.state.as_deref(),
        query.q.as_deref(),
        query.cursor.as_deref(),
        limit,
    )
    .await
    .map_err(VoiceError::from)?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(view(&core, &me, scope, row).await?);
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: page.total }))
}

/// Exports the list of tasks as an Excel workbook.
#[utoipa::path(get, path = "/voice/campaigns.xlsx", operation_id = "export_campaigns", tag = "voice",
    params(CampaignQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_campaigns(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CampaignQuery>,
) -> HttpResult<Response> {
    let scope = me.require("campaign.read")?;
    let (mut rows, mut cursor, zone) = (Vec::new(), None, &core.kit.config.zone);
    loop {
        let page = campaigns::list(
            &core.kit.db,
            (scope, &me),
            query.state.as_deref(),
            query.q.as_deref(),
            cursor.as_deref(),
            200,
        )
        .await
        .map_err(VoiceError::from)?;
        for row in page.items {
            let one = view(&core, &me, scope, row).await?;
            let progress = one.progress;
            rows.push(vec![
                Cell::from(one.plan.name),
                mode_zh(one.plan.mode).into(),
                state_zh(one.state).into(),
                progress.total.into(),
                progress.reached.into(),
                progress.failed.into(),
                progress.skipped.into(),
                progress.waiting.into(),
                one.created_by.into(),
                local_time(zone, one.created_at).into(),
                one.started_at.map(|at| local_time(zone, at)).into(),
                one.ended_at.map(|at| local_time(zone, at)).into(),
            ]);
        }
        cursor = page.next_cursor;
        if cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("campaign.export", "campaign", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await.map_err(VoiceError::from)?;
    let head = vec![
        "任务",
        "方式",
        "状态",
        "名单",
        "接通",
        "未接通",
        "不呼",
        "待呼",
        "创建人",
        "创建时间",
        "开始时间",
        "结束时间",
    ];
    download_workbook("campaigns", head, rows).await
}

fn mode_zh(mode: Mode) -> &'static str {
    match mode {
        Mode::Preview => "预览外呼",
        Mode::Progressive => "渐进外呼",
        Mode::Notice => "语音通知",
    }
}

fn state_zh(state: State) -> &'static str {
    match state {
        State::Draft => "草稿",
        State::Running => "进行中",
        State::Paused => "已暂停",
        State::Stopped => "已终止",
        State::Done => "已完成",
    }
}

/// Checks a plan against itself and the house; returns it as it is stored.
async fn checked(core: &Core, plan: &Plan) -> HttpResult<String> {
    let mut problem = Problem::invalid();
    for (field, zh, en) in plan.problems() {
        problem = problem.field(field, "invalid", zh, en);
    }
    let known = core.flows.known().await.map_err(VoiceError::from)?;
    if !known.hours.contains(&plan.hours_id) {
        problem =
            problem.field("hours_id", "unknown", "没有这个时间表。", "There is no such table of times.");
    }
    if plan.flow_id.as_ref().is_some_and(|flow| !known.flows.contains(flow)) {
        problem =
            problem.field("flow_id", "unknown", "没有这个已发布的流程。", "There is no such published flow.");
    }
    if plan.mode == Mode::Notice && plan.flow_id.is_none() && !known.voice {
        problem = problem.field(
            "script",
            "no_voice",
            "语音合成不可用，请选择用录音制作的流程。",
            "There is no voice; please choose a flow made of recordings.",
        );
    }
    if problem.has_fields() {
        return Err(problem);
    }
    serde_json::to_string(plan).map_err(|error| unreadable(&error))
}

/// Makes a task; it calls nobody until it is started.
#[utoipa::path(post, path = "/voice/campaigns", operation_id = "create_campaign", tag = "voice",
    request_body = Body, responses((status = 201, body = Campaign)))]
async fn create_campaign(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<Body>,
) -> HttpResult<(StatusCode, Json<Campaign>)> {
    me.require("campaign.write")?;
    let text = checked(&core, &body.plan).await?;
    let id = kernel::id::new_id();
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    campaigns::insert(&mut tx, &ctx, &id, &body.plan, &text).await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("campaign.create", "campaign", &id).detail(json!({ "name": body.plan.name })));
    tx.commit().await.map_err(VoiceError::from)?;
    let row = found(&core, &id).await?;
    Ok((StatusCode::CREATED, Json(view(&core, &me, Scope::All, row).await?)))
}

/// Shows a task.
#[utoipa::path(get, path = "/voice/campaigns/{id}", operation_id = "show_campaign", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = Campaign)))]
async fn show_campaign(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<Campaign>> {
    let (row, scope) = readable(&core, &me, &id).await?;
    Ok(Json(view(&core, &me, scope, row).await?))
}

/// Changes a task; what is set holds from the next call on.
#[utoipa::path(put, path = "/voice/campaigns/{id}", operation_id = "update_campaign", tag = "voice",
    params(("id" = String, Path)), request_body = Body, responses((status = 200, body = Campaign)))]
async fn update_campaign(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<Body>,
) -> HttpResult<Json<Campaign>> {
    me.require("campaign.write")?;
    let row = found(&core, &id).await?;
    let before = row.plan().map_err(|error| unreadable(&error))?;
    if !row.state().is_open() {
        return Err(VoiceError::CampaignOver.into());
    }
    // Numbers that were called in one way are not called on in another.
    if row.state() != State::Draft && before.mode != body.plan.mode {
        return Err(Problem::invalid().field(
            "mode",
            "started",
            "任务开始后不能更改外呼方式。",
            "The way of calling can't be changed once the task has started.",
        ));
    }
    let text = checked(&core, &body.plan).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let version = body.version.unwrap_or_default();
    if !campaigns::update(&mut tx, &id, version, &body.plan, &text).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Stale.into());
    }
    tx.audit(&ctx, Audit::new("campaign.update", "campaign", &id).detail(json!({ "name": body.plan.name })));
    tx.commit().await.map_err(VoiceError::from)?;
    let row = found(&core, &id).await?;
    Ok(Json(view(&core, &me, Scope::All, row).await?))
}

/// Removes a task that has not called anybody.
#[utoipa::path(delete, path = "/voice/campaigns/{id}", operation_id = "delete_campaign", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_campaign(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("campaign.write")?;
    let row = found(&core, &id).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !campaigns::remove(&mut tx, &id).await.map_err(VoiceError::from)? {
        return Err(VoiceError::CampaignStarted.into());
    }
    tx.audit(&ctx, Audit::new("campaign.delete", "campaign", id).detail(json!({ "name": row.name })));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts, pauses, goes on with or stops a task. Calls that run are finished; a stopped task stays stopped.
#[utoipa::path(put, path = "/voice/campaigns/{id}/state", operation_id = "update_campaign_state", tag = "voice",
    params(("id" = String, Path)), request_body = StateBody, responses((status = 200, body = Campaign)))]
async fn set_campaign_state(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<StateBody>,
) -> HttpResult<Json<Campaign>> {
    me.require("campaign.write")?;
    let row = found(&core, &id).await?;
    if !row.state().may_become(body.state) {
        return Err(VoiceError::CampaignState.into());
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let done = campaigns::set_state(&mut tx, &id, row.state(), body.state, ctx.now.0)
        .await
        .map_err(VoiceError::from)?;
    if !done {
        return Err(VoiceError::Stale.into());
    }
    let detail = json!({ "name": row.name, "from": row.state, "to": body.state.name() });
    tx.audit(&ctx, Audit::new("campaign.state", "campaign", &id).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    let row = found(&core, &id).await?;
    Ok(Json(view(&core, &me, Scope::All, row).await?))
}

/// Shows what came of a task: progress, results, answers, keys.
#[utoipa::path(get, path = "/voice/campaigns/{id}/figures", operation_id = "show_campaign_figures", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = Figures)))]
async fn show_campaign_figures(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<Figures>> {
    let (row, scope) = readable(&core, &me, &id).await?;
    let plan = row.plan().map_err(|error| unreadable(&error))?;
    let db = &core.kit.db;
    let counts = campaign_targets::counts(db, &id, (scope, &me)).await.map_err(VoiceError::from)?;
    let given = campaign_targets::answers(db, &id, (scope, &me)).await.map_err(VoiceError::from)?;
    let mut results = std::collections::BTreeMap::<String, i64>::new();
    for (_, result, times) in &counts {
        if let Some(result) = result {
            *results.entry(result.clone()).or_default() += times;
        }
    }
    let mut keys = std::collections::BTreeMap::<(String, String), i64>::new();
    for key in given.iter().filter_map(|(_, keys)| keys.as_array()).flatten() {
        let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let pressed = key["value"].as_str().map_or_else(|| text("exit"), str::to_owned);
        *keys.entry((text("node"), pressed)).or_default() += 1;
    }
    let answers: Vec<_> = given.into_iter().map(|(answers, _)| answers).collect();
    Ok(Json(Figures {
        progress: Progress::of(&counts),
        results: results.into_iter().map(|(result, times)| ResultCount { result, times }).collect(),
        answers: tally(&plan.questions, &answers),
        keys: keys.into_iter().map(|((node, key), times)| KeyCount { node, key, times }).collect(),
    }))
}

/// Lists the call flows and tables of times that a task may name.
#[utoipa::path(get, path = "/voice/campaign-choices", operation_id = "list_campaign_choices", tag = "voice",
    responses((status = 200, body = Choices)))]
async fn list_campaign_choices(
    HttpState(core): HttpState<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<Choices>> {
    me.require("campaign.write")?;
    let flows = crate::store::callflow::list(&core.kit.db).await.map_err(VoiceError::from)?;
    let hours = flow_tables::hours(&core.kit.db).await.map_err(VoiceError::from)?;
    let mut tables: Vec<Choice> =
        hours.into_iter().map(|row| Choice { id: row.id, name: row.name }).collect();
    let main = crate::callflow::model::MAIN_HOURS;
    if !tables.iter().any(|table| table.id == main) {
        tables.insert(0, Choice { id: main.to_owned(), name: "热线工作时间".to_owned() });
    }
    Ok(Json(Choices {
        flows: flows
            .into_iter()
            .filter(|row| row.published > 0)
            .map(|row| Choice { id: row.id, name: row.name })
            .collect(),
        hours: tables,
    }))
}
