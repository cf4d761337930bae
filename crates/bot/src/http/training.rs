//! `/robot`: what the robot could not answer, what it is taught, how that is judged, and what is live.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Bot;
use crate::store::training::{Publication, QUESTION_MAX, Question, Teaching, Trial};
use crate::training::{Sureness, TrialReport};

pub(super) fn routes() -> OpenApiRouter<Bot> {
    OpenApiRouter::new()
        .routes(routes!(list_robot_questions))
        .routes(routes!(set_robot_question))
        .routes(routes!(find_robot_entries))
        .routes(routes!(list_teachings, teach_robot))
        .routes(routes!(forget_teaching))
        .routes(routes!(list_trials, add_trial))
        .routes(routes!(remove_trial))
        .routes(routes!(try_robot))
        .routes(routes!(list_robot_versions, publish_robot))
        .routes(routes!(activate_robot))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct QuestionQuery {
    /// `open` (when absent), `taught`, `ignored`.
    state: Option<String>,
    /// A part of the question.
    q: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RobotQuestionState)]
struct QuestionState {
    /// `open` or `ignored`.
    state: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct EntryQuery {
    /// What is looked for.
    q: String,
}

/// An entry that may answer a question.
#[derive(Serialize, ToSchema)]
struct RobotEntry {
    entry_id: String,
    number: String,
    title: String,
    text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RobotTeachingRequest)]
struct TeachingRequest {
    /// The noted question that is answered, if any.
    #[serde(default)]
    question_id: Option<String>,
    /// The question as citizens ask it, at most 200 characters.
    question: String,
    /// The entry that answers it.
    entry_id: String,
    /// Its title.
    title: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RobotTrialRequest)]
struct TrialRequest {
    /// The question, at most 200 characters.
    question: String,
    /// The entry that should answer it; none when a person should.
    #[serde(default)]
    entry_id: Option<String>,
    /// Its title.
    #[serde(default)]
    title: String,
}

/// The versions that went live.
#[derive(Serialize, ToSchema)]
struct RobotVersions {
    /// The one that is live; 0 before the first.
    live: i64,
    /// Newest first.
    versions: Vec<Publication>,
    /// What is written and not live yet.
    pending: i64,
    /// How far what the robot says of its sureness is true.
    sureness: Sureness,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RobotVersionRequest)]
struct VersionRequest {
    /// The version that shall be live; 0 for none.
    version: i64,
}

fn question(text: &str) -> HttpResult<String> {
    let text = text.trim();
    let length = text.chars().count();
    if (2..=QUESTION_MAX).contains(&length) {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid().field("question", "length", "问题应为2至200字。", "2 to 200 characters."))
}

fn short(field: &'static str, text: &str) -> HttpResult<String> {
    if text.chars().count() <= 300 {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid().field(field, "too_long", "内容过长。", "This is too long."))
}

/// Lists questions that were not answered well, those that were asked most first.
#[utoipa::path(
    get, path = "/robot/questions", operation_id = "list_robot_questions", tag = "robot", params(QuestionQuery),
    responses((status = 200, description = "A page", body = Page<Question>))
)]
async fn list_robot_questions(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Query(query): Query<QuestionQuery>,
) -> HttpResult<Json<Page<Question>>> {
    by.require("robot.train")?;
    let state = query.state.as_deref().unwrap_or("open");
    let limit = kernel::page::limit(query.limit);
    Ok(Json(bot.list_questions(state, query.q.as_deref(), query.cursor.as_deref(), limit).await?))
}

/// Says that a question needs no answer, or that it does after all.
#[utoipa::path(
    put, path = "/robot/questions/{id}", operation_id = "set_robot_question", tag = "robot",
    params(("id" = String, Path, description = "The question")), request_body = QuestionState,
    responses((status = 204, description = "Noted"), (status = 404, description = "No such question", body = ProblemBody))
)]
async fn set_robot_question(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<QuestionState>,
) -> HttpResult<StatusCode> {
    by.require("robot.train")?;
    if !matches!(body.state.as_str(), "open" | "ignored") {
        return Err(Problem::invalid().field(
            "state",
            "unknown",
            "没有这个状态。",
            "There is no such state.",
        ));
    }
    bot.set_question(&ctx, &id, &body.state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Finds entries that citizens may read, to teach them as answers.
#[utoipa::path(
    get, path = "/robot/entries", operation_id = "find_robot_entries", tag = "robot", params(EntryQuery),
    responses((status = 200, description = "Entries, best first", body = Vec<RobotEntry>))
)]
async fn find_robot_entries(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Query(query): Query<EntryQuery>,
) -> HttpResult<Json<Vec<RobotEntry>>> {
    by.require("robot.train")?;
    if query.q.trim().is_empty() {
        return Ok(Json(Vec::new()));
    }
    let found = bot.passages(&query.q).await?;
    Ok(Json(
        found
            .into_iter()
            .map(|passage| RobotEntry {
                entry_id: passage.entry_id.0,
                number: passage.number,
                title: passage.title,
                text: passage.text.chars().take(200).collect(),
            })
            .collect(),
    ))
}

/// Lists what is taught.
#[utoipa::path(
    get, path = "/robot/teachings", operation_id = "list_teachings", tag = "robot",
    responses((status = 200, description = "What is taught, newest first", body = Vec<Teaching>))
)]
async fn list_teachings(State(bot): State<Bot>, Auth(by): Auth) -> HttpResult<Json<Vec<Teaching>>> {
    by.require("robot.train")?;
    Ok(Json(bot.teachings().await?))
}

/// Teaches which entry answers a question; it counts once a version with it is live.
#[utoipa::path(
    post, path = "/robot/teachings", operation_id = "teach_robot", tag = "robot", request_body = TeachingRequest,
    responses(
        (status = 204, description = "Written"),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn teach_robot(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<TeachingRequest>,
) -> HttpResult<StatusCode> {
    by.require("robot.train")?;
    let text = question(&body.question)?;
    let title = short("title", &body.title)?;
    // Only what citizens may read can be an answer.
    let known = bot.passages(&title).await?;
    if !known.iter().any(|passage| passage.entry_id.as_str() == body.entry_id) {
        return Err(Problem::invalid().field(
            "entry_id",
            "unknown",
            "没有这条公开的知识。",
            "There is no such public entry.",
        ));
    }
    bot.teach(&ctx, body.question_id.as_deref(), &text, &body.entry_id, &title).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes something taught back, with the next version.
#[utoipa::path(
    delete, path = "/robot/teachings/{id}", operation_id = "forget_teaching", tag = "robot",
    params(("id" = String, Path, description = "What was taught")),
    responses((status = 204, description = "Taken back"), (status = 404, description = "Nothing such", body = ProblemBody))
)]
async fn forget_teaching(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("robot.train")?;
    bot.forget_teaching(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the questions by which the robot is judged.
#[utoipa::path(
    get, path = "/robot/trials", operation_id = "list_trials", tag = "robot",
    responses((status = 200, description = "The test set", body = Vec<Trial>))
)]
async fn list_trials(State(bot): State<Bot>, Auth(by): Auth) -> HttpResult<Json<Vec<Trial>>> {
    by.require("robot.train")?;
    Ok(Json(bot.trials().await?))
}

/// Adds a question by which the robot is judged.
#[utoipa::path(
    post, path = "/robot/trials", operation_id = "add_trial", tag = "robot", request_body = TrialRequest,
    responses((status = 204, description = "Added"), (status = 422, description = "Fields to correct", body = ProblemBody))
)]
async fn add_trial(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<TrialRequest>,
) -> HttpResult<StatusCode> {
    by.require("robot.train")?;
    let text = question(&body.question)?;
    let title = short("title", &body.title)?;
    let entry = body.entry_id.filter(|id| !id.is_empty());
    let entry_id = entry.map(|id| short("entry_id", &id)).transpose()?;
    bot.add_trial(&ctx, &text, entry_id.as_deref().map(|id| (id, title.as_str()))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a question from the test set.
#[utoipa::path(
    delete, path = "/robot/trials/{id}", operation_id = "remove_trial", tag = "robot",
    params(("id" = String, Path, description = "The question")),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such question", body = ProblemBody))
)]
async fn remove_trial(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("robot.train")?;
    bot.remove_trial(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the test set with what is live and with what is written.
#[utoipa::path(
    post, path = "/robot/trial", operation_id = "try_robot", tag = "robot",
    responses((status = 200, description = "Before and after", body = TrialReport))
)]
async fn try_robot(State(bot): State<Bot>, Auth(by): Auth) -> HttpResult<Json<TrialReport>> {
    by.require("robot.train")?;
    Ok(Json(bot.try_teaching().await?))
}

async fn versions(bot: &Bot) -> HttpResult<RobotVersions> {
    let teachings = bot.teachings().await?;
    Ok(RobotVersions {
        live: bot.live_version().await?,
        versions: bot.publications().await?,
        pending: teachings.iter().filter(|teaching| teaching.from_version.is_none()).count() as i64,
        sureness: bot.learn_sureness().await?,
    })
}

/// Lists the versions that went live.
#[utoipa::path(
    get, path = "/robot/versions", operation_id = "list_robot_versions", tag = "robot",
    responses((status = 200, description = "The versions", body = RobotVersions))
)]
async fn list_robot_versions(State(bot): State<Bot>, Auth(by): Auth) -> HttpResult<Json<RobotVersions>> {
    by.require("robot.train")?;
    Ok(Json(versions(&bot).await?))
}

/// Puts what is written live, after the test set was asked; what makes it worse is refused.
#[utoipa::path(
    post, path = "/robot/versions", operation_id = "publish_robot", tag = "robot",
    responses(
        (status = 201, description = "The versions afterwards", body = RobotVersions),
        (status = 409, description = "It would be worse", body = ProblemBody),
    )
)]
async fn publish_robot(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<(StatusCode, Json<RobotVersions>)> {
    by.require("robot.train")?;
    let report = bot.try_teaching().await?;
    if report.right_after < report.right_before {
        return Err(Problem::new(StatusCode::CONFLICT, "robot.worse")
            .detail_zh(format!(
                "测试集答对数会从 {} 降到 {}，请先检查后再发布。",
                report.right_before, report.right_after
            ))
            .detail_en(format!(
                "Right answers of the test set would fall from {} to {}; have a look first.",
                report.right_before, report.right_after
            )));
    }
    let trials = i64::try_from(report.results.len()).unwrap_or(0);
    bot.publish_teaching(&ctx, trials, report.right_before, report.right_after).await?;
    Ok((StatusCode::CREATED, Json(versions(&bot).await?)))
}

/// Puts another version live, also an older one.
#[utoipa::path(
    put, path = "/robot/versions/live", operation_id = "activate_robot", tag = "robot", request_body = VersionRequest,
    responses(
        (status = 200, description = "The versions afterwards", body = RobotVersions),
        (status = 404, description = "No such version", body = ProblemBody),
    )
)]
async fn activate_robot(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<VersionRequest>,
) -> HttpResult<Json<RobotVersions>> {
    by.require("robot.train")?;
    bot.activate_teaching(&ctx, body.version).await?;
    Ok(Json(versions(&bot).await?))
}
