//! `yihao simulate`: a day of the city in fast motion, against a running server and through its real
//! interfaces only: SIP, WebRTC and HTTP.
//!
//! Citizens call ([`citizen`]) or write ([`portal`]); agents answer and write orders ([`agent`]); the
//! office carries the orders through ([`office`]); other offices push the state of the city ([`state`]). Accounts that a person would try first (`agent01`,
//! `shift01` …) and orders that the play did not cause are left alone. `--speed` hurries arrivals and
//! office work; sound is always played in real time.

mod agent;
mod browser;
mod cast;
mod citizen;
mod day;
mod message;
mod office;
mod phone;
mod portal;
mod sound;
mod state;
mod tally;
mod town;
mod web;

use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kernel::BoxError;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use self::cast::Cast;
use self::day::{Contact, Way};
use self::tally::Counts;
use self::town::Town;
use crate::cli::SimulateArgs;
use crate::stop::signalled;

/// Calls that run when the time is over may go on for so long.
const GRACE: Duration = Duration::from_secs(20);
/// Hanging up and signing out may take so long.
const FAREWELL: Duration = Duration::from_secs(15);
/// The office starts before the first citizen calls.
const OPENING: Duration = Duration::from_secs(2);
/// How often the counts so far are logged.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// Plays the day and prints what was done. Exits 1 when nothing could be done, or something happened that
/// must never happen.
///
/// # Errors
/// When the play cannot begin: files, addresses, or the server.
pub(crate) async fn run(args: SimulateArgs) -> Result<ExitCode, BoxError> {
    let cast = Cast::read()?;
    let sip = tokio::net::lookup_host(&args.sip).await?.next().ok_or("--sip: no such address")?;
    let host = own_address(sip)?.ip();
    let agents = cast.agents.iter().take(args.agents as usize).cloned().collect::<Vec<_>>();
    let day = day::plan(args.seed, args.minutes, cast.callers.len());
    let town = Arc::new(Town::new(&args.server, sip, host, args.speed, args.calls as usize, cast)?);
    office::places(&town).await.map_err(|fault| {
        format!(
            "the demonstration city cannot be reached at {}: {} {}",
            args.server, fault.kind, fault.detail
        )
    })?;

    let shifts = TaskTracker::new();
    for (number, part) in agents.into_iter().enumerate() {
        shifts.spawn(agent::work(town.clone(), part, number));
    }
    shifts.spawn(state::push(town.clone()));
    town.pause_real(OPENING).await;
    let start = Instant::now();
    let calls = TaskTracker::new();
    tokio::select! {
        () = arrivals(&town, day, args.minutes, &calls) => {}
        () = report(&town) => {}
        _ = signalled() => {
            tracing::info!("stopping: calls are hung up and everybody signs out");
            town.stop.cancel();
        }
    }
    let simulated_minutes = start.elapsed().as_secs_f64() * f64::from(town.speed) / 60.0;
    calls.close();
    tokio::select! {
        () = calls.wait() => {}
        () = tokio::time::sleep(GRACE) => {}
        _ = signalled() => {}
        () = town.stop.cancelled() => {}
    }
    town.stop.cancel();
    shifts.close();
    town.errands.close();
    let farewell = async {
        calls.wait().await;
        shifts.wait().await;
        town.errands.wait().await;
        town.sign_out_staff().await;
    };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        town.tally.error("farewell timeout", "not everybody hung up and signed out in time");
    }
    let counts = town.tally.counts();
    let real_secs = start.elapsed().as_secs_f64();
    let summary = if args.json { Counts::json } else { Counts::text };
    say(summary(&counts, args.speed, simulated_minutes, real_secs).trim_end());
    Ok(if counts.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "the command's answer to whoever typed it")]
fn say(text: &str) {
    println!("{text}");
}

/// Returns the address that we have for the server.
fn own_address(server: SocketAddr) -> std::io::Result<SocketAddr> {
    let any: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.local_addr()
}

/// Lets the day's contacts happen at their time, until the day is over.
async fn arrivals(town: &Arc<Town>, day: Vec<Contact>, minutes: u32, calls: &TaskTracker) {
    let start = Instant::now();
    for contact in day {
        tokio::time::sleep_until(start + town.real(contact.at_ms)).await;
        let town = town.clone();
        if contact.way == Way::Portal {
            let errands = town.errands.clone();
            errands.spawn(async move { portal::write(town, contact).await });
        } else {
            calls.spawn(async move { citizen::call(&town, &contact).await });
        }
    }
    tokio::time::sleep_until(start + town.real(u64::from(minutes) * 60_000)).await;
}

/// Logs the counts now and then, for ever.
async fn report(town: &Town) {
    loop {
        tokio::time::sleep(REPORT_EVERY).await;
        let counts = town.tally.counts();
        tracing::info!(
            placed = counts.calls_placed,
            answered = counts.calls_answered,
            heard_both_ways = counts.calls_heard_both_ways,
            missed = counts.calls_missed,
            orders = counts.orders_written + counts.orders_from_portal,
            steps = counts.steps.values().sum::<u64>(),
            errors = counts.errors.values().sum::<u64>(),
            broken = counts.broken_count,
            "so far"
        );
    }
}
