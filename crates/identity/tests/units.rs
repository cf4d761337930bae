//! Units over HTTP and in the database.

use std::sync::Arc;

use contract::identity::{UnitCharge, UnitHoldings, UnitId};
use kernel::BoxError;
use kernel::http::Idem;
use serde_json::json;
use testkit::on_both;

use crate::site::{city, person};

#[tokio::test(flavor = "multi_thread")]
async fn a_move_takes_everything_below_along() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await;
        let moved = system.patch("/units/office", json!({"version": 1, "parent_id": "works"})).await.ok();
        assert!(moved["path"].as_str().unwrap().ends_with("/works/office/"), "{moved}");
        let bureau = |version: i64, parent: &str| json!({"version": version, "parent_id": parent});
        system.patch("/units/works", bureau(1, "bureau")).await.refused(409, "unit.level");
        system.patch("/units/works", bureau(1, "office")).await.refused(409, "unit.cycle");
        system.patch("/units/bureau", bureau(7, "works")).await.refused(409, "stale_version");
        system.patch("/units/office", bureau(2, "bureau")).await.done();
        system.patch("/units/bureau", bureau(1, "works")).await.refused(409, "unit.level");
        // An empty bureau may become a sub-unit, and the reader of its old path is told that it is stale.
        system.patch("/units/works", bureau(1, "bureau")).await.done();
        let works = system.get("/units/works").await.ok();
        assert_eq!((works["level"].clone(), works["version"].clone()), (json!(3), json!(2)));
        assert_eq!(city.site.events("identity.unit_changed").await.len(), 4 + 3);
        assert_eq!(city.site.audited("office").await, ["unit.create", "unit.change", "unit.change"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_in_use_stays() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await;
        let off = json!({"version": 1, "active": false});
        let problem = system.patch("/units/bureau", off.clone()).await.refused(409, "unit.in_use");
        assert_eq!((problem["units"].clone(), problem["people"].clone()), (json!(1), json!(2)));
        system.patch("/units/works", off).await.done();
        let below = json!({"parent_id": "works", "code": "w-1", "name": "新科"});
        system.post("/units", below).await.refused(422, "invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creation_is_repeatable_and_codes_are_unique() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await.with_header("idempotency-key", "unit-0001");
        let draft = json!({"parent_id": "bureau", "code": "b-2", "name": "二科", "phone": "62340000"});
        let first = system.post("/units", draft.clone()).await;
        assert_eq!(first.status.as_u16(), 201);
        let second = system.post("/units", draft).await;
        assert_eq!(second.json(), first.json());
        let mut system = system.with_header("idempotency-key", "unit-0002");
        let taken = json!({"parent_id": "bureau", "code": "b-2", "name": "又一科"});
        let problem = system.post("/units", taken).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "code");
        let mut system = system.with_header("idempotency-key", "unit-0003");
        let second_root = json!({"parent_id": null, "code": "r2", "name": "另一中心"});
        system.post("/units", second_root).await.refused(409, "unit.level");
        let mut agent = city.client("agent1").await;
        let draft = json!({"parent_id": "bureau", "code": "b-3", "name": "三科"});
        agent.post("/units", draft).await.refused(403, "permission.denied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_units_is_right() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await;
        for n in 0..7 {
            let draft = json!({"parent_id": "works", "code": format!("w{n}"), "name": format!("{n}科%_")});
            system.post("/units", draft).await.done();
        }
        let whole = city.all(&mut system, "/units", 200).await;
        let pages = city.all(&mut system, "/units", 2).await;
        assert_eq!(whole.len(), 4 + 7);
        assert_eq!(whole, pages);
        assert_eq!(city.all(&mut system, "/units?under=works", 3).await.len(), 8);
        assert_eq!(city.all(&mut system, "/units?parent_id=works", 3).await.len(), 7);
        assert_eq!(city.all(&mut system, "/units?q=3%E7%A7%91", 3).await.len(), 1);
        assert_eq!(city.all(&mut system, "/units?level=2", 3).await.len(), 2);
    })
    .await;
}

/// Says that orders hang on every unit but one.
struct Orders;

#[async_trait::async_trait]
impl UnitCharge for Orders {
    async fn holdings(&self, id: &UnitId, _code: &str) -> Result<UnitHoldings, BoxError> {
        let orders = if id.as_str() == "works" { 0 } else { 4 };
        Ok(UnitHoldings { orders, tasks: orders, catalogue_rows: 0 })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_dissolved_only_with_a_successor_and_its_people_move() {
    on_both(|site| async move {
        let city = city(site).await;
        city.identity.ask(Arc::new(Orders));
        let mut system = city.client("sys1").await;
        let preview = system.get("/units/office/dissolution").await.ok();
        assert_eq!(preview, json!({"units": 0, "people": 1, "orders": 4, "tasks": 4, "catalogue_rows": 0}));
        let close = json!({"version": 1, "active": false});
        let problem = system.patch("/units/office", close).await.refused(409, "unit.in_use");
        assert_eq!(problem["orders"], 4);
        let path = "/units/office/dissolution";
        system.post(path, json!({"version": 1})).await.refused(409, "unit.in_use");
        system.post(path, json!({"version": 1, "successor_id": "office"})).await.refused(422, "invalid");
        system.post(path, json!({"version": 9, "successor_id": "works"})).await.refused(409, "stale_version");
        let bureau = json!({"version": 1, "successor_id": "works"});
        let problem = system.post("/units/bureau/dissolution", bureau).await.refused(409, "unit.in_use");
        assert_eq!(problem["units"], 1, "its office has to go first");

        let gone = system.post(path, json!({"version": 1, "successor_id": "works"})).await.ok();
        assert_eq!((&gone["active"], &gone["successor_id"]), (&json!(false), &json!("works")));
        let mut moved = city.client("office1").await;
        assert_eq!(moved.get("/session").await.ok()["unit_id"], "works");
        let told = city.site.events("identity.unit_dissolved").await;
        assert_eq!((told.len(), &told[0]["successor_id"]), (1, &json!("works")));
        system.post(path, json!({"version": 2, "successor_id": "works"})).await.refused(409, "unit.gone");
        assert_eq!(city.site.audited("office").await, ["unit.create", "unit.dissolve"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_people_are_closed_when_that_is_wished() {
    on_both(|site| async move {
        let city = city(site).await;
        city.identity.ask(Arc::new(Orders));
        let mut system = city.client("sys1").await;
        let mut clerk = city.client("office1").await;
        let wish = json!({"version": 1, "successor_id": "bureau", "people": "close"});
        system.post("/units/office/dissolution", wish).await.done();
        clerk.get("/session").await.refused(401, "session.required");
        let left = system.get("/people?unit_id=office&active=true").await.ok();
        assert_eq!(left["items"], json!([]));
        // Nothing hangs on this one, so nobody has to take over.
        system.post("/units/works/dissolution", json!({"version": 1})).await.done();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrators_of_a_kind_do_not_go_together_with_their_unit() {
    on_both(|site| async move {
        let city = city(site).await;
        city.identity.ask(Arc::new(Orders));
        let hire = async |account: &str, unit: &str| {
            let wish = person(account, "audit_admin", unit);
            city.identity.create_person(&city.site.ctx(), wish, &Idem::none()).await.unwrap();
        };
        hire("aud2", "works").await;
        hire("aud3", "works").await;
        let mut system = city.client("sys1").await;
        system.patch("/people/aud1", json!({"version": 1, "active": false})).await.done();
        let mut auditor = city.client("aud2").await;

        // Each of the two leaves another behind; both at once would leave none.
        let path = "/units/works/dissolution";
        for successor in [json!(null), json!("bureau")] {
            let wish = json!({"version": 1, "successor_id": successor, "people": "close"});
            system.post(path, wish).await.refused(409, "role.last_administrator");
        }
        assert_eq!(auditor.get("/session").await.ok()["unit_id"], "works");
        assert_eq!(system.get("/units/works").await.ok()["active"], true);
        let left = system.get("/people?unit_id=works&active=true").await.ok();
        assert_eq!(left["items"].as_array().unwrap().len(), 2);
        assert_eq!(city.site.audited("works").await, ["unit.create"]);

        // With one elsewhere they may go.
        hire("aud4", "bureau").await;
        system.post(path, json!({"version": 1, "people": "close"})).await.done();
        auditor.get("/session").await.refused(401, "session.required");
        // Moving takes nobody away, not even the very last.
        let wish = json!({"version": 1, "successor_id": "bureau"});
        system.post("/units/office/dissolution", wish).await.done();
    })
    .await;
}
