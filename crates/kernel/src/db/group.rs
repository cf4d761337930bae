//! Group commit on SQLite's single writing connection.
//!
//! A request may be cancelled between any two of its awaits (a client that goes away is enough), while the
//! connection's own thread still carries out the statement that was sent. Therefore everything here that
//! touches the connection runs in a task of its own, which nobody cancels; savepoints have names that occur
//! once, so that a statement can never hit somebody else's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::DbError;

/// So many transactions share a commit at most; more would only lengthen the wait of the first.
const BATCH_MAX: usize = 64;

/// Whoever waits longer for a turn is told so. A handler that begins a second transaction while it holds one
/// would otherwise stop all writing.
const TURN_MAX: Duration = Duration::from_secs(15);

/// The writing connection and the transactions that wait for it.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    queued: Arc<AtomicUsize>,
}

struct State {
    path: PathBuf,
    connection: AnyConnection,
    /// Whether `begin` ran and its commit is still owed.
    open: bool,
    /// Counts savepoints.
    savepoints: u64,
    /// Those whose savepoint is released and who wait for the commit.
    waiting: Vec<oneshot::Sender<Result<(), String>>>,
}

impl State {
    async fn run(&mut self, sql: String) -> Result<(), sqlx::Error> {
        self.connection.execute(AssertSqlSafe(sql)).await.map(|_| ())
    }

    /// Opens the shared transaction unless it is open, and a savepoint in it. Whoever opens it and gives up at the
    /// first failed statement (`strict`) needs no savepoint: undoing all there is undoes nobody else, and without
    /// one the database keeps no copy of each page that is changed. Others need it: a full disk ends the whole
    /// transaction by itself, and whoever went on regardless would be told so by the savepoint that is missing.
    async fn enter(&mut self, strict: bool) -> Result<Option<u64>, DbError> {
        if !self.open {
            if let Err(error) = self.run("begin immediate".to_owned()).await {
                // The connection may be in a state that nobody knows; a rollback or a fresh one mends it.
                tracing::warn!(%error, "the writing connection is put in order");
                if self.run("rollback".to_owned()).await.is_err() {
                    self.connection = connect(&self.path).await?;
                }
                self.run("begin immediate".to_owned()).await?;
            }
            self.open = true;
            if strict {
                return Ok(None);
            }
        }
        self.savepoints += 1;
        let savepoint = self.savepoints;
        if let Err(error) = self.run(format!("savepoint s{savepoint}")).await {
            self.abandon_batch("the savepoint failed").await;
            return Err(error.into());
        }
        Ok(Some(savepoint))
    }

    /// Undoes one transaction, or the whole batch when that fails.
    async fn undo(&mut self, savepoint: Option<u64>) {
        let Some(savepoint) = savepoint else {
            self.abandon_batch("a transaction was undone").await;
            return;
        };
        if self.run(format!("rollback to s{savepoint}; release s{savepoint}")).await.is_err() {
            self.abandon_batch("a rollback failed").await;
        }
    }

    /// Commits what is open and tells everybody who shares the commit.
    async fn commit_batch(&mut self) {
        if !self.open {
            return;
        }
        let result = self.run("commit".to_owned()).await;
        if result.is_err() {
            // A failed commit leaves the transaction open; without this the connection stays unusable.
            let _ = self.run("rollback".to_owned()).await;
        }
        self.open = false;
        let told = result.map_err(|error| error.to_string());
        for waiter in self.waiting.drain(..) {
            let _ = waiter.send(told.clone());
        }
    }

    /// Gives up everything in the batch, after an error that left the connection's state unknown.
    async fn abandon_batch(&mut self, reason: &str) {
        let _ = self.run("rollback".to_owned()).await;
        self.open = false;
        for waiter in self.waiting.drain(..) {
            let _ = waiter.send(Err(reason.to_owned()));
        }
    }
}

async fn connect(path: &Path) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = AnyConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await?;
    connection
        .execute(
            "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10000; \
             pragma temp_store = memory; \
             pragma cache_size = -64000; pragma wal_autocheckpoint = 4000",
        )
        .await?;
    Ok(connection)
}

impl Writer {
    pub(super) async fn open(path: &Path) -> Result<Self, DbError> {
        let state = State {
            path: path.to_owned(),
            connection: connect(path).await?,
            open: false,
            savepoints: 0,
            waiting: Vec::new(),
        };
        Ok(Self { state: Arc::new(Mutex::new(state)), queued: Arc::new(AtomicUsize::new(0)) })
    }

    /// Waits for this transaction's turn and opens its savepoint. Whoever is `strict` drops the transaction at the
    /// first failed statement.
    pub(super) async fn begin(self: Arc<Self>, strict: bool) -> Result<GroupTx, DbError> {
        let place = Place::take(self.queued.clone());
        let mut state = tokio::time::timeout(TURN_MAX, self.state.clone().lock_owned())
            .await
            .map_err(|_| DbError::Busy)?;
        drop(place);
        let queued = self.queued.clone();
        // If the caller goes away meanwhile, the finished transaction is dropped and so undone.
        tokio::spawn(async move {
            let savepoint = state.enter(strict).await?;
            Ok(GroupTx { state: Some(state), savepoint, queued })
        })
        .await
        .map_err(|error| DbError::SharedCommit(error.to_string()))?
    }
}

/// Counts a waiting transaction, also when its task is cancelled while it waits.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(queued: Arc<AtomicUsize>) -> Self {
        queued.fetch_add(1, Ordering::SeqCst);
        Self(queued)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One transaction's turn on the writing connection.
pub(super) struct GroupTx {
    state: Option<OwnedMutexGuard<State>>,
    /// None of a strict one that opened the shared transaction.
    savepoint: Option<u64>,
    queued: Arc<AtomicUsize>,
}

impl GroupTx {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.state.as_mut().expect("present until commit or drop").connection
    }

    /// Ends the turn and returns when the change is on disk.
    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        let state = self.state.take().expect("present until commit or drop");
        let (savepoint, queued) = (self.savepoint, self.queued.clone());
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(leave(state, savepoint, queued, sender));
        match receiver.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(DbError::SharedCommit(reason)),
            Err(_) => Err(DbError::SharedCommit("the writer stopped".to_owned())),
        }
    }
}

async fn leave(
    mut state: OwnedMutexGuard<State>,
    savepoint: Option<u64>,
    queued: Arc<AtomicUsize>,
    sender: oneshot::Sender<Result<(), String>>,
) {
    let released = match savepoint {
        Some(savepoint) => state.run(format!("release s{savepoint}")).await,
        None => Ok(()),
    };
    if let Err(error) = released {
        let _ = sender.send(Err(error.to_string()));
        state.undo(savepoint).await;
    } else {
        state.waiting.push(sender);
    }
    // Whoever queues behind will commit for us; the last in the queue, or a full batch, commits now.
    if queued.load(Ordering::SeqCst) == 0 || state.waiting.len() >= BATCH_MAX {
        state.commit_batch().await;
        return;
    }
    // The one behind may be cancelled before its turn, so somebody must come back for the batch.
    let mutex = OwnedMutexGuard::mutex(&state).clone();
    drop(state);
    let mut state = mutex.lock_owned().await;
    if !state.waiting.is_empty() {
        state.commit_batch().await;
    }
}

impl Drop for GroupTx {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        let (savepoint, queued) = (self.savepoint, self.queued.clone());
        // Undoing is asynchronous; the guard travels with the task, so nobody gets in between.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                state.undo(savepoint).await;
                if queued.load(Ordering::SeqCst) == 0 {
                    state.commit_batch().await;
                }
            });
        }
    }
}
