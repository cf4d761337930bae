//! Who hears whom, derived from where everybody stands.

use std::collections::BTreeSet;

use super::CallState;
use super::parties::{Party, PartyNo, Role};
use super::words::{Effect, Phase, Sound};

/// The citizen among the numbers of parties.
pub const CITIZEN: PartyNo = 0;

/// What the citizen is played while a call is with people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ambience {
    /// Nothing.
    Quiet,
    /// Music.
    Music,
    /// A telephone rings.
    Ringing,
    /// Something that is said step by step, such as a prompt of a call flow.
    Other,
}

impl CallState {
    /// Carries out the differences between what is heard and what should be.
    pub(super) fn settle(&mut self, out: &mut Vec<Effect>) {
        match self.wanted_ambience() {
            None => self.ambience = Ambience::Other,
            Some(wanted) if wanted != self.ambience => {
                self.ambience = wanted;
                self.play_ambience(out);
            }
            Some(_) => {}
        }
        let heard = self.wanted_hearing();
        let alive = |no: PartyNo| no == CITIZEN || self.party(no).is_some();
        for &(from, to) in self.heard.difference(&heard).filter(|(from, to)| alive(*from) && alive(*to)) {
            out.push(Effect::Hear { from, to, on: false });
        }
        for &(from, to) in heard.difference(&self.heard) {
            out.push(Effect::Hear { from, to, on: true });
        }
        let ringback = self.wanted_ringback();
        for &no in self.ringback.difference(&ringback).filter(|no| alive(**no)) {
            out.push(Effect::Ringback(no, false));
        }
        for &no in ringback.difference(&self.ringback) {
            out.push(Effect::Ringback(no, true));
        }
        self.heard = heard;
        self.ringback = ringback;
    }

    /// Plays what the citizen should hear besides people.
    pub(super) fn play_ambience(&self, out: &mut Vec<Effect>) {
        out.push(match self.ambience {
            Ambience::Music => Effect::Play(Sound::Music),
            Ambience::Ringing => Effect::Play(Sound::Connecting),
            Ambience::Quiet | Ambience::Other => Effect::Silence,
        });
    }

    /// Everybody who takes part in the conversation with the citizen now, the citizen included.
    fn room(&self) -> Vec<PartyNo> {
        if self.phase != Phase::Talking {
            return Vec::new();
        }
        let away = self.consulted().is_some() || self.successor().is_some();
        let mut room: Vec<PartyNo> = self
            .parties
            .iter()
            .filter(|party| party.up)
            .filter(|party| party.role == Role::Member || (party.role == Role::Agent && !away))
            .map(|party| party.no)
            .collect();
        if self.citizen_up && !self.held && self.successor().is_none() {
            room.push(CITIZEN);
        }
        room
    }

    fn wanted_hearing(&self) -> BTreeSet<(PartyNo, PartyNo)> {
        let mut heard = BTreeSet::new();
        let room = self.room();
        for &from in &room {
            heard.extend(room.iter().filter(|&&to| to != from).map(|&to| (from, to)));
        }
        if let Some(agent) = self.agent() {
            if let Some(asked) = self.consulted().or(self.successor()) {
                if asked.up || asked.early {
                    heard.insert((asked.no, agent.no));
                }
                if asked.up {
                    heard.insert((agent.no, asked.no));
                }
            }
            if self.phase == Phase::Dialling && self.citizen_up {
                heard.insert((CITIZEN, agent.no));
            }
        }
        if self.phase == Phase::Talking {
            let speaks = |party: &&Party| party.up && !matches!(party.role, Role::Listener | Role::Whisperer);
            let supervises =
                |party: &&Party| party.up && matches!(party.role, Role::Listener | Role::Whisperer);
            for supervisor in self.parties.iter().filter(supervises) {
                heard.extend(self.parties.iter().filter(speaks).map(|party| (party.no, supervisor.no)));
                if self.citizen_up && !self.held {
                    heard.insert((CITIZEN, supervisor.no));
                }
                if let (Role::Whisperer, Some(agent)) = (supervisor.role, self.agent()) {
                    heard.insert((supervisor.no, agent.no));
                }
            }
        }
        heard
    }

    /// The agent hears that somebody is rung, until that line makes sounds of its own.
    fn wanted_ringback(&self) -> BTreeSet<PartyNo> {
        let Some(agent) = self.agent() else { return BTreeSet::new() };
        let rings = |party: Option<&Party>| party.is_some_and(|party| !party.up && !party.early);
        let dialling = self.phase == Phase::Dialling && !self.citizen_up;
        let asking = self.phase == Phase::Talking && (rings(self.consulted()) || rings(self.successor()));
        if dialling || asking { BTreeSet::from([agent.no]) } else { BTreeSet::new() }
    }

    /// `None` where sounds are said step by step.
    fn wanted_ambience(&self) -> Option<Ambience> {
        match self.phase {
            Phase::Talking if self.successor().is_some() => Some(Ambience::Ringing),
            Phase::Talking => {
                let room = self.room();
                let alone = !(room.contains(&CITIZEN) && room.len() > 1);
                Some(if alone { Ambience::Music } else { Ambience::Quiet })
            }
            Phase::Redirected => Some(Ambience::Ringing),
            Phase::Parked { .. } => Some(Ambience::Music),
            _ => None,
        }
    }
}
