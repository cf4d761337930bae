//! The edges of areas, put together from pieces.

use std::collections::HashMap;

use crate::shape::{Line, Polygon, contains};

type Corner = (u64, u64);

fn corner(point: &[f64; 2]) -> Corner {
    (point[0].to_bits(), point[1].to_bits())
}

/// Joins pieces that end in the same corner to closed edges; what stays open is left out.
pub(super) fn join(pieces: Vec<Line>) -> Vec<Line> {
    let mut ends: HashMap<Corner, Vec<usize>> = HashMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        for point in [&piece[0], &piece[piece.len() - 1]] {
            ends.entry(corner(point)).or_default().push(at);
        }
    }
    let mut used = vec![false; pieces.len()];
    let mut rings = Vec::new();
    for start in 0..pieces.len() {
        if std::mem::replace(&mut used[start], true) {
            continue;
        }
        let mut ring = pieces[start].clone();
        while corner(&ring[0]) != corner(&ring[ring.len() - 1]) {
            let end = corner(&ring[ring.len() - 1]);
            let Some(&next) = ends.get(&end).and_then(|list| list.iter().find(|at| !used[**at])) else {
                break;
            };
            used[next] = true;
            let piece = &pieces[next];
            if corner(&piece[0]) == end {
                ring.extend_from_slice(&piece[1..]);
            } else {
                ring.extend(piece.iter().rev().skip(1));
            }
        }
        if ring.len() >= 4 && corner(&ring[0]) == corner(&ring[ring.len() - 1]) {
            rings.push(ring);
        }
    }
    rings
}

/// Puts holes into the outer edges around them.
pub(super) fn nest(outer: Vec<Line>, inner: Vec<Line>) -> Vec<Polygon> {
    let mut areas: Vec<Polygon> = outer.into_iter().map(|edge| vec![edge]).collect();
    let alone = areas.len() == 1;
    for hole in inner {
        let around = areas
            .iter_mut()
            .find(|area| alone || contains(std::slice::from_ref(&vec![area[0].clone()]), hole[0]));
        if let Some(area) = around {
            area.push(hole);
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_direction_become_edges_and_holes_find_their_place() {
        let pieces = vec![
            vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]],
            vec![[0.0, 0.0], [0.0, 4.0], [4.0, 4.0]],
            vec![[9.0, 9.0], [8.0, 8.0]],
        ];
        let outer = join(pieces);
        assert_eq!((outer.len(), outer[0].len()), (1, 5));
        let hole = vec![[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 1.0]];
        let other = vec![[10.0, 10.0], [14.0, 10.0], [14.0, 14.0], [10.0, 10.0]];
        let areas = nest(vec![other, outer[0].clone()], vec![hole.clone()]);
        assert_eq!((areas[0].len(), &areas[1][1]), (1, &hole));
    }
}
