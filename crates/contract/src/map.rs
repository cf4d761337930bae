//! The map: what is told when its areas change.

use kernel::event::{Audience, Event};
use serde::{Deserialize, Serialize};

/// Areas of a kind were imported, drawn, changed or deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MapAreasChanged {
    /// `district`, `street`, `grid`.
    pub kind: String,
    /// How many there are now.
    pub count: i64,
}

impl Event for MapAreasChanged {
    const NAME: &'static str = "map.areas_changed";
    fn subject(&self) -> String {
        self.kind.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("map.read".to_owned())]
    }
}
