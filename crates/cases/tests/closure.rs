//! Putting orders away and taking them up again.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn a_settled_order_is_put_away_and_taken_up_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let settled = world.visited(4).await;

        let archived = world.act("reviewer", &settled, "closure", json!({ "reason": "市民满意" })).await;
        assert_eq!(archived["status"], "archived");
        assert_eq!(archived["allowed"], json!(["reopen", "note", "praise"]));

        let reopened = world.reopen("reviewer", &archived, "问题重现").await.ok();
        assert_eq!((&reopened["status"], &reopened["unit"]), (&json!("draft_logged"), &json!(null)));
        assert_eq!((&reopened["reopened"], &reopened["rating"]), (&json!(1), &json!(null)));
        assert!(reopened["due_at"].is_i64(), "the dispatcher has a limit again");
        let again = world.act("dispatcher", &reopened, "dispatch", json!({ "unit_id": "roads" })).await;
        assert_eq!(again["unit"]["id"], "roads");
    })
    .await;
}

#[tokio::test]
async fn closing_takes_a_reason_and_the_right_step() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let handled = world.handled().await;
        world
            .try_act("reviewer", &handled, "closure", json!({ "reason": "急" }))
            .await
            .refused(409, "case.wrong_step");

        let settled = world.visited(4).await;
        let refused = world.try_act("reviewer", &settled, "closure", json!({ "reason": " " })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "reason");
        world.reopen("reviewer", &settled, "还没归档").await.refused(409, "case.wrong_step");
    })
    .await;
}
