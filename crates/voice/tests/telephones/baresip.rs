//! baresip, a telephone of other people's making, on a seat's desk.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ::media::detect::amplitude;
use ::media::tone::Tone;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::take_seat;
use crate::calls::{answered, caller};
use crate::media_plane::phone::Say;
use crate::support::agent::Agent;
use crate::support::desk_phone::DeskPhone;
use crate::support::ground::Ground;
use crate::support::stage::Stage;

const MODULES: [&str; 2] = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];

/// A running baresip; it ends with the test.
struct Baresip {
    child: Child,
    folder: PathBuf,
    /// Where it takes commands.
    control: u16,
}

impl Baresip {
    /// Presses a key of it, so to say; returns what it says to that.
    async fn press(&self, command: &str, params: &str) -> String {
        let mut wire = TcpStream::connect(("127.0.0.1", self.control)).await.unwrap();
        let text = serde_json::json!({ "command": command, "params": params }).to_string();
        wire.write_all(format!("{}:{text},", text.len()).as_bytes()).await.unwrap();
        let mut buffer = vec![0; 4096];
        let said = tokio::time::timeout(Duration::from_secs(3), async {
            loop {
                let len = wire.read(&mut buffer).await.unwrap();
                let said = String::from_utf8_lossy(&buffer[..len]).into_owned();
                if len == 0 || said.contains("\"response\"") {
                    return said;
                }
            }
        });
        said.await.unwrap_or_default()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Writes a tone as WAV.
fn voice(path: &Path, hz: u16, secs: u64) {
    let samples: Vec<u8> =
        (0..secs * 8_000).flat_map(|at| Tone::Steady(hz).sample(at).to_le_bytes()).collect();
    let length = u32::try_from(samples.len()).unwrap();
    let mut wav = b"RIFF".to_vec();
    wav.extend((length + 36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    std::fs::write(path, wav).unwrap();
}

/// Starts baresip as a seat's telephone that answers by itself and says a tone; `secured` are more parameters of
/// its address and account.
fn start(server: &str, seat: &str, password: &str, secured: (&str, &str)) -> Option<Baresip> {
    let modules = MODULES.into_iter().find(|path| Path::new(path).is_dir())?;
    let folder = std::env::temp_dir().join(format!("yihao-baresip-{}", kernel::id::new_id()));
    std::fs::create_dir_all(&folder).unwrap();
    voice(&folder.join("voice.wav"), 1100, 60);
    let control = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = folder.join("voice.wav").display().to_string();
    let heard = folder.join("heard.wav").display().to_string();
    let config = format!(
        "sip_listen 127.0.0.1:0\nmodule_path {modules}\nmodule g711.so\nmodule srtp.so\n\
         module aufile.so\nmodule_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\nsip_verify_server no\naudio_source aufile,{said}\naudio_player aufile,{heard}\naudio_alert none\n\
         audio_srate 8000-8000\naudio_channels 1-1\nnet_interface 127.0.0.1\ncall_max_calls 2\n"
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let account = format!(
        "<sip:{seat}@{server}{}>;auth_user={seat};auth_pass={password};regint=60;audio_codecs=PCMA/8000/1;answermode=auto{}\n",
        secured.0, secured.1,
    );
    std::fs::write(folder.join("accounts"), account).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
    let child = Command::new("baresip")
        .arg("-f")
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    Some(Baresip { child, folder, control })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn baresip_answers_a_queued_call_and_both_voices_are_in_the_recording() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let password = DeskPhone::account(&stage, "1001").await;
    let Some(_telephone) = start(&stage.sip.to_string(), "1001", &password, ("", "")) else {
        eprintln!("skipped: baresip is not installed");
        return;
    };
    let list =
        stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == true).await;
    assert!(list["items"][0]["bindings"][0]["user_agent"].as_str().unwrap().contains("baresip"));
    take_seat(&stage, "1001").await;
    let (mut trunk, citizen) = caller(&stage, "13800001234").await;
    stage.state_until("1001", "on_call").await;
    let talking = tokio::task::spawn_blocking(move || {
        let mut citizen = citizen;
        citizen.talk(3_000, &Say::Tone(700))
    });
    let heard = talking.await.unwrap();
    assert!(amplitude(&heard[heard.len() - 8_000..], 1100.0) > 0.1, "the citizen hears baresip");
    assert_eq!(trunk.within("BYE", "", "").await, 200);
    let calls =
        stage.until("leader", "/voice/calls", |calls| calls["items"][0]["result"] == "answered").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let recording = calls["items"][0]["recording_id"].as_str().unwrap();
    let (code, wav) = stage.audio("leader", recording, None).await;
    assert_eq!(code, 200);
    let side = |at: usize| -> Vec<i16> {
        wav[44..].chunks_exact(4).map(|b| i16::from_le_bytes([b[at], b[at + 1]])).collect()
    };
    let loudest =
        |side: &[i16], hz: f64| side.chunks(4000).map(|part| amplitude(part, hz)).fold(0.0, f64::max);
    assert!(loudest(&side(0), 700.0) > 0.2, "the citizen is on the left");
    assert!(loudest(&side(2), 1100.0) > 0.1, "the desk is on the right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn baresip_over_tls_talks_encrypted_and_is_heard() {
    let (folder, _) = crate::trunks::certificate();
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.sip_tls_bind = Some(([127, 0, 0, 1], 0).into());
        config.tls_certificate = Some(folder.join("cert.pem"));
        config.tls_key = Some(folder.join("key.pem"));
        config.srtp_telephones = true;
    })
    .await;
    let password = DeskPhone::account(&stage, "1001").await;
    let server = stage.voice.stack().stream_addresses()[1].unwrap().to_string();
    let secured = (";transport=tls", ";mediaenc=srtp-mand");
    let Some(_telephone) = start(&server, "1001", &password, secured) else {
        eprintln!("skipped: baresip is not installed");
        return;
    };
    stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == true).await;
    take_seat(&stage, "1001").await;
    let (mut trunk, citizen) = caller(&stage, "13800001234").await;
    stage.state_until("1001", "on_call").await;
    let talking = tokio::task::spawn_blocking(move || {
        let mut citizen = citizen;
        citizen.talk(3_000, &Say::Tone(700))
    });
    let heard = talking.await.unwrap();
    assert!(amplitude(&heard[heard.len() - 8_000..], 1100.0) > 0.1, "the citizen hears baresip");
    assert_eq!(trunk.within("BYE", "", "").await, 200);
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn baresip_asks_a_colleague_on_its_second_line_and_goes_back_to_the_citizen() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let password = DeskPhone::account(&stage, "1001").await;
    let Some(telephone) = start(&stage.sip.to_string(), "1001", &password, ("", "")) else {
        eprintln!("skipped: baresip is not installed");
        return;
    };
    stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == true).await;
    take_seat(&stage, "1001").await;
    let (mut trunk, _citizen) = caller(&stage, "13800001234").await;
    stage.state_until("1001", "on_call").await;
    let mut colleague = Agent::ready(&stage, "1002").await;
    let said = telephone.press("hold", "").await;
    stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == true).await;
    let said = format!("{said} {}", telephone.press("dial", "1002").await);
    let (_invite, mut browser) = answered(&mut colleague).await;
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "consulting").await;
    let heard = tokio::task::spawn_blocking(move || browser.talk(1_500, &Say::Tone(1_700)));
    let heard = heard.await.unwrap();
    assert!(amplitude(&heard[heard.len() - 8_000..], 1100.0) > 0.1, "the colleague hears baresip: {said}");
    telephone.press("hangup", "").await;
    colleague.released().await;
    let back =
        |mine: &serde_json::Value| mine["call"]["state"] == "held" || mine["call"]["state"] == "talking";
    stage.until("1001", "/voice/seat", back).await;
    assert_eq!(trunk.within("BYE", "", "").await, 200);
    stage.state_until("1001", "wrap_up").await;
}
