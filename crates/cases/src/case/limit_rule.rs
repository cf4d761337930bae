//! Rules of limits: by what an order is, which tier it has, whose it is and at which step. The most specific
//! rule wins, and the explanation names it.

use kernel::{Lang, Timestamp};
use serde::{Deserialize, Serialize};

use super::Kind;
use super::catalogue::{tier_length, tier_name};
use super::limit::LimitName;
use crate::error::Check;

/// How a limit is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Working days; the first day is not counted.
    #[default]
    #[serde(rename = "w")]
    WorkingDays,
    /// Calendar days; a last day off moves to the next working day.
    #[serde(rename = "d")]
    Days,
    /// Hours by the clock, day and night.
    #[serde(rename = "h")]
    Hours,
}

impl Measure {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::WorkingDays => "w",
            Self::Days => "d",
            Self::Hours => "h",
        }
    }

    /// Reads a code; what was stored before there were measures is in working days.
    #[must_use]
    pub fn parse(code: Option<&str>) -> Self {
        match code {
            Some("d") => Self::Days,
            Some("h") => Self::Hours,
            _ => Self::WorkingDays,
        }
    }
}

/// A length: so many of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// So many.
    pub amount: u32,
    /// Of what.
    pub measure: Measure,
}

impl Length {
    /// Makes a length in working days.
    #[must_use]
    pub fn working_days(amount: u32) -> Self {
        Self { amount, measure: Measure::WorkingDays }
    }

    /// Reads `2h`, `7d`, `5w`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (amount, unit) = tier_length(text)?;
        let measure = match unit {
            'h' => Measure::Hours,
            'd' => Measure::Days,
            _ => Measure::WorkingDays,
        };
        Some(Self { amount, measure })
    }

    /// Returns the text that [`Length::parse`] reads.
    #[must_use]
    pub fn text(self) -> String {
        format!("{}{}", self.amount, self.measure.code())
    }
}

/// A rule as it is stored.
#[derive(Clone, Debug)]
pub struct LimitRule {
    /// Its id.
    pub id: String,
    /// The limit that it sets.
    pub name: LimitName,
    /// Only for this type.
    pub kind: Option<Kind>,
    /// Only for this tier.
    pub tier: Option<String>,
    /// Only for this unit and those below: its id and path.
    pub unit: Option<(String, String)>,
    /// Only for this category and those below: its id and path.
    pub category: Option<(String, String)>,
    /// The length.
    pub length: Length,
    /// Yellow below this share of the limit; the city's usual one when none.
    pub near_percent: Option<i64>,
    /// Greater wins, whatever else the rules say.
    pub priority: i64,
    /// In force from then on.
    pub effective_from: Timestamp,
    /// Whether it is used.
    pub active: bool,
    /// What it is for.
    pub note: String,
    /// How often it changed.
    pub version: i64,
}

/// What a limit is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The limit.
    pub name: LimitName,
    /// The order's type.
    pub kind: Kind,
    /// Its tier.
    pub tier: Option<&'a str>,
    /// The path of the unit in charge.
    pub unit_path: Option<&'a str>,
    /// The path of its category.
    pub category_path: Option<&'a str>,
    /// When the limit begins.
    pub start: Timestamp,
}

/// What decided a limit's length, for the explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUsed {
    /// The rule's id; none for the tier's own length and the parameters.
    pub id: Option<String>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl LimitRule {
    /// Refuses what cannot stand in a rule.
    ///
    /// # Errors
    /// [`crate::error::CaseError::Invalid`] field by field.
    pub fn check(&self) -> Result<(), crate::error::CaseError> {
        let mut check = Check::default();
        check.optional("note", &self.note, 200);
        if self.tier.as_deref().is_some_and(|tier| tier_length(tier).is_none()) {
            check.refuse("tier", "malformed", "时限档不正确。", "This is no tier.");
        }
        if self.near_percent.is_some_and(|share| !(0..=100).contains(&share)) {
            check.refuse("near_percent", "out_of_range", "请填写 0 到 100。", "0 to 100, please.");
        }
        if !(-1000..=1000).contains(&self.priority) {
            check.refuse("priority", "out_of_range", "请填写 -1000 到 1000。", "-1000 to 1000, please.");
        }
        check.done()
    }

    fn fits(&self, question: &Question<'_>) -> bool {
        let below = |place: &Option<(String, String)>, path: Option<&str>| {
            place.as_ref().is_none_or(|(_, top)| path.is_some_and(|path| path.starts_with(top.as_str())))
        };
        self.active
            && self.name == question.name
            && self.effective_from <= question.start
            && self.kind.is_none_or(|kind| kind == question.kind)
            && self.tier.as_deref().is_none_or(|tier| question.tier == Some(tier))
            && below(&self.unit, question.unit_path)
            && below(&self.category, question.category_path)
    }

    /// Ranks rules that fit: priority, whether it names the tier, number of conditions, depth of the places, then
    /// the newer one.
    fn rank(&self) -> (i64, bool, usize, usize, i64, &str) {
        let depth = |place: &Option<(String, String)>| {
            place.as_ref().map_or(0, |(_, path)| path.matches('/').count())
        };
        let conditions =
            [self.kind.is_some(), self.tier.is_some(), self.unit.is_some(), self.category.is_some()];
        (
            self.priority,
            self.tier.is_some(),
            conditions.into_iter().filter(|stated| *stated).count(),
            depth(&self.unit) + depth(&self.category),
            self.effective_from.0,
            &self.id,
        )
    }
}

/// Finds the length of a limit: the most specific rule; else the order's own tier, for handling; else none.
#[must_use]
pub fn decide(rules: &[LimitRule], question: &Question<'_>) -> Option<(Length, Option<i64>, RuleUsed)> {
    let rule =
        rules.iter().filter(|rule| rule.fits(question)).max_by(|one, other| one.rank().cmp(&other.rank()));
    let tier = question.tier.filter(|_| question.name == LimitName::Close);
    let by_tier = tier.and_then(|tier| Some((tier, Length::parse(tier)?)));
    match (rule, by_tier) {
        // A rule that knows nothing of tiers yields to the order's own one, unless it was given priority.
        (Some(rule), Some((tier, length))) if rule.tier.is_none() && rule.priority <= 0 => {
            Some((length, rule.near_percent, tier_used(tier)))
        }
        (Some(rule), _) => {
            let note = if rule.note.is_empty() { rule.length_name(Lang::Zh) } else { rule.note.clone() };
            let used = RuleUsed {
                id: Some(rule.id.clone()),
                zh: format!("依据时限规则“{note}”：{}", rule.length_name(Lang::Zh)),
                en: format!("By the rule “{note}”: {}", rule.length_name(Lang::En)),
            };
            Some((rule.length, rule.near_percent, used))
        }
        (None, Some((tier, length))) => Some((length, None, tier_used(tier))),
        (None, None) => None,
    }
}

impl LimitRule {
    fn length_name(&self, lang: Lang) -> String {
        tier_name(&self.length.text(), lang)
    }
}

fn tier_used(tier: &str) -> RuleUsed {
    RuleUsed {
        id: None,
        zh: format!("依据工单时限档：{}", tier_name(tier, Lang::Zh)),
        en: format!("By the order's tier: {}", tier_name(tier, Lang::En)),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::{Kind, Length, LimitName, LimitRule, Measure, Question, decide};

    fn rule(id: &str, length: &str) -> LimitRule {
        LimitRule {
            id: id.to_owned(),
            name: LimitName::Close,
            kind: None,
            tier: None,
            unit: None,
            category: None,
            length: Length::parse(length).unwrap(),
            near_percent: None,
            priority: 0,
            effective_from: Timestamp(100),
            active: true,
            note: String::new(),
            version: 1,
        }
    }

    fn rules() -> Vec<LimitRule> {
        let at = |id: &str, path: &str| Some((id.to_owned(), path.to_owned()));
        vec![
            rule("all", "10w"),
            LimitRule { kind: Some(Kind::Repair), ..rule("repair", "3w") },
            LimitRule { unit: at("water", "/c/water/"), ..rule("water", "5w") },
            LimitRule { unit: at("north", "/c/water/north/"), ..rule("north", "4w") },
            LimitRule {
                kind: Some(Kind::Repair),
                category: at("pipes", "/city/pipes/"),
                ..rule("pipes", "24h")
            },
            LimitRule { tier: Some("2h".to_owned()), ..rule("fast", "1h") },
            LimitRule { effective_from: Timestamp(1_000), priority: 9, ..rule("later", "1w") },
            LimitRule { active: false, priority: 99, ..rule("off", "1h") },
        ]
    }

    #[track_caller]
    fn check(kind: Kind, tier: Option<&str>, unit: &str, category: &str, start: i64, expected: Option<&str>) {
        let question = Question {
            name: LimitName::Close,
            kind,
            tier,
            unit_path: Some(unit),
            category_path: Some(category),
            start: Timestamp(start),
        };
        let found = decide(&rules(), &question);
        assert_eq!(found.map(|(length, ..)| length.text()).as_deref(), expected);
    }

    #[test]
    fn the_most_specific_rule_wins() {
        check(Kind::Help, None, "/c/roads/", "/x/", 500, Some("10w"));
        check(Kind::Repair, None, "/c/roads/", "/x/", 500, Some("3w"));
        check(Kind::Help, None, "/c/water/", "/x/", 500, Some("5w"));
        check(Kind::Help, None, "/c/water/north/", "/x/", 500, Some("4w"));
        check(Kind::Repair, None, "/c/water/north/", "/city/pipes/", 500, Some("24h"));
    }

    #[test]
    fn an_orders_tier_beats_rules_that_know_nothing_of_tiers() {
        check(Kind::Repair, Some("7d"), "/c/water/north/", "/city/pipes/", 500, Some("7d"));
        check(Kind::Repair, Some("2h"), "/c/water/north/", "/city/pipes/", 500, Some("1h"));
        check(Kind::Help, Some("7d"), "/c/roads/", "/x/", 2_000, Some("1w"));
    }

    #[test]
    fn rules_hold_from_their_day_on() {
        check(Kind::Help, None, "/c/roads/", "/x/", 99, None);
        check(Kind::Help, None, "/c/roads/", "/x/", 1_000, Some("1w"));
    }

    #[test]
    fn lengths_are_read_as_they_are_written() {
        assert_eq!(Length::parse("2h"), Some(Length { amount: 2, measure: Measure::Hours }));
        for text in ["24h", "7d", "15w"] {
            assert_eq!(Length::parse(text).unwrap().text(), text);
        }
        assert_eq!(Measure::parse(None), Measure::WorkingDays);
    }
}
