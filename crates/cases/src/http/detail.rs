//! `GET /cases/{id}`, its time line and its limits.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{HttpResult, Lang};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::Color;
use crate::case::catalogue::tier_name;
use crate::case::limit::Limit;
use crate::case::limit_rule::{Measure, RuleUsed};
use crate::case::timeline::EntryKind;
use crate::http::view::{CaseView, Named};
use crate::store::deadline::StoredLimit;
use crate::store::timeline;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(get_case))
        .routes(routes!(list_case_timeline))
        .routes(routes!(explain_case_deadlines))
}

/// A line of an order's time line.
#[derive(Serialize, ToSchema)]
struct TimelineEntry {
    id: String,
    at: i64,
    /// What happened, as a code.
    kind: String,
    /// What happened, in words.
    title: String,
    /// `person`, `citizen`, `system`, `machine`.
    actor_kind: String,
    /// Who did it.
    actor: String,
    /// The unit that it is about.
    unit: Option<Named>,
    /// What was said.
    detail: Option<String>,
    /// Facts that depend on the kind.
    data: Value,
}

/// A limit with its derivation.
#[derive(Serialize, ToSchema)]
struct DeadlineView {
    /// `dispatch`, `accept`, `close`.
    name: String,
    /// What it is called.
    title: String,
    /// Its length in its measure.
    days: u32,
    /// How it is counted: `w` working days, `d` days, `h` hours.
    measure: String,
    start_at: i64,
    yellow_at: i64,
    due_at: i64,
    /// `open`, `missed`, `met`, `late`, `paused`, `cancelled`.
    state: String,
    ended_at: Option<i64>,
    /// While it runs.
    color: Option<Color>,
    /// The version of the calendar that it was computed with.
    calendar_version: String,
    /// Working days that were granted later; they are among `days`.
    extended_days: i64,
    /// How it came about, day by day.
    explain: Vec<ExplainLine>,
}

/// A line of a derivation.
#[derive(Serialize, ToSchema)]
pub(super) struct ExplainLine {
    text: String,
    /// The first day that it is about, `2026-03-02`.
    from: String,
    /// The last day that it is about.
    to: String,
}

/// Shows an order.
#[utoipa::path(
    get, path = "/cases/{id}", operation_id = "get_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses((status = 200, description = "The order", body = CaseView))
)]
async fn get_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<CaseView>> {
    by.require("case.read")?;
    let case = cases.open_page(&ctx, &by, &id.into()).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}

/// Shows every step of an order with who, when and what was said, oldest first.
#[utoipa::path(
    get, path = "/cases/{id}/timeline", operation_id = "list_case_timeline", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses((status = 200, description = "The time line", body = Vec<TimelineEntry>))
)]
async fn list_case_timeline(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<Vec<TimelineEntry>>> {
    by.require("case.read")?;
    let entries: Vec<timeline::Entry> = cases.timeline(&by, &id.into()).await?;
    let mut shown = Vec::with_capacity(entries.len());
    for entry in entries {
        shown.push(TimelineEntry {
            title: EntryKind::title(&entry.kind, ctx.lang).to_owned(),
            unit: cases.named_unit(entry.unit_id.as_deref()).await?,
            id: entry.id,
            at: entry.at,
            kind: entry.kind,
            actor_kind: entry.actor_kind,
            actor: entry.actor_name,
            detail: entry.text,
            data: serde_json::from_str(&entry.data).unwrap_or_default(),
        });
    }
    Ok(Json(shown))
}

/// Explains a limit that was just computed.
pub(super) fn explained(limit: &Limit, lang: Lang) -> Vec<ExplainLine> {
    let amount = i64::from(limit.deadline.days);
    lines(limit.rule.as_ref(), limit.measure, amount, limit, lang)
}

/// Explains a limit: what decided its length, then how it was counted.
fn lines(
    rule: Option<&RuleUsed>,
    measure: Measure,
    amount: i64,
    limit: &Limit,
    lang: Lang,
) -> Vec<ExplainLine> {
    let day = limit.deadline.last_date.to_string();
    let rule = rule.map(|rule| ExplainLine {
        text: lang.pick(rule.zh.clone(), rule.en.clone()),
        from: day.clone(),
        to: day.clone(),
    });
    let counted = match measure {
        Measure::Hours => limit.explain_hours(amount, &limit.deadline.zone, lang),
        Measure::Days | Measure::WorkingDays => Limit::explain(&limit.deadline, lang),
    };
    rule.into_iter()
        .chain(counted.into_iter().map(|line| ExplainLine {
            text: line.text,
            from: line.from.to_string(),
            to: line.to.to_string(),
        }))
        .collect()
}

/// Says how much of a limit was granted later.
fn extension_line(limit: &StoredLimit, lang: Lang) -> Option<ExplainLine> {
    let (extended, all) = (limit.extended_days, limit.amount + limit.extended_days);
    let last = limit.deadline.last_date.to_string();
    (extended > 0).then(|| ExplainLine {
        text: match lang {
            Lang::Zh => format!(
                "原期限{}，经批准延期{extended}个工作日",
                tier_name(&format!("{}{}", all - extended, limit.measure.code()), lang)
            ),
            Lang::En => format!(
                "{}, and {extended} working days more that were granted",
                tier_name(&format!("{}{}", all - extended, limit.measure.code()), lang)
            ),
        },
        from: last.clone(),
        to: last,
    })
}

/// Explains every limit of an order: what was counted, what was not, and why.
#[utoipa::path(
    get, path = "/cases/{id}/deadlines", operation_id = "explain_case_deadlines", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses((status = 200, description = "The limits, oldest first", body = Vec<DeadlineView>))
)]
async fn explain_case_deadlines(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<Vec<DeadlineView>>> {
    by.require("case.read")?;
    let limits = cases.deadlines(&by, &id.into()).await?;
    let shown = limits.into_iter().map(|limit| {
        let running = matches!(limit.state.as_str(), "open" | "missed");
        DeadlineView {
            name: limit.name.code().to_owned(),
            title: limit.name.name(ctx.lang).to_owned(),
            days: limit.deadline.days,
            measure: limit.measure.code().to_owned(),
            start_at: limit.start_at.0,
            yellow_at: limit.yellow_at.0,
            due_at: limit.due_at.0,
            state: limit.state.clone(),
            ended_at: limit.ended_at.map(|at| at.0),
            extended_days: limit.extended_days,
            color: Color::of(Some(limit.yellow_at), Some(limit.due_at), ctx.now).filter(|_| running),
            calendar_version: limit.deadline.calendar_version.clone(),
            explain: {
                let computed = Limit {
                    name: limit.name,
                    start_at: limit.start_at,
                    yellow_at: limit.yellow_at,
                    due_at: limit.due_at,
                    deadline: limit.deadline.clone(),
                    measure: limit.measure,
                    rule: None,
                };
                extension_line(&limit, ctx.lang)
                    .into_iter()
                    .chain(lines(limit.rule.as_ref(), limit.measure, limit.amount, &computed, ctx.lang))
                    .collect()
            },
        }
    });
    Ok(Json(shown.collect()))
}
