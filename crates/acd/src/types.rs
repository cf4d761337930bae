//! Words of the floor.

use std::fmt;
use std::sync::Arc;

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

/// Rules of a floor; times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloorConfig {
    /// How long a reserved seat may take until its telephone has been rung.
    pub reserve_ms: i64,
    /// How long a telephone rings before the call goes elsewhere and the seat is set not ready.
    pub ring_ms: i64,
    /// Time for writing after a call; 0 means that the seat is ready at once.
    pub wrap_up_ms: i64,
    /// A caller is told the position this long after joining the queue …
    pub first_announcement_ms: i64,
    /// … and then at this interval.
    pub announcement_ms: i64,
    /// How much earlier a call counts as having come for each step of priority.
    pub head_start_ms: i64,
    /// Calls that may wait; one more is refused.
    pub waiting_limit: usize,
}

impl Default for FloorConfig {
    fn default() -> Self {
        Self {
            reserve_ms: 5_000,
            ring_ms: 20_000,
            wrap_up_ms: 30_000,
            first_announcement_ms: 0,
            announcement_ms: 20_000,
            head_start_ms: 60_000,
            waiting_limit: 10_000,
        }
    }
}

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

/// What happens to a floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A call wants a seat.
    Enqueue {
        /// The call.
        call: CallKey,
        /// 0 for everybody; each step counts as [`FloorConfig::head_start_ms`].
        priority: u8,
    },
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
    /// The person wants to work, or to rest: at once, or after the present call.
    SetState {
        /// The seat.
        seat: SeatKey,
        /// `None` for ready.
        rest: Option<Rest>,
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
    /// Stop ringing, or don't begin to.
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
    },
    /// The queue is full, or the call is in it already.
    Refused {
        /// The call.
        call: CallKey,
    },
    /// A seat does something else now.
    SeatChanged {
        /// The seat.
        seat: SeatKey,
        /// `None` after signing out.
        state: Option<SeatState>,
    },
}
