//! Reports as readers see them.

use serde_json::{Value, json};
use testkit::{PersonBuilder, on_both, on_sqlite};

use crate::support::World;

/// Twelve orders: water has four, of which two are settled; roads has eight.
async fn world(site: testkit::Site) -> World {
    let world = World::new(site).await;
    for number in 0..12 {
        let unit = if number < 4 { "water" } else { "roads" };
        let kind = if number % 2 == 0 { "complaint" } else { "help" };
        world.city.order(&format!("case-{number:02}"), unit, kind, number * 24);
    }
    world.city.settle("case-00", 10, true, Some(5));
    world.city.settle("case-01", 30, false, Some(1));
    world.insight.catch_up().await.unwrap();
    world
}

const MARCH: &str = "from=2026-03-01&to=2026-03-31";

fn line<'a>(answer: &'a Value, key: &str) -> &'a Value {
    answer["lines"].as_array().unwrap().iter().find(|line| line["keys"][0] == key).unwrap()
}

#[tokio::test]
async fn a_report_counts_names_adds_up_and_compares() {
    on_both(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        let answer = leader.get(&format!("/reports/unit?{MARCH}&measures=created,settled,open,ended,on_time_rate,stars_mean,handle_hours&compare=previous")).await.ok();
        assert_eq!(line(&answer, "water")["names"][0], "水务局");
        assert_eq!(line(&answer, "water")["values"], json!([4.0, 2.0, 2.0, 0.0, 0.5, 3.0, 20.0]));
        assert_eq!(line(&answer, "roads")["values"], json!([8.0, 0.0, 8.0, 0.0, null, null, null]));
        assert_eq!(answer["totals"], json!([12.0, 2.0, 10.0, 0.0, 0.5, 3.0, 20.0]));
        assert_eq!(line(&answer, "water")["before"][0], 0.0);
        assert_eq!((&answer["before_from"], &answer["before_to"]), (&json!("2026-02-01"), &json!("2026-02-28")));
        let checks = answer["checks"].as_array().unwrap();
        assert!(checks.iter().all(|check| check["holds"] == true), "{checks:?}");
        assert!(checks.iter().any(|check| check["text"] == "受理量 = 办结量 + 在办量 + 不予受理、废弃、并单"));
        // Days without orders are there, and the days of the period before stand beside them.
        let days = leader.get("/reports/orders?from=2026-03-01&to=2026-03-04&measures=created&compare=previous").await.ok();
        let values: Vec<_> = days["lines"].as_array().unwrap().iter().map(|line| line["values"][0].clone()).collect();
        assert_eq!(values, [0.0, 1.0, 1.0, 1.0]);
        assert_eq!(days["lines"][1]["names"][0], "2026-03-02");
    })
    .await;
}

#[tokio::test]
async fn every_report_of_the_list_answers_with_every_measure_and_every_dimension() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        let list = leader.get("/reports").await.ok();
        assert!(list.as_array().unwrap().len() > 35);
        for report in list.as_array().unwrap() {
            let id = report["id"].as_str().unwrap();
            leader.get(&format!("/reports/{id}?{MARCH}&compare=year")).await.done();
            let ids = |of: &str| -> Vec<String> {
                report[of]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned())
                    .collect()
            };
            if id.starts_with("free-") || id == "keys" || id == "completion" {
                for some in ids("all_measures").chunks(20) {
                    leader
                        .get(&format!("/reports/{id}?{MARCH}&by=-&measures={}", some.join(",")))
                        .await
                        .done();
                }
                for some in ids("all_by").chunks(4) {
                    leader.get(&format!("/reports/{id}?{MARCH}&by={}", some.join(","))).await.done();
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn citizens_are_counted_once_and_orders_per_citizen_tell_who_came_back() {
    on_both(|site| async move {
        let world = world(site).await;
        for id in ["case-01", "case-02"] {
            world.city.cases.lock().unwrap().get_mut(id).unwrap().contact_id =
                Some("citizen-case-00".to_owned());
        }
        world.city.cases.lock().unwrap().get_mut("case-03").unwrap().contact_id = None;
        let marks: Vec<_> = (0..4).map(|n| crate::support::told(n + 50, &format!("case-{n:02}"))).collect();
        world.insight.projection().take_in(world.insight.lake(), &marks).await.unwrap();
        let told = world.leader().get(&format!("/reports/citizens-trend?{MARCH}")).await.ok();
        // Three orders of one citizen, eight of eight others, one of nobody: eleven orders of nine citizens.
        let values = told["totals"].as_array().unwrap();
        assert_eq!((&values[0], &values[1]), (&json!(9.0), &json!(12.0)));
        assert!((values[2].as_f64().unwrap() - 11.0 / 9.0).abs() < 1e-9, "{values:?}");
    })
    .await;
}

#[tokio::test]
async fn a_units_reader_sees_the_own_rows_in_reports_behind_numbers_and_in_statements() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let clerk = || {
            let person = PersonBuilder::new("clerk").unit("/centre/water/");
            let person = person.may_within(kernel::Scope::Subtree, &["report.read", "case.read"]);
            world.server.as_person(person.may(&["report.sql"]))
        };
        let answer = clerk().get(&format!("/reports/unit?{MARCH}&measures=created")).await.ok();
        assert_eq!(answer["lines"].as_array().unwrap().len(), 1);
        assert_eq!(answer["totals"], json!([4.0]));
        let others =
            clerk().get(&format!("/reports/unit?{MARCH}&measures=created&where=unit:roads")).await.ok();
        assert_eq!(others["totals"], json!([null]), "nothing to sum");
        let behind = clerk().get(&format!("/reports/unit/rows?{MARCH}&measure=created")).await.ok();
        assert_eq!((&behind["total"], behind["cases"].as_array().unwrap().len()), (&json!(4), 4));
        for sql in [
            "select count(*) from orders",
            "select count(*) from (select * from orders union all select * from orders where 1 = 0)",
        ] {
            let answer = clerk().post("/report-statements", json!({ "sql": sql })).await.ok();
            assert_eq!(answer["rows"], json!([[4]]), "{sql}");
        }
        // Keys and calls belong to nobody in the unit.
        let keys =
            clerk().post("/report-statements", json!({ "sql": "select count(*) from keys" })).await.ok();
        assert_eq!(keys["rows"], json!([[0]]));
        clerk().get(&format!("/reports/inbound/rows?{MARCH}")).await.refused(403, "permission.denied");
        world
            .server
            .as_person(PersonBuilder::new("nobody"))
            .get("/reports")
            .await
            .refused(403, "permission.denied");
        let reader = PersonBuilder::new("reader").may(&["report.read"]);
        let mut reader = world.server.as_person(reader);
        reader
            .post("/report-statements", json!({ "sql": "select 1" }))
            .await
            .refused(403, "permission.denied");
        reader.get("/fact-tables").await.refused(403, "permission.denied");
    })
    .await;
}

#[tokio::test]
async fn what_stands_behind_a_number_is_what_was_counted() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        let rows =
            leader.get(&format!("/reports/unit/rows?{MARCH}&cell=unit:water&measure=settled")).await.ok();
        let numbers: Vec<_> =
            rows["cases"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
        assert_eq!(numbers, ["YZ-case-01", "YZ-case-00"]);
        let page =
            leader.get(&format!("/reports/unit/rows?{MARCH}&measure=created&limit=5&skip=10")).await.ok();
        assert_eq!((&page["total"], page["cases"].as_array().unwrap().len()), (&json!(12), 2));
        // Who may see numbers but not open the orders is told how many there are.
        let reader = PersonBuilder::new("reader")
            .may(&["report.read"])
            .may_within(kernel::Scope::Unit, &["case.read"]);
        let hidden = world
            .server
            .as_person(reader)
            .get(&format!("/reports/unit/rows?{MARCH}&measure=created"))
            .await
            .ok();
        assert_eq!((&hidden["total"], &hidden["hidden"]), (&json!(12), &json!(12)));
    })
    .await;
}

#[tokio::test]
async fn nonsense_and_malice_are_refused() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        leader.get(&format!("/reports/nothing?{MARCH}")).await.refused(404, "not_found");
        for query in [
            "from=2026-03-31&to=2026-03-01",
            "from=x&to=y",
            "from=2000-01-01&to=2026-01-01",
            "from=2020-01-01&to=2026-01-01&by=hour",
            "from=2026-03-01&to=2026-03-31&by=secret",
            "from=2026-03-01&to=2026-03-31&measures=secret",
            "from=2026-03-01&to=2026-03-31&where=secret:1",
            "from=2026-03-01&to=2026-03-31&sort=secret",
            "from=2026-03-01&to=2026-03-31&compare=secret",
            "from=2026-03-01&to=2026-03-31&by=day,week,month,year,hour",
        ] {
            leader.get(&format!("/reports/orders?{query}")).await.refused(422, "invalid");
        }
        let quoted =
            leader.get(&format!("/reports/orders?{MARCH}&where=district:x'%29%20or%20('1'='1")).await.ok();
        assert_eq!(quoted["totals"][0], Value::Null);
        for sql in [
            "drop table orders",
            "create table x as select 1",
            "create external table x stored as csv location '/etc/passwd'",
            "copy (select 1) to '/tmp/x.parquet'",
            "insert into orders values (1)",
            "set datafusion.execution.batch_size = 1",
            "select * from '/etc/passwd'",
            "select * from information_schema.tables",
            "select secret from orders",
            "select repeat('x', 2000000000)",
            "select lpad('x', 2000000000, 'y')",
            "select 1; select 2",
            "",
        ] {
            leader.post("/report-statements", json!({ "sql": sql })).await.refused(422, "invalid");
        }
        let many = "select a.value from generate_series(1, 1000000) a";
        let many = leader.post("/report-statements", json!({ "sql": many })).await.ok();
        assert_eq!((many["rows"].as_array().unwrap().len(), &many["cut"]), (2000, &json!(true)));
    })
    .await;
}

#[tokio::test]
async fn an_excel_file_is_a_report_and_no_text_becomes_a_formula() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let answer = world.leader().get(&format!("/reports/unit/file?{MARCH}&compare=previous")).await;
        assert_eq!(answer.status, 200);
        let mut book = zip::ZipArchive::new(std::io::Cursor::new(answer.body.to_vec())).unwrap();
        let mut text = String::new();
        for part in ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"] {
            std::io::Read::read_to_string(&mut book.by_name(part).unwrap(), &mut text).unwrap();
        }
        for word in ["承办单位办理情况", "统计区间：2026-03-01 ~ 2026-03-31", "水务局", "合计", "=cmd|roads"]
        {
            assert!(text.contains(word), "{word}");
        }
        assert!(!text.contains("<f>"), "a formula");
    })
    .await;
}

#[tokio::test]
async fn a_design_is_kept_shared_and_forgotten_by_its_owner() {
    on_both(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        let body = |shared: bool| json!({ "report": "unit", "name": "每月单位", "query": "kind=month", "shared": shared });
        let id = leader.post("/report-designs", body(true)).await.ok()["id"].as_str().unwrap().to_owned();
        leader.post("/report-designs", json!({ "report": "nothing", "name": "x", "query": "" })).await.refused(422, "invalid");
        leader.post("/report-designs", json!({ "report": "unit", "name": " ", "query": "" })).await.refused(422, "invalid");
        let mut reader = world.server.as_person(PersonBuilder::new("reader").may(&["report.read"]));
        let seen = reader.get("/report-designs").await.ok();
        assert_eq!((&seen[0]["name"], &seen[0]["own"]), (&json!("每月单位"), &json!(false)));
        reader.post("/report-designs", body(true)).await.refused(403, "permission.denied");
        reader.delete(&format!("/report-designs/{id}")).await.refused(404, "not_found");
        leader.delete(&format!("/report-designs/{id}")).await.done();
        assert_eq!(reader.get("/report-designs").await.ok(), json!([]));
    })
    .await;
}
