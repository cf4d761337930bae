//! 退回、拿回、加签、减签, and what of it is refused.

use flow::{Effect, FlowError, Input, Instance, Model, State, TaskOutcome};
use serde_json::{Map, Value, json};

use crate::story::{bpmn, model, vars, xml};

fn start(model: &Model, variables: Value) -> Instance {
    Instance::start(model, vars(&variables), 0).expect("starts").0
}

fn open(instance: &Instance) -> Vec<&str> {
    instance.open_tasks().map(|task| task.element_id).collect()
}

fn id_on(instance: &Instance, element: &str) -> String {
    instance.open_tasks().find(|task| task.element_id == element).expect(element).task_id.to_owned()
}

fn complete(model: &Model, instance: &mut Instance, element: &str, action: &str) -> String {
    let task_id = id_on(instance, element);
    let input = Input::CompleteTask { task_id: task_id.clone(), action: action.to_owned(), vars: Map::new() };
    instance.apply(model, input, 1).expect(element);
    task_id
}

fn send_back(instance: &Instance, from: &str, to: &str) -> Input {
    Input::Return {
        task_id: id_on(instance, from), element_id: to.to_owned(), reason: "不清楚".to_owned()
    }
}

/// Three steps in a row, two branches in parallel, one step.
fn branches() -> Model {
    model(
        "s:start\n a:user\n b:user\n f:and\n c:user\n c2:user\n d:user\n j:and\n e:user\n z:end\n s->a\n a->b\n b->f\n f->c\n f->d\n c->c2\n c2->j\n d->j\n j->e\n e->z",
    )
}

#[test]
fn sending_back_does_an_earlier_task_again() {
    let m = branches();
    let mut i = start(&m, json!({}));
    complete(&m, &mut i, "a", "ok");
    assert_eq!(i.returnable(&m, &id_on(&i, "b")), ["a"]);
    let effects = i.apply(&m, send_back(&i, "b", "a"), 2).unwrap();
    assert!(effects.iter().any(|effect| matches!(effect,
        Effect::CloseTask { outcome: TaskOutcome::Returned { to_element_id, .. }, .. } if to_element_id == "a")));
    assert_eq!(open(&i), ["a"]);
    complete(&m, &mut i, "a", "ok");
    assert_eq!(open(&i), ["b"]);
}

#[test]
fn sending_back_before_a_fork_takes_both_branches() {
    let m = branches();
    let mut i = start(&m, json!({}));
    complete(&m, &mut i, "a", "ok");
    complete(&m, &mut i, "b", "ok");
    complete(&m, &mut i, "c", "ok");
    assert_eq!(open(&i), ["d", "c2"]);
    assert_eq!(i.returnable(&m, &id_on(&i, "c2")), ["c", "b", "a"]);
    i.apply(&m, send_back(&i, "c2", "b"), 2).unwrap();
    assert_eq!(open(&i), ["b"]);
    // Everything is done again, and the join is not starved.
    for element in ["b", "c", "c2", "d", "e"] {
        complete(&m, &mut i, element, "ok");
    }
    assert_eq!(i.state(), State::Ended);
}

#[test]
fn sending_back_within_a_branch_leaves_the_other_alone() {
    let m = branches();
    let mut i = start(&m, json!({}));
    for element in ["a", "b", "c"] {
        complete(&m, &mut i, element, "ok");
    }
    i.apply(&m, send_back(&i, "c2", "c"), 2).unwrap();
    assert_eq!(open(&i), ["d", "c"]);
    for element in ["d", "c", "c2", "e"] {
        complete(&m, &mut i, element, "ok");
    }
    assert_eq!(i.state(), State::Ended);
}

#[test]
fn what_was_not_done_or_lies_in_a_finished_branch_is_refused() {
    let m = branches();
    let mut i = start(&m, json!({}));
    complete(&m, &mut i, "a", "ok");
    let refused = |i: &Instance, from: &str, to: &str| i.check(&m, &send_back(i, from, to)).unwrap_err();
    assert_eq!(refused(&i, "b", "c"), FlowError::NotDoneBefore("c".to_owned()));
    assert_eq!(refused(&i, "b", "b"), FlowError::NotDoneBefore("b".to_owned()));
    assert_eq!(refused(&i, "b", "f"), FlowError::NotAUserTask("f".to_owned()));
    for element in ["b", "c", "c2", "d"] {
        complete(&m, &mut i, element, "ok");
    }
    // One branch alone would wait at the join for ever.
    assert_eq!(refused(&i, "e", "c2"), FlowError::NotDoneBefore("c2".to_owned()));
    assert_eq!(refused(&i, "e", "d"), FlowError::NotDoneBefore("d".to_owned()));
    assert_eq!(i.returnable(&m, &id_on(&i, "e")), ["b", "a"]);
}

#[test]
fn a_completed_task_can_be_taken_back_until_it_is_followed_up() {
    let m = branches();
    let mut i = start(&m, json!({}));
    let a = complete(&m, &mut i, "a", "ok");
    let back = |task_id: &str| Input::TakeBack { task_id: task_id.to_owned(), reason: "填错".to_owned() };
    i.apply(&m, back(&a), 2).unwrap();
    assert_eq!(open(&i), ["a"]);
    let a = complete(&m, &mut i, "a", "ok");
    let b = complete(&m, &mut i, "b", "ok");
    assert_eq!(i.check(&m, &back(&a)), Err(FlowError::TooLateToTakeBack(a)));
    // Both branches go back together, as long as neither has been worked on.
    i.apply(&m, back(&b), 3).unwrap();
    assert_eq!(open(&i), ["b"]);
    let b = complete(&m, &mut i, "b", "ok");
    let c = complete(&m, &mut i, "c", "ok");
    assert_eq!(i.check(&m, &back(&b)), Err(FlowError::TooLateToTakeBack(b)));
    let c2 = complete(&m, &mut i, "c2", "ok");
    assert!(i.check(&m, &back(&c)).is_err());
    // It waits at the join by itself.
    i.apply(&m, back(&c2), 4).unwrap();
    assert_eq!(open(&i), ["d", "c2"]);
    complete(&m, &mut i, "c2", "ok");
    let d = complete(&m, &mut i, "d", "ok");
    // It has come together with the other branch.
    assert_eq!(i.check(&m, &back(&d)), Err(FlowError::TooLateToTakeBack(d)));
    assert_eq!(i.check(&m, &back("task-99")), Err(FlowError::TooLateToTakeBack("task-99".to_owned())));
}

fn signing(loop_attributes: &str, inner: &str) -> Model {
    let several = format!(
        r#"<bpmn:multiInstanceLoopCharacteristics{loop_attributes}><bpmn:extensionElements>{inner}</bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"#
    );
    let xml = xml(r#"s:start
        u:user <yihao:action name="agree"/><yihao:action name="refuse"/>
        x:xor
        y:end
        n:end
        s->u
        u->x
        x->y?action == "agree"
        x->n!"#);
    Model::parse(&xml.replace("</bpmn:userTask>", &several))
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn sign(model: &Model, instance: &mut Instance, person: &str, action: &str) -> Vec<Effect> {
    let task = instance.open_tasks().find(|task| task.locals["person_id"] == person).expect(person);
    let input =
        Input::CompleteTask { task_id: task.task_id.to_owned(), action: action.to_owned(), vars: Map::new() };
    instance.apply(model, input, 1).expect("the task is open")
}

fn signers(instance: &Instance) -> Vec<&str> {
    instance.open_tasks().map(|task| task.locals["person_id"].as_str().unwrap_or_default()).collect()
}

fn ended_at(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Ended { element_id } => Some(element_id.as_str()),
        _ => None,
    })
}

const PEOPLE: &str = r#"<yihao:several list="people" item="person_id""#;

#[test]
fn all_sign() {
    let m = signing("", &format!("{PEOPLE}/>"));
    let mut i = start(&m, json!({"people": ["p1", "p2", "p3"]}));
    assert_eq!(signers(&i), ["p1", "p2", "p3"]);
    assert!(i.open_tasks().all(|task| task.one_of_several));
    sign(&m, &mut i, "p2", "agree");
    sign(&m, &mut i, "p1", "agree");
    assert_eq!(ended_at(&sign(&m, &mut i, "p3", "agree")), Some("y"));
}

#[test]
fn one_of_them_suffices() {
    let m = signing("", &format!(r#"{PEOPLE} completes="any"/>"#));
    let mut i = start(&m, json!({"people": ["p1", "p2", "p3"]}));
    let effects = sign(&m, &mut i, "p2", "agree");
    assert_eq!(ended_at(&effects), Some("y"));
    let closed = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::CloseTask { outcome: TaskOutcome::Decided, .. }))
        .count();
    assert_eq!(closed, 2);
}

#[test]
fn a_share_decides_as_soon_as_it_is_certain() {
    let m = signing("", &format!(r#"{PEOPLE} completes="ratio" share="0.6" action="agree" result="vote"/>"#));
    let people = json!({"people": ["p1", "p2", "p3", "p4", "p5"]});
    let mut i = start(&m, people.clone());
    sign(&m, &mut i, "p1", "agree");
    sign(&m, &mut i, "p2", "refuse");
    sign(&m, &mut i, "p3", "agree");
    assert_eq!(ended_at(&sign(&m, &mut i, "p5", "agree")), Some("y"));
    let vote = &i.variables()["vote"];
    assert_eq!(vote, &json!({"reached": true, "total": 5, "done": 4, "actions": {"agree": 3, "refuse": 1}}));
    // Three who refuse make it impossible.
    let mut i = start(&m, people);
    sign(&m, &mut i, "p1", "refuse");
    sign(&m, &mut i, "p2", "refuse");
    assert_eq!(ended_at(&sign(&m, &mut i, "p3", "refuse")), Some("n"));
    assert_eq!(i.variables()["vote"]["reached"], json!(false));
}

#[test]
fn one_after_the_other() {
    let m = signing(r#" isSequential="true""#, &format!("{PEOPLE}/>"));
    let mut i = start(&m, json!({"people": ["p1", "p2"]}));
    assert_eq!(signers(&i), ["p1"]);
    sign(&m, &mut i, "p1", "agree");
    assert_eq!(signers(&i), ["p2"]);
    assert_eq!(ended_at(&sign(&m, &mut i, "p2", "refuse")), Some("n"));
}

#[test]
fn signers_are_added_and_removed() {
    let m = signing("", &format!("{PEOPLE}/>"));
    let mut i = start(&m, json!({"people": ["p1", "p2"]}));
    let of = |i: &Instance, person: &str| {
        i.open_tasks().find(|task| task.locals["person_id"] == person).unwrap().task_id.to_owned()
    };
    let add = Input::AddSigner { task_id: of(&i, "p1"), item: json!("p3") };
    i.apply(&m, add, 2).unwrap();
    assert_eq!(signers(&i), ["p1", "p2", "p3"]);
    let remove = |i: &Instance, person: &str| Input::RemoveSigner {
        task_id: of(i, person),
        reason: "出差".to_owned(),
    };
    i.apply(&m, remove(&i, "p2"), 3).unwrap();
    let add = Input::AddSigner { task_id: of(&i, "p1"), item: json!("p4") };
    i.apply(&m, add, 2).unwrap();
    assert_eq!(signers(&i), ["p1", "p3", "p4"]);
    sign(&m, &mut i, "p1", "agree");
    sign(&m, &mut i, "p4", "agree");
    assert_eq!(i.check(&m, &remove(&i, "p3")), Err(FlowError::LastSigner(of(&i, "p3"))));
    let nobody = Input::AddSigner { task_id: of(&i, "p3"), item: Value::Null };
    assert!(matches!(i.check(&m, &nobody), Err(FlowError::NotOneOfSeveral(_))));
    assert_eq!(ended_at(&sign(&m, &mut i, "p3", "agree")), Some("y"));

    let plain = branches();
    let i = start(&plain, json!({}));
    let add = Input::AddSigner { task_id: id_on(&i, "a"), item: json!("p") };
    assert!(matches!(i.check(&plain, &add), Err(FlowError::NotOneOfSeveral(_))));
}

#[test]
fn the_next_signer_comes_when_one_is_removed() {
    let m = signing(r#" isSequential="true""#, &format!("{PEOPLE}/>"));
    let mut i = start(&m, json!({"people": ["p1", "p2", "p3"]}));
    let task_id = i.open_tasks().next().unwrap().task_id.to_owned();
    i.apply(&m, Input::RemoveSigner { task_id, reason: String::new() }, 2).unwrap();
    assert_eq!(signers(&i), ["p2"]);
    sign(&m, &mut i, "p2", "agree");
    assert_eq!(signers(&i), ["p3"]);
    sign(&m, &mut i, "p3", "agree");
    assert_eq!(i.state(), State::Ended);
}

#[test]
fn a_countersignature_is_sent_back_as_a_whole_and_done_again() {
    let several = format!(
        r#"<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>{PEOPLE}/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"#
    );
    let xml = xml("s:start\n a:user\n e:end\n s->a\n u->b\n b->e\n a->u\n b:user")
        .replace("</bpmn:process>", &format!(r#"<bpmn:userTask id="u"><bpmn:extensionElements><yihao:candidates of="person"/></bpmn:extensionElements>{several}</bpmn:process>"#));
    let m = Model::parse(&xml).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut i = start(&m, json!({"people": ["p1", "p2"]}));
    complete(&m, &mut i, "a", "ok");
    sign(&m, &mut i, "p1", "");
    i.apply(&m, send_back(&i, "u", "a"), 2).unwrap();
    assert_eq!(open(&i), ["a"]);
    complete(&m, &mut i, "a", "ok");
    assert_eq!(signers(&i), ["p1", "p2"]);
    sign(&m, &mut i, "p1", "");
    sign(&m, &mut i, "p2", "");
    i.apply(&m, send_back(&i, "b", "u"), 3).unwrap();
    assert_eq!(signers(&i), ["p1", "p2"]);
}

#[test]
fn jumps_open_and_close_the_sub_processes_around() {
    let inner = r#"<bpmn:startEvent id="s"/><bpmn:userTask id="a"><bpmn:extensionElements><yihao:candidates of="any"/></bpmn:extensionElements></bpmn:userTask>
        <bpmn:subProcess id="sub"><bpmn:startEvent id="s2"/><bpmn:userTask id="b"><bpmn:extensionElements><yihao:candidates of="any"/></bpmn:extensionElements></bpmn:userTask><bpmn:endEvent id="e2"/>
        <bpmn:sequenceFlow id="g1" sourceRef="s2" targetRef="b"/><bpmn:sequenceFlow id="g2" sourceRef="b" targetRef="e2"/></bpmn:subProcess>
        <bpmn:boundaryEvent id="late" attachedToRef="sub"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
        <bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="sub"/>
        <bpmn:sequenceFlow id="f3" sourceRef="sub" targetRef="e"/><bpmn:sequenceFlow id="f4" sourceRef="late" targetRef="e"/>"#;
    let m = Model::parse(&bpmn(inner)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut i = start(&m, json!({}));
    let jump = |task_id: Option<String>, to: &str| Input::JumpTo {
        task_id,
        element_id: to.to_owned(),
        reason: String::new(),
    };
    i.apply(&m, jump(Some(id_on(&i, "a")), "b"), 1).unwrap();
    assert_eq!(open(&i), ["b"]);
    assert_eq!(i.pending_timers().count(), 1);
    i.apply(&m, jump(Some(id_on(&i, "b")), "a"), 1).unwrap();
    assert_eq!(open(&i), ["a"]);
    assert_eq!(i.pending_timers().count(), 0);
    i.apply(&m, jump(None, "b"), 1).unwrap();
    complete(&m, &mut i, "b", "ok");
    assert_eq!(i.state(), State::Ended);
    i.apply(&m, Input::Reopen { element_id: "b".to_owned(), reason: String::new() }, 2).unwrap();
    assert_eq!(open(&i), ["b"]);
}

#[test]
fn a_run_stored_by_an_earlier_version_goes_on() {
    let m = Model::parse(flow::STANDARD).unwrap();
    let stored = r#"{"model_id":"standard","state":"running","variables":{"answered_at_once":false,"unit_id":"u-1"},
        "action":"dispatch","outcomes":{"dispatch":"dispatch","review":"pass"},
        "tokens":[{"element_id":"alarm","source_task_id":"task-3","place":{"waits_for":"service","call_id":"call-9"}},
        {"element_id":"accept","place":{"waits_for":"task","task_id":"task-3","opened_at":1,
        "timers":[{"timer_id":"timer-4","element_id":"accept_near_due"},{"timer_id":"timer-5","element_id":"accept_overdue"}]}}],"ids":9}"#;
    let mut i: Instance = serde_json::from_str(stored).unwrap();
    assert_eq!(i.pending_timers().count(), 2);
    assert_eq!(i.returnable(&m, "task-3"), ["dispatch", "review"]);
    let mut sent_back = i.clone();
    sent_back.apply(&m, send_back(&sent_back, "accept", "review"), 2).unwrap();
    assert_eq!(open(&sent_back), ["review"]);
    complete(&m, &mut i, "accept", "accept");
    assert_eq!(open(&i), ["handle"]);
}
