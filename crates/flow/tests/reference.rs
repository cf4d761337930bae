//! The interchange group's reference models and those of a JavaScript engine: executed, or refused element by element;
//! and nothing of a file is lost while it is stored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use flow::{Model, Reading};
use serde_json::Map;

fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("YIHAO_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = root.join("bpmn").join(name);
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: no {}", folder.display());
        None
    }
}

fn text(path: PathBuf) -> String {
    flow::decode(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .expect("UTF-8 or UTF-16")
}

/// What becomes of each reference model: its trace, or the codes for which it is refused.
const REFERENCE: &[(&str, &str)] = &[
    ("A.1.0", "runs 5"),
    ("A.2.0", "condition.missing"),
    ("A.2.1", "condition.language element.unsupported"),
    ("A.3.0", "end.missing start.missing"),
    ("A.4.0", "process.several"),
    ("A.4.1", "process.several"),
    ("B.1.0", "element.unsupported process.several timer.invalid"),
    ("B.2.0", "call.unknown element.unsupported multi.no_count process.several timer.invalid"),
    ("C.1.0", "attribute.unsupported condition.language element.unsupported"),
    ("C.1.1", "condition.language element.unsupported"),
    ("C.2.0", "process.several"),
    ("C.3.0", "attribute.unsupported condition.language element.unsupported"),
    ("C.4.0", "element.unsupported process.several"),
    ("C.5.0", "element.unsupported"),
    ("C.6.0", "attribute.unsupported element.unsupported timer.invalid"),
    ("C.7.0", "element.unsupported multi.no_count"),
    ("C.8.0", "attribute.unsupported condition.invalid element.unsupported"),
    ("C.8.1", "attribute.unsupported condition.language element.unsupported"),
    ("C.9.0", "call.unknown condition.invalid"),
    ("C.9.1", "runs 4"),
    ("C.9.2", "call.unknown condition.invalid multi.no_count"),
];

#[test]
fn reference_models_are_executed_or_refused_by_element() {
    let Some(folder) = folder("miwg_reference") else { return };
    for (name, expected) in REFERENCE {
        let xml = text(folder.join(format!("{name}.bpmn")));
        let found = match Model::read(&xml, Reading::Drawn) {
            Ok(model) => {
                let trace = flow::trace(&model, Map::new()).expect("no variables");
                assert!(trace.ended, "{name}: {trace:?}");
                format!("runs {}", trace.elements.len())
            }
            Err(problems) => {
                for problem in &problems {
                    // What has no id of its own is named by its kind.
                    assert!(!problem.element.is_empty(), "{name}: {problem:?}");
                    assert!(xml.contains(&problem.element_id), "{name}: {problem:?}");
                }
                let codes: std::collections::BTreeSet<_> = problems.iter().map(|one| one.code).collect();
                codes.into_iter().collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(found, *expected, "{name}");
    }
}

/// Models of the JavaScript engine that use nothing of JavaScript, with what runs there.
const ENGINE: &[(&str, &str, &str)] = &[
    ("bpmn-engine", "forms", "start userTask end"),
    ("bpmn-engine", "issue-4", "startEvent sendEmail_1 anotherTasks endEvent"),
    ("bpmn-engine", "lanes", "mainStartEvent task1 intermediate mainEndEvent"),
    ("bpmn-engine", "send-signal", "start set-spot-price signal-new-price end"),
    ("bpmn-engine", "service-task", "start serviceTask end"),
    ("bpmn-engine", "timer-event", "start task1 duration task2 end"),
    ("bpmn-elements", "engine-issue-180", "start fork Activity_1 Activity_2 join end"),
    ("bpmn-elements", "engine-issue-73_2", "start usertask decision end"),
    ("bpmn-elements", "groups", "StartEvent_1 Activity_1kgsmgl Activity_1v17yu5 Event_09abgyv"),
];

#[test]
fn models_of_another_engine_run_as_they_do_there() {
    let Some(folder) = folder("bpmn_engine") else { return };
    for (package, name, expected) in ENGINE {
        let xml = text(folder.join(package).join("test/resources").join(format!("{name}.bpmn")));
        let model =
            Model::read(&xml, Reading::Drawn).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        let trace = flow::trace(&model, Map::new()).expect("no variables");
        assert_eq!((trace.elements.join(" ").as_str(), trace.ended), (*expected, true), "{name}");
    }
}

#[test]
fn every_model_is_read_without_panic_and_refusals_say_why() {
    let Some(root) = folder("bpmn_engine") else { return };
    let mut outcomes = BTreeMap::new();
    for package in ["bpmn-engine", "bpmn-elements"] {
        let files = std::fs::read_dir(root.join(package).join("test/resources")).expect("a folder");
        for path in files.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "bpmn") {
                continue;
            }
            match Model::read(&text(path.clone()), Reading::Drawn) {
                Ok(model) => {
                    let _ = flow::trace(&model, Map::new()).expect("no variables");
                    *outcomes.entry("executed").or_insert(0) += 1;
                }
                Err(problems) => {
                    assert!(
                        problems.iter().all(|one| !one.zh.is_empty() && !one.en.is_empty()),
                        "{problems:#?}"
                    );
                    *outcomes.entry("refused").or_insert(0) += 1;
                }
            }
        }
    }
    assert!(outcomes["executed"] >= 20 && outcomes["refused"] >= 20, "{outcomes:?}");
}

/// A comparison with itself finds nothing, and the drawing, which is stored to the letter, has all of it.
#[test]
fn a_stored_file_means_what_it_meant() {
    let Some(folder) = folder("miwg_reference") else { return };
    for (name, _) in REFERENCE {
        let xml = text(folder.join(format!("{name}.bpmn")));
        assert_eq!(flow::compare(&xml, &xml), Ok(Vec::new()), "{name}");
    }
}
