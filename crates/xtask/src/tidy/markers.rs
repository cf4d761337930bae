//! Rules about single files: length, unfinished work, dead code, silenced lints.

use super::{Finding, Source};

const LINES_MOST: usize = 800;
const CODE: [&str; 6] = [".rs", ".ts", ".vue", ".mjs", ".css", ".sh"];
/// Written by a program, so nobody reads them from top to bottom.
const GENERATED: [&str; 1] = ["web/src/api/schema.d.ts"];

fn is_code(path: &str) -> bool {
    CODE.iter().any(|end| path.ends_with(end)) && !GENERATED.contains(&path)
}

/// A file that nobody can hold in mind.
pub fn length(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if is_code(&source.path) && lines > LINES_MOST {
        let text = format!("{lines} lines; split it by behaviour, {LINES_MOST} is the end");
        vec![Finding::new(&source.path, lines, text)]
    } else {
        Vec::new()
    }
}

/// Notes to finish something later: such work is an issue, not a comment.
pub fn unfinished(source: &Source) -> Vec<Finding> {
    // Written apart, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK")];
    let textual = [".sql", ".toml", ".md", ".html", ".yml"].iter().any(|end| source.path.ends_with(end));
    if !is_code(&source.path) && !textual {
        return Vec::new();
    }
    numbered(source)
        .filter_map(|(number, line)| {
            let word = words.iter().find(|word| has_word(line, word))?;
            Some(Finding::new(&source.path, number, format!("{word}: finish it or file an issue")))
        })
        .collect()
}

/// Code kept in a comment: version control keeps it better.
pub fn commented_out(source: &Source) -> Vec<Finding> {
    const STARTS: [&str; 13] = [
        "let ", "fn ", "pub ", "use ", "const ", "return ", "import ", "export ", "await ", "if (", "for (",
        "impl ", "mod ",
    ];
    if !is_code(&source.path) {
        return Vec::new();
    }
    numbered(source)
        .filter(|(_, line)| {
            let Some(rest) = line.trim_start().strip_prefix("// ") else {
                return false;
            };
            let rest = rest.trim();
            STARTS.iter().any(|start| rest.starts_with(start)) && rest.ends_with([';', '{', '}'])
        })
        .map(|(number, _)| Finding::new(&source.path, number, "code in a comment: delete it"))
        .collect()
}

/// `allow` hides a lint for good; `expect` speaks up when its reason is gone.
pub fn silenced(source: &Source) -> Vec<Finding> {
    if !source.path.ends_with(".rs") {
        return Vec::new();
    }
    let attributes = [concat!("#[", "allow("), concat!("#![", "allow(")];
    numbered(source)
        .filter(|(_, line)| attributes.iter().any(|attribute| line.trim_start().starts_with(attribute)))
        .map(|(number, _)| {
            Finding::new(&source.path, number, "write #[expect(lint, reason = \"…\")] instead of allow")
        })
        .collect()
}

fn numbered(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source.text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(is_part)
            && !line[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_long_file_is_found_and_a_generated_one_is_not() {
        let long = "x\n".repeat(LINES_MOST + 1);
        assert_eq!(length(&source("crates/a/src/a.rs", &long)).len(), 1);
        assert!(length(&source("web/src/api/schema.d.ts", &long)).is_empty());
        assert!(length(&source("docs/a.json", &long)).is_empty());
        assert!(length(&source("crates/a/src/a.rs", "x\n")).is_empty());
    }

    #[test]
    fn a_note_for_later_is_found_as_a_word_only() {
        let note = format!("// {}: later", concat!("TO", "DO"));
        assert_eq!(unfinished(&source("a.rs", &note)).len(), 1);
        assert!(unfinished(&source("a.rs", "const TODOS: u8 = 1; // todo list")).is_empty());
        assert!(unfinished(&source("a.json", &note)).is_empty());
    }

    #[test]
    fn code_in_a_comment_is_found_and_prose_is_not() {
        let found = |line: &str| commented_out(&source("a.ts", line)).len();
        assert_eq!(found("  // let x = 1;"), 1);
        assert_eq!(found("// if (ready) {"), 1);
        assert_eq!(found("// use the first one; the second is older"), 0);
        assert_eq!(found("// returns nothing;"), 0);
        assert_eq!(found("/// let x = 1;"), 0);
    }

    #[test]
    fn a_silenced_lint_is_found() {
        let line = format!("{}dead_code)]", concat!("#[", "allow("));
        assert_eq!(silenced(&source("a.rs", &line)).len(), 1);
        assert!(silenced(&source("a.rs", "#[expect(dead_code, reason = \"port\")]")).is_empty());
    }
}
