//! `/chats`: conversations for agents beside their calls, and for whoever reads them afterwards.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::knowledge::{Audience, KnowledgeQuestion, Passage};
use contract::voice::WrittenSeat;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Page, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Bot;
use crate::assist::{Help, Written};
use crate::error::BotError;
use crate::store::chat::{Chat, ChatFilter, Message, State as ChatState};

pub(super) fn routes() -> OpenApiRouter<Bot> {
    OpenApiRouter::new()
        .routes(routes!(list_my_chats))
        .routes(routes!(list_chat_targets))
        .routes(routes!(list_chats))
        .routes(routes!(export_chats))
        .routes(routes!(show_chat))
        .routes(routes!(accept_chat, refuse_chat))
        .routes(routes!(answer_chat))
        .routes(routes!(transfer_chat))
        .routes(routes!(finish_chat))
        .routes(routes!(suggest_replies))
        .routes(routes!(draft_order_of_chat))
        .routes(routes!(note_chat_order))
}

/// A conversation as staff sees it.
#[derive(Serialize, ToSchema)]
struct ChatItem {
    id: String,
    /// `robot`, `waiting`, `served`, `ended`.
    state: String,
    /// How the citizen is called, when known.
    name: String,
    /// The order that was written from it.
    case_number: Option<String>,
    agent_id: Option<String>,
    agent_name: Option<String>,
    /// The call in which it was spoken; none for a written one.
    call_id: Option<String>,
    /// Why it was handed over: `wish`, `anger`, `repeated`, `unsure`, `matter`; empty when it was not.
    reason: String,
    started_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
    /// How long the citizen waited for an agent.
    waited_ms: Option<i64>,
    stars: Option<i64>,
    /// Messages so far.
    messages: i64,
}

impl From<Chat> for ChatItem {
    fn from(chat: Chat) -> Self {
        Self {
            id: chat.id.0,
            state: chat.state.code().to_owned(),
            name: chat.name,
            case_number: chat.case_number,
            agent_id: chat.agent_id,
            agent_name: chat.agent_name,
            call_id: chat.call_id,
            reason: chat.reason,
            started_at: chat.started_at,
            updated_at: chat.updated_at,
            ended_at: chat.ended_at,
            waited_ms: chat.asked_at.zip(chat.answered_at).map(|(asked, answered)| answered - asked),
            stars: chat.stars,
            messages: chat.last_no,
        }
    }
}

/// A conversation with what was said.
#[derive(Serialize, ToSchema)]
struct ChatDetail {
    #[serde(flatten)]
    chat: ChatItem,
    /// What the citizen said of it.
    comment: String,
    /// Oldest first.
    lines: Vec<Message>,
}

/// An agent's conversations.
#[derive(Serialize, ToSchema)]
struct MyChats {
    /// To be taken.
    offered: Vec<ChatItem>,
    /// One's own, oldest first.
    served: Vec<ChatItem>,
}

/// Where a conversation can be given.
#[derive(Serialize, ToSchema)]
struct ChatTargets {
    colleagues: Vec<WrittenSeat>,
    queues: Vec<ChatQueue>,
}

#[derive(Serialize, ToSchema)]
struct ChatQueue {
    id: String,
    name: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ChatQuery {
    /// `robot`, `waiting`, `served`, `ended`.
    state: Option<String>,
    /// Whose.
    agent_id: Option<String>,
    /// Whether it was handed over.
    handed_over: Option<bool>,
    /// With at most so many stars.
    stars_max: Option<i64>,
    /// Begun since, epoch milliseconds.
    from: Option<i64>,
    /// Begun before, epoch milliseconds.
    to: Option<i64>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

impl ChatQuery {
    fn filter(&self) -> ChatFilter {
        ChatFilter {
            state: self.state.as_deref().and_then(ChatState::parse),
            agent_id: self.agent_id.clone().filter(|id| !id.is_empty()),
            handed_over: self.handed_over,
            stars_max: self.stars_max,
            from: self.from,
            to: self.to,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatAnswerRequest)]
struct AnswerRequest {
    /// At most 1,000 characters.
    text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatTransferRequest)]
struct TransferRequest {
    /// The queue, or …
    #[serde(default)]
    queue_id: Option<String>,
    /// … the colleague.
    #[serde(default)]
    person_id: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ChatTypedRequest)]
struct TypedRequest {
    /// What the agent has typed so far; what the citizen said last counts when it is empty.
    typed: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatOrderRequest)]
struct OrderRequest {
    case_id: String,
}

/// An order as it could be written from a conversation, for the agent to check.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatOrderDraft)]
struct OrderDraft {
    /// What the citizen said of the matter.
    content: String,
    /// How the citizen is called, when known.
    name: String,
    /// The number, when given.
    phone: Option<String>,
    /// Values for fields, duplicates and knowledge.
    help: Help,
}

fn answers(by: &Principal) -> HttpResult<()> {
    by.require("chat.answer").map(|_| ())
}

async fn readable(bot: &Bot, by: &Principal, id: &str) -> HttpResult<Chat> {
    if !by.has("chat.read") {
        by.require("chat.answer")?;
    }
    let chat = bot.find_chat(id).await?.filter(|chat| bot.may_read(by, chat));
    chat.ok_or_else(Problem::not_found)
}

async fn detail(bot: &Bot, chat: Chat) -> HttpResult<ChatDetail> {
    let lines = bot.messages(&chat.id, 0).await?;
    let comment = if chat.stars.is_some() { bot.comment_of(&chat.id).await? } else { String::new() };
    Ok(ChatDetail { chat: chat.into(), comment, lines })
}

/// Lists the conversations that are offered to me and those that I have.
#[utoipa::path(
    get, path = "/chats/mine", operation_id = "list_my_chats", tag = "chats",
    responses((status = 200, description = "Mine", body = MyChats))
)]
async fn list_my_chats(State(bot): State<Bot>, Auth(by): Auth) -> HttpResult<Json<MyChats>> {
    answers(&by)?;
    let offered = bot.offered_to(&by.person_id).await?;
    let served = bot.open_chats(Some(&by.person_id)).await?;
    Ok(Json(MyChats {
        offered: offered.into_iter().map(Into::into).collect(),
        served: served.into_iter().map(Into::into).collect(),
    }))
}

/// Lists queues and colleagues that a conversation can be given to.
#[utoipa::path(
    get, path = "/chats/targets", operation_id = "list_chat_targets", tag = "chats",
    responses((status = 200, description = "Queues and colleagues", body = ChatTargets))
)]
async fn list_chat_targets(State(bot): State<Bot>, Auth(by): Auth) -> HttpResult<Json<ChatTargets>> {
    answers(&by)?;
    let (seats, queues) = bot.targets();
    Ok(Json(ChatTargets {
        colleagues: seats.into_iter().filter(|seat| seat.person_id != by.person_id).collect(),
        queues: queues.into_iter().map(|(id, name)| ChatQueue { id, name }).collect(),
    }))
}

/// Lists conversations, newest first.
#[utoipa::path(
    get, path = "/chats", operation_id = "list_chats", tag = "chats", params(ChatQuery),
    responses((status = 200, description = "A page", body = Page<ChatItem>))
)]
async fn list_chats(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Query(query): Query<ChatQuery>,
) -> HttpResult<Json<Page<ChatItem>>> {
    by.require("chat.read")?;
    let limit = kernel::page::limit(query.limit);
    let page = bot.list_chats(&query.filter(), query.cursor.as_deref(), limit).await?;
    Ok(Json(page.map(Into::into)))
}

/// The same as a workbook.
#[utoipa::path(
    get, path = "/chats.xlsx", operation_id = "export_chats", tag = "chats", params(ChatQuery),
    responses((status = 200, description = "A workbook", content_type = "application/octet-stream", body = String))
)]
async fn export_chats(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ChatQuery>,
) -> HttpResult<Response> {
    by.require("chat.read")?;
    let page = bot.list_chats(&query.filter(), None, EXPORT_ROWS_MAX).await?;
    let zone = &bot.kit().config.zone;
    let rows = page
        .items
        .into_iter()
        .map(|chat| -> Vec<Cell> {
            let item = ChatItem::from(chat);
            vec![
                local_time(zone, item.started_at).into(),
                item.state.into(),
                item.name.into(),
                item.agent_name.into(),
                item.reason.into(),
                item.waited_ms.map(|waited| waited / 1000).into(),
                item.messages.into(),
                item.stars.into(),
                item.case_number.into(),
            ]
        })
        .collect();
    let head = match ctx.lang {
        kernel::Lang::Zh => vec![
            "开始时间",
            "状态",
            "市民",
            "话务员",
            "转人工原因",
            "等待（秒）",
            "消息数",
            "评价",
            "工单编号",
        ],
        kernel::Lang::En => {
            vec![
                "Begun",
                "State",
                "Citizen",
                "Agent",
                "Handed over",
                "Waited (s)",
                "Messages",
                "Stars",
                "Order",
            ]
        }
    };
    download_workbook("chats", head, rows).await
}

/// Shows a conversation with what was said.
#[utoipa::path(
    get, path = "/chats/{id}", operation_id = "show_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")),
    responses(
        (status = 200, description = "The conversation", body = ChatDetail),
        (status = 404, description = "No such conversation, or not for the reader", body = ProblemBody),
    )
)]
async fn show_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<ChatDetail>> {
    let chat = readable(&bot, &by, &id).await?;
    Ok(Json(detail(&bot, chat).await?))
}

/// Takes a conversation that is offered to me.
#[utoipa::path(
    post, path = "/chats/{id}/acceptance", operation_id = "accept_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")),
    responses(
        (status = 200, description = "The conversation", body = ChatDetail),
        (status = 409, description = "Somebody else has it", body = ProblemBody),
    )
)]
async fn accept_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<ChatDetail>> {
    answers(&by)?;
    let chat = bot.accept_chat(&ctx, &by, &id).await?;
    Ok(Json(detail(&bot, chat).await?))
}

/// Refuses a conversation that is offered to me; I am not ready then.
#[utoipa::path(
    delete, path = "/chats/{id}/acceptance", operation_id = "refuse_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 204, description = "Refused"))
)]
async fn refuse_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    answers(&by)?;
    bot.refuse_chat(&by, &id);
    Ok(StatusCode::NO_CONTENT)
}

/// Says something to the citizen.
#[utoipa::path(
    post, path = "/chats/{id}/messages", operation_id = "answer_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")), request_body = AnswerRequest,
    responses(
        (status = 200, description = "The conversation afterwards", body = ChatDetail),
        (status = 409, description = "It is over", body = ProblemBody),
        (status = 422, description = "Nothing or too much", body = ProblemBody),
    )
)]
async fn answer_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AnswerRequest>,
) -> HttpResult<Json<ChatDetail>> {
    answers(&by)?;
    let chat = bot.say_as_agent(&ctx, &by, &id, &body.text).await?;
    Ok(Json(detail(&bot, chat).await?))
}

/// Gives a conversation to another queue or colleague.
#[utoipa::path(
    post, path = "/chats/{id}/transfer", operation_id = "transfer_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")), request_body = TransferRequest,
    responses(
        (status = 204, description = "It waits there"),
        (status = 409, description = "It is over", body = ProblemBody),
        (status = 422, description = "Nobody takes chats there", body = ProblemBody),
    )
)]
async fn transfer_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<TransferRequest>,
) -> HttpResult<StatusCode> {
    answers(&by)?;
    bot.transfer_chat(&ctx, &by, &id, body.queue_id, body.person_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a conversation; the citizen is asked to rate it.
#[utoipa::path(
    post, path = "/chats/{id}/end", operation_id = "finish_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation afterwards", body = ChatDetail))
)]
async fn finish_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<ChatDetail>> {
    answers(&by)?;
    let chat = bot.finish_chat(&ctx, &by, &id).await?;
    Ok(Json(detail(&bot, chat).await?))
}

/// Suggests knowledge to answer with, while the agent types.
#[utoipa::path(
    post, path = "/chats/{id}/suggestions", operation_id = "suggest_replies", tag = "chats",
    params(("id" = String, Path, description = "The conversation")), request_body = TypedRequest,
    responses((status = 200, description = "Passages, best first", body = Vec<Passage>))
)]
async fn suggest_replies(
    State(bot): State<Bot>,
    Auth(by): Auth,
    Path(id): Path<String>,
    Json(body): Json<TypedRequest>,
) -> HttpResult<Json<Vec<Passage>>> {
    let chat = readable(&bot, &by, &id).await?;
    let Some(knowledge) = bot.ports().knowledge.as_ref() else { return Ok(Json(Vec::new())) };
    let typed = body.typed.trim();
    let text = if typed.chars().count() >= 2 {
        typed.to_owned()
    } else {
        let said = bot.told_in(&chat.id).await?;
        said.lines().next_back().unwrap_or_default().to_owned()
    };
    if text.chars().count() < 2 {
        return Ok(Json(Vec::new()));
    }
    let question = KnowledgeQuestion {
        text: text.chars().take(200).collect(),
        region: None,
        // What is for staff alone is for those who may read it.
        audience: if by.has("knowledge.read") { Audience::Internal } else { Audience::Public },
        limit: 4,
    };
    let mut passages = knowledge.passages(&question).await.map_err(BotError::Port)?;
    for passage in &mut passages {
        passage.text = passage.text.chars().take(900).collect();
    }
    Ok(Json(passages))
}

/// Fills in an order from what the citizen said, for the agent to check.
#[utoipa::path(
    get, path = "/chats/{id}/order-draft", operation_id = "draft_order_of_chat", tag = "chats",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The draft", body = OrderDraft))
)]
async fn draft_order_of_chat(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<OrderDraft>> {
    by.require("case.create")?;
    let chat = readable(&bot, &by, &id).await?;
    let content = bot.told_in(&chat.id).await?;
    let written = Written { content: content.clone(), phone: chat.phone.clone(), ..Written::default() };
    let help = bot.help(&by, &ctx, written).await?;
    Ok(Json(OrderDraft { content, name: chat.name, phone: chat.phone, help }))
}

/// Notes the order that was written from a conversation; the citizen is told its number.
#[utoipa::path(
    put, path = "/chats/{id}/order", operation_id = "note_chat_order", tag = "chats",
    params(("id" = String, Path, description = "The conversation")), request_body = OrderRequest,
    responses(
        (status = 200, description = "The conversation afterwards", body = ChatDetail),
        (status = 404, description = "No such order or conversation", body = ProblemBody),
    )
)]
async fn note_chat_order(
    State(bot): State<Bot>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<OrderRequest>,
) -> HttpResult<Json<ChatDetail>> {
    answers(&by)?;
    let chat = bot.note_order(&ctx, &by, &id, &body.case_id).await?;
    Ok(Json(detail(&bot, chat).await?))
}
