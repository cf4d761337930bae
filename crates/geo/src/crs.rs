//! Coordinate systems that Chinese maps use.
//!
//! WGS 84 is what devices measure; CGCS2000 agrees with it to a few centimetres, so one stands for the other. GCJ-02
//! is what maps published in China are drawn in (高德, 腾讯), BD-09 is 百度's. Both are shifted from WGS 84 by some
//! hundred metres within China and not at all outside. The shift is only known forwards; the way back is found by
//! iteration, to less than a tenth of a millimetre.

use std::f64::consts::PI;

use crate::Point;

/// The axis of the ellipsoid that the shift is defined on (Krasovsky 1940), in metres.
const AXIS_M: f64 = 6_378_245.0;
/// Its first eccentricity, squared.
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
/// 百度's own angle.
const BAIDU: f64 = PI * 3000.0 / 180.0;
/// The radius of Web Mercator, in metres.
const MERCATOR_M: f64 = 6_378_137.0;
/// Web Mercator ends here, in degrees of latitude.
pub const MERCATOR_LAT_MAX: f64 = 85.051_128_779_806_59;
/// Steps of the way back. The shift changes by a ten thousandth of the distance, so each step gains four digits.
const STEPS: usize = 6;

/// A system that coordinates come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crs {
    /// WGS 84 and CGCS2000, what is stored.
    Cgcs2000,
    /// GCJ-02.
    Gcj02,
    /// BD-09.
    Bd09,
}

impl Crs {
    /// Reads the code `cgcs2000`, `wgs84`, `gcj02`, `bd09`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code.to_ascii_lowercase().as_str() {
            "cgcs2000" | "wgs84" => Some(Self::Cgcs2000),
            "gcj02" => Some(Self::Gcj02),
            "bd09" => Some(Self::Bd09),
            _ => None,
        }
    }

    /// Converts from this system to CGCS2000.
    #[must_use]
    pub fn to_cgcs2000(self, point: Point) -> Point {
        match self {
            Self::Cgcs2000 => point,
            Self::Gcj02 => gcj02_to_wgs84(point),
            Self::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(point)),
        }
    }

    /// Converts from CGCS2000 to this system.
    #[must_use]
    pub fn from_cgcs2000(self, point: Point) -> Point {
        match self {
            Self::Cgcs2000 => point,
            Self::Gcj02 => wgs84_to_gcj02(point),
            Self::Bd09 => gcj02_to_bd09(wgs84_to_gcj02(point)),
        }
    }
}

/// Tells whether a place is one on earth.
#[must_use]
pub fn is_place([lng, lat]: Point) -> bool {
    lng.is_finite() && lat.is_finite() && lng.abs() <= 180.0 && lat.abs() <= 90.0
}

/// Tells whether the shift applies: within the rectangle that the common implementations take for China.
#[must_use]
pub fn is_shifted([lng, lat]: Point) -> bool {
    (72.004..=137.8347).contains(&lng) && (0.8293..=55.8271).contains(&lat)
}

/// The shift at a place, in degrees.
fn shift([lng, lat]: Point) -> Point {
    let (x, y) = (lng - 105.0, lat - 35.0);
    let wave = |period: f64| (period * PI).sin();
    let short = (20.0 * wave(6.0 * x) + 20.0 * wave(2.0 * x)) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + short
        + (20.0 * wave(y) + 40.0 * wave(y / 3.0)) * 2.0 / 3.0
        + (160.0 * wave(y / 12.0) + 320.0 * wave(y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + short
        + (20.0 * wave(x) + 40.0 * wave(x / 3.0)) * 2.0 / 3.0
        + (150.0 * wave(x / 12.0) + 300.0 * wave(x / 30.0)) * 2.0 / 3.0;
    let angle = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY * angle.sin().powi(2);
    let root = magic.sqrt();
    [
        (east * 180.0) / (AXIS_M / root * angle.cos() * PI),
        (north * 180.0) / ((AXIS_M * (1.0 - ECCENTRICITY)) / (magic * root) * PI),
    ]
}

/// Shifts WGS 84 to GCJ-02; outside China nothing changes.
#[must_use]
pub fn wgs84_to_gcj02(point: Point) -> Point {
    if !is_shifted(point) {
        return point;
    }
    let [east, north] = shift(point);
    [point[0] + east, point[1] + north]
}

/// Finds the place in WGS 84 that is shifted to this one.
#[must_use]
pub fn gcj02_to_wgs84(point: Point) -> Point {
    if !is_shifted(point) {
        return point;
    }
    back(point, |guess| {
        let [east, north] = shift(guess);
        [guess[0] + east, guess[1] + north]
    })
}

/// Turns GCJ-02 into BD-09; outside China nothing changes.
#[must_use]
pub fn gcj02_to_bd09(point: Point) -> Point {
    if is_shifted(point) { baidu(point) } else { point }
}

/// Finds the place in GCJ-02 that BD-09 shows here.
#[must_use]
pub fn bd09_to_gcj02(point: Point) -> Point {
    if is_shifted(point) { back(point, baidu) } else { point }
}

fn baidu([lng, lat]: Point) -> Point {
    let radius = lng.hypot(lat) + 0.000_02 * (lat * BAIDU).sin();
    let angle = lat.atan2(lng) + 0.000_003 * (lng * BAIDU).cos();
    [radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006]
}

/// Finds what `forward` brings to `point`, where it moves places by little.
fn back(point: Point, forward: impl Fn(Point) -> Point) -> Point {
    let mut guess = point;
    for _ in 0..STEPS {
        let there = forward(guess);
        guess = [guess[0] + point[0] - there[0], guess[1] + point[1] - there[1]];
    }
    guess
}

/// Projects WGS 84 to Web Mercator (EPSG:3857), in metres; the poles are cut off.
#[must_use]
pub fn to_mercator([lng, lat]: Point) -> Point {
    let lat = lat.clamp(-MERCATOR_LAT_MAX, MERCATOR_LAT_MAX);
    [MERCATOR_M * lng.to_radians(), MERCATOR_M * (PI / 4.0 + lat.to_radians() / 2.0).tan().ln()]
}

/// Turns Web Mercator back into WGS 84.
#[must_use]
pub fn from_mercator([x, y]: Point) -> Point {
    [(x / MERCATOR_M).to_degrees(), (2.0 * (y / MERCATOR_M).exp().atan() - PI / 2.0).to_degrees()]
}

/// Projects to the square of tiles: 0 to 1 from west to east and from north to south.
#[must_use]
pub fn to_unit(point: Point) -> Point {
    let [x, y] = to_mercator(point);
    let whole = 2.0 * PI * MERCATOR_M;
    [0.5 + x / whole, 0.5 - y / whole]
}

/// Turns a place in the square of tiles back into degrees.
#[must_use]
pub fn from_unit([x, y]: Point) -> Point {
    let whole = 2.0 * PI * MERCATOR_M;
    from_mercator([(x - 0.5) * whole, (0.5 - y) * whole])
}

/// The distance of two places in metres, on the sphere.
#[must_use]
pub fn distance_m(one: Point, other: Point) -> f64 {
    let (lat_a, lat_b) = (one[1].to_radians(), other[1].to_radians());
    let (north, east) = ((lat_b - lat_a) / 2.0, (other[0] - one[0]).to_radians() / 2.0);
    let chord = north.sin().powi(2) + lat_a.cos() * lat_b.cos() * east.sin().powi(2);
    2.0 * 6_371_008.8 * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_way_back_ends_where_it_began(lng in 73.5..135.0_f64, lat in 3.9..53.5_f64) {
            let place = [lng, lat];
            for system in [Crs::Cgcs2000, Crs::Gcj02, Crs::Bd09] {
                let back = system.to_cgcs2000(system.from_cgcs2000(place));
                prop_assert!(distance_m(place, back) < 0.0001, "{system:?} {place:?} {back:?}");
            }
            prop_assert!(distance_m(place, wgs84_to_gcj02(place)) > 10.0);
            prop_assert!(distance_m(place, from_mercator(to_mercator(place))) < 0.0001);
            prop_assert!(distance_m(place, from_unit(to_unit(place))) < 0.0001);
        }

        #[test]
        fn nothing_moves_outside_china(lng in -180.0..72.0_f64, lat in -90.0..90.0_f64) {
            for system in [Crs::Gcj02, Crs::Bd09] {
                prop_assert_eq!(system.from_cgcs2000([lng, lat]), [lng, lat]);
                prop_assert_eq!(system.to_cgcs2000([lng, lat]), [lng, lat]);
            }
        }
    }

    #[test]
    fn what_is_no_place_is_told() {
        assert!(is_place([112.5, 30.2]));
        for odd in [[181.0, 0.0], [0.0, 90.1], [f64::NAN, 0.0], [0.0, f64::INFINITY]] {
            assert!(!is_place(odd), "{odd:?}");
        }
    }
}
