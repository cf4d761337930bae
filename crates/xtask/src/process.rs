//! Running other programs: with their output shown, kept, and bounded in time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What a program printed and how it ended.
pub struct Ended {
    /// Standard output and error, in the order in which they came.
    pub text: String,
    /// Nothing if it succeeded, else why not.
    pub failure: Option<String>,
}

/// Runs a program with its output on the terminal.
pub fn run(command: &mut Command) -> Outcome {
    let name = describe(command);
    let status = command.status().map_err(|error| format!("cannot start {name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

/// Runs a program silently and returns its standard output.
pub fn output(command: &mut Command) -> Outcome<String> {
    let name = describe(command);
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start {name}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{name}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end()))
    }
}

/// Runs a program, shows and keeps its output, and ends it with everything it started when the
/// time is over.
pub fn watch(command: &mut Command, limit: Duration) -> Ended {
    let name = describe(command);
    match start_piped(command) {
        Ok((child, reader)) => follow(&name, child, reader, limit),
        Err(error) => Ended { text: String::new(), failure: Some(format!("cannot start {name}: {error}")) },
    }
}

fn start_piped(command: &mut Command) -> std::io::Result<(Child, std::io::PipeReader)> {
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn()?;
    // The parent's copies of the writing end must go, or the reader would never see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok((child, reader))
}

fn follow(name: &str, mut child: Child, reader: std::io::PipeReader, limit: Duration) -> Ended {
    let (lines, received) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(count) if count > 0) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
    let started = Instant::now();
    let mut text = String::new();
    let failure = loop {
        while let Ok(line) = received.recv_timeout(Duration::from_millis(50)) {
            print!("{line}");
            text.push_str(&line);
        }
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break None,
            Ok(Some(status)) => break Some(format!("{name}: {status}")),
            Ok(None) if started.elapsed() > limit => {
                end_tree(child.id());
                let _ = child.wait();
                break Some(format!("{name}: not done after {} s", limit.as_secs()));
            }
            Ok(None) => {}
            Err(error) => break Some(format!("{name}: {error}")),
        }
    };
    // A grandchild may hold the pipe open for ever, so what is left gets a short while only.
    while let Ok(line) = received.recv_timeout(Duration::from_millis(300)) {
        print!("{line}");
        text.push_str(&line);
    }
    Ended { text, failure }
}

/// Kills a process and all its descendants.
pub fn end_tree(pid: u32) {
    let mut doomed = vec![pid];
    let mut next = 0;
    let parents = parents();
    while let Some(parent) = doomed.get(next).copied() {
        doomed.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    for pid in doomed {
        signal(pid, "KILL");
    }
}

/// Sends a signal by name; a process that is gone already is no error.
pub fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").args(["-s", name, "--", &pid.to_string()]).stderr(Stdio::null()).status();
}

fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name in parentheses may hold spaces; the parent is the second field after it.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
            Some((pid, parent.parse().ok()?))
        })
        .collect()
}

/// Whether a program is on the search path.
pub fn has_program(name: &str) -> bool {
    find_program(name).is_some()
}

/// The first folder of the search path that holds the program.
pub fn find_program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A free TCP port of the loopback address.
pub fn free_port() -> Outcome<u16> {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port on 127.0.0.1: {error}"))
}

fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default();
    let first: Vec<_> = command.get_args().take(3).map(|word| word.to_string_lossy().into_owned()).collect();
    format!("`{program} {}`", first.join(" ")).replace(" `", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_kept_and_a_failure_is_told() {
        let ended =
            watch(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), Duration::from_secs(10));
        assert_eq!(ended.text, "out\nerr\n");
        assert!(ended.failure.unwrap().contains("exit status: 3"));
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let started = Instant::now();
        let ended = watch(Command::new("sh").args(["-c", "sleep 60 & sleep 60"]), Duration::from_millis(200));
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(ended.failure.unwrap().contains("not done"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let ended = watch(&mut Command::new("no-such-program-here"), Duration::from_secs(1));
        assert!(ended.failure.unwrap().contains("no-such-program-here"));
    }
}
