//! The base map from the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Subcommand;
use kernel::BoxError;

use crate::cli::{DataArgs, Format};
use crate::run::{configure, say};

/// What can be done with the base map.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Makes the base map of an OpenStreetMap file (`.osm.pbf` or `.osm`). A running server shows it at once; when
    /// the file cannot be read, the old map stays.
    Import {
        /// The file.
        file: PathBuf,
        /// Where the data is.
        #[command(flatten)]
        data: DataArgs,
        /// Gives up after so many minutes.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1440))]
        minutes: u64,
        /// How to print the result.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[expect(clippy::disallowed_methods, reason = "a command's own patience, and how long it took")]
pub(crate) fn run(command: MapCommand) -> Result<ExitCode, BoxError> {
    let MapCommand::Import { file, data, minutes, format } = command;
    let data_dir = configure(&data)?.data_dir;
    let began = Instant::now();
    let patience = Duration::from_secs(minutes * 60);
    let made = map::base::import(&file, &data_dir, &|| began.elapsed() < patience)
        .map_err(|error| format!("{}: {}", file.display(), kernel::problem::chain(&error)))?;
    let millis = began.elapsed().as_millis();
    say(&match format {
        Format::Text => format!(
            "The base map holds {} things in {} tiles down to zoom {} ({} KB), made in {:.1} s.{}",
            made.features,
            made.tiles,
            made.zoom_max,
            made.size_bytes / 1024,
            began.elapsed().as_secs_f64(),
            if made.incomplete > 0 {
                format!(" {} things reach beyond the file and are drawn in part or not.", made.incomplete)
            } else {
                String::new()
            },
        ),
        Format::Json => serde_json::json!({
            "features": made.features, "incomplete": made.incomplete, "tiles": made.tiles,
            "size_bytes": made.size_bytes, "zoom_max": made.zoom_max, "millis": millis,
        })
        .to_string(),
    });
    Ok(ExitCode::SUCCESS)
}
