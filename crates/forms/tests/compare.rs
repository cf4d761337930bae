use forms::compare::compare;
use serde_json::json;

use super::form;

#[test]
fn differences_are_told_field_by_field() {
    let old = form(json!([
        { "key": "a", "type": "line", "label": { "zh": "甲" } },
        { "key": "b", "type": "line", "label": { "zh": "乙" } },
        { "key": "gone", "type": "line", "label": { "zh": "旧" } },
        { "key": "rows", "type": "table", "label": { "zh": "表" }, "fields": [{ "key": "x", "type": "line", "label": { "zh": "列" } }] },
    ]));
    let new = form(json!([
        { "key": "b", "type": "line", "label": { "zh": "乙" } },
        { "key": "a", "type": "text", "label": { "zh": "甲" }, "required": true },
        { "key": "new", "type": "line", "label": { "zh": "新" } },
        { "key": "rows", "type": "table", "label": { "zh": "表" }, "fields": [{ "key": "x", "type": "line", "label": { "zh": "列名" } }] },
    ]));
    let told: Vec<String> = compare(&old, &new)
        .into_iter()
        .map(|one| format!("{} {} {}", one.field, one.change, one.what.join("+")))
        .collect();
    assert_eq!(
        told,
        ["b moved ", "a changed type+required", "new added ", "rows.x changed label", "gone removed "]
    );
    assert!(compare(&old, &old).is_empty());
}
