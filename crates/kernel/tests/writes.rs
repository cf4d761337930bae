//! Writes that are collected first and written with others.

use std::sync::Arc;

use kernel::audit::{Verdict, verify};
use kernel::db::{Check, Statement};
use kernel::event::{follow_once, run_follower, sequence_once};
use kernel::{Audit, DbError, Writes};
use testkit::{Site, on_both, on_postgres};

use crate::transaction::{LampLit, light, with_lamps};

fn lamp(site: &Site, id: &str) -> Writes {
    let ctx = site.ctx_of("wang");
    let mut writes = Writes::new();
    writes.insert("lamp (id, lit)", [id.into(), 1_i64.into()]);
    writes.emit(&ctx, &LampLit { id: id.to_owned() });
    writes.audit(&ctx, Audit::new("lamp.light", "lamp", id));
    writes
}

async fn lamps(site: &Site) -> Vec<(String, i64)> {
    sqlx::query_as("select id, lit from lamp order by id").fetch_all(site.kit.db.reader()).await.unwrap()
}

async fn seqs(site: &Site) -> Vec<Option<i64>> {
    sqlx::query_scalar("select seq from kernel_outbox order by seq")
        .fetch_all(site.kit.db.reader())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_are_dropped_change_nothing() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        drop(lamp(&site, "never"));
        let mut tx = site.kit.db.begin().await.unwrap();
        tx.insert("lamp (id, lit)", ["rolled-back".into(), 1_i64.into()]);
        drop(tx);
        light(&site, "next").await.unwrap();
        assert_eq!(lamps(&site).await, [("next".to_owned(), 1)]);
    })
    .await;
}

/// As when a day of the calendar moves the limits of every running order.
#[tokio::test(flavor = "multi_thread")]
async fn one_change_may_have_thousands_of_rows_and_events() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        let ctx = site.ctx_of("wang");
        let fill = |writes: &mut Writes, name: &str| {
            for n in 0..4_000 {
                let id = format!("{name}-{n:05}");
                writes.insert("lamp (id, lit)", [(&id).into(), 1_i64.into()]);
                writes.emit(&ctx, &LampLit { id: id.clone() });
                writes.audit(&ctx, Audit::new("lamp.light", "lamp", &id));
            }
        };
        let mut alone = Writes::new();
        fill(&mut alone, "alone");
        site.kit.db.write(alone).await.unwrap();
        let mut tx = site.kit.db.begin().await.unwrap();
        fill(&mut tx, "in-a-transaction");
        tx.commit().await.unwrap();
        assert_eq!(lamps(&site).await.len(), 8_000);
        while sequence_once(&site.kit).await.unwrap() > 0 {}
        assert_eq!(seqs(&site).await, (1..=8_000).map(Some).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_keep_their_order_alone_and_in_a_transaction() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        let switch = |writes: &mut Writes, id: &str| {
            writes.insert("lamp (id, lit)", [id.into(), 1_i64.into()]);
            for step in ["lit * 10 + 1", "lit + 4"] {
                let mut change = Statement::new("update lamp set lit = ");
                change.push(step).push(" where id = ").bind(id);
                writes.defer(change);
            }
        };
        let mut alone = Writes::new();
        switch(&mut alone, "alone");
        site.kit.db.write(alone).await.unwrap();
        let mut tx = site.kit.db.begin().await.unwrap();
        sqlx::query("insert into lamp (id, lit) values ('before', 7)").execute(tx.conn()).await.unwrap();
        switch(&mut tx, "within");
        tx.commit().await.unwrap();
        let expected = [("alone", 15), ("before", 7), ("within", 15)].map(|(id, lit)| (id.to_owned(), lit));
        assert_eq!(lamps(&site).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_takes_nobody_with_it() {
    on_both(|site| async move {
        let site = Arc::new(with_lamps(site).await);
        let work: Vec<_> = (0..300)
            .map(|n| {
                let site = site.clone();
                // Every third id comes twice: one of each pair must be refused, and only that one.
                let id = if n % 3 == 2 { n - 1 } else { n };
                let mut writes = lamp(&site, &format!("lamp-{id:03}"));
                if n % 5 == 0 {
                    writes.insert("lamp (id, lit)", [format!("more-{n:03}").into(), 0_i64.into()]);
                }
                tokio::spawn(async move { site.kit.db.write(writes).await })
            })
            .collect();
        let (mut landed, mut refused) = (0, 0);
        for one in work {
            match one.await.unwrap() {
                Ok(()) => landed += 1,
                Err(error) if error.is_unique_violation() => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((landed, refused), (200, 100));
        let lit = lamps(&site).await.iter().filter(|(_, lit)| *lit == 1).count();
        assert_eq!(lit, 200);
        assert_eq!(seqs(&site).await, (1..=200).map(Some).collect::<Vec<_>>(), "numbers have no hole");
        assert!(matches!(verify(&site.kit.db).await.unwrap(), Verdict::Intact { rows: 200, .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_takes_nobody_with_it() {
    on_both(|site| async move {
        let site = Arc::new(with_lamps(site).await);
        let mut kept = Vec::new();
        for n in 0..100 {
            let (here, gone) = (site.clone(), site.clone());
            let writes = lamp(&site, &format!("kept-{n}"));
            kept.push(tokio::spawn(async move { here.kit.db.write(writes).await.is_ok() }));
            let writes = lamp(&site, &format!("gone-{n}"));
            let cut = tokio::spawn(async move { gone.kit.db.write(writes).await });
            tokio::task::yield_now().await;
            cut.abort();
        }
        for one in kept {
            assert!(one.await.unwrap(), "whoever stayed was served");
        }
        light(&site, "afterwards").await.unwrap();
        let kept = lamps(&site).await.iter().filter(|(id, _)| id.starts_with("kept")).count();
        assert_eq!(kept, 100, "what was answered is there");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_no_longer_holds_stops_the_change_alone() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        light(&site, "a").await.unwrap();
        let seen = |id: &str, expected| {
            let mut writes = lamp(&site, &format!("by-{id}-{expected}"));
            writes.expect(Check { question: "select id from lamp where id", key: id.to_owned(), expected });
            site.kit.db.write(writes)
        };
        let (right, wrong, none) = tokio::join!(seen("a", 1), seen("a", 0), seen("b", 0));
        assert!(right.is_ok() && none.is_ok());
        assert!(matches!(wrong, Err(DbError::Raced)));
        assert_eq!(lamps(&site).await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_keep_the_order_of_the_commits_whoever_numbers_them() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        let mut pushes = site.kit.hub.listen();
        site.kit.db.write(lamp(&site, "a")).await.unwrap();
        light(&site, "b").await.unwrap();
        // One older event waits for the sequencer, so the next may not overtake it.
        site.kit.db.write(lamp(&site, "c")).await.unwrap();
        while sequence_once(&site.kit).await.unwrap() > 0 {}
        site.kit.db.write(lamp(&site, "d")).await.unwrap();
        follow_once(&site.kit).await.unwrap();
        let subjects: Vec<String> = sqlx::query_scalar("select subject from kernel_outbox order by seq")
            .fetch_all(site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(subjects, ["a", "b", "c", "d"]);
        for seq in 1..=4 {
            assert_eq!(pushes.try_recv().unwrap().seq, Some(seq), "screens hear of each, in order");
        }
        assert!(matches!(verify(&site.kit.db).await.unwrap(), Verdict::Intact { rows: 4, .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_hears_what_another_process_wrote() {
    on_postgres(|site| async move {
        let site = with_lamps(site).await;
        let other = site.second_process().await;
        let stop = Arc::new(tokio::sync::Notify::new());
        let follower = tokio::spawn(run_follower(other.clone(), stop.clone()));
        follow_once(&other).await.unwrap();
        let mut pushes = other.hub.listen();
        light(&site, "numbered-later").await.unwrap();
        while sequence_once(&site.kit).await.unwrap() > 0 {}
        site.kit.db.write(lamp(&site, "numbered-at-once")).await.unwrap();
        other.db.write(lamp(&site, "its-own")).await.unwrap();
        for (seq, subject) in [(1, "numbered-later"), (2, "numbered-at-once"), (3, "its-own")] {
            let push = pushes.recv().await.unwrap();
            assert_eq!(push.seq, Some(seq));
            assert!(push.data.contains(subject));
        }
        stop.notify_one();
        follower.await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_write_at_once_number_and_seal_one_chain() {
    on_postgres(|site| async move {
        let site = Arc::new(with_lamps(site).await);
        let other = site.second_process().await;
        let work: Vec<_> = (0..100)
            .map(|n| {
                let kit = if n % 2 == 0 { site.kit.clone() } else { other.clone() };
                let writes = lamp(&site, &format!("lamp-{n}"));
                let site = site.clone();
                tokio::spawn(async move {
                    if n % 10 == 0 {
                        sequence_once(&kit).await.unwrap();
                        light(&site, &format!("alone-{n}")).await.unwrap();
                    }
                    kit.db.write(writes).await.unwrap();
                })
            })
            .collect();
        for one in work {
            one.await.unwrap();
        }
        while sequence_once(&site.kit).await.unwrap() > 0 {}
        assert_eq!(seqs(&site).await, (1..=110).map(Some).collect::<Vec<_>>());
        assert!(matches!(verify(&site.kit.db).await.unwrap(), Verdict::Intact { rows: 110, .. }));
    })
    .await;
}
