//! Makes the text of a part one that a template engine reads. Editors cut what was typed into runs, so that
//! `{{ name }}` may lie in three of them; and a loop over rows is written inside the row that it repeats.

/// Marks with their prefix: what stands in a row, a paragraph, a cell or a run and replaces the whole of it.
const WHOLE: [(&str, &str); 4] = [("tr ", "w:tr"), ("p ", "w:p"), ("tc ", "w:tc"), ("r ", "w:r")];

/// Joins cut placeholders, and takes the editor's marks and clever quotes out of them.
pub(super) fn join(xml: &str) -> String {
    let bytes = xml.as_bytes();
    let mut healed = String::with_capacity(xml.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'<' {
            let end = tag_end(xml, at);
            healed.push_str(&xml[at..end]);
            at = end;
            continue;
        }
        if bytes[at] == b'{'
            && let Some((open, inside)) = opening(xml, at)
            && let Some((content, close, end)) = body(xml, inside, open)
        {
            healed.push('{');
            healed.push(open);
            healed.push_str(&plain(&content));
            healed.push(close);
            healed.push('}');
            at = end;
            continue;
        }
        let next = xml[at..].char_indices().nth(1).map_or(xml.len(), |(step, _)| at + step);
        healed.push_str(&xml[at..next]);
        at = next;
    }
    healed
}

fn tag_end(xml: &str, at: usize) -> usize {
    xml[at..].find('>').map_or(xml.len(), |step| at + step + 1)
}

/// Skips tags; returns where the next character of text is.
fn skip_tags(xml: &str, mut at: usize) -> usize {
    while xml[at..].starts_with('<') {
        at = tag_end(xml, at);
    }
    at
}

/// Finds the second character of an opening mark, whatever tags stand before it.
fn opening(xml: &str, at: usize) -> Option<(char, usize)> {
    let second = skip_tags(xml, at + 1);
    let open = xml[second..].chars().next().filter(|c| matches!(c, '{' | '%' | '#'))?;
    Some((open, second + 1))
}

/// Reads up to the closing mark; returns the text without tags, the closing character, and where it ends.
fn body(xml: &str, from: usize, open: char) -> Option<(String, char, usize)> {
    let close = if open == '{' { '}' } else { open };
    let mut content = String::new();
    let mut at = from;
    while at < xml.len() {
        at = skip_tags(xml, at);
        let c = xml[at..].chars().next()?;
        if c == close {
            let second = skip_tags(xml, at + 1);
            if xml[second..].starts_with('}') {
                return Some((content, close, second + 1));
            }
        }
        // A placeholder is a line, not a page: an opening mark without a closing one stays text.
        if content.len() > 2_000 {
            return None;
        }
        content.push(c);
        at += c.len_utf8();
    }
    None
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
        .replace(['“', '”'], "\"")
        .replace(['‘', '’'], "'")
        .replace('\u{a0}', " ")
}

/// Lets `{%tr …%}`, `{%p …%}`, `{%tc …%}` and `{%r …%}` take the place of the whole row, paragraph, cell or run in
/// which they stand.
pub(super) fn widen(xml: &str, row: &str) -> String {
    let mut text = xml.to_owned();
    for (prefix, element) in WHOLE {
        let element = if prefix == "tr " { row } else { element };
        let mark = format!("{{%{prefix}");
        let mut from = 0;
        while let Some(found) = text[from..].find(&mark).map(|step| from + step) {
            let Some(end) = text[found..].find("%}").map(|step| found + step + 2) else { break };
            let inner = text[found + mark.len()..end - 2].to_owned();
            let statement = format!("{{% {} %}}", inner.trim());
            let start = last_open(&text[..found], element);
            let close = format!("</{element}>");
            let stop = text[end..].find(&close).map(|step| end + step + close.len());
            match (start, stop) {
                (Some(start), Some(stop)) => {
                    text.replace_range(start..stop, &statement);
                    from = start + statement.len();
                }
                _ => {
                    text.replace_range(found..end, &statement);
                    from = found + statement.len();
                }
            }
        }
    }
    text
}

/// Finds the last opening tag of an element.
fn last_open(text: &str, element: &str) -> Option<usize> {
    let mut end = text.len();
    let mark = format!("<{element}");
    while let Some(at) = text[..end].rfind(&mark) {
        let next = text[at + mark.len()..].chars().next();
        if matches!(next, Some('>' | ' ' | '\n' | '\r' | '\t')) {
            return Some(at);
        }
        end = at;
    }
    None
}

/// A placeholder with where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: usize,
    /// `{{`, `{%` or `{#`.
    pub(super) open: &'static str,
    pub(super) text: String,
}

/// Finds the placeholders of a healed text.
pub(super) fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('{').map(|step| from + step) {
        let pair = match text.as_bytes()[at..].get(1) {
            Some(b'{') => Some(("{{", "}}")),
            Some(b'%') => Some(("{%", "%}")),
            Some(b'#') => Some(("{#", "#}")),
            _ => None,
        };
        let end = pair.and_then(|(open, close)| text[at + 2..].find(close).map(|step| (open, at + 2 + step)));
        match end {
            Some((open, end)) => {
                found.push(Mark { at, open, text: text[at + 2..end].trim().to_owned() });
                from = end + 2;
            }
            None => from = at + 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_placeholders_are_joined() {
        let cut = "<w:r><w:t>编号 {</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>{ 工单.</w:t></w:r><w:r><w:t>编号 }</w:t></w:r><w:r><w:t>}，</w:t></w:r>";
        assert_eq!(join(cut), "<w:r><w:t>编号 {{ 工单.编号 }}，</w:t></w:r>");
        assert_eq!(join("<t>{% if a &gt; 1 and b == “x” %}</t>"), "<t>{% if a > 1 and b == \"x\" %}</t>");
        assert_eq!(join("<t>a { b } {{ open</t>"), "<t>a { b } {{ open</t>");
        assert_eq!(join("<t a='{{'>x</t>"), "<t a='{{'>x</t>", "attributes are not text");
    }

    #[test]
    fn a_mark_of_a_row_takes_the_row() {
        let row = |text: &str| format!("<w:tr w:a=\"1\"><w:tc><w:p><w:t>{text}</w:t></w:p></w:tc></w:tr>");
        let table = [row("头"), row("{%tr for x in 记录 %}"), row("{{ x }}"), row("{%tr endfor %}")].concat();
        let wide = widen(&table, "w:tr");
        assert_eq!(
            wide,
            [row("头"), "{% for x in 记录 %}".to_owned(), row("{{ x }}"), "{% endfor %}".to_owned()].concat()
        );
        assert_eq!(widen("<w:p><w:pPr/><w:t>{%p if a %}</w:t></w:p><w:p/>", "w:tr"), "{% if a %}<w:p/>");
    }

    #[test]
    fn marks_are_found_with_their_place() {
        let found = marks("a {{ x }} { {% if y %} {{ open");
        let texts: Vec<(&str, &str)> = found.iter().map(|mark| (mark.open, mark.text.as_str())).collect();
        assert_eq!(texts, [("{{", "x"), ("{%", "if y")]);
    }
}
