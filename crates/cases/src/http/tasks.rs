//! `GET /tasks` and `GET /tasks/summary` (AGT-19, DEP-05).

use axum::extract::State;
use kernel::http::{Auth, Json, Query, ReqCtx};
use kernel::{HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::{Color, Step};
use crate::http::task_view::TaskView;
use crate::store::task::{TaskFilter, TaskScope};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_tasks)).routes(routes!(summarise_tasks))
}

/// What narrows the to-do list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// `mine` (when absent): what the reader can do now. `unit`: whatever the reader's unit has to do.
    scope: Option<String>,
    /// `open` (when absent), or `done` for what the reader has done.
    state: Option<String>,
    /// The colour of the limit.
    color: Option<Color>,
    /// The step.
    step: Option<Step>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// How many tasks wait.
#[derive(Serialize, ToSchema)]
struct TaskSummary {
    total: i64,
    by_step: Vec<StepCount>,
    /// In time, or without a limit.
    green: i64,
    /// About to be overdue.
    yellow: i64,
    /// Overdue.
    red: i64,
    /// Due until the end of today.
    today_due: i64,
}

/// A step with the number of its tasks.
#[derive(Serialize, ToSchema)]
struct StepCount {
    step: Step,
    name: String,
    count: i64,
}

fn scope(text: Option<&str>) -> Option<TaskScope> {
    match text {
        None | Some("" | "mine") => Some(TaskScope::Mine),
        Some("unit") => Some(TaskScope::Unit),
        Some(_) => None,
    }
}

fn no_such_scope() -> Problem {
    Problem::invalid().field("scope", "unknown", "没有这个选项。", "There is no such choice.")
}

/// Lists tasks, the nearest limit first.
#[utoipa::path(
    get, path = "/tasks", operation_id = "list_tasks", tag = "tasks", params(TaskQuery),
    responses((status = 200, description = "A page of tasks", body = Page<TaskView>))
)]
async fn list_tasks(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<TaskQuery>,
) -> HttpResult<Json<Page<TaskView>>> {
    by.require("case.read")?;
    let filter = TaskFilter {
        scope: scope(query.scope.as_deref()).ok_or_else(no_such_scope)?,
        done: query.state.as_deref() == Some("done"),
        color: query.color,
        step: query.step,
        cursor: query.cursor.filter(|cursor| !cursor.is_empty()),
        limit: kernel::page::limit(query.limit),
    };
    let page = cases.tasks(&by, &filter, ctx.now).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for line in page.items {
        items.push(cases.task_line(&ctx, line).await?);
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: None }))
}

/// Counts open tasks by step and colour.
#[utoipa::path(
    get, path = "/tasks/summary", operation_id = "summarise_tasks", tag = "tasks", params(TaskQuery),
    responses((status = 200, description = "The numbers", body = TaskSummary))
)]
async fn summarise_tasks(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<TaskQuery>,
) -> HttpResult<Json<TaskSummary>> {
    by.require("case.read")?;
    let scope = scope(query.scope.as_deref()).ok_or_else(no_such_scope)?;
    let counts = cases.count_tasks(&by, scope, ctx.now).await?;
    Ok(Json(TaskSummary {
        total: counts.total,
        by_step: counts
            .by_step
            .into_iter()
            .map(|(step, count)| StepCount { step, name: step.name(ctx.lang).to_owned(), count })
            .collect(),
        green: counts.green,
        yellow: counts.yellow,
        red: counts.red,
        today_due: counts.today_due,
    }))
}
