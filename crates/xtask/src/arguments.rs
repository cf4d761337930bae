//! Options of a command: `--name value`, `--name=value`, `--flag`, and plain words.

use crate::Outcome;

const FLAGS: [&str; 4] = ["fresh", "check", "json", "keep-going"];
const VALUES: [&str; 18] = [
    "data", "port", "sip-port", "only", "db", "secs", "clients", "seats", "waiting", "orders", "train",
    "test", "docs", "queries", "gold", "kb", "calls", "cps",
];

/// The parsed options of one command.
#[derive(Debug, Default)]
pub struct Arguments {
    words: Vec<String>,
    flags: Vec<String>,
    values: Vec<(String, String)>,
}

impl Arguments {
    /// Parses the words after the command; an unknown option is an error that names it.
    pub fn parse(words: Vec<String>) -> Outcome<Self> {
        let mut parsed = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--") else {
                parsed.words.push(word);
                continue;
            };
            let (name, inline) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            if FLAGS.contains(&name) {
                parsed.flags.push(name.to_owned());
            } else if VALUES.contains(&name) {
                let value =
                    inline.or_else(|| words.next()).ok_or_else(|| format!("--{name} needs a value"))?;
                parsed.values.push((name.to_owned(), value));
            } else {
                return Err(format!("unknown option --{name}"));
            }
        }
        Ok(parsed)
    }

    /// The plain word at a position.
    pub fn word(&self, index: usize) -> Option<&str> {
        self.words.get(index).map(String::as_str)
    }

    /// Whether a flag was given.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The value of an option, the last one if it was given twice.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of an option as a number, or the default.
    pub fn number(&self, name: &str, default: u64) -> Outcome<u64> {
        match self.value(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name} needs a whole number, not `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Outcome<Arguments> {
        Arguments::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn options_come_in_both_forms_and_any_order() {
        let parsed = parse("orders --db=postgres --json --secs 5").unwrap();
        assert_eq!(parsed.word(0), Some("orders"));
        assert_eq!(parsed.value("db"), Some("postgres"));
        assert!(parsed.has("json"));
        assert_eq!(parsed.number("secs", 10), Ok(5));
        assert_eq!(parsed.number("port", 12_345), Ok(12_345));
    }

    #[test]
    fn a_mistyped_option_is_named() {
        assert_eq!(parse("--frsh").unwrap_err(), "unknown option --frsh");
        assert_eq!(parse("--data").unwrap_err(), "--data needs a value");
        let parsed = parse("--port high").unwrap();
        assert!(parsed.number("port", 1).unwrap_err().contains("high"));
    }
}
