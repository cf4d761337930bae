//! Sub-processes, called processes, and event sub-processes.

use super::{MAX_TOKENS, Moving, Run};
use crate::exchange::{Effect, TaskOutcome};
use crate::instance::{BoundaryTimer, IncidentCode, Origin, Place, ScopeRun, Token};
use crate::model::{ElementKind, Event};

impl Run<'_> {
    /// Runs the inside of an activity; its token waits outside.
    pub(super) fn open_scope(&mut self, moving: Moving, scope: usize) {
        if self.instance.tokens.len() + self.moving.len() + 2 > MAX_TOKENS {
            let message = format!("more than {MAX_TOKENS} tokens");
            self.strand(moving, IncidentCode::TokenLimit, message);
            return;
        }
        let outside = moving.origin.clone();
        let scope_id = self.wait_outside(moving, scope);
        self.begin_scope(scope, Origin { scope: Some(scope_id), ..outside });
    }

    /// Puts a token on an activity and makes room inside, without beginning anything there.
    pub(super) fn wait_outside(&mut self, moving: Moving, scope: usize) -> String {
        let model = self.model;
        let scope_id = self.next_id("scope");
        let timers = self.boundary_of(&moving);
        let locals = self.locals_of(&moving);
        let element_id = model.elements[moving.to].id.clone();
        let parent = moving.origin.scope.clone();
        for (name, value) in &model.scopes[scope].variables {
            if !self.instance.variables.contains_key(name) {
                self.instance.variables.insert(name.clone(), value.clone());
            }
        }
        let place = Place::Scope { scope_id: scope_id.clone(), timers };
        self.rest(moving, serde_json::Map::new(), place);
        let timers = self.set_event_timers(scope);
        self.instance.scopes.push(ScopeRun { id: scope_id.clone(), element_id, parent, locals, timers });
        scope_id
    }

    /// Puts a token on the start: the one without an event where there is one.
    pub(super) fn begin_scope(&mut self, scope: usize, origin: Origin) {
        let starts = &self.model.scopes[scope].starts;
        let is_plain = |at: &&usize| {
            matches!(self.model.elements[**at].kind, ElementKind::Start { event: Event::Plain, .. })
        };
        if let Some(to) = starts.iter().find(is_plain).or_else(|| starts.first()).copied() {
            self.moving.push_back(Moving { to, via: None, origin, inner: None });
        }
    }

    /// Ends one sub-process in which no token is left, and goes on outside.
    pub(super) fn close_finished_scope(&mut self) -> bool {
        let instance = &*self.instance;
        let is_empty = |id: &str| {
            let inside = |origin: &Origin| origin.scope.as_deref() == Some(id);
            !instance.tokens.iter().any(|token| inside(&token.origin))
                && !self.moving.iter().any(|moving| inside(&moving.origin))
        };
        let Some(id) = instance.scopes.iter().find(|run| is_empty(&run.id)).map(|run| run.id.clone()) else {
            return false;
        };
        self.cancel_event_timers(Some(&id));
        self.instance.scopes.retain(|run| run.id != id);
        if let Some(at) = self.owner_of(&id) {
            let token = self.remove(at);
            let origin = Origin { joined: true, ..token.origin };
            self.complete(&token.element_id, origin, token.inner, None);
        }
        true
    }

    /// The token that waits outside for a run to end.
    pub(super) fn owner_of(&self, id: &str) -> Option<usize> {
        self.instance
            .tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Scope { scope_id, .. } if scope_id == id))
    }

    /// Takes everything inside a run, and the run.
    pub(super) fn take_scope(&mut self, id: &str, outcome: &TaskOutcome) {
        self.clear_scope(Some(id), outcome);
        self.cancel_event_timers(Some(id));
        self.instance.scopes.retain(|run| run.id != id);
    }

    /// Takes everything inside a scope, which stays.
    pub(super) fn clear_scope(&mut self, id: Option<&str>, outcome: &TaskOutcome) {
        if id.is_none() {
            self.moving.clear();
        } else {
            self.moving.retain(|moving| moving.origin.scope.as_deref() != id);
        }
        while let Some(at) = self.instance.tokens.iter().position(|token| token.origin.scope.as_deref() == id)
        {
            self.take(at, outcome);
        }
    }

    pub(super) fn set_event_timers(&mut self, scope: usize) -> Vec<BoundaryTimer> {
        let model = self.model;
        let mut timers = Vec::new();
        for process in &model.scopes[scope].event_processes {
            let Some((start, interrupting)) = self.event_start(*process) else { continue };
            let start = &model.elements[start];
            if let Some(spec) = start.timer() {
                timers.push(self.set_repeated(&start.id, None, spec, interrupting));
            }
        }
        timers
    }

    pub(super) fn cancel_event_timers(&mut self, id: Option<&str>) {
        let timers = match id {
            None => Some(&mut self.instance.timers),
            Some(id) => self.instance.scopes.iter_mut().find(|run| run.id == id).map(|run| &mut run.timers),
        };
        for timer in timers.map(std::mem::take).unwrap_or_default() {
            self.effects.push(Effect::CancelTimer { timer_id: timer.timer_id });
        }
    }

    /// The start of an event sub-process, and whether it interrupts what is around it.
    pub(super) fn event_start(&self, process: usize) -> Option<(usize, bool)> {
        let ElementKind::SubProcess { scope, .. } = self.model.elements[process].kind else { return None };
        let start = *self.model.scopes[scope].starts.first()?;
        match self.model.elements[start].kind {
            ElementKind::Start { interrupting, .. } => Some((start, interrupting)),
            _ => None,
        }
    }

    /// Starts an event sub-process inside a scope.
    pub(super) fn start_event_process(&mut self, scope: Option<&str>, process: usize) {
        let model = self.model;
        let Some((start, interrupting)) = self.event_start(process) else { return };
        let ElementKind::SubProcess { scope: inside, .. } = model.elements[process].kind else { return };
        if interrupting {
            let by_element_id = model.elements[start].id.clone();
            self.clear_scope(scope, &TaskOutcome::Interrupted { by_element_id });
            self.cancel_event_timers(scope);
        }
        let origin = Origin { scope: scope.map(str::to_owned), ..Origin::default() };
        self.effects.push(Effect::Entered { element_id: model.elements[process].id.clone(), flow_id: None });
        self.open_scope(Moving { to: process, via: None, origin, inner: None }, inside);
    }

    /// Whether an interrupting event sub-process has taken over a scope already.
    pub(super) fn is_taken_over(&self, scope: Option<&str>) -> bool {
        let took_over = |token: &Token| {
            let at = self.model.by_id.get(&token.element_id).copied();
            at.is_some_and(|at| {
                matches!(self.model.elements[at].kind, ElementKind::SubProcess { by_event: true, .. })
                    && self.event_start(at).is_some_and(|(_, interrupting)| interrupting)
            })
        };
        self.instance.tokens.iter().filter(|token| token.origin.scope.as_deref() == scope).any(took_over)
    }

    /// The scope of the model that a run is of.
    pub(super) fn scope_model(&self, scope: Option<&str>) -> usize {
        let Some(run) = scope.and_then(|id| self.instance.scopes.iter().find(|run| run.id == id)) else {
            return 0;
        };
        match self.model.element(&run.element_id).map(|element| &element.kind) {
            Some(ElementKind::SubProcess { scope, .. } | ElementKind::CallActivity { scope, .. }) => *scope,
            _ => 0,
        }
    }
}
