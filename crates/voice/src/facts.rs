//! Answers of the port [`CallFacts`]: what figures of calls are made of, and the floor at this moment.

use async_trait::async_trait;
use contract::voice::{CallFact, CallFacts, CallId, FloorNow, KeyFact, SeatFact};
use kernel::BoxError;
use serde_json::Value;

use crate::core::day_start;
use crate::lookup::VoiceLookup;
use crate::store;

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[async_trait]
impl CallFacts for VoiceLookup {
    async fn call_facts(&self, ids: &[CallId]) -> Result<Vec<CallFact>, BoxError> {
        Ok(store::facts::calls(&self.core().kit.db, ids).await?)
    }

    async fn call_ids(&self, after: &str, limit: i64) -> Result<Vec<CallId>, BoxError> {
        Ok(store::facts::call_ids(&self.core().kit.db, after, limit).await?)
    }

    async fn seat_facts(&self, since: i64, after: &str, limit: i64) -> Result<Vec<SeatFact>, BoxError> {
        Ok(store::facts::seats(&self.core().kit.db, since, after, limit).await?)
    }

    async fn key_facts(&self, since: i64) -> Result<Vec<KeyFact>, BoxError> {
        Ok(store::facts::keys(&self.core().kit.db, since).await?)
    }

    async fn call_names(&self) -> Result<Vec<(String, String)>, BoxError> {
        let core = self.core();
        let mut names: Vec<(String, String)> =
            core.desk.routing().queues().into_iter().map(|queue| (queue.id, queue.set.name)).collect();
        for flow in store::callflow::list(&core.kit.db).await? {
            names.push((flow.id, flow.name));
        }
        for (flow, _, graph) in store::callflow::in_force(&core.kit.db).await? {
            let graph: Value = serde_json::from_str(&graph).unwrap_or_default();
            for node in graph["nodes"].as_array().into_iter().flatten() {
                if let (Some(id), Some(name)) = (node["id"].as_str(), node["name"].as_str()) {
                    names.push((format!("{flow}/{id}"), name.to_owned()));
                }
            }
        }
        Ok(names)
    }

    fn floor_now(&self) -> FloorNow {
        let core = self.core();
        let start = day_start(&core.kit, core.kit.now().0);
        let board = core.desk.board(None, start, true, |_| true);
        let mut seats: Vec<(String, i64)> = Vec::new();
        for seat in &board.seats {
            match seats.iter_mut().find(|(state, _)| *state == seat.seat.state) {
                Some((_, count)) => *count += 1,
                None => seats.push((seat.seat.state.clone(), 1)),
            }
        }
        seats.sort();
        FloorNow {
            waiting: board.queues.iter().map(|queue| whole(queue.waiting)).sum(),
            longest_wait_ms: board.queues.iter().map(|queue| queue.longest_wait_ms).max().unwrap_or(0),
            talking: seats.iter().find(|(state, _)| state == "on_call").map_or(0, |(_, count)| *count),
            seats,
            offered: board.day.offered,
            answered: board.day.answered,
            connection_pct: board.day.connection_pct,
            in_time_pct: board.hour.in_time_pct,
            queues: board
                .queues
                .iter()
                .map(|queue| {
                    (queue.name.clone(), whole(queue.waiting), queue.longest_wait_ms, whole(queue.free))
                })
                .collect(),
        }
    }
}
