//! `POST /cases/bulk-runs`: the same with many orders, chosen one by one or by a filter, in the background.

use axum::extract::State;
use axum::http::StatusCode;
use contract::cases::CaseId;
use kernel::http::{Auth, Cell, Json, Query, ReqCtx, write_workbook};
use kernel::problem::ProblemBody;
use kernel::{Audit, Ctx, HttpResult, Principal, Problem, Writes};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue_rows::XLSX;
use super::list::ListQuery;
use super::runs::RunStarted;
use crate::Cases;
use crate::error::CaseError;
use crate::store::bulk_run::{BulkAct, BulkWish, BulkWork, check_count};
use crate::store::run::{Outcome, Progress, RunFile};

/// So many orders that were not done are named on the screen; the file names all.
const SHOWN: usize = 100;
/// After so many orders the run tells how far it is.
const TELL_EVERY: usize = 10;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(start_bulk_run))
}

/// What is done, and with which orders: those named, those of a run that was cut off, or else those of the filter in
/// the address.
#[derive(Debug, Deserialize, ToSchema)]
struct BulkRunRequest {
    /// What is done with each.
    #[serde(default)]
    act: Option<BulkAct>,
    /// What is said.
    #[serde(default)]
    text: String,
    /// The unit that orders are dispatched to; when empty, each goes where the dispatch catalogue proposes.
    #[serde(default)]
    unit_id: String,
    /// The orders; when absent, those of the filter, at most 1,000.
    #[serde(default)]
    ids: Option<Vec<String>>,
    /// A run of one's own that was cut off: it is gone on with, and what it had done counts as done.
    #[serde(default)]
    resume: Option<String>,
}

/// Does the same with many orders, at most 1,000, in the background. Each order is a change of its own; the run's
/// result names those that were not done, and its file says of each what became of it.
#[utoipa::path(
    post, path = "/cases/bulk-runs", operation_id = "start_bulk_run", tag = "cases",
    params(ListQuery), request_body = BulkRunRequest,
    responses(
        (status = 202, description = "The run", body = RunStarted),
        (status = 409, description = "bulk.going_on", body = ProblemBody),
        (status = 422, description = "No order, or too many", body = ProblemBody),
    )
)]
async fn start_bulk_run(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ListQuery>,
    Json(body): Json<BulkRunRequest>,
) -> HttpResult<(StatusCode, Json<RunStarted>)> {
    by.require("case.read")?;
    let work = match (&body.resume, body.act) {
        (Some(run_id), _) => cases.resumed_bulk_work(&by, run_id, ctx.now).await?,
        (None, None) => {
            let (zh, en) = ("请选择要做什么。", "Say what is to be done.");
            return Err(Problem::invalid().field("act", "required", zh, en));
        }
        (None, Some(act)) => {
            by.require(act.capability())?;
            let ids = match body.ids {
                Some(mut ids) => {
                    ids.sort();
                    ids.dedup();
                    check_count(ids.len())?;
                    ids.into_iter().map(CaseId).collect()
                }
                None => {
                    let filter = query.filter(&cases).await?;
                    cases.bulk_ids(&by, &filter, ctx.now).await?
                }
            };
            let wish = BulkWish { act, text: body.text, unit_id: body.unit_id };
            BulkWork { wish, ids, started_at: ctx.now }
        }
    };
    by.require(work.wish.act.capability())?;
    let (runner, run_ctx, doer) = (cases.clone(), ctx.clone(), by.clone());
    let run_id = cases
        .start_run(&ctx, &by, "bulk", move |progress| async move {
            runner.keep_bulk_work(&doer, progress.id(), &work).await?;
            runner.run_bulk(&run_ctx, &doer, work, progress).await
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(RunStarted { run_id })))
}

/// What became of the orders of a run.
#[derive(Default)]
struct Became {
    done: usize,
    before: usize,
    failed: usize,
    failures: Vec<Value>,
    rows: Vec<Vec<Cell>>,
}

impl Cases {
    async fn run_bulk(
        &self,
        ctx: &Ctx,
        by: &Principal,
        work: BulkWork,
        progress: Progress,
    ) -> Result<Outcome, CaseError> {
        let known = self.bulk_done_before(by, &work).await?;
        let total = work.ids.len();
        let mut became = Became::default();
        let mut stopped = false;
        for (at, id) in work.ids.iter().enumerate() {
            if at % TELL_EVERY == 0 {
                progress.tell(at, total).await?;
                if progress.is_stopped().await? {
                    stopped = true;
                    break;
                }
            }
            let ctx = Ctx { now: self.kit().now(), ..ctx.clone() };
            let (number, title, result) = match self.read(by, id).await {
                Ok(case) if known.contains(id.as_str()) => {
                    became.before += 1;
                    (Some(case.number), case.title, Ok(()))
                }
                Ok(case) => {
                    let (number, title) = (case.number.clone(), case.title.clone());
                    let result = self.do_in_bulk(&ctx, by, case, &work.wish).await.map(|_| ());
                    became.done += usize::from(result.is_ok());
                    (Some(number), title, result)
                }
                Err(error) => (None, String::new(), Err(error)),
            };
            let detail = match result {
                Ok(()) => None,
                // What the database refuses now it would refuse for all that follow.
                Err(CaseError::Db(error)) => return Err(error.into()),
                Err(error) => Some(Problem::from(error).detail(ctx.lang).to_owned()),
            };
            if let Some(detail) = &detail {
                became.failed += 1;
                if became.failures.len() < SHOWN {
                    became.failures.push(json!({ "id": id, "number": number, "detail": detail }));
                }
            }
            let outcome = if detail.is_none() {
                ctx.lang.pick("已完成", "Done")
            } else {
                ctx.lang.pick("未完成", "Not done")
            };
            became.rows.push(vec![number.into(), title.into(), outcome.into(), detail.into()]);
        }
        let mut writes = Writes::new();
        writes.audit(
            ctx,
            Audit::new("case.bulk", "run", progress.id()).detail(json!({
                "act": work.wish.act, "orders": total, "done": became.done, "before": became.before,
                "failed": became.failed, "stopped": stopped,
            })),
        );
        self.kit().db.write(writes).await?;
        let head =
            ctx.lang.pick(["工单编号", "标题", "结果", "原因"], ["Order", "Title", "Outcome", "Why not"]);
        let name = ctx.lang.pick("批量处理结果.xlsx", "bulk-results.xlsx").to_owned();
        let file = RunFile { bytes: write_workbook(&head, &became.rows)?, name, media_type: XLSX };
        Ok(Outcome {
            result: json!({
                "act": work.wish.act, "total": total, "done": became.done, "before": became.before,
                "failed": became.failed, "stopped": stopped, "failures": became.failures,
            }),
            file: Some(file),
        })
    }
}
