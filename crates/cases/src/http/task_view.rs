//! Tasks as the reader sees them.

use kernel::{Ctx, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Cases;
use crate::case::action::Action;
use crate::case::{Case, Color, Kind, Step, Task, Urgency};
use crate::error::CaseError;
use crate::http::view::Named;
use crate::store::task::TaskLine;

/// Something to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    id: String,
    case_id: String,
    case_number: String,
    case_title: String,
    r#type: String,
    type_name: String,
    urgency: Urgency,
    district: Option<String>,
    step: Step,
    step_name: String,
    unit: Option<Named>,
    assignee: Option<Named>,
    /// `open`, `done`, `cancelled`.
    state: String,
    created_at: i64,
    closed_at: Option<i64>,
    due_at: Option<i64>,
    color: Option<Color>,
    /// What can be done with it, as nouns of addresses.
    actions: Vec<String>,
}

fn actions_of(step: Step) -> Vec<String> {
    let actions: &[Action] = match step {
        Step::Review => &[Action::Review, Action::Amend],
        Step::Amendment => &[Action::Amend],
        Step::Dispatch => &[Action::Dispatch, Action::Amend],
        Step::Acceptance => &[Action::Accept, Action::SendBack, Action::Assign],
        Step::Handling => &[Action::GiveFeedback, Action::Assign, Action::SendBack],
        Step::ResultReview => &[Action::ReviewResult],
        Step::ReturnVisit => &[Action::Visit],
        Step::Telling => &[Action::Tell],
        Step::Closure => &[Action::Close],
        Step::FollowUp => return vec!["follow_up".to_owned()],
        Step::ExtensionReview => &[Action::DecideExtension],
        Step::ObjectionReview => &[Action::DecideObjection],
        Step::ObjectionRuling => &[Action::RuleObjection],
        Step::SupervisionReply => &[Action::ReplySupervision],
        Step::SupervisionEvaluation => &[Action::EvaluateSupervision],
        Step::CoHandling => &[Action::AnswerCoHandling],
        Step::Summons => &[Action::ReportToSummons, Action::AnswerSummons],
        Step::Delegation => &[Action::AnswerDelegation],
        Step::Countersignature => &[Action::Sign],
        Step::StrikeOutReview => &[Action::DecideStrikeOut],
        Step::RedoReview => &[Action::DecideRedo],
        Step::Reconsideration => &[Action::Reconsider],
    };
    actions.iter().map(|action| action.code().to_owned()).collect()
}

pub(super) fn task_view(
    ctx: &Ctx,
    case: &Case,
    task: &Task,
    unit: Option<Named>,
    assignee: Option<Named>,
) -> TaskView {
    TaskView {
        id: task.id.0.clone(),
        case_id: case.id.0.clone(),
        case_number: case.number.clone(),
        case_title: case.title.clone(),
        r#type: case.kind.code().to_owned(),
        type_name: case.kind.name(ctx.lang).to_owned(),
        urgency: case.urgency,
        district: case.place.district.clone(),
        step: task.step,
        step_name: task.step.name(ctx.lang).to_owned(),
        unit,
        assignee,
        state: "open".to_owned(),
        created_at: task.opened_at.0,
        closed_at: None,
        due_at: task.due_at.map(|at| at.0),
        color: Color::of(task.yellow_at, task.due_at, ctx.now),
        actions: actions_of(task.step),
    }
}

impl Cases {
    /// Shows a line of the to-do list.
    pub(crate) async fn task_line(&self, ctx: &Ctx, line: TaskLine) -> Result<TaskView, CaseError> {
        let unreadable = |what| CaseError::Stored { what, reason: "unknown code".to_owned() };
        let step = Step::parse(&line.step).ok_or_else(|| unreadable("step"))?;
        let kind = Kind::parse(&line.kind).ok_or_else(|| unreadable("type"))?;
        let open = line.state == "open";
        let color = Color::of(line.yellow_at.map(Timestamp), line.due_at.map(Timestamp), ctx.now);
        Ok(TaskView {
            unit: self.named_unit(line.unit_id.as_deref()).await?,
            assignee: self.named_person(line.person_id.as_deref()).await?,
            id: line.id,
            case_id: line.case_id,
            case_number: line.number,
            case_title: line.title,
            r#type: line.kind,
            type_name: kind.name(ctx.lang).to_owned(),
            urgency: Urgency::parse(&line.urgency).ok_or_else(|| unreadable("urgency"))?,
            district: line.district,
            step,
            step_name: step.name(ctx.lang).to_owned(),
            state: line.state,
            created_at: line.opened_at,
            closed_at: line.closed_at,
            due_at: line.due_at,
            color: color.filter(|_| open),
            actions: if open { actions_of(step) } else { Vec::new() },
        })
    }
}
