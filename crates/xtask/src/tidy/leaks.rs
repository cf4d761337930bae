//! What must not be in a public repository: paths of somebody's machine, hosts of package registries.

use super::{Finding, Source};

/// Folders that exist on one machine only.
pub fn machine_paths(source: &Source) -> Vec<Finding> {
    // Written apart, so that this file does not find itself.
    let folders =
        [concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/ro", "ot/."), concat!("/Us", "ers/")];
    if source.path.ends_with(".json") && source.path.contains("schema") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let found = folders.iter().find(|folder| {
            line.match_indices(**folder).any(|(at, _)| {
                // A path starts here: after a quote, a space, a bracket, or at the start of the line.
                line[..at].chars().next_back().is_none_or(|before| " \"'`(=:,<>".contains(before))
            })
        });
        if let Some(folder) = found {
            let text = format!("{folder}… exists on one machine only");
            findings.push(Finding::new(&source.path, index + 1, text));
        }
    }
    findings
}

/// Download addresses in lock files and settings: everybody has a mirror of their own.
pub fn registry_hosts(source: &Source) -> Vec<Finding> {
    let is_lock = source.path.ends_with("package-lock.json");
    let is_settings =
        [".npmrc", "pip.conf", ".cargo/config.toml"].iter().any(|name| source.path.ends_with(name));
    if source.path.ends_with("Cargo.lock") {
        return marked(source, |line| {
            line.starts_with("source = ")
                && !line.contains(concat!("github.com/rust-lang/crates", ".io-index"))
        });
    }
    if is_lock {
        return marked(source, |line| {
            line.trim_start().starts_with("\"resolved\": \"http") || line.contains("\"resolved\": \"git")
        });
    }
    if is_settings {
        return marked(source, |line| line.contains("://"));
    }
    Vec::new()
}

fn marked(source: &Source, is_bad: impl Fn(&str) -> bool) -> Vec<Finding> {
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| is_bad(line))
        .map(|(index, _)| Finding::new(&source.path, index + 1, "the host of a package registry"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_path_of_a_machine_is_found_and_a_route_is_not() {
        let path = format!("let x = \"{}main\";", concat!("/wo", "rk/"));
        assert_eq!(machine_paths(&source("a.rs", &path)).len(), 1);
        let route = format!("fetch('https://example.org{}orders')", concat!("/wo", "rk/"));
        assert!(machine_paths(&source("a.ts", &route)).is_empty());
    }

    #[test]
    fn a_registry_in_a_lock_file_is_found() {
        let npm = "{\n  \"resolved\": \"https://example.org/a.tgz\",\n}";
        assert_eq!(registry_hosts(&source("web/package-lock.json", npm))[0].line, 2);
        let git = "source = \"git+https://example.org/a\"\n";
        assert_eq!(registry_hosts(&source("Cargo.lock", git)).len(), 1);
        assert!(registry_hosts(&source("web/src/a.ts", npm)).is_empty());
    }
}
