//! `gen`: the OpenAPI document from the server, the TypeScript client from the document.

use std::path::Path;
use std::process::Command;

use crate::arguments::Arguments;
use crate::node::Node;
use crate::scratch::Scratch;
use crate::workspace::Workspace;
use crate::{Outcome, process, web};

/// Where the two generated files are, from the root of the clone.
const DOCUMENT: &str = "web/openapi.json";
const CLIENT: &str = "web/src/api/schema.d.ts";

/// Writes both files, or with `--check` says whether they are what the server gives.
pub fn generate(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let node = Node::ensure(workspace)?;
    web::build(workspace, &node)?;
    let server = workspace.build_server(false)?;
    let scratch = Scratch::new("gen")?;
    let document = scratch.path().join("openapi.json");
    let client = scratch.path().join("schema.d.ts");
    let text = process::output(Command::new(server).arg("openapi"))?;
    write(&document, &format!("{}\n", text.trim_end()))?;
    process::output(
        node.command("npx")
            .current_dir(workspace.web())
            .args(["--no-install", "openapi-typescript"])
            .arg(&document)
            .arg("-o")
            .arg(&client),
    )?;
    if arguments.has("check") {
        compare(&document, &workspace.root.join(DOCUMENT))?;
        compare(&client, &workspace.root.join(CLIENT))?;
        println!("gen: {DOCUMENT} and {CLIENT} are what the server gives");
    } else {
        copy(&document, &workspace.root.join(DOCUMENT))?;
        copy(&client, &workspace.root.join(CLIENT))?;
        println!("gen: wrote {DOCUMENT} and {CLIENT}");
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    }
    std::fs::copy(from, to).map(|_| ()).map_err(|error| format!("cannot write {}: {error}", to.display()))
}

fn compare(fresh: &Path, kept: &Path) -> Outcome {
    let fresh = std::fs::read_to_string(fresh).unwrap_or_default();
    let kept_text = std::fs::read_to_string(kept).unwrap_or_default();
    match first_difference(&kept_text, &fresh) {
        None => Ok(()),
        Some((line, old, new)) => Err(format!(
            "{} is not what the server gives; run `cargo xtask gen`. First difference, line {line}:\n- {old}\n+ {new}",
            kept.display()
        )),
    }
}

/// The first line in which two texts differ, counted from 1, with both sides.
fn first_difference<'a>(old: &'a str, new: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut old, mut new) = (old.lines(), new.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (old.next(), new.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => return Some((line, a.unwrap_or("(end)"), b.unwrap_or("(end)"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_differing_line_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
        assert_eq!(first_difference("a\n", "a\nc\n"), Some((2, "(end)", "c")));
    }
}
