//! What happens to a call, and what its owner has to do.

use super::flow::{FlowNews, FlowWord};
use super::parties::{Party, PartyNo, Role, Target};
use super::supervision::Supervision;

/// What is said to the citizen at an agent's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// The number of the seat that serves.
    SeatNumber,
    /// One moment, it is being looked up.
    PleaseWait,
    /// Thanks for waiting.
    ThanksForWaiting,
    /// Thanks for calling, goodbye.
    Goodbye,
    /// One that the agent recorded.
    Own,
}

impl Phrase {
    /// Returns the word that is sent and stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SeatNumber => "seat_number",
            Self::PleaseWait => "please_wait",
            Self::ThanksForWaiting => "thanks_for_waiting",
            Self::Goodbye => "goodbye",
            Self::Own => "own",
        }
    }
}

/// What can be played to the citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Where the caller stands.
    Position(usize),
    /// Music until somebody comes.
    Music,
    /// A telephone rings.
    Connecting,
    /// The agent's line was lost; please stay.
    AgentLost,
    /// All lines are busy; please try later.
    Busy,
    /// Something that the agent lets be said.
    Phrase(Phrase),
}

/// What somebody's screen asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Hold the citizen, or go on.
    Hold(bool),
    /// End the call for everybody.
    HangUp {
        /// `screen` for the agent, `leader` for a supervisor who cuts it.
        by: &'static str,
    },
    /// A party leaves by its own word.
    Leave(PartyNo),
    /// Ask somebody while the citizen waits.
    Consult(Target),
    /// Leave whom was asked, and talk with the citizen again.
    TakeBack,
    /// Hand the call to somebody as soon as they answer.
    Transfer(Target),
    /// Hand the call to whoever is free next.
    TransferToQueue,
    /// Hand the call to whom was asked.
    CompleteTransfer,
    /// Undo a transfer that nobody has answered.
    CancelTransfer,
    /// Let whom was asked talk with the citizen too.
    Conference,
    /// Ask somebody to join, while the talk goes on.
    Invite(Target),
    /// Send somebody out of the conference.
    DropParty(PartyNo),
    /// Listen, whisper, barge in or take over from a seat.
    Supervise {
        /// The supervisor's seat.
        seat: String,
        /// How.
        mode: Supervision,
    },
    /// End that.
    EndSupervision {
        /// The supervisor's seat.
        seat: String,
    },
    /// Put the citizen aside for any seat to fetch.
    Park,
    /// Fetch the citizen.
    Retrieve {
        /// The seat that fetches.
        seat: String,
    },
    /// Say something to the citizen.
    Say(Phrase),
    /// Send the citizen through a call flow.
    Detour {
        /// The flow.
        flow: String,
        /// The node to begin at; the flow's own beginning when absent.
        node: Option<String>,
        /// Whether the citizen comes back to the agent, who keeps the line meanwhile.
        back: bool,
    },
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not fit where the call stands.
    NotNow,
    /// That party is in the call already.
    AlreadyThere,
    /// There are too many parties.
    Full,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The call begins: the citizen's leg is up, or the agent wants to dial.
    Started,
    /// A sound that does not repeat has been played to its end.
    Played(Sound),
    /// The floor has chosen a seat.
    Offer {
        /// The seat's number.
        seat: String,
    },
    /// The floor takes the choice back.
    Withdraw {
        /// The seat's number.
        seat: String,
    },
    /// The floor has no room.
    Refused,
    /// The floor tells where the caller stands.
    Announce(usize),
    /// A party's telephone rings.
    Ringing(PartyNo),
    /// A party's line sends sound before it is answered.
    Progress(PartyNo),
    /// A party answered.
    Answered(PartyNo),
    /// An invitation came to nothing.
    Failed(PartyNo, u16),
    /// A party hung up.
    PartyEnded(PartyNo),
    /// A party's page is gone.
    PartyLost(PartyNo),
    /// A seat's telephone is back.
    PhoneBack {
        /// The seat's number.
        seat: String,
    },
    /// The line to the citizen sends sound before it is answered.
    CitizenProgress,
    /// The citizen, whom we rang, answered.
    CitizenAnswered,
    /// The citizen, whom we rang, did not answer.
    CitizenFailed(u16),
    /// The citizen hung up, or their line is gone.
    CitizenEnded,
    /// The same, and the agent lets go of the line by hand.
    CitizenLeft,
    /// Nothing was heard from the citizen for some seconds.
    CitizenSilent(u32),
    /// Somebody is put out of service and must let go of the call.
    Kicked {
        /// The seat's number.
        seat: String,
    },
    /// The flow that leads the call asks for something. What does not fit changes nothing.
    Flow(FlowWord),
    /// The server stops.
    Stop,
    /// Somebody's screen asks for something. What does not fit changes nothing.
    Do(Command),
    /// A deadline may have passed.
    Tick,
}

/// What a seat does after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaving {
    /// Time for writing.
    WrapUp,
    /// What it did before.
    Back,
    /// Nothing until somebody there says so: its telephone was lost.
    Lost,
}

/// What the owner has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Play to the citizen, in place of what was being played.
    Play(Sound),
    /// Play nothing.
    Silence,
    /// Let a party hear that the other side rings, or stop that.
    Ringback(PartyNo, bool),
    /// Let a party hear that the other side is gone.
    BusyTone(PartyNo),
    /// Let one hear the other, or no longer. 0 is the citizen.
    Hear {
        /// Who speaks.
        from: PartyNo,
        /// Who hears it.
        to: PartyNo,
        /// Whether.
        on: bool,
    },
    /// Ask the floor for a seat.
    Enqueue,
    /// Tell the floor that the caller is gone.
    Abandon,
    /// Tell the floor that the telephone rings.
    Rung(String),
    /// Tell the floor that the agent answered.
    Accepted(String),
    /// Tell the floor that the agent refused or can't be reached.
    Rejected(String),
    /// Tell the floor that the call needs another seat, before all others.
    Return,
    /// Tell the floor that the seat it gave has done its part; time for writing follows.
    Done,
    /// Show the call on a seat's screen; always before [`Effect::Invite`].
    Pop {
        /// The seat's number.
        seat: String,
        /// What is asked of it.
        role: Role,
    },
    /// Ring a party. A seat is engaged first unless the queue gave it or it is kept for a lost page.
    Invite {
        /// Whom.
        target: Target,
        /// The party.
        party: PartyNo,
        /// Whether the floor must be asked for the seat.
        engage: bool,
    },
    /// Tell the floor that an engaged seat talks.
    Joined(String),
    /// Let go of an engaged seat.
    Free {
        /// The seat's number.
        seat: String,
        /// What it does then.
        leaving: Leaving,
    },
    /// End a party's leg: cancel it, or hang up.
    Drop(PartyNo),
    /// Ring the citizen, or the colleague in the citizen's place.
    Dial,
    /// Hang up the citizen.
    HangUpCitizen,
    /// Tell the agent that somebody could not be reached.
    Unreached {
        /// Seat or number.
        label: String,
        /// The status code.
        code: u16,
    },
    /// Tell the flow that leads the call.
    Flow(FlowNews),
    /// Let a flow lead the citizen from this node on.
    Lead {
        /// The flow.
        flow: String,
        /// The node.
        node: Option<String>,
        /// Whether the flow that led before is kept for when the citizen is back.
        back: bool,
    },
    /// The detour is over: the flow that led before counts again.
    DetourOver {
        /// Whether the agent fetched the citizen before the flow came to its end.
        early: bool,
    },
    /// Write a line of the call's history.
    Note(Note),
    /// The call is over.
    Finish(Outcome),
}

/// A line of a call's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Joined the queue.
    Queued,
    /// Left the queue for something else.
    LeftQueue,
    /// Heard where they stand.
    Announced(usize),
    /// Offered to a seat.
    Offered(String),
    /// A seat or number did not take it, with the status code if the telephone gave one.
    NotTaken(String, Option<u16>),
    /// Answered by this seat, which answers for the call from now on.
    Answered(String),
    /// Put on hold.
    Held,
    /// Taken off hold.
    Resumed,
    /// The agent's page was lost.
    AgentLost(String),
    /// The agent is back.
    AgentBack(String),
    /// A party can be heard.
    Joined(Party),
    /// A party's leg is over.
    Left(Party),
    /// Somebody is asked.
    Consulting(Target),
    /// Whom was asked is left.
    TakenBack,
    /// Somebody is rung to take the call.
    Transferring(Target),
    /// That was undone.
    TransferCancelled,
    /// Somebody else answers for the call.
    Transferred(Target),
    /// Handed back to the queue.
    Requeued,
    /// Whom was asked, or invited, talks with the citizen.
    Conference(Target),
    /// A supervisor listens, whispers, barges in.
    Supervised(String, Supervision),
    /// A supervisor took the call over.
    TakenOver(String),
    /// Put aside.
    Parked(String),
    /// Nobody fetched it.
    ParkedTooLong,
    /// Fetched.
    Retrieved(String),
    /// Something was said to the citizen.
    Said(Phrase),
    /// Sent through a flow by an agent.
    Detour {
        /// The flow.
        flow: String,
        /// The node.
        node: Option<String>,
        /// Whether to come back.
        back: bool,
    },
    /// Back from it.
    DetourOver,
    /// The agent let the citizen go with the flow.
    LetGo(String),
    /// The citizen is rung.
    Dialled,
    /// The citizen did not answer.
    DialFailed(u16),
    /// The citizen answered.
    CitizenAnswered,
    /// The citizen is gone; the agent keeps the line.
    CitizenLeft,
    /// A seat was put out of service.
    Kicked(String),
    /// Hung up: `citizen`, `agent`, `screen`, `leader`, `system`.
    HungUp(&'static str),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody talked with the citizen.
    Answered,
    /// The citizen gave up.
    Missed,
    /// The call flow gave the citizen what they called for: a message left, an order's state.
    SelfService,
    /// The hotline could not take the call, or the number could not be reached.
    Failed,
    /// The number that was dialled is busy.
    Busy,
    /// Nobody answered there.
    NoAnswer,
    /// There is no such number.
    Invalid,
    /// The agent gave up dialling.
    Cancelled,
}

impl Outcome {
    /// Returns the word that is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::SelfService => "self_service",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Invalid => "invalid",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A call flow leads the citizen.
    Flow,
    /// Waits.
    Queued,
    /// An agent is being rung.
    Offering {
        /// The party.
        party: PartyNo,
    },
    /// We ring: first the agent who dials, then the citizen.
    Dialling,
    /// Somebody talks with the citizen, or holds them.
    Talking,
    /// The agent has left; whoever the call is handed to still rings.
    Redirected,
    /// Put aside for any seat to fetch.
    Parked {
        /// The seat that did it.
        seat: String,
    },
    /// The agent's page is gone; the citizen is kept for a while.
    AgentLost {
        /// The seat's number.
        seat: String,
        /// Whether the seat was engaged by the call rather than given by the queue.
        engaged: bool,
    },
    /// A flow leads the citizen at an agent's word, and brings them back to the agent.
    Detour {
        /// The seat's number.
        seat: String,
        /// Whether the seat was engaged by the call rather than given by the queue.
        engaged: bool,
        /// Whether the seat is still kept for the call.
        kept: bool,
    },
    /// Hears why the call can't be taken.
    Farewell,
    /// The citizen is gone; the agent has not let go of the line yet.
    LineOpen,
    /// Over.
    Ended,
}

impl Phase {
    /// Returns the word that screens are told.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Queued => "queued",
            Self::Offering { .. } => "ringing",
            Self::Dialling => "dialling",
            Self::Talking => "talking",
            Self::Redirected => "transferring",
            Self::Parked { .. } => "parked",
            Self::AgentLost { .. } => "agent_lost",
            Self::Detour { .. } => "detour",
            Self::Farewell => "farewell",
            Self::LineOpen => "line_open",
            Self::Ended => "ended",
        }
    }
}
