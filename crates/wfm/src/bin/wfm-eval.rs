//! Reads two files of counts, forecasts the second from the first, and prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use wfm::forecast::{CallModel, Observation};
use wfm::score::{Score, read_counts};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("eval: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<serde_json::Value, String> {
    if words.first().map(String::as_str) != Some("forecast") {
        return Err("which task? forecast".to_owned());
    }
    let (train, test) = (counts(words, "--train")?, counts(words, "--test")?);
    let model = CallModel::fit(&train, &BTreeMap::new()).map_err(|error| format!("--train: {error}"))?;
    // What came is used for the score alone: the model is told the instants only.
    let told = model.forecast(&test.iter().map(|count| count.at).collect::<Vec<_>>());
    let score = Score::of(&told, &test).ok_or("--test has no counts")?;
    let rounded = |figure: f64| (figure * 10_000.0).round() / 10_000.0;
    Ok(serde_json::json!({
        "eval": "forecast",
        "rmse": rounded(score.rmse),
        "wape": rounded(score.wape),
        "coverage80": rounded(score.coverage80),
        "train_slots": train.len(),
        "slots": test.len(),
    }))
}

fn counts(words: &[String], option: &str) -> Result<Vec<Observation>, String> {
    let at = words.iter().position(|word| word == option).ok_or(format!("{option} FILE is missing"))?;
    let path = words.get(at + 1).ok_or(format!("{option} needs a file"))?;
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    read_counts(&text).map_err(|error| format!("{path}: {error}"))
}
