//! Layouts of the wall (大屏): tiles on a grid.

use serde::{Deserialize, Serialize};

use crate::error::InsightError;

/// Columns and rows of the grid.
pub const COLUMNS: u8 = 12;
/// Rows of the grid.
pub const ROWS: u8 = 8;
/// So many tiles at most.
const TILES_MAX: usize = 24;

/// What a tile shows.
pub const KINDS: &[&str] = &[
    "title",
    "calls",
    "seats",
    "level",
    "queues",
    "orders",
    "lights",
    "rates",
    "hours",
    "course",
    "types",
    "statuses",
    "districts",
    "hot",
    "late",
    "recent",
    "map",
];

/// A tile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    /// What it shows.
    pub kind: String,
    /// Columns from the left.
    pub x: u8,
    /// Rows from the top.
    pub y: u8,
    /// Columns wide.
    pub w: u8,
    /// Rows high.
    pub h: u8,
}

/// Checks a layout: every tile is known, within the grid, and on no other.
///
/// # Errors
/// When it is not so.
pub fn check(tiles: &[Tile]) -> Result<(), InsightError> {
    let inside = |tile: &Tile| {
        KINDS.contains(&tile.kind.as_str())
            && tile.w >= 1
            && tile.h >= 1
            && u16::from(tile.x) + u16::from(tile.w) <= u16::from(COLUMNS)
            && u16::from(tile.y) + u16::from(tile.h) <= u16::from(ROWS)
    };
    let apart = |one: &Tile, other: &Tile| {
        one.x + one.w <= other.x
            || other.x + other.w <= one.x
            || one.y + one.h <= other.y
            || other.y + other.h <= one.y
    };
    let fine = !tiles.is_empty()
        && tiles.len() <= TILES_MAX
        && tiles.iter().all(inside)
        && tiles.iter().enumerate().all(|(at, one)| tiles[at + 1..].iter().all(|other| apart(one, other)));
    if fine {
        Ok(())
    } else {
        Err(InsightError::question(
            "tiles",
            "磁贴须在 12×8 的网格内且互不重叠。",
            "Tiles must lie on the grid of 12 by 8 and not on each other.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Tile, check};

    fn tile(kind: &str, x: u8, y: u8, w: u8, h: u8) -> Tile {
        Tile { kind: kind.to_owned(), x, y, w, h }
    }

    #[test]
    fn tiles_lie_on_the_grid_and_not_on_each_other() {
        assert!(
            check(&[tile("calls", 0, 0, 6, 4), tile("hot", 6, 0, 6, 8), tile("seats", 0, 4, 6, 4)]).is_ok()
        );
        for bad in [
            vec![],
            vec![tile("secret", 0, 0, 1, 1)],
            vec![tile("calls", 11, 0, 2, 1)],
            vec![tile("calls", 255, 255, 255, 255)],
            vec![tile("calls", 0, 0, 0, 1)],
            vec![tile("calls", 0, 0, 6, 4), tile("hot", 5, 3, 2, 2)],
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }
}
