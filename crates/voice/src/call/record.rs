//! What is written of a call, and in which order.

use serde::Serialize;

use crate::callflow::run::Finding;
use crate::store::callbacks::CallbackRow;
use crate::store::flow_counts::CountRow;
use crate::store::messages::MessageRow;
use crate::store::surveys::SurveyRow;

/// A call as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallRow {
    /// Id of the call.
    pub id: String,
    /// `in`, `out`, `internal`.
    pub direction: String,
    /// `trunk:<name>`, `portal`, or `seat:<number>` when an agent dialled.
    pub origin: String,
    /// The citizen's number, or `web`.
    pub caller: String,
    /// The number that was dialled.
    pub called: String,
    /// When it came, epoch milliseconds.
    pub started_at: i64,
    /// When an agent answered.
    pub answered_at: Option<i64>,
    /// When it was over.
    pub ended_at: Option<i64>,
    /// Number of the seat that talked last.
    pub seat_no: Option<String>,
    /// The person there.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
    /// The citizen's file, when the number was known.
    pub contact_id: Option<String>,
    /// `answered`, `missed`, `failed`; of dialled calls also `busy`, `no_answer`, `invalid`, `cancelled`.
    pub result: Option<String>,
    /// `citizen`, `agent`, `screen`, `leader` or `system`.
    pub hung_up_by: Option<String>,
    /// Time until an agent answered, or until the end.
    pub waited_ms: i64,
    /// Time from the answer to the end.
    pub talked_ms: i64,
    /// The recording.
    pub recording_id: Option<String>,
}

/// One line of a call's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The call.
    pub call_id: String,
    /// Its place in the history, from 1.
    pub no: i64,
    /// When, epoch milliseconds.
    pub at: i64,
    /// What.
    pub kind: &'static str,
    /// Particulars, for instance a seat number.
    pub detail: String,
}

/// A recording as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRow {
    /// Id of the recording.
    pub id: String,
    /// The call.
    pub call_id: String,
    /// The file, relative to the recording folder.
    pub path: String,
    /// When it began, epoch milliseconds.
    pub started_at: i64,
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingEnd {
    /// Id of the recording.
    pub id: String,
    /// The call.
    pub call_id: String,
    /// The file, relative to the recording folder; `None` when it failed.
    pub path: Option<String>,
    /// Length.
    pub duration_ms: i64,
    /// Size of the file.
    pub bytes: i64,
    /// Whether it was cut by a stop of the server.
    pub repaired: bool,
}

/// A sitting of a person at a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SittingRow {
    /// Id of the sitting.
    pub id: String,
    /// The seat's number.
    pub seat_no: String,
    /// The seat.
    pub seat_id: String,
    /// The person.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// When it began, epoch milliseconds.
    pub signed_in_at: i64,
}

/// How a call left a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRow {
    /// The call.
    pub call_id: String,
    /// Which of its queues, from 1.
    pub no: i64,
    /// The queue.
    pub queue_id: String,
    /// When it joined, epoch milliseconds.
    pub joined_at: i64,
    /// When it left.
    pub left_at: i64,
    /// How long it waited since it first joined a queue.
    pub waited_ms: i64,
    /// Steps of priority.
    pub priority: i64,
    /// `answered`, `abandoned`, `refused`, `overflow`.
    pub outcome: &'static str,
    /// The seat that answered.
    pub seat_no: Option<String>,
}

/// One decision about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRow {
    /// The call.
    pub call_id: String,
    /// Its place in the trace, from 1.
    pub no: i64,
    /// When, epoch milliseconds.
    pub at: i64,
    /// What was decided.
    pub kind: &'static str,
    /// What was considered, as JSON.
    pub detail: String,
}

/// What somebody did with a message by telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreatedRow {
    /// The message.
    pub message_id: String,
    /// The call in which it happened.
    pub call_id: String,
    /// Who.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// How it was seen to; absent when it was only heard.
    pub note: Option<&'static str>,
}

/// What a call flow leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowRecord {
    /// A message.
    Message(MessageRow),
    /// A message was heard or seen to by telephone.
    Treated(TreatedRow),
    /// A wish to be called back.
    Callback(CallbackRow),
    /// What the caller thought of the talk.
    Survey(SurveyRow),
    /// A count of nodes or keys.
    Count {
        /// When, epoch milliseconds.
        at: i64,
        /// The flow's version.
        version: i64,
        /// What is counted.
        row: CountRow,
    },
}

/// What the writer writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A call as it stands.
    Call(Box<CallRow>),
    /// A call that an agent has answered.
    Answered(Box<CallRow>),
    /// A call that is over.
    Ended(Box<CallRow>),
    /// A line of its history.
    Event(EventRow),
    /// A recording that has begun.
    RecordingOpened(RecordingRow),
    /// A recording that is over.
    RecordingEnded(RecordingEnd),
    /// A missed call was called back, and the citizen answered.
    CalledBack {
        /// The missed call.
        missed_id: String,
        /// The call that reached the citizen.
        call_id: String,
        /// Who called.
        agent_id: String,
        /// Their name.
        agent_name: String,
    },
    /// A call of an outbound task is over.
    CampaignCalled {
        /// The attempt.
        attempt_id: String,
        /// The call.
        call_id: String,
        /// What came of it.
        result: String,
        /// When it ended, epoch milliseconds.
        at: i64,
        /// How long the citizen listened or talked.
        talked_ms: i64,
        /// What the citizen pressed in a notice.
        keys: Vec<Finding>,
    },
    /// Something that a call flow leaves behind.
    Flow(Box<FlowRecord>),
    /// Somebody sat down.
    SatDown(SittingRow),
    /// Somebody left.
    StoodUp {
        /// Id of the sitting.
        id: String,
        /// When, epoch milliseconds.
        at: i64,
    },
    /// A call has left a queue.
    Visit(VisitRow),
    /// Something was decided about a call.
    Trace(TraceRow),
    /// A number of a list has called.
    Hit {
        /// `vip` or `blacklist`.
        list: &'static str,
        /// The number.
        number: String,
    },
    /// A seat does something else.
    SeatState {
        /// Id of the sitting.
        sitting: String,
        /// Its place in the sitting, from 1.
        no: i64,
        /// When, epoch milliseconds.
        at: i64,
        /// The state.
        state: &'static str,
        /// The call.
        call_id: Option<String>,
    },
}

impl Record {
    /// Tells whether losing it would lose a fact for ever; such records wait for room.
    #[must_use]
    pub fn must_be_kept(&self) -> bool {
        !matches!(
            self,
            Self::Event(_) | Self::SeatState { .. } | Self::Call(_) | Self::Trace(_) | Self::Hit { .. }
        )
    }
}
