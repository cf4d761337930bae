//! What is so outside of a flow at the moment at which it decides.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDateTime};
use kernel::calendar::Day;
use serde_json::{Map, Value, json};

use super::hours::{clock_time, day_name};
use super::model::{Branch, Test};

/// How a queue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFacts {
    /// Callers who wait.
    pub waiting: usize,
    /// Seats that could take a call now.
    pub ready: usize,
    /// Seats with somebody there.
    pub signed_in: usize,
}

/// What a flow may ask about; the host fills it in before each input.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The city's time.
    pub local: NaiveDateTime,
    /// What today is.
    pub day: Day,
    /// Which tables of working times are open now.
    pub hours: BTreeMap<String, bool>,
    /// The caller's number.
    pub caller: String,
    /// The dialled number.
    pub called: String,
    /// The hotline that the number belongs to, for instance 12315.
    pub hotline: String,
    /// Tags of the caller's file.
    pub tags: Vec<String>,
    /// Queues by id; the hotline's own is the empty one.
    pub queues: BTreeMap<String, QueueFacts>,
    /// Settings of the city that texts may name, such as the telephone of those on duty.
    pub settings: BTreeMap<String, String>,
}

impl Facts {
    /// Returns how a queue stands; an unknown one counts as the hotline's own.
    #[must_use]
    pub fn queue(&self, id: &str) -> QueueFacts {
        self.queues.get(id).or_else(|| self.queues.get("")).copied().unwrap_or_default()
    }

    /// Returns the facts as variables for texts and expressions.
    #[must_use]
    pub fn variables(&self) -> Map<String, Value> {
        let own = self.queue("");
        let value = json!({
            "caller": self.caller,
            "called": self.called,
            "hotline": self.hotline,
            "tags": self.tags,
            "vip": self.tags.iter().any(|tag| tag == "vip"),
            "day": day_name(&self.day),
            "date": self.local.date().to_string(),
            "time": clock_time(self.local.time()),
            "weekday": self.local.weekday().number_from_monday(),
            "open": self.hours,
            "waiting": own.waiting,
            "ready": own.ready,
            "signed_in": own.signed_in,
        });
        let Value::Object(mut map) = value else { return Map::new() };
        map.extend(self.settings.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))));
        map
    }

    /// Answers a branch's question; `Err` says why it has no answer.
    ///
    /// # Errors
    /// When an expression is unusable or neither true nor false.
    pub fn holds(&self, branch: &Branch, variables: &Map<String, Value>) -> Result<bool, String> {
        match &branch.test {
            Test::Hours { table } => Ok(self.hours.get(table).copied().unwrap_or(false)),
            Test::Day { kinds } => Ok(kinds.iter().any(|kind| kind == day_name(&self.day))),
            Test::Caller { prefixes, tags } => Ok(prefixes
                .iter()
                .any(|prefix| !prefix.is_empty() && self.caller.starts_with(prefix.as_str()))
                || tags.iter().any(|tag| self.tags.contains(tag))),
            Test::Called { numbers } => Ok(numbers.contains(&self.called)),
            Test::Expression { cel } => {
                let mut all = self.variables();
                all.extend(variables.iter().map(|(name, value)| (name.clone(), value.clone())));
                let condition = flow::Condition::compile(cel).map_err(|error| error.0)?;
                condition
                    .holds(&flow::Facts::new(&all, &Map::new(), None, std::iter::empty()))
                    .map_err(|error| error.0)
            }
        }
    }
}

#[cfg(test)]
impl Facts {
    /// A working Monday morning with somebody at work.
    pub(crate) fn monday() -> Self {
        Self {
            local: chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap().and_hms_opt(10, 0, 0).unwrap(),
            day: Day::Working,
            hours: BTreeMap::from([("main".to_owned(), true)]),
            caller: "13800001234".to_owned(),
            called: "12345".to_owned(),
            hotline: "12345".to_owned(),
            tags: vec!["vip".to_owned()],
            queues: BTreeMap::from([(String::new(), QueueFacts { waiting: 2, ready: 0, signed_in: 3 })]),
            settings: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(test: Test) -> Result<bool, String> {
        let vars = json!({"choice": "2", "n": 7});
        Facts::monday().holds(&Branch { exit: "a".to_owned(), test }, vars.as_object().unwrap())
    }

    #[test]
    fn each_kind_of_question_is_answered() {
        let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(ask(Test::Hours { table: "main".to_owned() }), Ok(true));
        assert_eq!(ask(Test::Hours { table: "other".to_owned() }), Ok(false));
        assert_eq!(ask(Test::Day { kinds: all(&["weekend", "working"]) }), Ok(true));
        assert_eq!(ask(Test::Day { kinds: all(&["holiday"]) }), Ok(false));
        assert_eq!(ask(Test::Caller { prefixes: all(&["138"]), tags: Vec::new() }), Ok(true));
        assert_eq!(ask(Test::Caller { prefixes: all(&["", "139"]), tags: Vec::new() }), Ok(false));
        assert_eq!(ask(Test::Caller { prefixes: Vec::new(), tags: all(&["vip"]) }), Ok(true));
        assert_eq!(ask(Test::Called { numbers: all(&["12345"]) }), Ok(true));
        let cel = |text: &str| ask(Test::Expression { cel: text.to_owned() });
        assert_eq!(cel("choice == '2' && n > 6 && vip && waiting == 2"), Ok(true));
        assert_eq!(cel("open.main && time >= '09:00' && day == 'working' && weekday == 1"), Ok(true));
        assert!(cel("n + 1").is_err());
        assert!(cel("missing == 1").is_err());
    }
}
