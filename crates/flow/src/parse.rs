//! From the text of a BPMN file to a checked [`Model`].

mod check;
mod element;
mod event;
mod extension;
mod grammar;
mod link;
mod scan;

use std::collections::{BTreeMap, HashMap, HashSet};

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

use crate::condition::Condition;
use crate::model::{DecisionRow, Element, Model, Reading, ScopeModel, TimerSpec, UserTask};
use crate::problem::{FlowProblem, Problems, short};

/// The namespace of BPMN 2.0.
pub(crate) const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
/// The namespace of BPMN's drawings.
const BPMNDI: &str = "http://www.omg.org/spec/BPMN/20100524/DI";
/// The namespace of this product's extensions.
pub const YIHAO: &str = "https://yihao.city/bpmn/1.0";
/// The namespace in which a widespread modeller says over which list a task is repeated.
const CAMUNDA: &str = "http://camunda.org/schema/1.0/bpmn";

/// The most XML nodes in a file.
const MAX_NODES: u32 = 100_000;
/// The most elements and flows in a process. A hundred is a large flow for people.
const MAX_PARTS: usize = 2_000;

pub(crate) fn parse(xml: &str, reading: Reading) -> Result<Model, Vec<FlowProblem>> {
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
    let mut reader = Reader::new(problems, reading);
    reader.read(&document);
    reader.finish()
}

/// Checks the bounds of a file before anything is read from it.
pub(crate) fn bounds(xml: &str) -> Result<(), String> {
    scan::bounds(xml).map_err(|(_, _, en)| en)
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
    reading: Reading,
    seen: HashSet<&'a str>,
    /// Ids of flow elements that were refused, so that what points to them is not called dangling too.
    refused: HashSet<&'a str>,
    language: Option<&'a str>,
    /// Messages, signals, errors and escalations by id.
    named: HashMap<&'a str, Node<'a, 'a>>,
    processes: Vec<Node<'a, 'a>>,
    main: Option<Node<'a, 'a>>,
    /// The scopes of processes that are called, by process id.
    called: HashMap<&'a str, usize>,
    scopes: Vec<ScopeModel>,
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

fn children<'a>(node: Node<'a, 'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children().filter(|child| child.is_element() && is_bpmn(*child))
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children()
        .filter(Node::is_text)
        .filter_map(|child| child.text())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Takes the prefix off a reference.
fn local(reference: &str) -> &str {
    reference.rsplit_once(':').map_or(reference, |(_, id)| id).trim()
}

fn is_yes(node: Node<'_, '_>, attribute: &str) -> bool {
    matches!(node.attribute(attribute), Some("true" | "1"))
}

fn is_no(node: Node<'_, '_>, attribute: &str) -> bool {
    matches!(node.attribute(attribute), Some("false" | "0"))
}

impl<'a> Reader<'a> {
    fn new(problems: Problems, reading: Reading) -> Self {
        Self {
            problems,
            reading,
            seen: HashSet::new(),
            refused: HashSet::new(),
            language: None,
            named: HashMap::new(),
            processes: Vec::new(),
            main: None,
            called: HashMap::new(),
            scopes: Vec::new(),
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
        // What is not BPMN is the drawing, or a foreign extension of the definitions.
        for child in children(root) {
            match child.tag_name().name() {
                "process" => self.processes.push(child),
                "collaboration" => {}
                name if grammar::is_root_drawing(name) => {
                    if let Some(id) = child.attribute("id") {
                        self.named.insert(id, child);
                    }
                }
                _ => self.refuse(child),
            }
        }
        let Some(main) = self.choose_process(root) else { return };
        self.main = Some(main);
        for collaboration in children(root).filter(|child| child.tag_name().name() == "collaboration") {
            self.read_collaboration(collaboration);
        }
        self.read_process(main, None);
    }

    /// The process to run: of those that are not called by another, the one that says it is executable, or the only one.
    /// A process that says it is not executable is a drawing beside it.
    fn choose_process(&mut self, root: Node<'a, 'a>) -> Option<Node<'a, 'a>> {
        let called: HashSet<&str> = root
            .descendants()
            .filter(|node| is_bpmn(*node) && node.tag_name().name() == "callActivity")
            .filter_map(|node| node.attribute("calledElement"))
            .map(local)
            .collect();
        let is_called = |node: &Node<'a, 'a>| node.attribute("id").is_some_and(|id| called.contains(id));
        let all = self.processes.clone();
        let mut free: Vec<_> = all.iter().copied().filter(|node| !is_called(node)).collect();
        if free.is_empty() {
            free.extend(all.first().copied());
        }
        let mut runnable: Vec<_> =
            free.iter().copied().filter(|node| !is_no(*node, "isExecutable")).collect();
        let meant: Vec<_> = runnable.iter().copied().filter(|node| is_yes(*node, "isExecutable")).collect();
        if !meant.is_empty() {
            runnable = meant;
        }
        if runnable.is_empty() {
            if self.reading == Reading::Published
                && let Some(first) = free.first()
            {
                self.problems.add(
                    at(*first),
                    "process.not_executable",
                    "流程标记为不可执行（isExecutable=false）",
                    "the process says of itself that it is not executable (isExecutable=false)",
                );
            }
            runnable = free;
        }
        let Some((main, others)) = runnable.split_first() else {
            self.problems.add(at(root), "process.missing", "没有流程（process）", "there is no process");
            return None;
        };
        for other in others {
            self.problems.add(
                at(*other),
                "process.several",
                "一个文件只能有一个要执行的流程；其余须由调用活动调用，或标记为不可执行",
                "one process of a file is executed; others must be called by a call activity, or say isExecutable=false",
            );
        }
        Some(*main)
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

    /// Pools are a drawing; so are messages to and from pools that are not executed here.
    fn read_collaboration(&mut self, collaboration: Node<'a, 'a>) {
        self.check_attributes(collaboration);
        for child in children(collaboration) {
            match child.tag_name().name() {
                "participant" => {
                    self.check_attributes(child);
                    self.check_children(child);
                }
                "messageFlow" | "messageFlowAssociation" | "participantAssociation" => {}
                name if grammar::is_drawing(name) => {}
                _ => self.refuse(child),
            }
        }
    }

    /// Reads a process; a called one under its id.
    fn read_process(&mut self, process: Node<'a, 'a>, called: Option<&'a str>) -> usize {
        let scope = self.scopes.len();
        self.scopes.push(ScopeModel::default());
        if let Some(id) = called {
            self.called.insert(id, scope);
        }
        self.check_attributes(process);
        if process.attribute("id").is_none() {
            self.problems.add(at(process), "id.missing", "流程缺少id", "the process has no id");
        }
        let (properties, variables) = self.read_process_extensions(process);
        if called.is_none() {
            self.properties = properties;
            self.variables = variables;
        } else {
            self.scopes[scope].variables = variables;
        }
        self.read_content(process, scope);
        scope
    }

    fn read_content(&mut self, parent: Node<'a, 'a>, scope: usize) {
        for child in children(parent) {
            match child.tag_name().name() {
                name if grammar::is_drawing(name) => {}
                "sequenceFlow" => self.read_flow(child),
                name if grammar::is_flow_element(name) => self.read_element(child, scope),
                "incoming" | "outgoing" | "multiInstanceLoopCharacteristics"
                    if parent.tag_name().name() == "subProcess" => {}
                // A sub-process has had its children checked as an element.
                _ if parent.tag_name().name() == "subProcess" => {}
                _ => self.refuse(child),
            }
            if self.elements.len() + self.flows.len() > MAX_PARTS {
                return;
            }
        }
    }

    fn refuse(&mut self, node: Node<'a, 'a>) {
        let name = short(node.tag_name().name());
        if let Some(id) = node.attribute("id") {
            self.refused.insert(id);
        }
        let (zh, en) = grammar::hint(&name);
        self.problems.add(
            at(node),
            "element.unsupported",
            format!("不支持的元素：{name}{zh}"),
            format!("unsupported element: {name}{en}"),
        );
    }

    fn finish(mut self) -> Result<Model, Vec<FlowProblem>> {
        let is_too_large = self.elements.len() + self.flows.len() > MAX_PARTS;
        if is_too_large && let Some(main) = self.main {
            self.problems.add(
                at(main),
                "process.too_large",
                format!("元素和连线超过{MAX_PARTS}个"),
                format!("more than {MAX_PARTS} elements and flows"),
            );
        }
        let (elements, flows, by_id) = if is_too_large { Default::default() } else { self.link() };
        let Self { problems, main, scopes, variables, properties, .. } = self;
        let process_id = main.and_then(|process| process.attribute("id")).unwrap_or_default();
        let name = main.and_then(|process| process.attribute("name")).unwrap_or(process_id).to_owned();
        problems.into_result(Model {
            id: process_id.to_owned(),
            name,
            elements,
            flows,
            by_id,
            scopes,
            variables,
            properties,
        })
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
        for child in children(node) {
            let (parent, name) = (node.tag_name().name(), child.tag_name().name());
            if grammar::allows_child(parent, name) {
                continue;
            }
            let name = short(name);
            let (zh, en) = grammar::hint(&name);
            let place = match (parent, child.attribute("id")) {
                // What stands inside a sub-process is named by itself.
                ("subProcess", Some(_)) => at(child),
                _ => at(node),
            };
            self.problems.add(
                place,
                "element.unsupported",
                format!("{parent}中不支持{name}{zh}"),
                format!("unsupported in {parent}: {name}{en}"),
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
    several: Option<Several>,
    decision: Option<(String, Vec<DecisionRow>)>,
    properties: BTreeMap<String, String>,
}

/// `yihao:several`: over which list, and when enough have done it.
#[derive(Default)]
struct Several {
    list: Option<String>,
    item: Option<String>,
    rule: Option<crate::model::Completion>,
    result: Option<String>,
}
