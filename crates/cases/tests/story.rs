//! The main story, from writing to the archive.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn an_order_runs_from_writing_to_the_archive() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let number = case["number"].as_str().unwrap();
        assert!(number.starts_with("YZ20260302") && number.len() == 16, "{number}");
        assert_eq!(case["query_code"].as_str().unwrap().len(), 6);
        assert_eq!((&case["status"], &case["color"]), (&json!("draft_logged"), &json!("green")));
        assert_eq!(case["tasks"][0]["step"], "review");

        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        assert_eq!(case["tasks"][0]["step"], "dispatch");

        let dispatch = json!({ "unit_id": "north", "opinion": "请核实", "co_units": ["roads"] });
        let case = world.act("dispatcher", &case, "dispatch", dispatch).await;
        assert_eq!((&case["status"], &case["unit"]["name"]), (&json!("assigned"), &json!("水务局城北所")));

        let read = world.read("north_clerk", &case).await;
        let allowed = [
            "acceptance",
            "return",
            "assignment",
            "objection",
            "note",
            "links",
            "summons",
            "countersignature",
            "position",
        ];
        assert_eq!(read["allowed"], json!(allowed));
        let case = world.act("north_clerk", &case, "acceptance", json!({})).await;
        assert_eq!((&case["status"], &case["stage"]), (&json!("in_progress"), &json!("处理")));

        let case =
            world.act("roads_clerk", &case, "co-handling/answer", json!({ "text": "路面已配合恢复" })).await;
        let feedback = json!({ "result": "三盏路灯已修复。", "contacted": true });
        let case = world.act("north_clerk", &case, "feedback", feedback).await;
        assert_eq!((&case["status"], &case["in_time"]), (&json!("handled"), &json!(true)));

        let back = json!({ "decision": "back", "opinion": "请补充现场照片说明" });
        let case = world.act("reviewer", &case, "result-review", back).await;
        assert_eq!((&case["status"], &case["tasks"][0]["step"]), (&json!("assigned"), &json!("handling")));
        assert!(case["due_at"].is_i64(), "the unit's limit goes on");
        let feedback = json!({ "result": "三盏路灯已修复，附现场照片。", "contacted": true });
        let case = world.act("north_clerk", &case, "feedback", feedback).await;

        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!((&case["status"], &case["due_at"]), (&json!("approved"), &json!(null)));
        let visit = json!({ "reached": true, "satisfied": 5, "comment": "很满意" });
        let case = world.act("leader", &case, "return-visit", visit).await;
        assert_eq!(case["rating"], 5);
        let case = world.act("reviewer", &case, "closure", json!({ "reason": "办结" })).await;
        assert_eq!((&case["status"], &case["tasks"]), (&json!("archived"), &json!([])));

        assert_eq!(
            world.kinds(&case).await,
            [
                "created",
                "review_passed",
                "dispatched",
                "accepted",
                "co_handling_answered",
                "feedback_given",
                "result_rejected",
                "feedback_given",
                "result_passed",
                "visited",
                "closed",
            ]
        );
        let id = case["id"].as_str().unwrap();
        assert_eq!(
            world.site.audited(id).await,
            [
                "case.create",
                "case.review",
                "case.dispatch",
                "case.accept",
                "case.co_handling_answer",
                "case.feedback",
                "case.result_review",
                "case.feedback",
                "case.result_review",
                "case.return_visit",
                "case.close",
            ]
        );
        for (event, count) in [
            ("cases.case_created", 1),
            ("cases.case_reviewed", 3),
            ("cases.case_dispatched", 1),
            ("cases.case_accepted", 1),
            ("cases.case_feedback_given", 2),
            ("cases.case_closed", 1),
            ("cases.rating_given", 1),
            ("cases.case_archived", 1),
            ("cases.task_opened", 10),
            ("cases.task_closed", 10),
        ] {
            assert_eq!(world.site.events(event).await.len(), count, "{event}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_at_once_is_done() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["type"] = json!("consult");
        draft["answered_at_once"] = json!(true);
        draft["answer"] = json!("办事大厅周一至周五九点到十七点开放。");
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        assert_eq!((&case["status"], &case["tasks"]), (&json!("closed_at_once"), &json!([])));
        assert_eq!(case["due_at"], json!(null));
        assert_eq!(world.kinds(&case).await, ["answered_at_once"]);
        let case = world.reopen("leader", &case, "市民补充了新情况").await.ok();
        assert_eq!(
            (&case["status"], &case["tasks"][0]["step"]),
            (&json!("draft_logged"), &json!("dispatch"))
        );
    })
    .await;
}
