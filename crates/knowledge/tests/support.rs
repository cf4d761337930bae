//! A city with two units below a centre, and those who write, review, read and manage.

use std::sync::Arc;

use async_trait::async_trait;
use contract::identity::{Directory, PersonBrief, PersonId, SeatBrief, UnitBrief, UnitId};
use kernel::{BoxError, Scope};
use knowledge::Knowledge;
use serde_json::{Value, json};
use testkit::{Client, PersonBuilder, Site, TestServer};

struct Town;

fn unit(id: &str, path: &str, name: &str) -> UnitBrief {
    UnitBrief {
        id: id.into(),
        parent_id: None,
        level: 2,
        code: id.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        active: true,
    }
}

#[async_trait]
impl Directory for Town {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(match id.as_str() {
            "water" => Some(unit("water", "/centre/water/", "水务局")),
            "pipes" => Some(UnitBrief {
                parent_id: Some("water".into()),
                ..unit("pipes", "/centre/water/pipes/", "管网所")
            }),
            "police" => Some(unit("police", "/centre/police/", "公安局")),
            _ => None,
        })
    }
    async fn unit_by_code(&self, _: &str) -> Result<Option<UnitBrief>, BoxError> {
        Ok(None)
    }
    async fn units_under(&self, _: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn person(&self, _: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        Ok(None)
    }
    async fn people_with(&self, unit: &UnitId, capability: &str) -> Result<Vec<PersonBrief>, BoxError> {
        let person = |id: &str| PersonBrief {
            id: id.into(),
            name: id.to_owned(),
            unit_id: unit.clone(),
            job_no: None,
        };
        Ok(match (unit.as_str(), capability) {
            ("water", "knowledge.review") => vec![person("chief")],
            ("water", "knowledge.write") => vec![person("writer")],
            _ => Vec::new(),
        })
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
}

pub struct World {
    pub site: Site,
    pub knowledge: Knowledge,
    pub server: TestServer,
}

impl World {
    pub async fn new(site: Site) -> Self {
        site.migrate("knowledge", knowledge::MIGRATIONS).await;
        let knowledge = Knowledge::new(site.kit.clone(), Arc::new(Town)).unwrap();
        let server = TestServer::new(&site, vec![knowledge.slice().router]);
        let world = Self { site, knowledge, server };
        let mut manager = world.as_("manager");
        for (kind, code, name, parent) in [
            ("region", "000000", "全国", None),
            ("region", "990000", "云江省", None),
            ("region", "990100", "云州市", None),
            ("region", "990102", "澜溪区", None),
            ("region", "990103", "云桥区", None),
            ("business", "01", "公共事业", None),
            ("business", "0101", "供水", Some("01")),
            ("business", "11", "公安", None),
        ] {
            let body = json!({ "name": name, "parent_code": parent, "active": true, "version": 0 });
            manager.put(&format!("/knowledge/classes/{kind}/{code}"), body).await.done();
        }
        world
    }

    pub fn as_(&self, account: &str) -> Client {
        let reads = PersonBuilder::new(account).may(&["knowledge.read"]);
        self.server.as_person(match account {
            "writer" => reads.unit("/centre/water/").may_within(Scope::Unit, &["knowledge.write"]),
            "pipes_writer" => {
                reads.unit("/centre/water/pipes/").may_within(Scope::Unit, &["knowledge.write"])
            }
            "chief" => reads
                .unit("/centre/water/")
                .may_within(Scope::Subtree, &["knowledge.write", "knowledge.review"]),
            "police_writer" => reads.unit("/centre/police/").may_within(Scope::Unit, &["knowledge.write"]),
            "reviewer" | "reviewer2" => reads.may(&["knowledge.review"]),
            "author_reviewer" => reads.may(&["knowledge.write", "knowledge.review"]),
            "manager" => reads.may(&["knowledge.manage"]),
            "nobody" => PersonBuilder::new(account),
            _ => reads,
        })
    }

    /// Writes, submits and publishes an entry of the water unit; returns its id.
    pub async fn publish(&self, content: Value) -> String {
        let id = self.write("writer", content).await;
        self.pass(&id).await;
        id
    }

    pub async fn write(&self, account: &str, content: Value) -> String {
        let made = self.as_(account).post("/knowledge/entries", json!({ "content": content })).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    pub async fn pass(&self, id: &str) {
        let version = self.version(id).await;
        self.as_("author_reviewer")
            .post(&format!("/knowledge/entries/{id}/submission"), json!({ "version": version }))
            .await
            .done();
        let decision = json!({ "version": version + 1, "passed": true });
        self.as_("reviewer").post(&format!("/knowledge/entries/{id}/decision"), decision).await.done();
        self.index().await;
    }

    pub async fn version(&self, id: &str) -> i64 {
        let draft = self.as_("author_reviewer").get(&format!("/knowledge/entries/{id}/draft")).await.ok();
        draft["version"].as_i64().unwrap()
    }

    /// Numbers what happened and lets the index follow.
    pub async fn index(&self) {
        while kernel::event::sequence_once(&self.site.kit).await.unwrap() > 0 {}
        self.knowledge.keep_index().await.unwrap();
    }

    /// Titles that a search brings, best first.
    pub async fn find(&self, query: &str) -> Vec<String> {
        titles(&self.as_("agent").get(&format!("/knowledge/search?{query}")).await.ok())
    }
}

pub fn titles(found: &Value) -> Vec<String> {
    let results = found["results"].as_array().unwrap();
    results.iter().map(|one| one["title"]["text"].as_str().unwrap().to_owned()).collect()
}

pub fn entry(title: &str, answer: &str) -> Value {
    json!({
        "title": title, "region": "990100", "business": "0101", "kind": "faq",
        "answers": [{ "html": format!("<p>{answer}</p>") }],
    })
}
