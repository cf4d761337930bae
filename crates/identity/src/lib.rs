//! Units, people, seats, roles, sign-in, dictionary, parameters, and the reading of the audit log.
//!
//! [`Identity`] is the slice: it hands out its routes, authenticates requests for the kernel's gate, and
//! answers other slices as their [`contract::identity::Directory`].

pub mod attempts;
mod bootstrap;
pub mod dictionary;
mod directory;
pub mod error;
mod gate;
mod http;
mod parameter;
pub mod password;
pub mod person;
mod registration;
pub mod role;
pub mod seat;
pub mod session;
mod store;
pub mod totp;
pub mod unit;

use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use axum::http::StatusCode;
use contract::identity::UnitCharge;
use kernel::http::Idem;
use kernel::{Capability, Job, Kit, Migration, Slice, Tx};
use serde::Serialize;

pub use bootstrap::{FirstAccount, ROOT_UNIT_ID};
pub use dictionary::{DictionaryChange, DictionaryEntry};
pub use error::IdentityError;
pub use password::hash_password;
pub use person::{NewPassword, NewPerson, Person, PersonChange};
pub use role::Role;
pub use seat::{NewSeat, Seat, SeatChange};
pub use unit::{Dissolution, NewUnit, PeopleGo, Unit, UnitChange};

use crate::directory::Touched;

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "identity", sql: include_str!("../migrations/0001_identity.sql") },
    Migration { version: 20, name: "role_shipped", sql: include_str!("../migrations/0020_role_shipped.sql") },
    Migration {
        version: 30,
        name: "unit_successor",
        sql: include_str!("../migrations/0030_unit_successor.sql"),
    },
    Migration { version: 40, name: "registration", sql: include_str!("../migrations/0040_registration.sql") },
    Migration { version: 60, name: "person_email", sql: include_str!("../migrations/0060_person_email.sql") },
];

const fn capability(name: &'static str, zh: &'static str, en: &'static str, scoped: bool) -> Capability {
    Capability { name, zh, en, scoped }
}

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    capability("unit.read", "查看单位", "Read units", true),
    capability("unit.write", "维护单位", "Change units", true),
    capability("person.read", "查看人员", "Read people", true),
    capability("person.write", "维护人员", "Change people", true),
    capability(
        "person.recover",
        "解锁账号、重置密码与两步验证",
        "Unlock accounts, reset passwords and second factors",
        false,
    ),
    capability("registration.decide", "审批账号申请", "Decide on applications for an account", true),
    capability("role.write", "分配角色与权限", "Assign roles and rights", false),
    capability("seat.write", "维护座席", "Change seats", false),
    capability("dictionary.write", "维护数据字典", "Change the dictionary", false),
    capability("parameter.write", "维护系统参数", "Change parameters", false),
    capability("session.revoke", "查看与终止会话", "See and end sessions", false),
    capability("audit.read", "查看与导出审计日志", "Read and export the audit log", false),
    capability("audit.verify", "校验审计日志", "Verify the audit log", false),
];

/// Accounts take turns by this many queues.
const TURNS: usize = 64;

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

/// What the slice holds; reached through [`Identity`].
pub struct Inner {
    pub(crate) kit: Kit,
    pub(crate) directory: directory::Directories,
    pub(crate) gate: gate::RecentAnswers,
    pub(crate) hasher: password::Hasher,
    pub(crate) address_failures: attempts::AddressFailures,
    turns: Vec<tokio::sync::Mutex<()>>,
    capabilities: RwLock<Vec<Capability>>,
    charge: OnceLock<Arc<dyn UnitCharge>>,
}

impl std::ops::Deref for Identity {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A change under way: its transaction and its number.
pub(crate) struct Change {
    pub(crate) tx: Tx,
    generation: i64,
}

impl Identity {
    /// Makes the slice and declares its parameters. After the migrations call [`Identity::bootstrap`].
    #[must_use]
    pub fn new(kit: Kit) -> Self {
        kit.parameters.declare(parameter::specs());
        Self(Arc::new(Inner {
            kit,
            directory: directory::Directories::default(),
            gate: gate::RecentAnswers::default(),
            hasher: password::Hasher::new(),
            address_failures: attempts::AddressFailures::default(),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::new(())).collect(),
            capabilities: RwLock::new(CAPABILITIES.to_vec()),
            charge: OnceLock::new(),
        }))
    }

    /// Says who knows what hangs on a unit; a second call has no effect. Before, nothing hangs on any.
    pub fn ask(&self, charge: Arc<dyn UnitCharge>) {
        let _ = self.charge.set(charge);
    }

    /// Tells the slice what other slices' routes ask for, so that roles can be granted it.
    pub fn know_capabilities(&self, capabilities: &[Capability]) {
        let mut known = self.capabilities.write().expect("no holder of this lock can panic");
        for capability in capabilities {
            if !known.iter().any(|other| other.name == capability.name) {
                known.push(*capability);
            }
        }
    }

    /// Returns routes, migrations and jobs.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let sweeper = self.clone();
        Slice {
            name: "identity",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![Job::every("identity.sweep", Duration::from_secs(600), move || {
                let identity = sweeper.clone();
                async move { Ok(identity.sweep().await?) }
            })],
            capabilities: CAPABILITIES,
        }
    }

    pub(crate) fn capabilities(&self) -> Vec<Capability> {
        self.capabilities.read().expect("no holder of this lock can panic").clone()
    }

    /// Tells whether a capability exists: some slice declares it, or a default role holds it.
    pub(crate) fn knows_capability(&self, name: &str) -> bool {
        self.capabilities().iter().any(|capability| capability.name == name)
            || role::defaults::default_roles().iter().any(|role| role.grants.contains_key(name))
    }

    /// Begins a change of what the directory holds. Changes take turns.
    pub(crate) async fn begin_change(&self) -> Result<Change, IdentityError> {
        let mut tx = self.kit.db.begin().await?;
        let generation = store::next_generation(tx.conn()).await?;
        Ok(Change { tx, generation })
    }

    /// Commits a change and lets the directory and the gate know.
    pub(crate) async fn finish(&self, change: Change, touched: Touched) -> Result<(), IdentityError> {
        change.tx.commit().await?;
        self.directory.refresh(&self.kit.db, touched, change.generation, self.kit.now()).await?;
        self.gate.forget_all();
        Ok(())
    }

    /// Waits until nobody else tries the same account.
    pub(crate) async fn attempt_turn(&self, digest: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let queue = digest.get(..4).and_then(|head| usize::from_str_radix(head, 16).ok()).unwrap_or(0);
        self.turns[queue % TURNS].lock().await
    }
}

/// Keeps the answer to a creation for a repetition of the request.
pub(crate) fn created<T: Serialize>(kit: &Kit, tx: &mut Tx, idem: &Idem, body: &T) {
    if let Some(answer) = idem.answer(kit, StatusCode::CREATED, body) {
        tx.remember(answer);
    }
}
