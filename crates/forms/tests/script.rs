use std::sync::Arc;

use forms::{Form, Reader, ScriptError};
use serde_json::{Value, json};

use super::{fill, fill_at, map, refused, scripted};

fn noise(script: &str) -> Form {
    scripted(
        json!([
            { "key": "slots", "type": "table", "label": { "zh": "时段" }, "fields": [
                { "key": "from", "type": "time", "label": { "zh": "起" } }, { "key": "to", "type": "time", "label": { "zh": "止" } } ] },
            { "key": "minutes", "type": "number", "label": { "zh": "分钟" }, "computed": true },
            { "key": "level", "type": "select", "label": { "zh": "程度" }, "computed": true, "options": { "from": "list", "list": [{ "value": "low" }, { "value": "high" }] } },
            { "key": "proof", "type": "line", "label": { "zh": "佐证" } },
        ]),
        script,
    )
}

const NOISE: &str = "
on('slots', (form) => {
  let minutes = 0;
  for (const slot of form.rows('slots')) {
    const from = form.minutes(slot.from), to = form.minutes(slot.to);
    if (from !== null && to !== null) minutes += (to - from + 1440) % 1440;
  }
  form.set('minutes', minutes);
});
on('minutes', (form) => {
  const high = form.get('minutes') >= 120;
  form.set('level', high ? 'high' : 'low');
  form.show('proof', high);
  form.require('proof', high);
  if (form.get('minutes') > 1000) form.fail('slots', '时段过长', 'Too long');
});";

#[test]
fn what_the_server_computes_counts() {
    let form = noise(NOISE);
    let slots = json!([{ "from": "23:00", "to": "01:30" }]);
    // The client says low; it is a hundred and fifty minutes across midnight.
    let answers = json!({ "slots": slots, "minutes": 5, "level": "low", "proof": "录音" });
    let kept = fill(&form, answers).unwrap();
    assert_eq!((&kept["minutes"], &kept["level"]), (&json!(150), &json!("high")));
    assert_eq!(refused(fill(&form, json!({ "slots": slots }))), [("proof".to_owned(), "required")]);
    let short = json!({ "slots": [{ "from": "10:00", "to": "10:20" }], "proof": "录音" });
    let kept = fill(&form, short).unwrap();
    assert!(!kept.contains_key("proof"), "what is not shown is not kept");
    let long = json!({ "slots": [{ "from": "00:00", "to": "23:00" }], "proof": "x" });
    assert_eq!(refused(fill(&form, long)), [("slots".to_owned(), "rule")]);
    let later = fill_at(&form, "handling", &json!({ "slots": slots, "proof": "录音" }), json!({}));
    assert_eq!(later.unwrap()["proof"], "录音", "reading on does not take answers away");
}

#[test]
fn options_locks_and_suggestions() {
    let form = scripted(
        json!([
            { "key": "kind", "type": "radio", "label": { "zh": "类" }, "options": { "from": "list", "list": [{ "value": "road" }, { "value": "park" }] } },
            { "key": "part", "type": "select", "label": { "zh": "部位" }, "options": { "from": "list", "list": [{ "value": "lamp" }, { "value": "bench" }] } },
            { "key": "note", "type": "line", "label": { "zh": "注" } },
        ]),
        "on('kind', (form) => {
           form.options('part', form.get('kind') === 'road' ? ['lamp'] : ['lamp', 'bench']);
           form.suggest('note', '公园'); form.lock('note', form.get('kind') === 'road');
         });",
    );
    assert_eq!(
        refused(fill(&form, json!({ "kind": "road", "part": "bench" }))),
        [("part".to_owned(), "not_offered")]
    );
    assert_eq!(fill(&form, json!({ "kind": "park", "part": "bench" })).unwrap()["note"], "公园");
    assert_eq!(fill(&form, json!({ "kind": "park", "note": "自己" })).unwrap()["note"], "自己");
}

fn error(script: &str) -> ScriptError {
    let form = noise(script);
    form.run(
        &Reader { node: "create", today: "2026-03-02", ..Reader::default() },
        &map(json!({})),
        Arc::new(|| false),
    )
    .unwrap_err()
}

/// It ended, and the engine chose by which bound.
const ENDED: &str = "script.depth|script.memory|script.syntax|script.thrown";

#[test]
fn a_script_that_goes_wrong_tells_its_author_and_ends() {
    for (script, code) in [
        ("for (;;) {}", "script.time"),
        ("on('slots', () => { while (true) { try { throw 1 } catch {} } })", "script.time"),
        ("const all = []; for (let i = 0; ; i += 1) all[i] = [i, i, i, i]", "script.memory"),
        ("let s = 'xxxxxxxxxx'; for (let i = 0; i < 40; i += 1) s += s;", "script.memory"),
        ("function f(n) { return f(n + 1) + 1 } f(0)", "script.depth"),
        ("on('slots', () => { throw new Error('坏') })", "script.thrown"),
        ("on('slots', (form) => form.get('nowhere'))", "script.thrown"),
        ("on('slots', () => {\n\n  undefined.x })", "script.thrown"),
        ("on('slots' =>", "script.syntax"),
        ("const big = 10n ** 10n", "script.syntax"),
        ("on('minutes', (form) => form.set('minutes', (form.get('minutes') || 0) + 1))", "script.thrown"),
        ("/^(a+)+$/.exec('a'.repeat(40) + '!')", "script.time"),
        ("const a = []; a.length = 4000000000; a.indexOf(1)", "script.thrown"),
        (
            "for (let i = 0; i < 9000; i += 1) 'a'.repeat(190000).indexOf('a'.repeat(9000) + 'b')",
            "script.time",
        ),
        ("let s = ''; for (;;) s += 'xxxxxxxxxxxxxxxx'", "script.memory"),
        ("'x'.repeat(1e9)", "script.thrown"),
        ("'x'.padEnd(2 ** 31)", "script.thrown"),
        ("new Array(2 ** 32 - 1).fill(0)", "script.thrown"),
        ("const f = () => { try { f() } finally { f() } }; f()", "script.time"),
        ("const o = { toString() { return '' + o } }; '' + o", ENDED),
        ("const o = { get a() { return o.a } }; o.a", ENDED),
        ("JSON.parse('['.repeat(100000))", ENDED),
        ("let a = []; for (let i = 0; i < 50000; i += 1) a = [a]; JSON.stringify(a)", ENDED),
        ("new RegExp('('.repeat(100000))", ENDED),
        ("for (;;) { try { f() } catch {} } function f() { f() }", "script.time"),
    ] {
        let error = error(script);
        assert!(code.split('|').any(|code| code == error.code), "{script}: {error:?}");
        assert!(!error.zh.is_empty() && !error.en.is_empty());
    }
    let thrown = error("on('slots', () => {\n\n  undefined.x })");
    assert_eq!(thrown.line, Some(3), "{thrown:?}");
    assert_eq!(error("on('slots',\n  =>").line, Some(2));
}

#[test]
fn a_script_has_no_surroundings() {
    let names = [
        "Date",
        "eval",
        "Function",
        "require",
        "process",
        "fetch",
        "setTimeout",
        "Proxy",
        "Reflect",
        "__tick",
        "std",
        "os",
        "print",
        "console",
        "Promise",
        "performance",
        "WeakRef",
        "SharedArrayBuffer",
        "BigInt",
    ];
    for name in names {
        let form = noise(&format!("if (typeof {name} !== 'undefined') throw new Error('{name} is there')"));
        form.run(&Reader::default(), &map(json!({})), Arc::new(|| false)).unwrap();
    }
    for script in [
        "if (Math.random) throw new Error('chance')",
        "if ((() => {}).constructor) throw new Error('maker')",
        "if ((function* () {}).constructor) throw new Error('maker')",
        "if ((async () => {}).constructor) throw new Error('maker')",
    ] {
        noise(script).run(&Reader::default(), &map(json!({})), Arc::new(|| false)).unwrap();
    }
}

#[test]
fn the_host_can_stop_a_script_at_once() {
    let form = noise("for (;;) {}");
    let error = form.run(&Reader::default(), &map(json!({})), Arc::new(|| true)).unwrap_err();
    assert_eq!(error.code, "script.time");
}

#[test]
fn the_same_answers_say_the_same() {
    let form = noise(NOISE);
    let reader = Reader { node: "create", today: "2026-03-02", ..Reader::default() };
    let answers = map(json!({ "slots": [{ "from": "09:00", "to": "11:30" }] }));
    let said: Vec<Value> = (0..3)
        .map(|_| serde_json::to_value(form.run(&reader, &answers, Arc::new(|| false)).unwrap()).unwrap())
        .collect();
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]));
}
