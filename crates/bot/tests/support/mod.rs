//! A small city: orders, a catalogue, knowledge, a queue with one agent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bot::place_book::KnownPlace;
use bot::{Bot, Ports};
use contract::cases::{
    CaseCorpus, CaseId, CitizenCase, CitizenDesk, CitizenDraft, CitizenInfo, CorpusCase, CorpusCategory,
    CorpusDraft, CorpusPlace, Submitted, UnitProposal,
};
use contract::identity::{Directory, PersonBrief, PersonId, SeatBrief, UnitBrief, UnitId};
use contract::knowledge::{KnowledgeQuestion, KnowledgeSearch, Passage};
use contract::voice::{WrittenChange, WrittenItem, WrittenListener, WrittenQueue, WrittenSeat};
use kernel::http::Idem;
use kernel::{BoxError, Ctx, Lang, Principal, Problem, Scope};
use testkit::{Client, PersonBuilder, START, Site, TestServer};

/// The matters of the city: category, unit, words.
pub const MATTERS: [(&str, &str, [&str; 6]); 3] = [
    ("water", "water-bureau", ["停水", "水压低", "水管漏水", "自来水浑浊", "水表坏了", "没有水"]),
    ("noise", "environment", ["施工噪音", "夜间扰民", "喇叭吵闹", "工地轰鸣", "噪声超标", "吵得睡不着"]),
    (
        "insurance",
        "insurance-bureau",
        ["医保报销", "社保卡补办", "参保登记", "医保缴费", "门诊报销", "异地就医"],
    ),
];

/// An order of the city.
pub fn order(id: &str, content: &str) -> CorpusCase {
    CorpusCase {
        id: id.into(),
        number: format!("YZ2026030200{id:0>2}"),
        title: content.chars().take(16).collect(),
        content: content.to_owned(),
        r#type: "complaint".to_owned(),
        category_id: None,
        urgency: "normal".to_owned(),
        status: "in_progress".to_owned(),
        settled: false,
        unit_id: None,
        district: Some("澜溪区".to_owned()),
        address: None,
        lng: None,
        lat: None,
        phone: None,
        confidential: false,
        created_by: None,
        created_at: START.0 - 3_600_000,
        main_id: None,
    }
}

/// Some hundred orders of three matters, the older ones first.
pub fn history(count: usize) -> Vec<CorpusCase> {
    (0..count)
        .map(|at| {
            let (category, unit, words) = MATTERS[at % 3];
            let mut one = order(
                &format!("h{at}"),
                &format!("市民反映{}问题，{}，第{at}号楼，请处理", words[at / 3 % 6], words[at / 5 % 6]),
            );
            one.category_id = Some(category.to_owned());
            one.unit_id = Some(unit.to_owned());
            one.created_at = START.0 - 200 * 86_400_000 + i64::try_from(at).unwrap() * 60_000;
            one.settled = true;
            one
        })
        .collect()
}

/// What the neighbours answer.
#[derive(Default)]
pub struct Town {
    pub orders: Mutex<Vec<CorpusCase>>,
    pub entries: Mutex<Vec<Passage>>,
    pub knowledge_fails: Mutex<bool>,
    pub submitted: Mutex<Vec<CitizenDraft>>,
    /// Whom each question to the knowledge base was for.
    pub audiences: Mutex<Vec<contract::knowledge::Audience>>,
    pub kit: Mutex<Option<kernel::Kit>>,
}

pub fn passage(id: &str, title: &str, text: &str) -> Passage {
    Passage {
        entry_id: id.into(),
        answer_id: None,
        number: format!("KB-{id}"),
        title: title.to_owned(),
        text: text.to_owned(),
        publisher: "市医保局".to_owned(),
        published_at: START.0,
        score: 0.0,
    }
}

#[async_trait]
impl CaseCorpus for Town {
    async fn orders(
        &self,
        since: i64,
        after: Option<&CorpusPlace>,
        limit: i64,
    ) -> Result<Vec<CorpusCase>, BoxError> {
        let mut all = self.orders.lock().unwrap().clone();
        all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(all
            .into_iter()
            .filter(|one| one.created_at >= since)
            .filter(|one| after.is_none_or(|(at, id)| (one.created_at, &one.id.0) > (*at, id)))
            .take(usize::try_from(limit).unwrap())
            .collect())
    }
    async fn order(&self, id: &CaseId) -> Result<Option<CorpusCase>, BoxError> {
        Ok(self.orders.lock().unwrap().iter().find(|one| one.id == *id).cloned())
    }
    fn categories(&self) -> Vec<CorpusCategory> {
        MATTERS
            .iter()
            .map(|(id, ..)| CorpusCategory {
                id: (*id).to_owned(),
                parent_id: None,
                path_name: (*id).to_owned(),
                level: 1,
                r#type: None,
                active: true,
            })
            .collect()
    }
    async fn proposal(&self, draft: &CorpusDraft, _: Lang) -> Result<Option<UnitProposal>, BoxError> {
        Ok((draft.category_id.as_deref() == Some("water")).then(|| UnitProposal {
            unit_id: "water-bureau".into(),
            unit_name: "水务局".to_owned(),
            reason: "目录：供水".to_owned(),
        }))
    }
    async fn readable(&self, by: &Principal, ids: &[CaseId]) -> Result<Vec<CaseId>, BoxError> {
        let all = by.scope("case.read") == Some(Scope::All);
        Ok(ids.iter().filter(|id| all || id.as_str().starts_with("own")).cloned().collect())
    }
}

#[async_trait]
impl CitizenDesk for Town {
    async fn info(&self, _: Lang) -> Result<CitizenInfo, BoxError> {
        Ok(CitizenInfo { types: Vec::new(), categories: Vec::new() })
    }
    async fn submit(&self, _: &Ctx, draft: CitizenDraft, idem: &Idem) -> Result<Submitted, Problem> {
        self.submitted.lock().unwrap().push(draft);
        let sent = Submitted { number: "YZ202603020099".to_owned(), query_code: "123456".to_owned() };
        let kit = self.kit.lock().unwrap().clone();
        if let Some(kit) = kit
            && let Some(answer) = idem.answer(&kit, axum::http::StatusCode::CREATED, &sent)
        {
            let mut tx = kit.db.begin().await.unwrap();
            tx.remember(answer);
            tx.commit().await.unwrap();
        }
        Ok(sent)
    }
    async fn look_up(&self, number: &str, code: &str, _: Lang) -> Result<Option<CitizenCase>, BoxError> {
        Ok((number == "YZ202603020077" && code == "402913").then(|| CitizenCase {
            number: number.to_owned(),
            title: "路灯不亮".to_owned(),
            type_name: "报修".to_owned(),
            created_at: START.0,
            status: "in_progress".to_owned(),
            status_name: "开始处理".to_owned(),
            unit_name: Some("城管局".to_owned()),
            due_at: Some(START.0 + 86_400_000),
            steps: Vec::new(),
            result: None,
            notices: Vec::new(),
            acts: Vec::new(),
            can_rate: false,
            rating: None,
        }))
    }
    async fn rate(&self, _: &Ctx, _: &str, _: &str, _: i64, _: &str) -> Result<Option<CitizenCase>, Problem> {
        Ok(None)
    }
    async fn act(&self, _: &Ctx, _: &str, _: &str, _: &str, _: &str) -> Result<Option<CitizenCase>, Problem> {
        Ok(None)
    }
}

#[async_trait]
impl Directory for Town {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(Some(UnitBrief {
            id: id.clone(),
            parent_id: None,
            level: 2,
            code: id.0.clone(),
            name: format!("单位{id}"),
            path: "/".to_owned(),
            active: true,
        }))
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
    async fn people_with(&self, _: &UnitId, _: &str) -> Result<Vec<PersonBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
}

#[async_trait]
impl KnowledgeSearch for Town {
    async fn passages(&self, question: &KnowledgeQuestion) -> Result<Vec<Passage>, BoxError> {
        self.audiences.lock().unwrap().push(question.audience);
        if *self.knowledge_fails.lock().unwrap() {
            return Err("the index is gone".into());
        }
        let mut found: Vec<Passage> = self.entries.lock().unwrap().clone();
        for one in &mut found {
            one.score = bot::robot::answering::dice(&question.text, &one.title) * 10.0;
        }
        found.retain(|one| one.score > 0.0);
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(question.limit);
        Ok(found)
    }
}

/// A queue that offers to whoever is ready, and does what the test says.
#[derive(Default)]
pub struct Queue {
    listener: Mutex<Option<Arc<dyn WrittenListener>>>,
    pub joined: Mutex<Vec<WrittenItem>>,
    offered: Mutex<HashMap<String, String>>,
    pub ready: Mutex<Vec<String>>,
}

impl Queue {
    fn tell(&self, change: WrittenChange) {
        self.listener.lock().unwrap().as_ref().unwrap().hear(change);
    }
    pub fn take_from(&self, id: &str, person_id: &str) {
        self.offered.lock().unwrap().remove(id);
        self.tell(WrittenChange::Withdrawn {
            id: id.to_owned(),
            person_id: person_id.to_owned(),
            reason: "seat_gone".to_owned(),
        });
    }
}

impl WrittenQueue for Queue {
    fn listen(&self, listener: Arc<dyn WrittenListener>) {
        *self.listener.lock().unwrap() = Some(listener);
    }
    fn join(&self, item: &WrittenItem) {
        self.joined.lock().unwrap().push(item.clone());
        let wanted = item.person_id.clone().or_else(|| self.ready.lock().unwrap().first().cloned());
        if let Some(person_id) = wanted {
            self.offered.lock().unwrap().insert(item.id.clone(), person_id.clone());
            self.tell(WrittenChange::Offered { id: item.id.clone(), person_id });
        }
    }
    fn accept(&self, id: &str, person_id: &str) -> bool {
        self.offered.lock().unwrap().get(id).is_some_and(|person| person == person_id)
    }
    fn refuse(&self, id: &str, person_id: &str) {
        self.take_from(id, person_id);
    }
    fn leave(&self, id: &str) {
        self.offered.lock().unwrap().remove(id);
    }
    fn position(&self, _: &str) -> Option<(usize, Option<i64>)> {
        Some((1, Some(30_000)))
    }
    fn seats(&self) -> Vec<WrittenSeat> {
        let seat = |person: &String| WrittenSeat {
            person_id: person.clone(),
            person_name: person.clone(),
            seat_no: "8001".to_owned(),
            state: "ready".to_owned(),
        };
        self.ready.lock().unwrap().iter().map(seat).collect()
    }
    fn queues(&self) -> Vec<(String, String)> {
        vec![("main".to_owned(), "综合".to_owned())]
    }
}

fn process(site: &Site, town: &Arc<Town>) -> (Bot, Arc<Queue>) {
    let ports = Ports {
        corpus: town.clone(),
        citizens: town.clone(),
        directory: town.clone(),
        knowledge: Some(town.clone()),
    };
    let places = ["听澜雅苑", "柳津大道"].map(|name| KnownPlace {
        name: name.to_owned(),
        district: Some("澜溪区".to_owned()),
        lng: Some(112.5),
        lat: Some(30.2),
    });
    let bot = Bot::new(site.kit.clone(), ports, places).unwrap();
    let queue = Arc::new(Queue::default());
    bot.serve_with(queue.clone());
    (bot, queue)
}

/// A city with its server.
pub struct World {
    pub site: Site,
    pub bot: Bot,
    pub town: Arc<Town>,
    pub queue: Arc<Queue>,
    pub server: TestServer,
}

impl World {
    pub async fn new(site: Site) -> Self {
        site.migrate("bot", bot::MIGRATIONS).await;
        let town = Arc::new(Town::default());
        *town.kit.lock().unwrap() = Some(site.kit.clone());
        let (bot, queue) = process(&site, &town);
        let server = TestServer::new(&site, vec![bot.slice().router]);
        Self { site, bot, town, queue, server }
    }

    /// Another process over the same database, with a queue of its own.
    pub fn another(&self) -> (Bot, Arc<Queue>) {
        process(&self.site, &self.town)
    }

    /// Lets the city write orders, and the slice read them.
    pub async fn write(&self, orders: Vec<CorpusCase>) {
        self.town.orders.lock().unwrap().extend(orders);
        self.bot.fill().await.unwrap();
    }

    pub fn agent(&self, account: &str) -> Client {
        let may = ["case.create", "case.read", "case.edit", "chat.answer", "case.urge"];
        self.server.as_person(PersonBuilder::new(account).may(&may).job_no("012"))
    }

    pub fn with(&self, account: &str, may: &[&str]) -> Client {
        self.server.as_person(PersonBuilder::new(account).may(may))
    }
}
