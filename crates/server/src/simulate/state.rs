//! The offices of the city push its state: weather, roads, environment, with the key of a source.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock as _, SystemClock};
use map::feed::{FeedKind, State};
use reqwest::Method;
use serde_json::{Value, json};

use super::town::Town;
use super::web::Fault;
use crate::demo::{districts, states};

/// So often in the city's time; in fast motion not more often than a browser would notice.
const EVERY_SIMULATED_MS: u64 = 300_000;
const EVERY_MIN: Duration = Duration::from_secs(5);

/// Pushes until the play is over, then gives the key back.
pub(super) async fn push(town: Arc<Town>) {
    let admin = match town.role("hotline_manager", 0).await {
        Ok(admin) => admin,
        Err(fault) => return town.fault(&fault),
    };
    let kinds: Vec<&str> = FeedKind::ALL.iter().map(|kind| kind.code()).collect();
    let made = admin.create("/feed-sources", &json!({ "name": "模拟数据", "kinds": kinds })).await;
    let source = match made {
        Ok(source) => source,
        Err(fault) => return town.fault(&fault),
    };
    let key = source["key"].as_str().unwrap_or_default();
    let every = town.real(EVERY_SIMULATED_MS).max(EVERY_MIN);
    loop {
        match push_once(&town.base, key).await {
            Ok(count) => town.tally.note(|counts| counts.states_pushed += count),
            Err(fault) => town.fault(&fault),
        }
        if !town.pause_real(every).await {
            break;
        }
    }
    let path = format!("/feed-sources/{}", source["id"].as_str().unwrap_or_default());
    if let Err(fault) = admin.send(Method::DELETE, &path, &Value::Null).await {
        town.fault(&fault);
    }
}

/// Pushes all kinds as a machine does. Returns how many states were new.
async fn push_once(base: &str, key: &str) -> Result<u64, Fault> {
    let fault = |kind: &str, status: Option<u16>, detail: String| Fault {
        kind: format!("POST /feeds/{kind}"),
        status,
        detail,
    };
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|error| fault("*", None, error.to_string()))?;
    let districts = districts().map_err(|error| fault("*", None, error.to_string()))?;
    let mut taken = 0;
    for kind in FeedKind::ALL {
        let code = kind.code();
        let items: Vec<Value> =
            states(kind, &districts, SystemClock.now(), chrono_tz::Asia::Shanghai).iter().map(item).collect();
        let address = format!("{}/api/v1/feeds/{code}", base.trim_end_matches('/'));
        let sent = http.post(address).bearer_auth(key).json(&json!({ "items": items })).send().await;
        let answer = sent.map_err(|error| fault(code, None, kernel::problem::chain(&error)))?;
        let status = answer.status();
        let outcome: Value = answer.json().await.unwrap_or(Value::Null);
        if !status.is_success() {
            return Err(fault(code, Some(status.as_u16()), outcome.to_string()));
        }
        taken += outcome["taken"].as_u64().unwrap_or(0);
    }
    Ok(taken)
}

fn item(state: &State) -> Value {
    json!({
        "id": state.id, "at": state.at.0, "name": state.name, "severity": state.severity,
        "lng": state.place[0], "lat": state.place[1], "line": state.line, "text": state.text,
        "figures": state.figures,
    })
}
