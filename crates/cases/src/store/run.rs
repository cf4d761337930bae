//! Rows of `cases_run`: long pieces of work that somebody started and watches (试运行、导入、导出).

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use kernel::{Ctx, Principal, Timestamp};
use serde_json::{Value, json};
use sqlx::FromRow;

use crate::Cases;
use crate::error::CaseError;

/// A run that has not told anything for this long was cut off.
const SILENT_MS: i64 = 120_000;
/// The file of a run is kept for this time.
const FILE_KEPT_MS: i64 = 7 * 24 * 3_600_000;
/// So many runs of one person may go on at once.
const AT_ONCE_MAX: i64 = 3;

/// A run as it is stored.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_run` under their own names")]
pub struct Run {
    pub id: String,
    pub kind: String,
    /// `running`, `done`, `failed`, or `lost` when the server was stopped meanwhile.
    pub state: String,
    pub done: i64,
    pub total: i64,
    pub result: String,
    pub file: Option<String>,
    pub file_name: Option<String>,
    pub file_type: Option<String>,
    pub made_at: i64,
    pub touched_at: i64,
}

/// A file that a run made.
#[derive(Clone, Debug)]
pub struct RunFile {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
}

/// What a run ends with.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Figures for the screen.
    pub result: Value,
    /// A file to download.
    pub file: Option<RunFile>,
}

/// The hand by which a run tells how far it is.
#[derive(Clone)]
pub struct Progress {
    cases: Cases,
    id: String,
}

impl Progress {
    /// Returns the run's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Tells how far the run is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell(&self, done: usize, total: usize) -> Result<(), CaseError> {
        let mut tx = self.cases.kit().db.begin().await?;
        sqlx::query("update cases_run set done = $2, total = $3, touched_at = $4 where id = $1")
            .bind(&self.id)
            .bind(i64::try_from(done).unwrap_or(i64::MAX))
            .bind(i64::try_from(total).unwrap_or(i64::MAX))
            .bind(self.cases.kit().now().0)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

impl Progress {
    /// Tells whether somebody wants the run to stop.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_stopped(&self) -> Result<bool, CaseError> {
        let (stop_at,): (Option<i64>,) = sqlx::query_as("select stop_at from cases_run where id = $1")
            .bind(&self.id)
            .fetch_one(self.cases.kit().db.reader())
            .await?;
        Ok(stop_at.is_some())
    }
}

impl Cases {
    /// Asks a run of `by`'s own to stop.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for anybody else's, or one that has ended.
    pub async fn stop_run(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let stopped = sqlx::query(
            "update cases_run set stop_at = $3 where id = $1 and made_by = $2 and state = 'running'",
        )
        .bind(id)
        .bind(&by.person_id)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if stopped.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        Ok(tx.commit().await?)
    }

    /// Forgets the files of runs after some days.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_run_files(&self, now: Timestamp) -> Result<usize, CaseError> {
        let old: Vec<(String, String)> = sqlx::query_as(
            "select id, file from cases_run where file is not null and touched_at < $1 limit 200",
        )
        .bind(now.0 - FILE_KEPT_MS)
        .fetch_all(self.kit().db.reader())
        .await?;
        for (id, file) in &old {
            let mut tx = self.kit().db.begin().await?;
            sqlx::query("update cases_run set file = null where id = $1").bind(id).execute(tx.conn()).await?;
            tx.commit().await?;
            if let Err(error) = self.kit().blobs.remove(file).await {
                tracing::warn!(run = id, %error, "the file of an old run could not be removed");
            }
        }
        Ok(old.len())
    }

    /// Starts a run in the background and returns its id.
    ///
    /// # Errors
    /// [`CaseError::TooManyRuns`], or when the database fails.
    pub async fn start_run<F, Fut>(
        &self,
        ctx: &Ctx,
        by: &Principal,
        kind: &'static str,
        work: F,
    ) -> Result<String, CaseError>
    where
        F: FnOnce(Progress) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Outcome, CaseError>> + Send + 'static,
    {
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let (running,): (i64,) = sqlx::query_as(
            "select count(*) from cases_run where made_by = $1 and state = 'running' and touched_at > $2",
        )
        .bind(&by.person_id)
        .bind(ctx.now.0 - SILENT_MS)
        .fetch_one(tx.conn())
        .await?;
        if running >= AT_ONCE_MAX {
            return Err(CaseError::TooManyRuns);
        }
        sqlx::query(
            "insert into cases_run (id, kind, state, done, total, result, made_at, made_by, touched_at) \
             values ($1, $2, 'running', 0, 0, '{}', $3, $4, $5)",
        )
        .bind(&id)
        .bind(kind)
        .bind(ctx.now.0)
        .bind(&by.person_id)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        let progress = Progress { cases: self.clone(), id: id.clone() };
        tokio::spawn(async move {
            let (cases, id) = (progress.cases.clone(), progress.id.clone());
            let ended = AssertUnwindSafe(work(progress)).catch_unwind().await;
            let told = match ended {
                Ok(Ok(outcome)) => cases.end_run(&id, "done", outcome).await,
                Ok(Err(error)) => {
                    tracing::error!(run = id, error = %kernel::problem::chain(&error), "a run failed");
                    cases.end_run(&id, "failed", Outcome { result: json!({}), file: None }).await
                }
                Err(_) => cases.end_run(&id, "failed", Outcome { result: json!({}), file: None }).await,
            };
            if let Err(error) = told {
                tracing::error!(run = id, error = %kernel::problem::chain(&error), "a run's end was not stored");
            }
        });
        Ok(id)
    }

    async fn end_run(&self, id: &str, state: &str, outcome: Outcome) -> Result<(), CaseError> {
        let now = self.kit().now();
        let mut file = None;
        if let Some(made) = &outcome.file {
            let name = self
                .kit()
                .blobs
                .put(now, &made.bytes)
                .await
                .map_err(|error| CaseError::Port(error.into()))?;
            file = Some((name, made.name.clone(), made.media_type));
        }
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "update cases_run set state = $2, result = $3, file = $4, file_name = $5, file_type = $6, \
             touched_at = $7 where id = $1",
        )
        .bind(id)
        .bind(state)
        .bind(outcome.result.to_string())
        .bind(file.as_ref().map(|(name, ..)| name.clone()))
        .bind(file.as_ref().map(|(_, name, _)| name.clone()))
        .bind(file.as_ref().map(|(.., media_type)| (*media_type).to_owned()))
        .bind(now.0)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Reads a run of `by`'s own.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for anybody else's.
    pub async fn run(&self, by: &Principal, id: &str, now: Timestamp) -> Result<Run, CaseError> {
        let run: Option<Run> = sqlx::query_as(
            "select id, kind, state, done, total, result, file, file_name, file_type, made_at, touched_at \
             from cases_run where id = $1 and made_by = $2",
        )
        .bind(id)
        .bind(&by.person_id)
        .fetch_optional(self.kit().db.reader())
        .await?;
        let mut run = run.ok_or(CaseError::NotFound)?;
        if run.state == "running" && now.0 - run.touched_at > SILENT_MS {
            "lost".clone_into(&mut run.state);
        }
        Ok(run)
    }
}
