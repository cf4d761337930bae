//! The sweep: once a minute the newest orders are read, the rules applied, warnings raised, people told.

use std::collections::{BTreeMap, HashMap};

use contract::cases::CorpusCase;
use kernel::Ctx;
use tokio::sync::Mutex;

use super::gathering::{self, Seen, caller_of, place_of};
use super::rule::{Rule, WINDOW_MAX};
use super::surge::{self, Cell, Past, Season};
use super::{Evidence, Finding, Kind, Severity, words};
use crate::Insight;
use crate::engine::View;
use crate::error::InsightError;
use crate::fact::{ORDERS, Value, local};

/// Orders that are watched at most; the oldest make room.
const SEEN_MAX: usize = 60_000;
/// Orders of one page.
const PAGE: i64 = 2_000;
/// Orders are read again when they are younger than this: a category may come later.
const AGAIN_MS: i64 = 2 * 3_600_000;
/// Older texts are not searched for words: what happened before a start was told before it.
const WORDS_MS: i64 = 24 * 3_600_000;
/// Topics change slowly and cost most.
const TOPICS_MS: i64 = 5 * 60_000;
/// Findings of one sweep that are followed, the gravest first.
const FINDINGS_MAX: usize = 200;
/// Cells of a season.
const CELLS_MAX: usize = 20_000;
/// Orders behind one finding.
const EVIDENCE_MAX: usize = 500;

/// What a sweep remembers until the next.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    seen: BTreeMap<(i64, String), Seen>,
    /// When orders were read last.
    read_at: i64,
    /// When topics were asked for last.
    topics_at: i64,
    /// The season with the hour that it belongs to.
    season: Option<(i64, Season)>,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Unusual things that rules found.
    pub found: usize,
    /// New warnings.
    pub raised: usize,
    /// Open warnings that grew.
    pub grown: usize,
}

impl Insight {
    /// Applies the rules to the newest orders. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the database, the facts or a port fails; what was raised stays.
    pub async fn sweep(&self, ctx: &Ctx) -> Result<Swept, InsightError> {
        let rules: Vec<Rule> = self
            .warning_rules()
            .await?
            .into_iter()
            .filter(|rule| rule.active && rule.check().is_ok())
            .collect();
        let mut watch = self.watch().0.lock().await;
        let now = ctx.now.0;
        let mut findings = self.read(&mut watch, &rules, now).await?;
        for rule in &rules {
            let since = rule.since(now);
            let window = || watch.seen.range((since, String::new())..).map(|(_, seen)| seen);
            let found = match rule.kind {
                Kind::Repeat => gathering::repeated(rule, window()),
                Kind::Group => gathering::grouped(rule, window()),
                Kind::Surge => {
                    let counted = counted(window());
                    let minute = (now + offset_ms(self, now)).div_euclid(60_000).rem_euclid(60);
                    match self.season(&mut watch, now).await? {
                        Some(season) => surge::find(rule, season, &counted, minute),
                        None => Vec::new(),
                    }
                }
                // A clock that was set back must not silence this.
                Kind::Topic if !(0..TOPICS_MS).contains(&(now - watch.topics_at)) => {
                    watch.topics_at = now;
                    let topics = &self.watching().topics;
                    let topics =
                        topics.topics_since(since, usize::try_from(rule.least).unwrap_or(2), ctx.now);
                    gathering::told_by_several(rule, &topics.await.map_err(InsightError::Port)?)
                }
                Kind::Topic | Kind::Words => Vec::new(),
            };
            findings.extend(found.into_iter().map(|finding| (rule.clone(), finding)));
        }
        drop(watch);
        findings.sort_by(|(_, one), (_, other)| {
            other.severity.cmp(&one.severity).then(other.orders.len().cmp(&one.orders.len()))
        });
        findings.truncate(FINDINGS_MAX);
        let mut swept = Swept { found: findings.len(), ..Swept::default() };
        for (rule, mut finding) in findings {
            newest(&mut finding.orders);
            match self.raise(ctx, &rule, &finding).await? {
                Some(true) => swept.raised += 1,
                Some(false) => swept.grown += 1,
                None => {}
            }
        }
        self.tell_of_warnings(ctx).await?;
        Ok(swept)
    }

    /// Reads what is new and what may have changed; returns texts with risk words.
    async fn read(
        &self,
        watch: &mut Remembered,
        rules: &[Rule],
        now: i64,
    ) -> Result<Vec<(Rule, Finding)>, InsightError> {
        let horizon = now - WINDOW_MAX * 60_000;
        let since = if watch.read_at == 0 { horizon } else { watch.read_at.min(now) - AGAIN_MS };
        let tops = tops(&self.watching().corpus.categories());
        let lists: Vec<&Rule> = rules.iter().filter(|rule| rule.kind == Kind::Words).collect();
        let mut findings = Vec::new();
        let mut after = None;
        loop {
            let page = self.watching().corpus.orders(since, after.as_ref(), PAGE).await;
            let page = page.map_err(InsightError::Port)?;
            let full = i64::try_from(page.len()).unwrap_or(0) >= PAGE;
            after = page.last().map(|one| (one.created_at, one.id.0.clone()));
            for order in page {
                let key = (order.created_at, order.id.0.clone());
                if order.status == "voided" || order.r#type == "praise" {
                    watch.seen.remove(&key);
                    continue;
                }
                if order.created_at > now - WORDS_MS {
                    let text = words::plain(&format!("{}\n{}", order.title, order.content));
                    findings.extend(lists.iter().filter_map(|rule| risky(rule, &order, &text)));
                }
                let seen = Seen {
                    at: order.created_at,
                    category: order
                        .category_id
                        .as_ref()
                        .and_then(|id| tops.get(id))
                        .cloned()
                        .unwrap_or_default(),
                    district: order.district.clone().unwrap_or_default(),
                    place: order.address.as_deref().and_then(place_of),
                    caller: order
                        .phone
                        .as_deref()
                        .and_then(|phone| caller_of(phone, |digits| self.projection().citizen(digits))),
                    id: order.id.0,
                };
                watch.seen.insert(key, seen);
                if watch.seen.len() > SEEN_MAX {
                    watch.seen.pop_first();
                }
            }
            if !full {
                break;
            }
        }
        watch.seen = watch.seen.split_off(&(horizon, String::new()));
        watch.read_at = now;
        Ok(findings)
    }

    /// Says what is usual at this hour; nothing while the facts are being built.
    async fn season<'a>(
        &self,
        watch: &'a mut Remembered,
        now: i64,
    ) -> Result<Option<&'a Season>, InsightError> {
        let snapshot = self.lake().snapshot();
        if !snapshot.manifest.rebuild.is_empty() || snapshot.manifest.is_new() {
            return Ok(None);
        }
        let zone = self.lake().zone();
        let (here, before) = (local(zone, now), local(zone, now - 3_600_000));
        let name = here.day * 24 + here.hour;
        if watch.season.as_ref().is_none_or(|(of, _)| *of != name) {
            let from = here.day - surge::DAYS;
            let months = local(zone, now - (surge::DAYS + 1) * 86_400_000).month..=here.month;
            let view = || View { table: &ORDERS, scope: None, months: Some(months.clone()) };
            let known = format!("select min(day) from orders where day >= {from} and day < {}", here.day);
            let known = self.engine().ask(snapshot.clone(), vec![view()], known, 1).await?;
            let first = known.rows.first().and_then(|row| row[0].int()).unwrap_or(here.day);
            let weekday = |day: i64| (day + 3).rem_euclid(7);
            let same = |of: i64| {
                i64::try_from((first..here.day).filter(|day| weekday(*day) == of).count()).unwrap_or(0)
            };
            let (one, other) = (weekday(here.day), weekday(before.day));
            // Of the hour before midnight the last day is yesterday, which is looked back on as well.
            let sql = format!(
                "select c, d, hour, sum(n), sum(n * n), sum(case when (hour = {} and w = {one}) \
                 or (hour = {} and w = {other}) then n else 0 end) from (select coalesce(category_top_id, '') as c, \
                 coalesce(district, '') as d, hour, day, (day + 3) % 7 as w, count(*) as n from orders \
                 where day >= {from} and day < {} and hour in ({}, {}) \
                 group by coalesce(category_top_id, ''), coalesce(district, ''), hour, day) as by_day \
                 group by c, d, hour",
                here.hour, before.hour, here.day, here.hour, before.hour
            );
            let rows = self.engine().ask(snapshot, vec![view()], sql, CELLS_MAX).await?.rows;
            let mut season =
                Season { days: here.day - first, weekdays: [same(one), same(other)], past: HashMap::new() };
            for row in rows {
                let cell: Cell = (row[0].key(), row[1].key());
                let number = |at: usize| row.get(at).and_then(Value::number).unwrap_or(0.0);
                let past = Past { all: number(3), squares: number(4), weekday: number(5) };
                let place = usize::from(row[2].int() != Some(here.hour));
                season.past.entry(cell).or_default()[place] = past;
            }
            watch.season = Some((name, season));
        }
        Ok(watch.season.as_ref().map(|(_, season)| season))
    }
}

/// The category of the first level above each.
fn tops(categories: &[contract::cases::CorpusCategory]) -> HashMap<String, String> {
    let mut tops: HashMap<String, String> = HashMap::new();
    for one in categories {
        let top = match &one.parent_id {
            Some(parent) => tops.get(parent).unwrap_or(parent).clone(),
            None => one.id.clone(),
        };
        tops.insert(one.id.clone(), top);
    }
    tops
}

fn risky(rule: &Rule, order: &CorpusCase, text: &str) -> Option<(Rule, Finding)> {
    let (found, sum) = words::find(&rule.words, text);
    (sum >= rule.least).then(|| {
        let finding = Finding {
            kind: Kind::Words,
            key: format!("words:{}:{}", rule.id, order.id),
            by_orders: false,
            orders: vec![Evidence { id: order.id.0.clone(), at: order.created_at }],
            least: 1,
            callers: 1,
            expected: None,
            chance: None,
            severity: if sum >= 2 * rule.least { Severity::High } else { Severity::Middle },
            category_id: order.category_id.clone(),
            district: order.district.clone(),
            place: order.address.as_deref().and_then(place_of),
            words: found,
        };
        (rule.clone(), finding)
    })
}

fn counted<'a>(window: impl Iterator<Item = &'a Seen>) -> HashMap<Cell, Vec<Evidence>> {
    let mut counted: HashMap<Cell, Vec<Evidence>> = HashMap::new();
    for seen in window {
        let cell = (seen.category.clone(), seen.district.clone());
        counted.entry(cell).or_default().push(Evidence { id: seen.id.clone(), at: seen.at });
    }
    counted
}

/// Keeps the newest orders behind a finding, oldest first.
fn newest(orders: &mut Vec<Evidence>) {
    orders.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    orders.drain(..orders.len().saturating_sub(EVIDENCE_MAX));
}

fn offset_ms(insight: &Insight, at: i64) -> i64 {
    crate::cockpit::offset(insight.lake().zone(), at)
}
