//! Every route with every role: the table says who gets past the edge.

use serde_json::{Value, json};
use testkit::on_both;

use crate::site::city;

/// Method, path, body, accounts that get past the check of capabilities.
fn table() -> Vec<(&'static str, &'static str, Value, &'static [&'static str])> {
    const EVERYBODY: &[&str] = &["agent1", "clerk1", "watch1", "sys1", "sec1", "aud1"];
    const SYSTEM: &[&str] = &["sys1"];
    const SECURITY: &[&str] = &["sec1"];
    vec![
        ("GET", "/session", Value::Null, EVERYBODY),
        ("GET", "/sessions", Value::Null, EVERYBODY),
        ("GET", "/units", Value::Null, EVERYBODY),
        ("GET", "/units/office", Value::Null, EVERYBODY),
        ("POST", "/units", json!({"code": "", "name": ""}), SYSTEM),
        ("PATCH", "/units/office", json!({"version": 99}), SYSTEM),
        ("GET", "/units/office/dissolution", Value::Null, SYSTEM),
        ("POST", "/units/office/dissolution", json!({"version": 99}), SYSTEM),
        ("GET", "/people", Value::Null, EVERYBODY),
        ("GET", "/people.xlsx", Value::Null, EVERYBODY),
        ("POST", "/people", json!({"account": "", "name": "", "unit_id": "bureau", "password": ""}), SYSTEM),
        ("PATCH", "/people/office1", json!({"version": 99}), SYSTEM),
        ("DELETE", "/people/nobody/lockout", Value::Null, SECURITY),
        ("PUT", "/people/nobody/password", json!({"password": ""}), SECURITY),
        ("DELETE", "/people/nobody/totp", Value::Null, SECURITY),
        ("PUT", "/people/nobody/roles", json!({"version": 1, "roles": []}), SECURITY),
        ("GET", "/registrations", Value::Null, &["sys1", "sec1"]),
        ("GET", "/registrations.xlsx", Value::Null, &["sys1", "sec1"]),
        ("POST", "/registrations/none/approval", json!({"version": 1}), SYSTEM),
        ("POST", "/registrations/none/refusal", json!({"version": 1, "reason": ""}), SYSTEM),
        ("PUT", "/registrations/none/roles", json!({}), SECURITY),
        ("GET", "/roles", Value::Null, EVERYBODY),
        ("PUT", "/roles/agent/grants", json!({"version": 99, "grants": {}}), SECURITY),
        ("GET", "/roles/news", Value::Null, SECURITY),
        ("PUT", "/roles/agent/news", json!({"version": 99, "take": true}), SECURITY),
        ("GET", "/capabilities", Value::Null, EVERYBODY),
        ("GET", "/seats", Value::Null, EVERYBODY),
        ("POST", "/seats", json!({"no": "", "unit_id": "bureau", "person_id": null}), SYSTEM),
        ("PATCH", "/seats/none", json!({"version": 1}), SYSTEM),
        ("GET", "/dictionary", Value::Null, EVERYBODY),
        ("GET", "/dictionary/gender", Value::Null, EVERYBODY),
        ("PUT", "/dictionary/gender/male", json!({"version": 99, "zh": "男"}), SYSTEM),
        ("DELETE", "/dictionary/gender/none", Value::Null, SYSTEM),
        ("GET", "/parameters", Value::Null, EVERYBODY),
        ("PUT", "/parameters/none", json!({"version": 0, "value": 1}), SYSTEM),
        ("GET", "/audit", Value::Null, &["watch1", "aud1"]),
        ("GET", "/audit.xlsx", Value::Null, &["watch1", "aud1"]),
        ("GET", "/audit/verification", Value::Null, &["aud1"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_its_capability() {
    on_both(|site| async move {
        let city = city(site).await;
        for account in ["agent1", "clerk1", "watch1", "sys1", "sec1", "aud1"] {
            let mut client = city.client(account).await;
            for (method, path, body, allowed) in table() {
                let answer = match method {
                    "GET" => client.get(path).await,
                    "POST" => client.post(path, body).await,
                    "PUT" => client.put(path, body).await,
                    "PATCH" => client.patch(path, body).await,
                    _ => client.delete(path).await,
                };
                let status = answer.status.as_u16();
                assert!(status < 500, "{account} {method} {path}: {}", answer.text());
                assert_eq!(status != 403, allowed.contains(&account), "{account} {method} {path}: {status}");
            }
        }
        for (method, path, body, _) in table() {
            let mut nobody = city.server.anonymous();
            let answer = match method {
                "GET" => nobody.get(path).await,
                "POST" => nobody.post(path, body).await,
                "PUT" => nobody.put(path, body).await,
                "PATCH" => nobody.patch(path, body).await,
                _ => nobody.delete(path).await,
            };
            answer.refused(401, "session.required");
        }
    })
    .await;
}
