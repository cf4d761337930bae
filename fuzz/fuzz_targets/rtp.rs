//! RTP packets: their head, telephone events, and what the jitter buffer makes of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::codec::{Codec, Frame};
use media::dtmf::DtmfReceiver;
use media::jitter::JitterBuffer;
use media::rtp::{RtpPacket, is_rtcp};

fuzz_target!(|bytes: &[u8]| {
    let _ = is_rtcp(bytes);
    let (mut jitter, mut digits) = (JitterBuffer::new(Codec::Pcma), DtmfReceiver::default());
    let mut frame = Frame::silence(Codec::Pcma);
    // Several datagrams, each with its length before it.
    let mut rest = bytes;
    while let [len, tail @ ..] = rest {
        let (datagram, after) = tail.split_at(usize::from(*len).min(tail.len()));
        rest = after;
        let Ok(packet) = RtpPacket::parse(datagram) else { continue };
        let mut written = Vec::new();
        packet.write(&mut written);
        assert_eq!(RtpPacket::parse(&written), Ok(packet), "written as it was read");
        let _ = digits.push(packet.ssrc, packet.timestamp, packet.payload);
        jitter.push(packet.ssrc, packet.timestamp, packet.payload);
        let _ = jitter.pop(&mut frame);
    }
});
