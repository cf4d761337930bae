//! The token machine: moves tokens until each of them waits for something.
//!
//! Every input is checked in full before anything is changed, so that a refused input leaves the instance as it was.

mod enter;
mod event;
mod gateway;
mod office;
mod permit;
mod scope;
mod several;

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::condition::Facts;
use crate::exchange::{Effect, FlowError, Input, TaskOutcome};
use crate::instance::{
    BoundaryTimer, Done, Incident, IncidentCode, Inner, Instance, Origin, Place, State, Token,
};
use crate::model::{ElementKind, Event, Model, TimerSpec};

/// The most elements entered for one input. The longest honest chain without a wait is the size of a model.
const MAX_STEPS: usize = 2_000;
/// The most tokens of an instance.
const MAX_TOKENS: usize = 1_000;
/// The most completed tasks that are remembered for sending back and taking back.
const MAX_DONE: usize = 200;

impl Instance {
    /// Starts a run and moves it to where it first waits.
    ///
    /// # Errors
    /// [`FlowError::ReservedVariable`] or [`FlowError::TooManyVariables`].
    pub fn start(
        model: &Model,
        vars: Map<String, Value>,
        now_ms: i64,
    ) -> Result<(Self, Vec<Effect>), FlowError> {
        let mut instance = Self {
            model_id: model.id.clone(),
            state: State::Running,
            variables: model.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            action: None,
            outcomes: Default::default(),
            tokens: Vec::new(),
            ids: 0,
            scopes: Vec::new(),
            timers: Vec::new(),
            done: VecDeque::new(),
            taken: Default::default(),
        };
        instance.check_variables(&vars)?;
        instance.variables.extend(vars);
        let mut run = Run::new(model, &mut instance, now_ms);
        run.instance.timers = run.set_event_timers(0);
        run.begin_scope(0, Origin::default());
        let effects = run.finish();
        Ok((instance, effects))
    }

    /// Applies an input and moves the tokens until all of them wait.
    ///
    /// # Errors
    /// Any [`FlowError`]; the instance is unchanged then.
    pub fn apply(&mut self, model: &Model, input: Input, now_ms: i64) -> Result<Vec<Effect>, FlowError> {
        self.check(model, &input)?;
        let mut run = Run::new(model, self, now_ms);
        match input {
            Input::CompleteTask { task_id, action, vars } => run.complete_task(&task_id, action, vars),
            Input::TimerFired { timer_id } => run.fire_timer(&timer_id),
            Input::ServiceDone { call_id, vars } => run.finish_call(&call_id, vars),
            Input::ServiceFailed { call_id, message } => run.fail_call(&call_id, None, &message),
            Input::ServiceError { call_id, code, message } => run.fail_call(&call_id, Some(code), &message),
            Input::Message { name, vars } => {
                run.instance.variables.extend(vars);
                run.deliver(&Event::Message(name));
            }
            Input::Signal { name, vars } => {
                run.instance.variables.extend(vars);
                run.deliver(&Event::Signal(name));
            }
            Input::Retry { incident_id, vars } => run.retry(&incident_id, vars),
            Input::SetVariables { vars } => run.instance.variables.extend(vars),
            Input::JumpTo { task_id, element_id, reason } => {
                run.jump(task_id.as_deref(), &element_id, &reason)
            }
            Input::Return { task_id, element_id, reason } => run.send_back(&task_id, &element_id, &reason),
            Input::TakeBack { task_id, reason } => run.take_back(&task_id, &reason),
            Input::AddSigner { task_id, item } => run.add_signer(&task_id, item),
            Input::RemoveSigner { task_id, reason } => run.remove_signer(&task_id, &reason),
            Input::Cancel { reason } => run.cancel(reason),
            Input::Reopen { element_id, .. } => {
                run.instance.state = State::Running;
                run.instance.timers = run.set_event_timers(0);
                run.enter_from_outside(&element_id, None);
            }
        }
        Ok(run.finish())
    }

    pub(crate) fn task_at(&self, id: &str) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Task { task_id, .. } if task_id == id))
    }

    pub(crate) fn call_at(&self, id: &str) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Service { call_id, .. } if call_id == id))
    }

    pub(crate) fn incident_at(&self, id: &str) -> Option<usize> {
        self.tokens.iter().position(
            |token| matches!(&token.place, Place::Repair { incident, .. } if incident.incident_id == id),
        )
    }

    pub(crate) fn several_at(&self, id: &str) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Several { multi_id, .. } if multi_id == id))
    }
}

/// A token on its way. Indices point into the model.
#[derive(Debug)]
struct Moving {
    to: usize,
    via: Option<usize>,
    origin: Origin,
    inner: Option<Inner>,
}

/// One call of [`Instance::apply`].
struct Run<'a> {
    model: &'a Model,
    instance: &'a mut Instance,
    now_ms: i64,
    moving: VecDeque<Moving>,
    effects: Vec<Effect>,
    last_end: Option<usize>,
}

impl<'a> Run<'a> {
    fn new(model: &'a Model, instance: &'a mut Instance, now_ms: i64) -> Self {
        Self { model, instance, now_ms, moving: VecDeque::new(), effects: Vec::new(), last_end: None }
    }

    fn complete_task(&mut self, task_id: &str, action: String, vars: Map<String, Value>) {
        let Some(at) = self.instance.task_at(task_id) else { return };
        self.instance.variables.extend(vars);
        let token = self.take(at, &TaskOutcome::Completed { action: action.clone() });
        self.instance.outcomes.insert(token.element_id.clone(), action.clone());
        self.instance.action = Some(action.clone());
        self.instance.done.push_back(Done {
            task_id: task_id.to_owned(),
            element_id: token.element_id.clone(),
            from: token.origin.from.clone(),
            scope: token.origin.scope.clone(),
            one_of_several: token.inner.is_some(),
        });
        if self.instance.done.len() > MAX_DONE {
            self.instance.done.pop_front();
        }
        let origin = Origin { from: Some(task_id.to_owned()), joined: false, ..token.origin };
        self.complete(&token.element_id, origin, token.inner, Some(&action));
    }

    fn finish_call(&mut self, call_id: &str, vars: Map<String, Value>) {
        let Some(at) = self.instance.call_at(call_id) else { return };
        self.instance.variables.extend(vars);
        let token = self.remove(at);
        self.complete(&token.element_id, token.origin, token.inner, None);
    }

    fn fail_call(&mut self, call_id: &str, code: Option<String>, message: &str) {
        let Some(at) = self.instance.call_at(call_id) else { return };
        if code.is_some() && self.raise_at(at, &Event::Error(code.clone())) {
            return;
        }
        let token = self.remove(at);
        let message = message.chars().take(500).collect();
        let to = self.model.by_id.get(&token.element_id).copied().unwrap_or_default();
        let moving = Moving { to, via: None, origin: token.origin, inner: token.inner };
        self.strand(moving, IncidentCode::ServiceFailed, message);
    }

    fn retry(&mut self, incident_id: &str, vars: Map<String, Value>) {
        let Some(at) = self.instance.incident_at(incident_id) else { return };
        self.instance.variables.extend(vars);
        let token = self.instance.tokens.remove(at);
        let via = match token.place {
            Place::Repair { flow_id: Some(id), .. } => self.model.flows.iter().position(|flow| flow.id == id),
            _ => None,
        };
        if let Some(to) = self.model.by_id.get(&token.element_id).copied() {
            self.moving.push_back(Moving { to, via, origin: token.origin, inner: token.inner });
        }
    }

    fn cancel(&mut self, reason: String) {
        self.take_all(&TaskOutcome::Cancelled { reason: reason.clone() });
        self.instance.state = State::Cancelled;
        self.effects.push(Effect::Cancelled { reason });
    }

    /// Moves tokens until all of them rest, then looks whether that is the end.
    fn finish(mut self) -> Vec<Effect> {
        let mut steps = 0;
        loop {
            while let Some(moving) = self.moving.pop_front() {
                if !self.is_wanted(&moving) {
                    continue;
                }
                steps += 1;
                if steps > MAX_STEPS {
                    let message = format!("more than {MAX_STEPS} steps without a wait");
                    self.strand(moving, IncidentCode::StepLimit, message);
                } else {
                    self.enter(moving);
                }
            }
            if self.instance.state != State::Running {
                return self.effects;
            }
            if !self.fire_inclusive() && !self.close_finished_scope() {
                break;
            }
        }
        if self.instance.tokens.is_empty() {
            self.instance.state = State::Ended;
            self.cancel_event_timers(None);
            let element_id = self.last_end.map(|end| self.model.elements[end].id.clone()).unwrap_or_default();
            self.effects.push(Effect::Ended { element_id });
        } else {
            self.strand_starved_joins();
        }
        self.effects
    }

    /// Whether what a token is on its way for is still there.
    fn is_wanted(&self, moving: &Moving) -> bool {
        let has_scope = moving
            .origin
            .scope
            .as_ref()
            .is_none_or(|id| self.instance.scopes.iter().any(|scope| scope.id == *id));
        has_scope
            && moving.inner.as_ref().is_none_or(|inner| self.instance.several_at(&inner.multi_id).is_some())
    }

    /// Goes on after an activity is done.
    fn complete(&mut self, element_id: &str, origin: Origin, inner: Option<Inner>, action: Option<&str>) {
        match inner {
            Some(inner) => self.one_of_several_done(&inner, origin, action),
            None => {
                if let Some(at) = self.model.by_id.get(element_id) {
                    self.leave(*at, origin);
                }
            }
        }
    }

    fn strand(&mut self, moving: Moving, code: IncidentCode, message: String) {
        let element_id = self.model.elements[moving.to].id.clone();
        let incident_id = self.next_id("incident");
        let incident = Incident { incident_id, element_id, code, message };
        self.effects.push(Effect::Incident(incident.clone()));
        let flow_id = moving.via.map(|flow| self.model.flows[flow].id.clone());
        self.rest(moving, Map::new(), Place::Repair { incident, flow_id });
    }

    fn go(&mut self, flow: usize, origin: Origin) {
        let id = &self.model.flows[flow].id;
        if !self.instance.taken.contains(id) {
            self.instance.taken.insert(id.clone());
        }
        let to = self.model.flows[flow].target;
        self.moving.push_back(Moving { to, via: Some(flow), origin, inner: None });
    }

    fn rest(&mut self, moving: Moving, locals: Map<String, Value>, place: Place) {
        let element_id = self.model.elements[moving.to].id.clone();
        let Moving { origin, inner, .. } = moving;
        self.instance.tokens.push(Token { element_id, origin, inner, locals, place });
    }

    /// What conditions see from within a scope.
    fn facts(&self, scope: Option<&str>, locals: &Map<String, Value>) -> Facts {
        let instance = &*self.instance;
        let mut seen = Map::new();
        let mut at = scope;
        let mut around = Vec::new();
        while let Some(run) = at.and_then(|id| instance.scopes.iter().find(|run| run.id == id)) {
            around.push(&run.locals);
            at = run.parent.as_deref();
        }
        for found in around.into_iter().rev().chain([locals]) {
            seen.extend(found.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Facts::new(&instance.variables, &seen, instance.action.as_deref(), instance.outcomes.iter())
    }

    /// Takes a token off its place after it did what it was for.
    fn remove(&mut self, at: usize) -> Token {
        let token = self.instance.tokens.remove(at);
        for timer in token.place.timers() {
            self.effects.push(Effect::CancelTimer { timer_id: timer.timer_id.clone() });
        }
        token
    }

    /// Takes a token off its place, with whatever is inside it, and tells the host what that ends.
    fn take(&mut self, at: usize, outcome: &TaskOutcome) -> Token {
        let token = self.instance.tokens.remove(at);
        match &token.place {
            Place::Task { task_id, .. } => self.effects.push(Effect::CloseTask {
                task_id: task_id.clone(),
                element_id: token.element_id.clone(),
                outcome: outcome.clone(),
            }),
            Place::Timer { timer_id } => {
                self.effects.push(Effect::CancelTimer { timer_id: timer_id.clone() })
            }
            Place::Service { call_id, .. } => {
                self.effects.push(Effect::CancelService { call_id: call_id.clone() })
            }
            Place::Scope { scope_id, .. } => self.take_scope(&scope_id.clone(), outcome),
            Place::Several { multi_id, .. } => self.take_several(&multi_id.clone(), outcome),
            Place::Event { .. } | Place::Events { .. } | Place::Join { .. } | Place::Repair { .. } => {}
        }
        for timer in token.place.timers() {
            self.effects.push(Effect::CancelTimer { timer_id: timer.timer_id.clone() });
        }
        token
    }

    fn take_all(&mut self, outcome: &TaskOutcome) {
        self.moving.clear();
        while !self.instance.tokens.is_empty() {
            self.take(0, outcome);
        }
        self.instance.scopes.clear();
        self.cancel_event_timers(None);
    }

    fn set_timer(&mut self, element_id: &str, task_id: Option<&str>, spec: &TimerSpec) -> String {
        let timer_id = self.next_id("timer");
        let due_at = match spec {
            TimerSpec::Duration { duration_ms } | TimerSpec::Cycle { duration_ms, .. } => {
                Some(self.now_ms.saturating_add(*duration_ms))
            }
            TimerSpec::Date { at_ms } => Some(*at_ms),
            TimerSpec::WorkingDays { .. } | TimerSpec::NearDue | TimerSpec::Due => None,
        };
        self.effects.push(Effect::SetTimer {
            timer_id: timer_id.clone(),
            element_id: element_id.to_owned(),
            task_id: task_id.map(str::to_owned),
            spec: spec.clone(),
            due_at,
        });
        timer_id
    }

    /// Sets the timers attached to an activity.
    fn set_boundary(&mut self, element: usize, task_id: Option<&str>) -> Vec<BoundaryTimer> {
        let model = self.model;
        let mut timers = Vec::new();
        for index in &model.elements[element].boundary {
            let boundary = &model.elements[*index];
            if let Some(spec) = boundary.timer() {
                let once = matches!(boundary.kind, ElementKind::Boundary { interrupting: true, .. });
                timers.push(self.set_repeated(&boundary.id, task_id, spec, once));
            }
        }
        timers
    }

    fn set_repeated(
        &mut self,
        element_id: &str,
        task_id: Option<&str>,
        spec: &TimerSpec,
        once: bool,
    ) -> BoundaryTimer {
        let timer_id = self.set_timer(element_id, task_id, spec);
        let again = match spec {
            TimerSpec::Cycle { times: None, .. } if !once => Some(u32::MAX),
            TimerSpec::Cycle { times: Some(times), .. } if !once && *times > 1 => Some(times - 1),
            _ => None,
        };
        BoundaryTimer { timer_id, element_id: element_id.to_owned(), again }
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.instance.ids += 1;
        format!("{kind}-{}", self.instance.ids)
    }
}
