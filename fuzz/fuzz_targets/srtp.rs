//! SRTP and SRTCP with a known key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::srtp::{Key, Protector, SrtpError, Suite, Unprotector};

fuzz_target!(|bytes: &[u8]| {
    for suite in [Suite::Tag80, Suite::Tag32] {
        let key = Key { suite, master: [9; 30] };
        let (mut there, mut here) = (Protector::new(&key), Unprotector::new(&key));
        let _ = here.unprotect(&mut bytes.to_vec());
        let _ = here.unprotect_rtcp(&mut bytes.to_vec());
        let mut here = Unprotector::new(&key);
        let mut packet = bytes.to_vec();
        if there.protect(&mut packet).is_ok() {
            let mut opened = packet.clone();
            let len = here.unprotect(&mut opened).expect("what we protect is opened");
            assert_eq!(&opened[..len], bytes);
            assert_eq!(here.unprotect(&mut packet), Err(SrtpError::Replayed), "once");
        }
        let mut report = bytes.to_vec();
        if there.protect_rtcp(&mut report).is_ok() {
            let len = here.unprotect_rtcp(&mut report).expect("what we protect is opened");
            assert_eq!(&report[..len], bytes);
        }
    }
});
