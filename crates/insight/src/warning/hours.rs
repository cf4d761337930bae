//! What came by hour, beside what is usual: the chart of a warning.

use std::collections::BTreeMap;

use crate::Insight;
use crate::engine::View;
use crate::error::InsightError;
use crate::fact::{ORDERS, Value, local};
use crate::scope::quoted;
use crate::store::warning_list::Warning;
use crate::warning::Kind;
use crate::warning::surge::DAYS;

const HOUR_MS: i64 = 3_600_000;
/// Hours that are shown at most; of a longer span the last ones.
const HOURS_MAX: i64 = 168;
/// Hours before a sudden rise that are shown with it.
const BEFORE: i64 = 24;

/// An hour: when it begins, what came, what is usual.
pub type Hour = (i64, i64, Option<f64>);

impl Insight {
    /// Counts orders by hour: of a sudden rise those of its category and district beside the mean of the same hour
    /// over the weeks before, of anything else those behind it, whose instants are `times`.
    ///
    /// # Errors
    /// When the facts fail.
    pub async fn hours_of(
        &self,
        warning: &Warning,
        times: &[i64],
        now: i64,
    ) -> Result<Vec<Hour>, InsightError> {
        let hour = |at: i64| at.div_euclid(HOUR_MS) * HOUR_MS;
        if warning.kind != Kind::Surge.code() {
            let mut counted: BTreeMap<i64, i64> = BTreeMap::new();
            for at in times {
                *counted.entry(hour(*at)).or_default() += 1;
            }
            let Some(last) = counted.keys().next_back().copied() else { return Ok(Vec::new()) };
            let first = counted.keys().next().copied().unwrap_or(last).max(last - (HOURS_MAX - 1) * HOUR_MS);
            let at = |at: i64| (at, counted.get(&at).copied().unwrap_or(0), None);
            return Ok((0..=(last - first) / HOUR_MS).map(|n| at(first + n * HOUR_MS)).collect());
        }
        let last = hour((warning.last_at + 2 * HOUR_MS).min(now));
        let first = (hour(warning.first_at) - BEFORE * HOUR_MS).max(last - (HOURS_MAX - 1) * HOUR_MS);
        let zone = self.lake().zone();
        let day = local(zone, warning.first_at).day;
        let from = local(zone, first - (DAYS + 1) * 86_400_000).month;
        let equal = |column: &str, value: &Option<String>| match value {
            Some(value) => format!("{column} = {}", quoted(value)),
            None => format!("{column} is null"),
        };
        let cell = format!(
            "{} and {}",
            equal("category_top_id", &warning.category_id),
            equal("district", &warning.district)
        );
        let view = || View { table: &ORDERS, scope: None, months: Some(from..=local(zone, last).month) };
        let came = format!(
            "select at - at % {HOUR_MS} as h, count(*) from orders where {cell} and at >= {first} \
             and at < {} group by at - at % {HOUR_MS}",
            last + HOUR_MS
        );
        let span = format!("day >= {} and day < {day}", day - DAYS);
        let usual = format!("select hour, count(*) from orders where {cell} and {span} group by hour");
        let known = format!("select min(day) from orders where {span}");
        let ask = |sql: String| self.engine().ask(self.lake().snapshot(), vec![view()], sql, 500);
        let pairs: BTreeMap<i64, i64> =
            ask(came).await?.rows.iter().filter_map(|row| Some((row[0].int()?, row[1].int()?))).collect();
        let rows = ask(usual).await?.rows;
        let known = ask(known).await?.rows.first().and_then(|row| row[0].int());
        let known = known.map_or(DAYS, |first| (day - first).max(1));
        let means: BTreeMap<i64, f64> = rows
            .iter()
            .filter_map(|row| Some((row[0].int()?, row.get(1).and_then(Value::number)? / known as f64)))
            .collect();
        let shown = |at: i64| {
            let mean = means.get(&local(zone, at).hour).copied().unwrap_or(0.0);
            (at, pairs.get(&at).copied().unwrap_or(0), Some(mean))
        };
        Ok((0..=(last - first).max(0) / HOUR_MS).map(|n| shown(first + n * HOUR_MS)).collect())
    }
}
