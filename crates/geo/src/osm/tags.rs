//! What a base map shows of OpenStreetMap's tags, from which zoom on.

use super::parts::Tags;
use crate::shape::Shape;

/// A layer of the base map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// What the land is used for.
    Land,
    /// Water, as areas and lines.
    Water,
    /// Borders of administration.
    Border,
    /// Buildings.
    Building,
    /// Railways and underground lines.
    Rail,
    /// Roads.
    Road,
    /// Names of places.
    Place,
    /// Things that people look for.
    Poi,
}

impl Layer {
    /// All layers, from the bottom up.
    pub const ALL: [Self; 8] = [
        Self::Land,
        Self::Water,
        Self::Border,
        Self::Building,
        Self::Rail,
        Self::Road,
        Self::Place,
        Self::Poi,
    ];

    /// Returns its name in a tile.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Land => "land",
            Self::Water => "water",
            Self::Border => "border",
            Self::Building => "building",
            Self::Rail => "rail",
            Self::Road => "road",
            Self::Place => "place",
            Self::Poi => "poi",
        }
    }
}

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its layer.
    pub layer: Layer,
    /// Its kind within the layer.
    pub kind: &'static str,
    /// The first zoom that shows it.
    pub zoom: u8,
    /// Whether it is an area.
    pub is_area: bool,
}

impl Class {
    /// Makes a line or point.
    #[must_use]
    pub const fn line(layer: Layer, kind: &'static str, zoom: u8) -> Self {
        Self { layer, kind, zoom, is_area: false }
    }

    /// Makes an area.
    #[must_use]
    pub const fn area(layer: Layer, kind: &'static str, zoom: u8) -> Self {
        Self { layer, kind, zoom, is_area: true }
    }

    /// Returns how the name of an area is written, as a point of its own.
    pub(super) fn label(self) -> Option<Self> {
        let kind = match (self.layer, self.kind) {
            (Layer::Land, "park" | "hospital" | "school") => self.kind,
            (Layer::Water, "lake") => "lake",
            (Layer::Building, "landmark") => "landmark",
            _ => return None,
        };
        Some(Self::line(Layer::Poi, kind, 14))
    }
}

/// A thing on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// What it is.
    pub class: Class,
    /// What it is called.
    pub name: Option<String>,
    /// Where it is, in degrees.
    pub shape: Shape,
}

/// So long a name may be, in characters.
const NAME_CHARS_MAX: usize = 60;

/// The name as people there write it.
pub(super) fn name(tags: &Tags<'_>) -> Option<String> {
    let text = tags.get("name").or_else(|| tags.get("name:zh"))?.trim();
    (!text.is_empty()).then(|| text.chars().take(NAME_CHARS_MAX).collect())
}

/// The level of a border of administration, 2 (state) to 10.
pub(super) fn border(tags: &Tags<'_>) -> Option<u8> {
    if tags.get("boundary") != Some("administrative") {
        return None;
    }
    tags.get("admin_level")?.parse().ok().filter(|level| (2..=10).contains(level))
}

/// How a border of a level is drawn.
pub(super) fn border_class(level: u8) -> Class {
    match level {
        0..=4 => Class::line(Layer::Border, "province", 3),
        5 => Class::line(Layer::Border, "city", 6),
        6 => Class::line(Layer::Border, "district", 8),
        _ => Class::line(Layer::Border, "street", 11),
    }
}

/// What a way is.
pub(super) fn way(tags: &Tags<'_>, closed: bool) -> Option<Class> {
    let ring_road = tags.get("highway").is_some() && tags.get("area") != Some("yes");
    if closed
        && !ring_road
        && let Some(class) = area(tags)
    {
        return Some(class);
    }
    if let Some(highway) = tags.get("highway") {
        let (kind, zoom) = match highway {
            "motorway" => ("motorway", 6),
            "trunk" => ("trunk", 7),
            "primary" => ("primary", 8),
            "motorway_link" | "trunk_link" | "primary_link" | "secondary_link" | "tertiary_link" => {
                ("link", 12)
            }
            "secondary" => ("secondary", 10),
            "tertiary" => ("tertiary", 11),
            "residential" | "unclassified" | "living_street" | "road" => ("minor", 12),
            "service" => ("service", 14),
            "pedestrian" | "footway" | "path" | "cycleway" | "steps" | "track" | "bridleway" => ("path", 14),
            _ => return None,
        };
        return Some(Class::line(Layer::Road, kind, zoom));
    }
    if let Some(railway) = tags.get("railway") {
        return match railway {
            "rail" => Some(Class::line(Layer::Rail, "rail", 9)),
            "subway" | "light_rail" | "tram" | "monorail" => Some(Class::line(Layer::Rail, "metro", 12)),
            _ => None,
        };
    }
    match (tags.get("waterway"), tags.get("natural")) {
        (Some("river"), _) => Some(Class::line(Layer::Water, "river", 8)),
        (Some("canal"), _) => Some(Class::line(Layer::Water, "canal", 10)),
        (Some("stream" | "drain" | "ditch"), _) => Some(Class::line(Layer::Water, "stream", 13)),
        (_, Some("coastline")) => Some(Class::line(Layer::Water, "coast", 4)),
        _ => border(tags).map(border_class),
    }
}

/// What a closed way or a relation is, as an area.
pub(super) fn area(tags: &Tags<'_>) -> Option<Class> {
    if tags.get("building").is_some_and(|kind| kind != "no") {
        let kind = if tags.get("tourism").is_some() || tags.get("historic").is_some() {
            "landmark"
        } else {
            "building"
        };
        return Some(Class::area(Layer::Building, kind, 14));
    }
    let water = Some(Class::area(Layer::Water, "lake", 6));
    let land = |kind, zoom| Some(Class::area(Layer::Land, kind, zoom));
    match tags.get("natural") {
        Some("water" | "bay") => return water,
        Some("wood") => return land("wood", 8),
        Some("scrub" | "grassland" | "heath" | "wetland") => return land("grass", 10),
        _ => {}
    }
    if tags.get("waterway") == Some("riverbank") {
        return water;
    }
    match tags.get("amenity") {
        Some("hospital") => return land("hospital", 12),
        Some("school" | "university" | "college" | "kindergarten") => return land("school", 12),
        _ => {}
    }
    if matches!(
        tags.get("leisure"),
        Some("park" | "garden" | "golf_course" | "nature_reserve" | "pitch" | "playground" | "stadium")
    ) {
        return land("park", 10);
    }
    match tags.get("landuse")? {
        "reservoir" | "basin" => water,
        "forest" => land("wood", 8),
        "grass" | "meadow" | "recreation_ground" | "village_green" | "cemetery" | "greenfield" => {
            land("grass", 11)
        }
        "farmland" | "orchard" | "vineyard" | "farmyard" | "plant_nursery" => land("farm", 10),
        "residential" => land("residential", 9),
        "commercial" | "retail" => land("commercial", 11),
        "industrial" | "railway" | "port" => land("industrial", 10),
        _ => None,
    }
}

/// What a node is, where the map writes a name.
pub(super) fn point(tags: &Tags<'_>) -> Option<Class> {
    if let Some(place) = tags.get("place") {
        let (kind, zoom) = match place {
            "city" => ("city", 5),
            "town" => ("town", 8),
            "county" | "district" | "borough" | "municipality" => ("district", 9),
            "suburb" | "quarter" => ("suburb", 11),
            "village" => ("village", 12),
            "neighbourhood" | "hamlet" => ("neighbourhood", 13),
            _ => return None,
        };
        return Some(Class::line(Layer::Place, kind, zoom));
    }
    let kind = match (tags.get("amenity"), tags.get("railway"), tags.get("highway")) {
        (_, Some("station" | "halt" | "subway_entrance"), _) => "station",
        (Some("hospital"), ..) => "hospital",
        (Some("school" | "university" | "college" | "kindergarten"), ..) => "school",
        (Some("police"), ..) => "police",
        (Some("fire_station"), ..) => "fire",
        (Some("townhall"), ..) => "townhall",
        (Some("marketplace"), ..) => "market",
        (Some("library" | "community_centre" | "theatre"), ..) => "culture",
        (Some("bus_station"), ..) => "bus",
        _ => match (tags.get("tourism"), tags.get("leisure")) {
            (Some("attraction" | "museum"), _) => "landmark",
            (_, Some("park")) => "park",
            _ => return None,
        },
    };
    Some(Class::line(Layer::Poi, kind, 14))
}
