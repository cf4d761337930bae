//! The composition: all slices, put together.

use std::sync::{Arc, OnceLock};

use axum::Router;
use bot::Bot;
use cases::Cases;
use contacts::Contacts;
use contract::bot::SpokenRobot;
use contract::contacts::HistorySource;
use contract::voice::CallLookup;
use identity::Identity;
use insight::Insight;
use kernel::http::events_router;
use kernel::{BoxError, Clock, Config, Db, Dialect, Kit, Slice};
use knowledge::Knowledge;
use map::Map;
use messages::Messages;
use portal::Portal;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use voice::Voice;

use crate::edge::{Around, TIANDITU, enclose};
use crate::ports::Later;
use crate::stop::Stop;
use crate::subscriptions::subscriptions;

/// A whole city: its slices, its routes and its tables, not yet at work.
pub struct City {
    /// The mechanism.
    pub kit: Kit,
    /// Staff and rights.
    pub identity: Identity,
    /// Citizens' files.
    pub contacts: Contacts,
    /// Work orders.
    pub cases: Cases,
    /// The knowledge base.
    pub knowledge: Knowledge,
    /// Notices to staff.
    pub messages: Messages,
    /// Telephones.
    pub voice: Voice,
    /// Help from language.
    pub bot: Bot,
    /// Figures.
    pub insight: Insight,
    /// The map.
    pub map: Map,
    /// All routes.
    pub router: Router,
    /// What they are.
    pub document: OpenApi,
    slices: Vec<Slice>,
    _lock: Option<std::fs::File>,
}

impl std::fmt::Debug for City {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("City").field("kit", &self.kit).finish_non_exhaustive()
    }
}

impl City {
    /// Opens the database, brings its tables up to date and puts the slices together. Telephones ring from
    /// [`City::work`] on.
    ///
    /// # Errors
    /// When the data folder, the database, the settings or the SIP port cannot be used.
    pub async fn assemble(config: Config, clock: Arc<dyn Clock>) -> Result<Self, BoxError> {
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|error| format!("cannot use the data folder {}: {error}", config.data_dir.display()))?;
        let lock = if config.database_url.is_empty() { Some(lock(&config.data_dir)?) } else { None };
        let voice_config = config.section("voice")?;
        let db = Db::open(&config.database()).await?;
        kernel::slice::migrate_kernel(&db).await?;
        let kit = Kit::new(db, clock, config);

        let identity = Identity::new(kit.clone());
        let directory = Arc::new(identity.clone());
        let history_of_calls = Arc::new(Later::<dyn HistorySource>::default());
        let history_of_cases = Arc::new(Later::<dyn HistorySource>::default());
        let calls = Arc::new(Later::<dyn CallLookup>::default());
        let contacts = Contacts::new(kit.clone(), vec![history_of_calls.clone(), history_of_cases.clone()]);
        let book = Arc::new(contacts.clone());
        let cases = Cases::new(
            kit.clone(),
            cases::Ports { directory: directory.clone(), contacts: book.clone(), calls: calls.clone() },
        )?;
        let orders = Arc::new(cases.clone());
        identity.ask(orders.clone());
        let messages = Messages::new(
            kit.clone(),
            messages::Ports {
                directory: directory.clone(),
                cases: orders.clone(),
                replies: orders.clone(),
                centre: identity.root_unit_id(),
            },
        );
        let mail_config: messages::mail::MailConfig = kit.config.section("mail")?;
        let mailer = Arc::new(messages::mail::Smtp::open(&mail_config)?);
        messages.add_channel(Arc::new(messages::mail::MailChannel::new(mailer.clone(), directory.clone())));
        messages.add_citizen_channel(Arc::new(messages::mail::CitizenMail::new(mailer.clone())));
        let robot = Arc::new(OnceLock::new());
        let voice = Voice::start(
            kit.clone(),
            voice_config,
            voice::Ports {
                contacts: Some(book),
                cases: Some(orders.clone()),
                directory: Some(directory.clone()),
                recordings: Some(orders.clone()),
                citizens: Some(orders.clone()),
                calendar: Some(orders.clone()),
                robot: robot.clone(),
            },
        )
        .await?;
        let lookup = voice.lookup();
        calls.set(lookup.clone());
        history_of_calls.set(lookup.clone());
        history_of_cases.set(orders.clone());
        let knowledge = Knowledge::new(kit.clone(), directory.clone())?;
        knowledge.serve_with(orders.clone(), Arc::new(messages.clone()));
        let bot = Bot::new(
            kit.clone(),
            bot::Ports {
                corpus: orders.clone(),
                citizens: orders.clone(),
                directory: directory.clone(),
                knowledge: Some(Arc::new(knowledge.clone())),
            },
            crate::demo::places()?,
        )?;
        bot.serve_with(Arc::new(voice.desk().clone()));
        let _ = robot.set(Arc::new(bot.clone()) as Arc<dyn SpokenRobot>);
        let insight = Insight::open(
            kit.clone(),
            insight::projection::Sources {
                cases: orders.clone(),
                calls: lookup.clone(),
                directory: directory.clone(),
                calendar: orders.clone(),
            },
            insight::warning::Ports {
                corpus: orders.clone(),
                topics: Arc::new(bot.clone()),
                notifier: Arc::new(messages.clone()),
                centre: identity.root_unit_id(),
            },
        )
        .await?;
        insight.mail_by(mailer);
        let map = Map::new(kit.clone(), map::Ports { places: Arc::new(insight.clone()) })?;
        let portal =
            Portal::new(kit.clone(), orders.clone(), orders.clone(), orders, lookup, directory.clone())?;
        portal.show(crate::demo::shown()?);

        let mut slices = vec![
            identity.slice(),
            contacts.slice(),
            cases.slice(),
            knowledge.slice(),
            messages.slice(),
            voice.slice(),
            bot.slice(),
            insight.slice(),
            map.slice(),
            portal.slice(),
        ];
        for slice in &slices {
            kernel::db::migrate(&kit.db, slice.name, slice.migrations).await?;
            identity.know_capabilities(slice.capabilities);
        }
        kit.parameters.reload(&kit.db).await?;
        kit.gate.set(directory);

        let mut api = OpenApiRouter::with_openapi(crate::document::describe()).merge(events_router());
        for slice in &mut slices {
            api = api.merge(std::mem::take(&mut slice.router));
        }
        let (api, document) = api.split_for_parts();
        let document = crate::document::finish(document);
        let around = Around {
            ancestors: knowledge.embed_ancestors(),
            foreign_pictures: map.offers_tianditu().then_some(TIANDITU),
        };
        let router = enclose(&kit, api, voice.sip_router(), document.clone(), around);
        Ok(Self {
            kit,
            identity,
            contacts,
            cases,
            knowledge,
            messages,
            voice,
            bot,
            insight,
            map,
            router,
            document,
            slices,
            _lock: lock,
        })
    }

    /// Loads what slices keep in memory. Runs once before anything is asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self) -> Result<(), BoxError> {
        self.identity.bootstrap("12345政务服务便民热线中心").await?;
        self.cases.load().await?;
        Ok(())
    }

    /// Starts what works by itself: numbering and delivery of events, jobs, telephones.
    ///
    /// # Errors
    /// When calls that a crash cut off cannot be put in order.
    pub async fn work(&self, stop: &Stop) -> Result<(), BoxError> {
        if self.kit.db.dialect() == Dialect::Sqlite {
            // No other process can hold one here; what is left is from a process that died.
            kernel::jobs::clear_leases(&self.kit).await?;
        }
        self.voice.open().await?;
        self.bot.work(|| stop.bell());
        tokio::spawn(kernel::event::run_sequencer(self.kit.clone(), stop.bell()));
        tokio::spawn(kernel::event::run_follower(self.kit.clone(), stop.bell()));
        tokio::spawn(self.knowledge.clone().follow_index(stop.bell()));
        tokio::spawn(self.insight.clone().follow(stop.bell()));
        for subscription in subscriptions(self) {
            tokio::spawn(kernel::event::run_subscription(self.kit.clone(), subscription, stop.bell()));
        }
        for job in self.slices.iter().flat_map(|slice| slice.jobs.clone()).chain(crate::jobs::jobs(&self.kit))
        {
            tokio::spawn(kernel::jobs::run_job(self.kit.clone(), job, stop.bell()));
        }
        Ok(())
    }
}

/// Takes the data folder for this process alone. The lock ends with the process, however that ends.
fn lock(data_dir: &std::path::Path) -> Result<std::fs::File, BoxError> {
    let path = data_dir.join("yihao.lock");
    let file =
        std::fs::File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    file.try_lock()
        .map_err(|_| format!("another yihao is at work in {}; stop it first", data_dir.display()))?;
    Ok(file)
}
