//! RFC 3711's own figures, and what an enemy on the wire would try.

use proptest::prelude::*;

use super::*;
use crate::rtp::RtpPacket;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn key(suite: Suite) -> Key {
    let mut master = [0; MASTER_LEN];
    for (at, byte) in master.iter_mut().enumerate() {
        *byte = at as u8 * 7 + 1;
    }
    Key { suite, master }
}

fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut out = Vec::new();
    RtpPacket { marker: false, payload_type: 8, sequence, timestamp: 5, ssrc, payload: b"hello" }
        .write(&mut out);
    out
}

#[test]
fn the_keystream_is_that_of_appendix_b2() {
    let mut session = Session::derive(&[0; MASTER_LEN], 0);
    session.key.copy_from_slice(&bytes("2B7E151628AED2A6ABF7158809CF4F3C"));
    session.salt.copy_from_slice(&bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
    let mut stream = vec![0; 0xFF02 * 16];
    session.apply([0; 4], 0, &mut stream);
    assert_eq!(stream[..16], bytes("E03EAD0935C95E80E166B16DD92B4EB4"));
    assert_eq!(stream[16..32], bytes("D23513162B02D0F72A43A2FE4A5F97AB"));
    assert_eq!(stream[0xFEFF * 16..0xFF00 * 16], bytes("EC8CDF7398607CB0F2D21675EA9EA1E4"));
    assert_eq!(stream[0xFF01 * 16..], bytes("6A2CC3787889374FBEB4C81B17BA6C44"));
}

#[test]
fn session_keys_are_those_of_appendix_b3() {
    let mut master = [0; MASTER_LEN];
    master.copy_from_slice(&bytes("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6"));
    let session = Session::derive(&master, 0);
    assert_eq!(session.key.to_vec(), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(session.salt.to_vec(), bytes("30CBBC08863D8C85D49DB34A9AE1"));
    let mut auth = [0; 94];
    derive(&master, 1, &mut auth);
    let expected = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF7227098\
                    6371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2";
    assert_eq!(auth.to_vec(), bytes(expected));
}

#[test]
fn packets_survive_the_wire_across_the_rollover() {
    for suite in [Suite::Tag80, Suite::Tag32] {
        let (mut there, mut here) = (Protector::new(&key(suite)), Unprotector::new(&key(suite)));
        for step in 0..70_000_u32 {
            let plain = packet((step + 65_000) as u16, 9);
            let mut wire = plain.clone();
            there.protect(&mut wire).unwrap();
            assert_ne!(wire[HEADER_LEN..plain.len()], plain[HEADER_LEN..]);
            let len = here.unprotect(&mut wire).unwrap();
            assert_eq!(wire[..len], plain, "{suite:?} {step}");
        }
        assert_eq!(there.last.map(|last| last >> 16), Some(2));
    }
}

#[test]
fn disorder_at_the_rollover_is_no_trouble() {
    let (mut there, mut here) = (Protector::new(&key(Suite::Tag80)), Unprotector::new(&key(Suite::Tag80)));
    let mut sent: Vec<Vec<u8>> = (65_530..65_546_u32)
        .map(|sequence| {
            let mut wire = packet(sequence as u16, 1);
            there.protect(&mut wire).unwrap();
            wire
        })
        .collect();
    sent.swap(5, 6);
    sent.swap(3, 9);
    for wire in &mut sent {
        here.unprotect(wire).unwrap();
    }
}

#[test]
fn nothing_is_taken_twice_and_nothing_changed_is_taken() {
    let (mut there, mut here) = (Protector::new(&key(Suite::Tag32)), Unprotector::new(&key(Suite::Tag32)));
    let mut sent = Vec::new();
    for sequence in 100..400 {
        let mut wire = packet(sequence, 1);
        there.protect(&mut wire).unwrap();
        sent.push(wire.clone());
        for at in 0..wire.len() {
            let mut changed = wire.clone();
            changed[at] ^= 0x10;
            assert!(here.unprotect(&mut changed).is_err(), "byte {at}");
        }
        here.unprotect(&mut wire).unwrap();
    }
    for wire in &sent {
        assert_eq!(here.unprotect(&mut wire.clone()), Err(SrtpError::Replayed));
    }
    let mut other = Key { suite: Suite::Tag32, ..key(Suite::Tag32) };
    other.master[0] ^= 1;
    let mut wire = packet(1, 1);
    Protector::new(&other).protect(&mut wire).unwrap();
    assert_eq!(Unprotector::new(&key(Suite::Tag32)).unprotect(&mut wire), Err(SrtpError::Forged));
}

#[test]
fn a_new_key_is_taken_whether_the_rollover_counter_goes_on_or_begins_again() {
    let (old, mut new) = (key(Suite::Tag80), key(Suite::Tag80));
    new.master[3] ^= 0x55;
    for goes_on in [true, false] {
        let (mut there, mut here) = (Protector::new(&old), Unprotector::new(&old));
        for step in 65_000..66_000_u32 {
            let mut wire = packet(step as u16, 9);
            there.protect(&mut wire).unwrap();
            here.unprotect(&mut wire).unwrap();
        }
        if goes_on {
            there.rekey(&new);
        } else {
            there = Protector::new(&new);
        }
        here.rekey(&new);
        for step in 66_000..66_100_u32 {
            let plain = packet(step as u16, 9);
            let mut wire = plain.clone();
            there.protect(&mut wire).unwrap();
            let again = wire.clone();
            let len = here.unprotect(&mut wire).unwrap();
            assert_eq!(wire[..len], plain);
            assert_eq!(here.unprotect(&mut again.clone()), Err(SrtpError::Replayed));
        }
        assert_eq!(there.last.map(|last| last >> 16), Some(u64::from(goes_on)));
        let mut stale = packet(600, 9);
        Protector::new(&old).protect(&mut stale).unwrap();
        assert_eq!(here.unprotect(&mut stale), Err(SrtpError::Forged), "the old key is dead");
    }
}

#[test]
fn sources_are_bounded() {
    let mut here = Unprotector::new(&key(Suite::Tag80));
    for ssrc in 0..=SOURCES_MAX as u32 {
        let mut wire = packet(1, ssrc);
        Protector::new(&key(Suite::Tag80)).protect(&mut wire).unwrap();
        assert_eq!(here.unprotect(&mut wire).is_ok(), ssrc < SOURCES_MAX as u32);
    }
}

#[test]
fn reports_survive_the_wire() {
    let (mut there, mut here) = (Protector::new(&key(Suite::Tag32)), Unprotector::new(&key(Suite::Tag32)));
    let mut plain = Vec::new();
    crate::rtcp::write_report(&mut plain, 7, None, None, "yihao");
    for _ in 0..3 {
        let mut wire = plain.clone();
        there.protect_rtcp(&mut wire).unwrap();
        let again = wire.clone();
        assert_eq!(wire.len(), plain.len() + INDEX_LEN + RTCP_TAG_LEN);
        let len = here.unprotect_rtcp(&mut wire).unwrap();
        assert_eq!(wire[..len], plain);
        assert_eq!(here.unprotect_rtcp(&mut again.clone()), Err(SrtpError::Replayed));
    }
}

proptest! {
    #[test]
    fn no_input_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut here = Unprotector::new(&key(Suite::Tag80));
        prop_assert!(here.unprotect(&mut bytes.clone()).is_err());
        prop_assert!(here.unprotect_rtcp(&mut bytes.clone()).is_err());
        let _ = Protector::new(&key(Suite::Tag80)).protect(&mut bytes);
        let _ = Protector::new(&key(Suite::Tag80)).protect_rtcp(&mut bytes);
    }
}
