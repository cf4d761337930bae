//! Legs of a call: which media and which telephone a party has.

use std::net::SocketAddr;

use ::media::srtp::{Key, Suite};
use ::sip::sdp;

use tokio::task::AbortHandle;

use super::actor::{Actor, Side, forward};
use super::state::{Command, Input, Kind, PartyNo, Target};
use super::taking::connect;
use crate::desk::PhoneChoice;
use crate::media::{Codec, KeyPair, LegId, LegSpec, MediaError, WebRtcRole};
use crate::sip_port::{Callee, IncomingCall, Invitation, OfferReply, Place, SipLeg};

/// The citizen's leg in the call's media.
pub(super) const CITIZEN: LegId = LegId(1);

/// A further party's leg.
pub(super) struct Leg {
    pub sip: SipLeg,
    pub media: LegId,
    /// None for a browser.
    pub plain: Option<Plain>,
    /// Whether its telephone holds the conversation, and so says nothing.
    pub holds: bool,
    /// Brings what happens on it.
    pub following: AbortHandle,
}

/// How a telephone without a browser was agreed with.
pub(super) struct Plain {
    pub spec: LegSpec,
    pub local: sdp::Local,
    /// Whether keys may stand in its descriptions.
    pub may_key: bool,
}

impl Plain {
    /// Takes over what an offer of the other side asks for; a key of ours is made when one is needed. What is
    /// encrypted stays encrypted.
    pub fn agree(&mut self, agreed: &sdp::Agreed) -> Result<(), sdp::SdpError> {
        match agreed.crypto {
            Some(_) if !self.may_key => return Err(sdp::SdpError::NoKey),
            Some(theirs) => {
                // One key in two suites would encrypt different packets with the same keystream.
                let kept = self.local.crypto.filter(|ours| ours.suite == theirs.suite);
                self.local.crypto =
                    kept.or_else(new_key).map(|key| sdp::Crypto { suite: theirs.suite, ..key });
            }
            None if self.local.crypto.is_some() => return Err(sdp::SdpError::NoKey),
            None => {}
        }
        self.spec = LegSpec { tones: self.spec.tones, ..spec(self.spec.leg, agreed, &self.local)? };
        Ok(())
    }
}

/// How a leg is run before the other side has said anything.
pub(super) fn unknown(leg: LegId) -> LegSpec {
    LegSpec {
        leg,
        codec: Codec::Pcma,
        dtmf_payload_type: Some(101),
        remote: None,
        tones: true,
        wide: false,
        keys: None,
    }
}

/// Makes a key for what a leg is sent.
pub(super) fn new_key() -> Option<sdp::Crypto> {
    sdp::Crypto::from_token(&kernel::crypto::random_token(30))
}

/// Returns the leg of a party in the call's media; 0 is the citizen.
pub(super) fn media_of(no: PartyNo) -> LegId {
    LegId(CITIZEN.0 + no)
}

pub(super) fn local(address: SocketAddr, now: i64) -> sdp::Local {
    sdp::Local {
        address: address.ip(),
        port: address.port(),
        session_id: u64::try_from(now).unwrap_or(1),
        version: 1,
        crypto: None,
    }
}

/// Puts together how a leg's media is run.
pub(super) fn spec(leg: LegId, agreed: &sdp::Agreed, local: &sdp::Local) -> Result<LegSpec, sdp::SdpError> {
    let keys = match (agreed.crypto, local.crypto) {
        (None, _) => None,
        (Some(theirs), Some(ours)) => {
            let suite = match theirs.suite {
                sdp::Suite::Tag80 => Suite::Tag80,
                sdp::Suite::Tag32 => Suite::Tag32,
            };
            let key = |crypto: sdp::Crypto| Key { suite, master: crypto.master };
            Some(KeyPair { local: key(ours), remote: key(theirs) })
        }
        (Some(_), None) => return Err(sdp::SdpError::NoKey),
    };
    Ok(LegSpec {
        leg,
        codec: match agreed.law {
            sdp::Law::A | sdp::Law::Wide => Codec::Pcma,
            sdp::Law::Mu => Codec::Pcmu,
        },
        dtmf_payload_type: agreed.event_payload_type,
        remote: Some(SocketAddr::new(agreed.remote_address, agreed.remote_port))
            .filter(|remote| !remote.ip().is_unspecified() && remote.port() != 0),
        tones: true,
        wide: agreed.law == sdp::Law::Wide,
        keys,
    })
}

impl Actor {
    /// Rings a party.
    pub(super) fn invite(&mut self, target: Target, no: PartyNo, engage: bool) -> Option<Input> {
        if let (Target::Seat(seat), true) = (&target, engage)
            && !self.core.desk.engage(seat, &self.row.id)
        {
            if let Some(call) = self.offered.take() {
                self.core.port.reject(call.leg, 486);
            }
            return Some(Input::Failed(no, 486));
        }
        if let Some(call) = self.offered.take() {
            return self.pick_up(*call, no);
        }
        match self.ring(&target, media_of(no), Side::Party(no)) {
            Ok((sip, plain, following)) => {
                self.legs.insert(no, Leg { sip, media: media_of(no), plain, holds: false, following });
                None
            }
            Err(error) => {
                tracing::error!(call = self.row.id, %error, "no media for a leg");
                Some(Input::Failed(no, 500))
            }
        }
    }

    /// The telephone that dialled need not be rung.
    fn pick_up(&mut self, call: IncomingCall, no: PartyNo) -> Option<Input> {
        let sip = call.leg;
        let now = self.core.kit.now().0;
        match connect(&self.media, media_of(no), call.offer.as_deref(), (call.may_key, true), now) {
            Ok((answer, plain)) => {
                let following = forward(call.events, self.handle.clone(), Side::Party(no));
                self.legs.insert(no, Leg { sip, media: media_of(no), plain, holds: false, following });
                self.core.port.answer(sip, answer);
                // A telephone that wanted our offer answers it.
                call.offer.map(|_| Input::Answered(no))
            }
            Err(code) => {
                self.core.port.reject(sip, code);
                Some(Input::Failed(no, code))
            }
        }
    }

    /// Rings the citizen, or the colleague in the citizen's place.
    pub(super) fn dial_citizen(&mut self) -> Option<Input> {
        let target = match self.state.kind().clone() {
            Kind::Internal { seat } => {
                if !self.core.desk.engage(&seat, &self.row.id) {
                    return Some(Input::CitizenFailed(486));
                }
                Target::Seat(seat)
            }
            Kind::In | Kind::Out => Target::Outside(self.row.called.clone()),
        };
        match self.ring(&target, CITIZEN, Side::Citizen) {
            Ok((sip, plain, _)) => {
                self.citizen = Some(sip);
                self.plain = plain;
                None
            }
            Err(error) => {
                tracing::error!(call = self.row.id, %error, "no media for a leg");
                Some(Input::CitizenFailed(500))
            }
        }
    }

    fn ring(
        &mut self,
        target: &Target,
        media: LegId,
        side: Side,
    ) -> Result<(SipLeg, Option<Plain>, AbortHandle), MediaError> {
        let choice = match target {
            Target::Seat(seat) => self.core.desk.phone_choice(seat),
            Target::Outside(_) => PhoneChoice::default(),
        };
        let browser = target.seat().is_some() && choice.place == Place::Page;
        let (offer, plain) = if browser {
            (self.media.add_webrtc_leg(media, WebRtcRole::Offer)?, None)
        } else {
            let spec = unknown(media);
            let address = self.media.add_rtp_leg(spec.clone())?;
            let mut local = local(address, self.core.kit.now().0);
            let may_key = target.seat().is_some_and(|seat| self.core.port.is_keyed(seat));
            local.crypto = if may_key { new_key() } else { None };
            (sdp::offer(&local), Some(Plain { spec, local, may_key }))
        };
        let (callee, caller) = match target {
            Target::Seat(seat) => {
                let callee = if browser { Callee::Page(seat.clone()) } else { Callee::Desk(seat.clone()) };
                (callee, self.caller_for(seat))
            }
            Target::Outside(number) => (Callee::Number(number.clone()), self.core.config.hotline.clone()),
        };
        let asked_for = match (target, side) {
            (Target::Seat(seat), Side::Party(no)) => {
                self.state.party(no).is_some_and(|party| self.answers_itself(seat, party.role))
            }
            _ => false,
        };
        let invitation = Invitation {
            callee,
            caller,
            call_id: self.row.id.clone(),
            offer,
            auto_answer: choice.auto_answer || asked_for,
        };
        let (sip, events) = self.core.port.invite(invitation);
        let following = forward(events, self.handle.clone(), side);
        Ok((sip, plain, following))
    }

    /// Takes the description with which a telephone that we rang answers, or sends sound before.
    pub(super) async fn accept(&mut self, side: Side, answer: String) -> Result<(), String> {
        let (media, plain) = match side {
            Side::Citizen => (CITIZEN, self.plain.as_mut()),
            Side::Party(no) => {
                let leg = self.legs.get_mut(&no).ok_or("the leg is gone")?;
                (leg.media, leg.plain.as_mut())
            }
            // It had our answer when it began.
            Side::Aside => return Err("nothing was offered".to_owned()),
        };
        match plain {
            Some(plain) => {
                let agreed = sdp::Description::parse(&answer)
                    .and_then(|description| sdp::agree_answer(&description, &plain.local))
                    .map_err(|error| error.to_string())?;
                plain.spec = spec(media, &agreed, &plain.local).map_err(|error| error.to_string())?;
                self.media.set_remote(plain.spec.clone()).map_err(|error| error.to_string())
            }
            None => self.media.accept_webrtc_answer(media, answer).await.map_err(|error| error.to_string()),
        }
    }

    /// Answers a further offer on a leg that stands.
    pub(super) async fn further_offer(&mut self, side: Side, offer: String, reply: OfferReply) {
        let back = self.comes_back(side);
        let stays = self.aside.is_some() && matches!(side, Side::Party(_)) && !back;
        let (media, plain) = match side {
            Side::Citizen => (CITIZEN, self.plain.as_mut()),
            Side::Party(no) => match self.legs.get_mut(&no) {
                Some(leg) => (leg.media, leg.plain.as_mut()),
                None => {
                    let _ = reply.send(Err(481));
                    return;
                }
            },
            Side::Aside => match self.aside_plain() {
                Some((no, plain)) => (media_of(no), Some(plain)),
                None => {
                    let _ = reply.send(Err(481));
                    return;
                }
            },
        };
        let mut held = None;
        let answer = match plain {
            Some(plain) => {
                let answered = sdp::Description::parse(&offer).and_then(|description| {
                    let agreed = sdp::agree(&description)?;
                    plain.agree(&agreed)?;
                    plain.local.version += 1;
                    let holds = !matches!(agreed.direction, sdp::Direction::SendRecv);
                    Ok((sdp::answer(&description, &agreed, &plain.local), holds))
                });
                let spec = plain.spec.clone();
                if let Ok((_, holds)) = &answered {
                    held = Some(*holds);
                }
                match answered {
                    // While the other side holds, there is nowhere to send to and nothing to latch.
                    Ok((answer, true)) => Ok(answer),
                    // The voice is on the telephone's other conversation.
                    Ok((answer, false)) if stays => Ok(answer),
                    Ok((answer, false)) => self.media.set_remote(spec).map(|()| answer).map_err(|_| 500),
                    Err(_) => Err(488),
                }
            }
            None => self.media.renegotiate_webrtc_leg(media, offer).await.map_err(|_| 488),
        };
        // The asker may be gone by now.
        let _ = reply.send(answer);
        if let Some(holds) = held {
            self.telephone_holds(side, holds).await;
            if back && !holds {
                self.apply(Input::Do(Command::TakeBack)).await;
            }
        }
    }

    /// Tells whether an offer on this leg can mean that the agent leaves whom they asked: the telephone held it for
    /// another conversation.
    fn comes_back(&self, side: Side) -> bool {
        let Side::Party(no) = side else { return false };
        self.aside.is_some() && self.legs.get(&no).is_some_and(|leg| leg.holds)
    }

    /// The hold key of an agent's telephone does what the one on screen does: the citizen hears music.
    async fn telephone_holds(&mut self, side: Side, holds: bool) {
        let no = match side {
            Side::Party(no) => no,
            Side::Citizen => {
                self.citizen_holds = holds;
                return;
            }
            Side::Aside => return,
        };
        if let Some(leg) = self.legs.get_mut(&no) {
            leg.holds = holds;
        }
        if self.state.agent().is_some_and(|agent| agent.no == no && agent.target.seat().is_some()) {
            self.apply(Input::Do(Command::Hold(holds))).await;
        }
    }

    /// A telephone from which nothing comes is asked whether it is there, unless it holds.
    pub(super) fn probe(&self, media: LegId) {
        let silent = if media == CITIZEN {
            // Carriers do not all answer within a call; silence and the session's timer end theirs.
            self.citizen
                .filter(|_| self.plain.is_some() && self.state.kind().is_internal() && !self.citizen_holds)
        } else {
            let leg = self.legs.values().find(|leg| leg.media == media);
            leg.filter(|leg| leg.plain.is_some() && !leg.holds).map(|leg| leg.sip)
        };
        if let Some(leg) = silent {
            self.core.port.probe(leg);
        }
    }
}
