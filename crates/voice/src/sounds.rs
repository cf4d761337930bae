//! Which prompts make which sound.

use crate::call::state::{Phrase, Sound};
use crate::media::{Clip, Tone, prompts};

/// Returns the clips of a sound and whether they repeat.
#[must_use]
pub fn clips(sound: Sound) -> (Vec<Clip>, bool) {
    match sound {
        // Whoever is next has nobody ahead: it is only said that everybody is busy.
        Sound::Position(0 | 1) => (vec![prompts::ALL_BUSY.into()], false),
        Sound::Position(position) => {
            let mut clips = vec![prompts::ALL_BUSY.into(), Clip::Pause { duration_ms: 200 }];
            clips.extend(prompts::position(u32::try_from(position - 1).unwrap_or(u32::MAX)));
            (clips, false)
        }
        Sound::Music => (vec![prompts::HOLD_MUSIC.into()], true),
        Sound::Connecting => (vec![Tone::Ringback.into()], true),
        Sound::AgentLost => (vec![prompts::ALL_BUSY.into()], false),
        Sound::Phrase(Phrase::PleaseWait) => (vec![prompts::PLEASE_WAIT.into()], false),
        Sound::Phrase(Phrase::ThanksForWaiting) => (vec![prompts::THANKS_FOR_WAITING.into()], false),
        Sound::Phrase(Phrase::Goodbye) => (vec![prompts::GOODBYE.into()], false),
        Sound::Phrase(Phrase::SeatNumber) => (seat_number(""), false),
        // Its sound is the agent's own.
        Sound::Phrase(Phrase::Own) => (Vec::new(), false),
        Sound::Busy => (vec![prompts::ALL_BUSY.into(), prompts::GOODBYE.into()], false),
    }
}

/// Says which seat serves: 工号一〇〇一，为您服务。
#[must_use]
pub fn seat_number(seat: &str) -> Vec<Clip> {
    let mut clips = vec![prompts::JOB_NUMBER.into()];
    clips.extend(prompts::digits(seat));
    clips.extend([Clip::Pause { duration_ms: 120 }, prompts::SERVES_YOU.into()]);
    clips
}
