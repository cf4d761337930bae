//! Orders of an older system: checked first, taken in once, found and counted with their own times.

use contract::cases::CaseFacts as _;
use kernel::http::write_workbook;
use serde_json::{Value, json};
use testkit::{Answer, on_both};

use crate::support::World;

const HEAD: [&str; 14] = [
    "原工单编号",
    "受理时间",
    "办结时间",
    "市民姓名",
    "联系电话",
    "诉求类型",
    "事项分类",
    "区域",
    "地点",
    "标题",
    "内容",
    "承办单位",
    "办理结果",
    "状态",
];

/// A line of the file: number, time, phone, category, unit.
fn line(number: &str, at: &str, phone: &str, category: &str, unit: &str) -> Vec<kernel::http::Cell> {
    [
        number,
        at,
        "2019/3/8 09:00",
        "王建国",
        phone,
        "投诉",
        category,
        "云水区",
        "云水路18号",
        "旧系统的路灯",
        "三盏路灯不亮，旧系统登记。",
        unit,
        "已更换灯具。",
        "已办结",
    ]
    .into_iter()
    .map(Into::into)
    .collect()
}

/// So many good lines as do not go to the database at once.
fn file() -> Vec<u8> {
    let mut rows: Vec<_> = (1..=60)
        .map(|at| {
            line(
                &format!("GD-{at:04}"),
                &format!("2019-03-0{} 14:30", at % 5 + 1),
                "13900001234",
                "路灯照明",
                "水务局",
            )
        })
        .collect();
    rows.push(line("GD-0900", "2019-02-30", "13900001234", "路灯照明", "水务局"));
    rows.push(line("GD-0901", "2019-03-01", "13900001234", "河道", "园林局"));
    rows.push(line("GD-0001", "2019-03-01", "13900001234", "lamps", "water"));
    write_workbook(&HEAD, &rows).unwrap()
}

impl World {
    async fn send_old(&self, query: &str, file: Vec<u8>) -> Answer {
        let octets = Some("application/octet-stream");
        let path = format!("/old-orders{query}");
        self.sign_in("manager").send_raw(axum::http::Method::POST, &path, octets, file).await
    }

    async fn old_run(&self, query: &str) -> Value {
        let run = self.send_old(query, file()).await.ok();
        let run = self.ended_run("manager", &run).await;
        assert_eq!(run["state"], "done", "{run}");
        run
    }

    async fn total(&self, query: &str) -> Value {
        self.sign_in("leader").get(&format!("/cases?{query}")).await.ok()["total"].clone()
    }
}

fn counts(run: &Value) -> [i64; 3] {
    ["accepted", "known", "rejected"].map(|name| run["result"][name].as_i64().unwrap())
}

#[tokio::test]
async fn old_orders_are_checked_then_taken_in_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let template = world.sign_in("manager").get("/old-orders/template.xlsx").await;
        assert_eq!(cases::sheet::Sheet::read(&template.body).unwrap().head, HEAD);

        let checked = world.old_run("?dry_run=true").await;
        assert_eq!(counts(&checked), [60, 0, 3], "{checked}");
        let seen = &checked["result"]["preview"][0];
        assert_eq!((&seen["old_number"], &seen["unit"]), (&json!("GD-0001"), &json!("水务局")));
        assert_eq!(seen["category"], "城市管理/路灯照明");
        let reasons = checked["result"]["reasons"].to_string();
        for words in [
            "受理时间：“2019-02-30”不是日期时间",
            "名称或编码为“河道”的事项分类",
            "为“园林局”的单位",
            "在文件中重复",
        ] {
            assert!(reasons.contains(words), "{words} in {reasons}");
        }
        assert_eq!(world.total("").await, 0, "a check writes nothing");

        let run = world.old_run("").await;
        assert_eq!(counts(&run), [60, 0, 3], "{run}");
        let refused =
            world.sign_in("manager").get(&format!("/runs/{}/file", run["id"].as_str().unwrap())).await;
        let sheet = cases::sheet::Sheet::read(&refused.body).unwrap();
        assert_eq!((sheet.rows.len(), sheet.rows[0].1[2].as_str()), (3, "GD-0900"));
        assert_eq!(world.site.audited(run["id"].as_str().unwrap()).await, ["case.import_file"]);
        assert_eq!(world.total("source=import").await, 60);

        // Once more, and it is all there.
        let again = world.old_run("").await;
        assert_eq!(counts(&again), [0, 60, 3]);
        assert_eq!(world.total("").await, 60);
    })
    .await;
}

#[tokio::test]
async fn an_old_order_is_found_and_counted_with_its_own_time() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.old_run("").await;
        // 1 March 2019 in the city's zone.
        let (from, to) = (1_551_369_600_000_i64, 1_551_456_000_000_i64);
        assert_eq!(world.total(&format!("created_from={from}&created_to={to}")).await, 12);
        for indexed in [false, true] {
            if indexed {
                world.cases.index_all_texts().await.unwrap();
            }
            let page = world.sign_in("leader").get("/cases?q=GD-0005").await.ok();
            assert_eq!(page["total"], 1, "by its old number");
            assert_eq!(world.total("q=%E7%81%AF%E5%85%B7").await, 0, "the result is not searched");
            assert_eq!(world.total("q=%E8%B7%AF%E7%81%AF&limit=5").await, 60, "路灯");
        }
        let found = world.sign_in("leader").get("/cases?q=GD-0005").await.ok()["items"][0].clone();
        let case = world.read("leader", &found).await;
        assert_eq!((&case["status"], &case["source"]), (&json!("archived"), &json!("import")));
        assert_eq!((&case["old_number"], &case["unit"]["id"]), (&json!("GD-0005"), &json!("water")));
        assert_eq!((&case["tasks"], &case["in_time"]), (&json!([]), &Value::Null));
        assert_eq!(case["created_at"], 1_551_421_800_000_i64);
        assert!(case["number"].as_str().unwrap().starts_with("YZ20190301"), "{}", case["number"]);
        assert_eq!(case["answer"], "已更换灯具。");
        assert_eq!(world.kinds(&case).await, ["imported"]);
        assert_eq!(world.site.audited(case["id"].as_str().unwrap()).await, ["case.import"]);
        assert_eq!(world.site.events("cases.case_imported").await.len(), 60);
        assert!(world.site.events("cases.task_opened").await.is_empty(), "nobody has anything to do");
        assert!(world.site.events("cases.case_created").await.is_empty(), "nobody is told of a new order");

        let facts = world.cases.case_facts(&[case["id"].as_str().unwrap().into()]).await.unwrap();
        assert_eq!((facts[0].created_at, facts[0].source.as_str()), (1_551_421_800_000, "import"));
        assert_eq!((facts[0].settled_at, facts[0].in_time), (Some(1_552_006_800_000), None));
        assert_eq!(facts[0].first_unit_id.as_deref(), Some("water"));

        // The unit reads what it did, another does not, and the centre may take it up again.
        assert_eq!(world.read("water_clerk", &case).await["number"], case["number"]);
        let path = format!("/cases/{}", case["id"].as_str().unwrap());
        world.sign_in("roads_clerk").get(&path).await.refused(404, "not_found");
        let again = world.reopen("manager", &case, "市民再次反映").await.ok();
        assert_eq!(again["tasks"][0]["step"], "dispatch");
    })
    .await;
}

#[tokio::test]
async fn two_who_send_the_same_file_write_it_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (one, two) = tokio::join!(world.old_run(""), world.old_run(""));
        let (one, two) = (counts(&one), counts(&two));
        assert_eq!((one[0] + two[0], one[1] + two[1]), (60, 60), "{one:?} {two:?}");
        assert_eq!(world.total("source=import").await, 60);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_no_list_of_orders_is_refused() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let answer = world.send_old("", "名称\n路灯\n".into()).await.refused(422, "invalid");
        assert_eq!(answer["errors"][0]["code"], "missing_columns");
        assert!(answer["errors"][0]["detail"].as_str().unwrap().contains("原工单编号、受理时间"));
        let answer = world.send_old("", b"\x89PNG\r\n\x1a\n\x00\x00".to_vec()).await.refused(422, "invalid");
        assert_eq!(answer["errors"][0]["field"], "file");
        let rows: Vec<_> =
            (0..5_001).map(|at| line(&at.to_string(), "2019-03-01", "", "lamps", "")).collect();
        let answer = world.send_old("", write_workbook(&HEAD, &rows).unwrap()).await.refused(422, "invalid");
        assert_eq!(answer["errors"][0]["code"], "too_many_rows");
    })
    .await;
}
