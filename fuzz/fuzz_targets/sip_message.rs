//! One SIP message, as a datagram or WebSocket brings it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::redact::redact;
use sip::screen::{Policy, Screened, screen};

const POLICY: Policy<'_> = Policy { extensions: &["100rel", "timer", "replaces"], tag: "yihao" };

fuzz_target!(|bytes: &[u8]| {
    match screen(bytes, POLICY) {
        Screened::Pass(written) => {
            let again = screen(&written, POLICY);
            assert_eq!(again, Screened::Pass(written.clone()), "one form only");
            let _ = redact(&String::from_utf8_lossy(&written));
        }
        Screened::Refuse { code, response, .. } => {
            assert!((400..700).contains(&code));
            assert!(response.starts_with(b"SIP/2.0 "));
            assert!(response.ends_with(b"\r\n\r\n"), "an answer of ours has no body");
        }
        Screened::Drop(_) => {}
    }
});
