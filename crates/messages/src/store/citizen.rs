//! Rows of `messages_citizen`: what citizens are told in writing, once for each moment and round of an order.

use std::sync::Arc;

use contract::cases::{CaseId, CitizenReplyDue};
use contract::messages::{CitizenChannel, CitizenText, CitizenTold, MailFault};
use kernel::problem::chain;
use kernel::{Audit, Ctx, Envelope, Timestamp};
use serde_json::json;
use sqlx::FromRow;

use crate::Messages;
use crate::citizen::{Moment, Wording};
use crate::error::MessageError;

/// After so many tries a text is given up and somebody has to call.
const TRIES_MAX: i64 = 5;
/// The first pause between two tries; each is three times as long as the one before.
const PAUSE_MS: i64 = 30_000;
/// Whoever sends a text has it for so long.
const CLAIM_MS: i64 = 10 * 60_000;
/// So many texts are sent in one turn.
const TURN_MAX: i64 = 20;

/// A text whose time has come.
#[derive(FromRow)]
struct Due {
    id: String,
    case_id: String,
    moment: String,
    round: i64,
    way: String,
    address: String,
    subject: String,
    body: String,
    /// `waiting`, or `sending` when whoever had it never said what came of it.
    state: String,
    tries: i64,
}

/// What a row becomes.
#[derive(Default)]
struct Moved {
    /// `waiting`, `sending`, `sent`, `failed`, or `dropped`: nothing was to be told any more.
    state: &'static str,
    /// When it is tried again, or until when somebody has it.
    next_at: i64,
    /// Whether this was a try.
    tried: bool,
    error: Option<String>,
    failure: Option<&'static str>,
}

impl Moved {
    fn failed(failure: &'static str, error: &str) -> Self {
        Self { state: "failed", error: Some(error.to_owned()), failure: Some(failure), ..Self::default() }
    }
}

/// Tells whether a way leads to a text at all.
fn is_written(way: &str) -> bool {
    matches!(way, "sms" | "email")
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
        let found = self.ports().replies.reply(&due.case_id, moment.code(), due.round).await;
        let Some(reply) = found.map_err(MessageError::Port)? else { return Ok(()) };
        let now = self.kit().now();
        let (subject, body) = self.wording(moment).await?.filled(&reply);
        let failure = match &reply.to {
            _ if !is_written(&reply.way) => Some("by_call"),
            None => Some("no_address"),
            Some(_) if self.citizen_channel(&reply.way).is_none() => Some("no_channel"),
            Some(_) => None,
        };
        let mut tx = self.kit().db.begin().await?;
        // What was dropped, since it did not hold any more, never went out: reported again it is told.
        let made = sqlx::query(
            "insert into messages_citizen (id, case_id, moment, round, way, address, subject, body, state, tries, \
             next_at, failure, made_at, done_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13) \
             on conflict (case_id, moment, round) do update set way = excluded.way, address = excluded.address, \
             subject = excluded.subject, body = excluded.body, state = excluded.state, tries = 0, \
             next_at = excluded.next_at, failure = excluded.failure, error = null, done_at = excluded.done_at \
             where messages_citizen.state = 'dropped'",
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

    /// Gives channels the texts to citizens that are due, as the orders stand now. Returns how many went out.
    ///
    /// # Errors
    /// When the database fails; a channel that fails is tried again later.
    pub async fn deliver_to_citizens(&self, ctx: &Ctx) -> Result<usize, MessageError> {
        let due: Vec<Due> = sqlx::query_as(
            "select id, case_id, moment, round, way, address, subject, body, state, tries from messages_citizen \
             where state in ('waiting', 'sending') and next_at <= $1 order by next_at, id limit $2",
        )
        .bind(ctx.now.0)
        .bind(TURN_MAX)
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut sent = 0;
        for one in due {
            sent += usize::from(self.deliver_to_citizen(ctx, one).await?);
        }
        Ok(sent)
    }

    async fn deliver_to_citizen(&self, ctx: &Ctx, mut one: Due) -> Result<bool, MessageError> {
        // Whoever had it died over it, or still waits: it may be out, so that somebody calls instead.
        if one.state == "sending" {
            self.move_citizen(ctx, &one, &Moved::failed("undeliverable", "nobody knows whether it went out"))
                .await?;
            return Ok(false);
        }
        // It may have waited for hours; meanwhile the order may have gone back, or the number been corrected.
        let found = self.ports().replies.reply(&CaseId(one.case_id.clone()), &one.moment, one.round).await;
        match found {
            Err(error) => {
                self.move_citizen(ctx, &one, &self.later(ctx, &one, chain(error.as_ref()))).await?;
                return Ok(false);
            }
            Ok(None) => {
                self.move_citizen(ctx, &one, &Moved { state: "dropped", ..Moved::default() }).await?;
                return Ok(false);
            }
            Ok(Some(reply)) => {
                let Some(moment) = Moment::parse(&one.moment) else { return Ok(false) };
                (one.subject, one.body) = self.wording(moment).await?.filled(&reply);
                one.address = reply.to.unwrap_or_default();
                one.way = reply.way;
            }
        }
        if !is_written(&one.way) {
            self.move_citizen(ctx, &one, &Moved::failed("by_call", "the citizen wishes to be called by now"))
                .await?;
            return Ok(false);
        }
        if one.address.is_empty() {
            self.move_citizen(ctx, &one, &Moved::failed("no_address", "the order names none any more"))
                .await?;
            return Ok(false);
        }
        let Some(channel) = self.citizen_channel(&one.way) else {
            let moved = self.later(ctx, &one, "the channel is not configured any more".to_owned());
            self.move_citizen(ctx, &one, &moved).await?;
            return Ok(false);
        };
        // A turn may last longer than the moment it began at tells.
        let until = ctx.now.0.max(self.kit().now().0) + CLAIM_MS;
        let claim = Moved { state: "sending", next_at: until, ..Moved::default() };
        if !self.move_citizen(ctx, &one, &claim).await? {
            return Ok(false);
        }
        one.state = claim.state.to_owned();
        let text = CitizenText {
            id: one.id.clone(),
            to: one.address.clone(),
            subject: one.subject.clone(),
            text: one.body.clone(),
        };
        let outcome = channel.deliver(&text).await;
        let sent = outcome.is_ok();
        let moved = match outcome {
            Ok(()) => Moved { state: "sent", tried: true, ..Moved::default() },
            Err(MailFault::Later(why)) => self.later(ctx, &one, why),
            // What may be out is not sent again either: who calls says it once more, a text would say it every time.
            Err(fault @ (MailFault::Refused(_) | MailFault::Unclear(_))) => {
                Moved { tried: true, ..Moved::failed("undeliverable", &fault.to_string()) }
            }
        };
        self.move_citizen(ctx, &one, &moved).await?;
        Ok(sent)
    }

    /// Returns what becomes of a text that was not handed over: it waits, or is given up.
    fn later(&self, ctx: &Ctx, one: &Due, why: String) -> Moved {
        if one.tries + 1 >= TRIES_MAX {
            return Moved { tried: true, ..Moved::failed("undeliverable", &why) };
        }
        let pause = PAUSE_MS * 3_i64.pow(u32::try_from(one.tries.clamp(0, 8)).unwrap_or_default());
        let next_at = self.after_quiet(Timestamp(ctx.now.0 + pause)).0;
        Moved { state: "waiting", next_at, tried: true, error: Some(why), ..Moved::default() }
    }

    /// Moves a row on from the try and the state in which it was read, with the text as it is in `one`, and tells
    /// what came of it at its end; false when somebody else did.
    async fn move_citizen(&self, ctx: &Ctx, one: &Due, to: &Moved) -> Result<bool, MessageError> {
        let done = !matches!(to.state, "waiting" | "sending");
        let mut tx = self.kit().db.begin().await?;
        let moved = sqlx::query(
            "update messages_citizen set state = $2, tries = $3, next_at = $4, error = $5, failure = $6, \
             done_at = $7, way = $8, address = $9, subject = $10, body = $11 \
             where id = $1 and state = $12 and tries = $13",
        )
        .bind(&one.id)
        .bind(to.state)
        .bind(one.tries + i64::from(to.tried))
        .bind(to.next_at)
        .bind(to.error.as_ref())
        .bind(to.failure)
        .bind(done.then_some(ctx.now.0))
        .bind(&one.way)
        .bind(&one.address)
        .bind(&one.subject)
        .bind(&one.body)
        .bind(&one.state)
        .bind(one.tries)
        .execute(tx.conn())
        .await?
        .rows_affected();
        if moved == 0 {
            return Ok(false);
        }
        if matches!(to.state, "sent" | "failed") {
            let told = CitizenTold {
                case_id: one.case_id.clone(),
                moment: one.moment.clone(),
                round: one.round,
                way: one.way.clone(),
                failure: to.failure.map(ToOwned::to_owned),
            };
            tx.emit(ctx, &told);
        }
        tx.commit().await?;
        Ok(true)
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
        let figures = WayFigures { waiting: count("waiting") + count("sending"), failed: count("failed") };
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
        let changed = sqlx::query(
            "insert into messages_citizen_text (moment, subject, body, version, updated_at, updated_by) \
             values ($1, $2, $3, $4, $5, $6) on conflict (moment) do update set subject = excluded.subject, \
             body = excluded.body, version = excluded.version, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by where messages_citizen_text.version = excluded.version - 1",
        )
        .bind(wording.moment.code())
        .bind(wording.subject.trim())
        .bind(wording.body.trim())
        .bind(current + 1)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        // Somebody else may have changed it since it was read.
        if changed.rows_affected() == 0 {
            return Err(MessageError::Stale { current: current + 1 });
        }
        tx.audit(
            ctx,
            Audit::new("notice.set_citizen_text", "citizen_text", wording.moment.code())
                .detail(json!({ "subject": wording.subject, "body": wording.body })),
        );
        Ok(tx.commit().await?)
    }
}
