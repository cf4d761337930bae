//! A stream of SIP messages, cut anywhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::stream::{Framed, Framer};

/// What comes out of a stream that is brought in pieces, and whether it broke.
fn messages(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut framer, mut out) = (Framer::new(), Vec::new());
    for part in bytes.chunks(piece) {
        framer.push(part);
        loop {
            match framer.take_next() {
                Ok(Some(Framed::Message(message))) => out.push(message),
                Ok(Some(Framed::Ping)) => {}
                Ok(None) => break,
                Err(_) => return (out, true),
            }
        }
    }
    (out, false)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = messages(bytes, bytes.len().max(1));
    for piece in [1, 7] {
        let cut = messages(bytes, piece);
        // A stream that breaks may have been cut before the fault was there to see.
        if !whole.1 && !cut.1 {
            assert_eq!(whole.0, cut.0);
        }
    }
});
