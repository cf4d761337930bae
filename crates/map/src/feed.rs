//! What machines of other offices push: the state of the city at a place (气象、路况、环境).

use std::collections::BTreeMap;

use geo::Point;
use geo::crs::Crs;
use kernel::Timestamp;

use crate::error::MapError;

/// So many states one push holds at most.
pub const STATES_MAX: usize = 500;
/// So many figures one state holds at most.
const FIGURES_MAX: usize = 12;
/// Corners of a line.
const LINE_MAX: usize = 200;
/// A state may be so far ahead of the own clock, in milliseconds.
const AHEAD_MS: i64 = 5 * 60_000;
/// States are kept so long, in milliseconds; what is older when it comes is not taken.
pub const KEPT_MS: i64 = 7 * 86_400_000;

/// What a state is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// Weather at a station: `temp_c`, `rain_mm_h`, `wind_ms`, `humidity_pct`.
    Weather,
    /// A stretch of road: `speed_kmh`, `flow_h`.
    Road,
    /// Air, water or noise at a station: `aqi`, `pm25`, `noise_db`.
    Environment,
}

impl FeedKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Weather, Self::Road, Self::Environment];

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Returns the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Weather => "weather",
            Self::Road => "road",
            Self::Environment => "environment",
        }
    }

    /// After so long without news a state is shown as stale, in milliseconds.
    #[must_use]
    pub fn fresh_ms(self) -> i64 {
        match self {
            Self::Road => 15 * 60_000,
            Self::Weather | Self::Environment => 2 * 3_600_000,
        }
    }
}

/// The state of something at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The thing, as its office calls it.
    pub id: String,
    /// When it was measured.
    pub at: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// What people call it.
    pub name: String,
    /// 0 as usual, 1 notable, 2 serious, 3 grave.
    pub severity: i64,
    /// Where, in CGCS2000.
    pub place: Point,
    /// A stretch, in CGCS2000; empty for a point.
    pub line: Vec<Point>,
    /// What is to be said of it.
    pub text: String,
    /// Figures by name.
    pub figures: BTreeMap<String, f64>,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// States that are new.
    pub taken: usize,
    /// Of these, states older than what is known: they went into the history only.
    pub late: usize,
    /// States that were known already.
    pub repeated: usize,
    /// States that were too old to keep.
    pub outdated: usize,
}

impl State {
    /// Checks a state that was pushed as number `number` and converts its places.
    ///
    /// # Errors
    /// [`MapError::Field`] that names the state and the field.
    pub fn check(mut self, number: usize, crs: Crs, now: Timestamp) -> Result<Self, MapError> {
        let refuse = |field: &str, zh: &str, en: &str| {
            Err(MapError::field(format!("items[{number}].{field}"), zh, en))
        };
        let length = |text: &str, most: usize| text.chars().count() <= most;
        if self.id.is_empty() || !length(&self.id, 60) {
            return refuse("id", "编号为 1 到 60 个字。", "An id of 1 to 60 characters is needed.");
        }
        if self.name.trim().is_empty() || !length(&self.name, 60) {
            return refuse("name", "名称为 1 到 60 个字。", "A name of 1 to 60 characters is needed.");
        }
        if !length(&self.text, 200) {
            return refuse("text", "说明最多 200 个字。", "At most 200 characters.");
        }
        if !(0..=3).contains(&self.severity) {
            return refuse("severity", "级别为 0 到 3。", "It is 0 to 3.");
        }
        if self.at.0 > now.0 + AHEAD_MS {
            return refuse("at", "时间晚于当前时间，请校准时钟。", "It lies in the future; check the clock.");
        }
        if self.figures.len() > FIGURES_MAX {
            return refuse("figures", "指标最多 12 项。", "At most 12 figures.");
        }
        let bad = |(name, value): (&String, &f64)| name.is_empty() || !length(name, 30) || !value.is_finite();
        if self.figures.iter().any(bad) {
            return refuse("figures", "指标名称或数值不正确。", "A figure's name or value is wrong.");
        }
        if self.line.len() > LINE_MAX || self.line.len() == 1 {
            return refuse("line", "线由 2 到 200 个点组成。", "A line has 2 to 200 points.");
        }
        if !self.line.iter().chain([&self.place]).all(|place| geo::crs::is_place(*place)) {
            return refuse("lng", "经纬度不正确。", "These are no coordinates.");
        }
        self.name = self.name.trim().to_owned();
        self.place = crs.to_cgcs2000(self.place);
        self.line = self.line.into_iter().map(|place| crs.to_cgcs2000(place)).collect();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            id: "s1".to_owned(),
            at: Timestamp(1_000_000),
            until: None,
            name: " 澄心湖站 ".to_owned(),
            severity: 1,
            place: [112.5, 30.2],
            line: Vec::new(),
            text: String::new(),
            figures: BTreeMap::from([("temp_c".to_owned(), 21.5)]),
        }
    }

    #[test]
    fn a_state_is_checked_field_by_field_and_converted() {
        let now = Timestamp(1_000_000);
        let good = state().check(0, Crs::Gcj02, now).unwrap();
        assert_eq!((&*good.name, good.place), ("澄心湖站", geo::crs::gcj02_to_wgs84([112.5, 30.2])));
        let ahead = State { at: Timestamp(1_000_000 + AHEAD_MS + 1), ..state() };
        let far = State { place: [112.5, 91.0], ..state() };
        let nothing = State { figures: BTreeMap::from([("x".to_owned(), f64::NAN)]), ..state() };
        for (number, bad) in [ahead, far, nothing].into_iter().enumerate() {
            let error = bad.check(number, Crs::Cgcs2000, now).unwrap_err();
            assert!(
                matches!(&error, MapError::Field { field, .. } if field.starts_with(&format!("items[{number}]")))
            );
        }
    }
}
