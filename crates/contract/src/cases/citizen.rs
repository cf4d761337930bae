//! What a citizen without an account may do with orders: write one, look it up, rate it.

use async_trait::async_trait;
use kernel::http::Idem;
use kernel::{BoxError, Ctx, Lang, Page, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::publication::{
    MonthFigures, PublicCommitment, PublicCommitmentFilter, PublishedCase, PublishedFilter,
};

/// A category that a citizen may choose, with those below it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CitizenCategory {
    /// The category.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The level below; empty on the second.
    #[schema(no_recursion)]
    pub children: Vec<CitizenCategory>,
}

/// A word that a form offers, with what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitizenChoice {
    /// The code to send.
    pub code: String,
    /// The name on screen.
    pub name: String,
}

/// What the portal's forms offer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CitizenInfo {
    /// Types of orders.
    pub types: Vec<CitizenChoice>,
    /// Two levels of categories.
    pub categories: Vec<CitizenCategory>,
}

/// A kind of matter with a form of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitizenOrderType {
    /// What is sent with the order.
    pub id: String,
    /// The name on screen.
    pub name: String,
    /// The type (类型) of its orders.
    pub r#type: String,
    /// The category of its orders, where it is always the same.
    pub category_id: Option<String>,
}

/// A form as a citizen fills it in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CitizenForm {
    /// The version, to be sent with the answers.
    pub form_id: String,
    /// The form, without what is not for citizens.
    #[schema(value_type = Object)]
    pub form: serde_json::Value,
    /// What it begins with.
    #[schema(value_type = Object)]
    pub answers: serde_json::Map<String, serde_json::Value>,
    /// Keys that can be filled in.
    pub editable: Vec<String>,
    /// Keys that have to be filled in.
    pub required: Vec<String>,
}

/// An order as a citizen writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct CitizenDraft {
    /// `consult`, `complaint`, `report`, `help`, `suggestion`, `repair`, `praise`, `other`.
    pub r#type: String,
    /// One of the offered categories; the centre chooses when absent.
    #[serde(default)]
    pub category_id: Option<String>,
    /// What it is about, at most 100 characters.
    pub title: String,
    /// What happened and what is asked for, at most 5,000 characters.
    pub content: String,
    /// The citizen's name.
    pub name: String,
    /// The number to be called back.
    pub phone: String,
    /// How the citizen wants to be told: `phone`, `sms` or `email`; nothing was said when absent.
    #[serde(default)]
    pub reply_way: Option<String>,
    /// The mail address, or another number than the one to be called back.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Whether the citizen's identity is kept from the units.
    #[serde(default)]
    pub confidential: bool,
    /// The district.
    #[serde(default)]
    pub district: Option<String>,
    /// The address.
    #[serde(default)]
    pub address: Option<String>,
    /// Longitude in degrees.
    #[serde(default)]
    pub lng: Option<f64>,
    /// Latitude in degrees.
    #[serde(default)]
    pub lat: Option<f64>,
    /// The kind of matter, when one was chosen.
    #[serde(default)]
    pub order_type_id: Option<String>,
    /// The version of its form that was filled in.
    #[serde(default)]
    pub form_id: Option<String>,
    /// What was filled in.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub form: serde_json::Map<String, serde_json::Value>,
}

/// What the citizen keeps to look the order up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Submitted {
    /// The order's number.
    pub number: String,
    /// The query code.
    pub query_code: String,
}

/// One of the steps that a citizen sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitizenStep {
    /// Its name.
    pub name: String,
    /// When it was reached, epoch milliseconds.
    pub at: Option<i64>,
    /// `done`, `current` or `waiting`.
    pub state: String,
}

/// An order as its citizen sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitizenCase {
    /// The number.
    pub number: String,
    /// The title.
    pub title: String,
    /// The type's name.
    pub type_name: String,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// The status as a code.
    pub status: String,
    /// The status in words.
    pub status_name: String,
    /// The unit that deals with it.
    pub unit_name: Option<String>,
    /// By when it is to be done, epoch milliseconds.
    pub due_at: Option<i64>,
    /// The steps from writing to the end.
    pub steps: Vec<CitizenStep>,
    /// The answer, once the centre has approved it.
    pub result: Option<String>,
    /// What was asked for and decided, in plain words, oldest first.
    #[serde(default)]
    pub notices: Vec<CitizenNotice>,
    /// What the citizen may do now.
    #[serde(default)]
    pub acts: Vec<CitizenChoice>,
    /// Whether the citizen may rate it now.
    pub can_rate: bool,
    /// The citizen's own rating, once given.
    pub rating: Option<CitizenRating>,
}

/// Something that a citizen is told of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitizenNotice {
    /// When, epoch milliseconds.
    pub at: i64,
    /// What, in plain words.
    pub text: String,
}

/// A rating as its citizen sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitizenRating {
    /// 1 to 5.
    pub stars: i64,
}

/// The desk at which citizens without an account are served. Whoever calls it limits how often.
#[async_trait]
pub trait CitizenDesk: Send + Sync {
    /// Returns what the forms offer.
    async fn info(&self, lang: Lang) -> Result<CitizenInfo, BoxError>;
    /// Returns the kinds of matters that have a form of their own; without forms there are none.
    async fn order_types(&self, lang: Lang) -> Result<Vec<CitizenOrderType>, BoxError> {
        let _ = lang;
        Ok(Vec::new())
    }
    /// Returns the form of a kind of matter; none where it has none, or where there is no such kind.
    async fn order_form(&self, ctx: &Ctx, order_type_id: &str) -> Result<Option<CitizenForm>, Problem> {
        let _ = (ctx, order_type_id);
        Ok(None)
    }
    /// Writes an order. The answer is kept under the request's idempotency key, in the same transaction.
    async fn submit(&self, ctx: &Ctx, draft: CitizenDraft, idem: &Idem) -> Result<Submitted, Problem>;
    /// As [`CitizenDesk::submit`], with the files that were sent under an upload ticket.
    async fn submit_with(
        &self,
        ctx: &Ctx,
        draft: CitizenDraft,
        _ticket: Option<&str>,
        idem: &Idem,
    ) -> Result<Submitted, Problem> {
        self.submit(ctx, draft, idem).await
    }
    /// Finds an order by number and query code. A wrong code and an unknown number look the same and take
    /// the same time.
    async fn look_up(&self, number: &str, code: &str, lang: Lang) -> Result<Option<CitizenCase>, BoxError>;
    /// Rates an order with 1 to 5 stars, once; the answer is the order afterwards, or none as in
    /// [`CitizenDesk::look_up`].
    async fn rate(
        &self,
        ctx: &Ctx,
        number: &str,
        code: &str,
        stars: i64,
        comment: &str,
    ) -> Result<Option<CitizenCase>, Problem>;
    /// Does something with an order: `supplement`, `urge`, `withdraw`, `redo`, `reconsideration`; the answer is the
    /// order afterwards, or none as in [`CitizenDesk::look_up`].
    async fn act(
        &self,
        ctx: &Ctx,
        number: &str,
        code: &str,
        act: &str,
        text: &str,
    ) -> Result<Option<CitizenCase>, Problem>;
    /// As [`CitizenDesk::act`], with the files that were sent under an upload ticket.
    async fn act_with(
        &self,
        ctx: &Ctx,
        (number, code): (&str, &str),
        act: &str,
        text: &str,
        _ticket: Option<&str>,
    ) -> Result<Option<CitizenCase>, Problem> {
        self.act(ctx, number, code, act, text).await
    }
    /// Lists settled orders that the city shows to everybody, newest first.
    async fn published(&self, _filter: &PublishedFilter) -> Result<Page<PublishedCase>, BoxError> {
        Ok(Page { items: Vec::new(), next_cursor: None, total: Some(0) })
    }
    /// Finds one of them.
    async fn published_one(&self, _id: &str) -> Result<Option<PublishedCase>, BoxError> {
        Ok(None)
    }
    /// Lists what units promise citizens, published last first.
    async fn commitments(
        &self,
        _filter: &PublicCommitmentFilter,
    ) -> Result<Page<PublicCommitment>, BoxError> {
        Ok(Page { items: Vec::new(), next_cursor: None, total: Some(0) })
    }
    /// Counts the orders that came and were settled in the last months, oldest first.
    async fn months(&self, _now: Timestamp) -> Result<Vec<MonthFigures>, BoxError> {
        Ok(Vec::new())
    }
}

/// What an outside helper without an account sees of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HelperView {
    /// The order's number.
    pub number: String,
    /// What it is about, without the citizen's name and number.
    pub title: String,
    /// What happened, without the citizen's name and number.
    pub content: String,
    /// The district.
    pub district: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// Who helps.
    pub helper: String,
    /// What is asked for.
    pub text: String,
    /// Who asks.
    pub given_by: String,
    /// When the link ends, epoch milliseconds.
    pub expires_at: i64,
    /// The result that was sent.
    pub answer: Option<String>,
    /// When it was sent, epoch milliseconds.
    pub answered_at: Option<i64>,
}

/// The desk at which outside helpers are served who have a secret link.
#[async_trait]
pub trait HelperDesk: Send + Sync {
    /// Shows what is asked for.
    async fn open(&self, ctx: &Ctx, token: &str) -> Result<HelperView, Problem>;
    /// Takes the result.
    async fn answer(&self, ctx: &Ctx, token: &str, text: &str) -> Result<HelperView, Problem>;
}
