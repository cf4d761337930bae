//! The office: each order that the play caused is followed through its flow by simulated staff.

use std::collections::HashMap;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};

use super::cast::Caller;
use super::day::Contact;
use super::portal;
use super::town::Town;
use super::web::{Fault, Web};

/// Steps after which an order is given up, should it go round in circles.
const STEPS_MAX: usize = 60;
/// Faults after which an order is given up.
const FAULTS_MAX: usize = 3;

/// The city's ids.
#[derive(Default)]
pub(super) struct Places {
    units: HashMap<String, String>,
    codes: HashMap<String, String>,
    /// Units by the unit above, as codes.
    children: HashMap<String, Vec<String>>,
    categories: HashMap<String, String>,
}

/// An order that the play caused.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Its id; empty for orders from the portal, which tells the number only.
    pub id: String,
    pub number: String,
    pub query_code: String,
    pub caller: usize,
    /// The agent who wrote it.
    pub writer: Option<String>,
    /// Whether it was answered at once.
    pub at_once: bool,
    pub seed: u64,
}

/// Returns the units and categories, reading them the first time.
///
/// # Errors
/// When the server refuses.
pub(super) async fn places(town: &Town) -> Result<&Places, Fault> {
    town.places.get_or_try_init(|| read_places(town)).await
}

async fn read_places(town: &Town) -> Result<Places, Fault> {
    let leader = town.role("shift_leader", 0).await?;
    let mut places = Places::default();
    let mut list = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = leader.get(&format!("/units?limit=200{cursor}")).await?;
        list.extend(page["items"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    for unit in &list {
        places.units.insert(text(unit, "code"), text(unit, "id"));
        places.codes.insert(text(unit, "id"), text(unit, "code"));
    }
    for unit in &list {
        if let Some(parent) = places.codes.get(&text(unit, "parent_id")) {
            places.children.entry(parent.clone()).or_default().push(text(unit, "code"));
        }
    }
    let mut open: Vec<Value> = leader.get("/categories").await?.as_array().cloned().unwrap_or_default();
    while let Some(category) = open.pop() {
        places.categories.insert(text(&category, "code"), text(&category, "id"));
        open.extend(category["children"].as_array().cloned().unwrap_or_default());
    }
    Ok(places)
}

/// Puts a contact's matter into the fields of an order.
///
/// # Errors
/// When units and categories can't be read.
pub(super) async fn draft(town: &Town, contact: &Contact, confidential: bool) -> Result<Value, Fault> {
    let places = places(town).await?;
    let caller = &town.cast.callers[contact.caller];
    let order = &caller.order;
    let gender = if caller.gender == "f" { "female" } else { "male" };
    Ok(json!({
        "type": order.kind,
        "category_id": places.categories.get(&order.category),
        "title": order.title,
        "content": order.content,
        "contact": { "name": caller.name, "phone": caller.phone, "gender": gender },
        "confidential": confidential,
        "place": { "district": town.cast.district(&order.district), "address": order.address },
        "urgency": order.urgency,
        "answered_at_once": false,
    }))
}

/// Follows an order from its review to its archive and the citizen's rating.
pub(super) async fn follow(town: Arc<Town>, written: Written) {
    let mut course = Course {
        chance: StdRng::seed_from_u64(written.seed),
        stars: town.cast.callers[written.caller].stars,
        town: &town,
        written,
        returned: false,
        sent_back: false,
        assigned: false,
    };
    if let Err(fault) = course.run().await {
        town.fault(&fault);
    }
}

struct Course<'a> {
    town: &'a Town,
    written: Written,
    chance: StdRng,
    stars: i64,
    returned: bool,
    sent_back: bool,
    assigned: bool,
}

/// What a member of staff does about a step.
struct Deed {
    /// The noun of the address.
    noun: &'static str,
    /// The word in the summary.
    word: &'static str,
    method: Method,
    body: Value,
}

impl Deed {
    fn post(noun: &'static str, word: &'static str, body: Value) -> Self {
        Self { noun, word, method: Method::POST, body }
    }
}

impl Course<'_> {
    async fn run(&mut self) -> Result<(), Fault> {
        if self.written.at_once {
            return self.rate_in_the_end().await;
        }
        if self.written.id.is_empty() {
            self.find().await?;
        }
        let mut faults = 0;
        for _ in 0..STEPS_MAX {
            match self.step().await {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                // A person who tries the system may have been faster.
                Err(fault) if fault.status == Some(409) && faults < FAULTS_MAX => faults += 1,
                Err(fault) if faults < FAULTS_MAX && fault.status.is_none() => {
                    self.town.fault(&fault);
                    faults += 1;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault {
            kind: "an order goes round in circles".to_owned(),
            status: None,
            detail: self.written.number.clone(),
        })
    }

    /// Finds the id of an order from the portal by its number.
    async fn find(&mut self) -> Result<(), Fault> {
        let leader = self.town.role("shift_leader", self.written.seed).await?;
        let page = leader.get(&format!("/cases?q={}&limit=5", self.written.number)).await?;
        let found =
            page["items"].as_array().into_iter().flatten().find(|case| case["number"] == self.written.number);
        match found.and_then(|case| case["id"].as_str()) {
            Some(id) => id.clone_into(&mut self.written.id),
            None => {
                self.town.tally.broken(format!(
                    "the order {} of the portal is not in the office's list",
                    self.written.number
                ));
                return Err(Fault {
                    kind: "order of the portal not found".to_owned(),
                    status: None,
                    detail: self.written.number.clone(),
                });
            }
        }
        Ok(())
    }

    /// Takes the next step; false when there is none.
    async fn step(&mut self) -> Result<bool, Fault> {
        let path = format!("/cases/{}", self.written.id);
        let reader = self.town.role("reviewer", self.written.seed).await?;
        let case = reader.get(&path).await?;
        let open = |task: &&Value| task["state"] == "open" && task["step"] != "follow_up";
        let Some(task) = case["tasks"].as_array().into_iter().flatten().find(open).cloned() else {
            if case["rating"].is_null() {
                self.rate_in_the_end().await?;
            }
            if self.stars <= 2 && self.chance.random_bool(0.5) {
                self.follow_up().await?;
            }
            return Ok(false);
        };
        let step = task["step"].as_str().unwrap_or_default().to_owned();
        let (low, high) = pace(&step);
        if !self.town.pause(self.chance.random_range(low..high)).await {
            return Ok(false);
        }
        if step == "return_visit" && case["rating"].is_null() && self.chance.random_bool(0.5) {
            portal::rate(self.town, &self.written, self.stars).await;
        }
        let unit = self.unit_code(&task);
        let Some(actor) = self.actor(&step, &unit).await? else {
            return Err(Fault { kind: format!("nobody does {step}"), status: None, detail: unit });
        };
        // Whoever works looks at the list of what is to be done first, and reads the order afresh.
        actor.get(&format!("/tasks?scope=mine&step={step}&limit=20")).await?;
        let case = actor.get(&path).await?;
        let rated = !case["rating"].is_null();
        let Some(mut deed) = self.deed(&step, &unit, rated).await? else { return Ok(false) };
        deed.body["version"] = case["version"].clone();
        let address = if deed.noun.is_empty() { path } else { format!("{path}/{}", deed.noun) };
        actor.send(deed.method, &address, &deed.body).await?;
        self.town.tally.step(deed.word);
        Ok(true)
    }

    fn unit_code(&self, task: &Value) -> String {
        let id = task["unit"]["id"].as_str().unwrap_or_default();
        self.town.places.get().and_then(|places| places.codes.get(id)).cloned().unwrap_or_default()
    }

    async fn actor(&self, step: &str, unit: &str) -> Result<Option<Arc<Web>>, Fault> {
        let turn = self.written.seed;
        let role = match step {
            "review" => "shift_leader",
            "dispatch" => "dispatcher",
            "result_review" | "closure" => "reviewer",
            // Agents ask citizens where their role allows it, else the reviewers do.
            "return_visit" => {
                let agent = self.town.role("agent", turn).await?;
                if agent.may("case.return_visit") {
                    return Ok(Some(agent));
                }
                "reviewer"
            }
            "amendment" => match &self.written.writer {
                Some(writer) => return self.town.staff(writer).await.map(Some),
                None => "shift_leader",
            },
            _ => {
                let Some(clerk) = self.town.cast.clerk(unit) else { return Ok(None) };
                return self.town.staff(clerk).await.map(Some);
            }
        };
        self.town.role(role, turn).await.map(Some)
    }

    fn caller(&self) -> &Caller {
        &self.town.cast.callers[self.written.caller]
    }

    async fn deed(&mut self, step: &str, unit: &str, rated: bool) -> Result<Option<Deed>, Fault> {
        let order = self.caller().order.clone();
        let places = places(self.town).await?;
        Ok(Some(match step {
            "review" if self.chance.random_bool(0.04) => Deed::post(
                "review",
                "review rejected",
                json!({ "decision": "reject", "opinion": "请补充具体位置。" }),
            ),
            "review" => {
                Deed::post("review", "review", json!({ "decision": "pass", "opinion": "要素齐全，同意。" }))
            }
            "amendment" => Deed {
                noun: "",
                word: "amendment",
                method: Method::PATCH,
                body: json!({ "content": format!("{}（已补充具体位置：{}）", order.content, order.address) }),
            },
            "dispatch" => {
                let unit_id = places.units.get(&order.unit);
                Deed::post(
                    "dispatch",
                    "dispatch",
                    json!({ "unit_id": unit_id, "opinion": "请核实并在时限内办理。" }),
                )
            }
            "acceptance" if !self.returned && self.chance.random_bool(0.05) => {
                self.returned = true;
                Deed::post("return", "return", json!({ "reason": "位置描述不清，请核实后再派。" }))
            }
            "acceptance" => Deed::post("acceptance", "acceptance", json!({})),
            "handling" => match self.child(places, unit) {
                Some(child) => {
                    self.assigned = true;
                    let body =
                        json!({ "unit_id": places.units.get(&child), "opinion": "请现场办理并回复。" });
                    Deed::post("assignment", "assignment", body)
                }
                None => {
                    let result = self.town.cast.answer(&order.category, self.chance.random_range(0..8));
                    Deed::post("feedback", "feedback", json!({ "result": result, "contacted": true }))
                }
            },
            "result_review" if !self.sent_back && self.chance.random_bool(0.06) => {
                self.sent_back = true;
                Deed::post(
                    "result-review",
                    "result sent back",
                    json!({ "decision": "back", "opinion": "请说明整改时限。" }),
                )
            }
            "result_review" => Deed::post(
                "result-review",
                "result review",
                json!({ "decision": "pass", "opinion": "办理到位。" }),
            ),
            "return_visit" if self.chance.random_bool(0.12) => Deed::post(
                "return-visit",
                "return visit unreached",
                json!({ "reached": false, "comment": "无人接听。" }),
            ),
            "return_visit" => {
                let mut body = json!({ "reached": true, "comment": "来电人已知晓办理结果。" });
                if !rated {
                    body["satisfied"] = self.stars.into();
                }
                Deed::post("return-visit", "return visit", body)
            }
            "closure" => Deed::post("closure", "closure", json!({ "reason": "已回访，办结归档。" })),
            _ => return Ok(None),
        }))
    }

    /// Sometimes a unit below does the work.
    fn child(&mut self, places: &Places, unit: &str) -> Option<String> {
        if self.assigned || !self.chance.random_bool(0.2) {
            return None;
        }
        places.children.get(unit)?.iter().find(|child| self.town.cast.clerk(child).is_some()).cloned()
    }

    /// A shift leader speaks with a citizen who was not content; other bad ratings wait for a person.
    async fn follow_up(&mut self) -> Result<(), Fault> {
        if !self.town.pause(self.chance.random_range(60..600)).await {
            return Ok(());
        }
        let leader = self.town.role("shift_leader", self.written.seed).await?;
        let page = leader.get("/ratings?bad=1&state=open&limit=100").await?;
        let mut ratings = page["items"].as_array().into_iter().flatten();
        let Some(id) =
            ratings.find(|one| one["case_id"] == self.written.id).and_then(|one| one["id"].as_str())
        else {
            return Ok(());
        };
        let body = json!({ "opinion": "已电话致歉并督促单位跟进。", "reopen": false });
        leader.send(Method::POST, &format!("/ratings/{id}/follow-up"), &body).await?;
        self.town.tally.step("follow-up");
        Ok(())
    }

    async fn rate_in_the_end(&mut self) -> Result<(), Fault> {
        if self.chance.random_bool(0.6) && self.town.pause(self.chance.random_range(60..600)).await {
            portal::rate(self.town, &self.written, self.stars).await;
        }
        Ok(())
    }
}

/// Returns how many simulated seconds a step takes, from and to.
fn pace(step: &str) -> (u64, u64) {
    match step {
        "review" | "dispatch" => (40, 180),
        "acceptance" => (60, 360),
        "handling" => (240, 1200),
        "result_review" | "return_visit" => (60, 300),
        _ => (30, 120),
    }
}
