//! Work by the clock: each job runs on one node at a time, by lease.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::event::{BoxError, guarded};
use crate::{DbError, Kit};

type Work = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> + Send + Sync>;

/// A piece of work that is done again and again.
#[derive(Clone)]
pub struct Job {
    /// The lease's name, `<slice>.<job>`.
    pub name: &'static str,
    every: Duration,
    work: Work,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("name", &self.name).field("every", &self.every).finish_non_exhaustive()
    }
}

impl Job {
    /// Makes a job that runs `every` so often. It claims its work in the database and may be cut off.
    pub fn every<F, Fut>(name: &'static str, every: Duration, work: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self { name, every, work: Arc::new(move || Box::pin(work())) }
    }
}

/// Runs a job until `stop` is told. A failure is logged and the next turn tries again.
pub async fn run_job(kit: Kit, job: Job, stop: Arc<tokio::sync::Notify>) {
    let holder = crate::id::new_id();
    let lease = format!("job.{}", job.name);
    // Longer than a turn may take; short enough that a restart does not wait for the dead.
    let lease_millis = 150_000;
    loop {
        let turn = async {
            if hold_lease(&kit, &lease, &holder, lease_millis).await? {
                (job.work)().await?;
            }
            Ok::<(), BoxError>(())
        };
        if let Err(error) = guarded(turn).await {
            tracing::error!(job = job.name, %error, "job failed; it runs again at its next turn");
        }
        tokio::select! {
            () = tokio::time::sleep(job.every) => {}
            () = stop.notified() => return,
        }
    }
}

/// Leases of others, as this process has seen them.
#[derive(Debug, Default)]
pub(crate) struct Observed(Mutex<HashMap<String, Lease>>);

#[derive(Clone, Debug)]
struct Lease {
    holder: String,
    until: i64,
    /// When this process saw it first, or asked for it itself, in its own elapsed milliseconds.
    seen_at: i64,
}

impl Observed {
    /// Notes a lease that was asked for at `seen_at`.
    fn note(&self, name: &str, holder: &str, until: i64, seen_at: i64) {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        known.insert(name.to_owned(), Lease { holder: holder.to_owned(), until, seen_at });
    }

    /// Returns for how long this process has seen a lease unchanged.
    fn age(&self, name: &str, holder: &str, until: i64, now: i64) -> i64 {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        let fresh = || Lease { holder: holder.to_owned(), until, seen_at: now };
        let lease = known.entry(name.to_owned()).or_insert_with(fresh);
        if lease.holder != holder || lease.until != until {
            *lease = fresh();
        }
        now - lease.seen_at
    }
}

/// Takes or renews the lease `name` for `holder`; false while somebody else holds it. A lease in the first
/// half of its life is not written again.
///
/// Clocks of nodes are never compared: a holder believes in its lease for a time of its own from when it asked,
/// and others take a lease only after they have seen it unchanged for its whole length by theirs.
pub(crate) async fn hold_lease(kit: &Kit, name: &str, holder: &str, millis: i64) -> Result<bool, DbError> {
    let (asked_at, until) = (kit.clock.elapsed_ms(), kit.now().plus_millis(millis).0);
    let known: Option<(String, i64)> =
        sqlx::query_as("select holder, until from kernel_lease where name = $1")
            .bind(name)
            .fetch_optional(kit.db.reader())
            .await?;
    if let Some((other, seen)) = &known {
        let age = kit.leases.age(name, other, *seen, asked_at);
        if other == holder {
            if age < millis / 2 {
                return Ok(true);
            }
        } else if age < millis {
            return Ok(false);
        }
    }
    // Whoever is taken over must still be who was seen, with the lease that was seen.
    let (other, seen) = known.unwrap_or_default();
    let mut tx = kit.db.begin().await?;
    let taken = sqlx::query(
        "insert into kernel_lease (name, holder, until) values ($1, $2, $3) on conflict (name) do update \
         set holder = excluded.holder, until = excluded.until \
         where kernel_lease.holder = $4 and kernel_lease.until = $5",
    )
    .bind(name)
    .bind(holder)
    .bind(until)
    .bind(other)
    .bind(seen)
    .execute(tx.conn())
    .await?
    .rows_affected();
    tx.commit().await?;
    if taken == 1 {
        kit.leases.note(name, holder, until, asked_at);
    }
    Ok(taken == 1)
}

/// Gives up every lease that a process which no longer runs left behind. Only for the embedded database,
/// where a second process cannot exist.
///
/// # Errors
/// When the database fails.
pub async fn clear_leases(kit: &Kit) -> Result<(), DbError> {
    let mut tx = kit.db.begin().await?;
    sqlx::query("delete from kernel_lease").execute(tx.conn()).await?;
    tx.commit().await
}
