//! The front end: its libraries and its build, each done again only when its sources changed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::node::Node;
use crate::workspace::Workspace;
use crate::{Outcome, process};

/// What the build reads besides `src` and `public`.
const BUILD_FILES: [&str; 8] = [
    "package-lock.json",
    "package.json",
    "vite.config.ts",
    "tsconfig.json",
    "index.html",
    "desk.html",
    "portal.html",
    "wallboard.html",
];

/// Installs the locked libraries of a folder with a `package-lock.json`, once per lock file.
pub fn install(node: &Node, folder: &Path) -> Outcome {
    let stamp = folder.join("node_modules/.yihao-installed");
    let wanted = digest(&[folder.join("package-lock.json"), folder.join("package.json")])?;
    if is_stamped(&stamp, &wanted) {
        return Ok(());
    }
    process::run(node.command("npm").current_dir(folder).args(["ci", "--prefer-offline"]))?;
    write_stamp(&stamp, &wanted)
}

/// Builds the front end into `web/dist` unless the sources are those of the last build.
pub fn build(workspace: &Workspace, node: &Node) -> Outcome {
    let web = workspace.web();
    install(node, &web)?;
    let mut sources: Vec<PathBuf> = BUILD_FILES.iter().map(|name| web.join(name)).collect();
    collect(&web.join("src"), &mut sources)?;
    collect(&web.join("public"), &mut sources)?;
    let wanted = digest(&sources)?;
    let stamp = web.join("dist/.yihao-built");
    if is_stamped(&stamp, &wanted) {
        return Ok(());
    }
    println!("building the front end");
    process::run(node.command("npm").current_dir(&web).args(["run", "build"]))?;
    write_stamp(&stamp, &wanted)
}

fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    std::fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

fn write_stamp(stamp: &Path, digest: &str) -> Outcome {
    std::fs::write(stamp, digest).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// All files under a folder; a folder that does not exist has none.
pub fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Outcome {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("cannot read {}: {error}", folder.display())),
    };
    for entry in entries {
        let path = entry.map_err(|error| format!("cannot read {}: {error}", folder.display()))?.path();
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                collect(&path, into)?;
            }
        } else {
            into.push(path);
        }
    }
    Ok(())
}

/// A fingerprint of names and contents. It only has to notice a change, not an attacker.
fn digest(files: &[PathBuf]) -> Outcome<String> {
    let mut files: Vec<&PathBuf> = files.iter().filter(|file| file.is_file()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_changed_or_added_file_changes_the_digest() {
        let scratch = Scratch::new("digest").unwrap();
        let list = || {
            let mut files = Vec::new();
            collect(scratch.path(), &mut files).unwrap();
            digest(&files).unwrap()
        };
        std::fs::write(scratch.path().join("a.ts"), "1").unwrap();
        let first = list();
        assert_eq!(list(), first);
        std::fs::write(scratch.path().join("a.ts"), "2").unwrap();
        let second = list();
        assert_ne!(second, first);
        std::fs::create_dir(scratch.path().join("deep")).unwrap();
        std::fs::write(scratch.path().join("deep/b.ts"), "").unwrap();
        assert_ne!(list(), second);
    }

    #[test]
    fn an_absent_folder_has_no_files() {
        let mut files = Vec::new();
        assert_eq!(collect(Path::new("/no/such/folder"), &mut files), Ok(()));
        assert!(files.is_empty());
    }
}
