//! Checks of the graph: every element can be reached, can go on, and can come to an end.

use crate::model::{Element, ElementKind, SequenceFlow, TimerSpec};
use crate::problem::Problems;

pub(super) fn graph(elements: &[Element], flows: &[SequenceFlow], problems: &mut Problems) {
    check_starts(elements, problems);
    for element in elements {
        check_ends(element, problems);
        check_conditions(element, flows, problems);
        check_boundary(element, elements, problems);
    }
    if problems.is_empty() {
        check_reach(elements, flows, problems);
    }
}

fn at(element: &Element) -> (&str, &str) {
    (element.kind.bpmn_name(), &element.id)
}

fn check_starts(elements: &[Element], problems: &mut Problems) {
    let mut starts = elements.iter().filter(|element| matches!(element.kind, ElementKind::Start));
    if starts.next().is_none() {
        problems.add(("process", ""), "start.missing", "没有开始事件", "there is no start event");
    }
    for start in starts {
        problems.add(at(start), "start.several", "只能有一个开始事件", "there may be one start event only");
    }
    if !elements.iter().any(|element| matches!(element.kind, ElementKind::End { .. })) {
        problems.add(("process", ""), "end.missing", "没有结束事件", "there is no end event");
    }
}

fn check_ends(element: &Element, problems: &mut Problems) {
    let (ins, outs) = (element.incoming.len(), element.outgoing.len());
    if matches!(element.kind, ElementKind::Start | ElementKind::BoundaryTimer { .. }) && ins > 0 {
        problems.add(
            at(element),
            "flow.into_start",
            "此事件不能有流入的连线",
            "no flow may lead into this event",
        );
    }
    if matches!(element.kind, ElementKind::End { .. }) {
        if outs > 0 {
            problems.add(
                at(element),
                "flow.out_of_end",
                "结束事件不能有流出的连线",
                "no flow may leave an end event",
            );
        }
        return;
    }
    if outs == 0 {
        problems.add(at(element), "flow.no_outgoing", "没有流出的连线", "no flow leaves this element");
    }
    let is_gateway =
        matches!(element.kind, ElementKind::ExclusiveGateway { .. } | ElementKind::ParallelGateway);
    if outs > 1 && !is_gateway {
        problems.add(
            at(element),
            "flow.several_outgoing",
            "多条流出的连线须经网关",
            "several flows leave this element; put a gateway in between",
        );
    }
}

fn check_conditions(element: &Element, flows: &[SequenceFlow], problems: &mut Problems) {
    for index in &element.outgoing {
        let flow = &flows[*index];
        let place = ("sequenceFlow", flow.id.as_str());
        match element.kind {
            ElementKind::ExclusiveGateway { default } => {
                let is_default = default == Some(*index);
                if is_default && flow.condition.is_some() {
                    problems.add(
                        place,
                        "condition.on_default",
                        "默认连线不能有条件",
                        "the default flow can't have a condition",
                    );
                } else if !is_default && flow.condition.is_none() && element.outgoing.len() > 1 {
                    problems.add(
                        place,
                        "condition.missing",
                        "排他网关的连线须有条件或设为默认",
                        "a flow out of an exclusive gateway needs a condition or must be the default",
                    );
                }
            }
            _ if flow.condition.is_some() => {
                problems.add(
                    place,
                    "condition.not_at_gateway",
                    "只有排他网关的连线可以有条件",
                    "only flows out of an exclusive gateway can have a condition",
                );
            }
            _ => {}
        }
    }
}

fn check_boundary(element: &Element, elements: &[Element], problems: &mut Problems) {
    let timer = match &element.kind {
        ElementKind::TimerCatch { timer } => timer,
        ElementKind::BoundaryTimer { attached_to, timer, .. } => {
            let host = elements.get(*attached_to).map(|host| &host.kind);
            match host {
                Some(ElementKind::UserTask(task)) if task.limit.is_some() => return,
                Some(ElementKind::UserTask(_)) => timer,
                _ => {
                    problems.add(
                        at(element),
                        "boundary.host",
                        "边界事件只能附在用户任务上",
                        "a boundary event can be attached to a user task only",
                    );
                    return;
                }
            }
        }
        _ => return,
    };
    if matches!(timer, TimerSpec::Due | TimerSpec::NearDue) {
        problems.add(
            at(element),
            "timer.no_limit",
            "按期限触发的定时器须附在有期限（yihao:limit）的用户任务上",
            "a timer at the limit must be attached to a user task that has one (yihao:limit)",
        );
    }
}

fn check_reach(elements: &[Element], flows: &[SequenceFlow], problems: &mut Problems) {
    let start = elements.iter().position(|element| matches!(element.kind, ElementKind::Start));
    let reached = walk(elements.len(), start, |index, next| {
        next.extend(elements[index].outgoing.iter().map(|flow| flows[*flow].target));
        next.extend(&elements[index].boundary);
    });
    let ends = (0..elements.len()).filter(|index| matches!(elements[*index].kind, ElementKind::End { .. }));
    let can_end = walk(elements.len(), ends, |index, next| {
        next.extend(elements[index].incoming.iter().map(|flow| flows[*flow].source));
    });
    for (index, element) in elements.iter().enumerate() {
        if !reached[index] {
            problems.add(
                at(element),
                "graph.unreachable",
                "从开始事件到不了此元素",
                "it can't be reached from the start",
            );
        } else if !can_end[index] {
            problems.add(
                at(element),
                "graph.no_end",
                "从此元素到不了结束事件",
                "no end event can be reached from here",
            );
        }
    }
}

fn walk(
    count: usize,
    from: impl IntoIterator<Item = usize>,
    neighbours: impl Fn(usize, &mut Vec<usize>),
) -> Vec<bool> {
    let mut seen = vec![false; count];
    let mut open: Vec<usize> = from.into_iter().collect();
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut seen[index], true) {
            neighbours(index, &mut open);
        }
    }
    seen
}
