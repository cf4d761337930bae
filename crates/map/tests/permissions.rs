//! Every route: whoever has its capability gets through, whoever has all others is refused, strangers are nobody.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{PersonBuilder, on_sqlite};

use crate::support::World;

/// Method, address, the capability that it asks for (any one of several); nothing where nobody has to sign in.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/map/base", ""),
    ("GET", "/map/tiles/3/1/1", ""),
    ("GET", "/map/conversion?from=gcj02&lng=112&lat=30", ""),
    ("GET", "/map/areas?kind=district", "map.read|map.write"),
    ("POST", "/map/areas", "map.write"),
    ("PUT", "/map/areas/x", "map.write"),
    ("DELETE", "/map/areas/x", "map.write"),
    ("POST", "/map/area-files?kind=grid", "map.write"),
    ("GET", "/map/orders?from=2026-03-01&to=2026-03-02", "map.read"),
    ("GET", "/map/orders/rows?from=2026-03-01&to=2026-03-02&bounds=1,1,2,2", "map.read"),
    ("GET", "/map/orders/file?from=2026-03-01&to=2026-03-02", "map.read"),
    ("GET", "/feeds", "map.read|cockpit.read"),
    ("POST", "/feeds/weather", "feed.push"),
    ("GET", "/feeds/weather/course?id=x", "map.read|cockpit.read"),
    ("GET", "/feed-sources", "feed.write"),
    ("POST", "/feed-sources", "feed.write"),
    ("DELETE", "/feed-sources/x", "feed.write"),
];

fn body(path: &str) -> Value {
    if path.starts_with("/feeds/") {
        json!({ "items": [] })
    } else if path == "/feed-sources" {
        json!({ "name": "", "kinds": [] })
    } else {
        json!({ "kind": "grid", "name": "", "version": 1 })
    }
}

#[tokio::test]
async fn each_route_asks_for_its_capability() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let mut all: Vec<&str> = map::CAPABILITIES.iter().map(|one| one.name).collect();
        all.push("cockpit.read");
        let mut wrong = Vec::new();
        for (method, path, needs) in TABLE {
            let method: Method = method.parse().unwrap();
            let bytes = if method == Method::GET { Vec::new() } else { body(path).to_string().into_bytes() };
            let needed: Vec<&str> = needs.split('|').filter(|name| !name.is_empty()).collect();
            let others: Vec<&str> = all.iter().copied().filter(|name| !needed.contains(name)).collect();
            let mut tries: Vec<(Vec<&str>, bool)> = needed.iter().map(|one| (vec![*one], true)).collect();
            tries.push((others, needed.is_empty()));
            tries.push((vec![], needed.is_empty()));
            for (may, passes) in tries {
                let mut client = world.server.as_person(PersonBuilder::new("one").may(&may));
                let answer =
                    client.send_raw(method.clone(), path, Some("application/json"), bytes.clone()).await;
                let found = match answer.status.as_u16() {
                    403 if answer.json()["code"] == "permission.denied" => false,
                    200 | 201 | 204 | 404 | 409 | 422 => true,
                    other => panic!("{path}: {other} {}", answer.text()),
                };
                if found != passes {
                    wrong.push(format!("{method} {path} with {may:?}: {}", answer.status));
                }
            }
            let mut nobody = world.server.anonymous();
            let answer = nobody.send_raw(method.clone(), path, Some("application/json"), bytes).await;
            match *needs {
                "" => assert!(answer.status.is_success(), "{path}: {}", answer.status),
                "feed.push" => drop(answer.refused(401, "feed.key")),
                _ => drop(answer.refused(401, "session.required")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn the_table_names_every_route() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let (_, api) = world.map.slice().router.split_for_parts();
        let mut routes = 0;
        for (path, item) in &api.paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ] {
                if operation.is_none() {
                    continue;
                }
                routes += 1;
                let alike = |known: &str| {
                    let known: Vec<_> = known.split('?').next().unwrap_or(known).split('/').collect();
                    let path: Vec<_> = path.split('/').collect();
                    known.len() == path.len()
                        && known.iter().zip(&path).all(|(one, other)| one == other || other.starts_with('{'))
                };
                assert!(
                    TABLE.iter().any(|(known, known_path, _)| *known == method && alike(known_path)),
                    "{method} {path} is missing from the table"
                );
            }
        }
        assert_eq!(routes, TABLE.len());
    })
    .await;
}
