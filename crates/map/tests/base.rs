//! The base map: imported, served, replaced; the old one stays when the new one is bad.

use std::path::PathBuf;

use serde_json::json;
use testkit::on_sqlite;

use crate::support::World;

fn extract(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("YIHAO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("maps").join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not there; YIHAO_DATA may name the folder");
        return None;
    }
    Some(path)
}

#[tokio::test]
async fn an_imported_map_is_served_and_outlives_a_bad_file() {
    let Some(monaco) = extract("monaco.osm.pbf") else { return };
    let Some(beijing) = extract("beijing_bupt.osm") else { return };
    on_sqlite(|site| {
        let (monaco, beijing) = (monaco.clone(), beijing.clone());
        async move {
            let world = World::new(site).await;
            let data = world.site.kit.config.data_dir.clone();
            let mut citizen = world.server.anonymous();
            assert_eq!(citizen.get("/map/base").await.ok()["stamp"], json!(null));
            assert_eq!(citizen.get("/map/tiles/14/8529/5974").await.status.as_u16(), 204);

            let made = map::base::import(&monaco, &data, &|| true).unwrap();
            assert!(made.features > 20_000 && made.tiles > 30 && made.zoom_max == 14, "{made:?}");
            let base = citizen.get("/map/base").await.ok();
            assert_eq!(
                (&base["name"], &base["attribution"]),
                (&json!("monaco"), &json!("© OpenStreetMap contributors"))
            );
            let bounds: Vec<f64> =
                base["bounds"].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect();
            assert!(bounds[0] > 7.2 && bounds[2] < 7.6 && bounds[1] > 43.6 && bounds[3] < 43.9, "{bounds:?}");
            let stamp = base["stamp"].as_str().unwrap().to_owned();
            let tile = citizen.get(&format!("/map/tiles/14/8529/5974?v={stamp}")).await;
            assert_eq!(tile.status.as_u16(), 200);
            let header = |name: &str| tile.headers[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), "application/vnd.mapbox-vector-tile");
            assert_eq!(header("content-encoding"), "gzip");
            assert!(header("cache-control").contains("immutable"));
            assert!(tile.body.len() > 1_000);
            let mut again = world.server.anonymous().with_header("if-none-match", &header("etag"));
            assert_eq!(again.get("/map/tiles/14/8529/5974").await.status.as_u16(), 304);
            assert_eq!(citizen.get("/map/tiles/14/0/0").await.status.as_u16(), 204);
            assert_eq!(citizen.get("/map/tiles/99/0/0").await.status.as_u16(), 204);

            // A file that breaks off, one of another kind, and patience that ends: the old map stays.
            let whole = std::fs::read(&monaco).unwrap();
            let broken = data.join("broken.osm.pbf");
            std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
            let error = map::base::import(&broken, &data, &|| true).unwrap_err();
            assert!(error.to_string().contains("breaks off"), "{error}");
            std::fs::write(&broken, b"PK\x03\x04 a zip").unwrap();
            assert!(map::base::import(&broken, &data, &|| true).is_err());
            assert!(map::base::import(&monaco, &data, &|| false).is_err());
            assert_eq!(citizen.get("/map/base").await.ok()["stamp"], json!(stamp));

            // A new map is served at once.
            map::base::import(&beijing, &data, &|| true).unwrap();
            let base = citizen.get("/map/base").await.ok();
            assert_eq!(base["name"], "beijing_bupt");
            assert_ne!(base["stamp"], json!(stamp));
            assert_eq!(citizen.get("/map/tiles/14/8529/5974").await.status.as_u16(), 204);
        }
    })
    .await;
}

#[tokio::test]
async fn places_of_other_maps_are_converted() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let mut citizen = world.server.anonymous();
        let seen = citizen.get("/map/conversion?from=bd09&lng=114.0287781&lat=33.0176697").await.ok();
        // 驻马店 in WGS 84, to a metre.
        assert!((seen["lng"].as_f64().unwrap() - 114.016_432_2).abs() < 1e-5, "{seen}");
        assert!((seen["lat"].as_f64().unwrap() - 33.013_355_6).abs() < 1e-5, "{seen}");
        citizen.get("/map/conversion?from=mars&lng=1&lat=1").await.refused(422, "invalid");
        citizen.get("/map/conversion?from=bd09&lng=1&lat=91").await.refused(422, "invalid");
    })
    .await;
}
