//! What decides the way of a call, in memory and changed while calls wait: queues, levels, lists, rules.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

use acd::{BreakRule, FloorConfig, SeatProfile};
use kernel::parameters::{ParameterSpec, Parameters};
use kernel::{Ctx, Db, DbError};
use serde_json::json;

use crate::queue::{MAIN, Queue, QueueDraft};
use crate::store::numbers::Listed;
use crate::store::{numbers, queues};

/// A seat with this skill is a general seat; so is one without any.
const GENERAL: &str = "general";

/// What a caller's number is listed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Ordinary,
    /// Important.
    Vip,
    /// Unwanted.
    Blocked,
}

#[derive(Debug, Default)]
struct Known {
    version: i64,
    queues: Vec<Queue>,
    levels: HashMap<String, BTreeMap<String, u8>>,
    vip: HashMap<String, Option<i64>>,
    blocked: HashMap<String, Option<i64>>,
    unwanted: HashMap<String, Option<i64>>,
}

/// Settings of the floor. Clones share them.
#[derive(Clone, Default)]
pub struct Routing(Arc<RwLock<Known>>);

/// The parameters that administrators change on screen.
#[must_use]
pub fn parameters() -> Vec<ParameterSpec> {
    [
        (
            "voice.break_away_max_pct",
            30,
            "小休需审批：小休座席占签入座席的比例超过（%，100 为不限）",
            "Breaks need approval above this share of seats on a break (per cent; 100 for never)",
        ),
        (
            "voice.break_waiting_min",
            5,
            "小休需审批：排队人数达到（人，0 为不限）",
            "Breaks need approval while so many callers wait (0 for never)",
        ),
        (
            "voice.vip_priority",
            3,
            "VIP 来电的优先级（每级相当于提前 60 秒到达）",
            "Priority of important callers (each step counts as 60 seconds of waiting)",
        ),
        (
            "voice.connection_min_pct",
            95,
            "24 小时接通率目标（%）",
            "Connection rate over 24 hours to reach (per cent)",
        ),
        (
            "voice.service_calls_min",
            20,
            "服务水平告警的最少来电数",
            "Calls below which service levels raise no alarm",
        ),
        (
            "voice.chats_per_seat",
            3,
            "每个座席同时接待的在线会话数（0 为不接待）",
            "Chats that a seat has at a time (0 for none)",
        ),
        (
            "voice.work_reminder_minutes",
            90,
            "连续工作多少分钟后提醒话务员休息（0 为不提醒）",
            "Agents are reminded of a break after working so many minutes (0 for never)",
        ),
    ]
    .into_iter()
    .map(|(key, default, zh, en)| ParameterSpec { key, default: json!(default), zh, en })
    .collect()
}

/// Returns a number as it is compared: without the signs and prefixes that trunks put before it.
#[must_use]
pub fn plain(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let rest = digits.strip_prefix("0086").unwrap_or(&digits);
    let rest =
        if number.trim_start().starts_with("+86") { rest.strip_prefix("86").unwrap_or(rest) } else { rest };
    match rest.strip_prefix('0') {
        Some(mobile) if mobile.len() == 11 && mobile.starts_with('1') => mobile.to_owned(),
        _ => rest.to_owned(),
    }
}

impl Routing {
    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Makes the main queue on the first day, then reads everything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, db: &Db, ctx: &Ctx, base: &FloorConfig) -> Result<(), DbError> {
        if let Some(first) = base.queues.first() {
            let main = Queue {
                id: MAIN.to_owned(),
                set: QueueDraft::main(first),
                version: 1,
                updated_at: ctx.now.0,
            };
            let mut tx = db.begin().await?;
            queues::insert(&mut tx, &main).await?;
            tx.commit().await?;
        }
        self.reload(db, ctx.now.0).await
    }

    /// Reads everything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload(&self, db: &Db, now: i64) -> Result<(), DbError> {
        let mut fresh = Known {
            version: queues::version(db).await?,
            queues: queues::all(db).await?,
            levels: queues::levels(db).await?,
            ..Known::default()
        };
        for Listed { kind, number, expires_at, .. } in numbers::in_force(db, now).await? {
            let list = match kind.as_str() {
                "vip" => &mut fresh.vip,
                "do_not_call" => &mut fresh.unwanted,
                _ => &mut fresh.blocked,
            };
            list.insert(number, expires_at);
        }
        let mut known = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Two readings may cross; the older one must not win.
        if fresh.version >= known.version {
            *known = fresh;
        }
        Ok(())
    }

    /// Returns which change was read last.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.read(|known| known.version)
    }

    /// Returns all queues in their order.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        self.read(|known| known.queues.clone())
    }

    /// Returns a queue's name.
    #[must_use]
    pub fn queue_name(&self, id: &str) -> String {
        self.read(|known| {
            known.queues.iter().find(|queue| queue.id == id).map(|queue| queue.set.name.clone())
        })
        .unwrap_or_else(|| id.to_owned())
    }

    /// Returns the levels that were set for a seat.
    #[must_use]
    pub fn levels(&self, seat_id: &str) -> BTreeMap<String, u8> {
        self.read(|known| known.levels.get(seat_id).cloned()).unwrap_or_default()
    }

    /// Returns the queue that a dialled number belongs to.
    #[must_use]
    pub fn queue_of_number(&self, called: &str) -> Option<String> {
        self.read(|known| {
            known
                .queues
                .iter()
                .find(|queue| queue.set.active && queue.set.numbers.iter().any(|number| number == called))
                .map(|queue| queue.id.clone())
        })
    }

    /// Returns what a caller's number is listed as; blocked wins.
    #[must_use]
    pub fn standing(&self, caller: &str, now: i64) -> Standing {
        let number = plain(caller);
        let in_force =
            |until: Option<&Option<i64>>| until.is_some_and(|until| until.is_none_or(|until| until > now));
        self.read(|known| {
            if in_force(known.blocked.get(&number)) {
                Standing::Blocked
            } else if in_force(known.vip.get(&number)) {
                Standing::Vip
            } else {
                Standing::Ordinary
            }
        })
    }

    /// Tells whether somebody asked not to be called by outbound tasks.
    #[must_use]
    pub fn is_unwanted(&self, number: &str, now: i64) -> bool {
        let number = plain(number);
        self.read(|known| {
            known.unwanted.get(&number).is_some_and(|until| until.is_none_or(|until| until > now))
        })
    }

    /// Returns the rules of the floor.
    #[must_use]
    pub fn floor(&self, base: &FloorConfig, parameters: &Parameters) -> FloorConfig {
        let away = parameters.i64("voice.break_away_max_pct", 30);
        let waiting = parameters.i64("voice.break_waiting_min", 5);
        let mut queues: Vec<_> = self.read(|known| {
            known
                .queues
                .iter()
                .filter(|queue| queue.set.active || queue.id == MAIN)
                .map(Queue::rules)
                .collect()
        });
        // What belongs nowhere goes to the main queue, so it stands first.
        queues.sort_by_key(|queue: &acd::QueueConfig| queue.key.as_str() != MAIN);
        if queues.is_empty() {
            queues.clone_from(&base.queues);
        }
        FloorConfig {
            breaks: BreakRule {
                away_max_pct: u8::try_from(away).ok().filter(|pct| *pct < 100),
                waiting_min: usize::try_from(waiting).ok().filter(|least| *least > 0),
            },
            queues,
            ..base.clone()
        }
    }

    /// Returns what a seat can do: the skills that administration gave it, at level 1 unless a level was set.
    #[must_use]
    pub fn profile(&self, seat_id: &str, seat_no: &str, skills: &[String]) -> SeatProfile {
        let mut all: BTreeMap<String, u8> = skills.iter().map(|skill| (skill.clone(), 1)).collect();
        all.extend(self.levels(seat_id));
        all.retain(|_, level| *level > 0);
        SeatProfile {
            general: all.is_empty() || all.contains_key(GENERAL),
            skills: all,
            order: seat_no.parse().unwrap_or(i64::MAX),
            ..SeatProfile::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_number_is_the_same_however_a_trunk_writes_it() {
        for written in ["13800001234", "+8613800001234", "008613800001234", "013800001234", "138-0000-1234"] {
            assert_eq!(plain(written), "13800001234", "{written}");
        }
        assert_eq!(plain("02166668888"), "02166668888", "an area code belongs to its number");
    }
}
