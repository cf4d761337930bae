//! What is refused before anything changes.

use serde_json::{Map, Value};

use super::MAX_TOKENS;
use super::event::waits_for;
use super::office::activity_around;
use crate::exchange::{FlowError, Input};
use crate::instance::{Inner, Instance, MAX_VARIABLES, Origin, Place, State, Token, is_reserved};
use crate::model::{Count, ElementKind, Event, Model, UserTask};

impl Instance {
    /// Says whether an input would be accepted now, and why not.
    ///
    /// # Errors
    /// What [`Instance::apply`] would answer.
    pub fn check(&self, model: &Model, input: &Input) -> Result<(), FlowError> {
        if self.model_id != model.id {
            return Err(FlowError::OtherModel { expected: self.model_id.clone(), given: model.id.clone() });
        }
        self.check_fit(model)?;
        match (self.state, input) {
            (State::Running, Input::Reopen { .. }) => return Err(FlowError::StillRunning),
            (State::Running, _) | (_, Input::Reopen { .. }) => {}
            _ => return Err(FlowError::NotRunning),
        }
        match input {
            Input::CompleteTask { task_id, action, vars } => {
                let element_id = &self.open_task(task_id)?.element_id;
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
            Input::ServiceDone { call_id, .. }
            | Input::ServiceFailed { call_id, .. }
            | Input::ServiceError { call_id, .. } => {
                self.call_at(call_id).ok_or_else(|| FlowError::UnknownCall(call_id.clone()))?;
                match input {
                    Input::ServiceDone { vars, .. } => self.check_variables(vars),
                    _ => Ok(()),
                }
            }
            Input::Message { name, vars } => {
                self.check_variables(vars)?;
                if self.waits_for(model, &Event::Message(name.clone())) {
                    Ok(())
                } else {
                    Err(FlowError::NobodyWaits(name.clone()))
                }
            }
            Input::Signal { vars, .. } | Input::SetVariables { vars } => self.check_variables(vars),
            Input::Retry { incident_id, vars } => {
                self.incident_at(incident_id)
                    .ok_or_else(|| FlowError::UnknownIncident(incident_id.clone()))?;
                self.check_variables(vars)
            }
            Input::JumpTo { task_id, element_id, .. } => {
                let token = task_id.as_ref().map(|task_id| self.open_task(task_id)).transpose()?;
                self.check_target(model, element_id, token)
            }
            Input::Return { task_id, element_id, .. } => {
                let token = self.open_task(task_id)?;
                self.check_target(model, element_id, Some(token))?;
                self.check_done_before(token, element_id)
            }
            Input::TakeBack { task_id, .. } => self.check_take_back(task_id),
            Input::AddSigner { task_id, item } => self.check_signer(model, task_id, Some(item)),
            Input::RemoveSigner { task_id, .. } => self.check_signer(model, task_id, None),
            Input::Reopen { element_id, .. } => self.check_target(model, element_id, None),
            Input::Cancel { .. } => Ok(()),
        }
    }

    pub(super) fn check_variables(&self, vars: &Map<String, Value>) -> Result<(), FlowError> {
        if let Some(name) = vars.keys().find(|name| is_reserved(name)) {
            return Err(FlowError::ReservedVariable(name.clone()));
        }
        let added = vars.keys().filter(|name| !self.variables.contains_key(*name)).count();
        if self.variables.len() + added > MAX_VARIABLES { Err(FlowError::TooManyVariables) } else { Ok(()) }
    }

    fn open_task(&self, task_id: &str) -> Result<&Token, FlowError> {
        let at = self.task_at(task_id).ok_or_else(|| FlowError::UnknownTask(task_id.to_owned()))?;
        Ok(&self.tokens[at])
    }

    /// Only user tasks can be entered from outside, and only where it is clear in which run of what is around them.
    fn check_target(&self, model: &Model, element_id: &str, from: Option<&Token>) -> Result<(), FlowError> {
        let target = model
            .element(element_id)
            .filter(|element| matches!(element.kind, ElementKind::UserTask(_)))
            .ok_or_else(|| FlowError::NotAUserTask(element_id.to_owned()))?;
        let mut around = Vec::new();
        let mut scope = target.scope;
        while scope != 0 {
            around.push(scope);
            let closed = || FlowError::NoWayIn(element_id.to_owned());
            let activity = &model.elements[activity_around(model, scope).ok_or_else(closed)?];
            let stays = from.is_some_and(|token| self.is_inside(model, token, scope));
            let by_event = matches!(activity.kind, ElementKind::SubProcess { by_event: true, .. });
            if !stays && (activity.multi.is_some() || by_event) {
                return Err(closed());
            }
            scope = activity.scope;
        }
        // One of several sub-processes can't be left alone by its task.
        let mut at = from.and_then(|token| token.origin.scope.as_deref());
        while let Some(run) = at.and_then(|id| self.scopes.iter().find(|run| run.id == id)) {
            let inside = model.element(&run.element_id).map(|element| &element.kind);
            let scope = match inside {
                Some(ElementKind::SubProcess { scope, .. } | ElementKind::CallActivity { scope, .. }) => {
                    *scope
                }
                _ => 0,
            };
            if around.contains(&scope) {
                break;
            }
            let owner = self
                .tokens
                .iter()
                .find(|token| matches!(&token.place, Place::Scope { scope_id, .. } if *scope_id == run.id));
            if owner.is_some_and(|owner| owner.inner.is_some()) {
                return Err(FlowError::InsideSeveral(run.element_id.clone()));
            }
            at = run.parent.as_deref();
        }
        Ok(())
    }

    fn is_inside(&self, model: &Model, token: &Token, scope: usize) -> bool {
        let mut at = model.element(&token.element_id).map(|element| element.scope);
        while let Some(here) = at.filter(|here| *here != 0) {
            if here == scope {
                return true;
            }
            at = activity_around(model, here).map(|activity| model.elements[activity].scope);
        }
        false
    }

    fn check_done_before(&self, token: &Token, element_id: &str) -> Result<(), FlowError> {
        let never = || FlowError::NotDoneBefore(element_id.to_owned());
        if token.element_id == element_id {
            return Err(never());
        }
        match self.done.iter().rfind(|done| done.element_id == element_id) {
            Some(done) => {
                let is_there =
                    done.scope.as_ref().is_none_or(|id| self.scopes.iter().any(|run| run.id == *id));
                if is_there && self.came_out_of(&token.origin, &done.task_id) { Ok(()) } else { Err(never()) }
            }
            None if self.outcomes.contains_key(element_id) => Ok(()),
            None => Err(never()),
        }
    }

    fn check_take_back(&self, task_id: &str) -> Result<(), FlowError> {
        let too_late = || FlowError::TooLateToTakeBack(task_id.to_owned());
        let done = self.done.iter().rfind(|done| done.task_id == task_id).ok_or_else(too_late)?;
        let is_there = done.scope.as_ref().is_none_or(|id| self.scopes.iter().any(|run| run.id == *id));
        let followed = self.done.iter().any(|other| other.from.as_deref() == Some(task_id));
        let came = |origin: &Origin| origin.from.as_deref() == Some(task_id);
        let untouched = |token: &&Token| {
            !token.origin.joined
                && match &token.place {
                    Place::Several { done, .. } => *done == 0,
                    _ => true,
                }
        };
        let mut tokens = self.tokens.iter().filter(|token| came(&token.origin)).peekable();
        if done.one_of_several
            || !is_there
            || followed
            || tokens.peek().is_none()
            || !tokens.all(|t| untouched(&t))
        {
            return Err(too_late());
        }
        Ok(())
    }

    fn check_signer(&self, model: &Model, task_id: &str, added: Option<&Value>) -> Result<(), FlowError> {
        let token = self.open_task(task_id)?;
        let alone = || FlowError::NotOneOfSeveral(task_id.to_owned());
        let Some(Inner { multi_id, .. }) = &token.inner else { return Err(alone()) };
        let at = self.several_at(multi_id).ok_or_else(alone)?;
        let Place::Several { total, done, .. } = &self.tokens[at].place else { return Err(alone()) };
        let element = model.element(&token.element_id);
        let multi = element.and_then(|element| element.multi.as_ref()).ok_or_else(alone)?;
        match added {
            Some(item) if matches!(multi.count, Count::List(_)) == item.is_null() => {
                Err(FlowError::NotOneOfSeveral(task_id.to_owned()))
            }
            Some(_) if self.tokens.len() + 1 >= MAX_TOKENS => Err(FlowError::TooManySigners),
            Some(_) => Ok(()),
            None if total.saturating_sub(*done) <= 1 => Err(FlowError::LastSigner(task_id.to_owned())),
            None => Ok(()),
        }
    }

    pub(crate) fn waits_for(&self, model: &Model, event: &Event) -> bool {
        let catches = |at: usize| model.elements[at].kind.event() == Some(event);
        let token_waits = |token: &Token| {
            let Some(element) = model.element(&token.element_id) else { return false };
            match &token.place {
                Place::Events { .. } => element
                    .outgoing
                    .iter()
                    .any(|flow| waits_for(&model.elements[model.flows[*flow].target].kind, event)),
                Place::Event { .. } if waits_for(&element.kind, event) => true,
                Place::Join { .. } | Place::Repair { .. } | Place::Timer { .. } => false,
                _ => token.inner.is_none() && element.boundary.iter().any(|at| catches(*at)),
            }
        };
        self.tokens.iter().any(token_waits) || self.starts_process(model, event)
    }

    fn starts_process(&self, model: &Model, event: &Event) -> bool {
        let mut scopes = vec![0];
        for run in &self.scopes {
            if let Some(ElementKind::SubProcess { scope, .. } | ElementKind::CallActivity { scope, .. }) =
                model.element(&run.element_id).map(|element| &element.kind)
            {
                scopes.push(*scope);
            }
        }
        scopes.into_iter().flat_map(|scope| &model.scopes[scope].event_processes).any(|process| {
            let ElementKind::SubProcess { scope, .. } = model.elements[*process].kind else { return false };
            model.scopes[scope]
                .starts
                .first()
                .is_some_and(|start| model.elements[*start].kind.event() == Some(event))
        })
    }

    /// Looks whether the model has what the stored tokens rest on. It always does, unless the host gives another version.
    pub(crate) fn check_fit(&self, model: &Model) -> Result<(), FlowError> {
        if let Some(token) = self.tokens.iter().find(|token| !fits(model, token)) {
            return Err(FlowError::ElementGone(token.element_id.clone()));
        }
        let has_inside = |id: &str| {
            matches!(
                model.element(id).map(|element| &element.kind),
                Some(ElementKind::SubProcess { .. } | ElementKind::CallActivity { .. })
            )
        };
        match self.scopes.iter().find(|run| !has_inside(&run.element_id)) {
            Some(run) => Err(FlowError::ElementGone(run.element_id.clone())),
            None => Ok(()),
        }
    }
}

fn user_task<'a>(model: &'a Model, element_id: &str) -> Option<&'a UserTask> {
    match &model.element(element_id)?.kind {
        ElementKind::UserTask(task) => Some(task),
        _ => None,
    }
}

fn fits(model: &Model, token: &Token) -> bool {
    let Some(element) = model.element(&token.element_id) else { return false };
    let has_flow = |id: &str| element.incoming.iter().any(|flow| model.flows[*flow].id == id);
    let has_timers = token.place.timers().iter().all(|timer| model.element(&timer.element_id).is_some());
    let has_several = token.inner.is_none() || element.multi.is_some();
    let kind = &element.kind;
    has_timers
        && has_several
        && match &token.place {
            Place::Task { timers, .. } => {
                matches!(kind, ElementKind::UserTask(_))
                    && timers.iter().all(|timer| {
                        element.boundary.iter().any(|at| model.elements[*at].id == timer.element_id)
                    })
            }
            Place::Service { .. } => matches!(kind, ElementKind::ServiceTask { .. }),
            Place::Timer { .. } => element.timer().is_some() && matches!(kind, ElementKind::Catch { .. }),
            Place::Event { .. } => {
                matches!(kind, ElementKind::ReceiveTask { .. } | ElementKind::Catch { .. })
            }
            Place::Events { .. } => matches!(kind, ElementKind::EventGateway),
            Place::Scope { .. } => {
                matches!(kind, ElementKind::SubProcess { .. } | ElementKind::CallActivity { .. })
            }
            Place::Several { .. } => element.multi.is_some(),
            Place::Join { flow_id } => {
                matches!(kind, ElementKind::ParallelGateway | ElementKind::InclusiveGateway)
                    && has_flow(flow_id)
            }
            Place::Repair { flow_id, .. } => {
                !matches!(kind, ElementKind::Boundary { .. }) && flow_id.as_deref().is_none_or(has_flow)
            }
        }
}
