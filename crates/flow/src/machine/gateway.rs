//! Gateways: which ways are taken, and who waits for whom.

use serde_json::Map;

use super::{MAX_TOKENS, Moving, Run};
use crate::condition::ConditionError;
use crate::exchange::Effect;
use crate::instance::{BoundaryTimer, IncidentCode, Origin, Place};
use crate::model::{ElementKind, Event, Model};

impl Run<'_> {
    /// Takes the first way out of an exclusive gateway whose condition holds, in the order of the file.
    pub(super) fn choose(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let mut chosen = element.default;
        if element.outgoing.iter().any(|flow| model.flows[*flow].condition.is_some()) {
            let facts = self.facts(moving.origin.scope.as_deref(), &Map::new());
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
                        self.strand(moving, IncidentCode::ConditionFailed, message);
                        return;
                    }
                }
            }
        } else if chosen.is_none() {
            chosen = element.outgoing.first().copied();
        }
        match chosen {
            Some(flow) => self.go(flow, moving.origin),
            None => {
                let message = "no condition holds and there is no default flow".to_owned();
                self.strand(moving, IncidentCode::NoWayOut, message);
            }
        }
    }

    /// Takes each way out whose condition holds, else the default.
    pub(super) fn fork_by_condition(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let facts = self.facts(moving.origin.scope.as_deref(), &Map::new());
        let mut chosen = Vec::new();
        for index in &element.outgoing {
            let flow = &model.flows[*index];
            let Some(condition) = &flow.condition else {
                if element.default != Some(*index) {
                    chosen.push(*index);
                }
                continue;
            };
            match condition.holds(&facts) {
                Ok(true) => chosen.push(*index),
                Ok(false) => {}
                Err(ConditionError(error)) => {
                    let message = format!("{}: {}: {error}", flow.id, condition.source());
                    self.strand(moving, IncidentCode::ConditionFailed, message);
                    return;
                }
            }
        }
        if chosen.is_empty() {
            chosen.extend(element.default);
        }
        if chosen.is_empty() {
            let message = "no condition holds and there is no default flow".to_owned();
            self.strand(moving, IncidentCode::NoWayOut, message);
        } else {
            self.fork(moving, &chosen);
        }
    }

    /// Lets a token wait for its fellows. At a parallel gateway one on each way in become one; an inclusive gateway waits
    /// until everything else rests, see [`Run::fire_inclusive`].
    pub(super) fn arrive(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let Some(via) = moving.via.filter(|_| element.incoming.len() > 1) else {
            self.go_out(moving);
            return;
        };
        let (to, scope) = (moving.to, moving.origin.scope.clone());
        self.rest(moving, Map::new(), Place::Join { flow_id: model.flows[via].id.clone() });
        if matches!(element.kind, ElementKind::ParallelGateway) {
            let waiting = self.waiting_at(to, scope.as_deref());
            if waiting.iter().all(Option::is_some) {
                self.join(to, waiting.into_iter().flatten().collect(), scope);
            }
        }
    }

    /// The first token that waits at a gateway on each way in, where there is one.
    fn waiting_at(&self, gateway: usize, scope: Option<&str>) -> Vec<Option<usize>> {
        let element = &self.model.elements[gateway];
        let on = |flow: &usize| {
            let id = &self.model.flows[*flow].id;
            self.instance.tokens.iter().position(|token| {
                token.element_id == element.id
                    && token.origin.scope.as_deref() == scope
                    && matches!(&token.place, Place::Join { flow_id } if flow_id == id)
            })
        };
        element.incoming.iter().map(on).collect()
    }

    fn join(&mut self, gateway: usize, mut waiting: Vec<usize>, scope: Option<String>) {
        waiting.sort_unstable();
        let mut from = Vec::new();
        for at in waiting.into_iter().rev() {
            from.push(self.instance.tokens.remove(at).origin.from);
        }
        let from = self.common_ancestor(&from);
        self.effects.push(Effect::Joined { element_id: self.model.elements[gateway].id.clone() });
        let origin = Origin { source_task_id: None, scope, from, joined: true };
        self.go_out(Moving { to: gateway, via: None, origin, inner: None });
    }

    fn go_out(&mut self, moving: Moving) {
        let element = &self.model.elements[moving.to];
        match element.kind {
            ElementKind::InclusiveGateway => self.fork_by_condition(moving),
            _ => self.fork(moving, &element.outgoing),
        }
    }

    fn fork(&mut self, moving: Moving, flows: &[usize]) {
        let live = self.instance.tokens.len() + self.moving.len();
        if flows.len() > 1 && live + flows.len() > MAX_TOKENS {
            let message = format!("more than {MAX_TOKENS} tokens");
            self.strand(moving, IncidentCode::TokenLimit, message);
            return;
        }
        for flow in flows {
            self.go(*flow, moving.origin.clone());
        }
    }

    /// Lets one inclusive gateway go on for which no more token can come: every token that could still reach one of the
    /// ways on which nobody waits could as well reach one on which somebody does.
    pub(super) fn fire_inclusive(&mut self) -> bool {
        let model = self.model;
        let mut gateways: Vec<(usize, Option<String>)> = Vec::new();
        for token in &self.instance.tokens {
            let Some(at) = model.by_id.get(&token.element_id).copied() else { continue };
            let waits = matches!(token.place, Place::Join { .. })
                && matches!(model.elements[at].kind, ElementKind::InclusiveGateway);
            let key = (at, token.origin.scope.clone());
            if waits && !gateways.contains(&key) {
                gateways.push(key);
            }
        }
        for (gateway, scope) in gateways {
            let waiting = self.waiting_at(gateway, scope.as_deref());
            let element = &model.elements[gateway];
            let is_waiting = |flow: usize| {
                element.incoming.iter().zip(&waiting).any(|(at, token)| *at == flow && token.is_some())
            };
            let can_more_come = self.instance.tokens.iter().any(|token| {
                if token.origin.scope != scope || token.element_id == element.id || token.inner.is_some() {
                    return false;
                }
                let Some(at) = model.by_id.get(&token.element_id) else { return false };
                let reached = reach(model, *at, gateway);
                reached.iter().any(|flow| !is_waiting(*flow)) && !reached.iter().any(|flow| is_waiting(*flow))
            });
            if !can_more_come {
                self.join(gateway, waiting.into_iter().flatten().collect(), scope);
                return true;
            }
        }
        false
    }

    /// When nothing but joins is left in a scope, no token can ever reach them.
    pub(super) fn strand_starved_joins(&mut self) {
        let mut scopes: Vec<Option<String>> = vec![None];
        scopes.extend(self.instance.scopes.iter().map(|scope| Some(scope.id.clone())));
        for scope in scopes {
            let inside = |token: &&crate::instance::Token| token.origin.scope == scope;
            let mut tokens = self.instance.tokens.iter().filter(inside).peekable();
            if tokens.peek().is_none() || !tokens.all(|token| matches!(token.place, Place::Join { .. })) {
                continue;
            }
            let (starved, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.instance.tokens)
                .into_iter()
                .partition(|token| token.origin.scope == scope);
            self.instance.tokens = rest;
            for token in starved {
                let via = match &token.place {
                    Place::Join { flow_id } => self.model.flows.iter().position(|flow| flow.id == *flow_id),
                    _ => None,
                };
                let to = self.model.by_id.get(&token.element_id).copied().unwrap_or_default();
                let message = "no token is left that could come by the other ways".to_owned();
                let moving = Moving { to, via, origin: token.origin, inner: None };
                self.strand(moving, IncidentCode::JoinStarved, message);
            }
        }
    }

    /// Waits for whichever of the events behind the gateway comes first.
    pub(super) fn await_events(&mut self, moving: Moving) {
        let model = self.model;
        let mut timers = Vec::new();
        for flow in &model.elements[moving.to].outgoing {
            let target = &model.elements[model.flows[*flow].target];
            if let Some(spec) = target.timer() {
                let timer_id = self.set_timer(&target.id, None, spec);
                timers.push(BoundaryTimer { timer_id, element_id: target.id.clone(), again: None });
            }
        }
        self.rest(moving, Map::new(), Place::Events { timers });
    }
}

/// The ways into `gateway` that a token on `from` can still reach without passing it.
fn reach(model: &Model, from: usize, gateway: usize) -> Vec<usize> {
    let mut seen = vec![false; model.elements.len()];
    let mut open = vec![from];
    let mut found = Vec::new();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let element = &model.elements[at];
        for flow in &element.outgoing {
            let target = model.flows[*flow].target;
            if target == gateway {
                found.push(*flow);
            } else {
                open.push(target);
            }
        }
        open.extend(&element.boundary);
        if let ElementKind::Throw { event: Event::Link(name) } = &element.kind {
            open.extend(model.elements.iter().enumerate().filter_map(|(at, other)| {
                let is_link = other.scope == element.scope
                    && matches!(&other.kind, ElementKind::Catch { event: Event::Link(link) } if link == name);
                is_link.then_some(at)
            }));
        }
    }
    found
}
