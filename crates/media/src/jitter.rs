//! Jitter buffer for G.711: puts packets of any length in order of time and gives out frames.
//!
//! Samples are placed by RTP timestamp in a ring, so packets of 10, 20, 30 or 60 ms, duplicates
//! and reordering need no special treatment. The delay starts at 60 ms and follows the network:
//! it grows when packets come too late and shrinks after quiet seconds.

use crate::codec::{Codec, FRAME, Frame};

/// Samples that the ring holds: a little more than a second.
const RING: usize = 8192;
/// Delay at the start and smallest delay, in samples (60 ms).
const MIN_TARGET: usize = 3 * FRAME;
/// Largest delay in samples (240 ms).
const MAX_TARGET: usize = 12 * FRAME;
/// Packets in a row that are impossibly early or late before the time base counts as new.
const STRAYS: u32 = 3;
/// Frames without trouble after which the delay shrinks by one frame (10 s).
const QUIET_FRAMES: u32 = 500;
/// Late packets within a quiet period that make the delay grow.
const LATE_LIMIT: u32 = 3;

/// How a popped frame came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popped {
    /// As it was received.
    Received,
    /// Lost in whole or in part; the gap was filled from what came before.
    Concealed,
    /// Nothing is being received.
    Silence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No time base yet, or the buffer has run dry.
    Empty,
    /// Collecting until the delay is reached; counts the frames waited.
    Filling(u32),
    Playing,
}

/// Reorders and smooths one received stream.
#[derive(Debug)]
pub struct JitterBuffer {
    codec: Codec,
    codes: Box<[u8; RING]>,
    present: Box<[bool; RING]>,
    state: State,
    ssrc: Option<u32>,
    /// Timestamp of the next sample to give out.
    read: u32,
    /// Timestamp after the newest sample.
    end: u32,
    target: usize,
    strays: u32,
    late_recently: u32,
    quiet: u32,
    deep: u32,
    stretch: bool,
    ran_dry: bool,
    last: Frame,
    fade: usize,
    late: u64,
    concealed: u64,
}

impl JitterBuffer {
    /// An empty buffer for one codec.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            codes: Box::new([codec.silence(); RING]),
            present: Box::new([false; RING]),
            state: State::Empty,
            ssrc: None,
            read: 0,
            end: 0,
            target: MIN_TARGET,
            strays: 0,
            late_recently: 0,
            quiet: 0,
            deep: 0,
            stretch: false,
            ran_dry: false,
            last: Frame::silence(codec),
            fade: FADE.len(),
            late: 0,
            concealed: 0,
        }
    }

    /// The codec of what goes in and comes out.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Packets that came too late to be heard.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Frames that were invented in whole or in part.
    #[must_use]
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// The present delay in milliseconds.
    #[must_use]
    pub fn delay_ms(&self) -> u32 {
        (self.target / 8) as u32
    }

    /// Takes in the payload of a packet.
    pub fn push(&mut self, ssrc: u32, timestamp: u32, payload: &[u8]) {
        if payload.is_empty() || payload.len() > RING / 2 {
            return;
        }
        if self.ssrc.replace(ssrc) != Some(ssrc) {
            self.restart(timestamp);
        }
        let ahead = timestamp.wrapping_sub(self.read) as i32;
        match self.state {
            State::Empty => {
                if ahead < 0 && ahead > -(RING as i32) {
                    return self.note_late(timestamp);
                }
                // Going on almost where it stopped means the network stalled, not the speaker.
                if self.ran_dry && ahead < MIN_TARGET as i32 {
                    self.grow();
                }
                self.restart(timestamp);
            }
            State::Filling(_) if ahead < 0 && ahead > -(MAX_TARGET as i32) => {
                // The first packets came out of order and nothing has been played yet.
                self.read = timestamp;
            }
            State::Filling(_) | State::Playing => {
                let too_far = ahead > (RING - payload.len()) as i32;
                if too_far || ahead < -(RING as i32) {
                    self.strays += 1;
                    if self.strays < STRAYS {
                        return;
                    }
                    self.restart(timestamp);
                } else if ahead + payload.len() as i32 <= 0 {
                    return self.note_late(timestamp);
                }
            }
        }
        self.strays = 0;
        for (index, &code) in payload.iter().enumerate() {
            let at = timestamp.wrapping_add(index as u32);
            if at.wrapping_sub(self.read) as i32 >= 0 {
                let slot = at as usize % RING;
                self.codes[slot] = code;
                self.present[slot] = true;
            }
        }
        let end = timestamp.wrapping_add(payload.len() as u32);
        if end.wrapping_sub(self.end) as i32 > 0 {
            self.end = end;
        }
    }

    /// Gives out the next 20 ms.
    pub fn pop(&mut self, frame: &mut Frame) -> Popped {
        frame.codec = self.codec;
        match self.state {
            State::Empty => return self.conceal(frame),
            State::Filling(waited) => {
                if self.depth() < self.target && (waited as usize) < self.target / FRAME {
                    self.state = State::Filling(waited + 1);
                    return self.conceal(frame);
                }
                self.state = State::Playing;
            }
            State::Playing => {}
        }
        if self.depth() == 0 {
            self.state = State::Empty;
            self.ran_dry = true;
            return self.conceal(frame);
        }
        if std::mem::take(&mut self.stretch) {
            return self.conceal(frame);
        }
        self.keep_depth();
        self.quiet += 1;
        if self.quiet >= QUIET_FRAMES {
            self.quiet = 0;
            if self.late_recently == 0 && self.target > MIN_TARGET {
                self.target -= FRAME;
            }
            self.late_recently = 0;
        }
        self.take(frame)
    }

    fn depth(&self) -> usize {
        (self.end.wrapping_sub(self.read) as i32).max(0) as usize
    }

    fn restart(&mut self, timestamp: u32) {
        self.present.fill(false);
        self.read = timestamp;
        self.end = timestamp;
        self.state = State::Filling(0);
        self.strays = 0;
        self.deep = 0;
        self.ran_dry = false;
        self.stretch = false;
    }

    fn grow(&mut self) {
        self.target = (self.target + FRAME).min(MAX_TARGET);
        self.quiet = 0;
        self.late_recently = 0;
    }

    fn note_late(&mut self, timestamp: u32) {
        self.late += 1;
        self.late_recently += 1;
        self.strays += 1;
        // A source that set its clock back a little would be late for ever.
        if self.strays > LATE_LIMIT * STRAYS {
            self.grow();
            self.restart(timestamp);
        } else if self.late_recently >= LATE_LIMIT {
            self.grow();
            self.stretch = true;
        }
    }

    /// Leaves out a frame when more has piled up than the delay asks for.
    fn keep_depth(&mut self) {
        let depth = self.depth();
        if depth > self.target + 25 * FRAME {
            self.skip(depth - self.target - FRAME);
        } else if depth > self.target + 4 * FRAME {
            self.deep += 1;
            if self.deep >= 25 {
                self.deep = 15;
                self.skip(FRAME);
            }
        } else {
            self.deep = 0;
        }
    }

    fn skip(&mut self, samples: usize) {
        for _ in 0..samples {
            self.present[self.read as usize % RING] = false;
            self.read = self.read.wrapping_add(1);
        }
    }

    fn take(&mut self, frame: &mut Frame) -> Popped {
        let mut missing = 0;
        let gain = FADE.get(self.fade).copied().unwrap_or(0);
        for (index, byte) in frame.bytes.iter_mut().enumerate() {
            let slot = self.read as usize % RING;
            self.read = self.read.wrapping_add(1);
            if std::mem::take(&mut self.present[slot]) {
                *byte = self.codes[slot];
            } else {
                missing += 1;
                *byte = faded(self.codec, self.last.bytes[index], gain);
            }
        }
        if missing == 0 {
            self.fade = 0;
            self.last = *frame;
            return Popped::Received;
        }
        self.concealed += 1;
        if missing == FRAME {
            self.fade = (self.fade + 1).min(FADE.len());
        } else {
            self.fade = 0;
            self.last = *frame;
        }
        Popped::Concealed
    }

    /// Repeats the last frame ever more quietly while nothing can be read.
    fn conceal(&mut self, frame: &mut Frame) -> Popped {
        let Some(&gain) = FADE.get(self.fade) else {
            *frame = Frame::silence(self.codec);
            return Popped::Silence;
        };
        self.fade += 1;
        self.concealed += 1;
        for (byte, &last) in frame.bytes.iter_mut().zip(&self.last.bytes) {
            *byte = faded(self.codec, last, gain);
        }
        Popped::Concealed
    }
}

/// Loudness of successive invented frames, in 1/256.
const FADE: [i32; 4] = [205, 140, 80, 32];

fn faded(codec: Codec, code: u8, gain: i32) -> u8 {
    codec.encode((i32::from(codec.decode(code)) * gain / 256) as i16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Popped::{Concealed, Received, Silence};

    struct Line {
        buffer: JitterBuffer,
    }

    impl Line {
        fn new() -> Self {
            Self { buffer: JitterBuffer::new(Codec::Pcma) }
        }

        /// Pushes frame `index`, filled with its own number.
        fn push(&mut self, index: u32) {
            self.push_at(index * 160, index as u8);
        }

        fn push_at(&mut self, timestamp: u32, fill: u8) {
            self.buffer.push(1, timestamp.wrapping_add(0xFFFF_FF00), &[fill; 160]);
        }

        fn pop(&mut self) -> (Popped, u8) {
            let mut frame = Frame::silence(Codec::Pcma);
            let popped = self.buffer.pop(&mut frame);
            (popped, frame.bytes[0])
        }

        fn playing() -> Self {
            let mut line = Self::new();
            line.push(1);
            line.push(2);
            line.push(3);
            line
        }
    }

    #[test]
    fn the_first_sixty_milliseconds_wait_and_then_all_come_in_order() {
        let mut line = Line::new();
        assert_eq!(line.pop().0, Silence);
        line.push(1);
        assert_eq!(line.pop().0, Silence);
        line.push(2);
        assert_eq!(line.pop().0, Silence);
        for index in 3..200 {
            line.push(index);
            assert_eq!(line.pop(), (Received, (index - 2) as u8));
        }
    }

    #[test]
    fn reordered_and_doubled_packets_play_in_order() {
        let mut line = Line::new();
        for index in [2, 1, 1, 3, 5, 4, 4, 6] {
            line.push(index);
        }
        for index in 1..=6 {
            assert_eq!(line.pop(), (Received, index));
        }
    }

    #[test]
    fn a_lost_packet_is_filled_and_the_next_is_in_time() {
        let mut line = Line::playing();
        line.push(5);
        for index in 1..=3 {
            assert_eq!(line.pop(), (Received, index));
        }
        assert_eq!(line.pop().0, Concealed);
        assert_eq!(line.pop(), (Received, 5));
        assert_eq!(line.buffer.concealed(), 1);
    }

    #[test]
    fn an_interrupted_line_fades_out_and_starts_again() {
        let mut line = Line::playing();
        for _ in 0..3 {
            line.pop();
        }
        for _ in 0..4 {
            assert_eq!(line.pop().0, Concealed);
        }
        assert_eq!(line.pop().0, Silence);
        for index in 100..110 {
            line.push(index);
            line.pop();
        }
        assert_eq!(line.pop().0, Received);
    }

    #[test]
    fn packets_that_are_too_late_are_counted_and_not_played() {
        let mut line = Line::playing();
        line.push(4);
        line.pop();
        line.pop();
        line.push(1);
        assert_eq!(line.buffer.late(), 1);
        assert_eq!(line.pop(), (Received, 3));
    }

    #[test]
    fn a_new_time_base_is_followed_after_a_few_packets() {
        let mut line = Line::playing();
        line.pop();
        line.push_at(9_000_000, 70);
        assert_eq!(line.pop(), (Received, 2), "one stray packet changes nothing");
        for index in 1..=5 {
            line.push_at(9_000_000 + index * 160, 70 + index as u8);
        }
        let played: Vec<_> = (0..3).map(|_| line.pop().1).collect();
        assert_eq!(played, [72, 73, 74]);
    }

    #[test]
    fn a_new_source_replaces_the_old_one_at_once() {
        let mut line = Line::playing();
        line.pop();
        for index in 0..3 {
            line.buffer.push(2, 77 + index * 160, &[40; 160]);
        }
        assert_eq!(line.pop(), (Received, 40));
    }

    #[test]
    fn any_packet_length_makes_frames_of_twenty_milliseconds() {
        let mut buffer = JitterBuffer::new(Codec::Pcma);
        let stream: Vec<u8> = (0..4000_u32).map(|index| (index / 40) as u8).collect();
        let mut at = 0;
        for len in [240, 80, 480].into_iter().cycle().take(15) {
            buffer.push(1, at as u32, &stream[at..at + len]);
            at += len;
        }
        let mut frame = Frame::silence(Codec::Pcma);
        for index in 0..20 {
            assert_eq!(buffer.pop(&mut frame), Received);
            assert_eq!(frame.bytes[..], stream[index * 160..][..160]);
        }
    }

    #[test]
    fn a_pile_up_is_worked_off() {
        let mut line = Line::new();
        for index in 1..=30 {
            line.push(index);
        }
        for index in 31..400 {
            line.push(index);
            line.pop();
        }
        assert!(line.buffer.depth() <= MIN_TARGET + 5 * FRAME, "{}", line.buffer.depth());
    }

    #[test]
    fn the_delay_follows_a_stalling_network_and_relaxes() {
        let mut line = Line::new();
        let mut next = 1;
        for _ in 0..5 {
            for _ in 0..20 {
                line.push(next);
                next += 1;
                line.pop();
            }
            for _ in 0..6 {
                line.pop();
            }
            for _ in 0..6 {
                line.push(next);
                next += 1;
            }
        }
        assert!(line.buffer.delay_ms() > 60, "{}", line.buffer.delay_ms());
        for _ in 0..20 * QUIET_FRAMES {
            line.push(next);
            next += 1;
            line.pop();
        }
        assert_eq!(line.buffer.delay_ms(), 60);
    }

    proptest! {
        #[test]
        fn no_input_panics(
            packets in prop::collection::vec((any::<u8>(), any::<u32>(), 0..400_usize, any::<bool>()), 0..200),
        ) {
            let mut buffer = JitterBuffer::new(Codec::Pcmu);
            let mut frame = Frame::silence(Codec::Pcmu);
            for (ssrc, timestamp, len, near) in packets {
                let timestamp = if near { timestamp % 4000 } else { timestamp };
                buffer.push(u32::from(ssrc / 200), timestamp, &vec![1; len]);
                buffer.pop(&mut frame);
                prop_assert!(buffer.depth() <= RING);
            }
        }

        #[test]
        fn what_arrives_within_the_delay_is_played_whole(
            swaps in prop::collection::vec(0..60_usize, 0..20),
        ) {
            let mut order: Vec<u32> = (1..=62).collect();
            for at in swaps {
                order.swap(at, at + 1);
            }
            // Neighbours swapped repeatedly may travel far; only keep what stays within 40 ms.
            prop_assume!(order.iter().enumerate().all(|(at, &index)| at.abs_diff(index as usize - 1) <= 1));
            let mut line = Line::new();
            let mut played = Vec::new();
            for index in order {
                line.push(index);
                let (popped, fill) = line.pop();
                if popped == Received {
                    played.push(u32::from(fill));
                }
            }
            prop_assert!(played.windows(2).all(|pair| pair[1] == pair[0] + 1), "{played:?}");
            prop_assert!(played.len() >= 58);
        }
    }
}
