//! Delivers numbered events to one subscription.

use std::sync::Arc;
use std::time::Duration;

use sqlx::FromRow;

use super::follower::newest;
use super::{Envelope, Subscription, guarded};
use crate::db::Statement;
use crate::jobs::hold_lease;
use crate::{DbError, Kit, Timestamp};

/// So many events are looked through at once.
const STEP: i64 = 5_000;
/// So many are delivered at once.
const BATCH: i64 = 200;
/// A cursor that has only passed what its subscription does not want is written once it is so far behind, or when
/// fewer than [`CALM`] events came: a burst that concerns others costs no writes.
const LAG_MAX: i64 = 2_000;
const CALM: i64 = 50;

/// How long a subscription waits for news when its cursor is up to date, and when it is not.
const IDLE: Duration = Duration::from_secs(5);
const BEHIND: Duration = Duration::from_millis(250);

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
    let mut passed = 0;
    loop {
        let turn = async {
            if !hold_lease(&kit, &lease, &holder, 30_000).await? {
                return Ok(Turn::Idle);
            }
            Ok(deliver_batch(&kit, &subscription, &mut passed).await?.0)
        };
        match turn.await {
            Ok(Turn::More) => {}
            Ok(turn @ (Turn::Idle | Turn::Behind)) => {
                let mut patience = if matches!(turn, Turn::Idle) { IDLE } else { BEHIND };
                loop {
                    tokio::select! {
                        _ = sequenced.changed() => {}
                        () = tokio::time::sleep(patience) => break,
                        () = stop.notified() => return,
                    }
                    // What concerns others is not even read, until the cursor would fall too far behind.
                    match kit.hub.passed_by(subscription.events, passed) {
                        Some(upto) if upto - passed < LAG_MAX => patience = BEHIND,
                        _ => break,
                    }
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
    /// Nothing more to do; the cursor is behind by events of others.
    Behind,
    More,
    Failed(i64),
}

/// Delivers what is waiting for a subscription, once, and returns how many events its handler took. For
/// tests and for catching up without a running server.
///
/// # Errors
/// When the database fails.
pub async fn deliver_once(kit: &Kit, subscription: &Subscription) -> Result<usize, DbError> {
    Ok(deliver_batch(kit, subscription, &mut 0).await?.1)
}

/// Delivers some events. `passed` is how far this process has come, which may be further than the cursor by
/// events that the subscription does not want.
async fn deliver_batch(
    kit: &Kit,
    subscription: &Subscription,
    passed: &mut i64,
) -> Result<(Turn, usize), DbError> {
    let cursor: Option<(i64, i64)> =
        sqlx::query_as("select seq, failures from kernel_cursor where subscription = $1")
            .bind(subscription.name)
            .fetch_optional(kit.db.reader())
            .await?;
    let (saved, failures) = cursor.unwrap_or_default();
    let start = saved.max(*passed);
    let newest = newest(kit).await?;
    let upto = newest.min(start + STEP);
    let mut wanted = Statement::new(
        "select seq, name, subject, actor, at, trace_id, payload from kernel_outbox where seq > ",
    );
    wanted.bind(start).push(" and seq <= ").bind(upto).push(" and name in (");
    wanted.bind_all(subscription.events.iter().copied()).push(") order by seq limit ").bind(BATCH);
    let rows: Vec<Row> = wanted.query_as().fetch_all(kit.db.reader()).await?;
    let full = i64::try_from(rows.len()) == Ok(BATCH);
    let (mut done, mut handled) = (start, 0);
    for row in rows {
        let seq = row.seq;
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
            *passed = done;
            tracing::warn!(subscription = subscription.name, seq, failures, %error, "reaction failed");
            if failures < ATTEMPTS_MAX {
                save_cursor(kit, subscription.name, done, failures).await?;
                return Ok((Turn::Failed(failures), handled));
            }
            set_aside(kit, subscription.name, seq, &error.to_string()).await?;
        }
        handled += 1;
        done = seq;
    }
    if !full {
        done = done.max(upto);
    }
    *passed = done;
    let came = done - start;
    let is_due = handled > 0 || failures > 0 || came < CALM || done - saved >= LAG_MAX;
    if done > saved && is_due {
        save_cursor(kit, subscription.name, done, 0).await?;
    }
    let turn = match (done < newest, done == saved || is_due) {
        (true, _) => Turn::More,
        (false, true) => Turn::Idle,
        (false, false) => Turn::Behind,
    };
    Ok((turn, handled))
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
