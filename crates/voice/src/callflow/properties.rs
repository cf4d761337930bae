//! Whatever is drawn and whatever a caller does: nobody is left hanging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::check::{Known, check, is_publishable};
use super::model::Language;
use super::{Answer, Effect, Facts, Flow, Input, Program, QueueNews, Run};

/// A node whose exits lead to the first `targets` nodes, which need not be there.
fn node(id: usize, targets: usize) -> impl Strategy<Value = serde_json::Value> {
    let kinds = prop_oneof![
        Just(("play", json!({"say": {"text": "x"}, "barge_in": true}), vec!["next"])),
        Just(("play", json!({}), vec!["next"])),
        Just((
            "menu",
            json!({"say": {"text": "x"}, "keys": ["1", "2"], "repeat_key": "*", "back_key": "#"}),
            vec!["1", "2", "timeout", "invalid"]
        )),
        Just(("digits", json!({"variable": "d", "max": 3}), vec!["next", "timeout"])),
        Just((
            "condition",
            json!({"branches": [{"exit": "x", "test": {"kind": "expression", "cel": "d == '1'"}}]}),
            vec!["x", "else"]
        )),
        Just((
            "queue",
            json!({"keys": ["2"], "choice": {"text": "x"}, "overflow_secs": 30}),
            vec!["2", "timeout", "refused", "next"]
        )),
        Just(("transfer", json!({"to": {"kind": "number", "number": "110"}}), vec!["failed", "next"])),
        Just(("voicemail", json!({"say": {"text": "x"}}), vec!["next"])),
        Just(("messages", json!({}), vec!["next", "wrong"])),
        Just(("order", json!({}), vec!["found", "unknown"])),
        Just(("survey", json!({"say": {"text": "x"}}), vec!["next"])),
        Just(("set", json!({"variable": "d", "value": "1"}), vec!["next"])),
        Just(("http", json!({"url": "http://h/"}), vec!["ok", "failed"])),
        Just(("subflow", json!({"flow": "main"}), vec!["next"])),
        Just(("callback", json!({}), vec!["next", "refused"])),
        Just(("robot", json!({"turns": 3}), vec!["next", "agent", "failed"])),
        Just(("return", json!({}), vec![])),
        Just(("hang_up", json!({"say": {"text": "x"}}), vec![])),
    ];
    (kinds, prop::collection::vec(0..targets, 4)).prop_map(move |((kind, props, exits), targets)| {
        let exits: BTreeMap<_, _> =
            exits.into_iter().zip(targets).map(|(exit, to)| (exit, format!("n{to}"))).collect();
        json!({"id": format!("n{id}"), "kind": kind, "props": props, "exits": exits})
    })
}

fn flow(spare: usize) -> impl Strategy<Value = Flow> {
    (1..8_usize).prop_flat_map(move |count| {
        (0..count).map(|id| node(id, count + spare).boxed()).collect::<Vec<_>>().prop_map(|nodes| {
            serde_json::from_value(json!({"start": "n0", "nodes": nodes})).expect("made to be read")
        })
    })
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        prop::sample::select(&['1', '2', '9', '*', '#'][..]).prop_map(Input::Key),
        (0..30_u32).prop_map(Input::Said),
        prop::sample::select(
            &[
                QueueNews::Offered,
                QueueNews::Waiting,
                QueueNews::Answered,
                QueueNews::Left,
                QueueNews::Refused
            ][..]
        )
        .prop_map(Input::Queue),
        any::<bool>().prop_map(Input::Transferred),
        (0..30_u32).prop_map(|no| Input::Answer(no, Answer::Yes(json!({"status": "x"})))),
        (0..30_u32, prop::sample::select(&["go_on", "person", "over"][..])).prop_map(|(no, turn)| {
            Input::Answer(no, Answer::Yes(json!({"words": "x", "text": "y", "turn": turn})))
        }),
        Just(Input::Silence),
        Just(Input::Tick),
        Just(Input::Start),
    ]
}

/// Somebody always does something about the caller: a deadline runs, a queue, an agent or another
/// telephone has them, or the call was ended.
fn cared_for(run: &Run, ended: bool) -> bool {
    match run.doing() {
        "done" => ended,
        "queueing" | "talking" | "transferring" => true,
        _ => run.deadline().is_some(),
    }
}

fn program(flow: Flow) -> Arc<Program> {
    let flows = BTreeMap::from([("main".to_owned(), (1, Arc::new(flow)))]);
    Arc::new(Program { start: "main".to_owned(), flows })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_left_hanging(flow in flow(1), inputs in prop::collection::vec((input(), 0..40_000_i64), 0..60)) {
        let facts = Facts::monday();
        let mut run = Run::new(program(flow), Language::Zh);
        let (mut now, mut ends) = (0, 0);
        let mut give = |run: &mut Run, input: Input, now: i64| {
            let effects = run.apply(input, &facts, now);
            prop_assert!(effects.len() < 400, "an input has bounded consequences");
            ends += effects.iter().filter(|effect| **effect == Effect::HangUp).count();
            prop_assert!(ends <= 1, "a call ends once");
            prop_assert!(cared_for(run, ends == 1), "{} at {:?}", run.doing(), run.place());
            Ok(())
        };
        give(&mut run, Input::Start, now)?;
        for (input, pause) in inputs {
            now += pause;
            give(&mut run, input, now)?;
        }
        // A caller who does nothing any more reaches an end, or a queue.
        for _ in 0..5_000 {
            match run.doing() {
                "done" | "queueing" | "talking" | "transferring" if run.deadline().is_none() => break,
                _ => {}
            }
            now = run.deadline().unwrap_or(now).max(now);
            give(&mut run, Input::Tick, now)?;
        }
        let rests = ["done", "queueing", "talking", "transferring"];
        prop_assert!(rests.contains(&run.doing()), "{} for ever", run.doing());
    }

    #[test]
    fn what_is_publishable_never_gives_up(flow in flow(0), inputs in prop::collection::vec((input(), 0..40_000_i64), 0..40)) {
        let known = Known {
            queues: BTreeSet::from([String::new()]),
            flows: BTreeSet::from(["main".to_owned()]),
            hosts: BTreeSet::from(["h".to_owned()]),
            voice: true,
            robot: true,
            ..Known::default()
        };
        prop_assume!(is_publishable(&check(&flow, &known)));
        // A flow that calls itself is found by its depth only.
        prop_assume!(!flow.nodes.iter().any(|node| node.kind.name() == "subflow"));
        let facts = Facts::monday();
        let mut run = Run::new(program(flow), Language::Zh);
        let mut now = 0;
        for (input, pause) in std::iter::once((Input::Start, 0)).chain(inputs) {
            now += pause;
            for effect in run.apply(input, &facts, now) {
                if let Effect::Happened(super::run::Happening { what: super::run::What::Problem(why), .. }) = effect {
                    prop_assert!(why.contains("No such") || why.contains("ndeclared") || why.contains("too many"), "{why}");
                }
            }
        }
    }
}
