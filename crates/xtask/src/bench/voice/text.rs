//! SIP messages as text.

use md5::{Digest as _, Md5};

/// Returns a header's value.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Returns what stands behind the blank line.
pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// Returns a response's status code; 0 for a request.
pub fn status(message: &str) -> u16 {
    let code = message.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3));
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// Returns the method of a request, or that of the request that is answered.
pub fn method(message: &str) -> &str {
    if message.starts_with("SIP/2.0 ") {
        return header(message, "CSeq").and_then(|cseq| cseq.split_whitespace().nth(1)).unwrap_or("");
    }
    message.split(' ').next().unwrap_or("")
}

/// Returns the user of a request's address.
pub fn called(request: &str) -> &str {
    let address = request.split(' ').nth(1).unwrap_or("");
    address.split_once(':').map_or(address, |(_, rest)| rest).split('@').next().unwrap_or("")
}

/// Returns the address in the contact, where further requests go.
pub fn target(message: &str) -> Option<&str> {
    header(message, "Contact")?.split_once('<')?.1.split('>').next()
}

/// Returns the port where the writer of a session description hears.
pub fn sound_port(message: &str) -> Option<u16> {
    let line = body(message).lines().find_map(|line| line.strip_prefix("m=audio "))?;
    line.split(' ').next()?.parse().ok()
}

/// Describes where this side hears: A-law and digits.
pub fn session(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

/// Answers a request. `extra` are whole lines, each ended by CRLF.
pub fn respond(request: &str, status: &str, extra: &str, body: &str) -> String {
    let vias: String = request
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.split(':').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("via")))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let of = |name| header(request, name).unwrap_or("");
    let tag = if of("To").contains("tag=") { "" } else { ";tag=load" };
    let (from, to, id, cseq, length) = (of("From"), of("To"), of("Call-ID"), of("CSeq"), body.len());
    format!(
        "SIP/2.0 {status}\r\n{vias}From: {from}\r\nTo: {to}{tag}\r\nCall-ID: {id}\r\nCSeq: {cseq}\r\n{extra}\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// Returns the header that proves a password to a challenge (RFC 2617, `qop=auth`).
pub fn authorization(challenge: &str, user: &str, password: &str, verb: &str, uri: &str) -> Option<String> {
    let asked = header(challenge, "WWW-Authenticate")?;
    let value = |name: &str| Some(asked.split_once(&format!("{name}=\""))?.1.split('"').next()?.to_owned());
    let (realm, nonce) = (value("realm")?, value("nonce")?);
    let first = hex(&format!("{user}:{realm}:{password}"));
    let proof = hex(&format!("{first}:{nonce}:00000001:load:auth:{}", hex(&format!("{verb}:{uri}"))));
    Some(format!(
        "Authorization: Digest algorithm=MD5, username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"{uri}\", response=\"{proof}\", qop=auth, cnonce=\"load\", nc=00000001\r\n"
    ))
}

fn hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_says_is_read() {
        let invite = format!(
            "INVITE sip:13900000007@127.0.0.1:5062 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=b\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:y@127.0.0.1:5060>\r\n\r\n{}",
            session(4000)
        );
        assert_eq!((method(&invite), called(&invite), status(&invite)), ("INVITE", "13900000007", 0));
        assert_eq!((target(&invite), sound_port(&invite)), (Some("sip:y@127.0.0.1:5060"), Some(4000)));
        let answer = respond(&invite, "200 OK", "", "");
        assert_eq!((status(&answer), method(&answer)), (200, "INVITE"));
        assert_eq!(header(&answer, "to"), Some("<sip:b@h>;tag=load"));
    }

    #[test]
    fn a_challenge_is_met() {
        let challenge =
            "SIP/2.0 401 x\r\nWWW-Authenticate: Digest realm=\"yihao\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
        let proof = authorization(challenge, "8001", "secret", "REGISTER", "sip:yihao").unwrap();
        let first = hex("8001:yihao:secret");
        let second = hex("REGISTER:sip:yihao");
        assert!(proof.contains(&hex(&format!("{first}:n:00000001:load:auth:{second}"))), "{proof}");
    }
}
