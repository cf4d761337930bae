//! Puts together what an order that is being written could be: every part is asked at once and for a limited time,
//! and what did not answer is named.

use std::sync::Arc;
use std::time::Duration;

use contract::bot::{TopicBrief, TopicCase};
use contract::cases::{CaseId, CorpusDraft};
use contract::identity::UnitId;
use contract::knowledge::{Audience, KnowledgeQuestion, Passage};
use kernel::{Ctx, Lang, Principal, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Bot;
use crate::error::BotError;
use crate::events::{Asked, Match, SameReason, Topic, text_of};
use crate::suggestion::{self, Because, Mention, Origin, Suggestion};

/// How long the knowledge base and the catalogue may take; a page that is typed in waits for neither.
const PATIENCE: Duration = Duration::from_millis(700);
/// Orders that may tell of the same and are shown.
const SAME_SHOWN: usize = 6;
/// Knowledge entries that are shown.
const ENTRIES_SHOWN: usize = 3;
/// How long groups of orders are kept before they are computed again.
const TOPICS_KEPT_MS: i64 = 20_000;
const DAY_MS: i64 = 86_400_000;

/// What is written so far.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The title.
    pub title: String,
    /// What happened.
    pub content: String,
    /// The category, once chosen.
    pub category_id: Option<String>,
    /// The district, once chosen.
    pub district: Option<String>,
    /// The address, once written.
    pub address: Option<String>,
    /// The citizen's number.
    pub phone: Option<String>,
    /// Longitude and latitude.
    pub point: Option<(f64, f64)>,
    /// The order itself, when it exists.
    pub except: Option<CaseId>,
}

/// An order that tells of the same, for somebody who may read it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SameOrder {
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
    /// The address.
    pub address: Option<String>,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// How likely it is the same event, 0 to 1.
    pub score: f64,
    /// Why.
    pub reasons: Vec<SameReason>,
}

impl From<Match> for SameOrder {
    fn from(found: Match) -> Self {
        Self {
            id: found.known.id,
            number: found.known.number,
            title: found.known.title,
            status: found.known.status,
            settled: found.known.settled,
            address: found.known.address,
            created_at: found.known.created_at,
            score: (found.score * 1000.0).round() / 1000.0,
            reasons: found.reasons,
        }
    }
}

/// All that can be said of what is written so far.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = OrderHelp)]
pub struct Help {
    /// Values for fields.
    pub suggestions: Vec<Suggestion>,
    /// Times and sums that the text names.
    pub mentions: Vec<Mention>,
    /// Orders that may tell of the same.
    pub same: Vec<SameOrder>,
    /// Knowledge that may answer it.
    pub entries: Vec<Passage>,
    /// What could not be asked: `model`, `orders`, `knowledge`, `catalogue`.
    pub missing: Vec<String>,
}

/// Groups of orders as they were computed.
pub(crate) struct KeptTopics {
    at: i64,
    days: i64,
    topics: Arc<Vec<Topic>>,
}

impl Bot {
    /// Says what an order with this text could be.
    ///
    /// # Errors
    /// When the database fails; parts that do not answer are only missing.
    pub async fn help(&self, by: &Principal, ctx: &Ctx, written: Written) -> Result<Help, BotError> {
        let bot = self.clone();
        let (now, asked) = (ctx.now, written.clone());
        let mut help = Help::default();
        let (mut suggestions, mentions, found) =
            tokio::task::spawn_blocking(move || bot.read(&asked, now)).await?;
        help.mentions = mentions;
        if self.active_model().is_none() {
            help.missing.push("model".to_owned());
        }
        if !self.is_filled() {
            help.missing.push("orders".to_owned());
        }
        let category = written.category_id.clone().or_else(|| {
            suggestions.iter().find(|one| one.field == "category_id").map(|one| one.value.clone())
        });
        let district = written
            .district
            .clone()
            .or_else(|| suggestions.iter().find(|one| one.field == "district").map(|one| one.value.clone()));
        let (unit, entries, same) = tokio::join!(
            self.unit_for(&written, category, district, ctx.lang),
            self.entries_for(by, &written),
            self.readable_of(by, found),
        );
        match unit {
            Some(unit) => suggestions.extend(unit),
            None => help.missing.push("catalogue".to_owned()),
        }
        match entries {
            Some(entries) => help.entries = entries,
            None => help.missing.push("knowledge".to_owned()),
        }
        help.same = same?;
        help.suggestions = suggestions;
        Ok(help)
    }

    /// What the text says by itself, by what was learnt and beside other orders. Takes milliseconds of a processor.
    fn read(&self, written: &Written, now: Timestamp) -> (Vec<Suggestion>, Vec<Mention>, Vec<Match>) {
        let text: String =
            text_of(&written.title, &written.content).chars().take(suggestion::TEXT_MAX).collect();
        let lexicon = self.lexicon();
        let facts = suggestion::facts(&text, self.local(now), &lexicon);
        let content = if written.content.trim().is_empty() { &written.title } else { &written.content };
        let facts_of_content =
            if *content == text { facts } else { suggestion::facts(content, self.local(now), &lexicon) };
        let (mut suggestions, mentions) = suggestion::from_facts(content, &facts_of_content, &self.places());
        if suggestion_is_worth(&text) {
            let tree = self.tree();
            if let Some(active) = self.active_model() {
                suggestions.extend(suggestion::from_model(
                    &text,
                    &active.model,
                    &tree,
                    &lexicon,
                    self.sure(),
                ));
            }
            if !suggestions.iter().any(|one| one.field == "category_id") {
                suggestions.extend(suggestion::category_by_name(&text, &tree));
            }
        }
        // Words of danger outweigh what was learnt.
        if let Some(urgency) = suggestion::urgency_by_words(&text) {
            suggestions.retain(|one| one.field != "urgency");
            suggestions.push(urgency);
        }
        let value =
            |field: &str| suggestions.iter().find(|one| one.field == field).map(|one| one.value.clone());
        let point =
            suggestions.iter().find(|one| one.field == "address").and_then(|one| one.lng.zip(one.lat));
        let asked = Asked {
            category_id: written.category_id.clone().or_else(|| value("category_id")),
            district: written.district.clone().or_else(|| value("district")),
            address: written
                .address
                .clone()
                .filter(|text| !text.trim().is_empty())
                .or_else(|| value("address")),
            phone: written.phone.clone().or_else(|| value("phone")),
            point: written.point.or(point),
            except: written.except.clone(),
            text,
        };
        let found = self.events().find(&asked, &lexicon, now, SAME_SHOWN * 3);
        (suggestions, mentions, found)
    }

    /// Finds orders that tell of the same; for the edge of citizens, without asking who may read them.
    pub(crate) async fn same(&self, asked: Asked, now: Timestamp) -> Result<Vec<Match>, BotError> {
        let bot = self.clone();
        let work = move || bot.events().find(&asked, &bot.lexicon(), now, 20);
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    async fn readable_of(&self, by: &Principal, found: Vec<Match>) -> Result<Vec<SameOrder>, BotError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<CaseId> = found.iter().map(|found| found.known.id.clone()).collect();
        let readable = self.ports().corpus.readable(by, &ids).await.map_err(BotError::Port)?;
        Ok(found
            .into_iter()
            .filter(|found| readable.contains(&found.known.id))
            .take(SAME_SHOWN)
            .map(Into::into)
            .collect())
    }

    /// Returns the unit that the catalogue proposes, else the one that had most such orders; none when nobody answered.
    async fn unit_for(
        &self,
        written: &Written,
        category: Option<String>,
        district: Option<String>,
        lang: Lang,
    ) -> Option<Vec<Suggestion>> {
        let Some(category_id) = category else { return Some(Vec::new()) };
        let draft = CorpusDraft {
            category_id: Some(category_id.clone()),
            title: written.title.clone(),
            content: written.content.clone(),
            district,
        };
        let asking = tokio::time::timeout(PATIENCE, self.ports().corpus.proposal(&draft, lang));
        let proposed = match asking.await {
            Ok(Ok(proposed)) => proposed,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the catalogue does not answer");
                return None;
            }
            Err(_) => return None,
        };
        if let Some(proposed) = proposed {
            return Some(vec![Suggestion {
                field: "unit_id".to_owned(),
                value: proposed.unit_id.0,
                label: proposed.unit_name,
                confidence: None,
                origin: Origin::Catalogue,
                reasons: vec![Because { text: proposed.reason, weight: 1.0 }],
                lng: None,
                lat: None,
            }]);
        }
        let Some(active) = self.active_model() else { return Some(Vec::new()) };
        let Some((unit, share, all)) = active.model.unit_of(&category_id) else { return Some(Vec::new()) };
        let brief = self.ports().directory.unit(&UnitId(unit.to_owned())).await.ok().flatten();
        let Some(brief) = brief.filter(|brief| brief.active) else { return Some(Vec::new()) };
        let percent = (share * 100.0).round();
        let reason = match lang {
            Lang::Zh => format!("同类工单 {all} 件中 {percent}% 由其办理"),
            Lang::En => format!("handled {percent} % of {all} such orders"),
        };
        Some(vec![Suggestion {
            field: "unit_id".to_owned(),
            value: brief.id.0,
            label: brief.name,
            confidence: Some((share * 1000.0).round() / 1000.0),
            origin: Origin::Model,
            reasons: vec![Because { text: reason, weight: 1.0 }],
            lng: None,
            lat: None,
        }])
    }

    async fn entries_for(&self, by: &Principal, written: &Written) -> Option<Vec<Passage>> {
        let knowledge = self.ports().knowledge.as_ref()?;
        let text = text_of(&written.title, &written.content);
        if !suggestion_is_worth(&text) {
            return Some(Vec::new());
        }
        let question = KnowledgeQuestion {
            text: text.chars().take(200).collect(),
            region: None,
            // What is for staff alone is for those who may read it.
            audience: if by.has("knowledge.read") { Audience::Internal } else { Audience::Public },
            limit: ENTRIES_SHOWN,
        };
        match tokio::time::timeout(PATIENCE, knowledge.passages(&question)).await {
            Ok(Ok(mut passages)) => {
                passages.truncate(ENTRIES_SHOWN);
                for passage in &mut passages {
                    passage.text = passage.text.chars().take(400).collect();
                }
                Some(passages)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the knowledge base does not answer");
                None
            }
            Err(_) => None,
        }
    }

    /// Reads an order as material; none when `by` may not read it.
    pub(crate) async fn written_of(&self, by: &Principal, id: &CaseId) -> Result<Option<Written>, BotError> {
        let corpus = &self.ports().corpus;
        let readable = corpus.readable(by, std::slice::from_ref(id)).await.map_err(BotError::Port)?;
        if readable.is_empty() {
            return Ok(None);
        }
        let order = corpus.order(id).await.map_err(BotError::Port)?;
        Ok(order.map(|order| Written {
            point: order.lng.zip(order.lat),
            title: order.title,
            content: order.content,
            category_id: order.category_id,
            district: order.district,
            address: order.address,
            phone: order.phone,
            except: Some(order.id),
        }))
    }

    /// Returns groups of at least two orders of the last `days` that tell of one event.
    pub(crate) async fn topics(&self, now: Timestamp, days: i64) -> Result<Arc<Vec<Topic>>, BotError> {
        let mut kept = self.0.topics.lock().await;
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| kept.days == days && (kept.at..kept.at + TOPICS_KEPT_MS).contains(&now.0))
        {
            return Ok(kept.topics.clone());
        }
        let bot = self.clone();
        let work = move || bot.events().topics(now.0 - days * DAY_MS, 2, now);
        let topics = Arc::new(tokio::task::spawn_blocking(work).await?);
        *kept = Some(KeptTopics { at: now.0, days, topics: topics.clone() });
        Ok(topics)
    }
}

#[async_trait::async_trait]
impl contract::bot::TopicSource for Bot {
    async fn topics_since(
        &self,
        since: i64,
        least: usize,
        now: Timestamp,
    ) -> Result<Vec<TopicBrief>, kernel::BoxError> {
        let bot = self.clone();
        let work = move || bot.events().topics(since, least, now);
        let topics = tokio::task::spawn_blocking(work).await?;
        let brief = |topic: Topic| TopicBrief {
            callers: topic.callers,
            orders: topic
                .orders
                .into_iter()
                .map(|known| TopicCase {
                    id: known.id,
                    created_at: known.created_at,
                    category_id: known.category_id,
                    district: known.district,
                    address: known.address,
                })
                .collect(),
        };
        Ok(topics.into_iter().map(brief).collect())
    }
}

/// Tells whether a text is long enough to say something of.
fn suggestion_is_worth(text: &str) -> bool {
    text.chars().filter(|c| lang::normalize::is_han(*c) || c.is_alphanumeric()).count() >= 4
}
