//! Citizens at the portal: they write, look up and rate.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::day::Contact;
use super::office::{self, Written};
use super::town::Town;
use super::web::Fault;

/// How often a citizen asks who is told to be patient.
const TURNS: u32 = 6;
/// Pause before the second time; it grows with each.
const PAUSE: Duration = Duration::from_secs(4);

/// Writes an order on the portal and sends it on its way through the office.
pub(super) async fn write(town: Arc<Town>, contact: Contact) {
    match submit(&town, &contact).await {
        Ok(written) => {
            town.tally.note(|counts| counts.orders_from_portal += 1);
            look_up(&town, &written).await;
            office::follow(town, written).await;
        }
        Err(fault) => town.fault(&fault),
    }
}

async fn submit(town: &Town, contact: &Contact) -> Result<Written, Fault> {
    let draft = office::draft(town, contact, false).await?;
    let answer = patiently(town, contact.caller, "/portal/cases", Some(&draft)).await?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    Ok(Written {
        id: String::new(),
        number: text("number"),
        query_code: text("query_code"),
        caller: contact.caller,
        writer: None,
        at_once: false,
        seed: contact.seed,
    })
}

/// Looks an order up with its number and code.
pub(super) async fn look_up(town: &Town, written: &Written) -> Option<Value> {
    let path = format!("/portal/cases/{}?code={}", written.number, written.query_code);
    match patiently(town, written.caller, &path, None).await {
        Ok(order) => {
            town.tally.note(|counts| counts.orders_looked_up += 1);
            if order["number"].as_str() != Some(written.number.as_str()) {
                town.tally.broken(format!("the portal showed another order than {}", written.number));
            }
            Some(order)
        }
        Err(fault) => {
            town.fault(&fault);
            None
        }
    }
}

/// Looks an order up and rates it, when it can be rated.
pub(super) async fn rate(town: &Town, written: &Written, stars: i64) {
    let Some(order) = look_up(town, written).await else { return };
    if order["can_rate"] != true {
        return;
    }
    let comment = match stars {
        4.. => "办理及时，谢谢。",
        3 => "基本解决。",
        _ => "问题没有真正解决，希望重视。",
    };
    let path = format!("/portal/cases/{}/rating", written.number);
    let body = json!({ "code": written.query_code, "stars": stars, "comment": comment });
    match patiently(town, written.caller, &path, Some(&body)).await {
        Ok(_) => town.tally.note(|counts| *counts.ratings.entry(format!("{stars} stars")).or_default() += 1),
        Err(fault) => town.fault(&fault),
    }
}

/// Asks, or sends `body`, and tries again when the portal wants patience.
async fn patiently(town: &Town, caller: usize, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
    let citizen = town.citizen(caller)?;
    let mut turn = 1;
    loop {
        let answer = match body {
            Some(body) => citizen.create(path, body).await,
            None => citizen.get(path).await,
        };
        let hasty = matches!(&answer, Err(fault) if fault.status == Some(429));
        if !hasty || turn == TURNS || !town.pause_real(PAUSE * turn).await {
            return answer;
        }
        turn += 1;
    }
}
