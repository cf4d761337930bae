//! Notices: who is told, once; what waits for channels; who may see and set what. On both databases.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod citizens;
mod smtp;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::cases::{
    AlarmRaised, CaseBrief, CaseId, CaseLookup, CaseUrged, CitizenReplies, CitizenReply, DeadlineMissed,
    OverdueBrief, RatingGiven, UnitSucceeded,
};
use contract::contacts::ContactId;
use contract::identity::{
    Directory, PersonBrief, PersonId, RegistrationChanged, SeatBrief, UnitBrief, UnitId,
};
use contract::messages::{NoticeChannel, OutgoingNotice};
use contract::voice::CallId;
use kernel::{Actor, ActorKind, BoxError, Ctx, Envelope, Event, Timestamp};
use messages::{Messages, Ports};
use serde_json::json;
use testkit::{PersonBuilder, START, Site, TestServer, on_both};

/// A clerk and a leader in the water bureau, a reviewer in the centre; one order, overdue.
#[derive(Clone, Default)]
struct Town {
    /// The round that orders are in, and whether the citizen's number was corrected.
    now: Arc<Mutex<(i64, bool)>>,
}

#[async_trait]
impl Directory for Town {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(Some(UnitBrief {
            id: id.clone(),
            parent_id: Some("centre".into()),
            level: 2,
            code: id.0.clone(),
            name: "水务局".to_owned(),
            path: format!("/centre/{id}/"),
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
    async fn people_with(&self, unit: &UnitId, capability: &str) -> Result<Vec<PersonBrief>, BoxError> {
        let found = match (unit.as_str(), capability) {
            ("water", "case.handle") => vec!["clerk"],
            ("water", "overview.read") => vec!["leader"],
            ("centre", "case.result_review") => vec!["reviewer"],
            ("water", "registration.decide") => vec!["leader"],
            ("centre", "registration.decide" | "role.write") => vec!["reviewer"],
            _ => Vec::new(),
        };
        let person = |id: &str| PersonBrief {
            id: id.into(),
            name: id.to_owned(),
            unit_id: unit.clone(),
            job_no: None,
        };
        Ok(found.into_iter().map(person).collect())
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
}

#[async_trait]
impl CaseLookup for Town {
    async fn cases_of(&self, _: &ContactId, _: i64) -> Result<Vec<CaseBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn by_number(&self, _: &str) -> Result<Option<CaseBrief>, BoxError> {
        Ok(None)
    }
    async fn of_call(&self, _: &CallId) -> Result<Vec<CaseBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn brief(&self, id: &CaseId) -> Result<Option<CaseBrief>, BoxError> {
        Ok(Some(CaseBrief {
            id: id.clone(),
            number: "YZ1".to_owned(),
            title: "路灯不亮".to_owned(),
            status: "in_progress".to_owned(),
            created_at: 0,
        }))
    }
    async fn overdue(&self, _: i64, after: &str, _: i64) -> Result<Vec<OverdueBrief>, BoxError> {
        let order = OverdueBrief {
            id: "case".into(),
            number: "YZ1".to_owned(),
            unit_id: Some("water".to_owned()),
            person_id: None,
            due_at: 0,
        };
        Ok(if after.is_empty() { vec![order] } else { Vec::new() })
    }
}

#[async_trait]
impl CitizenReplies for Town {
    async fn reply(&self, id: &CaseId, _: &str, round: i64) -> Result<Option<CitizenReply>, BoxError> {
        let (round_now, corrected) = *self.now.lock().unwrap();
        let (way, to) = match id.as_str() {
            _ if round < round_now => return Ok(None),
            "by_sms" if corrected => ("sms", Some("13900005678")),
            "by_call" if corrected => ("phone", None),
            "by_call" => ("sms", Some("13900001234")),
            "by_mail" => ("email", Some("zhou@example.cn")),
            "by_sms" => ("sms", Some("13900001234")),
            "nowhere" => ("email", None),
            _ => return Ok(None),
        };
        Ok(Some(CitizenReply {
            way: way.to_owned(),
            to: to.map(ToOwned::to_owned),
            number: "YZ1".to_owned(),
            query_code: "602915".to_owned(),
            title: "路灯不亮".to_owned(),
            unit: "水务局".to_owned(),
            result: "已修好".to_owned(),
        }))
    }
}

/// Keeps what it was given; fails as long as it is told to.
#[derive(Default)]
struct Sms {
    sent: Mutex<Vec<OutgoingNotice>>,
    broken: Mutex<bool>,
}

#[async_trait]
impl NoticeChannel for Sms {
    fn code(&self) -> &'static str {
        "sms"
    }
    fn name(&self) -> (&'static str, &'static str) {
        ("短信", "SMS")
    }
    fn is_configured(&self) -> bool {
        true
    }
    async fn deliver(&self, notice: &OutgoingNotice) -> Result<(), BoxError> {
        if *self.broken.lock().unwrap() {
            return Err("the gateway is silent".into());
        }
        self.sent.lock().unwrap().push(notice.clone());
        Ok(())
    }
}

struct World {
    site: Site,
    town: Town,
    messages: Messages,
    server: TestServer,
}

impl World {
    async fn new(site: Site) -> Self {
        site.migrate("messages", messages::MIGRATIONS).await;
        let town = Town::default();
        let ports = Ports {
            directory: Arc::new(town.clone()),
            cases: Arc::new(town.clone()),
            replies: Arc::new(town.clone()),
            centre: "centre".into(),
        };
        let messages = Messages::new(site.kit.clone(), ports);
        let server = TestServer::new(&site, vec![messages.slice().router]);
        Self { site, town, messages, server }
    }

    fn client(&self, account: &str) -> testkit::Client {
        let person = PersonBuilder::new(account);
        self.server.as_person(if account == "admin" { person.may(&["notice.write"]) } else { person })
    }

    async fn texts(&self, account: &str) -> Vec<String> {
        let page = self.client(account).get("/notices").await.ok();
        page["items"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect()
    }

    async fn happen<E: Event>(&self, seq: i64, by: &str, at: Timestamp, event: &E) {
        let envelope = Envelope {
            seq,
            name: E::NAME.to_owned(),
            subject: event.subject(),
            actor: Actor { kind: ActorKind::Person, id: by.to_owned(), name: by.to_owned() },
            at,
            trace_id: String::new(),
            payload: serde_json::to_string(event).unwrap(),
        };
        self.messages.react(&envelope).await.unwrap();
    }
}

fn missed() -> DeadlineMissed {
    DeadlineMissed {
        case_id: "case".into(),
        name: "close".to_owned(),
        due_at: 0,
        unit_id: Some("water".to_owned()),
        person_id: None,
        late: false,
    }
}

fn urged() -> CaseUrged {
    CaseUrged { case_id: "case".into(), unit_id: Some("water".to_owned()), person_id: None }
}

#[tokio::test]
async fn a_missed_limit_reaches_clerk_leader_and_supervisor_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.happen(1, "system", START, &missed()).await;
        world.happen(1, "system", START, &missed()).await;
        for account in ["clerk", "leader", "reviewer"] {
            assert_eq!(world.texts(account).await, ["YZ1 路灯不亮 的办理时限已超期，请尽快处理。"]);
        }
        assert!(world.texts("stranger").await.is_empty());
        // What was told long after it happened is nobody's news.
        world.happen(2, "system", START.plus_secs(-90_000), &missed()).await;
        assert_eq!(world.texts("clerk").await.len(), 1);
        // Nobody is told of what they did.
        world.happen(3, "leader", START, &urged()).await;
        assert_eq!(world.texts("leader").await.len(), 1);
        assert_eq!(world.texts("clerk").await[0], "leader催办 YZ1 路灯不亮。");
    })
    .await;
}

#[tokio::test]
async fn a_successors_clerks_are_told_once_how_many_orders_came() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let succeeded = UnitSucceeded {
            unit_id: "roads".to_owned(),
            unit_name: "城管局".to_owned(),
            successor_id: "water".to_owned(),
            orders: 12,
        };
        world.happen(1, "system", START, &succeeded).await;
        world.happen(1, "system", START, &succeeded).await;
        let told = "城管局已撤并，12 件在办工单由本单位承接，时限不变，请在待办中查看。";
        assert_eq!(world.texts("clerk").await, [told]);
        assert!(world.texts("reviewer").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_decides_on_an_application_is_told_and_then_who_gives_rights() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let applied = |unit: &str, state: &str| RegistrationChanged {
            registration_id: "r".to_owned(),
            unit_id: unit.into(),
            state: state.to_owned(),
        };
        world.happen(1, "", START, &applied("water", "pending")).await;
        assert_eq!(world.texts("leader").await, ["水务局有新的账号申请，等待审批。"]);
        assert!(world.texts("reviewer").await.is_empty(), "the unit's own administrator is nearer");
        world.happen(2, "leader", START, &applied("water", "approved")).await;
        assert_eq!(world.texts("reviewer").await, ["水务局有账号已通过审批，等待分配角色。"]);
        world.happen(3, "", START, &applied("roads", "pending")).await;
        assert_eq!(world.texts("reviewer").await.len(), 2, "a unit without one: the system's");
    })
    .await;
}

#[tokio::test]
async fn an_alarm_that_nobody_acknowledges_reaches_the_next_level_only() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let raised = |level: i64, escalated: bool| AlarmRaised {
            alarm_id: "a".to_owned(),
            case_id: "case".into(),
            limit_name: "close".to_owned(),
            unit_id: Some("water".to_owned()),
            person_id: None,
            level,
            escalated,
        };
        world.happen(1, "system", START, &raised(1, false)).await;
        assert!(world.texts("clerk").await.is_empty(), "the missed limit was told already");
        world.happen(2, "system", START, &raised(2, true)).await;
        assert_eq!(
            world.texts("leader").await,
            ["YZ1 路灯不亮 的办理时限超期报警无人确认，已上报到您，请立即确认处理。"]
        );
        assert!(world.texts("reviewer").await.is_empty());
        world.happen(3, "system", START, &raised(3, true)).await;
        assert_eq!((world.texts("leader").await.len(), world.texts("reviewer").await.len()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_unit_is_told_that_a_citizen_is_not_satisfied() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let rated = |stars: i64| RatingGiven {
            case_id: "case".into(),
            rating_id: "r".to_owned(),
            stars,
            source: "portal".to_owned(),
            unit_id: Some("water".to_owned()),
        };
        world.happen(1, "", START, &rated(3)).await;
        world.happen(2, "", START, &rated(2)).await;
        for account in ["clerk", "leader"] {
            let texts = world.texts(account).await;
            assert!(texts.len() == 1 && texts[0].contains("不满意（2 星）"), "{texts:?}");
        }
        assert!(world.texts("reviewer").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn notices_are_read_one_by_one_and_all_at_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for seq in 1..=3 {
            world.happen(seq, "system", START, &missed()).await;
        }
        let mut clerk = world.client("clerk");
        assert_eq!(clerk.get("/notices/summary").await.ok()["unread"], 3);
        let page = clerk.get("/notices?limit=2").await.ok();
        let id = page["items"][0]["id"].as_str().unwrap().to_owned();
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = clerk.get(&format!("/notices?limit=2&cursor={cursor}")).await.ok();
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
        let reading = format!("/notices/{id}/reading");
        world.client("leader").put(&reading, json!({})).await.refused(404, "not_found");
        clerk.put(&reading, json!({})).await.done();
        assert_eq!(clerk.get("/notices?unread=true").await.ok()["items"].as_array().unwrap().len(), 2);
        clerk.put("/notices/reading", json!({})).await.done();
        assert_eq!(clerk.get("/notices/summary").await.ok()["unread"], 0);
        assert_eq!(world.client("leader").get("/notices/summary").await.ok()["unread"], 3);
    })
    .await;
}

#[tokio::test]
async fn a_rule_decides_who_is_told_and_names_only_channels_that_exist() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut admin = world.client("admin");
        world.client("clerk").get("/notice-rules").await.refused(403, "permission.denied");
        let rule = |version: i64, channels: &[&str]| {
            json!({ "active": true, "handler": false, "leader": true, "supervisor": false, "channels": channels,
                    "version": version })
        };
        admin.put("/notice-rules/overdue", rule(0, &["sms"])).await.refused(422, "invalid");
        admin.put("/notice-rules/overdue", rule(0, &[])).await.done();
        admin.put("/notice-rules/overdue", rule(0, &[])).await.refused(409, "stale_version");
        admin.put("/notice-rules/nothing", rule(0, &[])).await.refused(404, "not_found");
        world.happen(1, "system", START, &missed()).await;
        assert!(world.texts("clerk").await.is_empty());
        assert_eq!(world.texts("leader").await.len(), 1);
        let channels = admin.get("/notice-channels").await.ok();
        assert_eq!(channels.as_array().unwrap().len(), 1);
        assert_eq!((&channels[0]["code"], &channels[0]["configured"]), (&json!("internal"), &json!(true)));
    })
    .await;
}

#[tokio::test]
async fn a_channel_gets_what_its_rule_names_in_the_morning_and_is_tried_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let sms = Arc::new(Sms::default());
        world.messages.add_channel(sms.clone());
        for kind in ["overdue", "urged"] {
            let rule = json!({ "active": true, "handler": true, "leader": false, "supervisor": false,
                               "channels": ["sms"], "version": 0 });
            world.client("admin").put(&format!("/notice-rules/{kind}"), rule).await.done();
        }
        // 23:00 in the city: what hurries goes out, the rest waits for 07:30.
        let night = START.plus_secs(14 * 3600);
        world.site.clock.set(night);
        world.happen(1, "system", night, &missed()).await;
        world.happen(2, "system", night, &urged()).await;
        *sms.broken.lock().unwrap() = true;
        assert_eq!(world.messages.deliver(night).await.unwrap(), 0);
        *sms.broken.lock().unwrap() = false;
        assert_eq!(world.messages.deliver(night).await.unwrap(), 0, "a pause comes first");
        assert_eq!(world.messages.deliver(night.plus_secs(60)).await.unwrap(), 1);
        assert_eq!(world.messages.deliver(night.plus_secs(8 * 3600)).await.unwrap(), 0);
        assert_eq!(world.messages.deliver(night.plus_secs(8 * 3600 + 1800)).await.unwrap(), 1);
        let sent: Vec<String> = sms.sent.lock().unwrap().iter().map(|one| one.text.clone()).collect();
        assert_eq!(sent, ["system催办 YZ1 路灯不亮。", "YZ1 路灯不亮 的办理时限已超期，请尽快处理。"]);
        // A channel that stays silent is given up and shown.
        *sms.broken.lock().unwrap() = true;
        let noon = START.plus_secs(27 * 3600);
        world.site.clock.set(noon);
        world.happen(3, "system", noon, &missed()).await;
        for day in 0..8 {
            world.messages.deliver(noon.plus_secs(day * 86_400)).await.unwrap();
        }
        let channels = world.client("admin").get("/notice-channels").await.ok();
        assert_eq!((&channels[1]["waiting"], &channels[1]["failed"]), (&json!(0), &json!(1)));
    })
    .await;
}

#[tokio::test]
async fn whoever_has_overdue_orders_is_reminded_once_a_day() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let digest = async |at: Timestamp| world.messages.digest(&Ctx::system("digest", at)).await.unwrap();
        // 08:00 in the city is too early; START is 09:00.
        assert_eq!(digest(START.plus_secs(-3600)).await, 0);
        assert_eq!(digest(START).await, 1);
        assert_eq!(digest(START.plus_secs(3600)).await, 0);
        assert_eq!(digest(START.plus_secs(86_400)).await, 1);
        assert_eq!(
            world.texts("clerk").await,
            ["超期工单 1 件，最早的是 YZ1；未读消息 1 条。", "超期工单 1 件，最早的是 YZ1；未读消息 0 条。",]
        );
    })
    .await;
}
