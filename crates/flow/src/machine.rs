//! The token machine: moves tokens until each of them waits for something.
//!
//! Every input is checked in full before anything is changed, so that a refused input leaves the instance as it was.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::condition::{ConditionError, Facts};
use crate::instance::{
    BoundaryTimer, Effect, FlowError, Incident, IncidentCode, Input, Instance, MAX_VARIABLES, Place, State,
    TaskOutcome, Token, is_reserved,
};
use crate::model::{ElementKind, Model, TimerSpec, UserTask};

/// The most elements entered for one input. The longest honest chain without a wait is the size of a model.
const MAX_STEPS: usize = 2_000;
/// The most tokens of an instance.
const MAX_TOKENS: usize = 1_000;

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
        };
        instance.check_variables(&vars)?;
        instance.variables.extend(vars);
        let mut run = Run::new(model, &mut instance, now_ms);
        run.moving.push_back(Moving { to: model.start, via: None, source_task_id: None });
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
            Input::ServiceFailed { call_id, message } => run.fail_call(&call_id, &message),
            Input::Retry { incident_id, vars } => run.retry(&incident_id, vars),
            Input::SetVariables { vars } => run.instance.variables.extend(vars),
            Input::JumpTo { task_id, element_id, reason } => {
                run.jump(task_id.as_deref(), &element_id, &reason)
            }
            Input::Cancel { reason } => run.cancel(reason),
            Input::Reopen { element_id, .. } => run.reopen(&element_id),
        }
        Ok(run.finish())
    }

    fn check(&self, model: &Model, input: &Input) -> Result<(), FlowError> {
        if self.model_id != model.id {
            return Err(FlowError::OtherModel { expected: self.model_id.clone(), given: model.id.clone() });
        }
        if let Some(token) = self.tokens.iter().find(|token| !fits(model, token)) {
            return Err(FlowError::ElementGone(token.element_id.clone()));
        }
        match (self.state, input) {
            (State::Running, Input::Reopen { .. }) => return Err(FlowError::StillRunning),
            (State::Running, _) | (_, Input::Reopen { .. }) => {}
            _ => return Err(FlowError::NotRunning),
        }
        match input {
            Input::CompleteTask { task_id, action, vars } => {
                let at = self.task_at(task_id).ok_or_else(|| FlowError::UnknownTask(task_id.clone()))?;
                let element_id = &self.tokens[at].element_id;
                let declared =
                    user_task(model, element_id).map(|task| task.actions.as_slice()).unwrap_or_default();
                if !declared.is_empty()
                    && !declared.iter().any(|known| known.completes && known.name == *action)
                {
                    let (element_id, action) = (element_id.clone(), action.clone());
                    return Err(FlowError::UnknownAction { element_id, action });
                }
                self.check_variables(vars)
            }
            Input::TimerFired { timer_id } => self
                .pending_timers()
                .any(|timer| timer.timer_id == timer_id)
                .then_some(())
                .ok_or_else(|| FlowError::UnknownTimer(timer_id.clone())),
            Input::ServiceDone { call_id, .. } | Input::ServiceFailed { call_id, .. } => {
                self.call_at(call_id).ok_or_else(|| FlowError::UnknownCall(call_id.clone()))?;
                match input {
                    Input::ServiceDone { vars, .. } => self.check_variables(vars),
                    _ => Ok(()),
                }
            }
            Input::Retry { incident_id, vars } => {
                self.incident_at(incident_id)
                    .ok_or_else(|| FlowError::UnknownIncident(incident_id.clone()))?;
                self.check_variables(vars)
            }
            Input::SetVariables { vars } => self.check_variables(vars),
            Input::JumpTo { task_id, element_id, .. } => {
                if let Some(task_id) = task_id {
                    self.task_at(task_id).ok_or_else(|| FlowError::UnknownTask(task_id.clone()))?;
                }
                user_task(model, element_id)
                    .map(|_| ())
                    .ok_or_else(|| FlowError::NotAUserTask(element_id.clone()))
            }
            Input::Reopen { element_id, .. } => user_task(model, element_id)
                .map(|_| ())
                .ok_or_else(|| FlowError::NotAUserTask(element_id.clone())),
            Input::Cancel { .. } => Ok(()),
        }
    }

    fn check_variables(&self, vars: &Map<String, Value>) -> Result<(), FlowError> {
        if let Some(name) = vars.keys().find(|name| is_reserved(name)) {
            return Err(FlowError::ReservedVariable(name.clone()));
        }
        let added = vars.keys().filter(|name| !self.variables.contains_key(*name)).count();
        if self.variables.len() + added > MAX_VARIABLES { Err(FlowError::TooManyVariables) } else { Ok(()) }
    }

    fn task_at(&self, id: &str) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Task { task_id, .. } if task_id == id))
    }

    fn call_at(&self, id: &str) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Service { call_id } if call_id == id))
    }

    fn incident_at(&self, id: &str) -> Option<usize> {
        self.tokens.iter().position(
            |token| matches!(&token.place, Place::Repair { incident, .. } if incident.incident_id == id),
        )
    }
}

fn user_task<'a>(model: &'a Model, element_id: &str) -> Option<&'a UserTask> {
    match &model.element(element_id)?.kind {
        ElementKind::UserTask(task) => Some(task),
        _ => None,
    }
}

/// Says whether the model has what a stored token rests on. It always does, unless the host gives another version.
fn fits(model: &Model, token: &Token) -> bool {
    let Some(element) = model.element(&token.element_id) else { return false };
    let has_flow = |id: &str| element.incoming.iter().any(|flow| model.flows[*flow].id == id);
    match (&token.place, &element.kind) {
        (Place::Task { timers, .. }, ElementKind::UserTask(_)) => timers.iter().all(|timer| {
            element.boundary.iter().any(|boundary| model.elements[*boundary].id == timer.element_id)
        }),
        (Place::Service { .. }, ElementKind::ServiceTask { .. })
        | (Place::Timer { .. }, ElementKind::TimerCatch { .. }) => true,
        (Place::Join { flow_id }, ElementKind::ParallelGateway) => has_flow(flow_id),
        (Place::Repair { flow_id, .. }, kind) => {
            !matches!(kind, ElementKind::BoundaryTimer { .. }) && flow_id.as_deref().is_none_or(has_flow)
        }
        _ => false,
    }
}

/// A token on its way. Indices point into the model.
struct Moving {
    to: usize,
    via: Option<usize>,
    source_task_id: Option<String>,
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
        self.instance.action = Some(action);
        self.leave(&token.element_id, token.source_task_id);
    }

    fn fire_timer(&mut self, timer_id: &str) {
        let tokens = &mut self.instance.tokens;
        if let Some(at) = tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Timer { timer_id: id } if id == timer_id))
        {
            let token = tokens.remove(at);
            self.leave(&token.element_id, token.source_task_id);
            return;
        }
        let on_task = tokens.iter_mut().enumerate().find_map(|(at, token)| {
            let Place::Task { task_id, timers, .. } = &mut token.place else { return None };
            let which = timers.iter().position(|timer| timer.timer_id == timer_id)?;
            Some((at, task_id.clone(), timers.remove(which).element_id))
        });
        let Some((at, task_id, boundary_id)) = on_task else { return };
        let interrupting = self.model.element(&boundary_id).is_some_and(|boundary| {
            matches!(boundary.kind, ElementKind::BoundaryTimer { interrupting: true, .. })
        });
        if interrupting {
            self.take(at, &TaskOutcome::Interrupted { by_element_id: boundary_id.clone() });
        }
        self.effects.push(Effect::Entered { element_id: boundary_id.clone(), flow_id: None });
        self.leave(&boundary_id, Some(task_id));
    }

    fn finish_call(&mut self, call_id: &str, vars: Map<String, Value>) {
        let Some(at) = self.instance.call_at(call_id) else { return };
        self.instance.variables.extend(vars);
        let token = self.instance.tokens.remove(at);
        self.leave(&token.element_id, token.source_task_id);
    }

    fn fail_call(&mut self, call_id: &str, message: &str) {
        let Some(at) = self.instance.call_at(call_id) else { return };
        let token = self.instance.tokens.remove(at);
        let message = message.chars().take(500).collect();
        self.strand(&token.element_id, None, token.source_task_id, IncidentCode::ServiceFailed, message);
    }

    fn retry(&mut self, incident_id: &str, vars: Map<String, Value>) {
        let Some(at) = self.instance.incident_at(incident_id) else { return };
        self.instance.variables.extend(vars);
        let token = self.instance.tokens.remove(at);
        let via = match token.place {
            Place::Repair { flow_id: Some(id), .. } => self.model.flows.iter().position(|flow| flow.id == id),
            _ => None,
        };
        self.enter_next(&token.element_id, via, token.source_task_id);
    }

    fn jump(&mut self, task_id: Option<&str>, element_id: &str, reason: &str) {
        let outcome = TaskOutcome::Jumped { to_element_id: element_id.to_owned(), reason: reason.to_owned() };
        match task_id {
            Some(task_id) => {
                let Some(at) = self.instance.task_at(task_id) else { return };
                self.take(at, &outcome);
            }
            None => self.take_all(&outcome),
        }
        self.enter_next(element_id, None, None);
    }

    fn cancel(&mut self, reason: String) {
        self.take_all(&TaskOutcome::Cancelled { reason: reason.clone() });
        self.instance.state = State::Cancelled;
        self.effects.push(Effect::Cancelled { reason });
    }

    fn reopen(&mut self, element_id: &str) {
        self.instance.state = State::Running;
        self.enter_next(element_id, None, None);
    }

    /// Moves tokens until all of them rest, then looks whether that is the end.
    fn finish(mut self) -> Vec<Effect> {
        let mut steps = 0;
        while let Some(moving) = self.moving.pop_front() {
            steps += 1;
            if steps > MAX_STEPS {
                let element_id = self.model.elements[moving.to].id.clone();
                let message = format!("more than {MAX_STEPS} steps without a wait");
                self.strand(&element_id, moving.via, moving.source_task_id, IncidentCode::StepLimit, message);
            } else {
                self.enter(moving);
            }
        }
        if self.instance.state == State::Running {
            if self.instance.tokens.is_empty() {
                self.instance.state = State::Ended;
                let element_id =
                    self.last_end.map(|end| self.model.elements[end].id.clone()).unwrap_or_default();
                self.effects.push(Effect::Ended { element_id });
            } else {
                self.strand_starved_joins();
            }
        }
        self.effects
    }

    fn enter(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        self.effects.push(Effect::Entered {
            element_id: element.id.clone(),
            flow_id: moving.via.map(|flow| model.flows[flow].id.clone()),
        });
        match &element.kind {
            ElementKind::Start | ElementKind::BoundaryTimer { .. } => {
                self.leave(&element.id, moving.source_task_id)
            }
            ElementKind::End { terminate } => {
                self.last_end = Some(moving.to);
                if *terminate {
                    self.take_all(&TaskOutcome::Terminated);
                }
            }
            ElementKind::UserTask(task) => self.open_task(moving, task),
            ElementKind::ServiceTask { service } => {
                let call_id = self.next_id("call");
                self.effects.push(Effect::CallService {
                    call_id: call_id.clone(),
                    element_id: element.id.clone(),
                    service: service.clone(),
                    properties: element.properties.clone(),
                    source_task_id: moving.source_task_id.clone(),
                });
                self.rest(&element.id, moving.source_task_id, Place::Service { call_id });
            }
            ElementKind::TimerCatch { timer } => {
                let timer_id = self.set_timer(&element.id, None, timer);
                self.rest(&element.id, moving.source_task_id, Place::Timer { timer_id });
            }
            ElementKind::ExclusiveGateway { default } => self.choose(moving, *default),
            ElementKind::ParallelGateway => self.join(moving),
        }
    }

    fn open_task(&mut self, moving: Moving, task: &UserTask) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let task_id = self.next_id("task");
        self.effects.push(Effect::OpenTask {
            task_id: task_id.clone(),
            element_id: element.id.clone(),
            name: element.name.clone(),
            task: Box::new(task.clone()),
            properties: element.properties.clone(),
        });
        let mut timers = Vec::new();
        for index in &element.boundary {
            let boundary = &model.elements[*index];
            if let ElementKind::BoundaryTimer { timer, .. } = &boundary.kind {
                let timer_id = self.set_timer(&boundary.id, Some(&task_id), timer);
                timers.push(BoundaryTimer { timer_id, element_id: boundary.id.clone() });
            }
        }
        let opened_at = self.now_ms;
        self.rest(&element.id, moving.source_task_id, Place::Task { task_id, opened_at, timers });
    }

    fn set_timer(&mut self, element_id: &str, task_id: Option<&str>, spec: &TimerSpec) -> String {
        let timer_id = self.next_id("timer");
        let due_at = match spec {
            TimerSpec::Duration { duration_ms } => Some(self.now_ms.saturating_add(*duration_ms)),
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

    /// Takes the first way out of an exclusive gateway whose condition holds, in the order of the file.
    fn choose(&mut self, moving: Moving, default: Option<usize>) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let mut chosen = default;
        if element.outgoing.iter().any(|flow| model.flows[*flow].condition.is_some()) {
            let instance = &*self.instance;
            let facts = Facts::new(&instance.variables, instance.action.as_deref(), instance.outcomes.iter());
            for index in &element.outgoing {
                let flow = &model.flows[*index];
                let Some(condition) = &flow.condition else { continue };
                match condition.holds(&facts) {
                    Ok(true) => {
                        chosen = Some(*index);
                        break;
                    }
                    Ok(false) => {}
                    Err(ConditionError(error)) => {
                        let message = format!("{}: {}: {error}", flow.id, condition.source());
                        let code = IncidentCode::ConditionFailed;
                        self.strand(&element.id, moving.via, moving.source_task_id, code, message);
                        return;
                    }
                }
            }
        } else if chosen.is_none() {
            chosen = element.outgoing.first().copied();
        }
        match chosen {
            Some(flow) => self.go(flow, moving.source_task_id),
            None => {
                let message = "no condition holds and there is no default flow".to_owned();
                self.strand(&element.id, moving.via, moving.source_task_id, IncidentCode::NoWayOut, message);
            }
        }
    }

    /// Lets a token wait for its fellows at a parallel gateway; when there is one on each way in, they become one.
    fn join(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        if let Some(via) = moving.via
            && element.incoming.len() > 1
        {
            let place = Place::Join { flow_id: model.flows[via].id.clone() };
            self.rest(&element.id, moving.source_task_id, place);
            let waiting: Option<Vec<usize>> = element
                .incoming
                .iter()
                .map(|flow| {
                    let id = &model.flows[*flow].id;
                    self.instance.tokens.iter().position(|token| {
                        token.element_id == element.id
                            && matches!(&token.place, Place::Join { flow_id } if flow_id == id)
                    })
                })
                .collect();
            let Some(mut waiting) = waiting else { return };
            waiting.sort_unstable();
            for at in waiting.into_iter().rev() {
                self.instance.tokens.remove(at);
            }
            self.fork(moving.to, None, None);
        } else {
            self.fork(moving.to, moving.via, moving.source_task_id);
        }
    }

    fn fork(&mut self, gateway: usize, via: Option<usize>, source_task_id: Option<String>) {
        let model = self.model;
        let element = &model.elements[gateway];
        let live = self.instance.tokens.len() + self.moving.len();
        if element.outgoing.len() > 1 && live + element.outgoing.len() > MAX_TOKENS {
            let message = format!("more than {MAX_TOKENS} tokens");
            self.strand(&element.id, via, source_task_id, IncidentCode::TokenLimit, message);
            return;
        }
        for flow in &element.outgoing {
            self.go(*flow, source_task_id.clone());
        }
    }

    /// When nothing but joins is left, no token can ever reach them.
    fn strand_starved_joins(&mut self) {
        if !self.instance.tokens.iter().all(|token| matches!(token.place, Place::Join { .. })) {
            return;
        }
        for token in std::mem::take(&mut self.instance.tokens) {
            let via = match &token.place {
                Place::Join { flow_id } => self.model.flows.iter().position(|flow| flow.id == *flow_id),
                _ => None,
            };
            let message = "no token is left that could come by the other ways".to_owned();
            self.strand(&token.element_id, via, token.source_task_id, IncidentCode::JoinStarved, message);
        }
    }

    fn strand(
        &mut self,
        element_id: &str,
        via: Option<usize>,
        source_task_id: Option<String>,
        code: IncidentCode,
        message: String,
    ) {
        let incident_id = self.next_id("incident");
        let incident = Incident { incident_id, element_id: element_id.to_owned(), code, message };
        self.effects.push(Effect::Incident(incident.clone()));
        let flow_id = via.map(|flow| self.model.flows[flow].id.clone());
        self.rest(element_id, source_task_id, Place::Repair { incident, flow_id });
    }

    /// Sends a token on along everything that leaves an element (one flow, except for gateways).
    fn leave(&mut self, element_id: &str, source_task_id: Option<String>) {
        if let Some(element) = self.model.element(element_id) {
            for flow in &element.outgoing {
                self.go(*flow, source_task_id.clone());
            }
        }
    }

    fn go(&mut self, flow: usize, source_task_id: Option<String>) {
        self.moving.push_back(Moving { to: self.model.flows[flow].target, via: Some(flow), source_task_id });
    }

    fn enter_next(&mut self, element_id: &str, via: Option<usize>, source_task_id: Option<String>) {
        if let Some(to) = self.model.by_id.get(element_id).copied() {
            self.moving.push_back(Moving { to, via, source_task_id });
        }
    }

    fn rest(&mut self, element_id: &str, source_task_id: Option<String>, place: Place) {
        self.instance.tokens.push(Token { element_id: element_id.to_owned(), source_task_id, place });
    }

    /// Takes a token off its place and tells the host what that ends.
    fn take(&mut self, at: usize, outcome: &TaskOutcome) -> Token {
        let token = self.instance.tokens.remove(at);
        match &token.place {
            Place::Task { task_id, timers, .. } => {
                self.effects.push(Effect::CloseTask {
                    task_id: task_id.clone(),
                    element_id: token.element_id.clone(),
                    outcome: outcome.clone(),
                });
                let cancelled =
                    timers.iter().map(|timer| Effect::CancelTimer { timer_id: timer.timer_id.clone() });
                self.effects.extend(cancelled);
            }
            Place::Timer { timer_id } => {
                self.effects.push(Effect::CancelTimer { timer_id: timer_id.clone() })
            }
            Place::Service { call_id } => {
                self.effects.push(Effect::CancelService { call_id: call_id.clone() })
            }
            Place::Join { .. } | Place::Repair { .. } => {}
        }
        token
    }

    fn take_all(&mut self, outcome: &TaskOutcome) {
        self.moving.clear();
        while !self.instance.tokens.is_empty() {
            self.take(0, outcome);
        }
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.instance.ids += 1;
        format!("{kind}-{}", self.instance.ids)
    }
}
