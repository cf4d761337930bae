//! Use, rankings, the own trail, favourites.

use axum::extract::State;
use axum::http::StatusCode;
use contract::knowledge::EntryId;
use kernel::HttpResult;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, Response, download_workbook, local_time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::store::usage::UseRow;

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(count_knowledge_use))
        .routes(routes!(rank_knowledge))
        .routes(routes!(export_knowledge_ranking))
        .routes(routes!(list_knowledge_trail))
        .routes(routes!(list_knowledge_favourites))
        .routes(routes!(keep_knowledge_favourite, drop_knowledge_favourite))
}

/// What was done with an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeUseRequest)]
struct UseRequest {
    /// The answer, when one in particular.
    #[serde(default)]
    answer_id: Option<String>,
    /// `read`, `copied`, `sent`, `pasted`.
    purpose: String,
}

/// An entry and how it was used.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryUse)]
struct EntryUse {
    id: String,
    number: String,
    title: String,
    business: String,
    state: String,
    /// How often it was read.
    reads: i64,
    /// How often it was copied, sent or pasted.
    uses: i64,
    last_at: i64,
}

fn shown(row: UseRow) -> EntryUse {
    EntryUse {
        id: row.entry_id,
        number: row.number,
        title: row.title,
        business: row.business,
        state: row.state,
        reads: row.reads,
        uses: row.uses,
        last_at: row.last_at,
    }
}

/// Counts that the reader used an entry.
#[utoipa::path(
    post, path = "/knowledge/entries/{id}/uses", operation_id = "count_knowledge_use", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = UseRequest,
    responses((status = 204, description = "It is counted"))
)]
async fn count_knowledge_use(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<UseRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.read")?;
    let answer = body.answer_id.as_deref();
    knowledge.count_use(&ctx, Some(&by.person_id), &EntryId(id), answer, &body.purpose).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose reading, and how far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct RankingQuery {
    /// Only what the reader read.
    mine: bool,
    /// `week` (7 days) or `month` (30 days); `week` when absent.
    period: Option<String>,
}

impl RankingQuery {
    fn days(&self) -> i64 {
        if self.period.as_deref() == Some("month") { 30 } else { 7 }
    }
}

/// Ranks entries by how often they were read.
#[utoipa::path(
    get, path = "/knowledge/ranking", operation_id = "rank_knowledge", tag = "knowledge", params(RankingQuery),
    responses((status = 200, description = "The most read first", body = Vec<EntryUse>))
)]
async fn rank_knowledge(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Query(query): Query<RankingQuery>,
) -> HttpResult<Json<Vec<EntryUse>>> {
    by.require("knowledge.read")?;
    let person = query.mine.then_some(by.person_id.as_str());
    Ok(Json(knowledge.ranking(person, query.days()).await?.into_iter().map(shown).collect()))
}

/// Exports the ranking.
#[utoipa::path(
    get, path = "/knowledge/ranking.xlsx", operation_id = "export_knowledge_ranking", tag = "knowledge",
    params(RankingQuery), responses((status = 200, description = "The workbook"))
)]
async fn export_knowledge_ranking(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<RankingQuery>,
) -> HttpResult<Response> {
    by.require("knowledge.read")?;
    let person = query.mine.then_some(by.person_id.as_str());
    let zone = knowledge.kit().config.zone.clone();
    let rows = knowledge.ranking(person, query.days()).await?;
    let cells = (1_i64..).zip(rows).map(|(place, row)| {
        vec![
            Cell::from(place),
            row.number.into(),
            row.title.into(),
            row.reads.into(),
            row.uses.into(),
            local_time(&zone, row.last_at).into(),
        ]
    });
    let head = ctx.lang.pick(
        vec!["名次", "编号", "标题", "浏览次数", "引用次数", "最近浏览"],
        vec!["Place", "Number", "Title", "Reads", "Uses", "Last read"],
    );
    download_workbook("knowledge-ranking", head, cells.collect()).await
}

/// Lists what the reader read last.
#[utoipa::path(
    get, path = "/knowledge/trail", operation_id = "list_knowledge_trail", tag = "knowledge",
    responses((status = 200, description = "The last first", body = Vec<EntryUse>))
)]
async fn list_knowledge_trail(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<EntryUse>>> {
    by.require("knowledge.read")?;
    Ok(Json(knowledge.trail(&by.person_id).await?.into_iter().map(shown).collect()))
}

/// Lists what the reader keeps at hand.
#[utoipa::path(
    get, path = "/knowledge/favourites", operation_id = "list_knowledge_favourites", tag = "knowledge",
    responses((status = 200, description = "The newest first", body = Vec<EntryUse>))
)]
async fn list_knowledge_favourites(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<EntryUse>>> {
    by.require("knowledge.read")?;
    Ok(Json(knowledge.favourites(&by.person_id).await?.into_iter().map(shown).collect()))
}

/// Keeps an entry at hand.
#[utoipa::path(
    put, path = "/knowledge/favourites/{id}", operation_id = "keep_knowledge_favourite", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")),
    responses((status = 204, description = "It is kept"))
)]
async fn keep_knowledge_favourite(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.read")?;
    knowledge.set_favourite(&by.person_id, &EntryId(id), true, ctx.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps an entry at hand no longer.
#[utoipa::path(
    delete, path = "/knowledge/favourites/{id}", operation_id = "drop_knowledge_favourite", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")),
    responses((status = 204, description = "It is not kept"))
)]
async fn drop_knowledge_favourite(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.read")?;
    knowledge.set_favourite(&by.person_id, &EntryId(id), false, ctx.now).await?;
    Ok(StatusCode::NO_CONTENT)
}
