//! The house under load: a server on a scratch folder whose trunk is this program.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

use serde_json::{Value, json};

use super::super::client::{Answer, Client};
use super::super::people;
use super::super::service::{self, Service, Site};
use crate::Outcome;
use crate::workspace::Workspace;

/// A number whose flow passes the call on to the number that the caller calls from.
pub const THROUGH: &str = "96001";
/// A number whose flow joins the queue at once.
pub const QUEUE: &str = "96002";

/// A server, and the socket of the trunk that brings its calls.
pub struct House {
    /// Ends before its folder is deleted.
    pub service: Service,
    /// The folder.
    pub site: Site,
    /// The carrier's socket.
    pub trunk: UdpSocket,
}

impl House {
    /// Starts the server; at most so many calls at the same time.
    pub fn open(workspace: &Workspace, calls: u64) -> Outcome<Self> {
        let server = service::build(workspace)?;
        let trunk = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(|error| format!("no socket for the trunk: {error}"))?;
        let port = trunk.local_addr().map_err(|error| error.to_string())?.port();
        let limit = calls * 2 + 100;
        let config = format!(
            "call_limit = {limit}\nwaiting_limit = {limit}\ntrunk_messages_per_second = 100000\n\
             [[voice.trunks]]\nname = \"load\"\npeers = [\"127.0.0.1\"]\noutbound = \"127.0.0.1:{port}\"\n\
             options_secs = 0\n"
        );
        let site = Site::prepare_with(&server, false, &config)?;
        let house = Self { service: site.start()?, site, trunk };
        let mut leader = house.person(workspace, "shift_leader")?;
        let over = json!({"id": "over", "kind": "hang_up", "props": {}});
        let through = json!({"id": "through", "kind": "transfer",
            "props": {"to": {"kind": "number", "number": "{{caller}}"}, "ring_secs": 30},
            "exits": {"failed": "over", "next": "over"}});
        let queue = json!({"id": "queue", "kind": "queue", "props": {}, "exits": {"refused": "over"}});
        publish(&mut leader, "load_through", THROUGH, &json!([through, over]))?;
        publish(&mut leader, "load_queue", QUEUE, &json!([queue, over]))?;
        Ok(house)
    }

    /// Where the server takes SIP.
    pub fn sip(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.service.sip_port))
    }

    /// Signs a person of the demonstration city in.
    pub fn person(&self, workspace: &Workspace, role: &str) -> Outcome<Client> {
        let (account, password) = people::account(workspace, role)?;
        let mut client = Client::connect(self.service.port)?;
        client.sign_in(&account, &password)?;
        Ok(client)
    }

    /// Counts recordings that are complete and at least so long.
    pub fn recordings(&self, least_secs: f64) -> usize {
        /// Bytes of a second of two channels of A-law.
        const SECOND: f64 = 16_000.0;
        let mut count = 0;
        let mut folders = vec![self.site.data().join("recordings")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    count +=
                        usize::from(sound_bytes(&path).is_some_and(|bytes| bytes >= least_secs * SECOND));
                }
            }
        }
        count
    }
}

/// The length that the header of a finished recording says; zero while it is being written.
fn sound_bytes(path: &Path) -> Option<f64> {
    use std::io::Read as _;
    if path.extension()? != "alaw2" {
        return None;
    }
    let mut header = [0; 58];
    std::fs::File::open(path).ok()?.read_exact(&mut header).ok()?;
    Some(f64::from(u32::from_le_bytes([header[54], header[55], header[56], header[57]])))
}

fn publish(client: &mut Client, id: &str, number: &str, nodes: &Value) -> Outcome {
    let address = format!("/api/v1/voice/call-flows/{id}");
    let made = ask(client, "POST", "/api/v1/voice/call-flows", &json!({"id": id, "name": id}))?;
    let start = nodes[0]["id"].clone();
    let draft = json!({"schema": 1, "start": start, "nodes": nodes});
    let body = json!({"version": made.json()["version"], "name": id, "draft": draft});
    let saved = ask(client, "PUT", &address, &body)?;
    ask(client, "POST", &format!("{address}/versions"), &json!({"version": saved.json()["version"]}))?;
    let answering =
        json!({"number": number, "hotline": "12345", "name": id, "flow": id, "language": "zh", "version": 0});
    ask(client, "PUT", &format!("/api/v1/voice/flow-numbers/{number}"), &answering)?;
    Ok(())
}

/// Sends a request that must succeed.
pub fn ask(client: &mut Client, method: &str, path: &str, body: &Value) -> Outcome<Answer> {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let answer = client.send(method, path, "", &bytes)?;
    if answer.status >= 300 {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        return Err(format!("{method} {path}: {} {said}", answer.status));
    }
    Ok(answer)
}
