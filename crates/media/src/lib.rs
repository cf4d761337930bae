//! Telephone audio as pure rules: RTP and RTCP, G.711, jitter buffer, mixing, tones, digits,
//! prompts and the recording format.
//!
//! Nothing here opens a socket or a file, reads a clock or starts a thread. Time comes in as
//! milliseconds or as the rhythm of calls: one call of [`jitter::JitterBuffer::pop`],
//! [`clip::Player::fill`] or [`mixer::mix`] stands for [`codec::FRAME_MS`] of sound.

pub mod clip;
pub mod codec;
pub mod detect;
pub mod dtmf;
pub mod g722;
pub mod jitter;
pub mod mixer;
pub mod noise;
pub mod peaks;
pub mod recording;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
pub mod tone;
