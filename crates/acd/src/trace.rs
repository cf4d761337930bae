//! Why a call went where it went.

use crate::config::{Medium, Strategy};
use crate::types::{QueueKey, SeatKey, WithdrawReason};

/// Candidates that a trace names at most; it counts the others.
pub const TRACED_CANDIDATES: usize = 5;

/// How the seats of a queue stood when something was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Staff {
    /// Professional seats that are signed in.
    pub signed_in: usize,
    /// Those of them that are at work: not resting, and with a telephone.
    pub at_work: usize,
    /// Those of them that are free.
    pub free: usize,
    /// General seats that are free and would help.
    pub general_free: usize,
}

/// A seat that was considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The seat.
    pub seat: SeatKey,
    /// What the strategy compares: calls, milliseconds talked, idle since, level or place.
    pub measure: i64,
}

/// Why a call went to another queue or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverflowCause {
    /// It waited too long.
    Waited,
    /// Nobody who serves the queue was signed in.
    Unstaffed,
    /// The queue was taken away.
    Removed,
}

impl OverflowCause {
    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waited => "waited",
            Self::Unstaffed => "unstaffed",
            Self::Removed => "removed",
        }
    }
}

/// Who the chosen seat is to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// A professional seat.
    Professional,
    /// A general seat that helps.
    General,
    /// The seat that the call preferred.
    Preferred,
}

impl Group {
    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Professional => "professional",
            Self::General => "general",
            Self::Preferred => "preferred",
        }
    }
}

/// One decision about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It joined a queue.
    Joined {
        /// The queue.
        queue: QueueKey,
        /// How it came.
        medium: Medium,
        /// Steps of priority, the queue's own included.
        priority: u8,
        /// Calls before it.
        before: usize,
        /// The seats of the queue.
        staff: Staff,
    },
    /// It waits for one seat alone.
    Held {
        /// The seat.
        seat: SeatKey,
        /// How long at most.
        patience_ms: i64,
    },
    /// It waits for that seat no longer.
    Released {
        /// The seat.
        seat: SeatKey,
    },
    /// General seats may take it now, because it waited long.
    Opened {
        /// The queue.
        queue: QueueKey,
    },
    /// A seat was chosen.
    Chosen {
        /// The queue.
        queue: QueueKey,
        /// The rule.
        strategy: Strategy,
        /// Who the seat is to the queue.
        group: Group,
        /// The seat.
        seat: SeatKey,
        /// The best free seats by the rule; the first is the chosen one.
        candidates: Vec<Candidate>,
        /// The seats of the queue.
        staff: Staff,
    },
    /// The seat did not take it.
    NotTaken {
        /// The seat.
        seat: SeatKey,
        /// Why.
        reason: WithdrawReason,
    },
    /// It went to another queue.
    Moved {
        /// From.
        from: QueueKey,
        /// To.
        to: QueueKey,
        /// Why.
        cause: OverflowCause,
    },
    /// It went to an outside number.
    Forwarded {
        /// From.
        from: QueueKey,
        /// The number.
        number: String,
        /// Why.
        cause: OverflowCause,
    },
    /// It was refused, because too many waited.
    Refused {
        /// The queue.
        queue: QueueKey,
        /// How many waited there.
        waiting: usize,
    },
}
