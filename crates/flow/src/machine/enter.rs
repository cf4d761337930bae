//! What happens when a token enters an element.

use serde_json::{Map, Value};

use super::{MAX_TOKENS, Moving, Run};
use crate::condition::ConditionError;
use crate::exchange::{Effect, TaskOutcome};
use crate::instance::{IncidentCode, Origin, Place};
use crate::model::{DecisionTable, ElementKind, Event, UserTask};

impl Run<'_> {
    pub(super) fn enter(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        if element.multi.is_some() && moving.inner.is_none() {
            self.open_several(moving);
            return;
        }
        self.effects.push(Effect::Entered {
            element_id: element.id.clone(),
            flow_id: moving.via.map(|flow| model.flows[flow].id.clone()),
        });
        match &element.kind {
            ElementKind::Start { .. } | ElementKind::Boundary { .. } => self.leave(moving.to, moving.origin),
            ElementKind::End { event } => self.end(moving, event),
            ElementKind::Throw { event } => self.throw(moving, event),
            ElementKind::Catch { event } => self.catch(moving, event),
            ElementKind::ExclusiveGateway => self.choose(moving),
            ElementKind::ParallelGateway | ElementKind::InclusiveGateway => self.arrive(moving),
            ElementKind::EventGateway => self.await_events(moving),
            ElementKind::UserTask(task) => self.open_task(moving, task),
            ElementKind::ServiceTask { service } => self.call_service(moving, service),
            ElementKind::SendTask { message } => {
                self.send_message(moving.to, message);
                self.done_at_once(moving);
            }
            ElementKind::ReceiveTask { .. } => {
                let timers = self.boundary_of(&moving);
                let locals = self.locals_of(&moving);
                self.rest(moving, locals, Place::Event { timers });
            }
            ElementKind::PlainTask { .. } => self.done_at_once(moving),
            ElementKind::DecisionTask(table) => self.decide(moving, table),
            ElementKind::CallActivity { scope, .. } | ElementKind::SubProcess { scope, .. } => {
                self.open_scope(moving, *scope)
            }
        }
    }

    fn done_at_once(&mut self, moving: Moving) {
        let id = &self.model.elements[moving.to].id;
        self.complete(id, moving.origin, moving.inner, None);
    }

    /// One of several has no events of its own: they are attached to all of them together.
    pub(super) fn boundary_of(&mut self, moving: &Moving) -> Vec<crate::instance::BoundaryTimer> {
        if moving.inner.is_some() { Vec::new() } else { self.set_boundary(moving.to, None) }
    }

    fn open_task(&mut self, moving: Moving, task: &UserTask) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let task_id = self.next_id("task");
        let locals = self.locals_of(&moving);
        self.effects.push(Effect::OpenTask {
            task_id: task_id.clone(),
            element_id: element.id.clone(),
            name: element.name.clone(),
            task: Box::new(task.clone()),
            properties: element.properties.clone(),
            locals: locals.clone(),
        });
        let timers = match moving.inner {
            Some(_) => Vec::new(),
            None => self.set_boundary(moving.to, Some(&task_id)),
        };
        let opened_at = self.now_ms;
        self.rest(moving, locals, Place::Task { task_id, opened_at, timers });
    }

    fn call_service(&mut self, moving: Moving, service: &str) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let call_id = self.next_id("call");
        self.effects.push(Effect::CallService {
            call_id: call_id.clone(),
            element_id: element.id.clone(),
            service: service.to_owned(),
            properties: element.properties.clone(),
            source_task_id: moving.origin.source_task_id.clone(),
        });
        let timers = self.boundary_of(&moving);
        let locals = self.locals_of(&moving);
        self.rest(moving, locals, Place::Service { call_id, timers });
    }

    /// The first row whose condition holds sets the variable; no row sets it to nothing.
    fn decide(&mut self, moving: Moving, table: &DecisionTable) {
        if let Some(name) = &table.result {
            let locals = self.locals_of(&moving);
            let facts = self.facts(moving.origin.scope.as_deref(), &locals);
            let mut found = Ok(Value::Null);
            for row in &table.rows {
                match row.when.as_ref().map_or(Ok(true), |when| when.holds(&facts)) {
                    Ok(false) => continue,
                    Ok(true) => found = row.value.value(&facts),
                    Err(error) => found = Err(error),
                }
                break;
            }
            match found {
                Ok(value) => {
                    self.instance.variables.insert(name.clone(), value);
                }
                Err(ConditionError(message)) => {
                    self.strand(moving, IncidentCode::ExpressionFailed, message);
                    return;
                }
            }
        }
        self.done_at_once(moving);
    }

    fn catch(&mut self, moving: Moving, event: &Event) {
        match event {
            Event::Timer(spec) => {
                let id = &self.model.elements[moving.to].id;
                let timer_id = self.set_timer(id, None, spec);
                self.rest(moving, Map::new(), Place::Timer { timer_id });
            }
            Event::Message(_) | Event::Signal(_) => {
                self.rest(moving, Map::new(), Place::Event { timers: Vec::new() })
            }
            _ => self.leave(moving.to, moving.origin),
        }
    }

    fn throw(&mut self, moving: Moving, event: &Event) {
        let model = self.model;
        match event {
            Event::Message(name) => self.send_message(moving.to, name),
            Event::Signal(name) => self.send_signal(moving.to, name),
            Event::Escalation(code) => {
                let ended_around = self.escalate(moving.to, &moving.origin, code);
                if ended_around {
                    return;
                }
            }
            Event::Link(name) => {
                let scope = model.elements[moving.to].scope;
                let target = model.elements.iter().position(|element| {
                    element.scope == scope
                        && matches!(&element.kind, ElementKind::Catch { event: Event::Link(link) } if link == name)
                });
                if let Some(to) = target {
                    self.moving.push_back(Moving { to, via: None, ..moving });
                }
                return;
            }
            _ => {}
        }
        self.leave(moving.to, moving.origin);
    }

    fn end(&mut self, moving: Moving, event: &Event) {
        self.last_end = Some(moving.to);
        match event {
            Event::Terminate => self.clear_scope(moving.origin.scope.as_deref(), &TaskOutcome::Terminated),
            Event::Message(name) => self.send_message(moving.to, name),
            Event::Signal(name) => self.send_signal(moving.to, name),
            Event::Escalation(code) => {
                self.escalate(moving.to, &moving.origin, code);
            }
            Event::Error(code) => {
                if self.raise(moving.origin.scope.clone(), &Event::Error(code.clone())).is_none() {
                    self.take_all(&TaskOutcome::Terminated);
                }
            }
            Event::Plain | Event::Timer(_) | Event::Link(_) => {}
        }
    }

    /// Sends a token on along everything that leaves an element. Flows with conditions are taken when these hold.
    pub(super) fn leave(&mut self, from: usize, origin: Origin) {
        let element = &self.model.elements[from];
        let has_conditions = element.outgoing.iter().any(|flow| self.model.flows[*flow].condition.is_some());
        if has_conditions {
            let moving = Moving { to: from, via: None, origin, inner: None };
            self.fork_by_condition(moving);
            return;
        }
        if element.outgoing.len() > 1
            && self.instance.tokens.len() + self.moving.len() + element.outgoing.len() > MAX_TOKENS
        {
            let moving = Moving { to: from, via: None, origin, inner: None };
            self.strand(moving, IncidentCode::TokenLimit, format!("more than {MAX_TOKENS} tokens"));
            return;
        }
        for flow in &element.outgoing {
            self.go(*flow, origin.clone());
        }
    }
}
