//! What is particular to workbooks: texts lie in a table of their own, and rows know their numbers.

use std::fmt::Write as _;

use super::package::Package;

/// Reads an attribute of the tag that `text` begins with.
pub(super) fn attribute(text: &str, name: &str) -> Option<String> {
    let tag = &text[..text.find('>')?];
    let mark = format!(" {name}=\"");
    let from = tag.find(&mark)? + mark.len();
    Some(tag[from..from + tag[from..].find('"')?].to_owned())
}

/// Moves the texts that hold placeholders from the common table into their cells, where they can be repeated.
pub(super) fn inline_texts(package: &mut Package) {
    let texts = package.text("xl/sharedStrings.xml").map(shared_texts).unwrap_or_default();
    let sheets: Vec<String> = package
        .parts
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| name.starts_with("xl/worksheets/sheet") && name.ends_with(".xml"))
        .collect();
    for sheet in sheets {
        if let Some(text) = package.text(&sheet) {
            let inlined = inline(text, &texts);
            package.put(&sheet, inlined.into_bytes());
        }
    }
}

/// The inner XML of each text of the table.
fn shared_texts(xml: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(start) = xml[at..].find("<si").map(|step| at + step) {
        let Some(open) = xml[start..].find('>').map(|step| start + step + 1) else { break };
        if xml[..open].ends_with("/>") {
            texts.push(String::new());
            at = open;
            continue;
        }
        let Some(end) = xml[open..].find("</si>").map(|step| open + step) else { break };
        texts.push(xml[open..end].to_owned());
        at = end + 5;
    }
    texts
}

fn inline(sheet: &str, texts: &[String]) -> String {
    let mut out = String::with_capacity(sheet.len());
    let mut at = 0;
    while let Some(start) = sheet[at..].find("<c ").map(|step| at + step) {
        out.push_str(&sheet[at..start]);
        let Some(open) = sheet[start..].find('>').map(|step| start + step + 1) else {
            at = start;
            break;
        };
        let end = if sheet[..open].ends_with("/>") {
            open
        } else {
            sheet[open..].find("</c>").map_or(sheet.len(), |step| open + step + 4)
        };
        let cell = &sheet[start..end];
        let shared = attribute(cell, "t").filter(|kind| kind == "s").and_then(|_| {
            let value = cell.split_once("<v>")?.1.split_once("</v>")?.0;
            texts.get(value.parse::<usize>().ok()?)
        });
        match shared.filter(|text| text.contains('{')) {
            Some(text) => {
                let place = attribute(cell, "r").unwrap_or_default();
                let style = attribute(cell, "s").map(|style| format!(" s=\"{style}\"")).unwrap_or_default();
                let _ = write!(out, "<c r=\"{place}\"{style} t=\"inlineStr\"><is>{text}</is></c>");
            }
            None => out.push_str(cell),
        }
        at = end;
    }
    out.push_str(&sheet[at..]);
    out
}

/// Numbers the rows of a filled sheet anew: a repeated row comes several times under one number, and rows that
/// held only a loop's marks are gone. Cells in one piece (`mergeCells`) of a row that was repeated go with it.
pub(super) fn renumber(source: &str, filled: &str) -> String {
    let Some(from) = filled.find("<sheetData") else { return filled.to_owned() };
    let Some(to) = filled.find("</sheetData>") else { return filled.to_owned() };
    let before: Vec<u64> = rows(source).iter().map(|(_, _, number)| *number).collect();
    let mut out = filled[..from].to_owned();
    let data = &filled[from..to];
    let mut at = 0;
    let (mut last_old, mut last_new) = (0_u64, 0_u64);
    let mut moved: Vec<(u64, u64)> = Vec::new();
    let present: std::collections::BTreeSet<u64> = rows(data).iter().map(|(.., number)| *number).collect();
    for (start, end, old) in rows(data) {
        out.push_str(&data[at..start]);
        let new = if old > last_old {
            let dropped = before
                .iter()
                .filter(|number| **number > last_old && **number < old && !present.contains(number))
                .count() as u64;
            last_new + (old - last_old) - dropped
        } else {
            last_new + 1
        };
        out.push_str(&numbered(&data[start..end], old, new));
        moved.push((old, new));
        (last_old, last_new, at) = (old.max(last_old), new, end);
        if old < last_old {
            last_old = old;
        }
    }
    out.push_str(&data[at..]);
    out.push_str(&merged(&filled[to..], &moved));
    out
}

/// The rows of a sheet: where they begin and end, and their numbers.
fn rows(data: &str) -> Vec<(usize, usize, u64)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = data[at..].find("<row").map(|step| at + step) {
        let Some(open) = data[start..].find('>').map(|step| start + step + 1) else { break };
        let end = if data[..open].ends_with("/>") {
            open
        } else {
            data[open..].find("</row>").map_or(data.len(), |step| open + step + 6)
        };
        if let Some(number) = attribute(&data[start..], "r").and_then(|number| number.parse().ok()) {
            found.push((start, end, number));
        }
        at = end;
    }
    found
}

fn numbered(row: &str, old: u64, new: u64) -> String {
    if old == new {
        return row.to_owned();
    }
    let mut out = row.replacen(&format!(" r=\"{old}\""), &format!(" r=\"{new}\""), 1);
    let mut at = 0;
    while let Some(cell) = out[at..].find("<c ").map(|step| at + step) {
        let place = attribute(&out[cell..], "r").unwrap_or_default();
        let column = place.trim_end_matches(|c: char| c.is_ascii_digit());
        let (was, is) = (format!(" r=\"{place}\""), format!(" r=\"{column}{new}\""));
        if let Some(step) = out[cell..].find(&was) {
            out.replace_range(cell + step..cell + step + was.len(), &is);
        }
        at = cell + 3;
    }
    out
}

/// Moves the cells in one piece along with their rows.
fn merged(tail: &str, moved: &[(u64, u64)]) -> String {
    let Some(from) = tail.find("<mergeCells") else { return tail.to_owned() };
    let Some(to) = tail.find("</mergeCells>") else { return tail.to_owned() };
    let mut pieces = Vec::new();
    for piece in tail[from..to].split("<mergeCell ").skip(1) {
        let Some(area) = attribute(&format!("<mergeCell {piece}"), "ref") else { continue };
        let Some((first, last)) = area.split_once(':') else { continue };
        let split = |place: &str| -> Option<(String, u64)> {
            let column = place.trim_end_matches(|c: char| c.is_ascii_digit());
            Some((column.to_owned(), place[column.len()..].parse().ok()?))
        };
        let (Some((left, top)), Some((right, bottom))) = (split(first), split(last)) else { continue };
        for (_, new) in moved.iter().filter(|(old, _)| *old == top) {
            let height = bottom.saturating_sub(top);
            let piece = format!("<mergeCell ref=\"{left}{new}:{right}{}\"/>", new + height);
            if !pieces.contains(&piece) {
                pieces.push(piece);
            }
            if height > 0 {
                break;
            }
        }
    }
    if pieces.is_empty() {
        return format!("{}{}", &tail[..from], &tail[to + "</mergeCells>".len()..]);
    }
    format!("{}<mergeCells count=\"{}\">{}{}", &tail[..from], pieces.len(), pieces.concat(), &tail[to..])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use calamine::{Reader as _, Xlsx};
    use serde_json::json;

    use super::super::Template;

    #[test]
    fn a_row_is_repeated_and_what_stands_below_moves() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (row, text) in
            ["台账 {{ 工单.编号 }}", "{%tr for 条 in 记录 %}", "{{ 条.事 }}", "{%tr endfor %}", "合计"]
                .iter()
                .enumerate()
        {
            sheet.write_string(row as u32, 0, *text).unwrap();
        }
        sheet.merge_range(4, 1, 4, 2, "尾", &rust_xlsxwriter::Format::new()).unwrap();
        let template = Template::read(&book.save_to_buffer().unwrap()).unwrap();
        let context =
            json!({ "工单": { "编号": "YZ1" }, "记录": [{ "事": "甲" }, { "事": "乙&丙" }, { "事": "丁" }] });
        assert_eq!(template.faults(&context), []);
        let filled = template.fill(&context, &Arc::default()).unwrap();
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(filled)).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        let first: Vec<String> = range.rows().map(|row| row[0].to_string()).collect();
        assert_eq!(first, ["台账 YZ1", "甲", "乙&丙", "丁", "合计"]);
        assert_eq!(range.get((4, 1)).unwrap().to_string(), "尾");
    }
}
