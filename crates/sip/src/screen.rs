//! What a message must be before the stack sees it: well formed, in one reading only.
//!
//! A message that could be read in two ways is answered at once and without state, as RFC 4475 asks; one that
//! must not be answered (a response, an ACK, something without a Via) is dropped. What passes is written anew:
//! no folded lines, no compact names, no whitespace where another parser might stumble, no octets behind the body.

mod address;
mod text;

use address::{Fault, address, sip_part, uri, via};
use text::{Parts, is_token, split, split_outside};

/// Highest CSeq (RFC 3261 §8.1.1.5).
const CSEQ_MAX: u64 = 1 << 31;

/// What the caller of [`screen`] knows.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Option tags that may be required of us.
    pub extensions: &'a [&'a str],
    /// The tag that is added to the To of an answer.
    pub tag: &'a str,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screened {
    /// It goes on, written anew.
    Pass(Vec<u8>),
    /// It is answered without state.
    Refuse {
        /// The status code.
        code: u16,
        /// Why, in the words of the reason phrase.
        reason: &'static str,
        /// The whole response.
        response: Vec<u8>,
    },
    /// It is forgotten.
    Drop(&'static str),
}

/// A refusal before it is written.
struct Refusal {
    code: u16,
    reason: Fault,
    header: Option<String>,
}

impl From<Fault> for Refusal {
    fn from(reason: Fault) -> Self {
        Self { code: 400, reason, header: None }
    }
}

/// Judges one message: a datagram, or what a WebSocket or stream framed as one.
#[must_use]
pub fn screen(message: &[u8], policy: Policy<'_>) -> Screened {
    let Some(parts) = split(message) else { return Screened::Drop("no header section") };
    if parts.start.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
        return match response_line(&parts.start).and_then(|()| fields(&parts)) {
            Ok(fields) => Screened::Pass(written(&parts, &fields)),
            Err(reason) => Screened::Drop(reason),
        };
    }
    match request(&parts, policy) {
        Ok(fields) => Screened::Pass(written(&parts, &fields)),
        Err(refusal) => refuse(&parts, policy, refusal),
    }
}

/// `SIP/2.0 200 OK`; the phrase may be empty or in any language.
fn response_line(line: &str) -> Result<(), Fault> {
    let mut words = line.splitn(3, ' ');
    let (version, code) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let known = version.eq_ignore_ascii_case("SIP/2.0")
        && code.len() == 3
        && code.parse::<u16>().is_ok_and(|code| (100..700).contains(&code));
    if known { Ok(()) } else { Err("Bad Status Line") }
}

fn request(parts: &Parts<'_>, policy: Policy<'_>) -> Result<Vec<(String, String)>, Refusal> {
    let words: Vec<&str> = parts.start.split(' ').collect();
    let version_of = |word: &&str| word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"));
    if let Some(version) = words.last().filter(|word| version_of(word))
        && !version.eq_ignore_ascii_case("SIP/2.0")
    {
        return Err(Refusal { code: 505, reason: "Version Not Supported", header: None });
    }
    let [method, target, _] = words.as_slice() else { return Err("Bad Request Line".into()) };
    if !is_token(method) || !words.last().is_some_and(version_of) {
        return Err("Bad Request Line".into());
    }
    uri(target, false)?;
    if sip_part(target).is_none() && !target.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("tel:")) {
        return Err(Refusal { code: 416, reason: "Unsupported URI Scheme", header: None });
    }
    let fields = fields(parts)?;
    let said = parts.one("CSeq").and_then(|cseq| cseq.split_whitespace().nth(1)).unwrap_or("");
    if said != *method {
        return Err("CSeq Method Does Not Match".into());
    }
    if *method != "ACK" && *method != "CANCEL" {
        extensions(parts, policy)?;
    }
    if *method == "INVITE" {
        body_type(parts)?;
    }
    Ok(fields)
}

/// Checks what every message must have and returns its fields, put in order.
fn fields(parts: &Parts<'_>) -> Result<Vec<(String, String)>, Fault> {
    if parts.broken_line {
        return Err("Bad Header Line");
    }
    for name in ["From", "To", "Call-ID", "CSeq"] {
        match parts.all(name).count() {
            0 => return Err("Missing Header"),
            1 => {}
            _ => return Err("Repeated Header"),
        }
    }
    if ["Max-Forwards", "Content-Length"].iter().any(|name| parts.all(name).count() > 1) {
        return Err("Repeated Header");
    }
    if parts.one("Via").is_none() {
        return Err("Missing Header");
    }
    let number = |text: &str, most: u64| text.trim().parse::<u64>().is_ok_and(|number| number <= most);
    let cseq = parts.one("CSeq").unwrap_or("");
    let (count, method) = cseq.split_once([' ', '\t']).ok_or("Bad CSeq")?;
    if !number(count, CSEQ_MAX - 1) || !is_token(method.trim()) {
        return Err("Bad CSeq");
    }
    if parts.one("Max-Forwards").is_some_and(|hops| !number(hops, 255)) {
        return Err("Bad Max-Forwards");
    }
    if parts
        .one("Content-Length")
        .is_some_and(|length| length.parse::<usize>().map_or(true, |length| length > parts.body.len()))
    {
        return Err("Bad Content-Length");
    }
    if parts.one("Call-ID").is_some_and(|id| id.is_empty() || id.contains(char::is_whitespace)) {
        return Err("Bad Call-ID");
    }
    parts.fields.iter().map(|field| Ok((field.name.clone(), tidy(&field.name, &field.value)?))).collect()
}

/// Puts a value in order whose grammar decides where a message goes.
fn tidy(name: &str, value: &str) -> Result<String, Fault> {
    let list = |each: fn(&str) -> Result<String, Fault>| -> Result<String, Fault> {
        let values = split_outside(value, ',').ok_or("Unterminated Quoted String")?;
        values.into_iter().map(each).collect::<Result<Vec<_>, _>>().map(|values| values.join(", "))
    };
    match name.to_ascii_lowercase().as_str() {
        // A comma between display name and address is a fault in these two, not a list.
        "from" | "to" => address(value),
        "contact" if value == "*" => Ok("*".to_owned()),
        "contact" | "route" | "record-route" => list(address),
        "via" => list(via),
        "cseq" => Ok(value.split_whitespace().collect::<Vec<_>>().join(" ")),
        _ => Ok(value.to_owned()),
    }
}

/// RFC 3261 §8.2.2.3: what is required and not known is named.
fn extensions(parts: &Parts<'_>, policy: Policy<'_>) -> Result<(), Refusal> {
    let unknown: Vec<&str> = parts
        .all("Require")
        .chain(parts.all("Proxy-Require"))
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|tag| {
            !tag.is_empty() && !policy.extensions.iter().any(|known| known.eq_ignore_ascii_case(tag))
        })
        .filter(|tag| is_token(tag))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let header = Some(format!("Unsupported: {}", unknown.join(", ")));
    Err(Refusal { code: 420, reason: "Bad Extension", header })
}

/// RFC 3261 §8.2.3 and §20.1: a session is described in SDP, and who asks must be able to read ours.
fn body_type(parts: &Parts<'_>) -> Result<(), Refusal> {
    let media = |value: &str| value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let length =
        parts.one("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(parts.body.len());
    let encoded =
        parts.one("Content-Encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
    let kind = parts.one("Content-Type").map(media);
    let readable =
        kind.as_deref().is_none_or(|kind| kind == "application/sdp" || kind.starts_with("multipart/"));
    if length > 0 && (encoded || !readable) {
        let header = Some("Accept: application/sdp\r\nAccept-Encoding: identity".to_owned());
        return Err(Refusal { code: 415, reason: "Unsupported Media Type", header });
    }
    let mut accepts = parts.all("Accept").flat_map(|value| value.split(',')).peekable();
    if accepts.peek().is_some()
        && !accepts
            .any(|kind| matches!(media(kind).as_str(), "application/sdp" | "application/*" | "*/*" | ""))
    {
        return Err(Refusal { code: 406, reason: "Not Acceptable", header: None });
    }
    Ok(())
}

/// Writes a message anew, its body cut to the length that it names.
fn written(parts: &Parts<'_>, fields: &[(String, String)]) -> Vec<u8> {
    let length =
        parts.one("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(parts.body.len());
    let body = &parts.body[..length.min(parts.body.len())];
    let mut out = Vec::with_capacity(parts.body.len() + 1024);
    out.extend_from_slice(parts.start.as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Length")) {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

/// Writes the answer from what the request says of itself (§8.2.6.2); nothing, where it says too little.
fn refuse(parts: &Parts<'_>, policy: Policy<'_>, refusal: Refusal) -> Screened {
    if parts.start.starts_with("ACK ") {
        return Screened::Drop(refusal.reason);
    }
    // An answer finds its way by the Via alone; what can't be read in it is sent back as it came.
    let vias: Vec<&str> = parts.all("Via").collect();
    if vias.is_empty() {
        return Screened::Drop(refusal.reason);
    }
    let Refusal { code, reason, header } = refusal;
    let mut out = format!("SIP/2.0 {code} {reason}\r\n");
    for value in vias {
        out.push_str(&format!("Via: {value}\r\n"));
    }
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let Some(value) = parts.one(name) else { continue };
        let tagless = name == "To" && !value.to_ascii_lowercase().replace(' ', "").contains(";tag=");
        let tag = if tagless { format!(";tag={}", policy.tag) } else { String::new() };
        out.push_str(&format!("{name}: {value}{tag}\r\n"));
    }
    if let Some(header) = header {
        out.push_str(&header);
        out.push_str("\r\n");
    }
    out.push_str("Content-Length: 0\r\n\r\n");
    Screened::Refuse { code, reason, response: out.into_bytes() }
}
