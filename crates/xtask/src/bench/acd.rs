//! `bench acd`: decisions of the queue on a full floor. The program that measures stands with the engine
//! (`crates/acd/examples/bench.rs`) and is built optimised.

use super::print;
use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// Builds and runs it, and prints its figures.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let seats = arguments.number("seats", 2_000)?.clamp(1, 100_000);
    let waiting = arguments.number("waiting", 10_000)?.clamp(1, 200_000);
    let secs = arguments.number("secs", 5)?.clamp(1, 600);
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--package", "acd", "--example", "bench"]);
    process::run(&mut build)?;
    let mut command = std::process::Command::new(workspace.target.join("release/examples/bench"));
    command.args([seats, waiting, secs].map(|number| number.to_string()));
    let text = process::output(&mut command)?;
    let figures = serde_json::from_str(text.trim())
        .map_err(|error| format!("the measuring program said {text:?}: {error}"))?;
    print(&figures, arguments);
    Ok(())
}
