//! Numbers committed events and seals audit rows, where that did not happen when they were written.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;

use crate::audit::{Algorithm, seal};
use crate::event::{follow_once, guarded};
use crate::jobs::hold_lease;
use crate::{DbError, Dialect, Kit};

/// Held by whoever gives numbers, until they are visible.
pub(crate) const SEQUENCER_LOCK: &str = "select pg_advisory_xact_lock(12346)";

/// Numbers what is waiting, seals audit rows and lets screens know. Returns how many rows it handled.
///
/// # Errors
/// When the database fails; nothing is numbered then.
pub async fn sequence_once(kit: &Kit) -> Result<usize, DbError> {
    let mut tx = kit.db.begin().await?;
    if kit.db.dialect() == Dialect::Postgres {
        // The lease keeps others from trying; this keeps one that lost it unawares, and the writers of
        // batches, from numbering twice.
        tx.conn().execute(SEQUENCER_LOCK).await?;
    }
    let last: i64 = sqlx::query_scalar("select coalesce(max(seq), 0) from kernel_outbox where seq > 0")
        .fetch_one(tx.conn())
        .await?;
    let numbered = sqlx::query(
        "update kernel_outbox set seq = fresh.n from (select id, row_number() over (order by id) + $1 as n \
         from kernel_outbox where seq is null order by id limit 500) as fresh \
         where kernel_outbox.id = fresh.id and kernel_outbox.seq is null",
    )
    .bind(last)
    .execute(tx.conn())
    .await?
    .rows_affected();
    let sealed = seal(tx.conn(), Algorithm::parse(&kit.config.audit_digest).unwrap_or_default()).await?;
    if numbered > 0 || sealed > 0 {
        tx.commit().await?;
    } else {
        drop(tx);
    }
    if numbered > 0 {
        kit.db.announce_numbered(last);
    }
    follow_once(kit).await?;
    Ok(usize::try_from(numbered).unwrap_or(usize::MAX).saturating_add(sealed))
}

/// Runs the sequencer until `stop` is told: after each commit, and every second for other processes' work.
pub async fn run_sequencer(kit: Kit, stop: Arc<tokio::sync::Notify>) {
    let holder = crate::id::new_id();
    loop {
        let turn = async {
            if !hold_lease(&kit, "kernel.sequencer", &holder, 10_000).await? {
                return Ok(0);
            }
            Ok(sequence_once(&kit).await?)
        };
        match guarded(turn).await {
            Ok(0) => {
                tokio::select! {
                    () = kit.db.wait_for_commit() => {}
                    () = tokio::time::sleep(Duration::from_millis(1000)) => {}
                    () = stop.notified() => return,
                }
                // A moment's patience lets a burst be numbered in one go.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %crate::problem::chain(&*error), "event sequencer failed; retrying");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}
