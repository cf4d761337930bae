//! Lists of numbers as people upload them: which rows are taken, and why others are not.

use std::collections::{BTreeMap, HashSet};

use kernel::sheet::{Sheet, cell};
use serde::Serialize;
use utoipa::ToSchema;

use crate::routing::plain;

/// Lines of one task at most.
pub const TARGETS_MAX: usize = 50_000;
/// Columns beside number and name that are kept.
const FIELDS_MAX: usize = 12;
/// Characters of such a cell.
const FIELD_CHARS: usize = 200;

const NUMBER: &[&str] =
    &["号码", "电话", "手机", "手机号", "手机号码", "联系电话", "电话号码", "number", "phone", "mobile"];
const NAME: &[&str] = &["姓名", "名称", "联系人", "市民", "name"];

/// A row that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number, in the form in which numbers are compared.
    pub number: String,
    /// The name; may be empty.
    pub name: String,
    /// Other columns, by their titles.
    pub fields: BTreeMap<String, String>,
}

/// A row that can't be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignRowRefusal)]
pub struct Refusal {
    /// The line in the file, from 1; 0 where there is no file.
    pub line: usize,
    /// What stands there.
    pub number: String,
    /// `malformed`, `twice` (in the file), `listed` (in the task already), `do_not_call`, `no_number`.
    pub why: String,
}

/// What a list comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Rows to be called.
    pub rows: Vec<Row>,
    /// Rows that are not.
    pub refused: Vec<Refusal>,
}

/// Why a table is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListError {
    /// No column is titled as a number.
    NoNumbers,
}

/// A row as it was written: its line, the number, the name, other columns.
pub type Written = (usize, String, String, BTreeMap<String, String>);

/// Tells whether a number can be called: a mobile, a land line with or without area code, abroad.
#[must_use]
pub fn is_callable(number: &str) -> bool {
    (7..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Judges rows: number, name, fields, and the line where each stands.
pub fn judge(
    rows: impl IntoIterator<Item = Written>,
    listed: &HashSet<String>,
    is_unwanted: &dyn Fn(&str) -> bool,
) -> Reading {
    let mut reading = Reading::default();
    let mut seen = HashSet::new();
    for (line, written, name, fields) in rows {
        let number = plain(&written);
        let why = if written.trim().is_empty() {
            Some("no_number")
        } else if !is_callable(&number) {
            Some("malformed")
        } else if is_unwanted(&number) {
            Some("do_not_call")
        } else if listed.contains(&number) {
            Some("listed")
        } else if !seen.insert(number.clone()) {
            Some("twice")
        } else {
            None
        };
        match why {
            Some(why) => reading.refused.push(Refusal {
                line,
                number: written.trim().chars().take(40).collect(),
                why: why.to_owned(),
            }),
            None => reading.rows.push(Row { number, name: name.chars().take(60).collect(), fields }),
        }
    }
    reading
}

/// Reads a table.
///
/// # Errors
/// [`ListError`].
pub fn read(
    sheet: &Sheet,
    listed: &HashSet<String>,
    is_unwanted: &dyn Fn(&str) -> bool,
) -> Result<Reading, ListError> {
    let number = sheet.column(NUMBER).ok_or(ListError::NoNumbers)?;
    let name = sheet.column(NAME);
    let others: Vec<(usize, String)> = sheet
        .head
        .iter()
        .enumerate()
        .filter(|(at, title)| *at != number && Some(*at) != name && !title.is_empty())
        .map(|(at, title)| (at, title.chars().take(40).collect()))
        .take(FIELDS_MAX)
        .collect();
    let rows = sheet.rows.iter().map(|(line, row)| {
        let fields = others
            .iter()
            .map(|(at, title)| (title.clone(), cell(row, Some(*at)).chars().take(FIELD_CHARS).collect()))
            .filter(|(_, text): &(String, String)| !text.is_empty())
            .collect();
        (*line, cell(row, Some(number)).to_owned(), cell(row, name).to_owned(), fields)
    });
    Ok(judge(rows, listed, is_unwanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_or_refused_with_their_line() {
        let text = "姓名,手机号,小区\n张三,13800001234,阳光里\n李四,138-0000-1234,\n王五,12,\n赵六,+86 13900001234,\n钱七,13700001234,\n,,仅备注\n";
        let sheet = Sheet::read(text.as_bytes()).unwrap();
        let listed = HashSet::from(["13700001234".to_owned()]);
        let reading = read(&sheet, &listed, &|number| number == "13900001234").unwrap();
        assert_eq!(reading.rows.len(), 1);
        assert_eq!(reading.rows[0].fields["小区"], "阳光里");
        let refused: Vec<_> = reading.refused.iter().map(|row| (row.line, row.why.as_str())).collect();
        assert_eq!(
            refused,
            [(3, "twice"), (4, "malformed"), (5, "do_not_call"), (6, "listed"), (7, "no_number")]
        );
        let other = Sheet::read("甲,乙\n1,2\n".as_bytes()).unwrap();
        assert_eq!(read(&other, &listed, &|_| false), Err(ListError::NoNumbers));
    }
}
