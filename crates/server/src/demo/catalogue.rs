//! The city's dispatch catalogue: one row for each category that a unit deals with.

use cases::case::catalogue::Row;
use cases::store::catalogue::Merge;
use kernel::{BoxError, Ctx};

use super::data::{Category, DemoCity};
use crate::City;

/// Matters that the district sees to, wherever the category's own unit only sets the rules.
const BY_DISTRICT: [&str; 6] = ["030103", "030104", "030204", "030205", "020402", "020404"];
/// Matters that go out without a dispatcher: the unit is never in doubt, and every minute counts.
const AUTOMATIC: [&str; 3] = ["010301", "010101", "010104"];
/// Matters of two hours.
const AT_ONCE: [&str; 6] = ["010301", "010101", "010104", "0104", "0203", "1401"];

/// Legal bases by the first two levels of the category.
const BASES: [(&str, &str); 30] = [
    ("0101", "《城市供水条例》"),
    ("0102", "《城镇排水与污水处理条例》"),
    ("0103", "《电力供应与使用条例》"),
    ("0104", "《城镇燃气管理条例》"),
    ("0106", "《中华人民共和国电信条例》"),
    ("02", "《城市道路管理条例》"),
    ("0301", "《城市市容和环境卫生管理条例》"),
    ("0302", "《城市市容和环境卫生管理条例》"),
    ("0303", "《中华人民共和国城乡规划法》"),
    ("0304", "《城市绿化条例》"),
    ("0401", "《中华人民共和国噪声污染防治法》"),
    ("0402", "《中华人民共和国大气污染防治法》"),
    ("0403", "《中华人民共和国水污染防治法》"),
    ("0404", "《中华人民共和国固体废物污染环境防治法》"),
    ("0501", "《物业管理条例》"),
    ("0502", "《建设工程质量管理条例》"),
    ("0506", "《住房公积金管理条例》"),
    ("0601", "《劳动保障监察条例》"),
    ("0602", "《中华人民共和国社会保险法》"),
    ("0603", "《中华人民共和国就业促进法》"),
    ("0703", "《中华人民共和国道路交通安全法》"),
    ("08", "《中华人民共和国教育法》"),
    ("0901", "《医疗机构管理条例》"),
    ("1001", "《中华人民共和国消费者权益保护法》"),
    ("1002", "《中华人民共和国食品安全法》"),
    ("1005", "《中华人民共和国特种设备安全法》"),
    ("1101", "《中华人民共和国户口登记条例》"),
    ("1201", "《社会救助暂行办法》"),
    ("1401", "《中华人民共和国安全生产法》"),
    ("1402", "《中华人民共和国消防法》"),
];

/// Writes and publishes the first version. There are no past orders yet to try it on.
pub(super) async fn publish(city: &City, ctx: &Ctx, written: &DemoCity) -> Result<(), BoxError> {
    let rows: Vec<Row> = written.categories.iter().filter_map(|category| row(category, written)).collect();
    let id = city.cases.draft_catalogue(ctx, None, "初版").await?;
    city.cases.merge_catalogue(ctx, &id, &rows, Merge::Replace).await?;
    attempt(city, ctx, &id).await?;
    city.cases.publish_catalogue(ctx, &id).await?;
    Ok(())
}

/// Begins the next version and tries it on the orders that have been dispatched meanwhile.
pub(super) async fn begin_next(city: &City, ctx: &Ctx) -> Result<(), BoxError> {
    let Some(published) = city.cases.published_catalogue() else { return Ok(()) };
    let id = city.cases.draft_catalogue(ctx, Some(&published.id), "修订").await?;
    attempt(city, ctx, &id).await
}

async fn attempt(city: &City, ctx: &Ctx, id: &str) -> Result<(), BoxError> {
    let by = cases::seed::deputy("demo", "系统", "", "/");
    let run = city.cases.try_catalogue(ctx, &by, id, 365).await?;
    loop {
        let run = city.cases.run(&by, &run, city.kit.now()).await?;
        match run.state.as_str() {
            "running" => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            "done" => return Ok(()),
            other => return Err(format!("the trial of the catalogue is {other}").into()),
        }
    }
}

fn row(category: &Category, written: &DemoCity) -> Option<Row> {
    let unit = category.unit.clone()?;
    let code = category.code.as_str();
    let starts = |prefix: &&str| code.starts_with(*prefix);
    let regions = if BY_DISTRICT.contains(&code) {
        written
            .districts
            .iter()
            .map(|district| (district.name.clone(), format!("qu-{}", district.code)))
            .filter(|(_, unit)| written.units.iter().any(|known| known.code == *unit))
            .collect()
    } else {
        Vec::new()
    };
    let tier = if AT_ONCE.iter().any(|prefix| code.starts_with(prefix)) {
        Some("2h")
    } else {
        match category.default_type.as_deref() {
            Some("repair") => Some("24h"),
            Some("help") => Some("7d"),
            _ => None,
        }
    };
    let co_unit_codes: Vec<String> = match code {
        _ if code.starts_with("0501") => vec!["zjj".to_owned()],
        _ if code.starts_with("0401") => vec!["hbj".to_owned()],
        _ if code.starts_with("0302") => vec!["cgj".to_owned()],
        _ => Vec::new(),
    };
    Some(Row {
        code: code.to_owned(),
        item: category.name.clone(),
        category_code: Some(code.to_owned()),
        keywords: category.keywords.clone(),
        co_unit_codes: co_unit_codes.into_iter().filter(|helper| *helper != unit).collect(),
        unit_code: Some(unit),
        regions,
        tier: tier.map(ToOwned::to_owned),
        basis: BASES
            .iter()
            .find(|(prefix, _)| starts(prefix))
            .map(|(_, basis)| (*basis).to_owned())
            .unwrap_or_default(),
        automatic: AUTOMATIC.contains(&code),
        active: true,
        ..Row::default()
    })
}
