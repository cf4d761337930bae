//! What goes on beside requests: the newest orders are read and followed, the model is learnt and followed.
//!
//! Every process follows for itself: it hears of orders by the same pushes as screens do, and reads what it may
//! have missed.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use contract::cases::{CaseId, CorpusCase};
use kernel::Ctx;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

use crate::error::BotError;
use crate::learning::{Field, Learnt, Lesson, learn};
use crate::place_book::KnownPlace;
use crate::store::setting;
use crate::{ActiveModel, Bot, Inner};

const DAY_MS: i64 = 86_400_000;
/// Orders that are read at a time.
const PAGE: i64 = 1_000;
/// What changes is gathered for so long, and at most so many orders of it, before it is read.
const GATHERING: Duration = Duration::from_millis(250);
const GATHERED_MAX: usize = 200;
/// How often another process's model is looked for.
const FOLLOW_MODEL: Duration = Duration::from_secs(30);
/// How much worse a new model may be and still take over by night.
const WORSE_MAX: f64 = 0.03;
/// Addresses of orders by which places are recognised.
const ADDRESSES_MAX: usize = 50_000;

impl Bot {
    /// Starts reading and following until the bells ring.
    pub fn work(&self, bell: impl Fn() -> Arc<Notify>) {
        tokio::spawn(follow_orders(Arc::downgrade(&self.0), bell()));
        tokio::spawn(follow_models(Arc::downgrade(&self.0), bell()));
        let bot = self.clone();
        tokio::spawn(async move {
            if let Err(error) = bot.resume_chats().await {
                tracing::warn!(error = %kernel::problem::chain(&error), "open conversations could not join the queue again");
            }
        });
    }

    /// Reads the orders of the last days into memory, where they are compared with new ones.
    ///
    /// # Errors
    /// When `cases` cannot answer.
    pub async fn fill(&self) -> Result<(), BotError> {
        let days = self.kit().parameters.i64("bot.event_days", 90).clamp(1, 3_660);
        let since = self.kit().now().0 - days * DAY_MS;
        let mut after = None;
        let mut addresses: VecDeque<KnownPlace> = VecDeque::new();
        loop {
            let page =
                self.ports().corpus.orders(since, after.as_ref(), PAGE).await.map_err(BotError::Port)?;
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id.0.clone()));
            addresses.extend(page.iter().filter_map(place_of));
            while addresses.len() > ADDRESSES_MAX {
                addresses.pop_front();
            }
            let bot = self.clone();
            tokio::task::spawn_blocking(move || bot.put_orders(&page)).await?;
        }
        if !addresses.is_empty() {
            let bot = self.clone();
            tokio::task::spawn_blocking(move || bot.add_places(addresses)).await?;
        }
        self.0.filled.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Takes orders in, a few under one lock, so that nobody who asks meanwhile waits.
    pub fn put_orders(&self, orders: &[CorpusCase]) {
        let lexicon = self.lexicon();
        for few in orders.chunks(8) {
            let mut events = self.0.events.write().expect("no holder of this lock can panic");
            for order in few {
                events.put(order, &lexicon);
            }
        }
    }

    /// Reads orders that were written or have changed, at most [`GATHERED_MAX`].
    ///
    /// # Errors
    /// When `cases` cannot answer.
    pub async fn follow_orders(&self, ids: Vec<CaseId>) -> Result<(), BotError> {
        let orders = self.ports().corpus.orders_of(&ids).await.map_err(BotError::Port)?;
        let bot = self.clone();
        tokio::task::spawn_blocking(move || {
            bot.put_orders(&orders);
            let mut events = bot.0.events.write().expect("no holder of this lock can panic");
            for id in ids.iter().filter(|id| orders.iter().all(|order| order.id != **id)) {
                events.remove(id);
            }
        })
        .await?;
        Ok(())
    }

    /// Reads the model in force if it is another one than before.
    ///
    /// # Errors
    /// When the database fails or the model's file is missing or damaged; the one before stays in force.
    pub async fn follow_model(&self) -> Result<(), BotError> {
        let wanted = setting::get(&self.kit().db, setting::MODEL).await?.0;
        if wanted.as_deref() == self.active_model().as_ref().map(|active| active.id.as_str()) {
            return Ok(());
        }
        match wanted {
            None => self.set_model(None),
            Some(id) => {
                let row = self.model_row(&id).await?.ok_or(BotError::NotFound)?;
                let model = self.read_model(&row).await?;
                self.set_model(Some(ActiveModel { id, model }));
            }
        }
        Ok(())
    }

    /// Learns by night when there is something new to learn from.
    ///
    /// # Errors
    /// Those of [`Bot::learn`] that are failures; too few orders are none.
    pub async fn learn_by_night(&self, ctx: &Ctx) -> Result<bool, BotError> {
        let hour = self.kit().parameters.i64("bot.learn_hour", 2);
        let now = self.local(ctx.now);
        let (models, _) = self.models().await?;
        let newest = models.first().map_or(0, |model| model.created_at);
        let is_night = i64::from(chrono::Timelike::hour(&now)) == hour;
        if !is_night || ctx.now.0 - newest < DAY_MS / 2 {
            return Ok(false);
        }
        match self.learn(ctx, true).await {
            Ok(_) => Ok(true),
            Err(BotError::Learn(reason)) => {
                tracing::info!(%reason, "nothing was learnt");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Learns a model from the newest orders and puts it in force. By night a model that is worse than the one in
    /// force is kept beside it. Returns its id.
    ///
    /// # Errors
    /// [`BotError::Learn`] with too few orders, [`BotError::Refused`] while another one is being learnt.
    pub async fn learn(&self, ctx: &Ctx, careful: bool) -> Result<String, BotError> {
        let Ok(_turn) = self.0.learning.try_lock() else {
            return Err(BotError::Refused {
                code: "assist.learning",
                zh: "正在学习中，请稍候。",
                en: "Something is being learnt already; please wait.",
            });
        };
        let most = self.kit().parameters.i64("bot.learn_orders_max", 20_000).clamp(100, 200_000);
        let most = usize::try_from(most).unwrap_or(20_000);
        let overridden = self.overridden().await?;
        let mut lessons: VecDeque<Lesson> = VecDeque::new();
        let mut after = None;
        loop {
            let page = self.ports().corpus.orders(0, after.as_ref(), PAGE).await.map_err(BotError::Port)?;
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id.0.clone()));
            let (tree, lexicon, overridden) = (self.tree(), self.lexicon(), overridden.clone());
            let places = self.places();
            let more: Vec<Lesson> = tokio::task::spawn_blocking(move || {
                page.iter()
                    .filter(|order| order.status != "voided")
                    .map(|order| {
                        let overridden = overridden.contains(order.id.as_str());
                        Lesson::of(order, &tree, overridden, &lexicon, &places)
                    })
                    .collect()
            })
            .await?;
            lessons.extend(more);
            while lessons.len() > most {
                lessons.pop_front();
            }
        }
        let (tree, lexicon, sure) = (self.tree(), self.lexicon(), self.sure());
        let lessons: Vec<Lesson> = lessons.into();
        let learnt = tokio::task::spawn_blocking(move || learn(&lessons, &tree, &lexicon, sure)).await??;
        let note = if careful && self.is_worse(&learnt).await? { "worse" } else { "" };
        let id = self.keep_model(ctx, &learnt.model, &learnt.scores, learnt.orders, note).await?;
        if note.is_empty() {
            self.set_model(Some(ActiveModel { id: id.clone(), model: learnt.model }));
        }
        Ok(id)
    }

    async fn is_worse(&self, learnt: &Learnt) -> Result<bool, BotError> {
        let Some(active) = self.active_model() else { return Ok(false) };
        let Some(row) = self.model_row(&active.id).await? else { return Ok(false) };
        let of = |scores: &[crate::learning::Score]| {
            scores.iter().find(|score| score.field == Field::Area).map(|score| score.accuracy)
        };
        Ok(of(&row.scores).zip(of(&learnt.scores)).is_some_and(|(before, after)| after < before - WORSE_MAX))
    }
}

/// Returns the place that an order's address names: what stands behind the district and before the numbers.
fn place_of(order: &CorpusCase) -> Option<KnownPlace> {
    let (address, district) = (order.address.as_deref()?, order.district.as_deref()?);
    if order.confidential {
        return None;
    }
    let behind = address.rsplit_once(district).map_or(address, |(_, rest)| rest);
    let behind = behind.rsplit_once(['镇', '乡']).map_or(behind, |(_, rest)| rest);
    let behind = behind.split_once("街道").map_or(behind, |(_, rest)| rest);
    let name: String = behind
        .chars()
        .take_while(|c| lang::normalize::is_han(*c) && !"一二三四五六七八九十号栋幢座".contains(*c))
        .take(16)
        .collect();
    (name.chars().count() >= 3).then(|| KnownPlace {
        name,
        district: Some(district.to_owned()),
        lng: order.lng,
        lat: order.lat,
    })
}

async fn follow_orders(bot: Weak<Inner>, stop: Arc<Notify>) {
    // Listening starts before the orders are read, so that nothing falls between.
    let Some(mut pushes) = bot.upgrade().map(|inner| inner.kit.hub.listen()) else { return };
    let mut is_due = true;
    loop {
        let Some(inner) = bot.upgrade() else { return };
        let here = Bot(inner);
        if std::mem::take(&mut is_due)
            && let Err(error) = here.fill().await
        {
            tracing::warn!(error = %kernel::problem::chain(&error), "the newest orders could not be read");
        }
        drop(here);
        let push = tokio::select! {
            push = pushes.recv() => push,
            () = stop.notified() => return,
        };
        match push {
            Ok(push) => {
                let mut ids: BTreeSet<String> = order_of(&push).into_iter().collect();
                // An order tells several things in a moment, and in a burst come many orders: one reading for all.
                if ids.is_empty() {
                    continue;
                }
                let gathering = async {
                    while ids.len() < GATHERED_MAX {
                        ids.extend(order_of(&pushes.recv().await?));
                    }
                    Ok(())
                };
                is_due =
                    matches!(tokio::time::timeout(GATHERING, gathering).await, Ok(Err(RecvError::Lagged(_))));
                let Some(inner) = bot.upgrade() else { return };
                let ids: Vec<CaseId> = ids.into_iter().map(CaseId).collect();
                if let Err(error) = Bot(inner).follow_orders(ids).await {
                    tracing::warn!(error = %kernel::problem::chain(&error), "orders could not be followed");
                }
            }
            Err(RecvError::Lagged(_)) => is_due = true,
            Err(RecvError::Closed) => return,
        }
    }
}

/// Returns the order that a push is about.
fn order_of(push: &kernel::hub::Push) -> Option<String> {
    if !push.name.starts_with("cases.") {
        return None;
    }
    let data: serde_json::Value = serde_json::from_str(&push.data).ok()?;
    Some(data.get("case_id")?.as_str()?.to_owned())
}

async fn follow_models(bot: Weak<Inner>, stop: Arc<Notify>) {
    loop {
        let Some(here) = bot.upgrade().map(Bot) else { return };
        if let Err(error) = here.follow_model().await {
            tracing::warn!(error = %kernel::problem::chain(&error), "the model in force could not be read");
        }
        if let Err(error) = here.follow_teaching().await {
            tracing::warn!(error = %kernel::problem::chain(&error), "what the robot was taught could not be read");
        }
        drop(here);
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_MODEL) => {}
            () = stop.notified() => return,
        }
    }
}
