//! What stands beside the course of an order, as the reader sees it.

use kernel::{Ctx, Principal, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Cases;
use crate::case::Color;
use crate::case::application::{Application, ApplicationKind, ApplicationState, Decider};
use crate::case::errand::{Errand, ErrandKind, ErrandState};
use crate::error::CaseError;
use crate::http::view::Named;

/// Something that was asked for and is decided by somebody else.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationView {
    id: String,
    kind: ApplicationKind,
    kind_name: String,
    state: ApplicationState,
    state_name: String,
    decider: Decider,
    decider_name: String,
    reason: String,
    /// Working days that were asked for.
    days: Option<i64>,
    /// What an objection rests on.
    evidence: Option<String>,
    /// The unit that should have the order, in the eyes of the one that objects.
    suggested_unit: Option<Named>,
    /// The unit that asks.
    unit: Option<Named>,
    asked_by: String,
    asked_at: i64,
    decided_by: Option<String>,
    decided_at: Option<i64>,
    opinion: Option<String>,
}

/// Something that a unit or a person owes beside the course.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErrandView {
    id: String,
    kind: ErrandKind,
    kind_name: String,
    state: ErrandState,
    state_name: String,
    /// What belongs together: a round of countersigning.
    round: Option<String>,
    unit: Option<Named>,
    person: Option<Named>,
    text: String,
    given_by: String,
    given_at: i64,
    due_at: Option<i64>,
    color: Option<Color>,
    /// When a summoned unit came.
    reported_at: Option<i64>,
    answer: Option<String>,
    answered_at: Option<i64>,
    answered_by: Option<String>,
    /// Whether the answer came after its limit.
    late: bool,
    /// `good`, `poor`, `approve`, `reject`.
    grade: Option<String>,
    evaluation: Option<String>,
    evaluated_at: Option<i64>,
    evaluated_by: Option<String>,
    data: Value,
    /// Whether the reader owes it.
    mine: bool,
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}

impl Cases {
    pub(super) async fn application_view(
        &self,
        ctx: &Ctx,
        one: &Application,
    ) -> Result<ApplicationView, CaseError> {
        let text =
            |name: &str| one.data[name].as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
        Ok(ApplicationView {
            id: one.id.clone(),
            kind: one.kind,
            kind_name: one.kind.name(ctx.lang).to_owned(),
            state: one.state,
            state_name: one.state.name(ctx.lang).to_owned(),
            decider: one.decider,
            decider_name: one.decider.name(ctx.lang).to_owned(),
            reason: one.reason.clone(),
            days: one.data["days"].as_i64(),
            evidence: text("evidence"),
            suggested_unit: self.named_unit(one.data["unit_id"].as_str()).await?,
            unit: self.named_unit(one.unit.as_ref().map(|unit| unit.id.as_str())).await?,
            asked_by: one.asked_by_name.clone(),
            asked_at: one.asked_at.0,
            decided_by: one.decided_by_name.clone(),
            decided_at: millis(one.decided_at),
            opinion: one.opinion.clone(),
        })
    }

    pub(super) async fn errand_view(
        &self,
        ctx: &Ctx,
        by: &Principal,
        one: &Errand,
    ) -> Result<ErrandView, CaseError> {
        let open = one.state == ErrandState::Open;
        Ok(ErrandView {
            id: one.id.clone(),
            kind: one.kind,
            kind_name: one.kind.name(ctx.lang).to_owned(),
            state: one.state,
            state_name: one.state.name(ctx.lang).to_owned(),
            round: one.round.clone(),
            unit: self.named_unit(one.unit.as_ref().map(|unit| unit.id.as_str())).await?,
            person: self.named_person(one.person_id.as_deref()).await?,
            text: one.text.clone(),
            given_by: one.given_by_name.clone(),
            given_at: one.given_at.0,
            due_at: millis(one.due_at),
            color: Color::of(one.yellow_at, one.due_at, ctx.now).filter(|_| open),
            reported_at: millis(one.reported_at),
            answer: one.answer.clone(),
            answered_at: millis(one.answered_at),
            answered_by: one.answered_by_name.clone(),
            late: one.due_at.is_some_and(|due_at| one.answered_at.unwrap_or(ctx.now) > due_at)
                && one.state != ErrandState::Cancelled,
            grade: one.grade.clone(),
            evaluation: one.evaluation.clone(),
            evaluated_at: millis(one.evaluated_at),
            evaluated_by: one.evaluated_by_name.clone(),
            data: one.data.clone(),
            mine: open && one.is_owed_by(by),
        })
    }
}
