//! `bench suggest`: duplicates and suggestions over invented orders, by the release program itself.

use std::process::Command;

use super::{print, service};
use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// Lets the program keep the orders and prints what it measured.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let orders = arguments.number("orders", 100_000)?;
    let server = service::build(workspace)?;
    let asked = ["assist", "bench", "--json", "--orders", &orders.to_string()];
    let told = process::output(Command::new(server).args(asked))?;
    let figures = serde_json::from_str(told.trim()).map_err(|error| format!("{told}: {error}"))?;
    print(&figures, arguments);
    Ok(())
}
