//! What a unit promises citizens (服务承诺, ORG-15): written by the unit, published by an editor.

use kernel::Lang;
use serde::{Deserialize, Serialize};

use super::word::words;
use crate::error::{CaseError, Check};
use crate::sheet::{Sheet, cell};

/// So many promises one file may hold.
pub const ROWS_MAX: usize = 2000;

words!(
    /// Where a promise stands.
    CommitmentState {
        /// Being written, or changed since it was published.
        Draft = "draft", "编辑中", "Draft";
        /// Handed in to be published.
        Waiting = "waiting", "待发布", "Waiting for publication";
        /// Everybody reads it as it is.
        Published = "published", "已发布", "Published";
        /// The editor wants it corrected.
        Returned = "returned", "已退回", "Sent back";
        /// No longer shown.
        Withdrawn = "withdrawn", "已撤下", "Withdrawn";
    }
);

/// The words of a promise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommitmentText {
    /// The service.
    pub service: String,
    /// Whom it is for.
    pub audience: String,
    /// What is done.
    pub content: String,
    /// How well.
    pub standard: String,
    /// Step by step.
    pub process: String,
    /// How soon, in words.
    pub time_limit: String,
    /// The rule that it rests on.
    pub basis: String,
    /// Where to turn to.
    pub contact: String,
}

/// A line of a file.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the file.
    pub number: usize,
    /// The unit by name or code; the importer's own when empty.
    pub unit: String,
    /// The words.
    pub text: CommitmentText,
    /// Its cells as they are.
    pub cells: Vec<String>,
}

/// Columns with their titles in Chinese and English, in the order of the file.
const COLUMNS: [(&str, &str); 9] = [
    ("单位", "Unit"),
    ("服务事项", "Service"),
    ("服务对象", "For whom"),
    ("服务内容", "What is done"),
    ("服务标准", "Standard"),
    ("办理流程", "Process"),
    ("承诺时限", "Time limit"),
    ("依据", "Basis"),
    ("咨询方式", "Contact"),
];

/// Returns the head of the file.
#[must_use]
pub fn head(lang: Lang) -> Vec<&'static str> {
    COLUMNS.iter().map(|(zh, en)| lang.pick(*zh, *en)).collect()
}

/// Reads the lines of a file.
///
/// # Errors
/// [`CaseError::Invalid`] when the service's column is missing or there are too many lines.
pub fn read(sheet: &Sheet) -> Result<Vec<Line>, CaseError> {
    let at: Vec<Option<usize>> = COLUMNS.iter().map(|(zh, en)| sheet.column(&[zh, en])).collect();
    let mut check = Check::default();
    if at[1].is_none() {
        check.refuse(
            "file",
            "missing_columns",
            "缺少列：服务事项。请先导出一份作为模板。",
            "The column Service is missing. Export a file first and use it as a template.",
        );
    }
    if sheet.rows.len() > ROWS_MAX {
        check.refuse("file", "too_many", "一次最多导入 2,000 行。", "At most 2,000 lines at once.");
    }
    check.done()?;
    let line = |(number, cells): &(usize, Vec<String>)| {
        let of = |column: usize| cell(cells, at[column]).to_owned();
        Line {
            number: *number,
            unit: of(0),
            text: CommitmentText {
                service: of(1),
                audience: of(2),
                content: of(3),
                standard: of(4),
                process: of(5),
                time_limit: of(6),
                basis: of(7),
                contact: of(8),
            },
            cells: cells.clone(),
        }
    };
    Ok(sheet.rows.iter().map(line).collect())
}

impl CommitmentText {
    /// Checks every field.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field.
    pub fn check(&self) -> Result<(), CaseError> {
        let mut check = Check::default();
        check.text("service", &self.service, 100);
        check.optional("audience", &self.audience, 200);
        check.optional("content", &self.content, 2000);
        check.optional("standard", &self.standard, 2000);
        check.optional("process", &self.process, 2000);
        check.optional("time_limit", &self.time_limit, 100);
        check.optional("basis", &self.basis, 1000);
        check.optional("contact", &self.contact, 200);
        check.done()
    }

    /// Checks that nothing is missing that a promise needs.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field.
    pub fn check_whole(&self) -> Result<(), CaseError> {
        self.check()?;
        let mut check = Check::default();
        check.text("content", &self.content, 2000);
        check.text("standard", &self.standard, 2000);
        check.text("process", &self.process, 2000);
        check.text("time_limit", &self.time_limit, 100);
        check.done()
    }

    /// Returns the words without blanks at their ends.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let trim = |text: &String| text.trim().to_owned();
        Self {
            service: trim(&self.service),
            audience: trim(&self.audience),
            content: trim(&self.content),
            standard: trim(&self.standard),
            process: trim(&self.process),
            time_limit: trim(&self.time_limit),
            basis: trim(&self.basis),
            contact: trim(&self.contact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_needs_content_standard_process_and_limit_to_be_published() {
        let text = CommitmentText { service: "供水报装".to_owned(), ..CommitmentText::default() };
        assert!(text.check().is_ok());
        let Err(CaseError::Invalid(refused)) = text.check_whole() else { panic!("it is not whole") };
        let fields: Vec<&str> = refused.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["content", "standard", "process", "time_limit"]);
    }

    #[test]
    fn a_file_is_read_by_the_titles_of_its_columns() {
        let csv = "服务事项,备注,承诺时限\n供水报装,x,5个工作日\n";
        let lines = read(&Sheet::read(csv.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            (lines[0].text.service.as_str(), lines[0].text.time_limit.as_str()),
            ("供水报装", "5个工作日")
        );
        assert!(read(&Sheet::read("备注\nx\n".as_bytes()).unwrap()).is_err());
    }
}
