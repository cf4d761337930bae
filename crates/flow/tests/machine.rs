//! Each construct by itself.

use flow::{Effect, FlowError, Input, Instance, State, TaskOutcome, TimerSpec};
use serde_json::{Map, json};

use crate::story::{Do, START_MS, check, check_refused, model, vars};

#[test]
fn an_exclusive_gateway_takes_the_first_condition_that_holds() {
    let m = model("s:start\n x:xor\n a:end\n b:end\n c:end\n s->x\n x->a?n > 5\n x->b?n > 2\n x->c!");
    check(&m, json!({"n": 9}), &[], &["s x a #ended"]);
    check(&m, json!({"n": 3}), &[], &["s x b #ended"]);
    check(&m, json!({"n": 0}), &[], &["s x c #ended"]);
}

#[test]
fn a_condition_that_fails_is_an_incident_that_can_be_mended() {
    let m = model("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?level > 5\n x->b!");
    let told = check(&m, json!({}), &[], &["s x #incident"]);
    assert_eq!(told.incident(), "x ConditionFailed f5: level > 5: Undeclared reference to 'level'");
    check(&m, json!({}), &[Do::Retry(json!({"level": 6}))], &["s x #incident", "x a #ended"]);
    let told =
        check(&m, json!({"level": "high"}), &[Do::Retry(json!({}))], &["s x #incident", "x #incident"]);
    assert!(told.incident().contains("no matching overload"), "{}", told.incident());
    // A condition must be a condition.
    let m = model("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?level\n x->b!");
    let told = check(&m, json!({"level": 3}), &[], &["s x #incident"]);
    assert!(told.incident().contains("neither true nor false"), "{}", told.incident());
}

#[test]
fn no_way_out_is_an_incident() {
    let m = model(
        "s:start\n x:xor\n u:user\n a:end\n b:end\n s->x\n x->a?n == 1\n x->b?n == 2\n x->u?n == 3\n u->a",
    );
    let told = check(&m, json!({"n": 0}), &[], &["s x #incident"]);
    assert_eq!(told.incident(), "x NoWayOut no condition holds and there is no default flow");
    check(
        &m,
        json!({"n": 0}),
        &[Do::Set(json!({"n": 2})), Do::Retry(json!({}))],
        &["s x #incident", "", "x b #ended"],
    );
    let told = check(&m, json!({"n": 0}), &[Do::Jump("u")], &["s x #incident", "u"]);
    assert_eq!(told.instance.incidents().count(), 0);
}

#[test]
fn parallel_branches_wait_for_each_other() {
    let m = model(
        "s:start\n f:and\n a:user\n b:user\n j:and\n c:user\n e:end\n s->f\n f->a\n f->b\n a->j\n b->j\n j->c\n c->e",
    );
    check(
        &m,
        json!({}),
        &[Do::Task("b", "ok"), Do::Task("a", "ok"), Do::Task("c", "ok")],
        &["s f a b", "j", "j c", "e #ended"],
    );
    // A jump of everything leaves no branch behind that would wait for ever.
    check(
        &m,
        json!({}),
        &[Do::Task("b", "ok"), Do::Jump("c"), Do::Task("c", "ok")],
        &["s f a b", "j", "c", "e #ended"],
    );
    // A jump of one branch out of the parallel part starves the join, which is told.
    let told = check(
        &m,
        json!({}),
        &[Do::Task("b", "ok"), Do::JumpFrom("a", "c"), Do::Task("c", "ok")],
        &["s f a b", "j", "c", "e #incident"],
    );
    assert!(told.incident().starts_with("j JoinStarved"), "{}", told.incident());
    assert_eq!(told.instance.state(), State::Running);
}

#[test]
fn terminate_takes_all_other_tokens() {
    let m =
        model("s:start\n f:and\n a:user\n b:user\n t:terminate\n e:end\n s->f\n f->a\n f->b\n a->t\n b->e");
    let told = check(&m, json!({}), &[Do::Task("a", "ok")], &["s f a b", "t #ended"]);
    assert!(told.effects.iter().any(
        |effect| matches!(effect, Effect::CloseTask { element_id, outcome: TaskOutcome::Terminated, .. } if element_id == "b")
    ));
    check(&m, json!({}), &[Do::Task("b", "ok"), Do::Task("a", "ok")], &["s f a b", "e", "t #ended"]);
}

#[test]
fn timers_know_when() {
    let m = model(
        "s:start\n f:and\n a:wait PT2H\n b:wait 2026-01-01T00:00:00+08:00\n c:wait 3\n e:end\n s->f\n f->a\n f->b\n f->c\n a->e\n b->e\n c->e",
    );
    let told = check(
        &m,
        json!({}),
        &[Do::Fire("b"), Do::Fire("a"), Do::Fire("c")],
        &["s f a b c", "e", "e", "e #ended"],
    );
    let set: Vec<_> = told
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::SetTimer { element_id, spec, due_at, .. } => {
                Some((element_id.as_str(), spec.clone(), *due_at))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        set,
        [
            ("a", TimerSpec::Duration { duration_ms: 7_200_000 }, Some(START_MS + 7_200_000)),
            ("b", TimerSpec::Date { at_ms: 1_767_196_800_000 }, Some(1_767_196_800_000)),
            ("c", TimerSpec::WorkingDays { days: 3 }, None),
        ]
    );
}

#[test]
fn boundary_timers_interrupt_or_not() {
    let limit = r#"<yihao:limit working_days="1"/>"#;
    let m = model(&format!(
        "s:start\n u:user {limit}\n n:boundary u near_due\n i:interrupt u due\n o:user\n e:end\n s->u\n u->e\n n->o\n i->o\n o->e"
    ));
    let told = check(&m, json!({}), &[Do::Fire("i"), Do::Task("o", "ok")], &["s u", "i o", "e #ended"]);
    assert!(told.effects.iter().any(|effect| matches!(effect,
        Effect::CloseTask { outcome: TaskOutcome::Interrupted { by_element_id }, .. } if by_element_id == "i")));
    let told = check(&m, json!({}), &[Do::Fire("n"), Do::Fire("i")], &["s u", "n o", "i o"]);
    assert_eq!(told.instance.open_tasks().count(), 2);
    check(
        &m,
        json!({}),
        &[Do::Fire("n"), Do::Task("u", "x"), Do::Task("o", "x")],
        &["s u", "n o", "e", "e #ended"],
    );
}

#[test]
fn a_service_is_called_reported_and_retried() {
    let m = model("s:start\n c:service\n e:end\n s->c\n c->e");
    let told = check(&m, json!({}), &[Do::Served("c")], &["s c", "e #ended"]);
    assert!(told.effects.iter().any(|effect| matches!(effect,
        Effect::CallService { service, properties, .. } if service == "c.do" && properties["k"] == "v")));
    let told = check(&m, json!({}), &[Do::Failed("c")], &["s c", "#incident"]);
    assert_eq!(told.incident(), "c ServiceFailed 短信网关无应答");
    check(
        &m,
        json!({}),
        &[Do::Failed("c"), Do::Retry(json!({})), Do::Served("c")],
        &["s c", "#incident", "c", "e #ended"],
    );
}

#[test]
fn a_circle_without_a_wait_becomes_an_incident() {
    let m = model("s:start\n x:xor\n y:xor\n e:end\n s->x\n x->y\n y->e?stop\n y->x!");
    let (instance, effects) = Instance::start(&m, vars(&json!({"stop": false})), 0).unwrap();
    assert_eq!(instance.incidents().count(), 1);
    assert!(effects.len() < 3_000);
    let mut mended = instance;
    let incident_id = mended.incidents().next().unwrap().incident_id.clone();
    let input = Input::Retry { incident_id, vars: vars(&json!({"stop": true})) };
    mended.apply(&m, input, 1).unwrap();
    assert_eq!(mended.state(), State::Ended);
}

#[test]
fn tokens_that_multiply_are_stopped() {
    let m = model("s:start\n x:xor\n f:and\n e:end\n y:xor\n s->x\n x->f\n f->y\n f->y\n y->x?go\n y->e!");
    let (instance, _) = Instance::start(&m, vars(&json!({"go": true})), 0).unwrap();
    assert!(instance.incidents().count() > 0);
    assert!(instance.active_elements().count() <= 1_000);
}

#[test]
fn refused_inputs_change_nothing() {
    let m = model(
        r#"s:start
        u:user <yihao:action name="ok"/>
        e:end
        s->u
        u->e"#,
    );
    let complete = |task: &str, action: &str, name: &str| {
        let mut vars = Map::new();
        vars.insert(name.to_owned(), json!(1));
        Input::CompleteTask { task_id: task.to_owned(), action: action.to_owned(), vars }
    };
    let reason = String::new;
    let jump = |task: Option<&str>, to: &str| Input::JumpTo {
        task_id: task.map(str::to_owned),
        element_id: to.to_owned(),
        reason: reason(),
    };
    let name = str::to_owned;
    let unknown_action = FlowError::UnknownAction { element_id: name("u"), action: name("no") };
    for (input, error) in [
        (complete("task-9", "ok", "a"), FlowError::UnknownTask(name("task-9"))),
        (complete("task-1", "no", "a"), unknown_action),
        (complete("task-1", "ok", "action"), FlowError::ReservedVariable(name("action"))),
        (Input::SetVariables { vars: vars(&json!({"vars": 1})) }, FlowError::ReservedVariable(name("vars"))),
        (Input::TimerFired { timer_id: name("timer-1") }, FlowError::UnknownTimer(name("timer-1"))),
        (Input::ServiceDone { call_id: name("c"), vars: Map::new() }, FlowError::UnknownCall(name("c"))),
        (Input::Retry { incident_id: name("i"), vars: Map::new() }, FlowError::UnknownIncident(name("i"))),
        (jump(None, "e"), FlowError::NotAUserTask(name("e"))),
        (jump(None, "nowhere"), FlowError::NotAUserTask(name("nowhere"))),
        (jump(Some("task-9"), "u"), FlowError::UnknownTask(name("task-9"))),
        (Input::Reopen { element_id: name("u"), reason: reason() }, FlowError::StillRunning),
    ] {
        check_refused(&m, &[], &input, &error);
    }
    let ended = [Do::Task("u", "ok")];
    check_refused(&m, &ended, &complete("task-1", "ok", "a"), &FlowError::NotRunning);
    check_refused(&m, &ended, &Input::Cancel { reason: reason() }, &FlowError::NotRunning);
    let many: Map<_, _> = (0..1_001).map(|n| (format!("v{n}"), json!(n))).collect();
    check_refused(&m, &[], &Input::SetVariables { vars: many }, &FlowError::TooManyVariables);
}

#[test]
fn another_version_without_the_element_is_told() {
    let old = model("s:start\n u:user\n e:end\n s->u\n u->e");
    let new = model("s:start\n w:user\n e:end\n s->w\n w->e");
    let (mut instance, _) = Instance::start(&old, Map::new(), 0).unwrap();
    let input = Input::Cancel { reason: String::new() };
    assert_eq!(instance.apply(&new, input.clone(), 1), Err(FlowError::ElementGone("u".to_owned())));
    let other = flow::Model::parse(flow::STANDARD).unwrap();
    assert!(matches!(instance.apply(&other, input, 1), Err(FlowError::OtherModel { .. })));
}
