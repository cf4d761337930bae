//! The call flow that leads a call: its inputs come from the call, its effects are carried out here.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use super::actor::{Actor, CallMessage};
use super::leg::CITIZEN;
use super::record::{CallRow, FlowRecord, Record, TreatedRow};
use super::state::{self, FlowNews, FlowWord, Sound};
use super::view::DetourView;
use crate::callflow::defaults::DIRECT;
use crate::callflow::model::{Language, Target};
use crate::callflow::run::{Happening, Treatment, What};
use crate::callflow::{Answer, Effect, Input, Item, QueueNews, Request, Run};
use crate::core::Core;
use crate::flows::Caller;
use crate::media::{Attention, Clip};
use crate::store::callbacks::CallbackRow;
use crate::store::flow_counts::CountRow;
use crate::store::messages::MessageRow;
use crate::store::surveys::SurveyRow;

/// How long the caller's file is waited for before the flow begins.
const FILE_WAIT: Duration = Duration::from_millis(150);

/// A step of a call: for its rules or for its flow.
pub(super) enum Step {
    /// For the rules.
    Call(state::Input),
    /// For the flow.
    Flow(Input),
}

/// A flow at work.
pub(super) struct Leading {
    pub(super) run: Run,
    /// The run that led before an agent sent the citizen on a detour.
    aside: Option<Run>,
    pub(super) caller: Caller,
    /// The queue that the flow chose, and the priority there.
    chosen: (String, i32),
    /// The time of day at the beginning, and the steady clock's: the flow's time goes on from the one by the other.
    began: (i64, i64),
    /// When the agent left and the flow went on, epoch milliseconds.
    pub(super) talk_ended: Option<i64>,
    /// What is being said: the media's number, once it plays, and the run's.
    saying: Option<(Option<u32>, u32)>,
    counts: HashMap<(String, i64, String, String), i64>,
    /// What the caller has just said to the robot.
    heard: Bytes,
    /// Whether the caller has talked with the robot.
    talked: bool,
}

impl Leading {
    pub(super) fn new(core: &Core, row: &CallRow) -> Self {
        let answering = core.flows.answering(&row.called);
        Self {
            run: Run::new(core.flows.program(&answering.flow), answering.language),
            aside: None,
            caller: Caller {
                number: row.caller.clone(),
                called: row.called.clone(),
                hotline: answering.hotline,
                tags: Vec::new(),
            },
            chosen: (String::new(), 0),
            began: (row.started_at, core.kit.clock.elapsed_ms()),
            talk_ended: None,
            saying: None,
            counts: HashMap::new(),
            heard: Bytes::new(),
            talked: false,
        }
    }

    /// Makes one for a call that no flow led until now.
    pub(super) fn idle(core: &Core, row: &CallRow) -> Self {
        let mut leading = Self::new(core, row);
        leading.run = Run::idle(core.flows.program(DIRECT), Language::Zh);
        leading
    }

    /// Makes one for a call that the house makes: this run leads from the citizen's answer on.
    pub(super) fn announcing(core: &Core, row: &CallRow, run: Run) -> Self {
        let mut leading = Self::new(core, row);
        leading.run = run;
        leading.caller.hotline.clone_from(&core.config.hotline);
        leading
    }

    /// Returns the queue to join, none for that of the dialled number, and steps of priority.
    pub(super) fn queue(&self) -> (Option<String>, u8) {
        let (queue, priority) = &self.chosen;
        (
            Some(queue.clone()).filter(|queue| !queue.is_empty()),
            u8::try_from((*priority).clamp(0, 255)).unwrap_or(0),
        )
    }

    fn count(&mut self, happening: &Happening) {
        let what = match &happening.what {
            What::Entered => "entered".to_owned(),
            What::Key(key) => format!("key:{key}"),
            What::Gone => "gone".to_owned(),
            What::Problem(_) => "problem".to_owned(),
        };
        let key = (happening.flow.clone(), happening.version, happening.node.clone(), what);
        *self.counts.entry(key).or_default() += 1;
    }
}

impl From<FlowNews> for Input {
    fn from(news: FlowNews) -> Self {
        match news {
            FlowNews::Start => Self::Start,
            FlowNews::Queue(news) => Self::Queue(news),
            FlowNews::Transferred(talked) => Self::Transferred(talked),
        }
    }
}

impl Actor {
    /// Lets the flow that an agent chose lead from here on.
    pub(super) fn begin_detour(&mut self, flow: String, node: Option<String>, back: bool) {
        if self.flow.is_none() {
            self.flow = Some(Box::new(Leading::idle(&self.core, &self.row)));
        }
        let Some(leading) = &mut self.flow else { return };
        let run = leading.run.detour(self.core.flows.program(&flow), node);
        let before = std::mem::replace(&mut leading.run, run);
        leading.saying = None;
        // A detour from a detour that nobody waits for leads back to nowhere.
        leading.aside = back.then(|| leading.aside.take().unwrap_or(before));
        let asked_by = self.row.seat_no.clone().unwrap_or_default();
        self.detour =
            Some(DetourView { flow, back, state: "running".to_owned(), asked_by, findings: Vec::new() });
    }

    /// The citizen is back: what the flow found out is kept, and the flow that led before counts again.
    pub(super) fn end_detour(&mut self, early: bool) {
        let Some(leading) = &mut self.flow else { return };
        leading.saying = None;
        let Some(before) = leading.aside.take() else { return };
        let detour = std::mem::replace(&mut leading.run, before);
        let findings = detour.findings().to_vec();
        leading.run.resume(detour);
        let found: Vec<String> =
            findings.iter().map(|finding| format!("{} {}", finding.kind, finding.exit)).collect();
        self.note("detour_over", &format!("{}{}", if early { "early " } else { "" }, found.join(", ")));
        if let Some(view) = &mut self.detour {
            (if early { "fetched" } else { "over" }).clone_into(&mut view.state);
            view.findings = findings;
        }
    }

    /// Lets the flow know who calls, when that is known soon enough.
    pub(super) async fn know_caller(&mut self) {
        let tags = self.prefetch.tags(FILE_WAIT).await;
        if let Some(flow) = &mut self.flow {
            flow.caller.tags = tags;
        }
    }

    pub(super) fn flow_deadline(&self) -> Option<i64> {
        let flow = self.flow.as_ref()?;
        flow.run.deadline().map(|at| at - flow.began.0 + flow.began.1)
    }

    /// Gives the flow an input and carries its effects out.
    pub(super) fn follow_flow(&mut self, input: Input, steps: &mut VecDeque<Step>) {
        let Some(flow) = &mut self.flow else { return };
        if matches!(input, Input::Queue(QueueNews::Left) | Input::Transferred(true)) {
            flow.talk_ended = Some(self.core.kit.now().0);
        }
        let mut talk = None;
        if let Input::Answer(_, Answer::Yes(answer)) = &input {
            let word = |name: &str| answer.get(name).and_then(|word| word.as_str()).map(str::to_owned);
            talk = word("turn").and_then(|_| word("words").zip(word("text")));
            // A caller of whom nothing was understood has got nothing.
            if talk.is_some() || word("words").is_none() {
                steps.push_back(Step::Call(state::Input::Flow(FlowWord::Served)));
            }
        }
        let now = flow.began.0 + self.core.kit.clock.elapsed_ms() - flow.began.1;
        let facts = self.core.flows.facts(&flow.caller, Some(&self.core.desk), now);
        let effects = flow.run.apply(input, &facts, now);
        if let Some((words, text)) = talk {
            // Whoever takes the call reads what was said before.
            self.note("robot_heard", &words);
            self.note("robot_said", &text);
        }
        for effect in effects {
            self.carry_out_flow(effect, steps);
        }
    }

    fn carry_out_flow(&mut self, effect: Effect, steps: &mut VecDeque<Step>) {
        let Some(flow) = &mut self.flow else { return };
        let word = |word| Step::Call(state::Input::Flow(word));
        match effect {
            Effect::Say { no, items } => {
                flow.saying = Some((None, no));
                self.prepare(no, items);
            }
            Effect::Hush => {
                flow.saying = None;
                self.playing = None;
                self.media_done(self.media.stop_play(CITIZEN));
            }
            Effect::Queue { queue, priority, keep } => {
                flow.chosen = (queue, priority);
                flow.saying = None;
                steps.push_back(word(FlowWord::Queue { keep }));
            }
            Effect::LeaveQueue => steps.push_back(word(FlowWord::Leave)),
            Effect::Transfer { to, ring_secs, keep } => {
                let target = match to {
                    Target::Number { number } => state::Target::Outside(number),
                    Target::Seat { seat } => state::Target::Seat(seat),
                };
                let ring_ms = i64::from(ring_secs) * 1_000;
                steps.push_back(word(FlowWord::Transfer { target, ring_ms, keep }));
            }
            Effect::Record { silence_secs } => {
                self.media_done(self.media.watch_quiet(CITIZEN, silence_secs.saturating_mul(1_000)));
            }
            Effect::Listen { patience_ms, pause_ms, longest_ms } => {
                let attention = Attention { patience_ms, pause_ms, longest_ms };
                self.media_done(self.media.attend(CITIZEN, Some(attention)));
            }
            Effect::Unlisten => self.media_done(self.media.attend(CITIZEN, None)),
            Effect::Recorded { mailbox, from, to } => {
                self.keep_message(mailbox, from, to);
                steps.push_back(word(FlowWord::Served));
            }
            Effect::Treated { message_id, person_id, person_name, what } => {
                let note = match what {
                    Treatment::Heard => None,
                    Treatment::Done(note) => Some(note),
                };
                let row =
                    TreatedRow { message_id, call_id: self.row.id.clone(), person_id, person_name, note };
                self.write(Record::Flow(Box::new(FlowRecord::Treated(row))));
            }
            Effect::Ask { no, request } => {
                let (core, handle, caller) = (self.core.clone(), self.handle.clone(), flow.caller.clone());
                let (call_id, heard) = (self.row.id.clone(), std::mem::take(&mut flow.heard));
                tokio::spawn(async move {
                    let answer = match request {
                        Request::Robot { language } => {
                            core.flows.talk(&call_id, &caller, &heard, language).await
                        }
                        other => core.flows.answer(&caller, other).await,
                    };
                    handle.send(CallMessage::Flow(Input::Answer(no, answer)));
                });
            }
            Effect::CallBack { number, queue, since } => {
                self.keep_wish(number, queue, since);
                steps.push_back(word(FlowWord::Served));
            }
            Effect::Rate { stars } => self.keep_rating(Some(i64::from(stars))),
            Effect::Unrated => {
                // Only a mobile telephone can be asked afterwards.
                if is_mobile(&self.row.caller) {
                    self.keep_rating(None);
                }
            }
            Effect::HangUp => steps.push_back(word(FlowWord::HangUp)),
            Effect::Happened(happening) => {
                flow.count(&happening);
                self.trace(&happening);
            }
        }
    }

    /// What the caller said to the robot came to its end.
    pub(super) async fn heard(&mut self, sound: Bytes) {
        if let Some(flow) = &mut self.flow {
            flow.heard = sound;
            flow.talked = true;
        }
        self.lead(Input::Silence).await;
    }

    /// Ends the talk with the robot, if the caller had one.
    pub(super) fn end_talk(&self) {
        if self.flow.as_ref().is_some_and(|flow| flow.talked) {
            let (core, call_id) = (self.core.clone(), self.row.id.clone());
            tokio::spawn(async move { core.flows.talk_over(&call_id).await });
        }
    }

    fn trace(&mut self, happening: &Happening) {
        let place = format!("{} {}", happening.flow, happening.node);
        match &happening.what {
            What::Entered => self.note("flow", &format!("{place} v{}", happening.version)),
            What::Problem(why) => {
                tracing::warn!(call = self.row.id, place, why, "a call flow could not go on as drawn");
                self.note("flow_problem", &format!("{place} {why}"));
            }
            What::Key(_) | What::Gone => {}
        }
    }

    /// Plays at once what is at hand; what the voice must speak first follows when it is spoken.
    fn prepare(&mut self, no: u32, items: Vec<Item>) {
        let ready = self.core.flows.at_hand(&items);
        let (core, handle) = (self.core.clone(), self.handle.clone());
        match ready {
            Some(clips) => self.begin(no, clips),
            None => drop(tokio::spawn(async move {
                let clips = core.flows.sound(&items).await;
                handle.send(CallMessage::Sound(no, clips));
            })),
        }
    }

    fn begin(&mut self, no: u32, clips: Vec<Clip>) {
        let Some(flow) = &mut self.flow else { return };
        if flow.saying != Some((None, no)) {
            return;
        }
        if clips.is_empty() {
            // Nothing can be heard of it: it counts as said.
            return self.handle.send(CallMessage::Flow(Input::Said(no)));
        }
        match self.media.play(CITIZEN, clips, false) {
            Ok(play) => {
                flow.saying = Some((Some(play), no));
                self.playing = None;
            }
            Err(error) => {
                tracing::warn!(call = self.row.id, %error, "a prompt could not be played");
                self.handle.send(CallMessage::Flow(Input::Said(no)));
            }
        }
    }

    /// The voice has spoken; in the meantime an agent may have been found.
    pub(super) async fn say(&mut self, no: u32, clips: Vec<Clip>) {
        if matches!(
            self.state.phase(),
            state::Phase::Flow | state::Phase::Queued | state::Phase::Detour { .. }
        ) {
            self.begin(no, clips);
        }
    }

    /// Something else is played in place of what the flow says.
    pub(super) fn flow_interrupted(&mut self) {
        if let Some(flow) = &mut self.flow {
            flow.saying = None;
        }
    }

    /// What the flow said came to its end.
    pub(super) async fn flow_played(&mut self, play: u32) {
        let Some(flow) = &mut self.flow else { return };
        let Some((Some(current), no)) = flow.saying else { return };
        if current != play {
            return;
        }
        flow.saying = None;
        self.lead(Input::Said(no)).await;
        // Who waits goes on hearing music.
        let silent = self.playing.is_none() && self.flow.as_ref().is_some_and(|flow| flow.saying.is_none());
        if silent && *self.state.phase() == state::Phase::Queued {
            self.play(Sound::Music);
        }
    }

    fn keep_message(&mut self, mailbox: String, from: i64, to: i64) {
        let Some(recording_id) = self.row.recording_id.clone() else {
            tracing::error!(call = self.row.id, "a message was left and nothing recorded it");
            return;
        };
        let row = MessageRow {
            id: kernel::id::new_id(),
            call_id: self.row.id.clone(),
            recording_id,
            mailbox,
            caller: self.row.caller.clone(),
            hotline: self.hotline(),
            at: from,
            from_ms: from - self.row.started_at,
            length_ms: to - from,
            heard_at: None,
            agent_id: None,
            agent_name: None,
            done_at: None,
            done_name: None,
            done_note: None,
        };
        self.note("message_left", &(row.length_ms / 1_000).to_string());
        self.write(Record::Flow(Box::new(FlowRecord::Message(row))));
    }

    fn keep_wish(&mut self, number: String, queue_id: String, since: i64) {
        let row = CallbackRow {
            id: kernel::id::new_id(),
            call_id: self.row.id.clone(),
            number,
            queue_id,
            hotline: self.hotline(),
            at: self.core.kit.now().0,
            since,
            agent_id: None,
            agent_name: None,
            claimed_at: None,
            state: "open".to_owned(),
            done_at: None,
            done_name: None,
            done_note: None,
        };
        self.note("callback_wished", "");
        self.write(Record::Flow(Box::new(FlowRecord::Callback(row))));
    }

    fn keep_rating(&mut self, stars: Option<i64>) {
        let row = SurveyRow {
            call_id: self.row.id.clone(),
            at: self.core.kit.now().0,
            state: if stars.is_some() { "rated" } else { "wanted" }.to_owned(),
            stars,
            caller: self.row.caller.clone(),
            agent_id: self.row.agent_id.clone(),
            agent_name: self.row.agent_name.clone(),
        };
        if let Some(stars) = stars {
            self.note("rated", &stars.to_string());
        }
        self.write(Record::Flow(Box::new(FlowRecord::Survey(row))));
    }

    fn hotline(&self) -> String {
        self.flow.as_ref().map(|flow| flow.caller.hotline.clone()).unwrap_or_default()
    }

    /// Hands the counts of the flow over, when the call is over.
    pub(super) fn count_flow(&mut self) {
        let Some(flow) = &mut self.flow else { return };
        let counts = std::mem::take(&mut flow.counts);
        let at = self.row.started_at;
        for ((flow_id, version, node_id, what), times) in counts {
            let row = CountRow { flow_id, node_id, what, times };
            self.write(Record::Flow(Box::new(FlowRecord::Count { at, version, row })));
        }
    }
}

fn is_mobile(number: &str) -> bool {
    let number = number.strip_prefix("+86").unwrap_or(number);
    number.len() == 11 && number.starts_with('1') && number.bytes().all(|byte| byte.is_ascii_digit())
}
