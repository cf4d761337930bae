//! The media plane with phones and browsers of its own, over loopback.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]
#![expect(clippy::disallowed_methods, reason = "real sockets run in real time")]

pub mod browser;
mod noise;
pub mod phone;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::media::codec::Codec;
use ::media::detect::{amplitude, loudness};
use browser::Browser;
use phone::{Phone, Say};
use tokio::sync::mpsc;
use voice::media::{
    CallMedia, Clip, LegId, LegSpec, MediaConfig, MediaEvent, MediaPlane, RecordingFile, Tone, WebRtcRole,
    prompts, repair_recordings,
};

const CITIZEN: LegId = LegId(1);
const AGENT: LegId = LegId(2);
const LEADER: LegId = LegId(3);
/// What the phones' tones measure as when they arrive unharmed.
const CLEAR: std::ops::Range<f64> = 0.27..0.34;

/// A plane with one call on ports of its own.
struct Stage {
    call: CallMedia,
    plane: MediaPlane,
    events: mpsc::Receiver<MediaEvent>,
    seen: Vec<MediaEvent>,
    dir: PathBuf,
}

impl Stage {
    /// `first_port` lies below those that the system gives to other sockets by itself.
    fn new(name: &str, first_port: u16) -> Self {
        let dir = std::env::temp_dir().join(format!("yihao-media-{}-{name}", std::process::id()));
        let plane = MediaPlane::start(MediaConfig {
            threads: 1,
            bind_ip: Ipv4Addr::LOCALHOST.into(),
            external_ip: None,
            rtp_ports: first_port..=first_port + 19,
            recording_dir: dir.clone(),
        })
        .unwrap();
        let (sender, events) = mpsc::channel(200);
        let call = plane.create_call(name, sender).unwrap();
        Self { call, plane, events, seen: Vec::new(), dir }
    }

    /// Adds a leg with a phone behind it.
    fn phone(&self, leg: LegId, codec: Codec, dtmf: Option<u8>) -> Phone {
        let mut phone = Phone::new(codec, dtmf);
        let spec = LegSpec {
            leg,
            codec,
            dtmf_payload_type: dtmf,
            remote: Some(phone.address()),
            tones: true,
            wide: false,
            keys: None,
        };
        phone.to = self.call.add_rtp_leg(spec).unwrap();
        phone
    }

    /// Waits for an event, remembering the others.
    fn wait(&mut self, wanted: impl Fn(&MediaEvent) -> bool) -> MediaEvent {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(at) = self.seen.iter().position(&wanted) {
                return self.seen.remove(at);
            }
            match self.events.try_recv() {
                Ok(event) => self.seen.push(event),
                Err(_) if Instant::now() > deadline => panic!("only saw {:?}", self.seen),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn digits(&mut self, leg: LegId) -> String {
        std::iter::from_fn(|| self.events.try_recv().ok()).for_each(|event| self.seen.push(event));
        let digit = |event: &MediaEvent| match event {
            MediaEvent::Dtmf { leg: from, digit } if *from == leg => Some(*digit),
            _ => None,
        };
        self.seen.iter().filter_map(digit).collect()
    }

    fn stop_recording(&mut self) -> (PathBuf, u64, u64) {
        self.call.stop_recording().unwrap();
        match self.wait(|event| matches!(event, MediaEvent::RecordingStopped { .. })) {
            MediaEvent::RecordingStopped { path, duration_ms, dropped_ms, .. } => {
                (path, duration_ms, dropped_ms)
            }
            _ => unreachable!("only such an event was waited for"),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Both channels of a recording, as a player of the presented WAV file hears them.
fn channels(dir: &Path, path: &Path) -> (Vec<i16>, Vec<i16>) {
    let mut file = RecordingFile::open(dir, path).unwrap();
    let wav = file.read(0..file.wav_len()).unwrap();
    assert_eq!(&wav[..4], b"RIFF");
    let samples: Vec<i16> =
        wav[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let channel = |first| samples.iter().copied().skip(first).step_by(2).collect();
    (channel(0), channel(1))
}

/// The middle of a sound, away from its uncertain ends; a multiple of 20 ms.
fn middle(samples: &[i16]) -> &[i16] {
    let frames = samples.len() / 160;
    &samples[frames / 3 * 160..frames * 5 / 6 * 160]
}

/// Lets phones talk at the same time and returns what each heard.
fn talk<const N: usize>(ms: u64, phones: [(&mut Phone, Say); N]) -> [Vec<i16>; N] {
    std::thread::scope(|scope| {
        phones
            .map(|(phone, say)| scope.spawn(move || phone.talk(ms, &say)))
            .map(|thread| thread.join().unwrap())
    })
}

#[test]
fn two_legs_hear_each_other_and_the_recording_keeps_them_apart() {
    let mut stage = Stage::new("bridge", 22_200);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    let mut agent = stage.phone(AGENT, Codec::Pcmu, Some(101));
    stage.call.bridge(CITIZEN, AGENT).unwrap();
    stage.call.start_recording("rec-1", "2026-03-01", CITIZEN).unwrap();
    let [at_citizen, at_agent] = talk(1500, [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Tone(1000))]);
    assert!(CLEAR.contains(&amplitude(middle(&at_citizen), 1000.0)));
    assert!(amplitude(middle(&at_citizen), 450.0) < 0.01, "the citizen must not hear itself");
    assert!(CLEAR.contains(&amplitude(middle(&at_agent), 450.0)));
    stage.wait(|event| *event == MediaEvent::LegMediaStarted { leg: CITIZEN });
    stage.wait(|event| *event == MediaEvent::LegMediaStarted { leg: AGENT });

    for phone in [&citizen, &agent] {
        let packets = &phone.received;
        assert!(packets.windows(2).all(|pair| pair[1].0 == pair[0].0.wrapping_add(1)));
        assert!(packets.windows(2).all(|pair| pair[1].1 == pair[0].1.wrapping_add(160)));
        assert!(packets.windows(2).all(|pair| pair[1].2 == pair[0].2), "one source for ever");
    }

    let (path, duration_ms, dropped_ms) = stage.stop_recording();
    assert_eq!(path, Path::new("2026/03/01/rec-1.alaw2"));
    assert!((1400..2200).contains(&duration_ms), "{duration_ms}");
    assert_eq!(dropped_ms, 0);
    let (left, right) = channels(&stage.dir, &path);
    assert!(CLEAR.contains(&amplitude(middle(&left), 450.0)));
    assert!(amplitude(middle(&left), 1000.0) < 0.01);
    assert!(CLEAR.contains(&amplitude(middle(&right), 1000.0)));
    assert!(amplitude(middle(&right), 450.0) < 0.01);
}

#[test]
fn digits_arrive_as_events_and_as_tones_and_are_sent() {
    let mut stage = Stage::new("digits", 22_220);
    let mut modern = stage.phone(CITIZEN, Codec::Pcma, Some(96));
    let mut plain = stage.phone(AGENT, Codec::Pcma, None);
    talk(1600, [(&mut modern, Say::Events("12#")), (&mut plain, Say::Keys("40*"))]);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(stage.digits(CITIZEN), "12#");
    assert_eq!(stage.digits(AGENT), "40*");
    stage.call.send_dtmf(CITIZEN, "98").unwrap();
    stage.call.send_dtmf(AGENT, "7").unwrap();
    talk(900, [(&mut modern, Say::Tone(450)), (&mut plain, Say::Tone(450))]);
    assert_eq!(modern.digits, "98");
    assert_eq!(plain.digits, "7");
}

#[test]
fn hold_gives_music_to_the_other_side_and_lets_nothing_through() {
    let stage = Stage::new("hold", 22_240);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    let mut agent = stage.phone(AGENT, Codec::Pcma, None);
    stage.call.bridge(CITIZEN, AGENT).unwrap();
    talk(300, [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Tone(1000))]);
    stage.call.hold(AGENT, true).unwrap();
    let [at_citizen, at_agent] = talk(1500, [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Tone(1000))]);
    assert!(loudness(middle(&at_citizen)) > 0.03, "music");
    assert!(amplitude(middle(&at_citizen), 1000.0) < 0.05);
    assert!(loudness(middle(&at_agent)) < 0.001);
    stage.call.hold(AGENT, false).unwrap();
    let [at_citizen, at_agent] = talk(900, [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Tone(1000))]);
    assert!(CLEAR.contains(&amplitude(middle(&at_citizen), 1000.0)));
    assert!(CLEAR.contains(&amplitude(middle(&at_agent), 450.0)));
}

#[test]
fn prompts_end_with_an_event_loop_and_can_be_stopped() {
    let mut stage = Stage::new("prompts", 22_260);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    let beep = || Clip::Tone { tone: Tone::Steady(800), duration_ms: Some(400) };
    let first = stage.call.play(CITIZEN, vec![beep()], false).unwrap();
    let [heard] = talk(700, [(&mut citizen, Say::Nothing)]);
    stage.wait(|event| *event == MediaEvent::PlayFinished { leg: CITIZEN, play: first });
    let frames = heard.chunks(160).filter(|frame| amplitude(frame, 800.0) > 0.2).count();
    assert!((18..=21).contains(&frames), "{frames}");

    let looped = stage.call.play(CITIZEN, vec![beep()], true).unwrap();
    let [heard] = talk(1200, [(&mut citizen, Say::Nothing)]);
    assert!(CLEAR.contains(&amplitude(middle(&heard), 800.0)));
    stage.call.stop_play(CITIZEN).unwrap();
    talk(100, [(&mut citizen, Say::Nothing)]);
    let [heard] = talk(400, [(&mut citizen, Say::Nothing)]);
    assert!(loudness(&heard) < 0.001);
    let finished =
        |event: &MediaEvent| matches!(event, MediaEvent::PlayFinished { play, .. } if *play == looped);
    assert!(!stage.seen.iter().any(finished));

    // The whole greeting passes to an A-law phone byte for byte.
    stage.call.play(CITIZEN, vec![prompts::GOODBYE.into()], false).unwrap();
    citizen.codes.clear();
    talk(3000, [(&mut citizen, Say::Nothing)]);
    let found = citizen.codes.windows(prompts::GOODBYE.len()).any(|w| w == prompts::GOODBYE);
    assert!(found, "the prompt was altered on its way");
}

#[test]
fn a_leader_listens_whispers_and_joins() {
    let mut stage = Stage::new("leader", 22_280);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    let mut agent = stage.phone(AGENT, Codec::Pcma, None);
    let mut leader = stage.phone(LEADER, Codec::Pcma, None);
    stage.call.bridge(CITIZEN, AGENT).unwrap();
    stage.call.set_gain(CITIZEN, LEADER, 1.0).unwrap();
    stage.call.set_gain(AGENT, LEADER, 1.0).unwrap();
    stage.call.set_gain(LEADER, AGENT, 1.0).unwrap();
    stage.call.start_recording("rec-2", "2026/03/01", CITIZEN).unwrap();
    let mut all = |ms| {
        talk(
            ms,
            [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Tone(1000)), (&mut leader, Say::Tone(1800))],
        )
    };
    let [at_citizen, at_agent, at_leader] = all(900);
    assert!(amplitude(middle(&at_citizen), 1800.0) < 0.01, "whispering is not for the citizen");
    assert!(CLEAR.contains(&amplitude(middle(&at_agent), 450.0)));
    assert!(CLEAR.contains(&amplitude(middle(&at_agent), 1800.0)));
    assert!(CLEAR.contains(&amplitude(middle(&at_leader), 450.0)));
    assert!(CLEAR.contains(&amplitude(middle(&at_leader), 1000.0)));

    stage.call.set_gain(LEADER, CITIZEN, 1.0).unwrap();
    stage.call.mute(AGENT, true).unwrap();
    let [at_citizen, _, at_leader] = all(900);
    assert!(CLEAR.contains(&amplitude(middle(&at_citizen), 1800.0)));
    assert!(amplitude(middle(&at_citizen), 1000.0) < 0.01);
    assert!(amplitude(middle(&at_leader), 1000.0) < 0.01);
    let (path, ..) = stage.stop_recording();
    let (_, right) = channels(&stage.dir, &path);
    let half = right.len() / 2;
    assert!(amplitude(middle(&right[..half]), 1800.0) < 0.02, "whispering is not recorded");
}

#[test]
fn loss_and_disorder_are_smoothed_and_counted() {
    let mut stage = Stage::new("loss", 22_300);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    let mut agent = stage.phone(AGENT, Codec::Pcma, None);
    stage.call.bridge(CITIZEN, AGENT).unwrap();
    // Every tenth packet is lost and every pair of packets arrives the wrong way round.
    let [_, at_agent] = talk(2000, [(&mut citizen, Say::Badly(450)), (&mut agent, Say::Tone(1000))]);
    assert!(amplitude(middle(&at_agent), 450.0) > 0.24);
    stage.call.remove_leg(CITIZEN).unwrap();
    let removed = stage.wait(|event| matches!(event, MediaEvent::LegRemoved { .. }));
    let MediaEvent::LegRemoved { stats, .. } = removed else { unreachable!() };
    assert!((8..=11).contains(&stats.packets_lost), "{stats:?}");
    assert!((85..=92).contains(&stats.packets_received), "{stats:?}");
    assert!((8..=16).contains(&stats.frames_concealed), "{stats:?}");
}

#[test]
fn a_recording_cut_off_at_any_byte_is_made_whole() {
    let stage = Stage::new("crash", 22_320);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    stage.call.start_recording("rec-3", "2026-12-31", CITIZEN).unwrap();
    talk(1500, [(&mut citizen, Say::Tone(450))]);
    let path = Path::new("2026/12/31/rec-3.alaw2");
    let written = std::fs::read(stage.dir.join(path)).unwrap();
    assert!(written.len() > 16_000, "a second is on disk while the call goes on");
    for cut in [0, 30, 58, 59, 9_001, 16_000, written.len()] {
        let dir = stage.dir.join(format!("after-{cut}"));
        std::fs::create_dir_all(dir.join("2026/12/31")).unwrap();
        std::fs::create_dir_all(dir.join("open")).unwrap();
        std::fs::copy(stage.dir.join("open/rec-3"), dir.join("open/rec-3")).unwrap();
        std::fs::write(dir.join(path), &written[..cut]).unwrap();
        let repaired = repair_recordings(&dir).unwrap();
        assert_eq!(repaired.len(), 1);
        assert_eq!(repaired[0].recording_id, "rec-3");
        assert_eq!(repaired[0].path, path);
        assert_eq!(repaired[0].duration_ms, cut.saturating_sub(58) as u64 / 16);
        let (left, right) = channels(&dir, path);
        assert_eq!(left.len(), right.len());
        assert_eq!(left.len(), cut.saturating_sub(58) / 2);
        if cut > 12_000 {
            assert!(CLEAR.contains(&amplitude(middle(&left), 450.0)));
        }
        assert_eq!(repair_recordings(&dir).unwrap(), [], "repaired once");
    }
    let outside = stage.call.start_recording("../../etc/x", "2026-12-31", CITIZEN);
    assert!(outside.is_err(), "a name must not lead outside");
}

#[test]
fn a_call_that_ends_leaves_nothing_behind() {
    let mut stage = Stage::new("end", 22_340);
    for round in 0..3 {
        let phones: Vec<_> = (1..=10).map(|n| stage.phone(LegId(n), Codec::Pcma, None)).collect();
        assert!(
            stage
                .call
                .add_rtp_leg(LegSpec {
                    leg: LegId(99),
                    codec: Codec::Pcma,
                    dtmf_payload_type: None,
                    remote: None,
                    tones: true,
                    wide: false,
                    keys: None,
                })
                .is_err(),
            "the range has ten pairs"
        );
        let recording = format!("rec-end-{round}");
        stage.call.start_recording(&recording, "2026-01-01", CITIZEN).unwrap();
        drop(phones);
        let (sender, events) = mpsc::channel(200);
        let next = stage.plane.create_call("end", sender).unwrap();
        let ended = std::mem::replace(&mut stage.call, next);
        let mut events = std::mem::replace(&mut stage.events, events);
        drop(ended);
        let deadline = Instant::now() + Duration::from_secs(5);
        while stage.plane.calls() > 1 {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(5));
        }
        let seen: Vec<_> = std::iter::from_fn(|| events.blocking_recv()).collect();
        assert_eq!(seen.iter().filter(|event| matches!(event, MediaEvent::LegRemoved { .. })).count(), 10);
        assert!(matches!(seen.last(), Some(MediaEvent::RecordingStopped { .. })));
    }
    assert_eq!(std::fs::read_dir(stage.dir.join("open")).unwrap().count(), 0);
}

#[test]
fn a_browser_that_answers_talks_with_a_phone() {
    let mut stage = Stage::new("answer", 22_360);
    let offer = stage.call.add_webrtc_leg(AGENT, WebRtcRole::Offer).unwrap();
    assert!(offer.contains("a=ice-lite"));
    assert!(offer.contains("PCMA/8000") && offer.contains("telephone-event/8000"));
    assert!(!offer.to_ascii_lowercase().contains("opus"));
    let mut browser = Browser::new();
    let answer = browser.answer(&offer);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(stage.call.accept_webrtc_answer(AGENT, answer)).unwrap();
    let heard = browser_and_phone(&mut stage, &mut browser);
    assert!(CLEAR.contains(&heard));
}

#[test]
fn a_browser_that_calls_talks_with_a_phone_sends_digits_and_survives_a_reload() {
    let mut stage = Stage::new("offer", 22_380);
    let mut browser = Browser::new();
    let remote_sdp = browser.offer();
    let answer = stage.call.add_webrtc_leg(AGENT, WebRtcRole::Answer { remote_sdp }).unwrap();
    browser.accept(&answer);
    stage.call.start_recording("rec-web", "2026-03-01", CITIZEN).unwrap();
    browser_and_phone(&mut stage, &mut browser);
    stage.call.send_dtmf(AGENT, "6").unwrap();
    browser.talk(600, &Say::Events("5#"));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(stage.digits(AGENT), "5#");
    assert_eq!(browser.digits, "6");

    let mut reloaded = Browser::new();
    let remote_sdp = reloaded.offer();
    let answer = stage.call.replace_webrtc_leg(AGENT, WebRtcRole::Answer { remote_sdp }).unwrap();
    reloaded.accept(&answer);
    let heard = browser_and_phone(&mut stage, &mut reloaded);
    assert!(CLEAR.contains(&heard), "{heard}");
    let (path, duration_ms, _) = stage.stop_recording();
    assert!(duration_ms > 3000);
    let (left, right) = channels(&stage.dir, &path);
    let end = left.len() - 8000;
    assert!(amplitude(&left[end..end + 3200], 450.0) > 0.2);
    assert!(amplitude(&right[end..end + 3200], 1000.0) > 0.2, "recorded after the reload");
}

#[test]
fn a_browser_that_restarts_its_connection_goes_on_talking() {
    let mut stage = Stage::new("restart", 22_440);
    let mut browser = Browser::new();
    let remote_sdp = browser.offer();
    let answer = stage.call.add_webrtc_leg(AGENT, WebRtcRole::Answer { remote_sdp }).unwrap();
    browser.accept(&answer);
    browser_and_phone(&mut stage, &mut browser);
    let offer = browser.offer_again();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(stage.call.renegotiate_webrtc_leg(AGENT, offer)).unwrap();
    browser.accept(&answer);
    let mut citizen = stage.phone(LEADER, Codec::Pcma, None);
    stage.call.bridge(LEADER, AGENT).unwrap();
    let (at_citizen, at_browser) = std::thread::scope(|scope| {
        let phone = scope.spawn(|| citizen.talk(1500, &Say::Tone(620)));
        let at_browser = browser.talk(1500, &Say::Tone(1000));
        (phone.join().unwrap(), at_browser)
    });
    assert!(CLEAR.contains(&amplitude(middle(&at_citizen), 1000.0)));
    assert!(CLEAR.contains(&amplitude(middle(&at_browser), 620.0)));
}

#[test]
fn a_browser_that_closes_is_reported() {
    let mut stage = Stage::new("close", 22_400);
    let mut browser = Browser::new();
    let remote_sdp = browser.offer();
    let answer = stage.call.add_webrtc_leg(AGENT, WebRtcRole::Answer { remote_sdp }).unwrap();
    browser.accept(&answer);
    browser.connect();
    stage.wait(|event| *event == MediaEvent::WebRtcConnected { leg: AGENT });
    browser.close();
    stage.wait(|event| matches!(event, MediaEvent::WebRtcFailed { leg: AGENT, .. }));
}

#[test]
fn an_offer_of_chromium_is_answered_with_g711_and_digits_only() {
    let stage = Stage::new("chromium", 22_420);
    let remote_sdp = include_str!("chromium_offer.sdp").replace('\n', "\r\n");
    let answer = stage.call.add_webrtc_leg(CITIZEN, WebRtcRole::Answer { remote_sdp }).unwrap();
    for line in [
        "a=ice-lite",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:126 telephone-event/8000",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=mid:0",
        "127.0.0.1 22420 typ host",
    ] {
        assert!(answer.contains(line), "{line} is missing in\n{answer}");
    }
    assert!(!answer.contains("opus") && !answer.contains("G722"), "{answer}");
    let broken = WebRtcRole::Answer { remote_sdp: "v=0\r\nnonsense".to_owned() };
    assert!(stage.call.add_webrtc_leg(AGENT, broken).is_err());
}

/// Connects a browser (the agent) with a phone (the citizen) and checks both ways; returns how
/// clearly the browser heard.
fn browser_and_phone(stage: &mut Stage, browser: &mut Browser) -> f64 {
    browser.connect();
    stage.wait(|event| *event == MediaEvent::WebRtcConnected { leg: AGENT });
    stage.call.remove_leg(CITIZEN).unwrap();
    let mut citizen = stage.phone(CITIZEN, Codec::Pcmu, None);
    stage.call.bridge(CITIZEN, AGENT).unwrap();
    let (at_citizen, at_browser) = std::thread::scope(|scope| {
        let phone = scope.spawn(|| citizen.talk(1500, &Say::Tone(450)));
        let at_browser = browser.talk(1500, &Say::Tone(1000));
        (phone.join().unwrap(), at_browser)
    });
    assert!(CLEAR.contains(&amplitude(middle(&at_citizen), 1000.0)));
    amplitude(middle(&at_browser), 450.0)
}
