//! Which room may know what: dependencies between crates, SQL and axum inside a slice.

use serde_json::Value;

use super::{Finding, Source};
use crate::Outcome;

const ENGINES: [&str; 8] = ["sip", "media", "acd", "flow", "forms", "lang", "wfm", "geo"];
const SLICES: [&str; 15] = [
    "identity",
    "contacts",
    "cases",
    "voice",
    "channels",
    "knowledge",
    "bot",
    "quality",
    "training",
    "workforce",
    "insight",
    "map",
    "emergency",
    "messages",
    "exchange",
];
/// Rooms with rules of their own.
const OTHERS: [&str; 6] = ["kernel", "contract", "portal", "server", "testkit", "xtask"];
/// What an engine must not see: the outside world.
const OUTSIDE: [&str; 8] = ["tokio", "sqlx", "axum", "reqwest", "kernel", "contract", "testkit", "chrono-tz"];

/// Dependencies that the plan of the house forbids, from `cargo metadata --no-deps`.
pub fn dependencies(metadata: &str) -> Outcome<Vec<Finding>> {
    let metadata: Value = serde_json::from_str(metadata)
        .map_err(|error| format!("cargo metadata gave something unreadable: {error}"))?;
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let path = format!("crates/{name}/Cargo.toml");
        if !is_known(name) {
            findings.push(Finding::new(&path, 0, "a room that tidy does not know: say what kind it is"));
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            // A cycle through tests is still a cycle in the head, so kinds are not told apart, but for
            // the tools that only tests have.
            let is_dev = dependency["kind"].as_str() == Some("dev");
            if let Some(reason) = refusal(name, on, is_dev) {
                findings.push(Finding::new(&path, 0, format!("{name} depends on {on}: {reason}")));
            }
        }
    }
    Ok(findings)
}

fn is_known(name: &str) -> bool {
    ENGINES.contains(&name) || SLICES.contains(&name) || OTHERS.contains(&name)
}

fn refusal(name: &str, on: &str, is_dev: bool) -> Option<&'static str> {
    let on_slice = SLICES.contains(&on);
    if ENGINES.contains(&name) && OUTSIDE.contains(&on) {
        return Some("an engine knows neither network nor database nor time of day");
    }
    if SLICES.contains(&name) && (on_slice || on == "portal") {
        return Some("a slice never depends on a slice; ask through a port in contract, react to an event");
    }
    match name {
        "kernel" if is_known(on) && !(on == "testkit" && is_dev) => Some("the kernel knows nobody"),
        "contract" if is_known(on) && on != "kernel" => {
            Some("contract is vocabulary; it knows the kernel only")
        }
        "testkit" | "portal" if on_slice => Some("it works through ports, without slices"),
        "xtask" if is_known(on) => Some("the first command must compile in seconds"),
        _ if on == "server" && name != "server" => Some("only the server knows everybody; nobody knows it"),
        _ if on == "testkit" && !is_dev => Some("testkit is for tests: make it a dev-dependency"),
        _ => None,
    }
}

/// SQL of a slice outside its `store/`.
pub fn sql_outside_store(source: &Source) -> Vec<Finding> {
    let Some((name, inner)) = in_crate(&source.path) else {
        return Vec::new();
    };
    let is_bound = SLICES.contains(&name) || ENGINES.contains(&name) || name == "portal";
    if !is_bound || is_room(inner, "store") {
        return Vec::new();
    }
    let calls = ["sqlx::query", "query_as(", "query_scalar(", "QueryBuilder::new("];
    find(source, &calls, "SQL belongs into store/")
}

/// axum of a slice outside its `http/`. Status codes are vocabulary, `error.rs` turns errors into problems,
/// `lib.rs` hands out the router, and a
/// `ws.rs` is the edge of a WebSocket wherever it stands.
pub fn axum_outside_http(source: &Source) -> Vec<Finding> {
    let Some((name, inner)) = in_crate(&source.path) else {
        return Vec::new();
    };
    if !SLICES.contains(&name)
        || is_room(inner, "http")
        || is_room(inner, "ws")
        || ["lib.rs", "error.rs"].contains(&inner)
    {
        return Vec::new();
    }
    let mut findings = find(source, &["axum::", "utoipa_axum::"], "axum belongs into http/");
    let lines: Vec<&str> = source.text.lines().collect();
    findings.retain(|finding| {
        let line = lines[finding.line - 1].replace("axum::http::StatusCode", "");
        line.contains("axum::")
    });
    findings
}

/// The crate's name and the path below its `src`.
fn in_crate(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("crates/")?.split_once("/src/").filter(|(_, inner)| inner.ends_with(".rs"))
}

fn is_room(inner: &str, room: &str) -> bool {
    inner.split('/').any(|part| part == room || part.strip_suffix(".rs") == Some(room))
}

fn find(source: &Source, patterns: &[&str], text: &str) -> Vec<Finding> {
    let production = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    production
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter(|(_, line)| patterns.iter().any(|pattern| line.contains(pattern)))
        .map(|(index, _)| Finding::new(&source.path, index + 1, text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn check(name: &str, on: &str, kind: Option<&str>) -> usize {
        let kind = kind.map_or_else(|| "null".to_owned(), |kind| format!("\"{kind}\""));
        let metadata = format!(
            r#"{{"packages":[{{"name":"{name}","dependencies":[{{"name":"{on}","kind":{kind}}}]}}]}}"#
        );
        dependencies(&metadata).unwrap().len()
    }

    #[test]
    fn a_slice_that_depends_on_a_slice_is_found_even_in_tests() {
        assert_eq!(check("cases", "contacts", None), 1);
        assert_eq!(check("cases", "contacts", Some("dev")), 1);
        assert_eq!(check("cases", "flow", None), 0);
        assert_eq!(check("server", "cases", None), 0);
    }

    #[test]
    fn an_engine_that_sees_the_world_is_found() {
        for outside in ["tokio", "sqlx", "axum", "kernel"] {
            assert_eq!(check("acd", outside, None), 1, "{outside}");
        }
        assert_eq!(check("voice", "tokio", None), 0);
    }

    #[test]
    fn each_room_keeps_to_its_place() {
        assert_eq!(check("kernel", "contract", None), 1);
        assert_eq!(check("kernel", "testkit", Some("dev")), 0);
        assert_eq!(check("contract", "cases", None), 1);
        assert_eq!(check("testkit", "cases", None), 1);
        assert_eq!(check("portal", "cases", None), 1);
        assert_eq!(check("cases", "server", None), 1);
        assert_eq!(check("cases", "testkit", None), 1);
        assert_eq!(check("cases", "testkit", Some("dev")), 0);
        assert_eq!(check("gadget", "serde", None), 1, "an unknown room");
    }

    #[test]
    fn sql_and_axum_in_the_wrong_room_are_found() {
        let sql = "fn f() {\n    sqlx::query(\"select 1\");\n}\n";
        assert_eq!(sql_outside_store(&source("crates/cases/src/case.rs", sql))[0].line, 2);
        assert!(sql_outside_store(&source("crates/cases/src/store/case.rs", sql)).is_empty());
        assert!(sql_outside_store(&source("crates/cases/src/store.rs", sql)).is_empty());
        assert!(sql_outside_store(&source("crates/kernel/src/audit.rs", sql)).is_empty());
        assert!(sql_outside_store(&source("crates/cases/tests/main.rs", sql)).is_empty());
        let http = "use axum::Router;\n";
        assert_eq!(axum_outside_http(&source("crates/cases/src/react.rs", http)).len(), 1);
        assert!(axum_outside_http(&source("crates/cases/src/http/case.rs", http)).is_empty());
        let status = "use axum::http::StatusCode;\n";
        assert!(axum_outside_http(&source("crates/cases/src/error.rs", status)).is_empty());
        assert!(axum_outside_http(&source("crates/portal/src/pages.rs", http)).is_empty());
    }
}
