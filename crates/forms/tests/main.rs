//! Forms from the outside: what is accepted, refused, computed, shown, and what stops a script.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod check;
mod compare;
mod random;
mod script;

use forms::{Effects, FieldType, Form, Reader, Refusal, Step};
use serde_json::{Map, Value, json};

/// Reads a form of these fields.
fn form(fields: Value) -> Form {
    scripted(fields, "")
}

fn scripted(fields: Value, script: &str) -> Form {
    let schema = json!({ "format": 1, "title": { "zh": "测试" }, "fields": fields, "script": script });
    Form::parse(&schema.to_string()).unwrap()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Fills a form in while an order is written.
fn fill(form: &Form, answers: Value) -> Result<Map<String, Value>, Vec<Refusal>> {
    fill_at(form, "create", &json!({}), answers)
}

fn fill_at(
    form: &Form,
    node: &str,
    before: &Value,
    answers: Value,
) -> Result<Map<String, Value>, Vec<Refusal>> {
    let reader = Reader {
        node,
        today: "2026-03-02",
        person_id: "p1",
        person_name: "王科员",
        now: 5,
        ..Reader::default()
    };
    let (answers, before) = (map(answers), map(before.clone()));
    let step = Step { answers: &answers, before: &before, whole: true };
    let effects = form.run(&reader, &form.draft(&reader, &step), std::sync::Arc::new(|| false)).unwrap();
    form.check(&reader, &step, &effects)
}

/// The refused paths with their codes.
fn refused(outcome: Result<Map<String, Value>, Vec<Refusal>>) -> Vec<(String, &'static str)> {
    outcome.unwrap_err().into_iter().map(|one| (one.field, one.code)).collect()
}

/// A form with one field of every type.
fn every_type() -> Form {
    let fields = FieldType::ALL.iter().map(|kind| {
        let mut field =
            json!({ "key": format!("f_{}", kind.code()), "type": kind.code(), "label": { "zh": kind.zh() } });
        if kind.has_options() {
            field["options"] = json!({ "from": "list", "list": [{ "value": "a" }, { "value": "b" }] });
        }
        match kind {
            FieldType::Table => {
                field["fields"] = json!([{ "key": "n", "type": "number", "label": { "zh": "数" } }])
            }
            FieldType::Border => {
                field["fields"] = json!([{ "key": "inside", "type": "line", "label": { "zh": "内" } }])
            }
            FieldType::Query => field["query"] = json!({ "same_category": true }),
            _ => {}
        }
        field
    });
    form(fields.collect())
}

#[test]
fn there_are_24_types_and_each_keeps_its_answer() {
    assert_eq!(FieldType::ALL.len(), 24);
    let form = every_type();
    let answers = json!({
        "f_line": " 一行 ", "f_text": "多\n行", "f_tick": true, "f_radio": "a", "f_checks": ["a", "b", "a"],
        "f_select": "b", "f_date": "2026-03-02", "f_month": "2026-03", "f_time": "18:30", "f_phone": "0571-12345",
        "f_number": 3, "f_rich": "<p>好<script>alert(1)</script><b onclick=x>的</b></p>", "f_person": "p1",
        "f_group": "agent", "f_unit": "u1", "f_table": [{ "n": 1 }], "f_tree": "a", "f_upload": ["a1"],
        "f_edit": "稿", "f_hidden": 7, "inside": "框", "f_relation": "c1",
    });
    let kept = Value::Object(fill(&form, answers).unwrap());
    assert_eq!(kept["f_line"], "一行");
    assert_eq!(kept["f_checks"], json!(["a", "b"]));
    assert_eq!(kept["f_rich"], "<p>好<b>的</b></p>");
    assert_eq!(kept["f_relation"], json!(["c1"]));
    assert_eq!(kept.as_object().unwrap().len(), 22);
    assert_eq!(form.references(kept.as_object().unwrap()).len(), 5);
}

#[test]
fn a_schema_says_all_that_is_wrong_with_it() {
    let schema = json!({ "format": 1, "fields": [
        { "key": "Bad", "type": "line", "label": { "zh": "坏" } },
        { "key": "twice", "type": "line", "label": { "zh": "一" } },
        { "key": "twice", "type": "line", "label": { "zh": "二" } },
        { "key": "none", "type": "select", "label": { "zh": "无选项" } },
        { "key": "wrong", "type": "line", "label": { "zh": "错" }, "pattern": "(", "min": 5, "max": 2 },
        { "key": "rows", "type": "table", "label": { "zh": "表" }, "fields": [{ "key": "deep", "type": "table", "label": { "zh": "深" } }] },
        { "key": "when", "type": "date", "label": { "zh": "何时" }, "default": "昨天", "access": { "moon": "edit" } },
        { "key": "must", "type": "line", "label": { "zh": "必填" }, "required": true },
    ], "phone": { "hidden": ["must", "nowhere"] } });
    let faults = Form::parse(&schema.to_string()).unwrap_err();
    let found: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    for expected in [
        ("Bad", "key"),
        ("twice", "key_twice"),
        ("none", "options"),
        ("wrong", "pattern"),
        ("wrong", "bounds"),
        ("rows.deep", "column"),
        ("when", "default"),
        ("when", "node"),
        ("must", "phone_hides_required"),
        ("nowhere", "phone_unknown"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not among {found:?}");
    }
    assert_eq!(Form::parse("[").unwrap_err()[0].code, "malformed");
    assert_eq!(Form::parse(r#"{"format":2,"fields":[]}"#).unwrap_err()[0].code, "format");
    assert_eq!(Form::parse(r#"{"format":1,"fields":[],"x":1}"#).unwrap_err()[0].code, "malformed");
    assert_eq!(Form::parse(&" ".repeat(300_000)).unwrap_err()[0].code, "too_large");
}

#[test]
fn answers_are_said_in_words() {
    let form = form(json!([
        { "key": "level", "type": "select", "label": { "zh": "等级" }, "options": { "from": "list", "list": [{ "value": "h", "label": { "zh": "高", "en": "high" } }] } },
        { "key": "unit", "type": "unit", "label": { "zh": "部门" } },
        { "key": "rows", "type": "table", "label": { "zh": "明细" }, "fields": [{ "key": "m", "type": "number", "label": { "zh": "米" }, "suffix": { "zh": "米" } }] },
        { "key": "secret", "type": "line", "label": { "zh": "内部" }, "access": { "handling": "hidden" } },
        { "key": "note", "type": "rich", "label": { "zh": "说明" } },
    ]));
    let answers = map(
        json!({ "level": "h", "unit": "u1", "rows": [{ "m": 3 }], "secret": "密", "note": "<p>a &lt; b</p>" }),
    );
    let name = |id: &str| (id == "u1").then(|| "水务局".to_owned());
    let texts: Vec<String> = form.cells(&answers, false, &name).into_iter().map(|cell| cell.text).collect();
    assert_eq!(texts, ["高", "水务局", "米：3米", "密", "a < b"]);
    let found = form.search_text(&answers);
    assert!(found.contains("高") && found.contains("a < b") && !found.contains("密"), "{found}");
    assert_eq!(
        Effects::default(),
        form.run(&Reader::default(), &answers, std::sync::Arc::new(|| false)).unwrap()
    );
}
