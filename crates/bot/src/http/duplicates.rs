//! `/assist/topics`, `/assist/merge-proposals` and, for citizens, `/portal/similar`: orders that tell of one event.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::cases::CaseId;
use kernel::http::{Auth, Cell, Json, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Bot;
use crate::error::BotError;
use crate::events::{Asked, Known, text_of};

/// Groups of one answer.
const TOPICS_MAX: usize = 200;
/// Orders of a group that are shown.
const SHOWN_MAX: usize = 50;
/// Proposals of one answer.
const PROPOSALS_MAX: usize = 100;
/// Days over which proposals are made.
const PROPOSAL_DAYS: i64 = 14;
/// Citizens below which nothing is told of what others wrote.
const OTHERS_MIN: usize = 3;

pub(super) fn routes() -> OpenApiRouter<Bot> {
    OpenApiRouter::new()
        .routes(routes!(list_topics))
        .routes(routes!(export_topics))
        .routes(routes!(list_merge_proposals))
        .routes(routes!(dismiss_merge_proposal))
        .routes(routes!(find_similar))
}

/// Over which time, and how large.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct TopicQuery {
    /// Days back, 1 to 90; 7 when absent.
    days: Option<i64>,
    /// Orders of a group at least, 2 to 50; 3 when absent.
    least: Option<usize>,
    /// One district only.
    district: Option<String>,
}

/// An order of a group.
#[derive(Clone, Serialize, ToSchema)]
struct TopicOrder {
    id: CaseId,
    number: String,
    title: String,
    /// The status, as a code.
    status: String,
    settled: bool,
    address: Option<String>,
    created_at: i64,
}

/// A group of orders that tell of one event.
#[derive(Clone, Serialize, ToSchema)]
struct TopicView {
    /// The newest order, which names the group.
    id: CaseId,
    /// Its title.
    title: String,
    /// The category that most of them have.
    category: Option<String>,
    /// The district that most of them have.
    district: Option<String>,
    /// Orders in the group.
    count: usize,
    /// Different callers.
    callers: usize,
    /// Written in the last day.
    last_day: usize,
    /// Neither settled nor ended.
    open: usize,
    first_at: i64,
    last_at: i64,
    /// Newest first, at most 50; none for readers of some orders only.
    orders: Vec<TopicOrder>,
}

fn shown(known: &Known) -> TopicOrder {
    TopicOrder {
        id: known.id.clone(),
        number: known.number.clone(),
        title: known.title.clone(),
        status: known.status.clone(),
        settled: known.settled,
        address: known.address.clone(),
        created_at: known.created_at,
    }
}

fn most_common<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for value in values.flatten() {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value.to_owned())
}

async fn topics(
    bot: &Bot,
    by: &Principal,
    ctx: &kernel::Ctx,
    query: &TopicQuery,
) -> HttpResult<Vec<TopicView>> {
    by.require("topic.read")?;
    // A group counts what people of all units wrote; its orders are for whoever reads everything.
    let reads_all = by.scope("case.read") == Some(Scope::All);
    let days = query.days.unwrap_or(7).clamp(1, 90);
    let least = query.least.unwrap_or(3).clamp(2, 50);
    let tree = bot.tree();
    let all = bot.topics(ctx.now, days).await?;
    let mut out = Vec::new();
    for topic in all.iter().filter(|topic| topic.orders.len() >= least) {
        let district = most_common(topic.orders.iter().map(|known| known.district.as_deref()));
        if query.district.is_some() && query.district != district {
            continue;
        }
        let category = most_common(topic.orders.iter().map(|known| known.category_id.as_deref()));
        let (Some(newest), Some(oldest)) = (topic.orders.first(), topic.orders.last()) else { continue };
        out.push(TopicView {
            id: newest.id.clone(),
            title: newest.title.clone(),
            category: category.and_then(|id| Some(tree.get(&id)?.path_name.clone())),
            district,
            count: topic.orders.len(),
            callers: topic.callers,
            last_day: topic.last_day,
            open: topic.open,
            first_at: oldest.created_at,
            last_at: newest.created_at,
            orders: topic.orders.iter().take(if reads_all { SHOWN_MAX } else { 0 }).map(shown).collect(),
        });
        if out.len() == TOPICS_MAX {
            break;
        }
    }
    Ok(out)
}

/// Lists groups of orders that tell of one event, the largest first.
#[utoipa::path(
    get, path = "/assist/topics", operation_id = "list_topics", tag = "assist", params(TopicQuery),
    responses((status = 200, description = "The groups", body = Vec<TopicView>))
)]
async fn list_topics(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<TopicQuery>,
) -> HttpResult<Json<Vec<TopicView>>> {
    Ok(Json(topics(&bot, &by, &ctx, &query).await?))
}

/// The same as a workbook.
#[utoipa::path(
    get, path = "/assist/topics.xlsx", operation_id = "export_topics", tag = "assist", params(TopicQuery),
    responses((status = 200, description = "A workbook", content_type = "application/octet-stream", body = String))
)]
async fn export_topics(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<TopicQuery>,
) -> HttpResult<Response> {
    by.require("case.export")?;
    let found = topics(&bot, &by, &ctx, &query).await?;
    let zone = &bot.kit().config.zone;
    let rows = found
        .iter()
        .map(|topic| -> Vec<Cell> {
            vec![
                topic.title.as_str().into(),
                topic.category.clone().into(),
                topic.district.clone().into(),
                Cell::Number(topic.count as f64),
                Cell::Number(topic.callers as f64),
                Cell::Number(topic.last_day as f64),
                Cell::Number(topic.open as f64),
                local_time(zone, topic.first_at).into(),
                local_time(zone, topic.last_at).into(),
                topic.orders.iter().map(|order| order.number.as_str()).collect::<Vec<_>>().join(" ").into(),
            ]
        })
        .collect();
    let head = match ctx.lang {
        kernel::Lang::Zh => {
            vec!["热点", "分类", "区域", "工单数", "来电人数", "近一日", "未办结", "最早", "最近", "工单编号"]
        }
        kernel::Lang::En => vec![
            "Topic", "Category", "District", "Orders", "Callers", "Last day", "Open", "First", "Last",
            "Numbers",
        ],
    };
    download_workbook("hot-topics", head, rows).await
}

/// Orders that may be one matter.
#[derive(Serialize, ToSchema)]
struct MergeProposal {
    /// The order that would answer for the others: the oldest.
    main: TopicOrder,
    /// The others.
    parts: Vec<TopicOrder>,
    /// Different callers, each of whom is answered.
    callers: usize,
}

/// Lists open orders that may be one matter, for whoever merges orders.
#[utoipa::path(
    get, path = "/assist/merge-proposals", operation_id = "list_merge_proposals", tag = "assist",
    responses((status = 200, description = "The proposals", body = Vec<MergeProposal>))
)]
async fn list_merge_proposals(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<MergeProposal>>> {
    by.require("case.merge")?;
    let dismissed = bot.dismissed_pairs().await?;
    let all = bot.topics(ctx.now, PROPOSAL_DAYS).await?;
    let mut out: Vec<MergeProposal> = Vec::new();
    for topic in all.iter() {
        let open: Vec<&Known> =
            topic.orders.iter().filter(|known| !known.settled && known.main_id.is_none()).collect();
        let ids: Vec<CaseId> = open.iter().map(|known| known.id.clone()).collect();
        if ids.len() < 2 {
            continue;
        }
        let readable: HashSet<CaseId> =
            bot.ports().corpus.readable(&by, &ids).await.map_err(BotError::Port)?.into_iter().collect();
        let mut open: Vec<&Known> =
            open.into_iter().filter(|known| readable.contains(&known.id)).take(SHOWN_MAX).collect();
        open.sort_by_key(|known| known.created_at);
        let Some((main, parts)) = open.split_first() else { continue };
        let apart = |part: &&&Known| {
            let (a, b) = (main.id.0.clone(), part.id.0.clone());
            dismissed.contains(&if a <= b { (a, b) } else { (b, a) })
        };
        let parts: Vec<TopicOrder> =
            parts.iter().filter(|part| !apart(part)).map(|known| shown(known)).collect();
        if parts.is_empty() {
            continue;
        }
        out.push(MergeProposal { main: shown(main), callers: topic.callers.min(parts.len() + 1), parts });
        if out.len() == PROPOSALS_MAX {
            break;
        }
    }
    Ok(Json(out))
}

/// Two orders that are two matters.
#[derive(Deserialize, ToSchema)]
#[schema(as = DismissedPair)]
struct PairRequest {
    one: String,
    other: String,
}

/// Says that two orders are two matters; they are not proposed again.
#[utoipa::path(
    post, path = "/assist/merge-proposals/dismissals", operation_id = "dismiss_merge_proposal", tag = "assist",
    request_body = PairRequest,
    responses(
        (status = 204, description = "Noted"),
        (status = 404, description = "No such orders, or not for the reader", body = ProblemBody),
    )
)]
async fn dismiss_merge_proposal(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<PairRequest>,
) -> HttpResult<StatusCode> {
    by.require("case.merge")?;
    let pair = [CaseId(body.one), CaseId(body.other)];
    let readable = bot.ports().corpus.readable(&by, &pair).await.map_err(BotError::Port)?;
    if pair[0] == pair[1] || !pair.iter().all(|id| readable.contains(id)) {
        return Err(Problem::not_found());
    }
    bot.dismiss_pair(&ctx, &pair[0], &pair[1]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a citizen has written so far, with the orders that this browser knows.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SimilarRequest {
    title: String,
    content: String,
    district: Option<String>,
    address: Option<String>,
    /// The citizen's own orders, at most 10, each with its query code.
    own: Vec<OwnOrder>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = OwnOrderKey)]
struct OwnOrder {
    number: String,
    code: String,
}

/// An order of the citizen's own.
#[derive(Serialize, ToSchema)]
struct OwnSimilar {
    number: String,
    title: String,
    status_name: String,
    created_at: i64,
}

/// What a citizen is told before an order is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = SimilarOrders)]
struct Similar {
    /// Orders of one's own that tell of the same.
    own: Vec<OwnSimilar>,
    /// How many others told of the same lately; 0 when they are too few to be told of.
    others: usize,
    /// How many of these are settled.
    others_settled: usize,
    /// Since when the first of them, epoch milliseconds.
    since: Option<i64>,
}

/// Tells a citizen of own orders that tell of the same, and how many others did, without anything of theirs.
#[utoipa::path(
    post, path = "/portal/similar", operation_id = "find_similar", tag = "portal", request_body = SimilarRequest,
    responses(
        (status = 200, description = "What is known", body = Similar),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn find_similar(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<SimilarRequest>,
) -> HttpResult<Json<Similar>> {
    bot.0.citizens.take(ctx.ip.as_deref().unwrap_or_default(), ctx.now)?;
    let short = |text: &str| text.chars().take(2_000).collect::<String>();
    let asked = Asked {
        text: text_of(&short(&body.title), &short(&body.content)),
        district: body.district.filter(|text| text.len() <= 200),
        address: body.address.filter(|text| text.len() <= 600),
        ..Asked::default()
    };
    let found = bot.same(asked, ctx.now).await?;
    let mut own = Vec::new();
    let mut mine = HashSet::new();
    for order in body.own.iter().take(10) {
        if order.number.len() > 40 || order.code.len() > 40 {
            continue;
        }
        if !found.iter().any(|found| found.known.number == order.number) {
            continue;
        }
        bot.0.attempts.take(&order.number, ctx.now)?;
        let looked = bot.ports().citizens.look_up(&order.number, &order.code, ctx.lang).await;
        if let Some(case) = looked.map_err(BotError::Port)? {
            mine.insert(case.number.clone());
            own.push(OwnSimilar {
                number: case.number,
                title: case.title,
                status_name: case.status_name,
                created_at: case.created_at,
            });
        }
    }
    let others: Vec<_> = found
        .iter()
        .filter(|found| !found.known.confidential && !mine.contains(&found.known.number))
        .filter(|found| ctx.now.0 - found.known.created_at <= 30 * 86_400_000)
        .collect();
    let enough = others.len() >= OTHERS_MIN;
    Ok(Json(Similar {
        own,
        others: if enough { others.len() } else { 0 },
        others_settled: if enough { others.iter().filter(|found| found.known.settled).count() } else { 0 },
        since: others.iter().map(|found| found.known.created_at).min().filter(|_| enough),
    }))
}
