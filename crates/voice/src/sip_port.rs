//! The seam between calls and the SIP stack.
//!
//! Calls know legs, not messages. Everything that the stack behind this trait does badly or not
//! at all (authentication, registrar, access rules, redaction, clean-up of dialogs) is done on
//! our side of it, so that the stack can be replaced.

mod dialogs;
mod flows;
mod following;
mod inbound;
mod message;
mod outbound;
mod referral;
mod register;
mod request;
mod session;
mod stack;
mod stream;
mod telephones;
mod tls;
mod trunk;
mod udp;
mod ws;

use tokio::sync::{mpsc, oneshot};

pub use ::sip::registrar::Place;
pub use flows::{FlowChange, FlowLimits};
pub use outbound::is_number;
pub use stack::{StackError, StackOptions, StackPort};
pub use telephones::Telephone;
pub use trunk::TrunkState;
pub use ws::sip_over_websocket;

/// Option tags that peers may require of us (RFC 3261 §8.2.2.3).
const EXTENSIONS: &[&str] = &["100rel", "timer", "replaces"];

/// Names a leg within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SipLeg(pub u64);

impl std::fmt::Display for SipLeg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "leg {}", self.0)
    }
}

/// Where a call comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A trunk, by its name.
    Trunk(String),
    /// The portal page; the number that the citizen gave, if any.
    Portal(Option<String>),
    /// A telephone on a seat's desk that dials.
    Telephone {
        /// The seat.
        seat: String,
        /// The leg of this seat whose place it takes.
        replaces: Option<Replaced>,
    },
}

/// A leg whose place another one takes (RFC 3891).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The leg.
    pub leg: SipLeg,
    /// Whether it is meant only as long as nobody has answered.
    pub early_only: bool,
}

/// Whom a seat's telephone hands the citizen over to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referred {
    /// A seat or number.
    Number(String),
    /// Whoever this telephone talks with on another leg; none when there is no such leg of its seat.
    Leg(Option<SipLeg>),
}

/// A call that wants to be taken.
#[derive(Debug)]
pub struct IncomingCall {
    /// The citizen's leg.
    pub leg: SipLeg,
    /// Where it comes from.
    pub origin: Origin,
    /// The caller's number, or a name when there is none.
    pub caller: String,
    /// The number that was dialled.
    pub called: String,
    /// The caller's session description; without one the caller wants ours.
    pub offer: Option<String>,
    /// Whether a key in a session description can be believed to be a secret: the messages are encrypted.
    pub may_key: bool,
    /// What happens on the leg from now on.
    pub events: mpsc::Receiver<LegEvent>,
}

/// An answer to a further offer: a session description, or a status code.
pub type OfferReply = oneshot::Sender<Result<String, u16>>;

/// What happens on a leg.
#[derive(Debug)]
pub enum LegEvent {
    /// The other side rings.
    Ringing,
    /// The other side sends sound before it answers.
    Progress {
        /// Its session description.
        sdp: String,
    },
    /// The other side answered our invitation, or the offer in our answer.
    Answered {
        /// Its session description.
        sdp: String,
    },
    /// Our invitation came to nothing.
    Failed {
        /// The status code; 487 after we cancelled.
        code: u16,
    },
    /// The other side hung up, or cancelled its own invitation.
    Ended,
    /// The other side wants other media on the same leg.
    Offer {
        /// Its session description.
        sdp: String,
        /// Where the answer goes.
        reply: OfferReply,
    },
    /// A digit in an INFO request.
    Digit(char),
    /// The connection that carried the leg is gone, or the telephone does not answer; nothing can be sent any more.
    FlowLost,
    /// A seat's telephone hands the citizen over.
    Refer {
        /// Whom it names.
        to: Referred,
        /// Where the status code goes, 200 when it is done.
        reply: oneshot::Sender<u16>,
        /// Says when the telephone knows it.
        told: oneshot::Receiver<()>,
    },
}

/// Whom an invitation goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// The telephone in a seat's page, by the seat's number.
    Page(String),
    /// The telephone on a seat's desk, by the seat's number.
    Desk(String),
    /// A number outside, through whichever trunk has room.
    Number(String),
}

/// An invitation to a telephone.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Whom.
    pub callee: Callee,
    /// What the telephone shows as the caller.
    pub caller: String,
    /// The call, told in the header `X-Yihao-Call`, so that the page can match it to its screen.
    pub call_id: String,
    /// Our offer.
    pub offer: String,
    /// Whether a desk telephone is asked to answer by itself.
    pub auto_answer: bool,
}

/// Signalling as calls need it. No method waits for the network.
pub trait SipPort: Send + Sync + 'static {
    /// Answers an incoming leg with 200.
    fn answer(&self, leg: SipLeg, sdp: String);
    /// Refuses an incoming leg.
    fn reject(&self, leg: SipLeg, code: u16);
    /// Rings a telephone. The first event may be [`LegEvent::Failed`] at once.
    fn invite(&self, invitation: Invitation) -> (SipLeg, mpsc::Receiver<LegEvent>);
    /// Ends a leg in whatever state it is: cancels, refuses or hangs up.
    fn hang_up(&self, leg: SipLeg);
    /// Asks the other side whether it is still there; [`LegEvent::FlowLost`] follows when it is not.
    fn probe(&self, leg: SipLeg);
    /// Tells whether one of a seat's telephones can be reached.
    fn is_reachable(&self, place: Place, seat: &str) -> bool;
    /// Tells whether a seat's desk telephone is to be offered encrypted sound.
    fn is_keyed(&self, seat: &str) -> bool;
}
