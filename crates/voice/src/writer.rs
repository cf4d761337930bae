//! The only way from calls to the database: ordered, bounded, and never waited for by a call.

use std::time::Duration;

use kernel::{DbError, Kit};
use tokio::sync::{mpsc, oneshot};

use crate::call::record::Record;
use crate::store;

/// Records that may wait.
const QUEUE: usize = 20_000;
/// Records that share a transaction.
const BATCH: usize = 256;
/// Attempts before the records of a batch are written one by one.
const BATCH_ATTEMPTS: u32 = 5;

enum Item {
    Write(Record),
    Flush(oneshot::Sender<()>),
}

/// Takes records. Clones share the queue.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<Item>);

impl Writer {
    /// Starts the task that writes.
    #[must_use]
    pub fn start(kit: Kit) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(run(kit, queue));
        Self(sender)
    }

    /// Hands a record over. When the queue is full, a line of history is given up and said so in
    /// the log; what must be kept waits in a task of its own.
    pub fn write(&self, record: Record) {
        match self.0.try_send(Item::Write(record)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(Item::Write(record))) if record.must_be_kept() => {
                let sender = self.0.clone();
                tokio::spawn(async move { sender.send(Item::Write(record)).await });
            }
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::error!("the database does not keep up; a line of a call's history was given up");
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                tracing::error!("the writer has stopped; a record was lost");
            }
        }
    }

    /// Waits until what was handed over before is on disk.
    pub async fn flush(&self) {
        let (sender, done) = oneshot::channel();
        if self.0.send(Item::Flush(sender)).await.is_ok() {
            let _ = done.await;
        }
    }
}

async fn run(kit: Kit, mut queue: mpsc::Receiver<Item>) {
    let mut items = Vec::with_capacity(BATCH);
    loop {
        items.clear();
        if queue.recv_many(&mut items, BATCH).await == 0 {
            return;
        }
        let mut records = Vec::with_capacity(items.len());
        let mut flushed = Vec::new();
        for item in items.drain(..) {
            match item {
                Item::Write(record) => records.push(record),
                Item::Flush(sender) => flushed.push(sender),
            }
        }
        write_batch(&kit, &records).await;
        for sender in flushed {
            let _ = sender.send(());
        }
    }
}

async fn write_batch(kit: &Kit, records: &[Record]) {
    if records.is_empty() {
        return;
    }
    for attempt in 0..BATCH_ATTEMPTS {
        match write(kit, records).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(attempt, error = %kernel::problem::chain(&error), "call records were not written");
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
            }
        }
    }
    // One bad record must not hold up the others for ever; a full disk may.
    for record in records {
        let mut pause_ms = 200;
        for attempt in 0.. {
            match write(kit, std::slice::from_ref(record)).await {
                Ok(()) => break,
                Err(error) if attempt >= 3 && !record.must_be_kept() => {
                    tracing::error!(%error, "a record was given up");
                    break;
                }
                Err(error) if error.is_unique_violation() => {
                    tracing::error!(%error, ?record, "a record is there already");
                    break;
                }
                Err(_) if attempt >= 200 => {
                    tracing::error!(
                        ?record,
                        "a record could not be written for a long time and is kept only here"
                    );
                    break;
                }
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    pause_ms = (pause_ms * 2).min(10_000);
                }
            }
        }
    }
}

async fn write(kit: &Kit, records: &[Record]) -> Result<(), DbError> {
    let mut tx = kit.db.begin().await?;
    for record in records {
        store::record::write(&mut tx, kit.now(), record).await?;
    }
    tx.commit().await
}
