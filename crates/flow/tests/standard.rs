//! The standard flow, played as offices play it.

use flow::{CandidateScope, Effect, Limit, Model, State, TaskOutcome, TimerSpec};
use serde_json::json;

use crate::story::{Do, check, check_refused, input};

fn standard() -> Model {
    Model::parse(flow::STANDARD).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

const TO_REVIEW: &str = "start gateway_at_once review";

#[test]
fn answered_at_once() {
    let told = check(
        &standard(),
        json!({"answered_at_once": true}),
        &[],
        &["start gateway_at_once end_at_once #ended"],
    );
    assert_eq!(told.instance.state(), State::Ended);
    assert!(told.effects.contains(&Effect::Ended { element_id: "end_at_once".to_owned() }));
}

#[test]
fn straight_through() {
    let told = check(
        &standard(),
        json!({}),
        &[
            Do::Task("review", "pass"),
            Do::TaskWith("dispatch", "dispatch", json!({"unit_id": "u-1"})),
            Do::Task("accept", "accept"),
            Do::Task("handle", "feedback"),
            Do::Task("result_review", "pass"),
            Do::Task("return_visit", "done"),
            Do::Task("archive", "close"),
        ],
        &[
            TO_REVIEW,
            "gateway_review dispatch",
            "accept",
            "gateway_accept handle",
            "gateway_handle result_review",
            "gateway_result return_visit",
            "gateway_visit archive",
            "end #ended",
        ],
    );
    assert_eq!(told.instance.variables()["unit_id"], "u-1");
    assert_eq!(told.instance.outcomes()["return_visit"], "done");
}

#[test]
fn every_way_back() {
    check(
        &standard(),
        json!({}),
        &[
            Do::Task("review", "reject"),
            Do::Task("revise", "submit"),
            Do::Task("review", "pass"),
            Do::Task("dispatch", "dispatch"),
            Do::Task("accept", "return"),
            Do::Task("dispatch", "dispatch"),
            Do::Task("accept", "accept"),
            Do::Task("handle", "return"),
            Do::Task("dispatch", "dispatch"),
            Do::Task("accept", "accept"),
            Do::Task("handle", "feedback"),
            Do::Task("result_review", "back"),
            Do::Task("handle", "feedback"),
            Do::Task("result_review", "pass"),
            Do::Task("return_visit", "redo"),
            Do::Task("dispatch", "dispatch"),
        ],
        &[
            TO_REVIEW,
            "gateway_review revise",
            "review",
            "gateway_review dispatch",
            "accept",
            "gateway_accept dispatch",
            "accept",
            "gateway_accept handle",
            "gateway_handle dispatch",
            "accept",
            "gateway_accept handle",
            "gateway_handle result_review",
            "gateway_result handle",
            "gateway_handle result_review",
            "gateway_result return_visit",
            "gateway_visit dispatch",
            "accept",
        ],
    );
}

#[test]
fn reminders_and_alarms_leave_the_task_open() {
    let told = check(
        &standard(),
        json!({}),
        &[
            Do::Task("review", "pass"),
            Do::Task("dispatch", "dispatch"),
            Do::Fire("accept_near_due"),
            Do::Served("remind"),
            Do::Fire("accept_overdue"),
            Do::Task("accept", "accept"),
            Do::Served("alarm"),
            Do::Fire("handle_overdue"),
        ],
        &[
            TO_REVIEW,
            "gateway_review dispatch",
            "accept",
            "accept_near_due remind",
            "noticed",
            "accept_overdue alarm",
            "gateway_accept handle",
            "noticed",
            "handle_overdue alarm",
        ],
    );
    // The alarm knows whose limit has passed, even after that task is closed.
    let accept = told.effects.iter().find_map(|effect| match effect {
        Effect::OpenTask { task_id, element_id, .. } if element_id == "accept" => Some(task_id),
        _ => None,
    });
    let sources: Vec<_> = told
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::CallService { service, source_task_id, .. } => {
                Some((service.as_str(), source_task_id.as_ref()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(sources[..2], [("case.remind_near_due", accept), ("case.alarm_overdue", accept)]);
    assert_ne!(sources[2].1, accept);
    let open: Vec<_> = told.instance.open_tasks().map(|task| task.element_id).collect();
    assert_eq!(open, ["handle"]);
}

#[test]
fn the_end_takes_a_pending_alarm_with_it() {
    let told = check(
        &standard(),
        json!({}),
        &[
            Do::Task("review", "pass"),
            Do::Task("dispatch", "dispatch"),
            Do::Fire("accept_overdue"),
            Do::Jump("archive"),
            Do::Task("archive", "close"),
            Do::Reopen("handle"),
        ],
        &[
            TO_REVIEW,
            "gateway_review dispatch",
            "accept",
            "accept_overdue alarm",
            "archive",
            "end #ended",
            "handle",
        ],
    );
    assert_eq!(told.instance.state(), State::Running);
    assert!(told.effects.iter().any(|effect| matches!(effect, Effect::CancelService { .. })));
}

#[test]
fn a_jump_closes_the_open_task_with_its_reason() {
    let told = check(
        &standard(),
        json!({}),
        &[
            Do::Task("review", "pass"),
            Do::Task("dispatch", "dispatch"),
            Do::JumpFrom("accept", "review"),
            Do::Task("review", "pass"),
            Do::Cancel,
        ],
        &[TO_REVIEW, "gateway_review dispatch", "accept", "review", "gateway_review dispatch", "#cancelled"],
    );
    let outcome = TaskOutcome::Jumped { to_element_id: "review".to_owned(), reason: "因为".to_owned() };
    assert!(told.effects.iter().any(
        |effect| matches!(effect, Effect::CloseTask { element_id, outcome: why, .. } if element_id == "accept" && why == &outcome)
    ));
    assert_eq!(told.instance.state(), State::Cancelled);
}

#[test]
fn handing_down_is_no_completion() {
    let model = standard();
    let steps = [Do::Task("review", "pass"), Do::Task("dispatch", "dispatch"), Do::Task("accept", "accept")];
    let told = check(
        &model,
        json!({}),
        &steps,
        &[TO_REVIEW, "gateway_review dispatch", "accept", "gateway_accept handle"],
    );
    for action in ["assign", "pass", ""] {
        let refused = input(&told.instance, &Do::Task("handle", action));
        let error =
            flow::FlowError::UnknownAction { element_id: "handle".to_owned(), action: action.to_owned() };
        check_refused(&model, &steps, &refused, &error);
    }
}

#[test]
fn the_file_says_who_what_and_how_long() {
    let model = standard();
    assert_eq!((model.id(), model.name()), ("standard", "标准办理流程"));
    let tasks: Vec<_> = model.user_tasks().map(|(element, _)| element.name.as_str()).collect();
    assert_eq!(tasks, ["班长审核", "退回修改", "派单", "单位签收", "办理", "办结审核", "回访", "归档"]);
    let task = |id: &str| model.user_tasks().find(|(element, _)| element.id == id).unwrap().1.clone();
    assert_eq!(task("accept").limit, Some(Limit::WorkingDays { days: 1 }));
    assert_eq!(task("accept").candidates[0].of, CandidateScope::Unit { variable: "unit_id".to_owned() });
    assert_eq!(task("handle").limit, Some(Limit::Rule { name: "by_type".to_owned() }));
    assert_eq!(task("revise").candidates[0].of, CandidateScope::Creator);
    assert_eq!(model.element("handle").unwrap().properties["status"], "in_progress");
    let (_, effects) = flow::Instance::start(&model, serde_json::Map::new(), 0).unwrap();
    assert!(effects.iter().any(|effect| matches!(effect,
        Effect::OpenTask { task, properties, .. }
            if task.candidates[0].capability.as_deref() == Some("case.review") && properties["status"] == "draft_logged")));
    assert_eq!(TimerSpec::Due, serde_json::from_value(json!({"kind": "due"})).unwrap());
}

#[test]
fn everything_in_it_is_drawn() {
    for element in standard().elements() {
        assert!(
            flow::STANDARD.contains(&format!("bpmnElement=\"{}\"", element.id)),
            "{} has no shape",
            element.id
        );
    }
    for flow in standard().flows() {
        assert!(flow::STANDARD.contains(&format!("bpmnElement=\"{}\"", flow.id)), "{} has no edge", flow.id);
    }
}
