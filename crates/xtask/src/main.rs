//! The project's own commands: `cargo xtask up|test|tidy|gen|bench|eval|seed`.
//!
//! Depends on little, so that the first command of a fresh clone answers within seconds.
#![expect(clippy::print_stdout, reason = "a command line tool talks to its user")]
#![expect(clippy::disallowed_methods, reason = "measures real time; no test result depends on it")]

mod arguments;
mod bench;
mod check;
mod eval;
mod gen_client;
mod node;
mod packages;
mod postgres;
mod process;
mod scratch;
mod seed;
mod tidy;
mod up;
mod web;
mod workspace;

use std::process::ExitCode;

use arguments::Arguments;
use workspace::Workspace;

/// What went wrong, in words for the person at the terminal.
type Failure = String;
type Outcome<T = ()> = Result<T, Failure>;

const USAGE: &str = "\
cargo xtask <command>

  up    [--data DIR] [--port N] [--sip-port N] [--fresh]   build everything and serve the demonstration city
  test  [--only rust,web,sip,e2e,lint]      every check there is; the last line counts them
  tidy                                      the rules of the house that no compiler knows
  gen   [--check]                           OpenAPI document and TypeScript client from the server
  bench acd [--seats N] [--waiting N] [--secs N] [--json]
  bench orders --db sqlite|postgres [--secs N] [--clients N] [--json]
  bench start [--json]
  bench knowledge [--entries N] [--json]    search over so many invented entries
  bench suggest [--orders N] [--json]       duplicates and suggestions over so many invented orders
  bench voice [--calls N] [--secs N] [--cps N] [--json]   recorded calls of two legs, all at the same time
  bench voice-setup [--cps N] [--secs N] [--json]         calls that come one after the other
  bench pop [--calls N] [--json]            from the INVITE to the caller on the agent's page
  eval  classify|retrieve|duplicates|answer|extract|forecast --FILE …   scores, see docs/eval.md
  seed  [--data DIR]                        the demonstration city in an empty data folder

Build results go to CARGO_TARGET_DIR, or else to ~/.cache/yihao/target.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(command) = words.next() else {
        println!("{USAGE}");
        return ExitCode::from(2);
    };
    let workspace = Workspace::find();
    let outcome = Arguments::parse(words.collect()).and_then(|arguments| match command.as_str() {
        "up" => up::up(&workspace, &arguments),
        "test" => check::test(&workspace, &arguments),
        "tidy" => tidy::tidy(&workspace),
        "gen" => gen_client::generate(&workspace, &arguments),
        "eval" => eval::eval(&workspace, &arguments),
        "bench" => bench::bench(&workspace, &arguments),
        "seed" => seed::seed(&workspace, &arguments),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no command named `{other}`\n\n{USAGE}")),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Standard output on purpose: `test` promises its totals as the last line of all output.
            if !failure.is_empty() {
                eprintln!("xtask: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}
