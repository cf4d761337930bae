//! What is wrong with a flow, by node, before callers meet it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::model::{Flow, Kind, NODES_MAX, Node, Speech, TEXT_MAX, Target, Test};
use super::{said, template};

/// Findings that are told at most.
const FINDINGS_MAX: usize = 100;
/// Longest id, in characters.
const ID_MAX: usize = 40;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The flow can't be published.
    Error,
    /// The flow works, but perhaps not as meant.
    Warning,
}

/// Something found in a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// The node; absent when the whole flow is meant.
    pub node: Option<String>,
    /// What, as a code.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What, in Chinese.
    pub zh: String,
    /// What, in English.
    pub en: String,
}

/// What a flow may refer to.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Keys of prompts.
    pub prompts: BTreeSet<String>,
    /// Ids of queues; the empty one is the hotline's own.
    pub queues: BTreeSet<String>,
    /// Keys of tables of working times.
    pub hours: BTreeSet<String>,
    /// Ids of published flows.
    pub flows: BTreeSet<String>,
    /// Keys of access codes.
    pub access: BTreeSet<String>,
    /// Hosts that may be asked over HTTP.
    pub hosts: BTreeSet<String>,
    /// Whether there is a voice that speaks texts.
    pub voice: bool,
    /// Whether there are a robot and ears for it.
    pub robot: bool,
}

struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, node: Option<&str>, severity: Severity, code: &'static str, zh: String, en: String) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(Finding { node: node.map(str::to_owned), code, severity, zh, en });
        }
    }

    fn error(&mut self, node: &Node, code: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.add(Some(&node.id), Severity::Error, code, zh.into(), en.into());
    }

    fn warn(&mut self, node: &Node, code: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.add(Some(&node.id), Severity::Warning, code, zh.into(), en.into());
    }
}

/// Checks a flow; it may be published when no finding is an error.
#[must_use]
pub fn check(flow: &Flow, known: &Known) -> Vec<Finding> {
    let mut report = Report(Vec::new());
    let whole = |report: &mut Report, code, zh: &str, en: &str| {
        report.add(None, Severity::Error, code, zh.to_owned(), en.to_owned());
    };
    if flow.schema != 1 {
        whole(&mut report, "schema", "不认识的流程格式版本", "Unknown version of the format");
    }
    if flow.nodes.is_empty() || flow.nodes.len() > NODES_MAX {
        whole(&mut report, "nodes", "流程应有 1 至 200 个节点", "A flow has 1 to 200 nodes");
        return report.0;
    }
    if flow.node(&flow.start).is_none() {
        whole(&mut report, "start", "没有起始节点", "There is no first node");
    }
    let mut ids = HashSet::new();
    for node in &flow.nodes {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if node.id.is_empty() || node.id.len() > ID_MAX || !node.id.chars().all(plain) {
            report.error(
                node,
                "id",
                "节点编号只能用字母、数字和下划线",
                "A node's id is letters, digits and underscores",
            );
        }
        if !ids.insert(node.id.as_str()) {
            report.error(node, "twice", "节点编号重复", "Another node has the same id");
        }
        if node.name.chars().count() > 60 {
            report.error(node, "name", "节点名称不超过 60 字", "A node's name has at most 60 characters");
        }
    }
    for node in &flow.nodes {
        exits(flow, node, &mut report);
        for speech in node.kind.speeches() {
            says(node, speech, known, &mut report);
        }
        properties(node, known, &mut report);
    }
    unreachable(flow, &mut report);
    circles(flow, &mut report);
    report.0
}

/// Tells whether a flow with these findings may be published.
#[must_use]
pub fn is_publishable(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}

fn exits(flow: &Flow, node: &Node, report: &mut Report) {
    let (must, may) = node.kind.exits();
    for exit in &must {
        if !node.exits.contains_key(exit) {
            report.error(
                node,
                "exit_missing",
                format!("出口“{exit}”没有连接"),
                format!("Exit “{exit}” leads nowhere"),
            );
        }
    }
    for (exit, target) in &node.exits {
        if !must.contains(exit) && !may.contains(exit) {
            report.error(
                node,
                "exit_unknown",
                format!("没有名为“{exit}”的出口"),
                format!("There is no exit “{exit}”"),
            );
        } else if flow.node(target).is_none() {
            report.error(
                node,
                "target_unknown",
                format!("出口“{exit}”连到不存在的节点"),
                format!("Exit “{exit}” leads to a node that is not there"),
            );
        }
    }
}

fn says(node: &Node, speech: &Speech, known: &Known, report: &mut Report) {
    if let Some(key) = &speech.prompt
        && !known.prompts.contains(key)
    {
        report.error(
            node,
            "prompt_unknown",
            format!("没有语音素材“{key}”"),
            format!("There is no prompt “{key}”"),
        );
    }
    for text in [&speech.text, &speech.text_en] {
        if text.chars().count() > TEXT_MAX {
            report.error(node, "text_long", "朗读文本不超过 1000 字", "A text has at most 1,000 characters");
        }
        filled(node, text, report);
    }
    let has_text = !speech.text.is_empty() || !speech.text_en.is_empty();
    if has_text && !known.voice {
        report.warn(
            node,
            "no_voice",
            "本机没有语音合成，文本不会被朗读；请改用录制的素材",
            "There is no voice on this machine, so the text is not spoken; use a recorded prompt",
        );
    }
}

fn filled(node: &Node, text: &str, report: &mut Report) {
    let Some(names) = template::names(text) else {
        return report.error(
            node,
            "bracket",
            "变量的双大括号没有成对",
            "The double braces of a variable don't match",
        );
    };
    for (name, form) in names {
        if !template::is_name(name) || !said::FORMS.contains(&form) {
            report.error(
                node,
                "variable",
                format!("变量写法不对：{name}|{form}"),
                format!("Not a variable: {name}|{form}"),
            );
        }
    }
}

fn is_key(key: &str) -> bool {
    let mut chars = key.chars();
    matches!((chars.next(), chars.next()), (Some('0'..='9' | '*' | '#'), None))
}

fn keys<'a>(node: &Node, keys: impl Iterator<Item = &'a String>, report: &mut Report) {
    let mut seen = HashSet::new();
    for key in keys {
        if !is_key(key) {
            report.error(
                node,
                "key",
                format!("不是电话按键：{key}"),
                format!("Not a key of a telephone: {key}"),
            );
        } else if !seen.insert(key.as_str()) {
            report.error(node, "key_twice", format!("按键 {key} 重复"), format!("Key {key} stands twice"));
        }
    }
}

fn range(node: &Node, what: (&str, &str), value: u32, from: u32, to: u32, report: &mut Report) {
    if !(from..=to).contains(&value) {
        report.error(
            node,
            "range",
            format!("{}应为 {from} 至 {to}", what.0),
            format!("{} is {from} to {to}", what.1),
        );
    }
}

fn variable(node: &Node, name: &str, report: &mut Report) {
    if !template::is_name(name) {
        report.error(
            node,
            "variable",
            "变量名应以小写字母开头，只含小写字母、数字和下划线",
            "A variable begins with a lower-case letter and has letters, digits and underscores",
        );
    }
}

fn queue(node: &Node, id: &str, known: &Known, report: &mut Report) {
    if !id.is_empty() && !known.queues.contains(id) {
        report.error(node, "queue_unknown", format!("没有队列“{id}”"), format!("There is no queue “{id}”"));
    }
}

const TRIES: (&str, &str) = ("次数", "The number of tries");
const WAIT: (&str, &str) = ("等待秒数", "The wait in seconds");

fn properties(node: &Node, known: &Known, report: &mut Report) {
    match &node.kind {
        Kind::Menu(menu) => {
            if menu.keys.is_empty() {
                report.error(node, "no_keys", "菜单至少要有一个按键", "A menu has at least one key");
            }
            keys(node, menu.keys.iter().chain(&menu.repeat_key).chain(&menu.back_key), report);
            range(node, TRIES, menu.tries, 1, 10, report);
            range(node, WAIT, menu.timeout_secs, 1, 60, report);
            if menu.say.is_empty() {
                report.warn(node, "silent", "菜单没有播报内容", "The menu says nothing");
            }
        }
        Kind::Digits(digits) => {
            variable(node, &digits.variable, report);
            keys(node, std::iter::once(&digits.end_key).filter(|key| !key.is_empty()), report);
            range(node, TRIES, digits.tries, 1, 10, report);
            range(node, WAIT, digits.timeout_secs, 1, 60, report);
            range(node, ("最多位数", "The most digits"), digits.max, 1, 30, report);
            range(node, ("最少位数", "The fewest digits"), digits.min, 1, digits.max.clamp(1, 30), report);
        }
        Kind::Condition(condition) => branches(node, condition, known, report),
        Kind::Queue(props) => {
            queue(node, &props.queue, known, report);
            keys(node, props.keys.iter(), report);
            range(node, ("溢出秒数", "The overflow in seconds"), props.overflow_secs, 0, 7_200, report);
            range(node, ("提示间隔", "The interval"), props.choice_every_secs, 0, 600, report);
            range(node, ("首次提示", "The first choice"), props.choice_after_secs, 0, 600, report);
            if !props.keys.is_empty() && props.choice.is_empty() {
                report.warn(
                    node,
                    "silent",
                    "等待中可按键，但没有播报选择",
                    "Keys work while waiting, but nothing says so",
                );
            }
        }
        Kind::Transfer(transfer) => {
            range(node, ("振铃秒数", "Ringing in seconds"), transfer.ring_secs, 5, 120, report);
            let to = match &transfer.to {
                Target::Number { number } => number,
                Target::Seat { seat } => seat,
            };
            filled(node, to, report);
            if to.is_empty() || to.chars().count() > 60 {
                report.error(node, "number", "请填写转接号码", "A number to transfer to is needed");
            }
        }
        Kind::Voicemail(voicemail) => {
            range(node, ("最长秒数", "The longest message"), voicemail.max_secs, 5, 600, report);
            range(node, ("静音秒数", "Silence in seconds"), voicemail.silence_secs, 0, 60, report);
            keys(node, std::iter::once(&voicemail.end_key).filter(|key| !key.is_empty()), report);
            if voicemail.mailbox.chars().count() > 40 {
                report.error(node, "mailbox", "信箱名不超过 40 字", "A box's name has at most 40 characters");
            }
        }
        Kind::Messages(messages) => {
            variable(node, &messages.number, report);
            variable(node, &messages.pin, report);
            if messages.mailbox.chars().count() > 40 {
                report.error(node, "mailbox", "信箱名不超过 40 字", "A box's name has at most 40 characters");
            }
        }
        Kind::Robot(robot) => {
            range(node, ("等待秒数", "The patience"), robot.patience_secs, 2, 30, report);
            range(node, ("停顿毫秒数", "The pause"), robot.pause_ms, 400, 5_000, report);
            range(node, ("每次最长秒数", "The longest speech"), robot.longest_secs, 3, 60, report);
            range(node, ("对话轮数", "The turns"), robot.turns, 1, 50, report);
            keys(node, std::iter::once(&robot.agent_key).filter(|key| !key.is_empty()), report);
            if !known.robot {
                report.warn(
                    node,
                    "no_ears",
                    "没有配置语音识别服务，来电会走“失败”出口",
                    "No speech recognition is configured: calls take the exit “failed”",
                );
            }
        }
        Kind::Order(order) => {
            variable(node, &order.number, report);
            variable(node, &order.code, report);
        }
        Kind::Password(password) => {
            variable(node, &password.variable, report);
            if !known.access.contains(&password.access) {
                report.error(
                    node,
                    "access_unknown",
                    format!("没有口令“{}”", password.access),
                    format!("There is no access code “{}”", password.access),
                );
            }
        }
        Kind::Survey(survey) => {
            keys(node, survey.stars.keys(), report);
            range(node, TRIES, survey.tries, 1, 5, report);
            range(node, WAIT, survey.timeout_secs, 1, 60, report);
            if survey.stars.is_empty() || survey.stars.values().any(|stars| !(1..=5).contains(stars)) {
                report.error(node, "stars", "评价按键对应 1 至 5 星", "Each key means 1 to 5 stars");
            }
        }
        Kind::Set(set) => {
            variable(node, &set.variable, report);
            filled(node, &set.value, report);
        }
        Kind::Http(http) => {
            range(node, ("超时秒数", "The time limit in seconds"), http.timeout_secs, 1, 10, report);
            request(node, http, known, report);
        }
        Kind::Subflow(subflow) if !known.flows.contains(&subflow.flow) => {
            report.error(
                node,
                "flow_unknown",
                format!("没有已发布的流程“{}”", subflow.flow),
                format!("There is no published flow “{}”", subflow.flow),
            );
        }
        Kind::Callback(callback) => {
            queue(node, &callback.queue, known, report);
            if !callback.variable.is_empty() {
                variable(node, &callback.variable, report);
            }
        }
        _ => {}
    }
}

fn branches(node: &Node, condition: &super::model::Condition, known: &Known, report: &mut Report) {
    if condition.branches.is_empty() || condition.branches.len() > 20 {
        report.error(node, "branches", "条件应有 1 至 20 个分支", "A condition has 1 to 20 branches");
    }
    for branch in &condition.branches {
        if branch.exit.is_empty() || branch.exit == "else" || branch.exit.chars().count() > 40 {
            report.error(
                node,
                "branch_exit",
                "分支要有名称，且不能叫 else",
                "A branch has a name other than else",
            );
        }
        match &branch.test {
            Test::Hours { table } if !known.hours.contains(table) => {
                report.error(
                    node,
                    "hours_unknown",
                    format!("没有工作时间表“{table}”"),
                    format!("There are no working times “{table}”"),
                );
            }
            Test::Day { kinds } => {
                let days = ["working", "weekend", "holiday", "make_up"];
                if kinds.is_empty() || kinds.iter().any(|kind| !days.contains(&kind.as_str())) {
                    report.error(node, "day", "请选择日期类型", "Kinds of days are needed");
                }
            }
            Test::Caller { prefixes, tags } if prefixes.is_empty() && tags.is_empty() => {
                report.error(node, "caller", "请填写号码或标签", "Numbers or tags are needed");
            }
            Test::Called { numbers } if numbers.is_empty() => {
                report.error(node, "called", "请填写被叫号码", "Dialled numbers are needed");
            }
            Test::Expression { cel } => {
                if let Err(error) = flow::Condition::compile(cel) {
                    report.error(
                        node,
                        "expression",
                        format!("表达式无法使用：{}", error.0),
                        format!("The expression can't be used: {}", error.0),
                    );
                }
            }
            _ => {}
        }
    }
}

fn request(node: &Node, http: &super::model::Http, known: &Known, report: &mut Report) {
    if !["GET", "POST"].contains(&http.method.as_str()) {
        report.error(node, "method", "方法只能是 GET 或 POST", "The method is GET or POST");
    }
    if http.url.len() > 500 || http.body.len() > 4_000 || http.save.len() > 20 {
        report.error(node, "request", "请求过大", "The request is too large");
    }
    filled(node, &http.url, report);
    filled(node, &http.body, report);
    match host_of(&http.url) {
        Some(host) if known.hosts.contains(host) => {}
        Some(host) => report.error(
            node,
            "host",
            format!("配置中没有允许访问“{host}”"),
            format!("The configuration does not allow “{host}”"),
        ),
        None => report.error(
            node,
            "url",
            "地址应以 http:// 开头，主机名不能含变量",
            "An address begins with http:// and a host without variables",
        ),
    }
    for name in http.save.keys() {
        variable(node, name, report);
    }
}

/// Returns host and port of an address of which only path and query may vary.
#[must_use]
pub fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then_some(host)
}

fn unreachable(flow: &Flow, report: &mut Report) {
    let mut seen = HashSet::from([flow.start.as_str()]);
    let mut open = vec![flow.start.as_str()];
    while let Some(id) = open.pop() {
        for target in flow.node(id).into_iter().flat_map(|node| node.exits.values()) {
            if seen.insert(target) {
                open.push(target);
            }
        }
    }
    for node in flow.nodes.iter().filter(|node| !seen.contains(node.id.as_str())) {
        report.warn(node, "unreachable", "没有路径到达此节点", "No way leads to this node");
    }
}

/// Finds circles in which nobody can do anything: the caller would be held for ever.
fn circles(flow: &Flow, report: &mut Report) {
    let mut marks: BTreeMap<&str, bool> = BTreeMap::new();
    for node in &flow.nodes {
        visit(flow, node, &mut marks, report);
    }
}

fn visit<'a>(flow: &'a Flow, node: &'a Node, marks: &mut BTreeMap<&'a str, bool>, report: &mut Report) {
    if node.kind.waits() || marks.contains_key(node.id.as_str()) {
        return;
    }
    marks.insert(&node.id, true);
    for next in node.exits.values().filter_map(|target| flow.node(target)) {
        if marks.get(next.id.as_str()) == Some(&true) {
            report.error(
                next,
                "circle",
                "循环中没有等待来电人的节点，来电人会被困住",
                "A circle in which the caller is never asked would hold them for ever",
            );
        } else {
            visit(flow, next, marks, report);
        }
    }
    marks.insert(&node.id, false);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn known() -> Known {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Known {
            prompts: set(&["greeting"]),
            queues: set(&["", "water"]),
            hours: set(&["main"]),
            flows: set(&["after_hours"]),
            access: set(&["staff"]),
            hosts: set(&["10.0.0.1:8080"]),
            voice: true,
            robot: true,
        }
    }

    /// Checks one node `a` whose exits all lead to a hang-up.
    fn found(kind: &str, props: Value, exits: &[&str]) -> Vec<(String, &'static str)> {
        let exits: serde_json::Map<String, Value> =
            exits.iter().map(|exit| ((*exit).to_owned(), json!("end"))).collect();
        flow_found(
            json!([{"id": "a", "kind": kind, "props": props, "exits": exits}, {"id": "end", "kind": "hang_up", "props": {}}]),
        )
    }

    fn flow_found(nodes: Value) -> Vec<(String, &'static str)> {
        let flow = serde_json::from_value(json!({"start": "a", "nodes": nodes})).unwrap();
        check(&flow, &known()).into_iter().map(|f| (f.node.unwrap_or_default(), f.code)).collect()
    }

    fn at_a(codes: &[&'static str]) -> Vec<(String, &'static str)> {
        codes.iter().map(|code| ("a".to_owned(), *code)).collect()
    }

    #[test]
    fn each_mistake_is_named_with_its_node() {
        assert_eq!(found("play", json!({"say": {"prompt": "greeting"}}), &["next"]), []);
        assert_eq!(found("play", json!({"say": {"prompt": "nix"}}), &["next"]), at_a(&["prompt_unknown"]));
        assert_eq!(
            found("play", json!({}), &[]),
            [at_a(&["exit_missing"]), vec![("end".to_owned(), "unreachable")]].concat()
        );
        assert_eq!(found("play", json!({}), &["next", "more"]), at_a(&["exit_unknown"]));
        assert_eq!(found("play", json!({"say": {"text": "{{Name}}"}}), &["next"]), at_a(&["variable"]));
        assert_eq!(found("play", json!({"say": {"text": "{{a"}}), &["next"]), at_a(&["bracket"]));
        assert_eq!(
            found(
                "menu",
                json!({"keys": ["1", "1", "x"], "say": {"text": "a"}}),
                &["1", "x", "timeout", "invalid"]
            ),
            at_a(&["key_twice", "key"])
        );
        assert_eq!(found("menu", json!({"say": {"text": "a"}}), &["timeout", "invalid"]), at_a(&["no_keys"]));
        assert_eq!(
            found("digits", json!({"variable": "a", "min": 9, "max": 3}), &["next", "timeout"]),
            at_a(&["range"])
        );
        assert_eq!(found("queue", json!({"queue": "nix"}), &["refused"]), at_a(&["queue_unknown"]));
        assert_eq!(
            found("queue", json!({"queue": "water", "overflow_secs": 30}), &["refused"]),
            at_a(&["exit_missing"])
        );
        assert_eq!(found("subflow", json!({"flow": "nix"}), &["next"]), at_a(&["flow_unknown"]));
        assert_eq!(
            found("password", json!({"variable": "a", "access": "nix"}), &["ok", "wrong"]),
            at_a(&["access_unknown"])
        );
        assert_eq!(found("survey", json!({"stars": {"1": 9}}), &["next"]), at_a(&["stars"]));
        assert_eq!(found("set", json!({"variable": "9"}), &["next"]), at_a(&["variable"]));
        assert_eq!(found("http", json!({"url": "http://10.0.0.1:8080/a?b={{c}}"}), &["ok", "failed"]), []);
        assert_eq!(found("http", json!({"url": "http://10.0.0.2/"}), &["ok", "failed"]), at_a(&["host"]));
        assert_eq!(found("http", json!({"url": "http://{{host}}/"}), &["ok", "failed"]), at_a(&["url"]));
        assert_eq!(
            found("http", json!({"url": "http://u@10.0.0.1:8080/"}), &["ok", "failed"]),
            at_a(&["url"])
        );
        assert_eq!(
            found("transfer", json!({"to": {"kind": "number", "number": ""}}), &["failed"]),
            at_a(&["number"])
        );
        assert_eq!(found("voicemail", json!({"max_secs": 9999}), &["next"]), at_a(&["range"]));
        let when = |test: Value| {
            found("condition", json!({"branches": [{"exit": "x", "test": test}]}), &["x", "else"])
        };
        assert_eq!(when(json!({"kind": "hours", "table": "nix"})), at_a(&["hours_unknown"]));
        assert_eq!(when(json!({"kind": "day", "kinds": ["sunny"]})), at_a(&["day"]));
        assert_eq!(when(json!({"kind": "expression", "cel": "1 +"})), at_a(&["expression"]));
        assert_eq!(when(json!({"kind": "expression", "cel": "vip"})), []);
    }

    #[test]
    fn a_circle_without_the_caller_is_refused_and_one_with_them_is_not() {
        let play =
            |id: &str, next: &str| json!({"id": id, "kind": "play", "props": {}, "exits": {"next": next}});
        assert_eq!(flow_found(json!([play("a", "b"), play("b", "a")])), at_a(&["circle"]));
        let menu = json!({"id": "b", "kind": "menu", "props": {"keys": ["1"], "say": {"prompt": "greeting"}},
            "exits": {"1": "a", "timeout": "end", "invalid": "end"}});
        let end = json!({"id": "end", "kind": "hang_up", "props": {}});
        assert_eq!(flow_found(json!([play("a", "b"), menu, end])), []);
    }

    #[test]
    fn a_text_without_a_voice_is_a_warning() {
        let flow = serde_json::from_value(json!({"start": "a", "nodes": [{"id": "a", "kind": "hang_up", "props": {"say": {"text": "再见"}}}]})).unwrap();
        let findings = check(&flow, &Known { voice: false, ..known() });
        assert_eq!(findings[0].code, "no_voice");
        assert!(is_publishable(&findings));
    }
}
