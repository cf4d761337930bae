//! Moves a run to another version of its flow.

use std::collections::BTreeMap;

use crate::exchange::Effect;
use crate::instance::{BoundaryTimer, Instance, Place, State};
use crate::model::{ElementKind, Model, TimerSpec};

/// Why a run can't be moved: an element on which something rests, and what is wrong with its counterpart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The run has ended; there is nothing to move.
    #[error("the run is over")]
    NotRunning,
    /// The new version has no such element, and no other was named for it.
    #[error("{0:?} has no counterpart")]
    NoCounterpart(String),
    /// The counterpart does something else.
    #[error("{old:?} and {new:?} are not of the same kind")]
    OtherKind {
        /// The element on which the run rests.
        old: String,
        /// Its counterpart.
        new: String,
    },
    /// What waits there can't be kept: a join without the way by which its token came, an event that is not there.
    #[error("what waits at {0:?} can't be kept")]
    CannotWait(String),
}

impl Instance {
    /// Moves the run from one version of its flow to another. `mapping` names the counterparts of elements whose ids
    /// differ. Open tasks stay open under their ids; timers attached to them are taken back and set anew where the drawing
    /// changed.
    ///
    /// # Errors
    /// Any [`MigrationError`]; the run is unchanged then.
    pub fn migrate(
        &self,
        old: &Model,
        new: &Model,
        mapping: &BTreeMap<String, String>,
        now_ms: i64,
    ) -> Result<(Self, Vec<Effect>), MigrationError> {
        if self.state != State::Running {
            return Err(MigrationError::NotRunning);
        }
        let to = |id: &str| mapping.get(id).map_or(id, String::as_str).to_owned();
        let mut next = self.clone();
        let mut effects = Vec::new();
        next.model_id = new.id.clone();
        for token in &mut next.tokens {
            let id = counterpart(old, new, &token.element_id, &to(&token.element_id))?;
            let has_several = new.element(&id).is_some_and(|element| element.multi.is_some());
            let is_several = token.inner.is_some() || matches!(token.place, Place::Several { .. });
            if is_several && !has_several {
                return Err(MigrationError::CannotWait(token.element_id.clone()));
            }
            match &mut token.place {
                Place::Join { flow_id } => {
                    let flow = to(flow_id);
                    let comes =
                        new.flows.iter().any(|other| other.id == flow && new.elements[other.target].id == id);
                    if !comes {
                        return Err(MigrationError::CannotWait(token.element_id.clone()));
                    }
                    *flow_id = flow;
                }
                Place::Repair { flow_id, .. } => {
                    let flow = flow_id.as_deref().map(to);
                    *flow_id = flow.filter(|flow| new.flows.iter().any(|other| other.id == *flow));
                }
                _ => {}
            }
            let task_id = match &token.place {
                Place::Task { task_id, .. } => Some(task_id.clone()),
                _ => None,
            };
            let inner = token.inner.is_some();
            let events = matches!(token.place, Place::Events { .. });
            if let Some(timers) = token.place.timers_mut() {
                if events && !timers.is_empty() {
                    // The events behind a gateway belong to it: they must all be there.
                    for timer in timers {
                        timer.element_id = counterpart(old, new, &timer.element_id, &to(&timer.element_id))?;
                    }
                } else if !inner {
                    let kept = std::mem::take(timers);
                    *timers = rehang(
                        old,
                        new,
                        &id,
                        kept,
                        &to,
                        task_id.as_deref(),
                        now_ms,
                        &mut next.ids,
                        &mut effects,
                    );
                }
            }
            token.element_id = id;
        }
        for run in &mut next.scopes {
            run.element_id = counterpart(old, new, &run.element_id, &to(&run.element_id))?;
            for timer in &mut run.timers {
                timer.element_id = counterpart(old, new, &timer.element_id, &to(&timer.element_id))?;
            }
        }
        for timer in &mut next.timers {
            timer.element_id = counterpart(old, new, &timer.element_id, &to(&timer.element_id))?;
        }
        for done in &mut next.done {
            done.element_id = to(&done.element_id);
        }
        next.outcomes = next.outcomes.iter().map(|(id, action)| (to(id), action.clone())).collect();
        next.taken =
            next.taken.iter().map(|id| to(id)).filter(|id| new.flows.iter().any(|f| f.id == *id)).collect();
        next.check_fit(new).map_err(|error| MigrationError::CannotWait(error.to_string()))?;
        Ok((next, effects))
    }
}

fn counterpart(old: &Model, new: &Model, from: &str, to: &str) -> Result<String, MigrationError> {
    let there = new.element(to).ok_or_else(|| MigrationError::NoCounterpart(from.to_owned()))?;
    let here = old.element(from).map(|element| element.kind.bpmn_name());
    let event = |model: &Model, id: &str| {
        model.element(id).and_then(|element| element.kind.event()).map(std::mem::discriminant)
    };
    if here.is_some_and(|name| name != there.kind.bpmn_name()) || event(old, from) != event(new, to) {
        return Err(MigrationError::OtherKind { old: from.to_owned(), new: to.to_owned() });
    }
    Ok(to.to_owned())
}

/// Keeps the timers whose boundary events are still there, takes the others back, and sets those that were added.
#[expect(clippy::too_many_arguments, reason = "one step of one loop, taken out to be read by itself")]
fn rehang(
    old: &Model,
    new: &Model,
    host: &str,
    kept: Vec<BoundaryTimer>,
    to: &impl Fn(&str) -> String,
    task_id: Option<&str>,
    now_ms: i64,
    ids: &mut u64,
    effects: &mut Vec<Effect>,
) -> Vec<BoundaryTimer> {
    let Some(element) = new.element(host) else { return Vec::new() };
    let there: Vec<&str> = element
        .boundary
        .iter()
        .map(|at| &new.elements[*at])
        .filter(|boundary| boundary.timer().is_some())
        .map(|boundary| boundary.id.as_str())
        .collect();
    let mut timers = Vec::new();
    for timer in kept {
        let id = to(&timer.element_id);
        if there.contains(&id.as_str()) {
            timers.push(BoundaryTimer { element_id: id, ..timer });
        } else {
            effects.push(Effect::CancelTimer { timer_id: timer.timer_id });
        }
    }
    for id in there {
        // One that has fired is not set again: only what the old version did not have.
        if timers.iter().any(|timer| timer.element_id == id)
            || old.elements.iter().any(|element| to(&element.id) == id)
        {
            continue;
        }
        let Some(boundary) = new.element(id) else { continue };
        let Some(spec) = boundary.timer() else { continue };
        let once = matches!(boundary.kind, ElementKind::Boundary { interrupting: true, .. });
        *ids += 1;
        let timer_id = format!("timer-{ids}");
        let (due_at, again) = match spec {
            TimerSpec::Duration { duration_ms } => (Some(now_ms.saturating_add(*duration_ms)), None),
            TimerSpec::Cycle { duration_ms, times } => {
                let again =
                    times.map_or(Some(u32::MAX), |times| times.checked_sub(1)).filter(|n| *n > 0 && !once);
                (Some(now_ms.saturating_add(*duration_ms)), again)
            }
            TimerSpec::Date { at_ms } => (Some(*at_ms), None),
            TimerSpec::WorkingDays { .. } | TimerSpec::NearDue | TimerSpec::Due => (None, None),
        };
        effects.push(Effect::SetTimer {
            timer_id: timer_id.clone(),
            element_id: id.to_owned(),
            task_id: task_id.map(str::to_owned),
            spec: spec.clone(),
            due_at,
        });
        timers.push(BoundaryTimer { timer_id, element_id: id.to_owned(), again });
    }
    timers
}
