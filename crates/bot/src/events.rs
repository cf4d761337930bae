//! Orders that tell of the same event: by text, place, time and caller, each with its reasons.

use std::collections::HashMap;

use contract::cases::{CaseId, CorpusCase};
use kernel::Timestamp;
use lang::duplicates::recent::{Place, Recent, Sketch};
use lang::lexicon::Lexicon;
use serde::Serialize;
use utoipa::ToSchema;

use crate::place_book::metres;

/// Likeness of texts from which they count for something.
const TEXT_MIN: f32 = 0.14;
/// Score from which two orders are taken to tell of the same event.
pub const SAME: f64 = 0.5;
/// Orders of one caller that are compared.
const OF_CALLER_MAX: usize = 20;
/// Metres within which something is at the same place.
const SAME_PLACE_M: f64 = 150.0;
/// Metres within which something is near.
const NEAR_M: f64 = 600.0;
const DAY_MS: f64 = 86_400_000.0;
/// Longest text that is compared.
const TEXT_MAX: usize = 600;
/// Newest orders that are looked at for topics.
const TOPIC_ORDERS_MAX: usize = 4_000;

/// What is kept of an order.
#[derive(Clone, Debug)]
pub struct Known {
    /// The order.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its status, as a code.
    pub status: String,
    /// Whether it is settled or was ended.
    pub settled: bool,
    /// Its category.
    pub category_id: Option<String>,
    /// Its district.
    pub district: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Where it is.
    pub point: Option<(f64, f64)>,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// Whether the citizen's identity is kept.
    pub confidential: bool,
    /// The order that it was merged into.
    pub main_id: Option<CaseId>,
    caller: Option<u64>,
}

/// Why two orders are taken for the same, as a code with its measure.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SameReason {
    /// `caller`, `text`, `place`, `near`, `address`, `category`, `recent`.
    pub code: String,
    /// Likeness in per cent, metres, or days, by the code.
    pub value: Option<i64>,
}

/// An order that tells of the same.
#[derive(Clone, Debug)]
pub struct Match {
    /// The order.
    pub known: Known,
    /// How likely it is the same event, 0 to 1.
    pub score: f64,
    /// Why.
    pub reasons: Vec<SameReason>,
}

/// An order that is being written, or another one that is compared.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Title and content.
    pub text: String,
    /// The citizen's number.
    pub phone: Option<String>,
    /// Its category.
    pub category_id: Option<String>,
    /// Its district.
    pub district: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Where it is.
    pub point: Option<(f64, f64)>,
    /// An order that is not looked for: the one that is compared.
    pub except: Option<CaseId>,
}

/// A group of orders that tell of one event.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The orders, newest first.
    pub orders: Vec<Known>,
    /// How many different callers told of it.
    pub callers: usize,
    /// How many came in the last day.
    pub last_day: usize,
    /// How many are neither settled nor ended.
    pub open: usize,
}

/// The newest orders in memory.
#[derive(Debug)]
pub struct EventIndex {
    recent: Recent<Known>,
    by_id: HashMap<String, Place>,
    by_caller: HashMap<u64, Vec<Place>>,
    secret: u64,
}

impl EventIndex {
    /// Makes room for `limit` orders. `secret` keeps numbers from being read out of memory dumps.
    #[must_use]
    pub fn new(limit: usize, secret: u64) -> Self {
        Self { recent: Recent::new(limit), by_id: HashMap::new(), by_caller: HashMap::new(), secret }
    }

    /// Returns how many orders are here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty()
    }

    /// Takes an order in, or what has become of it.
    pub fn put(&mut self, order: &CorpusCase, lexicon: &Lexicon) {
        self.remove(&order.id);
        let caller = order.phone.as_deref().and_then(|phone| self.caller(phone));
        let known = Known {
            id: order.id.clone(),
            number: order.number.clone(),
            title: order.title.clone(),
            status: order.status.clone(),
            settled: order.settled,
            category_id: order.category_id.clone(),
            district: order.district.clone(),
            address: order.address.clone(),
            point: order.lng.zip(order.lat),
            created_at: order.created_at,
            confidential: order.confidential,
            main_id: order.main_id.clone(),
            caller,
        };
        let sketch = self.recent.sketch(&text_of(&order.title, &order.content), lexicon);
        let (place, left) = self.recent.add(sketch, known);
        self.by_id.insert(order.id.0.clone(), place);
        if let Some(caller) = caller {
            self.by_caller.entry(caller).or_default().push(place);
        }
        if let Some(left) = left {
            self.forget(&left);
        }
    }

    /// Takes an order out.
    pub fn remove(&mut self, id: &CaseId) {
        if let Some(place) = self.by_id.get(&id.0).copied()
            && let Some(known) = self.recent.remove(place)
        {
            self.forget(&known);
        }
    }

    fn forget(&mut self, known: &Known) {
        let Some(place) = self.by_id.remove(&known.id.0) else { return };
        if let Some(caller) = known.caller
            && let Some(places) = self.by_caller.get_mut(&caller)
        {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.by_caller.remove(&caller);
            }
        }
    }

    /// Returns what is kept of an order.
    #[must_use]
    pub fn known(&self, id: &CaseId) -> Option<&Known> {
        self.recent.get(*self.by_id.get(&id.0)?)
    }

    fn caller(&self, phone: &str) -> Option<u64> {
        use std::hash::Hasher as _;
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let plain = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
        if plain.len() < 5 || phone.contains('*') {
            return None;
        }
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write_u64(self.secret);
        hasher.write(plain.as_bytes());
        Some(hasher.finish())
    }

    /// Finds orders that tell of the same, likeliest first.
    #[must_use]
    pub fn find(&self, asked: &Asked, lexicon: &Lexicon, now: Timestamp, limit: usize) -> Vec<Match> {
        let caller = asked.phone.as_deref().and_then(|phone| self.caller(phone));
        let sketch = if asked.text.chars().filter(|c| c.is_alphanumeric()).count() >= 6 {
            self.recent.sketch(&asked.text, lexicon)
        } else {
            Sketch::default()
        };
        let mut places: Vec<(Place, f32)> = self
            .recent
            .like(&sketch, 40)
            .into_iter()
            .filter(|alike| alike.likeness >= TEXT_MIN)
            .map(|alike| (alike.place, alike.likeness))
            .collect();
        let mine = caller.and_then(|caller| self.by_caller.get(&caller));
        for &place in mine.into_iter().flatten().rev().take(OF_CALLER_MAX) {
            if !places.iter().any(|(known, _)| *known == place) {
                places.push((place, self.recent.likeness_to(&sketch, place)));
            }
        }
        let mut found: Vec<Match> = places
            .into_iter()
            .filter_map(|(place, likeness)| {
                let known = self.recent.get(place)?;
                if asked.except.as_ref() == Some(&known.id) {
                    return None;
                }
                let (score, reasons) = compare(asked, caller, known, likeness, now);
                (score >= SAME).then(|| Match { known: known.clone(), score, reasons })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.known.created_at.cmp(&a.known.created_at)));
        found.truncate(limit);
        found
    }

    /// Groups orders written since `since` by event; groups of at least `least` orders, the largest first.
    #[must_use]
    pub fn topics(&self, since: i64, least: usize, now: Timestamp) -> Vec<Topic> {
        let places: Vec<Place> = self
            .recent
            .newest()
            .filter(|(_, known)| known.created_at >= since)
            .take(TOPIC_ORDERS_MAX)
            .map(|(place, _)| place)
            .collect();
        let at: HashMap<Place, usize> = places.iter().enumerate().map(|(at, place)| (*place, at)).collect();
        let mut parent: Vec<usize> = (0..places.len()).collect();
        let mut size = vec![1_usize; places.len()];
        let mut links: Vec<(f64, usize, usize)> = Vec::new();
        for (one, place) in places.iter().enumerate() {
            let Some(known) = self.recent.get(*place) else { continue };
            let asked = Asked {
                category_id: known.category_id.clone(),
                district: known.district.clone(),
                address: known.address.clone(),
                point: known.point,
                ..Asked::default()
            };
            for alike in self.recent.like_place(*place, 12) {
                let (Some(&other), Some(second)) = (at.get(&alike.place), self.recent.get(alike.place))
                else {
                    continue;
                };
                if other > one && alike.likeness >= TEXT_MIN {
                    let (score, _) = compare(&asked, None, second, alike.likeness, now);
                    if score >= SAME {
                        links.push((score, one, other));
                    }
                }
            }
        }
        links.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, one, other) in links {
            let (a, b) = (root(&mut parent, one), root(&mut parent, other));
            if a != b {
                let (small, large) = if size[a] < size[b] { (a, b) } else { (b, a) };
                parent[small] = large;
                size[large] += size[small];
            }
        }
        let mut groups: HashMap<usize, Vec<&Known>> = HashMap::new();
        for (one, place) in places.iter().enumerate() {
            if let Some(known) = self.recent.get(*place) {
                groups.entry(root(&mut parent, one)).or_default().push(known);
            }
        }
        let mut topics: Vec<Topic> = groups
            .into_values()
            .filter(|group| group.len() >= least)
            .map(|mut group| {
                group.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
                let mut callers: Vec<u64> = group.iter().filter_map(|known| known.caller).collect();
                let unknown = group.len() - callers.len();
                callers.sort_unstable();
                callers.dedup();
                Topic {
                    callers: callers.len() + unknown,
                    last_day: group
                        .iter()
                        .filter(|known| (now.0 - known.created_at) as f64 <= DAY_MS)
                        .count(),
                    open: group.iter().filter(|known| !known.settled).count(),
                    orders: group.into_iter().cloned().collect(),
                }
            })
            .collect();
        topics.sort_by(|a, b| {
            b.orders
                .len()
                .cmp(&a.orders.len())
                .then_with(|| b.orders[0].created_at.cmp(&a.orders[0].created_at))
                .then_with(|| a.orders[0].id.cmp(&b.orders[0].id))
        });
        topics
    }
}

/// Returns the text of an order by which it is compared.
#[must_use]
pub fn text_of(title: &str, content: &str) -> String {
    let content: String = content.chars().take(TEXT_MAX).collect();
    if content.starts_with(title) { content } else { format!("{title}\n{content}") }
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// Says how likely two orders tell of the same event, and why.
fn compare(
    asked: &Asked,
    caller: Option<u64>,
    known: &Known,
    likeness: f32,
    now: Timestamp,
) -> (f64, Vec<SameReason>) {
    let reason = |code: &str, value: Option<i64>| SameReason { code: code.to_owned(), value };
    let mut reasons = Vec::new();
    // Texts alone are decisive only when they are very much alike: many report the same matter elsewhere.
    let text = f64::from(likeness);
    let mut sum = -3.2 + 8.0 * text;
    let is_same_caller = caller.is_some() && caller == known.caller;
    if is_same_caller {
        sum += 1.5;
        reasons.push(reason("caller", None));
    }
    if likeness >= TEXT_MIN {
        reasons.push(reason("text", Some((text * 100.0).round() as i64)));
    }
    let same_address = |a: &str, b: &str| {
        let (a, b) = (a.trim(), b.trim());
        let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
        short.chars().count() >= 5 && long.contains(short)
    };
    let apart = asked.point.zip(known.point).map(|(a, b)| metres(a, b));
    let at_address = asked.address.as_deref().zip(known.address.as_deref());
    if let Some(distance) = apart.filter(|distance| *distance <= SAME_PLACE_M) {
        sum += 1.8;
        reasons.push(reason("place", Some(distance.round() as i64)));
    } else if at_address.is_some_and(|(a, b)| same_address(a, b)) {
        sum += 1.6;
        reasons.push(reason("address", None));
    } else if let Some(distance) = apart.filter(|distance| *distance <= NEAR_M) {
        sum += 0.7;
        reasons.push(reason("near", Some(distance.round() as i64)));
    } else if apart.is_some_and(|distance| distance > 3_000.0)
        || asked.district.as_deref().zip(known.district.as_deref()).is_some_and(|(a, b)| a != b)
    {
        sum -= 2.0;
    }
    if asked.category_id.is_some() && asked.category_id == known.category_id {
        sum += 0.6;
        reasons.push(reason("category", None));
    }
    let days = (now.0 - known.created_at).max(0) as f64 / DAY_MS;
    sum -= (days / 30.0).min(2.0);
    if days <= 3.0 {
        sum += 0.3;
    }
    reasons.push(reason("recent", Some(days.floor() as i64)));
    (1.0 / (1.0 + (-sum).exp()), reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_772_413_200_000);

    fn order(id: &str, content: &str, address: &str, phone: &str, days_ago: i64) -> CorpusCase {
        CorpusCase {
            id: id.into(),
            number: format!("YZ{id}"),
            title: content.chars().take(10).collect(),
            content: content.to_owned(),
            r#type: "complaint".to_owned(),
            category_id: None,
            urgency: "normal".to_owned(),
            status: "in_progress".to_owned(),
            settled: false,
            unit_id: None,
            district: Some("澜溪区".to_owned()),
            address: Some(address.to_owned()),
            lng: None,
            lat: None,
            phone: Some(phone.to_owned()),
            confidential: false,
            created_by: None,
            created_at: NOW.0 - days_ago * 86_400_000,
            main_id: None,
        }
    }

    fn index() -> (EventIndex, Lexicon) {
        let lexicon = Lexicon::new([]);
        let mut index = EventIndex::new(1_000, 7);
        for order in [
            order("1", "听澜雅苑3号楼电梯坏了三天没人修，老人上不去", "听澜雅苑3号楼", "19900000001", 1),
            order("2", "听澜雅苑3号楼的电梯又坏了，物业一直不来修", "听澜雅苑3号楼", "19900000002", 0),
            order("3", "水岸花城2栋电梯坏了三天没人修，老人上不去", "水岸花城2栋", "19900000003", 1),
            order("4", "咨询新生儿医保怎么办理，需要带什么材料", "", "19900000001", 2),
            order("5", "听澜雅苑三号楼电梯故障停运，请尽快维修电梯", "听澜雅苑3号楼", "19900000005", 0),
        ] {
            index.put(&order, &lexicon);
        }
        (index, lexicon)
    }

    fn asked(text: &str, address: &str, phone: &str) -> Asked {
        Asked {
            text: text.to_owned(),
            address: Some(address.to_owned()),
            phone: Some(phone.to_owned()),
            ..Asked::default()
        }
    }

    #[test]
    fn the_same_event_is_found_with_its_reasons() {
        let (index, lexicon) = index();
        let found = index.find(
            &asked("听澜雅苑3号楼电梯坏了好几天，没有人来修", "听澜雅苑3号楼", "19900000009"),
            &lexicon,
            NOW,
            5,
        );
        let ids: Vec<&str> = found.iter().map(|found| found.known.id.as_str()).collect();
        assert!(ids.contains(&"1") && ids.contains(&"2"), "{ids:?}");
        assert!(!ids.contains(&"4"), "another matter: {ids:?}");
        let codes: Vec<&str> = found[0].reasons.iter().map(|reason| reason.code.as_str()).collect();
        assert!(codes.contains(&"text") && codes.contains(&"address"), "{codes:?}");
        assert!(found.iter().all(|found| (0.0..=1.0).contains(&found.score)));
    }

    #[test]
    fn the_same_caller_counts_but_another_matter_is_another_order() {
        let (index, lexicon) = index();
        let found = index.find(
            &asked("听澜雅苑3号楼电梯坏了，老人上不去，还是没人修", "听澜雅苑3号楼", "+8619900000001"),
            &lexicon,
            NOW,
            5,
        );
        assert_eq!(found[0].known.id.as_str(), "1");
        assert!(found[0].reasons.iter().any(|reason| reason.code == "caller"), "{:?}", found[0]);
        let other = index.find(&asked("想问一下公交卡在哪里充值", "", "19900000001"), &lexicon, NOW, 5);
        assert!(other.is_empty(), "{other:?}");
    }

    #[test]
    fn what_is_removed_or_settled_is_told_as_it_is() {
        let (mut index, lexicon) = index();
        let mut first =
            order("1", "听澜雅苑3号楼电梯坏了三天没人修，老人上不去", "听澜雅苑3号楼", "19900000001", 1);
        first.settled = true;
        index.put(&first, &lexicon);
        assert_eq!(index.len(), 5);
        assert!(index.known(&"1".into()).is_some_and(|known| known.settled));
        index.remove(&"1".into());
        let found =
            index.find(&asked("听澜雅苑3号楼电梯坏了三天没人修", "", "19900000001"), &lexicon, NOW, 5);
        assert!(found.iter().all(|found| found.known.id.as_str() != "1"));
    }

    #[test]
    fn many_callers_on_one_event_are_a_topic() {
        let (index, _) = index();
        let topics = index.topics(NOW.0 - 7 * 86_400_000, 3, NOW);
        assert_eq!(topics.len(), 1, "{topics:?}");
        let ids: Vec<&str> = topics[0].orders.iter().map(|known| known.id.as_str()).collect();
        for id in ["1", "2", "5"] {
            assert!(ids.contains(&id), "{ids:?}");
        }
        assert!(topics[0].callers >= 3);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_answered(text in "\\PC{0,200}", phone in "[0-9+*-]{0,20}") {
            static CITY: std::sync::LazyLock<(EventIndex, Lexicon)> = std::sync::LazyLock::new(index);
            let (index, lexicon) = &*CITY;
            let found = index.find(&asked(&text, &text, &phone), lexicon, NOW, 5);
            proptest::prop_assert!(found.len() <= 5);
        }
    }
}
