//! `test`: everything that must hold, in sections that do not stop each other.

mod totals;

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::node::Node;
use crate::packages::{self, BARESIP, CHROMIUM, CJK_FONT, ESPEAK, POSTGRES, SIPP};
use crate::postgres::Postgres;
use crate::scratch::Scratch;
use crate::workspace::Workspace;
use crate::{Outcome, gen_client, process, tidy, web};
use totals::{Runner, Totals};

const PARTS: [&str; 5] = ["lint", "web", "rust", "sip", "e2e"];
const MINUTE: Duration = Duration::from_secs(60);

/// One line of the table at the end.
struct Section {
    name: String,
    took: Duration,
    totals: Totals,
    reason: Option<String>,
}

/// The run: what is to be done, what was done.
struct Run<'a> {
    workspace: &'a Workspace,
    parts: Vec<&'static str>,
    sections: Vec<Section>,
    database: Option<Postgres>,
    node: Option<Node>,
    server: Option<PathBuf>,
    /// Where the first story that needs the demonstration city leaves it for the others to copy.
    city: Option<Scratch>,
}

/// Runs the sections and prints `N passed, N failed` as the very last line.
pub fn test(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let mut run = Run {
        workspace,
        parts: chosen(arguments.value("only"))?,
        sections: Vec::new(),
        database: None,
        node: None,
        server: None,
        city: None,
    };
    run.prepare();
    run.lint();
    run.web();
    run.rust();
    run.sip();
    run.e2e();
    // PostgreSQL stops before the table is printed, so that nothing can print after it.
    run.database = None;
    let totals = report(&run.sections);
    if totals.failed == 0 { Ok(()) } else { Err(String::new()) }
}

/// The parts that `--only` names, all of them without it.
fn chosen(only: Option<&str>) -> Outcome<Vec<&'static str>> {
    let Some(only) = only else {
        return Ok(PARTS.to_vec());
    };
    only.split(',')
        .map(|word| {
            PARTS
                .into_iter()
                .find(|part| *part == word)
                .ok_or_else(|| format!("--only knows {}, not `{word}`", PARTS.join(", ")))
        })
        .collect()
}

impl Run<'_> {
    fn wants(&self, part: &str) -> bool {
        self.parts.contains(&part)
    }

    /// What the sections stand on: packages, database, front end, server.
    fn prepare(&mut self) {
        let calls = self.wants("rust") || self.wants("sip") || self.wants("e2e");
        if calls {
            self.check("packages", || {
                packages::ensure(&[&POSTGRES, &SIPP, &BARESIP, &CHROMIUM, &CJK_FONT, &ESPEAK])
            });
            self.database = self.obtain("private PostgreSQL", Postgres::start);
        }
        let workspace = self.workspace;
        self.node = self.obtain("Node.js", || Node::ensure(workspace));
        // The server embeds the built pages, so even its lints need them.
        let Some(node) = self.node.take() else {
            return;
        };
        self.check("web: build", || web::build(workspace, &node));
        self.node = Some(node);
    }

    fn lint(&mut self) {
        if !self.wants("lint") {
            return;
        }
        let workspace = self.workspace;
        self.tool("rustfmt", 2 * MINUTE, workspace.cargo().args(["fmt", "--all", "--check"]));
        self.check("tidy", || tidy::tidy(workspace));
        self.tool(
            "clippy",
            30 * MINUTE,
            workspace
                .cargo()
                .args(["clippy", "--workspace", "--all-targets", "--no-deps", "--quiet"])
                .args(["--", "-D", "warnings"]),
        );
    }

    fn web(&mut self) {
        if !self.wants("web") {
            return;
        }
        let Some(node) = self.node.take() else {
            return self.failed("web", "there is no Node.js");
        };
        let folder = self.workspace.web();
        let npm = |arguments: &[&str]| {
            let mut command = node.command("npm");
            command.current_dir(&folder).args(arguments);
            command
        };
        self.tool("web: types", 5 * MINUTE, &mut npm(&["run", "check"]));
        self.runner("web: tests", Runner::Vitest, 10 * MINUTE, &mut npm(&["test"]));
        self.node = Some(node);
    }

    fn rust(&mut self) {
        let workspace = self.workspace;
        if self.wants("rust") {
            let nextest = workspace
                .cargo()
                .args(["nextest", "--version"])
                .output()
                .is_ok_and(|output| output.status.success());
            // Calls in tests last as long as calls do: a test waits more than it computes.
            let cores = std::thread::available_parallelism().map_or(2, usize::from);
            let threads = cores + cores.div_ceil(2);
            let (runner, arguments) = if nextest {
                let arguments =
                    "nextest run --workspace --no-fail-fast --status-level=slow --final-status-level=fail";
                (Runner::Nextest, format!("{arguments} --test-threads={threads}"))
            } else {
                (Runner::CargoTest, "test --workspace --all-targets --no-fail-fast".to_owned())
            };
            let mut command = workspace.cargo();
            command.args(arguments.split(' '));
            self.with_database(&mut command);
            self.runner("rust: tests", runner, 40 * MINUTE, &mut command);
            let mut examples = workspace.cargo();
            examples.args(["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"]);
            self.runner("rust: examples", Runner::CargoTest, 15 * MINUTE, &mut examples);
        }
        if self.wants("lint") || self.wants("sip") || self.wants("e2e") {
            self.server = self.obtain("server: build", || workspace.build_server(false));
        }
        if self.wants("lint") {
            let check = Arguments::parse(vec!["--check".to_owned()]).unwrap_or_default();
            self.check("generated client", || gen_client::generate(workspace, &check));
        }
    }

    fn sip(&mut self) {
        if self.wants("sip") {
            self.stories("sip calls", "e2e/sip", 15 * MINUTE);
        }
    }

    fn e2e(&mut self) {
        if self.wants("e2e") {
            self.stories("browser stories", "e2e/stories", 40 * MINUTE);
        }
    }

    /// The test files of a folder, one after the other, against the built server.
    fn stories(&mut self, name: &str, folder: &str, limit: Duration) {
        let (Some(node), Some(server)) = (self.node.take(), self.server.clone()) else {
            return self.failed(name, "it needs Node.js and the server");
        };
        let workspace = self.workspace;
        let files = test_files(&workspace.root.join(folder));
        if files.is_empty() {
            self.failed(name, &format!("{folder} has no *.test.mjs"));
        } else if self.check_quietly(name, || web::install(&node, &workspace.root.join("e2e"))) {
            let mut command = node.command("node");
            command
                .current_dir(&workspace.root)
                .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
                .args(files)
                .env("YIHAO_BIN", server);
            if self.city.is_none() {
                self.city = Scratch::new("city").ok();
            }
            if let Some(city) = &self.city {
                command.env("YIHAO_CITY", city.path().join("data"));
            }
            self.with_database(&mut command);
            self.runner(name, Runner::Node, limit, &mut command);
        }
        self.node = Some(node);
    }

    fn with_database(&self, command: &mut Command) {
        if let Some(database) = &self.database {
            command.env("YIHAO_TEST_POSTGRES", database.url());
        }
    }

    /// A step that either works or not.
    fn check(&mut self, name: &str, step: impl FnOnce() -> Outcome) {
        self.obtain(name, step);
    }

    /// A preparation that is only worth a line when it fails.
    fn check_quietly(&mut self, name: &str, step: impl FnOnce() -> Outcome) -> bool {
        match step() {
            Ok(()) => true,
            Err(reason) => {
                self.failed(name, &reason);
                false
            }
        }
    }

    /// A step that brings something which later ones need.
    fn obtain<T>(&mut self, name: &str, step: impl FnOnce() -> Outcome<T>) -> Option<T> {
        headline(name);
        let started = Instant::now();
        let result = step();
        let totals = Totals::of_step(result.is_ok());
        let (value, reason) = match result {
            Ok(value) => (Some(value), None),
            Err(reason) => (None, Some(reason)),
        };
        if let Some(reason) = &reason {
            println!("{name}: {reason}");
        }
        self.sections.push(Section { name: name.to_owned(), took: started.elapsed(), totals, reason });
        value
    }

    /// A program that counts as one check.
    fn tool(&mut self, name: &str, limit: Duration, command: &mut Command) {
        self.check(name, || match process::watch(command, limit).failure {
            None => Ok(()),
            Some(reason) => Err(reason),
        });
    }

    /// A test runner whose own totals are counted.
    fn runner(&mut self, name: &str, runner: Runner, limit: Duration, command: &mut Command) {
        headline(name);
        let started = Instant::now();
        let ended = process::watch(command, limit);
        let (totals, reason) = totals::judge(runner, &ended.text, ended.failure);
        if let Some(reason) = &reason {
            println!("{name}: {reason}");
        }
        self.sections.push(Section { name: name.to_owned(), took: started.elapsed(), totals, reason });
    }

    fn failed(&mut self, name: &str, reason: &str) {
        self.check(name, || Err(reason.to_owned()));
    }
}

fn headline(name: &str) {
    println!("\n=== {name} ===");
    let _ = std::io::stdout().flush();
}

fn test_files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(".test.mjs"))
        })
        .collect();
    files.sort();
    files
}

fn report(sections: &[Section]) -> Totals {
    println!("\n{:<22} {:>7} {:>7} {:>7} {:>8}", "section", "passed", "failed", "skipped", "seconds");
    let mut sum = Totals::default();
    for section in sections {
        let Totals { passed, failed, skipped } = section.totals;
        let seconds = section.took.as_secs_f64();
        println!("{:<22} {passed:>7} {failed:>7} {skipped:>7} {seconds:>8.1}", section.name);
        sum.add(&section.totals);
    }
    for section in sections {
        if let Some(reason) = &section.reason {
            println!("\nfailed: {}\n{reason}", section.name);
        }
    }
    println!();
    println!("{sum}");
    let _ = std::io::stdout().flush();
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_takes_several_parts_and_names_a_wrong_one() {
        assert_eq!(chosen(None).unwrap().len(), PARTS.len());
        assert_eq!(chosen(Some("web,rust")).unwrap(), ["web", "rust"]);
        assert!(chosen(Some("webb")).unwrap_err().contains("webb"));
    }
}
