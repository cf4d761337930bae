//! RTCP sender and receiver reports (RFC 3550 §6.4) and the figures behind them.

use crate::codec::RATE;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;

/// Sequence numbers may jump back by this much before a source counts as restarted.
const MAX_MISORDER: u16 = 100;
/// Sequence numbers may jump ahead by this much.
const MAX_DROPOUT: u16 = 3000;

/// Loss and jitter of one received source.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    started: bool,
    ssrc: u32,
    base: u16,
    highest: u16,
    cycles: u32,
    received: u64,
    /// Sums over sources that came before the present one.
    past_received: u64,
    past_lost: u64,
    expected_prior: u64,
    received_prior: u64,
    last_transit: Option<u32>,
    jitter: f64,
}

impl Reception {
    /// Takes note of an audio packet that arrived at `arrival_ms` of any steady clock.
    pub fn note(&mut self, ssrc: u32, sequence: u16, timestamp: u32, arrival_ms: u64) {
        self.note_untimed(ssrc, sequence);
        let arrival = (arrival_ms as i64) * i64::from(RATE) / 1000;
        // Only differences count, and those are taken modulo 2^32 like the timestamp itself.
        let transit = (arrival as u32).wrapping_sub(timestamp);
        if let Some(last) = self.last_transit.replace(transit) {
            let difference = f64::from((transit.wrapping_sub(last) as i32).unsigned_abs());
            // A step of more than a second is a new time base, not jitter.
            if difference < f64::from(RATE) {
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
    }

    /// Takes note of a packet whose timestamp says nothing about its sending, such as a
    /// telephone event.
    pub fn note_untimed(&mut self, ssrc: u32, sequence: u16) {
        let ahead = sequence.wrapping_sub(self.highest);
        let restarted = ahead > MAX_DROPOUT && ahead < u16::MAX - MAX_MISORDER;
        if !self.started || ssrc != self.ssrc || restarted {
            *self = Self {
                started: true,
                ssrc,
                base: sequence,
                highest: sequence,
                past_received: self.past_received + self.received,
                past_lost: self.past_lost + self.lost_now(),
                jitter: self.jitter,
                ..Self::default()
            };
        } else if ahead != 0 && ahead <= MAX_DROPOUT {
            if sequence < self.highest {
                self.cycles += 1;
            }
            self.highest = sequence;
        }
        self.received += 1;
    }

    /// Packets received from all sources.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.past_received + self.received
    }

    /// Packets that sequence numbers promised and that did not come.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.past_lost + self.lost_now()
    }

    /// Interarrival jitter in milliseconds.
    #[must_use]
    pub fn jitter_ms(&self) -> f32 {
        (self.jitter * 1000.0 / f64::from(RATE)) as f32
    }

    /// The report block about the present source; the fraction covers the time since the block
    /// before.
    pub fn report(&mut self) -> Option<ReportBlock> {
        if !self.started {
            return None;
        }
        let expected = self.expected();
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received.saturating_sub(self.received_prior);
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost = expected_interval.saturating_sub(received_interval);
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: (lost * 256).checked_div(expected_interval).map_or(0, |f| f.min(255) as u8),
            lost: self.lost_now().min(0x7F_FFFF) as u32,
            highest: self.cycles << 16 | u32::from(self.highest),
            jitter: self.jitter as u32,
        })
    }

    fn expected(&self) -> u64 {
        if !self.started {
            return 0;
        }
        let highest = (u64::from(self.cycles) << 16) + u64::from(self.highest);
        (highest + 1).saturating_sub(u64::from(self.base))
    }

    fn lost_now(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }
}

/// What one side tells the other about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all.
    pub lost: u32,
    /// Highest sequence number with its cycles.
    pub highest: u32,
    /// Jitter in samples.
    pub jitter: u32,
}

/// Facts of a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock as NTP time: seconds since 1900 in the upper half.
    pub ntp: u64,
    /// RTP timestamp of the same instant.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub bytes: u32,
}

/// Replaces `out` with a compound report: sender or receiver report, then the canonical name.
pub fn write_report(
    out: &mut Vec<u8>,
    ssrc: u32,
    sender: Option<SenderInfo>,
    block: Option<ReportBlock>,
    cname: &str,
) {
    out.clear();
    let count = u8::from(block.is_some());
    let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    let words = 1 + if sender.is_some() { 5 } else { 0 } + u16::from(count) * 6;
    out.extend_from_slice(&[0x80 | count, kind]);
    out.extend_from_slice(&words.to_be_bytes());
    out.extend_from_slice(&ssrc.to_be_bytes());
    if let Some(sender) = sender {
        out.extend_from_slice(&sender.ntp.to_be_bytes());
        out.extend_from_slice(&sender.timestamp.to_be_bytes());
        out.extend_from_slice(&sender.packets.to_be_bytes());
        out.extend_from_slice(&sender.bytes.to_be_bytes());
    }
    if let Some(block) = block {
        out.extend_from_slice(&block.ssrc.to_be_bytes());
        let lost = (u32::from(block.fraction_lost) << 24) | (block.lost & 0xFF_FFFF);
        out.extend_from_slice(&lost.to_be_bytes());
        out.extend_from_slice(&block.highest.to_be_bytes());
        out.extend_from_slice(&block.jitter.to_be_bytes());
        out.extend_from_slice(&[0; 8]);
    }
    let cname = &cname.as_bytes()[..cname.len().min(255)];
    // Chunk: source, item type, length, text, then zeros up to a full word (at least one).
    let padded = (4 + 2 + cname.len() + 4) / 4 * 4;
    out.extend_from_slice(&[0x81, SOURCE_DESCRIPTION]);
    out.extend_from_slice(&((padded / 4) as u16).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&ssrc.to_be_bytes());
    out.extend_from_slice(&[1, cname.len() as u8]);
    out.extend_from_slice(cname);
    out.resize(start + padded, 0);
}

/// What a received compound packet says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The first report block, about what was sent to the peer.
    pub block: Option<ReportBlock>,
    /// The peer's sender facts.
    pub sender: Option<SenderInfo>,
    /// The peer has said goodbye.
    pub bye: bool,
}

/// Reads a compound packet; what cannot be understood is skipped.
#[must_use]
pub fn parse_report(mut bytes: &[u8]) -> Report {
    let mut report = Report::default();
    while let Some(header) = bytes.get(..4) {
        let len = 4 + usize::from(u16::from_be_bytes([header[2], header[3]])) * 4;
        let Some(packet) = bytes.get(..len) else { break };
        if header[0] >> 6 != 2 {
            break;
        }
        let blocks = match header[1] {
            SENDER_REPORT if len >= 28 => {
                report.sender = Some(SenderInfo {
                    ntp: u64::from(word(packet, 8)) << 32 | u64::from(word(packet, 12)),
                    timestamp: word(packet, 16),
                    packets: word(packet, 20),
                    bytes: word(packet, 24),
                });
                Some(28)
            }
            RECEIVER_REPORT => Some(8),
            BYE => {
                report.bye = true;
                None
            }
            _ => None,
        };
        if let Some(at) = blocks
            && header[0] & 0x1F > 0
            && len >= at + 24
        {
            let lost = word(packet, at + 4);
            report.block = Some(ReportBlock {
                ssrc: word(packet, at),
                fraction_lost: (lost >> 24) as u8,
                lost: lost & 0xFF_FFFF,
                highest: word(packet, at + 8),
                jitter: word(packet, at + 12),
            });
        }
        bytes = &bytes[len..];
    }
    report
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn loss_counts_across_the_wrap_and_a_restart() {
        let mut reception = Reception::default();
        let mut feed = |ssrc, sequence: u16, index: u64| {
            reception.note(ssrc, sequence, index as u32 * 160, index * 20);
            (reception.received(), reception.lost())
        };
        feed(1, 65_534, 0);
        feed(1, 65_535, 1);
        assert_eq!(feed(1, 1, 3), (3, 1));
        assert_eq!(feed(1, 0, 4), (4, 0), "a late packet is not lost");
        assert_eq!(feed(2, 500, 5), (5, 0), "a new source starts afresh");
        assert_eq!(feed(2, 503, 8), (6, 2));
        assert_eq!(feed(2, 30_000, 9), (7, 2), "a jump is a restart");
    }

    #[test]
    fn jitter_follows_the_arrivals() {
        let mut reception = Reception::default();
        for index in 0..500_u64 {
            reception.note(1, index as u16, index as u32 * 160, index * 20 + index % 2 * 10);
        }
        assert!((8.0..=10.5).contains(&reception.jitter_ms()), "{}", reception.jitter_ms());
        assert_eq!(reception.report().map(|block| block.fraction_lost), Some(0));
    }

    #[test]
    fn a_report_survives_the_wire() {
        let sender = SenderInfo { ntp: 1 << 40, timestamp: 5, packets: 6, bytes: 7 };
        let block = ReportBlock { ssrc: 9, fraction_lost: 64, lost: 3, highest: 70_000, jitter: 12 };
        let mut bytes = Vec::new();
        write_report(&mut bytes, 1, Some(sender), Some(block), "yihao");
        assert_eq!(bytes.len() % 4, 0);
        let report = parse_report(&bytes);
        assert_eq!(report, Report { block: Some(block), sender: Some(sender), bye: false });
        write_report(&mut bytes, 1, None, None, "yihao");
        assert_eq!(parse_report(&bytes), Report::default());
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse_report(&bytes);
        }

        #[test]
        fn no_sequence_panics(packets in prop::collection::vec(any::<(u8, u16, u32, u32)>(), 0..50)) {
            let mut reception = Reception::default();
            for (ssrc, sequence, timestamp, at) in packets {
                reception.note(u32::from(ssrc % 3), sequence, timestamp, u64::from(at));
                let _ = reception.report();
            }
        }
    }
}
