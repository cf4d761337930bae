//! Reads the files that are given, scores a language task on them, and prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::process::ExitCode;

use lang::eval;
use lang::lexicon::Lexicon;

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

#[expect(clippy::disallowed_methods, reason = "measures real time; no score but `p99_ms` depends on it")]
fn clock() -> impl Fn() -> f64 {
    let started = std::time::Instant::now();
    move || started.elapsed().as_secs_f64() * 1000.0
}

fn run(words: &[String]) -> Result<serde_json::Value, String> {
    let task = words.first().ok_or("which task? classify, retrieve, duplicates, answer or extract")?;
    let lexicon = Lexicon::new([]);
    let now_ms = clock();
    let fail = |error: eval::EvalError| error.to_string();
    match task.as_str() {
        "classify" => {
            eval::classify::score(&file(words, "--train")?, &file(words, "--test")?, &lexicon).map_err(fail)
        }
        "retrieve" => {
            eval::retrieve::score(&file(words, "--docs")?, &file(words, "--queries")?, &now_ms).map_err(fail)
        }
        "duplicates" => {
            eval::duplicates::score(&file(words, "--docs")?, &file(words, "--gold")?, &lexicon, &now_ms)
                .map_err(fail)
        }
        "answer" => eval::answer::score(&file(words, "--kb")?, &file(words, "--test")?).map_err(fail),
        "extract" => eval::extract::score(&file(words, "--test")?, &lexicon).map_err(fail),
        other => Err(format!("no task named `{other}`")),
    }
}

/// Reads the file that follows an option. Bytes that are no UTF-8 are refused with their place.
fn file(words: &[String], option: &str) -> Result<String, String> {
    let at = words.iter().position(|word| word == option).ok_or(format!("{option} FILE is missing"))?;
    let path = words.get(at + 1).ok_or(format!("{option} needs a file"))?;
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    String::from_utf8(bytes)
        .map_err(|error| format!("{path} is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))
}
