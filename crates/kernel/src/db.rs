//! One SQL text on SQLite and PostgreSQL.
//!
//! Reads go through a pool ([`Db::reader`]); on SQLite its connections refuse to write. Every write goes
//! through a [`Tx`], which also carries the events and audit rows of the change. On SQLite there is one
//! writing connection: transactions take turns on it, each in a savepoint, and those that queue up behind
//! one another share a commit (group commit), so that durability costs one fsync for many.
//!
//! A change whose statements are all known beforehand needs no turn of its own: it is given to [`Db::write`]
//! as [`Writes`], and many of them become a few statements, on either database.

mod batch;
mod group;
mod migrate;
mod statement;
mod tx;
mod writes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, Connection as _, Executor as _};
use tokio::sync::Notify;

pub use migrate::migrate;
pub use statement::{Real, SqlValue, Statement};
pub use tx::Tx;
pub(crate) use writes::Write;
pub use writes::{Check, Writes};

use crate::audit::Algorithm;
use crate::{Problem, ToProblem};

/// A connection that was used so recently is not asked whether it is alive.
const IDLE_UNTESTED: Duration = Duration::from_secs(5);

/// What the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded default.
    Sqlite,
    /// For cities that outgrow one machine.
    Postgres,
}

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A statement failed.
    #[error("database statement failed")]
    Sql(#[from] sqlx::Error),
    /// The address names neither SQLite nor PostgreSQL.
    #[error("unknown database address {0}: expected sqlite:PATH or postgres://…")]
    Address(String),
    /// A migration that ran before now has another text.
    #[error("migration {slice}/{version} was changed after it ran; migrations are append-only")]
    MigrationChanged {
        /// The slice that owns it.
        slice: String,
        /// Its number.
        version: i64,
    },
    /// A shared commit failed; the reason went to the transaction that ran it.
    #[error("the commit that this transaction shared failed: {0}")]
    SharedCommit(String),
    /// No turn to write within a reasonable time.
    #[error("the database did not give a turn to write")]
    Busy,
    /// What a change was based on has changed before it was written.
    #[error("somebody else was faster; nothing was written")]
    Raced,
    /// The same `Idempotency-Key` is being handled or was stored a moment ago.
    #[error("the same idempotency key was stored concurrently")]
    IdempotencyRace,
}

impl DbError {
    /// Tells whether a unique key refused the row.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Tells whether the disk has no room left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Sql(sqlx::Error::Database(error)) => {
                let text = error.message();
                text.contains("database or disk is full")
                    || text.contains("No space left")
                    || error.code().is_some_and(|code| code == "53100" || code == "13")
            }
            Self::SharedCommit(text) => text.contains("full") || text.contains("No space left"),
            _ => false,
        }
    }
}

impl ToProblem for DbError {
    fn problem(&self) -> Problem {
        use axum::http::StatusCode;
        if matches!(self, Self::IdempotencyRace) {
            return Problem::new(StatusCode::CONFLICT, "idempotency.in_progress")
                .detail_zh("相同的请求正在处理，请稍候。")
                .detail_en("The same request is being handled; please wait.")
                .retry_after(1);
        }
        let internal = Problem::from_internal(self);
        if matches!(self, Self::Busy | Self::Raced) {
            return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage.busy")
                .detail_zh("系统繁忙，本次操作没有保存，请稍后重试。")
                .detail_en("The system is busy; nothing was saved. Please try again.")
                .retry_after(2);
        }
        if self.is_disk_full() {
            return Problem::new(StatusCode::INSUFFICIENT_STORAGE, "storage.full")
                .detail_zh("服务器存储空间已满，本次操作没有保存，请联系系统管理员。")
                .detail_en("The server's disk is full; nothing was saved. Please tell the administrator.");
        }
        internal
    }
}

/// Where the data is and how many read at once.
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections of the reading pool (on PostgreSQL: of all).
    pub pool_size: u32,
}

impl DbConfig {
    /// The embedded database in a file.
    #[must_use]
    pub fn sqlite(path: &Path) -> Self {
        Self { url: format!("sqlite:{}", path.display()), pool_size: 8 }
    }
}

struct Inner {
    dialect: Dialect,
    url: String,
    pool: AnyPool,
    writer: Option<Arc<group::Writer>>,
    batcher: batch::Batcher,
    digest: OnceLock<Algorithm>,
    committed: Notify,
    numbered: Notify,
    /// The newest number before this process gave its first; nobody here needs to be told of older ones.
    numbered_from: OnceLock<i64>,
}

/// The database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("dialect", &self.0.dialect).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the database; a SQLite file is made when it is missing.
    ///
    /// # Errors
    /// When the address is unknown or the database cannot be reached.
    pub async fn open(config: &DbConfig) -> Result<Self, DbError> {
        install_default_drivers();
        if let Some(path) = config.url.strip_prefix("sqlite:") {
            Self::open_sqlite(&PathBuf::from(path.trim_start_matches("//")), config.pool_size).await
        } else if config.url.starts_with("postgres://") || config.url.starts_with("postgresql://") {
            let pool = AnyPoolOptions::new()
                .max_connections(config.pool_size.max(4))
                .acquire_timeout(Duration::from_secs(10))
                .test_before_acquire(false)
                .before_acquire(|connection, known| {
                    Box::pin(async move {
                        // What was used a moment ago is alive; asking each time would be a trip for each read.
                        if known.idle_for > IDLE_UNTESTED {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect(&config.url)
                .await?;
            Ok(Self::of(Dialect::Postgres, config.url.clone(), pool, None))
        } else {
            Err(DbError::Address(config.url.clone()))
        }
    }

    async fn open_sqlite(path: &Path, readers: u32) -> Result<Self, DbError> {
        let writer = group::Writer::open(path).await?;
        let pool = AnyPoolOptions::new()
            .max_connections(readers.max(1))
            .acquire_timeout(Duration::from_secs(10))
            // A file does not hang up.
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection
                        .execute(
                            "pragma busy_timeout = 5000; pragma query_only = on; pragma cache_size = -16000",
                        )
                        .await
                        .map(|_| ())
                })
            })
            .connect(&format!("sqlite://{}?mode=rw", path.display()))
            .await?;
        Ok(Self::of(Dialect::Sqlite, String::new(), pool, Some(Arc::new(writer))))
    }

    fn of(dialect: Dialect, url: String, pool: AnyPool, writer: Option<Arc<group::Writer>>) -> Self {
        Self(Arc::new(Inner {
            dialect,
            url,
            pool,
            writer,
            batcher: batch::Batcher::default(),
            digest: OnceLock::new(),
            committed: Notify::new(),
            numbered: Notify::new(),
            numbered_from: OnceLock::new(),
        }))
    }

    /// Sets the digest of the audit chain; the first call decides.
    pub(crate) fn set_digest(&self, algorithm: Algorithm) {
        let _ = self.0.digest.set(algorithm);
    }

    pub(crate) fn digest(&self) -> Algorithm {
        self.0.digest.get().copied().unwrap_or_default()
    }

    /// Returns what the database is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// Returns the pool for reading.
    #[must_use]
    pub fn reader(&self) -> &AnyPool {
        &self.0.pool
    }

    /// Begins a transaction. Inside it only SQL happens: others wait for their turn meanwhile. After a
    /// statement failed, the transaction is dropped and not used again: what the failure undid differs
    /// between the databases.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        match &self.0.writer {
            Some(writer) => Ok(Tx::new(self.clone(), tx::Handle::Group(writer.clone().begin(false).await?))),
            None => Ok(Tx::new(self.clone(), tx::Handle::Own(Box::new(self.0.pool.begin().await?)))),
        }
    }

    /// Waits until some transaction with events or audit rows has been committed.
    pub async fn wait_for_commit(&self) {
        self.0.committed.notified().await;
    }

    pub(crate) fn announce_commit(&self) {
        self.0.committed.notify_one();
    }

    /// Waits until this process has numbered events.
    pub(crate) async fn wait_for_numbers(&self) {
        self.0.numbered.notified().await;
    }

    /// Tells that events after `before` have their numbers.
    pub(crate) fn announce_numbered(&self, before: i64) {
        let _ = self.0.numbered_from.set(before);
        self.0.numbered.notify_one();
    }

    pub(crate) fn numbered_from(&self) -> Option<i64> {
        self.0.numbered_from.get().copied()
    }
}
