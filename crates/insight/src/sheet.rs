//! A report as an Excel file that can be handed on: title, period, what counts, numbers in their formats, totals,
//! and whether the numbers add up. Texts are written as texts, so that none becomes a formula.

use kernel::Lang;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use crate::report::answer::Table;
use crate::report::measure::{Measure, Unit};
use crate::report::question::Question;

/// What stands around the numbers.
#[derive(Clone, Debug)]
pub struct Around {
    /// The title.
    pub title: String,
    /// What counts and what does not.
    pub about: String,
    /// The period, and what it is compared with.
    pub period: String,
    /// The filters, named.
    pub filters: String,
    /// When it was made and by whom.
    pub made: String,
    /// What the city's zone is ahead of UTC, in milliseconds.
    pub offset_ms: i64,
}

struct Formats {
    title: Format,
    hint: Format,
    head: Format,
    text: Format,
    total: Format,
}

fn number_format(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "#,##0",
        Unit::Share => "0.0%",
        Unit::Hours | Unit::Seconds => "#,##0.0",
        Unit::Stars | Unit::Ratio => "0.00",
        Unit::Instant => "yyyy-mm-dd hh:mm",
    }
}

/// Writes the file.
///
/// # Errors
/// When it cannot be written.
pub fn write(question: &Question, table: &Table, around: &Around, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let formats = Formats {
        title: Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center),
        hint: Format::new()
            .set_font_color(Color::RGB(0x66_66_66))
            .set_text_wrap()
            .set_align(FormatAlign::Top),
        head: Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xe8_ee_f7))
            .set_border(FormatBorder::Thin)
            .set_align(FormatAlign::Center)
            .set_text_wrap(),
        text: Format::new().set_border(FormatBorder::Thin),
        total: Format::new()
            .set_bold()
            .set_border(FormatBorder::Thin)
            .set_background_color(Color::RGB(0xf6_f6_f6)),
    };
    let compared = !table.totals_before.is_empty();
    let per = if compared { 3 } else { 1 };
    let columns = u16::try_from(question.by.len() + question.measures.len() * per).unwrap_or(u16::MAX).max(2);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(lang.pick("报表", "Report"))?;
    sheet.merge_range(0, 0, 0, columns - 1, &around.title, &formats.title)?;
    let mut line = 1;
    for text in [&around.period, &around.filters, &around.about, &around.made] {
        if !text.is_empty() {
            sheet.merge_range(line, 0, line, columns - 1, text, &formats.hint)?;
            if text.chars().count() > 60 {
                sheet.set_row_height(line, 32)?;
            }
            line += 1;
        }
    }
    let head = line + 1;
    write_head(sheet, head, question, compared, &formats, lang)?;
    let mut at = head + 1;
    for one in &table.lines {
        for (column, name) in (0_u16..).zip(&one.names) {
            sheet.write_string_with_format(at, column, clipped(name), &formats.text)?;
        }
        write_numbers(
            sheet,
            at,
            question,
            &one.values,
            &one.before,
            compared,
            &formats.text,
            around.offset_ms,
        )?;
        at += 1;
    }
    let places = u16::try_from(question.by.len()).unwrap_or(0);
    for column in 0..places {
        let text = if column == 0 { lang.pick("合计", "Total") } else { "" };
        sheet.write_string_with_format(at, column, text, &formats.total)?;
    }
    write_numbers(
        sheet,
        at,
        question,
        &table.totals,
        &table.totals_before,
        compared,
        &formats.total,
        around.offset_ms,
    )?;
    for column in 0..columns {
        sheet.set_column_width(column, if column < places { 24 } else { 13 })?;
    }
    sheet.set_freeze_panes(head + 1, places)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(head, head)?;
    let notes = workbook.add_worksheet();
    write_notes(notes, question, table, &formats, lang)?;
    workbook.save_to_buffer()
}

fn write_head(
    sheet: &mut Worksheet,
    at: u32,
    question: &Question,
    compared: bool,
    formats: &Formats,
    lang: Lang,
) -> Result<(), XlsxError> {
    let mut column = 0_u16;
    for one in &question.by {
        sheet.write_string_with_format(at, column, lang.pick(one.name.0, one.name.1), &formats.head)?;
        column += 1;
    }
    for one in &question.measures {
        let name = lang.pick(one.name.0, one.name.1);
        sheet.write_string_with_format(at, column, name, &formats.head)?;
        column += 1;
        if compared {
            let before = format!("{name}{}", lang.pick("（对比期）", " (before)"));
            let change = format!("{name}{}", lang.pick("（增减）", " (change)"));
            sheet.write_string_with_format(at, column, before, &formats.head)?;
            sheet.write_string_with_format(at, column + 1, change, &formats.head)?;
            column += 2;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one row with all that forms it")]
fn write_numbers(
    sheet: &mut Worksheet,
    at: u32,
    question: &Question,
    values: &[Option<f64>],
    before: &[Option<f64>],
    compared: bool,
    format: &Format,
    offset_ms: i64,
) -> Result<(), XlsxError> {
    let mut column = u16::try_from(question.by.len()).unwrap_or(0);
    for (place, one) in question.measures.iter().enumerate() {
        let form = format.clone().set_num_format(number_format(one.unit));
        let now = values.get(place).copied().flatten();
        write_number(sheet, at, column, one, now, &form, offset_ms)?;
        column += 1;
        if compared {
            let then = before.get(place).copied().flatten();
            write_number(sheet, at, column, one, then, &form, offset_ms)?;
            let change = match (one.unit, now, then) {
                // Shares are compared by their difference, everything else by its growth.
                (Unit::Share, Some(now), Some(then)) => Some(now - then),
                (Unit::Instant, ..) => None,
                (_, Some(now), Some(then)) if then != 0.0 => Some(now / then - 1.0),
                _ => None,
            };
            let form = format.clone().set_num_format("+0.0%;-0.0%;0.0%");
            match change {
                Some(change) => sheet.write_number_with_format(at, column + 1, change, &form)?,
                None => sheet.write_blank(at, column + 1, &form)?,
            };
            column += 2;
        }
    }
    Ok(())
}

fn write_number(
    sheet: &mut Worksheet,
    at: u32,
    column: u16,
    one: &Measure,
    value: Option<f64>,
    form: &Format,
    offset_ms: i64,
) -> Result<(), XlsxError> {
    match value {
        // Excel counts days from 1899-12-30, in the reader's own clock.
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
        Some(value) if one.unit == Unit::Instant => {
            let days = (value + offset_ms as f64) / 86_400_000.0 + 25_569.0;
            sheet.write_number_with_format(at, column, days, form)?;
        }
        Some(value) if value.is_finite() => {
            sheet.write_number_with_format(at, column, value, form)?;
        }
        _ => {
            sheet.write_blank(at, column, form)?;
        }
    }
    Ok(())
}

fn write_notes(
    sheet: &mut Worksheet,
    question: &Question,
    table: &Table,
    formats: &Formats,
    lang: Lang,
) -> Result<(), XlsxError> {
    sheet.set_name(lang.pick("口径与校验", "Definitions and checks"))?;
    for (column, width) in [(0, 24), (1, 70), (2, 14), (3, 14)] {
        sheet.set_column_width(column, width)?;
    }
    sheet.write_string_with_format(0, 0, lang.pick("指标", "Measure"), &formats.head)?;
    sheet.write_string_with_format(0, 1, lang.pick("口径", "What counts"), &formats.head)?;
    let mut at = 1;
    for one in &question.measures {
        sheet.write_string_with_format(at, 0, lang.pick(one.name.0, one.name.1), &formats.text)?;
        sheet.write_string_with_format(at, 1, lang.pick(one.about.0, one.about.1), &formats.text)?;
        at += 1;
    }
    at += 1;
    for (column, text) in [
        (0, lang.pick("平衡校验", "Check")),
        (1, lang.pick("关系", "What should be the same")),
        (2, lang.pick("左", "Left")),
        (3, lang.pick("右", "Right")),
    ] {
        sheet.write_string_with_format(at, column, text, &formats.head)?;
    }
    for check in &table.checks {
        at += 1;
        let verdict =
            if check.holds { lang.pick("平衡", "holds") } else { lang.pick("不平衡", "does not hold") };
        sheet.write_string_with_format(at, 0, verdict, &formats.text)?;
        sheet.write_string_with_format(at, 1, clipped(&check.text), &formats.text)?;
        sheet.write_number_with_format(at, 2, check.left, &formats.text)?;
        sheet.write_number_with_format(at, 3, check.right, &formats.text)?;
    }
    Ok(())
}

/// Excel takes 32,767 characters.
fn clipped(text: &str) -> String {
    text.chars().take(32_000).collect()
}
