//! What a behaviour asks for beside the changed fields: a line on the time line, a step of the flow,
//! limits to start and to end, events, an audit row. [`crate::store`] carries it out in one transaction.

use contract::cases::{
    ApplicationDecided, ApplicationMade, CaseAccepted, CaseArchived, CaseAssigned, CaseClosed, CaseCreated,
    CaseDispatched, CaseEnded, CaseFeedbackGiven, CaseImported, CaseMoved, CaseReopened, CaseRestored,
    CaseReturned, CaseReviewed, CaseUrged, CitizenActed, ErrandAnswered, ErrandGiven, RatingGiven,
};
use kernel::{Ctx, Writes};
use serde_json::{Value, json};

use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Step, UnitRef};

/// What a behaviour asks for.
#[derive(Clone, Debug)]
pub struct Change {
    /// The line on the time line.
    pub kind: EntryKind,
    /// What the person wrote.
    pub text: Option<String>,
    /// The unit that the line is about.
    pub unit_id: Option<String>,
    /// Facts of the line for screens.
    pub data: Value,
    /// The action in the audit log.
    pub audit: &'static str,
    /// What the flow is told.
    pub course: Vec<CourseInput>,
    /// Limits, in this order.
    pub limits: Vec<LimitInput>,
    /// What others are told.
    pub facts: Vec<Fact>,
}

/// What the flow is told.
#[derive(Clone, Debug)]
pub enum CourseInput {
    /// The open task of a step is done with this action; the variables go along.
    Complete {
        /// The step.
        step: Step,
        /// The action that conditions see.
        action: &'static str,
        /// Variables to set.
        variables: Value,
    },
    /// Everything open is given up and the order goes to a step, drawn path or not.
    Jump {
        /// Where to.
        step: Step,
    },
    /// Everything open is given up and the course ends here.
    Cancel,
    /// Open tasks of the unit move to the unit and person now in charge.
    Move,
    /// Open tasks of a unit that is gone move to its successor.
    HandOver {
        /// The unit that is gone.
        from: String,
        /// The successor.
        to: UnitRef,
        /// People who moved along and keep what is theirs.
        people: Vec<String>,
    },
    /// A task beside the flow opens.
    OpenAside {
        /// The step.
        step: Step,
    },
    /// A task beside the flow is done.
    CloseAside {
        /// The step.
        step: Step,
    },
}

/// What happens to a limit.
#[derive(Clone, Copy, Debug)]
pub enum LimitInput {
    /// It begins to run.
    Start(LimitName),
    /// What it was for is done.
    Meet(LimitName),
    /// It no longer matters.
    Cancel(LimitName),
    /// It runs again as if it had never been met: the work turned out not to be done.
    Resume(LimitName),
    /// It gets longer by so many working days.
    Extend {
        /// Which.
        name: LimitName,
        /// So many.
        days: u32,
    },
    /// It stands still.
    Pause(LimitName),
    /// It runs again; the time between is not counted.
    Unpause(LimitName),
}

/// An event to publish.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is the event of its name in the contract")]
pub enum Fact {
    Created(CaseCreated),
    Imported(CaseImported),
    Reviewed(CaseReviewed),
    Dispatched(CaseDispatched),
    Accepted(CaseAccepted),
    Returned(CaseReturned),
    Assigned(CaseAssigned),
    FeedbackGiven(CaseFeedbackGiven),
    Closed(CaseClosed),
    Archived(CaseArchived),
    Reopened(CaseReopened),
    Rated(RatingGiven),
    Urged(CaseUrged),
    Applied(ApplicationMade),
    Decided(ApplicationDecided),
    Given(ErrandGiven),
    Answered(ErrandAnswered),
    Ended(CaseEnded),
    Restored(CaseRestored),
    Moved(CaseMoved),
    CitizenActed(CitizenActed),
}

impl Fact {
    pub(crate) fn emit(&self, writes: &mut Writes, ctx: &Ctx) {
        match self {
            Self::Created(event) => writes.emit(ctx, event),
            Self::Imported(event) => writes.emit(ctx, event),
            Self::Reviewed(event) => writes.emit(ctx, event),
            Self::Dispatched(event) => writes.emit(ctx, event),
            Self::Accepted(event) => writes.emit(ctx, event),
            Self::Returned(event) => writes.emit(ctx, event),
            Self::Assigned(event) => writes.emit(ctx, event),
            Self::FeedbackGiven(event) => writes.emit(ctx, event),
            Self::Closed(event) => writes.emit(ctx, event),
            Self::Archived(event) => writes.emit(ctx, event),
            Self::Reopened(event) => writes.emit(ctx, event),
            Self::Rated(event) => writes.emit(ctx, event),
            Self::Urged(event) => writes.emit(ctx, event),
            Self::Applied(event) => writes.emit(ctx, event),
            Self::Decided(event) => writes.emit(ctx, event),
            Self::Given(event) => writes.emit(ctx, event),
            Self::Answered(event) => writes.emit(ctx, event),
            Self::Ended(event) => writes.emit(ctx, event),
            Self::Restored(event) => writes.emit(ctx, event),
            Self::Moved(event) => writes.emit(ctx, event),
            Self::CitizenActed(event) => writes.emit(ctx, event),
        }
    }
}

impl Change {
    /// Begins a change by its line on the time line and its action in the audit log.
    #[must_use]
    pub fn new(kind: EntryKind, audit: &'static str) -> Self {
        Self {
            kind,
            text: None,
            unit_id: None,
            data: json!({}),
            audit,
            course: Vec::new(),
            limits: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Says what the person wrote.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        let text = text.trim();
        self.text = (!text.is_empty()).then(|| text.to_owned());
        self
    }

    /// Says which unit it is about.
    #[must_use]
    pub fn about_unit(mut self, unit_id: Option<&str>) -> Self {
        self.unit_id = unit_id.map(ToOwned::to_owned);
        self
    }

    /// Adds facts for screens.
    #[must_use]
    pub fn with(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// Completes the open task of a step.
    #[must_use]
    pub fn completing(self, step: Step, action: &'static str) -> Self {
        self.completing_with(step, action, json!({}))
    }

    /// Completes the open task of a step and sets variables of the flow.
    #[must_use]
    pub fn completing_with(mut self, step: Step, action: &'static str, variables: Value) -> Self {
        self.course.push(CourseInput::Complete { step, action, variables });
        self
    }

    /// Tells the flow something else.
    #[must_use]
    pub fn steering(mut self, input: CourseInput) -> Self {
        self.course.push(input);
        self
    }

    /// Changes a limit.
    #[must_use]
    pub fn limiting(mut self, input: LimitInput) -> Self {
        self.limits.push(input);
        self
    }

    /// Tells others.
    #[must_use]
    pub fn telling(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }
}
