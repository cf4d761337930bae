//! The release build of the server on a scratch folder, for one measurement.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;
use super::cpu;
use crate::node::Node;
use crate::postgres::Postgres;
use crate::scratch::Scratch;
use crate::workspace::Workspace;
use crate::{Outcome, process, web};

/// Builds the release server with its pages, or takes the one that `YIHAO_BIN` names.
pub fn build(workspace: &Workspace) -> Outcome<PathBuf> {
    if let Some(given) = std::env::var_os("YIHAO_BIN") {
        return Ok(PathBuf::from(given));
    }
    let node = Node::ensure(workspace)?;
    web::build(workspace, &node)?;
    workspace.build_server(true)
}

/// A data folder with its configuration and, where wanted, its PostgreSQL.
pub struct Site {
    scratch: Scratch,
    server: PathBuf,
    /// Runs as long as the site.
    database: Option<Postgres>,
}

impl Site {
    /// Prepares the folder and lets the server write the demonstration city into it.
    pub fn prepare(server: &Path, with_postgres: bool) -> Outcome<Self> {
        Self::prepare_with(server, with_postgres, "")
    }

    /// Prepares it with more lines in the section `[voice]` of the configuration.
    pub fn prepare_with(server: &Path, with_postgres: bool, voice: &str) -> Outcome<Self> {
        let scratch = Scratch::new("bench")?;
        let database = if with_postgres { Some(Postgres::start()?) } else { None };
        let mut config = String::from("bind = \"127.0.0.1:0\"\n");
        if let Some(database) = &database {
            config.push_str(&format!("database_url = \"{}\"\ndatabase_pool = 32\n", database.url()));
        }
        config.push_str("[voice]\nmedia_bind = \"127.0.0.1\"\n");
        config.push_str(voice);
        let site = Self { scratch, server: server.to_path_buf(), database };
        std::fs::write(site.config(), config)
            .map_err(|error| format!("cannot write the configuration: {error}"))?;
        process::output(site.command("demo").stdin(Stdio::null()))?;
        Ok(site)
    }

    /// The process of the private PostgreSQL, where there is one.
    pub fn database_id(&self) -> Option<u32> {
        self.database.as_ref().map(Postgres::id)
    }

    /// Runs another command of the server on the folder and returns what it prints.
    pub fn run(&self, words: &[&str]) -> Outcome<String> {
        let mut command = Command::new(&self.server);
        command.args(words).arg("--config").arg(self.config());
        command.arg("--data").arg(self.scratch.path().join("data"));
        process::output(command.stdin(Stdio::null()))
    }

    /// Where the server keeps what it stores.
    pub fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    fn config(&self) -> PathBuf {
        self.scratch.path().join("yihao.toml")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.server);
        command
            .arg(name)
            .arg("--config")
            .arg(self.config())
            .arg("--data")
            .arg(self.scratch.path().join("data"));
        command
    }

    /// Starts the server and waits for its first answer.
    pub fn start(&self) -> Outcome<Service> {
        let port = process::free_port()?;
        let sip_port = process::free_port()?;
        let log = std::fs::File::create(self.scratch.path().join("log"))
            .map_err(|error| format!("cannot write the log: {error}"))?;
        let started = Instant::now();
        let child = self
            .command("serve")
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--sip-port", &sip_port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start the server: {error}"))?;
        let mut service = Service { child, port, sip_port, first_answer: Duration::ZERO };
        while started.elapsed() < Duration::from_secs(60) {
            let answered = Client::connect(port)
                .and_then(|mut client| client.send("GET", "/api/v1/portal/info", "", b""))
                .is_ok_and(|answer| answer.status < 500);
            if answered {
                service.first_answer = started.elapsed();
                return Ok(service);
            }
            if !matches!(service.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let log = std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default();
        Err(format!("the server did not answer:\n{log}"))
    }
}

/// A running server; it is stopped when dropped.
pub struct Service {
    child: Child,
    /// Its HTTP port on 127.0.0.1.
    pub port: u16,
    /// Its UDP port of SIP on 127.0.0.1.
    pub sip_port: u16,
    /// From the start of the process to the first complete answer.
    pub first_answer: Duration,
}

impl Service {
    /// Waits until the server has done what a fresh city asks of it (numbering, learning, indexing): two seconds in
    /// a row with less than a twentieth of a core, two minutes at most.
    pub fn settle(&self) {
        let mut calm = 0;
        for _ in 0..120 {
            let before = cpu::tree_micros(self.id());
            std::thread::sleep(Duration::from_secs(1));
            let is_calm = cpu::tree_micros(self.id()).saturating_sub(before) < 50_000;
            calm = if is_calm { calm + 1 } else { 0 };
            if calm == 2 {
                return;
            }
        }
    }

    /// The server's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in megabytes (10⁶ bytes).
    pub fn rss_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) * 1024.0 / 1e6
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        process::signal(self.child.id(), "TERM");
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
