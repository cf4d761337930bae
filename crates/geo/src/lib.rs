//! Places: coordinate systems of China, shapes, OpenStreetMap files, vector tiles.
//!
//! Everything is pure: bytes and numbers in, bytes and numbers out.

pub mod archive;
pub mod crs;
pub mod geojson;
pub mod mvt;
pub mod osm;
pub mod shape;
pub mod tiles;
pub mod voronoi;

/// Longitude and latitude in degrees.
pub type Point = [f64; 2];
