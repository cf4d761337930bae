//! Use: counts, rankings, trail, favourites; reports and opinions.

use serde_json::json;
use testkit::on_both;

use crate::support::{World, entry};

#[tokio::test]
async fn every_use_is_counted_for_the_person_and_for_all() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let first = world.publish(entry("报停供水", "到窗口。")).await;
        let second = world.publish(entry("恢复供水", "到窗口。")).await;
        let mut agent = world.as_("agent");
        let shown = agent.get(&format!("/knowledge/entries/{first}")).await.ok();
        let answer = shown["answers"][0]["id"].as_str().unwrap();
        let read = |id: &str| format!("/knowledge/entries/{id}/uses");
        for purpose in ["read", "pasted"] {
            agent.post(&read(&first), json!({ "purpose": purpose, "answer_id": answer })).await.done();
        }
        agent.post(&read(&first), json!({ "purpose": "robot" })).await.refused(422, "invalid");
        for _ in 0..2 {
            world.as_("colleague").post(&read(&second), json!({ "purpose": "read" })).await.done();
        }
        world.server.anonymous().get(&format!("/portal/knowledge/entries/{second}")).await.done();
        let order = |ranking: serde_json::Value| -> Vec<(String, i64)> {
            let rows = ranking.as_array().unwrap().clone();
            rows.iter()
                .map(|row| (row["title"].as_str().unwrap().to_owned(), row["reads"].as_i64().unwrap()))
                .collect()
        };
        let all = agent.get("/knowledge/ranking?period=week").await.ok();
        assert_eq!(all[1]["uses"], 1);
        assert_eq!(order(all), [("恢复供水".to_owned(), 3), ("报停供水".to_owned(), 1)]);
        assert_eq!(order(agent.get("/knowledge/ranking?mine=true").await.ok()), [("报停供水".to_owned(), 1)]);
        assert_eq!(agent.get("/knowledge/trail").await.ok()[0]["title"], "报停供水");
        let shown = agent.get(&format!("/knowledge/entries/{first}")).await.ok();
        assert_eq!((&shown["views"], &shown["answers"][0]["views"]), (&json!(1), &json!(2)));
        assert_eq!(world.site.events("knowledge.entry_used").await.len(), 5);
        // A week later it is last week's.
        world.site.clock.set(world.site.kit.now().plus_secs(8 * 86_400));
        assert!(agent.get("/knowledge/ranking?period=week").await.ok().as_array().unwrap().is_empty());
        assert_eq!(agent.get("/knowledge/ranking?period=month").await.ok().as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn favourites_are_one_persons_own() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.publish(entry("水费账单", "每月寄送。")).await;
        let mut agent = world.as_("agent");
        let path = format!("/knowledge/favourites/{id}");
        agent.put(&path, json!({})).await.done();
        agent.put(&path, json!({})).await.done();
        assert_eq!(agent.get("/knowledge/favourites").await.ok().as_array().unwrap().len(), 1);
        assert!(
            world.as_("colleague").get("/knowledge/favourites").await.ok().as_array().unwrap().is_empty()
        );
        assert_eq!(agent.get(&format!("/knowledge/entries/{id}")).await.ok()["favourite"], true);
        agent.delete(&path).await.done();
        assert!(agent.get("/knowledge/favourites").await.ok().as_array().unwrap().is_empty());
        agent.put("/knowledge/favourites/nothing", json!({})).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_wrong_answer_is_a_task_of_whoever_maintains_it_and_of_nobody_else() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.publish(entry("营业时间", "九点到五点。")).await;
        let report = json!({ "text": "周末不营业" });
        world.as_("agent").post(&format!("/knowledge/entries/{id}/reports"), report).await.done();
        let mut citizen = world.server.anonymous();
        let opinion = json!({ "helpful": false, "text": "电话打不通" });
        citizen.post(&format!("/portal/knowledge/entries/{id}/opinion"), opinion).await.done();
        let mut writer = world.as_("writer");
        let open = writer.get("/knowledge/reports?state=open").await.ok();
        let texts: Vec<&str> =
            open["items"].as_array().unwrap().iter().map(|one| one["source"].as_str().unwrap()).collect();
        assert_eq!(texts.len(), 2);
        assert!(texts.contains(&"citizen") && texts.contains(&"agent"));
        assert_eq!(writer.get("/knowledge/tasks").await.ok()["reports"], 2);
        assert!(
            world.as_("police_writer").get("/knowledge/reports").await.ok()["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        let at = format!("/knowledge/reports/{}/resolution", open["items"][0]["id"].as_str().unwrap());
        let done = json!({ "fixed": true, "reply": "已更正" });
        world.as_("police_writer").post(&at, done.clone()).await.refused(404, "not_found");
        writer.post(&at, json!({ "fixed": true, "reply": " " })).await.refused(422, "invalid");
        writer.post(&at, done.clone()).await.done();
        writer.post(&at, done).await.refused(409, "knowledge.wrong_state");
        assert_eq!(writer.get("/knowledge/tasks").await.ok()["reports"], 1);
        assert_eq!(writer.get(&format!("/knowledge/entries/{id}")).await.ok()["unhelpful"], 1);
        // A page that is hammered stops listening.
        for _ in 0..5 {
            citizen
                .post(&format!("/portal/knowledge/entries/{id}/opinion"), json!({ "helpful": true }))
                .await
                .done();
        }
        let once_more = json!({ "helpful": true });
        citizen
            .post(&format!("/portal/knowledge/entries/{id}/opinion"), once_more)
            .await
            .refused(429, "rate.limited");
    })
    .await;
}
