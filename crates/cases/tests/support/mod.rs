//! A small city with fake neighbours: units on three levels, people of each role, citizens, calls.

pub mod roles;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cases::store::category::CategoryDraft;
use cases::{Cases, Ports};
use contract::contacts::{ContactBook, ContactBrief, ContactId};
use contract::identity::{Directory, PersonBrief, PersonId, SeatBrief, UnitBrief, UnitId, WordBrief};
use contract::voice::{CallBrief, CallId, CallLookup, RecordingBrief};
use kernel::{BoxError, Ctx, DbError, Timestamp, Writes};
use serde_json::{Value, json};
use testkit::{Client, PersonBuilder, Site, TestServer};

/// Units by path; the last part is the id.
pub const UNITS: &[(&str, &str)] = &[
    ("/centre/", "云州市12345热线中心"),
    ("/centre/water/", "水务局"),
    ("/centre/water/north/", "水务局城北所"),
    ("/centre/roads/", "城管局"),
];

/// People: account, role, path of the unit.
pub const PEOPLE: &[(&str, &str, &str)] = &[
    ("agent", "agent", "/centre/"),
    ("agent2", "agent", "/centre/"),
    ("leader", "shift_leader", "/centre/"),
    ("dispatcher", "dispatcher", "/centre/"),
    ("reviewer", "reviewer", "/centre/"),
    ("water_admin", "unit_admin", "/centre/water/"),
    ("water_clerk", "unit_clerk", "/centre/water/"),
    ("north_clerk", "unit_clerk", "/centre/water/north/"),
    ("water_leader", "unit_leader", "/centre/water/"),
    ("roads_clerk", "unit_clerk", "/centre/roads/"),
    ("mayor", "city_leader", "/centre/"),
    ("manager", "hotline_manager", "/centre/"),
    ("monitor", "supervision", "/centre/"),
    ("sysadmin", "system_admin", "/centre/"),
    ("secadmin", "security_admin", "/centre/"),
    ("auditor", "audit_admin", "/centre/"),
];

/// Knows [`UNITS`] and [`PEOPLE`].
#[derive(Default)]
pub struct Town {
    /// Units that were closed.
    pub closed: Mutex<Vec<String>>,
    /// Where units are that were moved, by id.
    pub moved: Mutex<HashMap<String, String>>,
}

fn unit(path: &str, name: &str) -> UnitBrief {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    UnitBrief {
        id: UnitId((*parts.last().unwrap()).to_owned()),
        parent_id: parts.len().checked_sub(2).map(|at| UnitId(parts[at].to_owned())),
        level: parts.len() as i64,
        code: (*parts.last().unwrap()).to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        active: true,
    }
}

#[async_trait]
impl Directory for Town {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        let found = UNITS.iter().map(|(path, name)| unit(path, name)).find(|unit| unit.id == *id);
        let (closed, moved) = (self.closed.lock().unwrap(), self.moved.lock().unwrap());
        Ok(found.map(|unit| UnitBrief {
            active: !closed.contains(&unit.id.0),
            path: moved.get(&unit.id.0).cloned().unwrap_or(unit.path),
            ..unit
        }))
    }
    async fn unit_by_code(&self, code: &str) -> Result<Option<UnitBrief>, BoxError> {
        self.unit(&UnitId(code.to_owned())).await
    }
    async fn units_under(&self, id: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        let top = self.unit(id).await?.map(|unit| unit.path).unwrap_or_default();
        Ok(UNITS
            .iter()
            .map(|(path, name)| unit(path, name))
            .map(|unit| UnitBrief {
                path: self.moved.lock().unwrap().get(&unit.id.0).cloned().unwrap_or(unit.path),
                ..unit
            })
            .filter(|unit| unit.path.starts_with(&top))
            .collect())
    }
    async fn person(&self, id: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        Ok(PEOPLE.iter().find(|(account, ..)| *account == id.as_str()).map(|(account, _, path)| {
            PersonBrief {
                id: PersonId((*account).to_owned()),
                name: (*account).to_owned(),
                unit_id: unit(path, "").id,
                job_no: None,
            }
        }))
    }
    async fn people_with(&self, _: &UnitId, _: &str) -> Result<Vec<PersonBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
    async fn word(&self, list: &str, code: &str) -> Result<Option<WordBrief>, BoxError> {
        let known = matches!(
            (list, code),
            ("non_acceptance_ground", "litigation") | ("void_ground", "duplicate" | "withdrawn")
        );
        let word = WordBrief { zh: "涉法涉诉".to_owned(), en: "Before a court".to_owned(), active: true };
        Ok(known.then_some(word))
    }
}

/// Files by number, in memory.
#[derive(Default)]
pub struct Book(Mutex<HashMap<String, ContactBrief>>);

#[async_trait]
impl ContactBook for Book {
    async fn find_or_open(
        &self,
        _: &mut Writes,
        _: &Ctx,
        name: &str,
        phone: Option<&str>,
        gender: Option<&str>,
    ) -> Result<ContactId, DbError> {
        let phone = phone.unwrap_or_default().to_owned();
        let mut files = self.0.lock().unwrap();
        let file = files.entry(phone.clone()).or_insert_with(|| ContactBrief {
            id: ContactId::generate(),
            name: name.to_owned(),
            gender: gender.map(ToOwned::to_owned),
            phone: Some(phone),
            address: None,
            tags: Vec::new(),
        });
        Ok(file.id.clone())
    }
    async fn contact(&self, id: &ContactId) -> Result<Option<ContactBrief>, BoxError> {
        Ok(self.0.lock().unwrap().values().find(|file| file.id == *id).cloned())
    }
    async fn by_phone(&self, phone: &str) -> Result<Option<ContactBrief>, BoxError> {
        Ok(self.0.lock().unwrap().get(phone).cloned())
    }
}

/// Calls that tests let happen.
#[derive(Default)]
pub struct Calls {
    pub known: Mutex<Vec<CallBrief>>,
    pub recordings: Mutex<Vec<RecordingBrief>>,
}

impl Calls {
    /// Lets a call come.
    pub fn come(&self, id: &str) {
        self.known.lock().unwrap().push(CallBrief {
            id: id.into(),
            caller: "13900001234".to_owned(),
            started_at: 0,
            agent_id: None,
        });
    }
}

#[async_trait]
impl CallLookup for Calls {
    async fn call(&self, id: &CallId) -> Result<Option<CallBrief>, BoxError> {
        Ok(self.known.lock().unwrap().iter().find(|call| call.id == *id).cloned())
    }
    async fn recordings_of(&self, id: &CallId) -> Result<Vec<RecordingBrief>, BoxError> {
        Ok(self.recordings.lock().unwrap().iter().filter(|one| one.call_id == *id).cloned().collect())
    }
}

/// The slice at work.
pub struct World {
    pub site: Site,
    pub cases: Cases,
    pub server: TestServer,
    pub calls: Arc<Calls>,
    pub town: Arc<Town>,
    pub category: String,
}

impl World {
    pub async fn new(site: Site) -> Self {
        site.migrate("cases", cases::MIGRATIONS).await;
        let calls = Arc::new(Calls::default());
        let town = Arc::new(Town::default());
        let cases = start_in(&site, town.clone(), calls.clone()).await;
        let category = |code: &str, parent: Option<&str>, name: &str| CategoryDraft {
            parent_code: parent.map(ToOwned::to_owned),
            code: code.to_owned(),
            name: name.to_owned(),
            ..CategoryDraft::default()
        };
        let ids = cases
            .add_categories(
                &site.ctx(),
                &[
                    category("city", None, "城市管理"),
                    category("lamps", Some("city"), "路灯照明"),
                    category("other", None, "其他"),
                ],
            )
            .await
            .unwrap();
        let server = TestServer::new(&site, vec![cases.slice().router]);
        Self { category: ids[1].clone(), site, cases, server, calls, town }
    }

    /// Signs one of [`PEOPLE`] in.
    pub fn sign_in(&self, account: &str) -> Client {
        self.server.as_person(person(account))
    }

    /// Returns an order as an agent writes it.
    pub fn draft(&self) -> Value {
        json!({
            "type": "complaint",
            "category_id": self.category,
            "title": "云水路路灯不亮",
            "content": "云水路与青石街路口三盏路灯连续一周不亮，夜间出行危险。",
            "contact": { "name": "周女士", "phone": "13900001234", "gender": "female" },
            "place": { "district": "云水区", "address": "云水路18号" },
            "preliminary_opinion": "建议转水务局",
        })
    }

    /// Lets the agent write an order; returns it.
    pub async fn written(&self) -> Value {
        self.sign_in("agent").post("/cases", self.draft()).await.ok()
    }

    /// Does something with an order at its present version, and asserts success.
    pub async fn act(&self, account: &str, case: &Value, noun: &str, fields: Value) -> Value {
        self.try_act(account, case, noun, fields).await.ok()
    }

    /// Does something with an order at the version that `case` has.
    pub async fn try_act(&self, account: &str, case: &Value, noun: &str, fields: Value) -> testkit::Answer {
        let mut body = fields;
        body["version"] = case["version"].clone();
        self.sign_in(account).post(&format!("/cases/{}/{noun}", case["id"].as_str().unwrap()), body).await
    }

    /// Takes an order up again.
    pub async fn reopen(&self, account: &str, case: &Value, reason: &str) -> testkit::Answer {
        let body = json!({ "version": case["version"], "reason": reason }).to_string();
        let path = format!("/cases/{}/closure", case["id"].as_str().unwrap());
        self.sign_in(account)
            .send_raw(axum::http::Method::DELETE, &path, Some("application/json"), body.into())
            .await
    }

    /// Writes an order and brings it to a unit.
    pub async fn dispatched(&self, unit_id: &str) -> Value {
        let case = self.written().await;
        let case = self.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        self.act("dispatcher", &case, "dispatch", json!({ "unit_id": unit_id, "opinion": "请尽快办理" }))
            .await
    }

    /// Writes an order and brings it to the centre's review of the result.
    pub async fn handled(&self) -> Value {
        let case = self.dispatched("water").await;
        let case = self.act("water_clerk", &case, "acceptance", json!({})).await;
        self.act("water_clerk", &case, "feedback", json!({ "result": "已更换灯具", "contacted": true })).await
    }

    /// Writes an order and brings it to the end but for the archive.
    pub async fn visited(&self, stars: i64) -> Value {
        let case = self.handled().await;
        let case = self.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        self.act("leader", &case, "return-visit", json!({ "reached": true, "satisfied": stars })).await
    }

    /// Reads an order.
    pub async fn read(&self, account: &str, case: &Value) -> Value {
        self.sign_in(account).get(&format!("/cases/{}", case["id"].as_str().unwrap())).await.ok()
    }

    /// Returns the kinds of an order's time line.
    pub async fn kinds(&self, case: &Value) -> Vec<String> {
        let lines = self
            .sign_in("leader")
            .get(&format!("/cases/{}/timeline", case["id"].as_str().unwrap()))
            .await
            .ok();
        lines.as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// Moves the clock and carries out what is due then.
    pub async fn wait_until(&self, at: Timestamp) -> usize {
        self.site.clock.set(at);
        self.cases.fire_timers(&Ctx::system("cases.timers", at)).await.unwrap()
    }
}

/// Starts the slice, as after a start of the server.
pub async fn start(site: &Site, calls: Arc<Calls>) -> Cases {
    start_in(site, Arc::new(Town::default()), calls).await
}

/// The same in a town that changes.
pub async fn start_in(site: &Site, town: Arc<Town>, calls: Arc<Calls>) -> Cases {
    let ports = Ports { directory: town, contacts: Arc::new(Book::default()), calls };
    let cases = Cases::new(site.kit.clone(), ports).unwrap();
    cases.load().await.unwrap();
    cases
}

/// Makes one of [`PEOPLE`].
pub fn person(account: &str) -> PersonBuilder {
    let (_, role, path) = PEOPLE.iter().find(|(known, ..)| *known == account).unwrap();
    let mut person = PersonBuilder::new(account).unit(path).role(role);
    for (capability, scope) in roles::grants(role) {
        person = person.may_within(*scope, &[capability]);
    }
    if matches!(*role, "unit_leader" | "city_leader" | "hotline_manager" | "supervision") {
        person = person.masked("phone");
    }
    person
}

/// Returns an instant of 2026 in the city's zone.
pub fn at(month: u32, day: u32, hour: u32) -> Timestamp {
    let date = chrono::NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    Timestamp(date.and_hms_opt(hour, 0, 0).unwrap().and_utc().timestamp_millis() - 8 * 3_600_000)
}

/// Returns an order as Rust callers write it.
pub fn plain_draft(category_id: &str) -> cases::case::draft::Draft {
    cases::case::draft::Draft {
        kind: cases::case::Kind::Repair,
        category_id: Some(category_id.to_owned()),
        title: "水管漏水".to_owned(),
        content: "小区门口水管漏水，路面积水。".to_owned(),
        citizen: cases::case::Citizen {
            contact_id: None,
            name: "陈先生".to_owned(),
            phone: Some("13900005678".to_owned()),
            gender: None,
            reply: None,
        },
        confidential: false,
        place: cases::case::Place::default(),
        call_id: None,
        preliminary_opinion: None,
        answer: None,
        urgency: cases::case::Urgency::Normal,
        source: cases::case::Source::Staff,
    }
}
