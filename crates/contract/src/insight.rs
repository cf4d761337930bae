//! Figures: what is told of early warnings.

use kernel::event::{Audience, Event};
use serde::{Deserialize, Serialize};

/// A warning was raised, grew, was taken or closed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WarningChanged {
    /// The warning.
    pub warning_id: String,
    /// `new`, `taken`, `closed`.
    pub state: String,
    /// 1 low, 2 middle, 3 high.
    pub severity: i64,
    /// The unit that is told.
    pub unit_id: String,
}

impl Event for WarningChanged {
    const NAME: &'static str = "insight.warning_changed";
    fn subject(&self) -> String {
        self.warning_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("warning.read".to_owned()), Audience::Unit(self.unit_id.clone())]
    }
}
