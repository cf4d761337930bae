//! Lists of orders as Excel files.

use std::collections::HashMap;

use contract::contacts::mask_phone;
use kernel::{Audit, Ctx, Principal, Timestamp};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::json;

use crate::Cases;
use crate::case::Case;
use crate::error::CaseError;
use crate::http::secret;
use crate::store::list::CaseFilter;

/// Excel's own zero is 1899-12-30; this is its distance to the epoch, in days.
const EPOCH_DAYS: f64 = 25_569.0;

/// Makes the file of all orders of `filter`; who exports what is audited.
pub(crate) async fn workbook(
    cases: &Cases,
    ctx: &Ctx,
    by: &Principal,
    filter: &CaseFilter,
) -> Result<Vec<u8>, CaseError> {
    let rows = cases.export_rows(by, filter, ctx.now).await?;
    let mut units: HashMap<String, String> = HashMap::new();
    for unit in rows.iter().filter_map(|case| case.unit.as_ref()) {
        if !units.contains_key(&unit.id) {
            let name = cases.unit_name(&unit.id).await?.unwrap_or_default();
            units.insert(unit.id.clone(), name);
        }
    }
    let mut tx = cases.kit().db.begin().await?;
    tx.audit(ctx, Audit::new("case.export", "case", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await?;
    let (cases, ctx, by) = (cases.clone(), ctx.clone(), by.clone());
    tokio::task::spawn_blocking(move || write(&cases, &ctx, &by, &rows, &units))
        .await
        .map_err(|error| CaseError::Port(Box::new(error)))?
}

fn write(
    cases: &Cases,
    ctx: &Ctx,
    by: &Principal,
    rows: &[Case],
    units: &HashMap<String, String>,
) -> Result<Vec<u8>, CaseError> {
    let lang = ctx.lang;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(lang.pick("工单", "Orders"))?;
    let head = Format::new().set_bold();
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let titles = [
        (lang.pick("工单编号", "Number"), 20),
        (lang.pick("类型", "Type"), 10),
        (lang.pick("事项分类", "Category"), 28),
        (lang.pick("标题", "Title"), 40),
        (lang.pick("内容", "Content"), 60),
        (lang.pick("市民", "Citizen"), 12),
        (lang.pick("电话", "Phone"), 16),
        (lang.pick("区县", "District"), 12),
        (lang.pick("地址", "Address"), 30),
        (lang.pick("来源", "Source"), 8),
        (lang.pick("状态", "Status"), 16),
        (lang.pick("承办单位", "Unit"), 20),
        (lang.pick("登记人", "Written by"), 12),
        (lang.pick("登记时间", "Written"), 18),
        (lang.pick("时限", "Due"), 18),
        (lang.pick("办结时间", "Settled"), 18),
        (lang.pick("办理结果", "Result"), 60),
        (lang.pick("满意度", "Stars"), 8),
    ];
    for (column, (title, width)) in (0_u16..).zip(titles) {
        sheet.write_string_with_format(0, column, title, &head)?;
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let offset_ms = offset_ms(cases, ctx.now)?;
    let categories = cases.categories();
    for (row, case) in (1_u32..).zip(rows) {
        let shown = case.shows_citizen_to(by);
        let name = if shown { case.citizen.name.as_str() } else { secret(lang) };
        let phone = case
            .citizen
            .phone
            .clone()
            .filter(|_| shown)
            .map(|phone| if by.is_masked("phone") { mask_phone(&phone) } else { phone });
        let category = case.category_id.as_deref().and_then(|id| categories.get(id));
        let unit = case.unit.as_ref().and_then(|unit| units.get(&unit.id));
        let texts = [
            case.number.as_str(),
            case.kind.name(lang),
            category.map_or("", |category| category.path_name.as_str()),
            &case.title,
            &case.content,
            name,
            phone.as_deref().unwrap_or_default(),
            case.place.district.as_deref().unwrap_or_default(),
            case.place.address.as_deref().unwrap_or_default(),
            case.source.name(lang),
            case.status.name(lang),
            unit.map_or("", String::as_str),
            &case.created_by_name,
        ];
        for (column, text) in (0_u16..).zip(texts) {
            // Text is written as text: what begins with `=` does not become a formula.
            sheet.write_string(row, column, text)?;
        }
        for (column, at) in [(13, Some(case.created_at)), (14, case.due_at), (15, case.settled_at)] {
            if let Some(at) = at {
                let days = (at.0 + offset_ms) as f64 / 86_400_000.0 + EPOCH_DAYS;
                sheet.write_datetime_with_format(
                    row,
                    column,
                    ExcelDateTime::from_serial_datetime(days)?,
                    &time,
                )?;
            }
        }
        sheet.write_string(row, 16, case.answer.as_deref().unwrap_or_default())?;
        if let Some(stars) = case.stars {
            sheet.write_number(row, 17, stars as f64)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// Returns how far the city's wall clock is ahead of UTC.
fn offset_ms(cases: &Cases, now: Timestamp) -> Result<i64, CaseError> {
    let calendar = cases.rule_book().calendar;
    let date = calendar.date_at(now.0)?;
    Ok(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - calendar.start_of(date)?)
}
