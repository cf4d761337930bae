//! OpenStreetMap files, read into what a base map shows.
//!
//! A file is read three times: relations tell which ways are wanted, ways tell which nodes, nodes give their places.
//! So memory depends on what the map shows, not on the file's length.

mod bytes;
mod parts;
mod pbf;
mod rings;
mod tags;
mod xml;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Seek};

use crate::Point;
use crate::crs::is_place;
use crate::shape::{Line, Polygon, Shape, centre};
pub use parts::{Element, Member, MemberKind, Tags, Wants};
pub use tags::{Class, Feature, Layer};

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OsmError {
    /// It breaks off or holds what no such file holds.
    #[error("the file is not whole or no OpenStreetMap file: {0}")]
    Corrupt(String),
    /// It is written in a way that is not read.
    #[error("the file needs what is not read here: {0}")]
    Unsupported(String),
    /// It holds more than it may.
    #[error("the file holds too much: more than {most} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
    /// It takes too long.
    #[error("reading was stopped: it took too long")]
    TooLong,
    /// It holds nothing that a map shows.
    #[error("the file holds nothing that a map shows")]
    Empty,
    /// It cannot be read from disk.
    #[error("the file cannot be read")]
    Io(#[from] std::io::Error),
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.osm.pbf`.
    Pbf,
    /// `.osm`.
    Xml,
}

impl Format {
    /// Tells by the first bytes; none for what is neither.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        if start.windows(9).any(|window| window == b"OSMHeader") {
            return Some(Self::Pbf);
        }
        let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
        start.trim_ascii_start().starts_with(b"<").then_some(Self::Xml)
    }
}

/// How much a file may hold.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Nodes that a map needs.
    pub nodes: usize,
    /// Things on the map.
    pub features: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { nodes: 40_000_000, features: 5_000_000 }
    }
}

/// What was found in a file.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Things on the map.
    pub features: Vec<Feature>,
    /// Ways and relations that name what the file does not hold, and were drawn without it or left out.
    pub incomplete: usize,
}

/// A way that is wanted.
struct Way {
    class: Option<Class>,
    name: Option<String>,
    refs: Vec<i64>,
}

/// A relation that is wanted.
struct Area {
    class: Class,
    name: Option<String>,
    outer: Vec<i64>,
    inner: Vec<i64>,
}

/// What is gathered from the three readings.
#[derive(Default)]
struct Gathering {
    areas: Vec<Area>,
    borders: HashMap<i64, u8>,
    wanted: HashSet<i64>,
    ways: HashMap<i64, Way>,
    order: Vec<i64>,
    nodes: Vec<i64>,
    places: Vec<Point>,
    found: Found,
}

/// Reads a file. `go_on` is asked now and then and stops the reading by `false`.
///
/// # Errors
/// As [`OsmError`] says.
pub fn read<R: BufRead + Seek>(
    file: &mut R,
    format: Format,
    most: Most,
    go_on: &dyn Fn() -> bool,
) -> Result<Found, OsmError> {
    let mut all = Gathering::default();
    let mut pass = |wants: Wants, visit: &mut dyn FnMut(&Element<'_>) -> Result<(), OsmError>| {
        file.rewind()?;
        match format {
            Format::Pbf => pbf::read(file, wants, go_on, visit),
            Format::Xml => xml::read(file, wants, go_on, visit),
        }
    };
    pass(Wants::RELATIONS, &mut |element| {
        if let Element::Relation { members, tags } = element {
            all.relation(members, tags);
        }
        Ok(())
    })?;
    pass(Wants::WAYS, &mut |element| {
        if let Element::Way { id, refs, tags } = element {
            all.way(*id, refs, tags, most)?;
        }
        Ok(())
    })?;
    all.nodes.sort_unstable();
    all.nodes.dedup();
    all.places = vec![[f64::NAN; 2]; all.nodes.len()];
    pass(Wants::NODES, &mut |element| {
        if let Element::Node { id, place, tags } = element {
            all.node(*id, *place, tags, most)?;
        }
        Ok(())
    })?;
    all.draw(most)?;
    if all.found.features.is_empty() {
        return Err(OsmError::Empty);
    }
    Ok(all.found)
}

impl Gathering {
    fn relation(&mut self, members: &[Member<'_>], tags: &Tags<'_>) {
        let ways = |inner: bool| {
            members
                .iter()
                .filter(|member| member.kind == MemberKind::Way && (member.role == "inner") == inner)
                .map(|member| member.id)
                .collect::<Vec<i64>>()
        };
        if let Some(level) = tags::border(tags) {
            for way in ways(false) {
                self.wanted.insert(way);
                let known = self.borders.entry(way).or_insert(level);
                *known = (*known).min(level);
            }
            return;
        }
        if tags.get("type") != Some("multipolygon") {
            return;
        }
        let Some(class) = tags::area(tags) else { return };
        let (outer, inner) = (ways(false), ways(true));
        self.wanted.extend(outer.iter().chain(&inner));
        self.areas.push(Area { class, name: tags::name(tags), outer, inner });
    }

    fn way(&mut self, id: i64, refs: &[i64], tags: &Tags<'_>, most: Most) -> Result<(), OsmError> {
        let closed = refs.len() >= 4 && refs.first() == refs.last();
        let class = tags::way(tags, closed);
        if refs.len() < 2 || (class.is_none() && !self.wanted.contains(&id)) {
            return Ok(());
        }
        if let Some(level) = tags::border(tags) {
            self.borders.entry(id).or_insert(level);
        }
        self.nodes.extend(refs);
        if self.nodes.len() > most.nodes.saturating_mul(2) {
            return Err(OsmError::TooMuch { what: "nodes", most: most.nodes });
        }
        if self.ways.insert(id, Way { class, name: tags::name(tags), refs: refs.to_vec() }).is_none() {
            self.order.push(id);
        }
        self.check(self.ways.len(), most)
    }

    fn node(&mut self, id: i64, place: Point, tags: &Tags<'_>, most: Most) -> Result<(), OsmError> {
        if !is_place(place) {
            return Err(OsmError::Corrupt(format!("node {id} is no place on earth")));
        }
        if let Ok(at) = self.nodes.binary_search(&id) {
            self.places[at] = place;
        }
        if !tags.is_empty()
            && let Some(class) = tags::point(tags)
        {
            let name = tags::name(tags);
            if name.is_some() {
                self.found.features.push(Feature { class, name, shape: Shape::Point(place) });
                return self.check(self.found.features.len(), most);
            }
        }
        Ok(())
    }

    fn check(&self, count: usize, most: Most) -> Result<(), OsmError> {
        if count > most.features {
            return Err(OsmError::TooMuch { what: "features", most: most.features });
        }
        Ok(())
    }

    /// The corners of a way that the file holds.
    fn line(&self, way: i64) -> Option<(Line, bool)> {
        let way = self.ways.get(&way)?;
        let mut whole = true;
        let mut line = Line::with_capacity(way.refs.len());
        for id in &way.refs {
            match self.nodes.binary_search(id).ok().map(|at| self.places[at]) {
                Some(place) if !place[0].is_nan() => line.push(place),
                _ => whole = false,
            }
        }
        (line.len() >= 2).then_some((line, whole))
    }

    fn draw(&mut self, most: Most) -> Result<(), OsmError> {
        for area in std::mem::take(&mut self.areas) {
            let mut whole = true;
            let mut rings = |ways: &[i64]| {
                let lines: Vec<Line> = ways
                    .iter()
                    .filter_map(|way| {
                        let line = self.line(*way);
                        whole &= matches!(line, Some((_, true)));
                        line.map(|(line, _)| line)
                    })
                    .collect();
                rings::join(lines)
            };
            let (outer, inner) = (rings(&area.outer), rings(&area.inner));
            self.found.incomplete += usize::from(!whole);
            let areas = rings::nest(outer, inner);
            if !areas.is_empty() {
                self.push_area(area.class, area.name, areas);
            }
            self.check(self.found.features.len(), most)?;
        }
        for id in std::mem::take(&mut self.order) {
            let Some((line, whole)) = self.line(id) else {
                self.found.incomplete += 1;
                continue;
            };
            self.found.incomplete += usize::from(!whole);
            if let Some(level) = self.borders.get(&id) {
                let class = tags::border_class(*level);
                self.found.features.push(Feature {
                    class,
                    name: None,
                    shape: Shape::Lines(vec![line.clone()]),
                });
            }
            let Some(way) = self.ways.get_mut(&id) else { continue };
            let (class, name) = (way.class.take(), way.name.take());
            let Some(class) = class else { continue };
            if class.is_area {
                // An edge that lost corners is no edge any more.
                if whole && line.len() >= 4 {
                    self.push_area(class, name, vec![vec![line]]);
                }
            } else {
                self.found.features.push(Feature { class, name, shape: Shape::Lines(vec![line]) });
            }
            self.check(self.found.features.len(), most)?;
        }
        Ok(())
    }

    /// Adds an area, and its name as a point where the map writes one.
    fn push_area(&mut self, class: Class, name: Option<String>, areas: Vec<Polygon>) {
        if let (Some(point), Some(text), Some(place)) = (class.label(), &name, centre(&areas)) {
            let name = Some(text.clone());
            self.found.features.push(Feature { class: point, name, shape: Shape::Point(place) });
        }
        self.found.features.push(Feature { class, name, shape: Shape::Areas(areas) });
    }
}
