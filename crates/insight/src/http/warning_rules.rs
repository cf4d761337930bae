//! `/warning-rules`: what early warning looks for, and who is told.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;
use crate::error::InsightError;
use crate::warning::Kind;
use crate::warning::rule::Rule;
use crate::warning::words::Word;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(list_warning_rules, create_word_list))
        .routes(routes!(replace_warning_rule, delete_word_list))
}

/// A rule.
#[derive(Serialize, ToSchema)]
struct WarningRuleView {
    id: String,
    kind: String,
    kind_name: String,
    name: String,
    active: bool,
    window_minutes: i64,
    least: i64,
    one_in: i64,
    words: Vec<Word>,
    unit_id: Option<String>,
    version: i64,
}

/// A rule as it is written.
#[derive(Deserialize, ToSchema)]
struct WarningRuleRequest {
    name: String,
    active: bool,
    /// Over how many minutes it looks back; 0 for words.
    #[serde(default)]
    window_minutes: i64,
    /// From how many orders, callers or points on it speaks up.
    least: i64,
    /// Of a sudden rise: once in so many times by chance.
    #[serde(default)]
    one_in: i64,
    #[serde(default)]
    words: Vec<Word>,
    /// The unit whose people are told; the centre when absent.
    #[serde(default)]
    unit_id: Option<String>,
    /// The version that was read.
    #[serde(default)]
    version: i64,
}

/// The id of a new list.
#[derive(Serialize, ToSchema)]
struct WarningRuleId {
    id: String,
}

impl WarningRuleRequest {
    fn rule(self, id: String, kind: Kind) -> Rule {
        Rule {
            id,
            kind,
            name: self.name.trim().to_owned(),
            active: self.active,
            window_minutes: self.window_minutes,
            least: self.least,
            one_in: self.one_in,
            words: self.words,
            unit_id: self.unit_id.filter(|id| !id.is_empty()),
            version: self.version,
        }
    }
}

/// Lists the rules.
#[utoipa::path(
    get, path = "/warning-rules", operation_id = "list_warning_rules", tag = "warnings",
    responses((status = 200, description = "The rules", body = Vec<WarningRuleView>))
)]
async fn list_warning_rules(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<WarningRuleView>>> {
    by.require("warning.rule")?;
    let view = |rule: Rule| WarningRuleView {
        id: rule.id,
        kind: rule.kind.code().to_owned(),
        kind_name: rule.kind.name(ctx.lang).to_owned(),
        name: rule.name,
        active: rule.active,
        window_minutes: rule.window_minutes,
        least: rule.least,
        one_in: rule.one_in,
        words: rule.words,
        unit_id: rule.unit_id,
        version: rule.version,
    };
    Ok(Json(insight.warning_rules().await?.into_iter().map(view).collect()))
}

/// Adds a list of risk words.
#[utoipa::path(
    post, path = "/warning-rules", operation_id = "create_word_list", tag = "warnings",
    request_body = WarningRuleRequest,
    responses(
        (status = 201, description = "It is in force", body = WarningRuleId),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn create_word_list(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(mut body): Json<WarningRuleRequest>,
) -> HttpResult<(StatusCode, Json<WarningRuleId>)> {
    by.require("warning.rule")?;
    body.version = 0;
    let id = kernel::id::new_id();
    insight.write_warning_rule(&ctx, &body.rule(id.clone(), Kind::Words), true).await?;
    Ok((StatusCode::CREATED, Json(WarningRuleId { id })))
}

/// Changes a rule. It is in force from the next sweep on.
#[utoipa::path(
    put, path = "/warning-rules/{id}", operation_id = "replace_warning_rule", tag = "warnings",
    params(("id" = String, Path, description = "The rule")), request_body = WarningRuleRequest,
    responses(
        (status = 204, description = "It is in force"),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn replace_warning_rule(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<WarningRuleRequest>,
) -> HttpResult<StatusCode> {
    by.require("warning.rule")?;
    let rules = insight.warning_rules().await?;
    let kind = rules.iter().find(|rule| rule.id == id).map(|rule| rule.kind).ok_or(InsightError::NotFound)?;
    insight.write_warning_rule(&ctx, &body.rule(id, kind), false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a list of risk words.
#[utoipa::path(
    delete, path = "/warning-rules/{id}", operation_id = "delete_word_list", tag = "warnings",
    params(("id" = String, Path, description = "The list")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such list", body = ProblemBody),
    )
)]
async fn delete_word_list(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("warning.rule")?;
    insight.drop_warning_rule(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
