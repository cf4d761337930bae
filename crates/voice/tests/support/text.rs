//! SIP messages as text, written and read without the stack under test.

/// Returns a header's value.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Returns all lines of a header as they stand.
pub fn lines(message: &str, name: &str) -> String {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.split(':').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(name)))
        .map(|line| format!("{line}\r\n"))
        .collect()
}

/// Returns what stands behind the blank line.
pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// Returns a response's status code; 0 for a request.
pub fn status(message: &str) -> u16 {
    message
        .strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

/// Returns a request's method.
pub fn method(message: &str) -> &str {
    message.split(' ').next().unwrap_or("")
}

/// Answers a request.
pub fn respond(request: &str, status: &str, tag: &str, extra: &str, body: &str) -> String {
    let to = header(request, "To").unwrap();
    let to = if to.contains("tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
    format!(
        "SIP/2.0 {status}\r\n{}From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        lines(request, "Via"),
        header(request, "From").unwrap(),
        header(request, "Call-ID").unwrap(),
        header(request, "CSeq").unwrap(),
        body.len(),
    )
}
