//! Help from language from the command line.

use std::process::ExitCode;

use clap::Subcommand;
use kernel::BoxError;

use crate::run::say;

/// What can be done with what the program says of orders.
#[derive(Debug, Subcommand)]
pub enum AssistCommand {
    /// Measures duplicates and suggestions over invented orders.
    Bench {
        /// How many orders.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
        orders: u32,
        /// Prints the figures as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: AssistCommand) -> Result<ExitCode, BoxError> {
    let AssistCommand::Bench { orders, json } = command;
    let figures = tokio::task::spawn_blocking(move || bot::bench::run(orders as usize)).await??;
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    let shown = serde_json::json!({
        "orders": figures.orders,
        "put_per_s": figures.put_per_s.round(),
        "learn_s": rounded(figures.learn_s),
        "duplicate_p50_ms": rounded(figures.duplicate_p50_ms),
        "duplicate_p99_ms": rounded(figures.duplicate_p99_ms),
        "suggest_p50_ms": rounded(figures.suggest_p50_ms),
        "suggest_p99_ms": rounded(figures.suggest_p99_ms),
        "rss_mb": figures.rss_mb.round(),
    });
    if json {
        say(&shown.to_string());
    } else {
        for (name, value) in shown.as_object().into_iter().flatten() {
            say(&format!("{name:<22} {value}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
