//! The knowledge base (知识库): entries with answers, their review, versions, search and use.
//!
//! [`Knowledge`] is the slice. What an entry is stands in [`entry`], finding in [`search`], SQL in `store`.

pub mod bench;
pub mod compare;
pub mod entry;
pub mod error;
pub mod extract;
mod http;
pub mod import;
pub mod matter;
mod port;
pub mod region;
pub mod reminding;
pub mod search;
pub mod store;
pub mod text;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use contract::cases::CaseLookup;
use contract::identity::Directory;
use contract::messages::Notifier;
use kernel::http::{RateLimit, RateLimiter};
use kernel::parameters::ParameterSpec;
use kernel::{Capability, Ctx, Job, Kit, Migration, Slice};
use serde::Deserialize;
use serde_json::json;

use crate::search::library::Library;

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "knowledge", sql: include_str!("../migrations/0001_knowledge.sql") }];

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        name: "knowledge.read", zh: "查询知识库", en: "Search the knowledge base", scoped: false
    },
    Capability {
        name: "knowledge.write", zh: "维护知识条目", en: "Write knowledge entries", scoped: true
    },
    Capability {
        name: "knowledge.review", zh: "审核发布知识", en: "Review knowledge entries", scoped: true
    },
    Capability {
        name: "knowledge.manage",
        zh: "管理知识库分类与词库",
        en: "Manage classes and words",
        scoped: false,
    },
];

/// The section `[knowledge]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct KnowledgeConfig {
    /// Sites that may show `/embed/knowledge` in a frame of theirs, as `https://www.example.gov.cn`.
    pub embed_ancestors: Vec<String>,
    /// How many requests one address of a citizen may make in a minute, in the long run.
    pub requests_per_minute: u32,
}

impl Default for KnowledgeConfig {
    fn default() -> Self {
        Self { embed_ancestors: Vec::new(), requests_per_minute: 120 }
    }
}

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Knowledge(Arc<Inner>);

struct Inner {
    kit: Kit,
    directory: Arc<dyn Directory>,
    config: KnowledgeConfig,
    library: Library,
    requests: RateLimiter,
    opinions: RateLimiter,
    orders: OnceLock<Arc<dyn CaseLookup>>,
    notifier: OnceLock<Arc<dyn Notifier>>,
    reminded: reminding::Reminded,
}

impl std::fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knowledge").finish_non_exhaustive()
    }
}

impl Knowledge {
    /// Makes the slice.
    ///
    /// # Errors
    /// When the section `[knowledge]` of the configuration has another shape.
    pub fn new(kit: Kit, directory: Arc<dyn Directory>) -> Result<Self, kernel::config::ConfigError> {
        let config: KnowledgeConfig = kit.config.section("knowledge")?;
        kit.parameters.declare(vec![ParameterSpec {
            key: "knowledge.review_days",
            default: json!(365),
            zh: "知识条目复审周期（天）",
            en: "Days until a published entry is read again",
        }]);
        let limiter = |per_minute: u32, burst: u32| {
            RateLimiter::new(RateLimit { burst: burst.max(1), per_minute: per_minute.max(1) })
        };
        Ok(Self(Arc::new(Inner {
            library: Library::new(kit.config.data_dir.join("knowledge-index")),
            requests: limiter(config.requests_per_minute, config.requests_per_minute),
            opinions: limiter(6, 6),
            orders: OnceLock::new(),
            notifier: OnceLock::new(),
            reminded: reminding::Reminded::default(),
            kit,
            directory,
            config,
        })))
    }

    /// Gives the slice the orders that entries may be written from, and who tells maintainers what waits for them.
    /// Without them it works on and offers neither.
    pub fn serve_with(&self, orders: Arc<dyn CaseLookup>, notifier: Arc<dyn Notifier>) {
        let _ = self.0.orders.set(orders);
        let _ = self.0.notifier.set(notifier);
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let (expiring, reminding) = (self.clone(), self.clone());
        Slice {
            name: "knowledge",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![
                Job::every("knowledge.expire", Duration::from_secs(60), move || {
                    let knowledge = expiring.clone();
                    async move {
                        let ctx = Ctx::system("knowledge.expire", knowledge.kit().now());
                        knowledge.expire(&ctx).await?;
                        Ok(())
                    }
                }),
                Job::every("knowledge.remind", Duration::from_secs(60), move || {
                    let knowledge = reminding.clone();
                    async move {
                        let ctx = Ctx::system("knowledge.remind", knowledge.kit().now());
                        knowledge.remind(&ctx).await?;
                        Ok(())
                    }
                }),
            ],
            capabilities: CAPABILITIES,
        }
    }

    /// Returns the sites that may show the page for embedding in a frame.
    #[must_use]
    pub fn embed_ancestors(&self) -> &[String] {
        &self.0.config.embed_ancestors
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    pub(crate) fn directory(&self) -> &dyn Directory {
        &*self.0.directory
    }

    pub(crate) fn orders(&self) -> Option<&Arc<dyn CaseLookup>> {
        self.0.orders.get()
    }

    pub(crate) fn notifier(&self) -> Option<&Arc<dyn Notifier>> {
        self.0.notifier.get()
    }

    pub(crate) fn reminded(&self) -> &reminding::Reminded {
        &self.0.reminded
    }

    pub(crate) fn library(&self) -> &Library {
        &self.0.library
    }

    pub(crate) fn requests(&self) -> &RateLimiter {
        &self.0.requests
    }

    pub(crate) fn opinions(&self) -> &RateLimiter {
        &self.0.opinions
    }
}
