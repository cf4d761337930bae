//! The program.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::Cli;

/// A quarter of the work of writing an order was that of the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("YIHAO_LOG").unwrap_or_else(|_| {
                "info,rsipstack=warn,rsipstack::dialog=error,str0m=warn,sqlx=warn".into()
            }),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(server::run::run(cli.command)) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = %kernel::problem::chain(&*error), "stopped");
            ExitCode::FAILURE
        }
    }
}
