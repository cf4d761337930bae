//! The interpreter: `(state, input, facts, now) -> (state, effects)`.
//!
//! Between two inputs a run always says something, waits for a key until a deadline, waits in a
//! queue or for an answer, or is over. What can't go on (a missing exit, too many steps) never drops
//! the caller: they join the hotline's own queue.

mod caller;
mod findings;
mod messages;
mod nodes;
mod robot;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use findings::Finding;
pub use messages::{Hearing, Left, Treatment};

use serde_json::{Map, Value};

use super::facts::Facts;
use super::model::{Flow, Kind, Language, Node, Speech, Target};
use super::template::{Use, fill};

/// Nodes that may be entered without anything being waited for.
const STEPS_MAX: u32 = 64;
/// Nodes that may be entered in a whole call.
const VISITS_MAX: u32 = 300;
/// How deep flows may call flows.
const DEPTH_MAX: usize = 8;
/// Variables of a call at most.
const VARIABLES_MAX: usize = 200;
/// The longest that something said may take before it counts as said, in milliseconds.
const SAYING_MS: i64 = 300_000;
/// How long an answer from outside is waited for, in milliseconds.
const ASKING_MS: i64 = 15_000;
/// The shortest message that is kept, in milliseconds.
const MESSAGE_MS: i64 = 1_000;

/// Flows that may be run, by id, and the one that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Id of the first flow.
    pub start: String,
    /// All of them, with their versions.
    pub flows: BTreeMap<String, (i64, Arc<Flow>)>,
}

/// A piece of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A prompt of the library.
    Prompt {
        /// Its key.
        key: String,
        /// The language.
        language: Language,
    },
    /// A text for the voice.
    Text {
        /// The text, filled.
        text: String,
        /// The language.
        language: Language,
    },
    /// The tone after which a message is recorded.
    Beep,
    /// What a caller left.
    Message {
        /// Id of the message.
        id: String,
    },
}

/// What is asked of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// An order by the digits of its number and its query code.
    Order {
        /// The digits.
        number: String,
        /// The code.
        code: String,
        /// The caller's language.
        language: Language,
    },
    /// The open messages of whoever has this box and this code: a [`Hearing`].
    Messages {
        /// Number of the box.
        number: String,
        /// The code.
        pin: String,
        /// Only messages of this box; all when empty.
        mailbox: String,
    },
    /// Whether the digits are the access code.
    Password {
        /// Key of the access code.
        access: String,
        /// The digits.
        digits: String,
    },
    /// What the robot answers to the words that were just heard.
    Robot {
        /// The caller's language.
        language: Language,
    },
    /// Another system.
    Http {
        /// `GET` or `POST`.
        method: String,
        /// The address.
        url: String,
        /// The body.
        body: String,
        /// How long it may take.
        timeout_secs: u32,
    },
}

/// What the world answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Found, right, or the JSON that came; the members become variables for an order.
    Yes(Value),
    /// Not found, wrong.
    No,
    /// Nothing usable, or too late.
    Failed,
}

/// What is heard from the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueNews {
    /// A seat is being rung.
    Offered,
    /// The seat did not take it; the caller waits on.
    Waiting,
    /// An agent answered.
    Answered,
    /// The agent left, the caller is still there.
    Left,
    /// There is no room, or no such queue.
    Refused,
}

/// What happens to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The caller is there.
    Start,
    /// A key was pressed.
    Key(char),
    /// What was said under this number has been said to its end.
    Said(u32),
    /// News from the queue.
    Queue(QueueNews),
    /// A transfer ended: true after a talk, false when nobody answered.
    Transferred(bool),
    /// Nothing was heard for as long as the recording asked, or whom one listened to came to an end.
    Silence,
    /// An answer to the question of this number.
    Answer(u32, Answer),
    /// A deadline may have passed.
    Tick,
    /// The caller is gone.
    Gone,
}

/// What the host has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say this in place of what was being said; [`Input::Said`] follows.
    Say {
        /// The number.
        no: u32,
        /// The pieces.
        items: Vec<Item>,
    },
    /// Stop saying.
    Hush,
    /// Give the call to a queue.
    Queue {
        /// Its id; the hotline's own when empty.
        queue: String,
        /// Priority.
        priority: i32,
        /// Whether the caller is kept when the agent leaves.
        keep: bool,
    },
    /// Take the call out of the queue.
    LeaveQueue,
    /// Pass the call on.
    Transfer {
        /// Where to, filled.
        to: Target,
        /// How long it rings.
        ring_secs: u32,
        /// Whether the caller is kept when the other side hangs up.
        keep: bool,
    },
    /// Tell when nothing is heard for this long; 0 never.
    Record {
        /// Seconds.
        silence_secs: u32,
    },
    /// Listen to what the caller says; [`Input::Silence`] follows when it came to its end.
    Listen {
        /// How long nothing may be said at first.
        patience_ms: u32,
        /// The pause that ends it.
        pause_ms: u32,
        /// How long it may be.
        longest_ms: u32,
    },
    /// Listen no longer.
    Unlisten,
    /// A message was left between these instants.
    Recorded {
        /// Name of the box.
        mailbox: String,
        /// From, epoch milliseconds.
        from: i64,
        /// To, epoch milliseconds.
        to: i64,
    },
    /// A message was heard or seen to by somebody on the telephone.
    Treated {
        /// Id of the message.
        message_id: String,
        /// Who.
        person_id: String,
        /// Their name.
        person_name: String,
        /// What became of it.
        what: Treatment,
    },
    /// Ask; [`Input::Answer`] follows.
    Ask {
        /// The number.
        no: u32,
        /// What.
        request: Request,
    },
    /// Register a wish to be called back.
    CallBack {
        /// The number to call.
        number: String,
        /// The queue whose agents call.
        queue: String,
        /// Since when the caller has waited, epoch milliseconds.
        since: i64,
    },
    /// The caller rated the talk.
    Rate {
        /// 1 to 5.
        stars: u8,
    },
    /// The caller hung up before the survey that was to follow.
    Unrated,
    /// Hang up.
    HangUp,
    /// For histories and figures.
    Happened(Happening),
}

/// Something worth counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The flow.
    pub flow: String,
    /// Its version.
    pub version: i64,
    /// The node.
    pub node: String,
    /// What.
    pub what: What,
}

/// What happened at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The caller came to it.
    Entered,
    /// The caller pressed a key that was asked for.
    Key(char),
    /// The caller hung up at it.
    Gone,
    /// The flow could not go on.
    Problem(String),
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    flow: String,
    node: String,
}

/// What follows when something has been said.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    Exit(&'static str),
    Queue,
    Transfer,
    Record,
    Listen,
    HangUp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Fresh,
    Saying { no: u32, then: Then },
    Menu { saying: Option<u32>, tries: u32 },
    Digits { saying: Option<u32>, tries: u32, typed: String },
    Survey { saying: Option<u32>, tries: u32 },
    Hearing { saying: Option<u32>, tries: u32 },
    Queueing { since: i64, choice_at: Option<i64>, offered: bool },
    Talking,
    Transferring,
    Recording { from: i64 },
    Listening,
    Asking { no: u32 },
    Done,
}

/// One caller's way through the flows.
#[derive(Clone, Debug)]
pub struct Run {
    program: Arc<Program>,
    stack: Vec<Place>,
    menus: Vec<Vec<Place>>,
    stage: Stage,
    variables: Map<String, Value>,
    language: Language,
    deadline: Option<i64>,
    serial: u32,
    steps: u32,
    visits: u32,
    queued_since: Option<i64>,
    /// How often the caller has spoken to the robot, and how often in a row nothing was understood.
    spoken: (u32, u32),
    /// The flow gave up and the caller was put into the hotline's own queue.
    rescued: bool,
    findings: Vec<Finding>,
    hearing: Option<Hearing>,
    /// Boxes of messages that did not open.
    unopened: u32,
    /// The node to begin at in place of the flow's first.
    entrance: Option<String>,
}

impl Run {
    /// Makes a run that begins with [`Input::Start`].
    #[must_use]
    pub fn new(program: Arc<Program>, language: Language) -> Self {
        Self {
            program,
            stack: Vec::new(),
            menus: Vec::new(),
            stage: Stage::Fresh,
            variables: Map::new(),
            language,
            deadline: None,
            serial: 0,
            steps: 0,
            visits: 0,
            queued_since: None,
            spoken: (0, 0),
            rescued: false,
            findings: Vec::new(),
            hearing: None,
            unopened: 0,
            entrance: None,
        }
    }

    /// Returns when [`Input::Tick`] is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<i64> {
        self.deadline
    }

    /// Tells whether the run is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Returns the word for what the run does: `saying`, `menu`, `digits`, `survey`, `queueing`,
    /// `talking`, `transferring`, `recording`, `hearing`, `listening`, `asking`, `done`.
    #[must_use]
    pub fn doing(&self) -> &'static str {
        match self.stage {
            Stage::Fresh | Stage::Saying { .. } => "saying",
            Stage::Menu { .. } => "menu",
            Stage::Digits { .. } => "digits",
            Stage::Survey { .. } => "survey",
            Stage::Hearing { .. } => "hearing",
            Stage::Queueing { .. } => "queueing",
            Stage::Talking => "talking",
            Stage::Transferring => "transferring",
            Stage::Recording { .. } => "recording",
            Stage::Listening => "listening",
            Stage::Asking { .. } => "asking",
            Stage::Done => "done",
        }
    }

    /// Returns flow and node at which the run is.
    #[must_use]
    pub fn place(&self) -> Option<(&str, &str)> {
        self.stack.last().map(|place| (place.flow.as_str(), place.node.as_str()))
    }

    /// Tells whether the keys that are pressed now are kept out of histories.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!((&self.stage, self.node().map(|node| &node.kind)), (Stage::Digits { .. }, Some(Kind::Digits(digits))) if digits.secret)
    }

    /// Returns the variables.
    #[must_use]
    pub fn variables(&self) -> &Map<String, Value> {
        &self.variables
    }

    /// Applies an input.
    pub fn apply(&mut self, input: Input, facts: &Facts, now_ms: i64) -> Vec<Effect> {
        self.steps = 0;
        let mut turn = Turn { facts, now_ms, out: Vec::new() };
        if self.stage == Stage::Done {
            return turn.out;
        }
        match input {
            Input::Start if self.stage == Stage::Fresh => {
                let start = self.program.start.clone();
                self.call(&start, &mut turn);
            }
            Input::Start => {}
            Input::Key(key) => self.key(key, &mut turn),
            Input::Said(no) => self.said(no, &mut turn),
            Input::Queue(news) => self.queue_news(news, &mut turn),
            Input::Transferred(talked) if self.stage == Stage::Transferring => match self.kind() {
                Some(Kind::Messages(_)) => self.called_back(talked, &mut turn),
                _ => self.leave(if talked { "next" } else { "failed" }, &mut turn),
            },
            Input::Transferred(_) => {}
            Input::Silence => match self.stage {
                Stage::Recording { .. } => {
                    self.recorded(&mut turn);
                    self.leave("next", &mut turn);
                }
                Stage::Listening => self.ask_robot(&mut turn),
                _ => {}
            },
            Input::Answer(no, answer) if self.stage == (Stage::Asking { no }) => {
                self.answered(answer, &mut turn);
            }
            Input::Answer(..) => {}
            Input::Tick => {
                if self.deadline.is_some_and(|at| at <= now_ms) {
                    self.deadline = None;
                    self.tick(&mut turn);
                }
            }
            Input::Gone => self.gone(&mut turn),
        }
        turn.out
    }

    fn node(&self) -> Option<&Node> {
        let place = self.stack.last()?;
        self.program.flows.get(&place.flow)?.1.node(&place.node)
    }

    fn kind(&self) -> Option<Kind> {
        self.node().map(|node| node.kind.clone())
    }

    /// Enters a flow at its start.
    fn call(&mut self, flow: &str, turn: &mut Turn<'_>) {
        let Some((_, graph)) = self.program.flows.get(flow) else {
            return self.give_up(&format!("no flow {flow}"), turn);
        };
        if self.stack.len() >= DEPTH_MAX {
            return self.give_up("flows call each other too deeply", turn);
        }
        let node = self.entrance.take().filter(|node| graph.node(node).is_some());
        let node = node.unwrap_or_else(|| graph.start.clone());
        self.stack.push(Place { flow: flow.to_owned(), node });
        self.enter(turn);
    }

    /// Leaves the present node by an exit.
    fn leave(&mut self, exit: &str, turn: &mut Turn<'_>) {
        self.deadline = None;
        self.find(exit);
        if self.rescued {
            let busy = Item::Prompt { key: "all_busy".to_owned(), language: self.language };
            return self.say_then(vec![busy], Then::HangUp, turn);
        }
        match self.node().and_then(|node| node.exits.get(exit)).cloned() {
            Some(next) => {
                if let Some(place) = self.stack.last_mut() {
                    place.node = next;
                }
                self.enter(turn);
            }
            // Optional exits that lead nowhere end the call: nobody is left to talk to.
            None if exit == "next" && matches!(self.kind(), Some(Kind::Queue(_) | Kind::Transfer(_))) => {
                self.hang_up(turn);
            }
            None => self.give_up(&format!("no exit {exit}"), turn),
        }
    }

    /// Goes back to the flow that called this one.
    fn come_back(&mut self, turn: &mut Turn<'_>) {
        self.stack.pop();
        if self.stack.is_empty() { self.hang_up(turn) } else { self.leave("next", turn) }
    }

    fn hang_up(&mut self, turn: &mut Turn<'_>) {
        self.stage = Stage::Done;
        self.deadline = None;
        turn.out.push(Effect::HangUp);
    }

    /// A flow that can't go on hands the caller to a person.
    fn give_up(&mut self, why: &str, turn: &mut Turn<'_>) {
        self.happened(What::Problem(why.chars().take(200).collect()), turn);
        if self.rescued {
            return self.hang_up(turn);
        }
        self.rescued = true;
        self.deadline = None;
        let since = *self.queued_since.get_or_insert(turn.now_ms);
        self.stage = Stage::Queueing { since, choice_at: None, offered: false };
        turn.out.push(Effect::Queue { queue: String::new(), priority: 0, keep: false });
    }

    fn happened(&self, what: What, turn: &mut Turn<'_>) {
        let (flow, node) = self.place().unwrap_or(("", ""));
        let version = self.program.flows.get(flow).map_or(0, |(version, _)| *version);
        turn.out.push(Effect::Happened(Happening {
            flow: flow.to_owned(),
            version,
            node: node.to_owned(),
            what,
        }));
    }

    fn all_variables(&self, facts: &Facts) -> Map<String, Value> {
        let mut all = facts.variables();
        all.extend(self.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
        all
    }

    fn set(&mut self, name: &str, value: Value) {
        if self.variables.len() < VARIABLES_MAX || self.variables.contains_key(name) {
            self.variables.insert(name.to_owned(), value);
        }
    }

    fn pieces(&self, speech: &Speech, facts: &Facts) -> Vec<Item> {
        let mut items = Vec::new();
        if let Some(key) = &speech.prompt {
            items.push(Item::Prompt { key: key.clone(), language: self.language });
        }
        let text = speech.text_in(self.language);
        if !text.is_empty() {
            // A Chinese text that stands in for a missing English one is spoken as Chinese.
            let language = if self.language == Language::En && speech.text_en.is_empty() {
                Language::Zh
            } else {
                self.language
            };
            let text = fill(text, &self.all_variables(facts), Use::Speech(language));
            items.push(Item::Text { text, language });
        }
        items
    }

    /// Says something, or says that there is nothing to say.
    fn say(&mut self, items: Vec<Item>, turn: &mut Turn<'_>) -> Option<u32> {
        if items.is_empty() {
            return None;
        }
        self.serial += 1;
        self.deadline = Some(turn.now_ms + SAYING_MS);
        turn.out.push(Effect::Say { no: self.serial, items });
        Some(self.serial)
    }

    /// Says something and goes on afterwards; with nothing to say it goes on at once.
    fn say_then(&mut self, items: Vec<Item>, then: Then, turn: &mut Turn<'_>) {
        match self.say(items, turn) {
            Some(no) => self.stage = Stage::Saying { no, then },
            None => self.follow(then, turn),
        }
    }
}

/// What one input works with.
struct Turn<'a> {
    facts: &'a Facts,
    now_ms: i64,
    out: Vec<Effect>,
}
