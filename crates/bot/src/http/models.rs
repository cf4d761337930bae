//! `/assist/models`: what was learnt, how good it is, and which one is in force.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Bot;
use crate::learning::{ORDERS_MIN, Score};
use crate::store::choice::FieldUse;

/// Days over which it is counted what became of suggestions.
const USE_DAYS: i64 = 30;

pub(super) fn routes() -> OpenApiRouter<Bot> {
    OpenApiRouter::new().routes(routes!(list_models, learn_model)).routes(routes!(activate_model))
}

/// A model.
#[derive(Serialize, ToSchema)]
struct ModelView {
    /// Names it.
    id: String,
    /// When it was learnt, epoch milliseconds.
    created_at: i64,
    /// Who had it learnt.
    created_by: String,
    /// Orders that it learnt from.
    orders: i64,
    /// How it did on the newest orders, which it had not seen.
    scores: Vec<Score>,
    /// `worse` when it was left aside because the one in force is better.
    note: String,
    /// Whether it is in force.
    active: bool,
}

/// All models with what became of suggestions.
#[derive(Serialize, ToSchema)]
struct ModelList {
    /// Newest first.
    models: Vec<ModelView>,
    /// What became of suggestions in the last 30 days.
    uses: Vec<FieldUse>,
    /// Orders below which nothing is learnt.
    orders_min: usize,
    /// Orders that new ones are compared with.
    compared: usize,
}

/// Which model shall be in force.
#[derive(Deserialize, ToSchema)]
#[schema(as = ModelActivation)]
struct ActivationRequest {
    /// The model; none to stay silent.
    id: Option<String>,
}

async fn list(bot: &Bot, now: i64) -> HttpResult<ModelList> {
    let (models, active) = bot.models().await?;
    let models = models
        .into_iter()
        .map(|model| ModelView {
            active: active.as_deref() == Some(model.id.as_str()),
            id: model.id,
            created_at: model.created_at,
            created_by: model.created_by,
            orders: model.orders,
            scores: model.scores,
            note: model.note,
        })
        .collect();
    let uses = bot.field_uses(now - USE_DAYS * 86_400_000).await?;
    Ok(ModelList { models, uses, orders_min: ORDERS_MIN, compared: bot.events().len() })
}

/// Lists the models with their scores.
#[utoipa::path(
    get, path = "/assist/models", operation_id = "list_models", tag = "assist",
    responses((status = 200, description = "The models", body = ModelList))
)]
async fn list_models(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<ModelList>> {
    by.require("assist.learn")?;
    Ok(Json(list(&bot, ctx.now.0).await?))
}

/// Learns now, and puts what was learnt in force.
#[utoipa::path(
    post, path = "/assist/models", operation_id = "learn_model", tag = "assist",
    responses(
        (status = 201, description = "The models afterwards", body = ModelList),
        (status = 409, description = "Too few orders, or something is being learnt", body = ProblemBody),
    )
)]
async fn learn_model(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<(StatusCode, Json<ModelList>)> {
    by.require("assist.learn")?;
    bot.learn(&ctx, false).await?;
    Ok((StatusCode::CREATED, Json(list(&bot, ctx.now.0).await?)))
}

/// Puts another model in force, also an older one, or none.
#[utoipa::path(
    put, path = "/assist/models/active", operation_id = "activate_model", tag = "assist",
    request_body = ActivationRequest,
    responses(
        (status = 200, description = "The models afterwards", body = ModelList),
        (status = 404, description = "No such model", body = ProblemBody),
    )
)]
async fn activate_model(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<ActivationRequest>,
) -> HttpResult<Json<ModelList>> {
    by.require("assist.learn")?;
    bot.activate_model(&ctx, body.id.as_deref()).await?;
    Ok(Json(list(&bot, ctx.now.0).await?))
}
