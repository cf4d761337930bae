//! Help from language: suggestions while an order is written, orders that tell of the same event, what was learnt
//! from the city's own orders, and conversations in writing, which the robot answers until a person does.
//!
//! [`Bot`] is the slice. Rules are plain and synchronous: [`suggestion`], [`events`], [`learning`],
//! [`place_book`], [`robot`]; SQL is in [`store`], addresses in `http`. Nobody's work waits for any of it: whatever is
//! missing is said, and the rest is answered.

pub mod assist;
pub mod background;
pub mod bench;
pub mod chat;
pub mod error;
pub mod events;
mod http;
pub mod learning;
pub mod place_book;
pub mod robot;
pub mod store;
pub mod suggestion;
pub mod training;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Duration;

use contract::cases::{CaseCorpus, CitizenDesk};
use contract::identity::Directory;
use contract::knowledge::KnowledgeSearch;
use kernel::config::ConfigError;
use kernel::parameters::ParameterSpec;
use kernel::{Capability, Ctx, Job, Kit, Migration, Slice};
use lang::lexicon::Lexicon;
use serde_json::json;

use crate::events::EventIndex;
use crate::learning::{CategoryTree, Model};
use crate::place_book::{KnownPlace, PlaceBook};
use crate::robot::model::{LanguageModel, ModelConfig};

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "bot", sql: include_str!("../migrations/0001_bot.sql") },
    Migration { version: 2, name: "spoken", sql: include_str!("../migrations/0002_spoken.sql") },
];

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    Capability { name: "assist.learn", zh: "管理智能模型", en: "Manage what is learnt", scoped: false },
    Capability { name: "chat.answer", zh: "接待在线会话", en: "Answer chats", scoped: false },
    Capability { name: "chat.read", zh: "查看全部在线会话", en: "Read all chats", scoped: false },
    Capability { name: "robot.train", zh: "训练机器人", en: "Train the robot", scoped: false },
    Capability { name: "topic.read", zh: "查看热点事件", en: "See hot topics", scoped: false },
];

/// Most orders that are compared with a new one.
const EVENTS_MAX: i64 = 1_000_000;

/// What other slices answer.
#[derive(Clone)]
pub struct Ports {
    /// Orders as material.
    pub corpus: Arc<dyn CaseCorpus>,
    /// Orders for citizens.
    pub citizens: Arc<dyn CitizenDesk>,
    /// Units and people.
    pub directory: Arc<dyn Directory>,
    /// The knowledge base, where there is one.
    pub knowledge: Option<Arc<dyn KnowledgeSearch>>,
}

/// The model in force.
#[derive(Debug)]
pub struct ActiveModel {
    /// Its id.
    pub id: String,
    /// The model.
    pub model: Model,
}

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Bot(Arc<Inner>);

struct Inner {
    kit: Kit,
    ports: Ports,
    lexicon: Arc<Lexicon>,
    places: RwLock<Arc<PlaceBook>>,
    events: RwLock<EventIndex>,
    filled: AtomicBool,
    model: RwLock<Option<Arc<ActiveModel>>>,
    /// Held while something is learnt: one at a time.
    learning: tokio::sync::Mutex<()>,
    topics: tokio::sync::Mutex<Option<assist::KeptTopics>>,
    chats: chat::Chats,
    citizens: kernel::http::RateLimiter,
    /// By order number: whoever guesses the code of one order needs months.
    attempts: kernel::http::RateLimiter,
}

impl std::fmt::Debug for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bot").finish_non_exhaustive()
    }
}

impl Bot {
    /// Makes the slice. By the city's `places` addresses are recognised and texts are cut.
    ///
    /// # Errors
    /// When the section `[language_model]` of the configuration has another shape.
    pub fn new(
        kit: Kit,
        ports: Ports,
        places: impl IntoIterator<Item = KnownPlace>,
    ) -> Result<Self, ConfigError> {
        let mut book = PlaceBook::default();
        for place in places {
            book.add(place);
        }
        let model: ModelConfig = kit.config.section("language_model")?;
        let spec = |key, default, zh, en| ParameterSpec { key, default, zh, en };
        kit.parameters.declare(vec![
            spec(
                "bot.sure_pct",
                json!(50),
                "智能建议的最低可信度（%）",
                "Suggestions are shown from this confidence (per cent)",
            ),
            spec(
                "bot.learn_orders_max",
                json!(20_000),
                "学习所用的最近工单数",
                "Newest orders that are learnt from",
            ),
            spec("bot.learn_hour", json!(2), "每日自动学习的时刻（点）", "Hour of the nightly learning"),
            spec(
                "bot.event_days",
                json!(90),
                "判重与热点所比较的天数",
                "Days of orders that are compared for duplicates",
            ),
            spec(
                "bot.event_orders_max",
                json!(200_000),
                "判重与热点所比较的最多工单数（重启后生效）",
                "Most orders that are compared for duplicates (from the next start)",
            ),
        ]);
        let room = kit.parameters.i64("bot.event_orders_max", 200_000).clamp(100, EVENTS_MAX);
        let secret = kernel::crypto::random_digits(18).parse().unwrap_or(1);
        let limit = kernel::http::RateLimit { burst: 30, per_minute: 60 };
        Ok(Self(Arc::new(Inner {
            kit,
            ports,
            lexicon: Arc::new(Lexicon::new(book.names())),
            places: RwLock::new(Arc::new(book)),
            events: RwLock::new(EventIndex::new(usize::try_from(room).unwrap_or(200_000), secret)),
            filled: AtomicBool::new(false),
            model: RwLock::default(),
            learning: tokio::sync::Mutex::default(),
            topics: tokio::sync::Mutex::default(),
            chats: chat::Chats::new(LanguageModel::new(model)),
            citizens: kernel::http::RateLimiter::new(limit),
            attempts: kernel::http::RateLimiter::new(kernel::http::RateLimit { burst: 20, per_minute: 4 }),
        })))
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let (learning, tidying) = (self.clone(), self.clone());
        Slice {
            name: "bot",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![
                Job::every("bot.learn", Duration::from_secs(600), move || {
                    let bot = learning.clone();
                    async move {
                        bot.learn_by_night(&Ctx::system("bot.learn", bot.kit().now())).await?;
                        Ok(())
                    }
                }),
                Job::every("bot.end_idle_chats", Duration::from_secs(60), move || {
                    let bot = tidying.clone();
                    async move {
                        bot.end_idle_chats(&Ctx::system("bot.end_idle_chats", bot.kit().now())).await?;
                        Ok(())
                    }
                }),
            ],
            capabilities: CAPABILITIES,
        }
    }

    /// Adds places that orders name. Texts are cut as before, so that they stay comparable.
    pub(crate) fn add_places(&self, places: impl IntoIterator<Item = KnownPlace>) {
        let mut book = PlaceBook::clone(&self.places());
        for place in places {
            book.add(place);
        }
        *self.0.places.write().expect("no holder of this lock can panic") = Arc::new(book);
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.0.ports
    }

    pub(crate) fn lexicon(&self) -> Arc<Lexicon> {
        self.0.lexicon.clone()
    }

    pub(crate) fn places(&self) -> Arc<PlaceBook> {
        self.0.places.read().expect("no holder of this lock can panic").clone()
    }

    pub(crate) fn events(&self) -> RwLockReadGuard<'_, EventIndex> {
        self.0.events.read().expect("no holder of this lock can panic")
    }

    /// Returns the model in force.
    #[must_use]
    pub fn active_model(&self) -> Option<Arc<ActiveModel>> {
        self.0.model.read().expect("no holder of this lock can panic").clone()
    }

    pub(crate) fn set_model(&self, model: Option<ActiveModel>) {
        *self.0.model.write().expect("no holder of this lock can panic") = model.map(Arc::new);
    }

    pub(crate) fn tree(&self) -> CategoryTree {
        CategoryTree::new(self.ports().corpus.categories())
    }

    pub(crate) fn sure(&self) -> f64 {
        self.kit().parameters.i64("bot.sure_pct", 50).clamp(0, 100) as f64 / 100.0
    }

    /// Tells whether the newest orders have been read since the start.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.0.filled.load(Ordering::Relaxed)
    }

    /// Returns the local time of an instant.
    pub(crate) fn local(&self, at: kernel::Timestamp) -> chrono::NaiveDateTime {
        let zone: chrono_tz::Tz = self.kit().config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
        chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default().with_timezone(&zone).naive_local()
    }
}
