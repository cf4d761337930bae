//! Session descriptions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::sdp::{Crypto, Description, Local, Suite, agree, agree_answer, answer, offer};

fuzz_target!(|text: &str| {
    let Ok(description) = Description::parse(text) else { return };
    let key = Crypto { tag: 1, suite: Suite::Tag80, master: [7; 30] };
    for crypto in [None, Some(key)] {
        let local = Local { address: [127, 0, 0, 1].into(), port: 30_000, session_id: 1, version: 1, crypto };
        let _ = agree_answer(&description, &local);
        if let Ok(agreed) = agree(&description)
            && (agreed.crypto.is_none() || crypto.is_some())
        {
            let written = answer(&description, &agreed, &local);
            let read = Description::parse(&written).expect("an answer of ours can be read");
            assert_eq!(read.streams.len(), description.streams.len(), "one stream for each of theirs");
        }
        assert!(Description::parse(&offer(&local)).is_ok());
    }
});
