//! A kit on a fresh database, gone when the test is over.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use kernel::db::DbConfig;
use kernel::{Config, Ctx, Db, Dialect, Kit, Migration, MockClock, Subscription, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::Notify;

/// When every test begins: Monday, 2026-03-02, 09:00 in Shanghai; a working day.
pub const START: Timestamp = Timestamp(1_772_413_200_000);

/// The variable that names a PostgreSQL on which tests may create schemas.
const POSTGRES: &str = "YIHAO_TEST_POSTGRES";

/// A fresh kit: kernel tables made, clock at [`START`], files in a folder of its own.
pub struct Site {
    /// The mechanism, as slices get it.
    pub kit: Kit,
    /// The clock of the kit.
    pub clock: Arc<MockClock>,
    folder: PathBuf,
}

impl Site {
    /// Runs a slice's migrations.
    pub async fn migrate(&self, slice: &str, migrations: &[Migration]) {
        kernel::db::migrate(&self.kit.db, slice, migrations).await.unwrap();
    }

    /// Returns which database this is, for the rare test that must know.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.kit.db.dialect()
    }

    /// Returns the context of an action of the system at the clock's instant.
    #[must_use]
    pub fn ctx(&self) -> Ctx {
        Ctx::system("test", self.kit.now())
    }

    /// Returns the context of an action of a person at the clock's instant.
    #[must_use]
    pub fn ctx_of(&self, person_id: &str) -> Ctx {
        Ctx::person(person_id, person_id, self.kit.now())
    }

    /// Numbers what is in the outbox and delivers it to the subscriptions, until nothing is left to do.
    ///
    /// # Panics
    /// When a reaction fails, or when events cause events without end.
    pub async fn deliver(&self, subscriptions: &[Subscription]) {
        // The clock stands still, so an earlier delivery's lease would never run out.
        self.execute("delete from kernel_lease where name like 'subscription.%'").await;
        let stop = Arc::new(Notify::new());
        let workers: Vec<_> = subscriptions
            .iter()
            .map(|one| {
                tokio::spawn(kernel::event::run_subscription(self.kit.clone(), one.clone(), stop.clone()))
            })
            .collect();
        let mut polls = 0;
        while !self.is_delivered(subscriptions).await {
            polls += 1;
            assert!(polls < 2_000, "events cause events without end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for worker in workers {
            worker.abort();
        }
    }

    async fn is_delivered(&self, subscriptions: &[Subscription]) -> bool {
        let numbered = kernel::event::sequence_once(&self.kit).await.unwrap();
        let last: i64 = sqlx::query_scalar("select coalesce(max(seq), 0) from kernel_outbox where seq > 0")
            .fetch_one(self.kit.db.reader())
            .await
            .unwrap();
        for subscription in subscriptions {
            let cursor: Option<(i64, i64)> =
                sqlx::query_as("select seq, failures from kernel_cursor where subscription = $1")
                    .bind(subscription.name)
                    .fetch_optional(self.kit.db.reader())
                    .await
                    .unwrap();
            let (seq, failures) = cursor.unwrap_or_default();
            assert_eq!(failures, 0, "the reaction {} failed after event {seq}", subscription.name);
            if seq < last {
                return false;
            }
        }
        numbered == 0
    }

    /// Returns the mechanism of a second process on the same database; only PostgreSQL takes one.
    pub async fn second_process(&self) -> Kit {
        let config = (*self.kit.config).clone();
        let database = DbConfig { url: config.database_url.clone(), pool_size: 4 };
        Kit::new(Db::open(&database).await.unwrap(), self.clock.clone(), config)
    }

    /// Executes a statement in a transaction of its own, to bring about what no rule would.
    pub async fn execute(&self, statement: &str) {
        let mut tx = self.kit.db.begin().await.unwrap();
        tx.conn().execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Sets a parameter, as its screen does.
    pub async fn set_parameter(&self, key: &str, value: &serde_json::Value) {
        let parameters = &self.kit.parameters;
        let version = parameters.get(key).unwrap().version;
        let mut tx = self.kit.db.begin().await.unwrap();
        assert!(parameters.write(&mut tx, &self.ctx(), key, value, version).await.unwrap());
        tx.commit().await.unwrap();
        parameters.reload(&self.kit.db).await.unwrap();
    }

    /// Returns the payloads of all events of a name, in the order of their numbers, with what was not
    /// numbered yet at the end.
    pub async fn events(&self, name: &str) -> Vec<serde_json::Value> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "select payload from kernel_outbox where name = $1 order by case when seq is null then 1 else 0 end, seq, id",
        )
        .bind(name)
        .fetch_all(self.kit.db.reader())
        .await
        .unwrap();
        rows.into_iter().map(|(payload,)| serde_json::from_str(&payload).unwrap()).collect()
    }

    /// Returns the audited actions on a subject, oldest first.
    pub async fn audited(&self, subject_id: &str) -> Vec<String> {
        let rows: Vec<(String,)> =
            sqlx::query_as("select action from kernel_audit where subject_id = $1 order by id")
                .bind(subject_id)
                .fetch_all(self.kit.db.reader())
                .await
                .unwrap();
        rows.into_iter().map(|(action,)| action).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs a test on SQLite and, where `YIHAO_TEST_POSTGRES` names one, on PostgreSQL.
pub async fn on_both<Test, Run>(test: Test)
where
    Test: Fn(Site) -> Run,
    Run: Future<Output = ()>,
{
    on_sqlite(&test).await;
    on_postgres(&test).await;
}

/// Runs a test on a SQLite file of its own.
pub async fn on_sqlite<Test, Run>(test: Test)
where
    Test: Fn(Site) -> Run,
    Run: Future<Output = ()>,
{
    test(open(|folder| DbConfig::sqlite(&folder.join("yihao.db"))).await).await;
}

/// Runs a test in a PostgreSQL schema of its own, or says that it was skipped.
pub async fn on_postgres<Test, Run>(test: Test)
where
    Test: Fn(Site) -> Run,
    Run: Future<Output = ()>,
{
    let Ok(server) = std::env::var(POSTGRES) else {
        static SAID: Once = Once::new();
        SAID.call_once(|| println!("skipped: PostgreSQL ({POSTGRES} is not set)"));
        return;
    };
    // A schema costs milliseconds where a database costs a copy of the template.
    let schema = format!("test_{}", kernel::id::new_id().replace('-', ""));
    execute(&server, &format!("create schema {schema}")).await;
    let joint = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{joint}options[search_path]={schema}");
    test(open(|_| DbConfig { url: url.clone(), pool_size: 4 }).await).await;
    execute(&server, &format!("drop schema {schema} cascade")).await;
}

async fn open(database: impl FnOnce(&std::path::Path) -> DbConfig) -> Site {
    let folder = std::env::temp_dir().join(format!("yihao-test-{}", kernel::id::new_id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = database(&folder);
    let db = Db::open(&database).await.unwrap();
    kernel::slice::migrate_kernel(&db).await.unwrap();
    let config = Config { data_dir: folder.clone(), database_url: database.url, ..Config::default() };
    let clock = Arc::new(MockClock::new(START));
    Site { kit: Kit::new(db, clock.clone(), config), clock, folder }
}

async fn execute(server: &str, statement: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(server).await.unwrap();
    connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}
