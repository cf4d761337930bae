//! What each node does when it is come to, and what follows when it has spoken.

use serde_json::Value;

use super::super::model::{Kind, Queue, Target};
use super::super::template::{Use, fill, plain};
use super::{
    ASKING_MS, Answer, Effect, Item, MESSAGE_MS, Request, Run, STEPS_MAX, Stage, Then, Turn, VISITS_MAX, What,
};

impl Run {
    /// Comes to the present node.
    pub(super) fn enter(&mut self, turn: &mut Turn<'_>) {
        self.steps += 1;
        self.visits += 1;
        self.deadline = None;
        if self.steps > STEPS_MAX || self.visits > VISITS_MAX {
            return self.give_up("too many steps", turn);
        }
        let Some(kind) = self.kind() else { return self.give_up("no such node", turn) };
        self.happened(What::Entered, turn);
        match kind {
            Kind::Play(play) => self.say_then(self.pieces(&play.say, turn.facts), Then::Exit("next"), turn),
            Kind::Menu(_) => self.ask_menu(0, false, turn),
            Kind::Digits(_) => self.ask_digits(0, false, turn),
            Kind::Survey(_) => self.ask_survey(0, turn),
            Kind::Condition(condition) => {
                let variables = self.variables.clone();
                let mut exit = "else";
                for branch in &condition.branches {
                    match turn.facts.holds(branch, &variables) {
                        Ok(true) => {
                            exit = &branch.exit;
                            break;
                        }
                        Ok(false) => {}
                        Err(why) => self.happened(What::Problem(why), turn),
                    }
                }
                self.leave(exit, turn);
            }
            Kind::Queue(queue) => {
                if queue.leave_when_nobody && turn.facts.queue(&queue.queue).signed_in == 0 {
                    return self.leave("nobody", turn);
                }
                self.say_then(self.pieces(&queue.say, turn.facts), Then::Queue, turn);
            }
            Kind::Transfer(transfer) => {
                self.say_then(self.pieces(&transfer.say, turn.facts), Then::Transfer, turn);
            }
            Kind::Voicemail(voicemail) => {
                let mut items = self.pieces(&voicemail.say, turn.facts);
                items.push(Item::Beep);
                self.say_then(items, Then::Record, turn);
            }
            Kind::Robot(robot) => self.greet_as_robot(&robot, turn),
            Kind::Order(order) => {
                let request = Request::Order {
                    number: self.value(&order.number),
                    code: self.value(&order.code),
                    language: self.language,
                };
                self.ask(request, turn);
            }
            Kind::Messages(messages) => {
                let request = Request::Messages {
                    number: self.value(&messages.number),
                    pin: self.value(&messages.pin),
                    mailbox: messages.mailbox,
                };
                // The code has done its work.
                self.variables.remove(&messages.pin);
                self.ask(request, turn);
            }
            Kind::Password(password) => {
                let digits = self.value(&password.variable);
                self.ask(Request::Password { access: password.access, digits }, turn);
            }
            Kind::Http(http) => {
                let variables = self.all_variables(turn.facts);
                let request = Request::Http {
                    url: fill(&http.url, &variables, Use::Url),
                    body: fill(&http.body, &variables, Use::Json),
                    method: http.method,
                    timeout_secs: http.timeout_secs,
                };
                self.ask(request, turn);
            }
            Kind::Language(switch) => {
                self.language = switch.language;
                self.leave("next", turn);
            }
            Kind::Set(set) => {
                let value = fill(&set.value, &self.all_variables(turn.facts), Use::Plain);
                self.set(&set.variable, Value::String(value));
                self.leave("next", turn);
            }
            Kind::Subflow(subflow) => self.call(&subflow.flow, turn),
            Kind::Callback(callback) => {
                let number = if callback.variable.is_empty() {
                    turn.facts.caller.clone()
                } else {
                    self.value(&callback.variable)
                };
                if !is_dialable(&number) {
                    return self.leave("refused", turn);
                }
                let since = self.queued_since.unwrap_or(turn.now_ms);
                turn.out.push(Effect::CallBack { number, queue: callback.queue.clone(), since });
                self.say_then(self.pieces(&callback.say, turn.facts), Then::Exit("next"), turn);
            }
            Kind::Return(_) => self.come_back(turn),
            Kind::HangUp(hang_up) => {
                self.say_then(self.pieces(&hang_up.say, turn.facts), Then::HangUp, turn);
            }
        }
    }

    /// Goes on after something has been said.
    pub(super) fn follow(&mut self, then: Then, turn: &mut Turn<'_>) {
        self.deadline = None;
        match (then, self.kind()) {
            (Then::Exit(exit), _) => self.leave(exit, turn),
            (Then::HangUp, _) => self.hang_up(turn),
            (Then::Queue, Some(Kind::Queue(queue))) => {
                let now = turn.now_ms;
                self.queued_since.get_or_insert(now);
                let choice_at =
                    (!queue.choice.is_empty()).then(|| now + i64::from(queue.choice_after_secs) * 1_000);
                self.stage = Stage::Queueing { since: now, choice_at, offered: false };
                self.plan_queue(&queue);
                let keep = self.node().is_some_and(|node| node.exits.contains_key("next"));
                turn.out.push(Effect::Queue { queue: queue.queue, priority: queue.priority, keep });
            }
            (Then::Transfer, Some(Kind::Transfer(transfer))) => {
                let variables = self.all_variables(turn.facts);
                let to = match transfer.to {
                    Target::Number { number } => {
                        Target::Number { number: fill(&number, &variables, Use::Plain) }
                    }
                    Target::Seat { seat } => Target::Seat { seat: fill(&seat, &variables, Use::Plain) },
                };
                let keep = self.node().is_some_and(|node| node.exits.contains_key("next"));
                let reachable = match &to {
                    Target::Number { number } => is_dialable(number),
                    Target::Seat { seat } => !seat.is_empty(),
                };
                if !reachable {
                    return self.leave("failed", turn);
                }
                self.stage = Stage::Transferring;
                turn.out.push(Effect::Transfer { to, ring_secs: transfer.ring_secs.clamp(5, 120), keep });
            }
            (Then::Record, Some(Kind::Voicemail(voicemail))) => {
                self.stage = Stage::Recording { from: turn.now_ms };
                self.deadline = Some(turn.now_ms + i64::from(voicemail.max_secs.clamp(5, 600)) * 1_000);
                turn.out.push(Effect::Record { silence_secs: voicemail.silence_secs });
            }
            (Then::Listen, Some(Kind::Robot(robot))) => self.listen(&robot, turn),
            (then, _) => self.give_up(&format!("nothing to follow {then:?}"), turn),
        }
    }

    /// Sets the next deadline of a caller in the queue.
    pub(super) fn plan_queue(&mut self, queue: &Queue) {
        let Stage::Queueing { since, choice_at, .. } = self.stage else { return };
        let overflow = (queue.overflow_secs > 0).then(|| since + i64::from(queue.overflow_secs) * 1_000);
        self.deadline = [choice_at, overflow].into_iter().flatten().min();
    }

    /// Keeps the message that was recorded.
    pub(super) fn recorded(&mut self, turn: &mut Turn<'_>) {
        let Stage::Recording { from } = self.stage else { return };
        let Some(Kind::Voicemail(voicemail)) = self.kind() else { return };
        if turn.now_ms - from >= MESSAGE_MS {
            turn.out.push(Effect::Recorded { mailbox: voicemail.mailbox, from, to: turn.now_ms });
        }
    }

    pub(super) fn ask(&mut self, request: Request, turn: &mut Turn<'_>) {
        self.serial += 1;
        self.stage = Stage::Asking { no: self.serial };
        self.deadline = Some(turn.now_ms + ASKING_MS);
        turn.out.push(Effect::Ask { no: self.serial, request });
    }

    /// Takes the answer to what the present node asked.
    pub(super) fn answered(&mut self, answer: Answer, turn: &mut Turn<'_>) {
        if let Some(robot) = self.robot() {
            return self.robot_answered(&robot, &answer, turn);
        }
        let exit = match (self.kind(), answer) {
            (Some(Kind::Order(_)), Answer::Yes(Value::Object(members))) => {
                for (name, value) in members {
                    self.set(&format!("order_{name}"), value);
                }
                "found"
            }
            (Some(Kind::Order(_)), _) => "unknown",
            (Some(Kind::Messages(_)), Answer::Yes(found)) => return self.hear(found, turn),
            (Some(Kind::Messages(_)), _) => return self.unopened(turn),
            (Some(Kind::Password(_)), Answer::Yes(_)) => "ok",
            (Some(Kind::Password(_)), _) => "wrong",
            (Some(Kind::Http(http)), Answer::Yes(body)) => {
                for (variable, pointer) in &http.save {
                    let value = body.pointer(pointer).cloned().unwrap_or(Value::Null);
                    self.set(variable, value);
                }
                "ok"
            }
            _ => "failed",
        };
        self.leave(exit, turn);
    }

    fn value(&self, variable: &str) -> String {
        self.variables.get(variable).map(plain).unwrap_or_default()
    }
}

/// Tells whether a telephone can be called under a number.
pub(super) fn is_dialable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (3..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
