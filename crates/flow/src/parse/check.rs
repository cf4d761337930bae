//! Checks of the graph: every element can be reached, can go on, and can come to an end.

use crate::model::{Element, ElementKind, Event, ScopeModel, SequenceFlow, TimerSpec};
use crate::problem::Problems;

pub(super) fn graph(
    elements: &[Element],
    flows: &[SequenceFlow],
    scopes: &[ScopeModel],
    problems: &mut Problems,
) {
    for (index, scope) in scopes.iter().enumerate() {
        check_starts(index, scope, elements, problems);
    }
    check_calls(elements, scopes, problems);
    for element in elements {
        check_ends(element, problems);
        check_conditions(element, flows, problems);
        check_boundary(element, elements, problems);
        check_links(element, elements, problems);
        check_event_gateway(element, elements, flows, problems);
    }
    if problems.is_empty() {
        check_reach(elements, flows, scopes, problems);
    }
}

fn at(element: &Element) -> (&str, &str) {
    (element.kind.bpmn_name(), &element.id)
}

fn is_by_event(element: &Element) -> bool {
    matches!(element.kind, ElementKind::SubProcess { by_event: true, .. })
}

fn check_starts(index: usize, scope: &ScopeModel, elements: &[Element], problems: &mut Problems) {
    let owner = scope.owner.map(|owner| &elements[owner]);
    let place = owner.map_or(("process", ""), at);
    let starts: Vec<&Element> = scope.starts.iter().map(|start| &elements[*start]).collect();
    if starts.is_empty() {
        problems.add(place, "start.missing", "没有开始事件", "there is no start event");
    }
    let is_plain = |start: &&Element| matches!(start.kind, ElementKind::Start { event: Event::Plain, .. });
    let by_event = owner.is_some_and(is_by_event);
    // A process may be started by one of several events, but by nothing in particular in one place only.
    let surplus: Vec<&&Element> = if owner.is_some() {
        starts.iter().skip(1).collect()
    } else {
        starts.iter().filter(|start| is_plain(start)).skip(1).collect()
    };
    for start in surplus {
        problems.add(at(start), "start.several", "只能有一个开始事件", "there may be one start event only");
    }
    for start in &starts {
        let ElementKind::Start { event, interrupting } = &start.kind else { continue };
        let fits = match event {
            Event::Plain => !by_event,
            Event::Error(_) => by_event && *interrupting,
            Event::Escalation(_) => by_event,
            _ => owner.is_none() || by_event,
        };
        if !fits {
            problems.add(
                at(start),
                "start.event",
                "此处的开始事件类型不对：子流程须无事件，事件子流程须有事件，错误事件须中断",
                "this start event does not fit here: a sub-process starts with none, an event sub-process with one, an error interrupts",
            );
        } else if !interrupting && !by_event {
            problems.add(
                at(start),
                "attribute.unsupported",
                "只有事件子流程的开始事件可以不中断",
                "only the start of an event sub-process can leave the rest running",
            );
        }
    }
    let has_end = elements
        .iter()
        .any(|element| element.scope == index && matches!(element.kind, ElementKind::End { .. }));
    if !has_end {
        problems.add(place, "end.missing", "没有结束事件", "there is no end event");
    }
}

/// A process that comes back to itself through calls would never end.
fn check_calls(elements: &[Element], scopes: &[ScopeModel], problems: &mut Problems) {
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); scopes.len()];
    for element in elements {
        if let ElementKind::CallActivity { scope, .. } | ElementKind::SubProcess { scope, .. } = element.kind
        {
            inside[element.scope].push(scope);
        }
    }
    for element in elements {
        let ElementKind::CallActivity { scope, .. } = element.kind else { continue };
        let reached = walk(scopes.len(), [scope], |at, next| next.extend(&inside[at]));
        if reached[element.scope] {
            problems.add(at(element), "call.recursive", "流程不能调用自己", "a process can't call itself");
        }
    }
}

fn check_ends(element: &Element, problems: &mut Problems) {
    let (ins, outs) = (element.incoming.len(), element.outgoing.len());
    let by_event = is_by_event(element);
    let is_link_target = matches!(element.kind, ElementKind::Catch { event: Event::Link(_) });
    let begins = matches!(element.kind, ElementKind::Start { .. } | ElementKind::Boundary { .. });
    if (begins || by_event || is_link_target) && ins > 0 {
        problems.add(
            at(element),
            "flow.into_start",
            "此事件不能有流入的连线",
            "no flow may lead into this event",
        );
    }
    let ends = matches!(element.kind, ElementKind::End { .. });
    let is_link_source = matches!(element.kind, ElementKind::Throw { event: Event::Link(_) });
    if ends || by_event || is_link_source {
        if outs > 0 {
            problems.add(
                at(element),
                "flow.out_of_end",
                "此处不能有流出的连线",
                "no flow may leave this element",
            );
        }
        return;
    }
    if outs == 0 {
        problems.add(at(element), "flow.no_outgoing", "没有流出的连线", "no flow leaves this element");
    }
}

fn check_conditions(element: &Element, flows: &[SequenceFlow], problems: &mut Problems) {
    let may_have = !matches!(
        element.kind,
        ElementKind::ParallelGateway | ElementKind::EventGateway | ElementKind::Start { .. }
    );
    for index in &element.outgoing {
        let flow = &flows[*index];
        let place = ("sequenceFlow", flow.id.as_str());
        let is_default = element.default == Some(*index);
        if flow.condition.is_some() && !may_have {
            problems.add(
                place,
                "condition.not_at_gateway",
                "此处流出的连线不能有条件",
                "flows out of this element can't have a condition",
            );
        } else if is_default && flow.condition.is_some() {
            problems.add(
                place,
                "condition.on_default",
                "默认连线不能有条件",
                "the default flow can't have a condition",
            );
        } else if matches!(element.kind, ElementKind::ExclusiveGateway)
            && !is_default
            && flow.condition.is_none()
            && element.outgoing.len() > 1
        {
            problems.add(
                place,
                "condition.missing",
                "排他网关的连线须有条件或设为默认",
                "a flow out of an exclusive gateway needs a condition or must be the default",
            );
        }
    }
}

fn check_boundary(element: &Element, elements: &[Element], problems: &mut Problems) {
    let mut limited = false;
    if let ElementKind::Boundary { attached_to, interrupting, event } = &element.kind {
        let host = elements.get(*attached_to);
        if !host.is_some_and(|host| host.kind.is_activity() && !is_by_event(host)) {
            problems.add(
                at(element),
                "boundary.host",
                "边界事件只能附在任务、调用活动或子流程上",
                "a boundary event can be attached to a task, call activity or sub-process only",
            );
            return;
        }
        if matches!(event, Event::Error(_)) && !interrupting {
            problems.add(
                at(element),
                "boundary.error",
                "错误边界事件总是中断的",
                "an error boundary event always interrupts",
            );
        }
        limited =
            matches!(host.map(|host| &host.kind), Some(ElementKind::UserTask(task)) if task.limit.is_some());
    }
    if !limited && matches!(element.timer(), Some(TimerSpec::Due | TimerSpec::NearDue)) {
        problems.add(
            at(element),
            "timer.no_limit",
            "按期限触发的定时器须附在有期限（yihao:limit）的用户任务上",
            "a timer at the limit must be attached to a user task that has one (yihao:limit)",
        );
    }
}

fn check_links(element: &Element, elements: &[Element], problems: &mut Problems) {
    let twin = |name: &String, throws: bool| {
        elements
            .iter()
            .filter(|other| {
                other.scope == element.scope
                    && match &other.kind {
                        ElementKind::Throw { event: Event::Link(link) } => throws && link == name,
                        ElementKind::Catch { event: Event::Link(link) } => !throws && link == name,
                        _ => false,
                    }
            })
            .count()
    };
    let fault = match &element.kind {
        ElementKind::Throw { event: Event::Link(name) } => twin(name, false) != 1,
        ElementKind::Catch { event: Event::Link(name) } => twin(name, true) == 0,
        _ => false,
    };
    if fault {
        problems.add(
            at(element),
            "link.unmatched",
            "链接事件须与同名的另一端成对",
            "a link needs exactly one other end of the same name",
        );
    }
}

fn check_event_gateway(
    element: &Element,
    elements: &[Element],
    flows: &[SequenceFlow],
    problems: &mut Problems,
) {
    if !matches!(element.kind, ElementKind::EventGateway) {
        return;
    }
    for index in &element.outgoing {
        let target = &elements[flows[*index].target];
        let waits = match &target.kind {
            ElementKind::Catch { event } => !matches!(event, Event::Link(_)),
            ElementKind::ReceiveTask { .. } => target.multi.is_none() && target.boundary.is_empty(),
            _ => false,
        };
        if !waits || target.incoming.len() > 1 {
            problems.add(
                at(target),
                "event_gateway.target",
                "事件网关之后须是只由它流入的捕获事件或接收任务",
                "behind an event-based gateway there must be a catching event or a receive task that only it leads to",
            );
        }
    }
}

fn check_reach(elements: &[Element], flows: &[SequenceFlow], scopes: &[ScopeModel], problems: &mut Problems) {
    let links = |from: &Element, throws: bool| -> Vec<usize> {
        let name = match &from.kind {
            ElementKind::Throw { event: Event::Link(name) } if throws => name,
            ElementKind::Catch { event: Event::Link(name) } if !throws => name,
            _ => return Vec::new(),
        };
        let fits = |other: &Element| {
            other.scope == from.scope
                && match &other.kind {
                    ElementKind::Throw { event: Event::Link(link) } => !throws && link == name,
                    ElementKind::Catch { event: Event::Link(link) } => throws && link == name,
                    _ => false,
                }
        };
        elements.iter().enumerate().filter(|(_, other)| fits(other)).map(|(at, _)| at).collect()
    };
    // What is inside is judged by itself: the activity around it stands for it outside.
    let begins = scopes.iter().flat_map(|scope| scope.starts.iter().chain(&scope.event_processes).copied());
    let reached = walk(elements.len(), begins, |index, next| {
        next.extend(elements[index].outgoing.iter().map(|flow| flows[*flow].target));
        next.extend(&elements[index].boundary);
        next.extend(links(&elements[index], true));
    });
    let ends = (0..elements.len()).filter(|index| {
        matches!(elements[*index].kind, ElementKind::End { .. }) || is_by_event(&elements[*index])
    });
    let can_end = walk(elements.len(), ends, |index, next| {
        next.extend(elements[index].incoming.iter().map(|flow| flows[*flow].source));
        next.extend(links(&elements[index], false));
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
