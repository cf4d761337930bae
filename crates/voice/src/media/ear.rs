//! Listens to what one leg says until it comes to an end.

use std::collections::VecDeque;

use super::LegId;

/// Frames from before the first word that are kept with it: speech begins more softly than it is noticed.
const LEAD_IN: usize = 15;
/// Loud frames that make a word; fewer are a click.
const WORD: u32 = 5;

/// How one leg is listened to.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// How long nothing may be said at first, in milliseconds.
    pub patience_ms: u32,
    /// The pause that ends what is said, in milliseconds.
    pub pause_ms: u32,
    /// How long it may be, in milliseconds.
    pub longest_ms: u32,
}

/// Listens to one leg.
pub(super) struct Ear {
    pub leg: LegId,
    patience: u32,
    pause: u32,
    longest: usize,
    lead_in: VecDeque<Vec<u8>>,
    heard: Vec<u8>,
    frames: u32,
    loud: u32,
    silent: u32,
}

impl Ear {
    pub fn new(leg: LegId, attention: Attention) -> Self {
        Self {
            leg,
            patience: attention.patience_ms / 20,
            pause: (attention.pause_ms / 20).max(1),
            // Twenty milliseconds are 160 bytes.
            longest: attention.longest_ms.min(60_000) as usize / 20 * 160,
            lead_in: VecDeque::new(),
            heard: Vec::new(),
            frames: 0,
            loud: 0,
            silent: 0,
        }
    }

    /// Takes twenty milliseconds in, A-law. Returns what was said, empty for nothing, when it came to its end.
    pub fn hear(&mut self, frame: &[u8], is_silent: bool) -> Option<Vec<u8>> {
        self.frames += 1;
        self.silent = if is_silent { self.silent + 1 } else { 0 };
        self.loud += u32::from(!is_silent);
        if self.heard.is_empty() && is_silent {
            self.lead_in.push_back(frame.to_vec());
            if self.lead_in.len() > LEAD_IN {
                self.lead_in.pop_front();
            }
            return (self.frames >= self.patience).then(Vec::new);
        }
        for before in self.lead_in.drain(..) {
            self.heard.extend(before);
        }
        self.heard.extend_from_slice(frame);
        if self.silent < self.pause && self.heard.len() < self.longest {
            return None;
        }
        let is_word = self.loud >= WORD;
        let heard = std::mem::take(&mut self.heard);
        self.loud = 0;
        if is_word {
            return Some(heard);
        }
        // A click: the caller has said nothing yet.
        (self.frames >= self.patience).then(Vec::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: [u8; 160] = [0xd5; 160];
    const SPEECH: [u8; 160] = [0x2a; 160];

    fn ear() -> Ear {
        Ear::new(LegId(1), Attention { patience_ms: 2_000, pause_ms: 400, longest_ms: 3_000 })
    }

    /// Says frames until the ear has heard enough; returns how many it took and what it heard.
    fn say(ear: &mut Ear, frames: impl IntoIterator<Item = bool>) -> Option<(usize, Vec<u8>)> {
        frames.into_iter().enumerate().find_map(|(at, speaks)| {
            let frame = if speaks { &SPEECH } else { &SILENCE };
            ear.hear(frame, !speaks).map(|heard| (at + 1, heard))
        })
    }

    #[test]
    fn a_sentence_ends_with_a_pause_and_keeps_its_first_sound() {
        let words =
            [vec![false; 30], vec![true; 40], vec![false; 10], vec![true; 20], vec![false; 40]].concat();
        let (at, heard) = say(&mut ear(), words).unwrap();
        assert_eq!(at, 30 + 40 + 10 + 20 + 20);
        assert_eq!(heard.len(), (LEAD_IN + 40 + 10 + 20 + 20) * 160);
        assert_eq!(heard[..160], SILENCE);
    }

    #[test]
    fn who_says_nothing_is_waited_for_so_long() {
        assert_eq!(say(&mut ear(), vec![false; 500]), Some((100, Vec::new())));
    }

    #[test]
    fn a_click_is_no_word() {
        let click = [vec![false; 10], vec![true; 2], vec![false; 400]].concat();
        assert_eq!(say(&mut ear(), click), Some((100, Vec::new())));
    }

    #[test]
    fn who_never_ends_is_cut() {
        let (at, heard) = say(&mut ear(), vec![true; 1_000]).unwrap();
        assert_eq!((at, heard.len()), (150, 150 * 160));
    }
}
