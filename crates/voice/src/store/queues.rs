//! Queues, skill levels, and when any of what decides the way of a call was changed last.

use std::collections::{BTreeMap, HashMap};

use kernel::{Ctx, Db, DbError, Tx};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::queue::{Queue, QueueDraft};

const COLUMNS: &str = "select id, name, identity, numbers, strategy, skills, general_after_secs, priority, \
     capacity, wrap_up_secs, first_announcement_secs, announcement_secs, overflow_after_secs, \
     overflow_unstaffed, overflow_queue, answer_within_secs, answer_share_pct, sort, active, version, \
     updated_at from voice_queue";

fn read(row: &AnyRow) -> Result<Queue, sqlx::Error> {
    Ok(Queue {
        id: row.try_get("id")?,
        set: QueueDraft {
            name: row.try_get("name")?,
            identity: row.try_get("identity")?,
            numbers: serde_json::from_str(&row.try_get::<String, _>("numbers")?).unwrap_or_default(),
            strategy: row.try_get("strategy")?,
            skills: serde_json::from_str(&row.try_get::<String, _>("skills")?).unwrap_or_default(),
            general_after_secs: row.try_get("general_after_secs")?,
            priority: row.try_get("priority")?,
            capacity: row.try_get("capacity")?,
            wrap_up_secs: row.try_get("wrap_up_secs")?,
            first_announcement_secs: row.try_get("first_announcement_secs")?,
            announcement_secs: row.try_get("announcement_secs")?,
            overflow_after_secs: row.try_get("overflow_after_secs")?,
            overflow_unstaffed: row.try_get::<i64, _>("overflow_unstaffed")? != 0,
            overflow_queue: row.try_get("overflow_queue")?,
            answer_within_secs: row.try_get("answer_within_secs")?,
            answer_share_pct: row.try_get("answer_share_pct")?,
            sort: row.try_get("sort")?,
            active: row.try_get::<i64, _>("active")? != 0,
        },
        version: row.try_get("version")?,
        updated_at: row.try_get("updated_at")?,
    })
}

/// Returns all queues in their order.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<Queue>, DbError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} order by sort, id")))
        .fetch_all(db.reader())
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Writes a new queue; one with this id stays as it is.
///
/// # Errors
/// When a statement fails.
pub async fn insert(tx: &mut Tx, queue: &Queue) -> Result<(), DbError> {
    let set = &queue.set;
    sqlx::query(
        "insert into voice_queue (id, name, identity, numbers, strategy, skills, general_after_secs, priority, \
         capacity, wrap_up_secs, first_announcement_secs, announcement_secs, overflow_after_secs, \
         overflow_unstaffed, overflow_queue, answer_within_secs, answer_share_pct, sort, active, version, \
         updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
         $19, $20, $21) on conflict (id) do nothing",
    )
    .bind(&queue.id)
    .bind(&set.name)
    .bind(&set.identity)
    .bind(serde_json::to_string(&set.numbers).unwrap_or_else(|_| "[]".to_owned()))
    .bind(&set.strategy)
    .bind(serde_json::to_string(&set.skills).unwrap_or_else(|_| "{}".to_owned()))
    .bind(set.general_after_secs)
    .bind(set.priority)
    .bind(set.capacity)
    .bind(set.wrap_up_secs)
    .bind(set.first_announcement_secs)
    .bind(set.announcement_secs)
    .bind(set.overflow_after_secs)
    .bind(i64::from(set.overflow_unstaffed))
    .bind(set.overflow_queue.as_deref())
    .bind(set.answer_within_secs)
    .bind(set.answer_share_pct)
    .bind(set.sort)
    .bind(i64::from(set.active))
    .bind(queue.version)
    .bind(queue.updated_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Changes a queue; false when `version` is not the present one.
///
/// # Errors
/// When a statement fails.
pub async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    id: &str,
    set: &QueueDraft,
    version: i64,
) -> Result<bool, DbError> {
    let changed = sqlx::query(
        "update voice_queue set name = $3, identity = $4, numbers = $5, strategy = $6, skills = $7, \
         general_after_secs = $8, priority = $9, capacity = $10, wrap_up_secs = $11, \
         first_announcement_secs = $12, announcement_secs = $13, overflow_after_secs = $14, \
         overflow_unstaffed = $15, overflow_queue = $16, answer_within_secs = $17, answer_share_pct = $18, \
         sort = $19, active = $20, version = version + 1, updated_at = $21 where id = $1 and version = $2",
    )
    .bind(id)
    .bind(version)
    .bind(&set.name)
    .bind(&set.identity)
    .bind(serde_json::to_string(&set.numbers).unwrap_or_else(|_| "[]".to_owned()))
    .bind(&set.strategy)
    .bind(serde_json::to_string(&set.skills).unwrap_or_else(|_| "{}".to_owned()))
    .bind(set.general_after_secs)
    .bind(set.priority)
    .bind(set.capacity)
    .bind(set.wrap_up_secs)
    .bind(set.first_announcement_secs)
    .bind(set.announcement_secs)
    .bind(set.overflow_after_secs)
    .bind(i64::from(set.overflow_unstaffed))
    .bind(set.overflow_queue.as_deref())
    .bind(set.answer_within_secs)
    .bind(set.answer_share_pct)
    .bind(set.sort)
    .bind(i64::from(set.active))
    .bind(ctx.now.0)
    .execute(tx.conn())
    .await?
    .rows_affected();
    Ok(changed > 0)
}

/// Says that something which decides the way of a call has changed, so that every process looks again.
///
/// # Errors
/// When a statement fails.
pub async fn touch(tx: &mut Tx) -> Result<(), DbError> {
    sqlx::query("update voice_settings_version set version = version + 1 where id = 'routing'")
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Returns a number that grows with each such change.
///
/// # Errors
/// When the database fails.
pub async fn version(db: &Db) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select version from voice_settings_version where id = 'routing'")
        .fetch_one(db.reader())
        .await?)
}

/// Returns the levels of all seats.
///
/// # Errors
/// When the database fails.
pub async fn levels(db: &Db) -> Result<HashMap<String, BTreeMap<String, u8>>, DbError> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("select seat_id, skill, level from voice_seat_skill").fetch_all(db.reader()).await?;
    let mut levels: HashMap<String, BTreeMap<String, u8>> = HashMap::new();
    for (seat, skill, level) in rows {
        levels.entry(seat).or_default().insert(skill, u8::try_from(level).unwrap_or(0));
    }
    Ok(levels)
}

/// Sets the levels of a seat.
///
/// # Errors
/// When a statement fails.
pub async fn set_levels(tx: &mut Tx, seat: &str, levels: &BTreeMap<String, u8>) -> Result<(), DbError> {
    sqlx::query("delete from voice_seat_skill where seat_id = $1").bind(seat).execute(tx.conn()).await?;
    for (skill, level) in levels {
        sqlx::query("insert into voice_seat_skill (seat_id, skill, level) values ($1, $2, $3)")
            .bind(seat)
            .bind(skill)
            .bind(i64::from(*level))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}
