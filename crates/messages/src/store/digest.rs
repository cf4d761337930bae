//! The daily digest: whoever has overdue orders is reminded once a day, as long as they are overdue.

use std::collections::HashMap;

use kernel::Ctx;
use serde_json::{Map, Value, json};

use crate::Messages;
use crate::error::MessageError;
use crate::kind::Kind;
use crate::quiet::time_of_day;

/// So many overdue orders are read at once.
const BATCH: i64 = 500;
/// So many are looked at in all.
const MOST: usize = 100_000;

impl Messages {
    /// Sends today's digest when its time has come. Returns to how many people.
    ///
    /// # Errors
    /// When the database or a port fails.
    pub async fn digest(&self, ctx: &Ctx) -> Result<usize, MessageError> {
        let rule = self.rule(Kind::Digest).await?;
        let Some((day, minute)) = self.local(ctx.now.0) else { return Ok(0) };
        let parameter = self.kit().parameters.get("messages.digest_at");
        let at = time_of_day(parameter.as_ref().and_then(|one| one.value.as_str()).unwrap_or("08:30"));
        if !rule.active || minute < at {
            return Ok(0);
        }
        let done: Option<(i64,)> = sqlx::query_as("select made_at from messages_digest where day = $1")
            .bind(&day)
            .fetch_optional(self.kit().db.reader())
            .await?;
        if done.is_some() {
            return Ok(0);
        }
        let mut of_person: HashMap<String, (i64, String)> = HashMap::new();
        let (mut after, mut read) = (String::new(), 0);
        loop {
            let overdue =
                self.ports().cases.overdue(ctx.now.0, &after, BATCH).await.map_err(MessageError::Port)?;
            let Some(last) = overdue.last() else { break };
            after.clone_from(&last.id.0);
            read += overdue.len();
            for order in &overdue {
                let mut people: Vec<String> = Vec::new();
                match (&order.person_id, &order.unit_id) {
                    (Some(person), _) => people.push(person.clone()),
                    (None, Some(unit)) => people.extend(self.people_of(unit, "case.handle").await?),
                    (None, None) => {}
                }
                if rule.leader
                    && let Some(unit) = &order.unit_id
                {
                    people.extend(self.people_of(unit, "overview.read").await?);
                }
                people.sort();
                people.dedup();
                for person in people {
                    let entry = of_person.entry(person).or_insert_with(|| (0, order.number.clone()));
                    entry.0 += 1;
                }
            }
            if read >= MOST {
                break;
            }
        }
        for (person, (overdue, first)) in &of_person {
            let unread = self.unread(person).await?;
            let facts = json!({ "overdue": overdue, "first": first, "unread": unread });
            let facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
            let key = format!("digest.{day}");
            self.tell(ctx, &rule, std::slice::from_ref(person), &key, &facts, ("tasks", "")).await?;
        }
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("insert into messages_digest (day, made_at) values ($1, $2) on conflict do nothing")
            .bind(&day)
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(of_person.len())
    }

    async fn people_of(&self, unit_id: &str, capability: &str) -> Result<Vec<String>, MessageError> {
        let people = self.ports().directory.people_with(&unit_id.into(), capability).await;
        Ok(people.map_err(MessageError::Port)?.into_iter().map(|person| person.id.0).collect())
    }

    /// Returns the city's date and time of day.
    fn local(&self, at: i64) -> Option<(String, chrono::NaiveTime)> {
        let text = kernel::http::local_time(&self.kit().config.zone, at);
        let (day, time) = text.split_once(' ')?;
        Some((day.to_owned(), chrono::NaiveTime::parse_from_str(time, "%H:%M:%S").ok()?))
    }
}
