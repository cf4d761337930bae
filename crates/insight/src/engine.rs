//! Answers questions over the facts, on threads of its own, within bounds of time, memory and rows.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::JoinType;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::error::InsightError;
use crate::fact::{Row, Table, Value};
use crate::lake::{Lake, Snapshot};

/// The address of the files inside the engine.
const STORE: &str = "facts://lake";

/// Functions that make as much text or as long a list as they are told, in memory that nobody counts.
const BOUNDLESS: [&str; 9] = [
    "repeat",
    "lpad",
    "rpad",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "range",
    "generate_series",
];

/// How much a question may use.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Threads for all questions together.
    pub threads: usize,
    /// Memory for all questions together.
    pub memory_bytes: usize,
    /// Questions at once; others wait.
    pub at_once: usize,
    /// The longest time of a question.
    pub wait: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { threads: 2, memory_bytes: 512 << 20, at_once: 3, wait: Duration::from_secs(30) }
    }
}

/// A table as one reader sees it.
#[derive(Clone, Debug)]
pub struct View {
    /// The table.
    pub table: &'static Table,
    /// What the reader sees of it; everything when absent.
    pub scope: Option<String>,
    /// Months that matter; all when absent.
    pub months: Option<RangeInclusive<i64>>,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Row>,
    /// Whether there would have been more.
    pub cut: bool,
}

/// The engine.
pub struct Engine {
    runtime: Option<Runtime>,
    env: Arc<RuntimeEnv>,
    gate: Arc<Semaphore>,
    bounds: Bounds,
    /// Whether a question met a file that it could not read.
    let_down: AtomicBool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped where waiting is not allowed.
            runtime.shutdown_background();
        }
    }
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(lake: &Lake, bounds: Bounds) -> Result<Self, InsightError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(bounds.threads.max(1))
            .thread_name("figures")
            // Plans are trees that are walked by recursion.
            .thread_stack_size(8 << 20)
            .enable_all()
            .build()
            .map_err(|error| InsightError::Files(error.to_string()))?;
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(bounds.memory_bytes)))
            .with_max_temp_directory_size(2 << 30)
            .build_arc()?;
        env.register_object_store(ObjectStoreUrl::parse(STORE)?.as_ref(), lake.store());
        Ok(Self {
            runtime: Some(runtime),
            env,
            gate: Arc::new(Semaphore::new(bounds.at_once)),
            bounds,
            let_down: AtomicBool::new(false),
        })
    }

    /// Tells once whether a question met a file that it could not read since this was asked last.
    pub fn was_let_down(&self) -> bool {
        self.let_down.swap(false, Ordering::Relaxed)
    }

    /// Answers a question: `sql` over `views`, at most `most` rows.
    ///
    /// # Errors
    /// [`InsightError::TooLong`], [`InsightError::TooLarge`], [`InsightError::Busy`], or when it cannot be run.
    pub async fn ask(
        &self,
        snapshot: Arc<Snapshot>,
        views: Vec<View>,
        sql: String,
        most: usize,
    ) -> Result<Answer, InsightError> {
        let Some(runtime) = &self.runtime else { return Err(InsightError::Busy) };
        let turn = tokio::time::timeout(self.bounds.wait, self.gate.clone().acquire_owned());
        let turn = turn.await.map_err(|_| InsightError::Busy)?.map_err(|_| InsightError::Busy)?;
        let (env, threads) = (self.env.clone(), self.bounds.threads.max(1));
        let task = runtime.spawn(async move {
            let answer = run(env, threads, &snapshot, &views, &sql, most).await;
            drop(turn);
            answer
        });
        let stop = task.abort_handle();
        match tokio::time::timeout(self.bounds.wait, task).await {
            Ok(Ok(answer)) => {
                if matches!(&answer, Err(InsightError::Engine(error)) if is_about_files(error)) {
                    self.let_down.store(true, Ordering::Relaxed);
                }
                answer
            }
            Ok(Err(error)) => Err(InsightError::Files(format!("the question broke off: {error}"))),
            Err(_) => {
                stop.abort();
                Err(InsightError::TooLong)
            }
        }
    }
}

/// Tells whether a file could not be read, which no statement can bring about.
fn is_about_files(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::ParquetError(_) | DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => {
            true
        }
        DataFusionError::ArrowError(inner, _) => matches!(
            **inner,
            ArrowError::ExternalError(_) | ArrowError::ParquetError(_) | ArrowError::IoError(..)
        ),
        _ => false,
    }
}

async fn run(
    env: Arc<RuntimeEnv>,
    threads: usize,
    snapshot: &Snapshot,
    views: &[View],
    sql: &str,
    most: usize,
) -> Result<Answer, InsightError> {
    let config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_information_schema(false)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_bool("datafusion.execution.parquet.reorder_filters", true);
    let context = SessionContext::new_with_config_rt(config, env);
    for name in BOUNDLESS {
        context.deregister_udf(name);
    }
    for view in views {
        let frame = open(&context, snapshot, view).await?;
        context.register_table(view.table.name, frame.into_view())?;
    }
    let only_reading =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(sql, only_reading).await?;
    let columns = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut stream = frame.limit(0, Some(most + 1))?.execute_stream().await?;
    let mut answer = Answer { columns, ..Answer::default() };
    while let Some(batch) = stream.next().await {
        push_rows(&mut answer.rows, &batch?)?;
    }
    answer.cut = answer.rows.len() > most;
    answer.rows.truncate(most);
    Ok(answer)
}

/// Opens a table as a reader sees it: files, without what newer rows replace, and the newer rows.
async fn open(context: &SessionContext, snapshot: &Snapshot, view: &View) -> Result<DataFrame, InsightError> {
    let table = view.table;
    let schema = table.schema();
    let delta = snapshot.delta.get(table.name);
    let wanted = |month: &i64| view.months.as_ref().is_none_or(|months| months.contains(month));
    let (mut clean, mut dirty) = (Vec::new(), Vec::new());
    let months = snapshot.manifest.tables.get(table.name).map(|files| &files.months);
    for (month, entries) in months.into_iter().flatten().filter(|(month, _)| wanted(month)) {
        let to =
            if delta.is_some_and(|delta| delta.months.contains(month)) { &mut dirty } else { &mut clean };
        for entry in entries {
            to.push(ListingTableUrl::parse(format!("{STORE}/{}", entry.path))?);
        }
    }
    let newer = match delta {
        Some(delta) => delta.batch.clone(),
        None => RecordBatch::new_empty(schema.clone()),
    };
    let mut frame =
        context.read_table(Arc::new(MemTable::try_new(schema.clone(), vec![vec![newer.clone()]])?))?;
    if !clean.is_empty() {
        frame = frame.union(files(context, clean, &schema)?)?;
    }
    if !dirty.is_empty() {
        let hashes = newer.project(&[newer.schema().index_of("hash")?])?;
        let hashes = MemTable::try_new(hashes.schema(), vec![vec![hashes]])?;
        let hashes = context.read_table(Arc::new(hashes))?.with_column_renamed("hash", "newer_hash")?;
        let older = files(context, dirty, &schema)?.join(
            hashes,
            JoinType::LeftAnti,
            &["hash"],
            &["newer_hash"],
            None,
        )?;
        frame = frame.union(older)?;
    }
    if let Some(scope) = &view.scope {
        let seen = context.parse_sql_expr(scope, frame.schema())?;
        frame = frame.filter(seen)?;
    }
    Ok(frame)
}

fn files(
    context: &SessionContext,
    urls: Vec<ListingTableUrl>,
    schema: &SchemaRef,
) -> Result<DataFrame, InsightError> {
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(schema.clone());
    Ok(context.read_table(Arc::new(ListingTable::try_new(config)?))?)
}

/// Turns columns into rows.
fn push_rows(rows: &mut Vec<Row>, batch: &RecordBatch) -> Result<(), InsightError> {
    let start = rows.len();
    rows.resize_with(start + batch.num_rows(), || Vec::with_capacity(batch.num_columns()));
    for column in batch.columns() {
        let kind = match column.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
                DataType::Utf8View
            }
            DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => DataType::Int64,
            DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
                DataType::Float64
            }
            _ => DataType::Utf8View,
        };
        let values = cast(column, &kind)?;
        for at in 0..batch.num_rows() {
            let there = !values.is_null(at);
            rows[start + at].push(match kind {
                DataType::Int64 => Value::Int(there.then(|| values.as_primitive::<Int64Type>().value(at))),
                DataType::Float64 => {
                    Value::Real(there.then(|| values.as_primitive::<Float64Type>().value(at)))
                }
                _ => Value::Text(there.then(|| values.as_string_view().value(at).to_owned())),
            });
        }
    }
    Ok(())
}
