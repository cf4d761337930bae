//! `/assist/suggestions`, `/assist/cases/{id}` and `/assist/choices`: help while an order is written or dispatched.

use axum::extract::State;
use axum::http::StatusCode;
use contract::cases::CaseId;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Principal, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Bot;
use crate::assist::{Help, Written};
use crate::store::choice::Choice;

/// Longest title and content of an order.
const TITLE_MAX: usize = 200;
const CONTENT_MAX: usize = 10_000;
/// Longest value of another field.
const FIELD_MAX: usize = 300;
/// Choices that are noted at once.
const CHOICES_MAX: usize = 20;

pub(super) fn routes() -> OpenApiRouter<Bot> {
    OpenApiRouter::new()
        .routes(routes!(suggest_order))
        .routes(routes!(show_case_help))
        .routes(routes!(note_choices))
}

/// What is written so far.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct WrittenSoFar {
    /// The title.
    title: String,
    /// What happened.
    content: String,
    /// The category, once chosen.
    category_id: Option<String>,
    /// The district, once chosen.
    district: Option<String>,
    /// The address, once written.
    address: Option<String>,
    /// The citizen's number; a masked one counts for nothing.
    phone: Option<String>,
}

impl WrittenSoFar {
    pub(super) fn check(self) -> HttpResult<Written> {
        let too_long =
            |field: &str| Problem::invalid().field(field, "too_long", "内容过长。", "This is too long.");
        if self.title.chars().count() > TITLE_MAX {
            return Err(too_long("title"));
        }
        if self.content.chars().count() > CONTENT_MAX {
            return Err(too_long("content"));
        }
        for (field, value) in [
            ("category_id", &self.category_id),
            ("district", &self.district),
            ("address", &self.address),
            ("phone", &self.phone),
        ] {
            if value.as_ref().is_some_and(|value| value.chars().count() > FIELD_MAX) {
                return Err(too_long(field));
            }
        }
        let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(Written {
            title: self.title,
            content: self.content,
            category_id: some(self.category_id),
            district: some(self.district),
            address: some(self.address),
            phone: some(self.phone),
            point: None,
            except: None,
        })
    }
}

/// What became of suggestions.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SuggestionChoices)]
struct ChoicesRequest {
    /// The order that was written.
    #[serde(default)]
    case_id: Option<String>,
    /// At most 20.
    choices: Vec<ChoiceRequest>,
}

/// What became of one suggestion.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SuggestionChoice)]
struct ChoiceRequest {
    /// The field.
    field: String,
    /// What was suggested.
    suggested: String,
    /// What was chosen.
    chosen: String,
    /// Where the suggestion came from.
    origin: String,
    /// How sure it was.
    #[serde(default)]
    confidence: Option<f64>,
}

/// Whoever writes, reviews or dispatches orders is helped.
fn may_be_helped(by: &Principal) -> HttpResult<()> {
    if ["case.create", "case.review", "case.dispatch", "case.edit"].iter().any(|name| by.has(name)) {
        return Ok(());
    }
    by.require("case.create").map(|_| ())
}

/// Says what an order with this text could be: fields with reasons, orders that tell of the same, knowledge.
#[utoipa::path(
    post, path = "/assist/suggestions", operation_id = "suggest_order", tag = "assist",
    request_body = WrittenSoFar,
    responses(
        (status = 200, description = "What can be said of it", body = Help),
        (status = 422, description = "Too long", body = ProblemBody),
    )
)]
async fn suggest_order(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<WrittenSoFar>,
) -> HttpResult<Json<Help>> {
    may_be_helped(&by)?;
    Ok(Json(bot.help(&by, &ctx, body.check()?).await?))
}

/// Says the same of an order that exists, for whoever reviews or dispatches it.
#[utoipa::path(
    get, path = "/assist/cases/{id}", operation_id = "show_case_help", tag = "assist",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "What can be said of it", body = Help),
        (status = 404, description = "No such order, or not for the reader", body = ProblemBody),
    )
)]
async fn show_case_help(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<Help>> {
    may_be_helped(&by)?;
    let written = bot.written_of(&by, &CaseId(id)).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(bot.help(&by, &ctx, written).await?))
}

/// Notes which suggestions were taken and which were overridden; the next model learns from it.
#[utoipa::path(
    post, path = "/assist/choices", operation_id = "note_choices", tag = "assist",
    request_body = ChoicesRequest,
    responses(
        (status = 204, description = "Noted"),
        (status = 422, description = "Too many or too long", body = ProblemBody),
    )
)]
async fn note_choices(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<ChoicesRequest>,
) -> HttpResult<StatusCode> {
    may_be_helped(&by)?;
    let fits = |text: &str| text.chars().count() <= FIELD_MAX;
    let is_fine = |choice: &ChoiceRequest| {
        !choice.field.is_empty()
            && [&choice.field, &choice.suggested, &choice.chosen, &choice.origin]
                .iter()
                .all(|text| fits(text))
            && choice.confidence.is_none_or(|confidence| (0.0..=1.0).contains(&confidence))
    };
    if body.choices.len() > CHOICES_MAX || !body.choices.iter().all(is_fine) {
        return Err(Problem::invalid().field(
            "choices",
            "malformed",
            "反馈内容不符合要求。",
            "This cannot be noted.",
        ));
    }
    // An order that the person may not read is nobody's business here.
    let case_id = match body.case_id.filter(|id| fits(id)) {
        Some(id) => bot.written_of(&by, &CaseId(id.clone())).await?.map(|_| id),
        None => None,
    };
    let choices: Vec<Choice> = body
        .choices
        .into_iter()
        .map(|choice| Choice {
            field: choice.field,
            suggested: choice.suggested,
            chosen: choice.chosen,
            origin: choice.origin,
            confidence: choice.confidence,
        })
        .collect();
    bot.note_choices(&ctx, case_id.as_deref(), &choices).await?;
    Ok(StatusCode::NO_CONTENT)
}
