//! The ground that the invented city stands on: borders, river, roads, houses. Drawn by code from the districts'
//! centres and names, the same every time; no real map is in it.

mod chance;
mod drawing;

use std::collections::HashMap;

use geo::Point;
use geo::osm::{Class, Feature, Layer};
use geo::shape::{Line, Polygon, Shape, centre, contains};
use geo::voronoi::{cells, union};
use kernel::BoxError;
use map::area::{Area, AreaKind};

use self::chance::Chance;
use super::data::{District, Street};

/// The city's outer border before it is roughened; convex.
const CITY: [Point; 9] = [
    [112.447, 30.176],
    [112.610, 30.168],
    [112.641, 30.180],
    [112.643, 30.222],
    [112.606, 30.296],
    [112.560, 30.307],
    [112.470, 30.284],
    [112.434, 30.258],
    [112.447, 30.176],
];

/// The city in shapes.
pub(crate) struct Town {
    /// What the base map shows.
    pub features: Vec<Feature>,
    /// Districts, streets and cells of the grid.
    pub areas: Vec<(AreaKind, Vec<Area>)>,
}

/// A street with its shape.
struct Ward<'a> {
    street: &'a Street,
    rural: bool,
    cell: Line,
}

/// Draws the city.
pub(crate) fn draw(districts: &[District]) -> Result<Town, BoxError> {
    let streets: Vec<(&District, &Street)> =
        districts.iter().flat_map(|one| one.streets.iter().map(move |street| (one, street))).collect();
    let centres: Vec<Point> = streets.iter().map(|(_, street)| [street.centre.0, street.centre.1]).collect();
    let plain = cells(&CITY, &centres);
    let rough: Vec<Line> = plain.iter().map(|cell| roughen(cell)).collect();
    if rough.iter().any(|cell| cell.len() < 4) {
        return Err("two streets of the demonstration city have the same centre".into());
    }
    let wards: Vec<Ward<'_>> = streets
        .iter()
        .zip(&rough)
        .map(|((district, street), cell)| Ward {
            street,
            rural: matches!(district.code.as_str(), "suichuan" | "jiling"),
            cell: cell.clone(),
        })
        .collect();
    let mut of_districts: Vec<(&District, Vec<Polygon>)> = Vec::new();
    for district in districts {
        let own: Vec<Line> = streets
            .iter()
            .zip(&rough)
            .filter(|((one, _), _)| one.code == district.code)
            .map(|(_, cell)| cell.clone())
            .collect();
        of_districts.push((district, union(&own)));
    }
    let areas = vec![
        (AreaKind::District, district_areas(&of_districts)),
        (AreaKind::Street, street_areas(&streets, &rough)),
        (AreaKind::Grid, grid_areas(&streets, &plain)),
    ];
    let mut features = Vec::new();
    drawing::land(&wards, &mut features);
    borders(&of_districts, &rough, &mut features);
    let water = drawing::water(&mut features);
    drawing::roads(&wards, &mut features);
    drawing::houses(&wards, &water, &mut features);
    names(&of_districts, &wards, &mut features);
    Ok(Town { features, areas })
}

/// Gives straight borders small bends; a border that two cells share bends the same in both.
fn roughen(cell: &[Point]) -> Line {
    let mut out = Line::new();
    for pair in cell.windows(2) {
        let (a, b) = (pair[0].map(grain), pair[1].map(grain));
        let mut piece = bend(a.min_of(b), a.max_of(b));
        if a.min_of(b) != a {
            piece.reverse();
        }
        piece.pop();
        out.extend(piece);
    }
    if let Some(first) = out.first().copied() {
        out.push(first);
    }
    out
}

/// To a ten millionth, so that the same corner of two cells is the same number.
fn grain(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Two points in a fixed order.
trait Ordered {
    fn min_of(self, other: Self) -> Self;
    fn max_of(self, other: Self) -> Self;
}

impl Ordered for Point {
    fn min_of(self, other: Self) -> Self {
        if (self[0], self[1]) <= (other[0], other[1]) { self } else { other }
    }
    fn max_of(self, other: Self) -> Self {
        if (self[0], self[1]) <= (other[0], other[1]) { other } else { self }
    }
}

fn bend(a: Point, b: Point) -> Line {
    let length = (b[0] - a[0]).hypot(b[1] - a[1]);
    if length < 0.001 {
        return vec![a, b];
    }
    let mut chance = Chance::of(&format!("{a:?}{b:?}"));
    let mut line = vec![a, b];
    for level in 0..3 {
        let reach = length * 0.09 / f64::from(1 << level);
        let mut next = vec![line[0]];
        for pair in line.windows(2) {
            let aside = (chance.share() - 0.5) * 2.0 * reach;
            let (dx, dy) = ((b[0] - a[0]) / length, (b[1] - a[1]) / length);
            next.push([
                grain(f64::midpoint(pair[0][0], pair[1][0]) - dy * aside),
                grain(f64::midpoint(pair[0][1], pair[1][1]) + dx * aside),
            ]);
            next.push(pair[1]);
        }
        line = next;
    }
    line
}

fn area(kind: AreaKind, code: &str, name: &str, areas: Vec<Polygon>) -> Area {
    Area { id: kernel::id::new_id(), kind, code: code.to_owned(), name: name.to_owned(), areas, version: 1 }
}

fn district_areas(districts: &[(&District, Vec<Polygon>)]) -> Vec<Area> {
    districts
        .iter()
        .map(|(one, areas)| area(AreaKind::District, &one.region_code, &one.name, areas.clone()))
        .collect()
}

fn street_areas(streets: &[(&District, &Street)], cells: &[Line]) -> Vec<Area> {
    streets
        .iter()
        .zip(cells)
        .map(|((_, street), cell)| {
            area(AreaKind::Street, &street.region_code, &street.name, vec![vec![cell.clone()]])
        })
        .collect()
}

/// Four cells of the grid in each street, as urban management counts (GB/T 30428).
fn grid_areas(streets: &[(&District, &Street)], plain: &[Line]) -> Vec<Area> {
    let mut areas = Vec::new();
    for ((_, street), cell) in streets.iter().zip(plain) {
        let [x, y] = [street.centre.0, street.centre.1];
        let points =
            [[x - 0.005, y - 0.004], [x + 0.005, y - 0.004], [x - 0.005, y + 0.004], [x + 0.005, y + 0.004]];
        for (number, part) in (1..).zip(cells(cell, &points)) {
            if part.len() >= 4 {
                let code = format!("{}{number:03}", street.region_code);
                let name = format!("{}{number}号网格", street.name);
                areas.push(area(AreaKind::Grid, &code, &name, vec![vec![part]]));
            }
        }
    }
    areas
}

fn borders(districts: &[(&District, Vec<Polygon>)], cells: &[Line], features: &mut Vec<Feature>) {
    let mut add = |kind, zoom, lines: Vec<Line>| {
        features.push(Feature {
            class: Class::line(Layer::Border, kind, zoom),
            name: None,
            shape: Shape::Lines(lines),
        });
    };
    let whole = union(cells);
    add("city", 6, whole.into_iter().flatten().collect());
    for (_, areas) in districts {
        add("district", 8, areas.iter().flatten().cloned().collect());
    }
    add("street", 12, cells.to_vec());
}

fn names(districts: &[(&District, Vec<Polygon>)], wards: &[Ward<'_>], features: &mut Vec<Feature>) {
    let mut add = |layer, kind, zoom, name: &str, place: Point| {
        features.push(Feature {
            class: Class::line(layer, kind, zoom),
            name: Some(name.to_owned()),
            shape: Shape::Point(place),
        });
    };
    add(Layer::Place, "city", 5, "云州市", [112.53, 30.24]);
    for (district, areas) in districts {
        if let Some(place) = centre(areas) {
            add(Layer::Place, "district", 9, &district.name, place);
        }
    }
    let mut taken: HashMap<(i64, i64), usize> = HashMap::new();
    for ward in wards {
        let [x, y] = [ward.street.centre.0, ward.street.centre.1];
        add(Layer::Place, "suburb", 12, &ward.street.name, [x, y + 0.0016]);
        for (number, name) in ward.street.quarters.iter().enumerate() {
            add(Layer::Place, "neighbourhood", 14, name, spot(ward, name, number, &mut taken));
        }
        for (number, name) in ward.street.landmarks.iter().enumerate() {
            let place = spot(ward, name, number + 3, &mut taken);
            add(Layer::Poi, landmark(name), 13, name, place);
        }
    }
}

/// A place for a name in a street, by the name and not where another one is.
fn spot(ward: &Ward<'_>, name: &str, number: usize, taken: &mut HashMap<(i64, i64), usize>) -> Point {
    let mut chance = Chance::of(name);
    let mut place = [ward.street.centre.0, ward.street.centre.1];
    for _ in 0..20 {
        place = [
            ward.street.centre.0 + (chance.share() - 0.5) * 0.016,
            ward.street.centre.1 + (chance.share() - 0.5) * 0.013,
        ];
        #[expect(clippy::cast_possible_truncation, reason = "degrees in five hundredths fit")]
        let box_of = ((place[0] * 500.0) as i64, (place[1] * 500.0) as i64);
        if contains(&[vec![ward.cell.clone()]], place) && !taken.contains_key(&box_of) {
            taken.insert(box_of, number);
            break;
        }
    }
    place
}

fn landmark(name: &str) -> &'static str {
    for (part, kind) in [
        ("医院", "hospital"),
        ("卫生院", "hospital"),
        ("学校", "school"),
        ("小学", "school"),
        ("中学", "school"),
        ("学院", "school"),
        ("大学", "school"),
        ("幼儿园", "school"),
        ("公园", "park"),
        ("客运", "bus"),
        ("站", "station"),
        ("市场", "market"),
        ("图书馆", "culture"),
        ("文化", "culture"),
        ("体育", "culture"),
        ("政务", "townhall"),
    ] {
        if name.contains(part) {
            return kind;
        }
    }
    "landmark"
}
