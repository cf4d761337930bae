//! `bench knowledge`: an index over invented entries, built and searched by the release program itself.

use std::process::Command;

use super::{print, service};
use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// Builds the index and prints what the program measured.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let entries = arguments.number("entries", 100_000)?;
    let server = service::build(workspace)?;
    let told = process::output(Command::new(server).args([
        "knowledge",
        "bench",
        "--json",
        "--entries",
        &entries.to_string(),
    ]))?;
    let figures = serde_json::from_str(told.trim()).map_err(|error| format!("{told}: {error}"))?;
    print(&figures, arguments);
    Ok(())
}
