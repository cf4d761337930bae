//! Whatever is sent: no panic, and what is accepted once is accepted again unchanged.

use forms::{Effects, Form, Reader, Step};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::every_type;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("a"),
            Just("2026-03-02"),
            Just("2026-03"),
            Just("08:30"),
            Just("13900001234"),
            Just("today"),
            Just("<b>x</b>")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(
                prop_oneof![Just("n".to_owned()), Just("decision".to_owned()), "[a-z]{1,6}"],
                inner,
                0..3
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn answers() -> impl Strategy<Value = Map<String, Value>> {
    let keys: Vec<String> = every_type().fields().map(|field| field.key.clone()).collect();
    prop::collection::btree_map(prop::sample::select(keys), value(), 0..8)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_accepted_is_accepted_again(answers in answers()) {
        let form = every_type();
        let reader = Reader { node: "create", today: "2026-03-02", person_id: "p", ..Reader::default() };
        let before = Map::new();
        let step = Step { answers: &answers, before: &before, whole: true };
        if let Ok(kept) = form.check(&reader, &step, &Effects::default()) {
            let again = Step { answers: &kept, before: &before, whole: true };
            let twice = form.check(&reader, &again, &Effects::default()).expect("accepted before");
            prop_assert_eq!(&kept, &twice);
            prop_assert!(kept.keys().all(|key| form.field(key).is_some()));
            let _ = form.search_text(&kept);
            let _ = form.cells(&kept, true, &|_| None);
        }
    }

    #[test]
    fn any_text_is_a_form_or_has_faults(text in "\\PC{0,60}", value in value()) {
        let _ = Form::parse(&text);
        let _ = Form::parse(&json!({ "format": 1, "fields": [{ "key": "a", "type": "line", "label": { "zh": "a" }, "default": value }] }).to_string());
    }

    #[test]
    fn what_cannot_be_filled_in_stays_as_it_was(answers in answers(), node in prop::sample::select(forms::access::NODES)) {
        let form = every_type();
        let reader = Reader { node, reads_only: true, ..Reader::default() };
        let before: Map<String, Value> = Map::from_iter([("f_line".to_owned(), json!("旧"))]);
        let step = Step { answers: &answers, before: &before, whole: false };
        if let Ok(kept) = form.check(&reader, &step, &Effects::default()) {
            prop_assert_eq!(kept, before);
        }
    }
}
