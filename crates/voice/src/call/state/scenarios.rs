//! Races and operations with several parties, on simulated time.

use std::collections::{HashMap, HashSet};

use super::*;

/// Keeps the books that the owner of a call keeps: legs that are open, seats that are engaged.
struct Stage {
    call: CallState,
    now: i64,
    open: HashSet<PartyNo>,
    engaged: HashMap<String, u32>,
    hearing: HashSet<(PartyNo, PartyNo)>,
    finished: Vec<Outcome>,
}

impl Stage {
    fn of(call: CallState) -> Self {
        let mut stage = Self {
            call,
            now: 0,
            open: HashSet::new(),
            engaged: HashMap::new(),
            hearing: HashSet::new(),
            finished: Vec::new(),
        };
        stage.go(Input::Started);
        stage
    }

    /// Seat 1001 talks with a citizen from the queue.
    fn talking() -> Self {
        let mut stage = Self::of(CallState::new(Times::default(), false));
        stage.go(Input::Offer { seat: "1001".into() });
        stage.go(Input::Answered(1));
        assert_eq!(stage.heard_by(CITIZEN), [1]);
        stage
    }

    /// 1001 has asked 1002, who has answered.
    fn consulting() -> Self {
        let mut stage = Self::talking();
        stage.tell(Command::Consult(seat("1002")));
        stage.go(Input::Answered(2));
        stage
    }

    fn go(&mut self, input: Input) -> Vec<Effect> {
        if let Input::Failed(no, _) | Input::PartyEnded(no) | Input::PartyLost(no) = &input {
            self.open.remove(no);
        }
        let far = self.call.kind.far_seat().map(str::to_owned);
        let out = self.call.apply(input, self.now);
        for effect in &out {
            match effect {
                Effect::Invite { target, party, engage } => {
                    assert!(self.open.insert(*party));
                    if let (Some(seat), true) = (target.seat(), engage) {
                        *self.engaged.entry(seat.to_owned()).or_default() += 1;
                    }
                }
                Effect::Dial => {
                    if let Some(seat) = &far {
                        *self.engaged.entry(seat.clone()).or_default() += 1;
                    }
                }
                Effect::Drop(no) => {
                    self.open.remove(no);
                    self.hearing.retain(|(from, to)| from != no && to != no);
                }
                Effect::Free { seat, .. } => match self.engaged.get_mut(seat) {
                    Some(times) if *times > 1 => *times -= 1,
                    Some(_) => {
                        self.engaged.remove(seat);
                    }
                    None => assert_eq!(far.as_ref(), Some(seat), "{seat} was freed twice"),
                },
                Effect::Hear { from, to, on: true } => assert!(self.hearing.insert((*from, *to))),
                Effect::Hear { from, to, on: false } => assert!(self.hearing.remove(&(*from, *to))),
                Effect::Finish(outcome) => self.finished.push(*outcome),
                _ => {}
            }
        }
        self.check();
        out
    }

    fn tell(&mut self, command: Command) -> Vec<Effect> {
        assert_eq!(self.call.check(&command), Ok(()), "{command:?} in {:?}", self.call.phase);
        self.go(Input::Do(command))
    }

    fn wait(&mut self, ms: i64) -> Vec<Effect> {
        self.now += ms;
        self.go(Input::Tick)
    }

    fn heard_by(&self, to: PartyNo) -> Vec<PartyNo> {
        let mut heard: Vec<_> =
            self.hearing.iter().filter(|(_, t)| *t == to).map(|(from, _)| *from).collect();
        heard.sort_unstable();
        heard
    }

    /// What must hold at every moment.
    fn check(&self) {
        let call = &self.call;
        let up = |role: Role| call.parties.iter().filter(|party| party.role == role && party.up).count();
        assert!(up(Role::Agent) <= 1);
        assert!(call.parties.iter().filter(|party| party.role == Role::Consulted).count() <= 1);
        assert!(call.parties.iter().filter(|party| party.role == Role::Successor).count() <= 1);
        match &call.phase {
            Phase::Talking => assert_eq!(up(Role::Agent), 1, "nobody answers for the call"),
            Phase::Redirected => assert!(call.successor().is_some(), "nobody will come"),
            Phase::Offering { party } => assert!(call.party(*party).is_some_and(|party| !party.up)),
            Phase::Ended => {
                assert!(self.open.is_empty(), "legs were left: {:?}", self.open);
                assert!(self.engaged.is_empty(), "seats were left: {:?}", self.engaged);
                assert!(call.parties.is_empty() && !call.in_queue && call.deadline().is_none());
                assert_eq!(self.finished.len(), 1);
            }
            Phase::Flow | Phase::Queued | Phase::Farewell => assert!(call.parties.is_empty()),
            Phase::LineOpen => {
                assert!(call.parties.len() == 1 && up(Role::Agent) == 1, "only the agent is left");
                assert!(self.hearing.is_empty(), "what the agent says is nobody's affair");
            }
            Phase::Detour { kept, .. } => {
                assert!(call.parties.len() <= 1, "nobody else is in the call meanwhile");
                assert!(*kept || call.parties.is_empty(), "who was sent away is still there");
                assert!(self.hearing.is_empty(), "what is typed is the citizen's own affair");
            }
            Phase::Dialling | Phase::Parked { .. } | Phase::AgentLost { .. } => {}
        }
        for (from, to) in &self.hearing {
            for no in [from, to] {
                assert!(*no == CITIZEN || call.party(*no).is_some(), "{no} is heard after it left");
            }
        }
    }
}

fn seat(no: &str) -> Target {
    Target::Seat(no.into())
}

fn outside(no: &str) -> Target {
    Target::Outside(no.into())
}

#[test]
fn the_citizen_waits_with_music_while_somebody_is_asked() {
    let mut s = Stage::talking();
    let out = s.tell(Command::Consult(seat("1002")));
    assert!(out.contains(&Effect::Play(Sound::Music)));
    assert!(out.contains(&Effect::Ringback(1, true)));
    assert!(s.heard_by(CITIZEN).is_empty());
    s.go(Input::Answered(2));
    assert_eq!((s.heard_by(1), s.heard_by(2), s.heard_by(CITIZEN)), (vec![2], vec![1], vec![]));
    let out = s.tell(Command::TakeBack);
    assert!(out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::Back }));
    assert_eq!((s.heard_by(1), s.heard_by(CITIZEN)), (vec![CITIZEN], vec![1]));
}

#[test]
fn a_transfer_after_asking_hands_the_citizen_over() {
    let mut s = Stage::consulting();
    let out = s.tell(Command::CompleteTransfer);
    assert!(out.contains(&Effect::Done), "the first agent writes");
    assert!(out.contains(&Effect::Note(Note::Transferred(seat("1002")))));
    assert_eq!(s.heard_by(CITIZEN), [2]);
    assert_eq!(s.call.seat(), Some("1002"));
    let out = s.go(Input::CitizenEnded);
    assert!(out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::WrapUp }));
    assert!(!out.contains(&Effect::Abandon), "the queue's part was over");
}

#[test]
fn hanging_up_while_somebody_is_asked_is_a_transfer() {
    let mut s = Stage::consulting();
    s.go(Input::PartyEnded(1));
    assert_eq!(s.heard_by(CITIZEN), [2]);
    // Also when the telephone there still rings.
    let mut s = Stage::talking();
    s.tell(Command::Consult(seat("1002")));
    s.go(Input::PartyEnded(1));
    assert_eq!(s.call.phase, Phase::Redirected);
    s.go(Input::Answered(2));
    assert_eq!(s.heard_by(CITIZEN), [2]);
}

#[test]
fn three_talk_with_each_other() {
    let mut s = Stage::consulting();
    s.tell(Command::Conference);
    for (who, hears) in [(CITIZEN, [1, 2]), (1, [CITIZEN, 2]), (2, [CITIZEN, 1])] {
        assert_eq!(s.heard_by(who), hears);
    }
    s.tell(Command::Invite(outside("13800000000")));
    s.go(Input::Answered(3));
    assert_eq!(s.heard_by(CITIZEN), [1, 2, 3]);
    s.tell(Command::DropParty(3));
    assert_eq!(s.heard_by(CITIZEN), [1, 2]);
    // The agent leaves; the two others go on, and the colleague answers for the call.
    s.go(Input::PartyEnded(1));
    assert_eq!(s.heard_by(CITIZEN), [2]);
    assert_eq!(s.call.seat(), Some("1002"));
    assert_eq!(s.go(Input::PartyEnded(2)).last(), Some(&Effect::Finish(Outcome::Answered)));
}

#[test]
fn a_transfer_in_one_step_can_be_undone_until_it_is_answered() {
    let mut s = Stage::talking();
    let out = s.tell(Command::Transfer(outside("110")));
    assert!(out.contains(&Effect::Play(Sound::Connecting)));
    assert!(s.heard_by(CITIZEN).is_empty());
    s.tell(Command::CancelTransfer);
    assert_eq!(s.heard_by(CITIZEN), [1]);
    assert_eq!(s.go(Input::Answered(2)), [Effect::Drop(2)], "an answer that crossed is dropped");
    s.tell(Command::Transfer(outside("110")));
    let out = s.go(Input::Answered(3));
    assert!(out.contains(&Effect::Drop(1)) && out.contains(&Effect::Done));
    assert_eq!(s.heard_by(CITIZEN), [3]);
    assert_eq!(s.go(Input::PartyEnded(3)).last(), Some(&Effect::Finish(Outcome::Answered)));
}

#[test]
fn a_transfer_that_nobody_answers_comes_back_or_goes_to_the_front_of_the_queue() {
    let mut s = Stage::talking();
    s.tell(Command::Transfer(seat("1002")));
    let out = s.wait(20_000);
    assert!(out.contains(&Effect::Unreached { label: "1002".into(), code: 408 }));
    assert_eq!(s.heard_by(CITIZEN), [1]);
    // The agent has gone meanwhile.
    s.tell(Command::Transfer(seat("1002")));
    s.go(Input::PartyEnded(1));
    let out = s.go(Input::Failed(3, 486));
    assert!(out.contains(&Effect::Return));
    assert_eq!(s.call.phase, Phase::Queued);
}

#[test]
fn a_caller_who_hangs_up_while_somebody_is_asked_leaves_nobody_ringing() {
    let mut s = Stage::talking();
    s.tell(Command::Consult(seat("1002")));
    let out = s.go(Input::CitizenEnded);
    assert!(
        out.contains(&Effect::Drop(2))
            && out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::Back })
    );
    assert_eq!(s.go(Input::Answered(2)), [Effect::Drop(2)]);
}

#[test]
fn an_answer_that_crosses_the_taking_back_is_dropped() {
    let mut s = Stage::talking();
    s.tell(Command::Consult(seat("1002")));
    s.tell(Command::TakeBack);
    assert_eq!(s.go(Input::Answered(2)), [Effect::Drop(2)]);
    assert_eq!(s.heard_by(CITIZEN), [1]);
}

#[test]
fn a_supervisor_who_comes_as_the_call_ends_is_let_go() {
    let mut s = Stage::talking();
    s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::Barge });
    let out = s.go(Input::CitizenEnded);
    assert!(out.contains(&Effect::Free { seat: "9001".into(), leaving: Leaving::Back }));
    assert_eq!(s.go(Input::Answered(2)), [Effect::Drop(2)]);
    let command = Command::Supervise { seat: "9001".into(), mode: Supervision::Listen };
    assert_eq!(s.call.check(&command), Err(Refusal::NotNow));
}

#[test]
fn an_agents_machine_that_dies_in_mid_consultation_sends_the_citizen_to_the_front() {
    let mut s = Stage::consulting();
    let out = s.go(Input::PartyLost(1));
    assert!(out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::Back }));
    assert!(out.contains(&Effect::Play(Sound::AgentLost)));
    let out = s.wait(30_000);
    assert!(out.contains(&Effect::Return));
    assert_eq!(s.call.phase, Phase::Queued);
}

#[test]
fn an_agents_machine_that_dies_in_mid_transfer_leaves_the_citizen_to_whoever_answers() {
    let mut s = Stage::talking();
    s.tell(Command::Transfer(seat("1002")));
    s.go(Input::PartyLost(1));
    assert_eq!(s.call.phase, Phase::Redirected);
    let mut other = Stage {
        call: s.call.clone(),
        open: s.open.clone(),
        engaged: s.engaged.clone(),
        hearing: s.hearing.clone(),
        finished: Vec::new(),
        now: s.now,
    };
    s.go(Input::Answered(2));
    assert_eq!(s.heard_by(CITIZEN), [2]);
    assert!(other.wait(20_000).contains(&Effect::Return));
}

#[test]
fn a_supervisor_listens_whispers_barges_and_takes_over() {
    let mut s = Stage::talking();
    s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::Listen });
    s.go(Input::Answered(2));
    assert_eq!(
        (s.heard_by(2), s.heard_by(1), s.heard_by(CITIZEN)),
        (vec![CITIZEN, 1], vec![CITIZEN], vec![1])
    );
    s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::Whisper });
    assert_eq!((s.heard_by(1), s.heard_by(CITIZEN)), (vec![CITIZEN, 2], vec![1]));
    s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::Barge });
    assert_eq!((s.heard_by(1), s.heard_by(CITIZEN)), (vec![CITIZEN, 2], vec![1, 2]));
    s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::Listen });
    assert_eq!(s.heard_by(CITIZEN), [1]);
    let out = s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::TakeOver });
    assert!(out.contains(&Effect::Drop(1)) && out.contains(&Effect::Done));
    assert_eq!(s.heard_by(CITIZEN), [2]);
    assert_eq!(s.call.seat(), Some("9001"));
}

#[test]
fn a_supervisor_hears_what_the_agent_asks() {
    let mut s = Stage::consulting();
    s.tell(Command::Supervise { seat: "9001".into(), mode: Supervision::Listen });
    s.go(Input::Answered(3));
    assert_eq!(s.heard_by(3), [CITIZEN, 1, 2]);
    s.go(Input::PartyEnded(1));
    assert_eq!(s.heard_by(3), [CITIZEN, 2], "and stays with the call");
    s.tell(Command::EndSupervision { seat: "9001".into() });
    assert_eq!(s.heard_by(CITIZEN), [2]);
}

#[test]
fn a_parked_citizen_is_fetched_by_any_seat_or_served_first() {
    let mut s = Stage::talking();
    let out = s.tell(Command::Park);
    assert!(out.contains(&Effect::Play(Sound::Music)) && out.contains(&Effect::Done));
    s.tell(Command::Retrieve { seat: "1003".into() });
    let again = Command::Retrieve { seat: "1004".into() };
    assert_eq!(s.call.check(&again), Err(Refusal::NotNow), "one fetches");
    s.go(Input::Failed(2, 480));
    s.tell(Command::Retrieve { seat: "1003".into() });
    s.go(Input::Answered(3));
    assert_eq!(s.heard_by(CITIZEN), [3]);
    s.tell(Command::Park);
    assert!(s.wait(180_000).contains(&Effect::Return));
}

#[test]
fn the_agents_telephone_rings_first_and_then_the_citizens() {
    let mut s = Stage::of(CallState::dialled(Times::default(), Kind::Out, "1001"));
    let out = s.go(Input::Answered(1));
    assert!(out.contains(&Effect::Dial) && out.contains(&Effect::Ringback(1, true)));
    let out = s.go(Input::CitizenProgress);
    assert!(out.contains(&Effect::Ringback(1, false)), "the line makes its own sounds");
    assert_eq!(s.heard_by(1), [CITIZEN]);
    assert!(s.heard_by(CITIZEN).is_empty());
    s.go(Input::CitizenAnswered);
    assert_eq!((s.heard_by(1), s.heard_by(CITIZEN)), (vec![CITIZEN], vec![1]));
    assert_eq!(s.go(Input::PartyEnded(1)).last(), Some(&Effect::Finish(Outcome::Answered)));
}

#[test]
fn what_came_of_dialling_is_known() {
    for (code, outcome) in
        [(486, Outcome::Busy), (408, Outcome::NoAnswer), (404, Outcome::Invalid), (503, Outcome::Failed)]
    {
        let mut s = Stage::of(CallState::dialled(Times::default(), Kind::Out, "1001"));
        s.go(Input::Answered(1));
        let out = s.go(Input::CitizenFailed(code));
        assert_eq!(out.last(), Some(&Effect::Finish(outcome)));
    }
    let mut s = Stage::of(CallState::dialled(Times::default(), Kind::Out, "1001"));
    s.go(Input::Answered(1));
    assert_eq!(s.wait(60_000).last(), Some(&Effect::Finish(Outcome::NoAnswer)));
    let mut s = Stage::of(CallState::dialled(Times::default(), Kind::Out, "1001"));
    assert_eq!(s.wait(20_000).last(), Some(&Effect::Finish(Outcome::Cancelled)));
    assert_eq!(s.go(Input::Answered(1)), [Effect::Drop(1)]);
}

#[test]
fn a_notice_rings_the_citizen_and_a_flow_speaks() {
    let mut s = Stage::of(CallState::announced(Times::default()));
    assert!(s.open.is_empty(), "no agent is rung");
    let out = s.go(Input::CitizenAnswered);
    assert!(out.contains(&Effect::Flow(FlowNews::Start)));
    assert_eq!(s.call.phase, Phase::Flow);
    // A key leads to a person.
    s.go(Input::Flow(FlowWord::Queue { keep: false }));
    s.go(Input::Offer { seat: "1001".into() });
    s.go(Input::Answered(1));
    assert_eq!(s.heard_by(CITIZEN), [1]);
    s.go(Input::CitizenEnded);
    let mut s = Stage::of(CallState::announced(Times::default()));
    s.go(Input::CitizenAnswered);
    assert_eq!(s.go(Input::Flow(FlowWord::HangUp)).last(), Some(&Effect::Finish(Outcome::SelfService)));
    let mut s = Stage::of(CallState::announced(Times::default()));
    assert_eq!(s.wait(60_000).last(), Some(&Effect::Finish(Outcome::NoAnswer)));
}

#[test]
fn a_colleague_is_called_and_let_go() {
    let mut s =
        Stage::of(CallState::dialled(Times::default(), Kind::Internal { seat: "1002".into() }, "1001"));
    s.go(Input::Answered(1));
    let out = s.go(Input::CitizenAnswered);
    assert!(out.contains(&Effect::Joined("1002".into())));
    assert_eq!(s.call.check(&Command::Consult(seat("1002"))), Err(Refusal::AlreadyThere));
    let out = s.go(Input::CitizenEnded);
    assert!(out.contains(&Effect::Free { seat: "1001".into(), leaving: Leaving::WrapUp }));
    assert!(out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::Back }));
}

#[test]
fn whoever_is_put_out_of_service_leaves_the_citizen_to_the_next() {
    let mut s = Stage::consulting();
    let out = s.go(Input::Kicked { seat: "1001".into() });
    assert!(out.contains(&Effect::Return) && out.contains(&Effect::Drop(1)));
    assert_eq!(s.call.phase, Phase::Queued);
    let mut s = Stage::consulting();
    s.tell(Command::Conference);
    s.go(Input::Kicked { seat: "1001".into() });
    assert_eq!(s.heard_by(CITIZEN), [2], "who is there goes on");
}

#[test]
fn music_comes_back_after_a_phrase() {
    let mut s = Stage::talking();
    s.tell(Command::Hold(true));
    s.tell(Command::Say(Phrase::PleaseWait));
    assert_eq!(s.go(Input::Played(Sound::Phrase(Phrase::PleaseWait))), [Effect::Play(Sound::Music)]);
    s.tell(Command::Hold(false));
    s.tell(Command::Say(Phrase::SeatNumber));
    assert_eq!(s.go(Input::Tick), [], "nothing cuts it off");
    assert_eq!(s.go(Input::Played(Sound::Phrase(Phrase::SeatNumber))), []);
}

fn detour(back: bool) -> Command {
    Command::Detour { flow: "check".into(), node: Some("code".into()), back }
}

#[test]
fn a_citizen_types_a_code_and_is_back_with_the_same_agent() {
    let mut s = Stage::talking();
    let out = s.tell(detour(true));
    assert!(out.contains(&Effect::Lead { flow: "check".into(), node: Some("code".into()), back: true }));
    assert_eq!((s.heard_by(1), s.heard_by(CITIZEN)), (vec![], vec![]), "the agent hears nothing of it");
    assert_eq!(s.call.seat(), Some("1001"), "the seat is kept");
    assert_eq!(s.call.check(&detour(true)), Err(Refusal::NotNow));
    let out = s.go(Input::Flow(FlowWord::HangUp));
    assert!(out.contains(&Effect::DetourOver { early: false }));
    assert!(!out.contains(&Effect::HangUpCitizen));
    assert_eq!((s.heard_by(1), s.heard_by(CITIZEN)), (vec![CITIZEN], vec![1]));
    // A flow that asks for a person means this one.
    s.tell(detour(true));
    s.go(Input::Flow(FlowWord::Queue { keep: false }));
    assert_eq!(s.heard_by(CITIZEN), [1]);
    // And the agent may fetch the citizen back.
    s.tell(detour(true));
    assert!(s.tell(Command::TakeBack).contains(&Effect::DetourOver { early: true }));
    assert_eq!(s.heard_by(CITIZEN), [1]);
}

#[test]
fn who_is_sent_away_for_good_is_led_to_the_flows_end() {
    let mut s = Stage::talking();
    let out = s.tell(detour(false));
    assert!(out.contains(&Effect::Drop(1)) && out.contains(&Effect::Done), "the agent writes");
    assert_eq!(s.call.phase, Phase::Flow);
    assert_eq!(s.go(Input::Flow(FlowWord::HangUp)).last(), Some(&Effect::Finish(Outcome::Answered)));
    // So does an agent who hangs up while the citizen is away.
    let mut s = Stage::talking();
    s.tell(detour(true));
    assert!(s.go(Input::PartyEnded(1)).contains(&Effect::Done));
    s.go(Input::Flow(FlowWord::Queue { keep: false }));
    assert_eq!(s.call.phase, Phase::Queued);
}

#[test]
fn a_citizen_on_a_detour_whose_agent_disappears_is_not_lost() {
    // The page comes back while the flow goes on.
    let mut s = Stage::talking();
    s.tell(detour(true));
    s.go(Input::PartyLost(1));
    assert_eq!(s.call.seat(), Some("1001"), "nobody else gets the seat");
    s.go(Input::PhoneBack { seat: "1001".into() });
    s.go(Input::Answered(2));
    assert!(s.heard_by(2).is_empty());
    s.go(Input::Flow(FlowWord::HangUp));
    assert_eq!(s.heard_by(CITIZEN), [2]);
    // It does not: at the flow's end it is waited for, then the citizen is served first.
    let mut s = Stage::talking();
    s.tell(detour(true));
    s.go(Input::PartyLost(1));
    let out = s.go(Input::Flow(FlowWord::HangUp));
    assert!(out.contains(&Effect::Play(Sound::AgentLost)));
    assert!(s.wait(30_000).contains(&Effect::Return));
    // The seat is put out of service meanwhile.
    let mut s = Stage::talking();
    s.tell(detour(true));
    let out = s.go(Input::Kicked { seat: "1001".into() });
    assert!(out.contains(&Effect::Done) && out.contains(&Effect::Drop(1)));
    assert!(s.go(Input::Flow(FlowWord::HangUp)).contains(&Effect::Return));
}

#[test]
fn a_citizen_who_hangs_up_on_a_detour_frees_the_seat() {
    let mut s = Stage::consulting();
    s.tell(Command::CompleteTransfer);
    s.tell(detour(true));
    let out = s.go(Input::CitizenEnded);
    assert!(out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::WrapUp }));
    assert_eq!(out.last(), Some(&Effect::Finish(Outcome::Answered)));
    // Also while the seat's page is away.
    let mut s = Stage::consulting();
    s.tell(Command::CompleteTransfer);
    s.tell(detour(true));
    s.go(Input::PartyLost(2));
    let out = s.go(Input::CitizenEnded);
    assert!(out.contains(&Effect::Free { seat: "1002".into(), leaving: Leaving::WrapUp }));
}

#[test]
fn random_orders_leave_no_leg_no_seat_and_no_party() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    for round in 0..6_000 {
        let times = Times::default();
        let mut s = Stage::of(match round % 5 {
            4 => CallState::announced(times),
            0 => CallState::dialled(times, Kind::Out, "1000"),
            1 => CallState::dialled(times, Kind::Internal { seat: "1001".into() }, "1000"),
            n => CallState::new(times, n == 2),
        });
        for _ in 0..70 {
            let no = s.call.last_no.saturating_sub(u32::try_from(random(3)).unwrap()).max(1);
            let place = format!("100{}", random(4));
            let target = if random(3) == 0 { outside("110") } else { seat(&place) };
            let mode = [Supervision::Listen, Supervision::Whisper, Supervision::Barge, Supervision::TakeOver]
                [usize::try_from(random(4)).unwrap()];
            let input = match random(32) {
                0 => Input::Flow(match random(5) {
                    0 => FlowWord::Leave,
                    1 => FlowWord::Transfer { target, ring_ms: 9_000, keep: random(2) == 0 },
                    2 if random(20) == 0 => FlowWord::HangUp,
                    _ => FlowWord::Queue { keep: random(2) == 0 },
                }),
                1 | 2 => Input::Offer { seat: place },
                3 => Input::Withdraw { seat: place },
                4 => Input::Refused,
                5 => Input::Announce(1),
                6 => Input::Ringing(no),
                7..=11 => Input::Answered(no),
                12 => Input::Failed(no, 486),
                13 => Input::PartyEnded(no),
                14 => Input::PartyLost(no),
                15 => Input::PhoneBack { seat: place },
                16 => Input::Do(Command::Hold(random(2) == 0)),
                17 => Input::Do(Command::Consult(target)),
                18 => Input::Do(Command::TakeBack),
                19 => Input::Do(Command::Transfer(target)),
                20 => Input::Do(Command::CompleteTransfer),
                21 => Input::Do(Command::CancelTransfer),
                22 => Input::Do(Command::Conference),
                23 => Input::Do(Command::Invite(target)),
                24 => Input::Do(Command::Supervise { seat: place, mode }),
                25 => Input::Do(if random(3) == 0 {
                    Command::Park
                } else {
                    Command::EndSupervision { seat: place }
                }),
                26 => Input::Do(Command::Retrieve { seat: place }),
                27 if random(3) == 0 => {
                    Input::Do(Command::Detour { flow: "f".into(), node: None, back: random(3) != 0 })
                }
                27 => {
                    Input::Do(if random(4) == 0 { Command::TransferToQueue } else { Command::DropParty(no) })
                }
                28 => Input::CitizenAnswered,
                29 => Input::CitizenProgress,
                30 if random(6) == 0 => Input::Kicked { seat: place },
                31 if random(12) == 0 => Input::CitizenLeft,
                _ => {
                    s.now += 7_000;
                    Input::Tick
                }
            };
            s.go(input);
        }
        s.go(Input::CitizenEnded);
        assert_eq!(s.call.phase, Phase::Ended);
    }
}

#[test]
fn an_agent_who_releases_by_hand_keeps_the_line_and_hears_that_it_is_over() {
    let mut stage = Stage::talking();
    let out = stage.go(Input::CitizenLeft);
    assert!(out.contains(&Effect::BusyTone(1)) && out.contains(&Effect::Note(Note::CitizenLeft)), "{out:?}");
    assert!(stage.heard_by(CITIZEN).is_empty(), "what the agent says goes nowhere");
    assert_eq!((stage.call.name(), stage.call.seat()), ("line_open", Some("1001")));
    assert_eq!(stage.call.check(&Command::Park), Err(Refusal::NotNow));
    let out = stage.go(Input::PartyEnded(1));
    assert!(out.contains(&Effect::Note(Note::HungUp("citizen"))), "the citizen ended the talk: {out:?}");
    assert!(out.contains(&Effect::Done), "the time for writing begins");
    assert_eq!(stage.finished, [Outcome::Answered]);
}

#[test]
fn a_line_that_is_kept_ends_by_the_screen_by_time_and_by_force() {
    let ends: [fn(&mut Stage) -> Vec<Effect>; 5] = [
        |stage| stage.go(Input::Do(Command::HangUp { by: "screen" })),
        |stage| {
            stage.now += super::release::LINE_OPEN_MS;
            stage.go(Input::Tick)
        },
        |stage| stage.go(Input::Kicked { seat: "1001".into() }),
        |stage| stage.go(Input::PartyLost(1)),
        |stage| stage.go(Input::Stop),
    ];
    for end in ends {
        let mut stage = Stage::talking();
        stage.go(Input::CitizenLeft);
        end(&mut stage);
        assert_eq!(stage.finished, [Outcome::Answered]);
        assert!(stage.open.is_empty(), "nobody is left behind");
    }
}

#[test]
fn with_somebody_else_asked_only_the_agent_keeps_the_line() {
    let mut stage = Stage::consulting();
    stage.go(Input::CitizenLeft);
    assert_eq!(stage.open, HashSet::from([1]));
    let mut waiting = Stage::of(CallState::new(Times::default(), false));
    waiting.go(Input::CitizenLeft);
    assert_eq!(waiting.finished, [Outcome::Missed], "nobody talked");
}
