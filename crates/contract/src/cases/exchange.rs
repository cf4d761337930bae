//! What units write to each other beside orders (业务交流).

use kernel::event::{Audience, Event};
use serde::{Deserialize, Serialize};

/// A unit wrote to others, answered, or has let the day pass by which an answer was wished for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExchangeWritten {
    /// The exchange.
    pub exchange_id: String,
    /// What it is about.
    pub subject: String,
    /// The unit that wrote.
    pub by_unit: String,
    /// Units whose people are told.
    pub unit_ids: Vec<String>,
    /// `new`, `answer` or `late`.
    pub what: String,
}

impl Event for ExchangeWritten {
    // Not among `cases.`: those are about an order.
    const NAME: &'static str = "exchange.written";
    fn subject(&self) -> String {
        self.exchange_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        self.unit_ids.iter().chain([&self.by_unit]).map(|id| Audience::Unit(id.clone())).collect()
    }
}
