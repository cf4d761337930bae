//! `tidy`: the rules of the house that no compiler knows. Each rule is a function over text, tested on
//! a small bad example; this file only feeds them the repository.

mod features;
mod leaks;
mod markers;
mod migrations;
mod rooms;
mod texts;

use std::path::Path;
use std::process::Command;

use crate::workspace::Workspace;
use crate::{Outcome, process};

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, relative to the root of the clone.
    pub path: String,
    /// Line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// Which rule, and what to do.
    pub text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

/// A text file of the repository.
pub struct Source {
    /// Relative to the root of the clone.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// Checks the whole repository; prints what it finds.
pub fn tidy(workspace: &Workspace) -> Outcome {
    let findings = findings(workspace)?;
    for finding in &findings {
        println!("{}:{}: {}", finding.path, finding.line, finding.text);
    }
    match findings.len() {
        0 => {
            println!("tidy: every rule holds");
            Ok(())
        }
        count => Err(format!("tidy: {count} places to put right")),
    }
}

/// Everything that breaks a rule, by file and line.
pub fn findings(workspace: &Workspace) -> Outcome<Vec<Finding>> {
    let sources = sources(&workspace.root)?;
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(markers::length(source));
        findings.extend(markers::unfinished(source));
        findings.extend(markers::commented_out(source));
        findings.extend(markers::silenced(source));
        findings.extend(rooms::sql_outside_store(source));
        findings.extend(rooms::axum_outside_http(source));
        findings.extend(leaks::machine_paths(source));
        findings.extend(leaks::registry_hosts(source));
    }
    findings.extend(migrations::numbering(sources.iter().map(|source| source.path.as_str())));
    findings.extend(texts::same_keys(&sources));
    findings.extend(features::rows(&sources, |path| workspace.root.join(path).exists()));
    let metadata =
        process::output(workspace.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    findings.extend(rooms::dependencies(&metadata)?);
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(findings)
}

/// Every text file that git knows or would know.
fn sources(root: &Path) -> Outcome<Vec<Source>> {
    let listed = process::output(Command::new("git").current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    // What is not UTF-8 is a picture or a sound; what is listed but gone was deleted just now.
    Ok(paths
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(Source { path: path.to_owned(), text })
        })
        .collect())
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}
