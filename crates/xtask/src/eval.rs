//! `eval`: scores of the language tasks on files that anyone may bring, one JSON line with stable names.

use std::process::Command;

use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// The files each task reads.
const TASKS: [(&str, &[&str]); 5] = [
    ("classify", &["train", "test"]),
    ("retrieve", &["docs", "queries"]),
    ("duplicates", &["docs", "gold"]),
    ("answer", &["kb", "test"]),
    ("extract", &["test"]),
];

/// Builds the language engine and lets it score a task.
pub fn eval(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let names = || TASKS.map(|(name, _)| name).join(", ");
    let task = arguments.word(0).ok_or_else(|| format!("eval which task? {}", names()))?;
    let (_, files) = TASKS
        .iter()
        .find(|(name, _)| *name == task)
        .ok_or_else(|| format!("no task named `{task}`; there are {}", names()))?;
    let mut given = vec![task.to_owned()];
    for file in *files {
        let path = arguments.value(file).ok_or_else(|| format!("eval {task} needs --{file} FILE"))?;
        let path = std::path::absolute(path).map_err(|error| format!("{path}: {error}"))?;
        given.extend([format!("--{file}"), path.to_string_lossy().into_owned()]);
    }
    process::run(workspace.cargo().args(["build", "--quiet", "--package", "lang", "--bin", "lang-eval"]))?;
    process::run(Command::new(workspace.target.join("debug").join("lang-eval")).args(given))
}
