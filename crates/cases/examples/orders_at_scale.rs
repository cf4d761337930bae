//! How lists, searches, to-do lists and the sweep over limits behave with very many orders: writes a city's
//! worth of them straight into a database of its own (kept between runs), then asks as the desk asks.
//!
//! `orders_at_scale --orders N --folder DIR`; prints one JSON line.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints its figures, and a panic is its report"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use cases::store::list::{CaseFilter, Sort};
use cases::store::task::{TaskFilter, TaskScope};
use cases::{Cases, Ports};
use contract::contacts::{ContactBook, ContactBrief, ContactId};
use contract::identity::{Directory, PersonBrief, PersonId, SeatBrief, UnitBrief, UnitId};
use contract::voice::{CallBrief, CallId, CallLookup, RecordingBrief};
use kernel::calendar::{Rule, WorkCalendar};
use kernel::db::{DbConfig, Statement, Writes};
use kernel::{BoxError, Config, Ctx, Db, DbError, Kit, Principal, Scope, SystemClock, Timestamp};
use serde_json::json;

/// Units below the centre.
const UNITS: u64 = 1_000;
/// Orders that somebody still works on, one in so many.
const OPEN_EACH: u64 = 20;
/// So many questions of each kind.
const QUESTIONS: usize = 300;
/// Orders were written in so many last days.
const DAYS: i64 = 1_000;
const DAY_MS: i64 = 86_400_000;
/// What matters are about; a title is two of them, a content seven.
const WORDS: &str = "路灯 不亮 井盖 破损 占道 经营 噪音 扰民 停水 漏水 停电 跳闸 燃气 泄漏 供暖 温度 公交 晚点 出租 拒载 停车 收费 物业 垃圾 清运 装修 施工 夜间 油烟 烧烤 \
    绿化 树木 倒伏 违建 拆除 学校 招生 医院 挂号 社保 转移 工资 拖欠 公积金 提取 身份证 办理 户口 迁移 消防 通道 堵塞 电梯 故障 食品 过期 价格 欺诈 退款 网购 宽带 资费 道路 坑洼 \
    积水 排水 管道 堵塞 公园 健身 器材 厕所 卫生 流浪 犬只 快递 丢失 驾校 培训 补贴 低保 养老 残疾 退役 土地 征收 补偿 河道 污染 扬尘 异味 工地 渣土 车辆 信号灯 标线 斑马线 护栏";

/// Dice that fall the same way every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides.max(1)
    }
}

struct Town;

fn unit(number: u64) -> UnitBrief {
    let (id, path, level) = match number {
        0 => ("u0".to_owned(), "/u0/".to_owned(), 1),
        // A hundred bureaus with nine stations each.
        number if number % 10 == 1 => (format!("u{number}"), format!("/u0/u{number}/"), 2),
        number => {
            let above = number - (number + 9) % 10;
            (format!("u{number}"), format!("/u0/u{above}/u{number}/"), 3)
        }
    };
    UnitBrief {
        parent_id: None,
        level,
        code: id.clone(),
        name: id.clone(),
        path,
        active: true,
        id: UnitId(id),
    }
}

fn number_of(id: &UnitId) -> u64 {
    id.as_str().trim_start_matches('u').parse().unwrap_or_default()
}

#[async_trait]
impl Directory for Town {
    async fn unit(&self, id: &UnitId) -> Result<Option<UnitBrief>, BoxError> {
        Ok(Some(unit(number_of(id))))
    }
    async fn unit_by_code(&self, code: &str) -> Result<Option<UnitBrief>, BoxError> {
        self.unit(&UnitId(code.to_owned())).await
    }
    async fn units_under(&self, id: &UnitId) -> Result<Vec<UnitBrief>, BoxError> {
        let top = unit(number_of(id)).path;
        Ok((0..=UNITS).map(unit).filter(|one| one.path.starts_with(&top)).collect())
    }
    async fn person(&self, _: &PersonId) -> Result<Option<PersonBrief>, BoxError> {
        Ok(None)
    }
    async fn people_with(&self, _: &UnitId, _: &str) -> Result<Vec<PersonBrief>, BoxError> {
        Ok(Vec::new())
    }
    async fn seat_of(&self, _: &PersonId) -> Result<Option<SeatBrief>, BoxError> {
        Ok(None)
    }
}

struct Nobody;

#[async_trait]
impl ContactBook for Nobody {
    async fn find_or_open(
        &self,
        _: &mut Writes,
        _: &Ctx,
        _: &str,
        _: Option<&str>,
        _: Option<&str>,
    ) -> Result<ContactId, DbError> {
        Ok(ContactId::generate())
    }
    async fn contact(&self, _: &ContactId) -> Result<Option<ContactBrief>, BoxError> {
        Ok(None)
    }
    async fn by_phone(&self, _: &str) -> Result<Option<ContactBrief>, BoxError> {
        Ok(None)
    }
}

#[async_trait]
impl CallLookup for Nobody {
    async fn call(&self, _: &CallId) -> Result<Option<CallBrief>, BoxError> {
        Ok(None)
    }
    async fn recordings_of(&self, _: &CallId) -> Result<Vec<RecordingBrief>, BoxError> {
        Ok(Vec::new())
    }
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().collect();
    let value =
        |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).cloned();
    let orders: u64 = value("--orders").and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = PathBuf::from(
        value("--folder")
            .unwrap_or_else(|| format!("{}/yihao-orders-{orders}", std::env::temp_dir().display())),
    );
    std::fs::create_dir_all(&folder).unwrap();
    let config = Config { data_dir: folder.clone(), ..Config::default() };
    let db = Db::open(&DbConfig::sqlite(&folder.join("yihao.db"))).await.unwrap();
    kernel::slice::migrate_kernel(&db).await.unwrap();
    kernel::db::migrate(&db, "cases", cases::MIGRATIONS).await.unwrap();
    let kit = Kit::new(db, Arc::new(SystemClock), config);
    let ports = Ports { directory: Arc::new(Town), contacts: Arc::new(Nobody), calls: Arc::new(Nobody) };
    let cases = Cases::new(kit.clone(), ports).unwrap();
    cases.load().await.unwrap();
    let begun = Instant::now();
    fill(&kit, orders).await;
    let filled_secs = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    cases.index_all_texts().await.unwrap();
    let indexed_secs = begun.elapsed().as_secs_f64();
    let figures = measure(&kit, &cases).await;
    let mut all = json!({
        "bench": "orders-at-scale", "orders": orders, "database": "sqlite",
        "filled_secs": filled_secs.round(), "indexed_secs": indexed_secs.round(),
    });
    for (name, value) in figures.as_object().unwrap() {
        all[name] = value.clone();
    }
    println!("{all}");
}

/// Writes what is missing of the orders, some thousands a transaction.
async fn fill(kit: &Kit, orders: u64) {
    let (there,): (i64,) =
        sqlx::query_as("select count(*) from cases_case").fetch_one(kit.db.reader()).await.unwrap();
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let calendar = WorkCalendar::china("Asia/Shanghai").unwrap();
    let now = kit.now().0;
    let mut at = u64::try_from(there).unwrap();
    let statuses = ["draft_logged", "assigned", "in_progress", "handled"];
    while at < orders {
        let mut tx = kit.db.begin().await.unwrap();
        for _ in 0..40 {
            let mut sql = Statement::new(
                "insert into cases_case (id, number, query_code, type, category_id, title, content, contact_name, \
                 confidential, district, source, urgency, status, unit_id, unit_path, person_id, created_by, \
                 created_by_name, created_at, updated_at, dispatched_at, settled_at, archived_at, in_time, due_at, \
                 yellow_at, stars, visits, reopened, version, flow_id, flow_state, flow_version) values ",
            );
            let mut tasks = Statement::new(
                "insert into cases_task (id, case_id, token, step, capability, unit_id, unit_path, person_id, state, \
                 opened_at, due_at, yellow_at) values ",
            );
            let mut deadlines = Statement::new(
                "insert into cases_deadline (id, case_id, name, days, start_at, yellow_at, due_at, state, derivation) values ",
            );
            let mut open_ones = 0;
            for _ in 0..50 {
                if at >= orders {
                    break;
                }
                let mut dice = Dice(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let age_ms = (orders - at) as i64 * (DAYS * DAY_MS / orders as i64);
                let created = now - age_ms;
                let open = dice.roll(OPEN_EACH) == 0;
                let status = if open { statuses[dice.roll(4) as usize] } else { "archived" };
                let place = unit(1 + dice.roll(UNITS));
                let pick = |dice: &mut Dice, count: usize| -> String {
                    (0..count).map(|_| words[dice.roll(words.len() as u64) as usize]).collect()
                };
                let (title, content) = (pick(&mut dice, 2), pick(&mut dice, 7));
                let id = id_at(created, at);
                let with_unit = status != "draft_logged";
                let deadline = calendar
                    .add_working_days(now - dice.roll(10) as i64 * DAY_MS, 15, Rule::default())
                    .unwrap();
                let (due, yellow) =
                    (open.then_some(deadline.due_ms), open.then_some(deadline.due_ms - 3 * DAY_MS));
                sql.bind_row([
                    (&id).into(),
                    format!("YZ{at:012}").into(),
                    "123456".into(),
                    ["consult", "complaint", "report", "help", "suggestion", "repair"][dice.roll(6) as usize]
                        .into(),
                    format!("c{}", dice.roll(300)).into(),
                    title.into(),
                    content.into(),
                    "周女士".into(),
                    0_i64.into(),
                    format!("d{}", dice.roll(8)).into(),
                    "phone".into(),
                    "normal".into(),
                    status.into(),
                    with_unit.then(|| place.id.0.clone()).into(),
                    with_unit.then(|| place.path.clone()).into(),
                    None::<String>.into(),
                    format!("agent{}", dice.roll(200)).into(),
                    "话务员".into(),
                    created.into(),
                    created.into(),
                    with_unit.then_some(created).into(),
                    (!open).then_some(created + DAY_MS).into(),
                    (!open).then_some(created + 2 * DAY_MS).into(),
                    (!open).then_some(1_i64).into(),
                    due.into(),
                    yellow.into(),
                    None::<i64>.into(),
                    0_i64.into(),
                    0_i64.into(),
                    1_i64.into(),
                    "none".into(),
                    "{}".into(),
                    1_i64.into(),
                ]);
                if open {
                    open_ones += 1;
                    let (step, capability) = match status {
                        "draft_logged" => ("review", "case.review"),
                        "assigned" => ("acceptance", "case.accept"),
                        "in_progress" => ("handling", "case.handle"),
                        _ => ("result_review", "case.result_review"),
                    };
                    let units = matches!(step, "acceptance" | "handling");
                    tasks.bind_row([
                        kernel::id::new_id().into(),
                        (&id).into(),
                        "t".into(),
                        step.into(),
                        capability.into(),
                        units.then(|| place.id.0.clone()).into(),
                        units.then(|| place.path.clone()).into(),
                        None::<String>.into(),
                        "open".into(),
                        created.into(),
                        due.into(),
                        yellow.into(),
                    ]);
                    deadlines.bind_row([
                        kernel::id::new_id().into(),
                        (&id).into(),
                        "close".into(),
                        15_i64.into(),
                        (now - 9 * DAY_MS).into(),
                        yellow.into(),
                        due.into(),
                        "open".into(),
                        serde_json::to_string(&deadline).unwrap().into(),
                    ]);
                }
                at += 1;
            }
            if sql.text().ends_with(')') {
                sql.query().execute(tx.conn()).await.unwrap();
            }
            if open_ones > 0 {
                tasks.query().execute(tx.conn()).await.unwrap();
                deadlines.query().execute(tx.conn()).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

/// Makes an id as it would have been made then: a UUIDv7.
fn id_at(ms: i64, number: u64) -> String {
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        ms >> 16,
        ms & 0xffff,
        number & 0xfff,
        (number >> 12) & 0xfff,
        number
    )
}

fn person(id: &str, unit_number: u64, grants: &[(&str, Scope)]) -> Principal {
    let place = unit(unit_number);
    let mut person = cases::seed::deputy(id, id, place.id.as_str(), &place.path);
    person.grants = Arc::new(grants.iter().map(|(name, scope)| ((*name).to_owned(), *scope)).collect());
    person
}

async fn measure(kit: &Kit, cases: &Cases) -> serde_json::Value {
    let now = kit.now();
    let manager = person("manager", 0, &[("case.read", Scope::All), ("case.review", Scope::All)]);
    let clerk = |dice: &mut Dice| {
        let number = 1 + dice.roll(UNITS);
        let scope = if number % 10 == 1 { Scope::Subtree } else { Scope::Unit };
        person(
            &format!("clerk{number}"),
            number,
            &[("case.read", scope), ("case.accept", scope), ("case.handle", scope)],
        )
    };
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut dice = Dice(7);
    let (mut lists, mut searches, mut todos) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..QUESTIONS {
        let base = CaseFilter { limit: 50, ..CaseFilter::default() };
        let filter = match round % 7 {
            0 => base,
            1 => CaseFilter { category_ids: vec![format!("c{}", dice.roll(300))], ..base },
            2 => CaseFilter { unit_path: Some(unit(1 + dice.roll(UNITS)).path), ..base },
            3 => CaseFilter { sort: Sort::Due, ..base },
            4 => CaseFilter {
                district: Some(format!("d{}", dice.roll(8))),
                created_to: Some(Timestamp(now.0 - dice.roll(900) as i64 * DAY_MS)),
                ..base
            },
            5 => CaseFilter { color: Some(cases::case::Color::Green), sort: Sort::Due, ..base },
            _ => CaseFilter { statuses: vec![cases::case::Status::InProgress], ..base },
        };
        let by = if round % 3 == 0 { clerk(&mut dice) } else { manager.clone() };
        let begun = Instant::now();
        let page = cases.list(&by, &filter, now).await.unwrap();
        lists.push(begun.elapsed().as_micros());
        if let Some(cursor) = page.next_cursor {
            let begun = Instant::now();
            cases.list(&by, &CaseFilter { cursor: Some(cursor), ..filter }, now).await.unwrap();
            lists.push(begun.elapsed().as_micros());
        }
        let mut text = words[dice.roll(words.len() as u64) as usize].to_owned();
        if round % 2 == 0 {
            text.push_str(words[dice.roll(words.len() as u64) as usize]);
        }
        if round % 5 == 0 {
            text.push(' ');
            text.push_str(words[dice.roll(words.len() as u64) as usize]);
        }
        let filter = CaseFilter { text: Some(text), limit: 50, ..CaseFilter::default() };
        let begun = Instant::now();
        cases.list(&manager, &filter, now).await.unwrap();
        searches.push(begun.elapsed().as_micros());
        let by = if round % 4 == 0 { manager.clone() } else { clerk(&mut dice) };
        let tasks = TaskFilter { scope: TaskScope::Mine, limit: 50, ..TaskFilter::default() };
        let begun = Instant::now();
        cases.tasks(&by, &tasks, now).await.unwrap();
        todos.push(begun.elapsed().as_micros());
    }
    let begun = Instant::now();
    cases.recompute(&Ctx::system("bench", now)).await.unwrap();
    let sweep_ms = begun.elapsed().as_millis();
    let (limits,): (i64,) = sqlx::query_as("select count(*) from cases_deadline where state = 'open'")
        .fetch_one(kit.db.reader())
        .await
        .unwrap();
    json!({
        "list_p50_ms": share(&mut lists, 50), "list_p99_ms": share(&mut lists, 99),
        "search_p50_ms": share(&mut searches, 50), "search_p99_ms": share(&mut searches, 99),
        "todo_p50_ms": share(&mut todos, 50), "todo_p99_ms": share(&mut todos, 99),
        "sweep_ms": u64::try_from(sweep_ms).unwrap(), "open_limits": limits,
    })
}

fn share(micros: &mut [u128], percent: usize) -> f64 {
    micros.sort_unstable();
    let at = (micros.len() * percent).div_ceil(100).saturating_sub(1);
    (micros[at] as f64 / 10.0).round() / 100.0
}
