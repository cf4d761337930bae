//! Faults of a whole model: circles without a wait, and joins that starve whatever happens.

use std::collections::{BTreeMap, HashSet};

use crate::model::{ElementKind, Event, Model};
use crate::problem::{FlowProblem, Problems};

/// The most situations that are looked at; beyond that nothing is said.
const MAX_SITUATIONS: usize = 20_000;

pub(crate) fn review(model: &Model) -> Vec<FlowProblem> {
    let mut problems = Problems::default();
    circles(model, &mut problems);
    for scope in 0..model.scopes.len() {
        dead_ends(model, scope, &mut problems);
    }
    problems.into_result(()).err().unwrap_or_default()
}

/// Elements that neither wait nor change anything.
fn passes(model: &Model, at: usize) -> bool {
    match &model.elements[at].kind {
        ElementKind::ExclusiveGateway
        | ElementKind::InclusiveGateway
        | ElementKind::ParallelGateway
        | ElementKind::PlainTask { .. }
        | ElementKind::SendTask { .. }
        | ElementKind::Throw { .. } => true,
        ElementKind::Catch { event } => matches!(event, Event::Link(_)),
        _ => false,
    }
}

fn next_of(model: &Model, at: usize) -> Vec<usize> {
    let element = &model.elements[at];
    if let ElementKind::Throw { event: Event::Link(name) } = &element.kind {
        let is_target = |kind: &ElementKind| matches!(kind, ElementKind::Catch { event: Event::Link(link) } if link == name);
        return (0..model.elements.len())
            .filter(|other| {
                model.elements[*other].scope == element.scope && is_target(&model.elements[*other].kind)
            })
            .collect();
    }
    element.outgoing.iter().map(|flow| model.flows[*flow].target).collect()
}

/// A token in a circle of elements that neither wait nor change anything goes round for ever: what was true once stays true.
fn circles(model: &Model, problems: &mut Problems) {
    for at in 0..model.elements.len() {
        if !passes(model, at) {
            continue;
        }
        let mut seen = vec![false; model.elements.len()];
        let mut open = next_of(model, at);
        while let Some(here) = open.pop() {
            if passes(model, here) && !std::mem::replace(&mut seen[here], true) {
                open.extend(next_of(model, here));
            }
        }
        if seen[at] {
            let element = &model.elements[at];
            problems.add(
                (element.kind.bpmn_name(), &element.id),
                "graph.circle",
                "循环中没有任何等待（如用户任务、定时），会无休止地转圈",
                "it lies in a circle in which nothing waits (a user task, a timer), which would go round for ever",
            );
            // One element names the circle.
            return;
        }
    }
}

/// Plays a scope with every way open at exclusive gateways. When no play reaches the end, a join starves for certain.
fn dead_ends(model: &Model, scope: usize, problems: &mut Problems) {
    let Some(start) = model.scopes[scope].starts.first() else { return };
    let unclear = model.elements.iter().any(|element| {
        element.scope == scope
            && (matches!(element.kind, ElementKind::InclusiveGateway)
                || element.outgoing.iter().any(|flow| model.flows[*flow].condition.is_some())
                    && !matches!(element.kind, ElementKind::ExclusiveGateway))
    });
    if unclear {
        return;
    }
    // A situation: how many tokens rest on each element (before it is left), and on each way into a join.
    type Situation = BTreeMap<(bool, usize), u8>;
    let first: Situation = BTreeMap::from([((false, *start), 1)]);
    let mut seen: HashSet<Situation> = HashSet::from([first.clone()]);
    let mut open = vec![first];
    let mut stuck: Option<usize> = None;
    while let Some(situation) = open.pop() {
        if seen.len() > MAX_SITUATIONS {
            return;
        }
        let resting: Vec<usize> = situation.keys().filter(|key| !key.0).map(|key| key.1).collect();
        if resting.is_empty() {
            match situation.keys().next() {
                None => return, // Everything has ended: the flow can end.
                Some((_, flow)) => {
                    stuck = stuck.or(Some(model.flows[*flow].target));
                    continue;
                }
            }
        }
        for at in resting {
            for next in moves(model, &situation, at) {
                match next {
                    None => return, // A terminate or error end closes everything else.
                    Some(next) => {
                        if seen.insert(next.clone()) {
                            open.push(next);
                        }
                    }
                }
            }
        }
    }
    if let Some(at) = stuck {
        let element = &model.elements[at];
        problems.add(
            (element.kind.bpmn_name(), &element.id),
            "graph.starved_join",
            "无论怎样走，此并行网关都等不齐各路，流程不会结束",
            "whatever way is taken, this join never gets a token by each way in, so the flow can't end",
        );
    }
}

type Next = Option<BTreeMap<(bool, usize), u8>>;

/// What a situation can become when the token on an element goes on; none when everything is over.
fn moves(model: &Model, situation: &BTreeMap<(bool, usize), u8>, at: usize) -> Vec<Next> {
    let element = &model.elements[at];
    let mut without = situation.clone();
    take(&mut without, (false, at));
    if let ElementKind::End { event: Event::Terminate | Event::Error(_) } = element.kind {
        return vec![None];
    }
    let mut found = Vec::new();
    let one_way = matches!(element.kind, ElementKind::ExclusiveGateway | ElementKind::EventGateway);
    if one_way {
        for flow in &element.outgoing {
            found.push(Some(sent(model, &without, &[*flow])));
        }
    } else if let ElementKind::Throw { event: Event::Link(_) } = element.kind {
        for target in next_of(model, at) {
            let mut next = without.clone();
            add(&mut next, (false, target));
            found.push(Some(next));
        }
    } else {
        found.push(Some(sent(model, &without, &element.outgoing)));
    }
    for boundary in &element.boundary {
        let interrupting =
            matches!(model.elements[*boundary].kind, ElementKind::Boundary { interrupting: true, .. });
        if interrupting {
            found.push(Some(sent(model, &without, &model.elements[*boundary].outgoing)));
        }
    }
    found
}

fn sent(
    model: &Model,
    situation: &BTreeMap<(bool, usize), u8>,
    flows: &[usize],
) -> BTreeMap<(bool, usize), u8> {
    let mut next = situation.clone();
    for flow in flows {
        let target = model.flows[*flow].target;
        let element = &model.elements[target];
        if !matches!(element.kind, ElementKind::ParallelGateway) || element.incoming.len() < 2 {
            add(&mut next, (false, target));
            continue;
        }
        add(&mut next, (true, *flow));
        if element.incoming.iter().all(|way| next.contains_key(&(true, *way))) {
            for way in &element.incoming {
                take(&mut next, (true, *way));
            }
            add(&mut next, (false, target));
        }
    }
    next
}

fn add(situation: &mut BTreeMap<(bool, usize), u8>, key: (bool, usize)) {
    // Three tokens in one place are as good as more.
    let count = situation.entry(key).or_default();
    *count = (*count + 1).min(3);
}

fn take(situation: &mut BTreeMap<(bool, usize), u8>, key: (bool, usize)) {
    if let Some(count) = situation.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            situation.remove(&key);
        }
    }
}
