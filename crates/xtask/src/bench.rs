//! `bench`: figures of the release build, one JSON line with stable names.

mod acd;
mod client;
mod cpu;
mod flow;
mod insight;
mod knowledge;
mod orders;
mod orders_at_scale;
mod people;
mod service;
mod start;
mod suggest;
mod voice;

use crate::Outcome;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

/// Measures what the first word names.
pub fn bench(workspace: &Workspace, arguments: &Arguments) -> Outcome {
    match arguments.word(0) {
        Some("acd") => acd::bench(workspace, arguments),
        Some("orders") => orders::bench(workspace, arguments),
        Some("orders-at-scale") => orders_at_scale::bench(workspace, arguments),
        Some("start") => start::bench(workspace, arguments),
        Some("flow") => flow::bench(workspace, arguments),
        Some("insight") => insight::bench(workspace, arguments),
        Some("knowledge") => knowledge::bench(workspace, arguments),
        Some("suggest") => suggest::bench(workspace, arguments),
        Some("pop") => voice::pop::bench(workspace, arguments),
        Some("voice") => voice::talking::bench(workspace, arguments),
        Some("voice-setup") => voice::setup::bench(workspace, arguments),
        _ => Err("bench knows `acd`, `flow`, `insight`, `knowledge`, `orders`, `orders-at-scale`, `pop`, \
                  `start`, `suggest`, `voice` and `voice-setup`"
            .to_owned()),
    }
}

/// Prints the figures: as one JSON line, or one figure a line for people.
fn print(figures: &serde_json::Value, arguments: &Arguments) {
    if arguments.has("json") {
        println!("{figures}");
        return;
    }
    for (name, value) in figures.as_object().into_iter().flatten() {
        println!("{name:<22} {value}");
    }
}

/// The value below which a share of the sorted values lie.
fn percentile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list that fits in memory"
    )]
    let index = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last);
    sorted.get(index).copied().unwrap_or(0)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&sorted, 0.5), 50);
        assert_eq!(percentile(&sorted, 0.99), 99);
        assert_eq!(percentile(&sorted, 1.0), 100);
        assert_eq!(percentile(&[7], 0.99), 7);
        assert_eq!(percentile(&[], 0.99), 0);
    }
}
