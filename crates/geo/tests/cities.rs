//! 332 cities in every system.

use geo::Point;
use geo::crs::{Crs, distance_m, from_mercator, to_mercator};
use serde_json::Value;

use crate::data;

#[test]
fn cities_are_where_others_put_them() {
    let Some(text) = data("crs/china_cities.json") else { return };
    let cities: Vec<Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(cities.len(), 332);
    let (mut worst, mut worst_back) = (0.0_f64, 0.0_f64);
    for city in &cities {
        let place =
            |system: &str| -> Point { [0, 1].map(|axis| city["coords"][system][axis].as_f64().unwrap()) };
        let home = place("WGS84");
        for (system, name) in [(Crs::Gcj02, "GCJ02"), (Crs::Bd09, "BD09")] {
            let there = place(name);
            worst = worst.max(distance_m(system.from_cgcs2000(home), there));
            worst_back = worst_back.max(distance_m(system.to_cgcs2000(there), home));
        }
        let metres = to_mercator(home);
        let told = place("EPSG3857");
        assert!((metres[0] - told[0]).hypot(metres[1] - told[1]) < 0.05, "{city}");
        assert!(distance_m(from_mercator(told), home) < 0.05, "{city}");
    }
    println!("worst {worst:.3} m forwards, {worst_back:.3} m back");
    assert!(worst < 2.0 && worst_back < 2.0, "{worst} {worst_back}");
}
