//! A transaction that carries its events, audit rows, stored answer and deferred writes to the commit.

use std::ops::{Deref, DerefMut};

use sqlx::{Any, AnyConnection, Transaction};

use super::group::GroupTx;
use super::writes::{Writes, check_all, name_race, write_lists};
use super::{Db, DbError};

pub(super) enum Handle {
    Group(GroupTx),
    Own(Box<Transaction<'static, Any>>),
}

/// A transaction. Dropping it rolls back. What it only has to write may be left to its [`Writes`]: that
/// happens at the commit, in few statements; what it reads meanwhile does not show it.
pub struct Tx {
    db: Db,
    handle: Handle,
    writes: Writes,
}

impl Deref for Tx {
    type Target = Writes;

    fn deref(&self) -> &Writes {
        &self.writes
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Writes {
        &mut self.writes
    }
}

impl Tx {
    pub(super) fn new(db: Db, handle: Handle) -> Self {
        Self { db, handle, writes: Writes::new() }
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

    /// Commits. When this returns, the change, its events and its audit rows are on disk.
    ///
    /// # Errors
    /// When a row is refused or the commit fails; then nothing was changed.
    pub async fn commit(mut self) -> Result<(), DbError> {
        let writes = std::mem::take(&mut self.writes);
        let dialect = self.dialect();
        check_all(self.conn(), writes.checks.iter()).await?;
        let rows = super::batch::rows(&writes, None);
        write_lists(self.conn(), dialect, &[rows]).await.map_err(name_race)?;
        match self.handle {
            Handle::Group(group) => group.commit().await?,
            Handle::Own(own) => own.commit().await?,
        }
        if writes.tells() {
            self.db.announce_commit();
        }
        Ok(())
    }
}
