//! Each node, by what the caller hears and what the house does.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::model::{Language, Target};
use super::run::{Treatment, What};
use super::{Answer, Effect, Facts, Input, Item, Program, QueueNews, Request, Run};

/// A caller in a flow, with a clock of their own.
struct Caller {
    run: Run,
    facts: Facts,
    now: i64,
    out: Vec<Effect>,
    saying: Option<u32>,
}

impl Caller {
    fn new(nodes: Value) -> Self {
        Self::with(json!({"main": {"start": "a", "nodes": nodes}}))
    }

    fn with(flows: Value) -> Self {
        let flows: BTreeMap<String, _> = flows
            .as_object()
            .unwrap()
            .iter()
            .map(|(id, flow)| (id.clone(), (1, Arc::new(serde_json::from_value(flow.clone()).unwrap()))))
            .collect();
        let program = Arc::new(Program { start: "main".to_owned(), flows });
        let mut caller = Self {
            run: Run::new(program, Language::Zh),
            facts: Facts::monday(),
            now: 0,
            out: Vec::new(),
            saying: None,
        };
        caller.give(Input::Start);
        caller
    }

    fn give(&mut self, input: Input) -> &mut Self {
        self.out = self.run.apply(input, &self.facts, self.now);
        let said = self.out.iter().rev().find_map(|effect| match effect {
            Effect::Say { no, .. } => Some(*no),
            _ => None,
        });
        self.saying = said.or(self.saying);
        self
    }

    fn key(&mut self, key: char) -> &mut Self {
        self.give(Input::Key(key))
    }

    /// Hears what is said to its end.
    fn hear(&mut self) -> &mut Self {
        self.give(Input::Said(self.saying.expect("something was said")))
    }

    fn after(&mut self, secs: i64) -> &mut Self {
        self.now += secs * 1_000;
        self.give(Input::Tick)
    }

    /// What is said, `[key]` for a prompt.
    fn said(&self) -> String {
        let items = self.out.iter().filter_map(|effect| match effect {
            Effect::Say { items, .. } => Some(items),
            _ => None,
        });
        let words = items.flatten().map(|item| match item {
            Item::Prompt { key, language } => format!("[{key}.{}]", language.name()),
            Item::Text { text, .. } => text.clone(),
            Item::Beep => "(beep)".to_owned(),
            Item::Message { id } => format!("<{id}>"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn node(&self) -> &str {
        self.run.place().unwrap().1
    }

    fn has(&self, effect: &Effect) -> bool {
        self.out.contains(effect)
    }

    fn asked(&self) -> (u32, Request) {
        self.out
            .iter()
            .find_map(|effect| match effect {
                Effect::Ask { no, request } => Some((*no, request.clone())),
                _ => None,
            })
            .expect("something is asked")
    }
}

fn end(id: &str) -> Value {
    json!({"id": id, "kind": "hang_up", "props": {"say": {"text": id}}})
}

fn node(kind: &str, props: Value, exits: Value) -> Value {
    json!({"id": "a", "kind": kind, "props": props, "exits": exits})
}

#[test]
fn what_a_play_node_says_goes_before_the_next_node() {
    let mut caller = Caller::new(json!([
        node(
            "play",
            json!({"say": {"prompt": "greeting", "text": "您的号码是{{caller|code}}"}, "barge_in": true}),
            json!({"next": "bye"})
        ),
        end("bye"),
    ]));
    assert_eq!(caller.said(), "[greeting.zh] 您的号码是幺三八零零零零幺二三四");
    assert_eq!(caller.hear().said(), "bye");
    assert!(caller.hear().has(&Effect::HangUp));
    assert!(caller.run.is_done());
}

#[test]
fn a_key_ends_what_may_be_interrupted_and_nothing_else() {
    for barge_in in [true, false] {
        let mut caller = Caller::new(json!([
            node("play", json!({"say": {"text": "a"}, "barge_in": barge_in}), json!({"next": "bye"})),
            end("bye"),
        ]));
        assert_eq!(caller.key('1').said(), if barge_in { "bye" } else { "" });
    }
}

fn menu(more: Value) -> Value {
    let mut props = json!({"say": {"text": "菜单"}, "keys": ["1", "2"], "invalid": {"text": "有误"}, "tries": 2,
        "timeout_secs": 5, "repeat_key": "*", "back_key": "#"});
    props.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let exits = json!({"1": "one", "2": "two", "timeout": "late", "invalid": "wrong"});
    json!([node("menu", props, exits), end("one"), end("two"), end("late"), end("wrong")])
}

#[test]
fn a_menu_takes_keys_repeats_itself_and_gives_up() {
    let mut caller = Caller::new(menu(json!({})));
    assert_eq!(caller.key('2').said(), "two");
    let mut caller = Caller::new(menu(json!({})));
    assert_eq!(caller.key('7').said(), "有误 菜单");
    assert_eq!(caller.key('7').said(), "wrong");
    let mut caller = Caller::new(menu(json!({})));
    caller.hear();
    assert_eq!(caller.after(4).said(), "", "there is time left");
    assert_eq!(caller.after(1).said(), "菜单");
    caller.hear();
    assert_eq!(caller.after(5).said(), "late");
    let mut caller = Caller::new(menu(json!({})));
    for _ in 0..5 {
        assert_eq!(caller.key('*').said(), "菜单", "repeating costs no try");
    }
    let mut caller = Caller::new(menu(json!({"barge_in": false})));
    assert_eq!(caller.key('1').said(), "");
    caller.hear();
    assert_eq!(caller.key('1').said(), "one");
}

#[test]
fn the_back_key_returns_to_the_menu_before() {
    let deeper = json!({"id": "deep", "kind": "menu", "props": {"say": {"text": "下级"}, "keys": ["1"], "back_key": "#"},
        "exits": {"1": "x", "timeout": "x", "invalid": "x"}});
    let mut caller = Caller::new(json!([
        node(
            "menu",
            json!({"say": {"text": "上级"}, "keys": ["1"]}),
            json!({"1": "deep", "timeout": "x", "invalid": "x"})
        ),
        deeper,
        end("x"),
    ]));
    assert_eq!(caller.key('1').said(), "下级");
    assert_eq!(caller.key('#').said(), "上级");
    assert_eq!(caller.key('1').said(), "下级");
}

fn digits(more: Value) -> Value {
    let mut props = json!({"say": {"text": "请输入"}, "variable": "number", "min": 3, "max": 6, "tries": 2,
        "invalid": {"text": "位数不对"}, "timeout_secs": 5});
    props.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([node("digits", props, json!({"next": "ok", "timeout": "late"})),
        {"id": "ok", "kind": "hang_up", "props": {"say": {"text": "{{number}}"}}}, end("late")])
}

#[test]
fn digits_end_by_key_by_length_or_by_time() {
    let mut caller = Caller::new(digits(json!({})));
    "1234".chars().for_each(|key| drop(caller.key(key).said()));
    assert_eq!(caller.key('#').said(), "1234");
    let mut caller = Caller::new(digits(json!({})));
    "12345".chars().for_each(|key| drop(caller.key(key).said()));
    assert_eq!(caller.key('6').said(), "123456");
    let mut caller = Caller::new(digits(json!({})));
    "123".chars().for_each(|key| drop(caller.key(key).said()));
    assert_eq!(caller.after(5).said(), "123");
    let mut caller = Caller::new(digits(json!({})));
    caller.key('1');
    assert_eq!(caller.key('#').said(), "位数不对 请输入");
    assert_eq!(caller.key('#').said(), "late");
}

#[test]
fn a_condition_takes_the_first_branch_that_holds() {
    let branches = json!({"branches": [
        {"exit": "broken", "test": {"kind": "expression", "cel": "missing > 1"}},
        {"exit": "vip", "test": {"kind": "caller", "tags": ["vip"]}},
        {"exit": "open", "test": {"kind": "hours", "table": "main"}},
    ]});
    let exits = json!({"broken": "b", "vip": "v", "open": "o", "else": "e"});
    let nodes = json!([node("condition", branches, exits), end("b"), end("v"), end("o"), end("e")]);
    let caller = Caller::new(nodes.clone());
    assert_eq!(caller.said(), "v");
    let problems =
        caller.out.iter().filter(|e| matches!(e, Effect::Happened(h) if matches!(h.what, What::Problem(_))));
    assert_eq!(problems.count(), 1, "the broken question is told and passed over");
    let mut other = Caller::new(nodes);
    other.run =
        Run::new(Arc::new(Program { start: "main".to_owned(), flows: BTreeMap::new() }), Language::Zh);
    assert!(other.give(Input::Start).has(&Effect::Queue { queue: String::new(), priority: 0, keep: false }));
}

fn queue(more: Value, exits: Value) -> Caller {
    let mut props = json!({"queue": "", "priority": 3, "choice": {"text": "留言请按二"}, "choice_after_secs": 20,
        "choice_every_secs": 30, "keys": ["2"]});
    props.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Caller::new(json!([node("queue", props, exits), end("m"), end("n"), end("t"), end("r")]))
}

#[test]
fn the_waiting_caller_hears_the_choice_and_may_take_it() {
    let mut caller = queue(json!({}), json!({"2": "m", "refused": "r"}));
    assert!(caller.has(&Effect::Queue { queue: String::new(), priority: 3, keep: false }));
    assert_eq!(caller.after(19).said(), "");
    assert_eq!(caller.after(1).said(), "留言请按二");
    caller.key('1');
    assert_eq!(caller.run.doing(), "queueing", "1 means waiting on");
    assert_eq!(caller.after(30).said(), "留言请按二");
    caller.key('2');
    assert!(caller.has(&Effect::LeaveQueue));
    assert_eq!(caller.said(), "m");
}

#[test]
fn a_choice_is_not_said_over_a_ringing_telephone() {
    let mut caller = queue(json!({}), json!({"2": "m", "refused": "r"}));
    caller.give(Input::Queue(QueueNews::Offered));
    assert_eq!(caller.after(20).said(), "");
    caller.give(Input::Queue(QueueNews::Waiting));
    assert_eq!(caller.after(30).said(), "留言请按二");
}

#[test]
fn a_queue_can_be_left_by_time_by_refusal_and_when_nobody_is_there() {
    let exits = json!({"2": "m", "timeout": "t", "nobody": "n", "refused": "r", "next": "m"});
    let props = json!({"overflow_secs": 60, "leave_when_nobody": true});
    let mut caller = queue(props.clone(), exits.clone());
    caller.after(20);
    caller.after(60);
    assert!(caller.has(&Effect::LeaveQueue));
    assert_eq!(caller.said(), "t");
    assert_eq!(queue(props.clone(), exits.clone()).give(Input::Queue(QueueNews::Refused)).said(), "r");
    let mut nobody = queue(props, exits);
    nobody.facts.queues.clear();
    nobody.run = Run::new(
        Arc::new(Program {
            start: "main".to_owned(),
            flows: BTreeMap::from([("main".to_owned(), (1, Arc::new(serde_json::from_value(json!({"start": "a", "nodes": [
                node("queue", json!({"leave_when_nobody": true}), json!({"nobody": "n", "refused": "n"})), end("n")]})).unwrap())))]),
        }),
        Language::Zh,
    );
    assert_eq!(nobody.give(Input::Start).said(), "n");
}

fn surveyed() -> Caller {
    let mut caller = Caller::new(json!([
        node("queue", json!({}), json!({"refused": "bye", "next": "s"})),
        {"id": "s", "kind": "survey", "props": {"say": {"text": "请评价"}, "thanks": {"text": "谢谢"}, "tries": 1},
         "exits": {"next": "bye"}},
        end("bye"),
    ]));
    caller.give(Input::Queue(QueueNews::Offered)).give(Input::Queue(QueueNews::Answered));
    caller
}

#[test]
fn after_the_agent_the_caller_is_asked_and_the_key_is_a_rating() {
    let mut caller = surveyed();
    assert_eq!(caller.key('2').out, [], "keys belong to the talk");
    assert_eq!(caller.give(Input::Queue(QueueNews::Left)).said(), "请评价");
    caller.key('2');
    assert!(caller.has(&Effect::Rate { stars: 4 }));
    assert_eq!(caller.said(), "谢谢");
    assert_eq!(caller.hear().said(), "bye");
    let mut silent = surveyed();
    silent.give(Input::Queue(QueueNews::Left)).hear();
    assert_eq!(silent.after(8).said(), "bye");
    let mut gone = surveyed();
    assert!(gone.give(Input::Gone).has(&Effect::Unrated), "who hung up first was not asked");
}

#[test]
fn a_message_ends_by_key_silence_time_or_hang_up() {
    let start = || {
        let mut caller = Caller::new(json!([
            node(
                "voicemail",
                json!({"say": {"text": "请留言"}, "mailbox": "box", "max_secs": 60}),
                json!({"next": "bye"})
            ),
            end("bye"),
        ]));
        assert_eq!(caller.said(), "请留言 (beep)");
        caller.hear();
        assert!(caller.has(&Effect::Record { silence_secs: 6 }));
        caller.now = 10_000;
        caller
    };
    let kept = Effect::Recorded { mailbox: "box".to_owned(), from: 0, to: 10_000 };
    for input in [Input::Key('#'), Input::Silence, Input::Gone] {
        let mut caller = start();
        assert!(caller.give(input.clone()).has(&kept), "{input:?}");
        assert_eq!(caller.said(), if input == Input::Gone { "" } else { "bye" });
    }
    let mut caller = start();
    caller.now = 0;
    assert!(caller.after(60).has(&Effect::Recorded { mailbox: "box".to_owned(), from: 0, to: 60_000 }));
    let mut short = start();
    short.now = 500;
    assert!(!short.key('#').out.iter().any(|effect| matches!(effect, Effect::Recorded { .. })));
    assert_eq!(short.said(), "bye");
}

#[test]
fn an_order_is_asked_for_and_its_state_is_spoken() {
    let flow = || {
        Caller::new(json!([
            node("set", json!({"variable": "number", "value": "20261121000001"}), json!({"next": "o"})),
            {"id": "o", "kind": "order", "props": {}, "exits": {"found": "f", "unknown": "u"}},
            {"id": "f", "kind": "hang_up", "props": {"say": {"text": "状态{{order_status}}"}}},
            end("u"),
        ]))
    };
    let mut caller = flow();
    let (no, request) = caller.asked();
    assert_eq!(
        request,
        Request::Order { number: "20261121000001".to_owned(), code: String::new(), language: Language::Zh }
    );
    assert_eq!(caller.give(Input::Answer(no + 1, Answer::No)).out, [], "an answer to another question");
    assert_eq!(caller.give(Input::Answer(no, Answer::Yes(json!({"status": "办理中"})))).said(), "状态办理中");
    let mut caller = flow();
    assert_eq!(caller.after(15).said(), "u", "no answer is an answer");
}

#[test]
fn a_password_is_right_or_wrong() {
    for (answer, said) in [(Answer::Yes(Value::Null), "y"), (Answer::No, "n"), (Answer::Failed, "n")] {
        let mut caller = Caller::new(json!([
            node("password", json!({"variable": "pin", "access": "staff"}), json!({"ok": "y", "wrong": "n"})),
            end("y"),
            end("n"),
        ]));
        let (no, request) = caller.asked();
        assert_eq!(request, Request::Password { access: "staff".to_owned(), digits: String::new() });
        assert_eq!(caller.give(Input::Answer(no, answer)).said(), said);
    }
}

#[test]
fn another_system_is_asked_and_its_answer_becomes_variables() {
    let flow = || {
        Caller::new(json!([
            node("http", json!({"url": "http://h/fee?n={{caller}}", "save": {"fee": "/data/0/fee"}}), json!({"ok": "y", "failed": "n"})),
            {"id": "y", "kind": "hang_up", "props": {"say": {"text": "欠费{{fee|number}}元"}}},
            end("n"),
        ]))
    };
    let mut caller = flow();
    let (no, request) = caller.asked();
    assert!(matches!(request, Request::Http { url, .. } if url == "http://h/fee?n=13800001234"));
    let body = json!({"data": [{"fee": 102}]});
    assert_eq!(caller.give(Input::Answer(no, Answer::Yes(body))).said(), "欠费一百零二元");
    let mut caller = flow();
    let (no, _) = caller.asked();
    assert_eq!(caller.give(Input::Answer(no, Answer::Failed)).said(), "n");
}

#[test]
fn the_language_changes_prompts_and_texts() {
    let caller = Caller::new(json!([
        node("language", json!({"language": "en"}), json!({"next": "b"})),
        {"id": "b", "kind": "hang_up", "props": {"say": {"prompt": "goodbye", "text": "再见{{n}}", "text_en": "Bye"}}},
    ]));
    assert_eq!(caller.said(), "[goodbye.en] Bye");
}

#[test]
fn a_transfer_rings_and_comes_back() {
    let flow = |number: &str| {
        Caller::new(json!([
            node(
                "transfer",
                json!({"to": {"kind": "number", "number": number}, "ring_secs": 20}),
                json!({"failed": "f", "next": "n"})
            ),
            end("f"),
            end("n"),
        ]))
    };
    let mut caller = flow("110");
    let to = Target::Number { number: "110".to_owned() };
    assert!(caller.has(&Effect::Transfer { to, ring_secs: 20, keep: true }));
    assert_eq!(caller.give(Input::Transferred(false)).said(), "f");
    assert_eq!(flow("{{caller}}").give(Input::Transferred(true)).said(), "n");
    assert_eq!(flow("{{nothing}}").said(), "f", "a number that is none is not dialled");
}

#[test]
fn a_call_back_keeps_the_place_in_the_queue() {
    let mut caller = Caller::new(json!([
        node("queue", json!({"keys": ["3"], "choice": {"text": "c"}}), json!({"3": "cb", "refused": "x"})),
        {"id": "cb", "kind": "callback", "props": {"say": {"text": "已登记"}}, "exits": {"next": "x", "refused": "r"}},
        end("x"),
        end("r"),
    ]));
    caller.now = 40_000;
    caller.key('3');
    assert!(caller.has(&Effect::CallBack {
        number: "13800001234".to_owned(),
        queue: String::new(),
        since: 0
    }));
    assert_eq!(caller.said(), "已登记");
    let mut hidden = caller;
    hidden.facts.caller = "anonymous".to_owned();
    let program =
        json!([node("callback", json!({}), json!({"next": "x", "refused": "r"})), end("x"), end("r")]);
    let fresh = Caller::new(program);
    hidden.run = Run::new(
        Arc::new(Program { start: "main".to_owned(), flows: BTreeMap::from([("main".to_owned(), (1, Arc::new(serde_json::from_value(json!({
            "start": "a", "nodes": [node("callback", json!({}), json!({"next": "x", "refused": "r"})), end("x"), end("r")]})).unwrap())))]) }),
        Language::Zh,
    );
    assert_eq!(hidden.give(Input::Start).said(), "r");
    assert_eq!(fresh.said(), "x");
}

#[test]
fn a_sub_flow_returns_and_calls_itself_only_so_deep() {
    let mut caller = Caller::with(json!({
        "main": {"start": "a", "nodes": [node("subflow", json!({"flow": "sub"}), json!({"next": "x"})), end("x")]},
        "sub": {"start": "p", "nodes": [
            {"id": "p", "kind": "play", "props": {"say": {"text": "子流程"}}, "exits": {"next": "r"}},
            {"id": "r", "kind": "return", "props": {}}]},
    }));
    assert_eq!(caller.said(), "子流程");
    assert_eq!(caller.hear().said(), "x");
    let caller = Caller::with(json!({
        "main": {"start": "a", "nodes": [node("subflow", json!({"flow": "main"}), json!({"next": "a"}))]},
    }));
    assert_eq!(caller.run.doing(), "queueing", "who can't be led any further is given to a person");
}

#[test]
fn a_flow_that_runs_in_a_circle_ends_with_a_person() {
    let mut caller =
        Caller::new(json!([node("set", json!({"variable": "v", "value": "x{{v}}"}), json!({"next": "a"})),]));
    assert_eq!(caller.run.doing(), "queueing");
    assert!(caller.has(&Effect::Queue { queue: String::new(), priority: 0, keep: false }));
    assert_eq!(caller.give(Input::Queue(QueueNews::Refused)).said(), "[all_busy.zh]");
    assert!(caller.hear().has(&Effect::HangUp));
    assert_eq!(caller.node(), "a");
}

#[test]
fn keys_and_nodes_are_told_for_figures() {
    let mut caller = Caller::new(menu(json!({})));
    caller.key('2');
    let told: Vec<_> = caller
        .out
        .iter()
        .filter_map(|effect| match effect {
            Effect::Happened(happening) => Some((happening.node.as_str(), happening.what.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("a", What::Key('2')), ("two", What::Entered)]);
}

/// A listener at the first of some messages.
fn listener(may_dial: bool, messages: &[&str]) -> Caller {
    let mut listener = Caller::new(json!([
        {"id": "a", "kind": "digits", "props": {"variable": "number", "max": 4}, "exits": {"next": "b", "timeout": "end"}},
        {"id": "b", "kind": "digits", "props": {"variable": "pin", "max": 6, "secret": true}, "exits": {"next": "c", "timeout": "end"}},
        {"id": "c", "kind": "messages", "props": {"mailbox": "water"}, "exits": {"next": "end", "wrong": "a"}},
        {"id": "end", "kind": "hang_up", "props": {}},
    ]));
    for key in "1001274913".chars() {
        listener.key(key);
    }
    let (number, pin, mailbox) = ("1001".to_owned(), "274913".to_owned(), "water".to_owned());
    assert!(listener.has(&Effect::Ask { no: 1, request: Request::Messages { number, pin, mailbox } }));
    assert!(!listener.run.variables().contains_key("pin"), "the code is forgotten at once");
    let messages: Vec<Value> = messages
        .iter()
        .map(|id| json!({"id": id, "caller": "13800001234", "date": "2026-11-21", "time": "14:00"}))
        .collect();
    let found = json!({"person_id": "p", "person_name": "n", "may_dial": may_dial, "messages": messages});
    listener.give(Input::Answer(1, Answer::Yes(found)));
    listener
}

fn treated(id: &str, what: Treatment) -> Effect {
    Effect::Treated {
        message_id: id.to_owned(),
        person_id: "p".to_owned(),
        person_name: "n".to_owned(),
        what,
    }
}

#[test]
fn messages_are_heard_repeated_deleted_and_come_to_an_end() {
    let mut listener = listener(true, &["m1", "m2"]);
    let words = listener.said();
    assert!(words.contains("有两条") && words.contains("尾号幺二三四"), "{words}");
    assert!(!words.contains("幺三八"), "only the end of the number is said: {words}");
    assert!(words.ends_with("<m1> [message_keys.zh]"), "{words}");
    assert!(listener.has(&treated("m1", Treatment::Heard)));
    assert!(listener.key('1').said().contains("<m1>"), "again");
    listener.hear().key('3');
    assert!(listener.has(&treated("m1", Treatment::Done("电话收听后删除"))));
    assert!(listener.said().contains("<m2>"), "{}", listener.said());
    listener.hear();
    assert_eq!(listener.after(8).said(), "[message_keys.zh]", "the keys are said again");
    assert_eq!(listener.key('9').said(), "[invalid.zh] [message_keys.zh]");
    assert!(listener.key('2').said().contains("没有更多留言了"));
    assert!(!listener.has(&treated("m2", Treatment::Done("电话收听后删除"))), "skipped is not deleted");
    assert!(listener.hear().has(&Effect::HangUp));
}

#[test]
fn the_caller_of_a_message_is_called_back_and_then_the_next_is_heard() {
    let mut one = listener(true, &["m1", "m2"]);
    one.key('4');
    let to = Target::Number { number: "13800001234".to_owned() };
    assert!(one.has(&Effect::Transfer { to, ring_secs: 40, keep: true }));
    assert!(one.give(Input::Transferred(false)).said().starts_with("对方没有接听"));
    one.key('4');
    one.give(Input::Transferred(true));
    assert!(one.has(&treated("m1", Treatment::Done("电话收听后回拨"))));
    assert!(one.said().contains("<m2>"));
    let mut other = listener(false, &["m1"]);
    assert!(other.key('4').said().starts_with("不能回拨"), "who may not call outside does not");
    other.hear().after(8);
    other.hear().after(8);
    other.hear();
    assert!(other.after(8).has(&Effect::HangUp), "a listener who is gone does not hold the line");
}

#[test]
fn a_wrong_code_hears_nothing_and_an_empty_box_says_so() {
    let mut empty = listener(true, &[]);
    assert!(empty.said().contains("没有未处理的留言"));
    assert!(empty.hear().has(&Effect::HangUp));
    let mut wrong = Caller::new(json!([
        {"id": "a", "kind": "messages", "props": {}, "exits": {"next": "end", "wrong": "b"}},
        {"id": "b", "kind": "menu", "props": {"keys": ["1"], "say": {"text": "x"}},
         "exits": {"1": "end", "timeout": "end", "invalid": "end"}},
        {"id": "end", "kind": "hang_up", "props": {}},
    ]));
    assert_eq!(wrong.give(Input::Answer(1, Answer::No)).node(), "b");
}

#[test]
fn the_third_code_that_opens_no_box_ends_the_call() {
    let mut guesser = Caller::new(json!([
        {"id": "a", "kind": "messages", "props": {}, "exits": {"next": "end", "wrong": "b"}},
        {"id": "b", "kind": "play", "props": {"say": {"text": "x"}}, "exits": {"next": "a"}},
        {"id": "end", "kind": "hang_up", "props": {}},
    ]));
    let asked = |guesser: &Caller| {
        let no = guesser.out.iter().find_map(|effect| match effect {
            Effect::Ask { no, .. } => Some(*no),
            _ => None,
        });
        no.expect("the box was asked")
    };
    for _ in 0..2 {
        let no = asked(&guesser);
        assert_eq!(guesser.give(Input::Answer(no, Answer::No)).node(), "b");
        guesser.hear();
    }
    let no = asked(&guesser);
    assert_eq!(guesser.give(Input::Answer(no, Answer::No)).said(), "[message_wrong.zh]");
    assert!(guesser.hear().has(&Effect::HangUp));
}

/// A caller with whom the robot talks.
fn with_robot() -> Caller {
    Caller::new(json!([
        {"id": "a", "kind": "robot", "exits": {"next": "bye", "agent": "people", "failed": "people"},
         "props": {"say": {"text": "您好"}, "unheard": {"text": "没听清"}, "turns": 3}},
        {"id": "people", "kind": "queue", "props": {}, "exits": {}},
        {"id": "bye", "kind": "hang_up", "props": {"say": {"text": "再见"}}},
    ]))
}

/// Answers what the robot was asked.
fn robot_says(caller: &mut Caller, words: &str, text: &str, turn: &str) {
    let asked = caller.out.iter().find_map(|effect| match effect {
        Effect::Ask { no, request: Request::Robot { .. } } => Some(*no),
        _ => None,
    });
    let answer = json!({ "words": words, "text": text, "turn": turn });
    caller.give(Input::Answer(asked.expect("the robot was asked"), Answer::Yes(answer)));
}

#[test]
fn the_robot_listens_answers_and_says_goodbye() {
    let mut caller = with_robot();
    assert_eq!(caller.said(), "您好");
    assert!(matches!(caller.hear().out[..], [Effect::Listen { patience_ms: 6_000, pause_ms: 1_200, .. }]));
    robot_says(caller.give(Input::Silence), "医保怎么办", "到{{窗口}}办理。", "go_on");
    assert_eq!(caller.said(), "到{{窗口}}办理。", "nothing in its words is a variable");
    assert!(matches!(caller.hear().out[..], [Effect::Listen { .. }]));
    robot_says(caller.give(Input::Silence), "谢谢再见", "不客气。", "over");
    caller.hear();
    assert_eq!(caller.said(), "再见");
    assert_eq!(caller.run.findings()[0].value.as_deref(), Some("谢谢再见"));
}

#[test]
fn whoever_wants_a_person_says_so_or_presses_the_key() {
    let mut caller = with_robot();
    robot_says(caller.hear().give(Input::Silence), "转人工", "正在转接。", "person");
    caller.hear();
    assert_eq!(caller.run.place(), Some(("main", "people")));
    let mut caller = with_robot();
    assert_eq!(caller.key('0').out[1], Effect::Hush);
    assert_eq!(caller.run.place(), Some(("main", "people")));
    let mut caller = with_robot();
    assert!(caller.hear().key('0').out.contains(&Effect::Unlisten));
    assert_eq!(caller.run.place(), Some(("main", "people")));
    let mut caller = with_robot();
    caller.hear().key('9');
    assert_eq!(caller.run.doing(), "listening", "other keys mean nothing");
}

#[test]
fn who_is_not_understood_or_never_ends_reaches_a_person() {
    let mut caller = with_robot();
    for _ in 0..2 {
        robot_says(caller.hear().give(Input::Silence), "", "", "");
        assert_eq!(caller.said(), "没听清");
    }
    robot_says(caller.hear().give(Input::Silence), "", "", "");
    assert_eq!(caller.run.place(), Some(("main", "people")));
    let mut caller = with_robot();
    for _ in 0..3 {
        robot_says(caller.hear().give(Input::Silence), "问题", "回答。", "go_on");
    }
    assert!(caller.said().starts_with("回答。"));
    caller.hear();
    assert_eq!(caller.run.place(), Some(("main", "people")));
    // A service that does not answer, and media that never tell of an end.
    let mut caller = with_robot();
    caller.hear().after(60);
    assert_eq!(caller.run.doing(), "asking");
    caller.after(60);
    assert_eq!(caller.run.place(), Some(("main", "people")));
}
