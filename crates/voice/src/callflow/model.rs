//! The graph of a call flow, as it is stored, sent and drawn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Nodes of one flow at most.
pub const NODES_MAX: usize = 200;
/// Characters of a text to be spoken at most.
pub const TEXT_MAX: usize = 1_000;
/// The flow that answers when no number names another.
pub const MAIN: &str = "main";
/// The table of working times that the shipped flows ask.
pub const MAIN_HOURS: &str = "main";

/// The language that a caller hears.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Mandarin.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// Returns the word that is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// What is said: a prompt of the library, then a text; each may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Speech {
    /// Key of a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Text for the Mandarin voice; `{{name}}` and `{{name|code}}` stand for variables.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The same in English; the Chinese text is spoken when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text_en: String,
}

impl Speech {
    /// Makes what a prompt says.
    #[must_use]
    pub fn prompt(key: &str) -> Self {
        Self { prompt: Some(key.to_owned()), ..Self::default() }
    }

    /// Makes what a text says.
    #[must_use]
    pub fn text(zh: &str, en: &str) -> Self {
        Self { prompt: None, text: zh.to_owned(), text_en: en.to_owned() }
    }

    /// Tells whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prompt.is_none() && self.text.is_empty() && self.text_en.is_empty()
    }

    /// Returns the text in a language.
    #[must_use]
    pub fn text_in(&self, language: Language) -> &str {
        match language {
            Language::En if !self.text_en.is_empty() => &self.text_en,
            Language::Zh if self.text.is_empty() => &self.text_en,
            _ => &self.text,
        }
    }
}

/// One question of a condition node, and the exit that is taken when it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Branch {
    /// The exit.
    pub exit: String,
    /// The question.
    pub test: Test,
}

/// What a condition node may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Test {
    /// Whether a table of working times is open now.
    Hours {
        /// Key of the table.
        table: String,
    },
    /// Whether today is such a day: `working`, `weekend`, `holiday`, `make_up`.
    Day {
        /// The kinds.
        kinds: Vec<String>,
    },
    /// Whether the caller's number begins with one of these, or their file has one of these tags.
    Caller {
        /// Beginnings of numbers.
        #[serde(default)]
        prefixes: Vec<String>,
        /// Tags, such as `vip` or `blacklist`.
        #[serde(default)]
        tags: Vec<String>,
    },
    /// Whether one of these numbers was dialled.
    Called {
        /// The numbers.
        numbers: Vec<String>,
    },
    /// A condition in CEL over variables and facts.
    Expression {
        /// The text.
        cel: String,
    },
}

/// Where a call is passed on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// A telephone outside, through a trunk.
    Number {
        /// The number; variables may stand in it.
        number: String,
    },
    /// A seat of the house.
    Seat {
        /// Its number; variables may stand in it.
        seat: String,
    },
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", content = "props", rename_all = "snake_case")]
pub enum Kind {
    /// Says something. Exit `next`.
    Play(Play),
    /// Says something and lets the caller choose a key. Exits: the keys, `timeout`, `invalid`.
    Menu(Menu),
    /// Collects a number. Exits `next`, `timeout`.
    Digits(Digits),
    /// Asks questions in order. Exits: those of the branches, `else`.
    Condition(Condition),
    /// Gives the call to a queue. Exits `next` (after the agent), keys, `timeout`, `nobody`, `refused`.
    Queue(Queue),
    /// Passes the call on. Exits `next` (after it), `failed`.
    Transfer(Transfer),
    /// Records a message. Exit `next`.
    Voicemail(Voicemail),
    /// Lets staff hear what callers left. Exits `next`, `wrong`.
    Messages(Messages),
    /// Looks an order up by number and query code. Exits `found`, `unknown`.
    Order(Order),
    /// Checks digits against an access code. Exits `ok`, `wrong`.
    Password(Password),
    /// Asks how satisfied the caller is. Exit `next`.
    Survey(Survey),
    /// Switches the language. Exit `next`.
    Language(SetLanguage),
    /// Sets a variable. Exit `next`.
    Set(Set),
    /// Asks another system over HTTP. Exits `ok`, `failed`.
    Http(Http),
    /// Runs another flow. Exit `next`.
    Subflow(Subflow),
    /// Lets the robot talk with the caller. Exits `next` (after a good-bye), `agent`, `failed`.
    Robot(Robot),
    /// Registers a wish to be called back. Exits `next`, `refused`.
    Callback(Callback),
    /// Goes back to the flow that called this one; ends the call in the outermost.
    Return(Return),
    /// Hangs up.
    HangUp(HangUp),
}

/// Properties of a play node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Play {
    /// What is said.
    pub say: Speech,
    /// Whether a key ends it early.
    pub barge_in: bool,
}

/// Properties of a menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Menu {
    /// What is said.
    pub say: Speech,
    /// The keys that lead somewhere; each is an exit.
    pub keys: Vec<String>,
    /// Said after a key that leads nowhere.
    pub invalid: Speech,
    /// How often it is said before `timeout` or `invalid` is taken.
    pub tries: u32,
    /// How long a key is waited for after the end of the speech, in seconds.
    pub timeout_secs: u32,
    /// Whether a key may be pressed while it is said.
    pub barge_in: bool,
    /// The key that says it again.
    pub repeat_key: Option<String>,
    /// The key that returns to the menu before.
    pub back_key: Option<String>,
}

impl Default for Menu {
    fn default() -> Self {
        Self {
            say: Speech::default(),
            keys: Vec::new(),
            invalid: Speech::default(),
            tries: 3,
            timeout_secs: 6,
            barge_in: true,
            repeat_key: None,
            back_key: None,
        }
    }
}

/// Properties of a node that collects digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Digits {
    /// What is said.
    pub say: Speech,
    /// The variable that gets the digits.
    pub variable: String,
    /// Fewest digits.
    pub min: u32,
    /// Most digits; at this many no end key is needed.
    pub max: u32,
    /// The key that ends the number.
    pub end_key: String,
    /// How long the next digit is waited for, in seconds.
    pub timeout_secs: u32,
    /// How often it is asked before `timeout` is taken.
    pub tries: u32,
    /// Said after too few digits.
    pub invalid: Speech,
    /// Whether the digits are kept out of histories.
    pub secret: bool,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            say: Speech::default(),
            variable: String::new(),
            min: 1,
            max: 20,
            end_key: "#".to_owned(),
            timeout_secs: 8,
            tries: 3,
            invalid: Speech::default(),
            secret: false,
        }
    }
}

/// Properties of a condition node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The questions, in order; the first that holds decides.
    pub branches: Vec<Branch>,
}

/// Properties of a queue node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Id of the queue; the hotline's own when empty.
    pub queue: String,
    /// Priority; higher is served first.
    pub priority: i32,
    /// Said before the caller joins.
    pub say: Speech,
    /// What the waiting caller may choose ("press 1 to wait, 2 to leave a message …").
    pub choice: Speech,
    /// After how long it is said first, in seconds.
    pub choice_after_secs: u32,
    /// How often it is said again, in seconds; 0 once only.
    pub choice_every_secs: u32,
    /// Keys that lead out of the queue; each is an exit. Other keys mean waiting on.
    pub keys: Vec<String>,
    /// After how long `timeout` is taken, in seconds; 0 never.
    pub overflow_secs: u32,
    /// Whether `nobody` is taken when nobody is signed in.
    pub leave_when_nobody: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            queue: String::new(),
            priority: 0,
            say: Speech::default(),
            choice: Speech::default(),
            choice_after_secs: 20,
            choice_every_secs: 60,
            keys: Vec::new(),
            overflow_secs: 0,
            leave_when_nobody: false,
        }
    }
}

/// Properties of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Where to.
    pub to: Target,
    /// Said before.
    #[serde(default)]
    pub say: Speech,
    /// How long it rings, in seconds.
    #[serde(default = "ring_secs")]
    pub ring_secs: u32,
}

fn ring_secs() -> u32 {
    30
}

/// Properties of a voicemail node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Voicemail {
    /// Said before the tone.
    pub say: Speech,
    /// Name of the box, for instance a department's.
    pub mailbox: String,
    /// Longest message, in seconds.
    pub max_secs: u32,
    /// Silence that ends it, in seconds; 0 none.
    pub silence_secs: u32,
    /// The key that ends it.
    pub end_key: String,
}

impl Default for Voicemail {
    fn default() -> Self {
        Self {
            say: Speech::default(),
            mailbox: String::new(),
            max_secs: 120,
            silence_secs: 6,
            end_key: "#".to_owned(),
        }
    }
}

/// Properties of a node at which staff hear what callers left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Messages {
    /// The variable with the number of the person's box: the job number, or the seat's.
    pub number: String,
    /// The variable with their code.
    pub pin: String,
    /// Only messages of this box; all when empty.
    pub mailbox: String,
}

impl Default for Messages {
    fn default() -> Self {
        Self { number: "number".to_owned(), pin: "pin".to_owned(), mailbox: String::new() }
    }
}

/// Properties of a talk with the robot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Robot {
    /// Said first.
    pub say: Speech,
    /// Said when nothing was understood.
    pub unheard: Speech,
    /// How long the caller may think before anything is said, in seconds.
    pub patience_secs: u32,
    /// The pause that ends what the caller says, in milliseconds.
    pub pause_ms: u32,
    /// How long the caller may speak at a time, in seconds.
    pub longest_secs: u32,
    /// How often the caller speaks before an agent takes over.
    pub turns: u32,
    /// The key that leads to an agent at any time.
    pub agent_key: String,
}

impl Default for Robot {
    fn default() -> Self {
        Self {
            say: Speech::text(
                "您好，我是智能客服，请直接说出您的问题；需要人工服务请按0。",
                "Hello, this is the robot. Please say what you need, or press 0 for a person.",
            ),
            unheard: Speech::text(
                "抱歉，我没有听清，请您再说一遍。",
                "Sorry, I did not hear you. Please say it again.",
            ),
            patience_secs: 6,
            pause_ms: 1_200,
            longest_secs: 20,
            turns: 12,
            agent_key: "0".to_owned(),
        }
    }
}

/// Properties of an order query. What is found becomes `order_number`, `order_status`, `order_unit`,
/// `order_step`, `order_result`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Order {
    /// The variable with the digits of the order's number.
    pub number: String,
    /// The variable with the query code.
    pub code: String,
}

impl Default for Order {
    fn default() -> Self {
        Self { number: "number".to_owned(), code: "code".to_owned() }
    }
}

/// Properties of a password check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Password {
    /// The variable with the digits.
    pub variable: String,
    /// Key of the access code that they are checked against.
    pub access: String,
}

/// Properties of a survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Survey {
    /// The question.
    pub say: Speech,
    /// What a key means, 1 (very dissatisfied) to 5 (very satisfied).
    pub stars: BTreeMap<String, u8>,
    /// Said after a valid key.
    pub thanks: Speech,
    /// How long a key is waited for, in seconds.
    pub timeout_secs: u32,
    /// How often it is asked.
    pub tries: u32,
}

impl Default for Survey {
    fn default() -> Self {
        let stars = [("1", 5), ("2", 4), ("3", 3), ("4", 2), ("5", 1)];
        Self {
            say: Speech::default(),
            stars: stars.into_iter().map(|(key, stars)| (key.to_owned(), stars)).collect(),
            thanks: Speech::default(),
            timeout_secs: 8,
            tries: 2,
        }
    }
}

/// Properties of a language switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SetLanguage {
    /// The language from here on.
    pub language: Language,
}

/// Properties of a set node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Set {
    /// The variable.
    pub variable: String,
    /// Its value; other variables may stand in it.
    pub value: String,
}

/// Properties of an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// `GET` or `POST`.
    pub method: String,
    /// The address; variables may stand in it, encoded. Its host must be allowed by the configuration.
    pub url: String,
    /// The body of a POST, JSON; variables may stand in it, escaped.
    pub body: String,
    /// How long it may take, in seconds, 10 at most.
    pub timeout_secs: u32,
    /// Variables, by the pointers (RFC 6901) of their values in the JSON answer.
    pub save: BTreeMap<String, String>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            url: String::new(),
            body: String::new(),
            timeout_secs: 3,
            save: BTreeMap::new(),
        }
    }
}

/// Properties of a sub-flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Subflow {
    /// Id of the flow.
    pub flow: String,
}

/// Properties of a call-back registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Callback {
    /// Said after the registration.
    pub say: Speech,
    /// The variable with the number; the caller's own when empty.
    pub variable: String,
    /// The queue whose agents call back; the hotline's own when empty.
    pub queue: String,
}

/// Properties of a return: none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Return {}

/// Properties of a hang-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HangUp {
    /// Said before.
    pub say: Speech,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Id, unique in the flow.
    pub id: String,
    /// The name on the drawing.
    #[serde(default)]
    pub name: String,
    /// Place on the drawing, in pixels from the left.
    #[serde(default)]
    pub x: f64,
    /// Place on the drawing, in pixels from the top.
    #[serde(default)]
    pub y: f64,
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
    /// Where each exit leads.
    #[serde(default)]
    pub exits: BTreeMap<String, String>,
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    /// Version of this format, 1.
    #[serde(default = "schema")]
    pub schema: u32,
    /// Id of the first node.
    pub start: String,
    /// The nodes.
    pub nodes: Vec<Node>,
}

fn schema() -> u32 {
    1
}

impl Flow {
    /// Finds a node.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Returns everything that is said.
    pub fn speeches(&self) -> impl Iterator<Item = (&Node, &Speech)> {
        self.nodes.iter().flat_map(|node| node.kind.speeches().into_iter().map(move |speech| (node, speech)))
    }
}

impl Kind {
    /// Returns the word for the kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Play(_) => "play",
            Self::Menu(_) => "menu",
            Self::Digits(_) => "digits",
            Self::Condition(_) => "condition",
            Self::Queue(_) => "queue",
            Self::Transfer(_) => "transfer",
            Self::Voicemail(_) => "voicemail",
            Self::Messages(_) => "messages",
            Self::Order(_) => "order",
            Self::Password(_) => "password",
            Self::Survey(_) => "survey",
            Self::Language(_) => "language",
            Self::Set(_) => "set",
            Self::Http(_) => "http",
            Self::Subflow(_) => "subflow",
            Self::Robot(_) => "robot",
            Self::Callback(_) => "callback",
            Self::Return(_) => "return",
            Self::HangUp(_) => "hang_up",
        }
    }

    /// Returns what the node may say.
    #[must_use]
    pub fn speeches(&self) -> Vec<&Speech> {
        match self {
            Self::Play(play) => vec![&play.say],
            Self::Menu(menu) => vec![&menu.say, &menu.invalid],
            Self::Digits(digits) => vec![&digits.say, &digits.invalid],
            Self::Queue(queue) => vec![&queue.say, &queue.choice],
            Self::Transfer(transfer) => vec![&transfer.say],
            Self::Voicemail(voicemail) => vec![&voicemail.say],
            Self::Survey(survey) => vec![&survey.say, &survey.thanks],
            Self::Robot(robot) => vec![&robot.say, &robot.unheard],
            Self::Callback(callback) => vec![&callback.say],
            Self::HangUp(hang_up) => vec![&hang_up.say],
            _ => Vec::new(),
        }
    }

    /// Returns the exits that must lead somewhere, then those that may.
    #[must_use]
    pub fn exits(&self) -> (Vec<String>, Vec<String>) {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        match self {
            Self::Play(_) | Self::Voicemail(_) | Self::Survey(_) | Self::Language(_) | Self::Set(_) => {
                (own(&["next"]), Vec::new())
            }
            Self::Subflow(_) => (own(&["next"]), Vec::new()),
            Self::Menu(menu) => ([menu.keys.clone(), own(&["timeout", "invalid"])].concat(), Vec::new()),
            Self::Digits(_) => (own(&["next", "timeout"]), Vec::new()),
            Self::Condition(condition) => {
                let mut exits: Vec<String> = Vec::new();
                for branch in &condition.branches {
                    if !exits.contains(&branch.exit) {
                        exits.push(branch.exit.clone());
                    }
                }
                exits.push("else".to_owned());
                (exits, Vec::new())
            }
            Self::Queue(queue) => {
                let mut exits = queue.keys.clone();
                if queue.overflow_secs > 0 {
                    exits.push("timeout".to_owned());
                }
                if queue.leave_when_nobody {
                    exits.push("nobody".to_owned());
                }
                exits.push("refused".to_owned());
                (exits, own(&["next"]))
            }
            Self::Transfer(_) => (own(&["failed"]), own(&["next"])),
            Self::Messages(_) => (own(&["next", "wrong"]), Vec::new()),
            Self::Order(_) => (own(&["found", "unknown"]), Vec::new()),
            Self::Password(_) => (own(&["ok", "wrong"]), Vec::new()),
            Self::Http(_) => (own(&["ok", "failed"]), Vec::new()),
            Self::Robot(_) => (own(&["next", "agent", "failed"]), Vec::new()),
            Self::Callback(_) => (own(&["next", "refused"]), Vec::new()),
            Self::Return(_) | Self::HangUp(_) => (Vec::new(), Vec::new()),
        }
    }

    /// Tells whether the caller can do something at the node, or somebody else is heard: a circle
    /// without such a node would hold a caller for ever.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Self::Menu(_)
                | Self::Digits(_)
                | Self::Queue(_)
                | Self::Transfer(_)
                | Self::Voicemail(_)
                | Self::Survey(_)
                | Self::Robot(_)
                | Self::Return(_)
                | Self::HangUp(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_reads_and_writes_as_documented() {
        let text = json!({
            "start": "a",
            "nodes": [
                {"id": "a", "kind": "menu", "name": "主菜单", "x": 10.0, "y": 20.0,
                 "props": {"say": {"text": "办理请按一"}, "keys": ["1"]},
                 "exits": {"1": "b", "timeout": "b", "invalid": "b"}},
                {"id": "b", "kind": "hang_up", "props": {}},
            ],
        });
        let flow: Flow = serde_json::from_value(text).unwrap();
        let Kind::Menu(menu) = &flow.nodes[0].kind else { panic!("a menu") };
        assert_eq!((menu.tries, menu.timeout_secs, menu.barge_in), (3, 6, true));
        assert_eq!(flow.nodes[0].kind.exits().0, ["1", "timeout", "invalid"]);
        let again: Flow = serde_json::from_value(serde_json::to_value(&flow).unwrap()).unwrap();
        assert_eq!(again, flow);
    }

    #[test]
    fn what_is_not_in_the_format_is_refused() {
        let unknown = json!({"start": "a", "nodes": [{"id": "a", "kind": "play", "props": {"sey": {}}}]});
        assert!(serde_json::from_value::<Flow>(unknown).is_err());
        let kind = json!({"start": "a", "nodes": [{"id": "a", "kind": "script", "props": {}}]});
        assert!(serde_json::from_value::<Flow>(kind).is_err());
    }
}
