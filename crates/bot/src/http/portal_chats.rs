//! `/portal/chats`: a citizen's conversation, without an account. Its token opens it and nothing else.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use contract::bot::ChatChanged;
use futures::{Stream, stream};
use kernel::http::{Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{Event as _, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Bot;
use crate::error::BotError;
use crate::store::chat::{Chat, Message, State as ChatState};

/// The header that carries a conversation's token.
const TOKEN: &str = "x-chat-token";
/// How often a stream looks by itself, should it have missed a push.
const LOOK: Duration = Duration::from_secs(10);
/// Longest comment of a rating.
const COMMENT_MAX: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Bot> {
    OpenApiRouter::new()
        .routes(routes!(start_chat))
        .routes(routes!(show_own_chat, leave_chat))
        .routes(routes!(say_in_chat))
        .routes(routes!(ask_for_person))
        .routes(routes!(judge_answer))
        .routes(routes!(rate_own_chat))
        .routes(routes!(stream_own_chat))
}

/// Who begins a conversation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ChatStartRequest)]
struct StartRequest {
    /// Orders that this browser knows, at most 3 are looked at: whoever comes back is told how they stand.
    orders: Vec<KnownOrder>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct KnownOrder {
    number: String,
    code: String,
}

/// A conversation as its citizen sees it.
#[derive(Serialize, ToSchema)]
struct OwnChat {
    id: String,
    /// `robot`, `waiting`, `served`, `ended`.
    state: String,
    /// The agent, as citizens are told.
    agent: Option<String>,
    /// How many wait before.
    before: Option<i64>,
    /// How long it is likely to wait, in seconds.
    wait_secs: Option<i64>,
    /// The order that was written from it.
    case_number: Option<String>,
    /// The own rating.
    stars: Option<i64>,
    messages: Vec<Message>,
}

/// A fresh conversation.
#[derive(Serialize, ToSchema)]
struct StartedChat {
    /// Opens it: the header `X-Chat-Token` of all that follows.
    token: String,
    #[serde(flatten)]
    chat: OwnChat,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatWordsRequest)]
struct WordsRequest {
    /// At most 1,000 characters.
    text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatJudgementRequest)]
struct JudgementRequest {
    /// The message's number.
    no: i64,
    /// Whether it helped.
    helpful: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ChatRating {
    /// 1 to 5.
    stars: i64,
    /// At most 500 characters.
    #[serde(default)]
    comment: String,
}

fn token(headers: &HeaderMap) -> &str {
    headers.get(TOKEN).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns a conversation without what citizens do not see: the robot's own doubts.
async fn own(bot: &Bot, chat: &Chat, after: i64) -> Result<OwnChat, BotError> {
    let place = bot.place_of(chat).filter(|_| chat.state == ChatState::Waiting);
    let mut messages = bot.messages(&chat.id, after).await?;
    messages.iter_mut().for_each(hide);
    Ok(OwnChat {
        id: chat.id.0.clone(),
        state: chat.state.code().to_owned(),
        agent: chat.agent_name.clone().filter(|_| chat.state == ChatState::Served),
        before: place.map(|(before, _)| before),
        wait_secs: place.and_then(|(_, wait_secs)| wait_secs),
        case_number: chat.case_number.clone(),
        stars: chat.stars,
        messages,
    })
}

fn hide(message: &mut Message) {
    message.extra.confidence = None;
    message.extra.question.clear();
}

/// Begins a conversation with the robot.
#[utoipa::path(
    post, path = "/portal/chats", operation_id = "start_chat", tag = "portal", request_body = StartRequest,
    responses(
        (status = 201, description = "The conversation", body = StartedChat),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn start_chat(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<StartRequest>,
) -> HttpResult<(StatusCode, Json<StartedChat>)> {
    let known: Vec<(String, String)> =
        body.orders.into_iter().take(3).map(|order| (order.number, order.code)).collect();
    let (chat, token) = bot.start_chat(&ctx, &known).await?;
    Ok((StatusCode::CREATED, Json(StartedChat { token, chat: own(&bot, &chat, 0).await? })))
}

/// Shows one's own conversation.
#[utoipa::path(
    get, path = "/portal/chats/{id}", operation_id = "show_own_chat", tag = "portal",
    params(("id" = String, Path, description = "The conversation"), ("X-Chat-Token" = String, Header, description = "Its token")),
    responses(
        (status = 200, description = "The conversation", body = OwnChat),
        (status = 404, description = "No such conversation", body = ProblemBody),
    )
)]
async fn show_own_chat(
    State(bot): State<Bot>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> HttpResult<Json<OwnChat>> {
    let chat = bot.chat_of(&id, token(&headers)).await?;
    Ok(Json(own(&bot, &chat, 0).await?))
}

/// Ends one's own conversation.
#[utoipa::path(
    delete, path = "/portal/chats/{id}", operation_id = "leave_chat", tag = "portal",
    params(("id" = String, Path, description = "The conversation"), ("X-Chat-Token" = String, Header, description = "Its token")),
    responses((status = 200, description = "The conversation afterwards", body = OwnChat))
)]
async fn leave_chat(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> HttpResult<Json<OwnChat>> {
    let chat = bot.leave_chat(&ctx, &id, token(&headers)).await?;
    Ok(Json(own(&bot, &chat, 0).await?))
}

/// Says something; the robot's answer is in what comes back, an agent's comes over the stream.
#[utoipa::path(
    post, path = "/portal/chats/{id}/messages", operation_id = "say_in_chat", tag = "portal",
    params(("id" = String, Path, description = "The conversation"), ("X-Chat-Token" = String, Header, description = "Its token")),
    request_body = WordsRequest,
    responses(
        (status = 200, description = "The conversation afterwards", body = OwnChat),
        (status = 409, description = "It is over", body = ProblemBody),
        (status = 422, description = "Nothing or too much", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn say_in_chat(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<WordsRequest>,
) -> HttpResult<Json<OwnChat>> {
    let chat = bot.hear_citizen(&ctx, &id, token(&headers), &body.text).await?;
    Ok(Json(own(&bot, &chat, 0).await?))
}

/// Asks for a person.
#[utoipa::path(
    post, path = "/portal/chats/{id}/person", operation_id = "ask_for_person", tag = "portal",
    params(("id" = String, Path, description = "The conversation"), ("X-Chat-Token" = String, Header, description = "Its token")),
    responses((status = 200, description = "The conversation afterwards", body = OwnChat))
)]
async fn ask_for_person(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> HttpResult<Json<OwnChat>> {
    let chat = bot.want_person(&ctx, &id, token(&headers)).await?;
    Ok(Json(own(&bot, &chat, 0).await?))
}

/// Says whether an answer of the robot helped.
#[utoipa::path(
    post, path = "/portal/chats/{id}/judgements", operation_id = "judge_answer", tag = "portal",
    params(("id" = String, Path, description = "The conversation"), ("X-Chat-Token" = String, Header, description = "Its token")),
    request_body = JudgementRequest, responses((status = 204, description = "Noted"))
)]
async fn judge_answer(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<JudgementRequest>,
) -> HttpResult<StatusCode> {
    let chat = bot.chat_of(&id, token(&headers)).await?;
    let judged = bot.judge_message(&chat, body.no, body.helpful).await?.ok_or_else(Problem::not_found)?;
    if !body.helpful && !judged.extra.question.is_empty() {
        bot.note_question_of(&ctx, &chat.id, &judged.extra.question, "badly_rated", &judged.text).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Rates a conversation, once.
#[utoipa::path(
    post, path = "/portal/chats/{id}/rating", operation_id = "rate_own_chat", tag = "portal",
    params(("id" = String, Path, description = "The conversation"), ("X-Chat-Token" = String, Header, description = "Its token")),
    request_body = ChatRating,
    responses(
        (status = 200, description = "The conversation afterwards", body = OwnChat),
        (status = 409, description = "Rated already", body = ProblemBody),
        (status = 422, description = "Not 1 to 5", body = ProblemBody),
    )
)]
async fn rate_own_chat(
    State(bot): State<Bot>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<ChatRating>,
) -> HttpResult<Json<OwnChat>> {
    let mut chat = bot.chat_of(&id, token(&headers)).await?;
    if !(1..=5).contains(&body.stars) || body.comment.chars().count() > COMMENT_MAX {
        return Err(Problem::invalid().field("stars", "range", "请选择1至5星。", "Choose 1 to 5 stars."));
    }
    if !bot.rate_chat(&ctx, &chat, body.stars, body.comment.trim()).await? {
        return Err(BotError::Refused {
            code: "chat.rated",
            zh: "您已经评价过了，谢谢。",
            en: "You have rated it already, thank you.",
        }
        .into());
    }
    chat.stars = Some(body.stars);
    Ok(Json(own(&bot, &chat, 0).await?))
}

/// Streams what is said and where it stands, resumed by `Last-Event-ID`.
#[utoipa::path(
    get, path = "/portal/chats/{id}/events", operation_id = "stream_own_chat", tag = "portal",
    params(
        ("id" = String, Path, description = "The conversation"),
        ("X-Chat-Token" = String, Header, description = "Its token"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last message that the page saw"),
    ),
    responses((status = 200, description = "text/event-stream of `message` and `state`", content_type = "text/event-stream", body = String), (status = 429, description = "Too many pages follow it", body = ProblemBody))
)]
async fn stream_own_chat(
    State(bot): State<Bot>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> HttpResult<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>> {
    // Listening starts before the messages are read, so that nothing falls between.
    let pushes = bot.kit().hub.listen();
    let chat = bot.chat_of(&id, token(&headers)).await?;
    let following = bot.0.chats.streams.follow(chat.id.as_str()).ok_or_else(|| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate.limited")
            .detail_zh("打开本会话的页面过多，请关闭一些后再试。")
            .detail_en("Too many pages follow this conversation; close some of them.")
    })?;
    let seen = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse::<i64>().ok())
        .unwrap_or(chat.last_no);
    let page = Page {
        bot,
        id,
        seen,
        state: String::new(),
        pushes,
        waiting: VecDeque::new(),
        over: false,
        _following: following,
    };
    let stream = stream::unfold(page, |mut page| async move {
        let event = page.next().await?;
        Some((Ok(event), page))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Page {
    bot: Bot,
    id: String,
    seen: i64,
    state: String,
    pushes: Receiver<kernel::hub::Push>,
    waiting: VecDeque<SseEvent>,
    over: bool,
    _following: crate::chat::streams::Following,
}

impl Page {
    async fn next(&mut self) -> Option<SseEvent> {
        let mut first = self.state.is_empty();
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            if !std::mem::take(&mut first) {
                self.wait().await?;
            }
            self.look().await?;
        }
    }

    /// Waits until something may have happened.
    async fn wait(&mut self) -> Option<()> {
        use tokio::sync::broadcast::error::RecvError;
        let mine = format!("\"{}\"", self.id);
        loop {
            let push = match tokio::time::timeout(LOOK, self.pushes.recv()).await {
                Ok(push) => push,
                Err(_) => return Some(()),
            };
            match push {
                Ok(push) if &*push.name == ChatChanged::NAME && push.data.contains(&mine) => return Some(()),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn look(&mut self) -> Option<()> {
        let chat = self.bot.find_chat(&self.id).await.ok()??;
        let view = own(&self.bot, &chat, self.seen).await.ok()?;
        for message in &view.messages {
            self.seen = message.no;
            let data = serde_json::to_string(message).ok()?;
            self.waiting
                .push_back(SseEvent::default().id(message.no.to_string()).event("message").data(data));
        }
        let state = serde_json::json!({
            "state": view.state, "agent": view.agent, "before": view.before, "wait_secs": view.wait_secs,
            "case_number": view.case_number,
        })
        .to_string();
        if state != self.state {
            self.waiting.push_back(SseEvent::default().event("state").data(&state));
            self.state = state;
        }
        self.over = chat.state == ChatState::Ended;
        Some(())
    }
}
