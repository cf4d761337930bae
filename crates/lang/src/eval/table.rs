//! Tables of columns between tabulators, as people and spreadsheets write them.

use super::EvalError;

/// Lines that one quoted field may span; a quotation mark that is not closed within them is just a character.
const QUOTED_LINES: usize = 2_000;

/// A row: the number of its first line, and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Number of the first line, from 1.
    pub line: usize,
    /// The columns.
    pub columns: Vec<String>,
}

/// Reads a table. Tolerates a byte order mark, CRLF, blank lines, and fields in quotation marks over many lines.
///
/// # Errors
/// When a row has fewer than `least` columns.
pub fn read(text: &str, least: usize) -> Result<Vec<Record>, EvalError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let mut records = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let first = at;
        let mut columns = Vec::new();
        let mut rest = lines[at];
        at += 1;
        if rest.trim().is_empty() {
            continue;
        }
        loop {
            if let Some((field, after, used)) = quoted(rest, &lines[at..]) {
                columns.push(field);
                at += used;
                match after.strip_prefix('\t') {
                    Some(more) => rest = more,
                    None => break,
                }
            } else if let Some((field, more)) = rest.split_once('\t') {
                columns.push(field.to_owned());
                rest = more;
            } else {
                columns.push(rest.to_owned());
                break;
            }
        }
        if columns.len() < least {
            return Err(EvalError::Line {
                line: first + 1,
                problem: format!("{least} columns between tabulators are needed, found {}", columns.len()),
            });
        }
        records.push(Record { line: first + 1, columns });
    }
    Ok(records)
}

/// Reads a field that opens with a quotation mark: its text, what follows in the line where it ends, and how many
/// further lines it took.
fn quoted<'a>(rest: &'a str, following: &[&'a str]) -> Option<(String, &'a str, usize)> {
    let mut field = String::new();
    let mut part = rest.strip_prefix('"')?;
    for used in 0..QUOTED_LINES {
        let mut from = part;
        while let Some(at) = from.find('"') {
            let after = &from[at + 1..];
            field.push_str(&from[..at]);
            if let Some(more) = after.strip_prefix('"') {
                field.push('"');
                from = more;
            } else if after.is_empty() || after.starts_with('\t') {
                return Some((field, after, used));
            } else {
                return None;
            }
        }
        field.push_str(from);
        field.push('\n');
        part = following.get(used)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        read(text, 1).unwrap().into_iter().map(|record| record.columns).collect()
    }

    #[test]
    fn reads_what_people_write() {
        assert_eq!(rows("\u{feff}a\tb\r\n\r\nc\td"), [["a", "b"], ["c", "d"]]);
        assert_eq!(rows("\"one\ntwo \"\"x\"\"\"\tb\nc\td\n"), [["one\ntwo \"x\"", "b"], ["c", "d"]]);
        assert_eq!(rows("a\t\"not closed\nc\td"), [["a", "\"not closed"], ["c", "d"]]);
    }

    #[test]
    fn names_the_line() {
        let error = read("a\tb\n\nonly\n", 2).unwrap_err();
        assert!(error.to_string().starts_with("line 3: 2 columns"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[a\"\t\r\n]*") {
            let _ = read(&text, 1);
        }
    }
}
