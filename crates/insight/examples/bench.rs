//! Measures the facts: `bench ROWS FOLDER` writes so many orders of three years (once; they are kept), asks what a
//! cockpit, a grouping and a look behind a number ask, takes events in, and prints one line of JSON.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that measures and may give up")]

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use contract::cases::{CaseFact, CaseFacts, CaseId, CaseLine, CaseWords};
use insight::engine::{Bounds, Engine, View};
use insight::fact::{ORDERS, order_row};
use insight::lake::{Change, Lake};
use kernel::{BoxError, Clock as _, Principal, SystemClock};

/// 2024-01-01 in Shanghai.
const BEGIN: i64 = 1_704_038_400_000;
const SPAN_MS: i64 = 3 * 365 * 86_400_000;
const AT_ONCE: usize = 200_000;
const RUNS: usize = 60;
const KINDS: [&str; 6] = ["consult", "complaint", "help", "suggestion", "report", "repair"];

/// An order that follows from its number alone.
fn fact(number: u64, of: u64) -> CaseFact {
    let mix = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let pick = |shift: u32, most: u64| (mix >> shift) % most;
    let at = BEGIN + i64::try_from(u128::from(number) * SPAN_MS as u128 / u128::from(of.max(1))).unwrap();
    let unit = pick(8, 400);
    let settled = (pick(40, 10) > 0).then(|| at + i64::try_from(pick(20, 400)).unwrap() * 3_600_000);
    CaseFact {
        id: format!("{number:032x}"),
        kind: KINDS[usize::try_from(pick(4, 6)).unwrap()].to_owned(),
        category_id: Some(format!("category-{}", pick(12, 390))),
        category_top_id: Some(format!("category-{}", pick(12, 390) % 15)),
        district: Some(format!("区{}", pick(16, 12))),
        source: "phone".to_owned(),
        urgency: "normal".to_owned(),
        status: if settled.is_some() { "archived" } else { "in_progress" }.to_owned(),
        unit_id: Some(format!("unit-{unit}")),
        unit_path: Some(format!("/centre/unit-{unit}/")),
        created_by: Some(format!("agent-{}", pick(24, 2_000))),
        created_at: at,
        dispatched_at: Some(at + 600_000),
        settled_at: settled,
        in_time: settled.map(|_| i64::from(pick(28, 10) > 0)),
        stars: (pick(32, 3) == 0).then(|| i64::try_from(1 + pick(36, 5)).unwrap()),
        due_at: settled.is_none().then_some(at + 15 * 86_400_000),
        ..CaseFact::default()
    }
}

struct Source;

#[async_trait]
impl CaseFacts for Source {
    async fn case_facts(&self, ids: &[CaseId]) -> Result<Vec<CaseFact>, BoxError> {
        Ok(ids.iter().map(|id| fact(u64::from_str_radix(id.as_str(), 16).unwrap_or(0), 1_000_000)).collect())
    }
    async fn case_ids(&self, _: &str, _: i64) -> Result<Vec<CaseId>, BoxError> {
        Ok(Vec::new())
    }
    async fn case_lines(&self, _: &Principal, _: &[CaseId]) -> Result<Vec<CaseLine>, BoxError> {
        Ok(Vec::new())
    }
    fn case_words(&self) -> CaseWords {
        CaseWords::default()
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| format!("target/figures-{rows}")));
    let lake = Lake::open_folder(&folder, chrono_tz::Asia::Shanghai).await.unwrap();
    let row = |number: u64| order_row(&fact(number, rows), |id| id.to_owned());
    let mut next = lake.snapshot().manifest.rows("orders");
    while next < rows {
        let to = rows.min(next + AT_ONCE as u64);
        let some = (next..to).map(row).collect();
        lake.apply(Change { rows: vec![(&ORDERS, some)], ..Change::default() }).await.unwrap();
        lake.compact(0).await.unwrap();
        next = to;
    }
    lake.tidy_up(i64::MAX).await;
    let engine = Engine::start(&lake, Bounds::default()).unwrap();
    let end = BEGIN + SPAN_MS;
    let cockpit = format!(
        "select count(*), sum(case when status <> 'archived' then 1 else 0 end), \
         sum(case when due_at < {end} then 1 else 0 end), avg(case when stars is not null then stars end) from orders"
    );
    let group = "select unit_id, type, count(*), sum(case when in_time = 1 then 1 else 0 end), \
                 avg(case when settled_at is not null then (settled_at - at) / 3600000.0 end) from orders group by 1, 2";
    let drill = format!(
        "select id, max(at) as newest from orders where unit_id = 'unit-7' and at >= {} group by id \
         order by newest desc limit 20",
        end - 31 * 86_400_000
    );
    let cockpit_ms = measure(&lake, &engine, &cockpit).await;
    let group_ms = measure(&lake, &engine, group).await;
    let drill_ms = measure(&lake, &engine, &drill).await;
    let ingest = ingest(&folder).await;
    let bytes: u64 = lake.snapshot().manifest.files().map(|entry| entry.bytes).sum();
    #[expect(clippy::cast_precision_loss, reason = "figures")]
    let per_row = bytes as f64 / rows as f64;
    println!(
        "{{\"bench\":\"insight\",\"rows\":{rows},\"cockpit_p99_ms\":{cockpit_ms},\"group_by_p99_ms\":{group_ms},\
         \"drill_p99_ms\":{drill_ms},\"ingest_events_per_s\":{ingest},\"bytes_per_row\":{per_row:.1}}}"
    );
}

/// Asks again and again, and returns the time below which 99 of 100 answers came.
async fn measure(lake: &Lake, engine: &Engine, sql: &str) -> i64 {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let began = SystemClock.elapsed_ms();
        let view = View { table: &ORDERS, scope: None, months: None };
        engine.ask(lake.snapshot(), vec![view], sql.to_owned(), 5_000).await.unwrap();
        times.push(SystemClock.elapsed_ms() - began);
    }
    times.sort_unstable();
    times[(RUNS * 99).div_ceil(100) - 1]
}

/// Takes in what 100,000 events about orders say, and returns how many a second.
async fn ingest(folder: &std::path::Path) -> i64 {
    let source: Arc<dyn CaseFacts> = Arc::new(Source);
    let lake = Lake::open_folder(&folder.join("ingest"), chrono_tz::Asia::Shanghai).await.unwrap();
    let began = SystemClock.elapsed_ms();
    let events = 100_000_u64;
    for start in (0..events).step_by(2_000) {
        let ids: Vec<CaseId> =
            (start..start + 2_000).map(|number| CaseId(format!("{number:032x}"))).collect();
        let facts = source.case_facts(&ids).await.unwrap();
        let rows = facts.iter().map(|fact| order_row(fact, |id| id.to_owned())).collect();
        lake.apply(Change { rows: vec![(&ORDERS, rows)], ..Change::default() }).await.unwrap();
        if lake.delta_rows().await >= insight::lake::DELTA_ROWS_MAX {
            lake.compact(0).await.unwrap();
        }
    }
    let _ = std::fs::remove_dir_all(folder.join("ingest"));
    i64::try_from(events).unwrap() * 1_000 / (SystemClock.elapsed_ms() - began).max(1)
}
