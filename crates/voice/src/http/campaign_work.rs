//! Outbound tasks at the agent's seat: taking part, the next number, the call, what came of it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{Audit, HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::campaign_targets::Target;
use super::campaigns::found;
use super::seat::my_sitting;
use crate::callflow::template::{Use, fill};
use crate::campaign::engine::{call_target, hindrance, variables};
use crate::campaign::questions::{self, Question};
use crate::campaign::{Mode, Plan, State as CampaignState};
use crate::core::Core;
use crate::error::VoiceError;
use crate::store::campaign_calls::{self, Outcome};
use crate::store::campaign_targets::{self, TargetRow};
use crate::store::campaigns::{self, CampaignRow};
use crate::store::numbers;

/// How far ahead a citizen may be called again, in milliseconds: 60 days.
const LATER_MAX_MS: i64 = 60 * 24 * 3_600_000;
/// When a number that an agent gave back comes again, in milliseconds.
const GIVE_BACK_MS: i64 = 10 * 60_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_my_campaigns))
        .routes(routes!(join_campaign, leave_campaign))
        .routes(routes!(take_next_target))
        .routes(routes!(show_attempt_target))
        .routes(routes!(call_campaign_target))
        .routes(routes!(give_target_back))
        .routes(routes!(conclude_target))
}

/// A task that calls now.
#[derive(Serialize, ToSchema)]
struct MyCampaign {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// How numbers are called.
    mode: Mode,
    /// `running` or `paused`.
    state: CampaignState,
    /// Numbers that are still called.
    waiting: i64,
    /// Whether I take part.
    joined: bool,
    /// Whether people may be called now.
    open: bool,
}

#[derive(Serialize, ToSchema)]
struct MyCampaigns {
    /// The tasks.
    items: Vec<MyCampaign>,
}

/// What an agent sees of a number: what to say and what to ask.
#[derive(Serialize, ToSchema)]
struct CampaignTask {
    /// The task.
    campaign_id: String,
    /// Its name.
    campaign_name: String,
    /// How numbers are called.
    mode: Mode,
    /// What is said, with what is known of the citizen put in.
    script: String,
    /// What is asked.
    questions: Vec<Question>,
    /// The line of the list.
    target: Target,
}

/// The next number, if there is one.
#[derive(Serialize, ToSchema)]
struct NextTarget {
    /// It.
    task: Option<CampaignTask>,
}

/// A call that was begun.
#[derive(Serialize, ToSchema)]
struct CampaignCall {
    /// The call.
    call_id: String,
}

#[derive(Deserialize, ToSchema)]
struct CampaignOutcome {
    /// `completed`, `refused`, `wrong_person`, `later`.
    result: String,
    /// The answers, by question.
    #[serde(default)]
    #[schema(value_type = Object)]
    answers: Map<String, Value>,
    /// In the agent's words.
    #[serde(default)]
    note: String,
    /// When the citizen is called again, epoch milliseconds; with `later`.
    call_at: Option<i64>,
    /// Whether the citizen asked not to be called by outbound tasks any more.
    #[serde(default)]
    do_not_call: bool,
}

fn agent(me: &Principal) -> HttpResult<()> {
    me.require("call.answer")?;
    me.require("call.dial")?;
    Ok(())
}

fn plan_of(row: &CampaignRow) -> HttpResult<Plan> {
    row.plan().map_err(|error| Problem::from_internal(&error))
}

fn task(row: &CampaignRow, plan: Plan, target: TargetRow, masked: bool) -> CampaignTask {
    let known = variables(&target).into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    CampaignTask {
        campaign_id: row.id.clone(),
        campaign_name: row.name.clone(),
        mode: plan.mode,
        script: fill(&plan.script, &known, Use::Plain),
        questions: plan.questions,
        target: Target::new(target, masked),
    }
}

/// Lists the tasks that I may take part in.
#[utoipa::path(get, path = "/voice/my-campaigns", operation_id = "list_my_campaigns", tag = "voice",
    responses((status = 200, body = MyCampaigns)))]
async fn list_my_campaigns(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<MyCampaigns>> {
    agent(&me)?;
    let db = &core.kit.db;
    let now = core.kit.now().0;
    let agents = campaigns::agents(db).await.map_err(VoiceError::from)?;
    let mut items = Vec::new();
    for row in campaigns::running(db).await.map_err(VoiceError::from)? {
        let plan = plan_of(&row)?;
        if plan.mode == Mode::Notice {
            continue;
        }
        let counts = campaign_targets::counts(db, &row.id, (kernel::Scope::All, &me))
            .await
            .map_err(VoiceError::from)?;
        items.push(MyCampaign {
            waiting: counts.iter().filter(|(state, ..)| state == "waiting").map(|(.., n)| n).sum(),
            joined: agents.iter().any(|(campaign, person)| *campaign == row.id && *person == me.person_id),
            open: core.flows.is_open(&plan.hours_id, now),
            mode: plan.mode,
            state: row.state(),
            name: row.name,
            id: row.id,
        });
    }
    Ok(Json(MyCampaigns { items }))
}

/// Takes part in a task from my seat, and in no other; a progressive one gives me calls when I am ready.
#[utoipa::path(put, path = "/voice/campaigns/{id}/membership", operation_id = "join_campaign", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn join_campaign(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    agent(&me)?;
    let row = found(&core, &id).await?;
    if row.state() != CampaignState::Running || plan_of(&row)?.mode == Mode::Notice {
        return Err(VoiceError::CampaignState.into());
    }
    membership(&core, &me, &ctx, Some(&id)).await
}

async fn membership(
    core: &Core,
    me: &Principal,
    ctx: &kernel::Ctx,
    campaign: Option<&str>,
) -> HttpResult<StatusCode> {
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    campaigns::join(&mut tx, &me.person_id, campaign, ctx.now.0).await.map_err(VoiceError::from)?;
    let action = if campaign.is_some() { "campaign.join" } else { "campaign.leave" };
    tx.audit(ctx, Audit::new(action, "campaign", campaign.unwrap_or_default()));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes part no longer.
#[utoipa::path(delete, path = "/voice/campaigns/{id}/membership", operation_id = "leave_campaign", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn leave_campaign(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    agent(&me)?;
    found(&core, &id).await?;
    membership(&core, &me, &ctx, None).await
}

/// Takes the next number of a task to look at; one that I have already comes again.
#[utoipa::path(post, path = "/voice/campaigns/{id}/next", operation_id = "take_next_campaign_target", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = NextTarget)))]
async fn take_next_target(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<NextTarget>> {
    agent(&me)?;
    let row = found(&core, &id).await?;
    let plan = plan_of(&row)?;
    if row.state() != CampaignState::Running || plan.mode != Mode::Preview {
        return Err(VoiceError::CampaignState.into());
    }
    let db = &core.kit.db;
    let masked = me.is_masked("phone");
    let mine = campaign_calls::claimed_by(db, &id, &me.person_id).await.map_err(VoiceError::from)?;
    let due = campaign_targets::due(db, &id, ctx.now.0, 100).await.map_err(VoiceError::from)?;
    for candidate in mine.iter().cloned().chain(due.into_iter().map(|candidate| candidate.target)) {
        let Some(target) = campaign_targets::find(db, &candidate).await.map_err(VoiceError::from)? else {
            continue;
        };
        if mine.as_deref() != Some(candidate.as_str()) {
            match hindrance(&core, &plan, &target).await.map_err(VoiceError::from)? {
                None => {}
                Some("closed" | "no_line") => break,
                Some(_) => continue,
            }
            let mut tx = db.begin().await.map_err(VoiceError::from)?;
            let claimed = campaign_calls::claim(&mut tx, &candidate, (&me.person_id, &me.name), ctx.now.0)
                .await
                .map_err(VoiceError::from)?;
            tx.commit().await.map_err(VoiceError::from)?;
            if !claimed {
                continue;
            }
        }
        return Ok(Json(NextTarget { task: Some(task(&row, plan, target, masked)) }));
    }
    Ok(Json(NextTarget { task: None }))
}

/// Shows the number that a call of mine is about: what to say and what to ask.
#[utoipa::path(get, path = "/voice/campaign-attempts/{id}", operation_id = "show_campaign_attempt", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = CampaignTask)))]
async fn show_attempt_target(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<CampaignTask>> {
    agent(&me)?;
    let target = campaign_targets::of_attempt(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    let target = target.filter(|target| target.agent_id.as_deref() == Some(&me.person_id));
    let target = target.ok_or_else(Problem::not_found)?;
    let row = found(&core, &target.campaign_id).await?;
    let plan = plan_of(&row)?;
    Ok(Json(task(&row, plan, target, me.is_masked("phone"))))
}

async fn mine(core: &Core, me: &Principal, id: &str) -> HttpResult<TargetRow> {
    let row = campaign_targets::find(&core.kit.db, id).await.map_err(VoiceError::from)?;
    row.filter(|row| row.agent_id.as_deref() == Some(&me.person_id)).ok_or_else(Problem::not_found)
}

/// Calls the number that I look at; my telephone rings first.
#[utoipa::path(post, path = "/voice/campaign-targets/{id}/calls", operation_id = "create_campaign_call", tag = "voice",
    params(("id" = String, Path)), responses((status = 201, body = CampaignCall)))]
async fn call_campaign_target(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<(StatusCode, Json<CampaignCall>)> {
    agent(&me)?;
    let target = mine(&core, &me, &id).await?;
    let row = found(&core, &target.campaign_id).await?;
    let plan = plan_of(&row)?;
    let sitting = my_sitting(&core, &me)?;
    if !core.desk.is_free(&sitting.seat_no) {
        return Err(VoiceError::SeatBusy.into());
    }
    if target.state != "claimed" || row.state() != CampaignState::Running {
        return Err(VoiceError::CampaignState.into());
    }
    if let Some(why) = hindrance(&core, &plan, &target).await.map_err(VoiceError::from)? {
        return Err(VoiceError::NotToBeCalled(why).into());
    }
    let agent = Some((sitting.seat_no.as_str(), (me.person_id.as_str(), me.name.as_str())));
    let call_id = call_target(&core, &plan, &id, agent).await?.ok_or(VoiceError::CampaignState)?;
    Ok((StatusCode::CREATED, Json(CampaignCall { call_id })))
}

/// Gives a number back that I looked at and did not call.
#[utoipa::path(delete, path = "/voice/campaign-targets/{id}/claim", operation_id = "release_campaign_target", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn give_target_back(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    agent(&me)?;
    mine(&core, &me, &id).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let done = campaign_calls::give_back(&mut tx, &id, &me.person_id, ctx.now.0 + GIVE_BACK_MS)
        .await
        .map_err(VoiceError::from)?;
    if !done {
        return Err(VoiceError::CampaignState.into());
    }
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes down what came of the talk: the answers, or why there are none.
#[utoipa::path(put, path = "/voice/campaign-targets/{id}/outcome", operation_id = "update_campaign_outcome", tag = "voice",
    params(("id" = String, Path)), request_body = CampaignOutcome, responses((status = 200, body = Target)))]
async fn conclude_target(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<CampaignOutcome>,
) -> HttpResult<Json<Target>> {
    agent(&me)?;
    let target = mine(&core, &me, &id).await?;
    let plan = plan_of(&found(&core, &target.campaign_id).await?)?;
    let mut problem = Problem::invalid();
    if !["completed", "refused", "wrong_person", "later"].contains(&body.result.as_str()) {
        problem = problem.field("result", "unknown", "请选择结果。", "Please choose what came of it.");
    }
    if body.note.chars().count() > 1_000 {
        problem = problem.field("note", "length", "备注最多 1000 字。", "At most 1,000 characters.");
    }
    let later = body.result == "later";
    let in_time = |at: &i64| (ctx.now.0..ctx.now.0 + LATER_MAX_MS).contains(at);
    if later && !body.call_at.as_ref().is_some_and(in_time) {
        problem = problem.field(
            "call_at",
            "past",
            "请选择 60 天内的再呼时间。",
            "Please choose when to call again, within 60 days.",
        );
    }
    let answers = match questions::read(&plan.questions, &body.answers, body.result == "completed") {
        Ok(answers) => answers,
        Err(question) => {
            let title = plan.questions.iter().find(|one| one.id == question).map(|one| one.title.clone());
            let title = title.unwrap_or_default();
            problem = problem.field(
                "answers",
                &question,
                &format!("请回答：{title}"),
                &format!("Please answer: {title}"),
            );
            Value::Null
        }
    };
    if problem.has_fields() {
        return Err(problem);
    }
    let said = Outcome {
        result: &body.result,
        answers: &answers.to_string(),
        note: body.note.trim(),
        call_at: body.call_at.filter(|_| later && !body.do_not_call),
    };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !campaign_calls::conclude(&mut tx, &id, &said, ctx.now.0).await.map_err(VoiceError::from)? {
        return Err(VoiceError::CampaignState.into());
    }
    if body.do_not_call {
        numbers::put(&mut tx, &ctx, "do_not_call", &target.number, "市民要求不再外呼", None)
            .await
            .map_err(VoiceError::from)?;
        crate::store::queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    }
    tx.audit(&ctx, Audit::new("campaign.conclude", "campaign_target", &id));
    tx.commit().await.map_err(VoiceError::from)?;
    if body.do_not_call {
        core.desk.settings_changed().await.map_err(VoiceError::from)?;
    }
    let row = mine(&core, &me, &id).await?;
    Ok(Json(Target::new(row, me.is_masked("phone"))))
}
