//! Both languages have the same texts. Most screens write them as `[Chinese, English]` pairs, which
//! cannot differ in keys; here are files of one language each, and pairs with an empty side.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, Source};

/// Keys that only one of `zh.json`/`zh-CN.json` and its neighbour `en.json` has; empty sides of pairs.
pub fn same_keys(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for chinese in sources {
        let Some(folder) = ["zh-CN.json", "zh.json"].iter().find_map(|name| chinese.path.strip_suffix(name))
        else {
            continue;
        };
        let english_path = format!("{folder}en.json");
        let Some(english) = sources.iter().find(|source| source.path == english_path) else {
            findings.push(Finding::new(&chinese.path, 0, format!("{english_path} is missing")));
            continue;
        };
        let (zh, en) = (keys(&chinese.text), keys(&english.text));
        findings.extend(zh.difference(&en).map(|key| Finding::new(&english_path, 0, format!("no `{key}`"))));
        findings.extend(en.difference(&zh).map(|key| Finding::new(&chinese.path, 0, format!("no `{key}`"))));
    }
    for source in sources.iter().filter(|source| is_pairs(&source.path)) {
        for (index, line) in source.text.lines().enumerate() {
            if line.contains(": ['', ") || line.trim_end().ends_with(", ''],") {
                findings.push(Finding::new(&source.path, index + 1, "a text without one of its languages"));
            }
        }
    }
    findings
}

fn is_pairs(path: &str) -> bool {
    path.starts_with("web/src/") && path.ends_with("texts.ts")
}

fn keys(json: &str) -> BTreeSet<String> {
    fn walk(value: &Value, prefix: &str, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    walk(value, &format!("{prefix}{name}."), into);
                }
            }
            _ => {
                into.insert(prefix.trim_end_matches('.').to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&serde_json::from_str(json).unwrap_or_default(), "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_key_of_one_language_is_found_on_the_side_that_lacks_it() {
        let found = same_keys(&[
            source("a/zh.json", r#"{"x":{"y":"是","z":"否"}}"#),
            source("a/en.json", r#"{"x":{"y":"yes"},"w":"more"}"#),
        ]);
        assert_eq!(found[0], Finding::new("a/en.json", 0, "no `x.z`"));
        assert_eq!(found[1], Finding::new("a/zh.json", 0, "no `w`"));
        assert_eq!(same_keys(&[source("a/zh-CN.json", "{}")]).len(), 1);
    }

    #[test]
    fn a_pair_with_an_empty_side_is_found() {
        let text = "  yes: ['是', 'Yes'],\n  no: ['否', ''],\n";
        assert_eq!(same_keys(&[source("web/src/slices/a/texts.ts", text)])[0].line, 2);
    }
}
