//! Whatever comes in, nothing panics, nothing is lost, and a refused input changes nothing.

use flow::{Input, Instance, Model, State};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::story::{Host, model};

fn parallel() -> Model {
    model(
        r#"s:start
        f:and
        a:user <yihao:limit working_days="2"/><yihao:action name="ok"/><yihao:action name="no"/>
        n:boundary a near_due
        i:interrupt a due
        b:user
        c:service
        w:wait PT1H
        x:xor
        j:and
        l:user
        e:end
        t:terminate
        s->f
        f->a
        f->b
        a->x
        x->j?action == "ok"
        x->a?retries < 3
        x->t?missing
        n->c
        c->e
        i->w
        w->j
        b->j
        j->l
        l->e"#,
    )
}

/// Numbers that pick among what is possible, so that most inputs fit.
fn pick(instance: &Instance, model: &Model, kind: u8, which: usize, retries: i64) -> Input {
    let nth = |ids: Vec<&str>| -> String {
        if ids.is_empty() { "none".to_owned() } else { ids[which % ids.len()].to_owned() }
    };
    let vars: Map<String, Value> = Map::from_iter([("retries".to_owned(), json!(retries))]);
    let task_id = nth(instance.open_tasks().map(|task| task.task_id).collect());
    let element_id = nth(model.elements().iter().map(|element| element.id.as_str()).collect());
    let user_task = nth(model.user_tasks().map(|(element, _)| element.id.as_str()).collect());
    let reason = String::new();
    match kind {
        0..=3 => {
            let element =
                instance.open_tasks().find(|task| task.task_id == task_id).map(|task| task.element_id);
            let task =
                model.user_tasks().find(|(at, _)| Some(at.id.as_str()) == element).map(|(_, task)| task);
            let actions: Vec<&str> =
                task.iter().flat_map(|task| &task.actions).map(|action| action.name.as_str()).collect();
            Input::CompleteTask { task_id, action: nth(actions), vars }
        }
        4 | 5 => Input::TimerFired {
            timer_id: nth(instance.pending_timers().map(|timer| timer.timer_id).collect()),
        },
        6 => Input::ServiceDone { call_id: nth(instance.pending_calls().map(|(id, _)| id).collect()), vars },
        7 => {
            let call_id = nth(instance.pending_calls().map(|(id, _)| id).collect());
            Input::ServiceFailed { call_id, message: "no".to_owned() }
        }
        8 => Input::Retry {
            incident_id: nth(instance.incidents().map(|i| i.incident_id.as_str()).collect()),
            vars,
        },
        9 => Input::JumpTo { task_id: Some(task_id), element_id: user_task, reason },
        10 => Input::JumpTo { task_id: None, element_id, reason },
        11 if which.is_multiple_of(5) => Input::Cancel { reason },
        11 => Input::SetVariables { vars },
        _ => Input::Reopen { element_id: user_task, reason },
    }
}

fn play(model: &Model, start: Value, choices: &[(u8, usize, i64)]) -> Instance {
    let mut host = Host::default();
    let start = start.as_object().cloned().unwrap_or_default();
    let (mut instance, effects) = Instance::start(model, start, 0).expect("starts");
    host.carry_out(&effects);
    for (kind, which, retries) in choices {
        let input = pick(&instance, model, *kind, *which, *retries);
        let before = instance.clone();
        match instance.apply(model, input.clone(), 1) {
            Ok(effects) => {
                host.give(&input);
                host.carry_out(&effects);
            }
            Err(_) => assert_eq!(instance, before, "a refused {input:?} changed the instance"),
        }
        host.agrees_with(&instance);
        let tokens = instance.active_elements().count();
        assert_eq!(instance.state() == State::Running, tokens > 0, "{} tokens after {input:?}", tokens);
        assert!(tokens <= 1_000);
        let json = serde_json::to_string(&instance).expect("serialises");
        assert_eq!(serde_json::from_str::<Instance>(&json).expect("deserialises"), instance);
    }
    instance
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_inputs_to_a_parallel_flow(choices in prop::collection::vec((0_u8..13, any::<usize>(), 0_i64..5), 0..40)) {
        let model = parallel();
        prop_assert_eq!(play(&model, json!({}), &choices), play(&model, json!({}), &choices));
    }

    #[test]
    fn any_inputs_to_the_standard_flow(choices in prop::collection::vec((0_u8..13, any::<usize>(), 0_i64..5), 0..40)) {
        let model = Model::parse(flow::STANDARD).unwrap();
        play(&model, json!({"unit_id": "u"}), &choices);
    }

    #[test]
    fn any_text_as_a_model(text in "\\PC{0,300}") {
        prop_assert!(Model::parse(&text).is_err());
    }

    #[test]
    fn any_damage_to_the_standard_flow(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 1..4)
    ) {
        let mut words: Vec<&str> = flow::STANDARD.split_inclusive(['<', '>', '"', ' ']).collect();
        for (from, to, remove) in damage {
            let (from, to) = (from.index(words.len()), to.index(words.len()));
            if remove { words.remove(from); } else { words.swap(from, to); }
        }
        if let Ok(model) = Model::parse(&words.concat()) {
            let (mut instance, _) = Instance::start(&model, Map::new(), 0).unwrap();
            let _ = instance.apply(&model, Input::Cancel { reason: String::new() }, 1);
        }
    }

    #[test]
    fn any_condition(text in "[a-z0-9 .()\\[\\]{}?:!=<>&|+*/%'\",\\\\-]{0,80}") {
        let xml = crate::story::bpmn(&format!(
            r#"<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="x"/><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="x"/>
            <bpmn:sequenceFlow id="g" sourceRef="x" targetRef="e"><bpmn:conditionExpression>{}</bpmn:conditionExpression></bpmn:sequenceFlow>"#,
            text.replace('&', "&amp;").replace('<', "&lt;")
        ));
        if let Ok(model) = Model::parse(&xml) {
            let (instance, _) = Instance::start(&model, Map::new(), 0).unwrap();
            prop_assert!(instance.state() == State::Ended || instance.incidents().count() == 1);
        }
    }
}
