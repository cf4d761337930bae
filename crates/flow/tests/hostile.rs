//! Files made to hurt.

use std::time::Duration;

use flow::Model;

use crate::story::bpmn;

/// Parses on a small stack and refuses to wait; gives the code of the first problem.
#[track_caller]
fn check(xml: String, expected: &str) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let worker = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        let code = Model::parse(&xml).err().map_or("accepted", |problems| problems[0].code);
        let _ = sender.send(code);
    });
    let code = receiver.recv_timeout(Duration::from_secs(20)).expect("parsing neither ended nor died");
    worker.expect("a thread starts").join().expect("parsing does not panic");
    assert_eq!(code, expected);
}

#[test]
fn entities_and_dtds() {
    let laughs = r#"<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><d>&b;</d>"#;
    check(laughs.to_owned(), "xml.dtd");
    check(r#"<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>"#.to_owned(), "xml.dtd");
    check(bpmn("&undefined;"), "xml.malformed");
}

#[test]
fn size_depth_and_number() {
    check(bpmn(&" ".repeat(3_000_000)), "xml.too_large");
    check("<a>".repeat(500_000), "xml.too_large");
    check("<a>".repeat(600) + &"</a>".repeat(600), "xml.too_large");
    check(bpmn(&"<a/>".repeat(200_000)), "xml.too_large");
    let attributes: String = (0..200_000).map(|n| format!("a{n}='>' ")).collect();
    check(format!("<d {attributes}/>"), "xml.too_large");
    let namespaces: String = (0..60_000).map(|n| format!("<x xmlns:n{n}='urn:{n}'/>")).collect();
    check(bpmn(&namespaces), "xml.too_large");
    let tasks: String = (0..5_000).map(|n| format!(r#"<bpmn:parallelGateway id="g{n}"/>"#)).collect();
    check(bpmn(&tasks), "process.too_large");
}

#[test]
fn many_problems_are_cut_short() {
    let bad: String = (0..1_500).map(|n| format!(r#"<bpmn:task id="t{n}{}"/>"#, "x".repeat(500))).collect();
    let problems = Model::parse(&bpmn(&bad)).unwrap_err();
    assert_eq!(problems.len(), 200);
    assert!(
        problems.iter().all(|problem| problem.element_id.chars().count() <= 120 && problem.en.len() < 2_000)
    );
}

#[test]
fn broken_files() {
    for xml in [
        "",
        " ",
        "<",
        "<a",
        "<a b",
        "<a b='",
        "<!--",
        "<![CDATA[",
        "<?xml",
        "</a>",
        "<a></b>",
        "\u{feff}",
        "\u{0}",
        "<a>\u{1}</a>",
    ] {
        check(xml.to_owned(), "xml.malformed");
    }
    check("plain text".to_owned(), "xml.malformed");
    for cut in (0..flow::STANDARD.len()).step_by(997).filter(|cut| flow::STANDARD.is_char_boundary(*cut)) {
        assert!(Model::parse(&flow::STANDARD[..cut]).is_err());
    }
}

#[test]
fn conditions_from_files_are_bounded_too() {
    let condition = |text: &str| {
        bpmn(&format!(
            r#"<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="x"/><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="x"/>
            <bpmn:sequenceFlow id="g" sourceRef="x" targetRef="e"><bpmn:conditionExpression><![CDATA[{text}]]></bpmn:conditionExpression></bpmn:sequenceFlow>"#
        ))
    };
    check(condition("true"), "accepted");
    check(condition(&"(".repeat(100_000)), "condition.invalid");
    check(condition(&"!".repeat(900)), "condition.invalid");
    check(condition(&("1".to_owned() + &"+1".repeat(100_000))), "condition.invalid");
}
