//! What is done several times: 会签 (all), 票签 (a share), 或签 (one).

use serde_json::{Map, Value};

use super::{MAX_TOKENS, Moving, Run};
use crate::condition::ConditionError;
use crate::exchange::{Effect, TaskOutcome};
use crate::instance::{IncidentCode, Inner, Origin, Place};
use crate::model::{Completion, Count, MultiInstance};

impl Run<'_> {
    /// Begins an activity that is done several times: its own token waits while others do the work.
    pub(super) fn open_several(&mut self, moving: Moving) {
        let model = self.model;
        let element = &model.elements[moving.to];
        let Some(multi) = &element.multi else { return };
        let (total, items) = match self.count(&moving, multi) {
            Ok(counted) => counted,
            Err(message) => {
                self.strand(moving, IncidentCode::ExpressionFailed, message);
                return;
            }
        };
        if total == 0 {
            let flow_id = moving.via.map(|flow| model.flows[flow].id.clone());
            self.effects.push(Effect::Entered { element_id: element.id.clone(), flow_id });
            self.leave(moving.to, moving.origin);
            return;
        }
        let live = self.instance.tokens.len() + self.moving.len();
        let at_once = if multi.sequential { 1 } else { total };
        if live + usize::try_from(at_once).unwrap_or(usize::MAX) >= MAX_TOKENS {
            self.strand(moving, IncidentCode::TokenLimit, format!("more than {MAX_TOKENS} tokens"));
            return;
        }
        let multi_id = self.next_id("several");
        let timers = self.set_boundary(moving.to, None);
        let Moving { to, via, origin, .. } = moving;
        for index in 0..at_once {
            self.moving.push_back(Moving {
                to,
                via: via.filter(|_| index == 0),
                origin: origin.clone(),
                inner: Some(Inner { multi_id: multi_id.clone(), index }),
            });
        }
        let actions = Default::default();
        let place = Place::Several { multi_id, total, begun: at_once, done: 0, items, actions, timers };
        self.rest(Moving { to, via: None, origin, inner: None }, Map::new(), place);
    }

    fn count(&self, moving: &Moving, multi: &MultiInstance) -> Result<(u32, Option<Vec<Value>>), String> {
        let too_many = || format!("more than {MAX_TOKENS} times");
        match &multi.count {
            Count::Number(condition) => {
                let facts = self.facts(moving.origin.scope.as_deref(), &Map::new());
                let value = condition.value(&facts).map_err(|ConditionError(error)| error)?;
                let number = value
                    .as_u64()
                    .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
                    .ok_or_else(|| format!("{} is not a number of times: {value}", condition.source()))?;
                let number = u32::try_from(number).map_err(|_| too_many())?;
                if usize::try_from(number).is_ok_and(|number| number < MAX_TOKENS) {
                    Ok((number, None))
                } else {
                    Err(too_many())
                }
            }
            Count::List(name) => {
                let items = match self.lookup(moving.origin.scope.as_deref(), name) {
                    Some(Value::Array(items)) => items.clone(),
                    Some(_) => return Err(format!("{name} is not a list")),
                    None => return Err(format!("there is no list {name}")),
                };
                if items.len() >= MAX_TOKENS {
                    return Err(too_many());
                }
                Ok((u32::try_from(items.len()).map_err(|_| too_many())?, Some(items)))
            }
        }
    }

    /// A variable as it is seen from within a scope.
    fn lookup(&self, scope: Option<&str>, name: &str) -> Option<&Value> {
        let mut at = scope;
        while let Some(run) = at.and_then(|id| self.instance.scopes.iter().find(|run| run.id == id)) {
            if let Some(value) = run.locals.get(name) {
                return Some(value);
            }
            at = run.parent.as_deref();
        }
        self.instance.variables.get(name)
    }

    /// Counts one that is done, and goes on when that is enough.
    pub(super) fn one_of_several_done(&mut self, inner: &Inner, origin: Origin, action: Option<&str>) {
        let Some(at) = self.instance.several_at(&inner.multi_id) else { return };
        if let Place::Several { done, actions, .. } = &mut self.instance.tokens[at].place {
            *done += 1;
            if let Some(action) = action {
                *actions.entry(action.to_owned()).or_default() += 1;
            }
        }
        self.look_whether_enough(&inner.multi_id, origin);
    }

    /// Goes on when enough have been done; begins the next when they come one after the other.
    pub(super) fn look_whether_enough(&mut self, id: &str, origin: Origin) {
        let model = self.model;
        let Some(at) = self.instance.several_at(id) else { return };
        let Some(to) = model.by_id.get(&self.instance.tokens[at].element_id).copied() else { return };
        let Some(multi) = &model.elements[to].multi else { return };
        let Place::Several { total, begun, done, actions, .. } = &self.instance.tokens[at].place else {
            return;
        };
        let (total, begun, done, actions) = (*total, *begun, *done, actions.clone());
        let counted = |action: &Option<String>| match action {
            Some(action) => actions.get(action).copied().unwrap_or_default(),
            None => done,
        };
        let (action, mut reached, lost) = match &multi.rule {
            Completion::All => (None, done >= total, false),
            Completion::Any { action } => (action.clone(), counted(action) > 0, done >= total),
            Completion::Ratio { share, action } => {
                let (yes, all) = (f64::from(counted(action)), f64::from(total));
                let open = f64::from(total.saturating_sub(done));
                // A share such as a third is not exact in binary.
                let needed = share * all - 1e-9;
                (action.clone(), yes >= needed, done >= total || yes + open < needed)
            }
        };
        if let Some(condition) = &multi.condition {
            let mut locals = Map::new();
            let active = if multi.sequential { 0 } else { total.saturating_sub(done) };
            locals.insert("nrOfInstances".to_owned(), total.into());
            locals.insert("nrOfCompletedInstances".to_owned(), done.into());
            locals.insert("nrOfActiveInstances".to_owned(), active.into());
            let facts = self.facts(origin.scope.as_deref(), &locals);
            match condition.holds(&facts) {
                Ok(holds) => reached = reached || holds,
                Err(ConditionError(message)) => {
                    let token = self.take(at, &TaskOutcome::Decided);
                    let moving = Moving { to, via: None, origin: token.origin, inner: None };
                    self.strand(moving, IncidentCode::ExpressionFailed, message);
                    return;
                }
            }
        }
        if reached || lost || done >= total {
            let element_id = model.elements[to].id.clone();
            self.take(at, &TaskOutcome::Decided);
            let winner = match (&action, reached) {
                (Some(action), true) => Some(action.clone()),
                (rule, _) => actions
                    .iter()
                    .filter(|(name, _)| reached || Some(*name) != rule.as_ref())
                    .max_by_key(|(_, count)| **count)
                    .map(|(name, _)| name.clone()),
            };
            if let Some(winner) = winner {
                self.instance.outcomes.insert(element_id, winner.clone());
                self.instance.action = Some(winner);
            }
            if let Some(name) = &multi.result {
                let value =
                    serde_json::json!({"reached": reached, "total": total, "done": done, "actions": actions});
                self.instance.variables.insert(name.clone(), value);
            }
            self.leave(to, origin);
        } else if multi.sequential && begun < total && begun <= done {
            if let Place::Several { begun, .. } = &mut self.instance.tokens[at].place {
                *begun += 1;
            }
            let inner = Some(Inner { multi_id: id.to_owned(), index: begun });
            self.moving.push_back(Moving { to, via: None, origin, inner });
        }
    }

    /// Takes all that still work for an activity that is done several times.
    pub(super) fn take_several(&mut self, id: &str, outcome: &TaskOutcome) {
        while let Some(at) = self
            .instance
            .tokens
            .iter()
            .position(|token| token.inner.as_ref().is_some_and(|inner| inner.multi_id == id))
        {
            self.take(at, outcome);
        }
    }
}
