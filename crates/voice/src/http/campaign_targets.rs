//! The lists of outbound tasks: brought in from tables and orders, read, exported.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use contract::cases::EndedFilter;
use contract::contacts::mask_phone;
use contract::identity::UnitId;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::sheet::{FILE_BYTES_MAX, Sheet, SheetError};
use kernel::{Audit, Ctx, HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::campaigns::{found, readable};
use crate::campaign::list::{self, ListError, Reading, Refusal, TARGETS_MAX};
use crate::campaign::questions::Question;
use crate::core::Core;
use crate::error::VoiceError;
use crate::store::campaign_targets::{self, NewTarget, TargetFilter, TargetRow};

/// Refused rows that an answer names.
const REFUSALS_TOLD: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_campaign_targets))
        .routes(routes!(export_campaign_targets))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import_campaign_targets))
                .layer(DefaultBodyLimit::max(FILE_BYTES_MAX)),
        )
        .routes(routes!(import_campaign_orders))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TargetQuery {
    /// `waiting`, `claimed`, `calling`, `done`, `failed`, `skipped`, or all.
    state: Option<String>,
    /// A result.
    result: Option<String>,
    /// Part of number or name.
    q: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A line of an outbound task.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignTarget)]
pub(super) struct Target {
    /// Id.
    pub(super) id: String,
    /// Its place in the list, from 1.
    no: i64,
    /// The number, masked when the reader's role says so.
    number: String,
    /// The name.
    name: String,
    /// The unit that handled the order.
    unit_name: Option<String>,
    /// The citizen's file.
    contact_id: Option<String>,
    /// The order that it is about.
    case_id: Option<String>,
    /// Its number.
    case_number: Option<String>,
    /// The list's own columns.
    fields: BTreeMap<String, String>,
    /// `waiting`, `claimed`, `calling`, `done`, `failed`, `skipped`.
    state: String,
    /// Calls that count.
    attempts: i64,
    /// When it may be called next, epoch milliseconds.
    due_at: i64,
    /// `answered`, `completed`, `refused`, `wrong_person`, `later`, `busy`, `no_answer`, `rejected`, `invalid`,
    /// `failed`, `cancelled`, `interrupted`, `do_not_call`, `attempts`.
    result: Option<String>,
    /// Who called.
    agent_name: Option<String>,
    /// The last call.
    call_id: Option<String>,
    /// How long the citizen talked or listened.
    talked_ms: i64,
    /// What was answered, by question.
    #[schema(value_type = Object)]
    answers: Value,
    /// What was pressed in a notice.
    #[schema(value_type = Vec<Object>)]
    keys: Value,
    /// What the agent wrote.
    note: String,
    /// Last change, epoch milliseconds.
    updated_at: i64,
}

impl Target {
    pub(super) fn new(row: TargetRow, masked: bool) -> Self {
        Self {
            number: if masked { mask_phone(&row.number) } else { row.number },
            fields: serde_json::from_str(&row.fields).unwrap_or_default(),
            answers: serde_json::from_str(&row.answers).unwrap_or_else(|_| json!({})),
            keys: serde_json::from_str(&row.keys).unwrap_or_else(|_| json!([])),
            id: row.id,
            no: row.no,
            name: row.name,
            unit_name: row.unit_name,
            contact_id: row.contact_id,
            case_id: row.case_id,
            case_number: row.case_number,
            state: row.state,
            attempts: row.attempts,
            due_at: row.due_at,
            result: row.result,
            agent_name: row.agent_name,
            call_id: row.call_id,
            talked_ms: row.talked_ms,
            note: row.note,
            updated_at: row.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only tells what would come of it.
    #[serde(default)]
    dry_run: bool,
}

/// Which ended orders' citizens are asked.
#[derive(Deserialize, ToSchema)]
#[schema(as = CampaignOrders)]
struct Orders {
    /// Ended at or after, epoch milliseconds.
    from: i64,
    /// Ended before.
    to: i64,
    /// The category or one below.
    category_id: Option<String>,
    /// The type.
    kind: Option<String>,
    /// The unit that handled it.
    unit_id: Option<String>,
    /// Only tells what would come of it.
    #[serde(default)]
    dry_run: bool,
}

/// What came of bringing a list in.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignImport)]
struct Imported {
    /// Rows that are called, or would be.
    taken: usize,
    /// Rows that are not.
    refused: usize,
    /// The first of them, with the reason.
    refusals: Vec<Refusal>,
    /// Some of the numbers that are called, masked.
    sample: Vec<String>,
}

fn filter(query: &TargetQuery, limit: usize) -> TargetFilter {
    TargetFilter {
        state: query.state.clone(),
        result: query.result.clone(),
        q: query.q.as_ref().map(|q| q.chars().take(40).collect()),
        cursor: query.cursor.clone(),
        limit,
    }
}

/// Lists the lines of a task, in their order.
#[utoipa::path(get, path = "/voice/campaigns/{id}/targets", operation_id = "list_campaign_targets", tag = "voice",
    params(("id" = String, Path), TargetQuery), responses((status = 200, body = Page<Target>)))]
async fn list_campaign_targets(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Query(query): Query<TargetQuery>,
) -> HttpResult<Json<Page<Target>>> {
    let (_, scope) = readable(&core, &me, &id).await?;
    let filter = filter(&query, kernel::page::limit(query.limit));
    let page =
        campaign_targets::list(&core.kit.db, &id, (scope, &me), &filter).await.map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    Ok(Json(page.map(|row| Target::new(row, masked))))
}

pub(super) fn result_zh(result: &str) -> &str {
    match result {
        "answered" => "已接通",
        "completed" => "已完成",
        "refused" => "拒绝受访",
        "wrong_person" => "非本人",
        "later" => "约定再呼",
        "busy" => "占线",
        "no_answer" => "无人接听",
        "rejected" => "拒接",
        "invalid" => "空号",
        "failed" => "呼叫失败",
        "cancelled" => "未呼出",
        "interrupted" => "中断",
        "do_not_call" => "免打扰",
        "attempts" => "超过次数",
        other => other,
    }
}

fn state_zh(state: &str) -> &str {
    match state {
        "waiting" => "待呼",
        "claimed" => "预览中",
        "calling" => "呼叫中",
        "done" => "已完成",
        "failed" => "未接通",
        "skipped" => "不呼",
        other => other,
    }
}

fn answer_text(question: &Question, answers: &Value) -> String {
    match answers.get(&question.id) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(chosen)) => chosen.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("、"),
        Some(Value::Number(score)) => score.to_string(),
        _ => String::new(),
    }
}

/// Exports the lines of a task with results and answers as an Excel workbook.
#[utoipa::path(get, path = "/voice/campaigns/{id}/targets.xlsx", operation_id = "export_campaign_targets", tag = "voice",
    params(("id" = String, Path), TargetQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_campaign_targets(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<TargetQuery>,
) -> HttpResult<Response> {
    let (row, scope) = readable(&core, &me, &id).await?;
    let plan = row.plan().map_err(|error| Problem::from_internal(&error))?;
    let (masked, zone) = (me.is_masked("phone"), &core.kit.config.zone);
    let mut filter = filter(&query, 1_000);
    filter.cursor = None;
    let mut rows = Vec::new();
    loop {
        let page = campaign_targets::list(&core.kit.db, &id, (scope, &me), &filter)
            .await
            .map_err(VoiceError::from)?;
        for row in page.items {
            let line = Target::new(row, masked);
            let mut cells = vec![
                Cell::from(line.no),
                line.number.into(),
                line.name.into(),
                line.unit_name.into(),
                line.case_number.into(),
                state_zh(&line.state).into(),
                line.result.as_deref().map(result_zh).into(),
                line.attempts.into(),
                line.agent_name.into(),
                local_time(zone, line.updated_at).into(),
                line.note.into(),
            ];
            let keys = line.keys.as_array().into_iter().flatten();
            let pressed: Vec<&str> = keys.filter_map(|key| key["value"].as_str()).collect();
            cells.push(pressed.join("、").into());
            cells.extend(plan.questions.iter().map(|question| answer_text(question, &line.answers).into()));
            rows.push(cells);
        }
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let detail = json!({ "rows": rows.len() });
    tx.audit(&ctx, Audit::new("campaign.export_list", "campaign", &id).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    let fixed = [
        "序号",
        "号码",
        "姓名",
        "单位",
        "工单编号",
        "状态",
        "结果",
        "呼叫次数",
        "话务员",
        "更新时间",
        "备注",
        "按键",
    ];
    let mut head: Vec<String> = fixed.map(str::to_owned).to_vec();
    head.extend(plan.questions.iter().map(|question| question.title.clone()));
    download_workbook("campaign-results", head, rows).await
}

/// Writes what was taken, unless it was only asked about.
async fn take(
    core: &Core,
    ctx: &Ctx,
    id: &str,
    (taken, refused): (Vec<NewTarget>, Vec<Refusal>),
    dry_run: bool,
) -> HttpResult<Json<Imported>> {
    let sample = taken.iter().take(5).map(|row| mask_phone(&row.number)).collect();
    let count = taken.len();
    if !dry_run {
        let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
        campaign_targets::append(&mut tx, id, &taken, ctx.now.0).await.map_err(VoiceError::from)?;
        let detail = json!({ "taken": count, "refused": refused.len() });
        tx.audit(ctx, Audit::new("campaign.import", "campaign", id).detail(detail));
        tx.commit().await.map_err(VoiceError::from)?;
    }
    Ok(Json(Imported {
        taken: count,
        refused: refused.len(),
        refusals: refused.into_iter().take(REFUSALS_TOLD).collect(),
        sample,
    }))
}

async fn open_list(core: &Core, id: &str) -> HttpResult<std::collections::HashSet<String>> {
    if !found(core, id).await?.state().is_open() {
        return Err(VoiceError::CampaignOver.into());
    }
    Ok(campaign_targets::numbers(&core.kit.db, id).await.map_err(VoiceError::from)?)
}

fn bounded(listed: usize, reading: &Reading) -> HttpResult<()> {
    if listed + reading.rows.len() > TARGETS_MAX {
        return Err(Problem::invalid().field(
            "file",
            "too_many",
            "一个任务最多 5 万个号码。",
            "A task has at most 50,000 numbers.",
        ));
    }
    Ok(())
}

/// Brings a list in from an Excel workbook or CSV: a column for the number, one for the name, others of one's own.
#[utoipa::path(post, path = "/voice/campaigns/{id}/targets", operation_id = "import_campaign_targets", tag = "voice",
    params(("id" = String, Path), ImportQuery), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Imported)))]
async fn import_campaign_targets(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<ImportQuery>,
    bytes: Bytes,
) -> HttpResult<Json<Imported>> {
    me.require("campaign.write")?;
    let listed = open_list(&core, &id).await?;
    let refuse = |code: &'static str, zh: &str, en: &str| Problem::invalid().field("file", code, zh, en);
    let sheet = tokio::task::spawn_blocking(move || Sheet::read(&bytes))
        .await
        .map_err(|error| Problem::from_internal(&error))?
        .map_err(|error| match error {
            SheetError::TooLarge => refuse("too_large", "文件太大。", "The file is too large."),
            SheetError::Empty => refuse("empty", "文件中没有内容。", "There is nothing in the file."),
            SheetError::Unreadable(_) => refuse(
                "unreadable",
                "请上传 Excel（.xlsx）或 CSV 文件。",
                "Please choose an Excel (.xlsx) or CSV file.",
            ),
        })?;
    let routing = core.desk.routing();
    let unwanted = |number: &str| routing.is_unwanted(number, ctx.now.0);
    let reading = list::read(&sheet, &listed, &unwanted).map_err(|ListError::NoNumbers| {
        refuse(
            "no_numbers",
            "首行没有“号码”或“电话”列。",
            "The first line has no column named 号码, 电话, number or phone.",
        )
    })?;
    bounded(listed.len(), &reading)?;
    let taken = reading
        .rows
        .into_iter()
        .map(|row| NewTarget {
            number: row.number,
            name: row.name,
            fields: serde_json::to_string(&row.fields).unwrap_or_else(|_| "{}".to_owned()),
            ..NewTarget::default()
        })
        .collect();
    take(&core, &ctx, &id, (taken, reading.refused), query.dry_run).await
}

/// Brings in the citizens of orders that have ended: return visits of a class of orders.
#[utoipa::path(post, path = "/voice/campaigns/{id}/order-targets", operation_id = "import_campaign_orders", tag = "voice",
    params(("id" = String, Path)), request_body = Orders, responses((status = 200, body = Imported)))]
async fn import_campaign_orders(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<Orders>,
) -> HttpResult<Json<Imported>> {
    me.require("campaign.write")?;
    me.require("case.read")?;
    let listed = open_list(&core, &id).await?;
    let Some(cases) = &core.ports.cases else { return Err(Problem::not_found()) };
    let wanted = EndedFilter {
        from: body.from,
        to: body.to,
        category_id: body.category_id.filter(|id| !id.is_empty()),
        kind: body.kind.filter(|kind| !kind.is_empty()),
        unit_id: body.unit_id.filter(|id| !id.is_empty()),
        limit: i64::try_from(TARGETS_MAX).unwrap_or(i64::MAX),
    };
    let orders = cases.ended(&me, &wanted).await.map_err(VoiceError::Port)?;
    let rows =
        orders.iter().map(|order| (0, order.phone.clone(), order.contact_name.clone(), BTreeMap::new()));
    let routing = core.desk.routing();
    let reading = list::judge(rows, &listed, &|number| routing.is_unwanted(number, ctx.now.0));
    bounded(listed.len(), &reading)?;
    // A citizen with several orders is asked about the first of them.
    let mut by_number: BTreeMap<String, usize> = BTreeMap::new();
    for (at, order) in orders.iter().enumerate() {
        by_number.entry(crate::routing::plain(&order.phone)).or_insert(at);
    }
    let mut units: BTreeMap<String, Option<(String, String, String)>> = BTreeMap::new();
    let mut taken = Vec::with_capacity(reading.rows.len());
    for row in reading.rows {
        let Some(order) = by_number.get(&row.number).map(|at| &orders[*at]) else { continue };
        let unit = match &order.unit_id {
            Some(id) => match units.get(id) {
                Some(known) => known.clone(),
                None => {
                    let unit = match &core.ports.directory {
                        Some(directory) => {
                            directory.unit(&UnitId(id.clone())).await.map_err(VoiceError::Port)?
                        }
                        None => None,
                    };
                    let unit = unit.map(|unit| (unit.id.0, unit.path, unit.name));
                    units.insert(id.clone(), unit.clone());
                    unit
                }
            },
            None => None,
        };
        let title = Map::from_iter([("标题".to_owned(), Value::String(order.title.clone()))]);
        taken.push(NewTarget {
            number: row.number,
            name: row.name,
            unit,
            contact_id: order.contact_id.clone(),
            case: Some((order.id.0.clone(), order.number.clone())),
            fields: Value::Object(title).to_string(),
        });
    }
    take(&core, &ctx, &id, (taken, reading.refused), body.dry_run).await
}
