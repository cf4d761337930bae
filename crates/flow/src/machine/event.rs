//! Events: timers, messages, signals, errors and escalations, and who catches them.

use super::{Moving, Run};
use crate::exchange::{Effect, TaskOutcome};
use crate::instance::{Inner, Origin, Place, Token};
use crate::model::{ElementKind, Event, TimerSpec};

impl Run<'_> {
    pub(super) fn fire_timer(&mut self, timer_id: &str) {
        let tokens = &mut self.instance.tokens;
        if let Some(at) = tokens
            .iter()
            .position(|token| matches!(&token.place, Place::Timer { timer_id: id } if id == timer_id))
        {
            let token = tokens.remove(at);
            self.complete(&token.element_id, token.origin, None, None);
            return;
        }
        let on_token = tokens.iter_mut().enumerate().find_map(|(at, token)| {
            let timers = token.place.timers_mut()?;
            let which = timers.iter().position(|timer| timer.timer_id == timer_id)?;
            Some((at, timers.remove(which)))
        });
        if let Some((at, timer)) = on_token {
            let Some(element) = self.model.by_id.get(&timer.element_id).copied() else { return };
            if matches!(self.instance.tokens[at].place, Place::Events { .. }) {
                self.pass_event_gateway(at, element);
                return;
            }
            if let Some(again) = timer.again {
                let spec = self.model.elements[element].timer().cloned();
                let task_id = match &self.instance.tokens[at].place {
                    Place::Task { task_id, .. } => Some(task_id.clone()),
                    _ => None,
                };
                let next = self.repeat(&timer.element_id, task_id.as_deref(), spec, again);
                if let (Some(next), Some(timers)) = (next, self.instance.tokens[at].place.timers_mut()) {
                    timers.push(next);
                }
            }
            self.trigger_boundary(at, element);
            return;
        }
        let mut scopes: Vec<Option<String>> = vec![None];
        scopes.extend(self.instance.scopes.iter().map(|run| Some(run.id.clone())));
        for scope in scopes {
            let timers = match &scope {
                None => &mut self.instance.timers,
                Some(id) => match self.instance.scopes.iter_mut().find(|run| run.id == *id) {
                    Some(run) => &mut run.timers,
                    None => continue,
                },
            };
            let Some(which) = timers.iter().position(|timer| timer.timer_id == timer_id) else { continue };
            let timer = timers.remove(which);
            let Some(start) = self.model.element(&timer.element_id) else { return };
            let (spec, owner) = (start.timer().cloned(), self.model.scopes[start.scope].owner);
            if let Some(again) = timer.again
                && let Some(next) = self.repeat(&timer.element_id, None, spec, again)
            {
                match &scope {
                    None => self.instance.timers.push(next),
                    Some(id) => {
                        if let Some(run) = self.instance.scopes.iter_mut().find(|run| run.id == *id) {
                            run.timers.push(next);
                        }
                    }
                }
            }
            if let Some(process) = owner {
                self.start_event_process(scope.as_deref(), process);
            }
            return;
        }
    }

    fn repeat(
        &mut self,
        element_id: &str,
        task_id: Option<&str>,
        spec: Option<TimerSpec>,
        again: u32,
    ) -> Option<crate::instance::BoundaryTimer> {
        let mut next = self.set_repeated(element_id, task_id, &spec?, false);
        next.again = match again {
            u32::MAX => Some(u32::MAX),
            0 | 1 => None,
            more => Some(more - 1),
        };
        Some(next)
    }

    /// Takes the way behind an event-based gateway on which something has come.
    fn pass_event_gateway(&mut self, at: usize, target: usize) {
        let model = self.model;
        let token = self.remove(at);
        let gateway = model.by_id.get(&token.element_id).copied();
        let via = model
            .flows
            .iter()
            .position(|flow| Some(flow.source) == gateway && flow.target == target)
            .map(|flow| (&model.flows[flow].id, flow));
        if let Some((id, _)) = via {
            self.instance.taken.insert(id.clone());
        }
        let element_id = model.elements[target].id.clone();
        let flow_id = via.map(|(id, _)| id.clone());
        self.effects.push(Effect::Entered { element_id, flow_id });
        self.leave(target, token.origin);
    }

    /// Lets an event attached to an activity happen.
    fn trigger_boundary(&mut self, at: usize, boundary: usize) {
        let model = self.model;
        let event = &model.elements[boundary];
        let token = &self.instance.tokens[at];
        let source_task_id = match &token.place {
            Place::Task { task_id, .. } => Some(task_id.clone()),
            _ => token.origin.source_task_id.clone(),
        };
        let origin = Origin { source_task_id, ..token.origin.clone() };
        if matches!(event.kind, ElementKind::Boundary { interrupting: true, .. }) {
            self.take(at, &TaskOutcome::Interrupted { by_element_id: event.id.clone() });
        }
        self.effects.push(Effect::Entered { element_id: event.id.clone(), flow_id: None });
        self.leave(boundary, origin);
    }

    /// Gives a message to the first who waits for it, or a signal to everybody. Says whether anybody took it.
    pub(super) fn deliver(&mut self, event: &Event) -> bool {
        let model = self.model;
        let for_all = matches!(event, Event::Signal(_));
        let mut taken = false;
        for token in self.instance.tokens.clone() {
            let Some(element) = model.element(&token.element_id) else { continue };
            let Some(at) = self.place_of(&token) else { continue };
            if matches!(token.place, Place::Event { .. }) && waits_for(&element.kind, event) {
                let token = self.remove(at);
                self.complete(&token.element_id, token.origin, token.inner, None);
                taken = true;
            } else if matches!(token.place, Place::Events { .. })
                && let Some(target) = element
                    .outgoing
                    .iter()
                    .map(|flow| model.flows[*flow].target)
                    .find(|target| waits_for(&model.elements[*target].kind, event))
            {
                self.pass_event_gateway(at, target);
                taken = true;
            } else if let Some(boundary) = self.boundary_for(&token, event) {
                self.trigger_boundary(at, boundary);
                taken = true;
            }
            if taken && !for_all {
                return true;
            }
        }
        let mut scopes: Vec<Option<String>> = vec![None];
        scopes.extend(self.instance.scopes.iter().map(|run| Some(run.id.clone())));
        for scope in scopes {
            let is_there =
                scope.as_ref().is_none_or(|id| self.instance.scopes.iter().any(|run| run.id == *id));
            if is_there && let Some(process) = self.event_process_for(scope.as_deref(), event) {
                self.start_event_process(scope.as_deref(), process);
                if !for_all {
                    return true;
                }
                taken = true;
            }
        }
        taken
    }

    fn place_of(&self, token: &Token) -> Option<usize> {
        self.instance.tokens.iter().position(|other| other == token)
    }

    /// The boundary event of an activity at work that catches an event; one with this very code before one for any.
    fn boundary_for(&self, token: &Token, event: &Event) -> Option<usize> {
        let element = self.model.element(&token.element_id)?;
        let at_work = matches!(
            token.place,
            Place::Task { .. }
                | Place::Service { .. }
                | Place::Event { .. }
                | Place::Scope { .. }
                | Place::Several { .. }
        );
        if !at_work || token.inner.is_some() {
            return None;
        }
        best(element.boundary.iter().copied(), |at| self.model.elements[at].kind.event(), event)
    }

    /// The event sub-process of a scope that an event starts.
    pub(super) fn event_process_for(&self, scope: Option<&str>, event: &Event) -> Option<usize> {
        if self.is_taken_over(scope) {
            return None;
        }
        let processes = &self.model.scopes[self.scope_model(scope)].event_processes;
        let start_event = |process: usize| {
            self.event_start(process).and_then(|(start, _)| self.model.elements[start].kind.event())
        };
        best(processes.iter().copied(), start_event, event)
    }

    /// Raises an error or an escalation in a scope: whoever is nearest around catches it. Says whether that ended the
    /// scope in which it was raised; none when nobody caught it.
    pub(super) fn raise(&mut self, mut scope: Option<String>, event: &Event) -> Option<bool> {
        loop {
            if let Some(process) = self.event_process_for(scope.as_deref(), event) {
                let interrupting = self.event_start(process).is_some_and(|(_, interrupting)| interrupting);
                self.start_event_process(scope.as_deref(), process);
                return Some(interrupting);
            }
            let id = scope?;
            let parent = self.instance.scopes.iter().find(|run| run.id == id)?.parent.clone();
            let owner = self.owner_of(&id)?;
            let holder = match &self.instance.tokens[owner].inner {
                Some(Inner { multi_id, .. }) => self.instance.several_at(multi_id)?,
                None => owner,
            };
            let token = self.instance.tokens[holder].clone();
            if let Some(boundary) = self.boundary_for(&token, event) {
                let interrupting = matches!(
                    self.model.elements[boundary].kind,
                    ElementKind::Boundary { interrupting: true, .. }
                );
                self.trigger_boundary(holder, boundary);
                return Some(interrupting);
            }
            scope = parent;
        }
    }

    /// Raises an error at an activity: its own boundary first, then whoever is around.
    pub(super) fn raise_at(&mut self, at: usize, event: &Event) -> bool {
        let holder = match &self.instance.tokens[at].inner {
            Some(Inner { multi_id, .. }) => self.instance.several_at(multi_id).unwrap_or(at),
            None => at,
        };
        let token = self.instance.tokens[holder].clone();
        if let Some(boundary) = self.boundary_for(&token, event) {
            self.trigger_boundary(holder, boundary);
            return true;
        }
        self.raise(token.origin.scope, event).is_some()
    }

    /// Tells those around; says whether that ended the scope in which it was raised.
    pub(super) fn escalate(&mut self, from: usize, origin: &Origin, code: &Option<String>) -> bool {
        let element_id = self.model.elements[from].id.clone();
        self.effects.push(Effect::Escalated { element_id, code: code.clone() });
        self.raise(origin.scope.clone(), &Event::Escalation(code.clone())).unwrap_or(false)
    }

    pub(super) fn send_message(&mut self, from: usize, name: &str) {
        let element = &self.model.elements[from];
        self.effects.push(Effect::SendMessage {
            element_id: element.id.clone(),
            message: name.to_owned(),
            properties: element.properties.clone(),
        });
        self.deliver(&Event::Message(name.to_owned()));
    }

    pub(super) fn send_signal(&mut self, from: usize, name: &str) {
        let element_id = self.model.elements[from].id.clone();
        self.effects.push(Effect::SendSignal { element_id, signal: name.to_owned() });
        self.deliver(&Event::Signal(name.to_owned()));
    }

    /// What a task that is done several times finds: its item and its number.
    pub(super) fn locals_of(&self, moving: &Moving) -> serde_json::Map<String, serde_json::Value> {
        let mut locals = serde_json::Map::new();
        let Some(inner) = &moving.inner else { return locals };
        let Some(at) = self.instance.several_at(&inner.multi_id) else { return locals };
        locals.insert("loopCounter".to_owned(), inner.index.into());
        let item = self.model.elements[moving.to].multi.as_ref().and_then(|multi| multi.item.as_ref());
        if let (Some(name), Place::Several { items: Some(items), .. }) =
            (item, &self.instance.tokens[at].place)
            && let Some(value) = items.get(usize::try_from(inner.index).unwrap_or(usize::MAX))
        {
            locals.insert(name.clone(), value.clone());
        }
        locals
    }
}

/// Whether an element waits for a message or signal.
pub(crate) fn waits_for(kind: &ElementKind, event: &Event) -> bool {
    match (kind, event) {
        (ElementKind::Catch { event: own }, _) => own == event,
        (ElementKind::ReceiveTask { message }, Event::Message(name)) => message == name,
        _ => false,
    }
}

/// Picks who catches an event: one for this very code before one for any.
fn best<'m>(
    candidates: impl Iterator<Item = usize>,
    event_of: impl Fn(usize) -> Option<&'m Event>,
    event: &Event,
) -> Option<usize> {
    let mut for_any = None;
    for at in candidates {
        match (event_of(at), event) {
            (Some(own), _) if own == event => return Some(at),
            (Some(Event::Error(None)), Event::Error(_))
            | (Some(Event::Escalation(None)), Event::Escalation(_)) => {
                for_any = for_any.or(Some(at));
            }
            _ => {}
        }
    }
    for_any
}
