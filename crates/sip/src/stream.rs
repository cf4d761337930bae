//! Messages out of a stream of bytes (RFC 3261 §18.3), with bounds, and keep-alives between them (RFC 5626 §4.4.1).
//!
//! On a stream a message ends where its `Content-Length` says. One that says nothing, or two things, cannot be told
//! from what follows, so the connection is of no use any more.

/// Longest header section, in bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// Longest body, in bytes.
const BODY_BYTES: usize = 48 * 1024;
/// Empty lines in a row before the sender is taken for somebody who wastes our time.
const EMPTY_LINES: usize = 64;

/// What came out of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framed {
    /// A whole message.
    Message(Vec<u8>),
    /// Two empty lines: the peer asks whether the connection lives, and gets one back.
    Ping,
}

/// Why a stream is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The header section does not end.
    #[error("the header section is too long")]
    HeadTooLong,
    /// The body is longer than any session description.
    #[error("the body is too long")]
    BodyTooLong,
    /// Without a length nothing after this message can be read.
    #[error("the message does not say how long it is")]
    NoLength,
    /// Nothing but empty lines.
    #[error("nothing but empty lines comes")]
    Idle,
}

/// Collects bytes and cuts them into messages. Holds one message at most, and what came with it.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Bytes of the header section that were searched for its end before.
    searched: usize,
    empty_lines: usize,
}

impl Framer {
    /// Makes an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they came. Empty lines are counted within what comes at once.
    pub fn push(&mut self, bytes: &[u8]) {
        self.empty_lines = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Tells whether a message has begun and not ended.
    #[must_use]
    pub fn is_half(&self) -> bool {
        self.buffer.iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// Returns the next message or ping; none when more bytes are needed.
    ///
    /// # Errors
    /// [`Broken`], after which the connection is closed.
    pub fn take_next(&mut self) -> Result<Option<Framed>, Broken> {
        if self.ping()? {
            return Ok(Some(Framed::Ping));
        }
        let Some(head) = self.head()? else { return Ok(None) };
        let length = content_length(&self.buffer[..head]).ok_or(Broken::NoLength)?;
        if length > BODY_BYTES {
            return Err(Broken::BodyTooLong);
        }
        let end = head + length;
        if self.buffer.len() < end {
            return Ok(None);
        }
        let rest = self.buffer.split_off(end);
        let message = std::mem::replace(&mut self.buffer, rest);
        self.searched = 0;
        Ok(Some(Framed::Message(message)))
    }

    /// Takes empty lines away; true for each pair of them.
    fn ping(&mut self) -> Result<bool, Broken> {
        loop {
            if self.buffer.starts_with(b"\r\n\r\n") {
                self.drain_lines(4, 2)?;
                return Ok(true);
            }
            // A single empty line answers a ping of ours, or stands before a start line (§7.5).
            let is_line =
                self.buffer.starts_with(b"\r\n") && self.buffer.len() > 2 && self.buffer[2] != b'\r';
            if is_line {
                self.drain_lines(2, 1)?;
            } else if self.buffer.starts_with(b"\n") {
                self.drain_lines(1, 1)?;
            } else {
                return Ok(false);
            }
        }
    }

    fn drain_lines(&mut self, bytes: usize, lines: usize) -> Result<(), Broken> {
        self.buffer.drain(..bytes);
        self.searched = 0;
        self.empty_lines += lines;
        if self.empty_lines > EMPTY_LINES { Err(Broken::Idle) } else { Ok(()) }
    }

    /// Returns where the body begins.
    fn head(&mut self) -> Result<Option<usize>, Broken> {
        let from = self.searched.saturating_sub(3);
        let found = self.buffer[from..].windows(4).position(|four| four == b"\r\n\r\n");
        match found {
            Some(at) if from + at + 4 > HEAD_BYTES => Err(Broken::HeadTooLong),
            Some(at) => Ok(Some(from + at + 4)),
            None if self.buffer.len() > HEAD_BYTES => Err(Broken::HeadTooLong),
            None => {
                self.searched = self.buffer.len();
                Ok(None)
            }
        }
    }
}

/// Reads the length; none when it is missing, said twice, or no number.
fn content_length(head: &[u8]) -> Option<usize> {
    let mut length = None;
    for line in head.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = line[..at].trim_ascii();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = std::str::from_utf8(line[at + 1..].trim_ascii()).ok()?;
        let value = value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok())??;
        if length.replace(value).is_some() {
            return None;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(body: &str) -> String {
        format!("OPTIONS sip:a SIP/2.0\r\nVia: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn all(framer: &mut Framer) -> Vec<Framed> {
        let mut out = Vec::new();
        while let Some(framed) = framer.take_next().unwrap() {
            out.push(framed);
        }
        out
    }

    #[test]
    fn messages_come_whole_whatever_the_segments_are() {
        let text = format!("\r\n{}\r\n\r\n{}", message("v=0\r\n"), message(""));
        for size in 1..text.len() {
            let mut framer = Framer::new();
            let mut out = Vec::new();
            for part in text.as_bytes().chunks(size) {
                framer.push(part);
                out.extend(all(&mut framer));
            }
            assert_eq!(
                out,
                [
                    Framed::Message(message("v=0\r\n").into_bytes()),
                    Framed::Ping,
                    Framed::Message(message("").into_bytes())
                ],
                "in pieces of {size}"
            );
            assert!(!framer.is_half());
        }
    }

    #[test]
    fn what_cannot_be_framed_ends_the_connection() {
        let go = |text: &str| {
            let mut framer = Framer::new();
            framer.push(text.as_bytes());
            framer.take_next()
        };
        assert_eq!(go("OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n"), Err(Broken::NoLength));
        assert_eq!(go("A\r\nl: 1\r\nContent-Length: 2\r\n\r\nab"), Err(Broken::NoLength));
        assert_eq!(go("A\r\nContent-Length: -1\r\n\r\n"), Err(Broken::NoLength));
        assert_eq!(go("A\r\nContent-Length: 99999999999999999999\r\n\r\n"), Err(Broken::NoLength));
        assert_eq!(go("A\r\nContent-Length: 999999\r\n\r\n"), Err(Broken::BodyTooLong));
        assert_eq!(go(&"A: b\r\n".repeat(4_000)), Err(Broken::HeadTooLong));
        let mut framer = Framer::new();
        framer.push("\r\n\r\n".repeat(100).as_bytes());
        let broken = (0..100).find_map(|_| framer.take_next().err());
        assert_eq!(broken, Some(Broken::Idle), "somebody sends nothing but pings at once");
        assert!(go("OPTIONS").unwrap().is_none());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_memory_is_bounded(parts in proptest::collection::vec("[ -~\r\n]{0,200}", 0..40)) {
            let mut framer = Framer::new();
            let mut pushed = 0;
            for part in parts {
                framer.push(part.as_bytes());
                pushed += part.len();
                loop {
                    match framer.take_next() {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => return Ok(()),
                    }
                }
                prop_assert!(framer.buffer.len() <= pushed.min(HEAD_BYTES + BODY_BYTES + 200));
            }
        }
    }
}
