//! What of a SIP message may be written to a log.

/// Headers whose values are secrets or proofs of one.
const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "authentication-info", "www-authenticate"];
/// Attributes of a session description that open a media path.
const SECRET_SDP: [&str; 3] = ["a=ice-pwd:", "a=crypto:", "a=ice-ufrag:"];
/// Longest text that goes to a log, in characters.
const LIMIT: usize = 2000;

/// Returns the message with credentials replaced and cut to a sensible length.
///
/// Folded continuation lines of a secret header are removed with it.
pub fn redact(message: &str) -> String {
    let mut out = String::with_capacity(message.len().min(LIMIT));
    let mut hiding = false;
    for line in message.lines() {
        if out.len() >= LIMIT {
            out.push_str("[…]");
            break;
        }
        if hiding && line.starts_with([' ', '\t']) {
            continue;
        }
        let name = line.split(':').next().unwrap_or("").trim();
        hiding = SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        let sdp = SECRET_SDP
            .iter()
            .find(|prefix| line.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix)));
        if hiding {
            out.push_str(name);
            out.push_str(": [redacted]");
        } else if let Some(prefix) = sdp {
            out.push_str(prefix);
            out.push_str("[redacted]");
        } else {
            out.extend(line.chars().filter(|c| !c.is_control()).take(LIMIT));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_the_log() {
        let text = "REGISTER sip:x SIP/2.0\r\nauthorization: Digest username=\"1001\",\r\n \
                    response=\"deadbeef\"\r\nCall-ID: abc\r\nProxy-Authorization : Digest zz\r\n\r\n\
                    a=ice-pwd:topsecret\r\n";
        let log = redact(text);
        for secret in ["deadbeef", "1001", "topsecret", "zz"] {
            assert!(!log.contains(secret), "{log}");
        }
        assert!(log.contains("Call-ID: abc"));
    }

    #[test]
    fn long_messages_are_cut_and_control_characters_removed() {
        let log = redact(&format!("INVITE\u{1b}[31m\r\n{}", "X: y\r\n".repeat(10_000)));
        assert!(log.len() < LIMIT + 100);
        assert!(!log.contains('\u{1b}'));
    }
}
