//! Search: what is found, in which order, why, by whom, and what happens when the index is gone.

use contract::knowledge::{Audience, KnowledgeQuestion, KnowledgeSearch as _};
use serde_json::json;
use testkit::on_both;

use crate::support::{World, entry, titles};

#[tokio::test]
async fn as_written_goes_before_the_same_meaning_and_that_before_the_same_sound() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let group = json!({ "kind": "synonym", "text": "供暖、供热" });
        world.as_("manager").post("/knowledge/words", group).await.done();
        world.publish(entry("供热费怎么交", "到营业厅。")).await;
        world.publish(entry("供暖费怎么交", "到营业厅。")).await;
        world.publish(entry("公暖管道", "归公司。")).await;
        assert_eq!(world.find("q=供暖").await, ["供暖费怎么交", "供热费怎么交", "公暖管道"]);
        assert_eq!(world.find("q=gongnuanfei").await[0], "供暖费怎么交");
        assert_eq!(world.find("q=gnf").await, ["供暖费怎么交"]);
        assert!(world.find("q=供暖費").await[0].starts_with("供暖费"), "traditional characters");
        assert_eq!(world.find("q=我想问一下家里的供暖费用应该怎么交").await[0], "供暖费怎么交");
        let found = world.as_("agent").get("/knowledge/search?q=供暖&explain=true").await.ok();
        let why = |at: usize| found["results"][at]["why"]["words"][0].clone();
        assert_eq!((&why(0)["how"], &why(0)["place"]), (&json!("exact"), &json!("title")));
        assert_eq!((&why(1)["how"], &why(1)["with"]), (&json!("synonym"), &json!("供热")));
        assert_eq!((&why(2)["how"], &why(2)["with"]), (&json!("sound"), &json!("公暖")));
        assert_eq!(found["results"][0]["title"]["marks"], json!([[0, 2]]));
        assert_eq!(found["results"][2]["title"]["marks"], json!([[0, 2]]));
    })
    .await;
}

#[tokio::test]
async fn a_number_finds_its_entry_and_filters_keep_what_holds_in_a_region() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let in_region = |title: &str, region: &str| {
            let mut content = entry(title, "到窗口办理。");
            content["region"] = json!(region);
            content
        };
        world.publish(in_region("全市水费减免", "990100")).await;
        world.publish(in_region("澜溪水费减免", "990102")).await;
        world.publish(in_region("云桥水费减免", "990103")).await;
        let mut found = world.find("q=水费减免&region=990102").await;
        found.sort();
        assert_eq!(found, ["全市水费减免", "澜溪水费减免"]);
        assert_eq!(world.find("q=水费减免&region=990100").await, ["全市水费减免"]);
        assert_eq!(world.find("q=水费减免&business=01").await.len(), 3, "what stands below is found as well");
        assert!(world.find("q=水费减免&business=11").await.is_empty());
        assert!(world.find("q=水费减免&kind=policy").await.is_empty());
        assert_eq!(world.find("q=zs000002").await[0], "澜溪水费减免");
        assert_eq!(world.find("q=ZS000003-1").await[0], "云桥水费减免");
        assert!(world.find("q=").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn citizens_never_find_what_is_internal() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut mixed = entry("水压不足", "请先检查阀门。");
        mixed["answers"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "html": "<p>内部口径：暂不承诺时限。</p>", "audience": "internal" }));
        let id = world.publish(mixed).await;
        let mut secret = entry("应急口径", "x");
        secret["answers"][0]["audience"] = json!("internal");
        let hidden = world.publish(secret).await;
        let mut citizen = world.server.anonymous();
        assert_eq!(titles(&citizen.get("/portal/knowledge/search?q=水压不足").await.ok()), ["水压不足"]);
        for words in ["暂不承诺时限", "应急口径", "ZS000002"] {
            let found = citizen.get(&format!("/portal/knowledge/search?q={words}")).await.ok();
            assert!(
                !found.to_string().contains("应急口径") && !found.to_string().contains("内部口径"),
                "{words}: {found}"
            );
        }
        let read = citizen.get(&format!("/portal/knowledge/entries/{id}")).await.ok();
        assert_eq!(read["answers"].as_array().unwrap().len(), 1);
        citizen.get(&format!("/portal/knowledge/entries/{hidden}")).await.refused(404, "not_found");
        assert_eq!(world.find("q=暂不承诺时限").await, ["水压不足"]);
        let ask = |audience| KnowledgeQuestion {
            text: "水压不足怎么办".to_owned(),
            region: None,
            audience,
            limit: 3,
        };
        let passages = world.knowledge.passages(&ask(Audience::Public)).await.unwrap();
        assert_eq!((passages[0].text.as_str(), passages[0].number.as_str()), ("请先检查阀门。", "ZS000001"));
        assert!(passages.iter().all(|passage| passage.title != "应急口径"));
    })
    .await;
}

#[tokio::test]
async fn an_index_that_is_deleted_or_cut_off_is_built_anew_and_work_goes_on_meanwhile() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.publish(entry("水管爆裂", "立即抢修。")).await;
        let folder = world.site.kit.config.data_dir.join("knowledge-index");
        let files = || -> Vec<std::path::PathBuf> {
            let index = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
            std::fs::read_dir(index.join("staff")).unwrap().map(|file| file.unwrap().path()).collect()
        };
        // Cut off in the middle of being read: named, never fatal.
        for file in files().iter().filter(|file| file.extension().is_some()) {
            std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(3).unwrap();
        }
        let found = world.as_("agent").get("/knowledge/search?q=水管爆裂").await.ok();
        assert_eq!((titles(&found), &found["degraded"]), (vec!["水管爆裂".to_owned()], &json!(true)));
        world.knowledge.keep_index().await.unwrap();
        let found = world.as_("agent").get("/knowledge/search?q=shuiguanbaolie").await.ok();
        assert_eq!((titles(&found), &found["degraded"]), (vec!["水管爆裂".to_owned()], &json!(false)));
        // Deleted as a whole.
        std::fs::remove_dir_all(&folder).unwrap();
        world.knowledge.keep_index().await.unwrap();
        assert_eq!(world.find("q=sgbl").await, ["水管爆裂"]);
        assert!(!files().is_empty());
        // A new one by hand.
        assert_eq!(world.knowledge.reindex().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn words_are_tried_before_they_are_in_force_and_hold_at_once_without_a_restart() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.publish(entry("一户一表改造", "免费改造。")).await;
        world.publish(entry("户外广告", "到城管局。")).await;
        let mut manager = world.as_("manager");
        let trial = json!({ "text": "分户装表", "synonyms": ["分户装表 一户一表"] });
        let tried = manager.post("/knowledge/words/trial", trial).await.ok();
        assert_eq!(titles(&tried["after"])[0], "一户一表改造");
        assert_eq!(tried["after"]["results"][0]["why"]["words"][0]["how"], "synonym");
        assert!(
            tried["before"]["results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["why"]["words"][0]["how"] != "synonym")
        );
        let body = json!({ "kind": "synonym", "text": "分户装表 一户一表" });
        manager.post("/knowledge/words", body).await.done();
        assert_eq!(world.find("q=分户装表").await[0], "一户一表改造");
        let words = manager.get("/knowledge/words?kind=synonym").await.ok();
        let id = words[0]["id"].as_str().unwrap();
        manager.delete(&format!("/knowledge/words/{id}")).await.done();
        manager.delete(&format!("/knowledge/words/{id}")).await.refused(404, "not_found");
        manager
            .post("/knowledge/words", json!({ "kind": "synonym", "text": "独字" }))
            .await
            .refused(422, "invalid");
    })
    .await;
}
