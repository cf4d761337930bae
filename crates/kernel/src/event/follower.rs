//! Reads numbered events as they appear, and tells the screens and subscriptions of this process.
//!
//! Every process follows for itself: a screen hears of an event whichever process wrote or numbered it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::FromRow;

use crate::event::{Audience, guarded};
use crate::hub::Push;
use crate::{DbError, Dialect, Kit};

/// So many events are looked through at once.
const STEP: i64 = 1_000;

#[derive(FromRow)]
struct Row {
    seq: i64,
    name: String,
    audience: String,
    payload: String,
}

/// Pushes what was numbered since the last call. Returns how many events there were.
///
/// # Errors
/// When the database fails; the next call begins where this one stopped.
pub async fn follow_once(kit: &Kit) -> Result<usize, DbError> {
    let mut place = kit.hub.place().await;
    let mut seen = match (*place, kit.db.numbered_from()) {
        (Some(seen), _) | (None, Some(seen)) => seen,
        (None, None) => newest(kit).await?,
    };
    *place = Some(seen);
    let mut count = 0;
    loop {
        let newest = newest(kit).await?;
        if newest <= seen {
            return Ok(count);
        }
        let upto = newest.min(seen + STEP);
        // Nobody is told of what has no audience, so no more than its name is read.
        let rows: Vec<Row> = sqlx::query_as(
            "select seq, name, audience, case when audience = '' then '' else payload end as payload \
             from kernel_outbox where seq > $1 and seq <= $2 order by seq",
        )
        .bind(seen)
        .bind(upto)
        .fetch_all(kit.db.reader())
        .await?;
        for row in rows.iter().filter(|row| !row.audience.is_empty()) {
            kit.hub.send(Push {
                seq: Some(row.seq),
                name: row.name.as_str().into(),
                data: row.payload.as_str().into(),
                audience: Audience::decode_all(&row.audience).into(),
            });
        }
        count += usize::try_from(upto - seen).unwrap_or_default();
        let names = rows.iter().map(|row| (row.name.as_str(), row.seq));
        kit.hub.announce_sequenced(seen, upto, names);
        seen = upto;
        *place = Some(seen);
        if upto == newest {
            return Ok(count);
        }
    }
}

/// Returns the newest number. Numbers become visible in their order, so none below it is still to come.
pub(super) async fn newest(kit: &Kit) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select coalesce(max(seq), 0) from kernel_outbox where seq > 0")
        .fetch_one(kit.db.reader())
        .await?)
}

/// Follows until `stop` is told: at once what this process numbered, and within a moment what others did.
pub async fn run_follower(kit: Kit, stop: Arc<tokio::sync::Notify>) {
    let patience = match kit.db.dialect() {
        Dialect::Postgres => Duration::from_millis(250),
        // The embedded database has no other process.
        Dialect::Sqlite => Duration::from_secs(1),
    };
    loop {
        if let Err(error) = guarded(async { Ok(follow_once(&kit).await?) }).await {
            tracing::error!(error = %crate::problem::chain(&*error), "events could not be followed; retrying");
        }
        tokio::select! {
            () = kit.db.wait_for_numbers() => {
                // A moment's patience lets a burst be read in one go.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            () = tokio::time::sleep(patience) => {}
            () = stop.notified() => return,
        }
    }
}
