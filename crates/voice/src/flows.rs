//! The call flows in force, and what they may ask of the world.

pub mod asking;
mod listening;
pub mod trial;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use chrono::DateTime;
use kernel::calendar::WorkCalendar;
use kernel::http::{RateLimit, RateLimiter};
use kernel::parameters::ParameterSpec;
use kernel::{Ctx, DbError, Kit};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::callflow::defaults::{self, DIRECT};
use crate::callflow::facts::QueueFacts;
use crate::callflow::hours::Hours;
use crate::callflow::model::{Flow, MAIN, MAIN_HOURS};
use crate::callflow::{Facts, Item, Known, Language, Program, check};
use crate::config::VoiceConfig;
use crate::core::Ports;
use crate::desk::Desk;
use crate::media::{Clip, Tone};
use crate::speech::{PromptBook, Recogniser, Voices, library};
use crate::store;

/// The number of those on duty when the house is closed.
const DUTY_NUMBER: &str = "voice.duty_number";
/// Largest file of a prompt.
const SOUND_MAX: u64 = 8_000 * 600;

/// What is in force, read from the database.
#[derive(Default)]
struct Book {
    flows: BTreeMap<String, (i64, Arc<Flow>)>,
    numbers: HashMap<String, Answering>,
    hours: BTreeMap<String, Hours>,
    access: HashMap<String, (String, String)>,
}

/// How a dialled number is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answering {
    /// The flow.
    pub flow: String,
    /// The hotline that the number belongs to.
    pub hotline: String,
    /// The first language.
    pub language: Language,
}

/// What a flow decides with, as the host found it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The caller's number.
    pub number: String,
    /// The dialled number.
    pub called: String,
    /// The hotline.
    pub hotline: String,
    /// Tags of their file.
    pub tags: Vec<String>,
}

/// Flows, prompts and voices of this process.
pub struct Flows {
    kit: Kit,
    config: VoiceConfig,
    ports: Ports,
    book: RwLock<Book>,
    stamp: AtomicI64,
    /// Prompts.
    pub prompts: PromptBook,
    /// Voices.
    pub voices: Voices,
    recogniser: Recogniser,
    client: reqwest::Client,
    queries: RateLimiter,
    passwords: RateLimiter,
    recording_dir: PathBuf,
}

impl Flows {
    /// Looks for voices and declares parameters; flows are read by [`Flows::load`].
    #[must_use]
    pub fn new(kit: &Kit, config: &VoiceConfig, ports: Ports, recording_dir: PathBuf) -> Self {
        kit.parameters.declare(vec![crate::emergency::parameter()]);
        kit.parameters.declare(vec![ParameterSpec {
            key: contract::voice::EMBED_ORIGINS,
            default: json!(""),
            zh: "可嵌入软电话页面的外部系统地址（如 https://crm.example.gov.cn，多个用逗号分隔；空为不允许）",
            en: "Systems whose pages may embed the telephone (https://crm.example.gov.cn, by commas; empty for none)",
        }]);
        kit.parameters.declare(vec![ParameterSpec {
            key: DUTY_NUMBER,
            default: json!(""),
            zh: "非工作时间和紧急事项转接的值班电话；空为不转",
            en: "Telephone of those on duty, for urgent matters when the house is closed; empty for none",
        }]);
        Self {
            kit: kit.clone(),
            config: config.clone(),
            ports,
            book: RwLock::new(Book::default()),
            stamp: AtomicI64::new(-1),
            prompts: PromptBook::default(),
            recogniser: Recogniser::new(config.recognition.clone()),
            voices: Voices::start(config.speech.clone(), kit.config.data_dir.join("speech")),
            client: reqwest::Client::new(),
            queries: RateLimiter::new(RateLimit { burst: 12, per_minute: 6 }),
            passwords: RateLimiter::new(RateLimit { burst: 5, per_minute: 2 }),
            recording_dir,
        }
    }

    /// Writes the shipped flows into a new house, and reads what is in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self) -> Result<(), DbError> {
        store::callflow::seed(&self.kit.db, &Ctx::system("voice", self.kit.now())).await?;
        self.reload().await
    }

    /// Reads what is in force anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload(&self) -> Result<(), DbError> {
        let db = &self.kit.db;
        let stamp = store::callflow::stamp(db).await?;
        let mut book = Book::default();
        for (id, no, graph) in store::callflow::in_force(db).await? {
            match serde_json::from_str(&graph) {
                Ok(flow) => drop(book.flows.insert(id, (no, Arc::new(flow)))),
                Err(error) => tracing::error!(flow = id, %error, "a published flow can't be read"),
            }
        }
        for row in store::flow_tables::numbers(db).await? {
            let language = Language::parse(&row.language).unwrap_or_default();
            book.numbers.insert(row.number, Answering { flow: row.flow_id, hotline: row.hotline, language });
        }
        book.hours.insert(MAIN_HOURS.to_owned(), Hours::always());
        for row in store::flow_tables::hours(db).await? {
            match serde_json::from_str(&row.spec) {
                Ok(hours) => drop(book.hours.insert(row.id, hours)),
                Err(error) => tracing::error!(hours = row.id, %error, "working times can't be read"),
            }
        }
        for row in store::flow_tables::access_codes(db).await? {
            book.access.insert(row.id, (row.salt, row.hash));
        }
        let mut sounds = HashMap::new();
        for row in store::prompts::sounds(db, None).await? {
            let Some(language) = Language::parse(&row.language) else { continue };
            match self.sound_file(&row.file).await {
                Ok(sound) => drop(sounds.insert((row.prompt_id, language), sound)),
                Err(error) => {
                    tracing::error!(prompt = row.prompt_id, %error, "a prompt's sound can't be read")
                }
            }
        }
        self.prompts.replace(sounds);
        *self.book.write().unwrap_or_else(std::sync::PoisonError::into_inner) = book;
        self.stamp.store(stamp, Ordering::Relaxed);
        Ok(())
    }

    /// Reads what is in force anew when something was changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow(&self) -> Result<(), DbError> {
        if store::callflow::stamp(&self.kit.db).await? == self.stamp.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.reload().await
    }

    /// Reads a file of A-law.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn sound_file(&self, name: &str) -> std::io::Result<Bytes> {
        let mut sound = Vec::new();
        self.kit.blobs.open(name).await?.take(SOUND_MAX).read_to_end(&mut sound).await?;
        Ok(sound.into())
    }

    fn book(&self) -> std::sync::RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Tells how a dialled number is answered.
    #[must_use]
    pub fn answering(&self, called: &str) -> Answering {
        let book = self.book();
        // Carriers put a country or area code before the number.
        let known = book.numbers.get(called).or_else(|| {
            let fits = |number: &&String| called.ends_with(number.as_str());
            book.numbers.get(book.numbers.keys().filter(fits).max_by_key(|number| number.len())?)
        });
        let own = || Answering {
            flow: if self.config.greeting { MAIN } else { DIRECT }.to_owned(),
            hotline: self.config.hotline.clone(),
            language: Language::Zh,
        };
        known.cloned().unwrap_or_else(own)
    }

    /// Returns the published flows with one of them first. Where it is not published, the shipped
    /// one goes; a house without any still takes calls.
    #[must_use]
    pub fn program(&self, start: &str) -> Arc<Program> {
        let mut flows = self.book().flows.clone();
        for id in [start, DIRECT] {
            if !flows.contains_key(id)
                && let Some(shipped) = defaults::shipped(id)
            {
                flows.insert(id.to_owned(), (0, Arc::new(shipped.flow())));
            }
        }
        let start = if flows.contains_key(start) { start } else { DIRECT };
        Arc::new(Program { start: start.to_owned(), flows })
    }

    /// Returns what a draft may refer to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known(&self) -> Result<Known, DbError> {
        let prompts = store::prompts::list(&self.kit.db).await?;
        let queues = store::queues::all(&self.kit.db).await?;
        let book = self.book();
        Ok(Known {
            prompts: library::shipped_keys()
                .map(str::to_owned)
                .chain(prompts.into_iter().map(|row| row.id))
                .collect(),
            queues: queues.into_iter().map(|queue| queue.id).chain([String::new()]).collect(),
            hours: book.hours.keys().cloned().collect(),
            flows: book.flows.keys().cloned().collect(),
            access: book.access.keys().cloned().collect(),
            hosts: self.config.flow_hosts.iter().cloned().collect(),
            voice: self.voices.state().can_speak(),
            robot: self.can_talk(),
        })
    }

    /// Checks a draft.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn check(&self, flow: &Flow) -> Result<Vec<check::Finding>, DbError> {
        Ok(check::check(flow, &self.known().await?))
    }

    /// Returns what is so at an instant.
    #[must_use]
    pub fn facts(&self, caller: &Caller, desk: Option<&Desk>, at: i64) -> Facts {
        let calendar = match &self.ports.calendar {
            Some(city) => city.calendar(),
            None => Arc::new(national(&self.kit.config.zone)),
        };
        let zone: chrono_tz::Tz = self.kit.config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
        let local =
            DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).naive_local();
        let day = calendar.day(local.date());
        let hours =
            self.book().hours.iter().map(|(id, hours)| (id.clone(), hours.open_at(local, &day))).collect();
        let queue = desk.map(Desk::queue_view).map_or_else(QueueFacts::default, |view| QueueFacts {
            waiting: view.waiting,
            ready: view.ready,
            signed_in: view.signed_in,
        });
        let duty = self.kit.parameters.get(DUTY_NUMBER);
        let duty = duty.and_then(|parameter| parameter.value.as_str().map(str::to_owned)).unwrap_or_default();
        Facts {
            local,
            day,
            hours,
            caller: caller.number.clone(),
            called: caller.called.clone(),
            hotline: caller.hotline.clone(),
            tags: caller.tags.clone(),
            queues: BTreeMap::from([(String::new(), queue)]),
            settings: BTreeMap::from([("duty_number".to_owned(), duty)]),
        }
    }

    /// Tells whether a table of working times is open at an instant; an unknown one never is.
    #[must_use]
    pub fn is_open(&self, table: &str, at: i64) -> bool {
        self.facts(&Caller::default(), None, at).hours.get(table).copied().unwrap_or(false)
    }

    /// Returns the sound of what is said when all of it is at hand.
    #[must_use]
    pub fn at_hand(&self, items: &[Item]) -> Option<Vec<Clip>> {
        let clip = |item: &Item| match item {
            Item::Prompt { key, language } => {
                self.prompts.sound(key, *language).map_or(Some(None), |sound| Some(Some(sound)))
            }
            Item::Text { text, language } => self.voices.ready(text, *language).map(Some),
            Item::Beep => Some(None),
            Item::Message { .. } => None,
        };
        let mut clips = Vec::new();
        for item in items {
            match (clip(item)?, item) {
                (Some(sound), _) => clips.push(Clip::Alaw(sound)),
                (None, Item::Beep) => clips.push(Tone::Beep.into()),
                (None, _) => {}
            }
        }
        Some(clips)
    }

    /// Makes the sound of what is said. What no voice speaks is left out and logged.
    pub async fn sound(&self, items: &[Item]) -> Vec<Clip> {
        let mut clips = Vec::new();
        for item in items {
            match item {
                Item::Prompt { key, language } => match self.prompts.sound(key, *language) {
                    Some(sound) => clips.push(Clip::Alaw(sound)),
                    None => tracing::error!(key, "a prompt is missing"),
                },
                Item::Text { text, language } => match self.voices.speak(text, *language).await {
                    Ok(sound) => clips.push(Clip::Alaw(sound)),
                    Err(error) => tracing::error!(%error, "a text stays silent"),
                },
                Item::Beep => clips.push(Tone::Beep.into()),
                Item::Message { id } => match self.message(id).await {
                    Ok(sound) => clips.push(Clip::Alaw(sound)),
                    Err(error) => tracing::error!(message = id, %error, "a message stays silent"),
                },
            }
        }
        clips
    }

    /// Speaks the texts of a flow that have no variables ahead of the first caller.
    pub async fn speak_ahead(&self, flow: &Flow) {
        for (_, speech) in flow.speeches() {
            for (text, language) in [(&speech.text, Language::Zh), (&speech.text_en, Language::En)] {
                if !text.is_empty()
                    && !text.contains("{{")
                    && let Err(error) = self.voices.speak(text, language).await
                {
                    tracing::warn!(%error, "a text could not be spoken ahead");
                    return;
                }
            }
        }
    }
}

fn national(zone: &str) -> WorkCalendar {
    WorkCalendar::china(zone)
        .or_else(|_| WorkCalendar::china("Asia/Shanghai"))
        .expect("the shipped calendar is read by its tests")
}
