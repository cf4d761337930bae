//! Work by the clock: each job runs on one node at a time, by lease.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
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

/// Takes or renews the lease `name` for `holder`; false while somebody else holds it. A lease in the first
/// half of its life is not written again.
pub(crate) async fn hold_lease(kit: &Kit, name: &str, holder: &str, millis: i64) -> Result<bool, DbError> {
    let now = kit.now().0;
    let known: Option<(String, i64)> =
        sqlx::query_as("select holder, until from kernel_lease where name = $1")
            .bind(name)
            .fetch_optional(kit.db.reader())
            .await?;
    match known {
        Some((other, until)) if other != holder && until > now => return Ok(false),
        Some((ours, until)) if ours == holder && until > now + millis / 2 => return Ok(true),
        _ => {}
    }
    let mut tx = kit.db.begin().await?;
    let taken = sqlx::query(
        "insert into kernel_lease (name, holder, until) values ($1, $2, $3) on conflict (name) do update \
         set holder = excluded.holder, until = excluded.until \
         where kernel_lease.holder = excluded.holder or kernel_lease.until <= $4",
    )
    .bind(name)
    .bind(holder)
    .bind(now + millis)
    .bind(now)
    .execute(tx.conn())
    .await?
    .rows_affected();
    tx.commit().await?;
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
