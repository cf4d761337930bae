//! Areas that people count by: districts, streets and towns, cells of the grid (GB/T 30428).

use geo::Point;
use geo::geojson::Most;
use geo::shape::{Bounds, Polygon, Shape, contains};

use crate::error::MapError;

/// So many areas of a kind, and corners of one area.
pub const AREAS_MAX: usize = 5_000;
/// Corners of one area.
pub const CORNERS_MAX: usize = 20_000;
/// How much one file may hold.
pub const MOST: Most = Most { areas: AREAS_MAX, corners: 400_000 };
/// The largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What an area is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaKind {
    /// A district or county.
    District,
    /// A street or town.
    Street,
    /// A cell of the grid.
    Grid,
}

impl AreaKind {
    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "district" => Some(Self::District),
            "street" => Some(Self::Street),
            "grid" => Some(Self::Grid),
            _ => None,
        }
    }

    /// Returns the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Street => "street",
            Self::Grid => "grid",
        }
    }
}

/// An area.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: AreaKind,
    /// What administrations call it, such as 330106; may be empty.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is, in CGCS2000.
    pub areas: Vec<Polygon>,
    /// How often it was changed.
    pub version: i64,
}

impl Area {
    /// Checks what somebody wants to keep.
    ///
    /// # Errors
    /// [`MapError::Field`] for a bad name, code or shape.
    pub fn check(&self) -> Result<(), MapError> {
        let length = self.name.chars().count();
        if !(1..=60).contains(&length) {
            return Err(MapError::field(
                "name",
                "名称为 1 到 60 个字。",
                "A name of 1 to 60 characters is needed.",
            ));
        }
        if self.code.chars().count() > 40 {
            return Err(MapError::field("code", "编码最多 40 个字。", "A code has at most 40 characters."));
        }
        let corners = self.corners();
        let edges_close =
            self.areas.iter().flatten().all(|edge| edge.len() >= 4 && edge.first() == edge.last());
        if self.areas.is_empty() || self.areas.iter().any(Vec::is_empty) || !edges_close {
            return Err(MapError::field("shape", "请画出区域。", "Please draw the area."));
        }
        if corners > CORNERS_MAX {
            return Err(MapError::field(
                "shape",
                "一个区域最多 20000 个顶点。",
                "An area has at most 20,000 corners.",
            ));
        }
        if !self.areas.iter().flatten().flatten().all(|place| geo::crs::is_place(*place)) {
            return Err(MapError::field("shape", "坐标不正确。", "A corner is no place on earth."));
        }
        Ok(())
    }

    /// Returns how many corners it has.
    #[must_use]
    pub fn corners(&self) -> usize {
        self.areas.iter().flatten().map(Vec::len).sum()
    }
}

/// Areas, ready to be asked which of them a place lies in.
#[derive(Debug)]
pub struct Finder<'a>(Vec<(Bounds, &'a Area)>);

impl<'a> Finder<'a> {
    /// Prepares areas.
    #[must_use]
    pub fn new(areas: &'a [Area]) -> Self {
        Self(areas.iter().map(|area| (Shape::Areas(area.areas.clone()).bounds(), area)).collect())
    }

    /// Returns the place in the list of the area around a place.
    #[must_use]
    pub fn find(&self, place: Point) -> Option<usize> {
        self.0.iter().position(|(bounds, area)| bounds.holds(place) && contains(&area.areas, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(name: &str, from: f64) -> Area {
        let edge = vec![[from, 0.0], [from + 1.0, 0.0], [from + 1.0, 1.0], [from, 1.0], [from, 0.0]];
        Area {
            id: name.to_owned(),
            kind: AreaKind::Grid,
            code: String::new(),
            name: name.to_owned(),
            areas: vec![vec![edge]],
            version: 1,
        }
    }

    #[test]
    fn a_place_lies_in_one_area_or_none() {
        let areas = [area("a", 0.0), area("b", 1.0)];
        let finder = Finder::new(&areas);
        assert_eq!(finder.find([0.5, 0.5]), Some(0));
        assert_eq!(finder.find([1.5, 0.5]), Some(1));
        assert_eq!(finder.find([2.5, 0.5]), None);
    }

    #[test]
    fn a_bad_area_is_refused() {
        assert!(area("a", 0.0).check().is_ok());
        assert!(area("", 0.0).check().is_err());
        assert!(area("b", 180.0).check().is_err());
        assert!(Area { areas: vec![vec![]], ..area("c", 0.0) }.check().is_err());
        let mut open = area("d", 0.0);
        open.areas[0][0].pop();
        assert!(open.check().is_err());
    }
}
