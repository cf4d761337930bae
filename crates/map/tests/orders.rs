//! Orders on the map: counted by place and area, listed.

use contract::insight::PlaceRow;
use kernel::Scope;
use serde_json::json;
use testkit::{PersonBuilder, on_both};

use crate::support::{World, square};

fn row(lng: f64, lat: f64, day: i64, count: i64) -> PlaceRow {
    PlaceRow { lng, lat, day, count, open: 1, red: i64::from(day == 1) }
}

#[tokio::test]
async fn orders_are_counted_by_the_area_around_them_and_listed() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut keeper = world.person("keeper", &["map.write", "map.read"]);
        for (name, west) in [("甲区", 112.0), ("乙区", 113.0)] {
            let area =
                json!({ "kind": "district", "name": name, "code": name, "shape": [square(west, 30.0)] });
            keeper.post("/map/areas", area).await.done();
        }
        *world.city.rows.lock().unwrap() = vec![
            row(112.5, 30.5, 0, 4),
            row(112.5, 30.5, 1, 2),
            row(113.5, 30.5, 1, 1),
            row(120.0, 30.5, 0, 5),
        ];
        let mut clerk = world.server.as_person(
            PersonBuilder::new("clerk").unit("/centre/water/").may_within(Scope::Subtree, &["map.read"]),
        );
        let path = "/map/orders?from=2026-03-01&to=2026-03-02&where=type:complaint&unit_id=water";
        let seen = clerk.get(path).await.ok();
        let numbers: Vec<_> = ["total", "unplaced", "outside", "grain_m"].map(|name| &seen[name]).to_vec();
        assert_eq!(numbers, [&json!(12), &json!(3), &json!(5), &json!(1)]);
        let areas = seen["areas"].as_array().unwrap();
        let of = |name: &str| areas.iter().find(|area| area["name"] == name).unwrap();
        assert_eq!(
            (&of("甲区")["count"], &of("甲区")["open"], &of("甲区")["red"]),
            (&json!(6), &json!(2), &json!(1))
        );
        assert_eq!(of("乙区")["count"], 1);
        assert_eq!(seen["places"][3][6], -1.0);
        {
            let asked = world.city.asked.lock().unwrap();
            let (question, reach) = asked.last().unwrap();
            assert_eq!((*reach, &*question.conditions), (Scope::Subtree, "type:complaint"));
            assert_eq!(question.unit_id.as_deref(), Some("water"));
        }

        let id = of("甲区")["id"].as_str().unwrap();
        let span = "from=2026-03-01&to=2026-03-02";
        let list = clerk.get(&format!("/map/orders/rows?{span}&area_id={id}&limit=1")).await.ok();
        assert_eq!((&list["total"], list["items"].as_array().unwrap().len()), (&json!(2), 1));
        let list = clerk.get(&format!("/map/orders/rows?{span}&bounds=113,30,121,31&day=1")).await.ok();
        assert_eq!(list["total"], 2);
        {
            let asked = world.city.asked.lock().unwrap();
            let (question, _) = asked.last().unwrap();
            assert_eq!((&*question.from, &*question.to), ("2026-03-02", "2026-03-02"));
        }
        for bad in ["bounds=1,2,3", "bounds=3,1,2,4", "bounds=a,b,c,d", "", "bounds=1,1,2,2&skip=10001"] {
            clerk.get(&format!("/map/orders/rows?{span}&{bad}")).await.refused(422, "invalid");
        }
        clerk.get(&format!("/map/orders/rows?{span}&area_id=nobody")).await.refused(404, "not_found");
        let file = clerk.get(&format!("/map/orders/file?{span}")).await;
        assert!(file.status.is_success() && file.body.starts_with(b"PK"));
    })
    .await;
}
