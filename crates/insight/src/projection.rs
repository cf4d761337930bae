//! Facts follow events: an event says which order or call has changed, the facts are asked for as they are now.
//!
//! So an event that comes late, twice or in another order leads to the same rows, and a place in the events that
//! was read before does no harm.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use contract::cases::{CaseFacts, CaseId, CityCalendar};
use contract::identity::{Directory, PersonId};
use contract::voice::{CallFacts, CallId};
use kernel::event::{Mark, read_marks};
use kernel::{Kit, crypto};

use crate::error::InsightError;
use crate::fact::{
    CALLS, KEYS, ORDERS, Row, SEATS, STEPS, call_row, key_row, order_row, seat_row, step_rows,
};
use crate::lake::{Change, Lake};

/// So many events are read at once.
pub const EVENTS_AT_ONCE: i64 = 10_000;
/// So many orders or calls are asked for at once.
const IDS_AT_ONCE: i64 = 1_000;
/// So many of those that events tell of are asked for at once.
const CHUNK: usize = 1_000;
/// So many states of seats are asked for at once.
const SEATS_AT_ONCE: i64 = 5_000;
/// Seats and keys are asked for after so long.
const POLL_MS: i64 = 30_000;
/// What was asked for once is asked for again when it is younger than this: writers lag behind their calls.
const OVERLAP_MS: i64 = 600_000;

/// Where facts come from.
#[derive(Clone)]
pub struct Sources {
    /// Orders.
    pub cases: Arc<dyn CaseFacts>,
    /// Calls.
    pub calls: Arc<dyn CallFacts>,
    /// Units and people.
    pub directory: Arc<dyn Directory>,
    /// Days off of the country and of the city.
    pub calendar: Arc<dyn CityCalendar>,
}

/// Brings the facts up to date.
pub struct Projection {
    kit: Kit,
    sources: Sources,
    salt: String,
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projection").finish_non_exhaustive()
    }
}

impl Projection {
    /// Makes a projection; `salt` keys citizens.
    #[must_use]
    pub fn new(kit: Kit, sources: Sources, salt: String) -> Self {
        Self { kit, sources, salt }
    }

    /// Takes in what is new, once. Returns whether there may be more.
    ///
    /// # Errors
    /// When a source or the files fail; the facts are as before.
    pub async fn step(&self, lake: &Lake) -> Result<bool, InsightError> {
        let mut manifest = lake.snapshot().manifest.clone();
        if manifest.is_new() {
            // Everything is read as it is now; what happened before need not be heard.
            let newest = kernel::event::newest_number(&self.kit).await?;
            lake.throw_away(newest).await?;
            manifest = lake.snapshot().manifest.clone();
        }
        if let Some((source, after)) = manifest.rebuild.iter().next() {
            let (source, after) = (source.clone(), after.clone());
            self.rebuild(lake, &source, &after).await?;
            return Ok(true);
        }
        let events = read_marks(&self.kit, lake.seq().await, EVENTS_AT_ONCE).await?;
        let more = i64::try_from(events.len()).unwrap_or(0) == EVENTS_AT_ONCE;
        self.take_in(lake, &events).await?;
        self.poll(lake).await?;
        Ok(more)
    }

    /// Takes events in: whatever they are about is read as it is now.
    ///
    /// # Errors
    /// When a source or the files fail.
    pub async fn take_in(&self, lake: &Lake, events: &[Mark]) -> Result<(), InsightError> {
        let Some(seq) = events.iter().map(|event| event.seq).max() else { return Ok(()) };
        let subjects = |prefix: &str| -> BTreeSet<String> {
            events
                .iter()
                .filter(|event| event.name.starts_with(prefix))
                .map(|event| event.subject.clone())
                .collect()
        };
        let cases: Vec<CaseId> = subjects("cases.").into_iter().map(CaseId).collect();
        let calls: Vec<CallId> = subjects("voice.call_").into_iter().map(CallId).collect();
        let mut rows = self.case_rows(&cases).await?;
        rows.push((&CALLS, self.call_rows(&calls).await?));
        lake.apply(Change { rows, seq: Some(seq), ..Change::default() }).await
    }

    /// Reads another piece of a source from its beginning on.
    async fn rebuild(&self, lake: &Lake, source: &str, after: &str) -> Result<(), InsightError> {
        let mut change = Change::default();
        let key: &'static str = if source == "cases" { "cases" } else { "calls" };
        let last = if source == "cases" {
            let ids = self.sources.cases.case_ids(after, IDS_AT_ONCE).await.map_err(InsightError::Port)?;
            change.rows = self.case_rows(&ids).await?;
            ids.last().map(|id| id.0.clone())
        } else {
            let ids = self.sources.calls.call_ids(after, IDS_AT_ONCE).await.map_err(InsightError::Port)?;
            change.rows.push((&CALLS, self.call_rows(&ids).await?));
            ids.last().map(|id| id.0.clone())
        };
        change.rebuilt.push((key, last));
        lake.apply(change).await?;
        Ok(())
    }

    async fn case_rows(
        &self,
        ids: &[CaseId],
    ) -> Result<Vec<(&'static crate::fact::Table, Vec<Row>)>, InsightError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (mut orders, mut steps) = (Vec::with_capacity(ids.len()), Vec::new());
        for some in ids.chunks(CHUNK) {
            let facts = self.sources.cases.case_facts(some).await.map_err(InsightError::Port)?;
            orders.extend(facts.iter().map(|fact| order_row(fact, |contact| self.citizen(contact))));
            steps.extend(facts.iter().flat_map(step_rows));
        }
        Ok(vec![(&ORDERS, orders), (&STEPS, steps)])
    }

    async fn call_rows(&self, ids: &[CallId]) -> Result<Vec<Row>, InsightError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut facts = Vec::with_capacity(ids.len());
        for some in ids.chunks(CHUNK) {
            facts.extend(self.sources.calls.call_facts(some).await.map_err(InsightError::Port)?);
        }
        let mut homes = HashMap::new();
        let mut rows = Vec::with_capacity(facts.len());
        for fact in &facts {
            let home = self.home(&mut homes, fact.agent_id.as_deref()).await?;
            rows.push(call_row(fact, |caller| self.citizen(caller), home));
        }
        Ok(rows)
    }

    /// Asks for what has no events: states of seats, and keys that callers pressed.
    async fn poll(&self, lake: &Lake) -> Result<(), InsightError> {
        let polled_at = lake.snapshot().manifest.polled_at;
        let now = self.kit.now().0;
        // A clock that was set back must not stop the asking.
        if polled_at <= now && now - polled_at < POLL_MS {
            return Ok(());
        }
        let since = if polled_at == 0 { 0 } else { polled_at.min(now) - OVERLAP_MS };
        let mut homes = HashMap::new();
        let mut after = String::new();
        loop {
            let facts = self
                .sources
                .calls
                .seat_facts(since, &after, SEATS_AT_ONCE)
                .await
                .map_err(InsightError::Port)?;
            let full = i64::try_from(facts.len()).unwrap_or(0) == SEATS_AT_ONCE;
            after = facts.last().map(|fact| fact.id.clone()).unwrap_or_default();
            let mut rows = Vec::with_capacity(facts.len());
            for fact in &facts {
                let home = self.home(&mut homes, Some(&fact.person_id)).await?;
                rows.push(seat_row(fact, home));
            }
            lake.apply(Change { rows: vec![(&SEATS, rows)], ..Change::default() }).await?;
            if !full {
                break;
            }
        }
        let keys = self.sources.calls.key_facts(since).await.map_err(InsightError::Port)?;
        let rows = vec![(&KEYS, keys.iter().map(key_row).collect())];
        lake.apply(Change { rows, polled_at: Some(now), ..Change::default() }).await
    }

    /// Finds an agent's unit and its path.
    async fn home(
        &self,
        known: &mut HashMap<String, crate::fact::Home>,
        agent: Option<&str>,
    ) -> Result<crate::fact::Home, InsightError> {
        let Some(agent) = agent else { return Ok((None, None)) };
        if let Some(home) = known.get(agent) {
            return Ok(home.clone());
        }
        let directory = &self.sources.directory;
        let person = directory.person(&PersonId(agent.to_owned())).await.map_err(InsightError::Port)?;
        let home = match person {
            None => (None, None),
            Some(person) => {
                let unit = directory.unit(&person.unit_id).await.map_err(InsightError::Port)?;
                (Some(person.unit_id.0), unit.map(|unit| unit.path))
            }
        };
        known.insert(agent.to_owned(), home.clone());
        Ok(home)
    }

    /// Keys a citizen: the same for the same citizen, and nobody without the salt finds out who it is.
    #[must_use]
    pub(crate) fn citizen(&self, id: &str) -> String {
        let mut digest = crypto::sha256_hex(format!("{}:{id}", self.salt).as_bytes());
        digest.truncate(24);
        digest
    }
}
