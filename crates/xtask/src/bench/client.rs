//! The smallest HTTP/1.1 client that keeps its connection: enough to load our own server, and too small
//! to be what is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

/// One kept connection with its session.
pub struct Client {
    reader: BufReader<TcpStream>,
    host: String,
    cookie: String,
    request: Vec<u8>,
}

/// Status and body of an answer.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, JSON or not.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// Connects to a port of the loopback address.
    pub fn connect(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                Ok(stream)
            })
            .map_err(|error| format!("cannot reach the server: {error}"))?;
        Ok(Self {
            reader: BufReader::new(stream),
            host: format!("127.0.0.1:{port}"),
            cookie: String::new(),
            request: Vec::new(),
        })
    }

    /// Signs in; later requests carry the session.
    pub fn sign_in(&mut self, account: &str, password: &str) -> Outcome {
        let body = serde_json::json!({ "account": account, "password": password }).to_string();
        let answer = self.send("POST", "/api/v1/session", "", body.as_bytes())?;
        if answer.status >= 300 || self.cookie.is_empty() {
            return Err(format!(
                "sign-in of {account} failed: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            ));
        }
        Ok(())
    }

    /// Takes over another client's session.
    pub fn share_session(&mut self, other: &Self) {
        self.cookie.clone_from(&other.cookie);
    }

    /// The cookie of the session.
    pub fn session(&self) -> &str {
        &self.cookie
    }

    /// Sends a request and reads its answer. `headers` are whole lines, each ended by CRLF.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Outcome<Answer> {
        self.request.clear();
        let host = &self.host;
        let length = body.len();
        let cookie = &self.cookie;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\ncookie: {cookie}\r\n{headers}\r\n"
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body);
        self.reader
            .get_mut()
            .write_all(&self.request)
            .and_then(|()| self.read_answer())
            .map_err(|error| format!("{method} {path}: {error}"))
    }

    fn read_answer(&mut self) -> std::io::Result<Answer> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| std::io::Error::other(format!("no status in `{}`", line.trim_end())))?;
        let mut length = 0;
        let mut is_chunked = false;
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().map_err(std::io::Error::other)?,
                "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
                "set-cookie" => {
                    value.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
                }
                _ => {}
            }
        }
        let body = if is_chunked { self.read_chunks()? } else { self.read_exactly(length)? };
        Ok(Answer { status, body })
    }

    fn read_exactly(&mut self, length: usize) -> std::io::Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok(body)
    }

    fn read_chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
            body.extend(self.read_exactly(length)?);
            self.read_exactly(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_length_and_in_chunks_are_read_on_one_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut cookies = Vec::new();
            for answer in [
                "HTTP/1.1 200 OK\r\nset-cookie: s=1; HttpOnly\r\ncontent-length: 2\r\n\r\n{}",
                "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
            ] {
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap() > 2 {
                    if line.starts_with("cookie:") {
                        cookies.push(line.trim().to_owned());
                    }
                    line.clear();
                }
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            cookies
        });
        let mut client = Client::connect(port).unwrap();
        assert_eq!(client.send("GET", "/", "", b"").unwrap().status, 200);
        let answer = client.send("GET", "/", "", b"").unwrap();
        assert_eq!((answer.status, answer.json()["a"].as_i64()), (201, Some(1)));
        assert_eq!(server.join().unwrap(), ["cookie:", "cookie: s=1"]);
    }
}
