//! Migrations are append-only, so their numbers run without a gap. That an old one keeps its text, the
//! kernel checks against the digest in the database.

use std::collections::BTreeMap;

use super::Finding;

/// Gaps, doubles and unreadable names among `crates/<slice>/migrations/NNNN_<name>.sql`.
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
        for (index, (file, path)) in files.iter().enumerate() {
            let wanted = index + 1;
            let number = file
                .split_once('_')
                .filter(|(digits, _)| digits.len() == 4 && file.ends_with(".sql"))
                .and_then(|(digits, _)| digits.parse::<usize>().ok());
            if number != Some(wanted) {
                findings.push(Finding::new(path, 0, format!("expected {wanted:04}_<name>.sql here")));
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
    fn gaps_doubles_and_other_names_are_found() {
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/a/migrations/0002_b.sql"]), 0);
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/b/migrations/0001_b.sql"]), 0);
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/a/migrations/0003_b.sql"]), 1);
        assert_eq!(count(&["crates/a/migrations/0001_a.sql", "crates/a/migrations/0001_b.sql"]), 1);
        assert_eq!(count(&["crates/a/migrations/first.sql"]), 1);
    }
}
