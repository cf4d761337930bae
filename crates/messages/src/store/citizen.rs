//! Rows of `messages_citizen`: what citizens are told in writing, once for each moment and round of an order.

use std::sync::Arc;

use contract::cases::CitizenReplyDue;
use contract::messages::{CitizenChannel, CitizenText, CitizenTold};
use kernel::problem::chain;
use kernel::{Audit, Ctx, Envelope};
use serde_json::json;
use sqlx::FromRow;

use crate::Messages;
use crate::citizen::{Moment, Wording};
use crate::error::MessageError;

/// After so many tries a text is given up and somebody has to call.
const TRIES_MAX: i64 = 5;
/// The first pause between two tries; each is three times as long as the one before.
const PAUSE_MS: i64 = 30_000;

#[derive(FromRow)]
struct Waiting {
    id: String,
    case_id: String,
    moment: String,
    round: i64,
    way: String,
    address: String,
    subject: String,
    body: String,
    tries: i64,
}

/// Figures of a way to citizens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayFigures {
    /// What waits for it.
    pub waiting: i64,
    /// What it could not deliver.
    pub failed: i64,
}

impl Messages {
    /// Queues what a citizen has to be told, or says at once that it cannot be.
    ///
    /// # Errors
    /// When the database or the slice of orders fails.
    pub async fn tell_citizen(&self, envelope: &Envelope) -> Result<(), MessageError> {
        let due: CitizenReplyDue = envelope.read().map_err(|error| MessageError::Port(error.into()))?;
        let Some(moment) = Moment::parse(&due.moment) else { return Ok(()) };
        let found = self.ports().replies.reply(&due.case_id).await.map_err(MessageError::Port)?;
        let Some(reply) = found else { return Ok(()) };
        let now = self.kit().now();
        let (subject, body) = self.wording(moment).await?.filled(&reply);
        let failure = match &reply.to {
            None => Some("no_address"),
            Some(_) if self.citizen_channel(&reply.way).is_none() => Some("no_channel"),
            Some(_) => None,
        };
        let mut tx = self.kit().db.begin().await?;
        let made = sqlx::query(
            "insert into messages_citizen (id, case_id, moment, round, way, address, subject, body, state, tries, \
             next_at, failure, made_at, done_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13) \
             on conflict do nothing",
        )
        .bind(kernel::id::new_id())
        .bind(due.case_id.as_str())
        .bind(moment.code())
        .bind(due.round)
        .bind(&reply.way)
        .bind(reply.to.as_deref().unwrap_or_default())
        .bind(subject)
        .bind(body)
        .bind(if failure.is_some() { "failed" } else { "waiting" })
        .bind(self.after_quiet(now).0)
        .bind(failure)
        .bind(now.0)
        .bind(failure.map(|_| now.0))
        .execute(tx.conn())
        .await?
        .rows_affected();
        if made == 1 && failure.is_some() {
            let told = CitizenTold {
                case_id: due.case_id.0,
                moment: due.moment,
                round: due.round,
                way: reply.way,
                failure: failure.map(ToOwned::to_owned),
            };
            tx.emit(&envelope.ctx("messages", now), &told);
        }
        Ok(tx.commit().await?)
    }

    /// Gives channels the texts to citizens that are due. Returns how many went out.
    ///
    /// # Errors
    /// When the database fails; a channel that fails is tried again later.
    pub async fn deliver_to_citizens(&self, ctx: &Ctx) -> Result<usize, MessageError> {
        let waiting: Vec<Waiting> = sqlx::query_as(
            "select id, case_id, moment, round, way, address, subject, body, tries from messages_citizen \
             where state = 'waiting' and next_at <= $1 order by next_at, id limit 100",
        )
        .bind(ctx.now.0)
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut sent = 0;
        for one in waiting {
            let outcome = match self.citizen_channel(&one.way) {
                None => Err("the channel is not configured any more".to_owned()),
                Some(channel) => {
                    let text = CitizenText {
                        id: one.id.clone(),
                        to: one.address.clone(),
                        subject: one.subject.clone(),
                        text: one.body.clone(),
                    };
                    channel.deliver(&text).await.map_err(|error| chain(error.as_ref()))
                }
            };
            sent += usize::from(outcome.is_ok());
            self.note_citizen(ctx, one, outcome).await?;
        }
        Ok(sent)
    }

    async fn note_citizen(
        &self,
        ctx: &Ctx,
        one: Waiting,
        outcome: Result<(), String>,
    ) -> Result<(), MessageError> {
        let tries = one.tries + 1;
        let pause = PAUSE_MS * 3_i64.pow(u32::try_from(one.tries.clamp(0, 8)).unwrap_or_default());
        let (state, failure) = match &outcome {
            Ok(()) => ("sent", None),
            Err(_) if tries >= TRIES_MAX => ("failed", Some("undeliverable")),
            Err(_) => ("waiting", None),
        };
        let done = state != "waiting";
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query(
            "update messages_citizen set state = $2, tries = $3, next_at = $4, error = $5, failure = $6, \
             done_at = $7 where id = $1 and state = 'waiting'",
        )
        .bind(&one.id)
        .bind(state)
        .bind(tries)
        .bind(ctx.now.0 + pause)
        .bind(outcome.err())
        .bind(failure)
        .bind(done.then_some(ctx.now.0))
        .execute(tx.conn())
        .await?
        .rows_affected();
        if done && changed == 1 {
            let told = CitizenTold {
                case_id: one.case_id,
                moment: one.moment,
                round: one.round,
                way: one.way,
                failure: failure.map(ToOwned::to_owned),
            };
            tx.emit(ctx, &told);
        }
        Ok(tx.commit().await?)
    }

    fn citizen_channel(&self, way: &str) -> Option<Arc<dyn CitizenChannel>> {
        self.citizen_channels().into_iter().find(|one| one.code() == way && one.is_configured())
    }

    /// Tells whether a way to citizens can send anything now, what waits for it, and what it could not deliver.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn way_figures(&self, way: &str) -> Result<(bool, WayFigures), MessageError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select state, count(*) from messages_citizen where way = $1 and state <> 'sent' group by state",
        )
        .bind(way)
        .fetch_all(self.kit().db.reader())
        .await?;
        let count = |state: &str| rows.iter().find(|row| row.0 == state).map_or(0, |row| row.1);
        let figures = WayFigures { waiting: count("waiting"), failed: count("failed") };
        Ok((self.citizen_channel(way).is_some(), figures))
    }

    /// Returns the words of a moment as they are in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wording(&self, moment: Moment) -> Result<Wording, MessageError> {
        let row: Option<(String, String, i64)> =
            sqlx::query_as("select subject, body, version from messages_citizen_text where moment = $1")
                .bind(moment.code())
                .fetch_optional(self.kit().db.reader())
                .await?;
        Ok(match row {
            Some((subject, body, version)) => Wording { moment, subject, body, version },
            None => Wording::first(moment),
        })
    }

    /// Changes the words of a moment.
    ///
    /// # Errors
    /// [`MessageError::Stale`]; [`MessageError::Wording`] for words that cannot be sent.
    pub async fn set_wording(&self, ctx: &Ctx, wording: &Wording) -> Result<(), MessageError> {
        wording.check()?;
        let mut tx = self.kit().db.begin().await?;
        let current: Option<(i64,)> =
            sqlx::query_as("select version from messages_citizen_text where moment = $1")
                .bind(wording.moment.code())
                .fetch_optional(tx.conn())
                .await?;
        let current = current.map_or(0, |(version,)| version);
        if current != wording.version {
            return Err(MessageError::Stale { current });
        }
        sqlx::query(
            "insert into messages_citizen_text (moment, subject, body, version, updated_at, updated_by) \
             values ($1, $2, $3, $4, $5, $6) on conflict (moment) do update set subject = excluded.subject, \
             body = excluded.body, version = excluded.version, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by",
        )
        .bind(wording.moment.code())
        .bind(wording.subject.trim())
        .bind(wording.body.trim())
        .bind(current + 1)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("notice.set_citizen_text", "citizen_text", wording.moment.code())
                .detail(json!({ "subject": wording.subject, "body": wording.body })),
        );
        Ok(tx.commit().await?)
    }
}
