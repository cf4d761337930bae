//! RTCP reports.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtcp::parse_report;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_report(bytes);
});
