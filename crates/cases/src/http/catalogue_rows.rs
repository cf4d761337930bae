//! `/catalogues/{id}/rows`: what a version says, as a list, one by one, and as a file; and
//! `GET /cases/{id}/proposal`.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook, write_workbook};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Page, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::runs::RunStarted;
use crate::Cases;
use crate::case::catalogue::{Row, tier_name};
use crate::case::catalogue_file;
use crate::error::{CaseError, Check, Refusal};
use crate::http::view::Named;
use crate::sheet::{FILE_BYTES_MAX, Sheet};
use crate::store::catalogue::Merge;
use crate::store::catalogue_choice::RowFigures;
use crate::store::run::{Outcome, RunFile};

/// Statistics look back so far.
const LOOK_BACK_DAYS: i64 = 180;
/// The media type of workbooks.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn routes() -> OpenApiRouter<Cases> {
    let upload = OpenApiRouter::from(Router::new())
        .routes(routes!(import_catalogue_rows))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX + 1024));
    OpenApiRouter::new()
        .routes(routes!(list_catalogue_rows, create_catalogue_row))
        .routes(routes!(replace_catalogue_row, delete_catalogue_row))
        .routes(routes!(export_catalogue_rows))
        .routes(routes!(get_case_proposal))
        .merge(upload)
}

/// A district and the unit that deals with it there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct RegionBody {
    /// The district's name or code.
    district: String,
    /// The unit's code.
    unit_code: String,
}

/// A row as it is written.
#[derive(Clone, Debug, Deserialize, ToSchema)]
struct CatalogueRowRequest {
    /// Its code, the same in every version.
    code: String,
    /// The matter in words.
    item: String,
    /// The category that it deals with, by code.
    #[serde(default)]
    category_code: Option<String>,
    /// Words that point at it.
    #[serde(default)]
    keywords: Vec<String>,
    /// The unit in charge, by code.
    #[serde(default)]
    unit_code: Option<String>,
    /// Units that help, by code.
    #[serde(default)]
    co_unit_codes: Vec<String>,
    /// Units in charge by district.
    #[serde(default)]
    regions: Vec<RegionBody>,
    /// The tier of the limit, such as `24h`.
    #[serde(default)]
    tier: Option<String>,
    /// The legal basis.
    #[serde(default)]
    basis: String,
    /// Whether orders go out by it without a dispatcher.
    #[serde(default)]
    automatic: bool,
    /// Whether it is used.
    #[serde(default = "yes")]
    active: bool,
    /// The version that was read; 0 for a new row.
    #[serde(default)]
    version: i64,
}

fn yes() -> bool {
    true
}

impl CatalogueRowRequest {
    fn row(self, id: String) -> Row {
        let text =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let list = |list: Vec<String>| -> Vec<String> {
            list.into_iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
        };
        Row {
            id,
            code: self.code.trim().to_owned(),
            item: self.item.trim().to_owned(),
            category_code: text(self.category_code),
            keywords: list(self.keywords),
            unit_code: text(self.unit_code),
            co_unit_codes: list(self.co_unit_codes),
            regions: self
                .regions
                .into_iter()
                .map(|region| (region.district.trim().to_owned(), region.unit_code))
                .collect(),
            tier: text(self.tier),
            basis: self.basis,
            automatic: self.automatic,
            active: self.active,
            version: self.version,
        }
    }
}

/// A row with names and with what became of its proposals.
#[derive(Serialize, ToSchema)]
struct CatalogueRowView {
    id: String,
    code: String,
    item: String,
    category_code: Option<String>,
    /// Names of the category from the root.
    category_name: Option<String>,
    keywords: Vec<String>,
    unit_code: Option<String>,
    unit_name: Option<String>,
    co_unit_codes: Vec<String>,
    co_unit_names: Vec<String>,
    regions: Vec<RegionView>,
    tier: Option<String>,
    tier_name: Option<String>,
    basis: String,
    automatic: bool,
    active: bool,
    version: i64,
    /// How often it proposed a unit in the last half year.
    asked: i64,
    /// How often a dispatcher chose another unit.
    overridden: i64,
    /// How often the unit gave the order back.
    returned: i64,
}

/// A district with the name of its unit.
#[derive(Serialize, ToSchema)]
struct RegionView {
    district: String,
    unit_code: String,
    unit_name: String,
}

/// What narrows the rows of a version.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct RowQuery {
    /// Words in code, item, keywords, basis, category or unit.
    q: Option<String>,
    /// Rows of this unit, by code: in charge, helping, or for a district.
    unit_code: Option<String>,
    /// Rows of this category or one below, by code.
    category_code: Option<String>,
    /// Only rows that were objected to.
    objected: bool,
    /// Only rows that dispatch by themselves.
    automatic: bool,
    /// `code` (when absent) or `-objections`.
    sort: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

impl Cases {
    /// Returns the rows that a query wants, with their figures, in its order.
    async fn rows_wanted(
        &self,
        id: &str,
        query: &RowQuery,
        now: Timestamp,
    ) -> Result<Vec<(Row, RowFigures)>, CaseError> {
        let figures = self.row_figures(Timestamp(now.0 - LOOK_BACK_DAYS * 86_400_000)).await?;
        let categories = self.categories();
        let rows = self.catalogue_rows(id).await?;
        let names = self.names_of(&rows).await?;
        let words = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
        let category_path = query
            .category_code
            .as_deref()
            .filter(|code| !code.is_empty())
            .map(|code| categories.by_code(code).map_or_else(|| "?".to_owned(), |one| one.path.clone()));
        let unit = query.unit_code.as_deref().filter(|code| !code.is_empty());
        let mut wanted: Vec<(Row, RowFigures)> = rows
            .into_iter()
            .map(|row| {
                let figures = figures.get(&row.code).copied().unwrap_or_default();
                (row, figures)
            })
            .filter(|(row, figures)| {
                let category = row.category_code.as_deref().and_then(|code| categories.by_code(code));
                let named =
                    |code: &String| names.get(code).map(|name| name.to_lowercase()).unwrap_or_default();
                (words.is_empty()
                    || row.code.to_lowercase().contains(&words)
                    || row.item.to_lowercase().contains(&words)
                    || row.basis.to_lowercase().contains(&words)
                    || row.keywords.iter().any(|word| word.to_lowercase().contains(&words))
                    || category.is_some_and(|one| one.path_name.to_lowercase().contains(&words))
                    || row.unit_code.iter().any(|code| named(code).contains(&words)))
                    && unit.is_none_or(|unit| {
                        row.unit_code.as_deref() == Some(unit)
                            || row.co_unit_codes.iter().any(|code| code == unit)
                            || row.regions.iter().any(|(_, code)| code == unit)
                    })
                    && category_path
                        .as_deref()
                        .is_none_or(|path| category.is_some_and(|one| one.path.starts_with(path)))
                    && (!query.objected || figures.objections() > 0)
                    && (!query.automatic || row.automatic)
            })
            .collect();
        if query.sort.as_deref() == Some("-objections") {
            wanted.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.objections()));
        }
        Ok(wanted)
    }

    async fn names_of(&self, rows: &[Row]) -> Result<HashMap<String, String>, CaseError> {
        let mut codes: Vec<String> = Vec::new();
        for row in rows {
            codes.extend(row.unit_code.iter().chain(&row.co_unit_codes).cloned());
            codes.extend(row.regions.iter().map(|(_, code)| code.clone()));
        }
        self.unit_names_by_code(&codes).await
    }

    fn row_view(
        &self,
        row: Row,
        figures: RowFigures,
        names: &HashMap<String, String>,
        lang: Lang,
    ) -> CatalogueRowView {
        let name = |code: &String| names.get(code).cloned().unwrap_or_else(|| code.clone());
        let categories = self.categories();
        CatalogueRowView {
            category_name: row
                .category_code
                .as_deref()
                .and_then(|code| categories.by_code(code))
                .map(|category| category.path_name.clone()),
            unit_name: row.unit_code.as_ref().map(name),
            co_unit_names: row.co_unit_codes.iter().map(name).collect(),
            regions: row
                .regions
                .iter()
                .map(|(district, code)| RegionView {
                    district: district.clone(),
                    unit_code: code.clone(),
                    unit_name: name(code),
                })
                .collect(),
            tier_name: row.tier.as_deref().map(|tier| tier_name(tier, lang)),
            id: row.id,
            code: row.code,
            item: row.item,
            category_code: row.category_code,
            keywords: row.keywords,
            unit_code: row.unit_code,
            co_unit_codes: row.co_unit_codes,
            tier: row.tier,
            basis: row.basis,
            automatic: row.automatic,
            active: row.active,
            version: row.version,
            asked: figures.asked(),
            overridden: figures.overridden,
            returned: figures.returned,
        }
    }
}

/// Lists rows of a version.
#[utoipa::path(
    get, path = "/catalogues/{id}/rows", operation_id = "list_catalogue_rows", tag = "catalogue",
    params(("id" = String, Path, description = "The version"), RowQuery),
    responses((status = 200, description = "A page of rows", body = Page<CatalogueRowView>))
)]
async fn list_catalogue_rows(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<RowQuery>,
) -> HttpResult<Json<Page<CatalogueRowView>>> {
    by.require("catalogue.read")?;
    cases.catalogue_version(&id).await?;
    let rows = cases.rows_wanted(&id, &query, ctx.now).await?;
    let total = rows.len();
    let from: usize = query.cursor.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
    let to = (from + kernel::page::limit(query.limit)).min(total);
    let page: Vec<(Row, RowFigures)> = rows.into_iter().skip(from).take(to.saturating_sub(from)).collect();
    let shown: Vec<Row> = page.iter().map(|(row, _)| row.clone()).collect();
    let names = cases.names_of(&shown).await?;
    Ok(Json(Page {
        items: page
            .into_iter()
            .map(|(row, figures)| cases.row_view(row, figures, &names, ctx.lang))
            .collect(),
        next_cursor: (to < total).then(|| to.to_string()),
        total: i64::try_from(total).ok(),
    }))
}

/// Adds a row to a draft.
#[utoipa::path(
    post, path = "/catalogues/{id}/rows", operation_id = "create_catalogue_row", tag = "catalogue",
    params(("id" = String, Path, description = "The draft")), request_body = CatalogueRowRequest,
    responses(
        (status = 201, description = "The row", body = CatalogueRowView),
        (status = 409, description = "The version is published", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn create_catalogue_row(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CatalogueRowRequest>,
) -> HttpResult<(StatusCode, Json<CatalogueRowView>)> {
    by.require("catalogue.write")?;
    let row = cases.write_catalogue_row(&ctx, &id, body.row(String::new())).await?;
    let names = cases.names_of(std::slice::from_ref(&row)).await?;
    Ok((StatusCode::CREATED, Json(cases.row_view(row, RowFigures::default(), &names, ctx.lang))))
}

/// Replaces a row of a draft.
#[utoipa::path(
    put, path = "/catalogues/{id}/rows/{row_id}", operation_id = "replace_catalogue_row", tag = "catalogue",
    params(("id" = String, Path, description = "The draft"), ("row_id" = String, Path, description = "The row")),
    request_body = CatalogueRowRequest,
    responses(
        (status = 200, description = "The row", body = CatalogueRowView),
        (status = 409, description = "Somebody was faster, or the version is published", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn replace_catalogue_row(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((id, row_id)): Path<(String, String)>,
    Json(body): Json<CatalogueRowRequest>,
) -> HttpResult<Json<CatalogueRowView>> {
    by.require("catalogue.write")?;
    let row = cases.write_catalogue_row(&ctx, &id, body.row(row_id)).await?;
    let names = cases.names_of(std::slice::from_ref(&row)).await?;
    Ok(Json(cases.row_view(row, RowFigures::default(), &names, ctx.lang)))
}

/// Takes a row out of a draft.
#[utoipa::path(
    delete, path = "/catalogues/{id}/rows/{row_id}", operation_id = "delete_catalogue_row", tag = "catalogue",
    params(("id" = String, Path, description = "The draft"), ("row_id" = String, Path, description = "The row")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "The version is published", body = ProblemBody),
    )
)]
async fn delete_catalogue_row(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((id, row_id)): Path<(String, String)>,
) -> HttpResult<StatusCode> {
    by.require("catalogue.write")?;
    cases.drop_catalogue_row(&ctx, &id, &row_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Exports rows as an Excel file that can be changed and imported again.
#[utoipa::path(
    get, path = "/catalogues/{id}/rows.xlsx", operation_id = "export_catalogue_rows", tag = "catalogue",
    params(("id" = String, Path, description = "The version"), RowQuery),
    responses((status = 200, description = "The file", body = Vec<u8>,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
async fn export_catalogue_rows(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<RowQuery>,
) -> HttpResult<Response> {
    by.require("catalogue.read")?;
    cases.catalogue_version(&id).await?;
    let rows = cases.rows_wanted(&id, &query, ctx.now).await?;
    let cells = rows.iter().map(|(row, _)| catalogue_file::cells(row, ctx.lang)).collect();
    download_workbook("catalogue", catalogue_file::head(ctx.lang), cells).await
}

/// How a file is taken in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only says what would happen.
    dry_run: bool,
    /// Whether rows that the file does not have go.
    replace: bool,
}

/// Takes rows in from an Excel or CSV file (UTF-8 or GB18030). Lines that are refused come back as a file with
/// the reason beside each; the others are taken unless it is a dry run.
#[utoipa::path(
    post, path = "/catalogues/{id}/import", operation_id = "import_catalogue_rows", tag = "catalogue",
    params(("id" = String, Path, description = "The draft"), ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 202, description = "The run that takes it in", body = RunStarted),
        (status = 409, description = "The version is published", body = ProblemBody),
        (status = 422, description = "The file cannot be read", body = ProblemBody),
    )
)]
async fn import_catalogue_rows(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<ImportQuery>,
    bytes: Bytes,
) -> HttpResult<(StatusCode, Json<RunStarted>)> {
    by.require("catalogue.write")?;
    if cases.catalogue_version(&id).await?.state != "draft" {
        return Err(CaseError::Published.into());
    }
    let sheet = tokio::task::spawn_blocking(move || Sheet::read(&bytes))
        .await
        .map_err(|error| Problem::from_internal(&error))?
        .map_err(CaseError::Sheet)?;
    let lines = catalogue_file::read(&sheet).map_err(|missing| {
        let titles = missing.join("、");
        Problem::invalid().field(
            "file",
            "missing_columns",
            &format!("缺少列：{titles}。请先导出一份作为模板。"),
            &format!("Columns are missing: {titles}. Export a file first and use it as a template."),
        )
    })?;
    let (runner, run_ctx) = (cases.clone(), ctx.clone());
    let run_id = cases
        .start_run(&ctx, &by, "catalogue_import", move |progress| async move {
            let known: Vec<String> =
                runner.catalogue_rows(&id).await?.into_iter().map(|row| row.code).collect();
            let (mut good, mut rejected): (Vec<Row>, Vec<Vec<Cell>>) = (Vec::new(), Vec::new());
            let mut reasons: Vec<serde_json::Value> = Vec::new();
            let total = lines.len();
            for (at, line) in lines.into_iter().enumerate() {
                if at % 500 == 0 {
                    progress.tell(at, total).await?;
                }
                let mut why = match &line.row {
                    Err(reason) => vec![reason.clone()],
                    Ok(row) => {
                        let mut check = Check::default();
                        runner.check_row(&mut check, row).await?;
                        match check.done() {
                            Err(CaseError::Invalid(refusals)) => said(&refusals, run_ctx.lang),
                            _ => Vec::new(),
                        }
                    }
                };
                if let Ok(row) = &line.row
                    && good.iter().any(|other| other.code == row.code)
                {
                    why.push(
                        run_ctx.lang.pick("编号在文件中重复。", "The code is twice in the file.").to_owned(),
                    );
                }
                if why.is_empty() {
                    good.extend(line.row);
                    continue;
                }
                let mut cells = vec![Cell::Number(line.number as f64), why.join(" ").into()];
                cells.extend(line.cells.into_iter().map(Cell::from));
                rejected.push(cells);
                if reasons.len() < 50 {
                    reasons.push(json!({ "line": line.number, "reason": why.join(" ") }));
                }
            }
            let changed = good.iter().filter(|row| known.contains(&row.code)).count();
            let merge = if query.replace { Merge::Replace } else { Merge::Update };
            let gone = if query.replace {
                known.iter().filter(|code| !good.iter().any(|row| row.code == **code)).count()
            } else {
                0
            };
            if !query.dry_run && !good.is_empty() {
                runner.merge_catalogue(&run_ctx, &id, &good, merge).await?;
            }
            let file = rejected_file(&sheet.head, &rejected, run_ctx.lang)?;
            Ok(Outcome {
                result: json!({
                    "dry_run": query.dry_run, "accepted": good.len(), "new": good.len() - changed,
                    "changed": changed, "gone": gone, "rejected": rejected.len(), "reasons": reasons,
                }),
                file,
            })
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(RunStarted { run_id })))
}

/// Makes the file of refused lines: as they came, with their line and the reason before them.
pub(super) fn rejected_file(
    head: &[String],
    rejected: &[Vec<Cell>],
    lang: Lang,
) -> Result<Option<RunFile>, CaseError> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let mut titles = vec![lang.pick("行号", "Line"), lang.pick("未导入原因", "Reason")];
    titles.extend(head.iter().map(String::as_str));
    let name = lang.pick("未导入的行.xlsx", "rejected-rows.xlsx").to_owned();
    Ok(Some(RunFile { bytes: write_workbook(&titles, rejected)?, name, media_type: XLSX }))
}

/// Says what was refused.
pub(super) fn said(refusals: &[Refusal], lang: Lang) -> Vec<String> {
    refusals.iter().map(|refusal| lang.pick(refusal.zh.clone(), refusal.en.clone())).collect()
}

/// What the catalogue proposes for an order.
#[derive(Serialize, ToSchema)]
struct ProposalView {
    /// The version of the catalogue.
    catalogue_id: String,
    catalogue_version: i64,
    /// The row.
    row_code: String,
    item: String,
    /// The unit in charge.
    unit: Named,
    /// Units that help.
    co_units: Vec<Named>,
    tier: Option<String>,
    tier_name: Option<String>,
    /// The legal basis.
    basis: String,
    /// Why, in one sentence.
    reason: String,
    /// Whether it goes out by itself.
    automatic: bool,
}

/// What is proposed, if anything.
#[derive(Serialize, ToSchema)]
struct ProposalAnswer {
    /// Absent where the catalogue says nothing, or a unit has the order already.
    proposal: Option<ProposalView>,
}

/// Shows what the dispatch catalogue proposes for an order that waits for its dispatch.
#[utoipa::path(
    get, path = "/cases/{id}/proposal", operation_id = "get_case_proposal", tag = "catalogue",
    params(("id" = String, Path, description = "The order")),
    responses((status = 200, description = "The proposal", body = ProposalAnswer))
)]
async fn get_case_proposal(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<ProposalAnswer>> {
    by.require("case.read")?;
    let proposed = cases.proposal_for(&by, &id.into()).await?;
    let proposal = proposed.map(|proposed| {
        let reason = cases.reason(&proposed, ctx.lang);
        let row = proposed.proposal.row;
        ProposalView {
            catalogue_id: proposed.catalogue_id,
            catalogue_version: proposed.catalogue_version,
            row_code: row.code,
            item: row.item,
            unit: Named { id: proposed.unit.id.0, name: proposed.unit.name },
            co_units: proposed
                .co_units
                .into_iter()
                .map(|unit| Named { id: unit.id.0, name: unit.name })
                .collect(),
            tier_name: row.tier.as_deref().map(|tier| tier_name(tier, ctx.lang)),
            tier: row.tier,
            basis: row.basis,
            reason,
            automatic: row.automatic,
        }
    });
    Ok(Json(ProposalAnswer { proposal }))
}
