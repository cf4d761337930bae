//! What an agent is offered while an order is written.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::{World, history, order, passage};

fn value<'a>(help: &'a Value, field: &str) -> Option<&'a str> {
    help["suggestions"].as_array()?.iter().find(|one| one["field"] == field)?["value"].as_str()
}

#[tokio::test]
async fn fields_unit_knowledge_and_duplicates_come_with_their_reasons() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut lift = order("1", "听澜雅苑3号楼停水三天了，物业和水务都不管，家里没有水");
        lift.address = Some("听澜雅苑3号楼".to_owned());
        lift.phone = Some("19900001234".to_owned());
        let mut all = history(240);
        all.push(lift);
        world.write(all).await;
        world.town.entries.lock().unwrap().push(passage("k1", "停水了怎么办", "请先查看停水公告。"));
        let mut agent = world.agent("agent");
        let silent = agent
            .post("/assist/suggestions", json!({ "content": "听澜雅苑3号楼停水三天了，水压也低" }))
            .await
            .ok();
        assert_eq!(silent["missing"], json!(["model"]), "nothing was learnt yet, and that is said");
        assert_eq!(value(&silent, "category_id"), None);
        world.bot.learn(&world.site.ctx(), false).await.unwrap();
        let help = agent
            .post(
                "/assist/suggestions",
                json!({ "content": "听澜雅苑3号楼昨天下午停水，水压低，没有水，联系电话19900001234" }),
            )
            .await
            .ok();
        assert_eq!(help["missing"], json!([]));
        assert_eq!(value(&help, "category_id"), Some("water"));
        assert_eq!(value(&help, "unit_id"), Some("water-bureau"));
        assert_eq!(value(&help, "district"), Some("澜溪区"));
        assert_eq!(value(&help, "address"), Some("听澜雅苑3号楼"));
        assert_eq!(value(&help, "phone"), Some("19900001234"));
        let category =
            help["suggestions"].as_array().unwrap().iter().find(|one| one["field"] == "category_id").unwrap();
        assert!(
            category["confidence"].as_f64().unwrap() >= 0.5 && category["origin"] == "model",
            "{category}"
        );
        assert!(!category["reasons"].as_array().unwrap().is_empty(), "{category}");
        assert_eq!(help["mentions"][0]["value"], "2026-03-01T13:00:00");
        let same = &help["same"][0];
        assert_eq!(same["id"], "1");
        let codes: Vec<&str> =
            same["reasons"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
        assert!(codes.contains(&"caller") && codes.contains(&"address"), "{codes:?}");
        assert!(same.get("phone").is_none(), "numbers are compared, never shown");
        assert_eq!(help["entries"][0]["entry_id"], "k1");
    })
    .await;
}

#[tokio::test]
async fn a_neighbour_that_fails_is_missing_and_the_rest_is_there() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.write(Vec::new()).await;
        *world.town.knowledge_fails.lock().unwrap() = true;
        let help = world
            .agent("agent")
            .post("/assist/suggestions", json!({ "content": "柳津大道路灯不亮，电话19900001234" }))
            .await
            .ok();
        assert_eq!(help["missing"], json!(["model", "knowledge"]));
        assert_eq!(value(&help, "phone"), Some("19900001234"));
    })
    .await;
}

#[tokio::test]
async fn nobody_sees_orders_that_they_may_not_read_and_long_texts_are_refused() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let text = "柳津大道工地夜里施工噪音很大，吵得全楼睡不着";
        world.write(vec![order("1", text), order("own1", text)]).await;
        let body = json!({ "content": text });
        let mut clerk = world.with("clerk", &["case.create"]);
        let help = clerk.post("/assist/suggestions", body.clone()).await.ok();
        let ids: Vec<&str> =
            help["same"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["own1"]);
        world.agent("agent").get("/assist/cases/1").await.done();
        clerk.get("/assist/cases/1").await.refused(404, "not_found");
        clerk
            .post("/assist/suggestions", json!({ "content": "水".repeat(10_001) }))
            .await
            .refused(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn overrides_are_kept_to_learn_from() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.write(vec![order("own1", "停水")]).await;
        let choice = |suggested: &str, chosen: &str| {
            json!({ "field": "category_id", "suggested": suggested, "chosen": chosen, "origin": "model",
                    "confidence": 0.7 })
        };
        let mut agent = world.agent("agent");
        let body =
            json!({ "case_id": "own1", "choices": [choice("water", "noise"), choice("water", "water")] });
        agent.post("/assist/choices", body).await.done();
        agent
            .post("/assist/choices", json!({ "choices": vec![choice("a", "b"); 21] }))
            .await
            .refused(422, "invalid");
        let list = world.with("admin", &["assist.learn"]).get("/assist/models").await.ok();
        assert_eq!(list["uses"], json!([{ "field": "category_id", "asked": 2, "accepted": 1 }]));
    })
    .await;
}

#[tokio::test]
async fn citizens_are_told_of_own_orders_and_only_how_many_others() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let text = "柳津大道路灯不亮，晚上走路看不见，请尽快维修路灯";
        let mut mine = order("1", text);
        mine.number = "YZ202603020077".to_owned();
        let mut all = vec![mine];
        all.extend(["2", "3", "4"].map(|id| order(id, text)));
        world.write(all).await;
        let mut citizen = world.server.anonymous();
        let own = |code: &str| json!([{ "number": "YZ202603020077", "code": code }]);
        let told =
            citizen.post("/portal/similar", json!({ "content": text, "own": own("402913") })).await.ok();
        assert_eq!(told["own"][0]["status_name"], "开始处理");
        assert_eq!(told["others"], 3);
        let text_of_all = told.to_string();
        assert!(!text_of_all.contains("YZ20260302002"), "nothing of others: {text_of_all}");
        let stranger =
            citizen.post("/portal/similar", json!({ "content": text, "own": own("000000") })).await.ok();
        assert_eq!(stranger["own"], json!([]));
        let few = citizen.post("/portal/similar", json!({ "content": "咨询公积金提取" })).await.ok();
        assert_eq!(few["others"], 0);
    })
    .await;
}

#[tokio::test]
async fn orders_of_one_event_are_a_topic_and_proposed_to_be_merged_until_said_otherwise() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let text = |tail: &str| format!("听澜雅苑3号楼电梯坏了三天没人修，老人上不去{tail}");
        let mut orders: Vec<_> =
            ["1", "2", "3"].map(|id| order(id, &text(&format!("，{id}楼业主")))).into_iter().collect();
        for (at, one) in orders.iter_mut().enumerate() {
            one.address = Some("听澜雅苑3号楼".to_owned());
            one.created_at += i64::try_from(at).unwrap();
            one.phone = Some(format!("1990000000{at}"));
        }
        world.write(orders).await;
        let mut leader = world.with("leader", &["topic.read", "case.read", "case.merge", "case.export"]);
        let topics = leader.get("/assist/topics?least=3").await.ok();
        assert_eq!(
            (topics[0]["count"].as_i64(), topics[0]["callers"].as_i64()),
            (Some(3), Some(3)),
            "{topics}"
        );
        leader.get("/assist/topics.xlsx").await.done();
        let proposals = leader.get("/assist/merge-proposals").await.ok();
        assert_eq!(proposals[0]["main"]["id"], "1", "the oldest answers for the others");
        assert_eq!(proposals[0]["parts"].as_array().unwrap().len(), 2);
        let pair = json!({ "one": "1", "other": "2" });
        leader.post("/assist/merge-proposals/dismissals", pair).await.done();
        let proposals = leader.get("/assist/merge-proposals").await.ok();
        let parts: Vec<&str> =
            proposals[0]["parts"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(parts, ["3"]);
        let mut blind = world.with("blind", &["topic.read"]);
        assert_eq!(blind.get("/assist/topics?least=3").await.ok()[0]["orders"], json!([]));
    })
    .await;
}
