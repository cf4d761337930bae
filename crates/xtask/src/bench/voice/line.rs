//! A carrier's line: dials the house, and answers the calls that the house passes on.

use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::sound::Sound;
use super::text::{called, header, method, respond, session, sound_port, status, target};
use super::{PATIENCE, house};
use crate::Outcome;

/// After this long without an answer a request is sent again, then after twice as long.
const AGAIN: Duration = Duration::from_millis(500);
const TRIES: u32 = 5;

/// How many calls come, how fast, and how long they stay.
pub struct Plan {
    /// Calls in all.
    pub calls: usize,
    /// New calls in a second.
    pub per_second: f64,
    /// When a call hangs up that was connected at an instant.
    pub hang_up: Box<dyn Fn(Instant) -> Instant>,
}

/// What became of a call.
#[derive(Clone, Default)]
pub struct Call {
    /// Microseconds from the INVITE to its 200.
    pub answer_micros: Option<u64>,
    /// Microseconds from the INVITE until both legs are connected.
    pub setup_micros: Option<u64>,
    /// Whether it stayed until this side hung up.
    pub is_whole: bool,
    /// The first thing that went wrong.
    pub failure: Option<String>,
    invited: Option<Instant>,
    /// Request that waits for its answer, when it is sent again, and how often it was sent.
    waiting: Option<(String, Instant, u32)>,
    to: String,
    target: String,
    hangs_up_at: Option<Instant>,
    hung_up: bool,
    over: bool,
}

/// The line with its calls.
pub struct Line<'a> {
    socket: &'a UdpSocket,
    house: SocketAddr,
    local: SocketAddr,
    sound: &'a Sound,
    /// Pairs of telephones that calls use in turn.
    pairs: usize,
    calls: Vec<Call>,
    /// The callers by the name of the leg that the house made to this line.
    outward: HashMap<String, usize>,
    /// Answers that wait for their ACK.
    unconfirmed: HashMap<String, (String, Instant, u32)>,
    timers: VecDeque<usize>,
}

/// The number that a call comes from, and is passed on to.
fn number(call: usize) -> String {
    format!("139{call:08}")
}

fn call_of(number: &str) -> Option<usize> {
    number.strip_prefix("139")?.parse().ok()
}

fn micros(from: Instant) -> u64 {
    u64::try_from(from.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl<'a> Line<'a> {
    /// Serves calls on a socket, with so many pairs of telephones.
    pub fn new(socket: &'a UdpSocket, house: SocketAddr, sound: &'a Sound, pairs: usize) -> Outcome<Self> {
        let local = socket
            .set_read_timeout(Some(Duration::from_millis(1)))
            .and_then(|()| socket.local_addr())
            .map_err(|error| format!("the trunk's socket: {error}"))?;
        let (calls, outward, unconfirmed) = (Vec::new(), HashMap::new(), HashMap::new());
        let pairs = pairs.max(1);
        Ok(Self { socket, house, local, sound, pairs, calls, outward, unconfirmed, timers: VecDeque::new() })
    }

    /// Makes all calls and returns what became of them.
    pub fn run(mut self, plan: &Plan, begin: Instant) -> Vec<Call> {
        self.calls = vec![Call::default(); plan.calls];
        let mut started = 0;
        let mut buffer = vec![0; 65_535];
        #[expect(clippy::cast_precision_loss, reason = "a number of calls")]
        let last = begin + Duration::from_secs_f64(plan.calls as f64 / plan.per_second);
        let end = (plan.hang_up)(last.max(begin)) + 2 * PATIENCE;
        while self.calls.iter().any(|call| !call.over) && Instant::now() < end {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number of calls, not below zero"
            )]
            let due = (begin.elapsed().as_secs_f64() * plan.per_second) as usize + 1;
            while started < plan.calls.min(due) {
                self.dial(started);
                started += 1;
            }
            // A pause of the sender must not turn into a burst of unread answers.
            for _ in 0..64 {
                let Ok((length, _)) = self.socket.recv_from(&mut buffer) else { break };
                let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
                self.take(&message, plan);
            }
            self.look_after();
        }
        for call in self.calls.iter_mut().filter(|call| !call.over) {
            call.failure.get_or_insert_with(|| "not over in time".to_owned());
        }
        self.calls
    }

    /// The caller's telephone; the one that is called comes after it.
    fn caller(&self, call: usize) -> usize {
        call % self.pairs * 2
    }

    fn send(&self, text: &str) {
        // What is lost is sent again.
        let _ = self.socket.send_to(text.as_bytes(), self.house);
    }

    fn request(&self, call: usize, verb: &str, cseq: u32, body: &str) -> String {
        let one = &self.calls[call];
        let (me, from) = (self.local, number(call));
        let target = if one.target.is_empty() {
            format!("sip:{}@{}", house::THROUGH, self.house)
        } else {
            one.target.clone()
        };
        let to = if one.to.is_empty() {
            format!("<sip:{}@{}>", house::THROUGH, self.house)
        } else {
            one.to.clone()
        };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let length = body.len();
        format!(
            "{verb} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{verb}{call}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{from}@127.0.0.1>;tag=c{call}\r\nTo: {to}\r\nCall-ID: c{call}\r\n\
             CSeq: {cseq} {verb}\r\nContact: <sip:{from}@{me}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    fn dial(&mut self, call: usize) {
        let text = self.request(call, "INVITE", 1, &session(self.sound.port(self.caller(call))));
        self.send(&text);
        self.calls[call].invited = Some(Instant::now());
        self.wait(call, text);
    }

    fn wait(&mut self, call: usize, text: String) {
        self.calls[call].waiting = Some((text, Instant::now() + AGAIN, 1));
        self.timers.push_back(call);
    }

    fn take(&mut self, message: &str, plan: &Plan) {
        let Some(id) = header(message, "Call-ID") else { return };
        let mine = id.strip_prefix('c').and_then(|rest| rest.parse::<usize>().ok());
        match (mine.filter(|call| *call < self.calls.len()), status(message)) {
            (Some(call), 0) => self.serve_caller(call, message),
            (Some(call), code) => self.answered(call, code, message),
            (None, 0) => self.serve_callee(id.to_owned(), message, plan),
            (None, _) => {}
        }
    }

    /// An answer to a request of the caller's.
    fn answered(&mut self, call: usize, code: u16, message: &str) {
        let verb = method(message).to_owned();
        if verb == "INVITE" && code < 200 {
            self.calls[call].waiting = None;
            return;
        }
        if verb == "BYE" {
            self.calls[call].waiting = None;
            self.close(call);
            return;
        }
        if verb != "INVITE" {
            return;
        }
        self.calls[call].to = header(message, "To").unwrap_or("").to_owned();
        if code >= 300 {
            let text = self.request(call, "ACK", 1, "").replacen("z9hG4bKACK", "z9hG4bKINVITE", 1);
            self.send(&text);
            self.fail(call, format!("INVITE was answered with {code}"));
            return self.close(call);
        }
        target(message).unwrap_or("").clone_into(&mut self.calls[call].target);
        let ack = self.request(call, "ACK", 1, "");
        self.send(&ack);
        let one = &mut self.calls[call];
        if one.answer_micros.is_none() {
            one.answer_micros = one.invited.map(micros);
            one.waiting = None;
            match sound_port(message) {
                Some(port) => self.sound.start(call % self.pairs * 2, port),
                None => self.fail(call, "an answer without a session description".to_owned()),
            }
        }
    }

    /// A request of the house within the caller's leg.
    fn serve_caller(&mut self, call: usize, message: &str) {
        match method(message) {
            "ACK" => {}
            "BYE" => {
                self.send(&respond(message, "200 OK", "", ""));
                if !self.calls[call].hung_up {
                    self.fail(call, "the house hung up".to_owned());
                }
                self.close(call);
            }
            _ => self.send(&respond(message, "200 OK", "", "")),
        }
    }

    /// A request of the house within the leg that it made.
    fn serve_callee(&mut self, id: String, message: &str, plan: &Plan) {
        match method(message) {
            "INVITE" => {
                let call = call_of(called(message)).filter(|call| *call < self.calls.len());
                let Some((call, port)) = call.zip(sound_port(message)) else {
                    return self.send(&respond(message, "404 Not Found", "", ""));
                };
                let extra = format!(
                    "Contact: <sip:{}@{}>\r\nContent-Type: application/sdp\r\n",
                    number(call),
                    self.local
                );
                let answer =
                    respond(message, "200 OK", &extra, &session(self.sound.port(self.caller(call) + 1)));
                self.send(&answer);
                if self.outward.insert(id.clone(), call).is_none() {
                    self.sound.start(self.caller(call) + 1, port);
                    self.unconfirmed.insert(id, (answer, Instant::now() + AGAIN, 1));
                }
            }
            "ACK" => {
                let fresh = self.unconfirmed.remove(&id).is_some();
                if let Some(call) = self.outward.get(&id).copied().filter(|_| fresh) {
                    let one = &mut self.calls[call];
                    one.setup_micros = one.invited.map(micros);
                    one.hangs_up_at = Some((plan.hang_up)(Instant::now()));
                    self.timers.push_back(call);
                }
            }
            "BYE" => {
                self.send(&respond(message, "200 OK", "", ""));
                if let Some(call) = self.outward.get(&id).copied() {
                    self.sound.stop(self.caller(call) + 1);
                    if !self.calls[call].hung_up {
                        self.fail(call, "the house hung up on the second leg".to_owned());
                    }
                }
            }
            _ => self.send(&respond(message, "200 OK", "", "")),
        }
    }

    /// Hangs up whose time has come, and repeats what got no answer.
    fn look_after(&mut self) {
        let now = Instant::now();
        for _ in 0..self.timers.len() {
            let Some(call) = self.timers.pop_front() else { break };
            let one = &mut self.calls[call];
            if one.over {
                continue;
            }
            if one.hangs_up_at.is_some_and(|at| at <= now) && !one.hung_up {
                one.hung_up = true;
                one.is_whole = one.failure.is_none();
                let text = self.request(call, "BYE", 2, "");
                self.send(&text);
                self.wait(call, text);
                continue;
            }
            if let Some((text, at, tries)) = one.waiting.take_if(|(_, at, _)| *at <= now) {
                if tries >= TRIES {
                    self.fail(call, format!("no answer to {}", method(&text)));
                    self.close(call);
                    continue;
                }
                self.send(&text);
                self.calls[call].waiting = Some((text, at + AGAIN * 2_u32.pow(tries), tries + 1));
            }
            if self.calls[call].waiting.is_some() || self.calls[call].hangs_up_at.is_some_and(|at| at > now) {
                self.timers.push_back(call);
            } else if self.calls[call].setup_micros.is_none() {
                let late = self.calls[call].invited.is_some_and(|invited| invited.elapsed() > PATIENCE);
                if late {
                    self.fail(call, "the second leg did not come".to_owned());
                    self.close(call);
                } else {
                    self.timers.push_back(call);
                }
            }
        }
        let mut again = Vec::new();
        self.unconfirmed.retain(|_, (answer, at, tries)| {
            if *at <= now {
                again.push(answer.clone());
                *at += AGAIN * 2_u32.pow(*tries);
                *tries += 1;
            }
            *tries <= TRIES
        });
        for answer in again {
            self.send(&answer);
        }
    }

    fn fail(&mut self, call: usize, why: String) {
        let one = &mut self.calls[call];
        one.is_whole = false;
        one.failure.get_or_insert(why);
    }

    fn close(&mut self, call: usize) {
        self.sound.stop(self.caller(call));
        self.calls[call].over = true;
    }
}
