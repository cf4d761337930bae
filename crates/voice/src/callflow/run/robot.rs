//! A talk with the robot: the caller is listened to, what was heard is answered, and so on until one of them wants
//! no more.

use serde_json::Value;

use super::super::model::{Kind, Language, Robot, Speech};
use super::{Answer, Effect, Item, Request, Run, Stage, Then, Turn};

/// So often in a row nothing may be understood.
const UNHEARD_MAX: u32 = 3;

impl Run {
    pub(super) fn greet_as_robot(&mut self, robot: &Robot, turn: &mut Turn<'_>) {
        self.spoken = (0, 0);
        self.say_then(self.pieces(&robot.say, turn.facts), Then::Listen, turn);
    }

    pub(super) fn listen(&mut self, robot: &Robot, turn: &mut Turn<'_>) {
        let patience_ms = robot.patience_secs.clamp(2, 30) * 1_000;
        let longest_ms = robot.longest_secs.clamp(3, 60) * 1_000;
        self.stage = Stage::Listening;
        // The media tells when the caller has ended; should it not, this does.
        self.deadline = Some(turn.now_ms + i64::from(patience_ms + longest_ms) + 1_000);
        turn.out.push(Effect::Listen { patience_ms, pause_ms: robot.pause_ms.clamp(400, 5_000), longest_ms });
    }

    pub(super) fn ask_robot(&mut self, turn: &mut Turn<'_>) {
        self.ask(Request::Robot { language: self.language }, turn);
    }

    /// Takes what the robot answered. Of an answer that cannot be used nothing is heard: an agent helps.
    pub(super) fn robot_answered(&mut self, robot: &Robot, answer: &Answer, turn: &mut Turn<'_>) {
        let Answer::Yes(answer) = answer else { return self.leave("failed", turn) };
        let word = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        if word("words").is_empty() {
            self.spoken.1 += 1;
            if self.spoken.1 >= UNHEARD_MAX {
                return self.leave("failed", turn);
            }
            return self.say_then(self.pieces(&robot.unheard, turn.facts), Then::Listen, turn);
        }
        self.spoken = (self.spoken.0 + 1, 0);
        self.set("robot_heard", Value::String(word("words").to_owned()));
        self.set("robot_said", Value::String(word("text").to_owned()));
        let then = match word("turn") {
            "person" => Then::Exit("agent"),
            "over" => Then::Exit("next"),
            _ if self.spoken.0 >= robot.turns.clamp(1, 50) => Then::Exit("agent"),
            _ => Then::Listen,
        };
        let mut items = self.spoken_text(word("text"));
        if then == Then::Exit("agent") && word("turn") != "person" {
            items.extend(
                self.pieces(&Speech::text("我为您转接人工。", "I will pass you to a person."), turn.facts),
            );
        }
        self.say_then(items, then, turn);
    }

    /// What the robot says is text of its own: nothing in it is a variable.
    fn spoken_text(&self, text: &str) -> Vec<Item> {
        let language: Language = self.language;
        if text.is_empty() { Vec::new() } else { vec![Item::Text { text: text.to_owned(), language }] }
    }

    /// The key that leads to an agent at any time of the talk.
    pub(super) fn robot_key(&mut self, turn: &mut Turn<'_>) {
        match self.stage {
            Stage::Saying { .. } => turn.out.push(Effect::Hush),
            Stage::Listening => turn.out.push(Effect::Unlisten),
            _ => {}
        }
        self.leave("agent", turn);
    }

    /// Returns the robot with whom the caller talks now.
    pub(super) fn robot(&self) -> Option<Robot> {
        match self.kind() {
            Some(Kind::Robot(robot)) => Some(robot),
            _ => None,
        }
    }
}
