//! What maintainers are told without asking, and entries out of answered orders.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::cases::{AnsweredCase, CaseBrief, CaseId, CaseLookup};
use contract::contacts::ContactId;
use contract::messages::{Notice, Notifier};
use contract::voice::CallId;
use kernel::{BoxError, Ctx, Principal};
use serde_json::json;
use testkit::on_both;

use crate::support::{World, entry};

#[derive(Default)]
struct Bell(Mutex<Vec<Notice>>);

#[async_trait]
impl Notifier for Bell {
    async fn notify(&self, _: &Ctx, notice: Notice) -> Result<(), BoxError> {
        let mut told = self.0.lock().unwrap();
        if told.iter().all(|known| known.key != notice.key) {
            told.push(notice);
        }
        Ok(())
    }
}

impl Bell {
    /// Kind and people of everything that was told.
    fn told(&self) -> Vec<(String, Vec<String>)> {
        let told = self.0.lock().unwrap();
        told.iter()
            .map(|one| (one.kind.clone(), one.people.iter().map(|id| id.0.clone()).collect()))
            .collect()
    }
}

struct Orders;

#[async_trait]
impl CaseLookup for Orders {
    async fn cases_of(&self, _: &ContactId, _: i64) -> Result<Vec<CaseBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn by_number(&self, _: &str) -> Result<Option<CaseBrief>, BoxError> {
        Ok(None)
    }
    async fn of_call(&self, _: &CallId) -> Result<Vec<CaseBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn answered(&self, by: &Principal, id: &CaseId) -> Result<Option<AnsweredCase>, BoxError> {
        Ok((id.as_str() == "done" && by.person_id == "writer").then(|| AnsweredCase {
            number: "YZ1".to_owned(),
            title: "水表检定怎么收费".to_owned(),
            content: "王小明来电19900001234询问水表检定收费".to_owned(),
            answer: "每只30元。".to_owned(),
            contact_name: "王小明".to_owned(),
        }))
    }
}

#[tokio::test]
async fn maintainers_are_told_once_of_what_waits_for_them() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let bell = Arc::new(Bell::default());
        world.knowledge.serve_with(Arc::new(Orders), bell.clone());
        let remind = async || {
            world.site.clock.advance_millis(60_000);
            world.knowledge.remind(&world.site.ctx()).await.unwrap();
        };
        let mut content = entry("水表检定", "三十元。");
        let now = world.site.kit.now();
        content["valid_to"] = json!(now.plus_secs(9 * 86_400).0);
        content["review_at"] = json!(now.plus_secs(86_400).0);
        let id = world.write("writer", content).await;
        remind().await;
        assert!(bell.told().is_empty(), "a draft is its author's own");
        let submission = json!({ "version": world.version(&id).await });
        let path = format!("/knowledge/entries/{id}");
        world.as_("writer").post(&format!("{path}/submission"), submission).await.done();
        remind().await;
        remind().await;
        let review = ("knowledge_review".to_owned(), vec!["chief".to_owned()]);
        assert_eq!(bell.told(), std::slice::from_ref(&review), "once");
        let decision = json!({ "version": 2, "passed": true });
        world.as_("reviewer").post(&format!("{path}/decision"), decision).await.done();
        let wrong = json!({ "text": "已涨价" });
        world.as_("agent").post(&format!("{path}/reports"), wrong).await.done();
        remind().await;
        let report = ("knowledge_report".to_owned(), vec!["writer".to_owned()]);
        assert_eq!(bell.told(), [review.clone(), report.clone()]);
        assert_eq!(bell.0.lock().unwrap()[1].facts["note"], "已涨价");
        for _ in 0..4 {
            world.site.clock.advance_millis(43_200_000);
            remind().await;
        }
        let kinds: Vec<String> = bell.told().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds[2..], ["knowledge_due", "knowledge_expiring"]);
        for _ in 0..16 {
            world.site.clock.advance_millis(43_200_000);
            world.knowledge.expire(&world.site.ctx()).await.unwrap();
            remind().await;
        }
        let kinds: Vec<String> = bell.told().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds[4..], ["knowledge_expired"]);
    })
    .await;
}

#[tokio::test]
async fn where_nobody_of_the_unit_can_the_unit_above_is_told() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let bell = Arc::new(Bell::default());
        world.knowledge.serve_with(Arc::new(Orders), bell.clone());
        let id = world.write("pipes_writer", entry("管网抢修", "联系管网所。")).await;
        let submission = json!({ "version": 1 });
        world
            .as_("pipes_writer")
            .post(&format!("/knowledge/entries/{id}/submission"), submission)
            .await
            .done();
        world.knowledge.remind(&world.site.ctx()).await.unwrap();
        assert_eq!(bell.told(), [("knowledge_review".to_owned(), vec!["chief".to_owned()])]);
    })
    .await;
}

#[tokio::test]
async fn an_answered_order_becomes_a_draft_without_its_citizen() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let path = "/knowledge/case-drafts/done";
        world.as_("writer").get(path).await.refused(404, "not_found");
        world.knowledge.serve_with(Arc::new(Orders), Arc::new(Bell::default()));
        let draft = world.as_("writer").get(path).await.ok();
        let said = draft.to_string();
        assert!(!said.contains("王小明") && !said.contains("19900001234"), "{said}");
        assert!(said.contains("30元") && said.contains("YZ1"), "{said}");
        assert_eq!(draft["answers"][0]["audience"], "internal");
        world.as_("writer").get("/knowledge/case-drafts/open").await.refused(404, "not_found");
        world.as_("police_writer").get(path).await.refused(404, "not_found");
        world.as_("agent").get(path).await.refused(403, "permission.denied");
        // Nothing was written by looking; the author saves it as any other.
        let list = world.as_("writer").get("/knowledge/entries?shelf=maintained").await.ok();
        assert!(list["items"].as_array().unwrap().is_empty());
        let mut content = draft.clone();
        content["region"] = json!("990100");
        content["business"] = json!("0101");
        world.as_("writer").post("/knowledge/entries", json!({ "content": content })).await.done();
    })
    .await;
}
