//! Real extracts of OpenStreetMap, whole and spoilt.

use std::collections::BTreeMap;
use std::io::Cursor;

use geo::archive::Writer;
use geo::osm::{Feature, Format, Layer, Most, OsmError, read};
use geo::tiles;

use crate::data;

fn features(bytes: &[u8]) -> Result<Vec<Feature>, OsmError> {
    let format = Format::of(&bytes[..bytes.len().min(64)]).ok_or(OsmError::Empty)?;
    Ok(read(&mut Cursor::new(bytes), format, Most::default(), &|| true)?.features)
}

fn counts(features: &[Feature]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for feature in features {
        *counts.entry(feature.class.layer.name()).or_default() += 1;
    }
    counts
}

#[test]
fn real_extracts_become_tiles() {
    for (path, least_roads, least_buildings) in [
        ("maps/monaco.osm.pbf", 500, 500),
        ("maps/andorra.osm.pbf", 500, 0),
        ("maps/beijing_tsinghua_wudaokou.osm", 200, 100),
        ("maps/shanghai_shu.osm", 50, 50),
        ("maps/shenzhen_longgang.osm", 100, 10),
        ("maps/ninghua.osm", 10, 0),
        ("maps/mapofgx.osm", 10, 0),
        ("maps/nantong_tongzhou.osm", 1, 0),
        ("maps/shanghai_center_osmnx.osm", 1, 0),
    ] {
        let Some(bytes) = data(path) else { return };
        let found = features(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
        let counts = counts(&found);
        let count = |layer: Layer| counts.get(layer.name()).copied().unwrap_or_default();
        assert!(count(Layer::Road) >= least_roads, "{path}: {counts:?}");
        assert!(count(Layer::Building) >= least_buildings, "{path}: {counts:?}");
        let bounds = tiles::bounds(&found);
        assert!(bounds.east - bounds.west < 1.0, "{path}: {bounds:?}");
        let mut writer = Writer::default();
        tiles::cut(&found, tiles::deepest(&found), &|| true, &mut |tile| {
            writer.add(&tile);
            Ok(())
        })
        .unwrap();
        println!("{path}: {counts:?}, {} tiles, {} bytes", writer.count(), writer.size_bytes());
        assert!(writer.count() > 6, "{path}");
    }
}

#[test]
fn a_spoilt_file_is_an_error_and_no_panic() {
    for path in ["maps/monaco.osm.pbf", "maps/ninghua.osm"] {
        let Some(bytes) = data(path) else { return };
        for cut in [bytes.len() / 3, bytes.len() - 7] {
            assert!(features(&bytes[..cut]).is_err(), "{path} cut at {cut}");
        }
    }
    let Some(whole) = data("maps/andorra.osm.pbf") else { return };
    let mut state = 42_u64;
    for _ in 0..12 {
        let mut spoilt = whole.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(state >> 33).unwrap() % spoilt.len();
            spoilt[at] ^= 0x5a;
        }
        let _ = features(&spoilt);
    }
    assert!(matches!(features(b"<html><body/></html>"), Err(OsmError::Corrupt(_))));
    assert!(matches!(features(b"\x00\x00\x00\x0d\x0a\x09OSMHeader"), Err(OsmError::Corrupt(_))));
    assert!(matches!(features(b"<osm></osm>"), Err(OsmError::Empty)));
    assert!(features(b"PK\x03\x04").is_err());
}

#[test]
fn more_than_may_be_is_refused_and_a_long_reading_stopped() {
    let Some(bytes) = data("maps/ninghua.osm") else { return };
    let few = Most { nodes: 10, features: 1_000 };
    let refused = read(&mut Cursor::new(&bytes), Format::Xml, few, &|| true);
    assert!(matches!(refused, Err(OsmError::TooMuch { .. })), "{refused:?}");
    let Some(bytes) = data("maps/andorra.osm.pbf") else { return };
    let stopped = read(&mut Cursor::new(&bytes), Format::Pbf, Most::default(), &|| false);
    assert!(matches!(stopped, Err(OsmError::TooLong)));
}
