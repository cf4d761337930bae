//! `bench insight`: questions over the facts. The program that measures stands with the slice
//! (`crates/insight/examples/bench.rs`); the rows that it makes are kept below `target/` for the next time.

use super::print;
use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// Builds and runs it, and prints its figures.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let rows = arguments.number("rows", 1_000_000)?.clamp(1_000, 1_000_000_000).to_string();
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--package", "insight", "--example", "bench"]);
    process::run(&mut build)?;
    let mut command = std::process::Command::new(workspace.target.join("release/examples/bench"));
    command.arg(&rows).arg(workspace.target.join(format!("figures-{rows}")));
    let text = process::output(&mut command)?;
    let figures = serde_json::from_str(text.trim())
        .map_err(|error| format!("the measuring program said {text:?}: {error}"))?;
    print(&figures, arguments);
    Ok(())
}
