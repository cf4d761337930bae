//! Conditions in CEL, bounded before they are parsed and contained while they run.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::objects::{Key, Map};
use cel::{Context, Env, Program};
use serde_json::Value;

/// The longest condition, in characters.
const MAX_CHARS: usize = 1_000;
/// The most operators, brackets and the like. The parser builds a tree that is as deep as this at worst, and a tree that is
/// too deep would overflow the stack, which can't be caught.
const MAX_MARKS: usize = 160;
/// The deepest nesting of brackets.
const MAX_NESTING: usize = 16;

/// The functions that there are. Macros (`has`, `all`, `exists`, `map`, `filter`) and operators are not among them.
const FUNCTIONS: [&str; 14] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "bool",
    "type",
    "dyn",
    "max",
    "min",
];

/// What every condition may use, made once: it holds some hundred functions.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled condition.
#[derive(Debug)]
pub struct Condition {
    source: String,
    program: Program,
    /// The condition was written as `${a.b}`, which other engines read as "is there such a value".
    is_foreign_path: bool,
}

/// Why a condition has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError(pub String);

impl Condition {
    /// Compiles a condition. `${…}` around it, as other engines want it, is taken off.
    pub fn compile(source: &str) -> Result<Self, ConditionError> {
        let source = source.trim();
        let inner = source.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).map(str::trim);
        let text = inner.unwrap_or(source);
        check_bounds(text)?;
        let program = contained(|| Program::compile(text).map_err(|errors| errors.to_string()))?;
        if loop_depth(program.expression()) > 1 {
            return Err(ConditionError("a loop inside a loop".to_owned()));
        }
        let references = program.references();
        let mut unknown: Vec<&str> = references
            .functions()
            .into_iter()
            .filter(|name| name.starts_with(|c: char| c.is_alphabetic()) && !FUNCTIONS.contains(name))
            .collect();
        unknown.sort_unstable();
        if let Some(name) = unknown.first() {
            return Err(ConditionError(format!("there is no function {name}")));
        }
        drop(references);
        let is_path = text.split('.').all(|part| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        let is_foreign_path = inner.is_some() && is_path && !matches!(text, "true" | "false");
        Ok(Self { source: source.to_owned(), program, is_foreign_path })
    }

    /// The text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Evaluates the condition. Anything but `true` or `false` is an error.
    pub fn holds(&self, facts: &Facts) -> Result<bool, ConditionError> {
        if self.is_foreign_path {
            return Ok(!matches!(self.value(facts), Err(_) | Ok(Value::Null | Value::Bool(false))));
        }
        let value = contained(|| self.program.execute(&facts.0).map_err(|error| error.to_string()))?;
        match value {
            cel::Value::Bool(value) => Ok(value),
            other => {
                Err(ConditionError(format!("is neither true nor false but of type {}", other.type_of())))
            }
        }
    }

    /// Evaluates the expression.
    pub fn value(&self, facts: &Facts) -> Result<Value, ConditionError> {
        let value = contained(|| self.program.execute(&facts.0).map_err(|error| error.to_string()))?;
        json_value(&value, 0).ok_or_else(|| ConditionError("has a value that can't be kept".to_owned()))
    }
}

/// What conditions see: each variable by its name, all of them as `vars`, the last `action`, and the `outcomes` by task.
pub struct Facts(Context<'static, 'static>);

impl Facts {
    /// Takes the variables, those of one branch over them, the last action, and what came of tasks.
    pub fn new<'a>(
        variables: &serde_json::Map<String, Value>,
        locals: &serde_json::Map<String, Value>,
        action: Option<&str>,
        outcomes: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        let mut context = Context::with_env(STANDARD.clone());
        let mut all: HashMap<Key, cel::Value> = HashMap::new();
        for (name, value) in variables.iter().chain(locals) {
            let value = cel_value(value);
            all.insert(Key::String(Arc::new(name.clone())), value);
        }
        let all = cel::Value::Map(Map { map: Arc::new(all) });
        // Models of other engines reach variables by these names.
        context.add_variable_from_value("variables", all.clone());
        context.add_variable_from_value("environment", cel_map([("variables", all.clone())].into_iter()));
        if let cel::Value::Map(all) = &all {
            for (name, value) in all.map.iter() {
                if let Key::String(name) = name {
                    context.add_variable_from_value(name.as_str(), value.clone());
                }
            }
        }
        context.add_variable_from_value("vars", all);
        context.add_variable_from_value("action", action.unwrap_or_default());
        let outcomes = outcomes.map(|(task, action)| (task.as_str(), cel::Value::from(action.as_str())));
        context.add_variable_from_value("outcomes", cel_map(outcomes));
        Self(context)
    }
}

fn check_bounds(source: &str) -> Result<(), ConditionError> {
    if source.is_empty() {
        return Err(ConditionError("is empty".to_owned()));
    }
    if source.chars().count() > MAX_CHARS {
        return Err(ConditionError(format!("is longer than {MAX_CHARS} characters")));
    }
    let marks = source.chars().filter(|c| !c.is_alphanumeric() && !c.is_whitespace() && *c != '_').count();
    if marks > MAX_MARKS {
        return Err(ConditionError(format!("has more than {MAX_MARKS} operators and brackets")));
    }
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for c in source.chars() {
        match c {
            '(' | '[' | '{' | '?' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_NESTING {
        return Err(ConditionError(format!("is nested deeper than {MAX_NESTING}")));
    }
    Ok(())
}

/// Runs foreign code and turns its panic into an error. The parser is known to panic on odd input.
fn contained<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, ConditionError> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(message)) => Err(ConditionError(message.chars().take(500).collect())),
        Err(_) => Err(ConditionError("the expression engine gave up".to_owned())),
    }
}

/// How deep loops (`all`, `exists`, `map`, `filter`) are nested. Two deep over long lists would take seconds.
fn loop_depth(expression: &IdedExpr) -> usize {
    let deepest = |parts: &mut dyn Iterator<Item = &IdedExpr>| parts.map(loop_depth).max().unwrap_or(0);
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
        Expr::Call(call) => deepest(&mut call.target.iter().map(|target| &**target).chain(&call.args)),
        Expr::Comprehension(inner) => {
            let body = deepest(&mut [&inner.loop_cond, &inner.loop_step, &inner.result].into_iter());
            (body + 1).max(loop_depth(&inner.iter_range)).max(loop_depth(&inner.accu_init))
        }
        Expr::List(list) => deepest(&mut list.elements.iter()),
        Expr::Map(map) => map.entries.iter().map(|entry| entry_depth(&entry.expr)).max().unwrap_or(0),
        Expr::Struct(map) => map.entries.iter().map(|entry| entry_depth(&entry.expr)).max().unwrap_or(0),
        Expr::Select(select) => loop_depth(&select.operand),
    }
}

fn entry_depth(entry: &EntryExpr) -> usize {
    match entry {
        EntryExpr::StructField(field) => loop_depth(&field.value),
        EntryExpr::MapEntry(entry) => loop_depth(&entry.key).max(loop_depth(&entry.value)),
    }
}

fn cel_value(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => cel::Value::Int(value),
            (None, Some(value)) => cel::Value::UInt(value),
            (None, None) => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::from(text.as_str()),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(cel_value).collect())),
        Value::Object(fields) => {
            cel_map(fields.iter().map(|(name, value)| (name.as_str(), cel_value(value))))
        }
    }
}

/// The most levels of a value that a decision or a loop gives.
const MAX_LEVELS: usize = 16;

fn json_value(value: &cel::Value, level: usize) -> Option<Value> {
    if level > MAX_LEVELS {
        return None;
    }
    Some(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(value) => Value::Bool(*value),
        cel::Value::Int(value) => Value::from(*value),
        cel::Value::UInt(value) => Value::from(*value),
        cel::Value::Float(value) => serde_json::Number::from_f64(*value).map(Value::Number)?,
        cel::Value::String(text) => Value::String(text.to_string()),
        cel::Value::List(items) => {
            Value::Array(items.iter().map(|item| json_value(item, level + 1)).collect::<Option<_>>()?)
        }
        cel::Value::Map(map) => {
            let mut fields = serde_json::Map::new();
            for (key, value) in map.map.iter() {
                let Key::String(key) = key else { return None };
                fields.insert(key.to_string(), json_value(value, level + 1)?);
            }
            Value::Object(fields)
        }
        _ => return None,
    })
}

fn cel_map<'a>(entries: impl Iterator<Item = (&'a str, cel::Value)>) -> cel::Value {
    let map: HashMap<Key, cel::Value> =
        entries.map(|(name, value)| (Key::String(Arc::new(name.to_owned())), value)).collect();
    cel::Value::Map(Map { map: Arc::new(map) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn check(source: &str, expected: Result<bool, &str>) {
        let outcomes = BTreeMap::from([("review".to_owned(), "pass".to_owned())]);
        let variables = json!({
            "n": 3, "big": u64::MAX, "ratio": 0.5, "text": "路灯", "flag": true, "nothing": null,
            "list": [1, 2, 3], "object": {"a": {"b": 1}},
        });
        let facts = Facts::new(
            variables.as_object().unwrap(),
            &serde_json::Map::new(),
            Some("pass"),
            outcomes.iter(),
        );
        let value = Condition::compile(source).and_then(|condition| condition.holds(&facts));
        match expected {
            Ok(expected) => assert_eq!(value, Ok(expected), "{source}"),
            Err(part) => {
                let ConditionError(message) = value.expect_err(source);
                assert!(message.contains(part), "{source}: {message}");
            }
        }
    }

    #[test]
    fn conditions_see_variables_action_and_outcomes() {
        check("n == 3 && n > 2 && ratio < 1.0 && big > 5u", Ok(true));
        check("text == '路灯' && size(text) == 2", Ok(true));
        check("flag", Ok(true));
        check("nothing == null", Ok(true));
        check("list.exists(x, x > 2) && 2 in list", Ok(true));
        check("object.a.b == 1", Ok(true));
        check("has(vars.n) && !has(vars.missing)", Ok(true));
        check("action == 'pass' && outcomes.review == 'pass'", Ok(true));
        check("action == \"reject\"", Ok(false));
        // As other engines write it.
        check("${n == 3}", Ok(true));
        check("${environment.variables.flag}", Ok(true));
        check("${variables.flag}", Ok(true));
        check("${environment.variables.missing}", Ok(false));
        check("${nothing}", Ok(false));
        check("${environment.services.decide(n)}", Err("no function decide"));
    }

    #[test]
    fn errors_are_values() {
        check("missing == 1", Err("missing"));
        check("n", Err("neither true nor false"));
        check("n / 0 == 1", Err(""));
        check("text > 1", Err(""));
        check("object.a.c == 1", Err("c"));
        check("frobnicate(n)", Err("frobnicate"));
        check("${n == 3", Err(""));
        check("", Err("empty"));
        check("n == ", Err(""));
        check("'unclosed", Err(""));
        check("list.all(x, list.all(y, y == x))", Err("loop inside a loop"));
    }

    #[test]
    fn odd_and_hostile_expressions_are_refused_on_a_small_stack() {
        let hostile = [
            "(".repeat(900),
            format!("{}1{} == 1", "(".repeat(400), ")".repeat(400)),
            "!".repeat(900) + "flag",
            "-".repeat(900) + "1 == 1",
            "1".to_owned() + &"+1".repeat(450),
            "n".to_owned() + &".a".repeat(450),
            "list".to_owned() + &"[0]".repeat(300),
            "flag?flag:".repeat(99) + "flag",
            "flag||".repeat(160) + "flag",
            "[".repeat(160),
            "{1:".repeat(160),
            "路".repeat(2_000),
            "\u{0}".repeat(10),
            "'\\u{d800}' == ''".to_owned(),
            "b'\\xff' == b''".to_owned(),
            "\"\\U0011FFFF\" == ''".to_owned(),
            "\"\"\"".to_owned(),
            "r'\\'".to_owned(),
            "9223372036854775808 == 1".to_owned(),
            "-9223372036854775808 == 1 / -1".to_owned(),
            "0x == 1".to_owned(),
            "1e999 == 1.0".to_owned(),
            "a.b.c{d: 1}".to_owned(),
            "{'a': 1}.map(1, 2)".to_owned(),
            "`in` == 1".to_owned(),
        ];
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let worker = small.spawn(move || {
            let facts =
                Facts::new(&serde_json::Map::new(), &serde_json::Map::new(), None, BTreeMap::new().iter());
            for source in hostile {
                let value = Condition::compile(&source).and_then(|c| c.holds(&facts));
                assert_ne!(value, Ok(true), "{source}");
            }
            // The deepest that is let through must not come near the end of a small stack.
            let deepest = [
                "!".repeat(MAX_MARKS) + "true",
                "1".to_owned() + &"+1".repeat(MAX_MARKS - 2) + " == 1",
                format!("{}1{} == 1", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING)),
                "true || ".repeat(MAX_MARKS / 2) + "true",
                "true ? true : ".repeat(MAX_NESTING) + "true",
                format!("{}1{} == 1", "[".repeat(MAX_NESTING), "][0]".repeat(MAX_NESTING)),
            ];
            for source in deepest {
                let value = Condition::compile(&source).and_then(|c| c.holds(&facts));
                assert!(value.is_ok() || source.contains('['), "{source}: {value:?}");
            }
        });
        worker.unwrap().join().unwrap();
    }
}
