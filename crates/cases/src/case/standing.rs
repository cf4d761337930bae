//! What offices have agreed on about an order beside its course.

use contract::cases::CaseId;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Status, Step, UnitRef};

/// What was agreed on. Stored as one text, so that it gains fields and loses none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The unit that got the order first and stays answerable to the citizen for it (首接负责).
    pub first_unit: Option<UnitRef>,
    /// How often a unit gave it back.
    pub returns: i64,
    /// Whether a leader has said whose it is, so that no unit may give it back any more.
    pub ruled: bool,
    /// Why it is not accepted, or void: a word of the dictionary.
    pub ground: Option<String>,
    /// Why it is not accepted, or void, in words that the citizen reads.
    pub ended_because: Option<String>,
    /// Where it stood before it was ended early, for its restoration.
    pub before: Option<Before>,
    /// The order that answers for this one (并单).
    pub main_id: Option<CaseId>,
    /// Whether it does not count for its unit's evaluation (剔除).
    pub struck_out: bool,
    /// Who gave it to those who have it now, and from where, while it can be taken back.
    pub sent: Option<Sent>,
    /// When the citizen urged last.
    pub citizen_urged_at: Option<Timestamp>,
    /// How often the citizen added something.
    pub supplements: i64,
    /// How the unit got it: `dispatch`, `forward` (转送), `entrust` (交办), `own` (自办).
    pub mode: Option<String>,
    /// The number of the letter that entrusted it (交办函).
    pub letter_no: Option<String>,
    /// What the letter says.
    pub letter: Option<String>,
}

/// Where an order stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The status.
    pub status: Status,
    /// The step of the flow.
    pub step: Step,
}

/// Who passed an order on, and who had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The sender.
    pub by: String,
    /// The unit that had it; none for the centre.
    pub from_unit: Option<UnitRef>,
    /// The person who had it.
    pub from_person: Option<String>,
    /// When.
    pub at: Timestamp,
    /// When somebody on the other side opened it.
    pub opened_at: Option<Timestamp>,
}
