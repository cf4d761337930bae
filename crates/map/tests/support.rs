//! A map with orders that a test writes by hand.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::cases::CaseLine;
use contract::insight::{PlaceBounds, PlaceFigures, PlaceQuestion, PlaceRow, PlacedCases, Places};
use kernel::{Principal, Problem, Scope};
use map::{Map, Ports};
use serde_json::{Value, json};
use testkit::{Client, PersonBuilder, Site, TestServer};

/// Orders by place and day, and what was asked.
#[derive(Default)]
pub struct City {
    pub rows: Mutex<Vec<PlaceRow>>,
    pub asked: Mutex<Vec<(PlaceQuestion, Scope)>>,
}

#[async_trait]
impl PlaceFigures for City {
    async fn places(&self, _: &Principal, reach: Scope, question: &PlaceQuestion) -> Result<Places, Problem> {
        self.asked.lock().unwrap().push((question.clone(), reach));
        Ok(Places { rows: self.rows.lock().unwrap().clone(), grain_m: 1, unplaced: 3 })
    }

    async fn cases_within(
        &self,
        _: &Principal,
        reach: Scope,
        question: &PlaceQuestion,
        [west, south, east, north]: PlaceBounds,
        keeps: &(dyn Fn(f64, f64) -> bool + Sync),
        skip: usize,
        take: usize,
    ) -> Result<PlacedCases, Problem> {
        self.asked.lock().unwrap().push((question.clone(), reach));
        let rows = self.rows.lock().unwrap();
        let inside: Vec<&PlaceRow> = rows
            .iter()
            .filter(|row| row.lng >= west && row.lng <= east && row.lat >= south && row.lat <= north)
            .filter(|row| keeps(row.lng, row.lat))
            .collect();
        let line = |row: &&PlaceRow| {
            let line = CaseLine {
                id: format!("case-{}", row.day),
                number: format!("YZ{}", row.day),
                title: "路灯不亮".to_owned(),
                status: "办理中".to_owned(),
                unit_id: None,
                created_at: 1,
            };
            (line, row.lng, row.lat)
        };
        Ok(PlacedCases {
            total: inside.len(),
            cut: false,
            lines: inside.iter().skip(skip).take(take).map(line).collect(),
            hidden: 0,
        })
    }
}

/// A city with its map.
pub struct World {
    pub site: Site,
    pub city: Arc<City>,
    pub map: Map,
    pub server: TestServer,
}

impl World {
    pub async fn new(site: Site) -> Self {
        site.migrate("map", map::MIGRATIONS).await;
        let city = Arc::new(City::default());
        let map = Map::new(site.kit.clone(), Ports { places: city.clone() }).unwrap();
        let server = TestServer::new(&site, vec![map.slice().router]);
        Self { site, city, map, server }
    }

    pub fn person(&self, name: &str, may: &[&str]) -> Client {
        self.server.as_person(PersonBuilder::new(name).may(may))
    }
}

/// A square of one degree, as a polygon.
pub fn square(west: f64, south: f64) -> Value {
    json!([[
        [west, south],
        [west + 1.0, south],
        [west + 1.0, south + 1.0],
        [west, south + 1.0],
        [west, south]
    ]])
}
