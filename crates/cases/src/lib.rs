//! Work orders (工单): written, reviewed, dispatched, handled, reviewed again, rated, archived; with limits in
//! working days that explain themselves.
//!
//! [`Cases`] is the slice. Rules are in [`case`], SQL in [`store`], addresses in `http`; [`course`] is the only
//! place that talks to the flow engine.

pub mod case;
pub mod course;
pub mod design;
pub mod document;
pub mod error;
mod export;
mod http;
pub mod react;
pub mod seed;
pub mod store;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

pub use kernel::sheet;

use contract::contacts::ContactBook;
use contract::identity::{Directory, PersonId, UnitId};
use contract::voice::CallLookup;
use kernel::calendar::WorkCalendar;
use kernel::parameters::ParameterSpec;
use kernel::{Capability, Ctx, Dialect, Job, Kit, Migration, Slice, Timestamp};
use serde_json::json;

use crate::case::catalogue::Catalogue;
use crate::case::limit::{self, LimitRules};
use crate::case::limit_rule::LimitRule;
use crate::case::operation_rule::{self, OperationRules};
use crate::case::{Kind, Source};
use crate::course::Flow;
use crate::design::FlowRule;
use crate::error::CaseError;
use crate::store::category::Categories;
use crate::store::form::Shelf;
use crate::store::number::Numbers;

/// The slice's migrations.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "cases", sql: include_str!("../migrations/0001_cases.sql") },
    Migration { version: 2, name: "operations", sql: include_str!("../migrations/0002_operations.sql") },
    Migration { version: 3, name: "praise_links", sql: include_str!("../migrations/0003_praise_links.sql") },
    Migration { version: 10, name: "catalogue", sql: include_str!("../migrations/0010_catalogue.sql") },
    Migration { version: 11, name: "search", sql: include_str!("../migrations/0011_search.sql") },
    Migration { version: 12, name: "limit_rules", sql: include_str!("../migrations/0012_limit_rules.sql") },
    Migration { version: 30, name: "flow", sql: include_str!("../migrations/0030_flow.sql") },
    Migration { version: 40, name: "forms", sql: include_str!("../migrations/0040_forms.sql") },
    Migration { version: 50, name: "attachments", sql: include_str!("../migrations/0050_attachments.sql") },
    Migration { version: 51, name: "documents", sql: include_str!("../migrations/0051_documents.sql") },
    Migration { version: 52, name: "publications", sql: include_str!("../migrations/0052_publications.sql") },
    Migration { version: 70, name: "succession", sql: include_str!("../migrations/0070_succession.sql") },
    Migration { version: 80, name: "old_orders", sql: include_str!("../migrations/0080_old_orders.sql") },
    Migration { version: 90, name: "discovery", sql: include_str!("../migrations/0090_discovery.sql") },
    Migration { version: 91, name: "commitment", sql: include_str!("../migrations/0091_commitment.sql") },
    Migration { version: 92, name: "alarm", sql: include_str!("../migrations/0092_alarm.sql") },
    Migration { version: 93, name: "bulk_run", sql: include_str!("../migrations/0093_bulk_run.sql") },
    Migration { version: 94, name: "reply", sql: include_str!("../migrations/0094_reply.sql") },
    Migration { version: 95, name: "exchange", sql: include_str!("../migrations/0095_exchange.sql") },
    Migration { version: 96, name: "relocation", sql: include_str!("../migrations/0096_relocation.sql") },
];

/// What another process may have changed is read again after this time.
const KEPT_MS: i64 = 30_000;
/// So many scripts of forms run at once; more would only take the machine from the calls.
const SCRIPTS_AT_ONCE: usize = 4;

/// Uploads that are read at once; each holds a whole file.
const UPLOADS_AT_ONCE: usize = 6;

/// The name of the flow that new orders run where no rule names another.
pub(crate) const STANDARD_FLOW: &str = "standard";
/// The name of the flow for what needs neither review nor return visit.
pub(crate) const SHORT_FLOW: &str = "short";

/// What other slices answer.
#[derive(Clone)]
pub struct Ports {
    /// Units and people.
    pub directory: Arc<dyn Directory>,
    /// Citizens' files.
    pub contacts: Arc<dyn ContactBook>,
    /// Calls and recordings.
    pub calls: Arc<dyn CallLookup>,
}

/// The rules by which limits are computed, as they are in force at one moment.
#[derive(Clone, Debug)]
pub struct RuleBook {
    /// Lengths.
    pub limits: LimitRules,
    /// How often, how long, who decides.
    pub operations: OperationRules,
    /// Working days.
    pub calendar: Arc<WorkCalendar>,
}

/// The slice. Clones share it.
#[derive(Clone)]
pub struct Cases(Arc<Inner>);

struct Inner {
    kit: Kit,
    ports: Ports,
    numbers: tokio::sync::Mutex<Numbers>,
    /// So many uploads are held in memory at once.
    uploads: tokio::sync::Semaphore,
    kept: RwLock<Kept>,
    /// When calendar and categories were read last, epoch milliseconds.
    read_at: AtomicI64,
    /// Published forms and order types.
    shelf: RwLock<Shelf>,
    /// So many scripts of forms run at once.
    scripts: tokio::sync::Semaphore,
}

/// What is kept in memory because every order needs it.
struct Kept {
    calendar: Arc<WorkCalendar>,
    categories: Arc<Categories>,
    flows: HashMap<String, Arc<Flow>>,
    catalogue: Option<Arc<Catalogue>>,
    /// The flow that new orders run, by name.
    active_flows: HashMap<String, Arc<Flow>>,
    /// Which of them an order runs.
    flow_rules: Arc<Vec<FlowRule>>,
    limit_rules: Arc<Vec<LimitRule>>,
}

impl std::fmt::Debug for Cases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cases").finish_non_exhaustive()
    }
}

impl Cases {
    /// Makes the slice. [`Cases::load`] has to run after the migrations and before the first request.
    ///
    /// # Errors
    /// When the configured zone is unknown.
    pub fn new(kit: Kit, ports: Ports) -> Result<Self, CaseError> {
        let mut parameters = limit::parameters();
        parameters.extend(operation_rule::parameters());
        parameters.push(ParameterSpec {
            key: "cases.number_prefix",
            default: json!("YZ"),
            zh: "工单编号前缀",
            en: "Prefix of order numbers",
        });
        parameters.push(ParameterSpec {
            key: "cases.auto_dispatch",
            default: json!(true),
            zh: "按派单目录自动派单（目录项可逐项开启）",
            en: "Automatic dispatch by the catalogue (each row turns it on for itself)",
        });
        parameters.push(ParameterSpec {
            key: "cases.alarm_hours",
            default: json!(4),
            zh: "超期报警无人确认时逐级上报的间隔（小时）",
            en: "Hours after which an alarm that nobody acknowledges goes to the next level",
        });
        kit.parameters.declare(parameters);
        let kept = Kept {
            calendar: Arc::new(WorkCalendar::china(&kit.config.zone)?),
            categories: Arc::default(),
            flows: HashMap::new(),
            catalogue: None,
            active_flows: HashMap::new(),
            flow_rules: Arc::default(),
            limit_rules: Arc::default(),
        };
        Ok(Self(Arc::new(Inner {
            kit,
            ports,
            numbers: tokio::sync::Mutex::default(),
            uploads: tokio::sync::Semaphore::new(UPLOADS_AT_ONCE),
            kept: RwLock::new(kept),
            read_at: AtomicI64::new(0),
            shelf: RwLock::default(),
            scripts: tokio::sync::Semaphore::new(SCRIPTS_AT_ONCE),
        })))
    }

    /// Reads what is kept in memory, and publishes the shipped flow where none is yet or the shipped one is
    /// newer.
    ///
    /// # Errors
    /// When the database fails, or the flow cannot be executed.
    pub async fn load(&self) -> Result<(), CaseError> {
        self.reload_calendar().await?;
        self.reload_categories().await?;
        self.reload_catalogue().await?;
        self.reload_limit_rules().await?;
        self.open_search().await?;
        let ctx = Ctx::system("cases", self.kit().now());
        self.ship_flow(&ctx, STANDARD_FLOW, flow::STANDARD).await?;
        self.ship_flow(&ctx, SHORT_FLOW, flow::SHORT).await?;
        self.reload_flows().await?;
        self.ship_templates(&ctx).await?;
        self.reload_forms().await?;
        self.0.read_at.store(ctx.now.0, Ordering::Relaxed);
        Ok(())
    }

    /// Reads calendar and categories again when another process may have changed them. The embedded database
    /// has no other process.
    pub(crate) async fn freshen(&self) -> Result<(), CaseError> {
        let now = self.kit().now().0;
        let read_at = self.0.read_at.load(Ordering::Relaxed);
        if self.kit().db.dialect() == Dialect::Sqlite
            || (read_at..read_at + KEPT_MS).contains(&now)
            || self.0.read_at.compare_exchange(read_at, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return Ok(());
        }
        self.reload_calendar().await?;
        self.reload_categories().await?;
        self.reload_catalogue().await?;
        self.reload_limit_rules().await?;
        self.reload_flows().await?;
        self.reload_forms().await
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        let (timers, alarms, indexer) = (self.clone(), self.clone(), self.clone());
        let (sweeper, heir, late, mover) = (self.clone(), self.clone(), self.clone(), self.clone());
        Slice {
            name: "cases",
            migrations: MIGRATIONS,
            router: http::router(self.clone()),
            jobs: vec![
                Job::every("cases.timers", Duration::from_secs(1), move || {
                    let cases = timers.clone();
                    async move {
                        let ctx = Ctx::system("cases.timers", cases.kit().now());
                        cases.fire_timers(&ctx).await?;
                        Ok(())
                    }
                }),
                Job::every("cases.alarms", Duration::from_secs(60), move || {
                    let cases = alarms.clone();
                    async move {
                        let ctx = Ctx::system("cases.alarms", cases.kit().now());
                        cases.escalate_alarms(&ctx).await?;
                        Ok(())
                    }
                }),
                Job::every("cases.late_exchanges", Duration::from_secs(60), move || {
                    let cases = late.clone();
                    async move {
                        let ctx = Ctx::system("cases.late_exchanges", cases.kit().now());
                        cases.tell_late_exchanges(&ctx).await?;
                        Ok(())
                    }
                }),
                Job::every("cases.index_texts", Duration::from_secs(5), move || {
                    let cases = indexer.clone();
                    async move {
                        cases.index_texts().await?;
                        Ok(())
                    }
                }),
                Job::every("cases.succession", Duration::from_secs(5), move || {
                    let cases = heir.clone();
                    async move {
                        let ctx = Ctx::system("cases.succession", cases.kit().now());
                        cases.carry_over(&ctx).await?;
                        Ok(())
                    }
                }),
                Job::every("cases.follow_units", Duration::from_secs(5), move || {
                    let cases = mover.clone();
                    async move {
                        cases.follow_units(cases.kit().now()).await?;
                        Ok(())
                    }
                }),
                Job::every("cases.sweep_uploads", Duration::from_secs(600), move || {
                    let cases = sweeper.clone();
                    async move {
                        cases.sweep_uploads(cases.kit().now()).await?;
                        cases.forget_run_files(cases.kit().now()).await?;
                        Ok(())
                    }
                }),
            ],
            capabilities: CAPABILITIES,
        }
    }

    /// Waits for room to hold one more upload in memory.
    pub(crate) async fn upload_turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, CaseError> {
        self.0.uploads.acquire().await.map_err(|error| CaseError::Port(error.into()))
    }

    /// Returns the mechanism.
    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    /// Returns what other slices answer.
    pub(crate) fn ports(&self) -> &Ports {
        &self.0.ports
    }

    /// Returns the rules in force.
    pub(crate) fn rule_book(&self) -> RuleBook {
        let (limits, operations) =
            (LimitRules::read(self.kit(), self.limit_rules()), OperationRules::read(self.kit()));
        RuleBook::new(limits, operations, self.kept().calendar.clone())
    }

    /// Returns the tree of categories.
    #[must_use]
    pub fn categories(&self) -> Arc<Categories> {
        self.kept().categories.clone()
    }

    pub(crate) fn set_categories(&self, categories: Arc<Categories>) {
        self.kept_mut().categories = categories;
    }

    /// Returns the published dispatch catalogue.
    #[must_use]
    pub fn published_catalogue(&self) -> Option<Arc<Catalogue>> {
        self.kept().catalogue.clone()
    }

    /// Returns the rules of limits.
    #[must_use]
    pub fn limit_rules(&self) -> Arc<Vec<LimitRule>> {
        self.kept().limit_rules.clone()
    }

    pub(crate) fn set_limit_rules(&self, rules: Arc<Vec<LimitRule>>) {
        self.kept_mut().limit_rules = rules;
    }

    pub(crate) fn set_catalogue(&self, catalogue: Option<Arc<Catalogue>>) {
        self.kept_mut().catalogue = catalogue;
    }

    pub(crate) fn set_calendar(&self, calendar: Arc<WorkCalendar>) {
        self.kept_mut().calendar = calendar;
    }

    pub(crate) fn kept_flow(&self, id: &str) -> Option<Arc<Flow>> {
        self.kept().flows.get(id).cloned()
    }

    pub(crate) fn keep_flow(&self, flow: Arc<Flow>) {
        self.kept_mut().flows.insert(flow.id.clone(), flow);
    }

    pub(crate) fn set_flows(&self, active: HashMap<String, Arc<Flow>>, rules: Vec<FlowRule>) {
        for flow in active.values() {
            self.keep_flow(flow.clone());
        }
        let mut kept = self.kept_mut();
        kept.active_flows = active;
        kept.flow_rules = Arc::new(rules);
    }

    pub(crate) fn flow_rules(&self) -> Arc<Vec<FlowRule>> {
        self.kept().flow_rules.clone()
    }

    pub(crate) fn has_active_flow(&self, name: &str) -> bool {
        self.kept().active_flows.contains_key(name)
    }

    /// Returns the flow that a new order runs: its order type names it, else the first rule that fits, else the
    /// one of its source: what a unit found itself needs neither the shift leader nor a return visit.
    pub(crate) fn flow_of(
        &self,
        own: Option<&str>,
        kind: Kind,
        category_id: Option<&str>,
        source: Source,
    ) -> Result<Arc<Flow>, CaseError> {
        let kept = self.kept();
        if let Some(flow) = own.and_then(|name| kept.active_flows.get(name)) {
            return Ok(flow.clone());
        }
        let path = category_id.and_then(|id| kept.categories.get(id)).map(|category| category.path.as_str());
        let named = kept.flow_rules.iter().find(|rule| rule.fits(kind, path)).map(|rule| &rule.flow_name);
        let usual = if source == Source::Discovered { SHORT_FLOW } else { STANDARD_FLOW };
        named
            .and_then(|name| kept.active_flows.get(name))
            .or_else(|| kept.active_flows.get(usual))
            .cloned()
            .ok_or_else(|| CaseError::Flow {
                step: None,
                reason: "no flow is published; the slice was not loaded".to_owned(),
            })
    }

    pub(crate) async fn next_number(&self, now: Timestamp) -> Result<String, CaseError> {
        let day = self.kept().calendar.date_at(now.0)?;
        let prefix = self.number_prefix();
        self.0.numbers.lock().await.next(&self.kit().db, &prefix, day, now).await
    }

    /// Takes a number of the day of `at` from a stock of the caller's own, which leaves the common one alone.
    pub(crate) async fn number_in(&self, stock: &mut Numbers, at: Timestamp) -> Result<String, CaseError> {
        let day = self.kept().calendar.date_at(at.0)?;
        stock.next(&self.kit().db, &self.number_prefix(), day, self.kit().now()).await
    }

    fn number_prefix(&self) -> String {
        let prefix = self.kit().parameters.get("cases.number_prefix");
        prefix.as_ref().and_then(|prefix| prefix.value.as_str()).unwrap_or("YZ").to_owned()
    }

    pub(crate) async fn unit_name(&self, id: &str) -> Result<Option<String>, CaseError> {
        let unit = self.ports().directory.unit(&UnitId(id.to_owned())).await.map_err(CaseError::Port)?;
        Ok(unit.map(|unit| unit.name))
    }

    pub(crate) async fn person_name(&self, id: &str) -> Result<Option<String>, CaseError> {
        let person =
            self.ports().directory.person(&PersonId(id.to_owned())).await.map_err(CaseError::Port)?;
        Ok(person.map(|person| person.name))
    }

    pub(crate) fn kept(&self) -> std::sync::RwLockReadGuard<'_, Kept> {
        self.0.kept.read().expect("no holder of this lock can panic")
    }

    pub(crate) fn shelf(&self) -> std::sync::RwLockReadGuard<'_, Shelf> {
        self.0.shelf.read().expect("no holder of this lock can panic")
    }

    pub(crate) fn shelf_mut(&self) -> std::sync::RwLockWriteGuard<'_, Shelf> {
        self.0.shelf.write().expect("no holder of this lock can panic")
    }

    /// Waits for a turn to run a script.
    pub(crate) async fn script_turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, CaseError> {
        self.0.scripts.acquire().await.map_err(|error| CaseError::Port(error.into()))
    }

    fn kept_mut(&self) -> std::sync::RwLockWriteGuard<'_, Kept> {
        self.0.kept.write().expect("no holder of this lock can panic")
    }
}

const fn capability(name: &'static str, zh: &'static str, en: &'static str) -> Capability {
    Capability { name, zh, en, scoped: true }
}

/// What the slice's routes ask for.
pub const CAPABILITIES: &[Capability] = &[
    capability("case.create", "登记工单", "Write orders"),
    capability("case.read", "查看工单", "Read orders"),
    capability("case.edit", "修改工单", "Amend orders"),
    capability("case.review", "班长审核", "Review fresh orders"),
    capability("case.dispatch", "派单", "Dispatch orders"),
    capability("case.accept", "签收工单", "Accept orders"),
    capability("case.handle", "办理反馈", "Handle orders"),
    capability("case.assign", "转下级办理", "Assign orders"),
    capability("case.return", "退回中心", "Return orders to the centre"),
    capability("case.result_review", "结果审核", "Review results"),
    capability("case.return_visit", "回访", "Make return visits"),
    capability("case.close", "办结归档", "Close orders"),
    capability("case.reopen", "重新办理", "Reopen orders"),
    capability("case.urge", "催办", "Urge units"),
    capability("case.note", "备注", "Write notes"),
    capability("case.export", "导出工单", "Export orders"),
    capability("case.import", "导入历史工单", "Take in orders of an older system"),
    capability("case.query_code", "查看查询码", "See query codes"),
    capability("case.decide", "审批申请", "Decide on applications of units"),
    capability("case.lead", "领导裁定", "Rule as a leader"),
    capability("case.supervise", "督办", "Supervise units"),
    capability("case.void", "不予受理与废弃", "End orders early"),
    capability("case.merge", "并单与拆单", "Merge and split orders"),
    capability("case.countersign", "发起会签", "Ask for countersigning"),
    capability("case.instruct", "领导批示", "Write instructions"),
    capability("case.summon", "街乡吹哨", "Summon other units"),
    capability("case.share", "外部协办链接", "Give a link to outside helpers"),
    capability("publication.write", "公开办件编审", "Publish settled orders"),
    capability("commitment.write", "维护服务承诺", "Write what one's own unit promises"),
    capability("template.write", "维护文书模板", "Change templates of documents"),
    capability("case.discover", "主动发现登记", "Write orders of one's own unit"),
    capability("exchange.read", "查看业务交流", "Read what units write to each other"),
    capability("exchange.write", "发起和回复业务交流", "Write to other units"),
    capability("case.praise", "表扬登记", "Record praise"),
    capability("alarm.acknowledge", "确认超期报警", "Acknowledge alarms of missed limits"),
    capability("overview.read", "查看总览", "Read the overview"),
    capability("rating.follow_up", "差评跟进", "Follow up bad ratings"),
    capability("calendar.write", "维护工作日历", "Change the calendar"),
    capability("limit.read", "查看时限规则", "Read the rules of limits"),
    capability("limit.write", "维护时限规则", "Change the rules of limits"),
    capability("query.share", "共享查询条件", "Share saved queries"),
    capability("catalogue.read", "查看派单目录", "Read the dispatch catalogue"),
    capability("catalogue.write", "维护派单目录", "Change the dispatch catalogue"),
    capability("flow.read", "查看流程", "Read flows"),
    capability("flow.write", "维护流程", "Publish flows"),
    capability("form.read", "查看表单", "Read forms"),
    capability("form.write", "设计表单", "Design and publish forms"),
    capability("order_type.write", "维护业务类型", "Change order types"),
];
