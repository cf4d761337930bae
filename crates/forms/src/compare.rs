//! What is different between two versions of a form.

use serde::Serialize;

use crate::schema::{Field, FieldType, Form, Label, Schema};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The key of the field, with that of the column; empty for the form itself.
    pub field: String,
    /// What the field is called.
    pub label: Label,
    /// `added`, `removed`, `changed`, `moved`.
    pub change: &'static str,
    /// Which properties changed.
    pub what: Vec<&'static str>,
}

/// Lists the differences between two versions, in the order of the new one.
#[must_use]
pub fn compare(old: &Form, new: &Form) -> Vec<Difference> {
    let mut found = Vec::new();
    let (before, after) = (old.schema(), new.schema());
    let form = of_form(before, after);
    if !form.is_empty() {
        found.push(Difference {
            field: String::new(),
            label: after.title.clone(),
            change: "changed",
            what: form,
        });
    }
    fields("", &flat(before), &flat(after), &mut found);
    found
}

fn of_form(old: &Schema, new: &Schema) -> Vec<&'static str> {
    let mut what = Vec::new();
    what.extend((old.title != new.title).then_some("title"));
    what.extend((old.script != new.script).then_some("script"));
    what.extend((old.phone != new.phone).then_some("phone"));
    what
}

/// Frames, and what is inside them, in one row.
fn flat(schema: &Schema) -> Vec<&Field> {
    let inside = |field: &&Field| field.kind == FieldType::Border;
    schema
        .fields
        .iter()
        .flat_map(|field| {
            std::iter::once(field)
                .chain(Some(field).filter(inside).into_iter().flat_map(|field| &field.fields))
        })
        .collect()
}

fn fields(prefix: &str, old: &[&Field], new: &[&Field], found: &mut Vec<Difference>) {
    let path = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
    let difference = |field: &Field, change, what| Difference {
        field: path(&field.key),
        label: field.label.clone(),
        change,
        what,
    };
    let common = |list: &[&Field], other: &[&Field]| -> Vec<String> {
        let there = list.iter().filter(|field| other.iter().any(|one| one.key == field.key));
        there.map(|field| field.key.clone()).collect()
    };
    let (order_before, order_after) = (common(old, new), common(new, old));
    for field in new {
        match old.iter().find(|before| before.key == field.key) {
            None => found.push(difference(field, "added", Vec::new())),
            Some(before) => {
                let what = properties(before, field);
                let moved = order_before.iter().position(|key| *key == field.key)
                    != order_after.iter().position(|key| *key == field.key);
                if !what.is_empty() {
                    found.push(difference(field, "changed", what));
                } else if moved {
                    found.push(difference(field, "moved", Vec::new()));
                }
                if field.kind == FieldType::Table && before.kind == FieldType::Table {
                    let (old, new): (Vec<_>, Vec<_>) =
                        (before.fields.iter().collect(), field.fields.iter().collect());
                    fields(&path(&field.key), &old, &new, found);
                }
            }
        }
    }
    let gone = old.iter().filter(|before| new.iter().all(|field| field.key != before.key));
    found.extend(gone.map(|field| difference(field, "removed", Vec::new())));
}

fn properties(old: &Field, new: &Field) -> Vec<&'static str> {
    let mut what = Vec::new();
    let mut note = |differs: bool, name| what.extend(differs.then_some(name));
    note(old.kind != new.kind, "type");
    note(old.label != new.label, "label");
    note(old.hint != new.hint, "hint");
    note(old.required != new.required, "required");
    note(old.computed != new.computed, "computed");
    note(old.default != new.default, "default");
    note(
        old.min != new.min || old.max != new.max || old.earliest != new.earliest || old.latest != new.latest,
        "range",
    );
    note(old.pattern != new.pattern, "pattern");
    note(old.decimals != new.decimals || old.suffix != new.suffix, "number");
    note(old.several != new.several, "several");
    note(old.options != new.options, "options");
    note(old.template != new.template, "template");
    note(old.query != new.query, "query");
    note(old.span != new.span, "span");
    note(old.access != new.access || old.roles != new.roles, "access");
    what
}
