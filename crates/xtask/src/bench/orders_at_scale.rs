//! `bench orders-at-scale`: lists, searches, to-do lists and the sweep over limits with very many orders. The
//! work is done by an example of `cases`, which writes them straight into a database that is kept for the next
//! run.

use std::path::PathBuf;

use super::print;
use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// Builds the example, runs it, prints its figures.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let orders = arguments.number("orders", 1_000_000)?;
    let folder = arguments
        .value("folder")
        .map_or_else(|| std::env::temp_dir().join(format!("yihao-orders-{orders}")), PathBuf::from);
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--package", "cases", "--example", "orders_at_scale"]);
    // The database's own code is optimised in both profiles; `--dev` spares the long build.
    if !arguments.has("dev") {
        cargo.arg("--release");
    }
    cargo.args(["--", "--orders", &orders.to_string(), "--folder"]).arg(&folder);
    let text = process::output(&mut cargo)?;
    let line = text.lines().last().unwrap_or_default();
    let figures =
        serde_json::from_str(line).map_err(|error| format!("unreadable figures: {error}: {line}"))?;
    print(&figures, arguments);
    Ok(())
}
