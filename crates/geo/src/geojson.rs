//! Areas from GeoJSON (RFC 7946), bounded; and shapes written as GeoJSON.

use serde_json::{Value, json};

use crate::Point;
use crate::crs::{Crs, is_place};
use crate::shape::{Line, Polygon, Shape};

/// How much a file may hold.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Areas.
    pub areas: usize,
    /// Corners of all areas together.
    pub corners: usize,
}

/// An area that a file names.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArea {
    /// Its name; empty when the file gives none.
    pub name: String,
    /// Its code; empty when the file gives none.
    pub code: String,
    /// Where it is, in CGCS2000.
    pub areas: Vec<Polygon>,
}

/// Why a file cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeoJsonError {
    /// It is no GeoJSON.
    #[error("this is no GeoJSON: {0}")]
    Malformed(String),
    /// It holds more than it may.
    #[error("this holds too much")]
    TooMuch,
    /// A corner is no place on earth.
    #[error("area {0} has a corner that is no place on earth")]
    NoPlace(usize),
    /// It holds no areas.
    #[error("this holds no areas")]
    Empty,
}

/// Reads the areas of a feature collection, a feature or a bare shape. Names come from the properties `name`, `名称`,
/// codes from `code`, `adcode`, `id`, `编码`. Points and lines are passed over.
///
/// # Errors
/// When it is malformed, too large, or holds no areas.
pub fn read_areas(text: &str, crs: Crs, most: Most) -> Result<Vec<NamedArea>, GeoJsonError> {
    // Depth is bounded by the reader itself (128).
    let whole: Value =
        serde_json::from_str(text).map_err(|error| GeoJsonError::Malformed(error.to_string()))?;
    let features: Vec<&Value> = match whole["type"].as_str() {
        Some("FeatureCollection") => {
            whole["features"].as_array().map(|list| list.iter().collect()).unwrap_or_default()
        }
        Some(_) => vec![&whole],
        None => return Err(GeoJsonError::Malformed("type".to_owned())),
    };
    if features.len() > most.areas {
        return Err(GeoJsonError::TooMuch);
    }
    let mut corners = 0;
    let mut found = Vec::new();
    for (number, feature) in features.into_iter().enumerate() {
        let geometry = if feature["type"] == "Feature" { &feature["geometry"] } else { feature };
        let lists: Vec<&Value> = match geometry["type"].as_str() {
            Some("Polygon") => vec![&geometry["coordinates"]],
            Some("MultiPolygon") => {
                geometry["coordinates"].as_array().map(|list| list.iter().collect()).unwrap_or_default()
            }
            _ => continue,
        };
        let mut areas = Vec::new();
        for list in lists {
            areas.push(polygon(list, crs, number + 1, &mut corners, most.corners)?);
        }
        areas.retain(|area| !area.is_empty());
        if areas.is_empty() {
            continue;
        }
        let word = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| match &feature["properties"][*key] {
                    Value::String(text) => Some(text.trim().to_owned()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
                .unwrap_or_default()
        };
        found.push(NamedArea {
            name: word(&["name", "名称", "NAME"]),
            code: word(&["code", "adcode", "id", "编码", "bgcode"]),
            areas,
        });
    }
    if found.is_empty() { Err(GeoJsonError::Empty) } else { Ok(found) }
}

fn polygon(
    value: &Value,
    crs: Crs,
    number: usize,
    corners: &mut usize,
    most: usize,
) -> Result<Polygon, GeoJsonError> {
    let malformed = || GeoJsonError::Malformed(format!("features[{}].geometry", number - 1));
    let mut area = Vec::new();
    for edge in value.as_array().ok_or_else(malformed)? {
        let mut line: Line = Vec::new();
        for corner in edge.as_array().ok_or_else(malformed)? {
            *corners += 1;
            if *corners > most {
                return Err(GeoJsonError::TooMuch);
            }
            let at = |index: usize| corner.get(index).and_then(Value::as_f64);
            let (Some(lng), Some(lat)) = (at(0), at(1)) else { return Err(malformed()) };
            if !is_place([lng, lat]) {
                return Err(GeoJsonError::NoPlace(number));
            }
            line.push(crs.to_cgcs2000([lng, lat]));
        }
        // An edge that the writer left open is closed.
        if let (Some(first), Some(last)) = (line.first().copied(), line.last())
            && first != *last
        {
            line.push(first);
        }
        if line.len() >= 4 {
            area.push(line);
        } else if area.is_empty() {
            return Ok(Vec::new());
        }
    }
    Ok(area)
}

/// Writes a shape, with seven digits after the point: a centimetre.
#[must_use]
pub fn write(shape: &Shape) -> Value {
    let point = |[lng, lat]: Point| {
        let round = |value: f64| (value * 1e7).round() / 1e7;
        json!([round(lng), round(lat)])
    };
    let line = |line: &Line| Value::Array(line.iter().map(|corner| point(*corner)).collect());
    let lines = |lines: &Vec<Line>| Value::Array(lines.iter().map(line).collect());
    match shape {
        Shape::Point(at) => json!({ "type": "Point", "coordinates": point(*at) }),
        Shape::Lines(all) => json!({ "type": "MultiLineString", "coordinates": lines(all) }),
        Shape::Areas(all) => json!({
            "type": "MultiPolygon",
            "coordinates": Value::Array(all.iter().map(lines).collect()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { areas: 10, corners: 100 };

    fn read(value: &Value) -> Result<Vec<NamedArea>, GeoJsonError> {
        read_areas(&value.to_string(), Crs::Cgcs2000, MOST)
    }

    #[test]
    fn areas_keep_names_codes_and_holes_and_are_closed() {
        let ring = json!([[112.0, 30.0], [113.0, 30.0], [113.0, 31.0]]);
        let file = json!({ "type": "FeatureCollection", "features": [
            { "type": "Feature", "properties": { "名称": "云桥区", "adcode": 990_103 },
              "geometry": { "type": "MultiPolygon", "coordinates": [[ring, ring]] } },
            { "type": "Feature", "properties": null, "geometry": { "type": "Point", "coordinates": [1, 2] } },
        ]});
        let areas = read(&file).unwrap();
        assert_eq!((areas.len(), &*areas[0].name, &*areas[0].code), (1, "云桥区", "990103"));
        assert_eq!((areas[0].areas[0].len(), areas[0].areas[0][0].len()), (2, 4));
        let again = write(&Shape::Areas(areas[0].areas.clone()));
        assert_eq!(read(&again).unwrap()[0].areas, areas[0].areas);
    }

    #[test]
    fn what_cannot_be_taken_is_told_apart() {
        assert!(matches!(read_areas("{", Crs::Cgcs2000, MOST), Err(GeoJsonError::Malformed(_))));
        assert_eq!(read(&json!({ "type": "FeatureCollection", "features": [] })), Err(GeoJsonError::Empty));
        let far = json!({ "type": "Polygon", "coordinates": [[[0, 0], [0, 95], [1, 1], [0, 0]]] });
        assert_eq!(read(&far), Err(GeoJsonError::NoPlace(1)));
        let many: Vec<_> = (0..200).map(|_| json!([1.0, 1.0])).collect();
        assert_eq!(read(&json!({ "type": "Polygon", "coordinates": [many] })), Err(GeoJsonError::TooMuch));
        let text = json!({ "type": "Polygon", "coordinates": [[["a", "b"]]] });
        assert!(matches!(read(&text), Err(GeoJsonError::Malformed(_))));
    }

    #[test]
    fn another_system_is_converted() {
        let ring = json!([[112.0, 30.0], [113.0, 30.0], [113.0, 31.0], [112.0, 30.0]]);
        let file = json!({ "type": "Polygon", "coordinates": [ring] }).to_string();
        let area = &read_areas(&file, Crs::Gcj02, MOST).unwrap()[0];
        assert_eq!(area.areas[0][0][0], crate::crs::gcj02_to_wgs84([112.0, 30.0]));
    }
}
