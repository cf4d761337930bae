//! `up`: from a fresh clone to a city that answers.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::arguments::Arguments;
use crate::node::Node;
use crate::workspace::Workspace;
use crate::{Outcome, web};

/// Builds what is not built, then becomes the server.
pub fn up(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let port = arguments.number("port", 12_345)?;
    let sip_port = arguments.number("sip-port", 5_060)?;
    let data = data_dir(workspace, arguments);
    let started = Instant::now();
    println!("[1/3] the front end (Node.js; the first time a minute or two)");
    let node = Node::ensure(workspace)?;
    web::build(workspace, &node)?;
    println!(
        "[2/3] the server, into {} (the first time several minutes, then seconds)",
        workspace.target.display()
    );
    let server = workspace.build_server(false)?;
    if arguments.has("fresh") {
        forget(&data)?;
    }
    println!(
        "[3/3] the city of Yunzhou, in {} (ready to start after {} s; Ctrl-C stops it and keeps the data)",
        data.display(),
        started.elapsed().as_secs()
    );
    // The server takes this process's place, so that signals reach it and nothing stays between.
    let error = Command::new(&server)
        .current_dir(&workspace.root)
        .arg("serve")
        .arg("--data")
        .arg(&data)
        .args(["--demo", "--port", &port.to_string(), "--sip-port", &sip_port.to_string()])
        .exec();
    Err(format!("cannot start {}: {error}", server.display()))
}

/// The folder of the demonstration's data.
pub fn data_dir(workspace: &Workspace, arguments: &Arguments) -> PathBuf {
    match arguments.value("data") {
        Some(dir) => std::env::current_dir().unwrap_or_default().join(dir),
        None => workspace.root.join("data"),
    }
}

/// Deletes a data folder, and nothing that is not one.
fn forget(data: &Path) -> Outcome {
    if !data.exists() {
        return Ok(());
    }
    let is_empty = std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_none());
    if !is_empty && !data.join("yihao.db").is_file() {
        return Err(format!(
            "{} has no yihao.db, so it was left alone; --fresh only deletes a data folder of Yihao",
            data.display()
        ));
    }
    std::fs::remove_dir_all(data).map_err(|error| format!("cannot delete {}: {error}", data.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn fresh_deletes_a_data_folder_and_nothing_else() {
        let scratch = Scratch::new("fresh").unwrap();
        let other = scratch.path().join("photos");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("cat.jpg"), "").unwrap();
        assert!(forget(&other).unwrap_err().contains("left alone"));
        assert!(other.join("cat.jpg").exists());
        let data = scratch.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("yihao.db"), "").unwrap();
        assert_eq!(forget(&data), Ok(()));
        assert!(!data.exists());
        assert_eq!(forget(&data), Ok(()), "absent is as good as deleted");
    }
}
