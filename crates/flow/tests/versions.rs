//! Comparing drawings and moving runs to another version.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;

use flow::{ChangeKind, Effect, Input, Instance, MigrationError};
use serde_json::{Map, json};

use crate::story::{Host, model, vars, xml};

const OLD: &str = "s:start\n a:user\n f:and\n b:user\n c:user\n n:boundary b PT1H\n j:and\n e:end\n s->a\n a->f\n f->b\n f->c\n b->j\n c->j\n n->e\n j->e";

fn to(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
}

fn at_branches() -> Instance {
    let old = model(OLD);
    let (mut run, _) = Instance::start(&old, vars(&json!({})), 0).unwrap();
    let task_id = run.open_tasks().next().unwrap().task_id.to_owned();
    run.apply(&old, Input::CompleteTask { task_id, action: String::new(), vars: Map::new() }, 1).unwrap();
    run
}

fn finish(model: &flow::Model, run: &mut Instance) {
    loop {
        let next = run.open_tasks().next().map(|task| task.task_id.to_owned());
        let Some(task_id) = next else { return };
        run.apply(model, Input::CompleteTask { task_id, action: String::new(), vars: Map::new() }, 2)
            .unwrap();
    }
}

#[test]
fn a_run_goes_on_in_the_new_version_with_its_tasks() {
    let run = at_branches();
    let new = model(&format!("{}\n m:user\n", OLD.replace("j->e", "j->m\n m->e")));
    let (mut moved, effects) = run.migrate(&model(OLD), &new, &to(&[]), 5).unwrap();
    assert!(effects.is_empty());
    let ids = |run: &Instance| run.open_tasks().map(|task| task.task_id.to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&moved), ids(&run));
    finish(&new, &mut moved);
    assert!(moved.outcomes().contains_key("m"));
}

#[test]
fn timers_follow_the_drawing() {
    let run = at_branches();
    let mut host = Host::default();
    let timer = run.pending_timers().next().unwrap();
    host.timers.insert(timer.timer_id.to_owned(), timer.element_id.to_owned());
    let new = model(&OLD.replace("n:boundary b PT1H", "q:boundary b PT2H").replace("n->e", "q->e"));
    let (moved, effects) = run.migrate(&model(OLD), &new, &to(&[]), 5).unwrap();
    assert!(matches!(&effects[0], Effect::CancelTimer { .. }));
    assert!(
        matches!(&effects[1], Effect::SetTimer { element_id, due_at: Some(7_200_005), .. } if element_id == "q")
    );
    assert_eq!(moved.pending_timers().next().unwrap().element_id, "q");
    // With a counterpart it runs on.
    let (_, effects) = run.migrate(&model(OLD), &new, &to(&[("n", "q")]), 5).unwrap();
    assert!(effects.is_empty());
}

#[test]
fn what_has_no_counterpart_stays() {
    let run = at_branches();
    let new = model(
        &OLD.replace(" b:user", " d:user")
            .replace("boundary b", "boundary d")
            .replace("f->b", "f->d")
            .replace("b->j", "d->j"),
    );
    let migrate = |pairs: &[(&str, &str)]| run.migrate(&model(OLD), &new, &to(pairs), 5).map(|_| ());
    assert_eq!(migrate(&[]), Err(MigrationError::NoCounterpart("b".to_owned())));
    assert_eq!(
        migrate(&[("b", "j")]),
        Err(MigrationError::OtherKind { old: "b".to_owned(), new: "j".to_owned() })
    );
    assert_eq!(migrate(&[("b", "d")]), Ok(()));
    let mut over = run.clone();
    over.apply(&model(OLD), Input::Cancel { reason: String::new() }, 3).unwrap();
    assert_eq!(over.migrate(&model(OLD), &new, &to(&[]), 5).map(|_| ()), Err(MigrationError::NotRunning));
}

#[test]
fn differences_are_told_by_element() {
    let old = xml(OLD);
    let new = old
        .replace(r#"<bpmn:userTask id="c">"#, r#"<bpmn:userTask id="c" name="复核">"#)
        .replace(r#"<bpmn:timeDuration>PT1H"#, r#"<bpmn:timeDuration>PT3H"#);
    let found = flow::compare(&old, &new).unwrap();
    let told: Vec<_> =
        found.iter().map(|one| (one.element_id.as_str(), one.change, one.details[0].0.as_str())).collect();
    assert_eq!(told, [("c", ChangeKind::Changed, "name"), ("n", ChangeKind::Changed, "timeDuration")]);
    let more = old.replace("</bpmn:process>", r#"<bpmn:userTask id="new"/></bpmn:process>"#);
    assert_eq!(flow::compare(&old, &more).unwrap()[0].change, ChangeKind::Added);
    assert_eq!(flow::compare(&more, &old).unwrap()[0].change, ChangeKind::Removed);
    assert!(flow::compare("<a", &old).is_err());
}
