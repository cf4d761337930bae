//! Who may hear messages from a telephone, and their sound.

use bytes::Bytes;
use chrono::DateTime;
use contract::contacts::mask_phone;
use contract::identity::PersonId;
use kernel::{Audit, BoxError, Ctx};
use serde_json::json;

use super::asking::hash_code;
use super::{Caller, Flows};
use crate::callflow::Answer;
use crate::callflow::model::Kind;
use crate::store;
use crate::store::message_pins::PinRow;
use crate::store::messages::MessageFilter;
use crate::voicemail;

/// Messages that are offered in one call.
const OFFERED_MAX: usize = 50;
/// Wrong codes after which a box stays closed until its owner sets another code.
const FAILURES_MAX: i64 = 10;
/// What a person must be allowed to hear messages.
const HEAR: &str = "call.handle_missed";
/// What a person must be allowed to call back.
const DIAL: &str = "call.dial";

impl Flows {
    /// Returns the open messages that are this person's or nobody's, those that nobody heard first, then the oldest.
    pub(super) async fn messages(&self, caller: &Caller, number: &str, pin: &str, mailbox: &str) -> Answer {
        if number.is_empty() {
            return Answer::No;
        }
        // Only the caller's own tries are limited in time: whoever tries for long must not keep the owner out.
        if self.passwords.take(&format!("box-from {}", caller.number), self.kit.now()).is_err() {
            tracing::warn!(
                caller = mask_phone(&caller.number),
                "a caller tries codes of message boxes too fast"
            );
            return Answer::No;
        }
        match self.open_messages(caller, number, pin, mailbox).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "messages could not be offered by telephone");
                Answer::Failed
            }
        }
    }

    /// Tells whether a code opens a box, and counts it when it does not.
    async fn opens(&self, caller: &Caller, row: &PinRow, pin: &str) -> Result<bool, BoxError> {
        if row.failures >= FAILURES_MAX {
            tracing::warn!(person = row.person_id, "a message box is closed after too many wrong codes");
            return Ok(false);
        }
        let is_right = kernel::crypto::same_secret(&hash_code(&row.salt, pin), &row.hash);
        let mut tx = self.kit.db.begin().await?;
        let opens = if is_right {
            store::message_pins::passed(&mut tx, row, FAILURES_MAX).await?
        } else {
            let failures = store::message_pins::failed(&mut tx, &row.person_id).await?;
            let detail = json!({ "caller": mask_phone(&caller.number), "failures": failures });
            let audit = Audit::new("message_pin.wrong", "person", row.person_id.clone()).detail(detail);
            tx.audit(&Ctx::system("voice", self.kit.now()), audit);
            false
        };
        tx.commit().await?;
        Ok(opens)
    }

    async fn open_messages(
        &self,
        caller: &Caller,
        number: &str,
        pin: &str,
        mailbox: &str,
    ) -> Result<Answer, BoxError> {
        let db = &self.kit.db;
        let Some(row) = store::message_pins::by_number(db, number).await? else { return Ok(Answer::No) };
        if !self.opens(caller, &row, pin).await? {
            return Ok(Answer::No);
        }
        let Some(directory) = &self.ports.directory else { return Ok(Answer::Failed) };
        let person_id = PersonId(row.person_id.clone());
        let Some(person) = directory.person(&person_id).await? else { return Ok(Answer::No) };
        let mut may = [false; 2];
        for (may, capability) in may.iter_mut().zip([HEAR, DIAL]) {
            let people = directory.people_with(&person.unit_id, capability).await?;
            *may = people.iter().any(|other| other.id == person_id);
        }
        let [may_hear, may_dial] = may;
        if !may_hear {
            return Ok(Answer::No);
        }
        let filter = MessageFilter {
            state: Some("open".to_owned()),
            mailbox: Some(mailbox.to_owned()).filter(|name| !name.is_empty()),
            limit: 200,
            ..MessageFilter::default()
        };
        let mut rows = store::messages::list(db, &filter).await?.items;
        rows.retain(|message| message.agent_id.as_ref().is_none_or(|agent| *agent == row.person_id));
        rows.sort_by_key(|message| (message.heard_at.is_some(), message.at));
        rows.truncate(OFFERED_MAX);
        let zone: chrono_tz::Tz = self.kit.config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
        let messages: Vec<_> = rows
            .into_iter()
            .map(|message| {
                let local =
                    DateTime::from_timestamp_millis(message.at).unwrap_or_default().with_timezone(&zone);
                json!({
                    "id": message.id, "caller": message.caller,
                    "date": local.format("%Y-%m-%d").to_string(), "time": local.format("%H:%M").to_string(),
                })
            })
            .collect();
        Ok(Answer::Yes(json!({
            "person_id": row.person_id, "person_name": person.name, "may_dial": may_dial, "messages": messages,
        })))
    }

    /// Reads the sound of a message.
    pub(super) async fn message(&self, id: &str) -> Result<Bytes, BoxError> {
        let db = &self.kit.db;
        let message = store::messages::find(db, id).await?.ok_or("there is no such message")?;
        let recording =
            store::recordings::find(db, &message.recording_id).await?.ok_or("there is no such message")?;
        if recording.state == "open" {
            return Err("the call still runs".into());
        }
        let path = self.recording_dir.join(&recording.path);
        Ok(voicemail::citizen_part(&path, message.from_ms, message.length_ms).await?.into())
    }

    /// Returns the dialled numbers whose flow lets staff hear messages.
    #[must_use]
    pub fn listening_numbers(&self) -> Vec<String> {
        let book = self.book();
        let hears = |flow: &str| {
            book.flows
                .get(flow)
                .is_some_and(|(_, flow)| flow.nodes.iter().any(|node| matches!(node.kind, Kind::Messages(_))))
        };
        let mut numbers: Vec<String> =
            book.numbers.iter().filter(|(_, to)| hears(&to.flow)).map(|(number, _)| number.clone()).collect();
        numbers.sort_unstable();
        numbers
    }
}
