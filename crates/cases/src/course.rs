//! The drawn flow of an order: what is told to the engine, and what its effects mean here.

use std::collections::HashMap;
use std::sync::Arc;

use flow::{Effect, Input, Instance, Model};
use kernel::Timestamp;
use serde_json::{Map, Value};

use crate::case::Step;
use crate::error::CaseError;

/// A published flow, parsed once.
#[derive(Debug)]
pub struct Flow {
    /// Its id, as stored with each order that runs it.
    pub id: String,
    /// The checked model.
    pub model: Model,
    steps: HashMap<String, Step>,
}

impl Flow {
    /// Reads a flow that was published. Every user task stands for a step, named by the task's id or its `step`
    /// property.
    ///
    /// # Errors
    /// When the engine cannot execute it, or a user task stands for no step.
    pub fn parse(id: &str, xml: &str) -> Result<Self, CaseError> {
        let refuse = |reason: String| CaseError::Flow { step: None, reason };
        let model = Model::parse(xml).map_err(|problems| {
            refuse(problems.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>().join("; "))
        })?;
        let mut steps = HashMap::new();
        for (element, _) in model.user_tasks() {
            let step = step_at(element)
                .ok_or_else(|| refuse(format!("the user task {} stands for no step", element.id)))?;
            steps.insert(element.id.clone(), step);
        }
        Ok(Self { id: id.to_owned(), model, steps })
    }

    /// The step that a user task stands for.
    #[must_use]
    pub fn step(&self, element_id: &str) -> Option<Step> {
        self.steps.get(element_id).copied()
    }

    /// The form that the drawing names for a step.
    #[must_use]
    pub fn form_key(&self, step: Step) -> Option<&str> {
        self.model
            .user_tasks()
            .find(|(element, _)| self.step(&element.id) == Some(step))
            .and_then(|(_, task)| task.form.as_deref())
    }

    fn element(&self, step: Step) -> Result<&str, CaseError> {
        self.steps.iter().find(|(_, of)| **of == step).map(|(id, _)| id.as_str()).ok_or_else(|| {
            CaseError::Flow { step: Some(step), reason: "the flow has no user task for it".to_owned() }
        })
    }
}

/// The step that a user task stands for.
pub(crate) fn step_at(element: &flow::Element) -> Option<Step> {
    step_of(element.properties.get("step").unwrap_or(&element.id))
}

/// Names a step as the standard flow does where its word differs from the code.
fn step_of(code: &str) -> Option<Step> {
    Step::parse(code).or(match code {
        "revise" => Some(Step::Amendment),
        "accept" => Some(Step::Acceptance),
        "handle" => Some(Step::Handling),
        "archive" => Some(Step::Closure),
        _ => None,
    })
}

/// What the flow wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// A task opens.
    Open {
        /// The flow's token.
        token: String,
        /// The step.
        step: Step,
        /// The person whose part it is, when several have to do it (会签).
        person_id: Option<String>,
    },
    /// A task is not open any more.
    Close {
        /// The flow's token.
        token: String,
        /// Whether somebody did it; else it was given up.
        done: bool,
    },
    /// A timer of the drawing is to be set.
    SetTimer {
        /// The timer.
        timer_id: String,
        /// When it fires.
        fire_at: Timestamp,
    },
    /// A timer of the drawing is not needed any more.
    CancelTimer {
        /// The timer.
        timer_id: String,
    },
    /// The flow has ended.
    Ended,
}

/// Why a run cannot be moved to another version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// The engine says why.
    #[error(transparent)]
    Engine(#[from] flow::MigrationError),
    /// The task stands for another step there.
    #[error("{0:?} stands for another step in the new version")]
    OtherStep(String),
    /// It could not go on there.
    #[error("the run could not go on there")]
    Stuck,
}

/// One order's run through its flow.
#[derive(Debug)]
pub struct Course {
    flow: Arc<Flow>,
    instance: Instance,
}

impl Course {
    /// Starts a run.
    ///
    /// # Errors
    /// When the flow cannot start.
    pub fn start(
        flow: Arc<Flow>,
        variables: Map<String, Value>,
        now: Timestamp,
    ) -> Result<(Self, Vec<Move>), CaseError> {
        let (instance, effects) = Instance::start(&flow.model, variables, now.0)
            .map_err(|error| CaseError::Flow { step: None, reason: error.to_string() })?;
        let mut course = Self { flow, instance };
        let moves = course.carry_out(effects, now)?;
        Ok((course, moves))
    }

    /// Takes up a stored run.
    ///
    /// # Errors
    /// When what is stored cannot be read.
    pub fn restore(flow: Arc<Flow>, state: &str) -> Result<Self, CaseError> {
        let instance = serde_json::from_str(state)
            .map_err(|error| CaseError::Stored { what: "flow instance", reason: error.to_string() })?;
        Ok(Self { flow, instance })
    }

    /// Returns the run as it is stored.
    #[must_use]
    pub fn state(&self) -> String {
        serde_json::to_string(&self.instance).expect("an instance is plain data")
    }

    /// Returns the flow's id.
    #[must_use]
    pub fn flow_id(&self) -> &str {
        &self.flow.id
    }

    /// Completes a task.
    ///
    /// # Errors
    /// When the flow does not take the action.
    pub fn complete(
        &mut self,
        step: Step,
        token: &str,
        action: &str,
        variables: &Value,
        now: Timestamp,
    ) -> Result<Vec<Move>, CaseError> {
        let input = Input::CompleteTask {
            task_id: token.to_owned(),
            action: action.to_owned(),
            vars: variables.as_object().cloned().unwrap_or_default(),
        };
        self.apply(Some(step), input, now)
    }

    /// Gives up whatever is open and goes on at `step`, also after the end.
    ///
    /// # Errors
    /// When the flow has no such step.
    pub fn jump(&mut self, step: Step, reason: &str, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        let element_id = self.flow.element(step)?.to_owned();
        let reason = reason.to_owned();
        let input = if self.instance.state() == flow::State::Running {
            Input::JumpTo { task_id: None, element_id, reason }
        } else {
            Input::Reopen { element_id, reason }
        };
        self.apply(Some(step), input, now)
    }

    /// Gives up whatever is open; the run ends here and can be taken up again by [`Course::jump`].
    ///
    /// # Errors
    /// When the flow cannot end.
    pub fn cancel(&mut self, reason: &str, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        if self.instance.state() != flow::State::Running {
            return Ok(Vec::new());
        }
        self.apply(None, Input::Cancel { reason: reason.to_owned() }, now)
    }

    /// Tells that a timer of the drawing became due. One that is not pending any more changes nothing.
    ///
    /// # Errors
    /// When the flow cannot go on.
    pub fn fire(&mut self, timer_id: &str, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        if !self.instance.pending_timers().any(|timer| timer.timer_id == timer_id) {
            return Ok(Vec::new());
        }
        self.apply(None, Input::TimerFired { timer_id: timer_id.to_owned() }, now)
    }

    /// Tells that the running limit turned yellow, or was missed: timers drawn on the open tasks for that
    /// moment fire.
    ///
    /// # Errors
    /// When the flow cannot go on.
    pub fn fire_limit(&mut self, missed: bool, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        let due: Vec<String> = self
            .instance
            .pending_timers()
            .filter(|timer| {
                let wanted = if missed { flow::TimerSpec::Due } else { flow::TimerSpec::NearDue };
                self.flow.model.element(timer.element_id).and_then(flow::Element::timer) == Some(&wanted)
            })
            .map(|timer| timer.timer_id.to_owned())
            .collect();
        let mut moves = Vec::new();
        for timer_id in due {
            moves.extend(self.fire(&timer_id, now)?);
        }
        Ok(moves)
    }

    /// Tells the flow what an office does beside the drawing (sent back, taken back, signers added or removed, a message
    /// that came). On an error nothing has changed.
    ///
    /// # Errors
    /// When the flow refuses it.
    pub fn tell(&mut self, input: Input, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        self.apply(None, input, now)
    }

    /// Says whether the flow would take an input now.
    #[must_use]
    pub fn takes(&self, input: &Input) -> bool {
        self.instance.check(&self.flow.model, input).is_ok()
    }

    /// The steps to which an open task can be sent back, the latest first, with the element for [`Input::Return`].
    #[must_use]
    pub fn returnable(&self, token: &str) -> Vec<(Step, String)> {
        let elements = self.instance.returnable(&self.flow.model, token);
        elements
            .into_iter()
            .filter_map(|element| Some((*self.flow.steps.get(element)?, element.to_owned())))
            .collect()
    }

    /// The user tasks of the flow in the order of the file, with the step that each stands for.
    #[must_use]
    pub fn steps(&self) -> Vec<(Step, String)> {
        let tasks = self.flow.model.user_tasks();
        tasks
            .filter_map(|(element, _)| Some((*self.flow.steps.get(&element.id)?, element.id.clone())))
            .collect()
    }

    fn apply(&mut self, step: Option<Step>, input: Input, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        let effects = self.instance.apply(&self.flow.model, input, now.0).map_err(|error| match error {
            flow::FlowError::UnknownAction { element_id, action } => {
                CaseError::NotDrawn { element_id, action }
            }
            error => CaseError::Flow { step, reason: error.to_string() },
        })?;
        self.carry_out(effects, now)
    }

    /// Returns the run, to look at it.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Moves the run to another version of its flow.
    ///
    /// # Errors
    /// When what it rests on has no counterpart there.
    pub fn migrate(
        &mut self,
        to: Arc<Flow>,
        mapping: &std::collections::BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<Vec<Move>, MoveError> {
        for task in self.instance.open_tasks() {
            let there = mapping.get(task.element_id).map_or(task.element_id, String::as_str);
            let (old, new) = (self.flow.step(task.element_id), to.step(there));
            if new.is_some() && old != new {
                return Err(MoveError::OtherStep(task.element_id.to_owned()));
            }
        }
        let (instance, effects) = self.instance.migrate(&self.flow.model, &to.model, mapping, now.0)?;
        let mut moved = Self { flow: to, instance };
        let moves = moved.carry_out(effects, now).map_err(|_| MoveError::Stuck)?;
        *self = moved;
        Ok(moves)
    }

    /// Turns effects into moves. Service tasks mark a moment in the drawing (remind, escalate); what they
    /// stand for is done by the limits, so they are reported as done at once.
    fn carry_out(&mut self, effects: Vec<Effect>, now: Timestamp) -> Result<Vec<Move>, CaseError> {
        let mut moves = Vec::new();
        for effect in effects {
            match effect {
                Effect::OpenTask { task_id, element_id, locals, .. } => {
                    let step = *self.flow.steps.get(&element_id).ok_or_else(|| CaseError::Flow {
                        step: None,
                        reason: format!("the user task {element_id} stands for no step"),
                    })?;
                    let person_id = locals.get("person_id").and_then(Value::as_str).map(str::to_owned);
                    moves.push(Move::Open { token: task_id, step, person_id });
                }
                Effect::CloseTask { task_id, outcome, .. } => moves.push(Move::Close {
                    token: task_id,
                    done: matches!(outcome, flow::TaskOutcome::Completed { .. }),
                }),
                Effect::SetTimer { timer_id, due_at: Some(at), .. } => {
                    moves.push(Move::SetTimer { timer_id, fire_at: Timestamp(at) });
                }
                // Timers at a limit fire with the limit; see `fire_limit`.
                Effect::SetTimer { .. } => {}
                Effect::CancelTimer { timer_id } => moves.push(Move::CancelTimer { timer_id }),
                Effect::CallService { call_id, .. } => {
                    let done = Input::ServiceDone { call_id, vars: Map::new() };
                    let more = self
                        .instance
                        .apply(&self.flow.model, done, now.0)
                        .map_err(|error| CaseError::Flow { step: None, reason: error.to_string() })?;
                    moves.extend(self.carry_out(more, now)?);
                }
                Effect::Incident(incident) => {
                    return Err(CaseError::Flow {
                        step: None,
                        reason: format!(
                            "{:?} at {}: {}",
                            incident.code, incident.element_id, incident.message
                        ),
                    });
                }
                Effect::Ended { .. } | Effect::Cancelled { .. } => moves.push(Move::Ended),
                Effect::Entered { .. }
                | Effect::Joined { .. }
                | Effect::CancelService { .. }
                | Effect::SendMessage { .. }
                | Effect::SendSignal { .. }
                | Effect::Escalated { .. } => {}
            }
        }
        Ok(moves)
    }
}
