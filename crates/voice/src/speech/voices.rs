//! The voices that turn texts into sound, and the sounds that they made.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::{pinyin, wav};
use crate::callflow::Language;

/// Changes when the way of speaking does, so that old sounds are not used.
const EDITION: &str = "1";
/// Sounds in memory at most; further ones are read from disk.
const KEPT: usize = 2_000;
/// Bytes of sound that a voice may answer with.
const ANSWER_MAX: usize = 30_000_000;
/// How long the embedded voice may take.
const PROGRAM_TIME: Duration = Duration::from_secs(20);

/// The voice, `[voice.speech]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct SpeechConfig {
    /// Name or path of espeak-ng.
    pub program: String,
    /// Base address of an OpenAI-compatible service such as `http://10.0.0.5:8000/v1`; none when empty.
    pub endpoint: String,
    /// Its key, if it asks for one.
    pub key: String,
    /// Its model.
    pub model: String,
    /// Its Mandarin voice.
    pub voice_zh: String,
    /// Its English voice.
    pub voice_en: String,
    /// How long it may take before the embedded voice speaks instead, in seconds.
    pub timeout_secs: u64,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self {
            program: "espeak-ng".to_owned(),
            endpoint: String::new(),
            key: String::new(),
            model: "tts-1".to_owned(),
            voice_zh: "alloy".to_owned(),
            voice_en: "alloy".to_owned(),
            timeout_secs: 5,
        }
    }
}

/// Why a text stays silent.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// No voice is there.
    #[error("there is no voice on this machine")]
    NoVoice,
    /// The program failed.
    #[error("the voice's program failed: {0}")]
    Program(String),
    /// The service failed.
    #[error("the voice's service failed: {0}")]
    Service(String),
    /// What came is no sound.
    #[error(transparent)]
    Sound(#[from] wav::WavError),
}

/// Which voices there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VoiceState {
    /// Whether the embedded voice is installed.
    pub embedded: bool,
    /// Whether a service is named in the configuration.
    pub service: bool,
}

impl VoiceState {
    /// Tells whether texts are spoken at all.
    #[must_use]
    pub fn can_speak(self) -> bool {
        self.embedded || self.service
    }
}

/// The voices of this process.
pub struct Voices {
    config: SpeechConfig,
    dir: PathBuf,
    state: VoiceState,
    client: reqwest::Client,
    made: Mutex<HashMap<String, Bytes>>,
    // Two at once: speaking must not take the cores from calls.
    turns: Semaphore,
}

impl Voices {
    /// Looks for voices; sounds are kept below `dir`.
    #[must_use]
    pub fn start(config: SpeechConfig, dir: PathBuf) -> Self {
        let found = std::process::Command::new(&config.program)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let embedded = found.is_ok_and(|status| status.success());
        let service = !config.endpoint.is_empty();
        if !embedded && !service {
            tracing::warn!(program = config.program, "no voice: texts in call flows stay silent");
        }
        Self {
            config,
            dir,
            state: VoiceState { embedded, service },
            client: reqwest::Client::new(),
            made: Mutex::new(HashMap::new()),
            turns: Semaphore::new(2),
        }
    }

    /// Returns which voices there are.
    #[must_use]
    pub fn state(&self) -> VoiceState {
        self.state
    }

    /// Returns the sound of a text when it was made before and is in memory.
    #[must_use]
    pub fn ready(&self, text: &str, language: Language) -> Option<Bytes> {
        self.made().get(&self.name(text, language)).cloned()
    }

    /// Makes the sound of a text, A-law at 8 kHz.
    ///
    /// # Errors
    /// When no voice speaks it.
    pub async fn speak(&self, text: &str, language: Language) -> Result<Bytes, SpeechError> {
        if let Some(sound) = self.ready(text, language) {
            return Ok(sound);
        }
        let name = self.name(text, language);
        let path = self.dir.join(&name[..2]).join(format!("{name}.alaw"));
        if let Ok(kept) = tokio::fs::read(&path).await
            && !kept.is_empty()
        {
            return Ok(self.keep(name, kept.into()));
        }
        let _turn = self.turns.acquire().await;
        let file = self.render(text, language).await?;
        let sound = tokio::task::spawn_blocking(move || wav::to_alaw(&file))
            .await
            .map_err(|error| SpeechError::Program(error.to_string()))??;
        // Written under another name first, so that a crash leaves no half of it.
        if let Some(folder) = path.parent() {
            let part = path.with_extension(kernel::id::new_id());
            let written = async {
                tokio::fs::create_dir_all(folder).await?;
                tokio::fs::write(&part, &sound).await?;
                tokio::fs::rename(&part, &path).await
            };
            if let Err(error) = written.await {
                tracing::warn!(%error, "a spoken text could not be kept");
            }
        }
        Ok(self.keep(name, sound.into()))
    }

    async fn render(&self, text: &str, language: Language) -> Result<Vec<u8>, SpeechError> {
        if self.state.service {
            let time = Duration::from_secs(self.config.timeout_secs.clamp(1, 30));
            let asked = tokio::time::timeout(time, self.ask(text, language)).await;
            match asked.unwrap_or_else(|_| Err(SpeechError::Service("took too long".to_owned()))) {
                Ok(sound) => return Ok(sound),
                Err(error) if self.state.embedded => {
                    tracing::warn!(%error, "the embedded voice speaks instead");
                }
                Err(error) => return Err(error),
            }
        }
        if !self.state.embedded {
            return Err(SpeechError::NoVoice);
        }
        tokio::time::timeout(PROGRAM_TIME, self.run(text, language))
            .await
            .map_err(|_| SpeechError::Program("took too long".to_owned()))?
    }

    async fn run(&self, text: &str, language: Language) -> Result<Vec<u8>, SpeechError> {
        let failed = |error: std::io::Error| SpeechError::Program(error.to_string());
        let (voice, input) = match language {
            Language::Zh => ("cmn-latn-pinyin", pinyin::transcribe(text)),
            Language::En => ("en-us", text.to_owned()),
        };
        let mut child = tokio::process::Command::new(&self.config.program)
            .args(["-v", voice, "-s", "155", "-p", "45", "--stdin", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await.map_err(failed)?;
        }
        let output = child.wait_with_output().await.map_err(failed)?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(SpeechError::Program(output.status.to_string()))
        }
    }

    async fn ask(&self, text: &str, language: Language) -> Result<Vec<u8>, SpeechError> {
        let failed = |error: reqwest::Error| SpeechError::Service(error.without_url().to_string());
        let voice = match language {
            Language::Zh => &self.config.voice_zh,
            Language::En => &self.config.voice_en,
        };
        let body = serde_json::json!({
            "model": self.config.model, "voice": voice, "input": text, "response_format": "wav",
        });
        let address = format!("{}/audio/speech", self.config.endpoint.trim_end_matches('/'));
        let mut request = self.client.post(address).json(&body);
        if !self.config.key.is_empty() {
            request = request.bearer_auth(&self.config.key);
        }
        let mut answer = request.send().await.map_err(failed)?.error_for_status().map_err(failed)?;
        let mut sound = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if sound.len() + chunk.len() > ANSWER_MAX {
                return Err(SpeechError::Service("the answer is too long".to_owned()));
            }
            sound.extend_from_slice(&chunk);
        }
        wav::read(&sound)?;
        Ok(sound)
    }

    fn name(&self, text: &str, language: Language) -> String {
        let maker = if self.state.service { &self.config.endpoint } else { "embedded" };
        let (model, zh, en) = (&self.config.model, &self.config.voice_zh, &self.config.voice_en);
        let whole = format!("{EDITION}|{maker}|{model}|{zh}|{en}|{}|{text}", language.name());
        kernel::crypto::sha256_hex(whole.as_bytes())
    }

    fn keep(&self, name: String, sound: Bytes) -> Bytes {
        let mut made = self.made();
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(name, sound.clone());
        sound
    }

    fn made(&self) -> std::sync::MutexGuard<'_, HashMap<String, Bytes>> {
        self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voices(config: SpeechConfig) -> (Voices, PathBuf) {
        let dir = std::env::temp_dir().join(format!("yihao-speech-{}", kernel::id::new_id()));
        (Voices::start(config, dir.clone()), dir)
    }

    #[tokio::test]
    async fn a_text_is_spoken_once_and_kept() {
        let (first, dir) = voices(SpeechConfig::default());
        if !first.state().embedded {
            eprintln!("skipped: espeak-ng is not installed");
            return;
        }
        let sound = first.speak("您前面还有三位在等待。", Language::Zh).await.unwrap();
        assert!((1_000..6_000).contains(&wav::duration_ms(&sound)), "{}", wav::duration_ms(&sound));
        assert_eq!(first.ready("您前面还有三位在等待。", Language::Zh), Some(sound.clone()));
        // Another process finds it on disk, even without a voice of its own.
        let mute = SpeechConfig { program: "no-such-voice".to_owned(), ..SpeechConfig::default() };
        let second = Voices::start(mute, dir.clone());
        assert_eq!(second.speak("您前面还有三位在等待。", Language::Zh).await.unwrap(), sound);
        assert!(matches!(second.speak("新的文本", Language::Zh).await, Err(SpeechError::NoVoice)));
        let _ = std::fs::remove_dir_all(dir);
    }

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_replaced_by_the_embedded_voice() {
        let endpoint = "http://127.0.0.1:9/v1".to_owned();
        let (voices, dir) = voices(SpeechConfig { endpoint, timeout_secs: 1, ..SpeechConfig::default() });
        if !voices.state().embedded {
            eprintln!("skipped: espeak-ng is not installed");
            return;
        }
        assert!(voices.speak("你好", Language::Zh).await.is_ok());
        let _ = std::fs::remove_dir_all(dir);
    }
}
