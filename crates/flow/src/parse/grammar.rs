//! What of BPMN 2.0 is executed. Whatever is not named here is refused.

/// Elements that mean nothing to the machine: words and drawing. Lanes are among them, because BPMN gives them no meaning;
/// who may do a task is said by its candidates, which are required. So is data that is only drawn: variables are shared by
/// all of a run.
pub(super) fn is_drawing(name: &str) -> bool {
    matches!(
        name,
        "documentation"
            | "extensionElements"
            | "textAnnotation"
            | "association"
            | "group"
            | "laneSet"
            | "dataObject"
            | "dataObjectReference"
            | "dataStoreReference"
    )
}

/// Elements beside the process that are looked up, or that say nothing about execution.
pub(super) fn is_root_drawing(name: &str) -> bool {
    matches!(
        name,
        "documentation"
            | "extensionElements"
            | "category"
            | "message"
            | "signal"
            | "error"
            | "escalation"
            | "itemDefinition"
            | "import"
            | "interface"
            | "endPoint"
            | "resource"
            | "dataStore"
            | "relationship"
    )
}

pub(super) fn is_activity(name: &str) -> bool {
    matches!(
        name,
        "task"
            | "manualTask"
            | "userTask"
            | "serviceTask"
            | "sendTask"
            | "receiveTask"
            | "businessRuleTask"
            | "callActivity"
            | "subProcess"
    )
}

fn is_event(name: &str) -> bool {
    matches!(
        name,
        "startEvent" | "endEvent" | "intermediateCatchEvent" | "intermediateThrowEvent" | "boundaryEvent"
    )
}

fn is_gateway(name: &str) -> bool {
    matches!(name, "exclusiveGateway" | "inclusiveGateway" | "parallelGateway" | "eventBasedGateway")
}

pub(super) fn is_flow_element(name: &str) -> bool {
    is_activity(name) || is_event(name) || is_gateway(name)
}

/// Whether an element of the BPMN namespace may stand inside another.
pub(super) fn allows_child(parent: &str, child: &str) -> bool {
    if matches!(child, "documentation" | "extensionElements") {
        return true;
    }
    match (parent, child) {
        ("sequenceFlow", "conditionExpression")
        | ("timerEventDefinition", "timeDuration" | "timeDate" | "timeCycle")
        | ("multiInstanceLoopCharacteristics", "loopCardinality" | "completionCondition")
        | ("linkEventDefinition", "source" | "target")
        | ("messageEventDefinition", "operationRef")
        | ("dataInputAssociation" | "dataOutputAssociation", "sourceRef" | "targetRef")
        | ("participant", "interfaceRef" | "endPointRef" | "participantMultiplicity") => true,
        ("subProcess", child) => {
            is_flow_element(child)
                || is_drawing(child)
                || matches!(
                    child,
                    "sequenceFlow" | "incoming" | "outgoing" | "multiInstanceLoopCharacteristics"
                )
        }
        (parent, "incoming" | "outgoing") => is_flow_element(parent),
        (parent, "multiInstanceLoopCharacteristics" | "dataInputAssociation" | "dataOutputAssociation") => {
            is_activity(parent)
        }
        (parent, definition) if definition.ends_with("EventDefinition") => allows_event(parent, definition),
        _ => false,
    }
}

fn allows_event(parent: &str, definition: &str) -> bool {
    let kind = definition.trim_end_matches("EventDefinition");
    match parent {
        "startEvent" => matches!(kind, "timer" | "message" | "signal" | "error" | "escalation"),
        "intermediateCatchEvent" => matches!(kind, "timer" | "message" | "signal" | "link"),
        "intermediateThrowEvent" => matches!(kind, "message" | "signal" | "escalation" | "link"),
        "boundaryEvent" => matches!(kind, "timer" | "message" | "signal" | "error" | "escalation"),
        "endEvent" => matches!(kind, "terminate" | "message" | "signal" | "error" | "escalation"),
        _ => false,
    }
}

/// Whether an attribute may stand on an element, with that value. Values other than the default of what isn't executed
/// (compensation, instantiating tasks) are refused, not ignored.
pub(super) fn allows_attribute(element: &str, name: &str, value: &str) -> bool {
    if matches!(name, "id" | "name") {
        return true;
    }
    match (element, name) {
        (
            "definitions",
            "targetNamespace" | "expressionLanguage" | "typeLanguage" | "exporter" | "exporterVersion",
        )
        | ("process", "isExecutable" | "processType" | "isClosed" | "definitionalCollaborationRef")
        | ("collaboration", "isClosed")
        | ("participant", "processRef" | "partnerRoleRef" | "partnerEntityRef")
        | ("sequenceFlow", "sourceRef" | "targetRef")
        | ("exclusiveGateway" | "inclusiveGateway", "gatewayDirection" | "default")
        | ("parallelGateway" | "eventBasedGateway", "gatewayDirection")
        | ("boundaryEvent", "attachedToRef")
        | ("callActivity", "calledElement")
        | ("sendTask" | "receiveTask", "messageRef" | "operationRef")
        | ("serviceTask", "operationRef")
        | ("messageEventDefinition", "messageRef" | "operationRef")
        | ("signalEventDefinition", "signalRef")
        | ("errorEventDefinition", "errorRef")
        | ("escalationEventDefinition", "escalationRef")
        | ("conditionExpression", "language" | "evaluatesToTypeRef")
        | ("loopCardinality" | "completionCondition", "language" | "evaluatesToTypeRef") => true,
        ("subProcess", "triggeredByEvent")
        | ("multiInstanceLoopCharacteristics", "isSequential")
        | ("startEvent", "isInterrupting")
        | ("boundaryEvent", "cancelActivity") => matches!(value, "true" | "false" | "1" | "0"),
        ("multiInstanceLoopCharacteristics", "behavior") => value == "All",
        ("sequenceFlow", "isImmediate") => matches!(value, "true" | "1"),
        ("startEvent" | "boundaryEvent" | "intermediateCatchEvent", "parallelMultiple")
        | ("eventBasedGateway" | "receiveTask", "instantiate") => matches!(value, "false" | "0"),
        ("eventBasedGateway", "eventGatewayType") => value == "Exclusive",
        (activity, "default") => is_activity(activity),
        (activity, "isForCompensation") => is_activity(activity) && matches!(value, "false" | "0"),
        (activity, "startQuantity" | "completionQuantity") => is_activity(activity) && value == "1",
        (activity, "implementation") => {
            is_activity(activity)
                && matches!(value, "##unspecified" | "##WebService" | "##Other" | "##other" | "##Unspecified")
        }
        _ => false,
    }
}

/// What to draw instead, where there is something, in Chinese and English.
pub(super) fn hint(name: &str) -> (&'static str, &'static str) {
    match name {
        "task" => (
            "，未说明由谁来做，请改用用户任务、人工任务或服务任务",
            "; say who does it: a userTask, a manualTask or a serviceTask",
        ),
        "complexGateway" => {
            ("，请改用排他、包容或并行网关", "; use exclusive, inclusive or parallel gateways")
        }
        "scriptTask" => (
            "，不执行脚本，请改用业务规则任务（决策表）或服务任务",
            "; scripts are not executed: use a businessRuleTask (decision table) or a serviceTask",
        ),
        "compensateEventDefinition" => (
            "，不支持补偿：已完成的环节不会自动撤回，请画出撤回的步骤，或用错误边界事件",
            "; compensation is not executed, what is done is not undone by itself: draw the steps back, or use an error boundary event",
        ),
        "cancelEventDefinition" | "transaction" => (
            "，不支持事务与取消事件，请改用子流程和错误事件",
            "; transactions are not executed: use a subProcess and error events",
        ),
        "conditionalEventDefinition" => {
            ("，请改用网关或消息事件", "; use a gateway, or a message when the fact becomes known")
        }
        "adHocSubProcess" => ("，请改用子流程或多实例任务", "; use a subProcess or a multi-instance task"),
        "standardLoopCharacteristics" => {
            ("，请用网关画出循环，或改用多实例", "; draw the loop with a gateway, or use multi-instance")
        }
        "loopDataInputRef" | "inputDataItem" => ("，请用yihao:several", "; use yihao:several"),
        "potentialOwner" | "humanPerformer" | "performer" | "resourceRole" => {
            ("，请用yihao:candidates", "; use yihao:candidates")
        }
        _ => ("", ""),
    }
}
