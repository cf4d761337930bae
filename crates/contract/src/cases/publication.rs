//! What the city shows to everybody: settled orders and figures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A settled order as everybody may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedCase {
    /// Its id; it leads to no order.
    pub id: String,
    /// The title.
    pub title: String,
    /// What was asked.
    pub content: String,
    /// What was done.
    pub result: String,
    /// The category's name.
    pub category: String,
    /// The unit that dealt with it.
    pub unit: String,
    /// When it came, epoch milliseconds.
    pub received_at: i64,
    /// When it was settled, epoch milliseconds.
    pub settled_at: i64,
}

/// What narrows the list of published orders.
#[derive(Clone, Debug, Default)]
pub struct PublishedFilter {
    /// Words that title, question or answer hold.
    pub q: String,
    /// A category, with all below it.
    pub category_id: Option<String>,
    /// The word that came with the page before.
    pub cursor: Option<String>,
}

/// How many orders came and were settled in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonthFigures {
    /// `2026-03`.
    pub month: String,
    /// Orders that came.
    pub received: i64,
    /// Orders that were settled.
    pub settled: i64,
}

/// What a unit promises citizens, as everybody may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicCommitment {
    /// Its id.
    pub id: String,
    /// The unit's name.
    pub unit: String,
    /// The service.
    pub service: String,
    /// Whom it is for.
    pub audience: String,
    /// What is done.
    pub content: String,
    /// How well.
    pub standard: String,
    /// Step by step.
    pub process: String,
    /// How soon, in words.
    pub time_limit: String,
    /// The rule that it rests on.
    pub basis: String,
    /// Where to turn to.
    pub contact: String,
    /// Since when it is shown, epoch milliseconds.
    pub published_at: i64,
}

/// What narrows the list of promises.
#[derive(Clone, Debug, Default)]
pub struct PublicCommitmentFilter {
    /// Words that the unit's name or the promise hold.
    pub q: String,
    /// The word that came with the page before.
    pub cursor: Option<String>,
}
