//! The map (一张图): the base map, areas, where orders are, the state of the city.
//!
//! [`Map`] is the slice. The base map is a file ([`base`]), areas are [`area`], what machines push is [`feed`].

pub mod area;
pub mod base;
pub mod error;
pub mod feed;
mod http;
pub mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contract::insight::PlaceFigures;
use kernel::http::{RateLimit, RateLimiter};
use kernel::{BoxError, Capability, Job, Kit, Migration, Slice};
use serde::Deserialize;

use crate::area::Area;
use crate::base::BaseMap;
use crate::store::area::AreasMark;

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "map", sql: include_str!("../migrations/0001_map.sql") }];

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        name: "feed.push", zh: "推送城市运行数据", en: "Push the city's state", scoped: false
    },
    Capability { name: "feed.write", zh: "管理数据接入", en: "Manage feeds", scoped: false },
    Capability { name: "map.read", zh: "查看工单地图", en: "See orders on the map", scoped: true },
    Capability { name: "map.write", zh: "维护地图区域", en: "Keep the map's areas", scoped: false },
];

/// Old states are deleted so often.
const SWEEP: Duration = Duration::from_secs(3600);
/// How often one source may push.
const PUSHES: RateLimit = RateLimit { burst: 60, per_minute: 240 };

/// The section `[map]` of the settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MapConfig {
    /// The key (`tk`) of 天地图 for browsers; its maps are offered when it is there.
    pub tianditu_key: String,
}

/// What other slices answer.
#[derive(Clone)]
pub struct Ports {
    /// Where orders are.
    pub places: Arc<dyn PlaceFigures>,
}

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Map(Arc<Inner>);

/// Areas of each kind as they were read last, with what tells whether they still are.
type KeptAreas = HashMap<String, (AreasMark, Arc<Vec<Area>>)>;

struct Inner {
    kit: Kit,
    config: MapConfig,
    ports: Ports,
    base: BaseMap,
    areas: Mutex<KeptAreas>,
    pushes: RateLimiter,
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Map").field("config", &self.0.config.tianditu_key.is_empty()).finish_non_exhaustive()
    }
}

impl Map {
    /// Makes the slice.
    ///
    /// # Errors
    /// When the section of the settings has another shape.
    pub fn new(kit: Kit, ports: Ports) -> Result<Self, BoxError> {
        let config: MapConfig = kit.config.section("map")?;
        // It becomes part of addresses.
        if !config.tianditu_key.chars().all(|sign| sign.is_ascii_alphanumeric()) {
            return Err("[map] tianditu_key: letters and digits only".into());
        }
        let base = BaseMap::new(base::path(&kit.config.data_dir));
        Ok(Self(Arc::new(Inner {
            kit,
            config,
            ports,
            base,
            areas: Mutex::default(),
            pushes: RateLimiter::new(PUSHES),
        })))
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let sweeping = self.clone();
        Slice {
            name: "map",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![Job::every("map.sweep", SWEEP, move || {
                let map = sweeping.clone();
                async move {
                    map.forget_old_states(map.kit().now()).await?;
                    Ok(())
                }
            })],
            capabilities: CAPABILITIES,
        }
    }

    /// Tells whether maps of 天地图 are offered, whose pictures browsers then fetch.
    #[must_use]
    pub fn offers_tianditu(&self) -> bool {
        !self.0.config.tianditu_key.is_empty()
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    pub(crate) fn config(&self) -> &MapConfig {
        &self.0.config
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.0.ports
    }

    pub(crate) fn base(&self) -> &BaseMap {
        &self.0.base
    }

    pub(crate) fn kept_areas(&self) -> &Mutex<KeptAreas> {
        &self.0.areas
    }

    pub(crate) fn pushes(&self) -> &RateLimiter {
        &self.0.pushes
    }
}
