//! `/limit-rules`: how long what may take, and a trial of it.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::detail::{ExplainLine, explained};
use crate::Cases;
use crate::case::Kind;
use crate::case::catalogue::tier_name;
use crate::case::limit::LimitName;
use crate::case::limit_rule::{LimitRule, Question};
use crate::error::CaseError;
use crate::http::view::Named;
use crate::store::limit_rule::LimitRuleDraft;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_limit_rules, create_limit_rule))
        .routes(routes!(replace_limit_rule, delete_limit_rule))
        .routes(routes!(try_limit_rules))
}

/// A rule of limits.
#[derive(Serialize, ToSchema)]
struct LimitRuleView {
    id: String,
    /// `dispatch`, `accept`, `close`, `review`, `result_review`, `return_visit`, `archive`.
    limit: String,
    limit_name: String,
    r#type: Option<Kind>,
    tier: Option<String>,
    tier_name: Option<String>,
    unit: Option<Named>,
    category: Option<Named>,
    /// Such as `24h`.
    length: String,
    length_name: String,
    near_percent: Option<i64>,
    priority: i64,
    effective_from: i64,
    active: bool,
    note: String,
    version: i64,
}

/// A rule as it is written.
#[derive(Debug, Deserialize, ToSchema)]
struct LimitRuleRequest {
    /// The limit that it sets.
    limit: String,
    /// Only for this type.
    #[serde(default)]
    r#type: Option<Kind>,
    /// Only for this tier.
    #[serde(default)]
    tier: Option<String>,
    /// Only for this unit and those below.
    #[serde(default)]
    unit_id: Option<String>,
    /// Only for this category and those below.
    #[serde(default)]
    category_id: Option<String>,
    /// A number with `h` (hours), `d` (days) or `w` (working days).
    length: String,
    /// Yellow below this share of the limit, in per cent; the usual one when absent.
    #[serde(default)]
    near_percent: Option<i64>,
    /// Greater wins, whatever else the rules say.
    #[serde(default)]
    priority: i64,
    /// In force from then on, epoch milliseconds; at once when absent.
    #[serde(default)]
    effective_from: Option<i64>,
    /// Whether it is used.
    #[serde(default = "yes")]
    active: bool,
    /// What it is for.
    #[serde(default)]
    note: String,
    /// The version that was read.
    #[serde(default)]
    version: i64,
}

fn yes() -> bool {
    true
}

/// An order to try the rules on.
#[derive(Debug, Deserialize, ToSchema)]
struct LimitTrialRequest {
    /// The limit.
    limit: String,
    /// The type.
    r#type: Kind,
    /// The tier.
    #[serde(default)]
    tier: Option<String>,
    /// The unit in charge.
    #[serde(default)]
    unit_id: Option<String>,
    /// The category.
    #[serde(default)]
    category_id: Option<String>,
    /// When it begins, epoch milliseconds; now when absent.
    #[serde(default)]
    start_at: Option<i64>,
}

/// What the rules make of it.
#[derive(Serialize, ToSchema)]
struct LimitTrial {
    start_at: i64,
    yellow_at: i64,
    due_at: i64,
    explain: Vec<ExplainLine>,
}

fn limit_name(code: &str) -> Result<LimitName, Problem> {
    LimitName::parse(code).ok_or_else(|| {
        Problem::invalid().field("limit", "unknown", "没有这种时限。", "There is no such limit.")
    })
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

impl Cases {
    async fn limit_rule_view(&self, rule: &LimitRule, lang: Lang) -> Result<LimitRuleView, CaseError> {
        let unit = self.named_unit(rule.unit.as_ref().map(|(id, _)| id.as_str())).await?;
        let categories = self.categories();
        Ok(LimitRuleView {
            id: rule.id.clone(),
            limit: rule.name.code().to_owned(),
            limit_name: rule.name.name(lang).to_owned(),
            r#type: rule.kind,
            tier: rule.tier.clone(),
            tier_name: rule.tier.as_deref().map(|tier| tier_name(tier, lang)),
            unit,
            category: rule.category.as_ref().map(|(id, _)| Named {
                id: id.clone(),
                name: categories.get(id).map(|category| category.path_name.clone()).unwrap_or_default(),
            }),
            length: rule.length.text(),
            length_name: tier_name(&rule.length.text(), lang),
            near_percent: rule.near_percent,
            priority: rule.priority,
            effective_from: rule.effective_from.0,
            active: rule.active,
            note: rule.note.clone(),
            version: rule.version,
        })
    }
}

fn draft(body: LimitRuleRequest, id: Option<String>, now: Timestamp) -> Result<LimitRuleDraft, Problem> {
    Ok(LimitRuleDraft {
        id,
        name: limit_name(&body.limit)?,
        kind: body.r#type,
        tier: given(body.tier),
        unit_id: given(body.unit_id),
        category_id: given(body.category_id),
        length: body.length.trim().to_ascii_lowercase(),
        near_percent: body.near_percent,
        priority: body.priority,
        effective_from: body.effective_from.map_or(now, Timestamp),
        active: body.active,
        note: body.note,
        version: body.version,
    })
}

/// Lists the rules of limits.
#[utoipa::path(
    get, path = "/limit-rules", operation_id = "list_limit_rules", tag = "limits",
    responses((status = 200, description = "The rules", body = Vec<LimitRuleView>))
)]
async fn list_limit_rules(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<LimitRuleView>>> {
    by.require("limit.read")?;
    let mut shown = Vec::new();
    for rule in cases.limit_rules().iter() {
        shown.push(cases.limit_rule_view(rule, ctx.lang).await?);
    }
    Ok(Json(shown))
}

/// Adds a rule. Limits that run stay as they are.
#[utoipa::path(
    post, path = "/limit-rules", operation_id = "create_limit_rule", tag = "limits", request_body = LimitRuleRequest,
    responses(
        (status = 201, description = "The rule", body = LimitRuleView),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn create_limit_rule(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<LimitRuleRequest>,
) -> HttpResult<(StatusCode, Json<LimitRuleView>)> {
    by.require("limit.write")?;
    let mut draft = draft(body, None, ctx.now)?;
    draft.version = 0;
    let rule = cases.write_limit_rule(&ctx, draft).await?;
    Ok((StatusCode::CREATED, Json(cases.limit_rule_view(&rule, ctx.lang).await?)))
}

/// Replaces a rule. Limits that run stay as they are.
#[utoipa::path(
    put, path = "/limit-rules/{id}", operation_id = "replace_limit_rule", tag = "limits",
    params(("id" = String, Path, description = "The rule")), request_body = LimitRuleRequest,
    responses(
        (status = 200, description = "The rule", body = LimitRuleView),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn replace_limit_rule(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<LimitRuleRequest>,
) -> HttpResult<Json<LimitRuleView>> {
    by.require("limit.write")?;
    let rule = cases.write_limit_rule(&ctx, draft(body, Some(id), ctx.now)?).await?;
    Ok(Json(cases.limit_rule_view(&rule, ctx.lang).await?))
}

/// Deletes a rule.
#[utoipa::path(
    delete, path = "/limit-rules/{id}", operation_id = "delete_limit_rule", tag = "limits",
    params(("id" = String, Path, description = "The rule")),
    responses((status = 204, description = "It is gone"))
)]
async fn delete_limit_rule(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("limit.write")?;
    cases.drop_limit_rule(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what the rules make of an order, with the whole derivation. Nothing is stored.
#[utoipa::path(
    post, path = "/limit-rules/trial", operation_id = "try_limit_rules", tag = "limits",
    request_body = LimitTrialRequest,
    responses(
        (status = 200, description = "The limit", body = LimitTrial),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn try_limit_rules(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<LimitTrialRequest>,
) -> HttpResult<Json<LimitTrial>> {
    by.require("limit.read")?;
    let name = limit_name(&body.limit)?;
    let (tier, unit_id, category_id) = (given(body.tier), given(body.unit_id), given(body.category_id));
    let unit = match &unit_id {
        None => None,
        Some(id) => cases.ports().directory.unit(&id.as_str().into()).await.map_err(CaseError::Port)?,
    };
    let categories = cases.categories();
    let category = category_id.as_deref().and_then(|id| categories.get(id));
    let question = Question {
        name,
        kind: body.r#type,
        tier: tier.as_deref(),
        unit_path: unit.as_ref().map(|unit| unit.path.as_str()),
        category_path: category.map(|category| category.path.as_str()),
        start: body.start_at.map_or(ctx.now, Timestamp),
    };
    let rules = cases.rule_book();
    let limit = rules.limits.limit_for(&rules.calendar, &question).map_err(|_| {
        Problem::invalid().field(
            "start_at",
            "out_of_range",
            "时间超出日历范围。",
            "Out of the calendar's range.",
        )
    })?;
    Ok(Json(LimitTrial {
        start_at: limit.start_at.0,
        yellow_at: limit.yellow_at.0,
        due_at: limit.due_at.0,
        explain: explained(&limit, ctx.lang),
    }))
}
