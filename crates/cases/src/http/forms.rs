//! `GET /forms`, `GET /forms/{id}` and `GET /forms/{id}/comparison`.

use axum::extract::State;
use axum::response::Response;
use kernel::HttpResult;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::store::form::FormLine;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_forms))
        .routes(routes!(export_forms))
        .routes(routes!(get_form))
        .routes(routes!(compare_forms))
}

/// A published form.
#[derive(Serialize, ToSchema)]
struct FormVersionView {
    id: String,
    /// The name by which versions belong together.
    name: String,
    version: i64,
    title_zh: String,
    title_en: String,
    /// Whether new orders are filled in with it.
    active: bool,
    /// What is different about it.
    note: String,
    published_at: i64,
    published_by: String,
    /// How its script failed last, in Chinese and English on a line each.
    fault: Option<String>,
    fault_at: Option<i64>,
    /// So many orders were filled in with it.
    orders: i64,
    /// The form; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    form: Option<Value>,
}

fn view(line: FormLine, form: Option<Value>) -> FormVersionView {
    FormVersionView {
        id: line.id,
        name: line.name,
        version: line.version,
        title_zh: line.title_zh,
        title_en: line.title_en,
        active: line.active != 0,
        note: line.note,
        published_at: line.published_at,
        published_by: line.published_by,
        fault: line.fault,
        fault_at: line.fault_at,
        orders: line.orders,
        form,
    }
}

/// One difference between two versions.
#[derive(Serialize, ToSchema)]
struct FormDifference {
    /// The key of the field, with that of the column; empty for the form itself.
    field: String,
    /// What the field is called, in Chinese.
    zh: String,
    /// What the field is called, in English.
    en: String,
    /// `added`, `removed`, `changed`, `moved`.
    change: String,
    /// Which properties changed.
    what: Vec<String>,
}

/// What is compared.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ComparisonQuery {
    /// The newer version, or a draft.
    with: String,
}

/// What narrows the forms.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct FormsQuery {
    /// A part of the name, the title, the note, or of who published it.
    q: String,
    /// Only versions that new orders are filled in with.
    active: bool,
    /// Only versions whose script failed.
    faulty: bool,
}

impl FormsQuery {
    fn fits(&self, line: &FormLine) -> bool {
        let wanted = self.q.trim().to_lowercase();
        let texts = [&line.name, &line.title_zh, &line.title_en, &line.note, &line.published_by];
        (wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted)))
            && (!self.active || line.active != 0)
            && (!self.faulty || line.fault.is_some())
    }
}

/// Lists published forms, the newest first.
#[utoipa::path(
    get, path = "/forms", operation_id = "list_forms", tag = "forms", params(FormsQuery),
    responses((status = 200, description = "The forms", body = Vec<FormVersionView>))
)]
async fn list_forms(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Query(query): Query<FormsQuery>,
) -> HttpResult<Json<Vec<FormVersionView>>> {
    by.require("form.read")?;
    let lines = cases.form_lines().await?.into_iter().filter(|line| query.fits(line));
    Ok(Json(lines.map(|line| view(line, None)).collect()))
}

/// Exports the list of published forms as an Excel file.
#[utoipa::path(
    get, path = "/forms.xlsx", operation_id = "export_forms", tag = "forms", params(FormsQuery),
    responses((status = 200, description = "An Excel file"))
)]
async fn export_forms(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<FormsQuery>,
) -> HttpResult<Response> {
    by.require("form.read")?;
    let zone = cases.kit().config.zone.clone();
    let state = |active: bool| {
        ctx.lang.pick(if active { "使用中" } else { "旧版本" }, if active { "In use" } else { "Former" })
    };
    let rows: Vec<Vec<Cell>> = cases
        .form_lines()
        .await?
        .into_iter()
        .filter(|line| query.fits(line))
        .map(|line| {
            vec![
                line.name.into(),
                ctx.lang.pick(line.title_zh, line.title_en).into(),
                line.version.into(),
                state(line.active != 0).into(),
                line.note.into(),
                line.published_by.into(),
                local_time(&zone, line.published_at).into(),
                line.orders.into(),
                line.fault.into(),
            ]
        })
        .collect();
    let head = ctx.lang.pick(
        vec!["名称", "标题", "版本", "状态", "说明", "发布人", "发布时间", "工单数", "脚本错误"],
        vec![
            "Name",
            "Title",
            "Version",
            "State",
            "Note",
            "Published by",
            "Published",
            "Orders",
            "Script failure",
        ],
    );
    download_workbook("forms", head, rows).await
}

/// Shows a published form.
#[utoipa::path(
    get, path = "/forms/{id}", operation_id = "get_form", tag = "forms",
    params(("id" = String, Path, description = "The version")),
    responses(
        (status = 200, description = "The form", body = FormVersionView),
        (status = 404, description = "No such form", body = ProblemBody),
    )
)]
async fn get_form(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<FormVersionView>> {
    by.require("form.read")?;
    let version = cases.form(&id).await?;
    let form = serde_json::to_value(version.form.schema()).ok();
    Ok(Json(view(cases.form_line(&id).await?, form)))
}

/// Says what is different between two versions, or between a version and a draft.
#[utoipa::path(
    get, path = "/forms/{id}/comparison", operation_id = "compare_forms", tag = "forms",
    params(("id" = String, Path, description = "The older version"), ComparisonQuery),
    responses(
        (status = 200, description = "The differences", body = Vec<FormDifference>),
        (status = 404, description = "No such form", body = ProblemBody),
        (status = 422, description = "The draft cannot be read yet", body = ProblemBody),
    )
)]
async fn compare_forms(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
    Query(query): Query<ComparisonQuery>,
) -> HttpResult<Json<Vec<FormDifference>>> {
    by.require("form.read")?;
    let differences = cases.compare_forms(&id, &query.with).await?.into_iter();
    let shown = differences.map(|one| FormDifference {
        field: one.field,
        zh: one.label.zh,
        en: one.label.en,
        change: one.change.to_owned(),
        what: one.what.into_iter().map(str::to_owned).collect(),
    });
    Ok(Json(shown.collect()))
}
