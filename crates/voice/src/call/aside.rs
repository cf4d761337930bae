//! The second conversation of an agent's desk telephone: on it somebody is asked while the citizen waits on the first.
//!
//! The telephone has two dialogs with the house, and one voice. The agent's leg in the call's sound goes to whichever of
//! the two is not on hold.

use std::time::Duration;

use ::sip::sdp;
use tokio::sync::oneshot;

use super::actor::{Actor, CallMessage, Side, forward};
use super::leg::{Plain, media_of, unknown};
use super::state::{Command, Input, PartyNo, Phase, Target};
use super::telephone::Asker;
use crate::sip_port::{IncomingCall, Origin, Referred, Replaced, SipLeg};

/// How long a telephone has to take in that its transfer is done.
const TOLD: Duration = Duration::from_millis(500);

/// The second conversation.
pub(super) struct Aside {
    sip: SipLeg,
    /// The agent.
    party: PartyNo,
    plain: Plain,
}

impl Actor {
    /// The agent's telephone dials while it has the citizen: somebody is asked.
    pub(super) async fn ask_aside(&mut self, call: IncomingCall, target: Target) {
        let leg = call.leg;
        if let Err(code) = self.open_aside(call, &target) {
            return self.core.port.reject(leg, code);
        }
        self.apply(Input::Do(Command::Consult(target))).await;
    }

    fn open_aside(&mut self, call: IncomingCall, target: &Target) -> Result<(), u16> {
        let no = self.agent_on_telephone(&call).ok_or(486u16)?;
        let command = Command::Consult(target.clone());
        if self.aside.is_some() || self.state.check(&command).is_err() {
            return Err(486);
        }
        let (answer, plain) = self.beside(no, &call)?;
        forward(call.events, self.handle.clone(), Side::Aside);
        self.aside = Some(Aside { sip: call.leg, party: no, plain });
        self.core.port.answer(call.leg, answer);
        Ok(())
    }

    fn agent_on_telephone(&self, call: &IncomingCall) -> Option<PartyNo> {
        let Origin::Telephone { seat, .. } = &call.origin else { return None };
        self.state.agent().filter(|agent| agent.target.seat() == Some(seat.as_str())).map(|agent| agent.no)
    }

    /// Brings a party's sound to another dialog of its telephone; returns the answer to the telephone's offer.
    fn beside(&self, no: PartyNo, call: &IncomingCall) -> Result<(String, Plain), u16> {
        let first = self.legs.get(&no).and_then(|leg| leg.plain.as_ref()).ok_or(486u16)?;
        let offer = call.offer.as_deref().ok_or(488u16)?;
        let description = sdp::Description::parse(offer).map_err(|_| 488u16)?;
        let agreed = sdp::agree(&description).map_err(|_| 488u16)?;
        let session_id = first.local.session_id.wrapping_add(1);
        let local = sdp::Local { session_id, version: 1, crypto: None, ..first.local };
        let mut plain = Plain { spec: unknown(media_of(no)), local, may_key: call.may_key };
        plain.agree(&agreed).map_err(|_| 488u16)?;
        self.media.set_remote(plain.spec.clone()).map_err(|_| 503u16)?;
        Ok((sdp::answer(&description, &agreed, &plain.local), plain))
    }

    /// Returns how the second conversation was agreed on, and whose it is.
    pub(super) fn aside_plain(&mut self) -> Option<(PartyNo, &mut Plain)> {
        self.aside.as_mut().map(|aside| (aside.party, &mut aside.plain))
    }

    /// The telephone hung up its second conversation: the agent goes on with the citizen.
    pub(super) async fn aside_over(&mut self) {
        let Some(aside) = self.aside.take() else { return };
        self.hear_first(aside.party);
        self.apply(Input::Do(Command::TakeBack)).await;
        if self.legs.get(&aside.party).is_some_and(|leg| leg.holds) {
            self.apply(Input::Do(Command::Hold(true))).await;
        }
    }

    /// Ends the second conversation when nobody is asked any more. Returns what follows when the telephone holds the
    /// first one still.
    pub(super) fn settle_aside(&mut self) -> Option<Input> {
        let party = self.aside.as_ref()?.party;
        let is_agent = self.state.agent().is_some_and(|agent| agent.no == party);
        if is_agent && self.state.asks() {
            return None;
        }
        let aside = self.aside.take()?;
        self.core.port.hang_up(aside.sip);
        self.hear_first(party);
        let holds = self.legs.get(&party).is_some_and(|leg| leg.holds);
        (is_agent && holds && *self.state.phase() == Phase::Talking).then_some(Input::Do(Command::Hold(true)))
    }

    fn hear_first(&self, no: PartyNo) {
        if let Some(leg) = self.legs.get(&no).filter(|leg| !leg.holds)
            && let Some(plain) = &leg.plain
        {
            self.media_done(self.media.set_remote(plain.spec.clone()));
        }
    }

    /// A seat's telephone hands the citizen over; returns what is done, or the status code that it is refused with.
    pub(super) async fn refer(&mut self, side: Side, to: &Referred) -> Result<Command, u16> {
        let no = match (side, &self.aside) {
            (Side::Party(no), _) => no,
            (Side::Aside, Some(aside)) => aside.party,
            _ => return Err(403),
        };
        let agent = self.state.agent().filter(|agent| agent.no == no);
        let seat = agent.and_then(|agent| agent.target.seat()).ok_or(403u16)?.to_owned();
        let asker = Asker::at(&self.core.clone(), &seat).await?;
        let command = match to {
            Referred::Number(number) => Command::Transfer(asker.destination(&self.core, number)?),
            Referred::Leg(named) => {
                let first = self.legs.get(&no).map(|leg| leg.sip);
                let second = self.aside.as_ref().map(|aside| aside.sip);
                let other = if side == Side::Aside { first } else { second };
                if named.is_none() || *named != other {
                    return Err(481);
                }
                Command::CompleteTransfer
            }
        };
        if self.state.check(&command).is_ok() { Ok(command) } else { Err(603) }
    }

    /// Does what a telephone asked for when it knows that it is done: its lines may end with that.
    pub(super) fn hand_over(&self, command: Command, told: oneshot::Receiver<()>) {
        let handle = self.handle.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(TOLD, told).await;
            handle.send(CallMessage::Input(Input::Do(command)));
        });
    }

    /// Another telephone of the seat takes the place of the one that has the call, or rings for it.
    pub(super) async fn move_telephone(&mut self, call: IncomingCall, replaced: Replaced) {
        let leg = call.leg;
        match self.moved(call, replaced) {
            Ok((no, true)) => {
                if self.state.agent().is_some_and(|agent| agent.no == no) {
                    self.apply(Input::Do(Command::Hold(false))).await;
                }
            }
            Ok((no, false)) => self.apply(Input::Answered(no)).await,
            Err(code) => self.core.port.reject(leg, code),
        }
    }

    /// Returns whose telephone it is, and whether it had been answered.
    fn moved(&mut self, call: IncomingCall, replaced: Replaced) -> Result<(PartyNo, bool), u16> {
        let no =
            self.legs.iter().find(|(_, leg)| leg.sip == replaced.leg).map(|(no, _)| *no).ok_or(481u16)?;
        let up = self.state.party(no).ok_or(481u16)?.up;
        if self.aside.is_some() || (up && replaced.early_only) {
            return Err(486);
        }
        let (answer, plain) = self.beside(no, &call)?;
        let leg = self.legs.get_mut(&no).ok_or(481u16)?;
        // What still comes from the other telephone is no news of the party any more.
        leg.following.abort();
        leg.following = forward(call.events, self.handle.clone(), Side::Party(no));
        leg.plain = Some(plain);
        leg.sip = call.leg;
        leg.holds = false;
        self.core.port.answer(call.leg, answer);
        self.core.port.hang_up(replaced.leg);
        self.note("telephone_moved", "");
        Ok((no, up))
    }
}
