//! Rules of a form in JavaScript, run in QuickJS without any surroundings: no clock, no chance, no host, bounded in
//! memory, depth and work. The browser runs the same rules; what the server says counts.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::context::EvalOptions;
use rquickjs::context::intrinsic;
use rquickjs::function::This;
use rquickjs::{CatchResultExt as _, CaughtError, Context, Ctx, Exception, Function, Runtime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::access::Reader;
use crate::schema::{Form, Label};

/// What the engine calls the author's script.
const AUTHORS: &str = "form.js";
/// The longest script, in bytes.
pub const SCRIPT_MAX: usize = 20 * 1024;
/// What the script runs in; the browser's worker uses the same text.
pub const SURROUNDINGS: &str = include_str!("script.js");

/// The most memory of a run, in bytes.
const MEMORY_MAX: usize = 8 * 1024 * 1024;
/// The deepest stack of a run, in bytes.
const STACK_MAX: usize = 192 * 1024;
/// The engine asks this often, every 10,000 jumps and calls, whether it may go on.
const TURNS_MAX: u32 = 100;
/// The work of the engine's own functions, in units of 64 characters or entries.
const WORK_MAX: f64 = 500_000.0;
/// The most that a run may say, in bytes of JSON.
const SAID_MAX: usize = 512 * 1024;

/// Asks whether a run has to stop at once, such as when too much time has passed.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// What the rules said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// Answers that were set; null takes one away.
    pub values: BTreeMap<String, Value>,
    /// Fields that are not shown.
    pub hidden: BTreeSet<String>,
    /// Fields that have to be filled in, or need not be.
    pub required: BTreeMap<String, bool>,
    /// Fields that cannot be filled in.
    pub locked: BTreeSet<String>,
    /// What can be chosen, by field.
    pub options: BTreeMap<String, Vec<String>>,
    /// What is wrong, by field; of the whole form without one.
    #[serde(deserialize_with = "failures")]
    pub failures: Vec<(String, Label)>,
}

fn failures<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Label)>, D::Error> {
    let said: Vec<(String, String, String)> = Vec::deserialize(deserializer)?;
    let short = |text: String| text.chars().take(200).collect::<String>();
    Ok(said
        .into_iter()
        .take(100)
        .map(|(key, zh, en)| (key, Label { zh: short(zh), en: short(en) }))
        .collect())
}

/// Why a script did not come to its end, for its author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{code}: {en}")]
pub struct ScriptError {
    /// `script.syntax`, `script.thrown`, `script.time`, `script.memory`, `script.depth`, `script.said`.
    pub code: &'static str,
    /// The line of the script.
    pub line: Option<u32>,
    /// What happened, in Chinese.
    pub zh: String,
    /// What happened, in English.
    pub en: String,
}

impl ScriptError {
    fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, line: None, zh: zh.into(), en: en.into() }
    }
}

/// What the syntax needs; promises, which the surroundings take away, because without them an `async` function is of a
/// class that the engine cannot free.
type Surroundings = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

/// How a run came to be stopped.
#[derive(Default)]
struct Spent {
    turns: Cell<u32>,
    work: Cell<f64>,
    stopped: Cell<bool>,
}

impl Form {
    /// Runs the rules over answers. Without a script nothing is said.
    ///
    /// It takes up to some tens of milliseconds and half a megabyte of stack: not for a thread that serves others.
    ///
    /// # Errors
    /// [`ScriptError`], for the author of the form.
    pub fn run(
        &self,
        reader: &Reader<'_>,
        answers: &Map<String, Value>,
        stop: Stop,
    ) -> Result<Effects, ScriptError> {
        let script = &self.schema().script;
        if script.trim().is_empty() {
            return Ok(Effects::default());
        }
        if has_large_integer(script) {
            return Err(ScriptError::new(
                "script.syntax",
                "脚本不支持BigInt（如10n）。",
                "Large integers such as 10n are not available.",
            ));
        }
        let keys: Vec<&str> =
            self.fields().filter(|field| field.kind.has_answer()).map(|field| field.key.as_str()).collect();
        let input = json!({
            "answers": answers,
            "keys": keys,
            "today": reader.today,
            "node": reader.node,
            "roles": reader.roles,
        });
        let said = execute(script, &input.to_string(), stop, MEMORY_MAX)?;
        let unreadable = |_| {
            ScriptError::new("script.said", "脚本的结果无法读取。", "What the script said cannot be read.")
        };
        let mut effects: Effects = serde_json::from_str(&said).map_err(unreadable)?;
        // Rules may say something of keys that the surroundings let pass; only those of the form count.
        effects.values.retain(|key, _| keys.contains(&key.as_str()));
        effects.options.retain(|key, _| keys.contains(&key.as_str()));
        Ok(effects)
    }
}

/// Tells whether a script writes a large integer, whose arithmetic nothing could stop.
fn has_large_integer(script: &str) -> bool {
    let mut digits = false;
    let mut word = false;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        let part = c.is_alphanumeric() || c == '_' || c == '$';
        if !part {
            (digits, word) = (false, false);
        } else if !word {
            (word, digits) = (true, c.is_ascii_digit());
        } else if digits
            && c == 'n'
            && !chars.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_')
        {
            return true;
        }
    }
    false
}

fn execute(script: &str, input: &str, stop: Stop, memory_max: usize) -> Result<String, ScriptError> {
    let broken = |_| {
        ScriptError::new("script.memory", "脚本引擎内存不足。", "There is not enough memory for scripts.")
    };
    let runtime = Runtime::new().map_err(broken)?;
    runtime.set_memory_limit(memory_max);
    runtime.set_max_stack_size(STACK_MAX);
    let spent = Rc::new(Spent::default());
    let asked = spent.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || {
        asked.turns.set(asked.turns.get() + 1);
        let over = asked.turns.get() > TURNS_MAX || asked.work.get() > WORK_MAX || stop();
        asked.stopped.set(asked.stopped.get() || over);
        over
    })));
    let context = Context::custom::<Surroundings>(&runtime).map_err(broken)?;
    let outcome = context.with(|ctx| {
        let counted = spent.clone();
        let tick = Function::new(ctx.clone(), move |ctx: Ctx<'_>, work: f64| -> rquickjs::Result<()> {
            counted.work.set(counted.work.get() + work);
            if counted.work.get() > WORK_MAX {
                counted.stopped.set(true);
                return Err(Exception::throw_range(&ctx, "too much work"));
            }
            Ok(())
        });
        let run = tick
            .and_then(|tick| ctx.globals().set("__tick", tick))
            .and_then(|()| ctx.eval_with_options::<Function<'_>, _>(SURROUNDINGS, named("surroundings.js")))
            .catch(&ctx)
            .map_err(|error| explain(&error, &spent, "script.memory"))?;
        ctx.eval_with_options::<(), _>(format!("'use strict';{script}\n;undefined"), named(AUTHORS))
            .catch(&ctx)
            .map_err(|error| explain(&error, &spent, "script.syntax"))?;
        run.call::<_, String>((This(ctx.globals()), input))
            .catch(&ctx)
            .map_err(|error| explain(&error, &spent, "script.thrown"))
    });
    let said = outcome?;
    if spent.stopped.get() {
        return Err(too_long());
    }
    if said.len() > SAID_MAX {
        return Err(ScriptError::new("script.said", "脚本的结果过大。", "The script says too much."));
    }
    Ok(said)
}

fn named(filename: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.filename = Some(filename.to_owned());
    options
}

fn too_long() -> ScriptError {
    ScriptError::new(
        "script.time",
        "脚本运行时间过长，已停止。请检查是否有不会结束的循环。",
        "The script took too long and was stopped. Look for a loop that never ends.",
    )
}

/// Says what happened in the author's words.
fn explain(error: &CaughtError<'_>, spent: &Spent, otherwise: &'static str) -> ScriptError {
    if spent.stopped.get() {
        return too_long();
    }
    let (message, stack) = match error {
        CaughtError::Exception(exception) => {
            (exception.message().unwrap_or_default(), exception.stack().unwrap_or_default())
        }
        CaughtError::Value(value) if value.is_null() => ("out of memory".to_owned(), String::new()),
        CaughtError::Value(value) => {
            (value.as_string().and_then(|text| text.to_string().ok()).unwrap_or_default(), String::new())
        }
        CaughtError::Error(error) => (error.to_string(), String::new()),
    };
    let name = match error {
        CaughtError::Exception(exception) => exception.get::<_, String>("name").unwrap_or_default(),
        _ => String::new(),
    };
    if message.contains("out of memory") || message == "string too long" {
        return ScriptError::new(
            "script.memory",
            "脚本占用内存过多，已停止。",
            "The script took too much memory and was stopped.",
        );
    }
    if message.contains("stack") && (name == "RangeError" || name == "InternalError") {
        return ScriptError::new(
            "script.depth",
            "脚本调用层级过深，已停止。请检查是否有不会结束的递归。",
            "The script called itself too deeply and was stopped.",
        );
    }
    let code = if name == "SyntaxError" {
        "script.syntax"
    } else if otherwise == "script.syntax" {
        "script.thrown"
    } else {
        otherwise
    };
    let message: String = message.chars().take(200).collect();
    let line = line_of(&stack);
    let (zh, en) = match (code, line) {
        ("script.syntax", Some(line)) => {
            (format!("脚本第{line}行有语法错误：{message}"), format!("Line {line} cannot be read: {message}"))
        }
        ("script.syntax", None) => {
            (format!("脚本有语法错误：{message}"), format!("The script cannot be read: {message}"))
        }
        (_, Some(line)) => {
            (format!("脚本第{line}行出错：{message}"), format!("Line {line} failed: {message}"))
        }
        (_, None) => (format!("脚本出错：{message}"), format!("The script failed: {message}")),
    };
    ScriptError { code, line, zh, en }
}

/// Finds the line of the author's script in a stack.
fn line_of(stack: &str) -> Option<u32> {
    stack.lines().find_map(|line| {
        let place = line.split("form.js:").nth(1)?;
        place.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a script was doing when its memory ended: an engine that is freed with something left of it would end
    /// the whole program.
    const DOING: [&str; 14] = [
        "const all = []; for (let i = 0; ; i += 1) all.push({ a: i, b: [i], c: 'x' + i })",
        "const m = new Map(); for (let i = 0; ; i += 1) m.set({ i }, new Set([i, 'k' + i]))",
        "let o = {}; for (let i = 0; ; i += 1) o = { o, f() { return o }, get g() { return i } }",
        "const f = []; for (let i = 0; ; i += 1) f.push(function* () { yield i; yield f }())",
        "const f = []; for (let i = 0; ; i += 1) { const g = function* () { yield f; yield i }(); g.next(); f.push(g) }",
        "const f = []; for (let i = 0; ; i += 1) f.push(async function () { return f })",
        "const f = []; async function one() { await 1; await f } for (let i = 0; ; i += 1) f.push(one())",
        "const f = []; for (let i = 0; ; i += 1) f.push(new Error('e' + i))",
        "const f = []; for (let i = 0; ; i += 1) try { throw { i, f } } catch (e) { f.push(e) }",
        "const f = []; for (let i = 0; ; i += 1) f.push(/(a|b)*c/g.exec('ababac' + i))",
        "const f = []; for (let i = 0; ; i += 1) f.push(JSON.parse('{\"a\":[1,{\"b\":\"' + i + '\"}]}'))",
        "const f = []; for (let i = 0; ; i += 1) f.push(class A { #x = i; static y = f; m() { return this.#x } })",
        "const f = []; for (let i = 0; ; i += 1) f.push([...f.slice(-20), ...'abc'].map((x) => [x]).sort().concat(f.slice(-3)))",
        "const f = []; on('a', (form) => { for (let i = 0; ; i += 1) { form.set('a', 'x' + i); f.push(form.rows('a'), form) } })",
    ];

    #[test]
    fn memory_may_end_anywhere_and_the_program_goes_on() {
        let input = r#"{"answers":{"a":["x"]},"keys":["a"],"today":"2026-03-02","node":"create","roles":[]}"#;
        for script in DOING {
            for memory_max in (60_000..900_000).step_by(39_989) {
                let outcome = execute(script, input, Arc::new(|| false), memory_max);
                assert!(outcome.is_err(), "{memory_max}: {script}");
            }
        }
    }

    #[test]
    fn a_stop_may_come_anywhere_and_the_program_goes_on() {
        let input = r#"{"answers":{"a":["x"]},"keys":["a"],"today":"2026-03-02","node":"create","roles":[]}"#;
        for script in DOING {
            for turns in [0, 1, 4] {
                let asked = std::sync::atomic::AtomicU32::new(0);
                let stop: Stop =
                    Arc::new(move || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= turns);
                assert!(execute(script, input, stop, MEMORY_MAX).is_err(), "{turns}: {script}");
            }
        }
    }
}
