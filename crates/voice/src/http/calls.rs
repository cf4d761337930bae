//! The list of calls.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::cases::CaseBrief;
use contract::contacts::mask_phone;
use contract::voice::CallId;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, HttpResult, Lang, Page, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::summaries::CallSummary;
use crate::call::replay::{self, Step};
use crate::core::Core;
use crate::error::VoiceError;
use crate::store;
use crate::store::calls::{Call, CallFilter};
use crate::summary::{self, Field};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_calls))
        .routes(routes!(export_calls))
        .routes(routes!(show_call))
        .routes(routes!(show_call_replay))
}

/// What narrows the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallQuery {
    /// Part of a number or of an agent's name.
    q: Option<String>,
    /// `in`, `out`, `internal`.
    direction: Option<String>,
    /// `answered`, `missed`, `failed`.
    result: Option<String>,
    /// Not before, epoch milliseconds.
    from: Option<i64>,
    /// Before, epoch milliseconds.
    to: Option<i64>,
    /// Only mine.
    mine: Option<bool>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A call.
#[derive(Serialize, ToSchema)]
struct CallItem {
    /// Id.
    id: String,
    /// `in`, `out`, `internal`.
    direction: String,
    /// `trunk:<name>`, `portal`, or `seat:<number>` when an agent dialled.
    origin: String,
    /// The citizen's number, masked when the reader's role says so.
    caller: String,
    /// The number that was dialled.
    called: String,
    /// When it came, epoch milliseconds.
    started_at: i64,
    /// When an agent answered.
    answered_at: Option<i64>,
    /// When it was over.
    ended_at: Option<i64>,
    /// The seat's number.
    seat_no: Option<String>,
    /// The agent.
    agent_id: Option<String>,
    /// The agent's name.
    agent_name: Option<String>,
    /// The citizen's file.
    contact_id: Option<String>,
    /// `answered`, `missed`, `failed`, of dialled calls also `busy`, `no_answer`, `invalid`, `cancelled`;
    /// absent while it runs.
    result: Option<String>,
    /// `citizen`, `agent`, `screen`, `system`.
    hung_up_by: Option<String>,
    /// Time until the answer or the end.
    waited_ms: i64,
    /// Time from the answer to the end.
    talked_ms: i64,
    /// The recording.
    recording_id: Option<String>,
    /// What the agent wrote about it.
    summary: Option<CallSummary>,
}

impl CallItem {
    fn new(call: Call, masked: bool) -> Self {
        Self {
            caller: if masked { mask_phone(&call.caller) } else { call.caller },
            id: call.id,
            direction: call.direction,
            origin: call.origin,
            called: call.called,
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            seat_no: call.seat_no,
            agent_id: call.agent_id,
            agent_name: call.agent_name,
            contact_id: call.contact_id,
            result: call.result,
            hung_up_by: call.hung_up_by,
            waited_ms: call.waited_ms,
            talked_ms: call.talked_ms,
            recording_id: call.recording_id,
            summary: None,
        }
    }
}

/// A line of a call's history.
#[derive(Serialize, ToSchema)]
struct CallEventItem {
    /// When, epoch milliseconds.
    at: i64,
    /// What: `started`, `queued`, `announced`, `offered`, `not_taken`, `answered`, `held`, …
    kind: String,
    /// Particulars, for instance a seat number.
    detail: String,
}

/// A call with its history.
#[derive(Serialize, ToSchema)]
struct CallDetail {
    #[serde(flatten)]
    call: CallItem,
    /// What happened.
    events: Vec<CallEventItem>,
    /// Orders that were written from it.
    cases: Vec<CaseBrief>,
}

/// Whoever only answers calls sees the own ones.
fn filter(me: &Principal, query: CallQuery, limit: usize) -> CallFilter {
    let scope = me.scope("call.read").unwrap_or(Scope::Own);
    let own = scope == Scope::Own || query.mine == Some(true);
    CallFilter {
        q: query.q.map(|q| q.chars().take(40).collect()),
        direction: query.direction,
        result: query.result,
        from: query.from,
        to: query.to,
        agent_id: own.then(|| me.person_id.clone()),
        cursor: query.cursor,
        limit,
    }
}

/// Lists calls, newest first.
#[utoipa::path(get, path = "/voice/calls", operation_id = "list_calls", tag = "voice",
    params(CallQuery), responses((status = 200, body = Page<CallItem>)))]
async fn list_calls(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<CallQuery>,
) -> HttpResult<Json<Page<CallItem>>> {
    if !me.has("call.read") {
        me.require("call.answer")?;
    }
    let limit = kernel::page::limit(query.limit);
    let page =
        store::calls::list(&core.kit.db, &filter(&me, query, limit)).await.map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    let mut summaries = summaries_of(&core, &page.items).await?;
    Ok(Json(page.map(|call| {
        let summary = summaries.remove(&call.id);
        CallItem { summary, ..CallItem::new(call, masked) }
    })))
}

async fn summaries_of(core: &Core, calls: &[Call]) -> HttpResult<HashMap<String, CallSummary>> {
    let ids: Vec<String> = calls.iter().map(|call| call.id.clone()).collect();
    let found = store::summaries::of_calls(&core.kit.db, &ids).await.map_err(VoiceError::from)?;
    Ok(found.into_iter().map(|summary| (summary.call_id.clone(), summary.into())).collect())
}

/// Finds a call that the person may read: all, or the own ones.
async fn readable(core: &Core, me: &Principal, id: &str) -> HttpResult<Call> {
    if !me.has("call.read") {
        me.require("call.answer")?;
    }
    let narrowed = filter(me, CallQuery::default(), 1);
    store::calls::find(&core.kit.db, id)
        .await
        .map_err(VoiceError::from)?
        .filter(|call| narrowed.agent_id.is_none() || call.agent_id == narrowed.agent_id)
        .ok_or_else(Problem::not_found)
}

/// Shows a call with its history.
#[utoipa::path(get, path = "/voice/calls/{id}", operation_id = "show_call", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = CallDetail)))]
async fn show_call(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<CallDetail>> {
    let call = readable(&core, &me, &id).await?;
    let summary =
        store::summaries::find(&core.kit.db, &id).await.map_err(VoiceError::from)?.map(CallSummary::from);
    let masked = me.is_masked("phone");
    let events = store::calls::events(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    let cases = match &core.ports.cases {
        Some(cases) => cases.of_call(&CallId(id)).await.map_err(VoiceError::Port)?,
        None => Vec::new(),
    };
    Ok(Json(CallDetail {
        call: CallItem { summary, ..CallItem::new(call, masked) },
        events: events
            .into_iter()
            .map(|event| CallEventItem {
                at: event.at,
                kind: event.kind,
                detail: detail_for(masked, event.detail),
            })
            .collect(),
        cases,
    }))
}

/// A stretch of time in which somebody was something.
#[derive(Serialize, ToSchema)]
struct ReplayStretch {
    /// `waiting`, `dialled`, `talking`, `held`, `parked`, `lost` for the citizen; a role for others.
    what: String,
    /// From, epoch milliseconds.
    from: i64,
    /// To, epoch milliseconds.
    to: i64,
}

/// Somebody's line through a call.
#[derive(Serialize, ToSchema)]
struct ReplayLane {
    /// 0 for the citizen.
    no: u32,
    /// `citizen`, `seat`, `outside`.
    kind: String,
    /// Seat or outside number.
    label: String,
    /// What they did.
    stretches: Vec<ReplayStretch>,
}

/// A call played back from its own steps.
#[derive(Serialize, ToSchema)]
struct CallReplay {
    /// Its beginning, epoch milliseconds.
    from: i64,
    /// Its end, or now.
    to: i64,
    /// Everybody who was in it.
    lanes: Vec<ReplayLane>,
}

/// Plays a call back from its own steps.
#[utoipa::path(get, path = "/voice/calls/{id}/replay", operation_id = "show_call_replay", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = CallReplay)))]
async fn show_call_replay(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<CallReplay>> {
    let call = readable(&core, &me, &id).await?;
    let steps: Vec<Step> = store::calls::events(&core.kit.db, &id)
        .await
        .map_err(VoiceError::from)?
        .into_iter()
        .map(|event| Step { at: event.at, kind: event.kind, detail: event.detail })
        .collect();
    let to = call.ended_at.unwrap_or_else(|| core.kit.now().0);
    let masked = me.is_masked("phone");
    let lanes = replay::lanes(&steps, to)
        .into_iter()
        .map(|lane| ReplayLane {
            no: lane.no,
            label: if masked && lane.kind == "outside" { mask_phone(&lane.label) } else { lane.label },
            kind: lane.kind,
            stretches: lane
                .stretches
                .into_iter()
                .map(|part| ReplayStretch { what: part.what, from: part.from, to: part.to })
                .collect(),
        })
        .collect();
    Ok(Json(CallReplay { from: call.started_at, to, lanes }))
}

/// Hides outside numbers in a step from whoever must not see them.
fn detail_for(masked: bool, detail: String) -> String {
    if !masked {
        return detail;
    }
    let hide = |word: &str| match word.split_once("outside:") {
        Some((before, number)) => format!("{before}outside:{}", mask_phone(number)),
        None if word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+') => {
            mask_phone(word)
        }
        None => word.to_owned(),
    };
    detail.split(' ').map(hide).collect::<Vec<_>>().join(" ")
}

/// Exports the list as a table for spreadsheets.
#[utoipa::path(get, path = "/voice/calls.xlsx", operation_id = "export_calls", tag = "voice",
    params(CallQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_calls(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CallQuery>,
) -> HttpResult<Response> {
    me.require("call.export")?;
    let mut narrowed = filter(&me, query, 1_000);
    let mut calls = Vec::new();
    let mut summaries = HashMap::new();
    loop {
        let page = store::calls::list(&core.kit.db, &narrowed).await.map_err(VoiceError::from)?;
        summaries.extend(summaries_of(&core, &page.items).await?);
        calls.extend(page.items);
        narrowed.cursor = page.next_cursor;
        if narrowed.cursor.is_none() || calls.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("call.export", "call", "").detail(serde_json::json!({ "rows": calls.len() })));
    tx.commit().await.map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    let lang = ctx.lang;
    let (fields, _) = super::summary_fields::known(&core).await?;
    let mut head: Vec<String> = [
        lang.pick("来电时间", "Called"),
        lang.pick("主叫号码", "Caller"),
        lang.pick("被叫号码", "Number called"),
        lang.pick("结果", "Result"),
        lang.pick("座席", "Seat"),
        lang.pick("话务员", "Agent"),
        lang.pick("等待（秒）", "Waited (s)"),
        lang.pick("通话（秒）", "Talked (s)"),
        lang.pick("挂机方", "Hung up by"),
        lang.pick("小结", "Summary"),
        lang.pick("备注", "Note"),
    ]
    .map(str::to_owned)
    .to_vec();
    head.extend(fields.iter().map(|field| lang.pick(field.zh.as_str(), field.name_en()).to_owned()));
    let rows = calls
        .iter()
        .map(|call| {
            let mut cells = row(call, masked, lang, &core.kit.config.zone);
            cells.extend(summary_cells(summaries.get(&call.id), &fields, lang));
            cells
        })
        .collect();
    download_workbook("calls", head, rows).await
}

fn summary_cells(summary: Option<&CallSummary>, fields: &[Field], lang: Lang) -> Vec<Cell> {
    let result = match summary.map(|summary| summary.result.as_str()) {
        Some("answered") => lang.pick("已解答", "Answered"),
        Some("ordered") => lang.pick("已建单", "Order written"),
        Some("transferred") => lang.pick("已转接", "Transferred"),
        Some("callback") => lang.pick("需回电", "To be called back"),
        Some("wrong_number") => lang.pick("打错", "Wrong number"),
        Some("silent") => lang.pick("无声", "Silent"),
        Some("nuisance") => lang.pick("骚扰", "Nuisance"),
        Some(_) => lang.pick("其他", "Other"),
        None => "",
    };
    let mut cells = vec![result.into(), summary.map(|summary| summary.note.as_str()).into()];
    let (yes, no) = (lang.pick("是", "Yes"), lang.pick("否", "No"));
    cells.extend(fields.iter().map(|field| {
        let value = summary.and_then(|summary| summary.fields.get(&field.key));
        Cell::from(summary::shown(value, yes, no))
    }));
    cells
}

fn row(call: &Call, masked: bool, lang: Lang, zone: &str) -> Vec<Cell> {
    let result = match call.result.as_deref() {
        Some("answered") => lang.pick("已接通", "Answered"),
        Some("missed") => lang.pick("未接", "Missed"),
        Some("failed") => lang.pick("失败", "Failed"),
        Some("busy") => lang.pick("对方忙", "Busy"),
        Some("no_answer") => lang.pick("无人应答", "No answer"),
        Some("invalid") => lang.pick("空号", "No such number"),
        Some("cancelled") => lang.pick("已取消", "Cancelled"),
        _ => lang.pick("通话中", "In progress"),
    };
    let hung_up_by = match call.hung_up_by.as_deref() {
        Some("citizen") => lang.pick("市民", "Citizen"),
        Some("agent" | "screen") => lang.pick("话务员", "Agent"),
        Some(_) => lang.pick("系统", "System"),
        None => "",
    };
    vec![
        local_time(zone, call.started_at).into(),
        if masked { mask_phone(&call.caller) } else { call.caller.clone() }.into(),
        call.called.as_str().into(),
        result.into(),
        call.seat_no.as_deref().into(),
        call.agent_name.as_deref().into(),
        (call.waited_ms / 1000).into(),
        (call.talked_ms / 1000).into(),
        hung_up_by.into(),
    ]
}
