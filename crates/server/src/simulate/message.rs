//! SIP messages as text: just enough of RFC 3261 for a telephone that is known to its server.

use std::fmt::Write as _;

/// A request or a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    first: String,
    headers: Vec<(String, String)>,
    /// The session description, or nothing.
    pub body: String,
}

impl Message {
    /// Starts a request.
    pub fn request(method: &str, uri: &str) -> Self {
        Self { first: format!("{method} {uri} SIP/2.0"), ..Self::default() }.with("Max-Forwards", "70")
    }

    /// Starts a response: copies what RFC 3261 §8.2.6 wants copied, and gives `To` a tag.
    pub fn response(request: &Self, status: u16, reason: &str, tag: &str) -> Self {
        let mut response = Self { first: format!("SIP/2.0 {status} {reason}"), ..Self::default() };
        for (name, value) in &request.headers {
            let name = long_name(name);
            if matches!(name, "via" | "from" | "call-id" | "cseq" | "record-route") {
                response.headers.push((name.to_owned(), value.clone()));
            }
            if name == "to" {
                let tagged = tag_of(value).is_some() || status == 100;
                let value = if tagged { value.clone() } else { format!("{value};tag={tag}") };
                response.headers.push((name.to_owned(), value));
            }
        }
        response
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a session description.
    pub fn with_sdp(mut self, sdp: &str) -> Self {
        self.body = sdp.to_owned();
        self.with("Content-Type", "application/sdp")
    }

    /// Reads a message; none when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.split("\r\n");
        let first = lines.next()?.to_owned();
        let is_message = first.starts_with("SIP/2.0 ") || first.ends_with(" SIP/2.0");
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut()?;
                value.push(' ');
                value.push_str(line.trim());
            } else {
                let (name, value) = line.split_once(':')?;
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        is_message.then(|| Self { first, headers, body: body.to_owned() })
    }

    /// Returns the message as it is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\r\n", self.first);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        text
    }

    /// Returns the method of a request.
    pub fn method(&self) -> Option<&str> {
        if self.first.starts_with("SIP/2.0 ") { None } else { self.first.split(' ').next() }
    }

    /// Returns the status of a response.
    pub fn status(&self) -> Option<u16> {
        self.first.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// Returns a header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| long_name(key).eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// Returns the number and the method of `CSeq`.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("cseq")?.split_once(' ')?;
        Some((number.parse().ok()?, method.trim()))
    }
}

/// Returns a header's name in lower case and in full.
fn long_name(name: &str) -> &str {
    const NAMES: [(&str, &str); 11] = [
        ("v", "via"),
        ("f", "from"),
        ("t", "to"),
        ("i", "call-id"),
        ("m", "contact"),
        ("via", "via"),
        ("from", "from"),
        ("to", "to"),
        ("call-id", "call-id"),
        ("cseq", "cseq"),
        ("record-route", "record-route"),
    ];
    NAMES.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or(name, |(_, long)| long)
}

/// Returns the tag of a `From` or `To`.
pub(super) fn tag_of(header: &str) -> Option<&str> {
    let parameters = header.rsplit_once('>').map_or(header, |(_, after)| after);
    parameters.split(';').find_map(|one| one.trim().strip_prefix("tag="))
}

/// Returns the address in a `From`, `To` or `Contact`.
pub(super) fn uri_of(header: &str) -> &str {
    match (header.find('<'), header.find('>')) {
        (Some(start), Some(end)) if start < end => &header[start + 1..end],
        _ => header.split(';').next().unwrap_or(header).trim(),
    }
}

/// Returns the user part of an address.
pub(super) fn user_of(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user)
}

/// Returns a parameter of a challenge such as `Digest realm="x", nonce="y"`.
pub(super) fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let list = challenge.trim_start().split_once(' ')?.1;
    list.split(',').find_map(|one| {
        let (key, value) = one.trim().split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RINGING: &str = "SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP 127.0.0.1:5;branch=z9hG4bK1\r\n\
        f: <sip:1@x>;tag=a\r\nTo: \"X\" <sip:2@y;user=phone>;tag=b\r\ni: c\r\nCSeq: 7 INVITE\r\n\
        Contact: <sip:yihao@1.2.3.4:5060;transport=ws>\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn a_response_is_read_with_short_and_long_names() {
        let message = Message::parse(RINGING).unwrap();
        assert_eq!(message.status(), Some(180));
        assert_eq!(message.method(), None);
        assert_eq!(message.header("Call-ID"), Some("c"));
        assert_eq!(message.cseq(), Some((7, "INVITE")));
        assert_eq!(tag_of(message.header("to").unwrap()), Some("b"));
        assert_eq!(tag_of(message.header("from").unwrap()), Some("a"));
        assert_eq!(uri_of(message.header("contact").unwrap()), "sip:yihao@1.2.3.4:5060;transport=ws");
        assert_eq!(user_of(uri_of(message.header("to").unwrap())), "2");
    }

    #[test]
    fn a_request_survives_the_wire() {
        let invite = Message::request("INVITE", "sip:12345@y").with("Via", "v").with_sdp("v=0\r\n");
        let text = invite.to_text();
        assert!(text.contains("\r\nContent-Length: 5\r\n\r\nv=0\r\n"));
        let read = Message::parse(&text).unwrap();
        assert_eq!((read.method(), read.body.as_str()), (Some("INVITE"), "v=0\r\n"));
    }

    #[test]
    fn a_response_answers_its_request() {
        let bye = "BYE sip:x SIP/2.0\r\nVia: one\r\nVia: two\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\n\
            Call-ID: c\r\nCSeq: 2 BYE\r\nX-Other: no\r\n\r\n";
        let answer = Message::response(&Message::parse(bye).unwrap(), 200, "OK", "t").to_text();
        assert!(answer.starts_with("SIP/2.0 200 OK\r\nvia: one\r\nvia: two\r\n"), "{answer}");
        assert!(answer.contains("to: <sip:b>;tag=t\r\n") && !answer.contains("X-Other"), "{answer}");
    }

    #[test]
    fn what_is_no_message_is_not_read() {
        assert_eq!(Message::parse(""), None);
        assert_eq!(Message::parse("GET / HTTP/1.1\r\n\r\n"), None);
        assert_eq!(Message::parse("SIP/2.0 200 OK\r\nno colon\r\n\r\n"), None);
        assert_eq!(tag_of("<sip:a;tag=not>"), None);
        assert_eq!(uri_of(">x<"), ">x<");
    }

    #[test]
    fn a_challenge_gives_its_parameters() {
        let challenge = "Digest realm=\"yihao\", nonce=\"a=b\", algorithm=MD5, qop=\"auth\"";
        assert_eq!(parameter(challenge, "realm"), Some("yihao"));
        assert_eq!(parameter(challenge, "nonce"), Some("a=b"));
        assert_eq!(parameter(challenge, "algorithm"), Some("MD5"));
        assert_eq!(parameter(challenge, "opaque"), None);
    }
}
