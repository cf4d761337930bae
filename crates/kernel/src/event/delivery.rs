//! Delivers numbered events to one subscription.

use std::sync::Arc;
use std::time::Duration;

use sqlx::FromRow;

use super::{Envelope, Subscription, guarded};
use crate::jobs::hold_lease;
use crate::{DbError, Kit, Timestamp};

/// After so many failures an event is set aside, so that those behind it are not held up for ever.
const ATTEMPTS_MAX: i64 = 10;

#[derive(FromRow)]
struct Row {
    seq: i64,
    name: String,
    subject: String,
    actor: String,
    at: i64,
    trace_id: String,
    payload: String,
}

/// Runs one subscription until `stop` is told.
pub async fn run_subscription(kit: Kit, subscription: Subscription, stop: Arc<tokio::sync::Notify>) {
    let holder = crate::id::new_id();
    let lease = format!("subscription.{}", subscription.name);
    let mut sequenced = kit.hub.sequenced();
    loop {
        let turn = async {
            if !hold_lease(&kit, &lease, &holder, 30_000).await? {
                return Ok(Turn::Idle);
            }
            Ok(deliver_batch(&kit, &subscription).await?.0)
        };
        match turn.await {
            Ok(Turn::More) => {}
            Ok(Turn::Idle) => {
                tokio::select! {
                    _ = sequenced.changed() => {}
                    () = tokio::time::sleep(Duration::from_secs(5)) => {}
                    () = stop.notified() => return,
                }
            }
            Ok(Turn::Failed(failures)) => {
                let wait_millis = 100_u64 << failures.clamp(0, 8);
                tokio::time::sleep(Duration::from_millis(wait_millis)).await;
            }
            Err::<_, DbError>(error) => {
                tracing::error!(
                    subscription = subscription.name,
                    error = %crate::problem::chain(&error),
                    "delivery failed; retrying"
                );
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

enum Turn {
    Idle,
    More,
    Failed(i64),
}

/// Delivers what is waiting for a subscription, once, and returns how many events its handler took. For
/// tests and for catching up without a running server.
///
/// # Errors
/// When the database fails.
pub async fn deliver_once(kit: &Kit, subscription: &Subscription) -> Result<usize, DbError> {
    Ok(deliver_batch(kit, subscription).await?.1)
}

async fn deliver_batch(kit: &Kit, subscription: &Subscription) -> Result<(Turn, usize), DbError> {
    let cursor: Option<(i64, i64)> =
        sqlx::query_as("select seq, failures from kernel_cursor where subscription = $1")
            .bind(subscription.name)
            .fetch_optional(kit.db.reader())
            .await?;
    let (start, failures) = cursor.unwrap_or_default();
    let rows: Vec<Row> = sqlx::query_as(
        "select seq, name, subject, actor, at, trace_id, payload from kernel_outbox where seq > $1 \
         order by seq limit 200",
    )
    .bind(start)
    .fetch_all(kit.db.reader())
    .await?;
    let full = rows.len() == 200;
    let (mut done, mut handled) = (start, 0);
    for row in rows {
        let seq = row.seq;
        if subscription.events.contains(&row.name.as_str()) {
            let Ok(actor) = serde_json::from_str(&row.actor) else {
                set_aside(kit, subscription.name, seq, "the actor is unreadable").await?;
                done = seq;
                continue;
            };
            let envelope = Envelope {
                seq,
                name: row.name,
                subject: row.subject,
                actor,
                at: Timestamp(row.at),
                trace_id: row.trace_id,
                payload: row.payload,
            };
            if let Err(error) = guarded((subscription.handler)(envelope)).await {
                let failures = if done == start { failures + 1 } else { 1 };
                tracing::warn!(subscription = subscription.name, seq, failures, %error, "reaction failed");
                if failures < ATTEMPTS_MAX {
                    save_cursor(kit, subscription.name, done, failures).await?;
                    return Ok((Turn::Failed(failures), handled));
                }
                set_aside(kit, subscription.name, seq, &error.to_string()).await?;
            }
            handled += 1;
        }
        done = seq;
    }
    if done > start {
        save_cursor(kit, subscription.name, done, 0).await?;
    }
    Ok((if full { Turn::More } else { Turn::Idle }, handled))
}

async fn save_cursor(kit: &Kit, name: &str, seq: i64, failures: i64) -> Result<(), DbError> {
    let mut tx = kit.db.begin().await?;
    sqlx::query(
        "insert into kernel_cursor (subscription, seq, failures, updated_at) values ($1, $2, $3, $4) \
         on conflict (subscription) do update set seq = excluded.seq, failures = excluded.failures, \
         updated_at = excluded.updated_at where kernel_cursor.seq <= excluded.seq",
    )
    .bind(name)
    .bind(seq)
    .bind(failures)
    .bind(kit.now().0)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

async fn set_aside(kit: &Kit, name: &str, seq: i64, error: &str) -> Result<(), DbError> {
    tracing::error!(subscription = name, seq, error, "event set aside after repeated failures");
    let mut tx = kit.db.begin().await?;
    sqlx::query(
        "insert into kernel_dead_letter (subscription, seq, error, at) values ($1, $2, $3, $4) \
         on conflict (subscription, seq) do update set error = excluded.error, at = excluded.at",
    )
    .bind(name)
    .bind(seq)
    .bind(error)
    .bind(kit.now().0)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
