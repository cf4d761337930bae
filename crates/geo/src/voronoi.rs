//! Areas around points: everything that is nearer to one than to any other, and areas put together.

use std::collections::HashMap;

use crate::Point;
use crate::shape::{Line, Polygon, twice_area};

/// A corner, to be compared.
type Corner = (i64, i64);

/// So many parts a unit is divided into when corners are compared.
const GRAIN: f64 = 1e6;

/// Cuts `edge`, which is convex, into the cells of `points`, in their order. A cell may be empty.
#[must_use]
pub fn cells(edge: &[Point], points: &[Point]) -> Vec<Line> {
    points
        .iter()
        .map(|own| {
            let mut cell = edge.to_vec();
            for other in points {
                if other != own {
                    cell = nearer(&cell, *own, *other);
                }
            }
            cell
        })
        .collect()
}

/// Keeps of a convex area what is nearer to `own` than to `other`.
fn nearer(edge: &[Point], own: Point, other: Point) -> Line {
    let (nx, ny) = (other[0] - own[0], other[1] - own[1]);
    let middle = [f64::midpoint(own[0], other[0]), f64::midpoint(own[1], other[1])];
    let side = |[x, y]: Point| (x - middle[0]) * nx + (y - middle[1]) * ny;
    let mut out: Line = Vec::new();
    for pair in edge.windows(2) {
        let (a, b) = (side(pair[0]), side(pair[1]));
        if a <= 0.0 {
            out.push(pair[0]);
        }
        if (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0) {
            let share = a / (a - b);
            out.push([
                pair[0][0] + share * (pair[1][0] - pair[0][0]),
                pair[0][1] + share * (pair[1][1] - pair[0][1]),
            ]);
        }
    }
    if let Some(first) = out.first().copied() {
        out.push(first);
    }
    if out.len() < 4 { Vec::new() } else { out }
}

/// Puts areas together whose common borders have the same corners: what two of them share falls away.
#[must_use]
pub fn union(areas: &[Line]) -> Vec<Polygon> {
    #[expect(clippy::cast_possible_truncation, reason = "degrees in millionths fit easily")]
    let key = |[x, y]: Point| ((x * GRAIN).round() as i64, (y * GRAIN).round() as i64);
    let mut sides: HashMap<(Corner, Corner), Point> = HashMap::new();
    for area in areas {
        let mut edge = area.clone();
        if twice_area(&edge) < 0.0 {
            edge.reverse();
        }
        for pair in edge.windows(2) {
            let (a, b) = (key(pair[0]), key(pair[1]));
            if a != b && sides.remove(&(b, a)).is_none() {
                sides.insert((a, b), pair[0]);
            }
        }
    }
    let mut next: HashMap<Corner, Vec<(Corner, Point)>> = HashMap::new();
    for ((a, b), point) in sides {
        next.entry(a).or_default().push((b, point));
    }
    let mut starts: Vec<Corner> = next.keys().copied().collect();
    starts.sort_unstable();
    let mut edges: Vec<Line> = Vec::new();
    for start in starts {
        while next.get(&start).is_some_and(|list| !list.is_empty()) {
            let (mut at, mut edge): (_, Line) = (start, Vec::new());
            while let Some((to, point)) = next.get_mut(&at).and_then(Vec::pop) {
                edge.push(point);
                at = to;
                if at == start {
                    break;
                }
            }
            if let Some(first) = edge.first().copied() {
                edge.push(first);
            }
            if edge.len() >= 4 {
                edges.push(edge);
            }
        }
    }
    // Outer edges run anticlockwise, holes clockwise.
    let (outer, holes): (Vec<Line>, Vec<Line>) = edges.into_iter().partition(|edge| twice_area(edge) > 0.0);
    let mut areas: Vec<Polygon> = outer.into_iter().map(|edge| vec![edge]).collect();
    for hole in holes {
        let around = areas.iter_mut().find(|area| crate::shape::contains(&[vec![area[0].clone()]], hole[0]));
        if let Some(area) = around {
            area.push(hole);
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::contains;

    #[test]
    fn cells_fill_the_whole_and_neighbours_grow_together() {
        let whole = vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]];
        let points = [[2.0, 2.0], [7.0, 3.0], [3.0, 8.0], [8.0, 8.5]];
        let all = cells(&whole, &points);
        let sum: f64 = all.iter().map(|cell| twice_area(cell).abs()).sum();
        assert!((sum - 200.0).abs() < 1e-9, "{sum}");
        for (cell, point) in all.iter().zip(points) {
            assert!(contains(&[vec![cell.clone()]], point));
        }
        let together = union(&all[..2]);
        assert_eq!(together.len(), 1);
        let own: f64 = all[..2].iter().map(|cell| twice_area(cell).abs()).sum();
        assert!((twice_area(&together[0][0]) - own).abs() < 1e-4);
        assert_eq!(union(&all).len(), 1);
    }
}
