//! What a call centre stands on: a folder and a database of its own, gone when the test is over.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use kernel::db::DbConfig;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// The variable that names a PostgreSQL on which tests may create schemas.
const POSTGRES: &str = "YIHAO_TEST_POSTGRES";

/// A folder and a database. Whoever stands on it holds a clone; the last one leaves nothing behind.
#[derive(Clone)]
pub struct Ground(Arc<Plot>);

struct Plot {
    dir: PathBuf,
    database: DbConfig,
}

impl Ground {
    fn fresh(database: impl FnOnce(&Path) -> DbConfig) -> Self {
        let dir = std::env::temp_dir().join(format!("yihao-voice-{}", kernel::id::new_id()));
        std::fs::create_dir_all(&dir).unwrap();
        let database = database(&dir);
        Self(Arc::new(Plot { dir, database }))
    }

    /// Files and an embedded database, both in one folder.
    pub fn sqlite() -> Self {
        Self::fresh(|dir| DbConfig::sqlite(&dir.join("yihao.db")))
    }

    /// What a crash at this moment would leave of an embedded database and its files.
    pub fn after_crash(&self) -> Self {
        let left = Self::sqlite();
        copy(self.dir(), left.dir());
        left
    }

    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    pub fn database(&self) -> &DbConfig {
        &self.0.database
    }
}

impl Drop for Plot {
    fn drop(&mut self) {
        if std::env::var_os("KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a test on an embedded database and, where `YIHAO_TEST_POSTGRES` names one, on PostgreSQL.
pub async fn on_both_grounds(test: impl AsyncFn(Ground)) {
    test(Ground::sqlite()).await;
    let Ok(server) = std::env::var(POSTGRES) else {
        static SAID: Once = Once::new();
        SAID.call_once(|| eprintln!("skipped: PostgreSQL ({POSTGRES} is not set)"));
        return;
    };
    let schema = format!("voice_{}", kernel::id::new_id().replace('-', ""));
    execute(&server, &format!("create schema {schema}")).await;
    let joint = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{joint}options[search_path]={schema}");
    test(Ground::fresh(|_| DbConfig { url, pool_size: 6 })).await;
    let drop = format!("drop schema {schema} cascade");
    // What a stage still writes may meet it in a deadlock.
    for _ in 0..5 {
        if try_execute(&server, &drop).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    execute(&server, &drop).await;
}

async fn execute(server: &str, statement: &str) {
    try_execute(server, statement).await.unwrap();
}

async fn try_execute(server: &str, statement: &str) -> Result<(), sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(server).await?;
    connection.execute(AssertSqlSafe(statement.to_owned())).await?;
    connection.close().await
}
