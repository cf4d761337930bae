//! `eval`: scores of language tasks and of the forecast on files that anyone may bring, one JSON line with stable
//! names.

use std::process::Command;

use crate::arguments::Arguments;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// The engine that does each task, and the files that it reads.
const TASKS: [(&str, &str, &[&str]); 6] = [
    ("classify", "lang", &["train", "test"]),
    ("retrieve", "lang", &["docs", "queries"]),
    ("duplicates", "lang", &["docs", "gold"]),
    ("answer", "lang", &["kb", "test"]),
    ("extract", "lang", &["test"]),
    ("forecast", "wfm", &["train", "test"]),
];

/// Builds the engine of a task and lets it score.
pub fn eval(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let names = || TASKS.map(|(name, ..)| name).join(", ");
    let task = arguments.word(0).ok_or_else(|| format!("eval which task? {}", names()))?;
    let (_, engine, files) = TASKS
        .iter()
        .find(|(name, ..)| *name == task)
        .ok_or_else(|| format!("no task named `{task}`; there are {}", names()))?;
    let mut given = vec![task.to_owned()];
    for file in *files {
        let path = arguments.value(file).ok_or_else(|| format!("eval {task} needs --{file} FILE"))?;
        let path = std::path::absolute(path).map_err(|error| format!("{path}: {error}"))?;
        given.extend([format!("--{file}"), path.to_string_lossy().into_owned()]);
    }
    let program = format!("{engine}-eval");
    process::run(workspace.cargo().args(["build", "--quiet", "--package", engine, "--bin", &program]))?;
    process::run(Command::new(workspace.target.join("debug").join(program)).args(given))
}
