//! Conversations: the robot, the queue, the agent, and what is kept.

use bot::error::BotError;
use contract::voice::{WrittenItem, WrittenQueue as _};
use serde_json::{Value, json};
use testkit::{Client, on_both};

use crate::support::{World, passage};

/// A citizen's page.
struct Citizen {
    client: Client,
    id: String,
}

impl Citizen {
    async fn come(world: &World, body: Value) -> (Self, Value) {
        let mut client = world.server.anonymous();
        let begun = client.post("/portal/chats", body).await.ok();
        let token = begun["token"].as_str().unwrap().to_owned();
        let id = begun["id"].as_str().unwrap().to_owned();
        (Self { client: client.with_header("x-chat-token", &token), id }, begun)
    }

    async fn say(&mut self, text: &str) -> Value {
        self.client.post(&format!("/portal/chats/{}/messages", self.id), json!({ "text": text })).await.ok()
    }
}

fn last(chat: &Value) -> &Value {
    let messages = chat["messages"].as_array().or_else(|| chat["lines"].as_array()).unwrap();
    messages.last().unwrap()
}

fn said(chat: &Value) -> &str {
    last(chat)["text"].as_str().unwrap()
}

/// Lets what the queue has told be written down.
async fn settle(world: &World, id: &str, state: &str) {
    for _ in 0..400 {
        let chat = world.with("reader", &["chat.read"]).get(&format!("/chats/{id}")).await.ok();
        if chat["state"] == state {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the conversation never was {state}");
}

fn fill_knowledge(world: &World) {
    world.town.entries.lock().unwrap().extend([
        passage("k1", "新生儿如何参加医保", "新生儿出生后90天内，凭出生医学证明和户口簿办理参保登记。"),
        passage("k2", "公交卡如何充值", "公交卡可在地铁站自助机充值。"),
        passage("k3", "居住证如何办理", "凭租房合同到派出所办理。"),
        passage("k4", "居住证如何补办", "凭身份证到派出所补办。"),
    ]);
}

#[tokio::test]
async fn it_answers_with_its_source_asks_back_and_gives_up_to_a_person() {
    on_both(|site| async move {
        let world = World::new(site).await;
        fill_knowledge(&world);
        world.queue.ready.lock().unwrap().push("agent".to_owned());
        let (mut citizen, begun) = Citizen::come(&world, json!({})).await;
        assert!(said(&begun).contains("12345"), "{begun}");
        let answer = citizen.say("新生儿怎么参加医保？").await;
        assert!(said(&answer).contains("90天"), "{answer}");
        assert_eq!(last(&answer)["extra"]["source"]["title"], "新生儿如何参加医保");
        assert!(last(&answer)["extra"]["confidence"].is_null(), "doubts are not for citizens");
        let which = citizen.say("居住证").await;
        assert_eq!(last(&which)["extra"]["kind"], "choice", "{which}");
        assert!(said(&which).contains("1. ") && said(&which).contains("2. "));
        let chosen = citizen.say("2").await;
        assert_eq!(last(&chosen)["extra"]["kind"], "answer");
        let miss = citizen.say("火星上种土豆合法吗").await;
        assert_eq!(
            (last(&miss)["extra"]["kind"].as_str(), miss["state"].as_str()),
            (Some("miss"), Some("robot"))
        );
        let handed = citizen.say("月球房产怎么登记").await;
        assert_eq!(handed["state"], "waiting", "two misses in a row");
        assert_eq!(handed["before"], 0);
    })
    .await;
}

#[tokio::test]
async fn anger_wishes_and_repetition_lead_to_a_person() {
    on_both(|site| async move {
        let world = World::new(site).await;
        fill_knowledge(&world);
        for (words, reason) in [
            (vec!["转人工"], "wish"),
            (vec!["你们这什么破东西，气死我了"], "anger"),
            (vec!["公交卡怎么充值", "公交卡怎么充值啊"], "repeated"),
        ] {
            let (mut citizen, _) = Citizen::come(&world, json!({})).await;
            let mut chat = json!(null);
            for word in words {
                chat = citizen.say(word).await;
            }
            assert_eq!(chat["state"], "waiting");
            let path = format!("/chats/{}", citizen.id);
            let seen = world.with("reader", &["chat.read"]).get(&path).await.ok();
            assert_eq!(seen["reason"], reason);
            world.site.clock.advance_millis(60_000);
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_is_filled_in_shown_sent_and_its_progress_told() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (mut citizen, _) = Citizen::come(&world, json!({})).await;
        let asked = citizen.say("我要投诉，听澜雅苑3号楼电梯坏了三天没人修").await;
        assert!(said(&asked).contains("称呼"), "the place was said already: {asked}");
        let _ = citizen.say("我叫李国强").await;
        let shown = citizen.say("19900001234").await;
        assert!(said(&shown).contains("听澜雅苑3号楼") && said(&shown).contains("19900001234"), "{shown}");
        assert!(
            world.town.submitted.lock().unwrap().is_empty(),
            "nothing is sent before the citizen says so"
        );
        let sent = citizen.say("确认").await;
        assert!(said(&sent).contains("YZ202603020099") && said(&sent).contains("123456"), "{sent}");
        {
            let submitted = world.town.submitted.lock().unwrap();
            assert_eq!((submitted.len(), submitted[0].r#type.as_str()), (1, "complaint"));
            assert_eq!(submitted[0].district.as_deref(), Some("澜溪区"));
        }
        let asked = citizen.say("我的工单YZ202603020077到哪了").await;
        assert!(said(&asked).contains("查询码"));
        let told = citizen.say("402913").await;
        assert!(said(&told).contains("开始处理") && said(&told).contains("城管局"), "{told}");
        // Whoever comes back with the order is told without asking; with a wrong code nothing is told.
        let known = |code: &str| json!({ "orders": [{ "number": "YZ202603020077", "code": code }] });
        let (_, again) = Citizen::come(&world, known("402913")).await;
        assert!(said(&again).contains("路灯不亮"), "{again}");
        let (_, stranger) = Citizen::come(&world, known("000000")).await;
        assert!(!said(&stranger).contains("路灯不亮"));
    })
    .await;
}

#[tokio::test]
async fn an_agent_takes_it_answers_writes_an_order_and_the_citizen_rates() {
    on_both(|site| async move {
        let world = World::new(site).await;
        fill_knowledge(&world);
        world.write(vec![crate::support::order("own1", "停水")]).await;
        world.queue.ready.lock().unwrap().push("agent".to_owned());
        let (mut citizen, _) = Citizen::come(&world, json!({})).await;
        let _ = citizen.say("听澜雅苑3号楼停水两天了，联系电话19900001234").await;
        let _ = citizen.say("转人工").await;
        let mut agent = world.agent("agent");
        let mine = agent.get("/chats/mine").await.ok();
        let id = mine["offered"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(id, citizen.id);
        let path = format!("/chats/{id}");
        world.agent("other").post(&format!("{path}/acceptance"), json!({})).await.refused(409, "chat.gone");
        world.agent("other").get(&path).await.refused(404, "not_found");
        let taken = agent.post(&format!("{path}/acceptance"), json!({})).await.ok();
        assert_eq!(taken["state"], "served");
        assert!(taken["lines"].as_array().unwrap().len() >= 5, "with all that was said: {taken}");
        let _ = agent.post(&format!("{path}/messages"), json!({ "text": "您好，马上为您登记。" })).await.ok();
        let heard = citizen.say("好的，谢谢你").await;
        assert_eq!(heard["agent"], "012号话务员");
        assert_eq!(last(&heard)["speaker"], "citizen", "the robot is silent now");
        let replies = agent.post(&format!("{path}/suggestions"), json!({ "typed": "公交卡充值" })).await.ok();
        assert_eq!(replies[0]["entry_id"], "k2");
        let draft = agent.get(&format!("{path}/order-draft")).await.ok();
        assert!(draft["content"].as_str().unwrap().contains("停水两天"), "{draft}");
        assert!(!draft["content"].as_str().unwrap().contains("转人工"));
        let field = |name: &str| {
            let all = draft["help"]["suggestions"].as_array().unwrap();
            all.iter().find(|one| one["field"] == name).map(|one| one["value"].clone())
        };
        assert_eq!(field("address"), Some(json!("听澜雅苑3号楼")));
        assert_eq!(field("phone"), Some(json!("19900001234")));
        agent.put(&format!("{path}/order"), json!({ "case_id": "nothing" })).await.refused(404, "not_found");
        let noted = agent.put(&format!("{path}/order"), json!({ "case_id": "own1" })).await.ok();
        assert_eq!(noted["case_number"], "YZ2026030200own1");
        let done = agent.post(&format!("{path}/end"), json!({})).await.ok();
        assert_eq!(done["state"], "ended");
        let rating = format!("/portal/chats/{id}/rating");
        citizen.client.post(&rating, json!({ "stars": 6 })).await.refused(422, "invalid");
        let rated = citizen.client.post(&rating, json!({ "stars": 5, "comment": "很好" })).await.ok();
        assert_eq!(rated["stars"], 5);
        citizen.client.post(&rating, json!({ "stars": 1 })).await.refused(409, "chat.rated");
        let words =
            citizen.client.post(&format!("/portal/chats/{id}/messages"), json!({ "text": "在吗" })).await;
        words.refused(409, "chat.over");
        assert_eq!(world.site.events("bot.chat_rated").await[0]["stars"], 5);
        let list = world.with("reader", &["chat.read"]).get("/chats?handed_over=true").await.ok();
        assert_eq!(list["items"][0]["stars"], 5);
        world.with("reader", &["chat.read"]).get("/chats.xlsx").await.done();
    })
    .await;
}

#[tokio::test]
async fn an_agent_who_disappears_loses_it_to_another_and_nothing_that_was_said() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.queue.ready.lock().unwrap().push("agent".to_owned());
        let (mut citizen, _) = Citizen::come(&world, json!({})).await;
        let _ = citizen.say("转人工").await;
        let path = format!("/chats/{}", citizen.id);
        let _ = world.agent("agent").post(&format!("{path}/acceptance"), json!({})).await.ok();
        world.queue.take_from(&citizen.id, "agent");
        settle(&world, &citizen.id, "waiting").await;
        let _ = citizen.say("还在吗，我的问题很急").await;
        // After a restart the queue is empty: whoever waits joins again.
        let before = world.queue.joined.lock().unwrap().len();
        world.bot.resume_chats().await.unwrap();
        assert_eq!(world.queue.joined.lock().unwrap().len(), before + 1);
        *world.queue.ready.lock().unwrap() = vec!["other".to_owned()];
        world.bot.resume_chats().await.unwrap();
        let mut other = world.agent("other");
        for _ in 0..400 {
            if !other.get("/chats/mine").await.ok()["offered"].as_array().unwrap().is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let taken = other.post(&format!("{path}/acceptance"), json!({})).await.ok();
        assert!(taken["lines"].to_string().contains("我的问题很急"));
        // A transfer names somebody who takes chats.
        let transfer = format!("{path}/transfer");
        other.post(&transfer, json!({ "person_id": "nobody" })).await.refused(422, "invalid");
        other.post(&transfer, json!({ "queue_id": "main" })).await.done();
        settle(&world, &citizen.id, "waiting").await;
        let item = world.queue.joined.lock().unwrap().last().cloned().unwrap();
        assert!(item.first && item.queue.as_deref() == Some("main"), "{item:?}");
    })
    .await;
}

#[tokio::test]
async fn strangers_floods_and_nonsense_are_turned_away() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (mut citizen, _) = Citizen::come(&world, json!({})).await;
        let path = format!("/portal/chats/{}", citizen.id);
        world.server.anonymous().get(&path).await.refused(404, "not_found");
        let stranger = world.server.anonymous().with_header("x-chat-token", "wrong");
        stranger
            .clone()
            .post(&format!("{path}/messages"), json!({ "text": "hi" }))
            .await
            .refused(404, "not_found");
        let messages = format!("{path}/messages");
        citizen.client.post(&messages, json!({ "text": "" })).await.refused(422, "invalid");
        citizen.client.post(&messages, json!({ "text": "水".repeat(1_001) })).await.refused(422, "invalid");
        for _ in 0..17 {
            citizen.client.post(&messages, json!({ "text": "你好" })).await.done();
        }
        for _ in 0..3 {
            let _ = citizen.client.post(&messages, json!({ "text": "你好" })).await;
        }
        citizen.client.post(&messages, json!({ "text": "你好" })).await.refused(429, "rate.limited");
        let mut others = 0;
        for _ in 0..8 {
            let answer = world.server.anonymous().post("/portal/chats", json!({})).await;
            others += i32::from(answer.status.as_u16() == 429);
        }
        assert!(others >= 2, "one address begins few conversations at once");
        // Nothing is said for half an hour.
        world.site.clock.advance_millis(31 * 60_000);
        assert!(world.bot.end_idle_chats(&world.site.ctx()).await.unwrap() >= 1);
        assert_eq!(citizen.client.get(&path).await.ok()["state"], "ended");
    })
    .await;
}

#[tokio::test]
async fn a_knowledge_base_that_fails_ends_no_conversation() {
    on_both(|site| async move {
        let world = World::new(site).await;
        *world.town.knowledge_fails.lock().unwrap() = true;
        let (mut citizen, _) = Citizen::come(&world, json!({})).await;
        let chat = citizen.say("新生儿怎么参加医保").await;
        assert_eq!(chat["state"], "robot");
        assert!(said(&chat).contains("转人工"), "{chat}");
        *world.town.knowledge_fails.lock().unwrap() = false;
        fill_knowledge(&world);
        let chat = citizen.say("请问新生儿应该如何参加医保呢").await;
        assert_ne!(chat["state"], "ended");
    })
    .await;
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_not_written_twice() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (mut citizen, _) = Citizen::come(&world, json!({})).await;
        let _ = citizen.say("我要投诉，听澜雅苑3号楼电梯坏了三天没人修").await;
        let _ = citizen.say("我叫李国强").await;
        let _ = citizen.say("19900001234").await;
        let dialogue = "select dialogue from bot_chat where id = $1";
        let (before,): (String,) =
            sqlx::query_as(dialogue).bind(&citizen.id).fetch_one(world.site.kit.db.reader()).await.unwrap();
        let first = citizen.say("确认").await;
        // The program stopped after the order and before the answer: the form is still there.
        let mut tx = world.site.kit.db.begin().await.unwrap();
        sqlx::query("update bot_chat set dialogue = $2, case_number = null where id = $1")
            .bind(&citizen.id)
            .bind(&before)
            .execute(tx.conn())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let second = citizen.say("确认").await;
        assert_eq!(said(&first), said(&second), "the citizen gets the number of the first");
        assert_eq!(world.town.submitted.lock().unwrap().len(), 1);
        assert_eq!(second["case_number"], "YZ202603020099");
    })
    .await;
}

#[tokio::test]
async fn two_processes_that_offer_the_same_conversation_give_it_to_one_agent() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (bot, queue) = world.another();
        let (here, there) = (who("here"), who("there"));
        world.queue.ready.lock().unwrap().push("here".to_owned());
        queue.ready.lock().unwrap().push("there".to_owned());
        for _ in 0..5 {
            world.site.clock.advance_millis(60_000);
            let (mut citizen, _) = Citizen::come(&world, json!({})).await;
            let _ = citizen.say("转人工").await;
            queue.join(&WrittenItem { id: citizen.id.clone(), ..WrittenItem::default() });
            let (id, ctx) = (citizen.id.clone(), world.site.ctx());
            let (one, other) =
                tokio::join!(world.bot.accept_chat(&ctx, &here, &id), bot.accept_chat(&ctx, &there, &id));
            assert_ne!(one.is_ok(), other.is_ok(), "one agent has it: {one:?} {other:?}");
            let lost = if one.is_ok() { other.as_ref().err() } else { one.as_ref().err() };
            assert!(matches!(lost, Some(BotError::Refused { code: "chat.gone", .. })), "{lost:?}");
            let path = format!("/chats/{id}");
            let seen = world.with("reader", &["chat.read"]).get(&path).await.ok();
            let winner = if one.is_ok() { "here" } else { "there" };
            assert_eq!((seen["state"].as_str(), seen["agent_id"].as_str()), (Some("served"), Some(winner)));
            let lines = seen["lines"].as_array().unwrap();
            let announced = lines.iter().filter(|line| line["speaker"] == "system").count();
            assert_eq!(announced, 1, "one agent is announced");
            // Both write at the same moment through different processes: neither loses a word.
            let (agent, process) = if one.is_ok() { (&here, &world.bot) } else { (&there, &bot) };
            let (heard, answered) =
                tokio::join!(citizen.say("您好"), process.say_as_agent(&ctx, agent, &id, "请讲"));
            assert!(answered.is_ok() && heard["state"] == "served", "{heard}");
            let seen = world.with("reader", &["chat.read"]).get(&path).await.ok().to_string();
            assert!(seen.contains("您好") && seen.contains("请讲"), "{seen}");
        }
    })
    .await;
}

fn who(account: &str) -> kernel::Principal {
    testkit::PersonBuilder::new(account).may(&["chat.answer"]).build()
}

#[tokio::test]
async fn a_token_opens_a_conversation_for_a_day_after_its_end_and_no_other() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (mut citizen, begun) = Citizen::come(&world, json!({})).await;
        assert!(begun["token"].as_str().unwrap().len() >= 32, "it cannot be guessed");
        let (other, _) = Citizen::come(&world, json!({})).await;
        let foreign = format!("/portal/chats/{}", other.id);
        citizen.client.get(&foreign).await.refused(404, "not_found");
        let path = format!("/portal/chats/{}", citizen.id);
        citizen.client.delete(&path).await.done();
        world.site.clock.advance_millis(23 * 3_600_000);
        assert_eq!(citizen.client.get(&path).await.ok()["state"], "ended");
        world.site.clock.advance_millis(2 * 3_600_000);
        citizen.client.get(&path).await.refused(404, "not_found");
        let rating = format!("{path}/rating");
        citizen.client.post(&rating, json!({ "stars": 1 })).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn what_is_for_staff_alone_is_proposed_to_those_who_may_read_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        fill_knowledge(&world);
        let (citizen, _) = Citizen::come(&world, json!({})).await;
        let path = format!("/chats/{}/suggestions", citizen.id);
        let typed = json!({ "typed": "公交卡充值" });
        let _ = world.with("one", &["chat.read"]).post(&path, typed.clone()).await.ok();
        let _ = world.with("two", &["chat.read", "knowledge.read"]).post(&path, typed).await.ok();
        let order = json!({ "title": "公交卡充值失败", "content": "公交卡充值失败没有到账" });
        let _ = world.with("one", &["case.create"]).post("/assist/suggestions", order.clone()).await.ok();
        let _ = world
            .with("two", &["case.create", "knowledge.read"])
            .post("/assist/suggestions", order)
            .await
            .ok();
        use contract::knowledge::Audience::{Internal, Public};
        assert_eq!(*world.town.audiences.lock().unwrap(), [Public, Internal, Public, Internal]);
    })
    .await;
}
