//! Texts to citizens: once for each moment and round, in the agreed way, at a decent hour; what cannot go out is told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::cases::CitizenReplyDue;
use contract::messages::{CitizenChannel, CitizenText, CitizenTold, MailFault};
use kernel::{Actor, ActorKind, Ctx, Envelope, Event, Timestamp};
use serde_json::json;
use testkit::{START, on_both};

use crate::World;

type Fault = fn(String) -> MailFault;

/// Keeps what it was given; fails as long as it is told to.
struct Way {
    code: &'static str,
    sent: Mutex<Vec<CitizenText>>,
    fault: Mutex<Option<Fault>>,
}

#[async_trait]
impl CitizenChannel for Way {
    fn code(&self) -> &'static str {
        self.code
    }
    fn is_configured(&self) -> bool {
        true
    }
    async fn deliver(&self, text: &CitizenText) -> Result<(), MailFault> {
        if let Some(fault) = *self.fault.lock().unwrap() {
            return Err(fault("the gateway is silent".to_owned()));
        }
        self.sent.lock().unwrap().push(text.clone());
        Ok(())
    }
}

fn way(world: &World, code: &'static str) -> Arc<Way> {
    let way = Arc::new(Way { code, sent: Mutex::default(), fault: Mutex::default() });
    world.messages.add_citizen_channel(way.clone());
    way
}

async fn due(world: &World, case_id: &str, moment: &str, round: i64) {
    let event = CitizenReplyDue { case_id: case_id.into(), moment: moment.to_owned(), round };
    let envelope = Envelope {
        seq: 1,
        name: CitizenReplyDue::NAME.to_owned(),
        subject: event.subject(),
        actor: Actor { kind: ActorKind::Person, id: "clerk".to_owned(), name: "clerk".to_owned() },
        at: world.site.kit.now(),
        trace_id: String::new(),
        payload: serde_json::to_string(&event).unwrap(),
    };
    world.messages.tell_citizen(&envelope).await.unwrap();
}

async fn deliver(world: &World, at: Timestamp) -> usize {
    world.messages.deliver_to_citizens(&Ctx::system("messages.deliver", at)).await.unwrap()
}

/// Returns moment and failure of what was told about.
async fn told(world: &World) -> Vec<(String, Option<String>)> {
    let events = world.site.events(CitizenTold::NAME).await;
    events
        .into_iter()
        .map(|event| {
            let event: CitizenTold = serde_json::from_value(event).unwrap();
            (event.moment, event.failure)
        })
        .collect()
}

#[tokio::test]
async fn a_citizen_is_told_once_for_each_moment_and_round() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (sms, mail) = (way(&world, "sms"), way(&world, "email"));
        for _ in 0..2 {
            due(&world, "by_sms", "feedback", 0).await;
            due(&world, "by_mail", "result", 0).await;
        }
        assert_eq!(deliver(&world, START).await, 2);
        assert_eq!(deliver(&world, START).await, 0);
        {
            let (short, long) = (sms.sent.lock().unwrap(), mail.sent.lock().unwrap());
            assert_eq!((short.len(), long.len()), (1, 1));
            assert_eq!((short[0].to.as_str(), long[0].to.as_str()), ("13900001234", "zhou@example.cn"));
            assert!(short[0].text.contains("水务局已办理并反馈") && !short[0].text.contains("已修好"));
            assert!(long[0].text.contains("已修好") && long[0].text.contains("602915"));
            assert_eq!(long[0].subject, "12345工单 YZ1 办理结果");
        }
        assert_eq!(told(&world).await, [("feedback".to_owned(), None), ("result".to_owned(), None)]);
        // Handled again it is another round.
        due(&world, "by_sms", "feedback", 1).await;
        assert_eq!(deliver(&world, START).await, 1);
        // An order whose citizen is called is none of this.
        due(&world, "by_phone", "result", 0).await;
        assert_eq!(deliver(&world, START).await, 0);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_woken_and_what_cannot_go_out_is_told() {
    on_both(|site| async move {
        let world = World::new(site).await;
        // No channel, no address: known at once.
        due(&world, "by_mail", "result", 0).await;
        due(&world, "nowhere", "result", 0).await;
        let failures: Vec<_> = told(&world).await.into_iter().filter_map(|(_, failure)| failure).collect();
        assert_eq!(failures, ["no_channel", "no_address"]);
        // 23:00 in the city: the text waits for 07:30.
        let sms = way(&world, "sms");
        let night = START.plus_secs(14 * 3600);
        world.site.clock.set(night);
        due(&world, "by_sms", "result", 0).await;
        assert_eq!(deliver(&world, night.plus_secs(8 * 3600)).await, 0);
        *sms.fault.lock().unwrap() = Some(MailFault::Later);
        for day in 1..8 {
            deliver(&world, night.plus_secs(day * 86_400)).await;
        }
        let failures: Vec<_> = told(&world).await.into_iter().filter_map(|(_, failure)| failure).collect();
        assert_eq!(failures, ["no_channel", "no_address", "undeliverable"]);
        let ways = world.client("admin").get("/citizen-texts").await.ok()["ways"].clone();
        assert_eq!((&ways[0]["code"], &ways[0]["failed"]), (&json!("sms"), &json!(1)));
        assert_eq!((&ways[1]["code"], &ways[1]["configured"]), (&json!("email"), &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn a_text_goes_out_as_the_order_stands_then_or_not_at_all() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let sms = way(&world, "sms");
        due(&world, "by_sms", "result", 0).await;
        // The order is taken up again, and the number was wrong too.
        *world.town.now.lock().unwrap() = (1, true);
        assert_eq!(deliver(&world, START).await, 0);
        assert!(sms.sent.lock().unwrap().is_empty() && told(&world).await.is_empty());
        due(&world, "by_sms", "result", 1).await;
        *world.town.now.lock().unwrap() = (1, false);
        assert_eq!(deliver(&world, START).await, 1);
        assert_eq!(sms.sent.lock().unwrap()[0].to, "13900001234", "asked when it goes out, not before");
        // Dropped and reported again within the round, it is told after all.
        *world.town.now.lock().unwrap() = (0, false);
        due(&world, "by_sms", "result", 0).await;
        assert_eq!((deliver(&world, START).await, sms.sent.lock().unwrap().len()), (1, 2));
        due(&world, "by_sms", "result", 0).await;
        assert_eq!(deliver(&world, START).await, 0);
        // Who wishes to be called by now is not written to, and somebody hears that a call is due.
        due(&world, "by_call", "result", 0).await;
        *world.town.now.lock().unwrap() = (0, true);
        assert_eq!((deliver(&world, START).await, sms.sent.lock().unwrap().len()), (0, 2));
        assert_eq!(told(&world).await[2], ("result".to_owned(), Some("by_call".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn what_may_be_out_or_was_refused_is_not_sent_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (sms, mail) = (way(&world, "sms"), way(&world, "email"));
        *sms.fault.lock().unwrap() = Some(MailFault::Unclear);
        *mail.fault.lock().unwrap() = Some(MailFault::Refused);
        due(&world, "by_sms", "result", 0).await;
        due(&world, "by_mail", "result", 0).await;
        deliver(&world, START).await;
        let failed = ("result".to_owned(), Some("undeliverable".to_owned()));
        assert_eq!(told(&world).await, [failed.clone(), failed.clone()]);
        *sms.fault.lock().unwrap() = None;
        *mail.fault.lock().unwrap() = None;
        assert_eq!(deliver(&world, START.plus_secs(86_400)).await, 0);
        // Somebody else has it, and then is found to have died over it.
        due(&world, "by_sms", "feedback", 0).await;
        let mut tx = world.site.kit.db.begin().await.unwrap();
        sqlx::query("update messages_citizen set state = 'sending', next_at = $1 where moment = 'feedback'")
            .bind(START.plus_secs(600).0)
            .execute(tx.conn())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        deliver(&world, START.plus_secs(599)).await;
        assert_eq!(told(&world).await.len(), 2);
        deliver(&world, START.plus_secs(600)).await;
        assert_eq!(told(&world).await[2], ("feedback".to_owned(), Some("undeliverable".to_owned())));
        assert!(sms.sent.lock().unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_city_words_the_texts_and_names_only_what_exists() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.client("clerk").get("/citizen-texts").await.refused(403, "permission.denied");
        let text = |body: &str, version: i64| json!({ "subject": "结果", "body": body, "version": version });
        world
            .client("clerk")
            .put("/citizen-texts/result", text("好", 0))
            .await
            .refused(403, "permission.denied");
        let mut admin = world.client("admin");
        admin.put("/citizen-texts/result", text("{note}", 0)).await.refused(422, "invalid");
        admin.put("/citizen-texts/result", text("", 0)).await.refused(422, "invalid");
        admin.put("/citizen-texts/result", text(&"长".repeat(501), 0)).await.refused(422, "invalid");
        admin.put("/citizen-texts/nothing", text("好", 0)).await.refused(404, "not_found");
        let saved = admin.put("/citizen-texts/result", text("{number}：{result}", 0)).await.ok();
        assert_eq!(saved["sample"], "YZ20260302000018：已更换三盏路灯的灯具并恢复照明。");
        admin.put("/citizen-texts/result", text("好", 0)).await.refused(409, "stale_version");
        let sms = way(&world, "sms");
        due(&world, "by_sms", "result", 0).await;
        deliver(&world, START).await;
        assert_eq!(sms.sent.lock().unwrap()[0].text, "YZ1：已修好");
    })
    .await;
}
