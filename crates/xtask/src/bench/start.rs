//! `bench start`: from the start of the process to its first answer, and its memory at rest. The city is
//! in the folder already, as on every morning but the first.

use std::time::Duration;

use serde_json::json;

use super::service::{self, Site};
use super::{percentile, print, rounded};
use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

const STARTS: usize = 5;

/// Starts the server a few times and prints the median.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let server = service::build(workspace)?;
    let site = Site::prepare(&server, false)?;
    let mut micros = Vec::new();
    let mut rss_mb: f64 = 0.0;
    for _ in 0..STARTS {
        let running = site.start()?;
        micros.push(u64::try_from(running.first_answer.as_micros()).unwrap_or(u64::MAX));
        std::thread::sleep(Duration::from_secs(2));
        rss_mb = rss_mb.max(running.rss_mb());
    }
    micros.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a start")]
    let millis = |micros: u64| rounded(micros as f64 / 1e3);
    let figures = json!({
        "bench": "start",
        "starts": STARTS,
        "ms_to_first_request": millis(percentile(&micros, 0.5)),
        "worst_ms_to_first_request": millis(percentile(&micros, 1.0)),
        "rss_mb": rounded(rss_mb),
    });
    print(&figures, arguments);
    Ok(())
}
