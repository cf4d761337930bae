//! Notices to staff (消息): who is told of what, in the page's bell and by channels outside.
//!
//! [`Messages`] is the slice. Kinds and their words are in [`kind`], rules in [`rule`], SQL in `store`.

pub mod citizen;
pub mod error;
mod http;
pub mod kind;
pub mod mail;
pub mod quiet;
mod react;
pub mod rule;
pub mod store;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use contract::cases::{CaseLookup, CitizenReplies};
use contract::identity::{Directory, UnitId};
use contract::messages::{CitizenChannel, NoticeChannel};
use kernel::parameters::ParameterSpec;
use kernel::{Capability, Ctx, Job, Kit, Migration, Slice};
use serde_json::json;

pub use crate::react::subscriptions;

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "messages", sql: include_str!("../migrations/0001_messages.sql") },
    Migration { version: 2, name: "citizens", sql: include_str!("../migrations/0002_citizens.sql") },
];

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] =
    &[Capability { name: "notice.write", zh: "设置消息规则", en: "Set notice rules", scoped: false }];

/// What other slices answer.
#[derive(Clone)]
pub struct Ports {
    /// Units and people.
    pub directory: Arc<dyn Directory>,
    /// Orders.
    pub cases: Arc<dyn CaseLookup>,
    /// What citizens are told of orders.
    pub replies: Arc<dyn CitizenReplies>,
    /// The centre, whose people supervise.
    pub centre: UnitId,
}

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Messages(Arc<Inner>);

struct Inner {
    kit: Kit,
    ports: Ports,
    channels: RwLock<Vec<Arc<dyn NoticeChannel>>>,
    citizen_channels: RwLock<Vec<Arc<dyn CitizenChannel>>>,
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}

impl Messages {
    /// Makes the slice.
    #[must_use]
    pub fn new(kit: Kit, ports: Ports) -> Self {
        let spec = |key, default, zh, en| ParameterSpec { key, default, zh, en };
        kit.parameters.declare(vec![
            spec(
                "messages.quiet_from",
                json!("22:00"),
                "消息免打扰开始（时:分）",
                "Quiet hours begin (hh:mm)",
            ),
            spec("messages.quiet_to", json!("07:30"), "消息免打扰结束（时:分）", "Quiet hours end (hh:mm)"),
            spec(
                "messages.digest_at",
                json!("08:30"),
                "每日汇总与超期提醒时间（时:分）",
                "Daily digest at (hh:mm)",
            ),
        ]);
        Self(Arc::new(Inner { kit, ports, channels: RwLock::default(), citizen_channels: RwLock::default() }))
    }

    /// Adds a way outside, such as SMS.
    pub fn add_channel(&self, channel: Arc<dyn NoticeChannel>) {
        self.0.channels.write().expect("no holder of this lock can panic").push(channel);
    }

    /// Returns the ways outside that exist.
    #[must_use]
    pub fn channels(&self) -> Vec<Arc<dyn NoticeChannel>> {
        self.0.channels.read().expect("no holder of this lock can panic").clone()
    }

    /// Adds a way to citizens, such as SMS.
    pub fn add_citizen_channel(&self, channel: Arc<dyn CitizenChannel>) {
        self.0.citizen_channels.write().expect("no holder of this lock can panic").push(channel);
    }

    /// Returns the ways to citizens that exist.
    #[must_use]
    pub fn citizen_channels(&self) -> Vec<Arc<dyn CitizenChannel>> {
        self.0.citizen_channels.read().expect("no holder of this lock can panic").clone()
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let (delivering, digesting) = (self.clone(), self.clone());
        Slice {
            name: "messages",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![
                Job::every("messages.deliver", Duration::from_secs(5), move || {
                    let messages = delivering.clone();
                    async move {
                        messages.deliver(messages.kit().now()).await?;
                        let ctx = Ctx::system("messages.deliver", messages.kit().now());
                        messages.deliver_to_citizens(&ctx).await?;
                        Ok(())
                    }
                }),
                Job::every("messages.digest", Duration::from_secs(60), move || {
                    let messages = digesting.clone();
                    async move {
                        let ctx = Ctx::system("messages.digest", messages.kit().now());
                        messages.digest(&ctx).await?;
                        Ok(())
                    }
                }),
            ],
            capabilities: CAPABILITIES,
        }
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.0.ports
    }
}
