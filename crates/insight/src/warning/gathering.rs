//! Orders that gather: one caller again and again, many callers at one place, one event told by several.

use std::collections::{BTreeMap, BTreeSet};

use contract::bot::TopicBrief;
use lang::normalize::fold;

use super::rule::Rule;
use super::{Evidence, Finding, Kind, Severity};

/// What is kept of an order while it is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The order.
    pub id: String,
    /// When it was written.
    pub at: i64,
    /// Its category of the first level; empty when it has none.
    pub category: String,
    /// Its district; empty when it has none.
    pub district: String,
    /// The place, as [`place_of`] names it.
    pub place: Option<String>,
    /// The caller, as a keyed digest.
    pub caller: Option<String>,
}

impl Seen {
    fn evidence(&self) -> Evidence {
        Evidence { id: self.id.clone(), at: self.at }
    }
}

/// Parts of an address that say more than where the neighbourhood is.
const INSIDE: [&str; 8] = ["栋", "幢", "座", "单元", "室", "楼", "层", "户"];

/// Returns the place that an address names: up to its building, spelled one way. Addresses that say little name none.
#[must_use]
pub fn place_of(address: &str) -> Option<String> {
    let plain: Vec<char> = fold(&address.chars().take(200).collect::<String>())
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let mut end = plain.len();
    let mut at = 0;
    while at < plain.len() {
        let digits = plain[at..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let rest: String = plain[at + digits..].iter().take(3).collect();
        let rest = rest.strip_prefix('号').filter(|rest| rest.starts_with('楼')).unwrap_or(&rest);
        if INSIDE.iter().any(|inside| rest.starts_with(inside)) {
            end = at;
            break;
        }
        at += digits;
    }
    (end >= 4).then(|| plain[..end].iter().collect())
}

fn digits_of(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let plain = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
    (plain.len() >= 5 && !phone.contains('*')).then(|| plain.to_owned())
}

/// Returns a caller by the number, made one by `key`; masked and short numbers are nobody's.
#[must_use]
pub fn caller_of(phone: &str, key: impl Fn(&str) -> String) -> Option<String> {
    digits_of(phone).map(|digits| key(&digits))
}

fn least(rule: &Rule) -> usize {
    usize::try_from(rule.least).unwrap_or(usize::MAX)
}

fn finding(rule: &Rule, key: String, orders: Vec<Evidence>, callers: i64, severity: Severity) -> Finding {
    Finding {
        kind: rule.kind,
        key,
        by_orders: rule.kind == Kind::Topic,
        orders,
        least: least(rule),
        callers,
        expected: None,
        chance: None,
        severity,
        category_id: None,
        district: None,
        place: None,
        words: Vec::new(),
    }
}

fn count(orders: usize) -> i64 {
    i64::try_from(orders).unwrap_or(i64::MAX)
}

/// Finds callers with at least the rule's number of orders among `seen`.
#[must_use]
pub fn repeated<'a>(rule: &Rule, seen: impl Iterator<Item = &'a Seen>) -> Vec<Finding> {
    let mut by_caller: BTreeMap<&str, Vec<Evidence>> = BTreeMap::new();
    for one in seen {
        if let Some(caller) = &one.caller {
            by_caller.entry(caller).or_default().push(one.evidence());
        }
    }
    by_caller
        .into_iter()
        .filter(|(_, orders)| orders.len() >= least(rule))
        .map(|(caller, orders)| {
            let severity = Severity::by_multiple(count(orders.len()), rule.least);
            finding(rule, format!("repeat:{caller}"), orders, 1, severity)
        })
        .collect()
}

/// The different callers of a group, and their orders.
type Group<'a> = (BTreeSet<&'a str>, Vec<Evidence>);

/// Finds places at which at least the rule's number of different callers have a matter of one category.
#[must_use]
pub fn grouped<'a>(rule: &Rule, seen: impl Iterator<Item = &'a Seen>) -> Vec<Finding> {
    let mut by_place: BTreeMap<(&str, &str, &str), Group<'_>> = BTreeMap::new();
    for one in seen {
        if let (Some(place), Some(caller)) = (&one.place, &one.caller) {
            let group = by_place.entry((&one.district, place, &one.category)).or_default();
            group.0.insert(caller);
            group.1.push(one.evidence());
        }
    }
    by_place
        .into_iter()
        .filter(|(_, (callers, _))| callers.len() >= least(rule))
        .map(|((district, place, category), (callers, orders))| {
            let severity = Severity::by_multiple(count(callers.len()), rule.least);
            let key = format!("group:{district}:{place}:{category}");
            Finding {
                category_id: Some(category.to_owned()).filter(|id| !id.is_empty()),
                district: Some(district.to_owned()).filter(|name| !name.is_empty()),
                place: Some(place.to_owned()),
                ..finding(rule, key, orders, count(callers.len()), severity)
            }
        })
        .collect()
}

/// Turns topics that several callers told of into findings.
#[must_use]
pub fn told_by_several(rule: &Rule, topics: &[TopicBrief]) -> Vec<Finding> {
    topics
        .iter()
        .filter(|topic| topic.callers >= 2 && topic.orders.len() >= least(rule))
        .filter_map(|topic| {
            let first = topic.orders.iter().min_by_key(|one| (one.created_at, one.id.as_str()))?;
            let newest = topic.orders.first()?;
            let orders = topic
                .orders
                .iter()
                .map(|one| Evidence { id: one.id.0.clone(), at: one.created_at })
                .collect();
            let severity = Severity::by_multiple(count(topic.orders.len()), rule.least);
            Some(Finding {
                category_id: newest.category_id.clone(),
                district: newest.district.clone(),
                place: newest.address.as_deref().and_then(place_of),
                ..finding(rule, format!("topic:{}", first.id), orders, count(topic.callers), severity)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Seen, caller_of, grouped, place_of, repeated, told_by_several};
    use crate::warning::rule::Rule;
    use crate::warning::{Kind, Severity};
    use contract::bot::{TopicBrief, TopicCase};

    fn rule(kind: Kind, least: i64) -> Rule {
        Rule {
            id: kind.code().to_owned(),
            kind,
            name: "规则".to_owned(),
            active: true,
            window_minutes: 1_440,
            least,
            one_in: 0,
            words: Vec::new(),
            unit_id: None,
            version: 1,
        }
    }

    fn seen(id: &str, caller: Option<&str>, address: &str, category: &str) -> Seen {
        Seen {
            id: id.to_owned(),
            at: 5,
            category: category.to_owned(),
            district: "澜溪区".to_owned(),
            place: place_of(address),
            caller: caller.map(str::to_owned),
        }
    }

    #[test]
    fn an_address_names_its_neighbourhood_however_it_is_spelled() {
        let place = place_of("澜溪区 听澜雅苑３栋２单元").unwrap();
        assert_eq!(place, "澜溪区听澜雅苑");
        assert_eq!(place_of("澜溪区听澜雅苑12号楼1201室").as_deref(), Some("澜溪区听澜雅苑"));
        assert_eq!(place_of("听澜路88号").as_deref(), Some("听澜路88号"));
        assert_eq!(place_of("3栋"), None);
        assert_eq!(place_of(""), None);
        assert_eq!(place_of("不详"), None);
    }

    #[test]
    fn a_number_is_a_caller_however_it_is_written_and_a_masked_one_is_nobody() {
        let key = |digits: &str| digits.to_owned();
        assert_eq!(caller_of("+86 138-0000-1111", key), caller_of("13800001111", key));
        assert_eq!(caller_of("138****1111", key), None);
        assert_eq!(caller_of("110", key), None);
    }

    #[test]
    fn one_caller_again_and_again_is_found_and_the_unknown_are_not_one() {
        let orders: Vec<Seen> = (0..6)
            .map(|n| seen(&format!("a{n}"), Some("zhang"), "", ""))
            .chain((0..9).map(|n| seen(&format!("b{n}"), None, "", "")))
            .chain((0..4).map(|n| seen(&format!("c{n}"), Some("li"), "", "")))
            .collect();
        let found = repeated(&rule(Kind::Repeat, 5), orders.iter());
        assert_eq!((found.len(), found[0].orders.len(), found[0].key.as_str()), (1, 6, "repeat:zhang"));
    }

    #[test]
    fn many_callers_at_one_place_are_a_group_and_one_caller_is_none() {
        let at = |n: usize, caller: &str, category: &str| {
            seen(&format!("{caller}{n}"), Some(caller), &format!("听澜雅苑{n}栋"), category)
        };
        let mut orders: Vec<Seen> = (0..9).map(|n| at(n, "zhang", "noise")).collect();
        assert!(grouped(&rule(Kind::Group, 3), orders.iter()).is_empty());
        orders.push(at(1, "li", "noise"));
        orders.push(at(2, "wang", "water"));
        assert!(grouped(&rule(Kind::Group, 3), orders.iter()).is_empty());
        orders.push(at(3, "wang", "noise"));
        let found = grouped(&rule(Kind::Group, 3), orders.iter());
        assert_eq!((found[0].callers, found[0].place.as_deref()), (3, Some("听澜雅苑")));
    }

    #[test]
    fn a_topic_needs_orders_and_callers() {
        let topic = |orders: usize, callers: usize| TopicBrief {
            orders: (0..orders)
                .map(|n| TopicCase {
                    id: format!("c{n}").into(),
                    created_at: 100 - i64::try_from(n).unwrap(),
                    category_id: None,
                    district: None,
                    address: None,
                })
                .collect(),
            callers,
        };
        let found =
            told_by_several(&rule(Kind::Topic, 4), &[topic(12, 9), topic(4, 2), topic(3, 3), topic(8, 1)]);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].severity, found[0].key.as_str()), (Severity::High, "topic:c11"));
        assert!(found[0].by_orders);
    }
}
