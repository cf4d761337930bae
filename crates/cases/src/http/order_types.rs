//! `GET|POST /order-types`, `PUT /order-types/{id}` and `GET /order-types/{id}/form`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::Kind;
use crate::case::order_type::{OrderType, OrderTypeDraft, Template};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_order_types, add_order_type))
        .routes(routes!(change_order_type))
        .routes(routes!(get_order_type_form))
}

/// An order type.
#[derive(Serialize, ToSchema)]
struct OrderTypeView {
    id: String,
    zh: String,
    en: String,
    /// The type of its orders.
    r#type: Kind,
    type_name: String,
    /// The category of its orders, where it is always the same.
    category_id: Option<String>,
    category_name: Option<String>,
    /// The form by its name.
    form_name: Option<String>,
    /// The version of the form in force.
    form_id: Option<String>,
    /// What the form is called.
    form_title: Option<String>,
    /// The flow by its name.
    flow_name: Option<String>,
    /// Whether citizens are offered it.
    for_citizens: bool,
    active: bool,
    ordinal: i64,
    templates: Vec<Template>,
    version: i64,
    updated_at: i64,
    updated_by: String,
}

/// An order type as somebody writes it.
#[derive(Debug, Deserialize, ToSchema)]
struct OrderTypeBody {
    /// The version that was read; absent for a new one.
    #[serde(default)]
    version: Option<i64>,
    zh: String,
    #[serde(default)]
    en: String,
    /// The type of its orders.
    r#type: Kind,
    #[serde(default)]
    category_id: Option<String>,
    #[serde(default)]
    form_name: Option<String>,
    #[serde(default)]
    flow_name: Option<String>,
    #[serde(default)]
    for_citizens: bool,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    ordinal: i64,
    #[serde(default)]
    templates: Vec<Template>,
}

fn yes() -> bool {
    true
}

impl From<OrderTypeBody> for OrderTypeDraft {
    fn from(body: OrderTypeBody) -> Self {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            zh: body.zh,
            en: body.en,
            kind: body.r#type,
            category_id: given(body.category_id),
            form_name: given(body.form_name),
            flow_name: given(body.flow_name),
            for_citizens: body.for_citizens,
            active: body.active,
            ordinal: body.ordinal,
            templates: body.templates,
        }
    }
}

/// A form to be filled in while an order is written.
#[derive(Serialize, ToSchema)]
pub(super) struct FreshForm {
    /// The version.
    form_id: String,
    /// The form as this reader sees it.
    #[schema(value_type = Object)]
    form: Value,
    /// What it begins with.
    #[schema(value_type = Object)]
    answers: Value,
    /// Keys that can be filled in.
    editable: Vec<String>,
    /// Keys that have to be filled in.
    required: Vec<String>,
}

/// What was made.
#[derive(Serialize, ToSchema)]
struct OrderTypeMade {
    id: String,
}

impl Cases {
    fn order_type_view(&self, lang: Lang, one: &OrderType) -> OrderTypeView {
        let draft = one.draft.clone();
        let form = draft.form_name.as_deref().and_then(|name| self.active_form(name));
        let category = draft
            .category_id
            .as_deref()
            .and_then(|id| self.categories().get(id).map(|one| one.path_name.clone()));
        OrderTypeView {
            id: one.id.clone(),
            zh: draft.zh,
            en: draft.en,
            r#type: draft.kind,
            type_name: draft.kind.name(lang).to_owned(),
            category_id: draft.category_id,
            category_name: category,
            form_name: draft.form_name,
            form_id: form.as_ref().map(|form| form.id.clone()),
            form_title: form.map(|form| form.form.schema().title.pick(lang == Lang::En).to_owned()),
            flow_name: draft.flow_name,
            for_citizens: draft.for_citizens,
            active: draft.active,
            ordinal: draft.ordinal,
            templates: draft.templates,
            version: one.version,
            updated_at: one.updated_at,
            updated_by: one.updated_by.clone(),
        }
    }
}

/// Lists order types in their order; those who only write orders see what can be chosen.
#[utoipa::path(
    get, path = "/order-types", operation_id = "list_order_types", tag = "forms",
    responses((status = 200, description = "The order types", body = Vec<OrderTypeView>))
)]
async fn list_order_types(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<OrderTypeView>>> {
    let all = by.has("order_type.write");
    if !all {
        by.require("case.read")?;
    }
    let types = cases.order_types();
    let shown = types.iter().filter(|one| all || one.draft.active);
    Ok(Json(shown.map(|one| cases.order_type_view(ctx.lang, one)).collect()))
}

/// Makes an order type.
#[utoipa::path(
    post, path = "/order-types", operation_id = "add_order_type", tag = "forms", request_body = OrderTypeBody,
    responses(
        (status = 201, description = "Made", body = OrderTypeMade),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn add_order_type(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<OrderTypeBody>,
) -> HttpResult<(StatusCode, Json<OrderTypeMade>)> {
    by.require("order_type.write")?;
    let id = cases.add_order_type(&ctx, &body.into()).await?;
    Ok((StatusCode::CREATED, Json(OrderTypeMade { id })))
}

/// Changes an order type, or takes it out of use; orders that were written keep theirs.
#[utoipa::path(
    put, path = "/order-types/{id}", operation_id = "change_order_type", tag = "forms",
    params(("id" = String, Path, description = "The order type")), request_body = OrderTypeBody,
    responses(
        (status = 204, description = "Changed"),
        (status = 404, description = "No such order type", body = ProblemBody),
        (status = 409, description = "Somebody else changed it", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn change_order_type(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<OrderTypeBody>,
) -> HttpResult<StatusCode> {
    by.require("order_type.write")?;
    let version = body.version.unwrap_or_default();
    cases.change_order_type(&ctx, &id, version, &body.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the form of an order type as the reader fills it in; null where it has none.
#[utoipa::path(
    get, path = "/order-types/{id}/form", operation_id = "get_order_type_form", tag = "forms",
    params(("id" = String, Path, description = "The order type")),
    responses(
        (status = 200, description = "The form", body = Option<FreshForm>),
        (status = 404, description = "No such order type", body = ProblemBody),
    )
)]
async fn get_order_type_form(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<Option<FreshForm>>> {
    if !by.has("order_type.write") {
        by.require("case.create")?;
    }
    let fresh = cases.fresh_form(&ctx, Some(&by), &id)?;
    Ok(Json(fresh.map(|fresh| FreshForm {
        form_id: fresh.form_id,
        form: serde_json::json!(fresh.form),
        answers: serde_json::json!(fresh.answers),
        editable: fresh.editable,
        required: fresh.required,
    })))
}
