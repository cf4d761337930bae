//! Every route with those who may and those who may not.

use std::collections::BTreeSet;

use axum::http::Method;
use testkit::on_sqlite;

use crate::support::World;

/// Method, path, the capability that opens it; `any` of help is opened by several, `citizen` needs none.
const TABLE: &[(&str, &str, &str)] = &[
    ("POST", "/assist/suggestions", "case.create"),
    ("GET", "/assist/cases/{id}", "case.dispatch"),
    ("POST", "/assist/choices", "case.review"),
    ("GET", "/assist/topics", "topic.read"),
    ("GET", "/assist/topics.xlsx", "case.export"),
    ("GET", "/assist/merge-proposals", "case.merge"),
    ("POST", "/assist/merge-proposals/dismissals", "case.merge"),
    ("GET", "/assist/models", "assist.learn"),
    ("POST", "/assist/models", "assist.learn"),
    ("PUT", "/assist/models/active", "assist.learn"),
    ("GET", "/chats/mine", "chat.answer"),
    ("GET", "/chats/targets", "chat.answer"),
    ("GET", "/chats", "chat.read"),
    ("GET", "/chats.xlsx", "chat.read"),
    ("GET", "/chats/{id}", "chat.answer"),
    ("POST", "/chats/{id}/acceptance", "chat.answer"),
    ("DELETE", "/chats/{id}/acceptance", "chat.answer"),
    ("POST", "/chats/{id}/messages", "chat.answer"),
    ("POST", "/chats/{id}/transfer", "chat.answer"),
    ("POST", "/chats/{id}/end", "chat.answer"),
    ("POST", "/chats/{id}/suggestions", "chat.answer"),
    ("GET", "/chats/{id}/order-draft", "case.create"),
    ("PUT", "/chats/{id}/order", "chat.answer"),
    ("GET", "/robot/questions", "robot.train"),
    ("PUT", "/robot/questions/{id}", "robot.train"),
    ("GET", "/robot/entries", "robot.train"),
    ("GET", "/robot/teachings", "robot.train"),
    ("POST", "/robot/teachings", "robot.train"),
    ("DELETE", "/robot/teachings/{id}", "robot.train"),
    ("GET", "/robot/trials", "robot.train"),
    ("POST", "/robot/trials", "robot.train"),
    ("DELETE", "/robot/trials/{id}", "robot.train"),
    ("POST", "/robot/trial", "robot.train"),
    ("GET", "/robot/versions", "robot.train"),
    ("POST", "/robot/versions", "robot.train"),
    ("PUT", "/robot/versions/live", "robot.train"),
    ("POST", "/portal/similar", "citizen"),
    ("POST", "/portal/chats", "citizen"),
    ("GET", "/portal/chats/{id}", "citizen"),
    ("DELETE", "/portal/chats/{id}", "citizen"),
    ("POST", "/portal/chats/{id}/messages", "citizen"),
    ("POST", "/portal/chats/{id}/person", "citizen"),
    ("POST", "/portal/chats/{id}/judgements", "citizen"),
    ("POST", "/portal/chats/{id}/rating", "citizen"),
    ("GET", "/portal/chats/{id}/events", "citizen"),
];

/// A body that gets past its reading for every route.
const BODY: &str = r#"{"choices":[],"one":"a","other":"b","state":"open","question":"问题","entry_id":"x","title":"t",
    "text":"话","version":0,"case_id":"c","no":1,"helpful":true,"stars":5}"#;

#[tokio::test]
async fn every_route_asks_for_its_capability() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        for (method, path, capability) in TABLE {
            let path = path.replace("{id}", "x");
            let method: Method = method.parse().unwrap();
            let ask = |mut client: testkit::Client| {
                let (method, path) = (method.clone(), path.clone());
                async move {
                    let body = if method == Method::GET { Vec::new() } else { BODY.as_bytes().to_vec() };
                    client.send_raw(method, &path, Some("application/json"), body).await.status.as_u16()
                }
            };
            let nobody = ask(world.server.anonymous()).await;
            if *capability == "citizen" {
                assert!(![401, 403].contains(&nobody), "{method} {path}: {nobody}");
                continue;
            }
            assert_eq!(nobody, 401, "{method} {path} without a session");
            let without = ask(world.with("without", &["person.read"])).await;
            assert_eq!(without, 403, "{method} {path} without {capability}");
            let may: Vec<&str> = if path.starts_with("/assist/topics.xlsx") {
                vec!["topic.read", capability]
            } else if path.ends_with("/order-draft") {
                vec!["chat.answer", capability]
            } else {
                vec![capability]
            };
            let with = ask(world.with("with", &may)).await;
            assert!(![401, 403, 400].contains(&with), "{method} {path} with {capability}: {with}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_table_names_every_route() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let (_, api) = world.bot.slice().router.split_for_parts();
        let document = serde_json::to_value(&api).unwrap();
        let mut known = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                known.insert((method.to_uppercase(), path.clone()));
            }
        }
        let listed: BTreeSet<(String, String)> =
            TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
        assert_eq!(known, listed);
    })
    .await;
}
