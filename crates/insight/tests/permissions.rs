//! Every route: whoever has its capability gets through, whoever has all others is refused, strangers are nobody.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{PersonBuilder, on_sqlite};

use crate::support::World;

/// Method, address, the capabilities that it asks for.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/reports", "report.read"),
    ("GET", "/reports/orders?from=2026-03-01&to=2026-03-02", "report.read"),
    ("GET", "/reports/orders/file?from=2026-03-01&to=2026-03-02", "report.read"),
    ("GET", "/reports/orders/rows?from=2026-03-01&to=2026-03-02", "report.read"),
    ("GET", "/special-report/file?from=2026-03-01&to=2026-03-02", "report.read"),
    ("GET", "/risk-assessment/file?from=2026-03-01&to=2026-03-02", "report.read"),
    ("GET", "/problem-report", "report.read"),
    ("GET", "/problem-report.xlsx", "report.read"),
    ("GET", "/report-subscriptions", "report.read"),
    ("POST", "/report-subscriptions", "report.read"),
    ("PUT", "/report-subscriptions/x", "report.read"),
    ("DELETE", "/report-subscriptions/x", "report.read"),
    ("POST", "/report-subscriptions/x/pause", "report.read"),
    ("DELETE", "/report-subscriptions/x/pause", "report.read"),
    ("DELETE", "/report-subscriptions/x/reception", "report.read"),
    ("GET", "/report-subscriptions/x/runs", "report.read"),
    ("POST", "/report-subscriptions/x/runs", "report.read"),
    ("GET", "/report-subscriptions/x/runs.xlsx", "report.read"),
    ("GET", "/report-receivers?q=x", "report.share+report.read"),
    ("GET", "/forecast", "report.read"),
    ("GET", "/forecast.xlsx", "report.read"),
    ("GET", "/report-designs", "report.read"),
    ("POST", "/report-designs", "report.read"),
    ("DELETE", "/report-designs/x", "report.read"),
    ("GET", "/fact-tables", "report.sql"),
    ("POST", "/report-statements", "report.sql+report.read"),
    ("GET", "/evaluations/2026-02", "report.read"),
    ("GET", "/evaluations/2026-02/file", "report.read"),
    ("GET", "/evaluations/2026-02/cases?unit_id=water&rate=response", "report.read"),
    ("POST", "/evaluations/2026-02/closing", "evaluation.close"),
    ("DELETE", "/evaluations/2026-02/closing", "evaluation.close"),
    ("GET", "/evaluation-weights", "report.read"),
    ("PUT", "/evaluation-weights", "evaluation.close"),
    ("GET", "/cockpit", "cockpit.read"),
    ("GET", "/walls", "cockpit.read"),
    ("POST", "/walls", "cockpit.read"),
    ("DELETE", "/walls/x", "cockpit.read"),
    ("GET", "/warnings", "warning.read"),
    ("GET", "/warnings.xlsx", "warning.read"),
    ("GET", "/warnings/summary", "warning.read"),
    ("GET", "/warnings/x", "warning.read"),
    ("POST", "/warnings/x/ownership", "warning.handle"),
    ("POST", "/warnings/x/closure", "warning.handle"),
    ("GET", "/warning-rules", "warning.rule"),
    ("POST", "/warning-rules", "warning.rule"),
    ("PUT", "/warning-rules/x", "warning.rule"),
    ("DELETE", "/warning-rules/x", "warning.rule"),
];

fn body(path: &str) -> Value {
    match path.split('/').nth(1).unwrap_or_default() {
        "report-designs" => json!({ "report": "orders", "name": "", "query": "", "shared": false }),
        "report-statements" => json!({ "sql": "" }),
        "evaluation-weights" => {
            json!({ "response": 0, "solution": 0, "satisfaction": 0, "tiers": {}, "version": 99 })
        }
        "report-subscriptions" => {
            json!({ "name": "", "report": "orders", "span": "yesterday", "every": "day", "hour": 8, "receivers": [] })
        }
        "walls" => json!({ "name": "", "tiles": [], "shared": false }),
        "warnings" => json!({ "version": 1, "verdict": "real", "note": "好" }),
        "warning-rules" => json!({ "name": "", "active": true, "least": 0 }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn each_route_asks_for_its_capability() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let all: Vec<&str> = insight::CAPABILITIES.iter().map(|one| one.name).collect();
        let mut wrong = Vec::new();
        for (method, path, needs) in TABLE {
            let needed: Vec<&str> = needs.split('+').collect();
            let others: Vec<&str> = all.iter().copied().filter(|name| *name != needed[0]).collect();
            for (may, passes) in [(needed.clone(), true), (others, false), (vec![], false)] {
                let mut client = world.server.as_person(PersonBuilder::new("one").may(&may));
                let method: Method = method.parse().unwrap();
                let bytes =
                    if method == Method::GET { Vec::new() } else { body(path).to_string().into_bytes() };
                let answer = client.send_raw(method, path, Some("application/json"), bytes).await;
                let found = match answer.status.as_u16() {
                    403 if answer.json()["code"] == "permission.denied" => false,
                    200 | 201 | 204 | 404 | 409 | 422 => true,
                    other => panic!("{path}: {other} {}", answer.text()),
                };
                if found != passes {
                    wrong.push(format!("{method} {path} with {may:?}", method = answer.status));
                }
            }
            let mut nobody = world.server.anonymous();
            let bytes = body(path).to_string().into_bytes();
            let answer =
                nobody.send_raw(method.parse().unwrap(), path, Some("application/json"), bytes).await;
            answer.refused(401, "session.required");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn the_table_names_every_route() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let (_, api) = world.insight.slice().router.split_for_parts();
        let mut routes = 0;
        for (path, item) in &api.paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ] {
                if operation.is_some() {
                    routes += 1;
                    let alike = |known: &str| {
                        let known = known.split('?').next().unwrap_or(known);
                        let (known, path): (Vec<_>, Vec<_>) =
                            (known.split('/').collect(), path.split('/').collect());
                        known.len() == path.len()
                            && known
                                .iter()
                                .zip(&path)
                                .all(|(one, other)| one == other || other.starts_with('{'))
                    };
                    assert!(
                        TABLE.iter().any(|(known, known_path, _)| *known == method && alike(known_path)),
                        "{method} {path} is missing from the table"
                    );
                }
            }
        }
        assert_eq!(routes, TABLE.len());
    })
    .await;
}
