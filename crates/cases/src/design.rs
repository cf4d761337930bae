//! Rules about drawn flows: what makes a drawing fit for orders, which flow an order runs, and a rehearsal of one.

use std::collections::BTreeMap;

use flow::{Effect, ElementKind, Event, FlowProblem, Input, Instance, Model, State};
use serde_json::{Map, Value};

use crate::case::{Kind, Step};
use crate::course::step_at;
use crate::error::{CaseError, Check};

/// The largest drawing, in bytes.
pub const XML_MAX: usize = 900_000;
/// The most rules.
pub const RULES_MAX: usize = 200;
/// The most inputs to a rehearsal.
pub const TRIAL_MAX: usize = 200;

/// What service tasks may ask for; the limits carry it out.
const SERVICES: [&str; 2] = ["case.remind_near_due", "case.alarm_overdue"];

/// Which flow an order runs; the first that fits counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRule {
    /// Orders of this type; none for all.
    pub kind: Option<Kind>,
    /// Orders of this category and those below; none for all.
    pub category_id: Option<String>,
    /// The flow.
    pub flow_name: String,
}

impl FlowRule {
    /// Tells whether the rule is about an order of a type and a category, given by its path of ids.
    #[must_use]
    pub fn fits(&self, kind: Kind, category_path: Option<&str>) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && self
                .category_id
                .as_deref()
                .is_none_or(|wanted| category_path.is_some_and(|path| path.split('/').any(|id| id == wanted)))
    }
}

/// Checks the name by which versions of a flow belong together.
///
/// # Errors
/// [`CaseError::Invalid`].
pub fn check_name(name: &str) -> Result<(), CaseError> {
    let mut check = Check::default();
    let fits = (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if !fits {
        check.refuse(
            "name",
            "malformed",
            "编码须以小写字母开头，只含小写字母、数字、短横线和下划线，最多40个字符。",
            "A code begins with a small letter and has small letters, digits, hyphens and underscores only, at most 40.",
        );
    }
    check.done()
}

/// Lists why a drawing cannot be run by orders: what the engine refuses, faults of the whole, and what the
/// behaviours of orders need at each step.
#[must_use]
pub fn faults(xml: &str) -> Vec<FlowProblem> {
    let model = match Model::parse(xml) {
        Ok(model) => model,
        Err(problems) => return problems,
    };
    let mut faults = model.review();
    let mut add = |element: &flow::Element, code: &'static str, zh: String, en: String| {
        faults.push(FlowProblem {
            element_id: element.id.clone(),
            element: element.kind.bpmn_name().to_owned(),
            code,
            zh,
            en,
        });
    };
    for element in model.elements() {
        match &element.kind {
            ElementKind::UserTask(task) => match step_at(element) {
                None => add(
                    element,
                    "order.no_step",
                    "用户任务没有对应的工单环节（属性“环节”）".to_owned(),
                    "the user task stands for no step of an order (its property step)".to_owned(),
                ),
                Some(step) => {
                    let wanted = wanted_action(step);
                    let offers = task.actions.is_empty()
                        || task.actions.iter().any(|action| action.completes && action.name == wanted);
                    if !offers {
                        add(
                            element,
                            "order.no_action",
                            format!("此环节须有办结操作{wanted}"),
                            format!("this step needs the completing action {wanted}"),
                        );
                    }
                }
            },
            ElementKind::ServiceTask { service } if !SERVICES.contains(&service.as_str()) => add(
                element,
                "order.unknown_service",
                format!("没有此服务：{service}（可用：{}）", SERVICES.join("、")),
                format!("there is no such service: {service} (there are {})", SERVICES.join(", ")),
            ),
            kind if waits_for_nobody(&model, kind) => add(
                element,
                "order.no_sender",
                "等待的消息或信号在本流程中没有谁发出，工单会停在这里".to_owned(),
                "nobody in this flow sends the message or signal that is waited for; orders would stay here"
                    .to_owned(),
            ),
            _ => {}
        }
    }
    faults
}

/// The action by which the ordinary way through a step is taken.
fn wanted_action(step: Step) -> &'static str {
    match step {
        Step::Review | Step::ResultReview => "pass",
        Step::Amendment => "submit",
        Step::Dispatch => "dispatch",
        Step::Acceptance => "accept",
        Step::Handling => "feedback",
        Step::ReturnVisit => "done",
        _ => "close",
    }
}

fn waits_for_nobody(model: &Model, kind: &ElementKind) -> bool {
    let wanted = match kind {
        ElementKind::ReceiveTask { message } => Event::Message(message.clone()),
        ElementKind::Catch { event }
        | ElementKind::Boundary { event, .. }
        | ElementKind::Start { event, .. } => event.clone(),
        _ => return false,
    };
    if !matches!(wanted, Event::Message(_) | Event::Signal(_)) {
        return false;
    }
    !model.elements().iter().any(|element| match &element.kind {
        ElementKind::SendTask { message } => wanted == Event::Message(message.clone()),
        ElementKind::Throw { event } | ElementKind::End { event } => *event == wanted,
        _ => false,
    })
}

/// Something that happens in a rehearsal.
#[derive(Clone, Debug)]
pub enum Act {
    /// A task is done by an action.
    Complete {
        /// The task.
        task_id: String,
        /// The action.
        action: String,
        /// Variables that it sets.
        variables: Map<String, Value>,
    },
    /// A timer fires.
    Fire {
        /// The timer.
        timer_id: String,
    },
    /// A message comes.
    Message {
        /// Its name.
        name: String,
    },
    /// A signal is given.
    Signal {
        /// Its name.
        name: String,
    },
}

/// Where a rehearsal stands.
#[derive(Debug)]
pub struct Trial {
    /// The elements in the order in which they were entered.
    pub entered: Vec<String>,
    /// The run as it is now.
    pub instance: Instance,
    /// The checked drawing.
    pub model: Model,
}

/// Plays acts on a drawing from its start. Services are done at once. The machine is deterministic, so the
/// same acts give the same tasks and timers each time.
///
/// # Errors
/// [`CaseError::Drawing`] when the drawing cannot be played; [`CaseError::Invalid`] when an act does not fit.
pub fn rehearse(xml: &str, variables: Map<String, Value>, acts: &[Act]) -> Result<Trial, CaseError> {
    let model = Model::read(xml, flow::Reading::Drawn).map_err(CaseError::Drawing)?;
    let mut check = Check::default();
    if acts.len() > TRIAL_MAX {
        check.refuse(
            "acts",
            "too_many",
            format!("最多演练{TRIAL_MAX}步。"),
            format!("At most {TRIAL_MAX} acts."),
        );
        check.done()?;
    }
    let mut check = Check::default();
    let refuse = |check: &mut Check, field: &'static str, error: &flow::FlowError| {
        check.refuse(field, "refused", format!("流程不接受：{error}"), error.to_string());
    };
    let (mut instance, effects) = match Instance::start(&model, variables, 0) {
        Ok(started) => started,
        Err(error) => {
            refuse(&mut check, "variables", &error);
            return Err(check.done().err().unwrap_or(CaseError::NotFound));
        }
    };
    let mut entered = Vec::new();
    let mut now_ms = 0;
    hear(&model, &mut instance, effects, now_ms, &mut entered);
    for act in acts {
        now_ms += 60_000;
        let input = match act.clone() {
            Act::Complete { task_id, action, variables } => {
                Input::CompleteTask { task_id, action, vars: variables }
            }
            Act::Fire { timer_id } => Input::TimerFired { timer_id },
            Act::Message { name } => Input::Message { name, vars: Map::new() },
            Act::Signal { name } => Input::Signal { name, vars: Map::new() },
        };
        match instance.apply(&model, input, now_ms) {
            Ok(effects) => hear(&model, &mut instance, effects, now_ms, &mut entered),
            Err(error) => {
                refuse(&mut check, "acts", &error);
                break;
            }
        }
    }
    check.done()?;
    Ok(Trial { entered, instance, model })
}

fn hear(
    model: &Model,
    instance: &mut Instance,
    effects: Vec<Effect>,
    now_ms: i64,
    entered: &mut Vec<String>,
) {
    let mut open = std::collections::VecDeque::from(effects);
    while let Some(effect) = open.pop_front() {
        match effect {
            Effect::Entered { element_id, .. } if entered.len() < 5_000 => entered.push(element_id),
            // A flow that only calls services could go round for ever.
            Effect::CallService { call_id, .. } if entered.len() < 2_000 => {
                let done = Input::ServiceDone { call_id, vars: Map::new() };
                if instance.state() == State::Running
                    && let Ok(more) = instance.apply(model, done, now_ms)
                {
                    open.extend(more);
                }
            }
            _ => {}
        }
    }
}

/// Where the open tasks and tokens of runs rest, to be moved to another version.
#[must_use]
pub fn resting(instance: &Instance) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for element in instance.active_elements() {
        *found.entry(element.to_owned()).or_default() += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, expected: &[(&str, &str)]) {
        let xml = flow::STANDARD.replace(from, to);
        assert_ne!(xml, flow::STANDARD, "nothing was replaced");
        let faults = faults(&xml);
        let found: Vec<_> = faults.iter().map(|fault| (fault.code, fault.element_id.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn shipped_flows_are_fit_for_orders() {
        assert_eq!(faults(flow::STANDARD), []);
        assert_eq!(faults(flow::SHORT), []);
    }

    #[test]
    fn a_flow_is_refused_where_orders_would_get_stuck() {
        check(
            r#"name="case.remind_near_due""#,
            r#"name="mail.send""#,
            &[("order.unknown_service", "remind")],
        );
        check(
            r#"<yihao:action name="feedback" zh="反馈结果" en="Report the result" />"#,
            "",
            &[("order.no_action", "handle")],
        );
        let xml = flow::STANDARD.replace("\"archive\"", "\"filing\"").replace(">archive<", ">filing<");
        let faults = faults(&xml);
        assert_eq!(faults[0].code, "order.no_step");
    }

    #[test]
    fn rules_name_the_flow_by_type_and_category() {
        let rule = |kind, category: Option<&str>| FlowRule {
            kind,
            category_id: category.map(str::to_owned),
            flow_name: "short".to_owned(),
        };
        assert!(rule(None, None).fits(Kind::Repair, None));
        assert!(!rule(Some(Kind::Praise), None).fits(Kind::Repair, None));
        assert!(rule(None, Some("b")).fits(Kind::Repair, Some("/a/b/c/")));
        assert!(!rule(None, Some("b")).fits(Kind::Repair, Some("/a/bb/")));
        assert!(!rule(None, Some("b")).fits(Kind::Repair, None));
    }

    #[test]
    fn a_rehearsal_steps_through_the_flow() {
        let trial = rehearse(flow::STANDARD, Map::new(), &[]).expect("the standard flow can be played");
        let task = trial.instance.open_tasks().next().expect("review is open");
        let act = Act::Complete {
            task_id: task.task_id.to_owned(),
            action: "pass".to_owned(),
            variables: Map::new(),
        };
        let trial = rehearse(flow::STANDARD, Map::new(), std::slice::from_ref(&act)).expect("the act fits");
        assert_eq!(trial.entered.last().map(String::as_str), Some("dispatch"));
        let again = rehearse(flow::STANDARD, Map::new(), &[act.clone(), act]);
        assert!(matches!(again, Err(CaseError::Invalid(_))));
    }
}
