//! What each construct of BPMN does, seen by its trace: tasks complete and timers fire at once.

use flow::{Effect, Input, Instance, Model, Reading, State};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::story::{Host, vars};

/// Wraps a process; `@` stands for the BPMN prefix, and flows are written `a>b` or `a>b?condition`, one a line at the end.
fn file(body: &str, flows: &str, beside: &str) -> String {
    let mut content = body.to_owned();
    for (number, line) in flows.split_whitespace().enumerate() {
        content += &one_flow(&format!("f{number}"), line);
    }
    let text = format!(
        r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:yihao="https://yihao.city/bpmn/1.0" targetNamespace="t">{beside}<@process id="p" isExecutable="true">{content}</@process></bpmn:definitions>"#
    );
    text.replace("</@", "</bpmn:").replace("<@", "<bpmn:")
}

fn one_flow(id: &str, line: &str) -> String {
    let (ends, condition) = line.split_once('?').map_or((line, None), |(ends, c)| (ends, Some(c)));
    let (from, to) = ends.split_once('>').expect("from>to");
    let inner = condition.map_or(String::new(), |text| {
        format!("<@conditionExpression><![CDATA[{}]]></@conditionExpression>", text.replace('_', " "))
    });
    format!(r#"<@sequenceFlow id="{id}" sourceRef="{from}" targetRef="{to}">{inner}</@sequenceFlow>"#)
}

fn drawn(xml: &str) -> Model {
    Model::read(xml, Reading::Drawn).unwrap_or_else(|problems| panic!("{problems:#?}\n{xml}"))
}

#[track_caller]
fn check(xml: &str, variables: Value, expected: &str) {
    let trace = flow::trace(&drawn(xml), vars(&variables)).expect("the variables fit");
    assert_eq!(trace.elements.join(" "), expected, "{trace:?}");
    assert!(trace.ended, "{trace:?}");
}

const AROUND: &str = r#"<@startEvent id="s"/><@endEvent id="e"/>"#;

fn tasks(ids: &str) -> String {
    ids.split_whitespace().map(|id| format!(r#"<@userTask id="{id}"/>"#)).collect()
}

#[test]
fn an_inclusive_gateway_takes_what_holds_and_waits_for_just_that() {
    let body = format!(
        r#"{AROUND}{}<@inclusiveGateway id="x" default="f4"/><@inclusiveGateway id="j"/>"#,
        tasks("a b c z")
    );
    let xml = file(&body, "s>x x>a?n>1 x>b?n>2 a>j x>c b>j c>j j>z z>e", "");
    check(&xml, json!({"n": 3}), "s x a b j z e");
    check(&xml, json!({"n": 2}), "s x a j z e");
    check(&xml, json!({"n": 0}), "s x c j z e");
}

#[test]
fn an_inclusive_join_waits_for_a_branch_that_goes_a_longer_way() {
    let body = format!(
        r#"{AROUND}{}<@parallelGateway id="x"/><@inclusiveGateway id="j"/><@exclusiveGateway id="q" default="f5"/>"#,
        tasks("a b c z")
    );
    let xml = file(&body, "s>x x>a x>b a>j b>q q>c q>e?skip c>j j>z z>e", "");
    check(&xml, json!({"skip": false}), "s x a b q c j z e");
    // The other branch has gone where it can't come back from.
    check(&xml, json!({"skip": true}), "s x a b q e j z e");
}

#[test]
fn several_ways_out_of_a_task_are_all_taken_and_conditions_count() {
    let body = format!("{AROUND}{}<@parallelGateway id=\"j\"/>", tasks("a b c"));
    check(&file(&body, "s>a a>b a>c b>j c>j j>e", ""), json!({}), "s a b c j e");
    let body = format!("{AROUND}{}", tasks("a b c"));
    check(&file(&body, "s>a a>b?n>1 a>c?n<1 b>e c>e", ""), json!({"n": 2}), "s a b e");
}

#[test]
fn a_sub_process_runs_inside_and_then_goes_on() {
    let inside = format!(
        r#"<@subProcess id="sub"><@startEvent id="s2"/>{}<@endEvent id="e2"/>{}{}</@subProcess>"#,
        tasks("a"),
        one_flow("g1", "s2>a"),
        one_flow("g2", "a>e2")
    );
    let body = format!("{AROUND}{inside}{}", tasks("z"));
    check(&file(&body, "s>sub sub>z z>e", ""), json!({}), "s sub s2 a e2 z e");
}

#[test]
fn a_call_runs_another_process_of_the_file() {
    let called = r#"<@process id="other"><@startEvent id="s2"/><@userTask id="a"/><@endEvent id="e2"/><@sequenceFlow id="g1" sourceRef="s2" targetRef="a"/><@sequenceFlow id="g2" sourceRef="a" targetRef="e2"/></@process>"#;
    let body = format!(r#"{AROUND}<@callActivity id="call" calledElement="other"/>"#);
    check(&file(&body, "s>call call>e", called), json!({}), "s call s2 a e2 e");
    let twice = format!(
        r#"{AROUND}<@callActivity id="c1" calledElement="other"/><@callActivity id="c2" calledElement="other"/>"#
    );
    check(&file(&twice, "s>c1 c1>c2 c2>e", called), json!({}), "s c1 s2 a e2 c2 s2 a e2 e");
    let missing = file(&body, "s>call call>e", "");
    assert_eq!(Model::read(&missing, Reading::Drawn).unwrap_err()[0].code, "call.unknown");
    let itself = body.replace("\"other\"", "\"p\"");
    assert_eq!(
        Model::read(&file(&itself, "s>call call>e", ""), Reading::Drawn).unwrap_err()[0].code,
        "call.recursive"
    );
}

#[test]
fn several_are_done_as_often_as_said() {
    let several = |attributes: &str, inner: &str| {
        format!(
            r#"{AROUND}<@userTask id="a"><@multiInstanceLoopCharacteristics{attributes}>{inner}</@multiInstanceLoopCharacteristics></@userTask>"#
        )
    };
    let three = "<@loopCardinality>3</@loopCardinality>";
    for attributes in ["", r#" isSequential="true""#] {
        check(&file(&several(attributes, three), "s>a a>e", ""), json!({}), "s a a a e");
        let by_list = several(
            attributes,
            r#"<@extensionElements><yihao:several list="people" item="person"/></@extensionElements>"#,
        );
        check(&file(&by_list, "s>a a>e", ""), json!({"people": ["x", "y"]}), "s a a e");
        check(&file(&by_list, "s>a a>e", ""), json!({"people": []}), "s a e");
        let early =
            format!("{three}<@completionCondition>nrOfCompletedInstances >= 2</@completionCondition>");
        let expected = if attributes.is_empty() { "s a a a e" } else { "s a a e" };
        check(&file(&several(attributes, &early), "s>a a>e", ""), json!({}), expected);
    }
    let sub = format!(
        r#"{AROUND}<@subProcess id="sub"><@multiInstanceLoopCharacteristics isSequential="true"><@loopCardinality>2</@loopCardinality></@multiInstanceLoopCharacteristics><@startEvent id="s2"/><@userTask id="a"/><@endEvent id="e2"/>{}{}</@subProcess>"#,
        one_flow("g1", "s2>a"),
        one_flow("g2", "a>e2")
    );
    check(&file(&sub, "s>sub sub>e", ""), json!({}), "s sub s2 a e2 sub s2 a e2 e");
    let wrong = file(&several("", "<@loopCardinality>n</@loopCardinality>"), "s>a a>e", "");
    let trace = flow::trace(&drawn(&wrong), vars(&json!({"n": "many"}))).unwrap();
    assert!(!trace.ended && trace.incidents[0].element_id == "a");
}

#[test]
fn whatever_comes_first_behind_an_event_gateway() {
    let body = format!(
        r#"{AROUND}<@eventBasedGateway id="x"/><@intermediateCatchEvent id="m"><@messageEventDefinition/></@intermediateCatchEvent>
        <@intermediateCatchEvent id="t1"><@timerEventDefinition><@timeDuration>PT2H</@timeDuration></@timerEventDefinition></@intermediateCatchEvent>
        <@intermediateCatchEvent id="t2"><@timerEventDefinition><@timeDuration>PT1H</@timeDuration></@timerEventDefinition></@intermediateCatchEvent>{}"#,
        tasks("a b c")
    );
    let xml = file(&body, "s>x x>m x>t1 x>t2 m>a t1>b t2>c a>e b>e c>e", "");
    check(&xml, json!({}), "s x t2 c e");
    let model = drawn(&xml);
    let (mut instance, _) = Instance::start(&model, Map::new(), 0).unwrap();
    let effects =
        instance.apply(&model, Input::Message { name: "m".to_owned(), vars: Map::new() }, 1).unwrap();
    let cancelled = effects.iter().filter(|effect| matches!(effect, Effect::CancelTimer { .. })).count();
    assert_eq!((cancelled, instance.active_elements().collect::<Vec<_>>()), (2, vec!["a"]));
    let only_messages = format!(
        r#"{AROUND}<@eventBasedGateway id="x"/><@intermediateCatchEvent id="m"><@messageEventDefinition/></@intermediateCatchEvent><@receiveTask id="r"/>"#
    );
    check(&file(&only_messages, "s>x x>m x>r m>e r>e", ""), json!({}), "s x m e");
}

#[test]
fn errors_and_escalations_are_caught_by_whoever_is_nearest() {
    let beside = r#"<@error id="E1" errorCode="no_money"/><@escalation id="X1" escalationCode="late"/>"#;
    let inner = |end: &str| {
        format!(
            r#"{AROUND}<@subProcess id="sub"><@startEvent id="s2"/><@userTask id="a"/>{end}{}{}</@subProcess>
            <@boundaryEvent id="any" attachedToRef="sub"><@errorEventDefinition/></@boundaryEvent>
            <@boundaryEvent id="this" attachedToRef="sub"><@errorEventDefinition errorRef="E1"/></@boundaryEvent>
            <@boundaryEvent id="told" attachedToRef="sub" cancelActivity="false"><@escalationEventDefinition escalationRef="X1"/></@boundaryEvent>{}"#,
            one_flow("g1", "s2>a"),
            one_flow("g2", "a>e2"),
            tasks("x y w z")
        )
    };
    let flows = "s>sub sub>z any>x this>y told>w x>e y>e w>e z>e";
    let error = inner(r#"<@endEvent id="e2"><@errorEventDefinition errorRef="E1"/></@endEvent>"#);
    check(&file(&error, flows, beside), json!({}), "s sub s2 a e2 this y e");
    let other = inner(r#"<@endEvent id="e2"><@errorEventDefinition/></@endEvent>"#);
    check(&file(&other, flows, beside), json!({}), "s sub s2 a e2 any x e");
    let escalation =
        inner(r#"<@endEvent id="e2"><@escalationEventDefinition escalationRef="X1"/></@endEvent>"#);
    check(&file(&escalation, flows, beside), json!({}), "s sub s2 a e2 told w z e e");
    // Nobody catches it: the whole run is over.
    let alone = format!(
        r#"{AROUND}{}<@parallelGateway id="x"/><@endEvent id="bad"><@errorEventDefinition/></@endEvent>"#,
        tasks("a b")
    );
    check(&file(&alone, "s>x x>a x>b a>bad b>e", ""), json!({}), "s x a b bad");
}

#[test]
fn a_service_that_fails_with_a_code_takes_the_drawn_way() {
    let body = format!(
        r#"{AROUND}<@serviceTask id="c"/><@boundaryEvent id="b" attachedToRef="c"><@errorEventDefinition errorRef="E1"/></@boundaryEvent>{}"#,
        tasks("a")
    );
    let model = drawn(&file(&body, "s>c c>e b>a a>e", r#"<@error id="E1" errorCode="full"/>"#));
    let (mut instance, _) = Instance::start(&model, Map::new(), 0).unwrap();
    let call_id = instance.pending_calls().next().unwrap().0.to_owned();
    let fail = |code: &str| Input::ServiceError {
        call_id: call_id.clone(),
        code: code.to_owned(),
        message: "x".to_owned(),
    };
    let mut other = instance.clone();
    other.apply(&model, fail("other"), 1).unwrap();
    assert_eq!(other.incidents().count(), 1);
    instance.apply(&model, fail("full"), 1).unwrap();
    assert_eq!(instance.active_elements().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn signals_reach_everybody_and_messages_one() {
    let beside = r#"<@signal id="S" name="go"/><@message id="M" name="hello"/>"#;
    let catch = |id: &str, what: &str| {
        format!(r#"<@intermediateCatchEvent id="{id}">{what}</@intermediateCatchEvent>"#)
    };
    let signal = r#"<@signalEventDefinition signalRef="S"/>"#;
    let body = format!(
        r#"{AROUND}<@parallelGateway id="x"/>{}{}<@userTask id="a"/><@intermediateThrowEvent id="t">{signal}</@intermediateThrowEvent>"#,
        catch("c1", signal),
        catch("c2", signal)
    );
    check(&file(&body, "s>x x>c1 x>c2 x>a a>t t>e c1>e c2>e", beside), json!({}), "s x c1 c2 a t e e e");
    let message = r#"<@messageEventDefinition messageRef="M"/>"#;
    let body =
        format!(r#"{AROUND}<@parallelGateway id="x"/>{}{}"#, catch("c1", message), catch("c2", message));
    let model = drawn(&file(&body, "s>x x>c1 x>c2 c1>e c2>e", beside));
    let (mut instance, _) = Instance::start(&model, Map::new(), 0).unwrap();
    let hello = Input::Message { name: "hello".to_owned(), vars: Map::new() };
    instance.apply(&model, hello.clone(), 1).unwrap();
    assert_eq!(instance.active_elements().collect::<Vec<_>>(), ["c2"]);
    instance.apply(&model, hello.clone(), 1).unwrap();
    assert!(matches!(instance.apply(&model, hello, 1), Err(flow::FlowError::NotRunning)));
}

#[test]
fn an_event_sub_process_interrupts_or_runs_beside() {
    let body = |interrupting: bool| {
        format!(
            r#"{AROUND}{}<@subProcess id="sub" triggeredByEvent="true"><@startEvent id="s2" isInterrupting="{interrupting}"><@timerEventDefinition><@timeDuration>PT1H</@timeDuration></@timerEventDefinition></@startEvent><@userTask id="b"/><@endEvent id="e2"/>{}{}</@subProcess>"#,
            tasks("a"),
            one_flow("g1", "s2>b"),
            one_flow("g2", "b>e2")
        )
    };
    for interrupting in [true, false] {
        let model = drawn(&file(&body(interrupting), "s>a a>e", ""));
        let mut host = Host::default();
        let (mut instance, effects) = Instance::start(&model, Map::new(), 0).unwrap();
        host.carry_out(&effects);
        let timer_id = instance.pending_timers().next().unwrap().timer_id.to_owned();
        let input = Input::TimerFired { timer_id };
        host.give(&input);
        let effects = instance.apply(&model, input, 1).unwrap();
        host.carry_out(&effects);
        host.agrees_with(&instance);
        let open: Vec<_> = instance.open_tasks().map(|task| task.element_id).collect();
        assert_eq!(open, if interrupting { vec!["b"] } else { vec!["a", "b"] });
    }
}

#[test]
fn a_repeated_reminder_comes_as_often_as_said() {
    let body = format!(
        r#"{AROUND}{}<@boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><@timerEventDefinition><@timeCycle>R2/PT1H</@timeCycle></@timerEventDefinition></@boundaryEvent>"#,
        tasks("a")
    );
    let model = drawn(&file(&body, "s>a a>e b>e", ""));
    let (mut instance, _) = Instance::start(&model, Map::new(), 0).unwrap();
    for _ in 0..2 {
        let timer_id = instance.pending_timers().next().expect("it comes again").timer_id.to_owned();
        instance.apply(&model, Input::TimerFired { timer_id }, 1).unwrap();
    }
    assert_eq!((instance.pending_timers().count(), instance.open_tasks().count()), (0, 1));
}

#[test]
fn links_tables_and_terminate() {
    let link = |name: &str| format!(r#"<@linkEventDefinition name="{name}"/>"#);
    let body = format!(
        r#"{AROUND}<@intermediateThrowEvent id="t">{}</@intermediateThrowEvent><@intermediateCatchEvent id="c">{}</@intermediateCatchEvent>"#,
        link("A"),
        link("A")
    );
    check(&file(&body, "s>t c>e", ""), json!({}), "s t c e");
    let table = format!(
        r#"{AROUND}<@businessRuleTask id="d"><@extensionElements><yihao:decision result="tier"><yihao:row when="n > 100" value="'high'"/><yihao:row value="'low'"/></yihao:decision></@extensionElements></@businessRuleTask><@exclusiveGateway id="x" default="f3"/>{}"#,
        tasks("a b")
    );
    let xml = file(&table, "s>d d>x x>a?tier=='high' x>b a>e b>e", "");
    check(&xml, json!({"n": 101}), "s d x a e");
    check(&xml, json!({"n": 1}), "s d x b e");
    let body = format!(
        r#"{AROUND}<@parallelGateway id="x"/>{}<@endEvent id="t"><@terminateEventDefinition/></@endEvent>"#,
        tasks("a b c")
    );
    check(&file(&body, "s>x x>a x>b a>t b>c c>e", ""), json!({}), "s x a b t");
}

#[test]
fn flows_that_cannot_end_are_found() {
    let codes = |xml: &str| -> Vec<(&str, String)> {
        drawn(xml).review().into_iter().map(|problem| (problem.code, problem.element_id)).collect()
    };
    let body = format!(
        r#"{AROUND}<@exclusiveGateway id="x" default="f2"/><@parallelGateway id="j"/>{}"#,
        tasks("a b")
    );
    let starved = file(&body, "s>x x>a?go x>b a>j b>j j>e", "");
    assert_eq!(codes(&starved), [("graph.starved_join", "j".to_owned())]);
    let body = format!(r#"{AROUND}<@exclusiveGateway id="x" default="f2"/><@manualTask id="m"/>"#);
    let circle = file(&body, "s>x x>m?again x>e m>x", "");
    assert_eq!(codes(&circle)[0].0, "graph.circle");
    let waits = circle.replace("manualTask", "userTask");
    assert_eq!(codes(&waits), []);
    let trace = flow::trace(&drawn(&waits), vars(&json!({"again": true}))).unwrap();
    assert!(trace.endless && !trace.ended);
    assert_eq!(Model::parse(flow::STANDARD).unwrap().review(), []);
}

/// A block-structured process: everything that opens is closed.
#[derive(Clone, Debug)]
enum Block {
    Task,
    Timer,
    Row(Vec<Block>),
    All(Vec<Block>),
    One(Vec<Block>),
    Some(Vec<Block>),
    Sub(Box<Block>),
}

fn blocks() -> impl Strategy<Value = Block> {
    let leaf = prop_oneof![Just(Block::Task), Just(Block::Timer)];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            many.clone().prop_map(Block::Row),
            many.clone().prop_map(Block::All),
            many.clone().prop_map(Block::One),
            many.prop_map(Block::Some),
            inner.prop_map(|one| Block::Sub(Box::new(one))),
        ]
    })
}

struct Drawer {
    count: usize,
    out: String,
}

impl Drawer {
    fn id(&mut self) -> String {
        self.count += 1;
        format!("n{}", self.count)
    }

    fn flow(&mut self, from: &str, to: &str, condition: &str) {
        let id = self.id();
        let line =
            if condition.is_empty() { format!("{from}>{to}") } else { format!("{from}>{to}?{condition}") };
        self.out += &one_flow(&id, &line);
    }

    /// Draws a block and returns where it is entered and left.
    fn draw(&mut self, block: &Block) -> (String, String) {
        match block {
            Block::Task => {
                let id = self.id();
                self.out += &format!(r#"<@userTask id="{id}"/>"#);
                (id.clone(), id)
            }
            Block::Timer => {
                let id = self.id();
                self.out += &format!(
                    r#"<@intermediateCatchEvent id="{id}"><@timerEventDefinition><@timeDuration>PT1M</@timeDuration></@timerEventDefinition></@intermediateCatchEvent>"#
                );
                (id.clone(), id)
            }
            Block::Row(blocks) => {
                let drawn: Vec<_> = blocks.iter().map(|block| self.draw(block)).collect();
                for pair in drawn.windows(2) {
                    self.flow(&pair[0].1.clone(), &pair[1].0.clone(), "");
                }
                (drawn[0].0.clone(), drawn[drawn.len() - 1].1.clone())
            }
            Block::All(blocks) => self.split("parallelGateway", blocks, |_| ""),
            Block::One(blocks) => {
                self.split("exclusiveGateway", blocks, |at| if at == 0 { "k%2==0" } else { "true" })
            }
            Block::Some(blocks) => {
                self.split("inclusiveGateway", blocks, |at| if at == 1 { "k%3==0" } else { "true" })
            }
            Block::Sub(inner) => {
                let (id, start, end) = (self.id(), self.id(), self.id());
                self.out +=
                    &format!(r#"<@subProcess id="{id}"><@startEvent id="{start}"/><@endEvent id="{end}"/>"#);
                let (from, to) = self.draw(inner);
                self.flow(&start, &from, "");
                self.flow(&to, &end, "");
                self.out += "</@subProcess>";
                (id.clone(), id)
            }
        }
    }

    fn split(
        &mut self,
        kind: &str,
        blocks: &[Block],
        condition: impl Fn(usize) -> &'static str,
    ) -> (String, String) {
        let (open, close) = (self.id(), self.id());
        self.out += &format!(r#"<@{kind} id="{open}"/><@{kind} id="{close}"/>"#);
        for (at, block) in blocks.iter().enumerate() {
            let (from, to) = self.draw(block);
            let condition = if blocks.len() > 1 { condition(at) } else { "" };
            self.flow(&open, &from, condition);
            self.flow(&to, &close, "");
        }
        (open, close)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// A structured model ends whatever order things happen in, the host always knows what is open, and the run can be
    /// stored between any two inputs.
    #[test]
    fn structured_models_end(block in blocks(), k in 0_i64..6, picks in prop::collection::vec(any::<usize>(), 300)) {
        let mut drawer = Drawer { count: 0, out: String::new() };
        let (from, to) = drawer.draw(&block);
        drawer.flow("s", &from, "");
        drawer.flow(&to, "e", "");
        let xml = file(&format!("{AROUND}{}", drawer.out), "", "");
        let model = drawn(&xml);
        prop_assert!(model.review().is_empty(), "{:?}", model.review());
        let mut host = Host::default();
        let (mut instance, effects) = Instance::start(&model, vars(&json!({"k": k})), 0).unwrap();
        host.carry_out(&effects);
        let mut picks = picks.into_iter();
        while instance.state() == State::Running {
            host.agrees_with(&instance);
            prop_assert_eq!(instance.incidents().count(), 0);
            let mut inputs: Vec<Input> = instance
                .open_tasks()
                .map(|task| Input::CompleteTask { task_id: task.task_id.to_owned(), action: String::new(), vars: Map::new() })
                .collect();
            inputs.extend(instance.pending_timers().map(|timer| Input::TimerFired { timer_id: timer.timer_id.to_owned() }));
            prop_assert!(!inputs.is_empty(), "it is stuck: {instance:?}");
            let input = inputs.swap_remove(picks.next().expect("it ends in time") % inputs.len());
            host.give(&input);
            let stored = serde_json::to_string(&instance).unwrap();
            instance = serde_json::from_str(&stored).unwrap();
            let effects = instance.apply(&model, input, 1).unwrap();
            host.carry_out(&effects);
        }
        prop_assert_eq!(instance.active_elements().count(), 0);
        let trace = flow::trace(&model, vars(&json!({"k": k}))).unwrap();
        prop_assert!(trace.ended);
    }
}
