//! What the agent's screen shows of a caller before the telephone rings.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use contract::cases::CaseBrief;
use contract::contacts::{ContactBrief, HistoryItem};
use serde::Serialize;
use tokio::sync::Notify;
use utoipa::ToSchema;

use crate::call::record::CallRow;
use crate::core::Core;
use crate::desk::Sitting;
use crate::store;

/// Earlier calls and orders that are shown.
const SHOWN: i64 = 10;

/// What is known of a caller.
#[derive(Clone, Debug, Default)]
pub struct Known {
    contact: Option<ContactBrief>,
    history: Vec<HistoryItem>,
    cases: Vec<CaseBrief>,
}

/// Looks a caller up while the greeting plays.
#[derive(Clone, Default)]
pub struct Prefetch(Arc<(OnceLock<Known>, Notify)>);

impl Prefetch {
    /// Begins to look.
    #[must_use]
    pub fn start(core: Arc<Core>, caller: String) -> Self {
        let prefetch = Self::default();
        let slot = prefetch.clone();
        tokio::spawn(async move {
            let known = look_up(&core, &caller).await;
            let _ = slot.0.0.set(known);
            slot.0.1.notify_waiters();
        });
        prefetch
    }

    /// Returns what is known, waiting at most `patience` for it.
    pub async fn within(&self, patience: Duration) -> Known {
        let told = self.0.1.notified();
        if self.0.0.get().is_none() {
            let _ = tokio::time::timeout(patience, told).await;
        }
        self.0.0.get().cloned().unwrap_or_default()
    }

    /// Tells whether the citizen's file, if it is known by now, says that the caller is important.
    pub fn is_vip(&self) -> bool {
        self.0
            .0
            .get()
            .and_then(|known| known.contact.as_ref())
            .is_some_and(|contact| contact.tags.iter().any(|tag| tag == "vip"))
    }

    /// Returns the tags of the citizen's file, waiting at most `patience` for it.
    pub async fn tags(&self, patience: Duration) -> Vec<String> {
        self.within(patience).await.contact.map(|contact| contact.tags).unwrap_or_default()
    }

    /// Returns the citizen's file, once known.
    #[must_use]
    pub fn contact_id(&self) -> Option<String> {
        self.0.0.get()?.contact.as_ref().map(|contact| contact.id.0.clone())
    }
}

async fn look_up(core: &Core, caller: &str) -> Known {
    let mut known = Known::default();
    if !caller.chars().any(|c| c.is_ascii_digit()) {
        return known;
    }
    if let Some(book) = &core.ports.contacts {
        match book.by_phone(caller).await {
            Ok(contact) => known.contact = contact,
            Err(error) => tracing::warn!(%error, "a caller's file could not be looked up"),
        }
    }
    if let (Some(cases), Some(contact)) = (&core.ports.cases, &known.contact) {
        match cases.cases_of(&contact.id, SHOWN).await {
            Ok(list) => known.cases = list,
            Err(error) => tracing::warn!(%error, "a caller's orders could not be looked up"),
        }
    }
    match store::calls::of_numbers(&core.kit.db, &[caller.to_owned()], SHOWN + 1).await {
        Ok(calls) => {
            known.history = calls.iter().filter(|call| call.ended_at.is_some()).map(history).collect()
        }
        Err(error) => tracing::warn!(%error, "a caller's earlier calls could not be looked up"),
    }
    known
}

/// Tells of a call in a citizen's history.
pub fn history(call: &store::calls::Call) -> HistoryItem {
    HistoryItem {
        kind: "call".to_owned(),
        id: call.id.clone(),
        at: call.started_at,
        title: call.agent_name.clone().unwrap_or_default(),
        status: call.result.clone().unwrap_or_default(),
    }
}

/// A caller as the agent's screen is told (`voice.offer`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pop {
    /// The call.
    pub call_id: String,
    /// The number, masked when the agent's role says so.
    pub caller: String,
    /// The number, masked.
    pub caller_masked: String,
    /// `trunk:<name>` or `portal`.
    pub origin: String,
    /// The queue that it waited in.
    pub queue: Option<String>,
    /// The merged hotline as which it is answered, such as "12333 人社服务热线"; absent for the house's own.
    pub identity: Option<String>,
    /// When the call came, epoch milliseconds.
    pub started_at: i64,
    /// Whether this is a call that the page lost and gets back: answer it at once.
    pub rebind: bool,
    /// Whether the page answers by itself: whoever asked for the call by a click need not answer it too.
    pub auto_answer: bool,
    /// What is asked of the seat: `agent`, `consulted`, `successor`, `member`, `listener`, `whisperer`.
    pub role: String,
    /// Who asks, when a colleague does: name and seat.
    pub asked_by: Option<String>,
    /// `in`, `out`, `internal`.
    pub direction: String,
    /// When an agent answered first, epoch milliseconds.
    pub answered_at: Option<i64>,
    /// The server's time, epoch milliseconds.
    pub now: i64,
    /// The citizen's file.
    pub contact: Option<ContactBrief>,
    /// Earlier calls.
    pub history: Vec<HistoryItem>,
    /// Orders.
    pub cases: Vec<CaseBrief>,
}

impl Pop {
    /// Puts a screen together for the person at a seat.
    #[must_use]
    pub fn new(row: &CallRow, sitting: &Sitting, known: Known, rebind: bool) -> Self {
        let caller_masked = contract::contacts::mask_phone(&row.caller);
        let mut contact = known.contact;
        if let Some(contact) = contact.as_mut().filter(|_| sitting.masked) {
            contact.phone = contact.phone.as_deref().map(contract::contacts::mask_phone);
        }
        Self {
            call_id: row.id.clone(),
            caller: if sitting.masked { caller_masked.clone() } else { row.caller.clone() },
            caller_masked,
            origin: row.origin.clone(),
            queue: None,
            identity: None,
            started_at: row.started_at,
            rebind,
            auto_answer: rebind,
            role: "agent".to_owned(),
            asked_by: None,
            direction: row.direction.clone(),
            answered_at: row.answered_at,
            now: 0,
            contact,
            history: known.history,
            cases: known.cases,
        }
    }
}
