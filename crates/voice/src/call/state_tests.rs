use super::*;

struct Stage {
    call: CallState,
    now: i64,
}

impl Stage {
    fn started() -> Self {
        let mut stage = Self { call: CallState::new(30_000, true), now: 0 };
        assert_eq!(stage.go(Input::Started), [Effect::Play(Sound::Greeting)]);
        stage
    }

    fn queued() -> Self {
        let mut stage = Self::started();
        let out = stage.go(Input::Played(Sound::Greeting));
        assert!(out.contains(&Effect::Enqueue));
        stage
    }

    fn offered() -> Self {
        let mut stage = Self::queued();
        stage.go(Input::Offer { seat: "1001".into() });
        stage
    }

    fn talking() -> Self {
        let mut stage = Self::offered();
        stage.go(Input::Ringing(1));
        stage.go(Input::Answered(1));
        stage
    }

    fn go(&mut self, input: Input) -> Vec<Effect> {
        self.call.apply(input, self.now)
    }

    fn wait(&mut self, ms: i64) -> Vec<Effect> {
        self.now += ms;
        self.go(Input::Tick)
    }
}

fn at(out: &[Effect], wanted: &Effect) -> usize {
    out.iter().position(|effect| effect == wanted).unwrap_or_else(|| panic!("{wanted:?} not in {out:?}"))
}

#[test]
fn the_screen_pops_before_the_telephone_rings() {
    let mut s = Stage::queued();
    let out = s.go(Input::Offer { seat: "1001".into() });
    assert!(
        at(&out, &Effect::Pop("1001".into())) < at(&out, &Effect::Invite { seat: "1001".into(), attempt: 1 })
    );
    assert_eq!(s.go(Input::Ringing(1)), [Effect::Rung("1001".into())]);
    let out = s.go(Input::Answered(1));
    assert!(out.contains(&Effect::Accepted("1001".into())));
    assert!(at(&out, &Effect::Silence) < at(&out, &Effect::Bridge(1)));
}

#[test]
fn without_a_greeting_the_queue_comes_first() {
    let mut call = CallState::new(30_000, false);
    assert!(call.apply(Input::Started, 0).contains(&Effect::Enqueue));
    assert_eq!(call.phase(), &Phase::Queued);
}

#[test]
fn a_caller_hears_the_place_then_music() {
    let mut s = Stage::queued();
    let out = s.go(Input::Announce(3));
    assert_eq!(out[0], Effect::Play(Sound::Position(3)));
    assert_eq!(s.go(Input::Played(Sound::Position(3))), [Effect::Play(Sound::Music)]);
}

#[test]
fn a_greeting_whose_end_is_never_reported_ends_nevertheless() {
    let mut s = Stage::started();
    assert!(s.wait(29_999).is_empty());
    assert!(s.wait(1).contains(&Effect::Enqueue));
}

#[test]
fn a_caller_who_gives_up_in_any_phase_is_missed_and_leaves_nothing() {
    for (mut s, attempt, queued) in
        [(Stage::started(), None, false), (Stage::queued(), None, true), (Stage::offered(), Some(1), true)]
    {
        let out = s.go(Input::CitizenEnded);
        assert_eq!(out.contains(&Effect::Abandon), queued);
        assert_eq!(out.iter().any(|e| matches!(e, Effect::Drop(_))), attempt.is_some());
        assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Missed)));
        assert_eq!(s.call.deadline(), None);
    }
}

#[test]
fn an_answer_that_crosses_the_callers_hang_up_is_dropped() {
    let mut s = Stage::offered();
    s.go(Input::CitizenEnded);
    assert_eq!(s.go(Input::Answered(1)), [Effect::Drop(1)]);
    assert_eq!(s.go(Input::Failed(1, 487)), []);
}

#[test]
fn an_answer_that_crosses_the_withdrawal_is_dropped_and_the_next_seat_is_rung() {
    let mut s = Stage::offered();
    let out = s.go(Input::Withdraw { seat: "1001".into() });
    assert!(out.contains(&Effect::Drop(1)));
    assert_eq!(s.go(Input::Answered(1)), [Effect::Drop(1)]);
    let out = s.go(Input::Offer { seat: "1002".into() });
    assert!(out.contains(&Effect::Invite { seat: "1002".into(), attempt: 2 }));
    s.go(Input::Answered(2));
    assert_eq!(s.call.phase().name(), "talking");
}

#[test]
fn a_refusal_sends_the_caller_back() {
    let mut s = Stage::offered();
    let out = s.go(Input::Failed(1, 486));
    assert!(out.contains(&Effect::Rejected("1001".into())));
    assert_eq!(s.call.phase(), &Phase::Queued);
}

#[test]
fn either_side_may_hang_up() {
    let mut s = Stage::talking();
    let out = s.go(Input::AgentEnded(1));
    assert!(out.contains(&Effect::HangUpCitizen));
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Answered)));
    let mut s = Stage::talking();
    let out = s.go(Input::CitizenEnded);
    assert!(out.contains(&Effect::Drop(1)));
    assert!(!out.contains(&Effect::HangUpCitizen));
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Answered)));
}

#[test]
fn holding_twice_is_holding_once() {
    let mut s = Stage::talking();
    assert_eq!(s.go(Input::Hold(true)), [Effect::Hold(1, true), Effect::Note(Note::Held)]);
    assert_eq!(s.go(Input::Hold(true)), []);
    assert_eq!(s.go(Input::Hold(false)), [Effect::Hold(1, false), Effect::Note(Note::Resumed)]);
}

#[test]
fn a_lost_page_keeps_the_citizen_and_the_reloaded_page_is_rung() {
    let mut s = Stage::talking();
    let out = s.go(Input::AgentLost(1));
    assert!(out.contains(&Effect::Play(Sound::AgentLost)));
    assert_eq!(s.go(Input::Played(Sound::AgentLost)), [Effect::Play(Sound::Music)]);
    assert_eq!(s.go(Input::PhoneBack { seat: "1002".into() }), []);
    let out = s.go(Input::PhoneBack { seat: "1001".into() });
    assert!(out.contains(&Effect::Invite { seat: "1001".into(), attempt: 2 }));
    assert_eq!(s.go(Input::PhoneBack { seat: "1001".into() }), [], "it rings once");
    let out = s.go(Input::Answered(2));
    assert!(out.contains(&Effect::Bridge(2)));
    assert!(s.wait(60_000).is_empty());
    assert_eq!(s.call.phase().name(), "talking");
}

#[test]
fn a_page_that_does_not_come_back_sends_the_citizen_to_the_front() {
    let mut s = Stage::talking();
    s.go(Input::AgentLost(1));
    s.go(Input::PhoneBack { seat: "1001".into() });
    let out = s.wait(30_000);
    assert!(out.contains(&Effect::Drop(2)));
    assert!(out.contains(&Effect::Return));
    let out = s.go(Input::Offer { seat: "1002".into() });
    assert!(out.contains(&Effect::Invite { seat: "1002".into(), attempt: 3 }));
    let out = s.go(Input::CitizenEnded);
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Answered)), "they did talk");
}

#[test]
fn a_hold_does_not_outlive_the_lost_page() {
    let mut s = Stage::talking();
    s.go(Input::Hold(true));
    let out = s.go(Input::AgentLost(1));
    assert!(out.contains(&Effect::Hold(1, false)));
}

#[test]
fn a_full_queue_says_so_and_hangs_up() {
    let mut s = Stage::queued();
    assert_eq!(s.go(Input::Refused), [Effect::Play(Sound::Busy)]);
    let out = s.go(Input::Played(Sound::Busy));
    assert!(out.contains(&Effect::HangUpCitizen));
    assert!(!out.contains(&Effect::Abandon));
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Failed)));
}

#[test]
fn a_dead_line_is_hung_up() {
    let mut s = Stage::talking();
    assert!(s.go(Input::CitizenSilent(30)).is_empty());
    assert!(s.go(Input::CitizenSilent(SILENCE_SECS)).contains(&Effect::HangUpCitizen));
}

#[test]
fn an_offer_to_a_call_that_does_not_wait_is_given_back() {
    let mut s = Stage::talking();
    assert_eq!(s.go(Input::Offer { seat: "1002".into() }), [Effect::Rejected("1002".into())]);
}

#[test]
fn random_orders_finish_once_and_leave_no_leg() {
    use std::collections::HashSet;
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    for _ in 0..2_000 {
        let mut s = Stage { call: CallState::new(30_000, true), now: 0 };
        let mut open: HashSet<Attempt> = HashSet::new();
        let mut finished = 0;
        s.go(Input::Started);
        for step in 0..60 {
            let attempt = u32::try_from(random(4)).unwrap() + 1;
            let seat = format!("100{}", random(2));
            let input = match random(16) {
                0 => Input::Played(Sound::Greeting),
                1 | 2 => Input::Offer { seat },
                3 => Input::Withdraw { seat },
                4 => Input::Refused,
                5 => Input::Announce(1),
                6 => Input::Ringing(attempt),
                7 | 8 => Input::Answered(attempt),
                9 => Input::Failed(attempt, 486),
                10 => Input::AgentEnded(attempt),
                11 => Input::AgentLost(attempt),
                12 => Input::PhoneBack { seat },
                13 => Input::Hold(step % 2 == 0),
                14 => Input::Played(Sound::Busy),
                _ => {
                    s.now += 10_000;
                    Input::Tick
                }
            };
            if let Input::Failed(a, _) | Input::AgentEnded(a) | Input::AgentLost(a) = &input {
                open.remove(a);
            }
            for effect in s.go(input) {
                match effect {
                    Effect::Invite { attempt, .. } => assert!(open.insert(attempt)),
                    Effect::Drop(attempt) => {
                        open.remove(&attempt);
                    }
                    Effect::Finish(_) => finished += 1,
                    _ => {}
                }
            }
        }
        for effect in s.go(Input::CitizenEnded) {
            match effect {
                Effect::Drop(attempt) => {
                    open.remove(&attempt);
                }
                Effect::Finish(_) => finished += 1,
                _ => {}
            }
        }
        assert_eq!(finished, 1);
        assert!(open.is_empty(), "legs were left: {open:?}");
    }
}
