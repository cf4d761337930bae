//! Leases between nodes whose clocks disagree.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::jobs::run_job;
use kernel::{Job, Kit, MockClock};
use testkit::{START, on_both};
use tokio::sync::Notify;

/// A node with a clock of its own, and how often it did the work.
struct Node {
    clock: Arc<MockClock>,
    turns: Arc<AtomicUsize>,
    stop: Arc<Notify>,
}

fn node(site: &testkit::Site, ahead_secs: i64) -> Node {
    let clock = Arc::new(MockClock::new(START.plus_secs(ahead_secs)));
    let kit = Kit::new(site.kit.db.clone(), clock.clone(), (*site.kit.config).clone());
    let (turns, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let count = turns.clone();
    let job = Job::every("lamp.clean", Duration::from_millis(1), move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    });
    tokio::spawn(run_job(kit, job, stop.clone()));
    Node { clock, turns, stop }
}

async fn works(node: &Node) {
    let before = node.turns.load(Ordering::SeqCst);
    while node.turns.load(Ordering::SeqCst) < before + 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_wrong_takes_nothing_from_one_that_works() {
    on_both(|site| async move {
        let first = node(&site, 0);
        works(&first).await;
        let ahead = node(&site, 3_600);
        let behind = node(&site, -3_600);
        works(&first).await;
        for _ in 0..10 {
            // Time passes for everybody; the holder renews in the first half of its lease.
            for one in [&first, &ahead, &behind] {
                one.clock.advance_millis(70_000);
            }
            works(&first).await;
        }
        assert_eq!(ahead.turns.load(Ordering::SeqCst) + behind.turns.load(Ordering::SeqCst), 0);
        first.stop.notify_one();
        // Nobody renews now: another waits for the whole lease by its own clock.
        let mut waited_secs = 0;
        while ahead.turns.load(Ordering::SeqCst) == 0 {
            ahead.clock.advance_millis(1_000);
            waited_secs += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(waited_secs >= 75, "taken after {waited_secs} s");
        assert_eq!(behind.turns.load(Ordering::SeqCst), 0);
    })
    .await;
}
