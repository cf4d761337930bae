//! `POST /old-orders` and `GET /old-orders/template.xlsx`: orders of the system that was used before.

use std::collections::HashSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, Cell, Json, Query, ReqCtx, download_workbook};
use kernel::problem::ProblemBody;
use kernel::{Ctx, HttpResult, Principal, Problem};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue_rows::{rejected_file, said};
use super::runs::RunStarted;
use crate::Cases;
use crate::case::old_order::{self, Line, OldOrder};
use crate::error::CaseError;
use crate::sheet::{FILE_BYTES_MAX, Sheet};
use crate::store::old_order::TakenIn;
use crate::store::run::{Outcome, Progress};

/// So many lines are shown as they were understood.
const SHOWN: usize = 10;
/// So many refused lines are named on the screen; the file names all.
const REASONS: usize = 50;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    let upload = OpenApiRouter::from(Router::new())
        .routes(routes!(import_old_orders))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX + 1024));
    OpenApiRouter::new().routes(routes!(download_old_orders_template)).merge(upload)
}

/// Gives the empty table that old orders are filled into.
#[utoipa::path(
    get, path = "/old-orders/template.xlsx", operation_id = "download_old_orders_template", tag = "cases",
    responses((status = 200, description = "The file", body = Vec<u8>,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
async fn download_old_orders_template(Auth(by): Auth, ReqCtx(ctx): ReqCtx) -> HttpResult<Response> {
    by.require("case.import")?;
    download_workbook("old-orders", old_order::head(ctx.lang), Vec::new()).await
}

/// How a file is taken in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct OldOrdersQuery {
    /// Only says what would happen.
    dry_run: bool,
}

/// Takes closed orders of an older system in, from an Excel or CSV file of at most 5,000 lines. They keep their own
/// times, are archived at once, and are marked as imported. A number that is there already is left as it is. Refused
/// lines come back as a file with the reason beside each.
#[utoipa::path(
    post, path = "/old-orders", operation_id = "import_old_orders", tag = "cases",
    params(OldOrdersQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 202, description = "The run that takes it in", body = RunStarted),
        (status = 422, description = "The file cannot be read", body = ProblemBody),
    )
)]
async fn import_old_orders(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<OldOrdersQuery>,
    bytes: Bytes,
) -> HttpResult<(StatusCode, Json<RunStarted>)> {
    by.require("case.import")?;
    let read = move || -> Result<(Vec<String>, Vec<Line>), CaseError> {
        let sheet = Sheet::read(&bytes)?;
        let lines = old_order::read(&sheet)?;
        Ok((sheet.head, lines))
    };
    let (head, lines) =
        tokio::task::spawn_blocking(read).await.map_err(|error| Problem::from_internal(&error))??;
    let (runner, run_ctx, importer) = (cases.clone(), ctx.clone(), by.clone());
    let run_id = cases
        .start_run(&ctx, &by, "old_orders", move |progress| async move {
            runner.run_import(&run_ctx, &importer, head, lines, query.dry_run, progress).await
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(RunStarted { run_id })))
}

/// The lines of a file, told apart.
#[derive(Default)]
struct Sorted {
    good: Vec<OldOrder>,
    /// So many were taken in before.
    known: usize,
    rejected: Vec<Vec<Cell>>,
    reasons: Vec<Value>,
}

impl Cases {
    async fn run_import(
        &self,
        ctx: &Ctx,
        by: &Principal,
        head: Vec<String>,
        lines: Vec<Line>,
        dry_run: bool,
        progress: Progress,
    ) -> Result<Outcome, CaseError> {
        progress.tell(0, lines.len()).await?;
        let mut sorted = self.sort_lines(ctx, by, lines).await?;
        let mut preview = Vec::new();
        for order in sorted.good.iter().take(SHOWN) {
            preview.push(self.old_order_view(order).await?);
        }
        let mut taken = TakenIn { written: sorted.good.len(), ..TakenIn::default() };
        if !dry_run {
            taken = self.take_in_old(ctx, by, std::mem::take(&mut sorted.good), &progress).await?;
        }
        Ok(Outcome {
            result: json!({
                "dry_run": dry_run, "accepted": taken.written, "known": sorted.known + taken.known,
                "rejected": sorted.rejected.len(), "stopped": taken.stopped, "reasons": sorted.reasons,
                "preview": preview,
            }),
            file: rejected_file(&head, &sorted.rejected, ctx.lang)?,
        })
    }

    async fn sort_lines(&self, ctx: &Ctx, by: &Principal, lines: Vec<Line>) -> Result<Sorted, CaseError> {
        let words = self.known_words(by).await?;
        let numbers: Vec<String> = lines.iter().map(|line| line.old_number().to_owned()).collect();
        let known = self.known_old_numbers(&numbers).await?;
        let mut seen: HashSet<String> = HashSet::new();
        let mut sorted = Sorted::default();
        for line in lines {
            let old_number = line.old_number().to_owned();
            let (order, mut why) = match line.order(&words, ctx.now) {
                Ok(order) => (Some(order), Vec::new()),
                Err(refusals) => (None, said(&refusals, ctx.lang)),
            };
            if !old_number.is_empty() && !seen.insert(old_number.clone()) {
                let twice = ("原工单编号：在文件中重复。", "Old number: it is twice in the file.");
                why.push(ctx.lang.pick(twice.0, twice.1).to_owned());
            }
            match order.filter(|_| why.is_empty()) {
                Some(_) if known.contains(&old_number) => sorted.known += 1,
                Some(order) => sorted.good.push(order),
                None => {
                    let why = why.join(" ");
                    if sorted.reasons.len() < REASONS {
                        sorted.reasons.push(json!({ "line": line.number, "reason": why }));
                    }
                    let mut cells = vec![Cell::Number(line.number as f64), why.into()];
                    cells.extend(line.cells.into_iter().map(Cell::from));
                    sorted.rejected.push(cells);
                }
            }
        }
        Ok(sorted)
    }

    /// Shows how a line was understood.
    async fn old_order_view(&self, order: &OldOrder) -> Result<Value, CaseError> {
        let unit = match &order.unit {
            Some(unit) => self.unit_name(&unit.id).await?,
            None => None,
        };
        Ok(json!({
            "old_number": order.old_number,
            "created_at": order.created_at.0,
            "settled_at": order.settled_at.0,
            "title": order.title,
            "category": self.categories().get(&order.category_id).map(|category| category.path_name.clone()),
            "unit": unit,
        }))
    }
}
