//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Yihao, a city's hotline in one program.
#[derive(Debug, Parser)]
#[command(name = "yihao", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves the city until it is stopped.
    Serve(ServeArgs),
    /// Fills an empty data folder with the demonstration city.
    Demo(DataArgs),
    /// Lets simulated citizens, agents and units keep a running demonstration city alive.
    Simulate(SimulateArgs),
    /// Prints the OpenAPI document.
    Openapi,
    /// Checks and traces flows drawn in BPMN 2.0.
    Flow {
        /// What to do with one.
        #[command(subcommand)]
        command: crate::flow_command::FlowCommand,
    },
    /// Measures what the program says of orders.
    Assist {
        /// What to measure.
        #[command(subcommand)]
        command: crate::assist_command::AssistCommand,
    },
    /// Works on the knowledge base.
    Knowledge {
        /// What to do with it.
        #[command(subcommand)]
        command: crate::knowledge_command::KnowledgeCommand,
    },
    /// Works on the base map.
    Map {
        /// What to do with it.
        #[command(subcommand)]
        command: crate::map_command::MapCommand,
    },
    /// Works on the audit log.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        command: AuditCommand,
    },
}

/// Where data and settings are.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// The folder of all data; `data` when neither this nor the settings name one.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// A TOML file with settings; `yihao.toml` in the data folder when it exists.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// `postgres://…` instead of the embedded database.
    #[arg(long)]
    pub database: Option<String>,
}

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where data and settings are.
    #[command(flatten)]
    pub data: DataArgs,
    /// The port of HTTP.
    #[arg(long)]
    pub port: Option<u16>,
    /// The address of HTTP, when not all.
    #[arg(long)]
    pub host: Option<String>,
    /// The UDP port of SIP trunks.
    #[arg(long)]
    pub sip_port: Option<u16>,
    /// Creates the demonstration city in an empty data folder and shows its accounts.
    #[arg(long)]
    pub demo: bool,
}

/// How to simulate.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// The running server.
    #[arg(long, default_value = "http://127.0.0.1:12345")]
    pub server: String,
    /// Its SIP address.
    #[arg(long, default_value = "127.0.0.1:5060")]
    pub sip: String,
    /// How much faster than life, 1 to 100.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub speed: u32,
    /// It stops by itself after so many simulated minutes.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub minutes: u32,
    /// The same number gives the same day.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many agents work.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub agents: u32,
    /// How many calls may run at the same time.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub calls: u32,
    /// Prints the summary as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Proves that no row was changed, removed or slipped in. Exits 1 when one was.
    Verify {
        /// Where the data is.
        #[command(flatten)]
        data: DataArgs,
        /// How to print the result.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

/// How results are printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}
