//! Queues as they are set: who serves them, in which order, and what happens when it takes long.

use std::collections::BTreeMap;

use acd::{Overflow, OverflowTarget, QueueConfig, Strategy};
use kernel::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The queue that is always there; calls that belong to no other join it.
pub const MAIN: &str = "main";
/// Queues of a floor.
pub const QUEUES_MAX: usize = 60;

/// What is set of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueDraft {
    /// The name on screens.
    pub name: String,
    /// The hotline whose calls these are, as agents answer them: "12333 人社服务热线".
    #[serde(default)]
    pub identity: String,
    /// Dialled numbers whose calls join this queue.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// `equal_calls`, `equal_talk`, `longest_idle`, `skill_first`, `fixed_order`.
    pub strategy: String,
    /// Skills with the level that a seat needs at least, from 1 to 9; none for all general seats.
    #[serde(default)]
    pub skills: BTreeMap<String, u8>,
    /// After so many seconds general seats may help; absent for never.
    pub general_after_secs: Option<i64>,
    /// Steps of priority of every call.
    #[serde(default)]
    pub priority: i64,
    /// Callers who may wait.
    pub capacity: i64,
    /// Time for writing after a call.
    pub wrap_up_secs: i64,
    /// A caller hears the place in the queue after so many seconds …
    pub first_announcement_secs: i64,
    /// … and then at this interval.
    pub announcement_secs: i64,
    /// After so many seconds callers go to the other queue; absent for never.
    pub overflow_after_secs: Option<i64>,
    /// Whether callers go there at once when nobody of this queue is signed in.
    #[serde(default)]
    pub overflow_unstaffed: bool,
    /// The other queue.
    pub overflow_queue: Option<String>,
    /// A call counts as answered in time within so many seconds.
    pub answer_within_secs: i64,
    /// The share of calls that has to be answered in time, in per cent.
    pub answer_share_pct: i64,
    /// Its place in lists.
    #[serde(default)]
    pub sort: i64,
    /// Whether calls join it.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    /// Names it, also in call flows.
    pub id: String,
    /// What is set.
    #[serde(flatten)]
    pub set: QueueDraft,
    /// For optimistic locking.
    pub version: i64,
    /// When it was changed last, epoch milliseconds.
    pub updated_at: i64,
}

impl QueueDraft {
    /// Returns the queue of the first day.
    #[must_use]
    pub fn main(base: &QueueConfig) -> Self {
        Self {
            name: "综合队列".to_owned(),
            identity: String::new(),
            numbers: Vec::new(),
            strategy: base.strategy.name().to_owned(),
            skills: BTreeMap::new(),
            general_after_secs: None,
            priority: 0,
            capacity: i64::try_from(base.capacity).unwrap_or(10_000),
            wrap_up_secs: base.wrap_up_ms / 1000,
            first_announcement_secs: base.first_announcement_ms / 1000,
            announcement_secs: base.announcement_ms / 1000,
            overflow_after_secs: None,
            overflow_unstaffed: false,
            overflow_queue: None,
            answer_within_secs: 15,
            answer_share_pct: 80,
            sort: 0,
            active: true,
        }
    }

    /// Tidies what was typed.
    pub fn tidy(&mut self) {
        self.name = self.name.trim().to_owned();
        self.identity = self.identity.trim().to_owned();
        self.numbers = self.numbers.iter().map(|number| number.trim().to_owned()).collect();
        self.numbers.retain(|number| !number.is_empty());
        self.numbers.dedup();
        self.skills.retain(|_, level| *level > 0);
        self.overflow_queue.take_if(|queue| queue.is_empty());
    }

    /// Checks what was typed; `others` are the other queues, `id` is this one's.
    ///
    /// # Errors
    /// A problem that names every field which cannot be.
    pub fn check(&self, id: &str, others: &[Queue]) -> Result<(), Problem> {
        let mut problem = Problem::invalid();
        let within = |value: i64, least: i64, most: i64| (least..=most).contains(&value);
        if self.name.is_empty() || self.name.chars().count() > 40 {
            problem = problem.field(
                "name",
                "length",
                "请填写名称，最多 40 字。",
                "A name of at most 40 characters.",
            );
        }
        if self.identity.chars().count() > 60 {
            problem = problem.field("identity", "length", "最多 60 字。", "At most 60 characters.");
        }
        if Strategy::parse(&self.strategy).is_none() {
            problem = problem.field("strategy", "unknown", "请选择分配策略。", "Please choose a strategy.");
        }
        let tame =
            |number: &String| number.len() <= 20 && number.chars().all(|c| c.is_ascii_digit() || c == '+');
        if self.numbers.len() > 50 || !self.numbers.iter().all(tame) {
            problem = problem.field(
                "numbers",
                "malformed",
                "接入号码只能是数字。",
                "Dialled numbers consist of digits.",
            );
        }
        let taken = others.iter().filter(|other| other.id != id && other.set.active).find(|other| {
            self.active && other.set.numbers.iter().any(|number| self.numbers.contains(number))
        });
        if let Some(other) = taken {
            problem = problem.field(
                "numbers",
                "taken",
                &format!("号码已属于“{}”。", other.set.name),
                &format!("A number belongs to “{}” already.", other.set.name),
            );
        }
        if self.skills.len() > 10
            || self.skills.iter().any(|(skill, level)| skill.is_empty() || skill.len() > 40 || *level > 9)
        {
            problem = problem.field(
                "skills",
                "malformed",
                "技能等级为 1 至 9。",
                "Levels of skills go from 1 to 9.",
            );
        }
        for (field, value, least, most) in [
            ("priority", self.priority, 0, 20),
            ("capacity", self.capacity, 1, 100_000),
            ("wrap_up_secs", self.wrap_up_secs, 0, 3_600),
            ("first_announcement_secs", self.first_announcement_secs, 0, 600),
            ("announcement_secs", self.announcement_secs, 8, 600),
            ("general_after_secs", self.general_after_secs.unwrap_or(0), 0, 3_600),
            ("overflow_after_secs", self.overflow_after_secs.unwrap_or(1), 1, 7_200),
            ("answer_within_secs", self.answer_within_secs, 1, 600),
            ("answer_share_pct", self.answer_share_pct, 1, 100),
        ] {
            if !within(value, least, most) {
                problem = problem.field(
                    field,
                    "range",
                    &format!("应在 {least} 至 {most} 之间。"),
                    &format!("Between {least} and {most}."),
                );
            }
        }
        let target = self.overflow_queue.as_deref();
        let known =
            |queue: &str| queue != id && others.iter().any(|other| other.id == queue && other.set.active);
        if target.is_some_and(|queue| !known(queue)) {
            problem = problem.field(
                "overflow_queue",
                "unknown",
                "请选择另一个启用的队列。",
                "Please choose another queue in use.",
            );
        } else if target.is_none() && (self.overflow_after_secs.is_some() || self.overflow_unstaffed) {
            problem = problem.field(
                "overflow_queue",
                "required",
                "请选择溢出到哪个队列。",
                "Please say where callers go.",
            );
        }
        if id == MAIN && !(self.active && self.skills.is_empty()) {
            problem = problem.field(
                "active",
                "main",
                "综合队列始终启用且不要求技能，其他队列的来电最终由它兜底。",
                "The main queue stays in use and asks for no skill: it takes what no other does.",
            );
        }
        if problem.has_fields() { Err(problem) } else { Ok(()) }
    }
}

impl Queue {
    /// Returns the rules as the floor takes them.
    #[must_use]
    pub fn rules(&self) -> QueueConfig {
        let set = &self.set;
        let overflow = set.overflow_queue.as_deref().map(|to| Overflow {
            after_ms: set.overflow_after_secs.map(|secs| secs * 1000),
            when_unstaffed: set.overflow_unstaffed,
            to: OverflowTarget::Queue(to.into()),
        });
        QueueConfig {
            key: self.id.as_str().into(),
            strategy: Strategy::parse(&set.strategy).unwrap_or_default(),
            skills: set.skills.clone(),
            general_after_ms: set.general_after_secs.map(|secs| secs * 1000),
            priority: u8::try_from(set.priority).unwrap_or(0),
            capacity: usize::try_from(set.capacity).unwrap_or(0),
            wrap_up_ms: set.wrap_up_secs * 1000,
            first_announcement_ms: set.first_announcement_secs * 1000,
            announcement_ms: set.announcement_secs * 1000,
            overflow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main() -> Queue {
        let set = QueueDraft::main(&QueueConfig::new(MAIN.into()));
        Queue { id: MAIN.to_owned(), set, version: 1, updated_at: 0 }
    }

    fn fields(draft: &QueueDraft, id: &str) -> String {
        draft.check(id, &[main()]).err().map(|problem| format!("{problem:?}")).unwrap_or_default()
    }

    #[test]
    fn what_cannot_be_is_named_field_by_field() {
        assert!(main().set.check(MAIN, &[main()]).is_ok());
        let bad = QueueDraft {
            name: String::new(),
            numbers: vec!["12 345".to_owned()],
            strategy: "best".to_owned(),
            capacity: 0,
            overflow_after_secs: Some(30),
            ..main().set
        };
        let said = fields(&bad, "x");
        for field in ["name", "numbers", "strategy", "capacity", "overflow_queue"] {
            assert!(said.contains(field), "{field}: {said}");
        }
        let retired = QueueDraft { active: false, ..main().set };
        assert!(fields(&retired, MAIN).contains("main"), "the last resort cannot be taken away");
        assert!(retired.check("x", &[main()]).is_ok());
        let itself = QueueDraft { overflow_queue: Some("x".to_owned()), ..main().set };
        assert!(fields(&itself, "x").contains("overflow_queue"), "a queue does not overflow into itself");
    }

    #[test]
    fn a_number_belongs_to_one_queue() {
        let mut first = main();
        first.set.numbers = vec!["12333".to_owned()];
        let second = QueueDraft { numbers: vec!["12333".to_owned()], ..main().set };
        assert!(second.check("x", &[first]).is_err());
    }
}
