//! A citizen's telephone: one SIP call over UDP with sound, from `INVITE` to `BYE`.

use std::net::UdpSocket as StdSocket;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::media::rtp::{RtpPacket, is_rtcp};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::cast::Caller;
use super::day::{Contact, Way};
use super::message::{Message, uri_of};
use super::sound::{self, PROOF_FRAMES, Voice};
use super::town::{LiveCall, Stage, Town};

/// The server's answer is waited for so long.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// First interval of repetition (T1 of RFC 3261).
const REPEAT_AFTER: Duration = Duration::from_millis(500);
/// The welcome is over by then, and patience begins.
const WELCOME: Duration = Duration::from_secs(13);
/// A person who answered is talked with at least so long.
const PERSON_TALK: Duration = Duration::from_secs(90);
/// An agent who does not hang up as agreed is given so much longer.
const AGENT_LATE: Duration = Duration::from_secs(30);
/// A conversation shorter than this proves nothing about sound.
const PROVABLE: Duration = Duration::from_millis(2000);

/// How the invitation ended.
enum Reply {
    Answered(Box<Message>),
    Refused(u16),
    Silence,
    TakenBack,
}

/// Places a contact's call and sees it through.
pub(super) async fn call(town: &Town, contact: &Contact) {
    let Some(live) = town.begin_call(contact) else {
        town.tally.note(|counts| counts.calls_held_back += 1);
        return;
    };
    if let Err(error) = place(town, contact, live).await {
        town.tally.error("citizen's socket", &error.to_string());
    }
    town.end_call(contact);
}

async fn place(town: &Town, contact: &Contact, live: Arc<LiveCall>) -> std::io::Result<()> {
    let mut line = Line::open(town, contact, live).await?;
    town.tally.note(|counts| counts.calls_placed += 1);
    match line.invite().await? {
        Reply::Answered(answer) => line.talk(&answer).await?,
        Reply::Refused(status) => {
            town.tally.note(|counts| counts.calls_refused += 1);
            town.tally.error(&format!("INVITE {status}"), "a call was refused");
        }
        Reply::Silence => {
            town.tally.note(|counts| counts.calls_refused += 1);
            town.tally.error("INVITE timeout", "a call was not answered");
        }
        Reply::TakenBack => town.tally.note(|counts| counts.calls_missed += 1),
    }
    Ok(())
}

struct Line<'a> {
    town: &'a Town,
    contact: &'a Contact,
    caller: &'a Caller,
    live: Arc<LiveCall>,
    socket: UdpSocket,
    sound: StdSocket,
    sdp: String,
    from: String,
    call_id: String,
    local: String,
    /// `To` with the server's tag, once there is one.
    to: String,
    /// Where requests within the call go.
    target: String,
    voice: Voice,
    chance: StdRng,
    sent: u64,
    received: u64,
}

impl<'a> Line<'a> {
    async fn open(town: &'a Town, contact: &'a Contact, live: Arc<LiveCall>) -> std::io::Result<Self> {
        let caller = &town.cast.callers[contact.caller];
        let socket = UdpSocket::bind((town.host, 0)).await?;
        socket.connect(town.sip).await?;
        let sound = StdSocket::bind((town.host, 0))?;
        sound.set_nonblocking(true)?;
        let mut chance = StdRng::seed_from_u64(contact.seed);
        let local = socket.local_addr()?.to_string();
        let target = format!("sip:12345@{}", town.sip);
        Ok(Self {
            sdp: sound::offer(sound.local_addr()?),
            from: format!("<sip:{}@{local}>;tag={:08x}", caller.phone, chance.random::<u32>()),
            call_id: format!("{}@sim", kernel::id::new_id()),
            to: format!("<{target}>"),
            voice: Voice::new(live.hz, chance.random()),
            town,
            contact,
            caller,
            live,
            socket,
            sound,
            local,
            target,
            chance,
            sent: 0,
            received: 0,
        })
    }

    /// Builds a request of this call.
    fn request(&self, method: &str, cseq: u32, branch: &str) -> Message {
        Message::request(method, &self.target)
            .with("Via", &format!("SIP/2.0/UDP {};branch={branch};rport", self.local))
            .with("From", &self.from)
            .with("To", &self.to)
            .with("Call-ID", &self.call_id)
            .with("CSeq", &format!("{cseq} {method}"))
            .with("Contact", &format!("<sip:{}@{}>", self.caller.phone, self.local))
    }

    fn branch(&mut self) -> String {
        format!("z9hG4bK{:016x}", self.chance.random::<u64>())
    }

    async fn send(&self, message: &Message) -> std::io::Result<()> {
        self.socket.send(message.to_text().as_bytes()).await.map(|_| ())
    }

    async fn receive(&self) -> std::io::Result<Option<Message>> {
        let mut datagram = vec![0; 8192];
        let len = self.socket.recv(&mut datagram).await?;
        Ok(std::str::from_utf8(&datagram[..len]).ok().and_then(Message::parse))
    }

    /// Invites, repeats, and acknowledges the final answer.
    async fn invite(&mut self) -> std::io::Result<Reply> {
        let branch = self.branch();
        let invite = self.request("INVITE", 1, &branch).with_sdp(&self.sdp);
        self.send(&invite).await?;
        let give_up = Instant::now() + ANSWER_WITHIN;
        let mut interval = REPEAT_AFTER;
        let mut repeat_at = Some(Instant::now() + interval);
        let mut taken_back = false;
        loop {
            let message = tokio::select! {
                message = self.receive() => message?,
                () = sleep_until(repeat_at.unwrap_or(give_up)) => {
                    if Instant::now() >= give_up {
                        return Ok(Reply::Silence);
                    }
                    self.send(&invite).await?;
                    interval *= 2;
                    repeat_at = Some(Instant::now() + interval).filter(|at| *at < give_up);
                    continue;
                }
            };
            let Some(message) = message.filter(|message| message.cseq() == Some((1, "INVITE"))) else {
                continue;
            };
            match message.status() {
                Some(100..200) => {
                    repeat_at = None;
                    if self.contact.way == Way::CancelledCall && !taken_back {
                        taken_back = true;
                        self.send(&self.request("CANCEL", 1, &branch)).await?;
                    }
                }
                Some(200..300) => {
                    self.enter_dialog(&message);
                    self.acknowledge().await?;
                    return Ok(Reply::Answered(Box::new(message)));
                }
                Some(status) => {
                    if let Some(to) = message.header("to") {
                        to.clone_into(&mut self.to);
                    }
                    self.send(&self.request("ACK", 1, &branch)).await?;
                    return Ok(if taken_back { Reply::TakenBack } else { Reply::Refused(status) });
                }
                None => {}
            }
        }
    }

    fn enter_dialog(&mut self, answer: &Message) {
        if let Some(to) = answer.header("to") {
            to.clone_into(&mut self.to);
        }
        if let Some(contact) = answer.header("contact") {
            uri_of(contact).clone_into(&mut self.target);
        }
    }

    async fn acknowledge(&mut self) -> std::io::Result<()> {
        let branch = self.branch();
        self.send(&self.request("ACK", 1, &branch)).await
    }

    /// Sends and hears sound until one side hangs up, and judges what was heard.
    async fn talk(&mut self, answer: &Message) -> std::io::Result<()> {
        let sound_to = sound::audio_address(&answer.body);
        if sound_to.is_none() {
            self.town.tally.broken("an answer without an address for sound".to_owned());
        }
        let mut stages = self.live.stage.subscribe();
        let mut ticks = interval(Duration::from_millis(20));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let answered = Instant::now();
        let mut leave_at = match self.contact.way {
            Way::Call => answered + WELCOME + self.town.patience(self.caller),
            Way::CancelledCall => answered,
            Way::ShortCall | Way::Portal => {
                answered + Duration::from_millis(self.chance.random_range(600..2500))
            }
        };
        let mut with_person = false;
        let mut talk: Option<(Instant, u16)> = None;
        let mut hung_up_by_server = false;
        loop {
            tokio::select! {
                () = self.town.stop.cancelled() => break,
                message = self.receive() => {
                    if self.within_call(message?).await? {
                        hung_up_by_server = true;
                        break;
                    }
                }
                _ = ticks.tick() => {
                    self.speak_and_hear(sound_to, talk.map(|(_, hz)| hz));
                    if Instant::now() < leave_at {
                        continue;
                    }
                    if talk.is_none() && !with_person && self.contact.way == Way::Call && self.is_with_person().await {
                        with_person = true;
                        leave_at = Instant::now() + self.town.talk(self.caller).max(PERSON_TALK);
                        continue;
                    }
                    break;
                }
                Ok(()) = stages.changed() => {
                    if let Stage::Talking(hz) = *stages.borrow_and_update() {
                        let now = Instant::now();
                        talk = Some((now, hz));
                        let late = if self.contact.citizen_ends { Duration::ZERO } else { AGENT_LATE };
                        leave_at = now + self.town.talk(self.caller) + late;
                    }
                }
            }
        }
        let talked = talk.map(|(from, _)| from.elapsed());
        if !hung_up_by_server {
            if talked.is_some() && !self.contact.citizen_ends && !self.town.stop.is_cancelled() {
                self.town.tally.error("agent did not hang up", &self.call_id);
            }
            self.hang_up().await?;
        }
        self.judge(talked, with_person);
        Ok(())
    }

    /// Answers a request of the server; true when it is a `BYE`.
    async fn within_call(&mut self, message: Option<Message>) -> std::io::Result<bool> {
        let Some(message) = message else { return Ok(false) };
        match message.method() {
            Some("BYE") => {
                self.send(&Message::response(&message, 200, "OK", "sim")).await?;
                Ok(true)
            }
            Some("INVITE" | "UPDATE") => {
                let contact = format!("<sip:{}@{}>", self.caller.phone, self.local);
                let answer = Message::response(&message, 200, "OK", "sim")
                    .with("Contact", &contact)
                    .with_sdp(&self.sdp);
                self.send(&answer).await?;
                Ok(false)
            }
            Some("ACK") => Ok(false),
            Some(_) => {
                self.send(&Message::response(&message, 200, "OK", "sim")).await?;
                Ok(false)
            }
            None => {
                // The answer again: our acknowledgement was lost.
                if message.status() == Some(200) && message.cseq() == Some((1, "INVITE")) {
                    self.acknowledge().await?;
                }
                Ok(false)
            }
        }
    }

    fn speak_and_hear(&mut self, sound_to: Option<std::net::SocketAddr>, agent_hz: Option<u16>) {
        if let Some(to) = sound_to {
            let packet = self.voice.packet(true);
            // What a full buffer refuses is lost like any datagram.
            self.sent += u64::from(self.sound.send_to(&packet, to).is_ok());
        }
        let mut datagram = [0; 2048];
        while let Ok(len) = self.sound.recv(&mut datagram) {
            let Some(packet) =
                (!is_rtcp(&datagram[..len])).then(|| RtpPacket::parse(&datagram[..len]).ok()).flatten()
            else {
                continue;
            };
            self.received += 1;
            if agent_hz.is_some_and(|hz| sound::is_voice(packet.payload, hz)) {
                self.live.heard_by_citizen.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Asks a shift leader's list of calls whether somebody who is not simulated has answered.
    async fn is_with_person(&self) -> bool {
        let path = format!("/voice/calls?q={}&limit=1", self.caller.phone);
        let Ok(leader) = self.town.role("shift_leader", 0).await else { return false };
        let Ok(Ok(page)) = timeout(Duration::from_secs(2), leader.get(&path)).await else { return false };
        let call = &page["items"][0];
        call["answered_at"].is_i64() && call["ended_at"].is_null()
    }

    /// Says goodbye, and repeats it until it is answered.
    async fn hang_up(&mut self) -> std::io::Result<()> {
        let branch = self.branch();
        let bye = self.request("BYE", 2, &branch);
        let mut wait = REPEAT_AFTER;
        for _ in 0..4 {
            self.send(&bye).await?;
            let until = Instant::now() + wait;
            while let Ok(message) = tokio::time::timeout_at(until, self.receive()).await {
                let Some(message) = message? else { continue };
                if message.status().is_some() && message.cseq() == Some((2, "BYE")) {
                    return Ok(());
                }
                // Both hung up at the same moment.
                self.within_call(Some(message)).await?;
            }
            wait *= 2;
        }
        self.town.tally.error("BYE timeout", &self.call_id);
        Ok(())
    }

    fn judge(&self, talked: Option<Duration>, with_person: bool) {
        let by_citizen = self.live.heard_by_citizen.load(Ordering::Relaxed);
        let by_agent = self.live.heard_by_agent.load(Ordering::Relaxed);
        let proven = by_citizen >= PROOF_FRAMES && by_agent >= PROOF_FRAMES;
        let cut_short = talked.is_some_and(|talked| talked < PROVABLE) && self.town.stop.is_cancelled();
        self.town.tally.note(|counts| {
            counts.rtp_sent += self.sent;
            counts.rtp_received += self.received;
            counts.calls_answered += u64::from(talked.is_some());
            counts.calls_heard_both_ways += u64::from(talked.is_some() && proven);
            counts.calls_cut_short += u64::from(cut_short && !proven);
            counts.calls_answered_by_people += u64::from(talked.is_none() && with_person);
            counts.calls_missed += u64::from(talked.is_none() && !with_person);
        });
        if let Some(talked) = talked.filter(|_| !proven && !cut_short) {
            self.town.tally.broken(format!(
                "a call of {} ms: the citizen heard {by_citizen} frames of the agent, the agent {by_agent} of the citizen ({})",
                talked.as_millis(),
                self.call_id
            ));
        } else if self.received == 0 && self.contact.way == Way::Call {
            self.town.tally.broken(format!(
                "an answered call in which the citizen heard nothing at all ({})",
                self.call_id
            ));
        }
    }
}
