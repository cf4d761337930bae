//! Figures of search over very many invented entries, in a folder of its own.

use std::collections::HashMap;
use std::path::Path;

use contract::knowledge::Audience;
use kernel::{BoxError, Clock, SystemClock};

use crate::entry::{Answer, Content, Kind};
use crate::search::Indexed;
use crate::search::library::{Shelves, analyzer_for};

/// Entries that are put in at once.
const CHUNK: usize = 2_000;
/// Searches that are measured.
const SEARCHES: usize = 400;

const MATTERS: [&str; 24] = [
    "居住证",
    "公积金提取",
    "社保转移",
    "医保报销",
    "养老金认证",
    "户口迁移",
    "供热报停",
    "燃气过户",
    "水费缴纳",
    "路灯维修",
    "占道经营",
    "违法建设",
    "噪声扰民",
    "停车收费",
    "网约车许可",
    "食品经营许可",
    "预付卡退款",
    "入学报名",
    "学区划分",
    "低保申请",
    "残疾人证",
    "老年优待证",
    "不动产登记",
    "契税缴纳",
];
const ASPECTS: [&str; 16] = [
    "需要什么材料",
    "怎么办理",
    "多久办好",
    "在哪里办理",
    "费用是多少",
    "可以网上办吗",
    "条件是什么",
    "不服怎么办",
    "能不能代办",
    "丢了怎么补办",
    "到期怎么续",
    "外地人可以吗",
    "咨询电话是多少",
    "流程是什么",
    "有没有优惠",
    "投诉找谁",
];
const PLACES: [&str; 20] = [
    "澜溪区",
    "云桥区",
    "枫浦区",
    "望澄区",
    "青砚区",
    "霁岭区",
    "穗川县",
    "高新区",
    "听澜街道",
    "柳津街道",
    "钟影街道",
    "桐阴街道",
    "虹影街道",
    "石舫街道",
    "望桥街道",
    "菱湾街道",
    "枫晚街道",
    "浦前街道",
    "汀芷街道",
    "渡前街道",
];
const QUESTIONS: [&str; 10] = [
    "居住证怎么办理",
    "gongjijin",
    "公积金提取需要什么材料",
    "我家暖气不热想报停今年的供热怎么申请",
    "gjjtq",
    "路登维修",
    "澜溪区占道经营投诉找谁",
    "医保报销多久办好",
    "外地人可以办老年优待证吗",
    "水费",
];

/// What was measured.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Entries in the index.
    pub entries: u64,
    /// Entries put in a second.
    pub index_per_s: f64,
    /// Half of the searches took less, in milliseconds.
    pub search_p50_ms: f64,
    /// All but one of a hundred took less, in milliseconds.
    pub search_p99_ms: f64,
    /// Memory of the process afterwards, in megabytes.
    pub rss_mb: f64,
}

fn invented(at: usize) -> Indexed {
    let (matter, aspect) = (MATTERS[at % 24], ASPECTS[at / 24 % 16]);
    let (place, street) = (PLACES[at / 384 % 20], PLACES[at / 7_680 % 20]);
    let round = at / 153_600;
    let title = format!("{place}{street}{matter}{aspect}（第{round}号）");
    let html = format!(
        "<p>{place}居民办理{matter}，请携带本人有效身份证件到{street}便民服务中心第{}号窗口。</p><p>关于{aspect}：\
         自受理之日起{}个工作日内办结，咨询电话0600-{:07}。对办理结果有异议的，可以在{}日内提出复核申请。</p>",
        at % 37 + 1,
        at % 17 + 3,
        at % 10_000_000,
        at % 60 + 10
    );
    Indexed {
        entry_id: format!("{at:012}"),
        content: Content {
            title,
            region: format!("9901{:02}", at % 9),
            business: format!("{:04}", at % 60),
            kind: Some(Kind::ALL[at % 7]),
            keywords: vec![matter.to_owned()],
            answers: vec![Answer { html, ..Answer::default() }],
            ..Content::default()
        },
        unit_id: format!("u{}", at % 100),
        businesses: vec![format!("{:04}", at % 60)],
        attached: Vec::new(),
    }
}

/// Builds an index of so many entries in a folder and searches it.
///
/// # Errors
/// When the disk fails.
pub fn run(folder: &Path, entries: usize) -> Result<Figures, BoxError> {
    let clock = SystemClock;
    let analyzer = analyzer_for(&[], &[]);
    let shelves = Shelves::begin(folder, 0, "0")?;
    let begun = clock.elapsed_ms();
    for from in (0..entries).step_by(CHUNK) {
        let chunk: Vec<Indexed> = (from..entries.min(from + CHUNK)).map(invented).collect();
        shelves.put(&analyzer, &chunk, &[], true)?;
    }
    shelves.commit(0)?;
    let build_ms = (clock.elapsed_ms() - begun).max(1);
    let marks: HashMap<usize, Vec<Vec<String>>> =
        [(3, vec![vec!["r_990102".to_owned(), "r_990100".to_owned()]]), (7, vec![vec!["b_0007".to_owned()]])]
            .into();
    let mut took = Vec::with_capacity(SEARCHES);
    for at in 0..SEARCHES + QUESTIONS.len() {
        let question = format!("{}{}", QUESTIONS[at % 10], if at % 4 == 3 { PLACES[at % 20] } else { "" });
        let before = std::time::Duration::from_micros(micros());
        let query = analyzer.query(&question);
        let narrowed = marks.get(&(at % 10)).cloned().unwrap_or_default();
        let hits = shelves.search(&analyzer, &query, Audience::Internal, &narrowed, 40)?;
        if hits.is_empty() {
            return Err(format!("nothing was found for {question}").into());
        }
        let after = std::time::Duration::from_micros(micros());
        // The first of each are from a cold start.
        if at >= QUESTIONS.len() {
            took.push((after - before).as_secs_f64() * 1_000.0);
        }
    }
    took.sort_by(f64::total_cmp);
    let share = |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)];
    Ok(Figures {
        entries: shelves.len(),
        index_per_s: entries as f64 * 1_000.0 / build_ms as f64,
        search_p50_ms: share(0.5),
        search_p99_ms: share(0.99),
        rss_mb: resident_mb(),
    })
}

#[expect(clippy::disallowed_methods, reason = "measures real time in microseconds; no result depends on it")]
fn micros() -> u64 {
    static BEGINNING: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let beginning = *BEGINNING.get_or_init(std::time::Instant::now);
    u64::try_from(beginning.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0.0);
    kilobytes / 1_024.0
}
