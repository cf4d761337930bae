//! `docs/features.md`: which feature of the requirements is proved by which test.

use super::{Finding, Source};

const FILE: &str = "docs/features.md";

/// Rows whose id is not of the form `AGT-16`, or that name no test that exists.
pub fn rows(sources: &[Source], exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let Some(source) = sources.iter().find(|source| source.path == FILE) else {
        return vec![Finding::new(FILE, 0, "missing: it says which test proves which feature")];
    };
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let Some(first) = first_cell(line) else {
            continue;
        };
        if !is_id(first) {
            findings.push(Finding::new(FILE, index + 1, format!("`{first}` is no feature's id")));
        }
        let named: Vec<&str> = line.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect();
        if named.is_empty() {
            findings.push(Finding::new(FILE, index + 1, format!("{first} names no test, as `path::test`")));
        }
        for word in named {
            let path = word.split("::").next().unwrap_or(word).split('#').next().unwrap_or(word);
            if !exists(path) {
                findings.push(Finding::new(FILE, index + 1, format!("{path} does not exist")));
            }
        }
    }
    findings
}

/// The first cell of a table's row; headings and rulers have none.
fn first_cell(line: &str) -> Option<&str> {
    let cell = line.strip_prefix('|')?.split('|').next()?.trim();
    let is_heading = !cell.contains(|c: char| c.is_ascii_digit());
    (!is_heading).then_some(cell)
}

fn is_id(cell: &str) -> bool {
    let Some((area, number)) = cell.split_once('-') else {
        return false;
    };
    (2..=4).contains(&area.len())
        && area.bytes().all(|byte| byte.is_ascii_uppercase())
        && (2..=3).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn check(row: &str) -> Vec<Finding> {
        let text = format!("| id | what | proof |\n|---|---|---|\n{row}\n");
        rows(&[source(FILE, &text)], |path| path == "crates/cases/tests/closure.rs")
    }

    #[test]
    fn a_row_needs_an_id_and_a_test_that_exists() {
        assert!(check("| ORD-08 | statuses | `crates/cases/tests/closure.rs::closes` |").is_empty());
        assert_eq!(check("| order 8 | statuses | `crates/cases/tests/closure.rs` |").len(), 1);
        assert_eq!(check("| ORD-08 | statuses | soon |").len(), 1);
        assert_eq!(check("| ORD-08 | statuses | `crates/cases/tests/gone.rs` |").len(), 1);
        assert_eq!(rows(&[], |_| true).len(), 1, "no file at all");
    }
}
