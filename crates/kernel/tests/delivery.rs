//! Delivery of events: in order, at least once, past a poisoned one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::event::{deliver_once, sequence_once};
use kernel::{Envelope, Event as _, Subscription};
use testkit::on_both;
use tokio::sync::Mutex;

use crate::transaction::{LampLit, light, with_lamps};

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_once_each_in_order_and_resume_at_the_cursor() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keeper = seen.clone();
        let subscription = Subscription::new("test.seen", &[LampLit::NAME], move |envelope: Envelope| {
            let keeper = keeper.clone();
            async move {
                keeper.lock().await.push(envelope.read::<LampLit>()?.id);
                Ok(())
            }
        });
        for id in ["a", "b"] {
            light(&site, id).await.unwrap();
        }
        site.deliver(std::slice::from_ref(&subscription)).await;
        light(&site, "c").await.unwrap();
        site.deliver(std::slice::from_ref(&subscription)).await;
        assert_eq!(*seen.lock().await, ["a", "b", "c"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_always_fails_is_set_aside_and_the_next_gets_through() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        let good = Arc::new(AtomicUsize::new(0));
        let counter = good.clone();
        let subscription = Subscription::new("test.poison", &[LampLit::NAME], move |envelope: Envelope| {
            let counter = counter.clone();
            async move {
                if envelope.subject == "bad" {
                    return Err("cannot".into());
                }
                counter.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        });
        for id in ["good-1", "bad", "good-2"] {
            light(&site, id).await.unwrap();
        }
        sequence_once(&site.kit).await.unwrap();
        for _ in 0..12 {
            deliver_once(&site.kit, &subscription).await.unwrap();
        }
        assert_eq!(good.load(Ordering::SeqCst), 2, "each good event was taken exactly once");
        let dead: Vec<(i64, String)> = sqlx::query_as("select seq, error from kernel_dead_letter")
            .fetch_all(site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(dead, [(2, "cannot".to_owned())]);
    })
    .await;
}
