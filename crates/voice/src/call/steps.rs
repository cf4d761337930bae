//! The steps of a call as its history keeps them, and its end.

use std::time::Duration;

use tokio::sync::mpsc;

use super::actor::Actor;
use super::leg::CITIZEN;
use super::record::{EventRow, Record, RecordingEnd, RecordingRow};
use super::state::{Note, Party, Phrase, Target};
use crate::media::MediaEvent;

/// How long the end of a recording is waited for.
const RECORDING_WAIT: Duration = Duration::from_secs(15);

fn target(target: &Target) -> String {
    format!("{}:{}", target.kind(), target.label())
}

fn party(party: &Party) -> String {
    format!("{} {} {}", party.no, target(&party.target), party.role.name())
}

impl Actor {
    /// Opens the books: the recording, the call, its first step.
    pub(super) fn open(&mut self, kind: &'static str, detail: &str) {
        self.start_recording();
        self.write(Record::Call(Box::new(self.row.clone())));
        self.note(kind, detail);
    }

    pub(super) fn take_note(&mut self, note: &Note) {
        match note {
            Note::Queued => self.note("queued", ""),
            Note::LeftQueue => self.note("left_queue", ""),
            Note::Announced(position) => self.note("announced", &position.to_string()),
            Note::Offered(seat) => self.note("offered", seat),
            Note::NotTaken(label, code) => {
                let code = code.map_or(String::new(), |code| format!(" {code}"));
                self.note("not_taken", &format!("{label}{code}"));
            }
            Note::Answered(seat) => {
                self.answers_now(seat);
                self.note("answered", seat);
            }
            Note::Held => self.note("held", ""),
            Note::Resumed => self.note("resumed", ""),
            Note::AgentLost(seat) => self.note("agent_lost", seat),
            Note::AgentBack(seat) => self.note("agent_back", seat),
            Note::Joined(who) => self.note("joined", &party(who)),
            Note::Left(who) => self.note("left", &party(who)),
            Note::Consulting(whom) => self.note("consulting", &target(whom)),
            Note::TakenBack => self.note("taken_back", ""),
            Note::Transferring(whom) => self.note("transferring", &target(whom)),
            Note::TransferCancelled => self.note("transfer_cancelled", ""),
            Note::Transferred(whom) => {
                match whom {
                    Target::Seat(seat) => self.answers_now(seat),
                    Target::Outside(_) => self.write(Record::Call(Box::new(self.row.clone()))),
                }
                self.note("transferred", &target(whom));
            }
            Note::Requeued => self.note("requeued", ""),
            Note::Conference(whom) => self.note("conference", &target(whom)),
            Note::Supervised(seat, mode) => self.note("supervised", &format!("seat:{seat} {}", mode.name())),
            Note::TakenOver(seat) => {
                self.answers_now(seat);
                self.note("taken_over", &format!("seat:{seat}"));
            }
            Note::Parked(seat) => self.note("parked", seat),
            Note::ParkedTooLong => self.note("parked_too_long", ""),
            Note::Retrieved(seat) => self.note("retrieved", seat),
            Note::Said(Phrase::Own) => {
                let title = self.own_phrase.0.clone();
                self.note("said", &title);
            }
            Note::Said(phrase) => self.note("said", phrase.name()),
            Note::Detour { flow, node, back } => {
                let node = node.as_deref().unwrap_or("-");
                self.note("detour", &format!("{flow} {node} {}", if *back { "back" } else { "away" }));
            }
            // What came of it is written by whoever ends it.
            Note::DetourOver => {}
            Note::LetGo(seat) => self.note("let_go", seat),
            Note::Dialled => {
                let number = self.row.called.clone();
                self.note("dialled", &number);
            }
            Note::DialFailed(code) => {
                self.dial_code = Some(*code);
                self.note("dial_failed", &code.to_string());
            }
            Note::CitizenAnswered => {
                if self.row.origin == "notice" {
                    self.row.answered_at = Some(self.core.kit.now().0);
                    self.write(Record::Call(Box::new(self.row.clone())));
                }
                self.called_back();
                self.note("citizen_answered", "");
            }
            Note::CitizenLeft => {
                self.left_at = Some(self.core.kit.now().0);
                self.media_done(self.media.stop_recording());
                self.note("citizen_left", "");
            }
            Note::Kicked(seat) => self.note("kicked", seat),
            Note::HungUp(by) => {
                self.row.hung_up_by = Some((*by).to_owned());
                self.note("hung_up", by);
            }
        }
    }

    /// Marks the missed call as seen to that this call answers.
    fn called_back(&self) {
        if let Some(missed_id) = self.reason.strip_prefix("missed:") {
            self.write(Record::CalledBack {
                missed_id: missed_id.to_owned(),
                call_id: self.row.id.clone(),
                agent_id: self.row.agent_id.clone().unwrap_or_default(),
                agent_name: self.row.agent_name.clone().unwrap_or_default(),
            });
        }
    }

    /// Tells the outbound task for which the call was made what came of it.
    fn tell_campaign(&self, now: i64) {
        let Some(attempt_id) = self.reason.strip_prefix("campaign:") else { return };
        let result = match (self.row.result.as_deref(), self.dial_code) {
            (Some("busy"), Some(600 | 603)) => "rejected",
            (Some(result), _) => result,
            (None, _) => "failed",
        };
        self.write(Record::CampaignCalled {
            attempt_id: attempt_id.to_owned(),
            call_id: self.row.id.clone(),
            result: result.to_owned(),
            at: now,
            talked_ms: self.row.answered_at.map_or(0, |_| self.row.talked_ms),
            keys: self.flow.as_ref().map(|flow| flow.run.findings().to_vec()).unwrap_or_default(),
        });
    }

    /// A seat answers for the call from now on.
    fn answers_now(&mut self, seat: &str) {
        let sitting = self.core.desk.sitting_at(seat);
        self.row.seat_no = Some(seat.to_owned());
        self.row.agent_id = sitting.as_ref().map(|sitting| sitting.person_id.clone());
        self.row.agent_name = sitting.map(|sitting| sitting.person_name);
        if self.row.contact_id.is_none() {
            self.row.contact_id = self.prefetch.contact_id();
        }
        let first = self.row.answered_at.is_none();
        if first {
            let now = self.core.kit.now().0;
            self.row.answered_at = Some(now);
            self.row.waited_ms = now - self.row.started_at;
        }
        let row = Box::new(self.row.clone());
        self.write(if first { Record::Answered(row) } else { Record::Call(row) });
    }

    pub(super) fn note(&mut self, kind: &'static str, detail: &str) {
        self.notes += 1;
        self.write(Record::Event(EventRow {
            call_id: self.row.id.clone(),
            no: self.notes,
            at: self.core.kit.now().0,
            kind,
            detail: detail.to_owned(),
        }));
    }

    pub(super) fn write(&self, record: Record) {
        self.core.writer.write(record);
    }

    fn start_recording(&mut self) {
        let id = kernel::id::new_id();
        let day = crate::core::local_day(&self.core.kit, self.row.started_at);
        if let Err(error) = self.media.start_recording(&id, &day, CITIZEN) {
            tracing::error!(call = self.row.id, %error, "a recording could not be started");
            return;
        }
        self.row.recording_id = Some(id.clone());
        self.write(Record::RecordingOpened(RecordingRow {
            id,
            call_id: self.row.id.clone(),
            path: String::new(),
            started_at: self.row.started_at,
        }));
    }

    pub(super) fn recorded(&mut self, event: MediaEvent) {
        let mut end = RecordingEnd {
            id: String::new(),
            call_id: self.row.id.clone(),
            path: None,
            duration_ms: 0,
            bytes: 0,
            repaired: false,
        };
        match event {
            MediaEvent::RecordingStopped { recording_id, path, duration_ms, bytes, dropped_ms } => {
                if dropped_ms > 0 {
                    tracing::error!(call = self.row.id, dropped_ms, "the disk was too slow for a recording");
                }
                end.id = recording_id;
                end.path = Some(path.to_string_lossy().into_owned());
                end.duration_ms = i64::try_from(duration_ms).unwrap_or(i64::MAX);
                end.bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            }
            MediaEvent::RecordingFailed { recording_id, reason } => {
                tracing::error!(call = self.row.id, reason, "a recording failed");
                self.note("recording_failed", "");
                end.id = recording_id;
            }
            _ => return,
        }
        self.write(Record::RecordingEnded(end.clone()));
        self.recording = Some(end);
    }

    pub(super) async fn finish(&mut self, mut sound: mpsc::Receiver<MediaEvent>) {
        let now = self.core.kit.now().0;
        let now = self.left_at.unwrap_or(now);
        self.row.ended_at = Some(now);
        self.end_talk();
        self.count_flow();
        self.row.result = self.outcome.map(|outcome| outcome.name().to_owned());
        match self.row.answered_at {
            Some(at) => {
                let until = self.flow.as_ref().and_then(|flow| flow.talk_ended).unwrap_or(now);
                self.row.talked_ms = until - at;
            }
            None => self.row.waited_ms = now - self.row.started_at,
        }
        if self.row.contact_id.is_none() {
            self.row.contact_id = self.prefetch.contact_id();
        }
        self.write(Record::Ended(Box::new(self.row.clone())));
        self.tell_campaign(now);
        self.core.desk.remove_call(&self.row.id);
        if let Some(leg) = self.citizen {
            self.core.tokens.end(leg);
        }
        if self.row.recording_id.is_some() && self.recording.is_none() {
            self.media_done(self.media.stop_recording());
            let until = tokio::time::sleep(RECORDING_WAIT);
            tokio::pin!(until);
            while self.recording.is_none() {
                tokio::select! {
                    event = sound.recv() => match event {
                        Some(event @ (MediaEvent::RecordingStopped { .. } | MediaEvent::RecordingFailed { .. })) => {
                            self.recorded(event);
                        }
                        Some(_) => {}
                        None => break,
                    },
                    () = &mut until => {
                        tracing::error!(call = self.row.id, "a recording was not finished; the next start repairs it");
                        break;
                    }
                }
            }
        }
        self.media_done(self.media.end_call());
    }
}
