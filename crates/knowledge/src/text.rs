//! Rich text: what markup is taken, what it says without markup, what it refers to.
//!
//! Files are named `file/<id>`, other entries `entry/<id>`; the page that shows the text turns both into addresses
//! of its own, so that one text serves desk, portal and embedding.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// Tags that are taken.
const TAGS: [&str; 37] = [
    "a",
    "audio",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
    "del",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "img",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "source",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
];
const MORE_TAGS: [&str; 3] = ["ul", "video", "track"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("a", vec!["href", "title"]),
        ("img", vec!["src", "alt", "title", "width", "height"]),
        ("audio", vec!["src", "controls"]),
        ("video", vec!["src", "controls", "width", "height"]),
        ("source", vec!["src", "type"]),
        ("td", vec!["colspan", "rowspan"]),
        ("th", vec!["colspan", "rowspan", "scope"]),
        ("ol", vec!["start"]),
        ("col", vec!["span"]),
    ]
    .into_iter()
    .map(|(tag, names)| (tag, names.into_iter().collect()))
    .collect();
    let mut cleaner = Builder::empty();
    cleaner
        .tags(TAGS.into_iter().chain(MORE_TAGS).collect())
        .clean_content_tags(["script", "style", "iframe", "object", "svg", "math", "template"].into())
        .tag_attributes(attributes)
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|tag, name, value| match name {
            "src" => file_of(value).map(|_| Cow::Borrowed(value)),
            "href" if tag == "a" => (entry_of(value).is_some()
                || file_of(value).is_some()
                || ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme)))
            .then_some(Cow::Borrowed(value)),
            "href" => None,
            _ => Some(Cow::Borrowed(value)),
        });
    cleaner
});

/// Returns `html` without what could do harm, and with links to `own_id` turned into plain words.
#[must_use]
pub fn sanitise(html: &str, own_id: &str) -> String {
    let clean = CLEANER.clean(html).to_string();
    if own_id.is_empty() { clean } else { without_links_to(&clean, own_id) }
}

/// Takes links to one entry out of clean markup; the words between stay.
fn without_links_to(clean: &str, id: &str) -> String {
    let needle = format!("href=\"entry/{id}\"");
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean;
    while let Some(at) = rest.find("<a ") {
        let Some(end) = rest[at..].find('>').map(|end| at + end) else { break };
        if !rest[at..end].contains(&needle) {
            out.push_str(&rest[..=end]);
            rest = &rest[end + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        rest = &rest[end + 1..];
        if let Some(close) = rest.find("</a>") {
            out.push_str(&rest[..close]);
            rest = &rest[close + 4..];
        }
    }
    out.push_str(rest);
    out
}

/// Returns what clean markup says, one line a paragraph, cells of a table apart by spaces.
#[must_use]
pub fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        unescape(&rest[..at], &mut out);
        let Some(end) = rest[at..].find('>').map(|end| at + end) else {
            rest = "";
            break;
        };
        let tag = rest[at + 1..end].trim_start_matches('/');
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        match name {
            "p" | "br" | "li" | "tr" | "h2" | "h3" | "h4" | "blockquote" | "pre" | "hr" | "table"
            | "figure"
                if !out.ends_with('\n') && !out.is_empty() =>
            {
                out.push('\n');
            }
            "td" | "th" if !out.ends_with([' ', '\n']) && !out.is_empty() => out.push(' '),
            _ => {}
        }
        rest = &rest[end + 1..];
    }
    unescape(rest, &mut out);
    out.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let known =
            [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&nbsp;", ' ')];
        match known.iter().find(|(name, _)| rest[at..].starts_with(name)) {
            Some((name, c)) => {
                out.push(*c);
                rest = &rest[at + name.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(&rest.replace('\u{a0}', " "));
}

/// Tells whether markup shows nothing: no words, no picture, no sound.
#[must_use]
pub fn is_blank(html: &str) -> bool {
    plain(html).is_empty() && files_in(html).is_empty()
}

/// Returns plain text as markup, a paragraph a line.
#[must_use]
pub fn paragraphs(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| format!("<p>{}</p>", ammonia::clean_text(line).replace("&#32;", " ")))
        .collect()
}

/// Returns the files that markup names.
#[must_use]
pub fn files_in(html: &str) -> Vec<String> {
    named(html, &["src=\"file/", "href=\"file/"])
}

/// Returns the entries that markup links to.
#[must_use]
pub fn links_in(html: &str) -> Vec<String> {
    named(html, &["href=\"entry/"])
}

fn named(html: &str, before: &[&str]) -> Vec<String> {
    before
        .iter()
        .flat_map(|before| html.split(before).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|id| is_id(id))
        .map(ToOwned::to_owned)
        .collect()
}

fn file_of(address: &str) -> Option<&str> {
    address.strip_prefix("file/").filter(|id| is_id(id))
}

fn entry_of(address: &str) -> Option<&str> {
    address.strip_prefix("entry/").filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
    const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

    #[test]
    fn scripts_handlers_and_foreign_frames_go_and_tables_stay() {
        let taken = sanitise(
            "<p onclick=\"x()\">一<script>alert(1)</script></p><iframe src=\"https://a\">x</iframe>\
             <table><tbody><tr><td colspan=\"2\" style=\"x\">二</td></tr></tbody></table>\
             <img src=\"https://evil/x.png\"><img src=\"javascript:1\"><a href=\"javascript:1\">三</a>",
            "",
        );
        assert_eq!(
            taken,
            "<p>一</p><table><tbody><tr><td colspan=\"2\">二</td></tr></tbody></table><img><img>\
             <a rel=\"noopener noreferrer nofollow\">三</a>"
        );
    }

    #[test]
    fn an_entry_does_not_link_to_itself_but_to_others() {
        let html = format!("<p><a href=\"entry/{ID}\">自己</a>和<a href=\"entry/{OTHER}\">别的</a></p>");
        let taken = sanitise(&html, ID);
        assert_eq!(links_in(&taken), [OTHER]);
        assert!(taken.starts_with("<p>自己和<a "), "{taken}");
        assert_eq!(plain(&taken), "自己和别的");
    }

    #[test]
    fn plain_text_keeps_lines_and_cells_apart() {
        let html = "<p>第一&nbsp;段 &lt;3 &amp; 更多</p><table><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td></tr></table>";
        assert_eq!(plain(html), "第一 段 <3 & 更多\n甲 乙\n丙");
        assert!(is_blank("<p>&nbsp;</p><p></p>"));
        assert!(!is_blank(&format!("<img src=\"file/{ID}\">")));
        assert_eq!(plain("<p>断了的标记 <b"), "断了的标记");
    }

    #[test]
    fn markup_that_is_clean_is_left_as_it_is() {
        for html in ["<p>甲<strong>乙</strong></p>", "<ul><li>一</li></ul>", "a &amp; b"] {
            assert_eq!(sanitise(html, ID), html);
        }
        let nested = "<b>".repeat(5_000);
        let _ = sanitise(&nested, ID);
    }
}
