//! What is refused, with the element at fault.

use std::path::PathBuf;

use flow::Model;

use crate::story::{bpmn, xml};

#[track_caller]
fn check(xml: &str, expected: &[&str]) {
    let problems = Model::parse(xml).err().unwrap_or_default();
    let found: Vec<String> = problems
        .iter()
        .map(|p| format!("{} {} {}", p.code, p.element, p.element_id).trim().to_owned())
        .collect();
    assert_eq!(found, expected, "{problems:#?}");
    for problem in &problems {
        assert!(!problem.zh.is_empty() && !problem.en.is_empty(), "{problem:?}");
    }
}

const AROUND: &str = r#"<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>"#;

fn with(content: &str) -> String {
    bpmn(&format!(r#"{AROUND}<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="e"/>{content}"#))
}

fn user(inner: &str) -> String {
    bpmn(&format!(
        r#"{AROUND}<bpmn:userTask id="u"><bpmn:extensionElements>{inner}</bpmn:extensionElements></bpmn:userTask>
        <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="u"/><bpmn:sequenceFlow id="f2" sourceRef="u" targetRef="e"/>"#
    ))
}

#[test]
fn drawing_words_and_foreign_extensions_are_no_fault() {
    check(&with(""), &[]);
    check(
        &with(
            r#"<bpmn:documentation>说明</bpmn:documentation><bpmn:textAnnotation id="t"><bpmn:text>注</bpmn:text></bpmn:textAnnotation>
            <bpmn:association id="as" sourceRef="s" targetRef="t"/><bpmn:group id="g"/><bpmn:laneSet id="ls"><bpmn:lane id="l"/></bpmn:laneSet>
            <bpmn:extensionElements><z:x xmlns:z="urn:z" id="s"/></bpmn:extensionElements>"#,
        ),
        &[],
    );
    let foreign = with("").replace("<bpmn:startEvent", r#"<bpmn:startEvent xmlns:z="urn:z" z:colour="red""#);
    check(&foreign, &[]);
}

#[test]
fn what_cannot_be_executed_is_named() {
    for name in [
        "task",
        "scriptTask",
        "transaction",
        "adHocSubProcess",
        "complexGateway",
        "ioSpecification",
        "property",
        "callChoreography",
        "unheardOf",
    ] {
        check(&with(&format!(r#"<bpmn:{name} id="bad"/>"#)), &[&format!("element.unsupported {name} bad")]);
    }
    for name in ["choreography", "globalUserTask", "correlationProperty", "conversation"] {
        let xml = with("").replace("</bpmn:process>", &format!(r#"</bpmn:process><bpmn:{name} id="bad"/>"#));
        check(&xml, &[&format!("element.unsupported {name} bad")]);
    }
}

#[test]
fn a_flow_to_a_refused_element_is_not_reported_again() {
    let xml = bpmn(&format!(
        r#"{AROUND}<bpmn:transaction id="sub"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="sub"/><bpmn:sequenceFlow id="f2" sourceRef="sub" targetRef="e"/>"#
    ));
    check(&xml, &["element.unsupported transaction sub"]);
}

#[test]
fn events_that_are_not_executed_are_refused() {
    for name in ["error", "escalation", "conditional", "compensate", "cancel", "terminate"] {
        let definition = format!("<bpmn:{name}EventDefinition/>");
        let catch =
            format!(r#"<bpmn:intermediateCatchEvent id="c">{definition}</bpmn:intermediateCatchEvent>"#);
        check(&with(&catch), &["element.unsupported intermediateCatchEvent c"]);
    }
    for name in ["conditional", "compensate", "cancel", "link", "terminate"] {
        let definition = format!("<bpmn:{name}EventDefinition/>");
        let start = with("").replace(
            r#"<bpmn:startEvent id="s"/>"#,
            &format!(r#"<bpmn:startEvent id="s">{definition}</bpmn:startEvent>"#),
        );
        check(&start, &["element.unsupported startEvent s"]);
    }
    for name in ["timer", "conditional", "compensate", "cancel", "link"] {
        let definition = format!("<bpmn:{name}EventDefinition/>");
        let end = with("").replace(
            r#"<bpmn:endEvent id="e"/>"#,
            &format!(r#"<bpmn:endEvent id="e">{definition}</bpmn:endEvent>"#),
        );
        check(&end, &["element.unsupported endEvent e"]);
    }
    let problems = Model::parse(&with(
        r#"<bpmn:intermediateThrowEvent id="c"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>"#,
    ))
    .unwrap_err();
    assert!(problems[0].zh.contains("不支持补偿") && problems[0].en.contains("compensation is not executed"));
    check(
        &with(r#"<bpmn:intermediateCatchEvent id="c"/>"#),
        &["event.no_definition intermediateCatchEvent c"],
    );
}

#[test]
fn timers_must_be_clear() {
    let timer = |inner: &str| {
        with(&format!(
            r#"<bpmn:intermediateCatchEvent id="c"><bpmn:timerEventDefinition>{inner}</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"#
        ))
    };
    check(&timer(""), &["timer.not_one intermediateCatchEvent c"]);
    check(
        &timer(
            "<bpmn:timeDuration>PT1H</bpmn:timeDuration><bpmn:timeDate>2026-01-01T00:00:00Z</bpmn:timeDate>",
        ),
        &["timer.not_one intermediateCatchEvent c"],
    );
    check(&timer("<bpmn:timeDuration>P1M</bpmn:timeDuration>"), &["timer.invalid intermediateCatchEvent c"]);
    check(
        &timer("<bpmn:timeDuration>${wait}</bpmn:timeDuration>"),
        &["timer.invalid intermediateCatchEvent c"],
    );
    check(&timer("<bpmn:timeDate>2026-01-01</bpmn:timeDate>"), &["timer.invalid intermediateCatchEvent c"]);
    check(&timer("<bpmn:timeCycle>0 0 * * *</bpmn:timeCycle>"), &["timer.invalid intermediateCatchEvent c"]);
    check(&timer("<bpmn:timeCycle>R3/PT0S</bpmn:timeCycle>"), &["timer.invalid intermediateCatchEvent c"]);
    check(&xml("s:start\n w:wait due\n e:end\n s->w\n w->e"), &["timer.no_limit intermediateCatchEvent w"]);
    check(
        &xml("s:start\n u:user\n b:boundary u due\n e:end\n s->u\n u->e\n b->e"),
        &["timer.no_limit boundaryEvent b"],
    );
    check(
        &xml("s:start\n u:xor\n b:boundary u PT1H\n e:end\n s->u\n u->e\n b->e"),
        &["boundary.host boundaryEvent b"],
    );
}

#[test]
fn attributes_that_change_the_meaning_are_refused() {
    let on_user = |attribute: &str| {
        user(r#"<yihao:candidates of="any"/>"#)
            .replace(r#"<bpmn:userTask id="u""#, &format!(r#"<bpmn:userTask id="u" {attribute}"#))
    };
    check(&on_user(r###"isForCompensation="false" startQuantity="1" implementation="##unspecified""###), &[]);
    for attribute in [
        r#"isForCompensation="true""#,
        r#"startQuantity="2""#,
        r#"yihao:form="x""#,
        r#"implementation="urn:x""#,
    ] {
        check(&on_user(attribute), &["attribute.unsupported userTask u"]);
    }
    for (inner, expected) in [
        ("<bpmn:multiInstanceLoopCharacteristics/>", "multi.no_count userTask u"),
        ("<bpmn:standardLoopCharacteristics/>", "element.unsupported userTask u"),
        (
            "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>many(</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>",
            "condition.invalid userTask u",
        ),
    ] {
        let xml = user(r#"<yihao:candidates of="any"/>"#)
            .replace("</bpmn:userTask>", &format!("{inner}</bpmn:userTask>"));
        let found = Model::parse(&xml).unwrap_err();
        assert_eq!(format!("{} {} {}", found[0].code, found[0].element, found[0].element_id), expected);
    }
    check(
        &with("").replace(r#"isExecutable="true""#, r#"isExecutable="false""#),
        &["process.not_executable process p"],
    );
}

#[test]
fn our_extensions_are_read_strictly() {
    let candidates = r#"<yihao:candidates of="any"/>"#;
    check(&user(candidates), &[]);
    check(&user(""), &["task.no_candidates userTask u"]);
    for bad in [
        r#"<yihao:limit/>"#,
        r#"<yihao:limit working_days="1" rule="x"/>"#,
        r#"<yihao:limit working_days="soon"/>"#,
        r#"<yihao:limit working_days="-1"/>"#,
        r#"<yihao:limit working_days="99999"/>"#,
        r#"<yihao:limit duration="P1Y"/>"#,
        r#"<yihao:limit working_days="1"/><yihao:limit working_days="2"/>"#,
        r#"<yihao:action/>"#,
        r#"<yihao:action name="a b"/>"#,
        r#"<yihao:action name="a"/><yihao:action name="a"/>"#,
        r#"<yihao:action name="a" completes="maybe"/>"#,
        r#"<yihao:form/>"#,
        r#"<yihao:candidates/>"#,
        r#"<yihao:candidates of="everyone"/>"#,
        r#"<yihao:candidates of="creator" variable="x"/>"#,
        r#"<yihao:property name="a"/>"#,
        r#"<yihao:property name="a" value="1"/><yihao:property name="a" value="2"/>"#,
        r#"<yihao:form key="x">text</yihao:form>"#,
    ] {
        check(&user(&format!("{candidates}{bad}")), &["extension.invalid userTask u"]);
    }
    for unknown in [
        r#"<yihao:limits working_days="1"/>"#,
        r#"<yihao:limit workingDays="1"/>"#,
        r#"<yihao:service name="x"/>"#,
    ] {
        check(&user(&format!("{candidates}{unknown}")), &["extension.unknown userTask u"]);
    }
    check(&with(r#"<bpmn:serviceTask id="x"/>"#), &["task.no_service serviceTask x"]);
    for variable in
        [r#"name="action" value="1""#, r#"name="1a" value="1""#, r#"name="a" value="{""#, r#"value="1""#]
    {
        let xml =
            with(&format!("<bpmn:extensionElements><yihao:variable {variable}/></bpmn:extensionElements>"));
        check(&xml, &["extension.invalid process p"]);
    }
}

#[test]
fn conditions_are_read_when_the_model_is() {
    check(
        &xml("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?n >\n x->b!"),
        &["condition.invalid sequenceFlow f5"],
    );
    check(
        &xml("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?${n\n x->b!"),
        &["condition.invalid sequenceFlow f5"],
    );
    check(
        &xml("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a\n x->b!"),
        &["condition.missing sequenceFlow f5"],
    );
    check(
        &xml("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?services.decide(n)\n x->b!"),
        &["condition.invalid sequenceFlow f5"],
    );
    check(
        &xml("s:start\n x:and\n a:end\n b:end\n s->x\n x->a?true\n x->b"),
        &["condition.not_at_gateway sequenceFlow f5"],
    );
    let both = xml("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?true\n x->b!")
        .replace(r#"default="f6""#, r#"default="f5""#);
    check(&both, &["condition.on_default sequenceFlow f5", "condition.missing sequenceFlow f6"]);
    let xpath = xml("s:start\n x:xor\n a:end\n b:end\n s->x\n x->a?true\n x->b!").replace(
        "<bpmn:conditionExpression>",
        r#"<bpmn:conditionExpression language="http://www.w3.org/1999/XPath">"#,
    );
    check(&xpath, &["condition.language sequenceFlow f5"]);
}

#[test]
fn references_must_lead_somewhere() {
    check(&xml("s:start\n e:end\n s->e\n s->nowhere"), &["reference.dangling sequenceFlow f3"]);
    check(&with("").replace(r#" targetRef="e""#, ""), &["reference.dangling sequenceFlow f"]);
    let out = with("").replace(r#"id="s"/>"#, r#"id="s"><bpmn:outgoing>g</bpmn:outgoing></bpmn:startEvent>"#);
    check(&out, &["reference.dangling startEvent s"]);
    let wrong =
        with("").replace(r#"id="s"/>"#, r#"id="s"><bpmn:incoming>f</bpmn:incoming></bpmn:startEvent>"#);
    check(&wrong, &["reference.mismatch startEvent s"]);
    let default = xml("s:start\n x:xor\n e:end\n s->x\n x->e!").replace(r#"default="f4""#, r#"default="f3""#);
    check(&default, &["reference.dangling exclusiveGateway x"]);
    let host = xml("s:start\n u:user\n b:boundary u PT1H\n e:end\n s->u\n u->e\n b->e")
        .replace(r#"attachedToRef="u""#, r#"attachedToRef="v""#);
    check(&host, &["reference.dangling boundaryEvent b"]);
    check(&with(r#"<bpmn:endEvent id="e"/>"#), &["id.duplicate endEvent e"]);
    check(&with(r#"<bpmn:endEvent/>"#), &["id.missing endEvent"]);
    check(&with(r#"<bpmn:endEvent id="a b"/>"#), &["id.invalid endEvent a b"]);
}

#[test]
fn every_element_can_be_reached_left_and_ended() {
    check(&xml("s:start\n u:user\n v:user\n e:end\n s->u\n u->e\n v->e"), &["graph.unreachable userTask v"]);
    check(&xml("s:start\n u:user\n e:end\n s->u"), &["flow.no_outgoing userTask u"]);
    check(
        &xml("s:start\n x:xor\n u:user\n v:user\n e:end\n s->x\n x->u?true\n x->e!\n u->v\n v->u"),
        &["graph.no_end userTask u", "graph.no_end userTask v"],
    );
    check(&xml("s:start\n u:user\n e:end\n s->u\n u->e\n u->s"), &["flow.into_start startEvent s"]);
    check(&xml("s:start\n u:user\n e:end\n s->u\n u->e\n e->u"), &["flow.out_of_end endEvent e"]);
    check(&xml("s:start\n t:start\n e:end\n s->e\n t->e"), &["start.several startEvent t"]);
    check(&xml("u:user\n e:end\n u->e"), &["start.missing process"]);
    check(&xml("s:start\n u:user\n s->u\n u->u"), &["end.missing process"]);
}

#[test]
fn one_process_in_one_pool() {
    let pool = |pools: &str| {
        with("").replace(
            "<bpmn:process",
            &format!(r#"<bpmn:collaboration id="co">{pools}</bpmn:collaboration><bpmn:process"#),
        )
    };
    check(&pool(r#"<bpmn:participant id="p1" processRef="p"/>"#), &[]);
    // Others, and messages to them, are a drawing: they are not executed here.
    check(&pool(r#"<bpmn:participant id="p1" processRef="p"/><bpmn:participant id="p2"/>"#), &[]);
    check(&pool(r#"<bpmn:participant id="p1"/><bpmn:messageFlow id="m"/>"#), &[]);
    check(&pool(r#"<bpmn:conversationNode id="c"/>"#), &["element.unsupported conversationNode c"]);
    let with_process = |attributes: &str| {
        with("").replace("</bpmn:process>", &format!(r#"</bpmn:process><bpmn:process id="q"{attributes}/>"#))
    };
    check(&with_process(r#" isExecutable="true""#), &["process.several process q"]);
    check(&with_process(r#" isExecutable="false""#), &[]);
    let none = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d"/>"#;
    check(none, &["process.missing definitions d"]);
    check("<html/>", &["bpmn.not_definitions html"]);
}

#[test]
fn reference_models_of_the_interchange_group_are_read_or_refused_by_element() {
    let root = std::env::var_os("YIHAO_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let Ok(folder) = std::fs::read_dir(root.join("bpmn/miwg_reference")) else {
        eprintln!("skipped: no bpmn/miwg_reference under {}", root.display());
        return;
    };
    let mut files = 0;
    for path in folder
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "bpmn"))
    {
        let xml = std::fs::read(&path).unwrap();
        let Ok(xml) = String::from_utf8(xml) else { continue };
        files += 1;
        let Err(problems) = Model::parse(&xml) else { continue };
        assert!(!problems.is_empty());
        let named = problems.iter().filter(|problem| !problem.element_id.is_empty()).count();
        assert!(named * 2 > problems.len(), "{}: {problems:#?}", path.display());
        for problem in problems.iter().filter(|problem| !problem.element_id.is_empty()) {
            assert!(xml.contains(&problem.element_id), "{}: {problem:?}", path.display());
        }
    }
    assert!(files >= 20, "{files} files");
}
