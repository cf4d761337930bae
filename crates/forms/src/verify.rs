//! Checks of a schema before it is used.

use std::collections::HashSet;

use serde_json::Value;

use crate::access::NODES;
use crate::answer;
use crate::date::{is_date, is_month, is_time};
use crate::fault::Fault;
use crate::schema::{Choice, FORMAT, Field, FieldType, Form, Label, Options, Schema};
use crate::script::SCRIPT_MAX;

const FIELDS_MAX: usize = 200;
const CHOICES_MAX: usize = 500;
const PATTERN_MAX: usize = 200;
const LABEL_MAX: usize = 60;
const TEXT_MAX: usize = 500;
/// The most characters, rows or choices that a field may ask for.
pub(crate) const COUNT_MAX: f64 = 20_000.0;

/// Returns everything that is wrong with a schema.
pub(crate) fn faults(schema: &Schema) -> Vec<Fault> {
    let mut faults = Vec::new();
    if schema.format != FORMAT {
        faults.push(Fault::new(
            "",
            "format",
            format!("表单格式版本{}不受支持，当前为{FORMAT}。", schema.format),
            format!("Format {} is not known here; this is {FORMAT}.", schema.format),
        ));
        return faults;
    }
    let all = schema.fields.iter().map(|field| 1 + field.fields.len()).sum::<usize>();
    if schema.fields.is_empty() || all > FIELDS_MAX {
        faults.push(Fault::new(
            "",
            "fields",
            format!("表单须有1至{FIELDS_MAX}个字段，现有{all}个。"),
            format!("A form has 1 to {FIELDS_MAX} fields; there are {all}."),
        ));
        return faults;
    }
    if too_long(&schema.title, LABEL_MAX) {
        faults.push(Fault::new("", "title", "标题过长。", "The title is too long."));
    }
    if schema.script.len() > SCRIPT_MAX {
        faults.push(Fault::new(
            "",
            "script_too_long",
            format!("脚本最长{SCRIPT_MAX}字节。"),
            format!("A script has at most {SCRIPT_MAX} bytes."),
        ));
    }
    let mut keys = HashSet::new();
    for field in &schema.fields {
        check_field(field, None, &mut keys, &mut faults);
    }
    let known: HashSet<&str> = schema.fields.iter().map(|field| field.key.as_str()).collect();
    let strange = schema.phone.order.iter().chain(&schema.phone.hidden);
    for key in strange.filter(|key| !known.contains(key.as_str())) {
        faults.push(Fault::new(
            key.as_str(),
            "phone_unknown",
            "手机版式引用了不存在的字段。",
            "The phone's layout names a field that is not there.",
        ));
    }
    for field in schema.fields.iter().filter(|field| schema.phone.hidden.contains(&field.key)) {
        let must = |one: &Field| one.required || one.access.values().any(|may| *may == crate::May::Must);
        if must(field) || (field.kind == FieldType::Border && field.fields.iter().any(must)) {
            faults.push(Fault::new(
                field.key.as_str(),
                "phone_hides_required",
                "必填字段不能在手机上隐藏，否则手机上无法提交。",
                "A phone cannot hide what has to be filled in.",
            ));
        }
    }
    check_queries(schema, &mut faults);
    faults
}

fn check_queries(schema: &Schema, faults: &mut Vec<Fault>) {
    let form = Form::of_unchecked(schema);
    for field in form.fields().filter(|field| field.kind == FieldType::Query) {
        let query = field.query.clone().unwrap_or_default();
        let source = query.text_from.as_deref();
        if source.is_some_and(|key| {
            form.field(key).is_none_or(|one| {
                !matches!(one.kind, FieldType::Line | FieldType::Text | FieldType::Phone | FieldType::Edit)
            })
        }) {
            faults.push(Fault::new(
                field.key.as_str(),
                "query_field",
                "查询条件须来自一个文本字段。",
                "The query takes its words from a text field.",
            ));
        }
        if query.text_from.is_none() && !query.same_category && !query.same_district {
            faults.push(Fault::new(
                field.key.as_str(),
                "query_empty",
                "自定义查询至少要有一个条件。",
                "A query has at least one condition.",
            ));
        }
    }
}

fn too_long(label: &Label, most: usize) -> bool {
    label.zh.chars().count() > most || label.en.chars().count() > 2 * most
}

/// Tells whether a key is one: a small letter, then up to 39 small letters, digits and underscores.
fn is_key(key: &str) -> bool {
    key.len() <= 40
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn check_field<'a>(
    field: &'a Field,
    parent: Option<&Field>,
    keys: &mut HashSet<&'a str>,
    faults: &mut Vec<Fault>,
) {
    let name = match parent {
        Some(parent) if parent.kind == FieldType::Table => format!("{}.{}", parent.key, field.key),
        _ => field.key.clone(),
    };
    let mut fault = |code, zh: &str, en: &str| faults.push(Fault::new(name.clone(), code, zh, en));
    if !is_key(&field.key) {
        fault(
            "key",
            "字段标识须以小写字母开头，由小写字母、数字、下划线组成，最长40个字符。",
            "A key begins with a small letter and has small letters, digits and underscores, at most 40.",
        );
    }
    let in_table = parent.is_some_and(|parent| parent.kind == FieldType::Table);
    if !in_table && !keys.insert(&field.key) {
        fault("key_twice", "字段标识重复。", "There are two fields of this key.");
    }
    if field.label.zh.trim().is_empty() && !matches!(field.kind, FieldType::Hidden | FieldType::Border) {
        fault("label", "请填写字段名称。", "The field has no name.");
    }
    if too_long(&field.label, LABEL_MAX)
        || too_long(&field.suffix, 20)
        || too_long(&field.hint, TEXT_MAX)
        || too_long(&field.template, 2000)
    {
        fault("too_long", "字段的文字过长。", "A text of the field is too long.");
    }
    if in_table && !field.kind.fits_table() {
        fault("column", "该类型不能作为子表的列。", "This type cannot be a column.");
    }
    if parent.is_some() && field.kind == FieldType::Border {
        fault("nested", "边框内不能再放边框。", "A frame stands in no frame.");
    }
    if field.span.is_some_and(|span| !(1..=3).contains(&span)) {
        fault("span", "宽度须为1至3列。", "The width is 1 to 3 columns.");
    }
    let nodes = field.access.keys().chain(field.roles.iter().filter_map(|rule| rule.node.as_ref()));
    if nodes.into_iter().any(|node| !NODES.contains(&node.as_str())) {
        fault("node", "权限引用了不存在的环节。", "The access names a node that is not there.");
    }
    if field.roles.len() > 50 {
        fault("roles", "角色权限过多。", "There are too many rules of roles.");
    }
    if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
        fault("bounds", "最小值大于最大值。", "The least is more than the most.");
    }
    let counts = field.kind != FieldType::Number;
    if counts
        && [field.min, field.max]
            .into_iter()
            .flatten()
            .any(|n| !(0.0..=COUNT_MAX).contains(&n) || n.fract() != 0.0)
    {
        fault("bounds", "长度或数量的范围不正确。", "The bounds of the length or number are wrong.");
    }
    if field.decimals.is_some_and(|decimals| decimals > 6) {
        fault("decimals", "最多6位小数。", "At most 6 digits behind the point.");
    }
    if field
        .pattern
        .as_ref()
        .is_some_and(|pattern| pattern.len() > PATTERN_MAX || answer::pattern(pattern).is_none())
    {
        fault(
            "pattern",
            "校验规则不是有效的正则表达式。",
            "The pattern is no regular expression that can be used.",
        );
    }
    let right = |text: &String| match field.kind {
        FieldType::Date => text == "today" || is_date(text),
        FieldType::Month => is_month(text),
        FieldType::Time => is_time(text),
        _ => false,
    };
    if [&field.earliest, &field.latest].into_iter().flatten().any(|text| !right(text)) {
        fault("range", "起止范围不正确。", "The earliest or latest is none.");
    }
    match (&field.options, field.kind.has_options()) {
        (None, true) => fault("options", "请设置选项。", "There is nothing to choose."),
        (Some(Options::List { list }), true) => {
            let mut values = HashSet::new();
            let mut count = 0;
            if list.is_empty()
                || !check_choices(list, &mut values, &mut count, field.kind == FieldType::Tree, 0)
            {
                fault(
                    "options",
                    "选项不能为空或重复，层级最多5层，总数最多500个。",
                    "Choices have values of their own, at most 500, at most 5 levels of a tree.",
                );
            }
        }
        (Some(Options::Dictionary { name }), true) if name.is_empty() || name.len() > 60 => {
            fault("options", "请选择字典。", "There is no list of the dictionary.");
        }
        _ => {}
    }
    if matches!(field.kind, FieldType::Table | FieldType::Border) {
        if field.fields.is_empty() {
            fault("empty", "里面还没有字段。", "There is no field inside.");
        }
        let mut columns = HashSet::new();
        if field.kind == FieldType::Table && field.fields.iter().any(|column| !columns.insert(&column.key)) {
            fault("key_twice", "子表的列标识重复。", "Two columns have the same key.");
        }
    } else if !field.fields.is_empty() {
        fault("inside", "该类型里面不能有字段。", "This type has no fields inside.");
    }
    if !field.default.is_null() && !has_fitting_default(field) {
        fault("default", "默认值与字段类型不符。", "The default does not fit the field.");
    }
    for inside in &field.fields {
        check_field(inside, Some(field), keys, faults);
    }
}

fn check_choices<'a>(
    list: &'a [Choice],
    values: &mut HashSet<&'a str>,
    count: &mut usize,
    tree: bool,
    depth: usize,
) -> bool {
    list.iter().all(|choice| {
        *count += 1;
        let own = !choice.value.is_empty()
            && choice.value.chars().count() <= LABEL_MAX
            && !too_long(&choice.label, LABEL_MAX)
            && values.insert(&choice.value)
            && *count <= CHOICES_MAX;
        let below = choice.children.is_empty() || (tree && depth < 4);
        own && below && check_choices(&choice.children, values, count, tree, depth + 1)
    })
}

fn has_fitting_default(field: &Field) -> bool {
    match field.kind {
        FieldType::Border | FieldType::Query | FieldType::Approval | FieldType::Upload => false,
        FieldType::Date if field.default == "today" => true,
        FieldType::Hidden => !matches!(field.default, Value::Array(_) | Value::Object(_)),
        _ => answer::check(field, &field.default, "", "9999-12-31").is_ok(),
    }
}
