//! A city of facts that a test writes by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::NaiveDate;
use contract::bot::{TopicBrief, TopicSource};
use contract::cases::{
    CaseCorpus, CaseFact, CaseFacts, CaseId, CaseLine, CaseWords, CityCalendar, CodeName, CorpusCase,
    CorpusCategory, CorpusDraft, CorpusPlace, StepFact, UnitProposal,
};
use contract::identity::Receiver;
use contract::identity::{Directory, PersonBrief, PersonId, SeatBrief, UnitBrief, UnitId};
use contract::messages::{Mail, MailFault, Mailer, Notice, Notifier};
use contract::voice::{CallFact, CallFacts, CallId, FloorNow, KeyFact, SeatFact};
use insight::Insight;
use insight::projection::Sources;
use insight::warning;
use kernel::calendar::{SpecialDay, WorkCalendar};
use kernel::{BoxError, Ctx, Lang, Principal, Timestamp};
use testkit::{PersonBuilder, START, Site, TestServer};

/// Orders and calls as they are now.
#[derive(Default)]
pub struct City {
    pub cases: Mutex<BTreeMap<String, CaseFact>>,
    pub calls: Mutex<BTreeMap<String, CallFact>>,
    pub seats: Mutex<Vec<SeatFact>>,
    pub texts: Mutex<BTreeMap<(i64, String), CorpusCase>>,
    pub topics: Mutex<Vec<TopicBrief>>,
    pub notices: Mutex<Vec<Notice>>,
    /// Who gets reports by mail.
    pub receivers: Mutex<BTreeMap<String, Receiver>>,
    /// Letters that were taken.
    pub mails: Mutex<Vec<Mail>>,
    /// How the mail server fails, if it does.
    pub mail_fails: Mutex<Option<fn() -> MailFault>>,
    /// Days off that the city declared.
    pub days_off: Mutex<Vec<NaiveDate>>,
}

impl City {
    /// Writes an order of a unit below the centre, so many hours after the beginning.
    pub fn order(&self, id: &str, unit: &str, kind: &str, hours: i64) {
        let at = START.plus_secs(hours * 3600).0;
        let fact = CaseFact {
            id: id.to_owned(),
            kind: kind.to_owned(),
            source: "phone".to_owned(),
            urgency: "normal".to_owned(),
            status: "in_progress".to_owned(),
            district: Some("云阳区".to_owned()),
            unit_id: Some(unit.to_owned()),
            unit_path: Some(format!("/centre/{unit}/")),
            contact_id: Some(format!("citizen-{id}")),
            created_by: Some("agent".to_owned()),
            created_unit_id: Some("centre".to_owned()),
            created_unit_path: Some("/centre/".to_owned()),
            created_at: at,
            dispatched_at: Some(at + 60_000),
            steps: vec![StepFact {
                id: format!("{id}-1"),
                step: "handle".to_owned(),
                unit_id: Some(unit.to_owned()),
                state: "open".to_owned(),
                opened_at: at,
                ..StepFact::default()
            }],
            ..CaseFact::default()
        };
        self.cases.lock().unwrap().insert(id.to_owned(), fact);
    }

    /// Settles an order after so many hours, in time or not, with stars.
    pub fn settle(&self, id: &str, hours: i64, in_time: bool, stars: Option<i64>) {
        let mut cases = self.cases.lock().unwrap();
        let fact = cases.get_mut(id).unwrap();
        fact.status = "archived".to_owned();
        fact.settled_at = Some(fact.created_at + hours * 3_600_000);
        fact.in_time = Some(i64::from(in_time));
        fact.stars = stars;
    }
}

#[async_trait]
impl CaseFacts for City {
    async fn case_facts(&self, ids: &[CaseId]) -> Result<Vec<CaseFact>, BoxError> {
        let cases = self.cases.lock().unwrap();
        Ok(ids.iter().filter_map(|id| cases.get(id.as_str()).cloned()).collect())
    }
    async fn case_ids(&self, after: &str, limit: i64) -> Result<Vec<CaseId>, BoxError> {
        let cases = self.cases.lock().unwrap();
        let later = cases.keys().filter(|id| id.as_str() > after);
        Ok(later.take(usize::try_from(limit).unwrap()).map(|id| CaseId(id.clone())).collect())
    }
    async fn case_lines(&self, by: &Principal, ids: &[CaseId]) -> Result<Vec<CaseLine>, BoxError> {
        let cases = self.cases.lock().unwrap();
        let may = |fact: &&CaseFact| {
            by.scope("case.read") == Some(kernel::Scope::All) || fact.unit_id.as_deref() == Some(&by.unit_id)
        };
        Ok(ids
            .iter()
            .filter_map(|id| cases.get(id.as_str()))
            .filter(may)
            .map(|fact| CaseLine {
                id: fact.id.clone(),
                number: format!("YZ-{}", fact.id),
                title: "=1+1".to_owned(),
                status: fact.status.clone(),
                unit_id: fact.unit_id.clone(),
                created_at: fact.created_at,
            })
            .collect())
    }
    fn case_words(&self) -> CaseWords {
        let word =
            |code: &str, zh: &str| CodeName { code: code.to_owned(), zh: zh.to_owned(), en: code.to_owned() };
        CaseWords { kinds: vec![word("complaint", "投诉"), word("help", "求助")], ..CaseWords::default() }
    }
}

#[async_trait]
impl CallFacts for City {
    async fn call_facts(&self, ids: &[CallId]) -> Result<Vec<CallFact>, BoxError> {
        let calls = self.calls.lock().unwrap();
        Ok(ids.iter().filter_map(|id| calls.get(id.as_str()).cloned()).collect())
    }
    async fn call_ids(&self, after: &str, limit: i64) -> Result<Vec<CallId>, BoxError> {
        let calls = self.calls.lock().unwrap();
        let later = calls.keys().filter(|id| id.as_str() > after);
        Ok(later.take(usize::try_from(limit).unwrap()).map(|id| CallId(id.clone())).collect())
    }
    async fn seat_facts(&self, _: i64, after: &str, _: i64) -> Result<Vec<SeatFact>, BoxError> {
        let seats = self.seats.lock().unwrap();
        Ok(seats.iter().filter(|fact| fact.id.as_str() > after).cloned().collect())
    }
    async fn key_facts(&self, _: i64) -> Result<Vec<KeyFact>, BoxError> {
        Ok(Vec::new())
    }
    async fn call_names(&self) -> Result<Vec<(String, String)>, BoxError> {
        Ok(Vec::new())
    }
    fn floor_now(&self) -> FloorNow {
        FloorNow::default()
    }
}

fn unit(path: &str) -> UnitBrief {
    let id = path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    UnitBrief {
        parent_id: None,
        level: 2,
        code: id.clone(),
        name: if id == "water" { "水务局".to_owned() } else { format!("=cmd|{id}") },
        id: UnitId(id),
        path: path.to_owned(),
        active: true,
    }
}

#[async_trait]
impl Directory for City {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(Some(unit(&if id.as_str() == "centre" {
            "/centre/".to_owned()
        } else {
            format!("/centre/{id}/")
        })))
    }
    async fn unit_by_code(&self, _: &str) -> Result<Option<UnitBrief>, BoxError> {
        Ok(None)
    }
    async fn units_under(&self, id: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        Ok(self.unit(id).await?.into_iter().collect())
    }
    async fn person(&self, id: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        Ok(Some(PersonBrief {
            id: id.clone(),
            name: format!("{id} 的姓名"),
            unit_id: UnitId("centre".to_owned()),
            job_no: None,
        }))
    }
    async fn people_with(&self, unit: &UnitId, capability: &str) -> Result<Vec<PersonBrief>, BoxError> {
        Ok(if capability == "warning.handle" {
            self.person(&PersonId(format!("{unit}-watch"))).await?.into_iter().collect()
        } else {
            Vec::new()
        })
    }
    async fn receiver(&self, id: &PersonId) -> Result<Option<Receiver>, BoxError> {
        Ok(self.receivers.lock().unwrap().get(id.as_str()).cloned())
    }
    async fn people_like(&self, text: &str, limit: usize) -> Result<Vec<PersonBrief>, BoxError> {
        let alike: Vec<String> = self
            .receivers
            .lock()
            .unwrap()
            .keys()
            .filter(|id| id.contains(text))
            .take(limit)
            .cloned()
            .collect();
        let mut found = Vec::new();
        for id in alike {
            found.extend(self.person(&PersonId(id)).await?);
        }
        Ok(found)
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
}

#[async_trait]
impl CaseCorpus for City {
    async fn orders(
        &self,
        since: i64,
        after: Option<&CorpusPlace>,
        limit: i64,
    ) -> Result<Vec<CorpusCase>, BoxError> {
        let texts = self.texts.lock().unwrap();
        let from = after.cloned().unwrap_or((since, String::new()));
        let later =
            texts.range(from..).filter(|(place, _)| after != Some(*place)).map(|(_, order)| order.clone());
        Ok(later.take(usize::try_from(limit).unwrap()).collect())
    }
    async fn order(&self, _: &CaseId) -> Result<Option<CorpusCase>, BoxError> {
        Ok(None)
    }
    fn categories(&self) -> Vec<CorpusCategory> {
        let one = |id: &str, parent: Option<&str>| CorpusCategory {
            id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            path_name: id.to_owned(),
            level: 1,
            r#type: None,
            active: true,
        };
        vec![one("supply", None), one("water-off", Some("supply"))]
    }
    async fn proposal(&self, _: &CorpusDraft, _: Lang) -> Result<Option<UnitProposal>, BoxError> {
        Ok(None)
    }
    async fn readable(&self, _: &Principal, _: &[CaseId]) -> Result<Vec<CaseId>, BoxError> {
        Ok(Vec::new())
    }
}

impl CityCalendar for City {
    fn calendar(&self) -> Arc<WorkCalendar> {
        let days = self.days_off.lock().unwrap();
        let off = |date: &NaiveDate| SpecialDay { date: *date, off: true, name: "建城日".to_owned() };
        Arc::new(WorkCalendar::new("Asia/Shanghai", "test", [2026], days.iter().map(off)).unwrap())
    }
}

#[async_trait]
impl TopicSource for City {
    async fn topics_since(&self, _: i64, _: usize, _: Timestamp) -> Result<Vec<TopicBrief>, BoxError> {
        Ok(self.topics.lock().unwrap().clone())
    }
}

#[async_trait]
impl Notifier for City {
    async fn notify(&self, _: &Ctx, notice: Notice) -> Result<(), BoxError> {
        let mut notices = self.notices.lock().unwrap();
        if notices.iter().all(|known| known.key != notice.key) {
            notices.push(notice);
        }
        Ok(())
    }
}

#[async_trait]
impl Mailer for City {
    fn is_configured(&self) -> bool {
        true
    }
    async fn send(&self, mail: &Mail) -> Result<(), MailFault> {
        if let Some(fault) = *self.mail_fails.lock().unwrap() {
            return Err(fault());
        }
        self.mails.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

/// A city with its figures.
pub struct World {
    pub site: Site,
    pub city: Arc<City>,
    pub insight: Insight,
    pub server: TestServer,
}

impl World {
    pub async fn new(site: Site) -> Self {
        site.migrate("insight", insight::MIGRATIONS).await;
        let city = Arc::new(City::default());
        let insight = Insight::open(site.kit.clone(), sources(&city), watching(&city)).await.unwrap();
        insight.mail_by(city.clone());
        let server = TestServer::new(&site, vec![insight.slice().router]);
        Self { site, city, insight, server }
    }

    /// Where the files are.
    pub fn folder(&self) -> PathBuf {
        self.site.kit.config.data_dir.join("figures")
    }

    /// Opens the same files anew, as after a stop.
    pub async fn reopen(&mut self) {
        self.insight =
            Insight::open(self.site.kit.clone(), sources(&self.city), watching(&self.city)).await.unwrap();
        self.server = TestServer::new(&self.site, vec![self.insight.slice().router]);
    }

    /// The figures of another process on the same database.
    pub async fn open_with(&self, kit: kernel::Kit) -> Insight {
        Insight::open(kit, sources(&self.city), watching(&self.city)).await.unwrap()
    }

    /// Somebody who sees everything.
    pub fn leader(&self) -> testkit::Client {
        self.server.as_person(PersonBuilder::new("leader").may(&[
            "report.read",
            "report.share",
            "report.sql",
            "case.read",
            "call.read",
        ]))
    }

    /// All rows of a table, in the order of their ids.
    pub async fn rows(&self, table: &str) -> Vec<serde_json::Value> {
        let sql = format!("select * from {table} order by id");
        let answer = self.leader().post("/report-statements", serde_json::json!({ "sql": sql })).await.ok();
        answer["rows"].as_array().unwrap().clone()
    }
}

fn sources(city: &Arc<City>) -> Sources {
    Sources { cases: city.clone(), calls: city.clone(), directory: city.clone(), calendar: city.clone() }
}

fn watching(city: &Arc<City>) -> warning::Ports {
    warning::Ports {
        corpus: city.clone(),
        topics: city.clone(),
        notifier: city.clone(),
        centre: UnitId("centre".to_owned()),
    }
}

/// An event about an order.
pub fn told(seq: i64, id: &str) -> kernel::event::Mark {
    kernel::event::Mark { seq, name: "cases.case_created".to_owned(), subject: id.to_owned() }
}
