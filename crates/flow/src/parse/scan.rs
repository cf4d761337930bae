//! A first look at hostile XML, before a parser builds anything from it.
//!
//! The parser's work grows with the square of an element's attributes and with the product of nesting and namespaces, so
//! both are bounded here, as are size and depth.

/// The largest file, in bytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The deepest nesting of elements. Real models stay under twenty.
const MAX_DEPTH: usize = 64;
/// The most attributes on one element.
const MAX_ATTRIBUTES: usize = 64;
/// The most namespace declarations in a file.
const MAX_NAMESPACES: usize = 500;

type Fault = (&'static str, String, String);

/// Checks the bounds. What isn't well formed is left to the parser to refuse.
pub(super) fn bounds(xml: &str) -> Result<(), Fault> {
    if xml.len() > MAX_BYTES {
        return Err(fault("文件超过2 MB", "the file is larger than 2 MB"));
    }
    if xml.matches("xmlns").count() > MAX_NAMESPACES {
        return Err(fault("命名空间声明过多", "there are too many namespace declarations"));
    }
    let mut rest = xml;
    let mut depth = 0_usize;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")]
            .iter()
            .find(|(open, _)| rest.starts_with(open))
            .map(|(open, close)| (open.len(), *close));
        if let Some((open, close)) = skipped {
            let Some(end) = rest[open..].find(close) else { return Ok(()) };
            rest = &rest[open + end + close.len()..];
            continue;
        }
        let Some((length, attributes)) = tag(rest) else { return Ok(()) };
        if attributes > MAX_ATTRIBUTES {
            return Err(fault("元素的属性过多", "an element has too many attributes"));
        }
        let text = &rest[..length];
        if text.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !text.ends_with("/>") {
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(fault("XML嵌套过深", "the XML is nested too deep"));
            }
        }
        rest = &rest[length..];
    }
    Ok(())
}

/// The length of a tag in bytes and its number of attributes; none when it has no end.
fn tag(text: &str) -> Option<(usize, usize)> {
    let mut quote = None;
    let mut attributes = 0;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => attributes += 1,
            (None, b'>') => return Some((at + 1, attributes)),
            (None, _) => {}
        }
    }
    None
}

fn fault(zh: &str, en: &str) -> Fault {
    ("xml.too_large", zh.to_owned(), en.to_owned())
}
