//! A transaction that carries its events, audit rows and stored answers to the commit.

use sqlx::{Any, AnyConnection, Transaction};

use super::group::GroupTx;
use super::{Db, DbError, Statement};
use crate::event::{Event, OutboxRow};
use crate::http::StoredAnswer;
use crate::{Audit, Ctx};

pub(super) enum Handle {
    Group(GroupTx),
    Own(Box<Transaction<'static, Any>>),
}

/// A transaction. Dropping it rolls back.
pub struct Tx {
    db: Db,
    handle: Handle,
    events: Vec<OutboxRow>,
    audits: Vec<(Ctx, Audit)>,
    answer: Option<StoredAnswer>,
}

impl Tx {
    pub(super) fn new(db: Db, handle: Handle) -> Self {
        Self { db, handle, events: Vec::new(), audits: Vec::new(), answer: None }
    }

    /// Returns the connection to run statements on.
    pub fn conn(&mut self) -> &mut AnyConnection {
        match &mut self.handle {
            Handle::Group(group) => group.connection(),
            Handle::Own(own) => own,
        }
    }

    /// Returns what the database is.
    #[must_use]
    pub fn dialect(&self) -> super::Dialect {
        self.db.dialect()
    }

    /// Publishes `event` together with this change; it is delivered after the commit.
    pub fn emit<E: Event>(&mut self, ctx: &Ctx, event: &E) {
        self.events.push(OutboxRow::of(ctx, event));
    }

    /// Writes an audit row together with this change.
    pub fn audit(&mut self, ctx: &Ctx, entry: Audit) {
        self.audits.push((ctx.clone(), entry));
    }

    /// Keeps the answer to a request with an `Idempotency-Key`, so that a repetition gets the same.
    pub fn remember(&mut self, answer: StoredAnswer) {
        self.answer = Some(answer);
    }

    /// Commits. When this returns, the change, its events and its audit rows are on disk.
    ///
    /// # Errors
    /// When a row is refused or the commit fails; then nothing was changed.
    pub async fn commit(mut self) -> Result<(), DbError> {
        let events = std::mem::take(&mut self.events);
        let audits = std::mem::take(&mut self.audits);
        let told = !(events.is_empty() && audits.is_empty());
        if let Some(answer) = self.answer.take() {
            answer.insert(self.conn()).await?;
        }
        for chunk in events.chunks(100) {
            let mut insert = Statement::new(
                "insert into kernel_outbox (id, name, subject, audience, payload, actor, trace_id, at) values ",
            );
            for event in chunk {
                insert.bind_row([
                    (&event.id).into(),
                    event.name.into(),
                    (&event.subject).into(),
                    (&event.audience).into(),
                    (&event.payload).into(),
                    (&event.actor).into(),
                    (&event.trace_id).into(),
                    event.at.into(),
                ]);
            }
            insert.query().execute(self.conn()).await?;
        }
        for chunk in audits.chunks(100) {
            let mut insert = Statement::new(
                "insert into kernel_audit (id, at, actor_kind, actor_id, actor_name, ip, trace_id, action, \
                 subject_kind, subject_id, detail) values ",
            );
            for (ctx, entry) in chunk {
                insert.bind_row([
                    crate::id::new_id().into(),
                    ctx.now.0.into(),
                    ctx.actor.kind.as_str().into(),
                    (&ctx.actor.id).into(),
                    (&ctx.actor.name).into(),
                    ctx.ip.clone().into(),
                    (&ctx.trace_id).into(),
                    entry.action.into(),
                    entry.subject_kind.into(),
                    (&entry.subject_id).into(),
                    entry.detail.to_string().into(),
                ]);
            }
            insert.query().execute(self.conn()).await?;
        }
        match self.handle {
            Handle::Group(group) => group.commit().await?,
            Handle::Own(own) => own.commit().await?,
        }
        if told {
            self.db.announce_commit();
        }
        Ok(())
    }
}
