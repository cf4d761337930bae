//! Looks at the floor once a second, asks the rules, claims numbers and dials.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kernel::DbError;

use super::pacing::{Candidate, Decision, Pace, Room, decide};
use super::{Mode, Plan};
use crate::call::state::Kind;
use crate::call::{Dialling, announce, dial};
use crate::callflow::model::{self, Flow, HangUp, Language, Menu, Node, Speech};
use crate::callflow::{Program, Run};
use crate::core::Core;
use crate::error::VoiceError;
use crate::store::campaign_calls::{self, Ended};
use crate::store::campaign_targets::{self, TargetRow};
use crate::store::campaigns::{self, CampaignRow};

/// Numbers that are looked at in one turn of one task.
const LOOK_AT: i64 = 300;
/// How long an agent may look at a number without calling it, in milliseconds.
const CLAIM_MS: i64 = 30 * 60_000;
/// The flow of a notice that only has a text.
const SPOKEN: &str = "notice_text";

/// What makes outbound tasks call. Clones share it.
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
    recovered: Arc<AtomicBool>,
    born_at: i64,
}

impl Engine {
    /// Makes one; calls that were made before now and never ended were cut off by a stop of the server.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        let born_at = core.kit.now().0;
        Self { core, recovered: Arc::default(), born_at }
    }

    /// Takes one turn of all tasks that run.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn turn(&self) -> Result<(), VoiceError> {
        let core = &self.core;
        let now = core.kit.now().0;
        if !self.recovered.load(Ordering::Relaxed) {
            let mut tx = core.kit.db.begin().await?;
            let cut = campaign_calls::interrupted(&mut tx, self.born_at - 1_000, now).await?;
            tx.commit().await?;
            if cut > 0 {
                tracing::warn!(cut, "calls of outbound tasks were cut off by a stop");
            }
            self.recovered.store(true, Ordering::Relaxed);
        }
        let running = campaigns::running(&core.kit.db).await?;
        if running.is_empty() {
            return Ok(());
        }
        let agents = campaigns::agents(&core.kit.db).await?;
        for campaign in running {
            let joined: Vec<&str> = agents
                .iter()
                .filter(|(id, _)| *id == campaign.id)
                .map(|(_, person)| person.as_str())
                .collect();
            match campaign.plan() {
                Ok(plan) => self.turn_of(&campaign, &plan, &joined, now).await?,
                Err(error) => tracing::error!(campaign = campaign.id, %error, "a task can't be read"),
            }
        }
        Ok(())
    }

    async fn turn_of(
        &self,
        campaign: &CampaignRow,
        plan: &Plan,
        joined: &[&str],
        now: i64,
    ) -> Result<(), VoiceError> {
        let core = &self.core;
        let db = &core.kit.db;
        let candidates = campaign_targets::due(db, &campaign.id, now, LOOK_AT).await?;
        let running = campaign_targets::running(db, &campaign.id).await?;
        if candidates.is_empty() {
            if running == 0 {
                let mut tx = db.begin().await?;
                campaign_calls::give_back_stale(&mut tx, now - CLAIM_MS, now).await?;
                if campaign_calls::finish(&mut tx, campaign, now).await? {
                    tx.emit(
                        &kernel::Ctx::system("voice", kernel::Timestamp(now)),
                        &contract::voice::CampaignDone {
                            campaign_id: campaign.id.clone(),
                            name: campaign.name.clone(),
                        },
                    );
                }
                tx.commit().await?;
            }
            return Ok(());
        }
        let room = self.room(plan, joined, usize::try_from(running).unwrap_or(usize::MAX), now);
        if !room.open {
            return Ok(());
        }
        let numbers: Vec<String> = candidates.iter().map(|candidate| candidate.number.clone()).collect();
        let pace = pace(plan);
        let since = now - (24 * 3_600_000).max(pace.gap_ms);
        let past = campaign_targets::past(db, &numbers, since).await?;
        let routing = core.desk.routing();
        let decisions =
            decide(&pace, &room, &candidates, &past, &|number| routing.is_unwanted(number, now), now);
        self.note(&decisions, now).await?;
        for decision in decisions {
            if let Decision::Call { target, seat } = decision {
                self.call(plan, &target, seat).await?;
            }
        }
        Ok(())
    }

    /// Looks at the floor and the trunks.
    fn room(&self, plan: &Plan, joined: &[&str], running: usize, now: i64) -> Room {
        let core = &self.core;
        let queue = core.desk.queue_view();
        let mut seats: Vec<_> = core
            .desk
            .seat_views()
            .into_iter()
            .filter(|seat| seat.state == "ready" && seat.phone && joined.contains(&seat.person_id.as_str()))
            .collect();
        seats.sort_by_key(|seat| seat.since);
        Room {
            open: core.flows.is_open(&plan.hours_id, now),
            running,
            free_lines: free_lines(core),
            ready: queue.ready,
            seats: seats.into_iter().map(|seat| seat.seat_no).collect(),
            waiting: queue.waiting,
        }
    }

    async fn note(&self, decisions: &[Decision], now: i64) -> Result<(), DbError> {
        if decisions.iter().all(|decision| matches!(decision, Decision::Call { .. })) {
            return Ok(());
        }
        let mut tx = self.core.kit.db.begin().await?;
        for decision in decisions {
            match decision {
                Decision::Skip { target, why } => campaign_calls::skip(&mut tx, target, why, now).await?,
                Decision::Later { target, at } => campaign_calls::postpone(&mut tx, target, *at).await?,
                Decision::Call { .. } => {}
            }
        }
        tx.commit().await
    }

    async fn call(&self, plan: &Plan, target: &str, seat: Option<String>) -> Result<(), VoiceError> {
        let person = seat.as_deref().and_then(|seat| self.core.desk.sitting_at(seat));
        if seat.is_some() && person.is_none() {
            return Ok(());
        }
        let agent = person.as_ref().map(|sitting| (sitting.person_id.as_str(), sitting.person_name.as_str()));
        call_target(&self.core, plan, target, seat.as_deref().zip(agent)).await.map(drop)
    }
}

fn pace(plan: &Plan) -> Pace {
    let count = |number: i64| usize::try_from(number).unwrap_or(0);
    Pace {
        mode: plan.mode,
        lines_max: count(plan.lines_max),
        keep_ready: count(plan.keep_ready),
        attempts_max: plan.retry.attempts_max,
        day_max: count(plan.retry.day_max),
        gap_ms: plan.retry.gap_minutes * 60_000,
    }
}

/// Returns how many lines outward are free; a trunk without a limit has room for every call of the house.
fn free_lines(core: &Core) -> usize {
    let trunks = &core.config.trunks;
    let lines = trunks
        .iter()
        .map(|trunk| trunk.channels.unwrap_or(core.config.call_limit))
        .fold(0_usize, usize::saturating_add);
    let used: usize = core
        .desk
        .call_views()
        .iter()
        .map(|call| {
            let outside = call.parties.iter().filter(|party| party.kind == "outside").count();
            usize::from(call.direction != "internal") + outside
        })
        .sum();
    lines.saturating_sub(used)
}

/// Tells why a number may not be called now although an agent asks for it.
///
/// # Errors
/// When the database fails.
pub async fn hindrance(
    core: &Core,
    plan: &Plan,
    target: &TargetRow,
) -> Result<Option<&'static str>, DbError> {
    let now = core.kit.now().0;
    if !core.flows.is_open(&plan.hours_id, now) {
        return Ok(Some("closed"));
    }
    let pace = Pace { mode: Mode::Notice, lines_max: usize::MAX, ..pace(plan) };
    let room = Room { open: true, free_lines: free_lines(core), ..Room::default() };
    let past = campaign_targets::past(
        &core.kit.db,
        std::slice::from_ref(&target.number),
        now - (24 * 3_600_000).max(pace.gap_ms),
    )
    .await?;
    let candidate = Candidate {
        target: target.id.clone(),
        number: target.number.clone(),
        attempts: target.attempts,
        due_at: 0,
    };
    let unwanted = |number: &str| core.desk.routing().is_unwanted(number, now);
    Ok(match decide(&pace, &room, &[candidate], &past, &unwanted, now).first() {
        Some(Decision::Call { .. }) => None,
        Some(Decision::Skip { why, .. }) => Some(why),
        Some(Decision::Later { .. }) => Some("too_soon"),
        None => Some("no_line"),
    })
}

/// Claims a line and dials it: with an agent (seat, person, name), or led by a flow. Returns the call, or
/// nothing when somebody else was faster.
///
/// # Errors
/// When the database fails, or the house is full.
pub async fn call_target(
    core: &Arc<Core>,
    plan: &Plan,
    target: &str,
    agent: Option<(&str, (&str, &str))>,
) -> Result<Option<String>, VoiceError> {
    let attempt = kernel::id::new_id();
    let now = core.kit.now().0;
    let mut tx = core.kit.db.begin().await?;
    if !campaign_calls::begin(&mut tx, &attempt, target, agent.map(|(_, person)| person), now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    let row = campaign_targets::find(&core.kit.db, target).await?;
    let dialled = match (row, agent) {
        (None, _) => Err(VoiceError::NoCall),
        (Some(row), Some((seat, _))) => {
            let reason = format!("campaign:{attempt}");
            let (seat, contact_id) = (seat.to_owned(), row.contact_id);
            dial(core, Dialling { seat, kind: Kind::Out, number: row.number, contact_id, reason })
        }
        (Some(row), None) => {
            let run = notice(core, plan, &row);
            announce(core, row.number, format!("campaign:{attempt}"), run)
        }
    };
    match dialled {
        Ok(call) => Ok(Some(call)),
        Err(error) => {
            let ended = Ended {
                attempt_id: &attempt,
                call_id: "",
                result: "cancelled",
                at: now,
                talked_ms: 0,
                keys: &[],
            };
            let mut tx = core.kit.db.begin().await?;
            campaign_calls::end(&mut tx, &ended).await?;
            tx.commit().await?;
            Err(error)
        }
    }
}

/// Returns what a script may say of a line.
#[must_use]
pub fn variables(target: &TargetRow) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = serde_json::from_str(&target.fields).unwrap_or_default();
    all.insert("name".to_owned(), target.name.clone());
    all.insert("number".to_owned(), target.number.clone());
    all.insert("case_number".to_owned(), target.case_number.clone().unwrap_or_default());
    all.insert("unit".to_owned(), target.unit_name.clone().unwrap_or_default());
    all
}

/// Makes the run that speaks to whoever answers.
fn notice(core: &Core, plan: &Plan, target: &TargetRow) -> Run {
    let program = match &plan.flow_id {
        Some(flow) => core.flows.program(flow),
        None => {
            let mut flows = BTreeMap::new();
            flows.insert(SPOKEN.to_owned(), (0, Arc::new(spoken(&plan.script))));
            Arc::new(Program { start: SPOKEN.to_owned(), flows })
        }
    };
    Run::new(program, Language::Zh).knowing(variables(target))
}

/// A flow that says a text, can say it again, and asks that 1 is pressed.
#[must_use]
pub fn spoken(text: &str) -> Flow {
    let node = |id: &str, kind, exits: &[(&str, &str)]| Node {
        id: id.to_owned(),
        name: String::new(),
        x: 0.0,
        y: 0.0,
        kind,
        exits: exits.iter().map(|(exit, to)| ((*exit).to_owned(), (*to).to_owned())).collect(),
    };
    let say = format!("{}。确认收到请按一，重听请按星号。", text.trim().trim_end_matches(['。', '.']));
    let confirm = Menu {
        say: Speech::text(&say, ""),
        keys: vec!["1".to_owned()],
        repeat_key: Some("*".to_owned()),
        tries: 2,
        ..Menu::default()
    };
    let thanks = HangUp { say: Speech::text("谢谢，再见。", "") };
    Flow {
        schema: 1,
        start: "confirm".to_owned(),
        nodes: vec![
            node(
                "confirm",
                model::Kind::Menu(confirm),
                &[("1", "end"), ("timeout", "end"), ("invalid", "end")],
            ),
            node("end", model::Kind::HangUp(thanks), &[]),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callflow::{Known, check};

    #[test]
    fn a_spoken_notice_is_a_flow_that_may_be_published() {
        let known = Known { voice: true, ..Known::default() };
        let findings = check(&spoken("{{name}}您好，明日停水。"), &known);
        assert!(findings.is_empty(), "{findings:?}");
    }
}
