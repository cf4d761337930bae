//! `GET|POST /categories` and `PATCH /categories/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::Kind;
use crate::store::category::{Categories, Category, CategoryChange, CategoryDraft};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_categories, create_category)).routes(routes!(change_category))
}

/// A category with those below it.
#[derive(Serialize, ToSchema)]
struct CategoryView {
    id: String,
    parent_id: Option<String>,
    code: String,
    name: String,
    /// Names from the root, joined by `/`.
    path: String,
    level: i64,
    /// The type that orders of it mostly have.
    r#type: Option<Kind>,
    /// The unit that mostly deals with it.
    unit_code: Option<String>,
    ordinal: i64,
    /// Whether it can be chosen.
    active: bool,
    version: i64,
    #[schema(no_recursion)]
    children: Vec<CategoryView>,
}

/// A new category.
#[derive(Debug, Deserialize, ToSchema)]
struct CategoryRequest {
    /// The category above.
    #[serde(default)]
    parent_id: Option<String>,
    /// Its code; unique.
    code: String,
    /// Its name.
    name: String,
    /// The type that orders of it mostly have.
    #[serde(default)]
    r#type: Option<Kind>,
    /// The unit that mostly deals with it.
    #[serde(default)]
    unit_code: Option<String>,
    /// Its place among its sisters.
    #[serde(default)]
    ordinal: i64,
}

/// What of a category changes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
struct CategoryChangeRequest {
    /// The version that was read.
    version: i64,
    /// Its name.
    #[serde(default)]
    name: Option<String>,
    /// The unit that mostly deals with it; empty for none.
    #[serde(default)]
    unit_code: Option<String>,
    /// Whether it can be chosen.
    #[serde(default)]
    active: Option<bool>,
    /// Its place among its sisters.
    #[serde(default)]
    ordinal: Option<i64>,
}

fn view(all: &Categories, category: &Category) -> CategoryView {
    CategoryView {
        id: category.id.clone(),
        parent_id: category.parent_id.clone(),
        code: category.code.clone(),
        name: category.name.clone(),
        path: category.path_name.clone(),
        level: category.level,
        r#type: category.kind.as_deref().and_then(Kind::parse),
        unit_code: category.unit_code.clone(),
        ordinal: category.ordinal,
        active: category.active != 0,
        version: category.version,
        children: below(all, Some(&category.id)),
    }
}

fn below(all: &Categories, parent_id: Option<&str>) -> Vec<CategoryView> {
    all.all.iter().filter(|one| one.parent_id.as_deref() == parent_id).map(|one| view(all, one)).collect()
}

/// Shows the tree of categories.
#[utoipa::path(
    get, path = "/categories", operation_id = "list_categories", tag = "categories",
    responses((status = 200, description = "The tree", body = Vec<CategoryView>))
)]
async fn list_categories(State(cases): State<Cases>, Auth(_by): Auth) -> HttpResult<Json<Vec<CategoryView>>> {
    Ok(Json(below(&cases.categories(), None)))
}

/// Adds a category.
#[utoipa::path(
    post, path = "/categories", operation_id = "create_category", tag = "categories", request_body = CategoryRequest,
    responses(
        (status = 201, description = "The category", body = CategoryView),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn create_category(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<CategoryRequest>,
) -> HttpResult<(StatusCode, Json<CategoryView>)> {
    by.require("dictionary.write")?;
    let known = cases.categories();
    if known.by_code(&body.code).is_some() {
        return Err(Problem::invalid().field("code", "taken", "编码已被使用。", "This code is taken."));
    }
    // An unknown id becomes a code that nobody has, and is refused with the other fields.
    let parent = |id: &String| known.get(id).map(|parent| parent.code.clone()).unwrap_or_default();
    let parent_code = body.parent_id.as_ref().map(parent);
    let draft = CategoryDraft {
        parent_code,
        code: body.code,
        name: body.name,
        kind: body.r#type,
        unit_code: body.unit_code,
        ordinal: body.ordinal,
    };
    let ids = cases.add_categories(&ctx, &[draft]).await?;
    let all = cases.categories();
    let category = ids.first().and_then(|id| all.get(id)).ok_or_else(Problem::internal)?;
    Ok((StatusCode::CREATED, Json(view(&all, category))))
}

/// Changes a category.
#[utoipa::path(
    patch, path = "/categories/{id}", operation_id = "change_category", tag = "categories",
    params(("id" = String, Path, description = "The category")), request_body = CategoryChangeRequest,
    responses(
        (status = 200, description = "The category afterwards", body = CategoryView),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
    )
)]
async fn change_category(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CategoryChangeRequest>,
) -> HttpResult<Json<CategoryView>> {
    by.require("dictionary.write")?;
    let change = CategoryChange {
        name: body.name,
        unit_code: body.unit_code,
        active: body.active,
        ordinal: body.ordinal,
    };
    cases.change_category(&ctx, &id, body.version, change).await?;
    let all = cases.categories();
    let category = all.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Json(view(&all, category)))
}
