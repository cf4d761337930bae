//! A simulated agent: signs in, sits down, takes calls, writes orders.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::browser;
use super::cast::AgentPart;
use super::office::{self, Written};
use super::phone::{Invitation, Phone, PhoneEvent};
use super::sound::agent_hz;
use super::town::{LiveCall, Stage, Town};
use super::web::{Fault, Web};

/// A connection of sound is waited for so long.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a citizen is put on hold.
const HOLD: Duration = Duration::from_millis(1500);
/// A stranger is talked with so long, when no person takes the call.
const STRANGER_TALK: Duration = Duration::from_secs(60);
/// Pause before another attempt when a shift broke off.
const RETRY: Duration = Duration::from_secs(3);

/// Screens that popped up, by call.
type Pops = Arc<Mutex<HashSet<String>>>;

/// Works until the play ends, and takes up the shift again when it broke off.
pub(super) async fn work(town: Arc<Town>, part: AgentPart, number: usize) {
    while !town.stop.is_cancelled() {
        let web = match town.staff(&part.account).await {
            Ok(web) => web,
            Err(fault) => {
                town.fault(&fault);
                town.pause_real(RETRY).await;
                continue;
            }
        };
        if let Err(fault) = shift(&town, &part, number, &web).await {
            town.fault(&fault);
            town.pause_real(RETRY).await;
        }
    }
}

async fn shift(town: &Arc<Town>, part: &AgentPart, number: usize, web: &Arc<Web>) -> Result<(), Fault> {
    web.send(Method::POST, "/voice/seat", &json!({})).await?;
    let given = web.send(Method::POST, "/voice/registration", &json!({})).await?;
    let phone = Phone::register(&town.base, &given).await.map_err(|error| lost("REGISTER", error))?;
    let pops = Pops::default();
    let watching = tokio::spawn(watch_screen(web.clone(), pops.clone()));
    let hz = agent_hz(number);
    let chance = StdRng::seed_from_u64(number as u64);
    let mut desk = Desk { town: town.clone(), web: web.clone(), phone, pops, part: part.clone(), hz, chance };
    let done = desk.serve().await;
    watching.abort();
    desk.phone.close().await;
    let left = web.send(Method::DELETE, "/voice/seat", &json!({})).await;
    done.and(left.map(|_| ()))
}

fn lost(what: &str, detail: String) -> Fault {
    Fault { kind: format!("agent's telephone: {what}"), status: None, detail }
}

/// Listens to the events of the agent's screen and keeps the calls that popped up.
async fn watch_screen(web: Arc<Web>, pops: Pops) {
    let Ok(response) = web.events().await else { return };
    let mut stream = response.bytes_stream();
    let (mut text, mut name) = (String::new(), String::new());
    while let Some(Ok(bytes)) = stream.next().await {
        text.push_str(&String::from_utf8_lossy(&bytes));
        while let Some(end) = text.find('\n') {
            let line: String = text.drain(..=end).collect();
            if let Some(event) = line.strip_prefix("event:") {
                name = event.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data:").filter(|_| name == "voice.offer") {
                let pop: Value = serde_json::from_str(data).unwrap_or_default();
                let call_id = pop["call_id"].as_str().unwrap_or_default().to_owned();
                pops.lock().unwrap_or_else(PoisonError::into_inner).insert(call_id);
            }
        }
    }
}

/// How a wait at the telephone ended.
enum Waited {
    Through,
    HungUp,
    Stopped,
}

struct Desk {
    town: Arc<Town>,
    web: Arc<Web>,
    phone: Phone,
    pops: Pops,
    part: AgentPart,
    hz: u16,
    chance: StdRng,
}

impl Desk {
    async fn serve(&mut self) -> Result<(), Fault> {
        self.get_ready().await?;
        // A call that another agent's refusal or a lost push left behind is noticed at the latest then.
        let mut check = tokio::time::interval(Duration::from_secs(5));
        loop {
            let event = tokio::select! {
                () = self.town.stop.cancelled() => return Ok(()),
                _ = check.tick() => {
                    self.get_ready().await?;
                    continue;
                }
                event = self.phone.next() => event,
            };
            match event {
                PhoneEvent::Invited(invitation) => self.take(*invitation).await?,
                PhoneEvent::Cancelled | PhoneEvent::Ended => {}
                PhoneEvent::Lost(error) => return Err(lost("connection", error)),
            }
        }
    }

    /// Gets ready unless the seat is, or has something to do.
    async fn get_ready(&mut self) -> Result<(), Fault> {
        let mine = self.web.get("/voice/seat").await?;
        if matches!(mine["seat"]["state"].as_str(), Some("not_ready" | "break")) {
            self.web.send(Method::PUT, "/voice/seat/state", &json!({ "state": "ready" })).await?;
        }
        Ok(())
    }

    async fn take(&mut self, invitation: Invitation) -> Result<(), Fault> {
        let live = self.town.live_call(&invitation.caller);
        if live.is_none() && self.town.declines(&invitation.call_id, &self.part.seat) {
            // A person who tries the system calls: another person may want to answer.
            return self.phone.decline().await.map_err(|error| lost("decline", error));
        }
        self.phone.ring().await.map_err(|error| lost("ring", error))?;
        let ring = self.town.real(self.chance.random_range(1500..5000)).max(Duration::from_millis(300));
        match self.wait(ring).await? {
            Waited::Through => {}
            Waited::HungUp | Waited::Stopped => return Ok(()),
        }
        if self.pops.lock().unwrap_or_else(PoisonError::into_inner).remove(&invitation.call_id) {
            self.town.tally.note(|counts| counts.screen_pops += 1);
        } else if live.is_some() {
            self.town.tally.error("no screen pop", &invitation.call_id);
        }
        let sound = match browser::answer(self.town.host, &invitation.offer, self.hz, live.clone()) {
            Ok(sound) => sound,
            Err(error) => {
                self.town.tally.broken(format!("an agent could not use an offer: {error}"));
                return self.phone.decline().await.map_err(|error| lost("decline", error));
            }
        };
        self.phone.answer(&sound.answer).await.map_err(|error| lost("answer", error))?;
        let mut connected = sound.connected.clone();
        let up = tokio::select! {
            up = tokio::time::timeout(CONNECT_WITHIN, connected.wait_for(|up| *up)) => matches!(up, Ok(Ok(_))),
            event = self.phone.next() => {
                return if let PhoneEvent::Lost(error) = event { Err(lost("connection", error)) } else { Ok(()) };
            }
        };
        if !up {
            self.town
                .tally
                .broken(format!("an agent's sound did not connect in call {}", invitation.call_id));
            self.phone.hang_up().await.map_err(|error| lost("hang up", error))?;
            return Ok(());
        }
        match live {
            Some(live) => self.talk(&invitation, &live).await?,
            None => {
                if !matches!(self.wait(STRANGER_TALK).await?, Waited::HungUp) {
                    self.phone.hang_up().await.map_err(|error| lost("hang up", error))?;
                }
            }
        }
        drop(sound);
        self.wrap_up(&invitation.call_id).await
    }

    /// Talks, writes the order, and hangs up when that is the agent's part.
    async fn talk(&mut self, invitation: &Invitation, live: &Arc<LiveCall>) -> Result<(), Fault> {
        live.stage.send_replace(Stage::Talking(self.hz));
        let talk = self.town.talk(&self.town.cast.callers[live.contact.caller]);
        let call = format!("/voice/calls/{}", invitation.call_id);
        let mut rest = talk;
        let mut gone = false;
        if live.contact.held && talk >= HOLD * 4 {
            let half = talk / 2;
            rest = talk.saturating_sub(half + HOLD);
            gone = !matches!(self.wait(half).await?, Waited::Through);
            if !gone {
                self.web.send(Method::PUT, &format!("{call}/hold"), &json!({})).await?;
                gone = !matches!(self.wait(HOLD).await?, Waited::Through);
            }
            if !gone {
                self.web.send(Method::DELETE, &format!("{call}/hold"), &json!({})).await?;
                self.town.tally.note(|counts| counts.calls_held += 1);
            }
        }
        // Those who talk long have their order written while they talk.
        let early = !gone && self.chance.random_bool(0.5) && rest > Duration::from_secs(2);
        if early {
            gone = !matches!(self.wait(rest / 2).await?, Waited::Through);
            rest /= 2;
            self.write(invitation, live).await;
        }
        if !gone {
            // Whoever does not end the call waits a little longer for the other to.
            let patience = if live.contact.citizen_ends { rest + Duration::from_secs(20) } else { rest };
            match self.wait(patience).await? {
                Waited::HungUp => {}
                Waited::Through if self.chance.random_bool(0.5) => {
                    self.web.send(Method::DELETE, &call, &json!({})).await?;
                    self.wait(Duration::from_secs(3)).await?;
                }
                Waited::Through | Waited::Stopped => {
                    self.phone.hang_up().await.map_err(|error| lost("hang up", error))?;
                }
            }
        }
        if !early {
            self.write(invitation, live).await;
        }
        Ok(())
    }

    /// Writes the order, and sends it on its way through the office.
    async fn write(&mut self, invitation: &Invitation, live: &LiveCall) {
        if self.town.stop.is_cancelled() {
            return;
        }
        match self.write_order(invitation, live).await {
            Ok(written) => {
                self.town.tally.note(|counts| counts.orders_written += 1);
                self.town.errands.spawn(office::follow(self.town.clone(), written));
            }
            Err(fault) => self.town.fault(&fault),
        }
    }

    async fn write_order(&mut self, invitation: &Invitation, live: &LiveCall) -> Result<Written, Fault> {
        let contact = &live.contact;
        let mut draft = office::draft(&self.town, contact, self.chance.random_bool(0.05)).await?;
        draft["call_id"] = invitation.call_id.clone().into();
        let caller = &self.town.cast.callers[contact.caller];
        draft["preliminary_opinion"] = format!("来电人原话：{}", caller.say).into();
        if contact.at_once {
            draft["answered_at_once"] = true.into();
            draft["answer"] = self.town.cast.answer(&caller.order.category, contact.caller).into();
        }
        let case = self.web.create("/cases", &draft).await?;
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        Ok(Written {
            id: text("id"),
            number: text("number"),
            query_code: text("query_code"),
            caller: contact.caller,
            writer: Some(self.part.account.clone()),
            at_once: contact.at_once,
            seed: contact.seed,
        })
    }

    async fn wrap_up(&mut self, call_id: &str) -> Result<(), Fault> {
        let writing = self.town.real(self.chance.random_range(4000..15_000));
        if !matches!(self.wait(writing).await?, Waited::Through) {
            return Ok(());
        }
        let done = self
            .web
            .send(Method::PUT, &format!("/voice/calls/{call_id}/wrap-up"), &json!({ "done": true }))
            .await;
        // A wrap-up that ended by itself is no fault.
        if let Err(fault) = done
            && !matches!(fault.status, Some(404 | 409))
        {
            return Err(fault);
        }
        self.get_ready().await
    }

    /// Waits while the telephone is served.
    async fn wait(&mut self, real: Duration) -> Result<Waited, Fault> {
        let until = Instant::now() + real;
        loop {
            tokio::select! {
                () = self.town.stop.cancelled() => return Ok(Waited::Stopped),
                () = sleep_until(until) => return Ok(Waited::Through),
                event = self.phone.next() => match event {
                    PhoneEvent::Cancelled | PhoneEvent::Ended => return Ok(Waited::HungUp),
                    PhoneEvent::Lost(error) => return Err(lost("connection", error)),
                    // The next call came before this one was done with.
                    PhoneEvent::Invited(_) => self.phone.decline().await.map_err(|error| lost("decline", error))?,
                },
            }
        }
    }
}
