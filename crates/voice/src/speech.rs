//! What callers hear that nobody recorded: prompts of the library, and texts in a voice.
//!
//! The embedded voice is espeak-ng as a subprocess, fed with pinyin; a better one may be named in the
//! configuration (`[voice.speech] endpoint`). Whatever was spoken once is kept by the hash of its text.
//! Callers are understood by a service (`[voice.recognition] endpoint`) or not at all.

pub mod library;
pub mod pinyin;
mod recogniser;
mod voices;
pub mod wav;

pub use library::PromptBook;
pub use recogniser::{Recogniser, RecognitionConfig};
pub use voices::{SpeechConfig, SpeechError, VoiceState, Voices};
