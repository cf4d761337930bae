//! Settings in force at once, and service levels that raise alarms.

use std::sync::Weak;
use std::time::Duration;

use contract::voice::ServiceAlarm;
use kernel::{Ctx, DbError};

use super::{Desk, Inner, Moment};
use crate::routing::Routing;
use crate::service_level::Counts;
use crate::store;

/// How often changes of other processes, rules of administrators and service levels are looked at.
const ROUND: Duration = Duration::from_secs(5);

impl Desk {
    /// Returns what decides the way of a call.
    #[must_use]
    pub fn routing(&self) -> &Routing {
        &self.0.routing
    }

    /// Reads the settings, puts them in force, and learns what the last day was like.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self) -> Result<(), DbError> {
        let kit = &self.0.kit;
        let now = kit.now();
        self.0.routing.open(&kit.db, &Ctx::system("voice", now), &self.0.base).await?;
        let minutes = store::visits::minutes(&kit.db, now.0 - 24 * 3_600_000).await?;
        {
            let mut state = self.state();
            for minute in minutes {
                let mut counts = Counts {
                    waited_ms: minute.waited_ms,
                    longest_ms: minute.longest_ms,
                    ..Counts::default()
                };
                if minute.outcome == "answered" {
                    counts.answered = minute.calls;
                    counts.in_time = minute.in_time;
                } else {
                    counts.abandoned = minute.calls;
                }
                state.service.add(&minute.queue_id, minute.minute, counts);
            }
        }
        self.configure();
        Ok(())
    }

    /// Reads what somebody has changed and puts it in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings_changed(&self) -> Result<(), DbError> {
        self.0.routing.reload(&self.0.kit.db, self.0.kit.now().0).await?;
        self.configure();
        Ok(())
    }

    /// Puts the known settings in force, if they differ from those that are.
    fn configure(&self) {
        let config = self.0.routing.floor(&self.0.base, &self.0.kit.parameters);
        let at = Moment { now: self.0.kit.now().0, floor: self.floor_now() };
        let mut guard = self.state();
        let state = &mut *guard;
        if *state.floor.config() != config {
            let effects = state.floor.configure(config, at.floor);
            self.carry_out(state, effects, at);
        }
        let places: Vec<_> = state
            .seats
            .values()
            .map(|seat| {
                let no = seat.sitting.seat_no.clone();
                let profile = self.profile_at(&seat.sitting.seat_id, &no, state.places.get(&no));
                (no, profile)
            })
            .collect();
        for (no, profile) in places {
            let input = acd::Input::Profile { seat: no.as_str().into(), profile };
            let effects = state.floor.apply(input, at.floor);
            self.carry_out(state, effects, at);
        }
        drop(guard);
        self.0.wake.notify_one();
    }

    /// Compares service levels with their targets and tells leaders of crossings.
    async fn judge(&self) -> Result<(), DbError> {
        let now = self.0.kit.now();
        let targets = self.targets();
        let alarms = self.state().service.judge(&targets, now.0);
        if alarms.is_empty() {
            return Ok(());
        }
        let ctx = Ctx::system("voice", now);
        let mut tx = self.0.kit.db.begin().await?;
        for alarm in alarms {
            tx.emit(
                &ctx,
                &ServiceAlarm {
                    queue_name: alarm.queue_id.as_deref().map(|id| self.0.routing.queue_name(id)),
                    queue_id: alarm.queue_id,
                    measure: alarm.measure.to_owned(),
                    value_pct: alarm.value_pct,
                    target_pct: alarm.target_pct,
                    raised: alarm.raised,
                },
            );
        }
        tx.commit().await
    }

    async fn round(&self, last: &mut i64) -> Result<(), DbError> {
        let version = store::queues::version(&self.0.kit.db).await?;
        if std::mem::replace(last, version) != version || self.0.routing.version() != version {
            self.settings_changed().await?;
        } else {
            let config = self.0.routing.floor(&self.0.base, &self.0.kit.parameters);
            if *self.state().floor.config() != config {
                self.configure();
            }
        }
        self.judge().await
    }
}

/// Looks around from time to time as long as there is a desk.
pub(super) async fn follow(desk: Weak<Inner>) {
    let mut last = 0;
    loop {
        tokio::time::sleep(ROUND).await;
        let Some(desk) = desk.upgrade().map(Desk) else { return };
        if let Err(error) = desk.round(&mut last).await {
            tracing::warn!(error = %kernel::problem::chain(&error), "the floor's settings could not be looked at");
        }
    }
}
