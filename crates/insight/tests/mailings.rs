//! Reports by mail: once for each period and receiver, with the receiver's own rights; what fails is told.

use std::io::Read as _;

use contract::identity::Receiver;
use contract::messages::{Mail, MailFault};
use insight::Insight;
use kernel::{Dialect, Scope};
use serde_json::{Value, json};
use testkit::{Client, PersonBuilder, Site, on_both, on_sqlite};

use crate::support::World;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Twelve orders from Monday 2026-03-02 on, one a day: water has the first four.
async fn world(site: Site) -> World {
    let world = World::new(site).await;
    for number in 0..12 {
        let unit = if number < 4 { "water" } else { "roads" };
        world.city.order(&format!("case-{number:02}"), unit, "help", number * 24);
    }
    world.insight.catch_up().await.unwrap();
    let clerk =
        PersonBuilder::new("clerk").unit("/centre/water/").may_within(Scope::Subtree, &["report.read"]);
    for (person, address) in [
        (leader(), true),
        (clerk, true),
        (PersonBuilder::new("stranger").may(&["case.read"]), true),
        (PersonBuilder::new("mute").may(&["report.read"]), false),
    ] {
        let principal = person.build();
        let email = address.then(|| format!("{}@example.gov.cn", principal.account));
        let id = principal.person_id.clone();
        world.city.receivers.lock().unwrap().insert(id, Receiver { principal, email });
    }
    world
}

fn leader() -> PersonBuilder {
    PersonBuilder::new("leader").may(&["report.read", "report.share", "warning.read"])
}

fn weekly(receivers: &[&str]) -> Value {
    json!({
        "name": "每周单位", "report": "unit", "query": "kind=month&day=2020-01-01&measures=created&to=2020-01-01",
        "span": "last_week", "every": "week", "on_day": 1, "hour": 8, "receivers": receivers,
    })
}

impl World {
    fn client(&self, id: &str) -> Client {
        let principal = self.city.receivers.lock().unwrap()[id].principal.clone();
        let mut person = PersonBuilder::new(id).unit(&principal.unit_path);
        for (name, scope) in principal.grants.iter() {
            person = person.may_within(*scope, &[name.as_str()]);
        }
        self.server.as_person(person)
    }
    async fn subscribe(&self, body: Value) -> String {
        let made = self.client("leader").post("/report-subscriptions", body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }
    async fn mail(&self) -> usize {
        self.insight.mail_reports(&self.site.ctx()).await.unwrap()
    }
    fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.city.mails.lock().unwrap())
    }
    async fn runs(&self, who: &str, id: &str) -> Vec<(String, String)> {
        let page = self.client(who).get(&format!("/report-subscriptions/{id}/runs")).await.ok();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = page["items"].as_array().unwrap().iter();
        let mut rows: Vec<_> = rows.map(|run| (text(&run["person"]), text(&run["state"]))).collect();
        rows.sort();
        rows
    }
}

/// All texts of the parts of an archive.
fn texts(mail: &Mail) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(mail.files[0].bytes.clone())).unwrap();
    let mut all = String::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        if part.name().ends_with(".xml") {
            part.read_to_string(&mut all).unwrap();
        }
    }
    all
}

#[tokio::test]
async fn a_subscribed_report_reaches_each_receiver_once_with_the_receivers_own_rights() {
    on_both(|site| async move {
        let mut world = world(site).await;
        let id = world.subscribe(weekly(&["leader", "clerk", "stranger", "mute"])).await;
        world.site.clock.advance_millis(6 * DAY_MS);
        assert_eq!(world.mail().await, 0, "it is Sunday");
        // Monday, eight o'clock. Two processes see it at the same moment.
        world.site.clock.advance_millis(DAY_MS - HOUR_MS);
        let other = if world.site.dialect() == Dialect::Postgres {
            world.second(world.site.second_process().await).await
        } else {
            world.insight.clone()
        };
        let ctx = world.site.ctx();
        let both = tokio::join!(world.insight.mail_reports(&ctx), other.mail_reports(&ctx));
        assert_eq!(both.0.unwrap() + both.1.unwrap(), 2);
        let mut mails = world.mails();
        mails.sort_by(|one, other| one.to.cmp(&other.to));
        assert_eq!(
            mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
            ["clerk@example.gov.cn", "leader@example.gov.cn"]
        );
        for mail in &mails {
            assert_eq!(mail.subject, "【12345热线】每周单位（2026-03-02 ~ 2026-03-08）");
            assert_eq!(mail.files[0].name, "每周单位-2026-03-02-2026-03-08.xlsx");
            assert!(texts(mail).contains("水务局"));
        }
        assert!(!texts(&mails[0]).contains("roads"), "the clerk sees the own unit alone");
        assert!(texts(&mails[1]).contains("roads"));
        let told = ["clerk", "leader", "mute", "stranger"].map(str::to_owned);
        let name = |id: &str| world.city.receivers.lock().unwrap()[id].principal.name.clone();
        let states = ["sent", "sent", "failed", "failed"];
        let wanted: Vec<_> =
            told.iter().zip(states).map(|(id, state)| (name(id), state.to_owned())).collect();
        assert_eq!(world.runs("leader", &id).await, wanted);
        assert_eq!(world.runs("clerk", &id).await, wanted[..1], "of others a receiver learns nothing");
        let notices = world.city.notices.lock().unwrap().clone();
        let why: Vec<_> =
            notices.iter().map(|notice| notice.facts["zh"].as_str().unwrap().to_owned()).collect();
        assert_eq!(why.len(), 2, "{why:?}");
        assert!(notices.iter().all(|notice| notice.people[0].as_str() == "leader"));
        assert!(
            why.iter().any(|text| text.contains("没有登记邮箱"))
                && why.iter().any(|text| text.contains("权限"))
        );
        assert_eq!(world.site.events("insight.report_mailed").await.len(), 4);
        // A restart changes nothing; what was missed during three weeks is sent once, for the week before the last time.
        world.reopen().await;
        world.insight.mail_by(world.city.clone());
        assert_eq!(world.mail().await, 0);
        world.site.clock.advance_millis(22 * DAY_MS);
        assert_eq!(world.mail().await, 2);
        let mails = world.mails();
        assert_eq!(mails.len(), 2);
        assert!(mails[0].subject.contains("2026-03-23 ~ 2026-03-29"), "{}", mails[0].subject);
        assert_eq!(world.mail().await, 0);
        // An owner who may not share any more sends to nobody else.
        let taken = |world: &World| {
            let mut receivers = world.city.receivers.lock().unwrap();
            let grants = &mut receivers.get_mut("leader").unwrap().principal.grants;
            std::sync::Arc::make_mut(grants).remove("report.share")
        };
        assert!(taken(&world).is_some());
        world.site.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.mail().await, 1);
        assert_eq!(world.mails()[0].to, "leader@example.gov.cn");
    })
    .await;
}

#[tokio::test]
async fn what_fails_is_tried_again_then_told_and_what_may_have_arrived_is_never_sent_twice() {
    on_both(|site| async move {
        let world = world(site).await;
        let id = world.subscribe(weekly(&["leader"])).await;
        let me = world.city.receivers.lock().unwrap()["leader"].principal.name.clone();
        *world.city.mail_fails.lock().unwrap() = Some(|| MailFault::Later("no route".to_owned()));
        world.site.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.mail().await, 0);
        assert_eq!(world.runs("leader", &id).await, [(me.clone(), "waiting".to_owned())]);
        assert_eq!(world.mail().await, 0, "it pauses");
        world.site.clock.advance_millis(60_000);
        *world.city.mail_fails.lock().unwrap() = None;
        assert_eq!(world.mail().await, 1);
        assert_eq!(world.mails().len(), 1);
        // A server that never comes back is given up after some hours, and the owner is told.
        *world.city.mail_fails.lock().unwrap() = Some(|| MailFault::Later("no route".to_owned()));
        world.site.clock.advance_millis(7 * DAY_MS);
        for _ in 0..10 {
            world.mail().await;
            world.site.clock.advance_millis(4 * HOUR_MS);
        }
        assert!(world.runs("leader", &id).await.contains(&(me.clone(), "failed".to_owned())));
        assert_eq!(world.city.notices.lock().unwrap().len(), 1);
        // Nobody knows whether it arrived: it stays so.
        *world.city.mail_fails.lock().unwrap() = Some(|| MailFault::Unclear("cut".to_owned()));
        world.site.clock.advance_millis(7 * DAY_MS);
        world.mail().await;
        *world.city.mail_fails.lock().unwrap() = None;
        world.site.clock.advance_millis(DAY_MS);
        assert_eq!(world.mail().await, 0);
        // A process died between handing over and noting it.
        world.site.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.mail().await, 1);
        world.site.execute("update insight_subscription_run set state = 'sending', done_at = null, next_at = 0 where state = 'sent' and due_at = (select max(due_at) from insight_subscription_run)").await;
        assert_eq!(world.mail().await, 0);
        let unclear = world.runs("leader", &id).await.into_iter().filter(|(_, state)| state == "unclear").count();
        assert_eq!(unclear, 2);
        // One that died before is done anew.
        world.site.execute("update insight_subscription_run set state = 'waiting', done_at = null, next_at = 0 where due_at = (select max(due_at) from insight_subscription_run)").await;
        assert_eq!(world.mail().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_subscription_is_paused_left_and_ended_by_whose_it_is() {
    on_both(|site| async move {
        let world = world(site).await;
        let id = world.subscribe(weekly(&["leader", "clerk"])).await;
        let at = |tail: &str| format!("/report-subscriptions/{id}{tail}");
        let (mut leader, mut clerk, mut mute) =
            (world.client("leader"), world.client("clerk"), world.client("mute"));
        mute.get(&at("/runs")).await.refused(404, "not_found");
        clerk.post(&at("/pause"), json!({})).await.refused(404, "not_found");
        clerk.delete(&at("")).await.refused(404, "not_found");
        let seen = clerk.get("/report-subscriptions").await.ok();
        assert_eq!(
            (&seen["items"][0]["own"], seen["items"][0]["receivers"].as_array().unwrap().len()),
            (&json!(false), 1)
        );
        leader.post(&at("/pause"), json!({})).await.done();
        world.site.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.mail().await, 0);
        leader.delete(&at("/pause")).await.done();
        assert_eq!(world.mail().await, 0, "what was due during the pause is not sent");
        // Now, to oneself, once a minute.
        leader.post(&at("/runs"), json!({})).await.done();
        leader.post(&at("/runs"), json!({})).await.refused(422, "invalid");
        assert_eq!(world.mail().await, 1);
        assert_eq!(world.mails()[0].to, "leader@example.gov.cn");
        clerk.delete(&at("/reception")).await.done();
        clerk.delete(&at("/reception")).await.refused(404, "not_found");
        clerk.get(&at("/runs")).await.refused(404, "not_found");
        world.site.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.mail().await, 1);
        // A change takes the version that was read; the hour of the new time counts.
        let version = leader.get("/report-subscriptions").await.ok()["items"][0]["version"].as_i64().unwrap();
        let mut other = weekly(&["leader"]);
        other["hour"] = json!(23);
        other["every"] = json!("day");
        leader.put(&at(""), other.clone()).await.refused(409, "stale_version");
        other["version"] = json!(version);
        leader.put(&at(""), other).await.done();
        world.site.clock.advance_millis(10 * HOUR_MS);
        assert_eq!(world.mail().await, 0);
        world.site.clock.advance_millis(5 * HOUR_MS);
        assert_eq!(world.mail().await, 1);
        // Whoever may not sign in any more has nothing sent.
        let gone = world.city.receivers.lock().unwrap().remove("leader").unwrap();
        world.site.clock.advance_millis(DAY_MS);
        assert_eq!(world.mail().await, 0);
        world.city.receivers.lock().unwrap().insert("leader".to_owned(), gone);
        let seen = leader.get("/report-subscriptions").await.ok();
        assert_eq!(
            (&seen["items"][0]["state"], &seen["items"][0]["paused_why"]),
            (&json!("paused"), &json!("owner"))
        );
        leader.delete(&at("")).await.done();
        assert_eq!(leader.get("/report-subscriptions").await.ok()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let mut leader = world.client("leader");
        for (field, value) in [
            ("name", json!("")),
            ("name", json!("周报\nBcc: a@b.cn")),
            ("report", json!("secret")),
            ("query", json!("measures=secret")),
            ("query", json!("by=day&unit_id=x&where=nothing:1")),
            ("span", json!("always")),
            ("every", json!("minute")),
            ("on_day", json!(9)),
            ("hour", json!(24)),
            ("receivers", json!([])),
            ("receivers", json!(["nobody"])),
            ("receivers", json!((0..21).map(|n| format!("p{n}")).collect::<Vec<_>>())),
        ] {
            let mut body = weekly(&["leader"]);
            body[field] = value.clone();
            let answer = leader.post("/report-subscriptions", body).await;
            assert!(answer.status == 422 || answer.status == 404, "{field} {value}: {}", answer.status);
        }
        // Naming colleagues takes the right to share.
        let mut clerk = world.client("clerk");
        clerk.post("/report-subscriptions", weekly(&["clerk"])).await.done();
        clerk
            .post("/report-subscriptions", weekly(&["clerk", "leader"]))
            .await
            .refused(403, "permission.denied");
        clerk.get("/report-receivers?q=l").await.refused(403, "permission.denied");
        let found = leader.get("/report-receivers?q=mu").await.ok();
        assert_eq!((&found[0]["id"], &found[0]["address"]), (&json!("mute"), &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn the_special_report_and_the_assessment_are_mailed_as_word_files() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        for report in ["special", "risk-assessment"] {
            let mut body = weekly(&["leader", "clerk"]);
            body["report"] = json!(report);
            body["query"] = json!("compare=year");
            body["name"] = json!(report);
            world.subscribe(body).await;
        }
        world.site.clock.advance_millis(7 * DAY_MS);
        assert_eq!(world.mail().await, 4);
        for mail in world.mails() {
            assert!(mail.files[0].name.ends_with(".docx"), "{}", mail.files[0].name);
            let said = texts(&mail);
            let orders = if mail.to.starts_with("leader") { 7 } else { 4 };
            assert!(said.contains(&format!("共受理诉求 {orders} 件")), "{}", mail.to);
        }
    })
    .await;
}

impl World {
    async fn second(&self, kit: kernel::Kit) -> Insight {
        let insight = self.open_with(kit).await;
        insight.mail_by(self.city.clone());
        insight
    }
}
