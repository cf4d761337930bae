//! The report as an Excel file of three sheets. Texts are written as texts.

use kernel::Lang;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::{Matter, Problems, STRENGTHS, strength};

struct Formats {
    head: Format,
    text: Format,
    count: Format,
    share: Format,
    hours: Format,
}

/// Writes the file; `about` says the period and the filters.
///
/// # Errors
/// When it cannot be written.
pub fn write(problems: &Problems, about: &str, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let cell = || Format::new().set_border(FormatBorder::Thin);
    let formats = Formats {
        head: cell()
            .set_bold()
            .set_background_color(Color::RGB(0xe8_ee_f7))
            .set_align(FormatAlign::Center)
            .set_text_wrap(),
        text: cell(),
        count: cell().set_num_format("#,##0"),
        share: cell().set_num_format("0.0%"),
        hours: cell().set_num_format("#,##0.0"),
    };
    let mut workbook = Workbook::new();
    for (name, matters) in [
        (lang.pick("热点问题", "Hot matters"), &problems.hot),
        (lang.pick("难点问题", "Hard matters"), &problems.hard),
    ] {
        let sheet = begin(&mut workbook, name, about)?;
        write_matters(sheet, problems, matters, &formats, lang)?;
    }
    let sheet = begin(&mut workbook, lang.pick("解决力度", "Solving strength"), about)?;
    write_units(sheet, problems, &formats, lang)?;
    workbook.save_to_buffer()
}

fn begin<'a>(workbook: &'a mut Workbook, name: &str, about: &str) -> Result<&'a mut Worksheet, XlsxError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)?;
    sheet.write_string_with_format(0, 0, name, &Format::new().set_bold().set_font_size(14))?;
    sheet.write_string(1, 0, about)?;
    sheet.set_column_width(0, 28)?;
    sheet.set_freeze_panes(4, 1)?;
    Ok(sheet)
}

fn write_head(sheet: &mut Worksheet, head: &[String], formats: &Formats) -> Result<(), XlsxError> {
    for (column, text) in (0_u16..).zip(head) {
        sheet.write_string_with_format(3, column, text, &formats.head)?;
    }
    Ok(())
}

fn write_value(
    sheet: &mut Worksheet,
    at: (u32, u16),
    value: Option<f64>,
    format: &Format,
) -> Result<(), XlsxError> {
    match value.filter(|value| value.is_finite()) {
        Some(value) => sheet.write_number_with_format(at.0, at.1, value, format)?,
        None => sheet.write_string_with_format(at.0, at.1, "—", format)?,
    };
    Ok(())
}

fn month(value: i64) -> String {
    format!("{}-{:02}", value / 100, value % 100)
}

fn write_matters(
    sheet: &mut Worksheet,
    problems: &Problems,
    matters: &[Matter],
    formats: &Formats,
    lang: Lang,
) -> Result<(), XlsxError> {
    let mut head: Vec<String> = [
        ("事项", "Category"),
        ("受理量", "Orders"),
        ("高峰月份", "Month of peak"),
        ("办理时长中位数（小时）", "Median hours"),
        ("超期在办", "Overdue now"),
        ("重办量", "Taken up again"),
        ("满意率", "Satisfied"),
    ]
    .map(|(zh, en)| lang.pick(zh, en).to_owned())
    .to_vec();
    head.extend(problems.months.iter().map(|value| month(*value)));
    write_head(sheet, &head, formats)?;
    for (row, one) in (4_u32..).zip(matters) {
        let peak = problems.months.get(one.peak).map_or_else(String::new, |value| month(*value));
        sheet.write_string_with_format(row, 0, &one.name, &formats.text)?;
        write_value(sheet, (row, 1), Some(one.orders), &formats.count)?;
        sheet.write_string_with_format(row, 2, &peak, &formats.text)?;
        write_value(sheet, (row, 3), one.median_hours, &formats.hours)?;
        write_value(sheet, (row, 4), Some(one.overdue), &formats.count)?;
        write_value(sheet, (row, 5), Some(one.reopened), &formats.count)?;
        write_value(sheet, (row, 6), one.satisfaction, &formats.share)?;
        for (column, count) in (7_u16..).zip(&one.months) {
            write_value(sheet, (row, column), Some(*count), &formats.count)?;
        }
    }
    Ok(())
}

fn write_units(
    sheet: &mut Worksheet,
    problems: &Problems,
    formats: &Formats,
    lang: Lang,
) -> Result<(), XlsxError> {
    let mut head: Vec<String> = [
        ("承办单位", "Unit"),
        ("受理量", "Orders"),
        ("指标", "Measure"),
        ("全部月份", "All months"),
        ("变化（不含本月）", "Change without the present month"),
    ]
    .map(|(zh, en)| lang.pick(zh, en).to_owned())
    .to_vec();
    head.extend(problems.months.iter().map(|value| month(*value)));
    write_head(sheet, &head, formats)?;
    let mut row = 4;
    for unit in &problems.units {
        for (at, id) in STRENGTHS.iter().enumerate() {
            let name = strength(id).map_or(*id, |one| lang.pick(one.name.0, one.name.1));
            sheet.write_string_with_format(row, 0, &unit.name, &formats.text)?;
            write_value(sheet, (row, 1), Some(unit.orders), &formats.count)?;
            sheet.write_string_with_format(row, 2, name, &formats.text)?;
            write_value(sheet, (row, 3), unit.whole.get(at).copied().flatten(), &formats.share)?;
            write_value(sheet, (row, 4), unit.change(at, problems.over), &formats.share)?;
            for (column, value) in (5_u16..).zip(unit.months.get(at).into_iter().flatten()) {
                write_value(sheet, (row, column), *value, &formats.share)?;
            }
            row += 1;
        }
    }
    Ok(())
}
