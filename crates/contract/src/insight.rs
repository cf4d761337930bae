//! Figures: what is told of early warnings; where orders are.

use async_trait::async_trait;
use kernel::event::{Audience, Event};
use kernel::{Principal, Problem, Scope};
use serde::{Deserialize, Serialize};

use crate::cases::CaseLine;

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

/// A report that somebody has subscribed to was sent, or was not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportMailed {
    /// The subscription.
    pub subscription_id: String,
    /// Which time.
    pub run_id: String,
    /// Whose subscription it is.
    pub owner_id: String,
    /// Who was to get it.
    pub person_id: String,
    /// `sent`, `failed`, `unclear`.
    pub state: String,
}

impl Event for ReportMailed {
    const NAME: &'static str = "insight.report_mailed";
    fn subject(&self) -> String {
        self.run_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Person(self.owner_id.clone())]
    }
}

/// Which orders are asked for on a map.
#[derive(Clone, Debug, Default)]
pub struct PlaceQuestion {
    /// The first day, such as 2026-11-01.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Conditions as reports read them, such as `type:complaint,help;district:云阳区`.
    pub conditions: String,
    /// The unit in charge or one above it.
    pub unit_id: Option<String>,
}

/// Orders of one day that stand in the same place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaceRow {
    /// Longitude in degrees of CGCS2000.
    pub lng: f64,
    /// Latitude in degrees.
    pub lat: f64,
    /// Days after the first day.
    pub day: i64,
    /// Orders.
    pub count: i64,
    /// Of these, orders that are not settled.
    pub open: i64,
    /// Of these, orders whose limit has ended without their being settled.
    pub red: i64,
}

/// Where orders are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    /// Places and days.
    pub rows: Vec<PlaceRow>,
    /// Places nearer to each other than so many metres were taken for one.
    pub grain_m: i64,
    /// Orders that have no place.
    pub unplaced: i64,
}

/// A rectangle in degrees: west, south, east, north.
pub type PlaceBounds = [f64; 4];

/// Orders at a place.
#[derive(Clone, Debug, Default)]
pub struct PlacedCases {
    /// All of them.
    pub total: usize,
    /// Whether there were too many to look at all.
    pub cut: bool,
    /// Those that the reader may open, newest first, with their place.
    pub lines: Vec<(CaseLine, f64, f64)>,
    /// Orders on this page that the reader may not open.
    pub hidden: usize,
}

/// Answers where orders are.
#[async_trait]
pub trait PlaceFigures: Send + Sync {
    /// Counts orders by place and day, as far as `by` sees them within `reach`.
    async fn places(&self, by: &Principal, reach: Scope, question: &PlaceQuestion)
    -> Result<Places, Problem>;

    /// Lists orders within `bounds` whose place `keeps` says yes to: `take` of them after the first `skip`.
    #[expect(clippy::too_many_arguments, reason = "a question, a place and a page")]
    async fn cases_within(
        &self,
        by: &Principal,
        reach: Scope,
        question: &PlaceQuestion,
        bounds: PlaceBounds,
        keeps: &(dyn Fn(f64, f64) -> bool + Sync),
        skip: usize,
        take: usize,
    ) -> Result<PlacedCases, Problem>;
}
