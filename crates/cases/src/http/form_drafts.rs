//! `GET|POST /form-drafts`, `GET|PUT|DELETE /form-drafts/{id}`, `POST /form-drafts/{id}/publication` and
//! `POST /form-trials`.

use axum::extract::State;
use axum::http::StatusCode;
use forms::{Form, Reader, access};
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::error::{CaseError, Check};
use crate::store::form_draft::FormDraft;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_form_drafts, begin_form_draft))
        .routes(routes!(get_form_draft, save_form_draft, drop_form_draft))
        .routes(routes!(publish_form_draft))
        .routes(routes!(try_form))
}

/// A form that is worked on.
#[derive(Serialize, ToSchema)]
struct FormDraftView {
    id: String,
    /// The name by which versions belong together.
    name: String,
    title: String,
    /// The form; null in lists.
    #[schema(value_type = Option<Object>)]
    form: Value,
    /// The version from which it began.
    base_id: Option<String>,
    version: i64,
    updated_at: i64,
    updated_by: String,
}

impl From<FormDraft> for FormDraftView {
    fn from(draft: FormDraft) -> Self {
        let form = serde_json::from_str(&draft.form).unwrap_or_default();
        let FormDraft { id, name, title, base_id, version, updated_at, updated_by, .. } = draft;
        Self { id, name, title, form, base_id, version, updated_at, updated_by }
    }
}

/// A new draft.
#[derive(Debug, Deserialize, ToSchema)]
struct FormDraftRequest {
    /// The name by which versions belong together; small letters, digits, hyphens.
    name: String,
    title: String,
    /// The form.
    #[schema(value_type = Object)]
    form: Value,
    /// The version from which it begins.
    #[serde(default)]
    base_id: Option<String>,
}

/// What was designed.
#[derive(Debug, Deserialize, ToSchema)]
struct FormDraftChange {
    /// The version that was read.
    version: i64,
    title: String,
    /// The form.
    #[schema(value_type = Object)]
    form: Value,
}

/// Words for a publication.
#[derive(Debug, Deserialize, ToSchema)]
struct FormPublicationRequest {
    /// The version of the draft that was read.
    version: i64,
    /// What is different about it.
    #[serde(default)]
    note: String,
}

/// What was published.
#[derive(Serialize, ToSchema)]
struct PublishedForm {
    /// The version of the form.
    form_id: String,
}

/// A form to be tried, with what somebody could send.
#[derive(Debug, Deserialize, ToSchema)]
struct FormTrialRequest {
    /// The form.
    #[schema(value_type = Object)]
    form: Value,
    /// What is filled in.
    #[serde(default)]
    #[schema(value_type = Object)]
    answers: Map<String, Value>,
    /// What was there before.
    #[serde(default)]
    #[schema(value_type = Object)]
    before: Map<String, Value>,
    /// The node; the writing of an order when absent.
    #[serde(default)]
    node: Option<String>,
    /// The roles of whoever fills it in.
    #[serde(default)]
    roles: Vec<String>,
}

/// What comes of a trial.
#[derive(Serialize, ToSchema)]
struct FormTrial {
    /// What is wrong with the form.
    #[schema(value_type = Vec<Object>)]
    faults: Value,
    /// How the script failed.
    #[schema(value_type = Option<Object>)]
    script_error: Value,
    /// What the script said.
    #[schema(value_type = Option<Object>)]
    effects: Value,
    /// Answers that were refused.
    refusals: Vec<FormRefusal>,
    /// The answers as they would be kept.
    #[schema(value_type = Option<Object>)]
    answers: Value,
}

/// An answer that was refused.
#[derive(Serialize, ToSchema)]
struct FormRefusal {
    field: String,
    code: String,
    zh: String,
    en: String,
}

/// Lists the drafts, the latest first, without the forms.
#[utoipa::path(
    get, path = "/form-drafts", operation_id = "list_form_drafts", tag = "forms",
    responses((status = 200, description = "The drafts", body = Vec<FormDraftView>))
)]
async fn list_form_drafts(
    State(cases): State<Cases>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<FormDraftView>>> {
    by.require("form.read")?;
    let drafts = cases.form_drafts().await?.into_iter();
    Ok(Json(drafts.map(|draft| FormDraftView { form: Value::Null, ..draft.into() }).collect()))
}

/// Begins a draft.
#[utoipa::path(
    post, path = "/form-drafts", operation_id = "begin_form_draft", tag = "forms", request_body = FormDraftRequest,
    responses(
        (status = 201, description = "The draft", body = FormDraftView),
        (status = 409, description = "There is one already", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn begin_form_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<FormDraftRequest>,
) -> HttpResult<(StatusCode, Json<FormDraftView>)> {
    by.require("form.write")?;
    let (form, base) = (body.form.to_string(), body.base_id.as_deref());
    let draft = cases.begin_form_draft(&ctx, &body.name, &body.title, &form, base).await?;
    Ok((StatusCode::CREATED, Json(draft.into())))
}

/// Shows a draft.
#[utoipa::path(
    get, path = "/form-drafts/{id}", operation_id = "get_form_draft", tag = "forms",
    params(("id" = String, Path, description = "The draft")),
    responses(
        (status = 200, description = "The draft", body = FormDraftView),
        (status = 404, description = "No such draft", body = ProblemBody),
    )
)]
async fn get_form_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<FormDraftView>> {
    by.require("form.read")?;
    Ok(Json(cases.form_draft(&id).await?.into()))
}

/// Keeps what was designed.
#[utoipa::path(
    put, path = "/form-drafts/{id}", operation_id = "save_form_draft", tag = "forms",
    params(("id" = String, Path, description = "The draft")), request_body = FormDraftChange,
    responses(
        (status = 200, description = "The draft", body = FormDraftView),
        (status = 409, description = "Somebody else saved first", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn save_form_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<FormDraftChange>,
) -> HttpResult<Json<FormDraftView>> {
    by.require("form.write")?;
    let form = body.form.to_string();
    Ok(Json(cases.save_form_draft(&ctx, &id, body.version, &body.title, &form).await?.into()))
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = "/form-drafts/{id}", operation_id = "drop_form_draft", tag = "forms",
    params(("id" = String, Path, description = "The draft")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "No such draft", body = ProblemBody),
    )
)]
async fn drop_form_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("form.write")?;
    cases.drop_form_draft(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publishes a draft as the next version; new orders are filled in with it.
#[utoipa::path(
    post, path = "/form-drafts/{id}/publication", operation_id = "publish_form_draft", tag = "forms",
    params(("id" = String, Path, description = "The draft")), request_body = FormPublicationRequest,
    responses(
        (status = 200, description = "What was published", body = PublishedForm),
        (status = 409, description = "Somebody else saved first", body = ProblemBody),
        (status = 422, description = "The form has faults", body = ProblemBody),
    )
)]
async fn publish_form_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<FormPublicationRequest>,
) -> HttpResult<Json<PublishedForm>> {
    by.require("form.write")?;
    Ok(Json(PublishedForm { form_id: cases.publish_form_draft(&ctx, &id, body.version, &body.note).await? }))
}

/// Tries a form as the server would judge it: its faults, its script, and the answers. Nothing is kept.
#[utoipa::path(
    post, path = "/form-trials", operation_id = "try_form", tag = "forms", request_body = FormTrialRequest,
    responses(
        (status = 200, description = "What comes of it", body = FormTrial),
        (status = 422, description = "No such node", body = ProblemBody),
    )
)]
async fn try_form(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<FormTrialRequest>,
) -> HttpResult<Json<FormTrial>> {
    by.require("form.write")?;
    let node = body.node.as_deref().unwrap_or(access::CREATE);
    if !access::NODES.contains(&node) || body.roles.len() > 50 {
        let mut check = Check::default();
        check.refuse("node", "unknown", "没有这个环节。", "There is no such node.");
        check.done()?;
    }
    let nothing = FormTrial {
        faults: json!([]),
        script_error: Value::Null,
        effects: Value::Null,
        refusals: Vec::new(),
        answers: Value::Null,
    };
    let form = match Form::parse(&body.form.to_string()) {
        Ok(form) => form,
        Err(faults) => return Ok(Json(FormTrial { faults: json!(faults), ..nothing })),
    };
    let today = cases.today(ctx.now)?;
    let reader = Reader {
        node,
        roles: &body.roles,
        today: &today,
        person_id: &by.person_id,
        person_name: &by.name,
        now: ctx.now.0,
        ..Reader::default()
    };
    let step = forms::Step { answers: &body.answers, before: &body.before, whole: true };
    let said = cases.run_script(&form, &reader, form.draft(&reader, &step)).await?;
    let (effects, script_error) = match said {
        Ok(effects) => (effects, Value::Null),
        Err(error) => (forms::Effects::default(), json!(error)),
    };
    let (answers, refusals) = match form.check(&reader, &step, &effects) {
        Ok(answers) => (json!(answers), Vec::new()),
        Err(refusals) => (Value::Null, refusals),
    };
    let refusals = refusals.into_iter().map(|one| FormRefusal {
        field: one.field,
        code: one.code.to_owned(),
        zh: one.zh,
        en: one.en,
    });
    Ok(Json(FormTrial {
        script_error,
        effects: serde_json::to_value(&effects).map_err(|error| CaseError::Port(error.into()))?,
        refusals: refusals.collect(),
        answers,
        ..nothing
    }))
}
