//! What citizens without an account can do (WEB-01, FBK-02, FBK-04).

use contract::cases::{CitizenDesk, CitizenDraft};
use kernel::http::Idem;
use kernel::{Ctx, Lang};
use serde_json::json;
use testkit::on_both;

use crate::support::World;

fn draft() -> CitizenDraft {
    CitizenDraft {
        r#type: "repair".to_owned(),
        title: "水管漏水".to_owned(),
        content: "小区门口水管漏水，路面积水。".to_owned(),
        name: "陈先生".to_owned(),
        phone: "13900005678".to_owned(),
        district: Some("云水区".to_owned()),
        ..CitizenDraft::default()
    }
}

#[tokio::test]
async fn a_citizen_follows_an_order_to_its_rating() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let desk: &dyn CitizenDesk = &world.cases;
        let ctx = world.site.ctx();
        let sent = desk.submit(&ctx, draft(), &Idem::none()).await.unwrap();
        let states = async || -> (String, Vec<String>, bool) {
            let seen = desk.look_up(&sent.number, &sent.query_code, Lang::Zh).await.unwrap().unwrap();
            (seen.status, seen.steps.into_iter().map(|step| step.state).collect(), seen.can_rate)
        };
        assert_eq!(
            states().await,
            (
                "draft_logged".to_owned(),
                ["current", "waiting", "waiting", "waiting", "waiting"].map(String::from).to_vec(),
                false
            )
        );
        assert!(desk.rate(&ctx, &sent.number, &sent.query_code, 5, "").await.is_err(), "too early");
        assert!(desk.look_up(&sent.number, "000000", Lang::Zh).await.unwrap().is_none());
        assert!(desk.look_up("YZ20260302999999", &sent.query_code, Lang::Zh).await.unwrap().is_none());

        let list = world.sign_in("leader").get(&format!("/cases?q={}", sent.number)).await.ok();
        let item = &list["items"][0];
        assert_eq!((&item["source"], &item["created_by_name"]), (&json!("portal"), &json!("市民")));
        let case = world.read("leader", item).await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let case = world.act("water_clerk", &case, "feedback", json!({ "result": "已修好" })).await;
        let seen = desk.look_up(&sent.number, &sent.query_code, Lang::En).await.unwrap().unwrap();
        assert_eq!(
            (seen.result, seen.status_name.as_str()),
            (None, "Awaiting review"),
            "an answer is shown once approved"
        );
        world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(states().await, ("approved".to_owned(), ["done"; 5].map(String::from).to_vec(), true));

        let rated = desk.rate(&ctx, &sent.number, &sent.query_code, 1, "又漏了").await.unwrap().unwrap();
        assert_eq!((rated.rating.unwrap().stars, rated.result.as_deref()), (1, Some("已修好")));
        assert!(desk.rate(&ctx, &sent.number, &sent.query_code, 5, "").await.is_err(), "once");
        let tasks = world.sign_in("leader").get("/tasks?step=follow_up").await.ok();
        assert_eq!(tasks["items"][0]["case_number"], sent.number.as_str());
        // The return visit goes on, and does not ask for stars again.
        let case = world.read("leader", &case).await;
        world.act("leader", &case, "return-visit", json!({ "reached": true, "comment": "已再次派人" })).await;
    })
    .await;
}

#[tokio::test]
async fn a_citizens_mistakes_are_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let ctx = Ctx { lang: Lang::En, ..world.site.ctx() };
        for (draft, expected) in [
            (CitizenDraft { r#type: "nonsense".to_owned(), ..draft() }, 422),
            (CitizenDraft { phone: String::new(), ..draft() }, 422),
            (CitizenDraft { category_id: Some("none".to_owned()), ..draft() }, 422),
            (CitizenDraft { content: "字".repeat(5001), ..draft() }, 422),
        ] {
            let problem = world.cases.submit(&ctx, draft, &Idem::none()).await.unwrap_err();
            assert!(problem.has_fields());
            assert_eq!(problem.status.as_u16(), expected);
        }
    })
    .await;
}

/// What an agent wrote down in a return visit is not the citizen's last word.
#[tokio::test]
async fn a_citizen_rates_after_the_return_visit() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.visited(5).await;
        let code = world.read("leader", &case).await["query_code"].as_str().unwrap().to_owned();
        let desk: &dyn CitizenDesk = &world.cases;
        let number = case["number"].as_str().unwrap();
        let seen = desk.look_up(number, &code, Lang::Zh).await.unwrap().unwrap();
        assert!(seen.can_rate);
        let rated = desk.rate(&world.site.ctx(), number, &code, 2, "说好的没修").await.unwrap().unwrap();
        assert_eq!((rated.can_rate, rated.rating.unwrap().stars), (false, 2));
        assert!(desk.rate(&world.site.ctx(), number, &code, 1, "").await.is_err());
        let open = world.sign_in("leader").get("/ratings?bad=1&state=open").await.ok();
        assert_eq!(open["items"][0]["source"], "portal");
    })
    .await;
}
