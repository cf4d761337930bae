//! A run in which nobody has to wait: what is executed, and in which order.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::exchange::{Effect, FlowError, Input};
use crate::instance::{Incident, Instance, Place, State};
use crate::model::{ElementKind, Event, Model};

/// The most inputs to a traced run. A flow that wants more goes round in a circle.
const MAX_INPUTS: usize = 5_000;
/// The most elements that are listed.
const MAX_ELEMENTS: usize = 20_000;

/// What ran.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The ids of the elements in the order in which they were entered; a join is listed once, when it lets go.
    pub elements: Vec<String>,
    /// Whether the run came to an end.
    pub ended: bool,
    /// What it waits for or goes wrong at, when it did not end: element ids.
    pub waiting: Vec<String>,
    /// What went wrong.
    pub incidents: Vec<Incident>,
    /// Whether it was stopped because it goes round without end.
    pub endless: bool,
}

/// Runs a model in which every task completes at once (by its first completing action) and every timer fires at once.
///
/// Tasks, services and intermediate timers go on in the order in which they were reached. Only when nothing else can go on,
/// a timer behind an event-based gateway or attached to an activity fires, the earliest first; and when there is none, a
/// message or signal that is waited for comes.
///
/// # Errors
/// When the variables can't be taken.
pub fn trace(model: &Model, vars: Map<String, Value>) -> Result<Trace, FlowError> {
    let (mut instance, effects) = Instance::start(model, vars, 0)?;
    let mut walk = Walk { model, trace: Vec::new(), ready: VecDeque::new(), timers: Vec::new(), now_ms: 0 };
    walk.hear(&effects);
    let mut inputs = 0;
    let mut endless = false;
    while instance.state() == State::Running {
        inputs += 1;
        if inputs > MAX_INPUTS || walk.trace.len() > MAX_ELEMENTS {
            endless = true;
            break;
        }
        let Some(input) = walk.next(&instance) else { break };
        // What is not open any more has been closed meanwhile.
        if let Ok(effects) = instance.apply(model, input, walk.now_ms) {
            walk.hear(&effects);
        }
    }
    let incidents: Vec<Incident> = instance.incidents().cloned().collect();
    endless |= incidents.iter().any(|incident| incident.code == crate::IncidentCode::StepLimit);
    let mut waiting: Vec<String> = instance.active_elements().map(str::to_owned).collect();
    waiting.dedup();
    let mut elements = walk.trace;
    elements.truncate(MAX_ELEMENTS);
    Ok(Trace { elements, ended: instance.state() == State::Ended, waiting, incidents, endless })
}

struct Walk<'m> {
    model: &'m Model,
    trace: Vec<String>,
    ready: VecDeque<Input>,
    /// Timers that are raced by something else: instant and id.
    timers: Vec<(i64, String)>,
    now_ms: i64,
}

impl Walk<'_> {
    fn hear(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Entered { element_id, .. } if !self.joins(element_id) => {
                    self.trace.push(element_id.clone());
                    self.expect_message(element_id);
                }
                Effect::Joined { element_id } => self.trace.push(element_id.clone()),
                Effect::OpenTask { task_id, task, .. } => {
                    let action = task.actions.iter().find(|action| action.completes);
                    self.ready.push_back(Input::CompleteTask {
                        task_id: task_id.clone(),
                        action: action.map(|action| action.name.clone()).unwrap_or_default(),
                        vars: Map::new(),
                    });
                }
                Effect::CallService { call_id, .. } => {
                    self.ready.push_back(Input::ServiceDone { call_id: call_id.clone(), vars: Map::new() });
                }
                Effect::SetTimer { timer_id, element_id, due_at, .. } => {
                    let kind = self.model.element(element_id).map(|element| &element.kind);
                    let alone = matches!(kind, Some(ElementKind::Catch { .. })) && !self.is_raced(element_id);
                    if alone {
                        self.ready.push_back(Input::TimerFired { timer_id: timer_id.clone() });
                    } else {
                        self.timers.push((due_at.unwrap_or(i64::MAX), timer_id.clone()));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a gateway waits for several tokens, so that entering it is not yet running it.
    fn joins(&self, element_id: &str) -> bool {
        self.model.element(element_id).is_some_and(|element| {
            element.incoming.len() > 1
                && matches!(element.kind, ElementKind::ParallelGateway | ElementKind::InclusiveGateway)
        })
    }

    fn is_raced(&self, element_id: &str) -> bool {
        self.model.element(element_id).is_some_and(|element| {
            element.incoming.iter().any(|flow| {
                let source = self.model.flows[*flow].source;
                matches!(self.model.elements[source].kind, ElementKind::EventGateway)
            })
        })
    }

    /// A receive task is a task: it completes at once.
    fn expect_message(&mut self, element_id: &str) {
        if let Some(ElementKind::ReceiveTask { message }) =
            self.model.element(element_id).map(|element| &element.kind)
            && !self.is_raced(element_id)
        {
            self.ready.push_back(Input::Message { name: message.clone(), vars: Map::new() });
        }
    }

    fn next(&mut self, instance: &Instance) -> Option<Input> {
        if let Some(input) = self.ready.pop_front() {
            return Some(input);
        }
        let pending: Vec<&str> = instance.pending_timers().map(|timer| timer.timer_id).collect();
        self.timers.retain(|(_, id)| pending.contains(&id.as_str()));
        let earliest = (0..self.timers.len()).min_by_key(|at| (self.timers[*at].0, *at));
        if let Some(at) = earliest {
            let (due_at, timer_id) = self.timers.remove(at);
            if due_at != i64::MAX {
                self.now_ms = self.now_ms.max(due_at);
            }
            return Some(Input::TimerFired { timer_id });
        }
        instance.tokens.iter().find_map(|token| self.awaited(token))
    }

    /// The message or signal for which a token waits.
    fn awaited(&self, token: &crate::instance::Token) -> Option<Input> {
        let element = self.model.element(&token.element_id)?;
        let wanted = match &token.place {
            Place::Event { .. } => vec![element],
            Place::Events { .. } => element
                .outgoing
                .iter()
                .map(|flow| &self.model.elements[self.model.flows[*flow].target])
                .collect(),
            _ => Vec::new(),
        };
        wanted.into_iter().find_map(|element| match (&element.kind, element.kind.event()) {
            (ElementKind::ReceiveTask { message }, _) => {
                Some(Input::Message { name: message.clone(), vars: Map::new() })
            }
            (_, Some(Event::Message(name))) => Some(Input::Message { name: name.clone(), vars: Map::new() }),
            (_, Some(Event::Signal(name))) => Some(Input::Signal { name: name.clone(), vars: Map::new() }),
            _ => None,
        })
    }
}
