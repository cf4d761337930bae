//! The base map cut into vector tiles.

use std::collections::{HashMap, HashSet};

use crate::Point;
use crate::crs::to_unit;
use crate::mvt::{Drawing, EXTENT, LayerWriter, Spot};
use crate::osm::{Feature, Layer, OsmError};
use crate::shape::{Bounds, Line, Shape, clip_edge, clip_line, simplify, twice_area};

/// The deepest zoom; screens enlarge its tiles.
pub const ZOOM_MAX: u8 = 14;
/// Around a tile so much more is drawn, in its own units, so that wide lines do not end at its side.
const MARGIN: f64 = 64.0;
/// So many tiles one zoom has at most; a map of a larger area ends at a lower zoom.
const TILES_MAX: usize = 250_000;
/// Areas smaller than so many of a screen's points are left out.
const AREA_POINTS_MIN: f64 = 3.0;
/// A screen shows a tile with so many points.
const POINTS: f64 = 256.0;

/// A tile.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Zoom.
    pub z: u8,
    /// Column, from the west.
    pub x: u32,
    /// Row, from the north.
    pub y: u32,
    /// The tile as it is sent, not packed.
    pub bytes: Vec<u8>,
}

/// Returns how far the map reaches, in degrees, without the few things that lie far from the rest.
#[must_use]
pub fn bounds(features: &[Feature]) -> Bounds {
    let mut corners: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    let mut add = |point: &Point| {
        corners[0].push(point[0]);
        corners[1].push(point[1]);
    };
    for feature in features.iter().filter(|feature| feature.class.layer != Layer::Border) {
        match &feature.shape {
            Shape::Point(point) => add(point),
            Shape::Lines(lines) => lines.iter().flatten().for_each(&mut add),
            Shape::Areas(areas) => areas.iter().flatten().flatten().for_each(&mut add),
        }
    }
    if corners[0].is_empty() {
        let mut all = Bounds::NONE;
        for feature in features {
            all.join(&feature.shape.bounds());
        }
        return all;
    }
    let few = corners[0].len() / 200;
    let [(west, east), (south, north)] = corners.map(|mut axis| {
        axis.sort_unstable_by(f64::total_cmp);
        // Around where nearly everything is, but not beyond what is there.
        let (low, high) = (axis[few], axis[axis.len() - 1 - few]);
        let around = (high - low) * 0.08;
        ((low - around).max(axis[0]), (high + around).min(axis[axis.len() - 1]))
    });
    Bounds { west, south, east, north }
}

/// Returns the deepest zoom at which a map does not need too many tiles.
#[must_use]
pub fn deepest(features: &[Feature]) -> u8 {
    let mut tiles: HashSet<(u32, u32)> = HashSet::new();
    let grid = Grid::new(ZOOM_MAX);
    for feature in features {
        let mut add = |point: &Point| {
            let [x, y] = to_unit(*point);
            tiles.insert((*grid.touched(x, x).start(), *grid.touched(y, y).start()));
        };
        match &feature.shape {
            Shape::Point(point) => add(point),
            Shape::Lines(lines) => lines.iter().flatten().for_each(&mut add),
            Shape::Areas(areas) => areas.iter().flatten().flatten().for_each(&mut add),
        }
    }
    let mut zoom = ZOOM_MAX;
    while tiles.len() > TILES_MAX && zoom > 0 {
        zoom -= 1;
        tiles = tiles.into_iter().map(|(x, y)| (x / 2, y / 2)).collect();
    }
    zoom
}

/// Cuts a map into tiles from zoom 0 to `zoom_max` and gives each to `take`.
///
/// # Errors
/// [`OsmError::TooLong`] when `go_on` says so; whatever `take` says.
pub fn cut(
    features: &[Feature],
    zoom_max: u8,
    go_on: &dyn Fn() -> bool,
    take: &mut dyn FnMut(Tile) -> Result<(), OsmError>,
) -> Result<(), OsmError> {
    let projected: Vec<(&Feature, Shape, Bounds)> = features
        .iter()
        .map(|feature| {
            let shape = feature.shape.map(to_unit);
            let bounds = shape.bounds();
            (feature, shape, bounds)
        })
        .collect();
    for z in 0..=zoom_max.min(ZOOM_MAX) {
        let mut tiles: HashMap<(u32, u32), [LayerWriter; Layer::ALL.len()]> = HashMap::new();
        for (number, (feature, shape, bounds)) in projected.iter().enumerate() {
            if number.is_multiple_of(4096) && !go_on() {
                return Err(OsmError::TooLong);
            }
            // What is shown at once shows at the deepest zoom of a large map, too.
            if feature.class.zoom.min(zoom_max) > z {
                continue;
            }
            draw(feature, shape, bounds, z, &mut tiles);
        }
        let mut ready: Vec<_> = tiles.into_iter().collect();
        ready.sort_unstable_by_key(|(at, _)| *at);
        for ((x, y), layers) in ready {
            let mut bytes = Vec::new();
            for (layer, writer) in Layer::ALL.iter().zip(&layers) {
                if !writer.is_empty() {
                    writer.finish(layer.name(), &mut bytes);
                }
            }
            if !bytes.is_empty() {
                take(Tile { z, x, y, bytes })?;
            }
        }
    }
    Ok(())
}

type Tiles = HashMap<(u32, u32), [LayerWriter; Layer::ALL.len()]>;

/// Where a zoom's tiles lie.
#[derive(Clone, Copy)]
struct Grid {
    side: f64,
    last: u32,
}

impl Grid {
    fn new(z: u8) -> Self {
        Self { side: 2_f64.powi(i32::from(z)), last: (1_u32 << z) - 1 }
    }

    /// The first and last tile that a stretch touches, with its margin.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the zoom's tiles just before"
    )]
    fn touched(self, from: f64, to: f64) -> std::ops::RangeInclusive<u32> {
        let margin = MARGIN / f64::from(EXTENT);
        let clamp = |value: f64| value.floor().clamp(0.0, f64::from(self.last)) as u32;
        clamp(from * self.side - margin)..=clamp(to * self.side + margin)
    }

    /// The stretch of a column or row, with its margin.
    fn stretch(self, number: u32) -> (f64, f64) {
        let margin = MARGIN / f64::from(EXTENT);
        ((f64::from(number) - margin) / self.side, (f64::from(number) + 1.0 + margin) / self.side)
    }

    #[expect(clippy::cast_possible_truncation, reason = "within a tile and its margin")]
    fn spot(self, [x, y]: [f64; 2], column: u32, row: u32) -> Spot {
        let place = |value: f64, tile: u32| {
            ((value * self.side - f64::from(tile)) * f64::from(EXTENT)).round() as i32
        };
        [place(x, column), place(y, row)]
    }
}

fn draw(feature: &Feature, shape: &Shape, bounds: &Bounds, z: u8, tiles: &mut Tiles) {
    let grid = Grid::new(z);
    // Half a point of the screen; at the deepest zoom, which is enlarged, a tile's own unit.
    let tolerance = if z >= ZOOM_MAX { 0.5 / f64::from(EXTENT) } else { 0.5 / POINTS } / grid.side;
    let layer = Layer::ALL.iter().position(|one| *one == feature.class.layer).unwrap_or_default();
    let mut words = vec![("kind", feature.class.kind)];
    if let Some(name) = &feature.name
        && !matches!(feature.class.layer, Layer::Building | Layer::Land)
    {
        words.push(("name", name));
    }
    let mut add = |x: u32, y: u32, drawing: &Drawing| {
        tiles.entry((x, y)).or_default()[layer].add(&words, drawing);
    };
    match shape {
        Shape::Point(point) => {
            for x in grid.touched(point[0], point[0]) {
                for y in grid.touched(point[1], point[1]) {
                    add(x, y, &Drawing::Points(vec![grid.spot(*point, x, y)]));
                }
            }
        }
        Shape::Lines(lines) => {
            let lines: Vec<Line> = lines.iter().map(|line| simplify(line, tolerance)).collect();
            for x in grid.touched(bounds.west, bounds.east) {
                let (from, to) = grid.stretch(x);
                let column: Vec<Line> = lines.iter().flat_map(|line| clip_line(line, 0, from, to)).collect();
                let reach = Bounds::of(column.iter().flatten());
                if reach.is_empty() {
                    continue;
                }
                for y in grid.touched(reach.south, reach.north) {
                    let (from, to) = grid.stretch(y);
                    let pieces = column.iter().flat_map(|line| clip_line(line, 1, from, to));
                    let spots = pieces.map(|line| spots(&line, grid, x, y)).filter(|line| line.len() > 1);
                    add(x, y, &Drawing::Lines(spots.collect()));
                }
            }
        }
        Shape::Areas(areas) => {
            let least = 2.0 * AREA_POINTS_MIN / (POINTS * grid.side).powi(2);
            let areas: Vec<Vec<Line>> = areas
                .iter()
                .filter(|area| z >= ZOOM_MAX || twice_area(&area[0]).abs() >= least)
                .map(|area| area.iter().map(|edge| simplify(edge, tolerance)).collect())
                .collect();
            let cut = |areas: &[Vec<Line>], axis: usize, (from, to): (f64, f64)| -> Vec<Vec<Line>> {
                areas
                    .iter()
                    .map(|area| {
                        area.iter()
                            .map(|edge| clip_edge(edge, axis, from, to))
                            .enumerate()
                            .take_while(|(number, edge)| *number > 0 || !edge.is_empty())
                            .map(|(_, edge)| edge)
                            .filter(|edge| !edge.is_empty())
                            .collect::<Vec<Line>>()
                    })
                    .filter(|area| !area.is_empty())
                    .collect()
            };
            for x in grid.touched(bounds.west, bounds.east) {
                let column = cut(&areas, 0, grid.stretch(x));
                let reach = Bounds::of(column.iter().flatten().flatten());
                if reach.is_empty() {
                    continue;
                }
                for y in grid.touched(reach.south, reach.north) {
                    let pieces = cut(&column, 1, grid.stretch(y));
                    let drawn = pieces
                        .iter()
                        .map(|area| area.iter().map(|edge| edge_spots(edge, grid, x, y)).collect())
                        .collect();
                    add(x, y, &Drawing::Areas(drawn));
                }
            }
        }
    }
}

/// The corners of a line in a tile, without those that fall onto the one before.
fn spots(line: &[[f64; 2]], grid: Grid, x: u32, y: u32) -> Vec<Spot> {
    let mut out: Vec<Spot> = line.iter().map(|point| grid.spot(*point, x, y)).collect();
    out.dedup();
    out
}

/// The same of an edge, without its closing corner.
fn edge_spots(edge: &[[f64; 2]], grid: Grid, x: u32, y: u32) -> Vec<Spot> {
    let mut out = spots(edge, grid, x, y);
    if out.len() > 1 && out.first() == out.last() {
        out.pop();
    }
    out
}
