//! A caller whose telephone sends nothing while nobody speaks.

use ::media::codec::Codec;

use super::phone::Say;
use super::{AGENT, CITIZEN, Stage, talk};

/// Decibels below overload.
fn level(samples: &[i16]) -> f64 {
    let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    -20.0 * (power.sqrt().max(1.0) / 32_768.0).log10()
}

#[test]
fn who_falls_silent_by_comfort_noise_sounds_like_a_living_line() {
    let stage = Stage::new("noise", 22_900);
    let mut citizen = stage.phone(CITIZEN, Codec::Pcma, None);
    let mut agent = stage.phone(AGENT, Codec::Pcma, Some(101));
    stage.call.bridge(CITIZEN, AGENT).unwrap();
    talk(600, [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Nothing)]);
    citizen.fall_silent(45);
    let heard = agent.talk(1_500, &Say::Nothing);
    let noise = level(&heard[heard.len() - 6_000..]);
    assert!((noise - 45.0).abs() < 2.0, "{noise:.1} dB instead of 45");
    // And the voice is back at once.
    let [_, heard] = talk(600, [(&mut citizen, Say::Tone(450)), (&mut agent, Say::Nothing)]);
    assert!(level(&heard[heard.len() - 2_000..]) < 15.0);
}
