//! Pushes to screens over server-sent events, resumed by `Last-Event-ID`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures::{Stream, stream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Interval;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Auth, Gate, SessionToken};
use crate::event::Audience;
use crate::hub::Push;
use crate::{DbError, HttpResult, Kit, Principal};

/// So many stored events are replayed to a screen that comes back; a screen that was away for longer
/// loads afresh on the `reset` event.
const REPLAY_MAX: i64 = 500;

/// How often a stream asks whether its session still stands.
const RECHECK: Duration = Duration::from_secs(15);

/// Returns the route of the stream.
#[must_use]
pub fn events_router() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// Streams what concerns the signed-in person.
#[utoipa::path(
    get, path = "/events", operation_id = "stream_events", tag = "events",
    params(("Last-Event-ID" = Option<i64>, Header, description = "The last event that the screen saw")),
    responses((status = 200, description = "text/event-stream; event names as in the event list", content_type = "text/event-stream", body = String))
)]
async fn stream_events(
    Auth(principal): Auth,
    Extension(kit): Extension<Kit>,
    SessionToken(token): SessionToken,
    headers: HeaderMap,
) -> HttpResult<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>> {
    // Listening starts before the replay is read, so that nothing falls between; numbers weed out doubles.
    let live = kit.hub.listen();
    let newest: i64 = sqlx::query_scalar("select coalesce(max(seq), 0) from kernel_outbox where seq > 0")
        .fetch_one(kit.db.reader())
        .await
        .map_err(DbError::from)?;
    let mut waiting = VecDeque::new();
    let mut seen = newest;
    // Both carry the newest number, so that a screen that comes back soon after misses nothing.
    let at_newest = |name: &str| SseEvent::default().id(newest.to_string()).event(name).data("{}");
    match headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<i64>().ok()) {
        Some(last) => match missed(&kit, &principal, last).await? {
            Some(events) => {
                seen = last;
                for (seq, name, data) in events {
                    seen = seq;
                    waiting.push_back(SseEvent::default().id(seq.to_string()).event(name).data(data));
                }
            }
            None => waiting.push_back(at_newest("reset")),
        },
        None => waiting.push_back(at_newest("hello")),
    }
    let mut recheck = tokio::time::interval(RECHECK);
    recheck.reset();
    let screen = Screen { principal, gate: kit.gate.clone(), token, recheck, live, waiting, seen };
    let stream = stream::unfold(screen, |mut screen| async move {
        let event = screen.next().await?;
        Some((Ok(event), screen))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Screen {
    principal: Principal,
    gate: Gate,
    token: String,
    recheck: Interval,
    live: Receiver<Push>,
    waiting: VecDeque<SseEvent>,
    seen: i64,
}

impl Screen {
    async fn next(&mut self) -> Option<SseEvent> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        loop {
            let push = tokio::select! {
                push = self.live.recv() => push,
                // A session that has ended takes its stream with it; changed rights hold from here on.
                _ = self.recheck.tick() => {
                    self.principal = self.gate.peek(&self.token).await?;
                    continue;
                }
            };
            match push {
                Ok(push) => {
                    if push.name.starts_with("identity.") {
                        self.principal = self.gate.peek(&self.token).await?;
                    }
                    if push.seq.is_some_and(|seq| seq <= self.seen)
                        || !push.audience.iter().any(|audience| audience.includes(&self.principal))
                    {
                        continue;
                    }
                    let mut event = SseEvent::default().event(&*push.name).data(&*push.data);
                    if let Some(seq) = push.seq {
                        self.seen = seq;
                        event = event.id(seq.to_string());
                    }
                    return Some(event);
                }
                // The screen was too slow for the pushes: it loads afresh.
                Err(RecvError::Lagged(_)) => return Some(SseEvent::default().event("reset").data("{}")),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Returns what the screen missed, or none when that is too much to replay.
async fn missed(
    kit: &Kit,
    principal: &Principal,
    last: i64,
) -> Result<Option<Vec<(i64, String, String)>>, DbError> {
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "select seq, name, audience, payload from kernel_outbox where seq > $1 and audience <> '' \
         order by seq limit $2",
    )
    .bind(last)
    .bind(REPLAY_MAX + 1)
    .fetch_all(kit.db.reader())
    .await?;
    if rows.len() as i64 > REPLAY_MAX {
        return Ok(None);
    }
    let mine = rows
        .into_iter()
        .filter(|(_, _, audience, _)| {
            Audience::decode_all(audience).iter().any(|audience| audience.includes(principal))
        })
        .map(|(seq, name, _, payload)| (seq, name, payload))
        .collect();
    Ok(Some(mine))
}
