//! Portable documents. The library that reads them unpacks whatever a stream says, so a document is measured first:
//! every stream is unpacked once without keeping it, and what cannot be measured is refused.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::Unreadable;

/// Bytes of one unpacked stream.
const STREAM_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of everything that is unpacked of a document.
const DOCUMENT_BYTES_MAX: u64 = 300 * 1024 * 1024;
/// Streams of one document.
const STREAMS_MAX: usize = 100_000;
/// Bytes of a document with streams that are not measured: encrypted ones, and those packed as in the nineties.
const UNMEASURED_BYTES_MAX: usize = 256 * 1024;
/// Bytes before a stream in which its dictionary is looked for.
const DICTIONARY_BYTES: usize = 2_000;

/// Returns the text of a document.
pub(super) fn text(bytes: &[u8]) -> Result<String, Unreadable> {
    measure(bytes)?;
    pdf_extract::extract_text_from_mem(bytes).map_err(|_| Unreadable::Broken)
}

fn measure(bytes: &[u8]) -> Result<(), Unreadable> {
    let plain = without_escapes(bytes);
    let has = |word: &[u8]| find(&plain, word).is_some();
    if bytes.len() > UNMEASURED_BYTES_MAX && (has(b"/Encrypt") || has(b"LZWDecode") || has(b"/LZW")) {
        return Err(Unreadable::Bomb);
    }
    let (mut total, mut count, mut from) = (0_u64, 0, 0);
    while let Some(at) = find(&bytes[from..], b"stream") {
        let at = from + at;
        let body = at + b"stream".len();
        from = body;
        if at >= 3 && &bytes[at - 3..at] == b"end" {
            continue;
        }
        count += 1;
        if count > STREAMS_MAX || is_packed_twice(&bytes[at.saturating_sub(DICTIONARY_BYTES)..at]) {
            return Err(Unreadable::Bomb);
        }
        let skip = bytes[body..].iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let size = unpacked(&bytes[body + skip..]);
        total += size;
        if size > STREAM_BYTES_MAX || total > DOCUMENT_BYTES_MAX {
            return Err(Unreadable::Bomb);
        }
    }
    Ok(())
}

/// Returns how many bytes a stream unpacks into, as far as it is packed by the usual means; up to the bound and one.
fn unpacked(body: &[u8]) -> u64 {
    let header = body.len() > 2 && body[0] & 0x0f == 8;
    if !header {
        return 0;
    }
    let drained = |reader: &mut dyn std::io::Read| {
        let mut sink = Counter(0);
        // What comes before the damage is unpacked by the library as well.
        let _ = std::io::copy(&mut reader.take(STREAM_BYTES_MAX + 1), &mut sink);
        sink.0
    };
    match drained(&mut ZlibDecoder::new(body)) {
        0 => drained(&mut DeflateDecoder::new(&body[2..])),
        size => size,
    }
}

struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Tells whether the dictionary before a stream names more than one way of packing.
fn is_packed_twice(before: &[u8]) -> bool {
    let plain = without_escapes(before);
    let begin = (0..plain.len()).rev().find(|at| plain[*at..].starts_with(b"obj")).unwrap_or(0);
    let own = &plain[begin..];
    let mut ways = 0;
    let mut from = 0;
    while let Some(at) = find(&own[from..], b"Decode") {
        // `DecodeParms` is none.
        ways += usize::from(!own[from + at..].starts_with(b"DecodeParms"));
        from += at + b"Decode".len();
    }
    let arrays = find(own, b"/Filter").is_some_and(|at| {
        own[at + 7..].iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte == b'[')
    });
    arrays && ways > 1
}

/// Names may be written with `#` and two digits for any letter.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'#', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'#'));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(word) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn document(dictionary: &str, body: &[u8]) -> Vec<u8> {
        let mut out = format!("%PDF-1.4\n4 0 obj\n<< /Length {} {dictionary} >>\nstream\n", body.len());
        out.push('\n');
        let mut out = out.trim_end().as_bytes().to_vec();
        out.push(b'\n');
        out.extend(body);
        out.extend(b"\nendstream\nendobj\n%%EOF");
        out
    }

    #[test]
    fn a_stream_that_unpacks_into_far_too_much_is_a_bomb_before_it_is_unpacked() {
        let small = packed(&vec![b' '; 100_000]);
        assert_eq!(measure(&document("/Filter /FlateDecode", &small)), Ok(()));
        let large = packed(&vec![b' '; 70 * 1024 * 1024]);
        assert!(large.len() < 100_000);
        assert_eq!(measure(&document("/Filter /FlateDecode", &large)), Err(Unreadable::Bomb));
        // Packed twice, named in another spelling, or behind another way of writing.
        let twice = packed(&large);
        assert_eq!(measure(&document("/Filter [/FlateDecode /FlateDecode]", &twice)), Err(Unreadable::Bomb));
        assert_eq!(
            measure(&document("/F#69lter [ /ASCII85#44ecode /FlateDecode ]", &twice)),
            Err(Unreadable::Bomb)
        );
    }

    #[test]
    fn what_cannot_be_measured_is_refused_when_it_is_large() {
        let mut locked = document("/Encrypt 5 0 R", b"x");
        assert_eq!(measure(&locked), Ok(()));
        locked.resize(UNMEASURED_BYTES_MAX + 1, b' ');
        assert_eq!(measure(&locked), Err(Unreadable::Bomb));
        let mut old = document("/Filter /LZ#57Decode", b"x");
        old.resize(UNMEASURED_BYTES_MAX + 1, b' ');
        assert_eq!(measure(&old), Err(Unreadable::Bomb));
    }

    #[test]
    fn parameters_of_a_way_are_no_second_way() {
        let body = packed(b"BT ET");
        let usual = "/Filter [/FlateDecode] /DecodeParms [<< /Predictor 12 /Columns 4 >>]";
        assert_eq!(measure(&document(usual, &body)), Ok(()));
        assert_eq!(measure(b"%PDF-1.4 stream"), Ok(()));
        assert_eq!(measure(b"endstream stream\r\nx\x9c"), Ok(()));
    }
}
