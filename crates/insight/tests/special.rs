//! The special report: a Word file that says what the reports say, within the reader's scope.

use std::io::Read as _;

use serde_json::{Value, json};
use testkit::{Answer, PersonBuilder, START, on_both, on_sqlite};

use crate::support::World;

/// March has twelve orders: seven about water, four about roads, one without a category; two are settled.
async fn world(site: testkit::Site) -> World {
    let world = World::new(site).await;
    for number in 0..12 {
        let unit = if number < 4 { "water" } else { "roads" };
        let kind = if number % 2 == 0 { "complaint" } else { "help" };
        let id = format!("case-{number:02}");
        world.city.order(&id, unit, kind, number * 24);
        let mut cases = world.city.cases.lock().unwrap();
        cases.get_mut(&id).unwrap().category_id = match number {
            0..7 => Some("<停水>&\"漏水\"".to_owned()),
            7..11 => Some("路面".to_owned()),
            _ => None,
        };
    }
    world.city.settle("case-00", 10, true, Some(5));
    world.city.settle("case-08", 30, false, Some(1));
    // In the days before March there was one about water, and none about roads.
    world.city.order("before", "water", "help", -24 * 9);
    world.city.cases.lock().unwrap().get_mut("before").unwrap().category_id =
        Some("<停水>&\"漏水\"".to_owned());
    world.insight.catch_up().await.unwrap();
    world
}

const MARCH: &str = "from=2026-03-01&to=2026-03-31";

/// The texts of the file: paragraphs, tables as rows of cells, and what is drawn.
struct Read {
    paragraphs: Vec<String>,
    tables: Vec<Vec<Vec<String>>>,
    charts: Vec<Drawn>,
}

/// A chart: its title, what stands along it, and the values of its series without gaps.
struct Drawn {
    title: String,
    names: Vec<String>,
    series: Vec<Vec<f64>>,
}

fn between<'a>(xml: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    xml.split(from).skip(1).map(|part| part.split(to).next().unwrap()).collect()
}

fn unescaped(xml: &str) -> String {
    xml.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn drawn(xml: &str) -> Drawn {
    let values =
        |part: &&str| between(part, "<c:v>", "</c:v>").into_iter().map(unescaped).collect::<Vec<_>>();
    Drawn {
        title: unescaped(between(xml, "<a:t>", "</a:t>")[0]),
        names: between(xml, "<c:cat>", "</c:cat>").first().map(values).unwrap(),
        series: between(xml, "<c:val>", "</c:val>")
            .iter()
            .map(|part| values(part).iter().map(|value| value.parse().unwrap()).collect())
            .collect(),
    }
}

fn plain(xml: &str) -> String {
    let mut text = String::new();
    for part in xml.split("<w:t xml:space=\"preserve\">").skip(1) {
        text.push_str(part.split("</w:t>").next().unwrap());
    }
    unescaped(&text)
}

fn read(answer: &Answer) -> Read {
    assert_eq!(answer.status, 200);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.body.to_vec())).unwrap();
    for part in ["[Content_Types].xml", "_rels/.rels", "word/styles.xml", "word/_rels/document.xml.rels"] {
        archive.by_name(part).unwrap();
    }
    let mut xml = String::new();
    archive.by_name("word/document.xml").unwrap().read_to_string(&mut xml).unwrap();
    let mut charts = Vec::new();
    while let Ok(mut part) = archive.by_name(&format!("word/charts/chart{}.xml", charts.len() + 1)) {
        let mut chart = String::new();
        part.read_to_string(&mut chart).unwrap();
        charts.push(drawn(&chart));
    }
    assert_eq!(xml.matches("<c:chart ").count(), charts.len());
    for number in 1..=charts.len() {
        archive.by_name(&format!("word/embeddings/chart{number}.xlsx")).unwrap();
    }
    let mut tables = Vec::new();
    let mut paragraphs = Vec::new();
    for part in xml.split("<w:tbl>") {
        let (table, outside) = part.split_once("</w:tbl>").unwrap_or(("", part));
        if !table.is_empty() {
            let cells = |row: &str| row.split("<w:tc>").skip(1).map(plain).collect::<Vec<String>>();
            tables.push(table.split("<w:tr>").skip(1).map(cells).collect());
        }
        paragraphs.extend(outside.split("<w:p>").skip(1).map(plain).filter(|text| !text.is_empty()));
    }
    Read { paragraphs, tables, charts }
}

impl Read {
    fn says(&self, words: &str) {
        assert!(self.paragraphs.iter().any(|text| text.contains(words)), "{words}: {:#?}", self.paragraphs);
    }
    fn chart(&self, title: &str) -> &Drawn {
        self.charts.iter().find(|chart| chart.title == title).unwrap()
    }
    fn table(&self, head: &str) -> &[Vec<String>] {
        self.tables.iter().find(|table| table[0].concat().starts_with(head)).unwrap()
    }
    fn row(&self, head: &str, name: &str) -> Vec<&str> {
        let row = self.table(head).iter().find(|row| row[0] == name).unwrap();
        row.iter().skip(1).map(String::as_str).collect()
    }
}

fn number(value: &Value, kind: &str) -> String {
    match (value.as_f64(), kind) {
        (value, "count") => format!("{:.0}", value.unwrap_or(0.0)),
        (Some(value), "share") => format!("{:.1}%", value * 100.0),
        (Some(value), _) => format!("{value:.1}"),
        (None, _) => "—".to_owned(),
    }
}

#[tokio::test]
async fn the_word_file_says_what_the_reports_say() {
    on_both(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        let file = leader.get(&format!("/special-report/file?{MARCH}")).await;
        let told = read(&file);
        assert_eq!(told.paragraphs[0], "政务服务便民热线社情民意专报");
        told.says("统计区间：2026-03-01 ~ 2026-03-31（按受理时间统计）");
        told.says("对比期：2026-02-01 ~ 2026-02-28");
        told.says("统计区间尚未结束");
        told.says("共受理诉求 12 件，比对比期（1 件）增加 11 件，上升 1100.0%。其中办结 2 件，在办 10 件");
        told.says("受理量居前的是<停水>&\"漏水\"（7 件，占 58.3%）、路面（4 件，占 33.3%）。");
        told.says("增加最多的事项是<停水>&\"漏水\"，由 1 件增至 7 件；共有 2 个事项增加。");
        told.says("办理时长中位数最长的事项是路面，为 30.0 小时；该事项受理 4 件");
        // Each table has the numbers of its report.
        for (head, query) in [
            ("事项分类受理量", "hot?sort=-created&measures=created,open,settle_rate,satisfaction_rate"),
            ("区域", "risk?by=district&measures=created,overdue,reopened,settle_rate,on_time_rate,satisfaction_rate"),
            ("承办单位", "unit?measures=created,settled,overdue,on_time_rate,satisfaction_rate"),
        ] {
            let report = leader.get(&format!("/reports/{query}&{MARCH}")).await.ok();
            let mut seen = 0;
            for line in report["lines"].as_array().unwrap() {
                if line["keys"][0] == "" {
                    continue;
                }
                let values = line["values"].as_array().unwrap().iter();
                let kinds = report["measures"].as_array().unwrap().iter();
                let numbers: Vec<String> = values
                    .zip(kinds)
                    .map(|(value, one)| number(value, one["kind"].as_str().unwrap()))
                    .collect();
                assert_eq!(told.row(head, line["names"][0].as_str().unwrap()), numbers, "{head}");
                seen += 1;
            }
            assert!(seen > 0 && told.table(head).len() == seen + 1, "{head}: {seen}");
        }
        assert_eq!(told.row("指标", "受理量"), ["12", "1", "+1100.0%"]);
        // The charts draw the same numbers; days that February has not are gaps, and so is what is still to come.
        let days = told.chart("逐日受理量");
        assert_eq!((days.names.len(), days.names[0].as_str(), days.names[30].as_str()), (31, "03/01", "03/31"));
        assert_eq!((days.series[0].iter().sum::<f64>(), days.series[1].iter().sum::<f64>()), (12.0, 1.0));
        assert_eq!((days.series[0].len(), days.series[1].len()), (13, 28));
        let hot = told.chart("热点事项受理量");
        assert_eq!(hot.names, ["<停水>&\"漏水\"", "路面"]);
        assert_eq!(hot.series, [[7.0, 4.0], [1.0, 0.0]]);
        assert_eq!(told.chart("诉求类型构成").series, [[6.0, 6.0]]);
        // Without the right to read warnings there is no word of them.
        assert!(told.paragraphs.iter().all(|text| !text.contains("预警")));
        assert_eq!(told.row("指标", "满意率"), ["50.0%", "—", "—"]);
    })
    .await;
}

#[tokio::test]
async fn the_word_file_keeps_to_the_readers_scope_and_filters() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let clerk = PersonBuilder::new("clerk").unit("/centre/water/");
        let clerk = clerk.may_within(kernel::Scope::Subtree, &["report.read"]);
        let told = read(&world.server.as_person(clerk).get(&format!("/special-report/file?{MARCH}")).await);
        told.says("共受理诉求 4 件");
        assert_eq!(told.table("承办单位").len(), 2, "the own unit alone");
        assert!(told.tables.iter().flatten().flatten().all(|cell| !cell.contains("roads") && cell != "路面"));
        let mut leader = world.leader();
        let some = read(&leader.get(&format!("/special-report/file?{MARCH}&where=type:help")).await);
        some.says("共受理诉求 6 件");
        some.says("筛选：");
        let none = read(&leader.get("/special-report/file?from=2025-01-01&to=2025-01-31").await);
        none.says("统计区间内没有受理诉求");
        assert_eq!((none.tables.len(), none.charts.len()), (1, 0));
        for query in
            ["from=x&to=y", "from=2026-03-31&to=2026-03-01", "from=2026-03-01&to=2026-03-31&compare=secret"]
        {
            leader.get(&format!("/special-report/file?{query}")).await.refused(422, "invalid");
        }
    })
    .await;
}

#[tokio::test]
async fn calls_and_warnings_stand_in_the_file_of_whoever_may_see_them() {
    on_both(|site| async move {
        let world = World::new(site).await;
        // Four come in, and an agent dials one.
        for number in 0..5 {
            let (answered, dialled) = (number > 0, number == 4);
            let fact = contract::voice::CallFact {
                id: format!("call-{number}"),
                direction: if dialled { "out" } else { "in" }.to_owned(),
                started_at: START.0,
                answered_at: answered.then_some(START.0 + 6_000),
                ended_at: Some(START.0 + 66_000),
                result: Some(if answered { "answered" } else { "missed" }.to_owned()),
                // The call flow spoke for twenty seconds before the caller joined a queue.
                waited_ms: 26_000,
                talked_ms: 60_000,
                queue_id: (!dialled).then(|| "general".to_owned()),
                queues: i64::from(!dialled),
                queued_ms: if dialled { 0 } else { 6_000 },
                ..contract::voice::CallFact::default()
            };
            world.city.calls.lock().unwrap().insert(fact.id.clone(), fact);
        }
        world.insight.catch_up().await.unwrap();
        crate::warnings::text(&world, "risk", "13800000001", "有人要跳楼", 0);
        world.insight.sweep(&world.site.ctx()).await.unwrap();
        let waits = world.leader().get(&format!("/reports/waits?{MARCH}&by=queue")).await.ok();
        assert_eq!(waits["lines"].as_array().unwrap().len(), 1, "what waited in no queue is left out: {waits}");
        assert_eq!((&waits["lines"][0]["values"][0], &waits["lines"][0]["values"][1]), (&json!(4.0), &json!(6.0)));
        let all = ["report.read", "warning.read", "case.read"];
        let mut reader = world.server.as_person(PersonBuilder::new("reader").may(&all));
        let told = read(&reader.get(&format!("/special-report/file?{MARCH}")).await);
        told.says("热线来电 4 通，其中 4 通进入人工队列，接通 3 通，接通率 75.0%，按时接通率 100.0%；平均等待 6.0 秒");
        let answered = told.tables.iter().flatten().find(|row| row[0] == "接听量").unwrap();
        assert_eq!(answered[1], "3");
        told.says("发出预警 1 条，已核实办结 0 条，其中属实 0 条");
        let row = told.row("编号", "YJ00001");
        assert_eq!((row[0], row[2]), ("风险词", "待接手"));
        assert!(row[1].contains("跳楼"), "{row:?}");
        // Calls and warnings have no types: of some orders the file says nothing about them.
        let some = read(&reader.get(&format!("/special-report/file?{MARCH}&where=type:help")).await);
        assert!(some.paragraphs.iter().all(|text| !text.contains("预警") && !text.contains("热线来电")));
    })
    .await;
}

#[tokio::test]
async fn the_assessment_says_the_years_the_signs_and_the_levels() {
    on_both(|site| async move {
        let world = world(site).await;
        // A year before there were five in the same district; this March another one has three satisfied citizens.
        for number in 0..5 {
            world.city.order(&format!("old-{number}"), "water", "help", -24 * 365 + number);
        }
        for number in 0..3 {
            let id = format!("north-{number}");
            world.city.order(&id, "roads", "help", number);
            world.city.settle(&id, 5, true, Some(5));
            world.city.cases.lock().unwrap().get_mut(&id).unwrap().district = Some("江北区".to_owned());
        }
        let ids = (0..5).map(|n| format!("old-{n}")).chain((0..3).map(|n| format!("north-{n}")));
        let marks: Vec<_> = ids.zip(100..).map(|(id, seq)| crate::support::told(seq, &id)).collect();
        world.insight.projection().take_in(world.insight.lake(), &marks).await.unwrap();
        let mut leader = world.leader();
        let told = read(&leader.get(&format!("/risk-assessment/file?{MARCH}")).await);
        assert_eq!(told.paragraphs[0], "社会风险评估报告");
        told.says("对比期：2025-03-01 ~ 2025-03-31");
        told.says("共受理诉求 15 件，比对比期（5 件）增加 10 件");
        told.says("共评估 2 个区域，其中风险等级高 0 个、中 1 个、低 1 个。应重点研判的是云阳区（受理量上升、满意率偏低）。");
        told.says("受理量由 2025 年的 5 件变为 2026 年的 16 件（+220.0%），最多的是 2026 年（16 件）。");
        told.says("0–1 项为低，2 项为中");
        let years = told.chart("历年受理量");
        assert_eq!(years.names, ["2022", "2023", "2024", "2025", "2026"]);
        assert_eq!(years.series, [[0.0, 0.0, 0.0, 5.0, 16.0]]);
        let row = |name: &str| told.row("区域等级", name);
        assert_eq!(row("云阳区"), ["中", "受理量上升、满意率偏低", "12", "+140.0%", "0", "0", "50.0%"]);
        assert_eq!(row("江北区")[..3], ["低", "—", "3"]);
        assert!(told.paragraphs.iter().all(|text| !text.contains("预警")), "who may not read warnings reads of none");
        let one = read(&leader.get(&format!("/risk-assessment/file?{MARCH}&district=江北区")).await);
        one.says("共受理诉求 3 件");
        one.says("共评估 1 个区域，风险等级均为低");
        let clerk = PersonBuilder::new("clerk").unit("/centre/water/");
        let clerk = clerk.may_within(kernel::Scope::Subtree, &["report.read"]);
        let own = read(&world.server.as_person(clerk).get(&format!("/risk-assessment/file?{MARCH}")).await);
        own.says("共受理诉求 4 件");
        let none = read(&leader.get("/risk-assessment/file?from=2019-01-01&to=2019-12-31").await);
        none.says("统计年份内没有受理诉求");
        leader.get("/risk-assessment/file?from=x&to=y").await.refused(422, "invalid");
    })
    .await;
}
