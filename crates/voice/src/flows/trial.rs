//! A trial run of a draft: the interpreter with a clock of its own, no telephone and nothing stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Caller, Flows};
use crate::callflow::facts::QueueFacts;
use crate::callflow::model::{Flow, Target};
use crate::callflow::run::What;
use crate::callflow::{Answer, Effect, Input, Item, Language, QueueNews, Request, Run};

/// Steps of one trial at most.
pub const STEPS_MAX: usize = 200;

/// The caller of a trial.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct TrialCaller {
    /// The caller's number.
    pub caller: String,
    /// The dialled number.
    pub called: String,
    /// The hotline.
    pub hotline: String,
    /// Tags of the caller's file.
    pub tags: Vec<String>,
    /// When they call, epoch milliseconds; now when absent.
    pub at: Option<i64>,
    /// Tables of working times that count as open or closed, whatever the time.
    pub hours: BTreeMap<String, bool>,
    /// Seats signed in.
    pub signed_in: usize,
    /// Seats ready.
    pub ready: usize,
    /// Callers who wait.
    pub waiting: usize,
    /// The first language.
    pub language: Language,
}

/// What happens in a trial, in the order in which it does.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrialStep {
    /// A key is pressed, without hearing to the end.
    Key {
        /// The key.
        key: String,
    },
    /// Everything is heard to its end, and what follows as well until a key or something else is needed.
    Hear,
    /// Time passes until the next deadline.
    Wait,
    /// An agent answers.
    Agent,
    /// The agent hangs up.
    AgentLeaves,
    /// A transfer is answered and ends, or is not.
    Transferred {
        /// Whether it was answered.
        answered: bool,
    },
    /// What was asked is answered: found or right.
    Found {
        /// What came, for an order or another system.
        #[serde(default)]
        value: Value,
    },
    /// What was asked is not found, wrong, or fails.
    NotFound,
    /// The caller says something to the robot, and the robot answers.
    Speak {
        /// The words; empty when nothing is understood.
        words: String,
        /// What the robot does: `go_on`, `person`, `over`.
        turn: String,
    },
    /// The caller hangs up.
    Gone,
}

/// A line of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrialLine {
    /// Seconds since the call began.
    pub at_secs: f64,
    /// `said`, `entered`, `key`, `queue`, `left_queue`, `transfer`, `recording`, `message`, `asked`,
    /// `treated`, `callback`, `rated`, `unrated`, `hung_up`, `gone`, `problem`, `listening`, `heard`.
    pub kind: &'static str,
    /// The flow.
    pub flow: String,
    /// The node.
    pub node: String,
    /// The words: what is said, the key, the number, …
    pub text: String,
}

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Trial {
    /// What happened.
    pub lines: Vec<TrialLine>,
    /// What the run does: `saying`, `menu`, `digits`, `survey`, `queueing`, `talking`, `transferring`,
    /// `recording`, `hearing`, `listening`, `asking`, `done`.
    pub doing: &'static str,
    /// The flow.
    pub flow: String,
    /// The node.
    pub node: String,
    /// The variables.
    pub variables: Value,
}

struct Stage<'a> {
    flows: &'a Flows,
    run: Run,
    facts: crate::callflow::Facts,
    began: i64,
    now: i64,
    saying: Option<u32>,
    asking: Option<u32>,
    lines: Vec<TrialLine>,
}

impl Flows {
    /// Plays a draft with the steps so far, from the beginning.
    #[must_use]
    pub fn trial(&self, id: &str, draft: Flow, who: &TrialCaller, steps: &[TrialStep]) -> Trial {
        let began = who.at.unwrap_or(self.kit.now().0);
        let caller = Caller {
            number: who.caller.clone(),
            called: who.called.clone(),
            hotline: who.hotline.clone(),
            tags: who.tags.clone(),
        };
        let mut facts = self.facts(&caller, None, began);
        facts.hours.extend(who.hours.clone());
        let queue = QueueFacts { waiting: who.waiting, ready: who.ready, signed_in: who.signed_in };
        facts.queues = BTreeMap::from([(String::new(), queue)]);
        let mut program = (*self.program(id)).clone();
        program.flows.insert(id.to_owned(), (0, Arc::new(draft)));
        id.clone_into(&mut program.start);
        let run = Run::new(Arc::new(program), who.language);
        let mut stage = Stage {
            flows: self,
            run,
            facts,
            began,
            now: began,
            saying: None,
            asking: None,
            lines: Vec::new(),
        };
        stage.give(Input::Start);
        for step in steps.iter().take(STEPS_MAX) {
            stage.step(step);
        }
        let (flow, node) = stage.run.place().unwrap_or(("", ""));
        Trial {
            doing: stage.run.doing(),
            flow: flow.to_owned(),
            node: node.to_owned(),
            variables: Value::Object(stage.run.variables().clone()),
            lines: stage.lines,
        }
    }
}

impl Stage<'_> {
    fn step(&mut self, step: &TrialStep) {
        match step {
            TrialStep::Key { key } => {
                self.now += 1_000;
                for key in key.chars().take(30) {
                    self.give(Input::Key(key));
                }
            }
            TrialStep::Hear => {
                let mut heard = 0;
                while let Some(no) = self.saying.take()
                    && heard < 50
                {
                    heard += 1;
                    self.now += 3_000;
                    self.give(Input::Said(no));
                }
            }
            TrialStep::Wait => {
                if let Some(at) = self.run.deadline() {
                    self.now = self.now.max(at);
                    self.give(Input::Tick);
                }
            }
            TrialStep::Agent => {
                self.now += 1_000;
                self.give(Input::Queue(QueueNews::Offered));
                self.give(Input::Queue(QueueNews::Answered));
            }
            TrialStep::AgentLeaves => {
                self.now += 60_000;
                self.give(Input::Queue(QueueNews::Left));
            }
            TrialStep::Transferred { answered } => {
                self.now += 20_000;
                self.give(Input::Transferred(*answered));
            }
            TrialStep::Found { value } => {
                if let Some(no) = self.asking.take() {
                    let value = if value.is_null() { example() } else { value.clone() };
                    self.give(Input::Answer(no, Answer::Yes(value)));
                }
            }
            TrialStep::NotFound => {
                if let Some(no) = self.asking.take() {
                    self.give(Input::Answer(no, Answer::No));
                }
            }
            TrialStep::Speak { words, turn } => {
                self.now += 5_000;
                self.give(Input::Silence);
                if let Some(no) = self.asking.take() {
                    let words: String = words.chars().take(200).collect();
                    self.line("heard", words.clone());
                    let answer = json!({ "words": words, "text": "", "turn": turn });
                    self.give(Input::Answer(no, Answer::Yes(answer)));
                }
            }
            TrialStep::Gone => self.give(Input::Gone),
        }
    }

    fn give(&mut self, input: Input) {
        for effect in self.run.apply(input, &self.facts, self.now) {
            self.note(effect);
        }
    }

    fn line(&mut self, kind: &'static str, text: String) {
        let (flow, node) = self.run.place().unwrap_or(("", ""));
        let line = TrialLine {
            at_secs: (self.now - self.began) as f64 / 1_000.0,
            kind,
            flow: flow.to_owned(),
            node: node.to_owned(),
            text,
        };
        self.lines.push(line);
    }

    fn note(&mut self, effect: Effect) {
        match effect {
            Effect::Say { no, items } => {
                self.saying = Some(no);
                let words: Vec<String> = items.iter().map(|item| self.words(item)).collect();
                self.line("said", words.join(" "));
            }
            Effect::Hush => self.saying = None,
            Effect::Queue { queue, priority, .. } => self.line("queue", format!("{queue} {priority}")),
            Effect::LeaveQueue => self.line("left_queue", String::new()),
            Effect::Transfer { to: Target::Number { number: to } | Target::Seat { seat: to }, .. } => {
                self.line("transfer", to);
            }
            Effect::Listen { .. } => self.line("listening", String::new()),
            Effect::Unlisten => {}
            Effect::Record { .. } => self.line("recording", String::new()),
            Effect::Recorded { from, to, .. } => self.line("message", format!("{}", (to - from) / 1_000)),
            Effect::Ask { no, request } => {
                self.asking = Some(no);
                let text = match request {
                    Request::Order { number, .. } => number,
                    Request::Messages { number, .. } => number,
                    Request::Password { access, .. } => access,
                    Request::Http { url, .. } => url,
                    Request::Robot { .. } => String::new(),
                };
                self.line("asked", text);
            }
            Effect::Treated { message_id, .. } => self.line("treated", message_id),
            Effect::CallBack { number, .. } => self.line("callback", number),
            Effect::Rate { stars } => self.line("rated", stars.to_string()),
            Effect::Unrated => self.line("unrated", String::new()),
            Effect::HangUp => self.line("hung_up", String::new()),
            Effect::Happened(happening) => {
                let (kind, text) = match happening.what {
                    What::Entered => ("entered", String::new()),
                    What::Key(key) => ("key", key.to_string()),
                    What::Gone => ("gone", String::new()),
                    What::Problem(why) => ("problem", why),
                };
                self.line(kind, text);
                if let Some(line) = self.lines.last_mut() {
                    line.flow = happening.flow;
                    line.node = happening.node;
                }
            }
        }
    }

    fn words(&self, item: &Item) -> String {
        match item {
            Item::Prompt { key, language } => match crate::speech::library::shipped(key) {
                Some(shipped) if *language == Language::En => shipped.en.to_owned(),
                Some(shipped) => shipped.zh.to_owned(),
                None if self.flows.prompts.sound(key, *language).is_some() => format!("［{key}］"),
                None => format!("［{key}？］"),
            },
            Item::Text { text, .. } => text.clone(),
            Item::Beep => "♪".to_owned(),
            Item::Message { id } => format!("［{id}］"),
        }
    }
}

/// An order as it could be found.
fn example() -> Value {
    json!({
        "number": "20261121000001", "title": "路灯不亮", "status": "办理中", "unit": "市城管局", "date": "2026-11-21",
        "result": "", "unit_words": "由市城管局办理。", "result_words": "",
    })
}
