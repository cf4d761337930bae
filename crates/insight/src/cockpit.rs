//! The cockpit (领导驾驶舱): what happens now, computed once for all screens that ask.

use std::sync::Arc;

use contract::voice::FloorNow;
use kernel::Lang;
use tokio::sync::Mutex;

use crate::Insight;
use crate::engine::View;
use crate::error::InsightError;
use crate::fact::{CALLS, ORDERS, Row, local};
use crate::names::Names;
use crate::report::dimension::{self, Dimension};

/// Screens are told the same for so long.
const KEPT_MS: i64 = 5_000;
/// While no fact changes, numbers are counted anew after so long: limits turn red by themselves.
const COUNTED_MS: i64 = 60_000;
/// The oldest open order is looked for so often.
const OLDEST_MS: i64 = 600_000;
/// Statuses of orders that are no longer open.
const ENDED: &str = "'approved', 'closed_at_once', 'archived', 'not_accepted', 'voided', 'merged'";
/// Days of the course of orders.
const COURSE_DAYS: i64 = 30;
/// Orders that scroll.
const RECENT: usize = 30;
/// Rows of a ranking.
const TOP: usize = 10;

/// A named number.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The number.
    pub count: i64,
}

/// An order that scrolls by; without its text, for the screen hangs where people pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Recent {
    /// When it was written.
    pub at: i64,
    /// Its type.
    pub kind: String,
    /// Its category.
    pub category: String,
    /// Its district.
    pub district: String,
    /// The unit in charge.
    pub unit: String,
    /// Where it stands.
    pub status: String,
}

/// What happens now.
#[derive(Clone, Debug, Default)]
pub struct Cockpit {
    /// When it was computed.
    pub at: i64,
    /// The floor.
    pub floor: FloorNow,
    /// Orders written today.
    pub created: i64,
    /// Of them answered at once by the centre.
    pub at_once: i64,
    /// Orders settled today.
    pub settled: i64,
    /// Orders that are open, whenever they were written.
    pub open: i64,
    /// Of them beyond a limit.
    pub red: i64,
    /// Of them near it.
    pub yellow: i64,
    /// Share of results of the last 30 days within the limit.
    pub on_time: Option<f64>,
    /// Share of ratings of the last 30 days with three stars or more.
    pub satisfied: Option<f64>,
    /// Inbound calls today by hour, 0 to 23.
    pub calls_by_hour: Vec<i64>,
    /// Orders today by hour.
    pub orders_by_hour: Vec<i64>,
    /// Orders of each of the last 30 days: the day, written, settled of those.
    pub course: Vec<(String, i64, i64)>,
    /// Today's orders by type.
    pub by_type: Vec<Named>,
    /// Today's orders by where they stand.
    pub by_status: Vec<Named>,
    /// Orders of the last seven days by district.
    pub by_district: Vec<Named>,
    /// Orders of the last seven days by category.
    pub hot: Vec<Named>,
    /// Units with orders beyond a limit.
    pub late_units: Vec<Named>,
    /// Newest orders.
    pub recent: Vec<Recent>,
}

/// What was computed last, by language, and since when orders are still of interest.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    shown: [Option<Shown>; 2],
    oldest: Option<Oldest>,
}

#[derive(Debug)]
struct Shown {
    cockpit: Arc<Cockpit>,
    /// The change of the facts after which it was counted, and when.
    generation: u64,
    counted_at: i64,
}

/// The month of the oldest order that is open or was settled today.
#[derive(Clone, Copy, Debug)]
struct Oldest {
    month: i64,
    day: i64,
    looked_at: i64,
}

impl Insight {
    /// Returns what happens now. However many ask, it is computed once in a few seconds.
    ///
    /// # Errors
    /// When the engine or a source fails.
    pub async fn cockpit(&self, lang: Lang) -> Result<Arc<Cockpit>, InsightError> {
        let now = self.kit().now().0;
        let mut kept = self.kept().0.lock().await;
        let place = usize::from(lang == Lang::En);
        let generation = self.lake().snapshot().manifest.generation;
        if let Some(known) = &mut kept.shown[place] {
            if (known.cockpit.at..known.cockpit.at + KEPT_MS).contains(&now) {
                return Ok(known.cockpit.clone());
            }
            // While no fact has changed, only the floor is asked for; what depends on the time of day waits a little.
            if known.generation == generation
                && (known.counted_at..known.counted_at + COUNTED_MS).contains(&now)
            {
                let floor = self.sources().calls.floor_now();
                known.cockpit = Arc::new(Cockpit { at: now, floor, ..Cockpit::clone(&known.cockpit) });
                return Ok(known.cockpit.clone());
            }
        }
        let oldest = self.oldest(kept.oldest, now).await?;
        kept.oldest = Some(oldest);
        let fresh = Arc::new(self.look(lang, now, oldest.month).await?);
        kept.shown[place] = Some(Shown { cockpit: fresh.clone(), generation, counted_at: now });
        Ok(fresh)
    }

    /// Finds the month from which on orders are open or were settled today; looked for anew after a while.
    async fn oldest(&self, known: Option<Oldest>, now: i64) -> Result<Oldest, InsightError> {
        let zone = self.lake().zone();
        let here = local(zone, now);
        if let Some(known) = known
            && known.day == here.day
            && (known.looked_at..known.looked_at + OLDEST_MS).contains(&now)
        {
            return Ok(known);
        }
        let day_start = now - (now + offset(zone, now)).rem_euclid(86_400_000);
        let sql = format!(
            "select min(at) from orders where status not in ({ENDED}) or due_at is not null or settled_at >= {day_start}"
        );
        let found = self.count(&ORDERS, None, sql).await?.first().and_then(|row| row[0].int());
        let month = found.map_or(here.month, |at| local(zone, at).month);
        Ok(Oldest { month, day: here.day, looked_at: now })
    }

    async fn count(
        &self,
        table: &'static crate::fact::Table,
        months: Option<(i64, i64)>,
        sql: String,
    ) -> Result<Vec<Row>, InsightError> {
        let months = months.map(|(from, to)| from..=to);
        let view = View { table, scope: None, months };
        Ok(self.engine().ask(self.lake().snapshot(), vec![view], sql, 500).await?.rows)
    }

    async fn look(&self, lang: Lang, now: i64, oldest: i64) -> Result<Cockpit, InsightError> {
        let zone = self.lake().zone();
        let (today, month) = (local(zone, now).day, local(zone, now).month);
        let first = local(zone, now - (COURSE_DAYS + 1) * 86_400_000).month;
        let lately = Some((first, month));
        let int = |row: &Row, at: usize| row.get(at).and_then(crate::fact::Value::int).unwrap_or(0);
        let day_start = now - (now + offset(zone, now)).rem_euclid(86_400_000);
        let mut seen = Cockpit { at: now, floor: self.sources().calls.floor_now(), ..Cockpit::default() };

        let open = Some((oldest.min(first), month));
        let totals = format!(
            "select sum(case when status not in ({ENDED}) then 1 else 0 end), \
             sum(case when due_at < {now} then 1 else 0 end), \
             sum(case when due_at >= {now} and yellow_at <= {now} then 1 else 0 end), \
             sum(case when settled_at >= {day_start} then 1 else 0 end) from orders \
             where settled_at is null or settled_at >= {day_start}"
        );
        if let Some(row) = self.count(&ORDERS, open, totals).await?.first() {
            (seen.open, seen.red, seen.yellow, seen.settled) =
                (int(row, 0), int(row, 1), int(row, 2), int(row, 3));
        }
        let rates = format!(
            "select sum(case when day = {today} then 1 else 0 end), \
             sum(case when day = {today} and dispatched_at is null and settled_at is not null then 1 else 0 end), \
             sum(case when struck_out = 0 and in_time = 1 then 1 else 0 end), \
             sum(case when struck_out = 0 and in_time is not null then 1 else 0 end), \
             sum(case when struck_out = 0 and stars > 2 then 1 else 0 end), \
             sum(case when struck_out = 0 and stars is not null then 1 else 0 end) \
             from orders where day > {}",
            today - COURSE_DAYS
        );
        if let Some(row) = self.count(&ORDERS, lately, rates).await?.first() {
            (seen.created, seen.at_once) = (int(row, 0), int(row, 1));
            #[expect(clippy::cast_precision_loss, reason = "shares on a screen")]
            let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
            seen.on_time = share(int(row, 2), int(row, 3));
            seen.satisfied = share(int(row, 4), int(row, 5));
        }
        seen.orders_by_hour = hours(
            &self
                .count(
                    &ORDERS,
                    lately,
                    format!("select hour, count(*) from orders where day = {today} group by hour"),
                )
                .await?,
        );
        seen.calls_by_hour = hours(&self.count(&CALLS, lately, format!("select hour, count(*) from calls where day = {today} and direction = 'in' group by hour")).await?);
        let course = format!(
            "select day, count(*), sum(case when settled_at is not null then 1 else 0 end) from orders \
             where day > {} and day <= {today} group by day",
            today - COURSE_DAYS
        );
        let days = self.count(&ORDERS, lately, course).await?;
        seen.course = (today - COURSE_DAYS + 1..=today)
            .map(|day| {
                let row = days.iter().find(|row| int(row, 0) == day);
                let name = crate::report::period::name_of(dimension::Bucket::Day, day, true);
                (name, row.map_or(0, |row| int(row, 1)), row.map_or(0, |row| int(row, 2)))
            })
            .collect();
        let mut names = Names::new(self.sources(), lang);
        for (id, which, into) in [
            ("type", format!("day = {today}"), &mut seen.by_type),
            ("status", format!("day = {today}"), &mut seen.by_status),
            ("district", format!("day > {}", today - 7), &mut seen.by_district),
            ("category_top", format!("day > {}", today - 7), &mut seen.hot),
            ("unit", format!("due_at < {now}"), &mut seen.late_units),
        ] {
            let Some(one) = dimension::find("orders", id) else { continue };
            let column = one.column;
            let sql = format!(
                "select {column}, count(*) as n from orders where {which} and {column} is not null \
                 group by {column} order by n desc, {column} limit {TOP}"
            );
            let months = if id == "unit" { open } else { lately };
            for row in self.count(&ORDERS, months, sql).await? {
                into.push(Named { name: named(&mut names, one, &row[0].key()).await?, count: int(&row, 1) });
            }
        }
        let newest = format!(
            "select at, type, category_id, district, unit_id, status from orders where day > {} \
             order by at desc, id desc limit {RECENT}",
            today - COURSE_DAYS
        );
        for row in self.count(&ORDERS, lately, newest).await? {
            let mut words = Vec::new();
            for (place, id) in ["type", "category", "district", "unit", "status"].iter().enumerate() {
                let key = row[place + 1].key();
                words.push(match dimension::find("orders", id) {
                    Some(one) if !key.is_empty() => named(&mut names, one, &key).await?,
                    _ => String::new(),
                });
            }
            let mut words = words.into_iter();
            let mut next = || words.next().unwrap_or_default();
            seen.recent.push(Recent {
                at: int(&row, 0),
                kind: next(),
                category: next(),
                district: next(),
                unit: next(),
                status: next(),
            });
        }
        Ok(seen)
    }
}

async fn named(names: &mut Names<'_>, one: &'static Dimension, key: &str) -> Result<String, InsightError> {
    let name = names.name(one, key).await?;
    // A path of categories is too long for a tile; its end says most.
    Ok(name.rsplit('/').next().unwrap_or_default().to_owned())
}

fn hours(rows: &[Row]) -> Vec<i64> {
    (0..24)
        .map(|hour| {
            let row = rows.iter().find(|row| row[0].int() == Some(hour));
            row.and_then(|row| row[1].int()).unwrap_or(0)
        })
        .collect()
}

pub(crate) fn offset(zone: chrono_tz::Tz, at: i64) -> i64 {
    use chrono::Offset as _;
    chrono::DateTime::from_timestamp_millis(at)
        .map_or(0, |at| i64::from(at.with_timezone(&zone).offset().fix().local_minus_utc()) * 1000)
}
