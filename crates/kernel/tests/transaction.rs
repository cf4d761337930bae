//! Transactions with their events, audit rows and stored answers.

use std::collections::HashSet;

use kernel::audit::{Algorithm, Verdict, verify};
use kernel::event::sequence_once;
use kernel::{Audience, Audit, Event, Migration};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Executor as _;
use testkit::{Site, on_both, on_sqlite};

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "lamp",
    sql: "create table lamp (id text primary key, lit bigint not null);\ncreate index lamp_lit on lamp (lit);\n",
}];

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LampLit {
    pub(crate) id: String,
}

impl Event for LampLit {
    const NAME: &'static str = "lamp.lamp_lit";
    fn subject(&self) -> String {
        self.id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Staff]
    }
}

/// Lights a lamp as a slice would: row, event and audit row in one transaction.
pub(crate) async fn light(site: &Site, id: &str) -> Result<(), kernel::DbError> {
    let ctx = site.ctx_of("wang");
    let mut tx = site.kit.db.begin().await?;
    sqlx::query("insert into lamp (id, lit) values ($1, 1)").bind(id).execute(tx.conn()).await?;
    tx.emit(&ctx, &LampLit { id: id.to_owned() });
    tx.audit(&ctx, Audit::new("lamp.light", "lamp", id).detail(json!({ "watts": 40 })));
    tx.commit().await
}

async fn count(site: &Site, table: &'static str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql).fetch_one(site.kit.db.reader()).await.unwrap()
}

pub(crate) async fn with_lamps(site: Site) -> Site {
    site.migrate("lamp", MIGRATIONS).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_its_event_and_its_audit_row_are_one() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        light(&site, "a").await.unwrap();
        light(&site, "a").await.unwrap_err();
        let ctx = site.ctx();
        let mut tx = site.kit.db.begin().await.unwrap();
        tx.emit(&ctx, &LampLit { id: "never".to_owned() });
        drop(tx);
        assert_eq!(count(&site, "lamp").await, 1);
        assert_eq!(count(&site, "kernel_outbox").await, 1);
        assert_eq!(count(&site, "kernel_audit").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_all_land_and_the_failing_ones_take_nobody_with_them() {
    on_both(|site| async move {
        let site = std::sync::Arc::new(with_lamps(site).await);
        let work = (0..200).map(|n| {
            let site = site.clone();
            // Every id comes twice: one of each pair must be refused, and only that one.
            tokio::spawn(async move { light(&site, &format!("lamp-{}", n / 2)).await.is_ok() })
        });
        let mut landed = 0;
        for handle in work.collect::<Vec<_>>() {
            landed += usize::from(handle.await.unwrap());
        }
        assert_eq!(landed, 100);
        assert_eq!(count(&site, "lamp").await, 100);
        assert_eq!(count(&site, "kernel_outbox").await, 100);
        while sequence_once(&site.kit).await.unwrap() > 0 {}
        let seqs: Vec<(i64,)> = sqlx::query_as("select seq from kernel_outbox order by seq")
            .fetch_all(site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(seqs, (1..=100).map(|seq| (seq,)).collect::<Vec<_>>(), "numbers have no hole");
        assert!(matches!(verify(&site.kit.db).await.unwrap(), Verdict::Intact { rows: 100, .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_transaction_rolls_back_and_the_next_goes_on() {
    on_both(|site| async move {
        let site = with_lamps(site).await;
        let ctx = site.ctx();
        let mut tx = site.kit.db.begin().await.unwrap();
        sqlx::query("insert into lamp (id, lit) values ('gone', 1)").execute(tx.conn()).await.unwrap();
        tx.emit(&ctx, &LampLit { id: "gone".to_owned() });
        drop(tx);
        light(&site, "next").await.unwrap();
        let ids: Vec<(String,)> =
            sqlx::query_as("select id from lamp").fetch_all(site.kit.db.reader()).await.unwrap();
        assert_eq!(ids, [("next".to_owned(),)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reading_pool_of_the_embedded_database_refuses_to_write() {
    on_sqlite(|site| async move {
        let site = with_lamps(site).await;
        let refused =
            sqlx::query("insert into lamp (id, lit) values ('x', 1)").execute(site.kit.db.reader()).await;
        assert!(refused.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_runs_once_and_refuses_to_change() {
    on_both(|site| async move {
        assert_eq!(kernel::db::migrate(&site.kit.db, "lamp", MIGRATIONS).await.unwrap(), 1);
        assert_eq!(kernel::db::migrate(&site.kit.db, "lamp", MIGRATIONS).await.unwrap(), 0);
        let changed = [Migration { sql: "create table other (id text);\n", ..MIGRATIONS[0] }];
        let error = kernel::db::migrate(&site.kit.db, "lamp", &changed).await.unwrap_err();
        assert!(matches!(error, kernel::DbError::MigrationChanged { version: 1, .. }));
    })
    .await;
}

/// Breaks the log in one way and returns what verification says.
async fn tampered(site: Site, sql: &'static str) -> Verdict {
    let site = with_lamps(site).await;
    for id in ["a", "b", "c"] {
        light(&site, id).await.unwrap();
    }
    sequence_once(&site.kit).await.unwrap();
    assert!(matches!(verify(&site.kit.db).await.unwrap(), Verdict::Intact { rows: 3, .. }));
    let mut tx = site.kit.db.begin().await.unwrap();
    tx.conn().execute(sql).await.unwrap();
    tx.commit().await.unwrap();
    verify(&site.kit.db).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_change_of_the_log_shows() {
    let breaks = [
        ("update kernel_audit set detail = '{\"watts\":60}' where seq = 2", 2),
        ("update kernel_audit set actor_name = 'li', actor_id = 'li' where seq = 1", 1),
        ("delete from kernel_audit where seq = 2", 2),
        ("delete from kernel_audit_seal where seq = 2", 2),
        ("update kernel_audit_seal set hash = 'ab' where seq = 3", 3),
    ];
    for (sql, broken_at) in breaks {
        on_both(|site| async move {
            let verdict = tampered(site, sql).await;
            assert!(matches!(verdict, Verdict::Broken { seq, .. } if seq == broken_at), "{sql}: {verdict:?}");
        })
        .await;
    }
}

#[test]
fn both_digests_tell_rows_apart() {
    let row = kernel::audit::AuditRow {
        id: "1".into(),
        seq: 1,
        at: 0,
        actor_kind: "person".into(),
        actor_id: "a".into(),
        actor_name: "bc".into(),
        ip: None,
        trace_id: String::new(),
        action: "x".into(),
        subject_kind: "y".into(),
        subject_id: "z".into(),
        detail: "null".into(),
    };
    let shifted = kernel::audit::AuditRow { actor_id: "ab".into(), actor_name: "c".into(), ..row.clone() };
    let mut hashes = HashSet::new();
    for algorithm in [Algorithm::Sha256, Algorithm::Sm3] {
        hashes.insert(row.hash(algorithm, ""));
        hashes.insert(shifted.hash(algorithm, ""));
        hashes.insert(row.hash(algorithm, "previous"));
    }
    assert_eq!(hashes.len(), 6);
}

/// Polls a future once, as a client that goes away would leave it, and drops it.
async fn cut_off<F: Future>(future: F) {
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_go_away_take_nobody_with_them() {
    on_both(|site| async move {
        let site = std::sync::Arc::new(with_lamps(site).await);
        let mut work = Vec::new();
        for n in 0..150 {
            let (kept, cut) = (site.clone(), site.clone());
            work.push(tokio::spawn(async move { light(&kept, &format!("kept-{n}")).await.is_ok() }));
            tokio::spawn(async move {
                cut_off(cut.kit.db.begin()).await;
                if let Ok(mut tx) = cut.kit.db.begin().await {
                    let row =
                        sqlx::query("insert into lamp (id, lit) values ($1, 0)").bind(format!("cut-{n}"));
                    let _ = row.execute(tx.conn()).await;
                    cut_off(tx.commit()).await;
                }
            });
        }
        let mut kept = 0;
        for handle in work {
            kept += i64::from(handle.await.unwrap());
        }
        assert_eq!(kept, 150, "whoever stayed was served");
        let rows: i64 = sqlx::query_scalar("select count(*) from lamp where lit = 1")
            .fetch_one(site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(rows, 150, "what was answered is there");
        light(&site, "afterwards").await.unwrap();
    })
    .await;
}
