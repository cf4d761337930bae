//! Calls, recordings and the events of the call centre.

use async_trait::async_trait;
use kernel::event::{Audience, Event};
use kernel::{BoxError, Ctx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod written;

pub use written::{WrittenChange, WrittenItem, WrittenListener, WrittenQueue, WrittenSeat};
mod facts;

pub use facts::{CallFact, CallFacts, FloorNow, KeyFact, SeatFact};

kernel::id!(
    /// Names a call (通话).
    CallId
);
kernel::id!(
    /// Names a recording (录音).
    RecordingId
);

/// What others need to know of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordingBrief {
    /// The recording.
    pub id: RecordingId,
    /// The call that it holds.
    pub call_id: CallId,
    /// When it began, epoch milliseconds.
    pub started_at: i64,
    /// Its length.
    pub duration_ms: i64,
    /// Whether the call has ended and the recording is whole.
    pub finished: bool,
}

/// What others need to know of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallBrief {
    /// The call.
    pub id: CallId,
    /// The citizen's number, unmasked; `web` callers have none.
    pub caller: String,
    /// When it came, epoch milliseconds.
    pub started_at: i64,
    /// The agent who answered.
    pub agent_id: Option<String>,
}

/// Answers what is known of calls.
#[async_trait]
pub trait CallLookup: Send + Sync {
    /// Finds a call, also one that is still running.
    async fn call(&self, id: &CallId) -> Result<Option<CallBrief>, BoxError>;
    /// Returns the recordings of a call.
    async fn recordings_of(&self, id: &CallId) -> Result<Vec<RecordingBrief>, BoxError>;
}

/// A citizen's right to make one call from the portal page.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CitizenCall {
    /// The path of SIP over WebSocket on this host.
    pub ws_path: String,
    /// The citizen's own SIP address; its user part names this call's token.
    pub uri: String,
    /// The password for digest authentication, if the server asks.
    pub password: String,
    /// The address to call.
    pub target: String,
    /// When the right ends, epoch milliseconds.
    pub expires_at: i64,
}

/// How a citizen's call from the page stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallProgress {
    /// Whether an agent has answered.
    pub answered: bool,
    /// How many wait before this call; none while it does not wait in a queue.
    pub before: Option<i64>,
    /// How long it is likely to wait yet, in seconds; none when nobody can tell.
    pub wait_secs: Option<i64>,
}

/// Issues rights to call from the portal page.
#[async_trait]
pub trait CallTokens: Send + Sync {
    /// Issues one; `phone` is the number that the citizen gave to be called back, if any.
    async fn issue_citizen(&self, ctx: &Ctx, phone: Option<&str>) -> Result<CitizenCall, BoxError>;
    /// Tells how the call stands that is made with the right `token`; none when there is no such call.
    async fn progress(&self, token: &str) -> Option<CallProgress>;
}

/// A call was answered by an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallAnswered {
    /// The call.
    pub call_id: CallId,
    /// The agent.
    pub agent_id: String,
    /// How long the citizen waited.
    pub waited_ms: i64,
}

impl Event for CallAnswered {
    const NAME: &'static str = "voice.call_answered";
    fn subject(&self) -> String {
        self.call_id.0.clone()
    }
}

/// A call is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallEnded {
    /// The call.
    pub call_id: CallId,
    /// `answered`, `missed`, `failed`.
    pub result: String,
    /// The agent who answered.
    pub agent_id: Option<String>,
    /// How long they talked.
    pub talked_ms: i64,
}

impl Event for CallEnded {
    const NAME: &'static str = "voice.call_ended";
    fn subject(&self) -> String {
        self.call_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        let mut audience = vec![Audience::Capability("call.read".to_owned())];
        audience.extend(self.agent_id.clone().map(Audience::Person));
        audience
    }
}

/// A citizen gave up before anybody answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallMissed {
    /// The call.
    pub call_id: CallId,
    /// How long the citizen waited.
    pub waited_ms: i64,
}

impl Event for CallMissed {
    const NAME: &'static str = "voice.call_missed";
    fn subject(&self) -> String {
        self.call_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("call.handle_missed".to_owned())]
    }
}

/// A service level has fallen below its target, or has reached it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceAlarm {
    /// The queue; absent for the whole floor.
    pub queue_id: Option<String>,
    /// The queue's name.
    pub queue_name: Option<String>,
    /// `in_time` (answered in time, last hour) or `connection` (answered at all, 24 hours).
    pub measure: String,
    /// The level, in per cent.
    pub value_pct: f64,
    /// The target.
    pub target_pct: f64,
    /// Whether the target is missed now.
    pub raised: bool,
}

impl Event for ServiceAlarm {
    const NAME: &'static str = "voice.service_alarm";
    fn subject(&self) -> String {
        self.queue_id.clone().unwrap_or_default()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("call.monitor".to_owned())]
    }
}

/// A recording is whole and can be played.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordingFinished {
    /// The recording.
    pub recording_id: RecordingId,
    /// The call that it holds.
    pub call_id: CallId,
    /// Its length.
    pub duration_ms: i64,
    /// Whether it was cut by a stop of the server and repaired afterwards.
    pub repaired: bool,
}

impl Event for RecordingFinished {
    const NAME: &'static str = "voice.recording_finished";
    fn subject(&self) -> String {
        self.call_id.0.clone()
    }
}

/// A caller left a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessageLeft {
    /// The message.
    pub message_id: String,
    /// The call.
    pub call_id: CallId,
    /// Its length.
    pub length_ms: i64,
}

impl Event for MessageLeft {
    const NAME: &'static str = "voice.message_left";
    fn subject(&self) -> String {
        self.message_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("call.handle_missed".to_owned())]
    }
}

/// A caller wants to be called back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallbackWished {
    /// The wish.
    pub callback_id: String,
    /// The call in which it was made.
    pub call_id: CallId,
}

impl Event for CallbackWished {
    const NAME: &'static str = "voice.callback_wished";
    fn subject(&self) -> String {
        self.callback_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("call.handle_missed".to_owned())]
    }
}

/// A caller rated the talk with an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallRated {
    /// The call.
    pub call_id: CallId,
    /// The agent who talked.
    pub agent_id: Option<String>,
    /// 1 (very dissatisfied) to 5 (very satisfied).
    pub stars: i64,
}

impl Event for CallRated {
    const NAME: &'static str = "voice.call_rated";
    fn subject(&self) -> String {
        self.call_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("call.read".to_owned())]
    }
}

/// The list of an outbound task is through.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CampaignDone {
    /// The task.
    pub campaign_id: String,
    /// Its name.
    pub name: String,
}

impl Event for CampaignDone {
    const NAME: &'static str = "voice.campaign_done";
    fn subject(&self) -> String {
        self.campaign_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("campaign.read".to_owned())]
    }
}

/// The parameter that names pages of other systems which may show the telephone in a frame.
pub const EMBED_ORIGINS: &str = "voice.embed_origins";

/// Returns the origins (`https://crm.example.gov.cn`) whose pages may show the telephone in a frame. What is no
/// plain origin is left out, so that it can't become another policy.
#[must_use]
pub fn embed_origins(parameters: &kernel::parameters::Parameters) -> Vec<String> {
    let parameter = parameters.get(EMBED_ORIGINS);
    let text = parameter.as_ref().and_then(|parameter| parameter.value.as_str()).unwrap_or_default();
    text.split([',', '，', ' ', '\n'])
        .map(str::trim)
        .filter(|text| is_origin(text))
        .take(20)
        .map(str::to_owned)
        .collect()
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    host.is_some_and(|host| (1..=255).contains(&host.len()) && host.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn only_plain_origins_may_frame_the_telephone() {
        assert!(is_origin("https://crm.example.gov.cn") && is_origin("http://10.1.2.3:8080"));
        for text in [
            "*",
            "https://*",
            "https://a.cn/x",
            "javascript:1",
            "https://a.cn;script-src",
            "https://",
            "'self'",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
