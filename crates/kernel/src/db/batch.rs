//! Writes changes whose statements are all known, many in one transaction.
//!
//! Whoever comes while a batch is being written waits for the next one, so batches grow with the load and a
//! lone change does not wait. When a batch is refused, its changes are written one by one, and only those
//! that are at fault are told so. The batch runs in a task of its own: a caller that goes away takes nobody
//! with it, and its change is written or not as if it had stayed.
//!
//! Events and audit rows of a batch are numbered and sealed where they are written, unless something older
//! waits for its number. On PostgreSQL the lock of the sequencer makes that safe between processes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::oneshot;

use super::writes::{Write, Writes, check_all, write_lists};
use super::{Db, DbError};
use crate::audit::{Algorithm, AuditRow, row_of};
use crate::event::SEQUENCER_LOCK;

/// So many changes share a transaction at most. With larger ones, those who wait for their answers have nothing
/// ready when the next batch begins, and one processor rests.
const BATCH_MAX: usize = 32;

#[derive(Default)]
pub(super) struct Batcher {
    queue: Mutex<Queue>,
    /// PostgreSQL's connection for batches, so that their texts are prepared once and not in every
    /// connection of the pool.
    connection: tokio::sync::Mutex<Option<AnyConnection>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Pending>,
    is_written: bool,
}

struct Pending {
    writes: Writes,
    done: oneshot::Sender<Result<(), DbError>>,
}

impl Batcher {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no holder of this lock can panic")
    }
}

/// Asked in every batch. In the order of ids, what waits for a number is found by the index that holds nothing
/// else; without an order, the embedded database goes through all events there ever were.
const NEWEST: &str = "select (select coalesce(max(seq), 0) from kernel_outbox where seq > 0) as seq, \
    (select coalesce(max(seq), 0) from kernel_audit_seal) as audit_seq, \
    coalesce((select hash from kernel_audit_seal order by seq desc limit 1), '') as hash, \
    (select count(*) from (select 1 as one from kernel_outbox where seq is null order by id limit 1) as o) + \
    (select count(*) from (select 1 as one from kernel_audit where seq is null order by id limit 1) as a) as waiting";

/// What the next event and the next audit row follow.
#[derive(sqlx::FromRow)]
struct Newest {
    seq: i64,
    audit_seq: i64,
    hash: String,
    waiting: i64,
}

impl Db {
    /// Writes a change whose statements are all known, together with whoever else writes now. When this
    /// returns, the change, its events and its audit rows are on disk.
    ///
    /// # Errors
    /// When a row is refused, a [`super::Check`] does not hold ([`DbError::Raced`]), or the commit fails;
    /// then nothing was changed.
    pub async fn write(&self, writes: Writes) -> Result<(), DbError> {
        let (done, answer) = oneshot::channel();
        let leads = {
            let mut queue = self.0.batcher.queue();
            queue.waiting.push_back(Pending { writes, done });
            !std::mem::replace(&mut queue.is_written, true)
        };
        if leads {
            tokio::spawn(write_queue(self.clone()));
        }
        answer.await.unwrap_or_else(|_| Err(DbError::SharedCommit("the writer stopped".to_owned())))
    }
}

/// Lets the next caller lead when this task ends before its time, as it does when a runtime is shut down.
struct Lead {
    db: Db,
    is_over: bool,
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.is_over {
            self.db.0.batcher.queue().is_written = false;
        }
    }
}

async fn write_queue(db: Db) {
    let mut lead = Lead { db: db.clone(), is_over: false };
    loop {
        let batch: Vec<Pending> = {
            let mut queue = db.0.batcher.queue();
            let count = queue.waiting.len().min(BATCH_MAX);
            if count == 0 {
                queue.is_written = false;
                lead.is_over = true;
                return;
            }
            queue.waiting.drain(..count).collect()
        };
        write_batch(&db, batch).await;
    }
}

async fn write_batch(db: &Db, batch: Vec<Pending>) {
    if batch.len() > 1 {
        let all: Vec<&Writes> = batch.iter().map(|pending| &pending.writes).collect();
        match transact(db, &all).await {
            Ok(()) => {
                for pending in batch {
                    let _ = pending.done.send(Ok(()));
                }
                return;
            }
            // What a lost answer to a commit did is not known; writing again would guess.
            Err(DbError::SharedCommit(reason)) => {
                for pending in batch {
                    let _ = pending.done.send(Err(DbError::SharedCommit(reason.clone())));
                }
                return;
            }
            Err(error) => tracing::debug!(%error, "a batch was refused; its changes are written one by one"),
        }
    }
    for pending in batch {
        let result = transact(db, &[&pending.writes]).await;
        let _ = pending.done.send(result);
    }
}

/// Writes some changes in one transaction.
async fn transact(db: &Db, batch: &[&Writes]) -> Result<(), DbError> {
    let numbered = match &db.0.writer {
        Some(writer) => {
            let mut tx = writer.clone().begin(true).await?;
            let numbered = fill(db, tx.connection(), batch).await?;
            tx.commit().await?;
            numbered
        }
        None => {
            let mut slot = db.0.batcher.connection.lock().await;
            let mut connection = match slot.take() {
                Some(connection) => connection,
                None => AnyConnection::connect(&db.0.url).await?,
            };
            // One trip; the lock is held until the batch is visible.
            connection.execute(AssertSqlSafe(format!("begin; {SEQUENCER_LOCK}"))).await?;
            match fill(db, &mut connection, batch).await {
                Ok(numbered) => {
                    if let Err(error) = connection.execute("commit").await {
                        return Err(DbError::SharedCommit(error.to_string()));
                    }
                    *slot = Some(connection);
                    numbered
                }
                Err(error) => {
                    // A connection that cannot even undo is not used again.
                    if connection.execute("rollback").await.is_ok() {
                        *slot = Some(connection);
                    }
                    return Err(error);
                }
            }
        }
    };
    match numbered {
        Some((before, newest)) if newest > before => db.announce_numbered(before),
        Some(_) => {}
        None => db.announce_commit(),
    }
    Ok(())
}

/// Makes the statements of a transaction. Returns between which numbers its events are; none when they wait
/// for the sequencer.
async fn fill(db: &Db, conn: &mut AnyConnection, batch: &[&Writes]) -> Result<Option<(i64, i64)>, DbError> {
    check_all(conn, batch.iter().flat_map(|writes| &writes.checks)).await?;
    let tells = batch.iter().any(|writes| writes.tells());
    let mut numbers = if tells { Numbers::next(db, conn).await? } else { None };
    let before = numbers.as_ref().map(|numbers| numbers.seq);
    let lists: Vec<Vec<Cow<'_, Write>>> = batch.iter().map(|writes| rows(writes, numbers.as_mut())).collect();
    write_lists(conn, db.dialect(), &lists).await.map_err(super::writes::name_race)?;
    Ok(if tells { before.zip(numbers.map(|numbers| numbers.seq)) } else { Some((0, 0)) })
}

/// Numbers for the events and audit rows of a batch.
pub(super) struct Numbers {
    seq: i64,
    audit_seq: i64,
    hash: String,
    algorithm: Algorithm,
}

impl Numbers {
    /// Continues where the numbered rows end; none when older rows still wait for theirs.
    async fn next(db: &Db, conn: &mut AnyConnection) -> Result<Option<Self>, DbError> {
        let newest: Newest = sqlx::query_as(NEWEST).fetch_one(conn).await?;
        Ok((newest.waiting == 0).then(|| Self {
            seq: newest.seq,
            audit_seq: newest.audit_seq,
            hash: newest.hash,
            algorithm: db.digest(),
        }))
    }
}

/// Returns all writes of a change: its own, then the remembered answer, the events and the audit rows.
pub(super) fn rows<'a>(writes: &'a Writes, mut numbers: Option<&mut Numbers>) -> Vec<Cow<'a, Write>> {
    let mut list: Vec<Cow<'a, Write>> = writes.list.iter().map(Cow::Borrowed).collect();
    list.extend(writes.answer.as_ref().map(|answer| Cow::Owned(answer.row())));
    for event in &writes.events {
        let seq = numbers.as_mut().map(|numbers| {
            numbers.seq += 1;
            numbers.seq
        });
        list.push(Cow::Owned(event.row(seq)));
    }
    let mut seals = Vec::new();
    for (ctx, entry) in &writes.audits {
        let mut row: AuditRow = row_of(ctx, entry);
        let seq = numbers.as_mut().map(|numbers| {
            numbers.audit_seq += 1;
            row.seq = numbers.audit_seq;
            numbers.hash = row.hash(numbers.algorithm, &numbers.hash);
            seals.push(Cow::Owned(row.seal(numbers.algorithm, &numbers.hash)));
            numbers.audit_seq
        });
        list.push(Cow::Owned(row.row(seq)));
    }
    list.extend(seals);
    list
}

#[cfg(test)]
mod tests {
    use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};

    use super::NEWEST;

    /// A city's events are never thrown away, so a question that goes through all of them becomes slower with
    /// every order.
    #[tokio::test]
    async fn what_every_batch_asks_goes_through_no_table() {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect("sqlite::memory:").await.unwrap();
        connection.execute(include_str!("../../migrations/0001_kernel.sql")).await.unwrap();
        connection.execute(include_str!("../../migrations/0002_numbered_events.sql")).await.unwrap();
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("explain query plan {NEWEST}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
        let tables: Vec<&String> = steps.iter().filter(|step| step.contains(" kernel_")).collect();
        assert_eq!(tables.len(), 5, "{steps:?}");
        for (table, index) in [("kernel_outbox ", "kernel_outbox_"), ("kernel_audit ", "kernel_audit_")] {
            for step in tables.iter().filter(|step| step.contains(table)) {
                let searched = step.contains("SEARCH") && step.contains(&format!("{index}seq"));
                assert!(searched || step.contains(&format!("{index}waiting")), "{step}");
            }
        }
    }
}
