//! Turns what a caller said into text, through a service that is named in the configuration.

use std::time::Duration;

use ::media::codec::{Codec, RATE};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::callflow::Language;

/// Bytes of an answer at most.
const ANSWER_MAX: usize = 64 * 1024;
/// Characters of what was said that are kept.
const WORDS_MAX: usize = 500;
/// Callers who are understood at a time; more wait their turn.
const AT_A_TIME: usize = 16;

/// The service that understands callers, `[voice.recognition]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct RecognitionConfig {
    /// Base address of an OpenAI-compatible service such as `http://10.0.0.5:8000/v1`; none when empty.
    pub endpoint: String,
    /// Its key, if it asks for one.
    pub key: String,
    /// Its model.
    pub model: String,
    /// How long it may take, in seconds.
    pub timeout_secs: u64,
}

impl Default for RecognitionConfig {
    fn default() -> Self {
        Self { endpoint: String::new(), key: String::new(), model: "whisper-1".to_owned(), timeout_secs: 8 }
    }
}

/// Why nothing was understood.
#[derive(Debug, thiserror::Error)]
pub enum RecognitionError {
    /// No service is named.
    #[error("no speech recognition is configured")]
    None,
    /// The service failed.
    #[error("speech recognition failed: {0}")]
    Service(String),
}

#[derive(Deserialize)]
struct Transcription {
    text: String,
}

/// Asks the service.
pub struct Recogniser {
    config: RecognitionConfig,
    client: reqwest::Client,
    turns: Semaphore,
}

impl Recogniser {
    /// Makes one; nothing is asked yet.
    #[must_use]
    pub fn new(config: RecognitionConfig) -> Self {
        Self { config, client: reqwest::Client::new(), turns: Semaphore::new(AT_A_TIME) }
    }

    /// Tells whether a service is named.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.config.endpoint.is_empty()
    }

    /// Returns the words of a piece of A-law sound at 8 kHz, empty when there are none.
    ///
    /// # Errors
    /// When no service is named, or it fails or takes too long.
    pub async fn words(&self, sound: &Bytes, language: Language) -> Result<String, RecognitionError> {
        if !self.is_there() {
            return Err(RecognitionError::None);
        }
        let time = Duration::from_secs(self.config.timeout_secs.clamp(1, 12));
        let asked = tokio::time::timeout(time, async {
            let _turn = self.turns.acquire().await;
            self.ask(sound, language).await
        });
        let text =
            asked.await.unwrap_or_else(|_| Err(RecognitionError::Service("took too long".to_owned())))?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_MAX).collect())
    }

    async fn ask(&self, sound: &Bytes, language: Language) -> Result<String, RecognitionError> {
        let failed = |error: reqwest::Error| RecognitionError::Service(error.without_url().to_string());
        let boundary = format!("part-{}", kernel::id::new_id());
        let fields = [
            ("model", self.config.model.as_str()),
            ("language", language.name()),
            ("response_format", "json"),
        ];
        let address = format!("{}/audio/transcriptions", self.config.endpoint.trim_end_matches('/'));
        let mut request = self
            .client
            .post(address)
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .body(form(&boundary, &fields, &wave(sound)));
        if !self.config.key.is_empty() {
            request = request.bearer_auth(&self.config.key);
        }
        let mut answer = request.send().await.map_err(failed)?.error_for_status().map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > ANSWER_MAX {
                return Err(RecognitionError::Service("the answer is too long".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice::<Transcription>(&bytes)
            .map(|transcription| transcription.text)
            .map_err(|error| RecognitionError::Service(error.to_string()))
    }
}

/// Writes a `multipart/form-data` body (RFC 7578) with the sound as its file. Names and values are the house's own.
fn form(boundary: &str, fields: &[(&str, &str)], wave: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(wave.len() + 600);
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    body.extend_from_slice(
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"said.wav\"\r\n\
             content-type: audio/wav\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(wave);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

/// Writes A-law as a WAV file of 16-bit samples, which every service reads.
fn wave(sound: &[u8]) -> Vec<u8> {
    let length = u32::try_from(sound.len() * 2).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(44 + sound.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(length + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    for code in sound {
        file.extend_from_slice(&Codec::Pcma.decode(*code).to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::wav;

    #[test]
    fn the_file_is_one_that_can_be_read() {
        let sound: Vec<u8> = (0..8_000).map(|at| if at % 16 < 8 { 0x2a } else { 0xaa }).collect();
        let again = wav::to_alaw(&wave(&sound)).unwrap();
        assert!(again.len().abs_diff(sound.len()) < 800, "{}", again.len());
    }

    #[tokio::test]
    async fn without_a_service_nothing_is_understood() {
        let none = Recogniser::new(RecognitionConfig::default());
        assert!(matches!(
            none.words(&Bytes::from_static(&[0xd5; 160]), Language::Zh).await,
            Err(RecognitionError::None)
        ));
        let gone = RecognitionConfig {
            endpoint: "http://127.0.0.1:9/v1".to_owned(),
            timeout_secs: 1,
            ..RecognitionConfig::default()
        };
        let words = Recogniser::new(gone).words(&Bytes::from_static(&[0xd5; 160]), Language::Zh).await;
        assert!(matches!(words, Err(RecognitionError::Service(_))));
    }
}
