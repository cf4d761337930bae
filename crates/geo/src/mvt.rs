//! Vector tiles as Mapbox's specification 2.1 writes them, in protocol buffers.

use std::collections::HashMap;

/// Units along a tile's side.
pub const EXTENT: u32 = 4096;

/// A corner within a tile; y runs downwards.
pub type Spot = [i32; 2];

/// What one thing looks like in a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Points.
    Points(Vec<Spot>),
    /// Lines.
    Lines(Vec<Vec<Spot>>),
    /// Areas: outer edges, each followed by its holes; edges without their closing corner.
    Areas(Vec<Vec<Vec<Spot>>>),
}

/// A layer that is being written.
#[derive(Clone, Debug, Default)]
pub struct LayerWriter {
    keys: Vec<&'static str>,
    values: Vec<String>,
    known: HashMap<String, u64>,
    features: Vec<u8>,
    count: usize,
}

/// Writes a number of seven bits a byte.
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "the low seven bits are meant")]
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 0x80")]
    out.push(value as u8);
}

fn push_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    push_varint(out, field << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn zigzag(value: i32) -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "the wire format's own arithmetic")]
    let bits = ((value << 1) ^ (value >> 31)) as u32;
    u64::from(bits)
}

impl LayerWriter {
    /// Adds a thing; nothing happens when nothing of it can be drawn.
    pub fn add(&mut self, words: &[(&'static str, &str)], drawing: &Drawing) {
        let (kind, geometry) = encode(drawing);
        if geometry.is_empty() {
            return;
        }
        let mut tags = Vec::new();
        for (key, value) in words {
            let at = self.keys.iter().position(|known| known == key).unwrap_or_else(|| {
                self.keys.push(key);
                self.keys.len() - 1
            });
            let next = self.values.len() as u64;
            let value_at = *self.known.entry((*value).to_owned()).or_insert_with(|| {
                self.values.push((*value).to_owned());
                next
            });
            push_varint(&mut tags, at as u64);
            push_varint(&mut tags, value_at);
        }
        let mut feature = Vec::with_capacity(tags.len() + geometry.len() + 8);
        push_bytes(&mut feature, 2, &tags);
        push_varint(&mut feature, 3 << 3);
        push_varint(&mut feature, kind);
        push_bytes(&mut feature, 4, &geometry);
        push_bytes(&mut self.features, 2, &feature);
        self.count += 1;
    }

    /// Tells whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the layer to a tile.
    pub fn finish(&self, name: &str, tile: &mut Vec<u8>) {
        let mut layer = Vec::with_capacity(self.features.len() + 64);
        push_varint(&mut layer, 15 << 3);
        push_varint(&mut layer, 2);
        push_bytes(&mut layer, 1, name.as_bytes());
        layer.extend_from_slice(&self.features);
        for key in &self.keys {
            push_bytes(&mut layer, 3, key.as_bytes());
        }
        for text in &self.values {
            let mut value = Vec::new();
            push_bytes(&mut value, 1, text.as_bytes());
            push_bytes(&mut layer, 4, &value);
        }
        push_varint(&mut layer, 5 << 3);
        push_varint(&mut layer, u64::from(EXTENT));
        push_bytes(tile, 3, &layer);
    }
}

fn encode(drawing: &Drawing) -> (u64, Vec<u8>) {
    let (mut out, mut at) = (Vec::new(), [0, 0]);
    let mut step = |out: &mut Vec<u8>, to: Spot| {
        push_varint(out, zigzag(to[0] - at[0]));
        push_varint(out, zigzag(to[1] - at[1]));
        at = to;
    };
    let command = |out: &mut Vec<u8>, id: u64, count: usize| push_varint(out, id | (count as u64) << 3);
    match drawing {
        Drawing::Points(points) => {
            if !points.is_empty() {
                command(&mut out, 1, points.len());
                for point in points {
                    step(&mut out, *point);
                }
            }
            (1, out)
        }
        Drawing::Lines(lines) => {
            for line in lines.iter().filter(|line| line.len() >= 2) {
                command(&mut out, 1, 1);
                step(&mut out, line[0]);
                command(&mut out, 2, line.len() - 1);
                for corner in &line[1..] {
                    step(&mut out, *corner);
                }
            }
            (2, out)
        }
        Drawing::Areas(areas) => {
            for area in areas {
                for (number, edge) in area.iter().enumerate() {
                    if edge.len() < 3 {
                        if number == 0 {
                            break;
                        }
                        continue;
                    }
                    // Outer edges have a positive area in the tile's axes, holes a negative one.
                    let mut edge = edge.clone();
                    if (area_of(&edge) > 0) != (number == 0) {
                        edge.reverse();
                    }
                    command(&mut out, 1, 1);
                    step(&mut out, edge[0]);
                    command(&mut out, 2, edge.len() - 1);
                    for corner in &edge[1..] {
                        step(&mut out, *corner);
                    }
                    command(&mut out, 7, 1);
                }
            }
            (3, out)
        }
    }
}

fn area_of(edge: &[Spot]) -> i64 {
    let product = |a: Spot, b: Spot| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]);
    let last = product(edge[edge.len() - 1], edge[0]);
    edge.windows(2).map(|pair| product(pair[0], pair[1])).sum::<i64>() + last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_come_out() {
        // Vector tile specification 2.1, section 4.3.5.
        let points = Drawing::Points(vec![[25, 17]]);
        assert_eq!(encode(&points), (1, vec![9, 50, 34]));
        let line = Drawing::Lines(vec![vec![[2, 2], [2, 10], [10, 10]]]);
        assert_eq!(encode(&line), (2, vec![9, 4, 4, 18, 0, 16, 16, 0]));
        let area = Drawing::Areas(vec![vec![vec![[3, 6], [8, 12], [20, 34]]]]);
        assert_eq!(encode(&area), (3, vec![9, 6, 12, 18, 10, 12, 24, 44, 15]));
    }

    #[test]
    fn holes_run_against_their_edge() {
        let outer = vec![[0, 0], [10, 0], [10, 10], [0, 10]];
        let hole = vec![[2, 2], [4, 2], [4, 4], [2, 4]];
        assert!(area_of(&outer) > 0);
        let (_, same) = encode(&Drawing::Areas(vec![vec![outer.clone(), hole.clone()]]));
        let turned: Vec<Spot> = hole.into_iter().rev().collect();
        let (_, other) = encode(&Drawing::Areas(vec![vec![outer, turned]]));
        assert_eq!(same, other);
    }
}
