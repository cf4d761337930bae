//! Call flows: drafts, versions, trial runs, counts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook};
use kernel::{Audit, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::callflow::check::{Finding, is_publishable};
use crate::callflow::defaults;
use crate::callflow::model::{Flow, MAIN};
use crate::core::Core;
use crate::error::VoiceError;
use crate::flows::trial::{STEPS_MAX, Trial, TrialCaller, TrialStep};
use crate::store;
use crate::store::callflow::FlowRow;
use crate::store::flow_counts::CountRow;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_call_flows, create_call_flow))
        .routes(routes!(show_call_flow, update_call_flow, delete_call_flow))
        .routes(routes!(check_call_flow))
        .routes(routes!(try_call_flow))
        .routes(routes!(list_call_flow_versions, publish_call_flow))
        .routes(routes!(list_call_flow_counts))
        .routes(routes!(list_key_presses))
        .routes(routes!(export_key_presses))
}

/// A flow in the list.
#[derive(Serialize, ToSchema)]
struct CallFlowItem {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// What it is for.
    note: String,
    /// Number of the version in force; 0 none.
    published: i64,
    /// Whether the draft differs from the version in force.
    changed: bool,
    /// Nodes of the draft.
    nodes: usize,
    /// Numbers that lead to it.
    numbers: Vec<String>,
    /// When it was changed, epoch milliseconds.
    updated_at: i64,
    /// By whom.
    updated_name: String,
}

/// A flow that is worked on.
#[derive(Serialize, ToSchema)]
struct CallFlowDetail {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// What it is for.
    note: String,
    /// The graph that is worked on.
    draft: Flow,
    /// For optimistic locking.
    version: i64,
    /// Number of the version in force; 0 none.
    published: i64,
    /// What is wrong with the draft.
    findings: Vec<Finding>,
}

/// A published version.
#[derive(Serialize, ToSchema)]
struct CallFlowVersion {
    /// Its number.
    no: i64,
    /// The graph.
    graph: Flow,
    /// What was changed.
    note: String,
    /// When, epoch milliseconds.
    published_at: i64,
    /// By whom.
    published_name: String,
}

#[derive(Deserialize, ToSchema)]
struct NewCallFlow {
    /// Id: lower-case letters, digits, underscores.
    id: String,
    /// Name.
    name: String,
    /// What it is for.
    #[serde(default)]
    note: String,
    /// A flow to begin from.
    #[serde(default)]
    copy_of: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct CallFlowBody {
    /// The version that was read.
    version: i64,
    /// Name.
    name: String,
    /// What it is for.
    #[serde(default)]
    note: String,
    /// The graph.
    draft: Flow,
}

#[derive(Deserialize, ToSchema)]
struct PublishBody {
    /// The version that was read.
    version: i64,
    /// What was changed.
    #[serde(default)]
    note: String,
}

#[derive(Deserialize, ToSchema)]
struct TrialBody {
    /// The graph.
    draft: Flow,
    /// The caller.
    #[serde(default)]
    caller: TrialCaller,
    /// What happened so far.
    #[serde(default)]
    steps: Vec<TrialStep>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CountQuery {
    /// Not before, epoch milliseconds.
    from: i64,
    /// Before, epoch milliseconds.
    to: i64,
}

/// How often a node was come to.
#[derive(Serialize, ToSchema)]
struct NodeCount {
    /// The node.
    node: String,
    /// `entered`, `gone`, `problem`, or `key:` and a key.
    what: String,
    /// How often.
    times: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct KeyQuery {
    /// Not before, epoch milliseconds.
    from: i64,
    /// Before, epoch milliseconds.
    to: i64,
    /// One flow.
    flow: Option<String>,
}

/// How often a key was pressed at a node.
#[derive(Serialize, ToSchema)]
struct KeyPress {
    /// The flow.
    flow: String,
    /// Its name.
    flow_name: String,
    /// The node.
    node: String,
    /// Its name on the drawing.
    node_name: String,
    /// The key.
    key: String,
    /// How often.
    times: i64,
    /// How often the node was come to.
    entered: i64,
}

pub(super) fn word(field: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most {
        return Err(Problem::invalid().field(
            field,
            "length",
            &format!("必填，最多 {most} 字"),
            &format!("Needed, at most {most} characters"),
        ));
    }
    Ok(text.to_owned())
}

pub(super) fn key(field: &str, text: &str) -> Result<String, Problem> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || text.len() > 40 || !text.chars().all(plain) {
        return Err(Problem::invalid().field(
            field,
            "key",
            "以小写字母开头，只用小写字母、数字和下划线，最多 40 个",
            "Begins with a lower-case letter; lower-case letters, digits, underscores; at most 40",
        ));
    }
    Ok(text.to_owned())
}

fn read(row: &FlowRow) -> Result<Flow, Problem> {
    serde_json::from_str(&row.draft).map_err(|error| Problem::from_internal(&error))
}

async fn detail(core: &Core, row: FlowRow) -> HttpResult<CallFlowDetail> {
    let draft = read(&row)?;
    let findings = core.flows.check(&draft).await.map_err(VoiceError::from)?;
    Ok(CallFlowDetail {
        findings,
        draft,
        id: row.id,
        name: row.name,
        note: row.note,
        version: row.version,
        published: row.published,
    })
}

async fn find(core: &Core, id: &str) -> HttpResult<FlowRow> {
    let row = store::callflow::find(&core.kit.db, id).await.map_err(VoiceError::from)?;
    row.ok_or_else(Problem::not_found)
}

/// Lists call flows.
#[utoipa::path(get, path = "/voice/call-flows", operation_id = "list_call_flows", tag = "voice",
    responses((status = 200, body = Vec<CallFlowItem>)))]
async fn list_call_flows(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<Vec<CallFlowItem>>> {
    me.require("callflow.write")?;
    let rows = store::callflow::list(&core.kit.db).await.map_err(VoiceError::from)?;
    let numbers = store::flow_tables::numbers(&core.kit.db).await.map_err(VoiceError::from)?;
    let in_force = store::callflow::in_force(&core.kit.db).await.map_err(VoiceError::from)?;
    let items = rows.into_iter().map(|row| CallFlowItem {
        changed: in_force.iter().all(|(id, _, graph)| *id != row.id || *graph != row.draft),
        nodes: read(&row).map_or(0, |flow| flow.nodes.len()),
        numbers: numbers.iter().filter(|one| one.flow_id == row.id).map(|one| one.number.clone()).collect(),
        id: row.id,
        name: row.name,
        note: row.note,
        published: row.published,
        updated_at: row.updated_at,
        updated_name: row.updated_name,
    });
    Ok(Json(items.collect()))
}

/// Begins a call flow, empty or as a copy.
#[utoipa::path(post, path = "/voice/call-flows", operation_id = "create_call_flow", tag = "voice",
    request_body = NewCallFlow, responses((status = 201, body = CallFlowDetail)))]
async fn create_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<NewCallFlow>,
) -> HttpResult<(StatusCode, Json<CallFlowDetail>)> {
    me.require("callflow.write")?;
    let (id, name) = (key("id", &body.id)?, word("name", &body.name, 40)?);
    let draft = match &body.copy_of {
        Some(from) => find(&core, from).await?.draft,
        None => json!({"schema": 1, "start": "begin", "nodes": [
            {"id": "begin", "kind": "hang_up", "name": "结束", "x": 80, "y": 80, "props": {"say": {"prompt": "goodbye"}}, "exits": {}}
        ]})
        .to_string(),
    };
    let note: String = body.note.chars().take(200).collect();
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::callflow::insert(&mut tx, &ctx, &id, &name, &note, &draft).await.map_err(VoiceError::from)? {
        return Err(Problem::invalid().field("id", "taken", "编号已被使用", "The id is taken"));
    }
    tx.audit(&ctx, Audit::new("callflow.create", "callflow", id.clone()));
    tx.commit().await.map_err(VoiceError::from)?;
    let row = find(&core, &id).await?;
    Ok((StatusCode::CREATED, Json(detail(&core, row).await?)))
}

/// Shows a call flow with what is wrong with its draft.
#[utoipa::path(get, path = "/voice/call-flows/{id}", operation_id = "show_call_flow", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = CallFlowDetail)))]
async fn show_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<CallFlowDetail>> {
    me.require("callflow.write")?;
    let row = find(&core, &id).await?;
    Ok(Json(detail(&core, row).await?))
}

/// Saves a draft; it may be unfinished.
#[utoipa::path(put, path = "/voice/call-flows/{id}", operation_id = "update_call_flow", tag = "voice",
    params(("id" = String, Path)), request_body = CallFlowBody, responses((status = 200, body = CallFlowDetail)))]
async fn update_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CallFlowBody>,
) -> HttpResult<Json<CallFlowDetail>> {
    me.require("callflow.write")?;
    let row = find(&core, &id).await?;
    let name = word("name", &body.name, 40)?;
    let note: String = body.note.chars().take(200).collect();
    let draft = serde_json::to_string(&body.draft).map_err(|error| Problem::from_internal(&error))?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let saved = store::callflow::save(&mut tx, &ctx, &id, body.version, (&name, &note, &draft));
    if !saved.await.map_err(VoiceError::from)? {
        return Err(Problem::stale_version(row.version));
    }
    tx.audit(&ctx, Audit::new("callflow.save", "callflow", id.clone()));
    tx.commit().await.map_err(VoiceError::from)?;
    let row = find(&core, &id).await?;
    Ok(Json(detail(&core, row).await?))
}

/// Removes a call flow that no number leads to.
#[utoipa::path(delete, path = "/voice/call-flows/{id}", operation_id = "delete_call_flow", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("callflow.write")?;
    find(&core, &id).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if id == MAIN || !store::callflow::remove(&mut tx, &id).await.map_err(VoiceError::from)? {
        return Err(VoiceError::FlowInUse.into());
    }
    tx.audit(&ctx, Audit::new("callflow.delete", "callflow", id));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what is wrong with a graph.
#[utoipa::path(post, path = "/voice/call-flows/check", operation_id = "check_call_flow", tag = "voice",
    request_body = Flow, responses((status = 200, body = Vec<Finding>)))]
async fn check_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Json(flow): Json<Flow>,
) -> HttpResult<Json<Vec<Finding>>> {
    me.require("callflow.write")?;
    Ok(Json(core.flows.check(&flow).await.map_err(VoiceError::from)?))
}

/// Plays a graph from its beginning with the given steps; nothing is stored and nobody is called.
#[utoipa::path(post, path = "/voice/call-flows/{id}/trial", operation_id = "try_call_flow", tag = "voice",
    params(("id" = String, Path)), request_body = TrialBody, responses((status = 200, body = Trial)))]
async fn try_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<TrialBody>,
) -> HttpResult<Json<Trial>> {
    me.require("callflow.write")?;
    if body.steps.len() > STEPS_MAX || body.draft.nodes.len() > crate::callflow::model::NODES_MAX {
        return Err(Problem::invalid().field(
            "steps",
            "length",
            "步骤过多，请重新开始",
            "Too many steps; please begin anew",
        ));
    }
    Ok(Json(core.flows.trial(&id, body.draft, &body.caller, &body.steps)))
}

/// Lists the published versions of a call flow, newest first.
#[utoipa::path(get, path = "/voice/call-flows/{id}/versions", operation_id = "list_call_flow_versions", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = Vec<CallFlowVersion>)))]
async fn list_call_flow_versions(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<Vec<CallFlowVersion>>> {
    me.require("callflow.write")?;
    let rows = store::callflow::versions(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    let versions = rows.into_iter().filter_map(|row| {
        let graph = serde_json::from_str(&row.graph).ok()?;
        let (no, note) = (row.no, row.note);
        Some(CallFlowVersion {
            no,
            graph,
            note,
            published_at: row.published_at,
            published_name: row.published_name,
        })
    });
    Ok(Json(versions.collect()))
}

/// Puts the draft in force: calls that come from now on follow it.
#[utoipa::path(post, path = "/voice/call-flows/{id}/versions", operation_id = "publish_call_flow", tag = "voice",
    params(("id" = String, Path)), request_body = PublishBody, responses((status = 200, body = CallFlowDetail)))]
async fn publish_call_flow(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<PublishBody>,
) -> HttpResult<Json<CallFlowDetail>> {
    me.require("callflow.write")?;
    let row = find(&core, &id).await?;
    let draft = read(&row)?;
    let mut known = core.flows.known().await.map_err(VoiceError::from)?;
    // A flow may call itself; how deep it goes is limited when it runs.
    known.flows.insert(id.clone());
    if !is_publishable(&crate::callflow::check(&draft, &known)) {
        return Err(VoiceError::FlowUnfinished.into());
    }
    let note: String = body.note.trim().chars().take(200).collect();
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let done = store::callflow::publish(&mut tx, &ctx, &id, body.version, &note).await;
    let Some(no) = done.map_err(VoiceError::from)? else {
        return Err(Problem::stale_version(row.version));
    };
    tx.audit(
        &ctx,
        Audit::new("callflow.publish", "callflow", id.clone()).detail(json!({ "no": no, "note": note })),
    );
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    let ahead = core.clone();
    tokio::spawn(async move { ahead.flows.speak_ahead(&draft).await });
    let row = find(&core, &id).await?;
    Ok(Json(detail(&core, row).await?))
}

/// Counts callers and keys by node.
#[utoipa::path(get, path = "/voice/call-flows/{id}/counts", operation_id = "list_call_flow_counts", tag = "voice",
    params(("id" = String, Path), CountQuery), responses((status = 200, body = Vec<NodeCount>)))]
async fn list_call_flow_counts(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Query(query): Query<CountQuery>,
) -> HttpResult<Json<Vec<NodeCount>>> {
    me.require("callflow.write")?;
    let sums = store::flow_counts::sums(&core.kit.db, Some(&id), query.from, query.to).await;
    let counts = sums.map_err(VoiceError::from)?.into_iter();
    Ok(Json(counts.map(|row| NodeCount { node: row.node_id, what: row.what, times: row.times }).collect()))
}

async fn key_presses(core: &Core, query: &KeyQuery) -> HttpResult<Vec<KeyPress>> {
    let db = &core.kit.db;
    let sums = store::flow_counts::sums(db, query.flow.as_deref(), query.from, query.to).await;
    let sums = sums.map_err(VoiceError::from)?;
    let flows = store::callflow::list(db).await.map_err(VoiceError::from)?;
    let graphs: Vec<_> = flows.iter().map(|row| (row, read(row).ok())).collect();
    let entered = |of: &CountRow| {
        let same =
            |row: &&CountRow| row.flow_id == of.flow_id && row.node_id == of.node_id && row.what == "entered";
        sums.iter().find(same).map_or(0, |row| row.times)
    };
    let presses = sums.iter().filter_map(|row| {
        let key = row.what.strip_prefix("key:")?;
        let flow = graphs.iter().find(|(flow, _)| flow.id == row.flow_id);
        let node = flow.and_then(|(_, graph)| graph.as_ref()?.node(&row.node_id));
        Some(KeyPress {
            flow: row.flow_id.clone(),
            flow_name: flow
                .map(|(flow, _)| flow.name.clone())
                .or_else(|| defaults::shipped(&row.flow_id).map(|shipped| shipped.name.to_owned()))
                .unwrap_or_else(|| row.flow_id.clone()),
            node: row.node_id.clone(),
            node_name: node
                .map(|node| node.name.clone())
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| row.node_id.clone()),
            key: key.to_owned(),
            times: row.times,
            entered: entered(row),
        })
    });
    Ok(presses.collect())
}

/// Reports which keys callers pressed in a period.
#[utoipa::path(get, path = "/voice/key-presses", operation_id = "list_key_presses", tag = "voice",
    params(KeyQuery), responses((status = 200, body = Vec<KeyPress>)))]
async fn list_key_presses(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<KeyQuery>,
) -> HttpResult<Json<Vec<KeyPress>>> {
    me.require("callflow.write")?;
    Ok(Json(key_presses(&core, &query).await?))
}

/// Exports that report.
#[utoipa::path(get, path = "/voice/key-presses.xlsx", operation_id = "export_key_presses", tag = "voice",
    params(KeyQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_key_presses(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<KeyQuery>,
) -> HttpResult<Response> {
    me.require("callflow.write")?;
    let presses = key_presses(&core, &query).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(
        &ctx,
        Audit::new("callflow.export_keys", "callflow", "").detail(json!({ "rows": presses.len() })),
    );
    tx.commit().await.map_err(VoiceError::from)?;
    let rows = presses.into_iter().map(|one| {
        vec![
            Cell::from(one.flow_name),
            one.node_name.into(),
            one.key.into(),
            one.times.into(),
            one.entered.into(),
        ]
    });
    download_workbook("key-presses", vec!["流程", "节点", "按键", "次数", "到达节点次数"], rows.collect())
        .await
}
