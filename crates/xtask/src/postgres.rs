//! A private PostgreSQL for one run: own data, own port, durable as in production, gone afterwards.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::scratch::Scratch;
use crate::{Outcome, packages, process};

/// A running server; it stops and its data goes when this is dropped.
pub struct Postgres {
    child: Child,
    port: u16,
    scratch: Scratch,
}

/// The folder that holds `initdb`, `postgres` and `psql`, of the newest version installed.
pub fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("postgres").is_file() && bin.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin).or_else(|| {
        let server = process::find_program("postgres")?;
        Some(server.parent()?.to_path_buf())
    })
}

impl Postgres {
    /// Creates a cluster in a temporary folder and starts it on a free loopback port.
    pub fn start() -> Outcome<Self> {
        packages::ensure(&[&packages::POSTGRES])?;
        let bin = programs().ok_or("PostgreSQL's server programs were not found")?;
        let scratch = Scratch::new("postgres")?;
        let data = scratch.path().join("data");
        let owner = owner();
        if let Some(owner) = owner {
            process::run(Command::new("chown").arg(owner).arg(scratch.path()))?;
        }
        process::output(
            as_owner(owner, &bin.join("initdb"))
                .current_dir(scratch.path())
                .arg("-D")
                .arg(&data)
                .args(["--username=yihao", "--auth=trust", "--no-sync"])
                .args(["--encoding=UTF8", "--locale=C.UTF-8"]),
        )?;
        let port = process::free_port()?;
        let log = std::fs::File::create(scratch.path().join("log"))
            .map_err(|error| format!("cannot write PostgreSQL's log: {error}"))?;
        let errors = log.try_clone().map_err(|error| format!("cannot write PostgreSQL's log: {error}"))?;
        let child = as_owner(owner, &bin.join("postgres"))
            .current_dir(scratch.path())
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "max_connections=300"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", scratch.path().display()))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start PostgreSQL: {error}"))?;
        let mut server = Self { child, port, scratch };
        server.wait_until_ready(&bin)?;
        Ok(server)
    }

    /// The address of a database of this server, as libraries take it.
    pub fn url(&self) -> String {
        format!("postgres://yihao@127.0.0.1:{}/postgres", self.port)
    }

    /// The process that started it all.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self, bin: &Path) -> Outcome {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(30) {
            let ready = Command::new(bin.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .is_ok_and(|status| status.success());
            if ready {
                return Ok(());
            }
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default();
        Err(format!("PostgreSQL did not start:\n{log}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // INT is its fast shutdown: sessions are cut, data files are left whole.
        process::signal(self.child.id(), "INT");
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        process::end_tree(self.child.id());
        let _ = self.child.wait();
    }
}

/// The account to run as: PostgreSQL refuses the superuser.
fn owner() -> Option<&'static str> {
    if !packages::is_root() {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = accounts.lines().any(|line| line.starts_with("postgres:"));
    Some(if known { "postgres" } else { "nobody" })
}

/// The program, run by the owner, and told to stop when this process dies without a word.
fn as_owner(owner: Option<&str>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if let Some(owner) = owner {
        command.args(["--reuid", owner, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_answers_and_leaves_nothing_behind() {
        if programs().is_none() {
            println!("skipped: PostgreSQL is not installed");
            return;
        }
        let server = Postgres::start().unwrap();
        let folder = server.scratch.path().to_path_buf();
        let psql = programs().unwrap().join("psql");
        let answer = process::output(Command::new(psql).args(["-AtX", &server.url(), "-c", "show fsync"]));
        assert_eq!(answer.unwrap().trim(), "on");
        drop(server);
        assert!(!folder.exists());
    }
}
