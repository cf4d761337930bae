//! The index of the knowledge base from the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use kernel::{BoxError, SystemClock};

use crate::City;
use crate::cli::DataArgs;
use crate::run::{configure, quiet, say};

/// What can be done with the knowledge base.
#[derive(Debug, Subcommand)]
pub enum KnowledgeCommand {
    /// Builds the search index anew from the database. A running server does so by itself when its index is gone.
    Reindex {
        /// Where the data is.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Measures search over invented entries.
    Bench {
        /// How many entries.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=5_000_000))]
        entries: u32,
        /// An empty folder for the index; one that goes away again when absent.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// Prints the figures as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: KnowledgeCommand) -> Result<ExitCode, BoxError> {
    match command {
        KnowledgeCommand::Reindex { data } => {
            let city = City::assemble(quiet(configure(&data)?), Arc::new(SystemClock)).await?;
            let entries = city.knowledge.reindex().await?;
            say(&format!("The index of the knowledge base holds {entries} entries."));
        }
        KnowledgeCommand::Bench { entries, folder, json } => bench(entries as usize, folder, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn bench(entries: usize, folder: Option<PathBuf>, json: bool) -> Result<(), BoxError> {
    let own = folder.is_none();
    let name = || std::env::temp_dir().join(format!("yihao-knowledge-{}", kernel::id::new_id()));
    let folder = folder.unwrap_or_else(name);
    let place = folder.clone();
    let outcome = tokio::task::spawn_blocking(move || knowledge::bench::run(&place, entries)).await?;
    if own {
        let _ = std::fs::remove_dir_all(&folder);
    }
    let figures = outcome?;
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    let shown = serde_json::json!({
        "entries": figures.entries,
        "index_per_s": figures.index_per_s.round(),
        "search_p50_ms": rounded(figures.search_p50_ms),
        "search_p99_ms": rounded(figures.search_p99_ms),
        "rss_mb": figures.rss_mb.round(),
    });
    if json {
        say(&shown.to_string());
    } else {
        for (name, value) in shown.as_object().into_iter().flatten() {
            say(&format!("{name:<22} {value}"));
        }
    }
    Ok(())
}
