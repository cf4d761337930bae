//! Where things are: the clone, the cache outside it, the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, process};

/// Folders that every command needs.
pub struct Workspace {
    /// The root of the clone.
    pub root: PathBuf,
    /// `$XDG_CACHE_HOME/yihao` or `~/.cache/yihao`: what survives the clone.
    pub cache: PathBuf,
    /// Build results; outside the clone unless CARGO_TARGET_DIR says otherwise.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the clone from the crate's own folder, as cargo gives it at run time.
    pub fn find() -> Self {
        let crate_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = crate_dir.ancestors().nth(2).map_or_else(|| crate_dir.clone(), Path::to_path_buf);
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
            .unwrap_or_else(std::env::temp_dir)
            .join("yihao");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache.join("target"), |dir| root.join(dir));
        Self { root, cache, target }
    }

    /// A cargo command in the clone with the shared target folder.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("CARGO_MANIFEST_DIR");
        if std::env::var_os("CI").is_some() {
            // Nobody edits between two builds there, so the bookkeeping would only cost time and disk.
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    /// Builds the server and returns the path of its binary.
    pub fn build_server(&self, release: bool) -> Outcome<PathBuf> {
        let mut command = self.cargo();
        command.args(["build", "--package", "server", "--bin", "yihao"]);
        if release {
            command.arg("--release");
        }
        process::run(&mut command)?;
        let profile = if release { "release" } else { "debug" };
        Ok(self.target.join(profile).join("yihao"))
    }

    /// The folder of the front end.
    pub fn web(&self) -> PathBuf {
        self.root.join("web")
    }
}
