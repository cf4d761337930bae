//! Writing, review, publication, versions, expiry.

use kernel::Ctx;
use serde_json::json;
use testkit::on_both;

use crate::support::{World, entry};

#[tokio::test]
async fn an_entry_goes_from_the_draft_over_review_to_readers() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut writer = world.as_("writer");
        let empty = json!({ "content": { "title": "停水怎么办" } });
        let made = writer.post("/knowledge/entries", empty).await.ok();
        let id = made["id"].as_str().unwrap();
        assert_eq!(made["number"], "ZS000001");
        let at = |what: &str| format!("/knowledge/entries/{id}/{what}");
        // A draft may be incomplete, a submission not.
        let refused = writer.post(&at("submission"), json!({ "version": 1 })).await.refused(422, "invalid");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 4);
        world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.refused(404, "not_found");
        let save =
            |version| json!({ "version": version, "content": entry("停水怎么办", "请致电水务热线。") });
        let saved = writer.put(&at("draft"), save(1)).await.ok();
        assert_eq!(saved["content"]["answers"][0]["number"], "ZS000001-1");
        writer.put(&at("draft"), save(1)).await.refused(409, "stale_version");
        writer.post(&at("submission"), json!({ "version": 2 })).await.done();
        writer.put(&at("draft"), save(3)).await.refused(409, "knowledge.wrong_state");
        // Sent back with a reason, put right, passed.
        let mut reviewer = world.as_("reviewer");
        let back = json!({ "version": 3, "passed": false, "opinion": "" });
        reviewer.post(&at("decision"), back).await.refused(422, "invalid");
        let back = json!({ "version": 3, "passed": false, "opinion": "请补充电话" });
        reviewer.post(&at("decision"), back).await.done();
        assert_eq!(writer.get("/knowledge/tasks").await.ok()["returned"], 1);
        writer.put(&at("draft"), save(4)).await.done();
        writer.post(&at("submission"), json!({ "version": 5 })).await.done();
        reviewer.post(&at("decision"), json!({ "version": 6, "passed": true })).await.done();
        let shown = world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.ok();
        assert_eq!((&shown["state"], &shown["publisher"]), (&json!("published"), &json!("水务局")));
        assert_eq!(shown["answers"][0]["text"], "请致电水务热线。");
        assert_eq!(world.site.events("knowledge.entry_published").await.len(), 1);
        let history = writer.get(&at("history")).await.ok();
        let actions: Vec<&str> = history["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["published", "submitted", "saved", "returned", "submitted", "saved", "created"]);
    })
    .await;
}

#[tokio::test]
async fn an_author_never_reviews_the_own_text_and_each_stage_has_another_reviewer() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let stages = json!({ "stages": 2, "version": 0 });
        world.as_("manager").put("/knowledge/stages/990100", stages).await.done();
        let id = world.write("author_reviewer", entry("换水表", "向水务公司申请。")).await;
        let at = |what: &str| format!("/knowledge/entries/{id}/{what}");
        let mut author = world.as_("author_reviewer");
        author.post(&at("submission"), json!({ "version": 1 })).await.done();
        let pass = |version| json!({ "version": version, "passed": true });
        author.post(&at("decision"), pass(2)).await.refused(409, "knowledge.own_text");
        assert_eq!(author.get("/knowledge/tasks").await.ok()["to_review"], 0);
        let mut first = world.as_("reviewer");
        assert_eq!(first.get("/knowledge/tasks").await.ok()["to_review"], 1);
        first.post(&at("decision"), pass(2)).await.done();
        first.post(&at("decision"), pass(3)).await.refused(409, "knowledge.same_reviewer");
        assert_eq!(first.get("/knowledge/tasks").await.ok()["to_review"], 0);
        world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.refused(404, "not_found");
        world.as_("reviewer2").post(&at("decision"), pass(3)).await.done();
        world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.done();
    })
    .await;
}

#[tokio::test]
async fn readers_keep_what_holds_while_the_next_version_is_written_and_both_can_be_compared() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.publish(entry("水费多少", "每吨3元。")).await;
        let at = |what: &str| format!("/knowledge/entries/{id}/{what}");
        let mut writer = world.as_("writer");
        let draft = writer.get(&at("draft")).await.ok();
        let mut content = draft["content"].clone();
        content["answers"][0]["html"] = json!("<p>每吨4元。</p><script>alert(1)</script>");
        let saved =
            writer.put(&at("draft"), json!({ "version": draft["version"], "content": content })).await.ok();
        assert_eq!(saved["content"]["answers"][0]["html"], "<p>每吨4元。</p>");
        let shown = world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.ok();
        assert_eq!(shown["answers"][0]["text"], "每吨3元。");
        let compared = writer.get(&at("comparison?from=1&to=2")).await.ok();
        let differing: Vec<&serde_json::Value> =
            compared.as_array().unwrap().iter().filter(|field| field["differs"] == true).collect();
        assert_eq!(differing.len(), 1);
        assert_eq!(differing[0]["answer"], "ZS000001-1");
        world.as_("agent").get(&at("comparison?from=1&to=2")).await.refused(404, "not_found");
        world.pass(&id).await;
        let shown = world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.ok();
        assert_eq!((&shown["answers"][0]["text"], &shown["no"]), (&json!("每吨4元。"), &json!(2)));
    })
    .await;
}

#[tokio::test]
async fn what_has_expired_or_was_withdrawn_is_no_longer_read_and_can_come_back() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut content = entry("春节停水安排", "不停水。");
        content["valid_to"] = json!(world.site.kit.now().plus_secs(3600).0);
        let id = world.publish(content).await;
        let path = format!("/knowledge/entries/{id}");
        assert_eq!(world.find("q=春节停水安排").await.len(), 1);
        world.site.clock.set(world.site.kit.now().plus_secs(3600));
        world.as_("agent").get(&path).await.refused(404, "not_found");
        assert!(
            world.find("q=春节停水安排").await.is_empty(),
            "the index has not heard of it, the search has"
        );
        let ctx = Ctx::system("test", world.site.kit.now());
        assert_eq!(world.knowledge.expire(&ctx).await.unwrap(), 1);
        assert_eq!(world.knowledge.expire(&ctx).await.unwrap(), 0);
        assert_eq!(world.site.events("knowledge.entry_withdrawn").await.len(), 1);
        world.index().await;
        assert_eq!(world.knowledge.index_status().entries, 0);

        let other = world.publish(entry("水表坏了", "免费更换。")).await;
        let at = |what: &str| format!("/knowledge/entries/{other}/{what}");
        let version = world.version(&other).await;
        let mut reviewer = world.as_("reviewer");
        let reason = json!({ "version": version, "reason": "口径有变" });
        world.as_("writer").post(&at("withdrawal"), reason.clone()).await.refused(403, "permission.denied");
        reviewer
            .delete(&format!("/knowledge/entries/{other}?version={version}"))
            .await
            .refused(409, "knowledge.wrong_state");
        reviewer.post(&at("withdrawal"), reason).await.done();
        world.index().await;
        assert!(world.find("q=水表坏了").await.is_empty());
        reviewer.delete(&at(&format!("withdrawal?version={}", version + 1))).await.done();
        world.index().await;
        assert_eq!(world.find("q=水表坏了").await, ["水表坏了"]);
        // What is withdrawn may be deleted, with all that belongs to it.
        let reason = json!({ "version": version + 2, "reason": "不再需要" });
        reviewer.post(&at("withdrawal"), reason).await.done();
        reviewer.delete(&format!("/knowledge/entries/{other}?version={}", version + 3)).await.done();
        reviewer.get(&at("history")).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_published_entry_is_due_for_another_reading_until_somebody_confirms_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut content = entry("水质标准", "按国家标准。");
        content["review_at"] = json!(world.site.kit.now().plus_secs(86_400).0);
        let id = world.publish(content).await;
        let mut chief = world.as_("chief");
        assert_eq!(chief.get("/knowledge/tasks").await.ok()["due"], 0);
        world.site.clock.set(world.site.kit.now().plus_secs(86_400));
        assert_eq!(chief.get("/knowledge/tasks").await.ok()["due"], 1);
        assert_eq!(chief.get("/knowledge/entries?shelf=due").await.ok()["items"][0]["id"], id);
        let version = world.version(&id).await;
        let past = json!({ "version": version, "next_at": 1 });
        let at = format!("/knowledge/entries/{id}/confirmation");
        chief.post(&at, past).await.refused(422, "invalid");
        chief.post(&at, json!({ "version": version })).await.done();
        assert_eq!(chief.get("/knowledge/tasks").await.ok()["due"], 0);
    })
    .await;
}

#[tokio::test]
async fn links_to_the_entry_itself_go_and_links_to_what_is_gone_are_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let other = world.publish(entry("水表", "水表归水务公司所有。")).await;
        let gone = "01890a5d-ac96-774b-bcce-b302099a8057";
        let id = world.write("writer", entry("换水表", "x")).await;
        let html = format!(
            "<p><a href=\"entry/{id}\">自己</a><a href=\"entry/{other}\">水表</a><a href=\"entry/{gone}\">没了</a></p>"
        );
        let mut content = entry("换水表", "");
        content["answers"][0]["html"] = json!(html);
        world.as_("writer").put(&format!("/knowledge/entries/{id}/draft"), json!({ "version": 1, "content": content })).await.done();
        world.pass(&id).await;
        let shown = world.as_("agent").get(&format!("/knowledge/entries/{id}")).await.ok();
        let links: Vec<(&str, bool)> = shown["links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| (link["id"].as_str().unwrap(), link["found"].as_bool().unwrap()))
            .collect();
        assert_eq!(links, [(other.as_str(), true), (gone, false)]);
        let back = world.as_("agent").get(&format!("/knowledge/entries/{other}")).await.ok();
        assert_eq!(back["linked_from"][0]["title"], "换水表");
    })
    .await;
}
