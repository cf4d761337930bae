//! `bench flow`: steps of flows a second, in memory and kept in each database with time line, event and audit row.

use serde_json::{Value, json};

use super::service::{self, Site};
use super::{print, rounded};
use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

/// Measures on the embedded database and on PostgreSQL, and prints both.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    let secs = arguments.number("secs", 5)?.clamp(1, 600).to_string();
    let server = service::build(workspace)?;
    let measure = |with_postgres: bool| -> Outcome<Value> {
        let site = Site::prepare(&server, with_postgres)?;
        let printed = site.run(&["flow", "bench", "--secs", &secs])?;
        let line = printed.lines().last().unwrap_or_default();
        serde_json::from_str(line).map_err(|error| format!("the server printed `{line}`: {error}"))
    };
    let (embedded, postgres) = (measure(false)?, measure(true)?);
    let rate = |of: &Value, name: &str| rounded(of[name].as_f64().unwrap_or_default());
    let figures = json!({
        "bench": "flow",
        "steps_per_s": rate(&embedded, "steps_per_s").max(rate(&postgres, "steps_per_s")),
        "persisted_steps_per_s": rate(&embedded, "persisted_steps_per_s"),
        "persisted_steps_per_s_sqlite": rate(&embedded, "persisted_steps_per_s"),
        "persisted_steps_per_s_postgres": rate(&postgres, "persisted_steps_per_s"),
    });
    print(&figures, arguments);
    Ok(())
}
