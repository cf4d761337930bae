//! Areas that are drawn, imported, changed and deleted.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, on_both};

use crate::support::{World, square};

async fn import(client: &mut Client, query: &str, file: &Value) -> Answer {
    let path = format!("/map/area-files?{query}");
    let bytes = file.to_string().into_bytes();
    client.send_raw(Method::POST, &path, Some("application/octet-stream"), bytes).await
}

fn feature(name: &str, west: f64) -> Value {
    json!({ "type": "Feature", "properties": { "name": name, "code": name },
        "geometry": { "type": "Polygon", "coordinates": square(west, 30.0) } })
}

fn collection(features: &[Value]) -> Value {
    json!({ "type": "FeatureCollection", "features": features })
}

#[tokio::test]
async fn an_area_is_drawn_renamed_reshaped_and_deleted() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut keeper = world.person("keeper", &["map.write"]);
        let drawn =
            json!({ "kind": "grid", "name": " 第一网格 ", "code": "001", "shape": [square(112.0, 30.0)] });
        let id = keeper.post("/map/areas", drawn.clone()).await.ok()["id"].as_str().unwrap().to_owned();
        let seen = keeper.get("/map/areas?kind=grid").await.ok();
        assert_eq!((&seen[0]["name"], &seen[0]["version"]), (&json!("第一网格"), &json!(1)));
        assert_eq!(seen[0]["shape"], json!([square(112.0, 30.0)]));
        assert_eq!(keeper.get("/map/areas?kind=street").await.ok(), json!([]));

        let path = format!("/map/areas/{id}");
        let renamed = json!({ "name": "甲", "code": "002", "version": 1 });
        keeper.put(&path, renamed.clone()).await.done();
        keeper.put(&path, renamed).await.refused(409, "stale_version");
        let moved = json!({ "name": "甲", "code": "002", "version": 2, "shape": [square(113.0, 30.0)] });
        keeper.put(&path, moved).await.done();
        let seen = keeper.get("/map/areas?kind=grid").await.ok();
        assert_eq!((&seen[0]["code"], &seen[0]["shape"][0][0][0][0]), (&json!("002"), &json!(113.0)));

        for bad in [
            json!({ "kind": "grid", "name": "", "shape": [square(112.0, 30.0)] }),
            json!({ "kind": "grid", "name": "a" }),
            json!({ "kind": "grid", "name": "a", "shape": [[[[112.0, 30.0], [113.0, 31.0]]]] }),
            json!({ "kind": "grid", "name": "a", "shape": [square(180.0, 30.0)] }),
            json!({ "kind": "planet", "name": "a", "shape": [square(112.0, 30.0)] }),
        ] {
            keeper.post("/map/areas", bad).await.refused(422, "invalid");
        }
        keeper.delete(&path).await.done();
        keeper.delete(&path).await.refused(404, "not_found");
        assert_eq!(keeper.get("/map/areas?kind=grid").await.ok(), json!([]));
        assert_eq!(world.site.audited(&id).await, ["map_area.change", "map_area.change", "map_area.drop"]);
        assert_eq!(world.site.events("map.areas_changed").await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_taken_whole_or_not_at_all() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut keeper = world.person("keeper", &["map.write"]);
        let two = collection(&[feature("甲区", 112.0), feature("乙区", 113.0)]);
        let taken = import(&mut keeper, "kind=district", &two).await.ok();
        assert_eq!(taken, json!({ "added": 2, "total": 2 }));
        let taken = import(&mut keeper, "kind=district", &collection(&[feature("丙区", 114.0)])).await.ok();
        assert_eq!(taken, json!({ "added": 1, "total": 3 }));

        // What is bad leaves everything as it was, also when all was to be replaced.
        let mut far = feature("丁区", 112.0);
        far["geometry"]["coordinates"][0][1][1] = json!(97.0);
        let bad = collection(&[feature("甲区", 112.0), far]);
        let refusal = import(&mut keeper, "kind=district&replace=true", &bad).await.refused(422, "invalid");
        assert!(refusal["errors"][0]["detail"].as_str().unwrap().contains("第 2 个区域"), "{refusal}");
        let many: Vec<Value> = (0..5_001).map(|number| feature(&number.to_string(), 112.0)).collect();
        import(&mut keeper, "kind=grid", &collection(&many)).await.refused(422, "invalid");
        import(&mut keeper, "kind=grid", &json!("text")).await.refused(422, "invalid");
        import(&mut keeper, "kind=grid&crs=moon", &two).await.refused(422, "invalid");
        assert_eq!(keeper.get("/map/areas?kind=district").await.ok().as_array().unwrap().len(), 3);

        let taken = import(&mut keeper, "kind=district&replace=true&crs=bd09", &two).await.ok();
        assert_eq!(taken, json!({ "added": 2, "total": 2 }));
        let seen = keeper.get("/map/areas?kind=district").await.ok();
        let corner = &seen[0]["shape"][0][0][0];
        let there = geo::crs::Crs::Bd09.to_cgcs2000([113.0, 30.0]);
        assert_eq!(seen[0]["name"], "乙区");
        assert!((corner[0].as_f64().unwrap() - there[0]).abs() < 1e-6, "{corner} {there:?}");
    })
    .await;
}
