//! What of BPMN 2.0 is executed. Whatever is not named here is refused.

/// Elements that mean nothing to the machine: words and drawing. Lanes are among them, because BPMN gives them no meaning;
/// who may do a task is said by its candidates, which are required.
pub(super) fn is_drawing(name: &str) -> bool {
    matches!(
        name,
        "documentation" | "extensionElements" | "textAnnotation" | "association" | "group" | "laneSet"
    )
}

pub(super) fn is_flow_element(name: &str) -> bool {
    matches!(
        name,
        "startEvent"
            | "endEvent"
            | "userTask"
            | "serviceTask"
            | "exclusiveGateway"
            | "parallelGateway"
            | "intermediateCatchEvent"
            | "boundaryEvent"
    )
}

/// Whether an element of the BPMN namespace may stand inside another.
pub(super) fn allows_child(parent: &str, child: &str) -> bool {
    if matches!(child, "documentation" | "extensionElements") {
        return true;
    }
    match parent {
        "sequenceFlow" => child == "conditionExpression",
        "timerEventDefinition" => matches!(child, "timeDuration" | "timeDate"),
        "participant" => false,
        _ => match child {
            "incoming" | "outgoing" => is_flow_element(parent),
            "timerEventDefinition" => matches!(parent, "intermediateCatchEvent" | "boundaryEvent"),
            "terminateEventDefinition" => parent == "endEvent",
            _ => false,
        },
    }
}

/// Whether an attribute may stand on an element, with that value. Values other than the default of what isn't executed
/// (compensation, several instances) are refused, not ignored.
pub(super) fn allows_attribute(element: &str, name: &str, value: &str) -> bool {
    if matches!(name, "id" | "name") {
        return true;
    }
    match (element, name) {
        (
            "definitions",
            "targetNamespace" | "expressionLanguage" | "typeLanguage" | "exporter" | "exporterVersion",
        )
        | ("process", "isExecutable" | "processType" | "isClosed")
        | ("collaboration", "isClosed")
        | ("participant", "processRef")
        | ("sequenceFlow", "sourceRef" | "targetRef")
        | ("exclusiveGateway", "gatewayDirection" | "default")
        | ("parallelGateway", "gatewayDirection")
        | ("boundaryEvent", "attachedToRef")
        | ("conditionExpression", "language") => true,
        ("boundaryEvent", "cancelActivity") => matches!(value, "true" | "false" | "1" | "0"),
        ("sequenceFlow", "isImmediate") | ("startEvent", "isInterrupting") => matches!(value, "true" | "1"),
        ("startEvent" | "boundaryEvent" | "intermediateCatchEvent", "parallelMultiple")
        | ("userTask" | "serviceTask", "isForCompensation") => matches!(value, "false" | "0"),
        ("userTask" | "serviceTask", "startQuantity" | "completionQuantity") => value == "1",
        ("userTask" | "serviceTask", "implementation") => matches!(value, "##unspecified" | "##WebService"),
        _ => false,
    }
}

/// What to draw instead, where there is something.
pub(super) fn hint_zh(name: &str) -> &'static str {
    match name {
        "task" | "manualTask" => "，请改用用户任务（userTask）或服务任务（serviceTask）",
        "inclusiveGateway" | "complexGateway" => "，请改用排他或并行网关",
        "sendTask" | "scriptTask" | "businessRuleTask" | "intermediateThrowEvent" => {
            "，请改用服务任务（serviceTask）"
        }
        "timeCycle" => "，请用不中断的边界定时事件逐个表示",
        "potentialOwner" | "humanPerformer" | "performer" | "resourceRole" => "，请用yihao:candidates",
        _ => "",
    }
}

/// The same in English.
pub(super) fn hint_en(name: &str) -> &'static str {
    match name {
        "task" | "manualTask" => "; use a userTask or a serviceTask",
        "inclusiveGateway" | "complexGateway" => "; use exclusive or parallel gateways",
        "sendTask" | "scriptTask" | "businessRuleTask" | "intermediateThrowEvent" => "; use a serviceTask",
        "timeCycle" => "; draw one non-interrupting boundary timer for each time",
        "potentialOwner" | "humanPerformer" | "performer" | "resourceRole" => "; use yihao:candidates",
        _ => "",
    }
}
