//! Words of the floor.

use std::fmt;
use std::sync::Arc;

use crate::config::{Medium, SeatProfile};
use crate::trace::Trace;

macro_rules! key {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Arc<str>);

        impl $name {
            /// Returns the key as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

key!(
    /// Names a call.
    CallKey
);
key!(
    /// Names a seat.
    SeatKey
);
key!(
    /// Names a queue.
    QueueKey
);

/// Why a seat takes no calls although somebody sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Not ready: set by the person, or by the floor after an unanswered ring.
    NotReady,
    /// On a break.
    Break,
}

/// What a seat does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatState {
    /// Free for a call (when its telephone can be reached).
    Ready,
    /// Chosen for a call; the telephone is about to be rung.
    Reserved {
        /// The call.
        call: CallKey,
    },
    /// Ringing.
    Ringing {
        /// The call.
        call: CallKey,
    },
    /// Talking.
    OnCall {
        /// The call.
        call: CallKey,
    },
    /// Writing up the last call.
    WrapUp {
        /// The call.
        call: CallKey,
    },
    /// Taking no calls.
    Resting(Rest),
}

impl SeatState {
    /// Returns the word that is stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Reserved { .. } => "reserved",
            Self::Ringing { .. } => "ringing",
            Self::OnCall { .. } => "on_call",
            Self::WrapUp { .. } => "wrap_up",
            Self::Resting(Rest::NotReady) => "not_ready",
            Self::Resting(Rest::Break) => "break",
        }
    }

    /// Returns the call that the seat is busy with.
    pub fn call(&self) -> Option<&CallKey> {
        match self {
            Self::Reserved { call }
            | Self::Ringing { call }
            | Self::OnCall { call }
            | Self::WrapUp { call } => Some(call),
            Self::Ready | Self::Resting(_) => None,
        }
    }
}

/// A work item that wants a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The call, or another work item.
    pub call: CallKey,
    /// The queue; an unknown one, or none, is the first queue of the floor.
    pub queue: Option<QueueKey>,
    /// How it came.
    pub medium: Medium,
    /// 0 for everybody; each step counts as [`crate::FloorConfig::head_start_ms`].
    pub priority: u8,
    /// A seat that it should go to if this seat is free soon, and how long it waits for it alone.
    pub prefer: Option<(SeatKey, i64)>,
    /// Whether it goes to the head of the queue.
    pub first: bool,
}

impl Arrival {
    /// Describes an ordinary telephone call.
    #[must_use]
    pub fn voice(call: CallKey) -> Self {
        Self { call, queue: None, medium: Medium::Voice, priority: 0, prefer: None, first: false }
    }
}

/// What happens to a floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A call wants a seat.
    Enqueue(Arrival),
    /// A call that lost its seat wants another one, before all others.
    Return {
        /// The call.
        call: CallKey,
    },
    /// The caller has gone.
    Abandon {
        /// The call.
        call: CallKey,
    },
    /// Somebody sat down; the seat starts not ready.
    SignIn {
        /// The seat.
        seat: SeatKey,
    },
    /// What the seat can do, from now on.
    Profile {
        /// The seat.
        seat: SeatKey,
        /// Skills and capacities.
        profile: SeatProfile,
    },
    /// Somebody left; a call in progress is finished first.
    SignOut {
        /// The seat.
        seat: SeatKey,
    },
    /// The seat's telephone can be reached, or no longer.
    Phone {
        /// The seat.
        seat: SeatKey,
        /// Whether it can.
        reachable: bool,
    },
    /// The person wants to work, or to rest: at once, or after the present call. A break may have to be
    /// approved; to want anything else takes the request back.
    SetState {
        /// The seat.
        seat: SeatKey,
        /// `None` for ready.
        rest: Option<Rest>,
    },
    /// A leader sets what the person does; nobody is asked.
    ForceState {
        /// The seat.
        seat: SeatKey,
        /// `None` for ready.
        rest: Option<Rest>,
    },
    /// A leader approves or refuses a break.
    DecideBreak {
        /// The seat.
        seat: SeatKey,
        /// Whether it may begin.
        approved: bool,
    },
    /// The person no longer wants the requested break.
    WithdrawBreak {
        /// The seat.
        seat: SeatKey,
    },
    /// The person wants the requested break so much later.
    PostponeBreak {
        /// The seat.
        seat: SeatKey,
        /// How much later.
        by_ms: i64,
    },
    /// A free seat is taken for a call that did not come to it from the queue: it is consulted, transferred
    /// to, dials by itself, listens. Whoever took it ends this with [`Input::Disengage`]; no lease runs.
    Engage {
        /// The seat.
        seat: SeatKey,
        /// The call.
        call: CallKey,
    },
    /// An engaged seat talks.
    Joined {
        /// The seat.
        seat: SeatKey,
        /// The call.
        call: CallKey,
    },
    /// An engaged seat is free of the call again.
    Disengage {
        /// The seat.
        seat: SeatKey,
        /// The call.
        call: CallKey,
        /// Whether time for writing follows; else it does what it did before.
        wrap_up: bool,
    },
    /// The telephone rings.
    Rung {
        /// The seat.
        seat: SeatKey,
        /// The call.
        call: CallKey,
    },
    /// The telephone was answered.
    Accepted {
        /// The seat.
        seat: SeatKey,
        /// The call.
        call: CallKey,
    },
    /// The person refused, or the telephone could not be rung.
    Rejected {
        /// The seat.
        seat: SeatKey,
        /// The call.
        call: CallKey,
    },
    /// A conversation is over.
    Ended {
        /// The call.
        call: CallKey,
    },
    /// The person has finished writing.
    WrapUpDone {
        /// The seat.
        seat: SeatKey,
    },
    /// Time has passed.
    Tick,
}

/// Why an offer no longer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithdrawReason {
    /// The caller has gone.
    CallerGone,
    /// Nobody answered in time.
    TimedOut,
    /// The seat signed out, or its telephone was lost.
    SeatGone,
    /// The person refused.
    Refused,
}

impl WithdrawReason {
    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CallerGone => "caller_gone",
            Self::TimedOut => "timed_out",
            Self::SeatGone => "seat_gone",
            Self::Refused => "refused",
        }
    }
}

/// A break that has been asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakRequest {
    /// When it was asked for.
    pub asked_at: i64,
    /// When it should begin.
    pub wanted_at: i64,
    /// Whether a leader has approved it; it begins then at `wanted_at`.
    pub approved: bool,
}

/// What the owner of the floor has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ring this seat for this call.
    Offer {
        /// The call.
        call: CallKey,
        /// The seat.
        seat: SeatKey,
    },
    /// Stop ringing, or don't begin to; a written item leaves the seat.
    Withdraw {
        /// The call.
        call: CallKey,
        /// The seat.
        seat: SeatKey,
        /// Why.
        reason: WithdrawReason,
    },
    /// The call and the seat belong together now.
    Connected {
        /// The call.
        call: CallKey,
        /// The seat.
        seat: SeatKey,
    },
    /// Tell the caller where they stand.
    Announce {
        /// The call.
        call: CallKey,
        /// 1 for the next one.
        position: usize,
        /// How long it will take by what it took lately; `None` when nobody works.
        estimate_ms: Option<i64>,
    },
    /// The queue is full, or the call is in it already.
    Refused {
        /// The call.
        call: CallKey,
    },
    /// The call has left the floor for an outside number.
    Forward {
        /// The call.
        call: CallKey,
        /// The number.
        number: String,
    },
    /// A seat does something else now.
    SeatChanged {
        /// The seat.
        seat: SeatKey,
        /// `None` after signing out.
        state: Option<SeatState>,
    },
    /// A break is asked for, approved, or no longer asked for.
    BreakChanged {
        /// The seat.
        seat: SeatKey,
        /// The request; `None` when there is none any more.
        request: Option<BreakRequest>,
        /// Whether a leader has refused it.
        refused: bool,
    },
    /// Why something was decided as it was.
    Traced {
        /// The call.
        call: CallKey,
        /// What was considered.
        trace: Trace,
    },
}
