//! Lists of orders as Excel files.

use std::collections::{BTreeMap, HashMap};

use contract::contacts::mask_phone;
use kernel::http::{Cell, Response, download_workbook, local_time};
use kernel::{Audit, Ctx, HttpResult, Principal};
use serde_json::json;

use crate::Cases;
use crate::case::Case;
use crate::error::CaseError;
use crate::http::secret;
use crate::store::list::CaseFilter;

/// Answers with the file of all orders of `filter`; who exports what is audited.
pub(crate) async fn download(
    cases: &Cases,
    ctx: &Ctx,
    by: &Principal,
    filter: &CaseFilter,
) -> HttpResult<Response> {
    let orders = cases.export_rows(by, filter, ctx.now).await?;
    let units = unit_names(cases, &orders).await?;
    let mut tx = cases.kit().db.begin().await.map_err(CaseError::from)?;
    tx.audit(ctx, Audit::new("case.export", "case", "").detail(json!({ "rows": orders.len() })));
    tx.commit().await.map_err(CaseError::from)?;
    let lang = ctx.lang;
    let answers = cases.answers_in_words(by, &orders, lang).await?;
    let head = vec![
        lang.pick("工单编号", "Number"),
        lang.pick("原工单编号", "Old number"),
        lang.pick("类型", "Type"),
        lang.pick("事项分类", "Category"),
        lang.pick("标题", "Title"),
        lang.pick("内容", "Content"),
        lang.pick("市民", "Citizen"),
        lang.pick("电话", "Phone"),
        lang.pick("区县", "District"),
        lang.pick("地址", "Address"),
        lang.pick("来源", "Source"),
        lang.pick("状态", "Status"),
        lang.pick("承办单位", "Unit"),
        lang.pick("登记人", "Written by"),
        lang.pick("登记时间", "Written"),
        lang.pick("时限", "Due"),
        lang.pick("办结时间", "Settled"),
        lang.pick("办理结果", "Result"),
        lang.pick("满意度", "Stars"),
        lang.pick("表单内容", "Form"),
    ];
    let rows = orders.iter().map(|case| row(cases, ctx, by, case, &units, &answers)).collect();
    download_workbook("cases", head, rows).await
}

async fn unit_names(cases: &Cases, orders: &[Case]) -> Result<HashMap<String, String>, CaseError> {
    let mut units: HashMap<String, String> = HashMap::new();
    for unit in orders.iter().filter_map(|case| case.unit.as_ref()) {
        if !units.contains_key(&unit.id) {
            let name = cases.unit_name(&unit.id).await?.unwrap_or_default();
            units.insert(unit.id.clone(), name);
        }
    }
    Ok(units)
}

fn row(
    cases: &Cases,
    ctx: &Ctx,
    by: &Principal,
    case: &Case,
    units: &HashMap<String, String>,
    answers: &BTreeMap<String, String>,
) -> Vec<Cell> {
    let lang = ctx.lang;
    let shown = case.shows_citizen_to(by);
    let name = if shown { case.citizen.name.as_str() } else { secret(lang) };
    let phone = case
        .citizen
        .phone
        .clone()
        .filter(|_| shown)
        .map(|phone| if by.is_masked("phone") { mask_phone(&phone) } else { phone });
    let categories = cases.categories();
    let category = case.category_id.as_deref().and_then(|id| categories.get(id));
    let unit = case.unit.as_ref().and_then(|unit| units.get(&unit.id));
    let time = |at: i64| local_time(&cases.kit().config.zone, at);
    vec![
        case.number.as_str().into(),
        case.old_number.as_deref().into(),
        case.kind.name(lang).into(),
        category.map(|category| category.path_name.as_str()).into(),
        case.title.as_str().into(),
        case.content.as_str().into(),
        name.into(),
        phone.into(),
        case.place.district.as_deref().into(),
        case.place.address.as_deref().into(),
        case.source.name(lang).into(),
        case.status.name(lang).into(),
        unit.map(String::as_str).into(),
        case.created_by_name.as_str().into(),
        time(case.created_at.0).into(),
        case.due_at.map(|at| time(at.0)).into(),
        case.settled_at.map(|at| time(at.0)).into(),
        case.answer.as_deref().into(),
        case.stars.into(),
        answers.get(case.id.as_str()).map(String::as_str).into(),
    ]
}
