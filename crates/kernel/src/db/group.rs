//! Group commit on SQLite's single writing connection.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::DbError;

/// So many transactions share a commit at most; more would only lengthen the wait of the first.
const BATCH_MAX: usize = 64;

/// The writing connection and the transactions that wait for it.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    queued: Arc<AtomicUsize>,
}

struct State {
    connection: AnyConnection,
    /// Whether `begin` ran and its commit is still owed.
    open: bool,
    /// Those whose savepoint is released and who wait for the commit.
    waiting: Vec<oneshot::Sender<Result<(), String>>>,
}

impl State {
    /// Commits what is open and tells everybody who shares the commit.
    async fn commit_batch(&mut self) -> Result<(), DbError> {
        if !self.open {
            return Ok(());
        }
        let result = self.connection.execute("commit").await;
        self.open = false;
        let told = result.as_ref().map(|_| ()).map_err(ToString::to_string);
        for waiter in self.waiting.drain(..) {
            let _ = waiter.send(told.clone());
        }
        match result {
            Ok(_) => Ok(()),
            Err(error) => {
                // A failed commit leaves the transaction open; without this the connection stays unusable.
                let _ = self.connection.execute("rollback").await;
                Err(error.into())
            }
        }
    }

    /// Gives up everything in the batch, after an error that left the connection's state unknown.
    async fn abandon_batch(&mut self, reason: &str) {
        let _ = self.connection.execute("rollback").await;
        self.open = false;
        for waiter in self.waiting.drain(..) {
            let _ = waiter.send(Err(reason.to_owned()));
        }
    }
}

impl Writer {
    pub(super) async fn open(path: &Path) -> Result<Self, DbError> {
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut connection = AnyConnection::connect(&url).await?;
        connection
            .execute(
                "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10000; \
                 pragma cache_size = -64000; pragma wal_autocheckpoint = 4000",
            )
            .await?;
        Ok(Self {
            state: Arc::new(Mutex::new(State { connection, open: false, waiting: Vec::new() })),
            queued: Arc::new(AtomicUsize::new(0)),
        })
    }

    /// Waits for this transaction's turn and opens its savepoint.
    pub(super) async fn begin(self: Arc<Self>) -> Result<GroupTx, DbError> {
        let place = Place::take(self.queued.clone());
        let mut state = self.state.clone().lock_owned().await;
        drop(place);
        if !state.open {
            state.connection.execute("begin immediate").await?;
            state.open = true;
        }
        if let Err(error) = state.connection.execute("savepoint one").await {
            state.abandon_batch("the savepoint failed").await;
            return Err(error.into());
        }
        Ok(GroupTx { state: Some(state), queued: self.queued.clone() })
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
    queued: Arc<AtomicUsize>,
}

impl GroupTx {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.state.as_mut().expect("present until commit or drop").connection
    }

    /// Ends the turn and returns when the change is on disk.
    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        let state = self.state.as_mut().expect("present until commit or drop");
        state.connection.execute("release one").await?;
        let mut state = self.state.take().expect("taken once");
        let (sender, receiver) = oneshot::channel();
        state.waiting.push(sender);
        // Whoever queues behind will commit for us; the last in the queue, or a full batch, commits now.
        if self.queued.load(Ordering::SeqCst) == 0 || state.waiting.len() >= BATCH_MAX {
            let mut guard = CommitGuard(Some(state));
            guard.run().await?;
        } else {
            // The one behind may be cancelled before its turn, so somebody must come back for the batch.
            let mutex = OwnedMutexGuard::mutex(&state).clone();
            drop(state);
            tokio::spawn(async move {
                let mut state = mutex.lock_owned().await;
                if !state.waiting.is_empty() {
                    let _ = state.commit_batch().await;
                }
            });
        }
        match receiver.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(DbError::SharedCommit(reason)),
            Err(_) => Err(DbError::SharedCommit("the writer stopped".to_owned())),
        }
    }
}

/// Runs the batch's commit to its end even when the request that runs it is cancelled.
struct CommitGuard(Option<OwnedMutexGuard<State>>);

impl CommitGuard {
    async fn run(&mut self) -> Result<(), DbError> {
        let mut state = self.0.take().expect("run once");
        tokio::spawn(async move { state.commit_batch().await })
            .await
            .map_err(|error| DbError::SharedCommit(error.to_string()))?
    }
}

impl Drop for GroupTx {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        let queued = self.queued.clone();
        // Rolling back is asynchronous; the guard travels with the task, so nobody gets in between.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if state.connection.execute("rollback to one; release one").await.is_err() {
                    state.abandon_batch("a rollback failed").await;
                } else if queued.load(Ordering::SeqCst) == 0 {
                    let _ = state.commit_batch().await;
                }
            });
        }
    }
}
