//! `bench pop`: from a citizen's INVITE to the event that shows them on the agent's page.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::client::Client;
use super::super::{people, print};
use super::house::{House, QUEUE, ask};
use super::text::{authorization, header, method, respond, session, status, target};
use super::{PATIENCE, millis};
use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

/// Quiet time between two calls.
const PAUSE: Duration = Duration::from_millis(100);

/// Calls an agent again and again and prints how fast the page knows.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let calls = arguments.number("calls", 200)?.clamp(1, 10_000);
    let house = House::open(workspace, 10)?;
    let callers = people::callers(workspace)?;
    let mut admin = house.person(workspace, "system_admin")?;
    let mut agent = house.person(workspace, "agent")?;
    let seat = ask(&mut agent, "POST", "/api/v1/voice/seat", &Value::Null)?.json();
    let seat_no = seat["seat"]["seat_no"].as_str().ok_or("the agent has no seat")?.to_owned();
    let found = ask(&mut admin, "GET", &format!("/api/v1/seats?q={seat_no}"), &Value::Null)?.json();
    let id = found["items"][0]["id"].as_str().ok_or("the seat is not in the list")?;
    // The city may have given the seat a telephone already; then it gets another password.
    let made =
        ask(&mut admin, "POST", "/api/v1/voice/telephones", &json!({"seat_ids": [id], "note": ""}))?.json();
    let password = match made["items"][0]["password"].as_str() {
        Some(password) => password.to_owned(),
        None => {
            let path = format!("/api/v1/voice/telephones/{id}/password");
            let made = ask(&mut admin, "PUT", &path, &Value::Null)?.json();
            made["password"].as_str().ok_or("the telephone has no password")?.to_owned()
        }
    };
    let mut desk = Desk::register(house.sip(), &seat_no, &password)?;
    ask(&mut agent, "PUT", "/api/v1/voice/seat/telephone", &json!({"kind": "desk"}))?;
    ask(&mut agent, "PUT", "/api/v1/voice/seat/state", &json!({"state": "ready"}))?;
    let events = listen(house.service.port, &agent)?;

    let mut micros = Vec::new();
    let mut failed = 0_u64;
    for number in 0..calls {
        let caller = &callers[usize::try_from(number).unwrap_or(0) % callers.len()];
        match pop(&house, &mut desk, &events, number, caller) {
            Some(time) => micros.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            None => failed += 1,
        }
    }
    micros.sort_unstable();
    let figures = json!({
        "bench": "pop",
        "calls": calls,
        "failed": failed,
        "pop_p50_ms": millis(&micros, 0.5),
        "pop_p99_ms": millis(&micros, 0.99),
        "pop_max_ms": millis(&micros, 1.0),
    });
    print(&figures, arguments);
    if failed == 0 { Ok(()) } else { Err(format!("{failed} calls did not reach the agent's page")) }
}

/// Follows the agent's events; each offer of a call is passed on with its time and caller.
fn listen(port: u16, agent: &Client) -> Outcome<Receiver<Instant>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.to_string())?;
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncookie: {}\r\n\r\n",
        agent.session()
    );
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let (told, events) = channel();
    let (ready, is_ready) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if line.starts_with("event:") {
                let _ = ready.send(());
            }
            if line == "event: voice.offer" && told.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    is_ready.recv_timeout(PATIENCE).map_err(|_| "the agent's page gets no events")?;
    Ok(events)
}

/// One call: rings the agent, is seen, and gives up.
fn pop(
    house: &House,
    desk: &mut Desk,
    events: &Receiver<Instant>,
    number: u64,
    caller: &str,
) -> Option<Duration> {
    let me = house.trunk.local_addr().ok()?;
    house.trunk.set_read_timeout(Some(Duration::from_millis(1))).ok()?;
    while events.try_recv().is_ok() {}
    let to = format!("<sip:{QUEUE}@{}>", house.sip());
    let request = |verb: &str, to: &str, target: &str, body: &str| {
        let cseq = if verb == "BYE" { 2 } else { 1 };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let length = body.len();
        format!(
            "{verb} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{verb}{number};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{caller}@127.0.0.1>;tag=p{number}\r\nTo: {to}\r\nCall-ID: p{number}\r\nCSeq: {cseq} {verb}\r\n\
             Contact: <sip:{caller}@{me}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let send = |text: &str| house.trunk.send_to(text.as_bytes(), house.sip());
    let invite = request("INVITE", &to, &format!("sip:{QUEUE}@{}", house.sip()), &session(9));
    let started = Instant::now();
    send(&invite).ok()?;
    let (mut answered, mut seen, mut asked_to_end, mut over) = (None, None, false, false);
    let mut buffer = vec![0; 65_535];
    desk.is_free = true;
    while started.elapsed() < PATIENCE {
        seen = seen.or_else(|| events.try_recv().ok());
        desk.serve();
        if let Ok((length, _)) = house.trunk.recv_from(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            match (status(&message), method(&message)) {
                (200, "INVITE") => {
                    let found = (header(&message, "To")?.to_owned(), target(&message)?.to_owned());
                    send(&request("ACK", &found.0, &found.1, "")).ok()?;
                    answered = Some(found);
                }
                (200, "BYE") => over = true,
                (0, "ACK") | (100..200, _) => {}
                (0, _) => drop(send(&respond(&message, "200 OK", "", ""))),
                _ => return None,
            }
        }
        if let (Some((to, target)), Some(_), false) = (&answered, seen, asked_to_end) {
            // The telephone has to ring before the caller gives up, or the next call would find it engaged.
            if desk.has_rung {
                asked_to_end = true;
                send(&request("BYE", to, target, "")).ok()?;
            }
        }
        if over && desk.is_free {
            desk.has_rung = false;
            std::thread::sleep(PAUSE);
            return seen.map(|at| at - started);
        }
    }
    None
}

/// The telephone on the agent's desk: rings and never answers.
struct Desk {
    socket: UdpSocket,
    house: SocketAddr,
    invite: String,
    has_rung: bool,
    is_free: bool,
}

impl Desk {
    fn register(house: SocketAddr, seat: &str, password: &str) -> Outcome<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let me = socket.local_addr().map_err(|error| error.to_string())?;
        socket.set_read_timeout(Some(Duration::from_secs(5))).map_err(|error| error.to_string())?;
        let mut proof = String::new();
        for cseq in 1..=2 {
            let text = format!(
                "REGISTER sip:yihao SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKr{cseq};rport\r\nMax-Forwards: 70\r\n\
                 To: <sip:{seat}@yihao>\r\nFrom: <sip:{seat}@yihao>;tag=r\r\nCall-ID: desk-{seat}\r\nCSeq: {cseq} REGISTER\r\n\
                 Contact: <sip:{seat}@{me}>;expires=3600\r\n{proof}Content-Length: 0\r\n\r\n"
            );
            socket.send_to(text.as_bytes(), house).map_err(|error| error.to_string())?;
            let mut buffer = vec![0; 65_535];
            let (length, _) =
                socket.recv_from(&mut buffer).map_err(|error| format!("no answer to REGISTER: {error}"))?;
            let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
            match status(&answer) {
                200 => {
                    socket.set_nonblocking(true).map_err(|error| error.to_string())?;
                    return Ok(Self { socket, house, invite: String::new(), has_rung: false, is_free: true });
                }
                401 => {
                    proof = authorization(&answer, seat, password, "REGISTER", "sip:yihao")
                        .ok_or("a challenge that cannot be read")?;
                }
                code => return Err(format!("REGISTER was answered with {code}")),
            }
        }
        Err("the telephone's password was refused".to_owned())
    }

    fn serve(&mut self) {
        let mut buffer = vec![0; 65_535];
        while let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let send = |text: &str| drop(self.socket.send_to(text.as_bytes(), self.house));
            match (status(&message), method(&message)) {
                (0, "INVITE") => {
                    send(&respond(&message, "180 Ringing", "", ""));
                    self.invite = message;
                    (self.has_rung, self.is_free) = (true, false);
                }
                (0, "CANCEL") => {
                    send(&respond(&message, "200 OK", "", ""));
                    send(&respond(&self.invite, "487 Request Terminated", "", ""));
                    self.is_free = true;
                }
                (0, "ACK") | (1.., _) => {}
                (0, _) => send(&respond(&message, "200 OK", "", "")),
            }
        }
    }
}
