//! `/commitments`: what units promise citizens, written by the units and published by editors.

use std::collections::HashSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use contract::identity::{UnitBrief, UnitId};
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{Audit, Ctx, HttpResult, Lang, Page, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue_rows::{rejected_file, said};
use super::runs::RunStarted;
use crate::Cases;
use crate::case::commitment::{self, CommitmentState, CommitmentText, Line};
use crate::error::CaseError;
use crate::sheet::{FILE_BYTES_MAX, Sheet};
use crate::store::commitment::{Commitment, CommitmentFilter, CommitmentStep, EXPORT_MAX, reach};
use crate::store::run::{Outcome, Progress};

/// So many refused lines are named on the screen; the file names all.
const REASONS: usize = 50;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    let upload = OpenApiRouter::from(Router::new())
        .routes(routes!(import_commitments))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX + 1024));
    OpenApiRouter::new()
        .routes(routes!(list_commitments, add_commitment))
        .routes(routes!(export_commitments))
        .routes(routes!(change_commitment, delete_commitment))
        .routes(routes!(hand_in_commitment))
        .routes(routes!(decide_on_commitment))
        .routes(routes!(withdraw_commitment))
        .merge(upload)
}

/// What narrows the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CommitmentsQuery {
    /// A part of the service or its content.
    q: Option<String>,
    /// Where it stands.
    #[param(inline)]
    state: Option<CommitmentState>,
    /// The unit or one below.
    unit_id: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// The words of a promise.
#[derive(Debug, Deserialize, ToSchema)]
struct CommitmentBody {
    /// The version that the writer saw; not looked at when it is new.
    #[serde(default)]
    version: i64,
    /// The unit; the writer's own when absent, and not changed later.
    #[serde(default)]
    unit_id: Option<String>,
    /// The service, at most 100 characters.
    service: String,
    /// Whom it is for.
    #[serde(default)]
    audience: String,
    /// What is done.
    #[serde(default)]
    content: String,
    /// How well.
    #[serde(default)]
    standard: String,
    /// Step by step.
    #[serde(default)]
    process: String,
    /// How soon, in words.
    #[serde(default)]
    time_limit: String,
    /// The rule that it rests on.
    #[serde(default)]
    basis: String,
    /// Where to turn to.
    #[serde(default)]
    contact: String,
}

/// The version that the writer saw.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
struct CommitmentVersion {
    /// The version.
    version: i64,
}

/// An editor's decision.
#[derive(Debug, Deserialize, ToSchema)]
struct CommitmentDecision {
    /// The version that the editor saw.
    version: i64,
    /// Whether everybody shall read it; else it goes back.
    publish: bool,
    /// What has to be corrected.
    #[serde(default)]
    note: String,
}

/// A promise.
#[derive(Debug, Serialize, ToSchema)]
struct CommitmentView {
    /// The promise.
    id: String,
    /// The unit.
    unit_id: String,
    /// Its name.
    unit_name: String,
    /// The service.
    service: String,
    /// Whom it is for.
    audience: String,
    /// What is done.
    content: String,
    /// How well.
    standard: String,
    /// Step by step.
    process: String,
    /// How soon, in words.
    time_limit: String,
    /// The rule that it rests on.
    basis: String,
    /// Where to turn to.
    contact: String,
    /// Where it stands.
    state: CommitmentState,
    /// The state's name.
    state_name: String,
    /// What the editor wants corrected.
    note: Option<String>,
    /// Since when everybody reads it, epoch milliseconds.
    published_at: Option<i64>,
    /// Who published it.
    published_by: Option<String>,
    /// Who changed it last.
    updated_by: String,
    /// When, epoch milliseconds.
    updated_at: i64,
    /// For optimistic locking.
    version: i64,
}

/// The promise that was written.
#[derive(Debug, Serialize, ToSchema)]
struct CommitmentMade {
    /// Its id.
    id: String,
}

/// How a file is taken in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CommitmentImportQuery {
    /// Only says what would happen.
    dry_run: bool,
}

impl CommitmentBody {
    fn text(self) -> CommitmentText {
        CommitmentText {
            service: self.service,
            audience: self.audience,
            content: self.content,
            standard: self.standard,
            process: self.process,
            time_limit: self.time_limit,
            basis: self.basis,
            contact: self.contact,
        }
    }
}

fn require_reader(by: &Principal) -> Result<(), Problem> {
    if reach(by).is_none() {
        by.require("commitment.write")?;
    }
    Ok(())
}

/// Tells whether somebody writes promises of a unit.
fn writes_for(by: &Principal, unit: &UnitBrief) -> bool {
    match by.scope("commitment.write") {
        Some(Scope::All) => true,
        Some(Scope::Subtree) => unit.path.starts_with(&by.unit_path),
        Some(Scope::Unit | Scope::Own) => unit.id.as_str() == by.unit_id,
        None => false,
    }
}

fn no_such_unit() -> Problem {
    Problem::invalid().field(
        "unit_id",
        "unknown",
        "没有这个单位，或不在您的管理范围内。",
        "There is no such unit, or it is not yours.",
    )
}

impl CommitmentsQuery {
    async fn filter(self, cases: &Cases) -> HttpResult<CommitmentFilter> {
        let unit_path = match self.unit_id.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                let unit = cases.ports().directory.unit(&UnitId(id)).await.map_err(CaseError::Port)?;
                Some(unit.map_or_else(|| "//".to_owned(), |unit| unit.path))
            }
        };
        Ok(CommitmentFilter {
            text: self.q.map(|q| q.chars().take(50).collect()),
            state: self.state,
            unit_path,
            cursor: self.cursor,
        })
    }
}

impl Cases {
    async fn commitment_view(&self, row: Commitment, lang: Lang) -> HttpResult<CommitmentView> {
        let state = CommitmentState::parse(&row.state).unwrap_or(CommitmentState::Draft);
        Ok(CommitmentView {
            unit_name: self.unit_name(&row.unit_id).await?.unwrap_or_default(),
            state_name: state.name(lang).to_owned(),
            state,
            id: row.id,
            unit_id: row.unit_id,
            service: row.service,
            audience: row.audience,
            content: row.content,
            standard: row.standard,
            process: row.process,
            time_limit: row.time_limit,
            basis: row.basis,
            contact: row.contact,
            note: row.note,
            published_at: row.published_at,
            published_by: row.published_by,
            updated_by: row.updated_by,
            updated_at: row.updated_at,
            version: row.version,
        })
    }

    /// Finds the unit that a line names; the importer's own when it names none.
    async fn unit_of_line(&self, by: &Principal, named: &str) -> Result<Option<UnitBrief>, CaseError> {
        let directory = &self.ports().directory;
        let named = named.trim();
        let found = if named.is_empty() {
            directory.unit(&UnitId(by.unit_id.clone())).await.map_err(CaseError::Port)?
        } else if let Some(unit) = directory.unit_by_code(named).await.map_err(CaseError::Port)? {
            Some(unit)
        } else {
            let root = match by.scope("commitment.write") {
                Some(Scope::All) => by.unit_path.split('/').find(|part| !part.is_empty()),
                _ => Some(by.unit_id.as_str()),
            };
            let root = UnitId(root.unwrap_or_default().to_owned());
            let units = directory.units_under(&root).await.map_err(CaseError::Port)?;
            units.into_iter().find(|unit| unit.name == named)
        };
        Ok(found.filter(|unit| unit.active && writes_for(by, unit)))
    }

    async fn import_commitment_lines(
        &self,
        ctx: &Ctx,
        by: &Principal,
        (head, lines): (Vec<String>, Vec<Line>),
        dry_run: bool,
        progress: Progress,
    ) -> Result<Outcome, CaseError> {
        let (total, mut accepted, mut changed) = (lines.len(), 0, 0);
        let mut rejected: Vec<Vec<Cell>> = Vec::new();
        let mut reasons = Vec::new();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        for (at, line) in lines.into_iter().enumerate() {
            if at % 50 == 0 {
                progress.tell(at, total).await?;
            }
            let mut why = match line.text.check() {
                Err(CaseError::Invalid(refusals)) => said(&refusals, ctx.lang),
                Err(error) => return Err(error),
                Ok(()) => Vec::new(),
            };
            let unit = self.unit_of_line(by, &line.unit).await?;
            match &unit {
                None => why.push(
                    ctx.lang
                        .pick(
                            "没有这个单位，或不在您的管理范围内。",
                            "There is no such unit, or it is not yours.",
                        )
                        .to_owned(),
                ),
                Some(unit) if !seen.insert((unit.id.0.clone(), line.text.service.trim().to_owned())) => {
                    why.push(ctx.lang.pick("在文件中重复。", "It is twice in the file.").to_owned());
                }
                Some(_) => {}
            }
            if let (true, Some(unit)) = (why.is_empty(), unit) {
                let known = self.commitment_of(unit.id.as_str(), &line.text.service).await?;
                accepted += 1;
                changed += usize::from(known.is_some());
                if dry_run {
                    continue;
                }
                let taken = match known {
                    Some(known) if known.text() == line.text.trimmed() => Ok(()),
                    Some(known) => {
                        self.change_commitment(ctx, by, &known.id, known.version, &line.text).await
                    }
                    None => self.add_commitment(ctx, &unit, &line.text).await.map(|_| ()),
                };
                match taken {
                    Ok(()) => continue,
                    Err(CaseError::Stale { .. } | CaseError::Invalid(_)) => {
                        accepted -= 1;
                        why.push(ctx.lang.pick("刚刚被他人修改。", "Somebody just changed it.").to_owned());
                    }
                    Err(error) => return Err(error),
                }
            }
            if reasons.len() < REASONS {
                reasons.push(json!({ "line": line.number, "reason": why.join(" ") }));
            }
            let mut cells = vec![Cell::Number(line.number as f64), why.join(" ").into()];
            cells.extend(line.cells.into_iter().map(Cell::from));
            rejected.push(cells);
        }
        Ok(Outcome {
            result: json!({
                "dry_run": dry_run, "accepted": accepted, "new": accepted - changed, "changed": changed,
                "gone": 0, "rejected": rejected.len(), "reasons": reasons,
            }),
            file: rejected_file(&head, &rejected, ctx.lang)?,
        })
    }
}

/// Lists promises, changed last first.
#[utoipa::path(
    get, path = "/commitments", operation_id = "list_commitments", tag = "cases", params(CommitmentsQuery),
    responses((status = 200, description = "A page", body = Page<CommitmentView>))
)]
async fn list_commitments(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CommitmentsQuery>,
) -> HttpResult<Json<Page<CommitmentView>>> {
    require_reader(&by)?;
    let limit = kernel::page::limit(query.limit);
    let filter = query.filter(&cases).await?;
    let page = cases.commitments(&by, &filter, limit).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(cases.commitment_view(row, ctx.lang).await?);
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: None }))
}

/// Exports promises as an Excel file that can be changed and imported again.
#[utoipa::path(
    get, path = "/commitments.xlsx", operation_id = "export_commitments", tag = "cases",
    params(CommitmentsQuery), responses((status = 200, description = "An Excel file"))
)]
async fn export_commitments(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CommitmentsQuery>,
) -> HttpResult<Response> {
    require_reader(&by)?;
    let filter = CommitmentFilter { cursor: None, ..query.filter(&cases).await? };
    let page = cases.commitments(&by, &filter, EXPORT_MAX).await?;
    let zone = cases.kit().config.zone.clone();
    let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(page.items.len());
    for row in page.items {
        let view = cases.commitment_view(row, ctx.lang).await?;
        rows.push(vec![
            view.unit_name.into(),
            view.service.into(),
            view.audience.into(),
            view.content.into(),
            view.standard.into(),
            view.process.into(),
            view.time_limit.into(),
            view.basis.into(),
            view.contact.into(),
            view.state_name.into(),
            view.published_at.map(|at| local_time(&zone, at)).into(),
        ]);
    }
    let mut tx = cases.kit().db.begin().await.map_err(CaseError::from)?;
    tx.audit(&ctx, Audit::new("commitment.export", "commitment", "").detail(json!({"rows": rows.len()})));
    tx.commit().await.map_err(CaseError::from)?;
    let mut head = commitment::head(ctx.lang);
    head.extend(ctx.lang.pick(["状态", "发布时间"], ["State", "Published"]));
    download_workbook("commitments", head, rows).await
}

/// Writes a promise of a unit.
#[utoipa::path(
    post, path = "/commitments", operation_id = "add_commitment", tag = "cases", request_body = CommitmentBody,
    responses(
        (status = 201, description = "The promise", body = CommitmentMade),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn add_commitment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<CommitmentBody>,
) -> HttpResult<(StatusCode, Json<CommitmentMade>)> {
    by.require("commitment.write")?;
    let wished = body.unit_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| by.unit_id.clone());
    let unit = cases.ports().directory.unit(&UnitId(wished)).await.map_err(CaseError::Port)?;
    let unit = unit.filter(|unit| unit.active && writes_for(&by, unit)).ok_or_else(no_such_unit)?;
    let id = cases.add_commitment(&ctx, &unit, &body.text()).await?;
    Ok((StatusCode::CREATED, Json(CommitmentMade { id })))
}

/// Changes a promise; what everybody reads stays until it is published again.
#[utoipa::path(
    put, path = "/commitments/{id}", operation_id = "change_commitment", tag = "cases",
    request_body = CommitmentBody, params(("id" = String, Path, description = "The promise")),
    responses((status = 204), (status = 409, description = "stale_version", body = ProblemBody))
)]
async fn change_commitment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CommitmentBody>,
) -> HttpResult<StatusCode> {
    by.require("commitment.write")?;
    let version = body.version;
    cases.change_commitment(&ctx, &by, &id, version, &body.text()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a promise that nobody reads.
#[utoipa::path(
    delete, path = "/commitments/{id}", operation_id = "delete_commitment", tag = "cases",
    params(("id" = String, Path, description = "The promise"), CommitmentVersion),
    responses(
        (status = 204),
        (status = 409, description = "commitment.wrong_state while it is published", body = ProblemBody),
    )
)]
async fn delete_commitment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<CommitmentVersion>,
) -> HttpResult<StatusCode> {
    by.require("commitment.write")?;
    cases.delete_commitment(&ctx, &by, &id, query.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands a promise in to be published.
#[utoipa::path(
    post, path = "/commitments/{id}/submission", operation_id = "hand_in_commitment", tag = "cases",
    request_body = CommitmentVersion, params(("id" = String, Path, description = "The promise")),
    responses(
        (status = 204),
        (status = 409, description = "commitment.wrong_state or stale_version", body = ProblemBody),
        (status = 422, description = "It is not whole", body = ProblemBody),
    )
)]
async fn hand_in_commitment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CommitmentVersion>,
) -> HttpResult<StatusCode> {
    by.require("commitment.write")?;
    cases.move_commitment(&ctx, &by, &id, body.version, CommitmentStep::HandIn, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publishes a promise that was handed in, or sends it back.
#[utoipa::path(
    post, path = "/commitments/{id}/decision", operation_id = "decide_on_commitment", tag = "cases",
    request_body = CommitmentDecision, params(("id" = String, Path, description = "The promise")),
    responses(
        (status = 204),
        (status = 409, description = "commitment.wrong_state or stale_version", body = ProblemBody),
    )
)]
async fn decide_on_commitment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CommitmentDecision>,
) -> HttpResult<StatusCode> {
    by.require("publication.write")?;
    let step = if body.publish { CommitmentStep::Publish } else { CommitmentStep::SendBack };
    cases.move_commitment(&ctx, &by, &id, body.version, step, &body.note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a promise from everybody's sight at once.
#[utoipa::path(
    post, path = "/commitments/{id}/withdrawal", operation_id = "withdraw_commitment", tag = "cases",
    request_body = CommitmentVersion, params(("id" = String, Path, description = "The promise")),
    responses(
        (status = 204),
        (status = 409, description = "commitment.wrong_state or stale_version", body = ProblemBody),
    )
)]
async fn withdraw_commitment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CommitmentVersion>,
) -> HttpResult<StatusCode> {
    by.require("publication.write")?;
    cases.move_commitment(&ctx, &by, &id, body.version, CommitmentStep::Withdraw, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes promises in from an Excel or CSV file of at most 2,000 lines, as drafts; one of the same unit and name is
/// changed. Refused lines come back as a file with the reason beside each.
#[utoipa::path(
    post, path = "/commitments/import", operation_id = "import_commitments", tag = "cases",
    params(CommitmentImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 202, description = "The run that takes it in", body = RunStarted),
        (status = 422, description = "The file cannot be read", body = ProblemBody),
    )
)]
async fn import_commitments(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CommitmentImportQuery>,
    bytes: Bytes,
) -> HttpResult<(StatusCode, Json<RunStarted>)> {
    by.require("commitment.write")?;
    let read = move || -> Result<(Vec<String>, Vec<Line>), CaseError> {
        let sheet = Sheet::read(&bytes)?;
        let lines = commitment::read(&sheet)?;
        Ok((sheet.head, lines))
    };
    let file = tokio::task::spawn_blocking(read).await.map_err(|error| Problem::from_internal(&error))??;
    let (runner, run_ctx, importer) = (cases.clone(), ctx.clone(), by.clone());
    let run_id = cases
        .start_run(&ctx, &by, "commitments", move |progress| async move {
            runner.import_commitment_lines(&run_ctx, &importer, file, query.dry_run, progress).await
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(RunStarted { run_id })))
}
