//! Work orders (工单).

use async_trait::async_trait;
use kernel::{BoxError, Principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::contacts::ContactId;
use crate::voice::{CallId, RecordingId};

mod citizen;
mod corpus;
mod events;
mod exchange;
mod facts;
mod flow;
mod publication;
mod upload;

pub use citizen::{
    CitizenCase, CitizenCategory, CitizenChoice, CitizenDesk, CitizenDraft, CitizenForm, CitizenInfo,
    CitizenNotice, CitizenOrderType, CitizenRating, CitizenStep, HelperDesk, HelperView, Submitted,
};
pub use corpus::{CaseCorpus, CorpusCase, CorpusCategory, CorpusDraft, CorpusPlace, UnitProposal};
pub use events::{
    AlarmRaised, ApplicationDecided, ApplicationMade, CaseAccepted, CaseArchived, CaseAssigned, CaseClosed,
    CaseCreated, CaseDispatched, CaseEnded, CaseFeedbackGiven, CaseImported, CaseMoved, CaseReopened,
    CaseRestored, CaseReturned, CaseReviewed, CaseUrged, CitizenActed, CitizenReplyDue, DeadlineMissed,
    DeadlineNear, ErrandAnswered, ErrandGiven, RatingGiven, TaskClosed, TaskOpened, UnitSucceeded,
};
pub use exchange::ExchangeWritten;

pub use facts::{CaseFact, CaseFacts, CaseLine, CaseWords, CodeName, StepFact};
pub use flow::{CaseFlowChanged, CaseFormFilled, FlowPublished, FormPublished};
pub use publication::{
    MonthFigures, PublicCommitment, PublicCommitmentFilter, PublishedCase, PublishedFilter,
};
pub use upload::{FileToServe, UploadDesk, UploadRight, UploadTicket, UploadView, UploadedFile};

kernel::id!(
    /// Names a work order.
    CaseId
);
kernel::id!(
    /// Names a user task (待办) of a work order's flow.
    TaskId
);

/// What others need to know of a work order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseBrief {
    /// The order.
    pub id: CaseId,
    /// The number that the citizen knows.
    pub number: String,
    /// The title.
    pub title: String,
    /// The status, as a code.
    pub status: String,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
}

/// An order whose limit has been missed.
#[derive(Clone, Debug)]
pub struct OverdueBrief {
    /// The order.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// The unit that has it.
    pub unit_id: Option<String>,
    /// The person who has it.
    pub person_id: Option<String>,
    /// When the limit ended, epoch milliseconds.
    pub due_at: i64,
}

/// Which ended orders are asked for, to ask their citizens about them.
#[derive(Clone, Debug, Default)]
pub struct EndedFilter {
    /// Ended at or after, epoch milliseconds.
    pub from: i64,
    /// Ended before.
    pub to: i64,
    /// The category or one below.
    pub category_id: Option<String>,
    /// The type, as a code.
    pub kind: Option<String>,
    /// The unit that handled it.
    pub unit_id: Option<String>,
    /// At most so many.
    pub limit: i64,
}

/// An order that has ended, and whom to ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedCase {
    /// The order.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// The title.
    pub title: String,
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// The citizen's name.
    pub contact_name: String,
    /// The citizen's number, unmasked.
    pub phone: String,
    /// The unit that handled it.
    pub unit_id: Option<String>,
}

/// An order with the answer that the citizen got, as material for the knowledge base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredCase {
    /// Its number.
    pub number: String,
    /// The title.
    pub title: String,
    /// What was asked.
    pub content: String,
    /// What was answered.
    pub answer: String,
    /// The citizen's name, to be taken out of the texts.
    pub contact_name: String,
}

/// Answers what is known of orders.
#[async_trait]
pub trait CaseLookup: Send + Sync {
    /// Returns the newest `limit` orders of a citizen, open ones first.
    async fn cases_of(&self, contact: &ContactId, limit: i64) -> Result<Vec<CaseBrief>, BoxError>;
    /// Finds an order by its number.
    async fn by_number(&self, number: &str) -> Result<Option<CaseBrief>, BoxError>;
    /// Returns the orders that a call was written into.
    async fn of_call(&self, call: &CallId) -> Result<Vec<CaseBrief>, BoxError>;
    /// Finds an order.
    async fn brief(&self, _id: &CaseId) -> Result<Option<CaseBrief>, BoxError> {
        Ok(None)
    }
    /// Returns orders that have ended, as far as this person may read them; confidential ones are left out.
    async fn ended(&self, _by: &Principal, _filter: &EndedFilter) -> Result<Vec<EndedCase>, BoxError> {
        Ok(Vec::new())
    }
    /// Finds an order that is settled and has an answer, as far as this person may read it; a confidential one is none.
    async fn answered(&self, _by: &Principal, _id: &CaseId) -> Result<Option<AnsweredCase>, BoxError> {
        Ok(None)
    }
    /// Returns orders whose limit had ended by `now`, after the id `after`, at most `limit`.
    async fn overdue(&self, _now: i64, _after: &str, _limit: i64) -> Result<Vec<OverdueBrief>, BoxError> {
        Ok(Vec::new())
    }
}

/// What a citizen is told of an order, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitizenReply {
    /// The agreed way: `sms` or `email`, or another one since then, by which somebody tells it.
    pub way: String,
    /// The number or the address; none when the order has none that fits.
    pub to: Option<String>,
    /// The order's number.
    pub number: String,
    /// The code that opens it on the portal.
    pub query_code: String,
    /// What it is about.
    pub title: String,
    /// The unit that handled it, else the hotline itself.
    pub unit: String,
    /// The result in the words that the citizen may read; empty while there is none.
    pub result: String,
}

/// Answers what a citizen is told in writing.
#[async_trait]
pub trait CitizenReplies: Send + Sync {
    /// Returns what is to be told of an order at a moment of a round, as in [`CitizenReplyDue`]; none when nothing is
    /// any more, or when that moment does not hold.
    async fn reply(&self, id: &CaseId, moment: &str, round: i64) -> Result<Option<CitizenReply>, BoxError>;
}

/// Knows which days the city works.
pub trait CityCalendar: Send + Sync {
    /// Returns the calendar with the city's own days.
    fn calendar(&self) -> std::sync::Arc<kernel::calendar::WorkCalendar>;
}

/// Decides who may listen to a recording because of the order that it is bound to (REC-04, DEP-07).
#[async_trait]
pub trait RecordingAccess: Send + Sync {
    /// Tells whether `principal` may read an order that the call or its recording belongs to.
    async fn may_listen(
        &self,
        principal: &Principal,
        call: &CallId,
        recording: &RecordingId,
    ) -> Result<bool, BoxError>;
}
