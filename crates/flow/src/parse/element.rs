//! Elements and flows of a process, one by one.

use roxmltree::Node;

use super::{CAMUNDA, Extensions, Read, ReadFlow, Reader, at, children, is_yes, local, text_of};
use crate::condition::{Condition, ConditionError};
use crate::model::{
    Completion, Count, DecisionTable, Element, ElementKind, Event, MultiInstance, Reading, ScopeModel,
};
use crate::problem::short;

impl<'a> Reader<'a> {
    pub(super) fn read_element(&mut self, node: Node<'a, 'a>, scope: usize) {
        let Some(id) = node.attribute("id") else {
            self.problems.add(at(node), "id.missing", "元素缺少id", "the element has no id");
            return;
        };
        self.check_attributes(node);
        self.check_children(node);
        let mut extensions = self.read_extensions(node);
        let multi = self.read_multi(node);
        let name = node.attribute("name").map(str::trim).filter(|name| !name.is_empty()).unwrap_or(id);
        let properties = std::mem::take(&mut extensions.properties);
        // A place is kept for it before its inside is read, so that elements stay in the order of the file.
        let place = self.elements.len();
        let element = Element {
            id: id.to_owned(),
            name: name.to_owned(),
            kind: ElementKind::ParallelGateway,
            properties,
            multi,
            default: None,
            scope,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            boundary: Vec::new(),
        };
        let (default, attached_to) = (node.attribute("default"), node.attribute("attachedToRef"));
        self.elements.push(Read { node, element, attached_to, default });
        match self.read_kind(node, scope, place, extensions) {
            Some(kind) => self.elements[place].element.kind = kind,
            None => {
                self.refused.insert(id);
                // Nothing inside it was read, or it is refused as a whole: the model is never built.
                self.elements.truncate(place);
            }
        }
    }

    fn read_kind(
        &mut self,
        node: Node<'a, 'a>,
        scope: usize,
        place: usize,
        extensions: Extensions,
    ) -> Option<ElementKind> {
        let id = node.attribute("id").unwrap_or_default();
        let published = self.reading == Reading::Published;
        Some(match node.tag_name().name() {
            "startEvent" => {
                let event = self.read_event(node)?;
                self.scopes[scope].starts.push(place);
                ElementKind::Start { event, interrupting: !super::is_no(node, "isInterrupting") }
            }
            "endEvent" => ElementKind::End { event: self.read_event(node)? },
            "intermediateCatchEvent" => ElementKind::Catch { event: self.read_definite_event(node)? },
            "intermediateThrowEvent" => ElementKind::Throw { event: self.read_event(node)? },
            "boundaryEvent" => ElementKind::Boundary {
                attached_to: usize::MAX,
                interrupting: !super::is_no(node, "cancelActivity"),
                event: self.read_definite_event(node)?,
            },
            "task" if published => {
                self.refuse(node);
                return None;
            }
            "task" => ElementKind::PlainTask { manual: false },
            "manualTask" => ElementKind::PlainTask { manual: true },
            "userTask" => {
                if extensions.task.candidates.is_empty() && published {
                    self.problems.add(
                        at(node),
                        "task.no_candidates",
                        "用户任务没有办理人（yihao:candidates）",
                        "nobody may do this user task (yihao:candidates is missing)",
                    );
                }
                ElementKind::UserTask(extensions.task)
            }
            "serviceTask" => match extensions.service {
                Some(service) => ElementKind::ServiceTask { service },
                None if published => {
                    self.problems.add(
                        at(node),
                        "task.no_service",
                        "服务任务没有说明做什么（yihao:service）",
                        "the service task does not say what to do (yihao:service is missing)",
                    );
                    return None;
                }
                None => ElementKind::ServiceTask { service: String::new() },
            },
            "sendTask" => ElementKind::SendTask { message: self.message_of(node, id) },
            "receiveTask" => ElementKind::ReceiveTask { message: self.message_of(node, id) },
            "businessRuleTask" => match extensions.decision {
                Some((result, rows)) => {
                    ElementKind::DecisionTask(DecisionTable { result: Some(result), rows })
                }
                None if published => {
                    self.problems.add(
                        at(node),
                        "task.no_decision",
                        "业务规则任务没有决策表（yihao:decision）",
                        "the business-rule task has no decision table (yihao:decision is missing)",
                    );
                    return None;
                }
                None => ElementKind::DecisionTask(DecisionTable::default()),
            },
            "callActivity" => self.read_call(node)?,
            "subProcess" => {
                let by_event = is_yes(node, "triggeredByEvent");
                let inside = self.scopes.len();
                self.scopes.push(ScopeModel { owner: Some(place), ..ScopeModel::default() });
                if by_event {
                    self.scopes[scope].event_processes.push(place);
                }
                self.read_content(node, inside);
                ElementKind::SubProcess { scope: inside, by_event }
            }
            "exclusiveGateway" => ElementKind::ExclusiveGateway,
            "inclusiveGateway" => ElementKind::InclusiveGateway,
            "parallelGateway" => ElementKind::ParallelGateway,
            "eventBasedGateway" => ElementKind::EventGateway,
            _ => return None,
        })
    }

    fn read_call(&mut self, node: Node<'a, 'a>) -> Option<ElementKind> {
        let called = node.attribute("calledElement").map(local).unwrap_or_default();
        let process = self.processes.iter().copied().find(|process| process.attribute("id") == Some(called));
        let Some(process) = process.filter(|_| !called.is_empty()) else {
            let id = short(called);
            self.problems.add(
                at(node),
                "call.unknown",
                format!("调用的流程不在本文件中：{id}"),
                format!("the called process is not in this file: {id:?}"),
            );
            return None;
        };
        let id = process.attribute("id").unwrap_or_default();
        if self.main == Some(process) {
            self.problems.add(at(node), "call.recursive", "流程不能调用自己", "a process can't call itself");
            return None;
        }
        let scope = match self.called.get(id) {
            Some(scope) => *scope,
            None => self.read_process(process, Some(id)),
        };
        Some(ElementKind::CallActivity { called: id.to_owned(), scope })
    }

    /// How often an activity is done.
    fn read_multi(&mut self, node: Node<'a, 'a>) -> Option<MultiInstance> {
        let several =
            children(node).find(|child| child.tag_name().name() == "multiInstanceLoopCharacteristics")?;
        self.check_attributes(several);
        self.check_children(several);
        let own = self.read_extensions(several).several.unwrap_or_default();
        let mut cardinality = None;
        let mut condition = None;
        for child in children(several) {
            match child.tag_name().name() {
                "loopCardinality" => cardinality = self.read_expression(node, child),
                "completionCondition" => condition = self.read_expression(node, child),
                _ => {}
            }
        }
        // `${a.b.list}` of another modeller names the variable at its end.
        let foreign = several.attribute((CAMUNDA, "collection")).map(|text| {
            let text = text.trim();
            let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
            let inner = inner.trim();
            let inner = inner.strip_prefix("environment.").unwrap_or(inner);
            inner.strip_prefix("variables.").unwrap_or(inner).to_owned()
        });
        let list = own.list.or(foreign);
        let item = own.item.or_else(|| several.attribute((CAMUNDA, "elementVariable")).map(str::to_owned));
        let count = match (list, cardinality) {
            (Some(list), _) => Count::List(list),
            (None, Some(number)) => Count::Number(number),
            (None, None) => {
                self.problems.add(
                    at(node),
                    "multi.no_count",
                    "多实例没有说明做几次（loopCardinality或yihao:several的list）",
                    "it is not said how often it is done (loopCardinality, or list of yihao:several)",
                );
                return None;
            }
        };
        let rule = own.rule.unwrap_or(Completion::All);
        let sequential = is_yes(several, "isSequential");
        Some(MultiInstance { sequential, count, item, condition, rule, result: own.result })
    }

    pub(super) fn read_flow(&mut self, node: Node<'a, 'a>) {
        let Some(id) = node.attribute("id") else {
            self.problems.add(at(node), "id.missing", "连线缺少id", "the sequence flow has no id");
            return;
        };
        self.check_attributes(node);
        self.check_children(node);
        let _ = self.read_extensions(node);
        let mut condition = None;
        for child in children(node).filter(|child| child.tag_name().name() == "conditionExpression") {
            condition = self.read_expression(node, child);
        }
        self.flows.push(ReadFlow { node, id, condition });
    }

    fn read_expression(&mut self, owner: Node<'a, 'a>, node: Node<'a, 'a>) -> Option<Condition> {
        self.check_attributes(node);
        let language = node.attribute("language").or(self.language);
        if language.is_some_and(|language| !language.eq_ignore_ascii_case("cel")) {
            self.problems.add(
                at(owner),
                "condition.language",
                format!("条件语言不是CEL：{}", short(language.unwrap_or_default())),
                format!("the condition is not in CEL but in {}", short(language.unwrap_or_default())),
            );
            return None;
        }
        match Condition::compile(&text_of(node)) {
            Ok(compiled) => Some(compiled),
            Err(ConditionError(message)) => {
                self.problems.add(
                    at(owner),
                    "condition.invalid",
                    format!("条件无法理解：{message}"),
                    format!("the condition cannot be read: {message}"),
                );
                None
            }
        }
    }

    fn message_of(&mut self, node: Node<'a, 'a>, id: &str) -> String {
        match self.named_of(node, "messageRef", "message", "name") {
            Some(name) => name,
            None => id.to_owned(),
        }
    }

    pub(super) fn read_event(&mut self, node: Node<'a, 'a>) -> Option<Event> {
        self.read_one_event(node, Some(Event::Plain))
    }

    fn read_definite_event(&mut self, node: Node<'a, 'a>) -> Option<Event> {
        self.read_one_event(node, None)
    }
}
