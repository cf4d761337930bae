//! The city's places: streets, roads, quarters and landmarks by name, and where they are.

use std::collections::HashMap;

use lang::normalize::fold;

/// Names that are kept.
const NAMES_MAX: usize = 200_000;
/// Shortest and longest name, in characters.
const NAME_MIN: usize = 3;
const NAME_MAX: usize = 24;

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownPlace {
    /// Its name.
    pub name: String,
    /// The district that it is in, by name.
    pub district: Option<String>,
    /// Longitude in degrees.
    pub lng: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
}

/// A place that a text names.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPlace<'a> {
    /// The first character of the name in the text.
    pub start: usize,
    /// The character after the last.
    pub end: usize,
    /// What is known of it.
    pub place: &'a KnownPlace,
}

/// Places by name.
#[derive(Clone, Debug, Default)]
pub struct PlaceBook {
    by_name: HashMap<String, KnownPlace>,
    longest: usize,
}

impl PlaceBook {
    /// Adds a place; the first with a name is kept, what it lacks is taken from later ones.
    pub fn add(&mut self, place: KnownPlace) {
        let name = fold(place.name.trim());
        let length = name.chars().count();
        if !(2..=NAME_MAX).contains(&length) || (length < NAME_MIN && place.lng.is_some()) {
            return;
        }
        if let Some(known) = self.by_name.get_mut(&name) {
            known.district = known.district.take().or(place.district);
            if known.lng.is_none() {
                (known.lng, known.lat) = (place.lng, place.lat);
            }
            return;
        }
        if self.by_name.len() < NAMES_MAX {
            self.longest = self.longest.max(length);
            self.by_name.insert(name, place);
        }
    }

    /// Returns all names, for the dictionary.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Finds the places that a text names, the longest name at each place of the text.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<NamedPlace<'_>> {
        let chars: Vec<char> = lang::normalize::fold_aligned(text);
        let mut out = Vec::new();
        let mut start = 0;
        while start < chars.len() {
            let longest = self.longest.min(chars.len() - start);
            let found = (2..=longest).rev().find_map(|length| {
                let name: String = chars[start..start + length].iter().collect();
                Some((length, self.by_name.get(&name)?))
            });
            match found {
                Some((length, place)) => {
                    out.push(NamedPlace { start, end: start + length, place });
                    start += length;
                }
                None => start += 1,
            }
        }
        out
    }
}

/// Returns the distance between two points in metres, good for a city.
#[must_use]
pub fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let to_radians = std::f64::consts::PI / 180.0;
    let x = (b.0 - a.0) * to_radians * ((a.1 + b.1) / 2.0 * to_radians).cos();
    let y = (b.1 - a.1) * to_radians;
    (x * x + y * y).sqrt() * 6_371_000.0
}

#[cfg(test)]
mod tests {
    use super::{KnownPlace, PlaceBook, metres};

    fn place(name: &str, district: &str) -> KnownPlace {
        KnownPlace { name: name.to_owned(), district: Some(district.to_owned()), lng: None, lat: None }
    }

    #[test]
    fn the_longest_name_counts() {
        let mut book = PlaceBook::default();
        book.add(place("澜溪区", "澜溪区"));
        book.add(place("听澜路", "澜溪区"));
        book.add(place("听澜路小学", "澜溪区"));
        let found = book.find("在听澜路小学门口，澜溪区");
        let names: Vec<&str> = found.iter().map(|named| named.place.name.as_str()).collect();
        assert_eq!(names, ["听澜路小学", "澜溪区"]);
        assert_eq!((found[0].start, found[0].end), (1, 6));
    }

    #[test]
    fn distances_are_those_of_the_earth() {
        let distance = metres((112.5, 30.0), (112.51, 30.0));
        assert!((distance - 963.0).abs() < 5.0, "{distance}");
    }
}
