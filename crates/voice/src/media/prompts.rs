//! The prompts that ship with the binary, as A-law at 8 kHz.
//!
//! `crates/voice/prompts/generate.py` makes the files and holds their texts.

use super::Clip;

/// 您好，一二三四五热线，通话将被录音。
pub const GREETING: &[u8] = include_bytes!("../../prompts/greeting.alaw");
/// 您前面还有 (a number and [`ARE_WAITING`] follow)
pub const AHEAD_OF_YOU: &[u8] = include_bytes!("../../prompts/ahead_of_you.alaw");
/// 位在等待，请稍候。
pub const ARE_WAITING: &[u8] = include_bytes!("../../prompts/are_waiting.alaw");
/// 当前话务员全忙，请稍候。
pub const ALL_BUSY: &[u8] = include_bytes!("../../prompts/all_busy.alaw");
/// 感谢您的来电，再见。
pub const GOODBYE: &[u8] = include_bytes!("../../prompts/goodbye.alaw");
/// 工号 (digits and [`SERVES_YOU`] follow)
pub const JOB_NUMBER: &[u8] = include_bytes!("../../prompts/job_number.alaw");
/// 为您服务。
pub const SERVES_YOU: &[u8] = include_bytes!("../../prompts/serves_you.alaw");
/// 请您稍等，正在为您查询。
pub const PLEASE_WAIT: &[u8] = include_bytes!("../../prompts/please_wait.alaw");
/// 感谢您的耐心等待。
pub const THANKS_FOR_WAITING: &[u8] = include_bytes!("../../prompts/thanks_for_waiting.alaw");
/// A quiet loop of 16 seconds.
pub const HOLD_MUSIC: &[u8] = include_bytes!("../../prompts/hold_music.alaw");
/// 零 to 十.
pub const DIGITS: [&[u8]; 11] = [
    include_bytes!("../../prompts/digit_0.alaw"),
    include_bytes!("../../prompts/digit_1.alaw"),
    include_bytes!("../../prompts/digit_2.alaw"),
    include_bytes!("../../prompts/digit_3.alaw"),
    include_bytes!("../../prompts/digit_4.alaw"),
    include_bytes!("../../prompts/digit_5.alaw"),
    include_bytes!("../../prompts/digit_6.alaw"),
    include_bytes!("../../prompts/digit_7.alaw"),
    include_bytes!("../../prompts/digit_8.alaw"),
    include_bytes!("../../prompts/digit_9.alaw"),
    include_bytes!("../../prompts/digit_10.alaw"),
];
/// 两, "two" before a measure word.
pub const TWO_OF: &[u8] = include_bytes!("../../prompts/two_of.alaw");

/// Says how many callers wait ahead: 您前面还有…位在等待，请稍候。 From a hundred on it says 九十九.
#[must_use]
pub fn position(ahead: u32) -> Vec<Clip> {
    let mut clips = vec![Clip::from(AHEAD_OF_YOU)];
    clips.extend(count(ahead));
    clips.push(Clip::from(ARE_WAITING));
    clips
}

/// Says a number up to 99 as it stands before a measure word: 两, 十, 二十三.
#[must_use]
pub fn count(number: u32) -> Vec<Clip> {
    let number = number.min(99) as usize;
    let (tens, ones) = (number / 10, number % 10);
    let parts: &[&'static [u8]] = match (tens, ones) {
        (0, 2) => &[TWO_OF],
        (0, ones) => &[DIGITS[ones]],
        (1, 0) => &[DIGITS[10]],
        (1, ones) => &[DIGITS[10], DIGITS[ones]],
        (tens, 0) => &[DIGITS[tens], DIGITS[10]],
        (tens, ones) => &[DIGITS[tens], DIGITS[10], DIGITS[ones]],
    };
    parts.iter().map(|&part| Clip::from(part)).collect()
}

/// Reads digits one by one, as in a job number; other characters are left out.
#[must_use]
pub fn digits(text: &str) -> Vec<Clip> {
    text.chars().filter_map(|c| c.to_digit(10)).map(|d| Clip::from(DIGITS[d as usize])).collect()
}

#[cfg(test)]
mod tests {
    use ::media::codec::Codec;
    use ::media::detect::loudness;

    use super::*;

    #[test]
    fn every_prompt_is_audible_and_unclipped() {
        let all = [
            GREETING,
            AHEAD_OF_YOU,
            ARE_WAITING,
            ALL_BUSY,
            GOODBYE,
            JOB_NUMBER,
            SERVES_YOU,
            PLEASE_WAIT,
            THANKS_FOR_WAITING,
            HOLD_MUSIC,
            TWO_OF,
        ];
        for codes in all.into_iter().chain(DIGITS) {
            let samples: Vec<i16> = codes.iter().map(|&code| Codec::Pcma.decode(code)).collect();
            let level = loudness(&samples);
            assert!((0.03..0.3).contains(&level), "{level}");
            assert!(samples.iter().all(|sample| sample.unsigned_abs() < 31_000));
            assert!(codes.len() > 1500);
        }
    }

    /// Sound of a capture of RTP in the data beside the repository, if it is there.
    fn captured() -> Option<Vec<u8>> {
        let root = std::env::var("YIHAO_DATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned());
        let bytes = std::fs::read(format!("{root}/media/sipp_pcap/g711a.pcap")).ok();
        if bytes.is_none() {
            eprintln!("skipped: the captured speech is not there");
        }
        // Behind the file's head each packet has a head of 16 bytes, then Ethernet, IP, UDP and RTP of 54 bytes.
        let (mut rest, mut sound) = (bytes?.split_off(24), Vec::new());
        while rest.len() > 16 {
            let len = u32::from_le_bytes([rest[8], rest[9], rest[10], rest[11]]) as usize;
            let packet: Vec<u8> = rest.drain(..(16 + len).min(rest.len())).skip(16).collect();
            sound.extend_from_slice(packet.get(54..)?);
        }
        Some(sound)
    }

    #[test]
    fn no_speech_sounds_like_a_key() {
        let shipped = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts")).unwrap();
        let shipped = shipped.flatten().map(|entry| entry.path());
        let mut speeches: Vec<Vec<u8>> = shipped
            .filter(|path| path.extension().is_some_and(|ending| ending == "alaw"))
            .map(|path| std::fs::read(path).unwrap())
            .collect();
        assert!(speeches.len() > 50, "both voices");
        speeches.extend(captured());
        let mut detector = ::media::detect::KeypadDetector::default();
        for speech in speeches {
            for quieter in [1, 3] {
                let samples: Vec<i16> =
                    speech.iter().map(|&code| Codec::Pcma.decode(code) / quieter).collect();
                assert_eq!(samples.chunks(160).find_map(|chunk| detector.push(chunk)), None);
            }
        }
    }

    #[test]
    fn numbers_are_said_as_people_say_them() {
        let said = |number| count(number);
        let clips =
            |parts: &[&'static [u8]]| -> Vec<Clip> { parts.iter().map(|&part| Clip::from(part)).collect() };
        assert_eq!(said(0), clips(&[DIGITS[0]]));
        assert_eq!(said(2), clips(&[TWO_OF]));
        assert_eq!(said(12), clips(&[DIGITS[10], DIGITS[2]]));
        assert_eq!(said(30), clips(&[DIGITS[3], DIGITS[10]]));
        assert_eq!(said(57), clips(&[DIGITS[5], DIGITS[10], DIGITS[7]]));
        assert_eq!(said(1000), said(99));
        assert_eq!(position(3).len(), 3);
        assert_eq!(digits("A10-2").len(), 3);
    }
}
