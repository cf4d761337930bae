//! What maintainers are told without asking: a text waits for review, somebody says that an answer is wrong, an entry
//! is due for another reading, will expire or has expired.
//!
//! Everything is told under a key of its own, so that a turn after a stop, or in another process, tells nothing twice.

use std::sync::atomic::{AtomicI64, Ordering};

use contract::identity::{PersonId, UnitId};
use contract::messages::Notice;
use kernel::{BoxError, Ctx};
use serde_json::json;

use crate::Knowledge;
use crate::error::KnowledgeError;
use crate::store::reminder::Reminder;

const DAY_MS: i64 = 86_400_000;
/// So long before it expires an entry is spoken of.
const AHEAD_MS: i64 = 7 * DAY_MS;
/// People who are told of one thing.
const PEOPLE_MAX: usize = 50;

/// Up to when everything was told; what is older than a day is nobody's news.
#[derive(Debug, Default)]
pub(crate) struct Reminded(AtomicI64);

impl Knowledge {
    /// Tells maintainers what waits for them since the last turn. Returns of how many things.
    ///
    /// # Errors
    /// When the database fails; what could not be told is tried again with the next turn.
    pub async fn remind(&self, ctx: &Ctx) -> Result<usize, KnowledgeError> {
        let Some(notifier) = self.notifier() else { return Ok(0) };
        let now = ctx.now.0;
        let since = self.reminded().0.load(Ordering::Relaxed).max(now - DAY_MS);
        let mut told = 0;
        for reminder in self.reminders(since, now, AHEAD_MS).await? {
            let people = self.maintainers(&reminder).await.map_err(KnowledgeError::Port)?;
            if people.is_empty() {
                continue;
            }
            let facts = json!({ "number": reminder.number, "title": reminder.title, "note": reminder.note });
            let notice = Notice {
                people,
                kind: reminder.kind.clone(),
                facts: facts.as_object().cloned().unwrap_or_default(),
                subject_kind: if reminder.kind == "knowledge_report" {
                    "knowledge_report"
                } else {
                    "knowledge"
                }
                .to_owned(),
                subject_id: reminder.entry_id.clone(),
                key: format!("{}.{}", reminder.kind, reminder.key),
            };
            notifier.notify(ctx, notice).await.map_err(KnowledgeError::Port)?;
            told += 1;
        }
        // What was written while this turn looked is looked at again.
        self.reminded().0.store(now - 5_000, Ordering::Relaxed);
        Ok(told)
    }

    /// Returns who maintains an entry: those of its unit; where nobody can, those of the unit above, and so on.
    async fn maintainers(&self, reminder: &Reminder) -> Result<Vec<PersonId>, BoxError> {
        let capability =
            if reminder.kind == "knowledge_report" { "knowledge.write" } else { "knowledge.review" };
        let mut unit = Some(UnitId(reminder.unit_id.clone()));
        // Units have three levels; a ring of units would be a fault of somebody else.
        for _ in 0..5 {
            let Some(id) = unit else { break };
            let mut people: Vec<PersonId> =
                self.directory().people_with(&id, capability).await?.into_iter().map(|one| one.id).collect();
            people.retain(|person| !reminder.authors.contains(&person.0));
            if !people.is_empty() {
                people.truncate(PEOPLE_MAX);
                return Ok(people);
            }
            unit = self.directory().unit(&id).await?.and_then(|unit| unit.parent_id);
        }
        Ok(Vec::new())
    }
}
