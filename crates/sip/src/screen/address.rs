//! Addresses, parameters and Via values, as strictly as RFC 3261 §25.1 and RFC 5118 ask where a slip would be
//! read differently by somebody else, and no stricter.

use super::text::{is_token_byte, split_outside};

/// What is wrong with an address; the reason phrase of the answer.
pub(super) type Fault = &'static str;

/// Checks a `name-addr` or `addr-spec` with parameters and returns it without needless whitespace.
pub(super) fn address(value: &str) -> Result<String, Fault> {
    let Some(pieces) = split_outside(value, ';') else { return Err("Unterminated Quoted String") };
    let (first, parameters) = pieces.split_first().ok_or("Empty Address")?;
    let mut tidy = match first.find('<').filter(|_| !first.starts_with('"')).or_else(|| after_quote(first)) {
        Some(open) => {
            let (display, rest) = first.split_at(open);
            display_name(display.trim())?;
            let uri = rest[1..].strip_suffix('>').ok_or("Unbalanced Angle Brackets")?;
            if uri.trim() != uri {
                return Err("Whitespace In Angle Brackets");
            }
            self::uri(uri, true)?;
            let display = display.trim();
            let space = if display.is_empty() { "" } else { " " };
            format!("{display}{space}<{uri}>")
        }
        None if first.starts_with('"') => return Err("Display Name Without Address"),
        None => {
            // Without brackets these would belong to the header, not to the address (§20).
            if first.contains(['?', ',', '>']) {
                return Err("Address Needs Angle Brackets");
            }
            self::uri(first, false)?;
            (*first).to_owned()
        }
    };
    for parameter in parameters {
        tidy.push(';');
        tidy.push_str(&self::parameter(parameter)?);
    }
    Ok(tidy)
}

/// The bracket that follows a quoted display name.
fn after_quote(text: &str) -> Option<usize> {
    if !text.starts_with('"') {
        return None;
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return text[at..].find('<').map(|open| at + open),
            _ => {}
        }
    }
    None
}

/// A display name is quoted, or tokens; letters beyond ASCII are let pass because telephones write them so.
fn display_name(text: &str) -> Result<(), Fault> {
    if text.starts_with('"') {
        return if text.len() > 1 && text.ends_with('"') { Ok(()) } else { Err("Bad Display Name") };
    }
    let plain =
        text.bytes().all(|byte| is_token_byte(byte) || !byte.is_ascii() || matches!(byte, b' ' | b'\t'));
    if plain { Ok(()) } else { Err("Bad Display Name") }
}

/// Checks one parameter and returns it without whitespace around its parts.
fn parameter(text: &str) -> Result<String, Fault> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (text, None),
    };
    if name.is_empty() || name.contains([' ', ',', '"']) || value == Some("") {
        return Err("Empty Parameter");
    }
    Ok(value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")))
}

/// Checks a URI of which the scheme matters: hosts of `sip` and `sips`. Headers are allowed within brackets only.
pub(super) fn uri(text: &str, headers: bool) -> Result<(), Fault> {
    if text.is_empty() || text.contains([' ', '\t', '<', '>', '"']) {
        return Err("Bad URI");
    }
    let Some(rest) = sip_part(text) else {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        return if named { Ok(()) } else { Err("Bad URI") };
    };
    let host = rest.rfind('@').map_or(rest, |at| &rest[at + 1..]);
    if !headers && host.contains('?') {
        return Err("Headers In Request-URI");
    }
    host_port(host.split([';', '?']).next().unwrap_or(""))
}

/// What follows `sip:` or `sips:`.
pub(super) fn sip_part(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    (scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")).then_some(rest)
}

/// Checks a host with an optional port. IPv6 addresses need brackets (RFC 5118 §4.1); three colons in a row, which
/// an older grammar produced, are let pass (§4.10).
fn host_port(text: &str) -> Result<(), Fault> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or("Bad Host")?;
            if host.is_empty() || !host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.') {
                return Err("Bad Host");
            }
            (host, after)
        }
        None => {
            let colon = text.find(':').unwrap_or(text.len());
            text.split_at(colon)
        }
    };
    if host.is_empty() {
        return Err("Bad Host");
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(port) if port.parse::<u16>().is_ok() => Ok(()),
        _ => Err("Bad Port"),
    }
}

/// Checks one value of Via and returns it without needless whitespace (§20.42).
pub(super) fn via(value: &str) -> Result<String, Fault> {
    let Some(pieces) = split_outside(value, ';') else { return Err("Bad Via") };
    let (first, parameters) = pieces.split_first().ok_or("Bad Via")?;
    let mut protocol = first.splitn(3, '/').map(str::trim);
    let (Some(name), Some(version), Some(rest)) = (protocol.next(), protocol.next(), protocol.next()) else {
        return Err("Bad Via");
    };
    if !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
        return Err("Bad Via");
    }
    let (transport, sent_by) = rest.split_once([' ', '\t']).ok_or("Bad Via")?;
    let sent_by = sent_by.trim().replace([' ', '\t'], "");
    host_port(&sent_by).map_err(|_| "Bad Via")?;
    let mut tidy = format!("SIP/2.0/{} {sent_by}", transport.to_ascii_uppercase());
    for parameter in parameters {
        let parameter = self::parameter(parameter)?;
        if parameter.eq_ignore_ascii_case("branch=z9hG4bK") {
            return Err("Branch Without Identifier");
        }
        tidy.push(';');
        tidy.push_str(&parameter);
    }
    Ok(tidy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_whitespace_and_keep_their_meaning() {
        for (given, tidy) in [
            ("sip:a@b ;   tag    = 1", "sip:a@b;tag=1"),
            ("\"J \\\\\\\"\"   <sip:a@b> ; x", "\"J \\\\\\\"\" <sip:a@b>;x"),
            ("caller<sip:caller@example.com>;tag=323", "caller <sip:caller@example.com>;tag=323"),
            ("王芳 <sip:1001@yihao>", "王芳 <sip:1001@yihao>"),
            ("\"a;b,c<d\" <sip:a;x=y@[2001:db8::1]:5060>", "\"a;b,c<d\" <sip:a;x=y@[2001:db8::1]:5060>"),
        ] {
            assert_eq!(address(given).as_deref(), Ok(tidy));
        }
    }

    #[test]
    fn addresses_that_two_readers_would_read_differently_are_refused() {
        for bad in [
            "Bell, Alexander <sip:a@b>",
            "\"Bell <sip:a@b>",
            "< sip:a@b >",
            "sip:a@b?Route=x",
            "<sip:a@2001:db8::10>",
            "<sip:a@b>;;",
            "<sip:a@b>;tag=",
            "<sip:a@b:99999>",
            "\"only a name\"",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn via_is_put_in_order() {
        assert_eq!(
            via("SIP  / 2.0  / tcp     a.example ;  branch  =   x").as_deref(),
            Ok("SIP/2.0/TCP a.example;branch=x")
        );
        assert!(via("SIP/2.0/UDP 192.0.2.15;;,;,,").is_err());
        assert!(via("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").is_err());
        assert!(via("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3").is_ok());
    }
}
