//! What can be played to a leg, and the player that turns it into frames.

use bytes::Bytes;

use crate::codec::{Codec, FRAME, Frame, RATE};
use crate::tone::Tone;

/// A piece of sound; the bytes are shared by all who hear it.
#[derive(Clone, Debug, PartialEq)]
pub enum Clip {
    /// A-law at 8 kHz.
    Alaw(Bytes),
    /// A signal tone for a while; `None` plays it to its natural end, which some do not have.
    Tone {
        /// Which tone.
        tone: Tone,
        /// Length in milliseconds.
        duration_ms: Option<u32>,
    },
    /// Silence.
    Pause {
        /// Length in milliseconds.
        duration_ms: u32,
    },
}

impl Clip {
    /// Length in samples; `None` when it never ends by itself.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        let samples = |ms: u32| u64::from(ms) * u64::from(RATE) / 1000;
        match self {
            Self::Alaw(codes) => Some(codes.len() as u64),
            Self::Tone { tone, duration_ms } => duration_ms.map(samples).or(tone.length()),
            Self::Pause { duration_ms } => Some(samples(*duration_ms)),
        }
    }

    fn code(&self, at: u64) -> u8 {
        match self {
            Self::Alaw(codes) => codes[at as usize],
            Self::Tone { tone, .. } => Codec::Pcma.encode(tone.sample(at)),
            Self::Pause { .. } => Codec::Pcma.silence(),
        }
    }
}

impl From<Tone> for Clip {
    fn from(tone: Tone) -> Self {
        Self::Tone { tone, duration_ms: None }
    }
}

impl From<&'static [u8]> for Clip {
    fn from(codes: &'static [u8]) -> Self {
        Self::Alaw(Bytes::from_static(codes))
    }
}

/// Plays a sequence of clips without gaps, once or for ever.
#[derive(Clone, Debug)]
pub struct Player {
    clips: Vec<Clip>,
    repeat: bool,
    clip: usize,
    at: u64,
}

impl Player {
    /// A player at the start of its first clip.
    #[must_use]
    pub fn new(clips: Vec<Clip>, repeat: bool) -> Self {
        // A loop without any sound would never leave the search for the next sample.
        let repeat = repeat && clips.iter().any(|clip| clip.length() != Some(0));
        Self { clips, repeat, clip: 0, at: 0 }
    }

    /// Writes the next 20 ms as A-law; returns false when nothing was left to play. The rest of
    /// the last frame is silence.
    pub fn fill(&mut self, frame: &mut Frame) -> bool {
        *frame = Frame::silence(Codec::Pcma);
        let mut filled = 0;
        while filled < FRAME {
            let Some(clip) = self.clips.get(self.clip) else {
                if self.repeat {
                    self.clip = 0;
                    continue;
                }
                break;
            };
            let left = clip.length().map_or(u64::MAX, |len| len.saturating_sub(self.at));
            if left == 0 {
                self.clip += 1;
                self.at = 0;
                continue;
            }
            let count = left.min((FRAME - filled) as u64) as usize;
            let target = &mut frame.bytes[filled..filled + count];
            if let Clip::Alaw(codes) = clip {
                target.copy_from_slice(&codes[self.at as usize..][..count]);
            } else {
                for (index, code) in target.iter_mut().enumerate() {
                    *code = clip.code(self.at + index as u64);
                }
            }
            self.at += count as u64;
            filled += count;
        }
        filled > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(mut player: Player, frames: usize) -> Vec<u8> {
        let mut sound = Vec::new();
        let mut frame = Frame::silence(Codec::Pcma);
        for _ in 0..frames {
            if !player.fill(&mut frame) {
                break;
            }
            sound.extend_from_slice(&frame.bytes);
        }
        sound
    }

    #[test]
    fn clips_follow_each_other_without_a_gap() {
        let clips = vec![
            Clip::from(&[1; 100][..]),
            Clip::Alaw(Bytes::new()),
            Clip::Pause { duration_ms: 10 },
            Clip::from(&[2; 100][..]),
        ];
        let sound = play(Player::new(clips.clone(), false), 10);
        assert_eq!(sound.len(), 320);
        assert_eq!(sound[..100], [1; 100]);
        assert_eq!(sound[100..180], [0xD5; 80]);
        assert_eq!(sound[180..280], [2; 100]);
        assert_eq!(sound[280..], [0xD5; 40]);
        let looped = play(Player::new(clips, true), 10);
        assert_eq!(looped.len(), 1600);
        assert_eq!(looped[280..380], [1; 100]);
    }

    #[test]
    fn nothing_to_play_ends_at_once_even_in_a_loop() {
        for clips in [vec![], vec![Clip::Alaw(Bytes::new())]] {
            assert!(play(Player::new(clips, true), 3).is_empty());
        }
    }

    #[test]
    fn a_tone_ends_when_told() {
        let clip = Clip::Tone { tone: Tone::Busy, duration_ms: Some(700) };
        assert_eq!(play(Player::new(vec![clip], false), 100).len(), 5600);
        assert_eq!(play(Player::new(vec![Tone::Dial.into()], false), 100).len(), 16_000);
        assert_eq!(play(Player::new(vec![Tone::Beep.into()], false), 100).len(), 1600);
    }
}
