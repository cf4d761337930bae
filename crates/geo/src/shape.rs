//! Points, lines and areas: what lies inside, how far they reach, fewer corners, what of them lies in a rectangle.

use crate::Point;

/// A line, or the edge of an area; an edge ends where it began.
pub type Line = Vec<Point>;

/// An area: its outer edge, then its holes.
pub type Polygon = Vec<Line>;

/// What a thing on a map looks like.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A point.
    Point(Point),
    /// Lines.
    Lines(Vec<Line>),
    /// Areas.
    Areas(Vec<Polygon>),
}

/// A rectangle: west, south, east, north. In the square of tiles south and north change places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least first coordinate.
    pub west: f64,
    /// The least second coordinate.
    pub south: f64,
    /// The greatest first coordinate.
    pub east: f64,
    /// The greatest second coordinate.
    pub north: f64,
}

impl Bounds {
    /// A rectangle of nothing.
    pub const NONE: Self =
        Self { west: f64::INFINITY, south: f64::INFINITY, east: f64::NEG_INFINITY, north: f64::NEG_INFINITY };

    /// Widens it to hold a point.
    pub fn add(&mut self, [x, y]: Point) {
        self.west = self.west.min(x);
        self.east = self.east.max(x);
        self.south = self.south.min(y);
        self.north = self.north.max(y);
    }

    /// Returns the rectangle of some points.
    #[must_use]
    pub fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Self {
        let mut bounds = Self::NONE;
        for point in points {
            bounds.add(*point);
        }
        bounds
    }

    /// Tells whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.west > self.east || self.south > self.north
    }

    /// Tells whether a point lies in it.
    #[must_use]
    pub fn holds(&self, [x, y]: Point) -> bool {
        x >= self.west && x <= self.east && y >= self.south && y <= self.north
    }

    /// Widens it by another one.
    pub fn join(&mut self, other: &Self) {
        if !other.is_empty() {
            self.add([other.west, other.south]);
            self.add([other.east, other.north]);
        }
    }
}

impl Shape {
    /// Returns how far it reaches.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        match self {
            Self::Point(point) => Bounds::of([point]),
            Self::Lines(lines) => Bounds::of(lines.iter().flatten()),
            Self::Areas(areas) => Bounds::of(areas.iter().flatten().flatten()),
        }
    }

    /// Changes every corner.
    #[must_use]
    pub fn map(&self, change: impl Fn(Point) -> Point + Copy) -> Self {
        let line = |line: &Line| line.iter().map(|point| change(*point)).collect::<Line>();
        match self {
            Self::Point(point) => Self::Point(change(*point)),
            Self::Lines(lines) => Self::Lines(lines.iter().map(line).collect()),
            Self::Areas(areas) => {
                Self::Areas(areas.iter().map(|area| area.iter().map(line).collect()).collect())
            }
        }
    }
}

/// Tells whether a point lies in one of the areas: within an outer edge and in no hole.
#[must_use]
pub fn contains(areas: &[Polygon], point: Point) -> bool {
    areas.iter().any(|area| {
        let mut inside = false;
        for edge in area {
            inside ^= crosses(edge, point);
        }
        inside
    })
}

/// Tells whether a ray from the point eastwards meets the edge an odd number of times.
fn crosses(edge: &[Point], [x, y]: Point) -> bool {
    let mut odd = false;
    for pair in edge.windows(2) {
        let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
        if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
            odd = !odd;
        }
    }
    odd
}

/// Returns twice the area inside an edge; positive when it runs anticlockwise with the second axis upwards.
#[must_use]
pub fn twice_area(edge: &[Point]) -> f64 {
    edge.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum()
}

/// Returns the balance point of the largest of the areas; none when they have no area.
#[must_use]
pub fn centre(areas: &[Polygon]) -> Option<Point> {
    let outer = areas
        .iter()
        .filter_map(|area| area.first())
        .max_by(|one, other| twice_area(one).abs().total_cmp(&twice_area(other).abs()))?;
    let whole = twice_area(outer);
    if whole == 0.0 {
        return None;
    }
    // Seen from its first corner, or small areas far from the origin lose their digits.
    let [ox, oy] = outer[0];
    let (mut x, mut y) = (0.0, 0.0);
    for pair in outer.windows(2) {
        let ([ax, ay], [bx, by]) = ([pair[0][0] - ox, pair[0][1] - oy], [pair[1][0] - ox, pair[1][1] - oy]);
        let part = ax * by - bx * ay;
        x += (ax + bx) * part;
        y += (ay + by) * part;
    }
    Some([ox + x / (3.0 * whole), oy + y / (3.0 * whole)])
}

/// Leaves out corners that lie within `tolerance` of the line without them (Douglas and Peucker).
#[must_use]
pub fn simplify(line: &[Point], tolerance: f64) -> Line {
    if line.len() < 3 {
        return line.to_vec();
    }
    let mut keep = vec![false; line.len()];
    keep[0] = true;
    keep[line.len() - 1] = true;
    let mut stack = vec![(0, line.len() - 1)];
    let reach = tolerance * tolerance;
    while let Some((from, to)) = stack.pop() {
        let (mut worst, mut at) = (reach, None);
        for middle in from + 1..to {
            let far = square_distance(line[middle], line[from], line[to]);
            if far > worst {
                (worst, at) = (far, Some(middle));
            }
        }
        if let Some(middle) = at {
            keep[middle] = true;
            stack.push((from, middle));
            stack.push((middle, to));
        }
    }
    line.iter().zip(keep).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}

/// The square of the distance of a point from a piece of a line.
fn square_distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { (((x - ax) * dx + (y - ay) * dy) / length).clamp(0.0, 1.0) };
    let (ex, ey) = (x - ax - along * dx, y - ay - along * dy);
    ex * ex + ey * ey
}

/// Cuts a line along one axis to `[from, to]`; pieces come out where it leaves and returns.
#[must_use]
pub fn clip_line(line: &[Point], axis: usize, from: f64, to: f64) -> Vec<Line> {
    let mut pieces = Vec::new();
    let mut piece: Line = Vec::new();
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (low, high) = (a[axis].min(b[axis]), a[axis].max(b[axis]));
        if high < from || low > to {
            if piece.len() > 1 {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.clear();
            continue;
        }
        let enters = if a[axis] < from {
            at(a, b, axis, from)
        } else if a[axis] > to {
            at(a, b, axis, to)
        } else {
            a
        };
        let leaves = if b[axis] < from {
            at(a, b, axis, from)
        } else if b[axis] > to {
            at(a, b, axis, to)
        } else {
            b
        };
        if piece.is_empty() {
            piece.push(enters);
        }
        piece.push(leaves);
        if leaves != b {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// Cuts the edge of an area along one axis to `[from, to]` (Sutherland and Hodgman); empty when nothing is left.
#[must_use]
pub fn clip_edge(edge: &[Point], axis: usize, from: f64, to: f64) -> Line {
    let half = |edge: &[Point], limit: f64, above: bool| -> Line {
        let inside = |point: Point| if above { point[axis] >= limit } else { point[axis] <= limit };
        let mut out: Line = Vec::with_capacity(edge.len() + 4);
        for pair in edge.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if inside(a) {
                out.push(a);
            }
            if inside(a) != inside(b) {
                out.push(at(a, b, axis, limit));
            }
        }
        if let Some(first) = out.first().copied() {
            out.push(first);
        }
        out
    };
    let cut = half(&half(edge, from, true), to, false);
    if cut.len() < 4 { Vec::new() } else { cut }
}

/// Where the line through two points meets a value of an axis.
fn at(a: Point, b: Point, axis: usize, value: f64) -> Point {
    let other = 1 - axis;
    let share = (value - a[axis]) / (b[axis] - a[axis]);
    let mut point = [0.0; 2];
    point[axis] = value;
    point[other] = a[other] + share * (b[other] - a[other]);
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(from: f64, to: f64) -> Line {
        vec![[from, from], [to, from], [to, to], [from, to], [from, from]]
    }

    #[test]
    fn a_hole_is_not_inside() {
        let areas = [vec![square(0.0, 10.0), square(4.0, 6.0)]];
        assert!(contains(&areas, [1.0, 1.0]));
        assert!(!contains(&areas, [5.0, 5.0]));
        assert!(!contains(&areas, [11.0, 5.0]));
        assert_eq!(centre(&areas), Some([5.0, 5.0]));
    }

    #[test]
    fn corners_that_nobody_would_see_are_left_out() {
        let line = [[0.0, 0.0], [1.0, 0.01], [2.0, 0.0], [3.0, 1.0]];
        assert_eq!(simplify(&line, 0.1), [[0.0, 0.0], [2.0, 0.0], [3.0, 1.0]]);
    }

    #[test]
    fn a_line_that_leaves_and_returns_becomes_two() {
        let line = [[0.0, 1.0], [10.0, 1.0], [10.0, 2.0], [0.0, 2.0]];
        assert_eq!(
            clip_line(&line, 0, -1.0, 5.0),
            [vec![[0.0, 1.0], [5.0, 1.0]], vec![[5.0, 2.0], [0.0, 2.0]]]
        );
        assert_eq!(clip_line(&line, 1, 5.0, 6.0), Vec::<Line>::new());
    }

    #[test]
    fn an_area_is_cut_to_its_part() {
        let cut = clip_edge(&square(0.0, 10.0), 0, 2.0, 4.0);
        assert!((twice_area(&cut).abs() - 40.0).abs() < 1e-9);
        assert!(clip_edge(&square(0.0, 10.0), 1, 11.0, 12.0).is_empty());
    }
}
