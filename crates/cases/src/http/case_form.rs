//! `GET|PUT /cases/{id}/form`.

use std::collections::BTreeMap;

use axum::extract::State;
use contract::cases::CaseId;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::store::form_answer::{StepFilling, shown_form};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(get_case_form, fill_case_form))
}

/// The forms of an order as the reader sees them.
#[derive(Serialize, ToSchema)]
struct CaseFormsView {
    /// The order's version.
    version: i64,
    /// What kind of matter it is.
    order_type: Option<String>,
    /// The node at which the reader stands.
    node: String,
    /// The forms; what the reader may not see is not in them.
    sheets: Vec<SheetView>,
}

/// A form of an order.
#[derive(Serialize, ToSchema)]
struct SheetView {
    /// The form by its name.
    name: String,
    /// The version that the order keeps.
    form_id: String,
    form_version: i64,
    /// Whether a newer version is in force for new orders.
    newer: bool,
    /// The form as this reader sees it.
    #[schema(value_type = Object)]
    form: Value,
    #[schema(value_type = Object)]
    answers: Value,
    /// Keys that the reader can fill in now.
    editable: Vec<String>,
    /// Keys that the reader has to fill in before the step is done.
    required: Vec<String>,
    /// What people, units, orders and words are called, by id.
    names: BTreeMap<String, String>,
    updated_at: Option<i64>,
    updated_by: String,
}

/// What is filled in.
#[derive(Debug, Deserialize, ToSchema)]
struct CaseFormRequest {
    /// The order's version that was read.
    version: i64,
    /// The form by its name.
    name: String,
    /// The version of the form that was read.
    form_id: String,
    /// The answers; fields that are missing stay as they are.
    #[schema(value_type = Object)]
    answers: Map<String, Value>,
    /// Whether everything that is required has to be there.
    #[serde(default)]
    whole: bool,
}

/// The order's version afterwards.
#[derive(Serialize, ToSchema)]
struct CaseFormFilledView {
    version: i64,
}

/// Shows the forms of an order, each under the version that it was filled in with.
#[utoipa::path(
    get, path = "/cases/{id}/form", operation_id = "get_case_form", tag = "forms",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "The forms", body = CaseFormsView),
        (status = 404, description = "No such order", body = ProblemBody),
    )
)]
async fn get_case_form(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<CaseId>,
) -> HttpResult<Json<CaseFormsView>> {
    by.require("case.read")?;
    let (case, stand, sheets) = cases.sheets(&by, &id).await?;
    let today = cases.today(ctx.now)?;
    let hidden = !case.shows_citizen_to(&by);
    let mut shown = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        let reader = stand.reader(&by, &today, ctx.now.0, sheet.own);
        let form = shown_form(&sheet.form.form, &case, &by);
        let editable = form.editable(&reader, &forms::Effects::default());
        let mut answers = form.readable(&reader, &sheet.answers);
        if hidden {
            for (_, value) in answers.iter_mut().filter(|(key, _)| !editable.contains(*key)) {
                mask(value, &|text| case.citizen.masked_in(text));
            }
        }
        let schema = form.shown_to(&reader);
        if schema.fields.is_empty() {
            continue;
        }
        shown.push(SheetView {
            name: sheet.form.name.clone(),
            form_id: sheet.form.id.clone(),
            form_version: sheet.form.version,
            newer: cases.active_form(&sheet.form.name).is_some_and(|active| active.id != sheet.form.id),
            names: cases.names_in(ctx.lang, &by, &form, &answers).await?,
            form: json!(schema),
            answers: json!(answers),
            editable,
            required: form.required(&reader),
            updated_at: sheet.updated_at,
            updated_by: sheet.updated_by,
        });
    }
    let order_type = cases.order_type_of(&id).await?;
    Ok(Json(CaseFormsView {
        version: case.version,
        order_type: order_type.map(|one| match ctx.lang {
            Lang::En if !one.draft.en.is_empty() => one.draft.en,
            _ => one.draft.zh,
        }),
        node: stand.node.to_owned(),
        sheets: shown,
    }))
}

/// Hides in every text of an answer what must not be read.
fn mask(value: &mut Value, hide: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = hide(text),
        Value::Array(list) => list.iter_mut().for_each(|one| mask(one, hide)),
        Value::Object(map) => map.values_mut().for_each(|one| mask(one, hide)),
        _ => {}
    }
}

/// Fills in a form at the step that lies in the reader's hands. Nothing of the course changes; what is required is
/// asked for when the step is done.
#[utoipa::path(
    put, path = "/cases/{id}/form", operation_id = "fill_case_form", tag = "forms",
    params(("id" = String, Path, description = "The order")), request_body = CaseFormRequest,
    responses(
        (status = 200, description = "Kept", body = CaseFormFilledView),
        (status = 404, description = "No such order or form", body = ProblemBody),
        (status = 409, description = "Somebody was faster, or nothing is to be filled in here", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn fill_case_form(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<CaseId>,
    Json(body): Json<CaseFormRequest>,
) -> HttpResult<Json<CaseFormFilledView>> {
    by.require("case.read")?;
    let filling =
        StepFilling { form: &body.name, form_id: &body.form_id, answers: &body.answers, whole: body.whole };
    let version = cases.fill_step(&ctx, &by, &id, body.version, &filling).await?;
    Ok(Json(CaseFormFilledView { version }))
}
