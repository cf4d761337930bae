//! Numbers committed events, seals audit rows, and tells screens.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;

use crate::audit::{Algorithm, seal};
use crate::event::{Audience, guarded};
use crate::hub::Push;
use crate::jobs::hold_lease;
use crate::{DbError, Dialect, Kit};

/// Numbers what is waiting, seals audit rows and pushes the numbered events to screens. Returns how many
/// rows it handled.
///
/// # Errors
/// When the database fails; nothing is numbered then.
pub async fn sequence_once(kit: &Kit) -> Result<usize, DbError> {
    let mut tx = kit.db.begin().await?;
    if kit.db.dialect() == Dialect::Postgres {
        // The lease keeps others from trying; this keeps one that lost it unawares from numbering twice.
        tx.conn().execute("select pg_advisory_xact_lock(12346)").await?;
    }
    let last: i64 =
        sqlx::query_scalar("select coalesce(max(seq), 0) from kernel_outbox").fetch_one(tx.conn()).await?;
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
    if numbered == 0 && sealed == 0 {
        return Ok(0);
    }
    let fresh: Vec<(i64, String, String, String)> =
        sqlx::query_as("select seq, name, audience, payload from kernel_outbox where seq > $1 order by seq")
            .bind(last)
            .fetch_all(tx.conn())
            .await?;
    tx.commit().await?;
    let newest = fresh.last().map(|row| row.0);
    for (seq, name, audience, payload) in fresh {
        if !audience.is_empty() {
            kit.hub.send(Push {
                seq: Some(seq),
                name: name.into(),
                data: payload.into(),
                audience: Audience::decode_all(&audience).into(),
            });
        }
    }
    if let Some(seq) = newest {
        kit.hub.announce_sequenced(seq);
    }
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
