//! `bench orders`: durable order creations a second over HTTP, each with its event and audit row, from
//! many clients that wait for their answer before they write the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Client;
use super::cpu;
use super::service::{self, Site};
use super::{people, percentile, print, rounded};
use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

const WARM_UP: Duration = Duration::from_secs(2);

/// What one client measured.
#[derive(Default)]
struct Measured {
    micros: Vec<u64>,
    errors: u64,
    first_error: Option<String>,
}

/// Loads a fresh city and prints rate and latencies.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let database = arguments.value("db").unwrap_or("sqlite");
    if !["sqlite", "postgres"].contains(&database) {
        return Err(format!("--db knows sqlite and postgres, not `{database}`"));
    }
    let secs = arguments.number("secs", 10)?.clamp(1, 600);
    let clients = arguments.number("clients", 64)?.clamp(1, 512);
    let server = service::build(workspace)?;
    let site = Site::prepare(&server, database == "postgres")?;
    let running = site.start()?;
    running.settle();
    let mut first = Client::connect(running.port)?;
    let (account, password) = people::account(workspace, "agent")?;
    first.sign_in(&account, &password)?;
    let category = leaf_category(&first.send("GET", "/api/v1/categories", "", b"")?.json())
        .ok_or("the city has no category to write orders in")?;

    let is_counting = Arc::new(AtomicBool::new(false));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    for number in 0..clients {
        let mut client = Client::connect(running.port)?;
        client.share_session(&first);
        let (category, is_counting, is_over) = (category.clone(), is_counting.clone(), is_over.clone());
        threads
            .push(std::thread::spawn(move || write(&mut client, number, &category, &is_counting, &is_over)));
    }
    std::thread::sleep(WARM_UP);
    is_counting.store(true, Ordering::Relaxed);
    let computed = || Computed::until_now(running.id(), site.database_id());
    let before = computed();
    let started = Instant::now();
    std::thread::sleep(Duration::from_secs(secs));
    is_over.store(true, Ordering::Relaxed);
    let measured_secs = started.elapsed().as_secs_f64();
    let computed = computed().since(&before);
    let mut all = Measured::default();
    for thread in threads {
        let one = thread.join().map_err(|_| "a client panicked")?;
        all.micros.extend(one.micros);
        all.errors += one.errors;
        all.first_error = all.first_error.or(one.first_error);
    }
    all.micros.sort_unstable();
    print(&figures(database, clients, measured_secs, &all, &computed), arguments);
    match all.first_error {
        Some(error) => Err(format!("{} requests failed, first: {error}", all.errors)),
        None => Ok(()),
    }
}

/// Processor time in microseconds.
#[derive(Default)]
struct Computed {
    server: u64,
    database: u64,
    /// The clients, which are this program.
    clients: u64,
}

impl Computed {
    fn until_now(server: u32, database: Option<u32>) -> Self {
        let (server, database) = (cpu::tree_micros(server), database.map_or(0, cpu::tree_micros));
        let all = cpu::tree_micros(std::process::id());
        Self { server, database, clients: all.saturating_sub(server + database) }
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            database: self.database.saturating_sub(before.database),
            clients: self.clients.saturating_sub(before.clients),
        }
    }
}

fn figures(database: &str, clients: u64, secs: f64, measured: &Measured, computed: &Computed) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds of one run")]
    let float = |value: u64| value as f64;
    let millis = |share: f64| rounded(float(percentile(&measured.micros, share)) / 1e3);
    let each = |micros: u64| rounded(float(micros) / float((measured.micros.len() as u64).max(1)));
    json!({
        "bench": "orders",
        "db": database,
        "clients": clients,
        "secs": rounded(secs),
        "writes": measured.micros.len(),
        "writes_per_s": rounded(float(measured.micros.len() as u64) / secs),
        "p50_ms": millis(0.5),
        "p99_ms": millis(0.99),
        "max_ms": millis(1.0),
        "errors": measured.errors,
        "server_cpu_us": each(computed.server),
        "database_cpu_us": each(computed.database),
        "client_cpu_us": each(computed.clients),
    })
}

/// Writes orders until told to stop; only what begins after the warm-up counts.
fn write(
    client: &mut Client,
    number: u64,
    category: &str,
    is_counting: &AtomicBool,
    is_over: &AtomicBool,
) -> Measured {
    let mut measured = Measured::default();
    let mut count = 0_u64;
    while !is_over.load(Ordering::Relaxed) {
        let body = order(number, count, category);
        let key = format!("idempotency-key: bench-{number}-{count}\r\n");
        count += 1;
        let counts = is_counting.load(Ordering::Relaxed);
        let started = Instant::now();
        let error = match client.send("POST", "/api/v1/cases", &key, body.as_bytes()) {
            Ok(answer) if answer.status < 300 => {
                if counts {
                    measured.micros.push(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                continue;
            }
            Ok(answer) => format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)),
            Err(error) => error,
        };
        measured.errors += 1;
        measured.first_error.get_or_insert(error);
        // A server that refuses everything must not be asked as fast as possible.
        if measured.errors >= 10 {
            break;
        }
    }
    measured
}

fn order(client: u64, count: u64, category: &str) -> String {
    let phone = format!("139{:08}", (client * 100_003 + count % 1_000) % 100_000_000);
    json!({
        "type": "complaint",
        "category_id": category,
        "title": format!("路灯不亮 {client}-{count}"),
        "content": "小区门口的路灯连续三天不亮，晚上出行不安全，希望尽快派人维修。",
        "contact": { "name": "测试来电人", "phone": phone },
        "confidential": false,
        "place": { "address": "中心大道 12 号" },
        "answered_at_once": false,
        "urgency": "normal",
    })
    .to_string()
}

/// The id of the first category without children, in a list or tree.
fn leaf_category(tree: &Value) -> Option<String> {
    if let Some(list) = tree.as_array().or_else(|| tree["items"].as_array()) {
        return list.iter().find_map(leaf_category);
    }
    let children = tree["children"].as_array().filter(|children| !children.is_empty());
    match children {
        Some(children) => children.iter().find_map(leaf_category),
        None => Some(tree["id"].as_str()?.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_leaf_is_found_in_a_tree() {
        let tree = json!([{ "id": "a", "children": [{ "id": "b", "children": [] }] }, { "id": "c" }]);
        assert_eq!(leaf_category(&tree).as_deref(), Some("b"));
        assert_eq!(leaf_category(&json!({ "items": [{ "id": "c" }] })).as_deref(), Some("c"));
        assert_eq!(leaf_category(&json!([])), None);
    }

    #[test]
    fn the_figures_have_their_agreed_names() {
        let measured = Measured { micros: vec![1_000, 2_000, 3_000], ..Measured::default() };
        let computed = Computed { server: 900, ..Computed::default() };
        let figures = figures("sqlite", 64, 1.5, &measured, &computed);
        assert_eq!((&figures["writes_per_s"], &figures["server_cpu_us"]), (&json!(2.0), &json!(300.0)));
        assert_eq!(figures["p99_ms"], 3.0);
    }
}
