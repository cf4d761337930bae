//! The rules of a call as a pure state machine: what happens, and what is to be done about it.
//!
//! The citizen's leg exists and has been answered before the machine starts. Every attempt to
//! reach an agent has a number; what arrives about an attempt that is over changes nothing but
//! ends that attempt's leg.

/// Longest greeting, in milliseconds, should its end never be reported.
const GREETING_MS: i64 = 30_000;
/// A citizen from whom nothing was heard for this long is gone, in seconds.
pub const SILENCE_SECS: u32 = 90;
/// How long the last words to a caller may take, in milliseconds.
const FAREWELL_MS: i64 = 15_000;

/// Numbers the attempts to reach an agent within a call.
pub type Attempt = u32;

/// What can be played to the citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Welcome, and that the call is recorded.
    Greeting,
    /// Where the caller stands.
    Position(usize),
    /// Music until somebody comes.
    Music,
    /// An agent's telephone rings.
    Connecting,
    /// The agent's line was lost; please stay.
    AgentLost,
    /// All lines are busy; please try later.
    Busy,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The citizen's leg is up.
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
    /// The agent's telephone rings.
    Ringing(Attempt),
    /// The agent answered.
    Answered(Attempt),
    /// The invitation came to nothing.
    Failed(Attempt, u16),
    /// The agent hung up.
    AgentEnded(Attempt),
    /// The agent's page is gone.
    AgentLost(Attempt),
    /// A seat's telephone is back.
    PhoneBack {
        /// The seat's number.
        seat: String,
    },
    /// The citizen hung up, or their line is gone.
    CitizenEnded,
    /// Nothing was heard from the citizen for some seconds.
    CitizenSilent(u32),
    /// The agent's screen asks to hold or to go on.
    Hold(bool),
    /// The agent's screen, or a leader, ends the call.
    HangUp,
    /// A deadline may have passed.
    Tick,
}

/// What the owner has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Play to the citizen, in place of what was being played.
    Play(Sound),
    /// Play nothing.
    Silence,
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
    /// Show the caller on the agent's screen; always before [`Effect::Invite`].
    Pop(String),
    /// Ring the agent's telephone.
    Invite {
        /// The seat's number.
        seat: String,
        /// The attempt.
        attempt: Attempt,
    },
    /// End an attempt's leg: cancel it, or hang up.
    Drop(Attempt),
    /// Let the citizen and the attempt's leg hear each other.
    Bridge(Attempt),
    /// Put the citizen on hold, or back.
    Hold(Attempt, bool),
    /// Hang up the citizen.
    HangUpCitizen,
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
    /// Heard where they stand.
    Announced(usize),
    /// Offered to a seat.
    Offered(String),
    /// A seat did not take it, with the status code if the telephone gave one.
    NotTaken(String, Option<u16>),
    /// Answered.
    Answered(String),
    /// Put on hold.
    Held,
    /// Taken off hold.
    Resumed,
    /// The agent's page was lost.
    AgentLost(String),
    /// The agent is back.
    AgentBack(String),
    /// Hung up: `citizen`, `agent`, `screen`, `system`.
    HungUp(&'static str),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An agent talked with the citizen.
    Answered,
    /// The citizen gave up.
    Missed,
    /// The hotline could not take the call.
    Failed,
}

impl Outcome {
    /// Returns the word that is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Failed => "failed",
        }
    }
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Hears the welcome.
    Greeting,
    /// Waits.
    Queued,
    /// An agent is being rung.
    Offering {
        /// The seat's number.
        seat: String,
        /// The attempt.
        attempt: Attempt,
    },
    /// Talks with an agent.
    Talking {
        /// The seat's number.
        seat: String,
        /// The attempt.
        attempt: Attempt,
        /// Whether the citizen is on hold.
        held: bool,
    },
    /// The agent's page is gone; the citizen is kept for a while.
    AgentLost {
        /// The seat's number.
        seat: String,
        /// The attempt that rings the agent's new page, once it is there.
        attempt: Option<Attempt>,
    },
    /// Hears why the call can't be taken.
    Farewell,
    /// Over.
    Ended,
}

impl Phase {
    /// Returns the word that screens are told.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Queued => "queued",
            Self::Offering { .. } => "ringing",
            Self::Talking { held: false, .. } => "talking",
            Self::Talking { held: true, .. } => "held",
            Self::AgentLost { .. } => "agent_lost",
            Self::Farewell => "farewell",
            Self::Ended => "ended",
        }
    }

    /// Returns the seat that the call is at.
    #[must_use]
    pub fn seat(&self) -> Option<&str> {
        match self {
            Self::Offering { seat, .. } | Self::Talking { seat, .. } | Self::AgentLost { seat, .. } => {
                Some(seat)
            }
            _ => None,
        }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct CallState {
    phase: Phase,
    attempts: Attempt,
    deadline: Option<i64>,
    grace_ms: i64,
    greeting: bool,
    in_queue: bool,
    talked: bool,
}

impl CallState {
    /// Makes a call; `grace_ms` is how long a citizen is kept for a lost agent. Without a
    /// greeting the call joins the queue at once.
    #[must_use]
    pub fn new(grace_ms: i64, greeting: bool) -> Self {
        Self {
            phase: Phase::Greeting,
            attempts: 0,
            deadline: None,
            grace_ms,
            greeting,
            in_queue: false,
            talked: false,
        }
    }

    /// Returns where the call stands.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Returns when [`Input::Tick`] is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<i64> {
        self.deadline
    }

    /// Applies an input.
    pub fn apply(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.phase == Phase::Ended {
            // What is left of attempts that crossed the end is dropped.
            if let Input::Answered(attempt) | Input::Ringing(attempt) = input {
                out.push(Effect::Drop(attempt));
            }
            return out;
        }
        match input {
            Input::Started if !self.greeting => self.enqueue(&mut out),
            Input::Started => {
                self.deadline = Some(now_ms + GREETING_MS);
                out.push(Effect::Play(Sound::Greeting));
            }
            Input::Played(sound) => self.played(sound, &mut out),
            Input::Offer { seat } => self.offer(seat, &mut out),
            Input::Withdraw { seat } => self.withdraw(&seat, &mut out),
            Input::Refused => self.refused(now_ms, &mut out),
            Input::Announce(position) => {
                if self.phase == Phase::Queued {
                    out.push(Effect::Play(Sound::Position(position)));
                    out.push(Effect::Note(Note::Announced(position)));
                }
            }
            Input::Ringing(attempt) => match &self.phase {
                Phase::Offering { seat, attempt: a } if *a == attempt => out.push(Effect::Rung(seat.clone())),
                Phase::AgentLost { attempt: Some(a), .. } if *a == attempt => {}
                _ => out.push(Effect::Drop(attempt)),
            },
            Input::Answered(attempt) => self.answered(attempt, &mut out),
            Input::Failed(attempt, code) => self.failed(attempt, code, &mut out),
            Input::AgentEnded(attempt) => self.agent_ended(attempt, &mut out),
            Input::AgentLost(attempt) => self.agent_lost(attempt, now_ms, &mut out),
            Input::PhoneBack { seat } => self.phone_back(&seat, &mut out),
            Input::CitizenEnded => self.end("citizen", false, &mut out),
            Input::CitizenSilent(secs) => {
                if secs >= SILENCE_SECS {
                    self.end("system", true, &mut out);
                }
            }
            Input::Hold(hold) => self.hold(hold, &mut out),
            Input::HangUp => self.end("screen", true, &mut out),
            Input::Tick => self.tick(now_ms, &mut out),
        }
        out
    }

    fn played(&mut self, sound: Sound, out: &mut Vec<Effect>) {
        match (&self.phase, sound) {
            (Phase::Greeting, Sound::Greeting) => self.enqueue(out),
            (Phase::Queued, Sound::Position(_)) | (Phase::AgentLost { .. }, Sound::AgentLost) => {
                out.push(Effect::Play(Sound::Music));
            }
            (Phase::Farewell, Sound::Busy) => self.end("system", true, out),
            _ => {}
        }
    }

    fn enqueue(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Queued;
        self.deadline = None;
        self.in_queue = true;
        out.extend([Effect::Play(Sound::Music), Effect::Note(Note::Queued), Effect::Enqueue]);
    }

    fn offer(&mut self, seat: String, out: &mut Vec<Effect>) {
        if self.phase != Phase::Queued {
            // The floor believes that the call waits; it must learn that the seat is not used.
            out.push(Effect::Rejected(seat));
            return;
        }
        self.attempts += 1;
        let attempt = self.attempts;
        self.phase = Phase::Offering { seat: seat.clone(), attempt };
        out.extend([
            Effect::Play(Sound::Connecting),
            Effect::Note(Note::Offered(seat.clone())),
            Effect::Pop(seat.clone()),
            Effect::Invite { seat, attempt },
        ]);
    }

    fn withdraw(&mut self, seat: &str, out: &mut Vec<Effect>) {
        if let Phase::Offering { seat: s, attempt } = &self.phase
            && s == seat
        {
            out.extend([
                Effect::Drop(*attempt),
                Effect::Note(Note::NotTaken(seat.to_owned(), None)),
                Effect::Play(Sound::Music),
            ]);
            self.phase = Phase::Queued;
        }
    }

    fn refused(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        if self.phase == Phase::Queued {
            self.in_queue = false;
            self.phase = Phase::Farewell;
            self.deadline = Some(now_ms + FAREWELL_MS);
            out.push(Effect::Play(Sound::Busy));
        }
    }

    fn answered(&mut self, attempt: Attempt, out: &mut Vec<Effect>) {
        match self.phase.clone() {
            Phase::Offering { seat, attempt: a } if a == attempt => {
                self.talked = true;
                out.extend([
                    Effect::Accepted(seat.clone()),
                    Effect::Silence,
                    Effect::Bridge(attempt),
                    Effect::Note(Note::Answered(seat.clone())),
                ]);
                self.phase = Phase::Talking { seat, attempt, held: false };
            }
            Phase::AgentLost { seat, attempt: Some(a) } if a == attempt => {
                self.deadline = None;
                out.extend([
                    Effect::Silence,
                    Effect::Bridge(attempt),
                    Effect::Note(Note::AgentBack(seat.clone())),
                ]);
                self.phase = Phase::Talking { seat, attempt, held: false };
            }
            _ => out.push(Effect::Drop(attempt)),
        }
    }

    fn failed(&mut self, attempt: Attempt, code: u16, out: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Offering { seat, attempt: a } if *a == attempt => {
                let seat = seat.clone();
                out.extend([
                    Effect::Drop(attempt),
                    Effect::Note(Note::NotTaken(seat.clone(), Some(code))),
                    Effect::Play(Sound::Music),
                    Effect::Rejected(seat),
                ]);
                self.phase = Phase::Queued;
            }
            // The new page may still be loading: the telephone rings again when it says so.
            Phase::AgentLost { attempt: a, .. } if *a == Some(attempt) => {
                *a = None;
                out.push(Effect::Drop(attempt));
            }
            _ => out.push(Effect::Drop(attempt)),
        }
    }

    fn agent_ended(&mut self, attempt: Attempt, out: &mut Vec<Effect>) {
        match &self.phase {
            Phase::Talking { attempt: a, .. } if *a == attempt => self.end("agent", true, out),
            Phase::AgentLost { attempt: Some(a), .. } if *a == attempt => self.end("agent", true, out),
            _ => out.push(Effect::Drop(attempt)),
        }
    }

    fn agent_lost(&mut self, attempt: Attempt, now_ms: i64, out: &mut Vec<Effect>) {
        match self.phase.clone() {
            Phase::Offering { attempt: a, .. } if a == attempt => self.failed(attempt, 480, out),
            Phase::Talking { seat, attempt: a, held } if a == attempt => {
                self.deadline = Some(now_ms + self.grace_ms);
                if held {
                    out.push(Effect::Hold(attempt, false));
                }
                out.extend([
                    Effect::Drop(attempt),
                    Effect::Play(Sound::AgentLost),
                    Effect::Note(Note::AgentLost(seat.clone())),
                ]);
                self.phase = Phase::AgentLost { seat, attempt: None };
            }
            Phase::AgentLost { seat, attempt: Some(a) } if a == attempt => {
                out.push(Effect::Drop(attempt));
                self.phase = Phase::AgentLost { seat, attempt: None };
            }
            _ => out.push(Effect::Drop(attempt)),
        }
    }

    fn phone_back(&mut self, seat: &str, out: &mut Vec<Effect>) {
        if let Phase::AgentLost { seat: s, attempt: a @ None } = &mut self.phase
            && s == seat
        {
            self.attempts += 1;
            *a = Some(self.attempts);
            out.extend([
                Effect::Pop(seat.to_owned()),
                Effect::Invite { seat: seat.to_owned(), attempt: self.attempts },
            ]);
        }
    }

    fn hold(&mut self, hold: bool, out: &mut Vec<Effect>) {
        if let Phase::Talking { attempt, held, .. } = &mut self.phase
            && *held != hold
        {
            *held = hold;
            out.push(Effect::Hold(*attempt, hold));
            out.push(Effect::Note(if hold { Note::Held } else { Note::Resumed }));
        }
    }

    fn tick(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        if self.deadline.is_none_or(|at| at > now_ms) {
            return;
        }
        self.deadline = None;
        match self.phase.clone() {
            Phase::Greeting => self.enqueue(out),
            Phase::AgentLost { seat, attempt } => {
                if let Some(attempt) = attempt {
                    out.push(Effect::Drop(attempt));
                }
                self.phase = Phase::Queued;
                out.extend([
                    Effect::Note(Note::NotTaken(seat, None)),
                    Effect::Play(Sound::Music),
                    Effect::Return,
                ]);
            }
            Phase::Farewell => self.end("system", true, out),
            _ => {}
        }
    }

    fn end(&mut self, by: &'static str, hang_up_citizen: bool, out: &mut Vec<Effect>) {
        let attempt = match &self.phase {
            Phase::Offering { attempt, .. } | Phase::Talking { attempt, .. } => Some(*attempt),
            Phase::AgentLost { attempt, .. } => *attempt,
            _ => None,
        };
        let refused = self.phase == Phase::Farewell;
        // Whoever answers now hears nothing: the invitation goes first.
        out.extend(attempt.map(Effect::Drop));
        if hang_up_citizen {
            out.push(Effect::HangUpCitizen);
        }
        if self.in_queue {
            out.push(Effect::Abandon);
        }
        out.push(Effect::Note(Note::HungUp(by)));
        out.push(Effect::Finish(if self.talked {
            Outcome::Answered
        } else if refused || by == "system" {
            Outcome::Failed
        } else {
            Outcome::Missed
        }));
        self.phase = Phase::Ended;
        self.deadline = None;
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
