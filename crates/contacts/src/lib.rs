//! The citizen's file (服务对象).

mod book;
pub mod contact;
mod disclosure;
pub mod error;
mod http;
pub mod phone;
mod store;
mod turn;

use std::sync::Arc;

use contract::contacts::HistorySource;
use kernel::{Capability, Kit, Migration, Slice};

pub use contact::{Contact, ContactChange, NewContact};
pub use error::ContactsError;

use crate::turn::Turns;

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "contacts", sql: include_str!("../migrations/0001_contacts.sql") }];

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    Capability { name: "contact.read", zh: "查看服务对象", en: "Read citizens' files", scoped: false },
    Capability {
        name: "contact.write", zh: "维护服务对象", en: "Change citizens' files", scoped: false
    },
    Capability { name: "contact.unmask", zh: "查看完整号码", en: "See full numbers", scoped: false },
];

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Contacts {
    kit: Kit,
    turns: Turns,
    histories: Arc<Vec<Arc<dyn HistorySource>>>,
}

impl std::fmt::Debug for Contacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contacts").finish_non_exhaustive()
    }
}

impl Contacts {
    /// Makes the slice; `histories` are those who know a part of a citizen's history.
    #[must_use]
    pub fn new(kit: Kit, histories: Vec<Arc<dyn HistorySource>>) -> Self {
        Self { kit, turns: Turns::default(), histories: Arc::new(histories) }
    }

    /// Returns routes and migrations.
    #[must_use]
    pub fn slice(&self) -> Slice {
        Slice {
            name: "contacts",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: Vec::new(),
            capabilities: CAPABILITIES,
        }
    }
}
