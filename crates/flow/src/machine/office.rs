//! What offices do beside the drawing: 跳转, 退回, 拿回, 加签, 减签.

use serde_json::Value;

use super::{Moving, Run};
use crate::exchange::TaskOutcome;
use crate::instance::{Inner, Instance, Origin, Place};
use crate::model::{ElementKind, Model};

impl Instance {
    /// The completed tasks out of which something came, the latest first.
    pub(crate) fn ancestry<'i>(&'i self, from: Option<&'i str>) -> Vec<&'i str> {
        let mut found = Vec::new();
        let mut at = from;
        for done in self.done.iter().rev() {
            if Some(done.task_id.as_str()) == at {
                found.push(done.task_id.as_str());
                at = done.from.as_deref();
            }
        }
        found
    }

    /// Whether a token came out of a completed task.
    pub(crate) fn came_out_of(&self, origin: &Origin, task_id: &str) -> bool {
        self.ancestry(origin.from.as_deref()).contains(&task_id)
    }
}

/// The activity around a scope, when there is exactly one: a sub-process, or the only call of a process.
pub(super) fn activity_around(model: &Model, scope: usize) -> Option<usize> {
    if let Some(owner) = model.scopes[scope].owner {
        return Some(owner);
    }
    let calls = |kind: &ElementKind| matches!(kind, ElementKind::CallActivity { scope: called, .. } if *called == scope);
    let mut callers =
        model.elements.iter().enumerate().filter(|(_, element)| calls(&element.kind)).map(|(at, _)| at);
    let only = callers.next()?;
    callers.next().is_none().then_some(only)
}

impl Run<'_> {
    /// The latest completed task out of which all of several tokens came. What lies before it can be done again without
    /// starving the join that made them one.
    pub(super) fn common_ancestor(&self, from: &[Option<String>]) -> Option<String> {
        let (first, others) = from.split_first()?;
        let others: Vec<Vec<&str>> =
            others.iter().map(|from| self.instance.ancestry(from.as_deref())).collect();
        self.instance
            .ancestry(first.as_deref())
            .into_iter()
            .find(|id| others.iter().all(|chain| chain.contains(id)))
            .map(str::to_owned)
    }

    pub(super) fn jump(&mut self, task_id: Option<&str>, element_id: &str, reason: &str) {
        let outcome = TaskOutcome::Jumped { to_element_id: element_id.to_owned(), reason: reason.to_owned() };
        match task_id {
            Some(task_id) => {
                let Some(token) = self.take_task(task_id, &outcome) else { return };
                self.enter_from_outside(element_id, token.scope.as_deref());
                self.prune_scopes();
            }
            None => {
                self.take_all(&outcome);
                self.instance.timers = self.set_event_timers(0);
                self.enter_from_outside(element_id, None);
            }
        }
    }

    pub(super) fn send_back(&mut self, task_id: &str, element_id: &str, reason: &str) {
        let outcome =
            TaskOutcome::Returned { to_element_id: element_id.to_owned(), reason: reason.to_owned() };
        let known = self.instance.done.iter().rfind(|done| done.element_id == element_id).cloned();
        let Some(known) = known else {
            // It was done before completed tasks were remembered one by one.
            self.take_all(&outcome);
            self.instance.timers = self.set_event_timers(0);
            self.enter_from_outside(element_id, None);
            return;
        };
        self.take_task(task_id, &outcome);
        while let Some(at) = self
            .instance
            .tokens
            .iter()
            .position(|token| self.instance.came_out_of(&token.origin, &known.task_id))
        {
            self.take(at, &outcome);
        }
        self.enter_again(element_id, known.scope, known.from);
        self.prune_scopes();
    }

    pub(super) fn take_back(&mut self, task_id: &str, reason: &str) {
        let Some(known) = self.instance.done.iter().rfind(|done| done.task_id == task_id).cloned() else {
            return;
        };
        let outcome = TaskOutcome::TakenBack { reason: reason.to_owned() };
        while let Some(at) =
            self.instance.tokens.iter().position(|token| token.origin.from.as_deref() == Some(task_id))
        {
            self.take(at, &outcome);
        }
        self.instance.outcomes.remove(&known.element_id);
        self.instance.done.retain(|done| done.task_id != task_id);
        self.enter_again(&known.element_id, known.scope, known.from);
        self.prune_scopes();
    }

    pub(super) fn add_signer(&mut self, task_id: &str, item: Value) {
        let Some(at) = self.instance.task_at(task_id) else { return };
        let token = self.instance.tokens[at].clone();
        let Some(Inner { multi_id, .. }) = token.inner else { return };
        let Some(to) = self.model.by_id.get(&token.element_id).copied() else { return };
        let sequential = self.model.elements[to].multi.as_ref().is_some_and(|multi| multi.sequential);
        let Some(several) = self.instance.several_at(&multi_id) else { return };
        let Place::Several { total, begun, items, .. } = &mut self.instance.tokens[several].place else {
            return;
        };
        let index = match items {
            Some(items) => {
                items.push(item);
                u32::try_from(items.len() - 1).unwrap_or(u32::MAX)
            }
            None => *total,
        };
        *total += 1;
        if !sequential {
            *begun += 1;
            let origin = self.instance.tokens[several].origin.clone();
            self.moving.push_back(Moving { to, via: None, origin, inner: Some(Inner { multi_id, index }) });
        }
    }

    pub(super) fn remove_signer(&mut self, task_id: &str, reason: &str) {
        let Some(at) = self.instance.task_at(task_id) else { return };
        let token = self.take(at, &TaskOutcome::Removed { reason: reason.to_owned() });
        let Some(inner) = token.inner else { return };
        let Some(several) = self.instance.several_at(&inner.multi_id) else { return };
        if let Place::Several { total, begun, items, .. } = &mut self.instance.tokens[several].place {
            *total = total.saturating_sub(1);
            // Those who come later are told apart by their number, so the place of a parallel one stays empty.
            *begun = begun.saturating_sub(1);
            let sequential = self
                .model
                .element(&token.element_id)
                .and_then(|element| element.multi.as_ref())
                .is_some_and(|multi| multi.sequential);
            if let (true, Some(items), Ok(index)) = (sequential, items, usize::try_from(inner.index))
                && index < items.len()
            {
                items.remove(index);
            }
        }
        self.look_whether_enough(&inner.multi_id, token.origin);
    }

    /// Takes an open task, with all of several when it is one of them.
    fn take_task(&mut self, task_id: &str, outcome: &TaskOutcome) -> Option<Origin> {
        let at = self.instance.task_at(task_id)?;
        let several = self.instance.tokens[at].inner.as_ref().map(|inner| inner.multi_id.clone());
        let at = several.and_then(|id| self.instance.several_at(&id)).unwrap_or(at);
        Some(self.take(at, outcome).origin)
    }

    fn enter_again(&mut self, element_id: &str, scope: Option<String>, from: Option<String>) {
        if let Some(to) = self.model.by_id.get(element_id).copied() {
            let origin = Origin { scope, from, ..Origin::default() };
            self.moving.push_back(Moving { to, via: None, origin, inner: None });
        }
    }

    /// Puts a token on an element, opening the sub-processes around it where they do not run. `near` is the run from which
    /// it comes: a sub-process around both stays.
    pub(super) fn enter_from_outside(&mut self, element_id: &str, near: Option<&str>) {
        let Some(to) = self.model.by_id.get(element_id).copied() else { return };
        let scope = self.run_for(self.model.elements[to].scope, near);
        let origin = Origin { scope, ..Origin::default() };
        self.moving.push_back(Moving { to, via: None, origin, inner: None });
    }

    fn run_for(&mut self, scope: usize, near: Option<&str>) -> Option<String> {
        if scope == 0 {
            return None;
        }
        let mut at = near;
        while let Some(id) = at {
            if self.scope_model(Some(id)) == scope {
                return Some(id.to_owned());
            }
            at = self.instance.scopes.iter().find(|run| run.id == id).and_then(|run| run.parent.as_deref());
        }
        let running = self.instance.scopes.iter().find(|run| self.scope_model(Some(&run.id)) == scope);
        if let Some(run) = running {
            return Some(run.id.clone());
        }
        let to = activity_around(self.model, scope)?;
        let outside = self.run_for(self.model.elements[to].scope, near);
        let origin = Origin { scope: outside, ..Origin::default() };
        Some(self.wait_outside(Moving { to, via: None, origin, inner: None }, scope))
    }

    /// Takes away the sub-processes that were left empty, and what waits for their end.
    fn prune_scopes(&mut self) {
        loop {
            let is_empty = |id: &str| {
                let inside = |origin: &Origin| origin.scope.as_deref() == Some(id);
                !self.instance.tokens.iter().any(|token| inside(&token.origin))
                    && !self.moving.iter().any(|moving| inside(&moving.origin))
            };
            let Some(id) =
                self.instance.scopes.iter().find(|run| is_empty(&run.id)).map(|run| run.id.clone())
            else {
                return;
            };
            match self.owner_of(&id) {
                Some(at) => {
                    self.take(at, &TaskOutcome::Terminated);
                }
                None => {
                    self.cancel_event_timers(Some(&id));
                    self.instance.scopes.retain(|run| run.id != id);
                }
            }
        }
    }
}
