//! From the text of a BPMN file to a checked [`Model`].

mod check;
mod extension;
mod grammar;
mod scan;

use std::collections::{BTreeMap, HashMap, HashSet};

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

use crate::condition::{Condition, ConditionError};
use crate::model::{Element, ElementKind, Model, SequenceFlow, TimerSpec, UserTask};
use crate::problem::{FlowProblem, Problems, short};
use crate::time;

/// The namespace of BPMN 2.0.
const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
/// The namespace of BPMN's drawings.
const BPMNDI: &str = "http://www.omg.org/spec/BPMN/20100524/DI";
/// The namespace of this product's extensions.
pub const YIHAO: &str = "https://yihao.city/bpmn/1.0";

/// The most XML nodes in a file.
const MAX_NODES: u32 = 100_000;
/// The most elements and flows in a process. A hundred is a large flow for people.
const MAX_PARTS: usize = 2_000;

pub(crate) fn parse(xml: &str) -> Result<Model, Vec<FlowProblem>> {
    let mut problems = Problems::default();
    if let Err((code, zh, en)) = scan::bounds(xml) {
        problems.add(("", ""), code, zh, en);
        return Err(problems.into_result(()).err().unwrap_or_default());
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES };
    let document = match Document::parse_with_options(xml, options) {
        Ok(document) => document,
        Err(error) => {
            let (code, zh, en) = match error {
                roxmltree::Error::DtdDetected => {
                    ("xml.dtd", "不允许文档类型声明（DTD）", "a DTD is not allowed")
                }
                roxmltree::Error::NodesLimitReached => ("xml.too_large", "XML节点过多", "too many XML nodes"),
                _ => ("xml.malformed", "XML格式错误", "the XML is not well formed"),
            };
            let detail = short(&error.to_string());
            problems.add(("", ""), code, format!("{zh}：{detail}"), format!("{en}: {detail}"));
            return Err(problems.into_result(()).err().unwrap_or_default());
        }
    };
    let mut reader = Reader::new(problems);
    reader.read(&document);
    reader.finish()
}

/// An element as read, before references are resolved.
struct Read<'a> {
    node: Node<'a, 'a>,
    element: Element,
    attached_to: Option<&'a str>,
    default: Option<&'a str>,
}

/// A sequence flow as read.
struct ReadFlow<'a> {
    node: Node<'a, 'a>,
    id: &'a str,
    condition: Option<Condition>,
}

struct Reader<'a> {
    problems: Problems,
    seen: HashSet<&'a str>,
    /// Ids of flow elements that were refused, so that what points to them is not called dangling too.
    refused: HashSet<&'a str>,
    language: Option<&'a str>,
    process: Option<Node<'a, 'a>>,
    variables: BTreeMap<String, Value>,
    properties: BTreeMap<String, String>,
    elements: Vec<Read<'a>>,
    flows: Vec<ReadFlow<'a>>,
}

/// Names an XML element for a problem.
fn at<'a>(node: Node<'a, '_>) -> (&'a str, &'a str) {
    (node.tag_name().name(), node.attribute("id").unwrap_or_default())
}

fn is_bpmn(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace() == Some(BPMN)
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children()
        .filter(Node::is_text)
        .filter_map(|child| child.text())
        .collect::<String>()
        .trim()
        .to_owned()
}

impl<'a> Reader<'a> {
    fn new(problems: Problems) -> Self {
        Self {
            problems,
            seen: HashSet::new(),
            refused: HashSet::new(),
            language: None,
            process: None,
            variables: BTreeMap::new(),
            properties: BTreeMap::new(),
            elements: Vec::new(),
            flows: Vec::new(),
        }
    }

    fn read(&mut self, document: &'a Document<'a>) {
        let root = document.root_element();
        if !is_bpmn(root) || root.tag_name().name() != "definitions" {
            self.problems.add(
                at(root),
                "bpmn.not_definitions",
                "根元素不是BPMN 2.0的definitions",
                "the root is not BPMN 2.0 definitions",
            );
            return;
        }
        self.read_ids(root);
        self.check_attributes(root);
        self.language = root.attribute("expressionLanguage");
        for child in root.children().filter(Node::is_element) {
            self.read_root_child(child);
        }
        if self.process.is_none() {
            self.problems.add(at(root), "process.missing", "没有流程（process）", "there is no process");
        }
    }

    fn read_ids(&mut self, root: Node<'a, 'a>) {
        for node in root.descendants().filter(Node::is_element) {
            if !matches!(node.tag_name().namespace(), Some(BPMN | BPMNDI)) {
                continue;
            }
            let Some(id) = node.attribute("id") else { continue };
            if id.is_empty()
                || id.chars().count() > 120
                || id.chars().any(|c| c.is_whitespace() || c.is_control())
            {
                self.problems.add(
                    at(node),
                    "id.invalid",
                    "id为空、过长（超过120字）或含空白字符",
                    "the id is empty, longer than 120 characters, or has white space",
                );
            } else if !self.seen.insert(id) {
                self.problems.add(
                    at(node),
                    "id.duplicate",
                    format!("id重复：{id}"),
                    format!("the id is used twice: {id}"),
                );
            }
        }
    }

    fn read_root_child(&mut self, child: Node<'a, 'a>) {
        if !is_bpmn(child) {
            return; // The drawing, or a foreign extension of the definitions.
        }
        match child.tag_name().name() {
            "process" => {
                if self.process.replace(child).is_some() {
                    self.problems.add(
                        at(child),
                        "process.several",
                        "一个文件只能有一个流程（process）",
                        "a file may hold one process only",
                    );
                } else {
                    self.read_process(child);
                }
            }
            "collaboration" => self.read_collaboration(child),
            "documentation" | "extensionElements" | "category" => {}
            _ => self.refuse(child),
        }
    }

    /// A single pool around the process is a drawing. Several, or messages between them, would have to be executed.
    fn read_collaboration(&mut self, collaboration: Node<'a, 'a>) {
        self.check_attributes(collaboration);
        let mut pools = 0;
        for child in collaboration.children().filter(|child| child.is_element() && is_bpmn(*child)) {
            match child.tag_name().name() {
                "participant" => {
                    pools += 1;
                    self.check_attributes(child);
                    self.check_children(child);
                    if pools > 1 {
                        self.problems.add(
                            at(child),
                            "participant.several",
                            "只支持一个参与者（泳池）",
                            "one participant (pool) only is supported",
                        );
                    }
                }
                name if grammar::is_drawing(name) => {}
                _ => self.refuse(child),
            }
        }
    }

    fn read_process(&mut self, process: Node<'a, 'a>) {
        self.check_attributes(process);
        if process.attribute("id").is_none() {
            self.problems.add(at(process), "id.missing", "流程缺少id", "the process has no id");
        }
        if process.attribute("isExecutable") == Some("false") {
            self.problems.add(
                at(process),
                "process.not_executable",
                "流程标记为不可执行（isExecutable=false）",
                "the process says of itself that it is not executable (isExecutable=false)",
            );
        }
        for child in process.children().filter(|child| child.is_element() && is_bpmn(*child)) {
            match child.tag_name().name() {
                "extensionElements" => self.read_process_extensions(process),
                name if grammar::is_drawing(name) => {}
                "sequenceFlow" => self.read_flow(child),
                name if grammar::is_flow_element(name) => self.read_element(child),
                _ => self.refuse(child),
            }
        }
        if self.elements.len() + self.flows.len() > MAX_PARTS {
            self.problems.add(
                at(process),
                "process.too_large",
                format!("元素和连线超过{MAX_PARTS}个"),
                format!("more than {MAX_PARTS} elements and flows"),
            );
        }
    }

    fn read_element(&mut self, node: Node<'a, 'a>) {
        let Some(id) = node.attribute("id") else {
            self.problems.add(at(node), "id.missing", "元素缺少id", "the element has no id");
            return;
        };
        self.check_attributes(node);
        self.check_children(node);
        let extensions = self.read_extensions(node);
        let event = node
            .children()
            .filter(|child| is_bpmn(*child) && child.tag_name().name().ends_with("EventDefinition"))
            .collect::<Vec<_>>();
        if event.len() > 1 {
            self.problems.add(
                at(node),
                "event.several",
                "事件只能有一个定义",
                "an event may have one definition only",
            );
        }
        let kind = match node.tag_name().name() {
            "startEvent" => Some(ElementKind::Start),
            "endEvent" => Some(ElementKind::End { terminate: !event.is_empty() }),
            "userTask" => {
                let task = extensions.task;
                if task.candidates.is_empty() {
                    self.problems.add(
                        at(node),
                        "task.no_candidates",
                        "用户任务没有办理人（yihao:candidates）",
                        "nobody may do this user task (yihao:candidates is missing)",
                    );
                }
                Some(ElementKind::UserTask(task))
            }
            "serviceTask" => {
                if extensions.service.is_none() {
                    self.problems.add(
                        at(node),
                        "task.no_service",
                        "服务任务没有说明做什么（yihao:service）",
                        "the service task does not say what to do (yihao:service is missing)",
                    );
                }
                extensions.service.map(|service| ElementKind::ServiceTask { service })
            }
            "exclusiveGateway" => Some(ElementKind::ExclusiveGateway { default: None }),
            "parallelGateway" => Some(ElementKind::ParallelGateway),
            "intermediateCatchEvent" => {
                self.read_timer(node, event.first().copied()).map(|timer| ElementKind::TimerCatch { timer })
            }
            "boundaryEvent" => {
                self.read_timer(node, event.first().copied()).map(|timer| ElementKind::BoundaryTimer {
                    attached_to: usize::MAX,
                    interrupting: !matches!(node.attribute("cancelActivity"), Some("false" | "0")),
                    timer,
                })
            }
            _ => None,
        };
        let Some(kind) = kind else {
            self.refused.insert(id);
            return;
        };
        let name = node.attribute("name").map(str::trim).filter(|name| !name.is_empty()).unwrap_or(id);
        let element = Element {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            properties: extensions.properties,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            boundary: Vec::new(),
        };
        let is_gateway = matches!(element.kind, ElementKind::ExclusiveGateway { .. });
        let default = node.attribute("default").filter(|_| is_gateway);
        let attached_to = node.attribute("attachedToRef");
        self.elements.push(Read { node, element, attached_to, default });
    }

    fn read_timer(&mut self, node: Node<'a, 'a>, event: Option<Node<'a, 'a>>) -> Option<TimerSpec> {
        let Some(event) = event else {
            self.problems.add(at(node), "event.no_definition", "事件没有定义", "the event has no definition");
            return None;
        };
        if event.tag_name().name() != "timerEventDefinition" {
            return None; // Already refused as a child.
        }
        self.check_attributes(event);
        self.check_children(event);
        let mut specs = Vec::new();
        for child in event.children().filter(|child| child.is_element() && is_bpmn(*child)) {
            let spec = match child.tag_name().name() {
                "timeDuration" => {
                    time::duration_ms(&text_of(child)).map(|duration_ms| TimerSpec::Duration { duration_ms })
                }
                "timeDate" => time::instant_ms(&text_of(child)).map(|at_ms| TimerSpec::Date { at_ms }),
                _ => continue,
            };
            match spec {
                Ok(spec) => specs.push(spec),
                Err(why) => {
                    let text = short(&text_of(child));
                    self.problems.add(
                        at(node),
                        "timer.invalid",
                        format!("无法理解的时间：{text}（年、月长度不定；日期须带时区）"),
                        format!("the time {text:?} {why}"),
                    );
                    return None;
                }
            }
        }
        specs.extend(self.read_extensions(event).timer);
        if specs.len() == 1 {
            return specs.pop();
        }
        self.problems.add(
            at(node),
            "timer.not_one",
            "定时器须恰好有一个时间（timeDuration、timeDate或yihao:timer）",
            "a timer needs exactly one time (timeDuration, timeDate, or yihao:timer)",
        );
        None
    }

    fn read_flow(&mut self, node: Node<'a, 'a>) {
        let Some(id) = node.attribute("id") else {
            self.problems.add(at(node), "id.missing", "连线缺少id", "the sequence flow has no id");
            return;
        };
        self.check_attributes(node);
        self.check_children(node);
        let _ = self.read_extensions(node);
        let mut condition = None;
        for child in node
            .children()
            .filter(|child| is_bpmn(*child) && child.tag_name().name() == "conditionExpression")
        {
            self.check_attributes(child);
            let language = child.attribute("language").or(self.language);
            if language.is_some_and(|language| !language.eq_ignore_ascii_case("cel")) {
                self.problems.add(
                    at(node),
                    "condition.language",
                    format!("条件语言不是CEL：{}", short(language.unwrap_or_default())),
                    format!("the condition is not in CEL but in {}", short(language.unwrap_or_default())),
                );
                continue;
            }
            match Condition::compile(&text_of(child)) {
                Ok(compiled) => condition = Some(compiled),
                Err(ConditionError(message)) => {
                    self.problems.add(
                        at(node),
                        "condition.invalid",
                        format!("条件无法理解：{message}"),
                        format!("the condition cannot be read: {message}"),
                    );
                }
            }
        }
        self.flows.push(ReadFlow { node, id, condition });
    }

    fn refuse(&mut self, node: Node<'a, 'a>) {
        let name = short(node.tag_name().name());
        if let Some(id) = node.attribute("id") {
            self.refused.insert(id);
        }
        self.problems.add(
            at(node),
            "element.unsupported",
            format!("不支持的元素：{name}{}", grammar::hint_zh(&name)),
            format!("unsupported element: {name}{}", grammar::hint_en(&name)),
        );
    }

    fn finish(mut self) -> Result<Model, Vec<FlowProblem>> {
        let is_too_large = self.elements.len() + self.flows.len() > MAX_PARTS;
        let (elements, flows, by_id) = if is_too_large { Default::default() } else { self.link() };
        let Self { problems, process, variables, properties, .. } = self;
        let start =
            elements.iter().position(|element| matches!(element.kind, ElementKind::Start)).unwrap_or(0);
        let process_id = process.and_then(|process| process.attribute("id")).unwrap_or_default();
        let name = process.and_then(|process| process.attribute("name")).unwrap_or(process_id).to_owned();
        problems.into_result(Model {
            id: process_id.to_owned(),
            name,
            elements,
            flows,
            by_id,
            start,
            variables,
            properties,
        })
    }

    /// Resolves references, then checks the graph.
    fn link(&mut self) -> (Vec<Element>, Vec<SequenceFlow>, HashMap<String, usize>) {
        let read = std::mem::take(&mut self.elements);
        let by_id: HashMap<String, usize> =
            read.iter().enumerate().map(|(index, read)| (read.element.id.clone(), index)).collect();
        let flows = self.link_flows(&by_id);
        let flow_at: HashMap<&str, usize> =
            flows.iter().enumerate().map(|(index, (_, flow))| (flow.id.as_str(), index)).collect();
        let mut elements = Vec::with_capacity(read.len());
        for (index, read) in read.into_iter().enumerate() {
            let mut element = read.element;
            element.outgoing = (0..flows.len()).filter(|at| flows[*at].1.source == index).collect();
            element.incoming = (0..flows.len()).filter(|at| flows[*at].1.target == index).collect();
            self.check_flow_refs(read.node, &element, &flow_at);
            if let Some(default) = read.default {
                match (flow_at.get(default), &mut element.kind) {
                    (Some(flow), ElementKind::ExclusiveGateway { default })
                        if element.outgoing.contains(flow) =>
                    {
                        *default = Some(*flow);
                    }
                    _ => self.dangling(read.node, default),
                }
            }
            if let ElementKind::BoundaryTimer { attached_to, .. } = &mut element.kind {
                match read.attached_to.and_then(|id| by_id.get(id)) {
                    Some(host) => *attached_to = *host,
                    None => self.dangling(read.node, read.attached_to.unwrap_or_default()),
                }
            }
            elements.push(element);
        }
        let flows: Vec<SequenceFlow> = flows.into_iter().map(|(_, flow)| flow).collect();
        for index in 0..elements.len() {
            if let ElementKind::BoundaryTimer { attached_to, .. } = elements[index].kind
                && let Some(host) = elements.get_mut(attached_to)
            {
                host.boundary.push(index);
            }
        }
        if self.problems.is_empty() {
            check::graph(&elements, &flows, &mut self.problems);
        }
        (elements, flows, by_id)
    }

    fn link_flows(&mut self, by_id: &HashMap<String, usize>) -> Vec<(Node<'a, 'a>, SequenceFlow)> {
        let mut linked = Vec::new();
        for flow in std::mem::take(&mut self.flows) {
            let mut end = |attribute: &str| {
                let id = flow.node.attribute(attribute).unwrap_or_default();
                let found = by_id.get(id).copied();
                if found.is_none() {
                    self.dangling(flow.node, id);
                }
                found
            };
            if let (Some(source), Some(target)) = (end("sourceRef"), end("targetRef")) {
                let name = flow.node.attribute("name").unwrap_or_default().to_owned();
                let id = flow.id.to_owned();
                linked
                    .push((flow.node, SequenceFlow { id, name, source, target, condition: flow.condition }));
            } else {
                self.refused.insert(flow.id);
            }
        }
        linked
    }

    /// `incoming` and `outgoing` repeat what the flows say; where they contradict, one of them is not what the author meant.
    fn check_flow_refs(&mut self, node: Node<'a, 'a>, element: &Element, flow_at: &HashMap<&str, usize>) {
        for child in node.children().filter(|child| child.is_element() && is_bpmn(*child)) {
            let own = match child.tag_name().name() {
                "incoming" => &element.incoming,
                "outgoing" => &element.outgoing,
                _ => continue,
            };
            let text = text_of(child);
            let id = text.rsplit_once(':').map_or(text.as_str(), |(_, id)| id);
            match flow_at.get(text.as_str()).or_else(|| flow_at.get(id)) {
                Some(flow) if own.contains(flow) => {}
                Some(_) => self.problems.add(
                    at(node),
                    "reference.mismatch",
                    format!("{}与连线{}的两端不符", child.tag_name().name(), short(&text)),
                    format!("{} contradicts the ends of flow {}", child.tag_name().name(), short(&text)),
                ),
                None => self.dangling(node, &text),
            }
        }
    }

    fn dangling(&mut self, node: Node<'a, 'a>, id: &str) {
        if self.refused.contains(id) {
            return;
        }
        let id = short(id);
        self.problems.add(
            at(node),
            "reference.dangling",
            format!("引用了不存在的元素：{id}"),
            format!("refers to an element that does not exist: {id:?}"),
        );
    }

    fn check_attributes(&mut self, node: Node<'a, 'a>) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let fault = match attribute.namespace() {
                None | Some(BPMN) => !grammar::allows_attribute(node.tag_name().name(), name, value.trim()),
                Some(YIHAO) => true,
                Some(_) => false,
            };
            if fault {
                let text = short(&format!("{name}=\"{value}\""));
                self.problems.add(
                    at(node),
                    "attribute.unsupported",
                    format!("不支持的属性：{text}"),
                    format!("unsupported attribute: {text}"),
                );
            }
        }
    }

    fn check_children(&mut self, node: Node<'a, 'a>) {
        for child in node.children().filter(|child| child.is_element() && is_bpmn(*child)) {
            let (parent, name) = (node.tag_name().name(), child.tag_name().name());
            if grammar::allows_child(parent, name) {
                continue;
            }
            let name = short(name);
            self.problems.add(
                at(node),
                "element.unsupported",
                format!("{parent}中不支持{name}{}", grammar::hint_zh(&name)),
                format!("unsupported in {parent}: {name}{}", grammar::hint_en(&name)),
            );
            if let Some(id) = child.attribute("id") {
                self.refused.insert(id);
            }
            if child.tag_name().name().ends_with("EventDefinition")
                && let Some(id) = node.attribute("id")
            {
                self.refused.insert(id);
            }
        }
    }
}

/// What was read from a node's `extensionElements`.
#[derive(Default)]
struct Extensions {
    task: UserTask,
    service: Option<String>,
    timer: Option<TimerSpec>,
    properties: BTreeMap<String, String>,
}
