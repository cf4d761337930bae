//! Rules of a floor, its queues and its seats; times in milliseconds.

use std::collections::BTreeMap;

use crate::types::QueueKey;

/// How a work item comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medium {
    /// A telephone call.
    Voice,
    /// A call with pictures.
    Video,
    /// A chat on a page, in an app or in a messenger.
    Chat,
    /// A short message.
    Sms,
    /// A letter by electronic mail.
    Mail,
    /// A fax.
    Fax,
    /// A message left on a page.
    Web,
}

impl Medium {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Voice, Self::Video, Self::Chat, Self::Sms, Self::Mail, Self::Fax, Self::Web];

    /// Tells whether the person can do nothing else meanwhile. Such an item rings, and a seat has one.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Voice | Self::Video)
    }

    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Video => "video",
            Self::Chat => "chat",
            Self::Sms => "sms",
            Self::Mail => "mail",
            Self::Fax => "fax",
            Self::Web => "web",
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// Which free seat is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// The one with the fewest calls (接话数量均衡).
    EqualCalls,
    /// The one that has talked least (通话时间均衡).
    EqualTalk,
    /// The one that has been idle longest (最长空闲).
    #[default]
    LongestIdle,
    /// The one with the highest level in what the queue asks for (业务级别).
    SkillFirst,
    /// The first in a fixed order (座席编号顺序).
    FixedOrder,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::EqualCalls, Self::EqualTalk, Self::LongestIdle, Self::SkillFirst, Self::FixedOrder];

    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EqualCalls => "equal_calls",
            Self::EqualTalk => "equal_talk",
            Self::LongestIdle => "longest_idle",
            Self::SkillFirst => "skill_first",
            Self::FixedOrder => "fixed_order",
        }
    }

    /// Reads a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == word)
    }
}

/// Where a call goes that has waited too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverflowTarget {
    /// Another queue.
    Queue(QueueKey),
    /// A number outside.
    Number(String),
}

/// When a call leaves its queue for somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// After so long a wait in this queue; `None` for never.
    pub after_ms: Option<i64>,
    /// At once when nobody who serves the queue is signed in.
    pub when_unstaffed: bool,
    /// Where to.
    pub to: OverflowTarget,
}

/// Rules of one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// The queue.
    pub key: QueueKey,
    /// Which free seat is next.
    pub strategy: Strategy,
    /// Skills with the level that a seat needs at least. Who has them all is a professional seat of this
    /// queue; when nothing is asked for, every general seat is.
    pub skills: BTreeMap<String, u8>,
    /// After so long general seats may help; `None` for never. They may help at once when no professional
    /// seat is at work.
    pub general_after_ms: Option<i64>,
    /// Steps of priority that every call of this queue has.
    pub priority: u8,
    /// Calls that may wait here; one more is refused.
    pub capacity: usize,
    /// Time for writing after a call; 0 means that the seat is ready at once.
    pub wrap_up_ms: i64,
    /// A caller is told the position this long after joining the queue …
    pub first_announcement_ms: i64,
    /// … and then at this interval.
    pub announcement_ms: i64,
    /// What happens to calls that wait too long.
    pub overflow: Option<Overflow>,
}

impl QueueConfig {
    /// Makes a queue that every general seat serves.
    #[must_use]
    pub fn new(key: QueueKey) -> Self {
        Self {
            key,
            strategy: Strategy::default(),
            skills: BTreeMap::new(),
            general_after_ms: Some(30_000),
            priority: 0,
            capacity: 10_000,
            wrap_up_ms: 30_000,
            first_announcement_ms: 0,
            announcement_ms: 20_000,
            overflow: None,
        }
    }
}

/// When a break has to be approved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakRule {
    /// More than this share of the signed-in seats would be on a break, in per cent.
    pub away_max_pct: Option<u8>,
    /// At least so many callers wait.
    pub waiting_min: Option<usize>,
}

/// Rules of a floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloorConfig {
    /// How long a reserved seat may take until its telephone has been rung.
    pub reserve_ms: i64,
    /// How long a telephone rings before the call goes elsewhere and the seat is set not ready.
    pub ring_ms: i64,
    /// How long a written item may be looked at before it goes elsewhere.
    pub written_ms: i64,
    /// How much earlier a call counts as having come for each step of priority.
    pub head_start_ms: i64,
    /// Work items that may wait on the whole floor; one more is refused.
    pub waiting_limit: usize,
    /// When a break has to be approved.
    pub breaks: BreakRule,
    /// The queues; the first takes what names none.
    pub queues: Vec<QueueConfig>,
}

impl Default for FloorConfig {
    fn default() -> Self {
        Self {
            reserve_ms: 5_000,
            ring_ms: 20_000,
            written_ms: 60_000,
            head_start_ms: 60_000,
            waiting_limit: 10_000,
            breaks: BreakRule::default(),
            queues: vec![QueueConfig::new("main".into())],
        }
    }
}

/// What a seat can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatProfile {
    /// Skills with levels from 1.
    pub skills: BTreeMap<String, u8>,
    /// Whether it serves queues that ask for nothing, and helps others that wait long.
    pub general: bool,
    /// Its place in [`Strategy::FixedOrder`].
    pub order: i64,
    /// Written items that it works on at a time, by medium.
    pub capacity: BTreeMap<Medium, u8>,
    /// Whether its telephone rings while written items are open.
    pub rings_beside_written: bool,
    /// Whether it can take calls with pictures.
    pub video: bool,
}

impl Default for SeatProfile {
    fn default() -> Self {
        Self {
            skills: BTreeMap::new(),
            general: true,
            order: 0,
            capacity: BTreeMap::new(),
            rings_beside_written: true,
            video: false,
        }
    }
}

impl SeatProfile {
    /// Returns the level in what a queue asks for, if the seat is professional there.
    #[must_use]
    pub fn level(&self, queue: &QueueConfig) -> Option<i64> {
        if queue.skills.is_empty() {
            return self.general.then(|| self.skills.values().copied().max().unwrap_or(0).into());
        }
        queue.skills.iter().try_fold(0, |sum, (skill, wanted)| {
            let level = self.skills.get(skill).copied().unwrap_or(0);
            (level >= (*wanted).max(1)).then(|| sum + i64::from(level))
        })
    }
}
