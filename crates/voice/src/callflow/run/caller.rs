//! What the caller does, and what happens while nothing is pressed.

use serde_json::Value;

use super::super::model::{Digits, Kind, Menu, Queue, Survey};
use super::{Answer, Effect, Item, QueueNews, Run, Stage, Then, Turn, What};

impl Run {
    /// A key was pressed.
    pub(super) fn key(&mut self, key: char, turn: &mut Turn<'_>) {
        match (self.stage.clone(), self.kind()) {
            (Stage::Saying { then: Then::Exit(exit), .. }, Some(Kind::Play(play))) if play.barge_in => {
                turn.out.push(Effect::Hush);
                self.leave(exit, turn);
            }
            (Stage::Menu { saying, tries }, Some(Kind::Menu(menu))) if saying.is_none() || menu.barge_in => {
                self.menu_key(key, &menu, tries, turn);
            }
            (Stage::Digits { tries, typed, .. }, Some(Kind::Digits(digits))) => {
                self.digit(key, &digits, tries, typed, turn);
            }
            (Stage::Survey { tries, .. }, Some(Kind::Survey(survey))) => {
                self.survey_key(key, &survey, tries, turn);
            }
            (Stage::Hearing { tries, .. }, Some(Kind::Messages(_))) => self.message_key(key, tries, turn),
            (Stage::Saying { .. } | Stage::Listening | Stage::Asking { .. }, Some(Kind::Robot(robot)))
                if is(key, &robot.agent_key) =>
            {
                self.happened(What::Key(key), turn);
                self.robot_key(turn);
            }
            (Stage::Recording { .. }, Some(Kind::Voicemail(voicemail))) if is(key, &voicemail.end_key) => {
                self.recorded(turn);
                self.leave("next", turn);
            }
            (Stage::Queueing { .. }, Some(Kind::Queue(queue))) if !self.rescued => {
                if queue.keys.iter().any(|wanted| is(key, wanted)) {
                    self.happened(What::Key(key), turn);
                    turn.out.push(Effect::LeaveQueue);
                    self.leave(&key.to_string(), turn);
                } else if !queue.keys.is_empty() {
                    // Any other key means waiting on.
                    self.happened(What::Key(key), turn);
                }
            }
            _ => {}
        }
    }

    /// Something has been said to its end.
    pub(super) fn said(&mut self, no: u32, turn: &mut Turn<'_>) {
        match (self.stage.clone(), self.kind()) {
            (Stage::Saying { no: current, then }, _) if current == no => self.follow(then, turn),
            (Stage::Menu { saying: Some(current), tries }, Some(Kind::Menu(menu))) if current == no => {
                self.stage = Stage::Menu { saying: None, tries };
                self.wait(menu.timeout_secs, turn);
            }
            (Stage::Digits { saying: Some(current), tries, typed }, Some(Kind::Digits(digits)))
                if current == no =>
            {
                self.stage = Stage::Digits { saying: None, tries, typed };
                self.wait(digits.timeout_secs, turn);
            }
            (Stage::Survey { saying: Some(current), tries }, Some(Kind::Survey(survey))) if current == no => {
                self.stage = Stage::Survey { saying: None, tries };
                self.wait(survey.timeout_secs, turn);
            }
            (Stage::Hearing { saying: Some(current), tries }, _) if current == no => self.heard(tries, turn),
            _ => {}
        }
    }

    /// A deadline has passed.
    pub(super) fn tick(&mut self, turn: &mut Turn<'_>) {
        match (self.stage.clone(), self.kind()) {
            (Stage::Saying { then, .. }, _) => self.follow(then, turn),
            // What was said never came to its end: the caller is waited for as if it had.
            (Stage::Menu { saying: Some(no), .. } | Stage::Survey { saying: Some(no), .. }, _)
            | (Stage::Digits { saying: Some(no), .. } | Stage::Hearing { saying: Some(no), .. }, _) => {
                self.said(no, turn);
            }
            (Stage::Hearing { tries, .. }, _) => self.unheard(tries, turn),
            (Stage::Menu { tries, .. }, Some(Kind::Menu(menu))) => {
                if tries + 1 >= menu.tries {
                    self.leave("timeout", turn)
                } else {
                    self.ask_menu(tries + 1, false, turn)
                }
            }
            (Stage::Digits { tries, typed, .. }, Some(Kind::Digits(digits))) => {
                if !typed.is_empty() && typed.len() >= digits.min as usize {
                    self.collected(&digits, typed, turn);
                } else if tries + 1 >= digits.tries {
                    self.leave("timeout", turn);
                } else {
                    self.ask_digits(tries + 1, false, turn);
                }
            }
            (Stage::Survey { tries, .. }, Some(Kind::Survey(survey))) => {
                if tries + 1 >= survey.tries {
                    self.leave("next", turn)
                } else {
                    self.ask_survey(tries + 1, turn)
                }
            }
            (Stage::Queueing { since, choice_at, offered }, Some(Kind::Queue(queue))) if !self.rescued => {
                self.queue_tick(&queue, since, choice_at, offered, turn);
            }
            (Stage::Recording { .. }, _) => {
                self.recorded(turn);
                self.leave("next", turn);
            }
            (Stage::Listening, _) => {
                turn.out.push(Effect::Unlisten);
                self.ask_robot(turn);
            }
            (Stage::Asking { .. }, _) => self.answered(Answer::Failed, turn),
            _ => {}
        }
    }

    fn queue_tick(
        &mut self,
        queue: &Queue,
        since: i64,
        choice_at: Option<i64>,
        offered: bool,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now_ms;
        if queue.overflow_secs > 0 && since + i64::from(queue.overflow_secs) * 1_000 <= now {
            turn.out.push(Effect::LeaveQueue);
            return self.leave("timeout", turn);
        }
        if choice_at.is_some_and(|at| at <= now) {
            let again = i64::from(queue.choice_every_secs.max(10)) * 1_000;
            let choice_at = (queue.choice_every_secs > 0).then_some(now + again);
            self.stage = Stage::Queueing { since, choice_at, offered };
            // Somebody's telephone is ringing: the choice comes too late to be offered.
            if !offered {
                let items = self.pieces(&queue.choice, turn.facts);
                self.say(items, turn);
            }
        }
        self.plan_queue(queue);
    }

    /// News from the queue.
    pub(super) fn queue_news(&mut self, news: QueueNews, turn: &mut Turn<'_>) {
        match (&mut self.stage, news) {
            (Stage::Queueing { offered, .. }, QueueNews::Offered) => *offered = true,
            (Stage::Queueing { offered, .. }, QueueNews::Waiting) => *offered = false,
            (Stage::Queueing { .. }, QueueNews::Answered) => {
                self.stage = Stage::Talking;
                self.deadline = None;
                self.queued_since = None;
            }
            (Stage::Queueing { .. }, QueueNews::Refused) => self.leave("refused", turn),
            (Stage::Talking, QueueNews::Left) => self.leave("next", turn),
            _ => {}
        }
    }

    /// The caller is gone; a message that was being left is kept.
    pub(super) fn gone(&mut self, turn: &mut Turn<'_>) {
        self.recorded(turn);
        if self.stage == Stage::Talking && self.survey_follows() {
            turn.out.push(Effect::Unrated);
        }
        self.happened(What::Gone, turn);
        self.stage = Stage::Done;
        self.deadline = None;
    }

    fn survey_follows(&self) -> bool {
        let next = self.node().and_then(|node| node.exits.get("next"));
        let Some((next, place)) = next.zip(self.stack.last()) else { return false };
        let flow = self.program.flows.get(&place.flow).map(|(_, flow)| flow);
        flow.and_then(|flow| flow.node(next)).is_some_and(|node| matches!(node.kind, Kind::Survey(_)))
    }

    pub(super) fn ask_menu(&mut self, tries: u32, invalid: bool, turn: &mut Turn<'_>) {
        let Some(Kind::Menu(menu)) = self.kind() else { return };
        let items = self.said_again(invalid, &menu.invalid, &menu.say, turn);
        let saying = self.say(items, turn);
        self.stage = Stage::Menu { saying, tries };
        if saying.is_none() {
            self.wait(menu.timeout_secs, turn);
        }
    }

    fn menu_key(&mut self, key: char, menu: &Menu, tries: u32, turn: &mut Turn<'_>) {
        self.happened(What::Key(key), turn);
        turn.out.push(Effect::Hush);
        if menu.keys.iter().any(|wanted| is(key, wanted)) {
            self.menus.push(self.stack.clone());
            self.menus.drain(..self.menus.len().saturating_sub(20));
            self.leave(&key.to_string(), turn);
        } else if menu.repeat_key.as_deref().is_some_and(|wanted| is(key, wanted)) {
            // Entering it anew counts as a visit, so that repeating has an end.
            self.enter(turn);
        } else if menu.back_key.as_deref().is_some_and(|wanted| is(key, wanted)) {
            if let Some(before) = self.menus.pop() {
                self.stack = before;
            }
            self.enter(turn);
        } else if tries + 1 >= menu.tries {
            self.leave("invalid", turn);
        } else {
            self.ask_menu(tries + 1, true, turn);
        }
    }

    pub(super) fn ask_digits(&mut self, tries: u32, invalid: bool, turn: &mut Turn<'_>) {
        let Some(Kind::Digits(digits)) = self.kind() else { return };
        let items = self.said_again(invalid, &digits.invalid, &digits.say, turn);
        let saying = self.say(items, turn);
        self.stage = Stage::Digits { saying, tries, typed: String::new() };
        if saying.is_none() {
            self.wait(digits.timeout_secs, turn);
        }
    }

    fn digit(&mut self, key: char, digits: &Digits, tries: u32, mut typed: String, turn: &mut Turn<'_>) {
        if let Stage::Digits { saying: Some(_), .. } = self.stage {
            turn.out.push(Effect::Hush);
        }
        let ends = is(key, &digits.end_key);
        if !ends {
            typed.push(key);
        }
        if typed.len() >= digits.max as usize || (ends && typed.len() >= digits.min as usize) {
            return self.collected(digits, typed, turn);
        }
        if ends {
            if tries + 1 >= digits.tries {
                return self.leave("timeout", turn);
            }
            return self.ask_digits(tries + 1, true, turn);
        }
        self.stage = Stage::Digits { saying: None, tries, typed };
        self.wait(digits.timeout_secs, turn);
    }

    fn collected(&mut self, digits: &Digits, typed: String, turn: &mut Turn<'_>) {
        self.set(&digits.variable, Value::String(typed));
        self.leave("next", turn);
    }

    pub(super) fn ask_survey(&mut self, tries: u32, turn: &mut Turn<'_>) {
        let Some(Kind::Survey(survey)) = self.kind() else { return };
        let items = self.pieces(&survey.say, turn.facts);
        let saying = self.say(items, turn);
        self.stage = Stage::Survey { saying, tries };
        if saying.is_none() {
            self.wait(survey.timeout_secs, turn);
        }
    }

    fn survey_key(&mut self, key: char, survey: &Survey, tries: u32, turn: &mut Turn<'_>) {
        self.happened(What::Key(key), turn);
        turn.out.push(Effect::Hush);
        if let Some(&stars) = survey.stars.get(&key.to_string()) {
            self.set("stars", Value::from(stars));
            turn.out.push(Effect::Rate { stars });
            self.say_then(self.pieces(&survey.thanks, turn.facts), Then::Exit("next"), turn);
        } else if tries + 1 >= survey.tries {
            self.leave("next", turn);
        } else {
            self.ask_survey(tries + 1, turn);
        }
    }

    fn said_again(
        &self,
        invalid: bool,
        complaint: &super::Speech,
        question: &super::Speech,
        turn: &Turn<'_>,
    ) -> Vec<Item> {
        let mut items = if invalid { self.pieces(complaint, turn.facts) } else { Vec::new() };
        items.extend(self.pieces(question, turn.facts));
        items
    }

    fn wait(&mut self, secs: u32, turn: &Turn<'_>) {
        self.deadline = Some(turn.now_ms + i64::from(secs.clamp(1, 60)) * 1_000);
    }
}

/// Tells whether a pressed key is the one that stands in the graph.
fn is(key: char, wanted: &str) -> bool {
    let mut chars = wanted.chars();
    chars.next() == Some(key) && chars.next().is_none()
}
