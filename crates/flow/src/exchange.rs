//! What goes in and what comes out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::instance::Incident;
use crate::model::{TimerSpec, UserTask};

/// What can be told to an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// A person has completed a task.
    CompleteTask {
        /// The task.
        task_id: String,
        /// How; one of the task's completing actions, when it declares any.
        action: String,
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// A timer has become due.
    TimerFired {
        /// The timer.
        timer_id: String,
    },
    /// The host has done what a service task asked for.
    ServiceDone {
        /// The call.
        call_id: String,
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// The host could not do it. The token waits for [`Input::Retry`].
    ServiceFailed {
        /// The call.
        call_id: String,
        /// Why.
        message: String,
    },
    /// It failed in a way that the drawing may know: an error event with this code catches it, else it is an incident.
    ServiceError {
        /// The call.
        call_id: String,
        /// The error code.
        code: String,
        /// Why.
        message: String,
    },
    /// A message has come. The first who waits for it takes it.
    Message {
        /// The message's name.
        name: String,
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// A signal was given. Everybody who waits for it takes it, which may be nobody.
    Signal {
        /// The signal's name.
        name: String,
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// What was wrong has been mended: the token enters its element again.
    Retry {
        /// The incident.
        incident_id: String,
        /// Variables to set first.
        vars: Map<String, Value>,
    },
    /// Variables have changed outside of any task, for instance the unit in charge.
    SetVariables {
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// 退回/跳转: a user task gets the token, whatever is drawn.
    JumpTo {
        /// The task whose token moves; none moves everything, and is the only safe choice inside parallel branches.
        task_id: Option<String>,
        /// The user task that gets the token.
        element_id: String,
        /// Why.
        reason: String,
    },
    /// 退回: an earlier user task is done again. What came out of it since is closed; branches that did not come out of it
    /// stay as they are.
    Return {
        /// The open task from which it is sent back.
        task_id: String,
        /// A user task that was completed before.
        element_id: String,
        /// Why.
        reason: String,
    },
    /// 拿回: whoever completed a task takes it back, as long as nobody has done anything about it since.
    TakeBack {
        /// The completed task.
        task_id: String,
        /// Why.
        reason: String,
    },
    /// 加签: one more has to do an open task that several do.
    AddSigner {
        /// One of the open tasks.
        task_id: String,
        /// The item of the one who is added, when the items come from a list.
        item: Value,
    },
    /// 减签: one of several does not have to do it any more.
    RemoveSigner {
        /// The open task of that one.
        task_id: String,
        /// Why.
        reason: String,
    },
    /// 撤销: everything is closed.
    Cancel {
        /// Why.
        reason: String,
    },
    /// 重办: an ended or cancelled instance goes on at a user task.
    Reopen {
        /// The user task that gets the token.
        element_id: String,
        /// Why.
        reason: String,
    },
}

/// What the host has to do, in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A token has entered an element: for the time line and for highlighting the drawing. Nothing needs to be done.
    Entered {
        /// The element.
        element_id: String,
        /// The way it came; none at the start, after a jump, a retry, or for a boundary event.
        flow_id: Option<String>,
    },
    /// A task is to be shown to its candidates.
    OpenTask {
        /// The task's id within the instance.
        task_id: String,
        /// The user task.
        element_id: String,
        /// Its name.
        name: String,
        /// Candidates, form, actions and limit.
        task: Box<UserTask>,
        /// Its `yihao:property` values.
        properties: BTreeMap<String, String>,
        /// What only this one of several sees: its item and its number (`loopCounter`).
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        locals: Map<String, Value>,
    },
    /// A task is not open any more.
    CloseTask {
        /// The task.
        task_id: String,
        /// The user task.
        element_id: String,
        /// Why.
        outcome: TaskOutcome,
    },
    /// A timer is to be set. When `due_at` is none, the host works it out from the calendar or the task's limit.
    SetTimer {
        /// The timer's id within the instance.
        timer_id: String,
        /// The event.
        element_id: String,
        /// The task to whose boundary it belongs.
        task_id: Option<String>,
        /// When it fires.
        spec: TimerSpec,
        /// The instant, where no calendar is needed: epoch milliseconds.
        due_at: Option<i64>,
    },
    /// A timer is not needed any more.
    CancelTimer {
        /// The timer.
        timer_id: String,
    },
    /// The host has work to do and to report with [`Input::ServiceDone`].
    CallService {
        /// The call's id within the instance.
        call_id: String,
        /// The service task.
        element_id: String,
        /// What to do.
        service: String,
        /// The service task's `yihao:property` values.
        properties: BTreeMap<String, String>,
        /// The task from whose boundary timer the call comes, even if that task is closed by now.
        source_task_id: Option<String>,
    },
    /// The result of a call is not wanted any more.
    CancelService {
        /// The call.
        call_id: String,
    },
    /// A join has let its tokens go on as one.
    Joined {
        /// The gateway.
        element_id: String,
    },
    /// A message is to be sent. It was given to whoever waited for it in this instance first.
    SendMessage {
        /// The element.
        element_id: String,
        /// The message's name.
        message: String,
        /// The element's `yihao:property` values.
        properties: BTreeMap<String, String>,
    },
    /// A signal was given, to this instance already; others may want to know.
    SendSignal {
        /// The element.
        element_id: String,
        /// The signal's name.
        signal: String,
    },
    /// Something was escalated.
    Escalated {
        /// The element.
        element_id: String,
        /// The code.
        code: Option<String>,
    },
    /// A token can't go on; somebody has to look.
    Incident(Incident),
    /// The last token has ended.
    Ended {
        /// The end event.
        element_id: String,
    },
    /// The instance has been cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// Why a task is not open any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskOutcome {
    /// Somebody has done it.
    Completed {
        /// How.
        action: String,
    },
    /// An event took the token.
    Interrupted {
        /// The boundary event, or the start of an event sub-process.
        by_element_id: String,
    },
    /// The token was sent elsewhere.
    Jumped {
        /// Where to.
        to_element_id: String,
        /// Why.
        reason: String,
    },
    /// It was sent back to an earlier task.
    Returned {
        /// Where to.
        to_element_id: String,
        /// Why.
        reason: String,
    },
    /// The one before took the work back.
    TakenBack {
        /// Why.
        reason: String,
    },
    /// Enough of several have done it.
    Decided,
    /// This one of several does not have to do it any more.
    Removed {
        /// Why.
        reason: String,
    },
    /// A terminate end event was reached.
    Terminated,
    /// The instance was cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// Why an input was not accepted. The instance is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The instance has ended or was cancelled.
    #[error("the instance is not running")]
    NotRunning,
    /// Only what has ended or was cancelled can be reopened.
    #[error("the instance is still running")]
    StillRunning,
    /// The model is not that of the instance.
    #[error("the instance is of flow {expected:?}, not {given:?}")]
    OtherModel {
        /// The instance's model.
        expected: String,
        /// The model given.
        given: String,
    },
    /// A token stands on an element that the model doesn't have, as happens with another version of the file.
    #[error("the model has no fitting element {0:?}")]
    ElementGone(String),
    /// There is no such open task.
    #[error("no open task {0:?}")]
    UnknownTask(String),
    /// There is no such timer; it has fired or was cancelled. A host that claims timers concurrently may ignore this.
    #[error("no pending timer {0:?}")]
    UnknownTimer(String),
    /// There is no such call.
    #[error("no pending call {0:?}")]
    UnknownCall(String),
    /// There is no such incident.
    #[error("no open incident {0:?}")]
    UnknownIncident(String),
    /// The task declares its actions, and this is not one that completes it.
    #[error("task {element_id:?} can't be completed by action {action:?}")]
    UnknownAction {
        /// The user task.
        element_id: String,
        /// The action given.
        action: String,
    },
    /// Only user tasks can be jumped to.
    #[error("{0:?} is not a user task")]
    NotAUserTask(String),
    /// It was never completed, so nothing can be sent back there.
    #[error("{0:?} was not done before")]
    NotDoneBefore(String),
    /// It has been followed up, has come together with other branches, or is not remembered.
    #[error("task {0:?} can't be taken back any more")]
    TooLateToTakeBack(String),
    /// The task is not one of several.
    #[error("task {0:?} is not done by several")]
    NotOneOfSeveral(String),
    /// The only one left has to do it.
    #[error("task {0:?} is the last of several")]
    LastSigner(String),
    /// One of several can't leave the others by itself.
    #[error("task {0:?} is inside something that is done several times")]
    InsideSeveral(String),
    /// It lies in something that is done several times, or that is called from several places.
    #[error("{0:?} can't be entered from outside")]
    NoWayIn(String),
    /// Nobody waits for the message.
    #[error("nobody waits for the message {0:?}")]
    NobodyWaits(String),
    /// There would be too many of several.
    #[error("there are too many already")]
    TooManySigners,
    /// The name is used by the machine itself.
    #[error("the variable name {0:?} is reserved")]
    ReservedVariable(String),
    /// There would be more than a thousand variables.
    #[error("too many variables")]
    TooManyVariables,
}
