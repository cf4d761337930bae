//! Rows of `messages_delivery`: what waits for a channel outside.

use std::sync::Arc;

use contract::messages::{NoticeChannel, OutgoingNotice};
use kernel::problem::chain;
use kernel::{Lang, Timestamp};
use serde_json::Value;
use sqlx::{AnyConnection, FromRow};

use crate::Messages;
use crate::error::MessageError;
use crate::kind::sentence;
use crate::quiet::{Quiet, time_of_day};

/// After so many tries a channel is given up.
const TRIES_MAX: i64 = 6;
/// The first pause between two tries; each is three times as long as the one before.
const PAUSE_MS: i64 = 30_000;

#[derive(FromRow)]
struct Waiting {
    id: String,
    channel: String,
    tries: i64,
    person_id: String,
    kind: String,
    facts: String,
}

/// Queues a notice for a channel.
pub(crate) async fn queue(
    conn: &mut AnyConnection,
    notice_id: &str,
    channel: &str,
    next_at: Timestamp,
) -> Result<(), MessageError> {
    sqlx::query(
        "insert into messages_delivery (id, notice_id, channel, state, tries, next_at) \
         values ($1, $2, $3, 'waiting', 0, $4)",
    )
    .bind(kernel::id::new_id())
    .bind(notice_id)
    .bind(channel)
    .bind(next_at.0)
    .execute(conn)
    .await?;
    Ok(())
}

impl Messages {
    /// Returns those of the named channels that are configured.
    pub(crate) fn ready_channels(&self, codes: &[String]) -> Vec<&'static str> {
        self.channels()
            .iter()
            .filter(|channel| channel.is_configured())
            .map(|channel| channel.code())
            .filter(|code| codes.iter().any(|named| named == code))
            .collect()
    }

    /// Returns when something that is not urgent may go out.
    pub(crate) fn after_quiet(&self, at: Timestamp) -> Timestamp {
        let text = |key: &str| {
            let parameter = self.kit().parameters.get(key);
            time_of_day(parameter.as_ref().and_then(|one| one.value.as_str()).unwrap_or_default())
        };
        let quiet = Quiet { from: text("messages.quiet_from"), to: text("messages.quiet_to") };
        match kernel::calendar::WorkCalendar::china(&self.kit().config.zone) {
            Ok(calendar) => {
                // The city's wall clock, as its distance to UTC today.
                let offset = calendar
                    .date_at(at.0)
                    .and_then(|date| {
                        Ok(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
                            - calendar.start_of(date)?)
                    })
                    .unwrap_or_default();
                let secs = i32::try_from(offset / 1000).unwrap_or_default();
                chrono::FixedOffset::east_opt(secs).map_or(at, |zone| quiet.next(&zone, at))
            }
            Err(_) => at,
        }
    }

    /// Gives channels what waits for them. Returns how many went out.
    ///
    /// # Errors
    /// When the database fails; a channel that fails is tried again later.
    pub async fn deliver(&self, now: Timestamp) -> Result<usize, MessageError> {
        let channels = self.channels();
        if channels.is_empty() {
            return Ok(0);
        }
        let waiting: Vec<Waiting> = sqlx::query_as(
            "select d.id, d.channel, d.tries, n.person_id, n.kind, n.facts from messages_delivery d \
             join messages_notice n on n.id = d.notice_id where d.state = 'waiting' and d.next_at <= $1 \
             order by d.next_at, d.id limit 100",
        )
        .bind(now.0)
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut sent = 0;
        for one in waiting {
            let channel =
                channels.iter().find(|channel| channel.code() == one.channel && channel.is_configured());
            let outcome = match channel {
                None => Err("the channel is not configured any more".to_owned()),
                Some(channel) => hand_over(channel, &one).await,
            };
            sent += usize::from(outcome.is_ok());
            self.note_outcome(&one, outcome, now).await?;
        }
        Ok(sent)
    }

    async fn note_outcome(
        &self,
        one: &Waiting,
        outcome: Result<(), String>,
        now: Timestamp,
    ) -> Result<(), MessageError> {
        let tries = one.tries + 1;
        let pause = PAUSE_MS * 3_i64.pow(u32::try_from(one.tries.clamp(0, 8)).unwrap_or_default());
        let (state, error) = match outcome {
            Ok(()) => ("sent", None),
            Err(error) if tries >= TRIES_MAX => ("failed", Some(error)),
            Err(error) => ("waiting", Some(error)),
        };
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "update messages_delivery set state = $2, tries = $3, next_at = $4, error = $5 where id = $1",
        )
        .bind(&one.id)
        .bind(state)
        .bind(tries)
        .bind(now.0 + pause)
        .bind(error)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Counts what waits for a channel, and what it could not deliver.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn channel_figures(&self, code: &str) -> Result<(i64, i64), MessageError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select state, count(*) from messages_delivery where channel = $1 and state <> 'sent' group by state",
        )
        .bind(code)
        .fetch_all(self.kit().db.reader())
        .await?;
        let count = |state: &str| rows.iter().find(|row| row.0 == state).map_or(0, |row| row.1);
        Ok((count("waiting"), count("failed")))
    }
}

async fn hand_over(channel: &Arc<dyn NoticeChannel>, one: &Waiting) -> Result<(), String> {
    let facts: Value = serde_json::from_str(&one.facts).unwrap_or_default();
    let empty = serde_json::Map::new();
    let text = sentence(&one.kind, facts.as_object().unwrap_or(&empty), Lang::Zh);
    let outgoing = OutgoingNotice { id: one.id.clone(), person_id: one.person_id.as_str().into(), text };
    channel.deliver(&outgoing).await.map_err(|error| chain(error.as_ref()))
}
