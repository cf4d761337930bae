//! What templates can name: an order in the words of the office, and an example of one by which templates are
//! checked.

use serde_json::{Map, Value, json};

/// A field of `工单` with what it holds, in Chinese and English.
pub const ORDER_FIELDS: &[(&str, &str, &str)] = &[
    ("编号", "工单编号", "the number"),
    ("标题", "标题", "the title"),
    ("内容", "诉求内容", "what happened"),
    ("类型", "诉求类型", "the type"),
    ("分类", "事项分类全称", "the category"),
    ("来源", "来源渠道", "how it came"),
    ("紧急程度", "紧急程度", "how much it hurries"),
    ("状态", "当前状态", "where it stands"),
    ("诉求人", "诉求人姓名（保密工单为“保密”）", "who asks"),
    ("联系电话", "联系电话（按权限显示）", "the number to call"),
    ("区域", "所属区域", "the district"),
    ("地址", "事发地址", "the address"),
    ("初步意见", "话务员初步意见", "what the agent proposes"),
    ("答复", "办理结果或答复", "the answer"),
    ("承办单位", "承办单位", "the unit in charge"),
    ("协办单位", "协办单位，顿号分隔", "units that help"),
    ("承办人", "承办人", "the person in charge"),
    ("登记人", "登记人", "who wrote it"),
    ("登记时间", "登记时间", "when it was written"),
    ("派单时间", "派单时间", "when a unit got it"),
    ("签收时间", "签收时间", "when the unit accepted it"),
    ("反馈时间", "办理反馈时间", "when the unit reported"),
    ("办结时间", "办结时间", "when it was settled"),
    ("办理时限", "办理时限", "by when"),
    ("交办函号", "交办函号", "the number of the letter"),
    ("交办意见", "交办函内容", "what the letter says"),
    ("派单意见", "最近一次派单意见", "what the dispatcher said last"),
    ("督办意见", "最近一次督办意见", "what the supervisor said last"),
    ("满意度", "市民评价星级", "the citizen's stars"),
];

/// What stands beside `工单`.
pub const OTHER_FIELDS: &[(&str, &str, &str)] = &[
    ("记录", "办理记录列表，每条有 时间、事项、经办人、单位、说明", "the time line, oldest first"),
    (
        "图片列表",
        "图片附件列表，每个有 编号、名称；用 {{ 图片(x.编号, 宽度厘米) }} 插入",
        "pictures; show one with {{ 图片(x.编号, 8) }}",
    ),
    ("今天", "制作日期，如 2026年3月2日", "today"),
    ("制作人", "制作人姓名", "who makes the document"),
    ("制作单位", "制作人所在单位", "the maker's unit"),
    ("城市", "城市名称", "the city"),
    ("序号", "批量制作时的序号，从 1 开始", "the place in a batch, from 1"),
];

/// A line of the time line.
#[derive(Clone, Debug)]
pub struct Line {
    /// When, in words.
    pub at: String,
    /// What happened.
    pub title: String,
    /// As a code.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// The unit that it is about.
    pub unit: String,
    /// What was said.
    pub text: String,
}

/// What is known beside the order's own view.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The time line, oldest first.
    pub lines: Vec<Line>,
    /// Pictures: id and name.
    pub pictures: Vec<(String, String)>,
    /// Today in words.
    pub today: String,
    /// Who makes the document.
    pub maker: String,
    /// The maker's unit.
    pub maker_unit: String,
    /// The city.
    pub city: String,
    /// The place in a batch.
    pub number: usize,
}

/// Makes what a template is filled with from an order as its reader sees it. `time` writes instants in the city's
/// words.
#[must_use]
pub fn context(view: &Value, around: &Surroundings, time: &dyn Fn(i64) -> String) -> Value {
    let text = |path: &str| -> Value {
        match view.pointer(path) {
            Some(Value::String(text)) => json!(text),
            Some(Value::Number(number)) => json!(number),
            _ => json!(""),
        }
    };
    let at = |path: &str| json!(view.pointer(path).and_then(Value::as_i64).map(time).unwrap_or_default());
    let last = |kind: &str| {
        let line = around.lines.iter().rev().find(|line| line.kind == kind);
        json!(line.map(|line| line.text.clone()).unwrap_or_default())
    };
    let names = |path: &str| {
        let list = view.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
        let names: Vec<&str> = list.iter().filter_map(|one| one["name"].as_str()).collect();
        json!(names.join("、"))
    };
    let phone = match text("/contact/phone") {
        Value::String(phone) if !phone.is_empty() => json!(phone),
        _ => text("/contact/phone_masked"),
    };
    let category = text("/category/path");
    let values: [Value; 29] = [
        text("/number"),
        text("/title"),
        text("/content"),
        text("/type_name"),
        category,
        text("/source_name"),
        text("/urgency_name"),
        text("/status_name"),
        text("/contact/name"),
        phone,
        text("/place/district"),
        text("/place/address"),
        text("/preliminary_opinion"),
        text("/answer"),
        text("/unit/name"),
        names("/co_units"),
        text("/assignee/name"),
        text("/created_by_name"),
        at("/created_at"),
        at("/dispatched_at"),
        at("/accepted_at"),
        at("/handled_at"),
        at("/settled_at"),
        at("/due_at"),
        text("/letter_no"),
        text("/letter"),
        last("dispatched"),
        last("supervised"),
        text("/rating"),
    ];
    let order: Map<String, Value> =
        ORDER_FIELDS.iter().map(|(name, ..)| (*name).to_owned()).zip(values).collect();
    let lines: Vec<Value> = around
        .lines
        .iter()
        .map(|line| json!({ "时间": line.at, "事项": line.title, "经办人": line.actor, "单位": line.unit, "说明": line.text }))
        .collect();
    let pictures: Vec<Value> =
        around.pictures.iter().map(|(id, name)| json!({ "编号": id, "名称": name })).collect();
    json!({
        "工单": order,
        "记录": lines,
        "图片列表": pictures,
        "今天": around.today,
        "制作人": around.maker,
        "制作单位": around.maker_unit,
        "城市": around.city,
        "序号": around.number.max(1),
    })
}

/// An order that never was, with everything in it.
#[must_use]
pub fn sample() -> Value {
    let view = json!({
        "number": "YZ20260302-000001", "title": "云水路路灯不亮", "content": "云水路与青石街路口三盏路灯连续一周不亮。",
        "type_name": "投诉", "category": { "path": "城市管理/路灯照明" }, "source_name": "电话", "urgency_name": "一般",
        "status_name": "办理中", "contact": { "name": "周女士", "phone": "13900001234" },
        "place": { "district": "云水区", "address": "云水路18号" }, "preliminary_opinion": "建议转城管局",
        "answer": "已更换灯具。", "unit": { "name": "城管局" }, "co_units": [{ "name": "电力公司" }],
        "assignee": { "name": "李工" }, "created_by_name": "话务员", "created_at": 0, "dispatched_at": 0,
        "accepted_at": 0, "handled_at": 0, "settled_at": 0, "due_at": 0, "letter_no": "云热交〔2026〕1号",
        "letter": "请依职责办理。", "rating": 5,
    });
    let line = |kind: &str, title: &str| Line {
        at: "2026年3月2日 09:00".to_owned(),
        title: title.to_owned(),
        kind: kind.to_owned(),
        actor: "派单员".to_owned(),
        unit: "城管局".to_owned(),
        text: "请尽快办理。".to_owned(),
    };
    let around = Surroundings {
        lines: vec![line("dispatched", "派单"), line("supervised", "督办")],
        pictures: vec![("1".to_owned(), "现场.jpg".to_owned())],
        today: "2026年3月2日".to_owned(),
        maker: "派单员".to_owned(),
        maker_unit: "热线中心".to_owned(),
        city: "云州市".to_owned(),
        number: 1,
    };
    context(&view, &around, &|_| "2026年3月2日 09:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_field_is_there_and_no_other() {
        let sample = sample();
        let order = sample["工单"].as_object().unwrap();
        assert_eq!(order.len(), ORDER_FIELDS.len());
        for (name, ..) in ORDER_FIELDS {
            assert!(order[*name] != json!(""), "{name}");
        }
        for (name, ..) in OTHER_FIELDS {
            assert!(sample.get(*name).is_some(), "{name}");
        }
        let empty = context(&json!({}), &Surroundings::default(), &|_| String::new());
        assert_eq!((&empty["工单"]["承办单位"], &empty["序号"]), (&json!(""), &json!(1)));
    }
}
