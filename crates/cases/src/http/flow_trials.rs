//! `POST /flow-checks` and `POST /flow-trials`: what is wrong with a drawing, and a rehearsal of it.

use axum::extract::State;
use flow::{ElementKind, Event};
use kernel::HttpResult;
use kernel::http::{Auth, Json};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::design::{Act, Trial, XML_MAX, faults, rehearse};
use crate::error::Check;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(check_flow)).routes(routes!(rehearse_flow))
}

/// A drawing.
#[derive(Debug, Deserialize, ToSchema)]
struct CheckRequest {
    /// BPMN 2.0.
    xml: String,
}

/// A fault of a drawing.
#[derive(Serialize, ToSchema)]
struct FaultView {
    /// The element at fault; empty when the whole drawing is.
    element_id: String,
    /// Its BPMN name.
    element: String,
    code: String,
    zh: String,
    en: String,
}

/// Lists why orders could not run a drawing; nothing when they can.
#[utoipa::path(
    post, path = "/flow-checks", operation_id = "check_flow", tag = "flows", request_body = CheckRequest,
    responses((status = 200, description = "The faults", body = Vec<FaultView>))
)]
async fn check_flow(
    State(_cases): State<Cases>,
    Auth(by): Auth,
    Json(body): Json<CheckRequest>,
) -> HttpResult<Json<Vec<FaultView>>> {
    by.require("flow.read")?;
    let faults = faults(&body.xml).into_iter().map(|fault| FaultView {
        element_id: fault.element_id,
        element: fault.element,
        code: fault.code.to_owned(),
        zh: fault.zh,
        en: fault.en,
    });
    Ok(Json(faults.collect()))
}

/// Something that happens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case")]
enum ActBody {
    /// A task is done.
    Complete {
        task_id: String,
        action: String,
        /// Variables that it sets.
        #[serde(default)]
        #[schema(value_type = Object)]
        variables: Map<String, Value>,
    },
    /// A timer fires.
    Fire { timer_id: String },
    /// A message comes.
    Message { name: String },
    /// A signal is given.
    Signal { name: String },
}

/// A rehearsal: the same drawing with the same acts comes to the same point.
#[derive(Debug, Deserialize, ToSchema)]
struct TrialRequest {
    /// BPMN 2.0.
    xml: String,
    /// Variables at the start.
    #[serde(default)]
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
    /// What happened so far.
    #[serde(default)]
    acts: Vec<ActBody>,
}

/// Where a rehearsal stands.
#[derive(Serialize, ToSchema)]
struct TrialView {
    /// `running`, `ended` or `cancelled`.
    state: String,
    /// Elements in the order in which they were entered.
    entered: Vec<String>,
    /// Elements on which tokens rest.
    active: Vec<String>,
    /// Flows that were taken.
    taken: Vec<String>,
    tasks: Vec<TrialTask>,
    timers: Vec<TrialTimer>,
    /// Messages that are waited for.
    messages: Vec<String>,
    /// Signals that are waited for.
    signals: Vec<String>,
    /// What cannot go on.
    incidents: Vec<TrialIncident>,
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
}

/// A task that waits.
#[derive(Serialize, ToSchema)]
struct TrialTask {
    task_id: String,
    element_id: String,
    name: String,
    /// Actions that complete it; any when there are none.
    actions: Vec<TrialAction>,
}

/// A way to complete a task.
#[derive(Serialize, ToSchema)]
struct TrialAction {
    name: String,
    zh: String,
    en: String,
}

/// A timer that waits.
#[derive(Serialize, ToSchema)]
struct TrialTimer {
    timer_id: String,
    element_id: String,
    name: String,
}

/// Something that cannot go on.
#[derive(Serialize, ToSchema)]
struct TrialIncident {
    element_id: String,
    code: String,
    message: String,
}

/// Plays a drawing without any order: which tasks, timers and messages wait after what happened so far.
#[utoipa::path(
    post, path = "/flow-trials", operation_id = "rehearse_flow", tag = "flows", request_body = TrialRequest,
    responses(
        (status = 200, description = "Where it stands", body = TrialView),
        (status = 422, description = "The drawing or an act is refused", body = ProblemBody),
    )
)]
async fn rehearse_flow(
    State(_cases): State<Cases>,
    Auth(by): Auth,
    Json(body): Json<TrialRequest>,
) -> HttpResult<Json<TrialView>> {
    by.require("flow.read")?;
    let mut check = Check::default();
    if body.xml.len() > XML_MAX {
        check.refuse("xml", "size", "流程图过大。", "The drawing is too large.");
    }
    check.done()?;
    let acts: Vec<Act> = body
        .acts
        .into_iter()
        .map(|act| match act {
            ActBody::Complete { task_id, action, variables } => Act::Complete { task_id, action, variables },
            ActBody::Fire { timer_id } => Act::Fire { timer_id },
            ActBody::Message { name } => Act::Message { name },
            ActBody::Signal { name } => Act::Signal { name },
        })
        .collect();
    Ok(Json(view(rehearse(&body.xml, body.variables, &acts)?)))
}

fn view(trial: Trial) -> TrialView {
    let Trial { entered, instance, model } = trial;
    let word = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let name = |id: &str| model.element(id).map(|element| element.name.clone()).unwrap_or_default();
    let task = |id: &str| model.element(id).map(|element| &element.kind);
    let tasks = instance.open_tasks().map(|open| TrialTask {
        task_id: open.task_id.to_owned(),
        element_id: open.element_id.to_owned(),
        name: name(open.element_id),
        actions: match task(open.element_id) {
            Some(ElementKind::UserTask(task)) => task
                .actions
                .iter()
                .filter(|action| action.completes)
                .map(|action| TrialAction {
                    name: action.name.clone(),
                    zh: action.zh.clone(),
                    en: action.en.clone(),
                })
                .collect(),
            _ => Vec::new(),
        },
    });
    let timers = instance.pending_timers().map(|timer| TrialTimer {
        timer_id: timer.timer_id.to_owned(),
        element_id: timer.element_id.to_owned(),
        name: name(timer.element_id),
    });
    let incidents = instance.incidents().map(|incident| TrialIncident {
        element_id: incident.element_id.clone(),
        code: word(serde_json::json!(incident.code)),
        message: incident.message.clone(),
    });
    let awaited = instance.awaited_events(&model);
    let messages = awaited.iter().filter_map(|event| match event {
        Event::Message(name) => Some(name.clone()),
        _ => None,
    });
    let signals = awaited.iter().filter_map(|event| match event {
        Event::Signal(name) => Some(name.clone()),
        _ => None,
    });
    TrialView {
        state: word(serde_json::json!(instance.state())),
        entered,
        active: instance.active_elements().map(str::to_owned).collect(),
        taken: instance.taken_flows().map(str::to_owned).collect(),
        tasks: tasks.collect(),
        timers: timers.collect(),
        messages: messages.collect(),
        signals: signals.collect(),
        incidents: incidents.collect(),
        variables: instance.variables().clone(),
    }
}
