//! The newest of many texts, among which others that tell of the same event are found in milliseconds.
//!
//! Of each text only the features are kept that tell most, as numbers; the oldest texts make room for new ones.

use std::collections::VecDeque;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHasher};

use super::{comparable, features};
use crate::lexicon::Lexicon;

/// Features of a text that are kept: those that tell most.
const KEPT: usize = 48;
/// Lists of texts, by the lower bits of a feature.
const LISTS: usize = 1 << 18;
/// Newest texts of a list that are candidates.
const NEWEST: usize = 1_500;
/// Candidates that are compared as a whole.
const CANDIDATES: usize = 80;

/// Names a text; later texts have greater places. A place is never used again.
pub type Place = u64;

/// A text that is like the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    /// The text.
    pub place: Place,
    /// How alike, 0 to 1.
    pub likeness: f32,
}

/// The features of a text that tell most.
#[derive(Debug, Clone, Default)]
pub struct Sketch(Vec<Feature>);

#[derive(Debug, Clone, Copy)]
struct Feature {
    hash: u32,
    /// How often it stands in the text, dampened.
    count: f32,
    is_name: bool,
}

#[derive(Debug)]
struct Entry<T> {
    sketch: Vec<Feature>,
    /// None once it was removed.
    what: Option<T>,
}

/// Texts with something that belongs to each.
#[derive(Debug)]
pub struct Recent<T> {
    entries: VecDeque<Entry<T>>,
    first: Place,
    live: usize,
    limit: usize,
    lists: Vec<Vec<u32>>,
    counts: Vec<u32>,
    texts: u64,
}

impl<T> Recent<T> {
    /// Makes room for `limit` texts.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            live: 0,
            limit: limit.max(1),
            lists: vec![Vec::new(); LISTS],
            counts: vec![0; LISTS],
            texts: 0,
        }
    }

    /// Returns how many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Returns what belongs to a text; none when it was removed or made room.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&T> {
        self.entry(place)?.what.as_ref()
    }

    /// Returns what belongs to a text, to be changed.
    pub fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        let at = usize::try_from(place.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(at)?.what.as_mut()
    }

    /// Goes through all texts, newest first.
    pub fn newest(&self) -> impl Iterator<Item = (Place, &T)> {
        let first = self.first;
        self.entries
            .iter()
            .enumerate()
            .rev()
            .filter_map(move |(at, entry)| Some((first + at as Place, entry.what.as_ref()?)))
    }

    fn entry(&self, place: Place) -> Option<&Entry<T>> {
        self.entries.get(usize::try_from(place.checked_sub(self.first)?).ok()?)
    }

    /// Reads a text.
    #[must_use]
    pub fn sketch(&self, text: &str, lexicon: &Lexicon) -> Sketch {
        let folded = comparable(text);
        let mut all: Vec<(f32, Feature)> = features(&folded, lexicon)
            .into_iter()
            .map(|(feature, (count, is_name))| {
                let mut hasher = FxHasher::default();
                feature.hash(&mut hasher);
                let hash = (hasher.finish() >> 20) as u32;
                let feature = Feature { hash, count: 1.0 + count.ln(), is_name };
                (self.value(&feature) * if is_name { 2.0 } else { 1.0 }, feature)
            })
            .collect();
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.hash.cmp(&b.1.hash)));
        all.truncate(KEPT);
        let mut kept: Vec<Feature> = all.into_iter().map(|(_, feature)| feature).collect();
        kept.sort_unstable_by_key(|feature| feature.hash);
        kept.dedup_by_key(|feature| feature.hash);
        Sketch(kept)
    }

    /// Adds a text; the oldest makes room when there are too many. Returns its place, and what made room.
    pub fn add(&mut self, sketch: Sketch, what: T) -> (Place, Option<T>) {
        let place = self.first + self.entries.len() as Place;
        self.texts += 1;
        for feature in &sketch.0 {
            let list = list_of(feature.hash);
            self.counts[list] = self.counts[list].saturating_add(1);
            let places = &mut self.lists[list];
            // What made room is forgotten in passing.
            if places.len() >= 2 * NEWEST {
                let (first, keep) = (self.first, places.len() - NEWEST);
                places.drain(..keep);
                places.retain(|kept| widen(*kept, place) >= first);
            }
            places.push(place as u32);
        }
        self.entries.push_back(Entry { sketch: sketch.0, what: Some(what) });
        self.live += 1;
        let mut left = None;
        while self.entries.len() > self.limit {
            self.first += 1;
            if let Some(old) = self.entries.pop_front()
                && let Some(what) = old.what
            {
                self.live -= 1;
                left = Some(what);
            }
        }
        (place, left)
    }

    /// Takes a text out.
    pub fn remove(&mut self, place: Place) -> Option<T> {
        let at = usize::try_from(place.checked_sub(self.first)?).ok()?;
        let what = self.entries.get_mut(at)?.what.take();
        self.live -= usize::from(what.is_some());
        what
    }

    /// Returns the texts that are most like `sketch`, most alike first.
    #[must_use]
    pub fn like(&self, sketch: &Sketch, limit: usize) -> Vec<Alike> {
        let next = self.first + self.entries.len() as Place;
        let mut scores: FxHashMap<u32, f32> = FxHashMap::default();
        for feature in &sketch.0 {
            let places = &self.lists[list_of(feature.hash)];
            let weight = self.value(feature) * if feature.is_name { 2.0 } else { 1.0 };
            for &place in places.iter().rev().take(NEWEST) {
                if widen(place, next) < self.first {
                    break;
                }
                *scores.entry(place).or_default() += weight;
            }
        }
        let mut candidates: Vec<(u32, f32)> = scores.into_iter().collect();
        let wanted = CANDIDATES.max(limit);
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0));
        if candidates.len() > wanted {
            candidates.select_nth_unstable_by(wanted, order);
            candidates.truncate(wanted);
        }
        let mut out: Vec<Alike> = candidates
            .into_iter()
            .filter_map(|(place, _)| {
                let place = widen(place, next);
                let entry = self.entry(place).filter(|entry| entry.what.is_some())?;
                Some(Alike { place, likeness: self.likeness(&sketch.0, &entry.sketch) })
            })
            .collect();
        out.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(b.place.cmp(&a.place)));
        out.truncate(limit);
        out
    }

    /// Returns how alike a text and one that is here are; 0 when it is no longer here.
    #[must_use]
    pub fn likeness_to(&self, sketch: &Sketch, place: Place) -> f32 {
        self.entry(place).map_or(0.0, |entry| self.likeness(&sketch.0, &entry.sketch))
    }

    /// Returns the texts that are most like one that is here, without itself.
    #[must_use]
    pub fn like_place(&self, place: Place, limit: usize) -> Vec<Alike> {
        let Some(entry) = self.entry(place) else { return Vec::new() };
        let mut found = self.like(&Sketch(entry.sketch.clone()), limit + 1);
        found.retain(|alike| alike.place != place);
        found.truncate(limit);
        found
    }

    fn value(&self, feature: &Feature) -> f32 {
        let count = self.counts[list_of(feature.hash)] as f32;
        ((1.5 + self.texts as f32) / (0.5 + count)).ln().max(0.05) * feature.count
    }

    fn likeness(&self, one: &[Feature], other: &[Feature]) -> f32 {
        let length = |all: &[Feature]| all.iter().map(|one| self.value(one).powi(2)).sum::<f32>().sqrt();
        let (mut a, mut b, mut dot) = (0, 0, 0.0);
        while a < one.len() && b < other.len() {
            match one[a].hash.cmp(&other[b].hash) {
                std::cmp::Ordering::Less => a += 1,
                std::cmp::Ordering::Greater => b += 1,
                std::cmp::Ordering::Equal => {
                    dot += self.value(&one[a]) * self.value(&other[b]);
                    a += 1;
                    b += 1;
                }
            }
        }
        (dot / (length(one) * length(other)).max(1e-6)).min(1.0)
    }
}

fn list_of(hash: u32) -> usize {
    hash as usize % LISTS
}

/// Returns the whole place of which `low` are the lower bits; it is before `next`.
fn widen(low: u32, next: Place) -> Place {
    let high = next & !u64::from(u32::MAX);
    let place = high | u64::from(low);
    if place >= next { place.saturating_sub(1 << 32) } else { place }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 5] = [
        "听澜雅苑三号楼电梯坏了三天没人修，老人上不去",
        "听澜雅苑3号楼的电梯又坏了，物业一直不来修",
        "柳津大道路灯全部不亮，晚上走路看不见",
        "咨询新生儿医保怎么办理，需要带什么材料",
        "柳津大道工地夜里十二点还在施工，吵得睡不着",
    ];

    fn filled(limit: usize) -> (Recent<usize>, Lexicon) {
        let lexicon = Lexicon::new(["听澜雅苑", "柳津大道"]);
        let mut recent = Recent::new(limit);
        for (at, text) in TEXTS.iter().enumerate() {
            let sketch = recent.sketch(text, &lexicon);
            recent.add(sketch, at);
        }
        (recent, lexicon)
    }

    #[test]
    fn the_same_event_in_other_words_comes_first() {
        let (recent, lexicon) = filled(100);
        let asked = recent.sketch("听澜雅苑3栋电梯停运好几天了，找物业没用", &lexicon);
        let found = recent.like(&asked, 3);
        let first: Vec<usize> =
            found.iter().take(2).filter_map(|alike| recent.get(alike.place).copied()).collect();
        assert!(first.contains(&0) && first.contains(&1), "{found:?}");
    }

    #[test]
    fn old_texts_make_room_and_removed_ones_are_not_found() {
        let (mut recent, lexicon) = filled(3);
        assert_eq!(recent.len(), 3);
        let lamps = recent.sketch(TEXTS[2], &lexicon);
        let found = recent.like(&lamps, 5);
        let place = found.first().expect("it is there").place;
        assert_eq!(recent.get(place), Some(&2));
        assert_eq!(recent.remove(place), Some(2));
        assert!(recent.like(&lamps, 5).iter().all(|alike| alike.place != place));
        let lift = recent.sketch(TEXTS[0], &lexicon);
        assert!(recent.like(&lift, 5).iter().all(|alike| recent.get(alike.place).is_some_and(|at| *at > 1)));
    }

    #[test]
    fn places_outlive_their_lower_bits() {
        assert_eq!(widen(5, (1 << 32) + 9), (1 << 32) + 5);
        assert_eq!(widen(u32::MAX, (1 << 32) + 9), u64::from(u32::MAX));
        assert_eq!(widen(7, 9), 7);
    }
}
