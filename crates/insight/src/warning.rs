//! Early warnings (预警): what was found, who looks into it, what came of it.
//!
//! What is unusual is said by [`surge`], [`gathering`] and [`words`]; [`rule`] is what people set on screen. All of
//! these are plain and take the time as an argument. `sweep` brings them together once a minute.

pub mod gathering;
mod hours;
pub mod rule;
pub mod surge;
mod sweep;
pub mod words;

use std::sync::Arc;

use contract::bot::TopicSource;
use contract::cases::CaseCorpus;
use contract::identity::UnitId;
use contract::messages::Notifier;
use kernel::Lang;

pub use sweep::{Swept, Watch};

use crate::error::InsightError;

/// The longest note, in characters.
const NOTE_MAX: usize = 500;

/// What other slices answer, to watch by.
#[derive(Clone)]
pub struct Ports {
    /// Orders with their texts.
    pub corpus: Arc<dyn CaseCorpus>,
    /// Orders that tell of one event.
    pub topics: Arc<dyn TopicSource>,
    /// Tells people.
    pub notifier: Arc<dyn Notifier>,
    /// The centre, which is told where a rule names nobody else.
    pub centre: UnitId,
}

/// What kind of thing is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Far more orders of a category in a district than usual at this hour.
    Surge,
    /// Several orders tell of one event.
    Topic,
    /// One caller writes again and again.
    Repeat,
    /// Many callers, one place, one kind of matter.
    Group,
    /// A text holds words that speak of a risk.
    Words,
}

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[Self::Surge, Self::Topic, Self::Repeat, Self::Group, Self::Words];

    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Surge => "surge",
            Self::Topic => "topic",
            Self::Repeat => "repeat",
            Self::Group => "group",
            Self::Words => "words",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// Returns the name on screen.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Surge => lang.pick("诉求突增", "Sudden rise"),
            Self::Topic => lang.pick("同一事件", "One event"),
            Self::Repeat => lang.pick("反复来电", "Repeated caller"),
            Self::Group => lang.pick("群体诉求", "Many callers, one place"),
            Self::Words => lang.pick("风险词", "Risk words"),
        }
    }
}

/// How grave it is. Graver ones compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To be looked at within a day.
    Low = 1,
    /// Within a shift.
    Middle = 2,
    /// Now.
    High = 3,
}

impl Severity {
    /// Returns the number that is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        self as i64
    }

    /// Reads a number; what is unknown is low.
    #[must_use]
    pub fn of(number: i64) -> Self {
        match number {
            3.. => Self::High,
            2 => Self::Middle,
            _ => Self::Low,
        }
    }

    /// Judges by how many times the least number was reached.
    #[must_use]
    pub fn by_multiple(found: i64, least: i64) -> Self {
        let least = least.max(1);
        if found >= least * 3 {
            Self::High
        } else if found * 2 >= least * 3 {
            Self::Middle
        } else {
            Self::Low
        }
    }

    /// Returns how long a warning may stay open, in milliseconds.
    #[must_use]
    pub fn time_ms(self) -> i64 {
        match self {
            Self::High => 2 * 3_600_000,
            Self::Middle => 8 * 3_600_000,
            Self::Low => 24 * 3_600_000,
        }
    }
}

/// An order behind a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The order.
    pub id: String,
    /// When it was written.
    pub at: i64,
}

/// Something unusual that a rule has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// Names the same thing when it is found again.
    pub key: String,
    /// Whether it is also the same when it shares an order with an open one: groups change their first order.
    pub by_orders: bool,
    /// The orders behind it.
    pub orders: Vec<Evidence>,
    /// So many orders must not have stood behind a closed warning of this rule.
    pub least: usize,
    /// Different callers, as far as they are known.
    pub callers: i64,
    /// How many orders are usual.
    pub expected: Option<f64>,
    /// How likely so many orders are by chance.
    pub chance: Option<f64>,
    /// How grave it is.
    pub severity: Severity,
    /// The category.
    pub category_id: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// The place.
    pub place: Option<String>,
    /// Words that were found.
    pub words: Vec<String>,
}

/// Where a warning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has taken it.
    New,
    /// Somebody looks into it.
    Taken,
    /// It is known what it was.
    Closed,
}

impl State {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Taken => "taken",
            Self::Closed => "closed",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::New, Self::Taken, Self::Closed].into_iter().find(|state| state.code() == code)
    }
}

/// Checks that `by` may take a warning over.
///
/// # Errors
/// [`InsightError::WarningClosed`].
pub fn check_taking(state: State) -> Result<(), InsightError> {
    if state == State::Closed { Err(InsightError::WarningClosed) } else { Ok(()) }
}

/// Checks that `by` may close a warning, and with what.
///
/// # Errors
/// [`InsightError::WarningClosed`]; [`InsightError::NotOwner`] for whoever has not taken it;
/// [`InsightError::Question`] for a verdict or a note that is none.
pub fn check_closing(
    state: State,
    owner: Option<&str>,
    by: &str,
    verdict: &str,
    note: &str,
) -> Result<(), InsightError> {
    match (state, owner) {
        (State::Closed, _) => return Err(InsightError::WarningClosed),
        (State::Taken, Some(owner)) if owner == by => {}
        _ => return Err(InsightError::NotOwner),
    }
    if !matches!(verdict, "real" | "false") {
        return Err(InsightError::question(
            "verdict",
            "请选择属实或误报。",
            "Say whether it was real or false.",
        ));
    }
    if note.trim().is_empty() || note.chars().count() > NOTE_MAX {
        return Err(InsightError::question(
            "note",
            "请填写核实情况，最多 500 个字。",
            "Say what was found, in at most 500 characters.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Severity, State, check_closing, check_taking};
    use crate::error::InsightError;

    #[test]
    fn only_whoever_took_it_closes_it_once_and_says_why() {
        let close = |state, owner, verdict, note| check_closing(state, owner, "wang", verdict, note);
        assert!(close(State::Taken, Some("wang"), "real", "管网爆裂").is_ok());
        assert!(matches!(close(State::New, None, "real", "好"), Err(InsightError::NotOwner)));
        assert!(matches!(close(State::Taken, Some("li"), "real", "好"), Err(InsightError::NotOwner)));
        assert!(matches!(close(State::Closed, Some("wang"), "real", "好"), Err(InsightError::WarningClosed)));
        for (verdict, note) in [("maybe", "好"), ("real", "  "), ("false", &"长".repeat(501))] {
            let refused = close(State::Taken, Some("wang"), verdict, note);
            assert!(matches!(refused, Err(InsightError::Question { .. })), "{verdict} {note}");
        }
        assert!(check_taking(State::Taken).is_ok());
        assert!(check_taking(State::Closed).is_err());
    }

    #[test]
    fn severity_grows_with_the_number() {
        let by = |found| Severity::by_multiple(found, 4);
        assert_eq!([by(4), by(5), by(6), by(11), by(12)].map(Severity::number), [1, 1, 2, 2, 3]);
        assert_eq!(Severity::of(9), Severity::High);
        assert_eq!(Severity::by_multiple(0, 0), Severity::Low);
    }
}
