//! The dispatch catalogue as a table: one line a row of the catalogue, lists within a cell.

use kernel::Lang;
use kernel::http::Cell;

use super::catalogue::Row;
use crate::sheet::{Sheet, cell};

/// Titles of the columns in Chinese and English, in the order of the file.
const COLUMNS: [(&str, &str); 11] = [
    ("编号", "Code"),
    ("事项", "Item"),
    ("事项分类编码", "Category code"),
    ("关键词", "Keywords"),
    ("主办单位编码", "Unit code"),
    ("协办单位编码", "Co-unit codes"),
    ("区域规则", "Districts"),
    ("时限档", "Tier"),
    ("法律依据", "Basis"),
    ("自动派单", "Automatic"),
    ("启用", "Active"),
];

/// Returns the head of the file.
#[must_use]
pub fn head(lang: Lang) -> Vec<&'static str> {
    COLUMNS.iter().map(|(zh, en)| lang.pick(*zh, *en)).collect()
}

/// Writes a row as cells.
#[must_use]
pub fn cells(row: &Row, lang: Lang) -> Vec<Cell> {
    let truth = |truth: bool| lang.pick(if truth { "是" } else { "否" }, if truth { "yes" } else { "no" });
    let regions: Vec<String> =
        row.regions.iter().map(|(district, unit)| format!("{district}={unit}")).collect();
    vec![
        row.code.as_str().into(),
        row.item.as_str().into(),
        row.category_code.clone().into(),
        row.keywords.join("、").into(),
        row.unit_code.clone().into(),
        row.co_unit_codes.join("、").into(),
        regions.join("；").into(),
        row.tier.clone().into(),
        row.basis.as_str().into(),
        truth(row.automatic).into(),
        truth(row.active).into(),
    ]
}

/// A line of a file with what it says, or what is wrong with it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line's number in the file.
    pub number: usize,
    /// The cells as they came.
    pub cells: Vec<String>,
    /// The row, or why there is none.
    pub row: Result<Row, String>,
}

/// Reads the lines of a table. A missing column is told once.
///
/// # Errors
/// The titles that are missing.
pub fn read(sheet: &Sheet) -> Result<Vec<Line>, Vec<&'static str>> {
    let columns: Vec<Option<usize>> = COLUMNS.iter().map(|(zh, en)| sheet.column(&[zh, en])).collect();
    let missing: Vec<&str> =
        [0, 1].into_iter().filter(|at| columns[*at].is_none()).map(|at| COLUMNS[at].0).collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok(sheet
        .rows
        .iter()
        .map(|(number, cells)| Line {
            number: *number,
            cells: cells.clone(),
            row: row(|at| cell(cells, columns[at])),
        })
        .collect())
}

fn row<'a>(cell: impl Fn(usize) -> &'a str) -> Result<Row, String> {
    let optional = |at| Some(cell(at).to_owned()).filter(|text| !text.is_empty());
    let mut regions = Vec::new();
    for part in split(cell(6), &[';', '；', '\n']) {
        let Some((district, unit)) = part.split_once(['=', '＝', '：', ':']) else {
            return Err(format!("区域规则“{part}”应写作 区域=单位编码"));
        };
        regions.push((district.trim().to_owned(), unit.trim().to_owned()));
    }
    Ok(Row {
        code: cell(0).to_owned(),
        item: cell(1).to_owned(),
        category_code: optional(2),
        keywords: split(cell(3), &['、', ',', '，', ';', '；', '\n']),
        unit_code: optional(4),
        co_unit_codes: split(cell(5), &['、', ',', '，', ';', '；', '\n']),
        regions,
        tier: optional(7).map(|tier| tier.to_ascii_lowercase()),
        basis: cell(8).to_owned(),
        automatic: truth("自动派单", cell(9), false)?,
        active: truth("启用", cell(10), true)?,
        ..Row::default()
    })
}

fn split(text: &str, marks: &[char]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(marks).map(str::trim).filter(|part| !part.is_empty()) {
        if !parts.iter().any(|known| known == part) {
            parts.push(part.to_owned());
        }
    }
    parts
}

fn truth(column: &str, text: &str, otherwise: bool) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(otherwise),
        "是" | "yes" | "y" | "true" | "1" | "启用" => Ok(true),
        "否" | "no" | "n" | "false" | "0" | "停用" => Ok(false),
        _ => Err(format!("“{column}”应填写 是 或 否")),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Lang;
    use kernel::http::{Cell, write_workbook};

    use super::{cells, head, read};
    use crate::case::catalogue::Row;
    use crate::sheet::Sheet;

    #[test]
    fn what_was_written_is_read_again() {
        let row = Row {
            code: "A1".to_owned(),
            item: "=路灯故障".to_owned(),
            category_code: Some("0103".to_owned()),
            keywords: vec!["路灯".to_owned(), "不亮".to_owned()],
            unit_code: Some("cgj".to_owned()),
            co_unit_codes: vec!["gd".to_owned()],
            regions: vec![("云水区".to_owned(), "qu-yunshui".to_owned())],
            tier: Some("24h".to_owned()),
            basis: "《城市道路管理条例》".to_owned(),
            automatic: true,
            active: true,
            ..Row::default()
        };
        for lang in [Lang::Zh, Lang::En] {
            let rows = vec![cells(&row, lang)];
            assert_eq!(rows[0][1], Cell::Text("=路灯故障".to_owned()));
            let bytes = write_workbook(&head(lang), &rows).unwrap();
            let lines = read(&Sheet::read(&bytes).unwrap()).unwrap();
            assert_eq!(lines[0].row.as_ref().unwrap(), &row);
            assert_eq!(lines[0].number, 2);
        }
    }

    #[test]
    fn bad_lines_say_why() {
        let sheet =
            Sheet::read("编号,事项,区域规则,启用\nA1,路灯,云水区,是\nA2,路灯,,大概\n".as_bytes()).unwrap();
        let lines = read(&sheet).unwrap();
        assert!(lines[0].row.as_ref().unwrap_err().contains("区域=单位编码"));
        assert!(lines[1].row.as_ref().unwrap_err().contains("启用"));
        let sheet = Sheet::read("名称\n路灯\n".as_bytes()).unwrap();
        assert_eq!(read(&sheet).unwrap_err(), ["编号", "事项"]);
    }
}
