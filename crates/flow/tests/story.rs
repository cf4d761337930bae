//! Stories: inputs by element id, checked against the trace of entered elements.

use std::collections::BTreeMap;

use flow::{Effect, FlowError, Input, Instance, Model, State};
use serde_json::{Map, Value, json};

/// The instant at which stories begin; each input comes a minute after the one before.
pub const START_MS: i64 = 1_760_000_000_000;

/// An input, named by elements instead of by ids.
#[derive(Clone, Debug)]
pub enum Do {
    /// Complete the open task on an element by an action.
    Task(&'static str, &'static str),
    /// The same with variables.
    TaskWith(&'static str, &'static str, Value),
    /// Fire the pending timer of an event.
    Fire(&'static str),
    /// Report a service as done.
    Served(&'static str),
    /// Report a service as failed.
    Failed(&'static str),
    /// Retry the only incident after setting variables.
    Retry(Value),
    /// Set variables.
    Set(Value),
    /// Move everything to a user task.
    Jump(&'static str),
    /// Move one task's token to a user task.
    JumpFrom(&'static str, &'static str),
    /// Cancel.
    Cancel,
    /// Reopen at a user task.
    Reopen(&'static str),
}

pub fn vars(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub fn input(instance: &Instance, step: &Do) -> Input {
    let task = |element: &str| {
        let open = instance.open_tasks().find(|task| task.element_id == element);
        open.unwrap_or_else(|| panic!("no open task on {element}")).task_id.to_owned()
    };
    let call = |element: &str| {
        let pending = instance.pending_calls().find(|(_, at)| *at == element);
        pending.unwrap_or_else(|| panic!("no call on {element}")).0.to_owned()
    };
    let reason = "因为".to_owned();
    match step {
        Do::Task(element, action) => {
            Input::CompleteTask { task_id: task(element), action: (*action).to_owned(), vars: Map::new() }
        }
        Do::TaskWith(element, action, value) => {
            Input::CompleteTask { task_id: task(element), action: (*action).to_owned(), vars: vars(value) }
        }
        Do::Fire(element) => {
            let timer = instance.pending_timers().find(|timer| timer.element_id == *element);
            let timer_id = timer.unwrap_or_else(|| panic!("no timer on {element}")).timer_id.to_owned();
            Input::TimerFired { timer_id }
        }
        Do::Served(element) => Input::ServiceDone { call_id: call(element), vars: Map::new() },
        Do::Failed(element) => {
            Input::ServiceFailed { call_id: call(element), message: "短信网关无应答".to_owned() }
        }
        Do::Retry(value) => {
            let incident_id = instance.incidents().next().expect("an incident").incident_id.clone();
            Input::Retry { incident_id, vars: vars(value) }
        }
        Do::Set(value) => Input::SetVariables { vars: vars(value) },
        Do::Jump(to) => Input::JumpTo { task_id: None, element_id: (*to).to_owned(), reason },
        Do::JumpFrom(from, to) => {
            Input::JumpTo { task_id: Some(task(from)), element_id: (*to).to_owned(), reason }
        }
        Do::Cancel => Input::Cancel { reason },
        Do::Reopen(to) => Input::Reopen { element_id: (*to).to_owned(), reason },
    }
}

/// What a host keeps when it does as the effects say.
#[derive(Debug, Default, PartialEq)]
pub struct Host {
    pub tasks: BTreeMap<String, String>,
    pub timers: BTreeMap<String, String>,
    pub calls: BTreeMap<String, String>,
}

impl Host {
    pub fn carry_out(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::OpenTask { task_id, element_id, .. } => {
                    assert_eq!(
                        self.tasks.insert(task_id.clone(), element_id.clone()),
                        None,
                        "{task_id} twice"
                    );
                }
                Effect::CloseTask { task_id, .. } => {
                    assert!(self.tasks.remove(task_id).is_some(), "{task_id}")
                }
                Effect::SetTimer { timer_id, element_id, .. } => {
                    assert_eq!(
                        self.timers.insert(timer_id.clone(), element_id.clone()),
                        None,
                        "{timer_id} twice"
                    );
                }
                Effect::CancelTimer { timer_id } => {
                    assert!(self.timers.remove(timer_id).is_some(), "{timer_id}")
                }
                Effect::CallService { call_id, element_id, .. } => {
                    assert_eq!(
                        self.calls.insert(call_id.clone(), element_id.clone()),
                        None,
                        "{call_id} twice"
                    );
                }
                Effect::CancelService { call_id } => {
                    assert!(self.calls.remove(call_id).is_some(), "{call_id}")
                }
                _ => {}
            }
        }
    }

    /// What the host itself knows to be over when it gives an input.
    pub fn give(&mut self, input: &Input) {
        match input {
            Input::TimerFired { timer_id } => {
                self.timers.remove(timer_id);
            }
            Input::ServiceDone { call_id, .. } | Input::ServiceFailed { call_id, .. } => {
                self.calls.remove(call_id);
            }
            _ => {}
        }
    }

    pub fn agrees_with(&self, instance: &Instance) {
        let own = |pairs: Vec<(&str, &str)>| -> BTreeMap<String, String> {
            pairs.into_iter().map(|(id, at)| (id.to_owned(), at.to_owned())).collect()
        };
        let seen = Self {
            tasks: own(instance.open_tasks().map(|task| (task.task_id, task.element_id)).collect()),
            timers: own(instance.pending_timers().map(|timer| (timer.timer_id, timer.element_id)).collect()),
            calls: own(instance.pending_calls().collect()),
        };
        assert_eq!(self, &seen, "host and instance");
    }
}

pub fn trace(effects: &[Effect]) -> String {
    let entered = effects.iter().filter_map(|effect| match effect {
        Effect::Entered { element_id, .. } => Some(element_id.as_str()),
        Effect::Ended { .. } => Some("#ended"),
        Effect::Cancelled { .. } => Some("#cancelled"),
        Effect::Incident(_) => Some("#incident"),
        _ => None,
    });
    entered.collect::<Vec<_>>().join(" ")
}

pub struct Told {
    pub instance: Instance,
    pub effects: Vec<Effect>,
}

impl Told {
    pub fn incident(&self) -> String {
        let incidents: Vec<_> = self.instance.incidents().collect();
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        format!("{} {:?} {}", incidents[0].element_id, incidents[0].code, incidents[0].message)
    }
}

fn tell(
    model: &Model,
    start: &Value,
    steps: &[Do],
    between: impl Fn(Instance) -> Instance,
) -> (Instance, Vec<Vec<Effect>>) {
    let mut now_ms = START_MS;
    let mut host = Host::default();
    let (mut instance, effects) = Instance::start(model, vars(start), now_ms).expect("starts");
    host.carry_out(&effects);
    host.agrees_with(&instance);
    let mut all = vec![effects];
    for step in steps {
        now_ms += 60_000;
        instance = between(instance);
        let input = input(&instance, step);
        host.give(&input);
        let effects =
            instance.apply(model, input, now_ms).unwrap_or_else(|error| panic!("{step:?}: {error}"));
        host.carry_out(&effects);
        host.agrees_with(&instance);
        assert_eq!(
            instance.state() == State::Running,
            instance.active_elements().next().is_some(),
            "tokens after {step:?}"
        );
        all.push(effects);
    }
    (instance, all)
}

/// Plays a story and compares the entered elements, one line for the start and one for each input.
///
/// It is played twice, once with the instance stored as JSON between any two inputs: both must agree to the last effect.
#[track_caller]
pub fn check(model: &Model, start: Value, steps: &[Do], expected: &[&str]) -> Told {
    let (instance, effects) = tell(model, &start, steps, |instance| instance);
    let (again, replayed) = tell(model, &start, steps, |instance| {
        let json = serde_json::to_string(&instance).expect("serialises");
        serde_json::from_str(&json).expect("deserialises")
    });
    assert_eq!((&instance, &effects), (&again, &replayed), "a replay differs");
    let traces: Vec<String> = effects.iter().map(|effects| trace(effects)).collect();
    assert_eq!(traces, expected);
    Told { instance, effects: effects.into_iter().flatten().collect() }
}

/// Plays a story whose last input is refused, which must leave the instance as it was.
#[track_caller]
pub fn check_refused(model: &Model, steps: &[Do], last: &Input, expected: &FlowError) {
    let (mut instance, _) = tell(model, &json!({}), steps, |instance| instance);
    let before = instance.clone();
    assert_eq!(instance.apply(model, last.clone(), START_MS + 1).as_ref(), Err(expected));
    assert_eq!(instance, before, "a refused input changed the instance");
}

/// A BPMN file around the content of a process.
pub fn bpmn(content: &str) -> String {
    format!(
        r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:yihao="https://yihao.city/bpmn/1.0" targetNamespace="t"><bpmn:process id="p" isExecutable="true">{content}</bpmn:process></bpmn:definitions>"#
    )
}

/// A model in a shorthand: `id:kind` for elements, `from->to` for flows with an optional `?condition`, `!` for the default.
pub fn model(shorthand: &str) -> Model {
    Model::parse(&xml(shorthand)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub fn xml(shorthand: &str) -> String {
    let lines: Vec<&str> = shorthand.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut content = String::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some((from, to)) = line.split_once("->") {
            let (to, condition) = match to.split_once('?') {
                Some((to, condition)) => (to, Some(condition)),
                None => (to.trim_end_matches('!'), None),
            };
            let condition = condition.map_or(String::new(), |text| {
                format!("<bpmn:conditionExpression><![CDATA[{text}]]></bpmn:conditionExpression>")
            });
            content += &format!(
                r#"<bpmn:sequenceFlow id="f{number}" sourceRef="{from}" targetRef="{to}">{condition}</bpmn:sequenceFlow>"#
            );
            continue;
        }
        let (id, kind) = line.split_once(':').expect("id:kind");
        let default =
            lines.iter().position(|other| other.starts_with(&format!("{id}->")) && other.ends_with('!'));
        let default = default.map_or(String::new(), |number| format!(r#" default="f{number}""#));
        let (kind, argument) = kind.split_once(' ').unwrap_or((kind, ""));
        let extension = |inner: &str| format!("<bpmn:extensionElements>{inner}</bpmn:extensionElements>");
        let timer = |text: &str| match text {
            "due" | "near_due" => extension(&format!(r#"<yihao:timer at="{text}"/>"#)),
            text if text.starts_with('P') => format!("<bpmn:timeDuration>{text}</bpmn:timeDuration>"),
            text if text.contains('T') => format!("<bpmn:timeDate>{text}</bpmn:timeDate>"),
            days => extension(&format!(r#"<yihao:timer working_days="{days}"/>"#)),
        };
        content += &match kind {
            "start" => format!(r#"<bpmn:startEvent id="{id}"/>"#),
            "end" => format!(r#"<bpmn:endEvent id="{id}"/>"#),
            "terminate" => {
                format!(r#"<bpmn:endEvent id="{id}"><bpmn:terminateEventDefinition/></bpmn:endEvent>"#)
            }
            "user" => {
                let candidates = r#"<yihao:candidates capability="case.handle"/>"#;
                format!(
                    r#"<bpmn:userTask id="{id}">{}</bpmn:userTask>"#,
                    extension(&format!("{candidates}{argument}"))
                )
            }
            "service" => {
                let inner = format!(r#"<yihao:service name="{id}.do"/><yihao:property name="k" value="v"/>"#);
                format!(r#"<bpmn:serviceTask id="{id}">{}</bpmn:serviceTask>"#, extension(&inner))
            }
            "xor" => format!(r#"<bpmn:exclusiveGateway id="{id}"{default}/>"#),
            "and" => format!(r#"<bpmn:parallelGateway id="{id}"/>"#),
            "wait" => format!(
                r#"<bpmn:intermediateCatchEvent id="{id}"><bpmn:timerEventDefinition>{}</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"#,
                timer(argument)
            ),
            "boundary" | "interrupt" => {
                let (host, time) = argument.split_once(' ').expect("host and time");
                format!(
                    r#"<bpmn:boundaryEvent id="{id}" attachedToRef="{host}" cancelActivity="{}"><bpmn:timerEventDefinition>{}</bpmn:timerEventDefinition></bpmn:boundaryEvent>"#,
                    kind == "interrupt",
                    timer(time)
                )
            }
            other => panic!("unknown kind {other}"),
        };
    }
    bpmn(&content)
}
