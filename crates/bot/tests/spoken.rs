//! Talks on the telephone: what the robot answers, and when the call goes to an agent.

use contract::bot::{SpokenRobot as _, SpokenTurn};
use testkit::on_both;

use crate::support::{World, passage};

async fn chat_of(world: &World, call: &str) -> serde_json::Value {
    let mut reader = world.with("reader", &["chat.read"]);
    let list = reader.get("/chats").await.ok();
    let id =
        list["items"].as_array().unwrap().iter().find(|chat| chat["call_id"] == call).unwrap()["id"].clone();
    reader.get(&format!("/chats/{}", id.as_str().unwrap())).await.ok()
}

#[tokio::test]
async fn a_caller_is_answered_and_what_was_said_is_kept() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.town.entries.lock().unwrap().push(passage(
            "k1",
            "新生儿如何参加医保",
            "新生儿出生后90天内，凭出生医学证明和户口簿办理参保登记。\n详见 https://yz.example/yibao",
        ));
        let bot = &world.bot;
        let said = bot.answer_caller("c1", "13800001234", true, "新生儿怎么参加医保").await.unwrap();
        assert_eq!(said.turn, SpokenTurn::GoOn);
        assert!(said.text.contains("凭出生医学证明和户口簿"), "{}", said.text);
        assert!(!said.text.contains("http"), "nobody can click on what is spoken");
        let said = bot.answer_caller("c1", "13800001234", true, "再见").await.unwrap();
        assert_eq!(said.turn, SpokenTurn::Over);
        let chat = chat_of(&world, "c1").await;
        assert_eq!((chat["state"].as_str(), chat["reason"].as_str()), (Some("ended"), Some("")));
        let lines: Vec<&str> =
            chat["lines"].as_array().unwrap().iter().map(|line| line["speaker"].as_str().unwrap()).collect();
        assert_eq!(lines, ["citizen", "robot", "citizen", "robot", "system"]);
        assert_eq!(world.site.events("bot.chat_ended").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_needs_a_person_goes_to_one_and_into_no_second_queue() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let bot = &world.bot;
        for (call, words, reason) in [
            ("c1", "我要转人工", "wish"),
            ("c2", "我要投诉小区噪音扰民，半夜还在施工", "matter"),
            ("c3", "帮我查一下工单进度", "matter"),
        ] {
            let said = bot.answer_caller(call, "13800001234", true, words).await.unwrap();
            assert_eq!(said.turn, SpokenTurn::Person, "{words}");
            assert!(said.text.contains("话务员"), "{}", said.text);
            let chat = chat_of(&world, call).await;
            assert_eq!((chat["state"].as_str(), chat["reason"].as_str()), (Some("ended"), Some(reason)));
        }
        // Who hangs up in the middle leaves no open conversation.
        bot.answer_caller("c4", "", true, "你好").await.unwrap();
        assert_eq!(chat_of(&world, "c4").await["state"], "robot");
        bot.caller_gone("c4").await.unwrap();
        bot.caller_gone("c4").await.unwrap();
        assert_eq!(chat_of(&world, "c4").await["state"], "ended");
        assert_eq!(world.site.events("bot.chat_ended").await.len(), 4);
    })
    .await;
}
