//! Who lives in the demonstration city.

use serde_json::Value;

use crate::Outcome;
use crate::workspace::Workspace;

/// Where the demonstration city's people are written down.
const PEOPLE: &str = "crates/server/demo/people.json";
/// Where its first orders are, with those who called.
const CALLERS: &str = "crates/server/demo/cases-01.json";

/// Account and password of the first person of a role.
pub fn account(workspace: &Workspace, role: &str) -> Outcome<(String, String)> {
    let people = read(workspace, PEOPLE)?;
    let account = people["demo_accounts"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|person| person["role"] == role)
        .and_then(|person| person["account"].as_str());
    match (account, people["demo_password"].as_str()) {
        (Some(account), Some(password)) => Ok((account.to_owned(), password.to_owned())),
        _ => Err(format!("{PEOPLE} names no {role} with a password")),
    }
}

/// Numbers of citizens whose files and orders are in the city.
pub fn callers(workspace: &Workspace) -> Outcome<Vec<String>> {
    let cases = read(workspace, CALLERS)?;
    let phones = cases["cases"].as_array().into_iter().flatten();
    let mut phones: Vec<String> =
        phones.filter_map(|case| case["contact"]["phone"].as_str().map(str::to_owned)).collect();
    phones.sort_unstable();
    phones.dedup();
    if phones.is_empty() { Err(format!("{CALLERS} names nobody with a telephone")) } else { Ok(phones) }
}

fn read(workspace: &Workspace, path: &str) -> Outcome<Value> {
    let text = std::fs::read_to_string(workspace.root.join(path))
        .map_err(|error| format!("cannot read {path}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{path} is no JSON: {error}"))
}
