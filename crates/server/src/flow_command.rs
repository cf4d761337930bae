//! `yihao flow check` and `yihao flow trace`: flows from files, without a server or a database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use flow::{FlowProblem, Model, Reading};
use kernel::BoxError;
use serde_json::{Map, Value, json};

use crate::cli::DataArgs;

/// What can be done with a flow in a file.
#[derive(Debug, Subcommand)]
pub enum FlowCommand {
    /// Prints why a BPMN file cannot be executed, one JSON object a line. Exits 1 when there is any reason.
    ///
    /// Each line has `element` (the id of the element at fault; empty when the file as a whole is), `kind` (its
    /// BPMN name), `code` (stable), `message` (English) and `message_zh`.
    Check {
        /// The BPMN 2.0 file.
        file: PathBuf,
        /// Asks also for what orders need: who may do each task, what each service does.
        #[arg(long)]
        published: bool,
    },
    /// Runs a BPMN file in which tasks complete at once and timers fire at once, and prints the ids of the
    /// elements in the order in which they ran. Exits 1 when it is refused or does not end; why is then printed to
    /// standard error, as `check` does.
    Trace {
        /// The BPMN 2.0 file.
        file: PathBuf,
        /// A variable, `name=value`; the value is JSON where it can be read as such, else text.
        #[arg(long = "var", value_name = "NAME=VALUE")]
        vars: Vec<String>,
        /// Prints one JSON array of ids instead of one id a line.
        #[arg(long)]
        json: bool,
    },
    /// Measures how many steps of flows are taken in a second, in memory and kept in a database. Writes orders into
    /// it: not for the data of a city.
    #[command(hide = true)]
    Bench {
        /// Where the data is.
        #[command(flatten)]
        data: DataArgs,
        /// How long each figure is measured.
        #[arg(long, default_value_t = 5)]
        secs: u64,
    },
}

/// Carries a command out.
///
/// # Errors
/// When the database of a measurement fails.
pub async fn run(command: FlowCommand) -> Result<ExitCode, BoxError> {
    match command {
        FlowCommand::Check { file, published } => Ok(check(&file, published)),
        FlowCommand::Trace { file, vars, json } => Ok(trace(&file, &vars, json)),
        FlowCommand::Bench { data, secs } => {
            let figures = crate::flow_bench::measure(&data, Duration::from_secs(secs.clamp(1, 600))).await?;
            say(&figures.to_string());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(file: &Path, published: bool) -> ExitCode {
    let reading = if published { Reading::Published } else { Reading::Drawn };
    match read(file, reading) {
        Ok(_) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                say(&problem.to_string());
            }
            ExitCode::FAILURE
        }
    }
}

fn trace(file: &Path, vars: &[String], as_json: bool) -> ExitCode {
    let outcome = variables(vars)
        .and_then(|vars| read(file, Reading::Drawn).map(|model| (model, vars)))
        .and_then(|(model, vars)| {
            flow::trace(&model, vars).map_err(|error| {
                vec![problem("", "", "variable.invalid", &error.to_string(), "变量不能使用")]
            })
        });
    let trace = match outcome {
        Ok(trace) => trace,
        Err(problems) => {
            for problem in problems {
                complain(&problem.to_string());
            }
            return ExitCode::FAILURE;
        }
    };
    if as_json {
        say(&json!(trace.elements).to_string());
    } else {
        for id in &trace.elements {
            say(id);
        }
    }
    for incident in &trace.incidents {
        let code = json!(incident.code);
        let code = format!("run.{}", code.as_str().unwrap_or_default());
        complain(&problem(&incident.element_id, "", &code, &incident.message, "流程走不下去").to_string());
    }
    if trace.endless && trace.incidents.is_empty() {
        let element = trace.waiting.first().map(String::as_str).unwrap_or_default();
        let words = "it goes round without end";
        complain(&problem(element, "", "run.endless", words, "流程无休止地循环").to_string());
    } else if !trace.ended && trace.incidents.is_empty() {
        for element in &trace.waiting {
            let words = "it waits for something that does not come";
            complain(&problem(element, "", "run.waiting", words, "等待不会到来的事情").to_string());
        }
    }
    if trace.ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(file: &Path, reading: Reading) -> Result<Model, Vec<Value>> {
    let bytes = std::fs::read(file).map_err(|error| {
        vec![problem("", "", "file.unreadable", &format!("{}: {error}", file.display()), "文件读不出来")]
    })?;
    let text = flow::decode(bytes).ok_or_else(|| {
        vec![problem(
            "",
            "",
            "file.encoding",
            "the file is neither UTF-8 nor UTF-16",
            "文件编码不是UTF-8或UTF-16",
        )]
    })?;
    let told = |problems: Vec<FlowProblem>| {
        problems
            .iter()
            .map(|one| problem(&one.element_id, &one.element, one.code, &one.en, &one.zh))
            .collect::<Vec<_>>()
    };
    let model = Model::read(&text, reading).map_err(told)?;
    let faults = model.review();
    if faults.is_empty() { Ok(model) } else { Err(told(faults)) }
}

fn problem(element: &str, kind: &str, code: &str, message: &str, message_zh: &str) -> Value {
    json!({"element": element, "kind": kind, "code": code, "message": message, "message_zh": message_zh})
}

fn variables(given: &[String]) -> Result<Map<String, Value>, Vec<Value>> {
    given
        .iter()
        .map(|one| {
            let (name, value) =
                one.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                    vec![problem(
                        "",
                        "",
                        "variable.invalid",
                        &format!("not NAME=VALUE: {one}"),
                        "变量须写作 名=值",
                    )]
                })?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((name.to_owned(), value))
        })
        .collect()
}

#[expect(clippy::print_stdout, reason = "the command's answer to whoever typed it")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the command's answer to whoever typed it")]
fn complain(text: &str) {
    eprintln!("{text}");
}
