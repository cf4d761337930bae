//! Migrations are append-only and their numbers ascend from 1, each once. Gaps may stay: works that go on side by
//! side take numbers of their own. That an old one keeps its text, the kernel checks against the digest in the
//! database.

use std::collections::BTreeMap;

use super::Finding;

/// Doubles, unreadable names and a missing first among `crates/<slice>/migrations/NNNN_<name>.sql`.
pub fn numbering<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let mut by_slice: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for path in paths {
        let Some((slice, file)) =
            path.strip_prefix("crates/").and_then(|rest| rest.split_once("/migrations/"))
        else {
            continue;
        };
        by_slice.entry(slice).or_default().push((file, path));
    }
    let mut findings = Vec::new();
    for files in by_slice.values_mut() {
        files.sort_unstable();
        let mut last = 0;
        for (file, path) in files.iter() {
            let number = file
                .split_once('_')
                .filter(|(digits, _)| digits.len() == 4 && file.ends_with(".sql"))
                .and_then(|(digits, _)| digits.parse::<usize>().ok());
            match number {
                Some(number) if number > last && (last > 0 || number == 1) => last = number,
                _ => findings.push(Finding::new(
                    path,
                    0,
                    format!("expected {:04}_<name>.sql or later here", last + 1),
                )),
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(paths: &[&str]) -> usize {
        numbering(paths.iter().copied()).len()
    }

    #[test]
    fn doubles_other_names_and_a_missing_first_are_found() {
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/a/migrations/0002_b.sql"]), 0);
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/b/migrations/0001_b.sql"]), 0);
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/a/migrations/0003_b.sql"]), 0);
        assert_eq!(count(&["crates/a/migrations/0002_a.sql"]), 1);
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/a/migrations/0001_b.sql"]), 1);
        assert_eq!(count(&["crates/a/migrations/first.sql"]), 1);
    }
}
