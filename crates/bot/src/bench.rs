//! Figures of duplicates and suggestions over very many invented orders, in memory as in the running program.

use contract::cases::{CaseId, CorpusCase, CorpusCategory};
use kernel::{BoxError, Clock, SystemClock, Timestamp};
use lang::lexicon::Lexicon;

use crate::events::{Asked, EventIndex, text_of};
use crate::learning::{CategoryTree, Lesson, learn};
use crate::place_book::{KnownPlace, PlaceBook};
use crate::suggestion;

/// Questions that are measured.
const QUESTIONS: usize = 500;
/// Newest orders that are learnt from.
const LEARNT_MAX: usize = 4_000;
/// A day of the invented orders.
const DAY_MS: i64 = 86_400_000;
/// When they end.
const NOW: i64 = 1_772_413_200_000;

/// Category, and what people say of it.
const MATTERS: [(&str, &str); 24] = [
    ("停水", "从昨晚开始一直没有自来水，做饭都成问题"),
    ("水压低", "水压太小，高层住户洗澡都出不来水"),
    ("水管漏水", "路边水管破裂，水流了一整夜没人修"),
    ("路灯不亮", "整条路的路灯都不亮，晚上出门看不见路"),
    ("道路破损", "路面坑坑洼洼，电动车经常摔倒"),
    ("井盖缺失", "井盖不见了，孩子差点掉下去"),
    ("施工噪声", "工地半夜还在施工，吵得全家睡不着觉"),
    ("油烟扰民", "楼下烧烤店油烟直排，窗户都不敢开"),
    ("占道经营", "小贩占满人行道，推婴儿车只能走马路"),
    ("违法建设", "楼顶有人私自搭建房屋，存在安全隐患"),
    ("电梯故障", "电梯坏了三天没人修，老人下不了楼"),
    ("物业服务", "物业只收费不管事，楼道里垃圾成堆"),
    ("供暖不热", "暖气片摸着是凉的，室内只有十几度"),
    ("燃气抢修", "家里闻到煤气味，不知道是不是泄漏"),
    ("公交线路", "公交车等了四十分钟都没来，上班迟到"),
    ("乱停车", "消防通道停满了车，应急车辆进不来"),
    ("噪声扰民", "广场舞音响开得太大，影响孩子写作业"),
    ("医保报销", "异地住院的费用不知道怎么报销，需要什么材料"),
    ("公积金提取", "租房提取公积金被退回，窗口说法不一"),
    ("入学咨询", "孩子今年上小学，不知道划到哪个学区"),
    ("欠薪", "干了三个月的活，老板一直拖着不发工资"),
    ("预付卡退款", "健身房关门跑路，办的年卡退不了钱"),
    ("河道污染", "河水发黑发臭，还有人往里面排污水"),
    ("绿化养护", "小区树木太高挡住阳光，一直没有人修剪"),
];
const DISTRICTS: [&str; 8] = ["澜溪区", "云桥区", "枫浦区", "望澄区", "青砚区", "霁岭区", "穗川县", "高新区"];
const ROADS: [&str; 20] = [
    "柳津大道",
    "折柳巷",
    "云湖路",
    "听澜街",
    "钟影路",
    "桐阴路",
    "虹影街",
    "石舫路",
    "望桥路",
    "菱湾路",
    "枫晚路",
    "浦前街",
    "汀芷路",
    "渡前路",
    "青石巷",
    "北望街",
    "南屏路",
    "东篱路",
    "西泠街",
    "长堤路",
];
const ENDINGS: [&str; 6] = [
    "希望尽快处理。",
    "打过物业电话没有人接。",
    "已经反映过两次了，一直没有结果。",
    "请相关部门现场查看并答复。",
    "附近居民意见很大。",
    "请告知处理期限。",
];

/// What was measured, in milliseconds where nothing else is said.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "figures under the names of the printed line")]
pub struct Figures {
    pub orders: usize,
    pub put_per_s: f64,
    pub learn_s: f64,
    pub duplicate_p50_ms: f64,
    pub duplicate_p99_ms: f64,
    pub suggest_p50_ms: f64,
    pub suggest_p99_ms: f64,
    pub rss_mb: f64,
}

fn invented(at: usize, all: usize) -> CorpusCase {
    let mix = at.wrapping_mul(2_654_435_761) >> 7;
    let (matter, said) = MATTERS[mix % 24];
    let (district, road) = (DISTRICTS[mix / 24 % 8], ROADS[mix / 192 % 20]);
    let number = mix / 3_840 % 300 + 1;
    CorpusCase {
        id: CaseId(format!("{at:012}")),
        number: format!("YZ{at:012}"),
        title: format!("{road}{number}号{matter}"),
        content: format!("{district}{road}{number}号，{said}。{}", ENDINGS[mix / 7 % 6]),
        r#type: ["complaint", "help", "inquiry"][mix % 24 / 8].to_owned(),
        category_id: Some(format!("c{}", mix % 24)),
        urgency: "normal".to_owned(),
        status: "in_progress".to_owned(),
        settled: false,
        unit_id: Some(format!("u{}", mix % 24 / 3)),
        district: Some(district.to_owned()),
        address: Some(format!("{road}{number}号")),
        lng: Some(112.0 + (mix / 192 % 20) as f64 * 0.01 + number as f64 * 0.0001),
        lat: Some(30.0 + (mix / 24 % 8) as f64 * 0.02),
        phone: Some(format!("199{:08}", mix % 60_000)),
        confidential: false,
        created_by: None,
        // The newest comes last; all lie within ninety days.
        created_at: NOW - 90 * DAY_MS + (90 * DAY_MS as i128 * at as i128 / all.max(1) as i128) as i64,
        main_id: None,
    }
}

/// Keeps so many orders as the running program does, and asks for the likes of new ones and for suggestions.
///
/// # Errors
/// When nothing can be learnt, or nothing is found.
pub fn run(orders: usize) -> Result<Figures, BoxError> {
    let clock = SystemClock;
    let mut book = PlaceBook::default();
    for (at, name) in ROADS.iter().chain(&DISTRICTS).enumerate() {
        let point = (at < ROADS.len()).then_some((112.0, 30.0));
        book.add(KnownPlace {
            name: (*name).to_owned(),
            district: None,
            lng: point.map(|(lng, _)| lng),
            lat: point.map(|(_, lat)| lat),
        });
    }
    let lexicon = Lexicon::new(book.names());
    let categories = MATTERS.iter().enumerate().map(|(at, (name, _))| CorpusCategory {
        id: format!("c{at}"),
        parent_id: None,
        path_name: (*name).to_owned(),
        level: 1,
        r#type: None,
        active: true,
    });
    let tree = CategoryTree::new(categories.collect());
    let mut index = EventIndex::new(orders, 7);
    let begun = clock.elapsed_ms();
    (0..orders).for_each(|at| index.put(&invented(at, orders), &lexicon));
    let put_ms = (clock.elapsed_ms() - begun).max(1);
    let begun = clock.elapsed_ms();
    let lessons: Vec<Lesson> = (orders.saturating_sub(LEARNT_MAX)..orders)
        .map(|at| Lesson::of(&invented(at, orders), &tree, false, &lexicon, &book))
        .collect();
    let model = learn(&lessons, &tree, &lexicon, 0.5)?.model;
    let learn_ms = clock.elapsed_ms() - begun;
    let (mut duplicates, mut suggestions) = (Vec::with_capacity(QUESTIONS), Vec::with_capacity(QUESTIONS));
    let local = chrono::DateTime::from_timestamp_millis(NOW).unwrap_or_default().naive_utc();
    let mut found = 0;
    let questions = QUESTIONS.min(orders / 4).max(1);
    for at in 0..questions {
        // As another citizen tells of an event that many have told of.
        let like = invented(at * 7_919 % orders.max(1), orders);
        let text = text_of(&like.title, &format!("您好，我想反映一下，{}", like.content));
        let asked = Asked {
            text: text.clone(),
            phone: Some(format!("188{at:08}")),
            category_id: like.category_id,
            district: like.district,
            address: like.address,
            point: like.lng.zip(like.lat),
            except: None,
        };
        let (matches, took_ms) = timed(|| index.find(&asked, &lexicon, Timestamp(NOW), 20));
        found += usize::from(!matches.is_empty());
        duplicates.push(took_ms);
        let (said, took_ms) = timed(|| {
            let facts = suggestion::facts(&text, local, &lexicon);
            let (mut said, _) = suggestion::from_facts(&text, &facts, &book);
            said.extend(suggestion::from_model(&text, &model, &tree, &lexicon, 0.5));
            said.len() + index.find(&asked, &lexicon, Timestamp(NOW), 20).len()
        });
        if said == 0 {
            return Err(format!("nothing was suggested for {text}").into());
        }
        suggestions.push(took_ms);
    }
    if found * 2 < questions {
        return Err(format!("only {found} of {questions} had likes").into());
    }
    let share = |values: &mut Vec<f64>, share: f64| {
        values.sort_by(f64::total_cmp);
        values[((values.len() as f64 * share) as usize).min(values.len() - 1)]
    };
    Ok(Figures {
        orders: index.len(),
        put_per_s: orders as f64 * 1_000.0 / put_ms as f64,
        learn_s: learn_ms as f64 / 1_000.0,
        duplicate_p50_ms: share(&mut duplicates, 0.5),
        duplicate_p99_ms: share(&mut duplicates, 0.99),
        suggest_p50_ms: share(&mut suggestions, 0.5),
        suggest_p99_ms: share(&mut suggestions, 0.99),
        rss_mb: resident_mb(),
    })
}

#[expect(clippy::disallowed_methods, reason = "measures real time in microseconds; no result depends on it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = std::time::Instant::now();
    let done = work();
    (done, begun.elapsed().as_secs_f64() * 1_000.0)
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1_024.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn invented_orders_are_learnt_from_and_their_likes_are_found() {
        let figures = super::run(400).unwrap();
        assert_eq!(figures.orders, 400);
        assert!(figures.duplicate_p99_ms > 0.0 && figures.suggest_p99_ms >= figures.suggest_p50_ms);
    }
}
