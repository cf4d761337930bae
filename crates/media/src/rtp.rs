//! RTP packets (RFC 3550 §5.1), read from hostile input and built for sending.

/// Length of a header without contributing sources or extension.
pub const HEADER_LEN: usize = 12;

/// Why bytes are not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Fewer bytes than the header announces.
    #[error("RTP packet is cut short")]
    Short,
    /// Not version 2.
    #[error("RTP version {0} is not 2")]
    Version(u8),
    /// Padding longer than the payload, or of length zero.
    #[error("RTP padding is impossible")]
    Padding,
}

/// A received packet; the payload borrows from the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// First packet of a talk spurt, or start of a telephone event.
    pub marker: bool,
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Payload without padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    /// When the bytes are cut short, of another version, or with impossible padding.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let (header, mut rest) = bytes.split_at_checked(HEADER_LEN).ok_or(RtpError::Short)?;
        let version = header[0] >> 6;
        if version != 2 {
            return Err(RtpError::Version(version));
        }
        let sources = usize::from(header[0] & 0x0F) * 4;
        rest = rest.get(sources..).ok_or(RtpError::Short)?;
        if header[0] & 0x10 != 0 {
            let extension = rest.get(..4).ok_or(RtpError::Short)?;
            let words = usize::from(u16::from_be_bytes([extension[2], extension[3]]));
            rest = rest.get(4 + words * 4..).ok_or(RtpError::Short)?;
        }
        if header[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last().ok_or(RtpError::Padding)?);
            if padding == 0 || padding > rest.len() {
                return Err(RtpError::Padding);
            }
            rest = &rest[..rest.len() - padding];
        }
        Ok(Self {
            marker: header[1] & 0x80 != 0,
            payload_type: header[1] & 0x7F,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload: rest,
        })
    }

    /// Replaces the contents of `out` with this packet.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.push(0x80);
        out.push(u8::from(self.marker) << 7 | (self.payload_type & 0x7F));
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(self.payload);
    }
}

/// Tells RTCP from RTP when both share a port (RFC 5761 §4).
#[must_use]
pub fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && (192..=223).contains(&bytes[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: RtpPacket<'static> = RtpPacket {
        marker: true,
        payload_type: 101,
        sequence: 65_535,
        timestamp: 0xDEAD_BEEF,
        ssrc: 7,
        payload: b"abc",
    };

    #[test]
    fn a_packet_survives_the_wire() {
        let mut bytes = Vec::new();
        PLAIN.write(&mut bytes);
        assert_eq!(RtpPacket::parse(&bytes), Ok(PLAIN));
    }

    #[test]
    fn sources_extension_and_padding_are_skipped() {
        let mut bytes = Vec::new();
        PLAIN.write(&mut bytes);
        bytes[0] = 0x80 | 0x20 | 0x10 | 2;
        let mut long = bytes[..HEADER_LEN].to_vec();
        long.extend_from_slice(&[9; 8]);
        long.extend_from_slice(&[0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        long.extend_from_slice(b"abc");
        long.extend_from_slice(&[0, 0, 3]);
        assert_eq!(RtpPacket::parse(&long), Ok(PLAIN));
    }

    #[test]
    fn lies_about_lengths_are_refused() {
        let mut bytes = Vec::new();
        PLAIN.write(&mut bytes);
        for (first, error) in [
            (0x40, RtpError::Version(1)),
            (0x8F, RtpError::Short),
            (0x90, RtpError::Short),
            (0xA0, RtpError::Padding),
        ] {
            bytes[0] = first;
            assert_eq!(RtpPacket::parse(&bytes), Err(error));
        }
        assert_eq!(RtpPacket::parse(&bytes[..11]), Err(RtpError::Short));
        let mut zero = vec![0xA0; 13];
        zero[12] = 0;
        assert_eq!(RtpPacket::parse(&zero), Err(RtpError::Padding));
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = RtpPacket::parse(&bytes);
            let _ = is_rtcp(&bytes);
        }
    }
}
