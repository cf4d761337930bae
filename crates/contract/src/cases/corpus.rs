//! Orders as material: to learn from, and to compare a new one with.

use async_trait::async_trait;
use kernel::{BoxError, Lang, Principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CaseId;
use crate::identity::UnitId;

/// An order as material.
#[derive(Clone, Debug, PartialEq)]
pub struct CorpusCase {
    /// The order.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// The title.
    pub title: String,
    /// What happened.
    pub content: String,
    /// Its type, as a code.
    pub r#type: String,
    /// Its category.
    pub category_id: Option<String>,
    /// How urgent it is, as a code.
    pub urgency: String,
    /// The status, as a code.
    pub status: String,
    /// Whether it is settled or was ended early.
    pub settled: bool,
    /// The unit in charge.
    pub unit_id: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// Longitude in degrees.
    pub lng: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// The citizen's number; for comparing, never for showing.
    pub phone: Option<String>,
    /// Whether the citizen's identity is kept from the units.
    pub confidential: bool,
    /// Who wrote it.
    pub created_by: Option<String>,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// The order that this one was merged into.
    pub main_id: Option<CaseId>,
}

/// A category as material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorpusCategory {
    /// The category.
    pub id: String,
    /// The category above.
    pub parent_id: Option<String>,
    /// Its names from the top, for instance 公共事业/供水/停水.
    pub path_name: String,
    /// 1 at the top.
    pub level: i64,
    /// The type that its orders usually have.
    pub r#type: Option<String>,
    /// Whether it can be chosen.
    pub active: bool,
}

/// What is known of an order that is being written.
#[derive(Clone, Debug, Default)]
pub struct CorpusDraft {
    /// Its category.
    pub category_id: Option<String>,
    /// The title.
    pub title: String,
    /// What happened.
    pub content: String,
    /// The district.
    pub district: Option<String>,
}

/// The unit that the dispatch catalogue proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitProposal {
    /// The unit.
    pub unit_id: UnitId,
    /// Its name.
    pub unit_name: String,
    /// Why, in the reader's language.
    pub reason: String,
}

/// The place after which a page of orders begins: when the last one was written, and its id.
pub type CorpusPlace = (i64, String);

/// The city's orders as material for learning and comparing.
#[async_trait]
pub trait CaseCorpus: Send + Sync {
    /// Returns orders written since `since`, oldest first, after `after`, at most `limit`.
    async fn orders(
        &self,
        since: i64,
        after: Option<&CorpusPlace>,
        limit: i64,
    ) -> Result<Vec<CorpusCase>, BoxError>;
    /// Finds one.
    async fn order(&self, id: &CaseId) -> Result<Option<CorpusCase>, BoxError>;
    /// Finds several, at most 200, in no particular order; what is not there is left out.
    async fn orders_of(&self, ids: &[CaseId]) -> Result<Vec<CorpusCase>, BoxError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.order(id).await?);
        }
        Ok(found)
    }
    /// Returns the tree of categories, those above before those below.
    fn categories(&self) -> Vec<CorpusCategory>;
    /// Returns what the dispatch catalogue proposes for an order that is being written.
    async fn proposal(&self, draft: &CorpusDraft, lang: Lang) -> Result<Option<UnitProposal>, BoxError>;
    /// Returns which of these orders `by` may read.
    async fn readable(&self, by: &Principal, ids: &[CaseId]) -> Result<Vec<CaseId>, BoxError>;
}
