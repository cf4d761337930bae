//! What events are about.

use roxmltree::Node;

use super::{Reader, at, children, grammar, local, text_of};
use crate::model::{Event, TimerSpec};
use crate::problem::short;
use crate::time;

impl<'a> Reader<'a> {
    /// Reads the definition of an event; `none` is what it means to have none.
    pub(super) fn read_one_event(&mut self, node: Node<'a, 'a>, none: Option<Event>) -> Option<Event> {
        let parent = node.tag_name().name();
        let definitions: Vec<_> =
            children(node).filter(|child| child.tag_name().name().ends_with("EventDefinition")).collect();
        if children(node).any(|child| child.tag_name().name() == "eventDefinitionRef") {
            return None; // Already refused as a child.
        }
        if definitions.len() > 1 {
            self.problems.add(
                at(node),
                "event.several",
                "事件只能有一个定义",
                "an event may have one definition only",
            );
            return None;
        }
        let Some(definition) = definitions.first().copied() else {
            if none.is_none() {
                self.problems.add(
                    at(node),
                    "event.no_definition",
                    "事件没有定义",
                    "the event has no definition",
                );
            }
            return none;
        };
        let name = definition.tag_name().name();
        if !grammar::allows_child(parent, name) {
            return None; // Already refused as a child.
        }
        self.check_attributes(definition);
        self.check_children(definition);
        let id = node.attribute("id").unwrap_or_default();
        Some(match name {
            "terminateEventDefinition" => Event::Terminate,
            "timerEventDefinition" => Event::Timer(self.read_timer(node, definition)?),
            "messageEventDefinition" => Event::Message(
                self.named_of(definition, "messageRef", "message", "name").unwrap_or_else(|| id.to_owned()),
            ),
            "signalEventDefinition" => Event::Signal(
                self.named_of(definition, "signalRef", "signal", "name").unwrap_or_else(|| id.to_owned()),
            ),
            "errorEventDefinition" => {
                Event::Error(self.named_of(definition, "errorRef", "error", "errorCode"))
            }
            "escalationEventDefinition" => {
                Event::Escalation(self.named_of(definition, "escalationRef", "escalation", "escalationCode"))
            }
            "linkEventDefinition" => match definition.attribute("name").map(str::trim) {
                Some(link) if !link.is_empty() => Event::Link(link.to_owned()),
                _ => {
                    self.problems.add(at(node), "link.no_name", "链接事件没有名称", "the link has no name");
                    return None;
                }
            },
            _ => return None,
        })
    }

    /// What a reference to a message, signal, error or escalation stands for: the attribute, else the name, else the id.
    pub(super) fn named_of(
        &mut self,
        node: Node<'a, 'a>,
        reference: &str,
        kind: &str,
        attribute: &str,
    ) -> Option<String> {
        let id = node.attribute(reference).map(local).filter(|id| !id.is_empty())?;
        let found = self.named.get(id).copied().filter(|found| found.tag_name().name() == kind);
        let Some(found) = found else {
            let owner = if node.attribute("id").is_some() { node } else { node.parent().unwrap_or(node) };
            self.dangling(owner, id);
            return None;
        };
        let value = found.attribute(attribute).or_else(|| found.attribute("name")).map(str::trim);
        Some(value.filter(|value| !value.is_empty()).unwrap_or(id).to_owned())
    }

    fn read_timer(&mut self, node: Node<'a, 'a>, definition: Node<'a, 'a>) -> Option<TimerSpec> {
        let mut specs = Vec::new();
        for child in children(definition) {
            let text = text_of(child);
            let spec = match child.tag_name().name() {
                "timeDuration" => {
                    time::duration_ms(&text).map(|duration_ms| TimerSpec::Duration { duration_ms })
                }
                "timeDate" => time::instant_ms(&text).map(|at_ms| TimerSpec::Date { at_ms }),
                "timeCycle" => {
                    time::cycle(&text).map(|(duration_ms, times)| TimerSpec::Cycle { duration_ms, times })
                }
                _ => continue,
            };
            match spec {
                Ok(spec) => specs.push(spec),
                Err(why) => {
                    let text = short(&text);
                    self.problems.add(
                        at(node),
                        "timer.invalid",
                        format!("无法理解的时间：{text}（年、月长度不定；日期须带时区；循环如R3/PT10H）"),
                        format!("the time {text:?} {why}"),
                    );
                    return None;
                }
            }
        }
        specs.extend(self.read_extensions(definition).timer);
        if specs.len() == 1 {
            return specs.pop();
        }
        self.problems.add(
            at(node),
            "timer.not_one",
            "定时器须恰好有一个时间（timeDuration、timeDate、timeCycle或yihao:timer）",
            "a timer needs exactly one time (timeDuration, timeDate, timeCycle, or yihao:timer)",
        );
        None
    }
}
