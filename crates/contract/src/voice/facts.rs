//! What figures are made of: calls and seats without names and numbers.

use async_trait::async_trait;
use kernel::BoxError;

use super::CallId;

/// A call as figures know it. Times are epoch milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFact {
    /// The call.
    pub id: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Where it came from: the trunk's name or the page.
    pub origin: String,
    /// The number that was called when it came in; empty when it went out.
    pub hotline: String,
    /// `mobile`, `landline`, `web`, `other`: what kind of line the citizen has.
    pub line: String,
    /// The same text for the same caller, and not the number.
    pub caller_key: Option<String>,
    /// When it began.
    pub started_at: i64,
    /// When an agent answered.
    pub answered_at: Option<i64>,
    /// When it was over.
    pub ended_at: Option<i64>,
    /// The agent.
    pub agent_id: Option<String>,
    /// The agent's seat.
    pub seat_no: Option<String>,
    /// `answered`, `missed`, `failed`; none while it runs.
    pub result: Option<String>,
    /// Who hung up.
    pub hung_up_by: Option<String>,
    /// How long it took from the beginning of the call to the answer, or to the end, also in a call flow.
    pub waited_ms: i64,
    /// How long they talked.
    pub talked_ms: i64,
    /// The queue that it waited in last.
    pub queue_id: Option<String>,
    /// Time that it waited in queues until an agent answered or the caller gave up.
    pub queued_ms: i64,
    /// Queues that it waited in.
    pub queues: i64,
    /// The caller's stars for the talk.
    pub stars: Option<i64>,
    /// What came of it, in the agent's words' code.
    pub summary: Option<String>,
}

/// A while that somebody at a seat was in one state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeatFact {
    /// The sitting and the number of the state.
    pub id: String,
    /// Who sat there.
    pub person_id: String,
    /// The seat.
    pub seat_no: String,
    /// The state.
    pub state: String,
    /// Since when.
    pub at: i64,
    /// Until when; none while it lasts.
    pub until: Option<i64>,
    /// When the person signed in.
    pub signed_in_at: i64,
    /// When the person signed out.
    pub signed_out_at: Option<i64>,
}

/// How often something happened at a node of a call flow within an hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyFact {
    /// The hour, epoch milliseconds of its beginning.
    pub hour: i64,
    /// The flow.
    pub flow_id: String,
    /// Its version.
    pub version: i64,
    /// The node.
    pub node_id: String,
    /// `entered`, `gone`, `problem`, or `key:` and a key.
    pub what: String,
    /// How often.
    pub times: i64,
}

/// The floor at this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloorNow {
    /// Callers who wait.
    pub waiting: i64,
    /// How long the first of them has waited.
    pub longest_wait_ms: i64,
    /// Calls that are being talked.
    pub talking: i64,
    /// Seats by state, as code and number.
    pub seats: Vec<(String, i64)>,
    /// Calls since midnight that wanted somebody.
    pub offered: i64,
    /// Of them answered.
    pub answered: i64,
    /// Answered calls of all since midnight, in per cent.
    pub connection_pct: Option<f64>,
    /// Calls answered in time of all answered in the last hour, in per cent.
    pub in_time_pct: Option<f64>,
    /// Queues: name, waiting, longest wait in milliseconds, free seats.
    pub queues: Vec<(String, i64, i64, i64)>,
}

/// Answers what figures of calls are made of.
#[async_trait]
pub trait CallFacts: Send + Sync {
    /// Returns calls as they are now; those that do not exist are left out.
    async fn call_facts(&self, ids: &[CallId]) -> Result<Vec<CallFact>, BoxError>;
    /// Returns ids after `after` in ascending order, at most `limit`.
    async fn call_ids(&self, after: &str, limit: i64) -> Result<Vec<CallId>, BoxError>;
    /// Returns states of seats that lasted at or after `since`, at most `limit` after the id `after`.
    async fn seat_facts(&self, since: i64, after: &str, limit: i64) -> Result<Vec<SeatFact>, BoxError>;
    /// Returns what was counted in call flows from the hour of `since` on.
    async fn key_facts(&self, since: i64) -> Result<Vec<KeyFact>, BoxError>;
    /// Returns names of queues, and of flows and their nodes as `flow/node`, by id.
    async fn call_names(&self) -> Result<Vec<(String, String)>, BoxError>;
    /// Returns the floor.
    fn floor_now(&self) -> FloorNow;
}
