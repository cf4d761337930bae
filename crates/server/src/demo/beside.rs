//! What units do beside orders: finds on their rounds, what they promise citizens, what they write to each other.

use cases::case::Place;
use cases::case::commitment::CommitmentText;
use cases::case::discovery::DiscoveryDraft;
use cases::case::exchange::ExchangeDraft;
use cases::seed;
use cases::store::commitment::CommitmentStep;
use kernel::{BoxError, Timestamp};

use super::data::DemoCity;
use super::staff::Staff;
use crate::City;

const HOUR_SECS: i64 = 3_600;

/// A find: hours before now, who, category, title, what was seen, where; what was done on the spot, where it was.
type Find = (i64, &'static str, &'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const FINDS: &[Find] = &[
    (
        3,
        "swps.clerk",
        "010201",
        "雨水箅子被落叶堵塞",
        "巡查发现路口两处雨水箅子被落叶覆盖，有积水。",
        "澜桥路与青石街路口",
        Some("现场清掏两处雨水箅子，排水恢复。"),
    ),
    (
        7,
        "swqx.clerk",
        "010104",
        "人行道渗水",
        "人行道砖缝持续渗水，疑似支管漏水，已放置警示锥。",
        "云桥大道 88 号门前",
        None,
    ),
    (
        27,
        "sw.clerk",
        "010106",
        "泵房门锁损坏",
        "小区泵房门锁损坏，未上锁。",
        "澜溪花园 3 号泵房",
        Some("已更换门锁并登记。"),
    ),
    (
        52,
        "swps.clerk",
        "010203",
        "检查井内有垃圾",
        "排水检查井内有建筑垃圾，水流不畅。",
        "枫浦路 12 号",
        None,
    ),
];

/// A promise: who writes it, the service, how soon; whether it was handed in, and published.
type Promise = (&'static str, &'static str, &'static str, bool, bool);

const PROMISES: &[Promise] = &[
    ("sw.admin", "供水管道抢修", "接报后 1 小时到场，一般漏点 8 小时内修复", true, true),
    ("sw.admin", "新装用水受理", "资料齐全的 5 个工作日内通水", true, false),
    ("rl.admin", "室温不达标上门测温", "24 小时内上门测温并答复处理意见", true, true),
    ("gd.admin", "故障停电抢修", "城区 45 分钟到场", false, false),
];

/// An exchange: hours before now, who, to whom, subject, text; who answered, after how many hours, what.
type Letter = (
    i64,
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static [(&'static str, i64, &'static str)],
);

const LETTERS: &[Letter] = &[
    (
        6,
        "swqx.clerk",
        &["ldsz", "jjzd"],
        "云桥大道夜间抢修占道配合",
        "拟于今晚 22:00 至次日 5:00 在云桥大道 88 号段开挖修复支管，请市政所确认路面恢复标准，请交警支队协助疏导。",
        &[],
    ),
    (
        30,
        "rl.admin",
        &["gd"],
        "换热站供电保障",
        "供热高峰临近，请确认三号、七号换热站双回路供电情况及应急联系人。",
        &[("gd.clerk", 5, "两站均为双回路，应急联系人及电话已发贵司值班室。")],
    ),
    (
        75,
        "sw.admin",
        &["center"],
        "停水公告与话务口径",
        "周五 9:00 至 15:00 澜溪片区计划停水，公告与答复口径如下，请热线中心提前录入知识库。",
        &[("review01", 2, "已转知识库编辑，今日下班前上线。"), ("sw.admin", 3, "收到，谢谢。")],
    ),
];

/// Writes them. Returns how many there are.
pub(super) async fn create(
    city: &City,
    written: &DemoCity,
    staff: &Staff,
    now: Timestamp,
) -> Result<usize, BoxError> {
    for (hours, account, category, title, seen, address, done) in FINDS {
        let (by, at) = (staff.person(account)?, now.plus_secs(-hours * HOUR_SECS));
        let ctx = seed::ctx(by, at);
        let categories = city.cases.categories();
        let draft = DiscoveryDraft {
            found_at: at,
            category_id: categories.by_code(category).map(|category| category.id.clone()),
            title: (*title).to_owned(),
            content: (*seen).to_owned(),
            place: Place {
                district: written.districts.first().map(|district| district.name.clone()),
                address: Some((*address).to_owned()),
                lng: None,
                lat: None,
            },
        };
        let id = city.cases.log_discovery(&ctx, by, draft).await?;
        if let Some(done) = done {
            city.cases.settle_discovery(&ctx, by, &id, 1, done).await?;
        }
    }
    let editor = staff.person("review01")?;
    for (account, service, soon, handed_in, published) in PROMISES {
        let by = staff.person(account)?;
        let unit = staff.unit(account.split('.').next().unwrap_or_default())?;
        let text = CommitmentText {
            service: (*service).to_owned(),
            audience: "本市居民和单位".to_owned(),
            content: (*service).to_owned(),
            standard: "按国家和本市服务规范办理，全程可查询".to_owned(),
            process: "受理—派工—现场办理—回访".to_owned(),
            time_limit: (*soon).to_owned(),
            basis: "《云州市公共服务规范》".to_owned(),
            contact: "12345".to_owned(),
        };
        let ctx = seed::ctx(by, now.plus_secs(-96 * HOUR_SECS));
        let id = city.cases.add_commitment(&ctx, unit, &text).await?;
        if *handed_in {
            city.cases.move_commitment(&ctx, by, &id, 1, CommitmentStep::HandIn, "").await?;
        }
        if *published {
            let ctx = seed::ctx(editor, now.plus_secs(-90 * HOUR_SECS));
            city.cases.move_commitment(&ctx, editor, &id, 2, CommitmentStep::Publish, "").await?;
        }
    }
    for (hours, account, to, subject, body, answers) in LETTERS {
        let (by, at) = (staff.person(account)?, now.plus_secs(-hours * HOUR_SECS));
        let mut unit_ids = Vec::new();
        for code in *to {
            unit_ids.push(staff.unit(code)?.id.0.clone());
        }
        let draft = ExchangeDraft {
            unit_ids,
            subject: (*subject).to_owned(),
            body: (*body).to_owned(),
            order: String::new(),
            answer_by: Some(now.plus_secs(30 * HOUR_SECS)),
            files: Vec::new(),
        };
        let id = city.cases.write_exchange(&seed::ctx(by, at), by, &draft, |_| None).await?;
        for (account, after, text) in *answers {
            let by = staff.person(account)?;
            let ctx = seed::ctx(by, at.plus_secs(after * HOUR_SECS));
            city.cases.answer_exchange(&ctx, by, &id, text, &[]).await?;
        }
    }
    Ok(FINDS.len() + PROMISES.len() + LETTERS.len())
}
