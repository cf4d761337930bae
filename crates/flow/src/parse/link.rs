//! References between elements, resolved after all have been read.

use std::collections::HashMap;

use roxmltree::Node;

use super::{Reader, at, check, children, text_of};
use crate::model::{Element, ElementKind, SequenceFlow};
use crate::problem::short;

impl<'a> Reader<'a> {
    /// Resolves references, then checks the graph.
    pub(super) fn link(&mut self) -> (Vec<Element>, Vec<SequenceFlow>, HashMap<String, usize>) {
        let read = std::mem::take(&mut self.elements);
        let by_id: HashMap<String, usize> =
            read.iter().enumerate().map(|(index, read)| (read.element.id.clone(), index)).collect();
        let scope_of: Vec<usize> = read.iter().map(|read| read.element.scope).collect();
        let flows = self.link_flows(&by_id, &scope_of);
        let flow_at: HashMap<&str, usize> =
            flows.iter().enumerate().map(|(index, (_, flow))| (flow.id.as_str(), index)).collect();
        let mut outgoing = vec![Vec::new(); read.len()];
        let mut incoming = vec![Vec::new(); read.len()];
        for (index, (_, flow)) in flows.iter().enumerate() {
            outgoing[flow.source].push(index);
            incoming[flow.target].push(index);
        }
        let mut elements = Vec::with_capacity(read.len());
        for (index, read) in read.into_iter().enumerate() {
            let mut element = read.element;
            element.outgoing = std::mem::take(&mut outgoing[index]);
            element.incoming = std::mem::take(&mut incoming[index]);
            self.check_flow_refs(read.node, &element, &flow_at);
            if let Some(default) = read.default {
                match flow_at.get(default) {
                    Some(flow) if element.outgoing.contains(flow) => element.default = Some(*flow),
                    _ => self.dangling(read.node, default),
                }
            }
            if let ElementKind::Boundary { attached_to, .. } = &mut element.kind {
                let host = read.attached_to.and_then(|id| by_id.get(id)).copied();
                match host.filter(|host| scope_of[*host] == scope_of[index]) {
                    Some(host) => *attached_to = host,
                    None => self.dangling(read.node, read.attached_to.unwrap_or_default()),
                }
            }
            elements.push(element);
        }
        let flows: Vec<SequenceFlow> = flows.into_iter().map(|(_, flow)| flow).collect();
        for index in 0..elements.len() {
            if let ElementKind::Boundary { attached_to, .. } = elements[index].kind
                && let Some(host) = elements.get_mut(attached_to)
            {
                host.boundary.push(index);
            }
        }
        if self.problems.is_empty() {
            check::graph(&elements, &flows, &self.scopes, &mut self.problems);
        }
        (elements, flows, by_id)
    }

    fn link_flows(
        &mut self,
        by_id: &HashMap<String, usize>,
        scope_of: &[usize],
    ) -> Vec<(Node<'a, 'a>, SequenceFlow)> {
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
                if scope_of[source] != scope_of[target] {
                    self.problems.add(
                        at(flow.node),
                        "flow.crosses_border",
                        "连线不能跨越子流程的边界",
                        "a sequence flow can't cross the border of a sub-process",
                    );
                }
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
        for child in children(node) {
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
}
