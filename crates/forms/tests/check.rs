use forms::{May, Reader};
use serde_json::json;

use super::{fill, fill_at, form, map, refused};

#[test]
fn every_wrong_answer_is_named_with_its_code() {
    let form = form(json!([
        { "key": "no", "type": "line", "label": { "zh": "编号" }, "pattern": "L-[0-9]{4}", "required": true },
        { "key": "short", "type": "text", "label": { "zh": "短" }, "max": 3 },
        { "key": "amount", "type": "number", "label": { "zh": "数量" }, "min": 1, "max": 9, "decimals": 1 },
        { "key": "day", "type": "date", "label": { "zh": "日期" }, "latest": "today" },
        { "key": "pick", "type": "checks", "label": { "zh": "选" }, "max": 1, "options": { "from": "list", "list": [{ "value": "a" }, { "value": "b" }] } },
        { "key": "sure", "type": "tick", "label": { "zh": "确认" }, "required": true },
        { "key": "rows", "type": "table", "label": { "zh": "表" }, "max": 2, "fields": [
            { "key": "at", "type": "time", "label": { "zh": "时间" }, "required": true } ] },
    ]));
    let wrong = |answers| refused(fill(&form, answers));
    let right = json!({ "no": "L-0001", "sure": true });
    let with = |key: &str, value: serde_json::Value| {
        let mut answers = right.clone();
        answers[key] = value;
        answers
    };
    assert_eq!(wrong(json!({})), [("no".into(), "required"), ("sure".into(), "required")]);
    for (key, value, path, code) in [
        ("no", json!("L-1"), "no", "pattern"),
        ("no", json!(["L-0001"]), "no", "malformed"),
        ("short", json!("四个字啊"), "short", "too_many"),
        ("short", json!("a\u{0}"), "short", "malformed"),
        ("amount", json!(0.5), "amount", "too_small"),
        ("amount", json!(10), "amount", "too_large"),
        ("amount", json!(1.55), "amount", "decimals"),
        ("amount", json!("5"), "amount", "malformed"),
        ("amount", json!(1e300), "amount", "malformed"),
        ("day", json!("2026-02-30"), "day", "malformed"),
        ("day", json!("2026-03-03"), "day", "too_late"),
        ("pick", json!(["c"]), "pick", "not_offered"),
        ("pick", json!(["a", "b"]), "pick", "too_many"),
        ("sure", json!(false), "sure", "required"),
        ("rows", json!([{ "at": "8:00" }]), "rows[0].at", "malformed"),
        ("rows", json!([{ "at": "08:00" }, {}]), "rows[1].at", "required"),
        ("rows", json!([{ "at": "08:00", "x": 1 }]), "rows[0].x", "unknown"),
        ("rows", json!([{}, {}, {}]), "rows", "too_many"),
        ("rows", json!("08:00"), "rows", "malformed"),
        ("nowhere", json!(1), "nowhere", "unknown"),
    ] {
        assert_eq!(wrong(with(key, value.clone())), [(path.to_owned(), code)], "{key} {value}");
    }
    assert!(fill(&form, right).is_ok());
}

#[test]
fn a_field_is_filled_in_where_its_node_says_so() {
    let form = form(json!([
        { "key": "asked", "type": "line", "label": { "zh": "诉求" } },
        { "key": "inner", "type": "line", "label": { "zh": "内部" }, "access": { "create": "edit", "handling": "hidden" } },
        { "key": "result", "type": "line", "label": { "zh": "结果" }, "access": { "create": "hidden", "handling": "must" } },
    ]));
    let before = json!({ "asked": "修灯", "inner": "密" });
    assert_eq!(refused(fill(&form, json!({ "result": "好" }))), [("result".to_owned(), "not_editable")]);
    assert_eq!(
        refused(fill_at(&form, "handling", &before, json!({ "asked": "改" }))),
        [("asked".to_owned(), "not_editable"), ("result".to_owned(), "required"),]
    );
    let kept = fill_at(&form, "handling", &before, json!({ "result": "已修", "asked": "修灯" })).unwrap();
    assert_eq!(kept, map(json!({ "asked": "修灯", "inner": "密", "result": "已修" })));
    let reader = |node, reads_only| Reader { node, reads_only, ..Reader::default() };
    assert_eq!(
        form.readable(&reader("handling", false), &kept),
        map(json!({ "asked": "修灯", "result": "已修" }))
    );
    // What is kept from the unit while it works is kept from it before.
    assert_eq!(
        form.readable(&reader("acceptance", false), &kept),
        map(json!({ "asked": "修灯", "result": "已修" }))
    );
    assert!(form.editable(&reader("handling", true), &forms::Effects::default()).is_empty());
    assert_eq!(form.shown_to(&reader("create", false)).fields.len(), 2);
}

#[test]
fn roles_come_before_nodes_and_frames_bind_what_is_inside() {
    let form = form(json!([
        { "key": "frame", "type": "border", "access": { "create": "hidden" }, "fields": [
            { "key": "inside", "type": "line", "label": { "zh": "内" }, "required": true } ] },
        { "key": "price", "type": "number", "label": { "zh": "价" }, "access": { "handling": "hidden" },
          "roles": [{ "role": "unit_admin", "node": "handling", "may": "edit" }] },
    ]));
    let roles = ["unit_admin".to_owned()];
    let reader = Reader { node: "handling", roles: &roles, ..Reader::default() };
    assert_eq!(form.may(form.field("price").unwrap(), &reader), May::Edit);
    assert!(fill(&form, json!({})).is_ok(), "what is in a hidden frame is not asked for");
    assert_eq!(refused(fill(&form, json!({ "inside": "x" }))), [("inside".to_owned(), "not_editable")]);
}

#[test]
fn an_opinion_is_kept_with_who_and_when_and_is_everybodys_own() {
    let form = form(json!([
        { "key": "approval", "type": "approval", "label": { "zh": "审批" }, "access": { "result_review": "must" } },
    ]));
    let at = |before: &serde_json::Value, answers| fill_at(&form, "result_review", before, answers);
    let agreed = at(&json!({}), json!({ "approval": { "decision": "agree", "opinion": "属实" } })).unwrap();
    let entry = json!({ "decision": "agree", "opinion": "属实", "by": "p1", "by_name": "王科员", "at": 5 });
    assert_eq!(agreed["approval"], json!([entry]));
    // A forged list is no opinion, and somebody else's is not one's own.
    let forged = json!({ "approval": [{ "decision": "agree", "by": "mayor" }] });
    assert_eq!(refused(at(&json!({}), forged))[0].1, "decision");
    let others = json!({ "approval": [{ "decision": "agree", "by": "p2", "at": 1 }] });
    assert_eq!(refused(at(&others, json!({}))), [("approval".to_owned(), "required")]);
    assert_eq!(refused(at(&others, json!({ "approval": { "decision": "disagree" } })))[0].1, "opinion");
    let both = at(&others, json!({ "approval": { "decision": "abstain" } })).unwrap();
    assert_eq!(both["approval"].as_array().unwrap().len(), 2);
}

#[test]
fn citizens_see_nothing_that_only_the_office_can_look_up() {
    let form = form(json!([
        { "key": "what", "type": "line", "label": { "zh": "内容" } },
        { "key": "who", "type": "person", "label": { "zh": "经办" }, "required": true },
        { "key": "word", "type": "select", "label": { "zh": "字典" }, "options": { "from": "dictionary", "name": "x" } },
    ]));
    let reader = Reader { node: "citizen", ..Reader::default() };
    let keys: Vec<String> = form.shown_to(&reader).fields.into_iter().map(|field| field.key).collect();
    assert_eq!(keys, ["what"]);
    assert!(fill_at(&form, "citizen", &json!({}), json!({ "what": "x" })).is_ok());
}
