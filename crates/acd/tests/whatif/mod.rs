//! Days that are played: what must come of them whatever the rules are.

use std::collections::BTreeMap;

use acd::whatif::{Caller, Day, Draw, Patience, Played, Tally, Worker, play};
use acd::{FloorConfig, QueueConfig, SeatProfile, Strategy};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;

fn day(calls: i64, every_ms: i64, seats: usize) -> Day {
    let queue = QueueConfig { wrap_up_ms: 10_000, ..QueueConfig::new("main".into()) };
    Day {
        callers: (0..calls)
            .map(|n| Caller {
                at: n * every_ms,
                queue: "main".into(),
                priority: 0,
                patience_ms: Some(3 * MINUTE),
                talk_ms: 2 * MINUTE,
            })
            .collect(),
        workers: (0..seats)
            .map(|n| Worker {
                seat: n.to_string().as_str().into(),
                profile: SeatProfile::default(),
                spans: vec![(-MINUTE, calls * every_ms + MINUTE)],
            })
            .collect(),
        config: FloorConfig { queues: vec![queue], ..FloorConfig::default() },
        answer_ms: 3_000,
        within_ms: BTreeMap::new(),
        slot_ms: 60 * MINUTE,
        from: 0,
    }
}

fn sum(played: &Played) -> Tally {
    played.queues.values().copied().next().unwrap_or_default()
}

#[test]
fn more_seats_answer_more_callers_sooner() {
    let few = sum(&play(&day(120, 20_000, 4)));
    let more = sum(&play(&day(120, 20_000, 8)));
    assert!(few.abandoned > 10, "four seats can't carry it: {few:?}");
    assert_eq!((more.abandoned, more.in_time), (0, 120), "eight can");
    assert!(few.waited_ms > more.waited_ms * 5);
    assert_eq!(sum(&play(&day(120, 20_000, 0))).abandoned, 120, "nobody is there");
}

#[test]
fn the_same_day_gives_the_same_outcome() {
    assert_eq!(play(&day(300, 9_000, 7)), play(&day(300, 9_000, 7)));
}

#[test]
fn a_queue_that_overflows_is_helped_by_another() {
    let mut one = day(60, 30_000, 2);
    one.config.queues.push(QueueConfig {
        skills: BTreeMap::from([("english".to_owned(), 1)]),
        general_after_ms: None,
        ..QueueConfig::new("english".into())
    });
    for caller in one.callers.iter_mut().step_by(6) {
        caller.queue = "english".into();
    }
    let alone = play(&one).queues[&"english".into()];
    assert_eq!(alone.answered, 0, "nobody speaks English");
    one.config.queues[1].general_after_ms = Some(20_000);
    assert!(play(&one).queues[&"english".into()].answered > 0, "general seats help after a while");
}

#[test]
fn patience_is_learned_from_those_who_were_answered_too() {
    // Half give up after a minute; the others were answered before anything could be known.
    let waits: Vec<(i64, bool)> =
        (0..100).map(|n| if n % 2 == 0 { (60_000, true) } else { (1_000, false) }).collect();
    let patience = Patience::of(&waits);
    let mut draw = Draw::new(1);
    assert!((0..200).all(|_| patience.draw(0, &mut draw) == Some(60_000)));
    assert_eq!(patience.draw(60_000, &mut draw), None, "nobody was seen to wait longer");
    let mixed: Vec<(i64, bool)> = (1..=100).map(|n| (n * 1_000, n % 4 == 0)).collect();
    let patience = Patience::of(&mixed);
    let short = (0..2_000).filter(|_| patience.draw(0, &mut draw).is_some_and(|wait| wait <= 50_000)).count();
    assert!((200..700).contains(&short), "about a fifth gives up in the first half: {short}");
}

#[test]
fn counts_scatter_around_their_mean() {
    let mut draw = Draw::new(7);
    for mean in [0.5, 12.0, 400.0] {
        let sum: u32 = (0..400).map(|_| draw.count(mean)).sum();
        let seen = f64::from(sum) / 400.0;
        assert!((seen - mean).abs() < 4.0 * (mean / 400.0_f64).sqrt(), "{seen} for {mean}");
    }
    assert_eq!(draw.count(f64::NAN), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_caller_is_counted_once(
        callers in prop::collection::vec((0..3_600_000i64, 0..3u8, prop::option::of(0..600_000i64), 0..400_000i64, 0..2usize), 0..80),
        spans in prop::collection::vec((0..3_600_000i64, 0..3_600_000i64), 0..6),
        strategy in 0..5usize,
        capacity in 1..40usize,
    ) {
        let names = ["main", "other"];
        let queue = |name: &str| QueueConfig {
            strategy: Strategy::ALL[strategy],
            capacity,
            ..QueueConfig::new(name.into())
        };
        let day = Day {
            callers: callers
                .iter()
                .map(|(at, priority, patience_ms, talk_ms, queue)| Caller {
                    at: *at,
                    queue: names[*queue].into(),
                    priority: *priority,
                    patience_ms: *patience_ms,
                    talk_ms: *talk_ms,
                })
                .collect(),
            workers: spans
                .iter()
                .enumerate()
                .map(|(n, span)| Worker {
                    seat: n.to_string().as_str().into(),
                    profile: SeatProfile::default(),
                    spans: vec![*span],
                })
                .collect(),
            config: FloorConfig { queues: vec![queue("main"), queue("other")], ..FloorConfig::default() },
            answer_ms: 3_000,
            within_ms: BTreeMap::new(),
            slot_ms: 900_000,
            from: 0,
        };
        let played = play(&day);
        prop_assert!(!played.cut);
        let all = |count: fn(&Tally) -> i64| played.queues.values().map(count).sum::<i64>();
        prop_assert_eq!(all(|t| t.offered), callers.len() as i64);
        let without_end = callers.iter().filter(|caller| caller.2.is_none()).count() as i64;
        let settled = all(|t| t.answered + t.abandoned + t.refused);
        prop_assert!(settled <= all(|t| t.offered) && settled >= all(|t| t.offered) - without_end);
        prop_assert!(all(|t| t.in_time) <= all(|t| t.answered));
        let slots = played.slots.values().map(|tally| tally.offered).sum::<i64>();
        prop_assert_eq!(slots, callers.len() as i64);
    }
}
