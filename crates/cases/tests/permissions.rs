//! Every route with every role: who gets through, who is refused.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::on_sqlite;

use crate::support::{PEOPLE, World};

/// One letter for each of [`PEOPLE`]: `+` gets through, `-` is refused (403), `0` may not know of it (404).
type Row = (&'static str, &'static str, &'static str);

/// Orders stand at the unit 水务局. Columns: agent, agent2, leader, dispatcher, reviewer, `water_admin`,
/// `water_clerk`, `north_clerk`, `water_leader`, `roads_clerk`, mayor, manager, monitor, sysadmin, secadmin,
/// auditor.
const TABLE: &[Row] = &[
    ("GET", "/categories", "++++++++++++++++"),
    ("POST", "/categories", "-------------+--"),
    ("PATCH", "/categories/x", "-------------+--"),
    ("POST", "/cases", "+++-------------"),
    ("GET", "/cases", "+++++++++++++---"),
    ("GET", "/cases.xlsx", "--+-++--+--+----"),
    ("GET", "/old-orders/template.xlsx", "-----------+-+--"),
    ("POST", "/old-orders?dry_run=true", "-----------+-+--"),
    ("POST", "/cases/bulk-runs", "+++++-----++----"),
    ("GET", "/alarms", "--+++++++++++---"),
    ("GET", "/alarms.xlsx", "--+++++++++++---"),
    ("GET", "/alarms/summary", "--+++++++++++---"),
    ("POST", "/alarms/x/acknowledgement", "--++++++++-+----"),
    ("GET", "/commitments", "----++-----+----"),
    ("GET", "/commitments.xlsx", "----++-----+----"),
    ("POST", "/commitments", "-----+-----+----"),
    ("PUT", "/commitments/x", "-----+-----+----"),
    ("DELETE", "/commitments/x?version=1", "-----+-----+----"),
    ("POST", "/commitments/x/submission", "-----+-----+----"),
    ("POST", "/commitments/x/decision", "----+------+----"),
    ("POST", "/commitments/x/withdrawal", "----+------+----"),
    ("POST", "/commitments/import?dry_run=true", "-----+-----+----"),
    ("GET", "/discoveries", "--+++++++++++---"),
    ("GET", "/discoveries.xlsx", "--+++++++++++---"),
    ("GET", "/discoveries/figures", "--+++++++++++---"),
    ("GET", "/discoveries/prompts", "-----+++-+------"),
    ("POST", "/discoveries", "-----+++-+------"),
    ("PUT", "/discoveries/x", "-----+++-+------"),
    ("POST", "/discoveries/x/settlement", "-----+++-+------"),
    ("POST", "/discoveries/x/order", "-----+++-+------"),
    ("GET", "/exchanges", "--+++++++++++---"),
    ("GET", "/exchanges.xlsx", "--+++++++++++---"),
    ("GET", "/exchanges/summary", "--+++++++++++---"),
    ("POST", "/exchanges", "--++++++++-+----"),
    ("GET", "/exchanges/x", "--+++++++++++---"),
    ("POST", "/exchanges/x/posts", "--++++++++-+----"),
    ("PUT", "/exchanges/x/reading", "--+++++++++++---"),
    ("POST", "/exchanges/x/closure", "--++++++++-+----"),
    ("DELETE", "/exchanges/x/closure", "--++++++++-+----"),
    ("GET", "/cases/{id}", "+++++++0+0+++---"),
    ("PATCH", "/cases/{id}", "+-+-------------"),
    ("GET", "/cases/{id}/timeline", "+++++++0+0+++---"),
    ("GET", "/cases/{id}/deadlines", "+++++++0+0+++---"),
    ("POST", "/cases/{id}/review", "--+-+-----------"),
    ("POST", "/cases/{id}/dispatch", "---+------------"),
    ("POST", "/cases/{id}/acceptance", "-----++0-0------"),
    ("POST", "/cases/{id}/return", "-----++0-0------"),
    ("POST", "/cases/{id}/assignment", "-----++0-0------"),
    ("POST", "/cases/{id}/feedback", "-----++0-0------"),
    ("POST", "/cases/{id}/result-review", "----+-----------"),
    ("POST", "/cases/{id}/return-visit", "--+++-----------"),
    ("POST", "/cases/{id}/reply", "+-+-------------"),
    ("POST", "/cases/{id}/telling", "--+++-----------"),
    ("POST", "/cases/{id}/closure", "--+-+------+----"),
    ("DELETE", "/cases/{id}/closure", "--+-+------+----"),
    ("POST", "/cases/{id}/notes", "+++++++0+0++----"),
    ("GET", "/cases/{id}/attachments", "+++++++0+0+++---"),
    ("POST", "/cases/{id}/attachments?step=note", "+++++++0+0++----"),
    ("GET", "/attachments", "++++++++++-+----"),
    ("POST", "/attachments", "++++++++++-+----"),
    ("GET", "/attachments/x", "++++++++++++++++"),
    ("DELETE", "/attachments/x", "++++++++++++++++"),
    ("POST", "/cases/{id}/urge", "+++++-----++----"),
    ("POST", "/cases/{id}/extension", "-----++0-0------"),
    ("POST", "/cases/{id}/extension/decision", "--+-+------+----"),
    ("POST", "/cases/{id}/non-acceptance", "--+-+------+----"),
    ("POST", "/cases/{id}/voiding", "--+-+------+----"),
    ("POST", "/cases/{id}/restoration", "--+-+------+----"),
    ("POST", "/cases/{id}/objection", "-----++0-0------"),
    ("POST", "/cases/{id}/objection/decision", "--+-+------+----"),
    ("POST", "/cases/{id}/objection/ruling", "----------++----"),
    ("POST", "/cases/{id}/supervision", "--+-+-----++----"),
    ("POST", "/cases/{id}/supervision/reply", "-----++0-0------"),
    ("POST", "/cases/{id}/supervision/evaluation", "--+-+-----++----"),
    ("POST", "/cases/{id}/co-handling", "---+------------"),
    ("POST", "/cases/{id}/co-handling/answer", "-----++0-0------"),
    ("POST", "/cases/{id}/summons", "-----++0-0------"),
    ("POST", "/cases/{id}/summons/report", "-----++0-0------"),
    ("POST", "/cases/{id}/summons/answer", "-----++0-0------"),
    ("POST", "/cases/{id}/delegation", "-----++0-0------"),
    ("POST", "/cases/{id}/delegation/answer", "-----++0-0------"),
    ("POST", "/cases/{id}/countersignature", "--+++++0-0-+----"),
    ("POST", "/cases/{id}/countersignature/signers", "--+++++0-0-+----"),
    ("POST", "/cases/{id}/countersignature/answer", "+++++++0+0+++---"),
    ("POST", "/cases/{id}/transfer", "---+------------"),
    ("POST", "/cases/{id}/recall", "---+---0-0------"),
    ("POST", "/cases/{id}/jump", "----------++----"),
    ("POST", "/cases/{id}/merger", "--+++-----------"),
    ("POST", "/cases/{id}/unmerger", "--+++-----------"),
    ("POST", "/cases/{id}/split", "--+++-----------"),
    ("POST", "/cases/{id}/redo", "--+++-----------"),
    ("POST", "/cases/{id}/redo/decision", "----------++----"),
    ("POST", "/cases/{id}/reconsideration/decision", "----------++----"),
    ("POST", "/cases/{id}/strike-out", "-----++0-0------"),
    ("POST", "/cases/{id}/strike-out/decision", "--+-+------+----"),
    ("POST", "/cases/{id}/self-handling", "---+------------"),
    ("POST", "/cases/{id}/instruction", "----------++----"),
    ("POST", "/cases/{id}/praise", "+++++-----------"),
    ("POST", "/cases/{id}/position", "-----++0-0------"),
    ("GET", "/cases/{id}/publication", "----+------+----"),
    ("PUT", "/cases/{id}/publication", "----+------+----"),
    ("DELETE", "/cases/{id}/publication", "----0------0----"),
    ("GET", "/cases/{id}/links", "+++++++0+0+++---"),
    ("POST", "/cases/{id}/links", "---+-++0-0------"),
    ("DELETE", "/cases/{id}/links/x", "---0-000-0------"),
    ("GET", "/figures/unit", "+++++++++++++---"),
    ("POST", "/cases/urges", "+++++-----++----"),
    ("POST", "/cases/supervisions", "--+-+-----++----"),
    ("POST", "/cases/dispatches", "---+------------"),
    ("POST", "/cases/acceptances", "-----+++-+------"),
    ("POST", "/cases/returns", "-----+++-+------"),
    ("POST", "/cases/closures", "--+-+------+----"),
    ("GET", "/successions/x", "-------------+--"),
    ("GET", "/tasks", "+++++++++++++---"),
    ("GET", "/tasks/summary", "+++++++++++++---"),
    ("GET", "/ratings", "+++++++++++++---"),
    ("POST", "/ratings/x/follow-up", "--+-+------+----"),
    ("GET", "/overview", "--++++--+-+++---"),
    ("GET", "/figures/me", "++++++++++++++++"),
    ("GET", "/catalogues", "--++++----++++--"),
    ("POST", "/catalogues", "-----------+-+--"),
    ("GET", "/catalogues/x", "--++++----++++--"),
    ("DELETE", "/catalogues/x", "-----------+-+--"),
    ("POST", "/catalogues/x/trial", "-----------+-+--"),
    ("POST", "/catalogues/x/publication", "-----------+-+--"),
    ("GET", "/catalogues/x/rows", "--++++----++++--"),
    ("POST", "/catalogues/x/rows", "-----------+-+--"),
    ("PUT", "/catalogues/x/rows/y", "-----------+-+--"),
    ("DELETE", "/catalogues/x/rows/y", "-----------+-+--"),
    ("GET", "/catalogues/x/rows.xlsx", "--++++----++++--"),
    ("POST", "/catalogues/x/import", "-----------+-+--"),
    ("GET", "/cases/{id}/proposal", "+++++++0+0+++---"),
    ("GET", "/runs/x", "++++++++++++++++"),
    ("GET", "/runs/x/file", "++++++++++++++++"),
    ("DELETE", "/runs/x", "++++++++++++++++"),
    ("GET", "/templates", "++++++++++++++--"),
    ("POST", "/templates", "-----------+-+--"),
    ("PUT", "/templates/x", "-----------+-+--"),
    ("DELETE", "/templates/x", "-----------+-+--"),
    ("GET", "/templates/x/file", "-----------+-+--"),
    ("GET", "/template-fields", "-----------+-+--"),
    ("GET", "/cases/{id}/documents/x", "0000000000000---"),
    ("GET", "/cases/{id}/documents/x/preview", "0000000000000---"),
    ("POST", "/documents", "--+-++--+--+----"),
    ("GET", "/limit-rules", "--++++----++++--"),
    ("POST", "/limit-rules", "-----------+-+--"),
    ("PUT", "/limit-rules/x", "-----------+-+--"),
    ("DELETE", "/limit-rules/x", "-----------+-+--"),
    ("POST", "/limit-rules/trial", "--++++----++++--"),
    ("GET", "/saved-queries", "+++++++++++++---"),
    ("POST", "/saved-queries", "+++++++++++++---"),
    ("DELETE", "/saved-queries/x", "+++++++++++++---"),
    ("GET", "/flows", "--++++--+-++++--"),
    ("GET", "/flows/x/xml", "--++++--+-++++--"),
    ("GET", "/cases/{id}/flow", "+++++++0+0+++000"),
    ("POST", "/flow-checks", "--++++--+-++++--"),
    ("POST", "/flow-comparisons", "--++++--+-++++--"),
    ("GET", "/flow-drafts", "--++++--+-++++--"),
    ("POST", "/flow-drafts", "-------------+--"),
    ("GET", "/flow-drafts/x", "--++++--+-++++--"),
    ("PUT", "/flow-drafts/x", "-------------+--"),
    ("DELETE", "/flow-drafts/x", "-------------+--"),
    ("POST", "/flow-drafts/x/publication", "-------------+--"),
    ("GET", "/flow-rules", "--++++--+-++++--"),
    ("PUT", "/flow-rules", "-------------+--"),
    ("POST", "/flow-trials", "--++++--+-++++--"),
    ("POST", "/flows/x/migration-previews", "-------------+--"),
    ("POST", "/flows/x/migrations", "-------------+--"),
    ("GET", "/forms", "-----------+-+--"),
    ("GET", "/forms.xlsx", "-----------+-+--"),
    ("GET", "/forms/x", "-----------+-+--"),
    ("GET", "/forms/x/comparison", "-----------+-+--"),
    ("GET", "/form-drafts", "-----------+-+--"),
    ("POST", "/form-drafts", "-------------+--"),
    ("GET", "/form-drafts/x", "-----------+-+--"),
    ("PUT", "/form-drafts/x", "-------------+--"),
    ("DELETE", "/form-drafts/x", "-------------+--"),
    ("POST", "/form-drafts/x/publication", "-------------+--"),
    ("POST", "/form-trials", "-------------+--"),
    ("GET", "/order-types", "++++++++++++++--"),
    ("POST", "/order-types", "-----------+-+--"),
    ("PUT", "/order-types/x", "-----------+-+--"),
    ("GET", "/order-types/x/form", "+++--------+-+--"),
    ("GET", "/cases/{id}/form", "+++++++0+0+++---"),
    ("PUT", "/cases/{id}/form", "+++++++0+0+++---"),
    ("GET", "/calendar", "++++++++++++++++"),
    ("PUT", "/calendar/2026-10-10", "-----------+-+--"),
];

fn body(path: &str) -> Value {
    let version = json!(0);
    let noun = path.rsplit('/').next().unwrap();
    match noun {
        "review" => json!({ "version": version, "decision": "pass" }),
        "result-review" => json!({ "version": version, "decision": "pass" }),
        "dispatch" => json!({ "version": version, "unit_id": "water" }),
        "assignment" => json!({ "version": version, "unit_id": "water" }),
        "feedback" => json!({ "version": version, "result": "好" }),
        "return-visit" => json!({ "version": version, "reached": true, "satisfied": 5 }),
        "reply" if !path.contains("supervision") => json!({ "version": version, "way": "phone" }),
        "telling" => json!({ "version": version, "told": true }),
        "notes" | "urge" => json!({ "text": "" }),
        "follow-up" => json!({ "opinion": "好" }),
        "limit-rules" | "x" if path.starts_with("/limit-rules") => json!({ "limit": "close", "length": "" }),
        "saved-queries" => json!({ "name": "", "query": "" }),
        "trial" if path.starts_with("/limit-rules") => json!({ "limit": "close", "type": "other" }),
        _ if path.starts_with("/flow-") || path.starts_with("/flows/") => json!({
            "version": 0, "name": "", "title": "", "xml": "", "old_xml": "", "new_xml": "", "to": "", "mapping": {},
            "after": "", "variables": {}, "acts": [], "mark": "", "rules": [], "note": ""
        }),
        "bulk-runs" => json!({ "act": "urge", "ids": [] }),
        "acknowledgement" => json!({ "note": "" }),
        _ if path.starts_with("/commitments") => json!({ "version": 0, "service": "", "publish": false }),
        _ if path.starts_with("/discoveries") => json!({
            "version": 0, "title": "", "content": "", "note": "", "type": "repair", "handling": "own"
        }),
        _ if path.starts_with("/exchanges") => {
            json!({ "version": 0, "unit_ids": [], "subject": "", "body": "" })
        }
        "documents" => json!({ "template_id": "", "ids": [] }),
        "rows" | "y" => json!({ "code": "", "item": "" }),
        _ if path.starts_with("/form-") => json!({
            "version": 0, "name": "", "title": "", "form": {}, "note": "", "answers": {}
        }),
        "catalogues" | "trial" | "publication" => json!({}),
        "categories" => json!({ "code": "", "name": "" }),
        "form" => json!({ "version": 0, "name": "x", "form_id": "x", "answers": {} }),
        "order-types" | "x" if path.starts_with("/order-types") => json!({ "zh": "", "type": "other" }),
        "cases" => json!({ "type": "other", "title": "", "content": "", "contact": {} }),
        "urges" | "supervisions" | "dispatches" | "acceptances" | "returns" | "closures" => {
            json!({ "ids": [] })
        }
        "2026-10-10" => json!({ "kind": "work", "name": "" }),
        _ => json!({ "version": version, "reason": "好" }),
    }
}

#[tokio::test]
async fn each_route_lets_the_right_roles_through() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let mut wrong = Vec::new();
        for (method, path, row) in TABLE {
            assert_eq!(row.len(), PEOPLE.len(), "{path}");
            for ((account, ..), expected) in PEOPLE.iter().zip(row.chars()) {
                let full = path.replace("{id}", case["id"].as_str().unwrap());
                let method: Method = method.parse().unwrap();
                let bytes =
                    if method == Method::GET { Vec::new() } else { body(path).to_string().into_bytes() };
                let mut client = world.sign_in(account);
                let answer = client.send_raw(method.clone(), &full, Some("application/json"), bytes).await;
                let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
                // Whoever gets through meets the next check: a stale version, an empty field, no such thing.
                let found = match answer.status.as_u16() {
                    403 if code == "permission.denied" => '-',
                    404 if full.contains(case["id"].as_str().unwrap()) => '0',
                    200 | 201 | 404 | 409 | 422 => '+',
                    other => panic!("{account} {method} {path}: {other} {}", answer.text()),
                };
                if found != expected {
                    wrong.push(format!("{account} {method} {path}: {found}, expected {expected}"));
                }
            }
            let mut nobody = world.server.anonymous();
            let full = path.replace("{id}", case["id"].as_str().unwrap());
            let answer = nobody
                .send_raw(
                    method.parse().unwrap(),
                    &full,
                    Some("application/json"),
                    body(path).to_string().into_bytes(),
                )
                .await;
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
        let (_, api) = world.cases.slice().router.split_for_parts();
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
                                .all(|(left, right)| left == right || right.starts_with('{'))
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

#[tokio::test]
async fn allowed_actions_are_those_that_pass() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let stages = [
            world.written().await,
            world.dispatched("water").await,
            world.handled().await,
            world.visited(5).await,
        ];
        let nouns = [
            ("review", "review"),
            ("dispatch", "dispatch"),
            ("acceptance", "acceptance"),
            ("return", "return"),
            ("assignment", "assignment"),
            ("feedback", "feedback"),
            ("result_review", "result-review"),
            ("return_visit", "return-visit"),
            ("closure", "closure"),
            ("note", "notes"),
            ("urge", "urge"),
        ];
        for case in &stages {
            for (account, ..) in PEOPLE {
                let path = format!("/cases/{}", case["id"].as_str().unwrap());
                let mut client = world.sign_in(account);
                let read = client.get(&path).await;
                let allowed = read.json()["allowed"].as_array().cloned().unwrap_or_default();
                for (action, noun) in nouns {
                    // An empty or unfitting body shows whether the door opens without going through it.
                    let mut fields = body(noun);
                    fields["version"] = case["version"].clone();
                    for field in ["reason", "result", "opinion", "text", "unit_id"] {
                        if fields.get(field).is_some() {
                            fields[field] = json!("");
                        }
                    }
                    fields["decision"] = json!(if noun == "review" { "reject" } else { "back" });
                    fields["satisfied"] = json!(9);
                    if noun == "acceptance" {
                        fields["version"] = json!(-1);
                    }
                    let answer = client.post(&format!("{path}/{noun}"), fields).await;
                    let opens = match noun {
                        "acceptance" => {
                            answer.status == 409
                                && answer.json()["code"] == "stale_version"
                                && case["tasks"][0]["step"] == "acceptance"
                        }
                        _ => answer.status == 422,
                    };
                    assert_eq!(
                        opens,
                        allowed.contains(&json!(action)),
                        "{account} {noun} at {}: {}",
                        case["status"],
                        answer.text()
                    );
                }
            }
        }
    })
    .await;
}
