//! `/alarms`: missed limits that somebody has to acknowledge.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::identity::UnitId;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{Audit, HttpResult, Lang, Page, Principal, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::alarm::{AlarmState, level_name};
use crate::case::limit::LimitName;
use crate::error::CaseError;
use crate::store::alarm::{Alarm, AlarmFilter, EXPORT_MAX, reach};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_alarms))
        .routes(routes!(export_alarms))
        .routes(routes!(count_alarms))
        .routes(routes!(acknowledge_alarm))
}

/// What narrows the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct AlarmsQuery {
    /// A part of the order's number or title.
    q: Option<String>,
    /// Where it stands.
    #[param(inline)]
    state: Option<AlarmState>,
    /// 1 handlers, 2 the unit's leaders, 3 the centre.
    level: Option<i64>,
    /// The unit or one below.
    unit_id: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// What is said to it.
#[derive(Debug, Deserialize, ToSchema)]
struct Acknowledgement {
    /// What is being done, at most 500 characters.
    note: String,
}

/// An alarm.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmView {
    /// The alarm.
    id: String,
    /// The order.
    case_id: String,
    /// The order's number.
    number: String,
    /// What it is about.
    title: String,
    /// Which limit was missed, by name.
    limit: String,
    /// When it ended, epoch milliseconds.
    due_at: i64,
    /// The unit in charge.
    unit_name: Option<String>,
    /// The person in charge.
    person_name: Option<String>,
    /// 1 handlers, 2 the unit's leaders, 3 the centre.
    level: i64,
    /// Who is alarmed.
    level_name: String,
    /// Where it stands.
    state: AlarmState,
    /// The state's name.
    state_name: String,
    /// When it goes to the next level, epoch milliseconds.
    next_at: Option<i64>,
    /// Who acknowledged it.
    acknowledged_by: Option<String>,
    /// When, epoch milliseconds.
    acknowledged_at: Option<i64>,
    /// What was said to it.
    note: Option<String>,
    /// When it was raised, epoch milliseconds.
    raised_at: i64,
    /// Whether the reader may acknowledge it.
    open: bool,
}

/// Alarms that wait.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmCount {
    /// So many that nobody acknowledged.
    open: i64,
    /// When the oldest of them was raised, epoch milliseconds.
    oldest_at: Option<i64>,
}

fn require_reader(by: &Principal) -> Result<(), Problem> {
    if reach(by).is_none() {
        by.require("alarm.acknowledge")?;
    }
    Ok(())
}

impl AlarmsQuery {
    async fn filter(self, cases: &Cases) -> HttpResult<AlarmFilter> {
        let unit_path = match self.unit_id.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                let unit = cases.ports().directory.unit(&UnitId(id)).await.map_err(CaseError::Port)?;
                Some(unit.map_or_else(|| "//".to_owned(), |unit| unit.path))
            }
        };
        Ok(AlarmFilter {
            text: self.q.map(|q| q.chars().take(50).collect()),
            state: self.state,
            level: self.level,
            unit_path,
            cursor: self.cursor,
        })
    }
}

impl Cases {
    async fn alarm_view(&self, by: &Principal, row: Alarm, lang: Lang) -> HttpResult<AlarmView> {
        let unit_name = match &row.unit_id {
            Some(id) => self.unit_name(id).await?,
            None => None,
        };
        let person_name = match &row.person_id {
            Some(id) => self.person_name(id).await?,
            None => None,
        };
        let state = AlarmState::parse(&row.state).unwrap_or(AlarmState::Open);
        let limit = LimitName::parse(&row.limit_name).map(|name| name.name(lang).to_owned());
        Ok(AlarmView {
            unit_name,
            person_name,
            limit: limit.unwrap_or(row.limit_name),
            level_name: level_name(row.level, lang).to_owned(),
            state_name: state.name(lang).to_owned(),
            open: state == AlarmState::Open && by.has("alarm.acknowledge"),
            state,
            id: row.id,
            case_id: row.case_id,
            number: row.number,
            title: row.title,
            due_at: row.due_at,
            level: row.level,
            next_at: row.next_at,
            acknowledged_by: row.acknowledged_by_name,
            acknowledged_at: row.acknowledged_at,
            note: row.note,
            raised_at: row.raised_at,
        })
    }
}

/// Lists alarms of missed limits, newest first.
#[utoipa::path(
    get, path = "/alarms", operation_id = "list_alarms", tag = "cases", params(AlarmsQuery),
    responses((status = 200, description = "A page", body = Page<AlarmView>))
)]
async fn list_alarms(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<AlarmsQuery>,
) -> HttpResult<Json<Page<AlarmView>>> {
    require_reader(&by)?;
    let limit = kernel::page::limit(query.limit);
    let filter = query.filter(&cases).await?;
    let page = cases.alarms(&by, &filter, limit).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(cases.alarm_view(&by, row, ctx.lang).await?);
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: None }))
}

/// Exports alarms as an Excel file.
#[utoipa::path(
    get, path = "/alarms.xlsx", operation_id = "export_alarms", tag = "cases", params(AlarmsQuery),
    responses((status = 200, description = "An Excel file"))
)]
async fn export_alarms(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<AlarmsQuery>,
) -> HttpResult<Response> {
    require_reader(&by)?;
    let filter = AlarmFilter { cursor: None, ..query.filter(&cases).await? };
    let page = cases.alarms(&by, &filter, EXPORT_MAX).await?;
    let zone = cases.kit().config.zone.clone();
    let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(page.items.len());
    for row in page.items {
        let view = cases.alarm_view(&by, row, ctx.lang).await?;
        rows.push(vec![
            view.number.into(),
            view.title.into(),
            view.limit.into(),
            local_time(&zone, view.due_at).into(),
            view.unit_name.into(),
            view.person_name.into(),
            view.level_name.into(),
            view.state_name.into(),
            local_time(&zone, view.raised_at).into(),
            view.acknowledged_by.into(),
            view.acknowledged_at.map(|at| local_time(&zone, at)).into(),
            view.note.into(),
        ]);
    }
    let mut tx = cases.kit().db.begin().await.map_err(CaseError::from)?;
    tx.audit(&ctx, Audit::new("alarm.export", "alarm", "").detail(json!({"rows": rows.len()})));
    tx.commit().await.map_err(CaseError::from)?;
    let head = ctx.lang.pick(
        vec![
            "工单编号",
            "标题",
            "时限",
            "到期时间",
            "承办单位",
            "主办人",
            "报警级别",
            "状态",
            "报警时间",
            "确认人",
            "确认时间",
            "确认说明",
        ],
        vec![
            "Order",
            "Title",
            "Limit",
            "Due",
            "Unit",
            "Person",
            "Level",
            "State",
            "Raised",
            "Acknowledged by",
            "Acknowledged",
            "Note",
        ],
    );
    download_workbook("alarms", head, rows).await
}

/// Counts alarms that nobody acknowledged.
#[utoipa::path(
    get, path = "/alarms/summary", operation_id = "count_alarms", tag = "cases",
    responses((status = 200, description = "The count", body = AlarmCount))
)]
async fn count_alarms(State(cases): State<Cases>, Auth(by): Auth) -> HttpResult<Json<AlarmCount>> {
    require_reader(&by)?;
    let (open, oldest) = cases.open_alarms(&by).await?;
    Ok(Json(AlarmCount { open, oldest_at: oldest.map(|at| at.0) }))
}

/// Acknowledges an alarm: somebody looks after it, and it goes to no further level.
#[utoipa::path(
    post, path = "/alarms/{id}/acknowledgement", operation_id = "acknowledge_alarm", tag = "cases",
    request_body = Acknowledgement, params(("id" = String, Path, description = "The alarm")),
    responses(
        (status = 204),
        (status = 409, description = "alarm.acknowledged", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    )
)]
async fn acknowledge_alarm(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<Acknowledgement>,
) -> HttpResult<StatusCode> {
    by.require("alarm.acknowledge")?;
    cases.acknowledge_alarm(&ctx, &by, &id, &body.note).await?;
    Ok(StatusCode::NO_CONTENT)
}
