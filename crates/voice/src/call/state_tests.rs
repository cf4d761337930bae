use super::*;

struct Stage {
    call: CallState,
    now: i64,
}

impl Stage {
    fn started() -> Self {
        let mut stage = Self { call: CallState::new(Times::default(), true), now: 0 };
        assert_eq!(stage.go(Input::Started), [Effect::Flow(FlowNews::Start)]);
        stage
    }

    fn queued() -> Self {
        let mut stage = Self::started();
        let out = stage.go(Input::Flow(FlowWord::Queue { keep: false }));
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

fn hears(from: PartyNo, to: PartyNo) -> Effect {
    Effect::Hear { from, to, on: true }
}

fn silent(from: PartyNo, to: PartyNo) -> Effect {
    Effect::Hear { from, to, on: false }
}

fn rings(seat: &str, party: PartyNo, engage: bool) -> Effect {
    Effect::Invite { target: Target::Seat(seat.into()), party, engage }
}

fn at(out: &[Effect], wanted: &Effect) -> usize {
    out.iter().position(|effect| effect == wanted).unwrap_or_else(|| panic!("{wanted:?} not in {out:?}"))
}

#[test]
fn the_screen_pops_before_the_telephone_rings() {
    let mut s = Stage::queued();
    let out = s.go(Input::Offer { seat: "1001".into() });
    assert!(
        at(&out, &Effect::Pop { seat: "1001".into(), role: Role::Agent })
            < at(&out, &rings("1001", 1, false))
    );
    assert_eq!(s.go(Input::Ringing(1)), [Effect::Rung("1001".into())]);
    let out = s.go(Input::Answered(1));
    assert!(out.contains(&Effect::Accepted("1001".into())));
    assert!(at(&out, &Effect::Silence) < at(&out, &hears(1, CITIZEN)));
    assert!(out.contains(&hears(CITIZEN, 1)));
}

#[test]
fn without_a_flow_the_queue_comes_first() {
    let mut call = CallState::new(Times::default(), false);
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
    assert!(out.contains(&rings("1002", 2, false)));
    s.go(Input::Answered(2));
    assert_eq!(s.call.name(), "talking");
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
    let out = s.go(Input::PartyEnded(1));
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
    let out = s.go(Input::Do(Command::Hold(true)));
    assert!(out.contains(&Effect::Play(Sound::Music)));
    assert!(out.contains(&silent(1, CITIZEN)) && out.contains(&silent(CITIZEN, 1)));
    assert_eq!(s.go(Input::Do(Command::Hold(true))), []);
    let out = s.go(Input::Do(Command::Hold(false)));
    assert!(out.contains(&Effect::Silence) && out.contains(&hears(CITIZEN, 1)));
}

#[test]
fn a_lost_page_keeps_the_citizen_and_the_reloaded_page_is_rung() {
    let mut s = Stage::talking();
    let out = s.go(Input::PartyLost(1));
    assert!(out.contains(&Effect::Play(Sound::AgentLost)));
    assert_eq!(s.go(Input::Played(Sound::AgentLost)), [Effect::Play(Sound::Music)]);
    assert_eq!(s.go(Input::PhoneBack { seat: "1002".into() }), []);
    let out = s.go(Input::PhoneBack { seat: "1001".into() });
    assert!(out.contains(&rings("1001", 2, false)));
    assert_eq!(s.go(Input::PhoneBack { seat: "1001".into() }), [], "it rings once");
    let out = s.go(Input::Answered(2));
    assert!(out.contains(&hears(CITIZEN, 2)));
    assert!(s.wait(60_000).is_empty());
    assert_eq!(s.call.name(), "talking");
}

#[test]
fn a_page_that_does_not_come_back_sends_the_citizen_to_the_front() {
    let mut s = Stage::talking();
    s.go(Input::PartyLost(1));
    s.go(Input::PhoneBack { seat: "1001".into() });
    let out = s.wait(30_000);
    assert!(out.contains(&Effect::Drop(2)));
    assert!(out.contains(&Effect::Return));
    let out = s.go(Input::Offer { seat: "1002".into() });
    assert!(out.contains(&rings("1002", 3, false)));
    let out = s.go(Input::CitizenEnded);
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Answered)), "they did talk");
}

#[test]
fn a_hold_does_not_outlive_the_lost_page() {
    let mut s = Stage::talking();
    s.go(Input::Do(Command::Hold(true)));
    s.go(Input::PartyLost(1));
    s.go(Input::PhoneBack { seat: "1001".into() });
    assert!(s.go(Input::Answered(2)).contains(&hears(2, CITIZEN)));
}

#[test]
fn a_full_queue_says_so_and_hangs_up() {
    let mut s = Stage { call: CallState::new(Times::default(), false), now: 0 };
    s.go(Input::Started);
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
fn a_flow_is_told_of_the_queue_and_takes_the_citizen_out_of_it() {
    let news = |news| Effect::Flow(FlowNews::Queue(news));
    let mut s = Stage::queued();
    assert!(s.go(Input::Offer { seat: "1001".into() }).contains(&news(QueueNews::Offered)));
    assert!(s.go(Input::Failed(1, 486)).contains(&news(QueueNews::Waiting)));
    s.go(Input::Offer { seat: "1002".into() });
    let out = s.go(Input::Flow(FlowWord::Leave));
    assert!(at(&out, &Effect::Drop(2)) < at(&out, &Effect::Abandon), "the ringing telephone stops");
    assert_eq!(s.call.phase(), &Phase::Flow);
    let mut full = Stage::queued();
    assert!(full.go(Input::Refused).contains(&news(QueueNews::Refused)));
    assert!(full.go(Input::Flow(FlowWord::Queue { keep: false })).contains(&Effect::Enqueue));
}

#[test]
fn the_citizen_is_led_on_when_the_agent_leaves() {
    let surveyed = |leave: Input| {
        let mut s = Stage::started();
        s.go(Input::Flow(FlowWord::Queue { keep: true }));
        s.go(Input::Offer { seat: "1001".into() });
        s.go(Input::Answered(1));
        let out = s.go(leave);
        assert!(out.contains(&Effect::Done), "the seat is free for others");
        assert_eq!(out.last(), Some(&Effect::Flow(FlowNews::Queue(QueueNews::Left))));
        assert_eq!(s.go(Input::Flow(FlowWord::HangUp)).last(), Some(&Effect::Finish(Outcome::Answered)));
    };
    surveyed(Input::PartyEnded(1));
    surveyed(Input::Do(Command::HangUp { by: "screen" }));
    let mut cut = Stage::started();
    cut.go(Input::Flow(FlowWord::Queue { keep: true }));
    cut.go(Input::Offer { seat: "1001".into() });
    cut.go(Input::Answered(1));
    let out = cut.go(Input::Do(Command::HangUp { by: "leader" }));
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Answered)));
}

#[test]
fn a_flow_hands_the_citizen_to_a_number_outside_and_hears_of_it() {
    let transferred = |s: &mut Stage| {
        let target = Target::Outside("110".into());
        let out =
            s.go(Input::Flow(FlowWord::Transfer { target: target.clone(), ring_ms: 5_000, keep: true }));
        assert!(out.contains(&Effect::Invite { target, party: 1, engage: false }));
    };
    let mut s = Stage::started();
    transferred(&mut s);
    assert!(s.wait(5_000).contains(&Effect::Flow(FlowNews::Transferred(false))));
    assert_eq!(s.call.phase(), &Phase::Flow);
    let mut s = Stage::started();
    transferred(&mut s);
    assert!(s.go(Input::Answered(1)).contains(&hears(CITIZEN, 1)));
    assert!(s.go(Input::PartyEnded(1)).contains(&Effect::Flow(FlowNews::Transferred(true))));
}

#[test]
fn whoever_was_served_by_the_flow_has_not_missed_anybody() {
    for end in [Input::CitizenEnded, Input::Flow(FlowWord::HangUp)] {
        let mut s = Stage::started();
        s.go(Input::Flow(FlowWord::Served));
        assert_eq!(s.go(end).last(), Some(&Effect::Finish(Outcome::SelfService)));
    }
    let out = Stage::started().go(Input::Flow(FlowWord::HangUp));
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Missed)));
}
