//! A call flow leads the call: before it waits, while it waits, and after the agent has left.

use super::CallState;
use super::parties::{PartyNo, Role, Target};
use super::words::{Effect, Leaving, Note, Outcome, Phase, Sound};
use crate::callflow::QueueNews;

/// What a flow asks of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowWord {
    /// Let the citizen wait for an agent.
    Queue {
        /// Whether the citizen is led on when the agent leaves.
        keep: bool,
    },
    /// Let the citizen wait no longer.
    Leave,
    /// Hand the citizen to somebody else.
    Transfer {
        /// To whom.
        target: Target,
        /// How long it rings.
        ring_ms: i64,
        /// Whether the citizen is led on when the other side hangs up.
        keep: bool,
    },
    /// The citizen got what they called for, without an agent.
    Served,
    /// End the call.
    HangUp,
}

/// What a flow is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowNews {
    /// The citizen is there.
    Start,
    /// News from the queue.
    Queue(QueueNews),
    /// A transfer ended: true after a talk.
    Transferred(bool),
}

impl CallState {
    pub(super) fn flow(&mut self, word: FlowWord, now_ms: i64, out: &mut Vec<Effect>) {
        match (word, &self.phase) {
            (FlowWord::Queue { keep }, Phase::Flow) => {
                self.keep = keep;
                self.enqueue(out);
            }
            (FlowWord::Leave, Phase::Queued | Phase::Offering { .. }) => self.leave_queue(out),
            (FlowWord::Transfer { target, ring_ms, keep }, Phase::Flow) => {
                self.keep = keep;
                self.passed_on = true;
                out.push(Effect::Note(Note::Transferring(target.clone())));
                let no = self.add(target, Role::Successor, false, now_ms, out);
                if let Some(party) = self.party_mut(no) {
                    party.until = Some(now_ms + ring_ms);
                }
                self.phase = Phase::Redirected;
            }
            // Wherever it leads, the way back ends at the agent who sent the citizen.
            (FlowWord::Queue { .. } | FlowWord::HangUp, Phase::Detour { .. }) => {
                self.detour_over(false, now_ms, out);
            }
            (FlowWord::Transfer { .. }, Phase::Detour { .. }) => {
                out.push(Effect::Flow(FlowNews::Transferred(false)));
            }
            (FlowWord::Served, _) => self.served = true,
            (FlowWord::HangUp, Phase::Flow) => {
                let outcome = match (self.talked, self.served) {
                    (true, _) => Outcome::Answered,
                    (false, true) => Outcome::SelfService,
                    (false, false) => Outcome::Missed,
                };
                // Who left last ended the talk; what the flow said afterwards is no part of it.
                let by = if self.talked { "agent" } else { "system" };
                self.finish(by, true, outcome, out);
            }
            _ => {}
        }
    }

    fn leave_queue(&mut self, out: &mut Vec<Effect>) {
        let ringing: Vec<PartyNo> = self.parties.iter().map(|party| party.no).collect();
        for no in ringing {
            self.forget(no, out);
        }
        if self.in_queue {
            self.in_queue = false;
            out.push(Effect::Abandon);
        }
        self.phase = Phase::Flow;
        out.extend([Effect::Silence, Effect::Note(Note::LeftQueue)]);
    }

    /// The queue has no room: the flow knows what then, or the citizen is told.
    pub(super) fn refused(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        if self.phase != Phase::Queued {
            return;
        }
        self.in_queue = false;
        if self.led {
            self.phase = Phase::Flow;
            out.extend([Effect::Silence, Effect::Flow(FlowNews::Queue(QueueNews::Refused))]);
        } else {
            self.phase = Phase::Farewell;
            self.deadline = Some(now_ms + super::queueing::FAREWELL_MS);
            out.push(Effect::Play(Sound::Busy));
        }
    }

    pub(super) fn tell_queue(&self, news: QueueNews, out: &mut Vec<Effect>) {
        if self.led {
            out.push(Effect::Flow(FlowNews::Queue(news)));
        }
    }

    /// Whoever talked with the citizen is gone: whether the flow goes on.
    pub(super) fn led_on(&mut self, out: &mut Vec<Effect>) -> bool {
        if !self.keep || !self.citizen_up {
            return false;
        }
        self.keep = false;
        self.dismiss_supervisors(out);
        let rest: Vec<PartyNo> = self.parties.iter().map(|party| party.no).collect();
        for no in rest {
            self.remove(no, Leaving::Back, out);
        }
        self.phase = Phase::Flow;
        self.held = false;
        out.push(Effect::Silence);
        out.push(Effect::Flow(if std::mem::take(&mut self.passed_on) {
            FlowNews::Transferred(true)
        } else {
            FlowNews::Queue(QueueNews::Left)
        }));
        true
    }

    /// Nobody answered whom the flow handed the citizen to.
    pub(super) fn passed_on_in_vain(&mut self, out: &mut Vec<Effect>) -> bool {
        if !std::mem::take(&mut self.passed_on) {
            return false;
        }
        self.keep = false;
        self.phase = Phase::Flow;
        out.extend([Effect::Silence, Effect::Flow(FlowNews::Transferred(false))]);
        true
    }
}
