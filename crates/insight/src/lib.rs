//! Figures (统计分析): facts that follow events, reports over them, the evaluation of units, the cockpit.
//!
//! [`Insight`] is the slice. Facts are declared in [`fact`], their files are [`lake`], [`projection`] brings them
//! up to date, [`engine`] answers questions over them within a reader's [`scope`], [`report`] knows the questions.

mod ask;
pub mod cockpit;
pub mod engine;
pub mod error;
pub mod evaluation;
pub mod fact;
pub mod forecast;
mod http;
pub mod lake;
mod names;
mod places;
pub mod problems;
pub mod projection;
pub mod report;
pub mod scope;
pub mod sheet;
pub mod special;
pub mod store;
pub mod subscription;
pub mod wall;
pub mod warning;
pub mod word;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono_tz::Tz;
use contract::messages::Mailer;
use kernel::{BoxError, Capability, Ctx, Job, Kit, Migration, Slice};
use tokio::sync::Notify;

pub use crate::ask::{Drill, Drilled, GROUPS_MAX};
use crate::engine::{Bounds, Engine};
use crate::error::InsightError;
use crate::lake::{DELTA_ROWS_MAX, Lake};
use crate::projection::{Projection, Sources};

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "insight", sql: include_str!("../migrations/0001_insight.sql") },
    Migration { version: 2, name: "warning", sql: include_str!("../migrations/0002_warning.sql") },
    Migration { version: 3, name: "subscription", sql: include_str!("../migrations/0003_subscription.sql") },
];

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        name: "cockpit.read", zh: "查看驾驶舱与大屏", en: "See cockpit and wall", scoped: false
    },
    Capability {
        name: "evaluation.close",
        zh: "单位考核结账与权重",
        en: "Close evaluations and set weights",
        scoped: false,
    },
    Capability { name: "report.read", zh: "查看统计报表", en: "Read reports", scoped: true },
    Capability { name: "report.share", zh: "共享自定义报表", en: "Share reports", scoped: false },
    Capability {
        name: "report.sql", zh: "用 SQL 查询统计数据", en: "Query figures by SQL", scoped: false
    },
    Capability {
        name: "warning.handle", zh: "接手并办结预警", en: "Take and close warnings", scoped: true
    },
    Capability { name: "warning.read", zh: "查看预警", en: "See early warnings", scoped: true },
    Capability {
        name: "warning.rule", zh: "设置预警规则", en: "Set rules of early warning", scoped: false
    },
];

/// New events are looked for after this time at the latest.
const TURN: Duration = Duration::from_secs(2);
/// Events come in bursts, and a burst is one change of the files, each of which costs as much as the delta is large.
/// So news is gathered for so long; while very much of it comes, for longer, so that those who write are not slowed.
const GATHERING: Duration = Duration::from_secs(1);
const GATHERING_MUCH: Duration = Duration::from_secs(4);
/// So many events in a turn are very much.
const MUCH: i64 = 1_000;
/// Warnings are looked for so often.
const SWEEP: Duration = Duration::from_secs(60);
/// Reports that are due by mail are looked for so often.
const MAIL_TURN: Duration = Duration::from_secs(20);
/// After a failure the next try waits so long.
const PAUSE: Duration = Duration::from_secs(15);
/// A delta that has not grown large is compacted after so many turns.
const TURNS_PER_COMPACTION: u32 = 900;

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Insight(Arc<Inner>);

struct Inner {
    kit: Kit,
    sources: Sources,
    lake: Lake,
    engine: Engine,
    projection: Projection,
    kept: cockpit::Kept,
    watching: warning::Ports,
    watch: warning::Watch,
    mailer: OnceLock<Arc<dyn Mailer>>,
}

impl std::fmt::Debug for Insight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Insight").field("lake", &self.0.lake).finish_non_exhaustive()
    }
}

impl Insight {
    /// Opens the facts in the data folder.
    ///
    /// # Errors
    /// When the folder cannot be used, or the configured zone is unknown.
    pub async fn open(kit: Kit, sources: Sources, watching: warning::Ports) -> Result<Self, BoxError> {
        let zone: Tz = kit.config.zone.parse().map_err(|error| format!("unknown zone: {error}"))?;
        let folder = kit.config.data_dir.join("figures");
        let lake = match Lake::open_folder(&folder, zone).await {
            Ok(lake) => lake,
            Err(error) => {
                // Facts are made of what the database holds; a folder that cannot be read must not stop the house.
                let aside = kit.config.data_dir.join(format!("figures.spoilt-{}", kit.now().0));
                tracing::error!(error = %kernel::problem::chain(&error), aside = %aside.display(), "the facts cannot be read; they are put aside and built anew");
                std::fs::rename(&folder, &aside)?;
                Lake::open_folder(&folder, zone).await?
            }
        };
        let salt = salt(&kit.config.data_dir.join("figures.salt"))?;
        let engine = Engine::start(&lake, Bounds::default())?;
        let projection = Projection::new(kit.clone(), sources.clone(), salt);
        Ok(Self(Arc::new(Inner {
            kit,
            sources,
            lake,
            engine,
            projection,
            kept: cockpit::Kept::default(),
            watching,
            watch: warning::Watch::default(),
            mailer: OnceLock::new(),
        })))
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let (sweeping, mailing) = (self.clone(), self.clone());
        Slice {
            name: "insight",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![
                Job::every("insight.sweep", SWEEP, move || {
                    let insight = sweeping.clone();
                    async move {
                        let ctx = Ctx::system("insight.sweep", insight.kit().now());
                        let swept = insight.sweep(&ctx).await?;
                        if swept.raised > 0 {
                            tracing::info!(
                                raised = swept.raised,
                                grown = swept.grown,
                                "early warnings were raised"
                            );
                        }
                        Ok(())
                    }
                }),
                Job::every("insight.mail", MAIL_TURN, move || {
                    let insight = mailing.clone();
                    async move {
                        let ctx = Ctx::system("insight.mail", insight.kit().now());
                        insight.mail_reports(&ctx).await?;
                        Ok(())
                    }
                }),
            ],
            capabilities: CAPABILITIES,
        }
    }

    /// Follows events until `stop` is told. Every process has facts of its own, so no lease is needed.
    pub async fn follow(self, stop: Arc<Notify>) {
        let mut turns = 0_u32;
        let mut sequenced = self.0.kit.hub.sequenced();
        loop {
            let before = self.0.lake.seq().await;
            let wait = match self.step().await {
                Ok(true) => Duration::from_millis(1),
                Ok(false) => TURN,
                Err(error) => {
                    tracing::error!(error = %kernel::problem::chain(&error), "facts could not be brought up to date; trying again");
                    PAUSE
                }
            };
            turns += 1;
            self.mend().await;
            if turns.is_multiple_of(TURNS_PER_COMPACTION) {
                self.keep_house(turns.is_multiple_of(TURNS_PER_COMPACTION * 48)).await;
            }
            if wait == TURN {
                tokio::select! {
                    _ = sequenced.changed() => {}
                    () = tokio::time::sleep(TURN) => {}
                    () = stop.notified() => return,
                }
                let is_much = self.0.lake.seq().await - before > MUCH;
                tokio::select! {
                    () = tokio::time::sleep(if is_much { GATHERING_MUCH } else { GATHERING }) => {}
                    () = stop.notified() => return,
                }
            } else {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = stop.notified() => return,
                }
            }
        }
    }

    /// After a question met a file that it could not read, all files are looked through and spoilt ones built anew.
    pub async fn mend(&self) {
        if self.0.engine.was_let_down() {
            self.keep_house(true).await;
        }
    }

    /// Compacts, checks files, the `whole` of them or their sizes, and deletes old ones.
    async fn keep_house(&self, whole: bool) {
        if let Err(error) = self.compact().await {
            tracing::error!(error = %kernel::problem::chain(&error), "facts could not be compacted; they stay as they are");
        }
        if let Err(error) = self.0.lake.check(whole).await {
            tracing::error!(error = %kernel::problem::chain(&error), "files of facts could not be checked");
        }
        self.0.lake.tidy_up(self.0.kit.clock.elapsed_ms()).await;
    }

    /// Takes in everything that has happened; for tests and tools.
    ///
    /// # Errors
    /// When a source or the files fail.
    pub async fn catch_up(&self) -> Result<(), InsightError> {
        while self.step().await? {}
        Ok(())
    }

    /// Takes in what is new, once, and compacts a delta that has grown large. Returns whether there may be more.
    async fn step(&self) -> Result<bool, InsightError> {
        let more = self.0.projection.step(&self.0.lake).await?;
        if self.0.lake.delta_rows().await >= DELTA_ROWS_MAX {
            self.compact().await?;
        }
        Ok(more)
    }

    /// Compacts on a thread where it holds nobody up: it reads and writes many rows.
    async fn compact(&self) -> Result<usize, InsightError> {
        let (insight, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let work = tokio::task::spawn_blocking(move || {
            runtime.block_on(insight.0.lake.compact(insight.0.kit.clock.elapsed_ms()))
        });
        work.await.map_err(|error| InsightError::Files(format!("compaction broke off: {error}")))?
    }

    /// Returns the files.
    #[must_use]
    pub fn lake(&self) -> &Lake {
        &self.0.lake
    }

    /// Returns the present on the city's clock.
    #[must_use]
    pub fn local_now(&self) -> chrono::NaiveDateTime {
        let now = chrono::DateTime::from_timestamp_millis(self.kit().now().0).unwrap_or_default();
        now.with_timezone(&self.lake().zone()).naive_local()
    }

    /// Returns what brings the facts up to date.
    #[must_use]
    pub fn projection(&self) -> &Projection {
        &self.0.projection
    }

    pub(crate) fn set_mailer(&self, mailer: Arc<dyn Mailer>) {
        let _ = self.0.mailer.set(mailer);
    }

    pub(crate) fn mailer(&self) -> Option<&Arc<dyn Mailer>> {
        self.0.mailer.get()
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.0.sources
    }

    pub(crate) fn watching(&self) -> &warning::Ports {
        &self.0.watching
    }

    pub(crate) fn watch(&self) -> &warning::Watch {
        &self.0.watch
    }

    pub(crate) fn kept(&self) -> &cockpit::Kept {
        &self.0.kept
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }
}

/// Reads the secret that citizens are keyed with; the first start makes it.
fn salt(path: &Path) -> Result<String, BoxError> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.len() >= 32 => Ok(text),
        Ok(_) => Err(format!("{} does not hold a secret", path.display()).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = kernel::crypto::random_token(32);
            std::fs::write(path, &text)?;
            Ok(text)
        }
        Err(error) => Err(error.into()),
    }
}
