//! STUN, which strangers may send to any browser leg.
#![no_main]

use is::stun::StunMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = StunMessage::parse(bytes).map(|message| {
        let _ = (message.is_binding_request(), message.split_username());
    });
});
