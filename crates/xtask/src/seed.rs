//! `seed`: the demonstration city in an empty data folder, without serving it.

use std::process::Command;

use crate::arguments::Arguments;
use crate::node::Node;
use crate::workspace::Workspace;
use crate::{Outcome, process, up, web};

/// Builds the server and lets it write the city.
pub fn seed(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let node = Node::ensure(workspace)?;
    web::build(workspace, &node)?;
    let server = workspace.build_server(false)?;
    let data = up::data_dir(workspace, arguments);
    process::run(Command::new(server).arg("demo").arg("--data").arg(&data))
}
