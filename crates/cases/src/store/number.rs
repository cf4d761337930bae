//! Order numbers: a prefix, the day, a counter of the day.
//!
//! Each process takes blocks of numbers from `cases_number` and hands them out from memory, so that writing
//! orders does not queue for one row. Numbers are unique; a restart leaves a gap.

use std::collections::HashMap;

use chrono::NaiveDate;
use kernel::{Db, Timestamp};

use crate::error::CaseError;

/// The first block of a day, and the largest.
const BLOCK_MIN: i64 = 8;
const BLOCK_MAX: i64 = 512;
/// A block used up within this time is followed by one twice as large.
const FAST_MS: i64 = 2_000;
/// So many days are kept in mind.
const DAYS_MAX: usize = 8;

/// Numbers that this process may hand out.
#[derive(Debug, Default)]
pub struct Numbers {
    days: HashMap<NaiveDate, Block>,
}

#[derive(Debug)]
struct Block {
    next: i64,
    end: i64,
    size: i64,
    taken_at: Timestamp,
}

impl Numbers {
    /// Returns a fresh number of `day`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(
        &mut self,
        db: &Db,
        prefix: &str,
        day: NaiveDate,
        now: Timestamp,
    ) -> Result<String, CaseError> {
        let known = self.days.get(&day);
        if known.is_none_or(|block| block.next >= block.end) {
            let size = known.map_or(BLOCK_MIN, |block| {
                let fast = now.millis_since(block.taken_at) < FAST_MS;
                if fast { (block.size * 2).min(BLOCK_MAX) } else { BLOCK_MIN }
            });
            let end = take(db, day, size).await?;
            if self.days.len() >= DAYS_MAX {
                self.days.clear();
            }
            self.days.insert(day, Block { next: end - size, end, size, taken_at: now });
        }
        let block = self.days.get_mut(&day).expect("inserted above");
        block.next += 1;
        Ok(format!("{prefix}{}{:06}", day.format("%Y%m%d"), block.next))
    }
}

/// Takes `size` numbers of `day`; returns the last one.
async fn take(db: &Db, day: NaiveDate, size: i64) -> Result<i64, CaseError> {
    let mut tx = db.begin().await?;
    let end: i64 = sqlx::query_scalar(
        "insert into cases_number (day, next) values ($1, $2) on conflict (day) do update \
         set next = cases_number.next + excluded.next returning next",
    )
    .bind(day.to_string())
    .bind(size)
    .fetch_one(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(end)
}
