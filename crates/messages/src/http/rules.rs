//! `/notice-rules` and `/notice-channels`: who is told of what, and which ways outside exist.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Messages;
use crate::kind::Kind;
use crate::rule::Rule;

pub(super) fn routes() -> OpenApiRouter<Messages> {
    OpenApiRouter::new()
        .routes(routes!(list_notice_rules))
        .routes(routes!(set_notice_rule))
        .routes(routes!(list_notice_channels))
}

/// Who is told of a kind.
#[derive(Serialize, ToSchema)]
struct NoticeRuleView {
    /// The kind.
    kind: String,
    name: String,
    /// Whether anybody is told.
    active: bool,
    /// The person who has the order, or the clerks of its unit.
    handler: bool,
    /// Leaders and administrators of the unit.
    leader: bool,
    /// The centre's reviewers; before dispatch its dispatchers.
    supervisor: bool,
    /// Codes of channels outside, beside the internal message.
    channels: Vec<String>,
    version: i64,
}

fn view(rule: Rule, lang: Lang) -> NoticeRuleView {
    NoticeRuleView {
        kind: rule.kind.code().to_owned(),
        name: rule.kind.name(lang).to_owned(),
        active: rule.active,
        handler: rule.handler,
        leader: rule.leader,
        supervisor: rule.supervisor,
        channels: rule.channels,
        version: rule.version,
    }
}

/// A rule as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
struct NoticeRuleRequest {
    /// Whether anybody is told.
    active: bool,
    /// The person who has the order, or the clerks of its unit.
    handler: bool,
    /// Leaders and administrators of the unit.
    leader: bool,
    /// The centre's reviewers; before dispatch its dispatchers.
    supervisor: bool,
    /// Codes of channels outside.
    #[serde(default)]
    channels: Vec<String>,
    /// The version that was read.
    version: i64,
}

/// A way to reach people.
#[derive(Serialize, ToSchema)]
struct NoticeChannelView {
    /// `internal`, or the code of a channel outside.
    code: String,
    name: String,
    /// Whether it can send anything now.
    configured: bool,
    /// How much waits for it.
    waiting: i64,
    /// How much it could not deliver.
    failed: i64,
}

/// Lists who is told of what.
#[utoipa::path(
    get, path = "/notice-rules", operation_id = "list_notice_rules", tag = "notices",
    responses((status = 200, description = "The rules", body = Vec<NoticeRuleView>))
)]
async fn list_notice_rules(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<NoticeRuleView>>> {
    by.require("notice.write")?;
    Ok(Json(messages.rules().await?.into_iter().map(|rule| view(rule, ctx.lang)).collect()))
}

/// Sets who is told of a kind.
#[utoipa::path(
    put, path = "/notice-rules/{kind}", operation_id = "set_notice_rule", tag = "notices",
    params(("kind" = String, Path, description = "The kind")), request_body = NoticeRuleRequest,
    responses(
        (status = 200, description = "The rule", body = NoticeRuleView),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "There is no such channel", body = ProblemBody),
    )
)]
async fn set_notice_rule(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(kind): Path<String>,
    Json(body): Json<NoticeRuleRequest>,
) -> HttpResult<Json<NoticeRuleView>> {
    by.require("notice.write")?;
    let kind = Kind::parse(&kind).ok_or_else(Problem::not_found)?;
    let rule = Rule {
        kind,
        active: body.active,
        handler: body.handler,
        leader: body.leader,
        supervisor: body.supervisor,
        channels: body.channels,
        version: body.version,
    };
    messages.set_rule(&ctx, &rule).await?;
    Ok(Json(view(messages.rule(kind).await?, ctx.lang)))
}

/// Lists ways to reach people: the internal message, and those outside that are installed.
#[utoipa::path(
    get, path = "/notice-channels", operation_id = "list_notice_channels", tag = "notices",
    responses((status = 200, description = "The channels", body = Vec<NoticeChannelView>))
)]
async fn list_notice_channels(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<NoticeChannelView>>> {
    by.require("notice.write")?;
    let mut shown = vec![NoticeChannelView {
        code: "internal".to_owned(),
        name: ctx.lang.pick("站内消息", "Internal message").to_owned(),
        configured: true,
        waiting: 0,
        failed: 0,
    }];
    for channel in messages.channels() {
        let (waiting, failed) = messages.channel_figures(channel.code()).await?;
        let (zh, en) = channel.name();
        shown.push(NoticeChannelView {
            code: channel.code().to_owned(),
            name: ctx.lang.pick(zh, en).to_owned(),
            configured: channel.is_configured(),
            waiting,
            failed,
        });
    }
    Ok(Json(shown))
}
