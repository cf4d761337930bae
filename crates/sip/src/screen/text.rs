//! A message as start line, fields and body, with folded lines unfolded (RFC 3261 §7.3.1).

/// Longest header section, in bytes.
const HEAD_BYTES: usize = 48 * 1024;
/// Most header fields.
const FIELDS: usize = 500;

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The name, a compact form written out.
    pub(super) name: String,
    /// The value on one line, without whitespace around it.
    pub(super) value: String,
}

/// A message in parts. Nothing has been judged but its outer form.
pub(super) struct Parts<'a> {
    pub(super) start: String,
    pub(super) fields: Vec<Field>,
    /// Whether a line of the header section was no field at all.
    pub(super) broken_line: bool,
    pub(super) body: &'a [u8],
}

impl Parts<'_> {
    pub(super) fn all<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }
}

/// Splits a message. None when it has no header section or too long a one.
pub(super) fn split(message: &[u8]) -> Option<Parts<'_>> {
    // Empty lines before the start line are allowed (§7.5).
    let begin = message.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let message = &message[begin..];
    let (head, body) = halves(message);
    if head.len() > HEAD_BYTES {
        return None;
    }
    let head = String::from_utf8_lossy(head);
    let mut lines: Vec<String> = Vec::new();
    for line in head.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    if lines.len() > FIELDS {
        return None;
    }
    let mut lines = lines.into_iter();
    let start = lines.next()?;
    let mut parts = Parts { start, fields: Vec::new(), broken_line: false, body };
    for line in lines {
        match line.split_once(':') {
            Some((name, value)) if is_token(name.trim_end()) => parts.fields.push(Field {
                name: written_out(name.trim_end()).to_owned(),
                value: value.trim().replace(['\r', '\n', '\0'], " "),
            }),
            _ => parts.broken_line = true,
        }
    }
    Some(parts)
}

/// Header section and body. A datagram may end without the empty line, and some senders end lines with a line feed
/// alone; both can be read in one way only.
fn halves(message: &[u8]) -> (&[u8], &[u8]) {
    let proper = message.windows(4).position(|four| four == b"\r\n\r\n").map(|at| (at, 4));
    let bare = message.windows(2).position(|two| two == b"\n\n").map(|at| (at, 2));
    match [proper, bare].into_iter().flatten().min() {
        Some((at, gap)) => (&message[..at], &message[at + gap..]),
        None => (message.trim_ascii_end(), &[]),
    }
}

/// Tells whether a text is a token (RFC 3261 §25.1).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Returns the long name of a header (RFC 3261 §7.3.3, RFC 3515, RFC 3891, RFC 4028 and others).
fn written_out(name: &str) -> &str {
    let [letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        _ => name,
    }
}

/// Splits at `separator` outside quotes and angle brackets; none when a quotation does not end.
pub(super) fn split_outside(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '<' => bracketed = true,
            '>' => bracketed = false,
            _ if c == separator && !bracketed => {
                parts.push(text[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    (!quoted).then_some(parts)
}
