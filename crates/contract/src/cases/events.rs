//! What happens to orders. Payloads are ids and facts; names and texts of citizens stay out.

use kernel::event::{Audience, Event};
use serde::{Deserialize, Serialize};

use super::{CaseId, TaskId};

/// Tells those who watch everything, and the units and people concerned.
fn watchers(units: &[Option<&String>], people: &[Option<&String>]) -> Vec<Audience> {
    let mut audience = vec![Audience::Capability("case.read".to_owned())];
    audience.extend(units.iter().flatten().map(|id| Audience::Unit((*id).clone())));
    audience.extend(people.iter().flatten().map(|id| Audience::Person((*id).clone())));
    audience
}

macro_rules! event {
    ($(#[$meta:meta])* $name:ident = $text:literal { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? }
     audience($self:ident) $audience:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $name {
            /// The order.
            pub case_id: CaseId,
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl Event for $name {
            const NAME: &'static str = $text;
            fn subject(&self) -> String {
                self.case_id.0.clone()
            }
            fn audience(&$self) -> Vec<Audience> {
                $audience
            }
        }
    };
}

event!(
    /// An order was written.
    CaseCreated = "cases.case_created" {
        /// Its number.
        number: String,
        /// Its type, as a code.
        r#type: String,
        /// Its category.
        category_id: Option<String>,
        /// Its district.
        district: Option<String>,
        /// `phone`, `portal`, …
        source: String,
        /// Who wrote it; a citizen on the portal has no account.
        created_by: Option<String>,
        /// The call that it was written in.
        call_id: Option<String>,
        /// Whether the agent answered at once.
        answered_at_once: bool,
    }
    audience(self) watchers(&[], &[self.created_by.as_ref()])
);

event!(
    /// An order that an older system had closed was taken in. Nobody has anything to do, so no screen is told.
    CaseImported = "cases.case_imported" {
        /// Its number.
        number: String,
        /// Its number in the older system.
        old_number: String,
    }
    audience(self) Vec::new()
);

event!(
    /// Somebody has something to do.
    TaskOpened = "cases.task_opened" {
        /// The task.
        task_id: TaskId,
        /// The order's number.
        number: String,
        /// The unit that has to do it; none for the centre's queues.
        unit_id: Option<String>,
        /// The person who has to do it, when it is one.
        person_id: Option<String>,
        /// What one must be able to do to take it.
        capability: String,
        /// The step, as a code.
        step: String,
        /// By when, epoch milliseconds.
        due_at: Option<i64>,
    }
    audience(self) match (&self.person_id, &self.unit_id) {
        (Some(person), _) => vec![Audience::Person(person.clone())],
        (None, Some(unit)) => vec![Audience::Unit(unit.clone())],
        (None, None) => vec![Audience::Capability(self.capability.clone())],
    }
);

event!(
    /// A task is done or no longer needed.
    TaskClosed = "cases.task_closed" {
        /// The task.
        task_id: TaskId,
        /// The unit that had to do it.
        unit_id: Option<String>,
        /// The person who had to do it.
        person_id: Option<String>,
        /// What one must be able to do to take it.
        capability: String,
        /// The step, as a code.
        step: String,
        /// `done` or `cancelled`.
        state: String,
    }
    audience(self) match (&self.person_id, &self.unit_id) {
        (Some(person), _) => vec![Audience::Person(person.clone())],
        (None, Some(unit)) => vec![Audience::Unit(unit.clone())],
        (None, None) => vec![Audience::Capability(self.capability.clone())],
    }
);

event!(
    /// The centre reviewed a fresh order, or a unit's result.
    CaseReviewed = "cases.case_reviewed" {
        /// `review` or `result_review`.
        step: String,
        /// `pass`, `reject` or `back`.
        decision: String,
        /// The unit whose result it was.
        unit_id: Option<String>,
        /// Who wrote the order.
        created_by: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.created_by.as_ref()])
);

event!(
    /// An order was given to a unit.
    CaseDispatched = "cases.case_dispatched" {
        /// The unit in charge.
        unit_id: String,
        /// Units that help.
        co_unit_ids: Vec<String>,
        /// By when the unit accepts, epoch milliseconds.
        due_at: Option<i64>,
    }
    audience(self) {
        let mut audience = watchers(&[Some(&self.unit_id)], &[]);
        audience.extend(self.co_unit_ids.iter().cloned().map(Audience::Unit));
        audience
    }
);

event!(
    /// A unit accepted an order.
    CaseAccepted = "cases.case_accepted" {
        /// The unit.
        unit_id: Option<String>,
        /// By when it is to be done, epoch milliseconds.
        due_at: Option<i64>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// A unit gave an order back to the centre.
    CaseReturned = "cases.case_returned" {
        /// The unit.
        unit_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// A unit passed an order on to a unit below or to a person.
    CaseAssigned = "cases.case_assigned" {
        /// The unit that passed it on.
        from_unit_id: Option<String>,
        /// The unit that has it now.
        unit_id: Option<String>,
        /// The person who has it now.
        person_id: Option<String>,
    }
    audience(self) watchers(&[self.from_unit_id.as_ref(), self.unit_id.as_ref()], &[self.person_id.as_ref()])
);

event!(
    /// A unit reported its result.
    CaseFeedbackGiven = "cases.case_feedback_given" {
        /// The unit.
        unit_id: Option<String>,
        /// Whether the unit spoke with the citizen.
        contacted: bool,
        /// Whether it was in time.
        in_time: Option<bool>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// The matter is settled: the result was approved, or the agent answered at once.
    CaseClosed = "cases.case_closed" {
        /// The unit that settled it.
        unit_id: Option<String>,
        /// Its type, as a code.
        r#type: String,
        /// Whether it was settled within its limit.
        in_time: Option<bool>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// An order was put away.
    CaseArchived = "cases.case_archived" {
        /// The unit that settled it.
        unit_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// An order is worked on again.
    CaseReopened = "cases.case_reopened" {
        /// The unit that had settled it.
        unit_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// A citizen rated an order.
    RatingGiven = "cases.rating_given" {
        /// The rating.
        rating_id: String,
        /// 1 to 5.
        stars: i64,
        /// `portal` or `visit`.
        source: String,
        /// The unit that settled it.
        unit_id: Option<String>,
    }
    audience(self) {
        let mut audience = watchers(&[self.unit_id.as_ref()], &[]);
        audience.push(Audience::Capability("rating.follow_up".to_owned()));
        audience
    }
);

event!(
    /// A missed limit alarms somebody, who has to acknowledge it; or it went to the next level because nobody did.
    AlarmRaised = "cases.alarm_raised" {
        /// The alarm.
        alarm_id: String,
        /// The limit.
        limit_name: String,
        /// The unit whose limit it is; none for the centre.
        unit_id: Option<String>,
        /// The person in charge.
        person_id: Option<String>,
        /// 1 handlers, 2 the unit's leaders, 3 the centre.
        level: i64,
        /// Whether nobody acknowledged it on the level before.
        escalated: bool,
    }
    audience(self) {
        let mut audience = watchers(&[self.unit_id.as_ref()], &[self.person_id.as_ref()]);
        audience.push(Audience::Capability("alarm.acknowledge".to_owned()));
        audience
    }
);

event!(
    /// Somebody asked for more speed.
    CaseUrged = "cases.case_urged" {
        /// The unit that is asked.
        unit_id: Option<String>,
        /// The person who is asked.
        person_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.person_id.as_ref()])
);

event!(
    /// Somebody asked for something that somebody else decides: more time, another unit, a strike-out.
    ApplicationMade = "cases.application_made" {
        /// `extension`, `objection`, `strike_out`, `redo`, `reconsideration`.
        kind: String,
        /// The unit that asks; none for citizens and the centre.
        unit_id: Option<String>,
        /// `centre` or `leader`.
        decider: String,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// An application was decided.
    ApplicationDecided = "cases.application_decided" {
        /// As in [`ApplicationMade`].
        kind: String,
        /// The unit that asked.
        unit_id: Option<String>,
        /// The person who asked.
        asked_by: Option<String>,
        /// Whether it was granted.
        approved: bool,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.asked_by.as_ref()])
);

event!(
    /// A unit or a person was given something to do beside the course of an order.
    ErrandGiven = "cases.errand_given" {
        /// The errand.
        errand_id: String,
        /// `supervision`, `co_handling`, `summons`, `delegation`, `countersignature`.
        kind: String,
        /// The unit that owes it.
        unit_id: Option<String>,
        /// The person who owes it.
        person_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.person_id.as_ref()])
);

event!(
    /// An errand was answered.
    ErrandAnswered = "cases.errand_answered" {
        /// The errand.
        errand_id: String,
        /// As in [`ErrandGiven`].
        kind: String,
        /// The unit that owed it.
        unit_id: Option<String>,
        /// Who gave it.
        given_by: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.given_by.as_ref()])
);

event!(
    /// An order was ended before it was settled.
    CaseEnded = "cases.case_ended" {
        /// `not_accepted`, `voided` or `merged`.
        status: String,
        /// Why: a word of the dictionary.
        ground: String,
        /// The unit that had it.
        unit_id: Option<String>,
        /// Who wrote it.
        created_by: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.created_by.as_ref()])
);

event!(
    /// An order that was ended early goes on where it stood.
    CaseRestored = "cases.case_restored" {
        /// The unit that has it.
        unit_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[])
);

event!(
    /// An order changed hands against the drawn way.
    CaseMoved = "cases.case_moved" {
        /// `transfer`, `recall` or `jump`.
        how: String,
        /// The unit that had it.
        from_unit_id: Option<String>,
        /// The unit that has it now.
        unit_id: Option<String>,
    }
    audience(self) watchers(&[self.from_unit_id.as_ref(), self.unit_id.as_ref()], &[])
);

event!(
    /// A citizen did something with an order of one's own.
    CitizenActed = "cases.citizen_acted" {
        /// `supplement`, `urge`, `withdraw`, `redo`, `reconsideration`.
        act: String,
        /// The unit that has it.
        unit_id: Option<String>,
        /// The person who has it.
        person_id: Option<String>,
    }
    audience(self) watchers(&[self.unit_id.as_ref()], &[self.person_id.as_ref()])
);

event!(
    /// A limit is about to end (yellow).
    DeadlineNear = "cases.deadline_near" {
        /// The limit: `dispatch`, `accept`, `close`.
        name: String,
        /// When it ends, epoch milliseconds.
        due_at: i64,
        /// The unit whose limit it is.
        unit_id: Option<String>,
        /// The person who has it.
        person_id: Option<String>,
        /// Whether this is told long after it happened, for instance after a stop of the server; screens
        /// are not bothered then.
        late: bool,
    }
    audience(self) if self.late { Vec::new() } else { watchers(&[self.unit_id.as_ref()], &[self.person_id.as_ref()]) }
);

event!(
    /// A citizen has to be told something in writing, in the way that was agreed (FBK-01, FBK-07).
    CitizenReplyDue = "cases.citizen_reply_due" {
        /// `feedback`: the unit has reported; `result`: the result stands.
        moment: String,
        /// How often the order was taken up again before; each round is told once.
        round: i64,
    }
    audience(self) Vec::new()
);

event!(
    /// A limit was missed (red).
    DeadlineMissed = "cases.deadline_missed" {
        /// The limit: `dispatch`, `accept`, `close`.
        name: String,
        /// When it ended, epoch milliseconds.
        due_at: i64,
        /// The unit whose limit it is.
        unit_id: Option<String>,
        /// The person who has it.
        person_id: Option<String>,
        /// As in [`DeadlineNear`].
        late: bool,
    }
    audience(self) if self.late { Vec::new() } else { watchers(&[self.unit_id.as_ref()], &[self.person_id.as_ref()]) }
);

/// What hung on a dissolved unit has been handed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnitSucceeded {
    /// The dissolved unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// Who took over.
    pub successor_id: String,
    /// Orders that were handed over.
    pub orders: i64,
}

impl Event for UnitSucceeded {
    // Not among `cases.`: those are about an order.
    const NAME: &'static str = "succession.unit_succeeded";
    fn subject(&self) -> String {
        self.unit_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Unit(self.successor_id.clone()), Audience::Capability("unit.write".to_owned())]
    }
}
