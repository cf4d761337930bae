//! Where a matter is, as the clerk's device measures it on the spot (现场定位, ORD-32).

use serde_json::json;

use super::Case;
use super::change::Change;
use super::timeline::EntryKind;
use crate::error::{CaseError, Check};

/// What a device measures: degrees of WGS 84, which CGCS2000 agrees with to a few centimetres, so that they are
/// stored as they are.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Longitude in degrees.
    pub lng: f64,
    /// Latitude in degrees.
    pub lat: f64,
    /// How far off it may be, in metres.
    pub accuracy_m: Option<f64>,
}

/// Puts the order there.
///
/// # Errors
/// [`CaseError::Invalid`] for what is no place on earth.
pub fn locate(case: &mut Case, position: Position) -> Result<Change, CaseError> {
    let mut check = Check::default();
    let within = |value: f64, most: f64| value.is_finite() && value.abs() <= most;
    if !within(position.lng, 180.0) || !within(position.lat, 90.0) {
        check.refuse("lng", "out_of_range", "坐标不正确。", "This is no place on earth.");
    }
    if position.accuracy_m.is_some_and(|metres| !metres.is_finite() || metres < 0.0) {
        check.refuse("accuracy_m", "out_of_range", "定位精度不正确。", "This is no accuracy.");
    }
    check.done()?;
    let before = case.place.lng.zip(case.place.lat);
    case.place.lng = Some(position.lng);
    case.place.lat = Some(position.lat);
    Ok(Change::new(EntryKind::Located, "case.locate").with(json!({
        "lng": position.lng,
        "lat": position.lat,
        "accuracy_m": position.accuracy_m,
        "before": before,
    })))
}
