//! The forecast on a real call centre: five-minute counts of a bank, read from the public data beside the clone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wfm::forecast::CallModel;
use wfm::score::{Score, read_counts};

#[test]
fn four_weeks_of_a_bank_are_forecast_better_than_by_the_last_four_weeks() {
    let folder = std::env::var_os("YIHAO_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(folder.join("calls/bank_calls_5min.csv")) else {
        eprintln!("skipped: no calls/bank_calls_5min.csv; YIHAO_DATA may name the folder");
        return;
    };
    let counts = read_counts(&text).expect("readable");
    let mut dates: Vec<_> = counts.iter().map(|count| count.at.date()).collect();
    dates.dedup();
    for origin in [84, 104, dates.len() - 20] {
        let (first, end) = (dates[origin], dates[origin + 19]);
        let past: Vec<_> = counts.iter().filter(|count| count.at.date() < first).copied().collect();
        let came: Vec<_> =
            counts.iter().filter(|count| (first..=end).contains(&count.at.date())).copied().collect();
        let told = CallModel::fit(&past, &BTreeMap::new())
            .expect("months of calls")
            .forecast(&came.iter().map(|count| count.at).collect::<Vec<_>>());
        let score = Score::of(&told, &came).expect("a month of slots");
        eprintln!("origin {origin}: {score:?}");
        assert!(score.rmse < 21.5, "{score:?}");
        assert!((0.72..=0.9).contains(&score.coverage80), "{score:?}");
    }
}
