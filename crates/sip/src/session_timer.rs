//! Session timers (RFC 4028): both sides agree on how often the session is confirmed and by whom, so that a call whose
//! other side is gone ends by itself.

/// Shortest interval that is taken, in seconds (§4).
pub const MIN_SE_SECS: u32 = 90;
/// Interval that is wished for, in seconds (§4 recommends it).
pub const WISHED_SECS: u32 = 1800;
/// Longest interval that is taken over from a peer, in seconds.
const MAX_SECS: u32 = 24 * 3600;

/// Who confirms the session, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// This side.
    Us,
    /// The other side.
    Peer,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Life of the session without a confirmation, in seconds.
    pub interval_secs: u32,
    /// Who confirms it.
    pub refresher: Refresher,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 422 with `Min-SE`.
    #[error("the session interval is too small")]
    TooSmall,
    /// 400.
    #[error("the session interval can't be read")]
    Malformed,
}

/// What the headers of a message say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// `Session-Expires`.
    pub session_expires: Option<&'a str>,
    /// `Min-SE`.
    pub min_se: Option<&'a str>,
    /// Whether `Supported` or `Require` names `timer`.
    pub supports_timer: bool,
}

fn seconds(value: &str) -> Option<u32> {
    let number = value.split(';').next()?.trim();
    if number.is_empty() || number.len() > 9 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse().ok()
}

fn named_refresher(value: &str) -> Option<&str> {
    value
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("refresher"))
        .map(|(_, who)| who.trim())
}

/// Decides as the side that is asked (§9). `None` means that the session is not timed: the other side did not wish it.
///
/// # Errors
/// [`Refused`].
pub fn answer(request: Said<'_>) -> Result<Option<Timer>, Refused> {
    let Some(wish) = request.session_expires else { return Ok(None) };
    let interval_secs = seconds(wish).ok_or(Refused::Malformed)?;
    if interval_secs < MIN_SE_SECS {
        // A proxy may have put the header in for somebody who knows nothing of timers; §9 spares them the 422.
        if request.supports_timer {
            return Err(Refused::TooSmall);
        }
    }
    let interval_secs = interval_secs.clamp(MIN_SE_SECS, MAX_SECS);
    let refresher = match named_refresher(wish) {
        Some(who) if who.eq_ignore_ascii_case("uac") && request.supports_timer => Refresher::Peer,
        Some(who) if who.eq_ignore_ascii_case("uas") => Refresher::Us,
        _ if request.supports_timer => Refresher::Peer,
        _ => Refresher::Us,
    };
    Ok(Some(Timer { interval_secs, refresher }))
}

/// Reads what the other side answered to a request of ours that wished for a timer (§7.2). Without a word from it we
/// go on confirming: it is told that we do, and a session that is dead is found.
#[must_use]
pub fn answered(response: Said<'_>, wished_secs: u32) -> Timer {
    let Some(said) = response.session_expires else {
        return Timer { interval_secs: wished_secs, refresher: Refresher::Us };
    };
    let interval_secs = seconds(said).unwrap_or(wished_secs).clamp(MIN_SE_SECS, MAX_SECS);
    let refresher = match named_refresher(said) {
        Some(who) if who.eq_ignore_ascii_case("uas") => Refresher::Peer,
        _ => Refresher::Us,
    };
    Timer { interval_secs, refresher }
}

/// Returns the interval of the next try after a 422 (§7.3); none when trying again would say the same.
#[must_use]
pub fn after_too_small(response: Said<'_>, wished_secs: u32) -> Option<u32> {
    let least = seconds(response.min_se?)?;
    (least > wished_secs && least <= MAX_SECS).then_some(least)
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The session is to be confirmed now.
    Refresh,
    /// Nobody confirmed it: it is over.
    End,
}

/// A session that is timed. Time is whatever runs evenly, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    timer: Timer,
    confirmed_at: u64,
    asked: bool,
}

impl Watch {
    /// Starts with the session, or with the answer that confirmed it last.
    #[must_use]
    pub fn new(timer: Timer, now_ms: u64) -> Self {
        Self { timer, confirmed_at: now_ms, asked: false }
    }

    /// Takes note that the session was confirmed, by whichever side.
    pub fn confirmed(&mut self, timer: Option<Timer>, now_ms: u64) {
        if let Some(timer) = timer {
            self.timer = timer;
        }
        self.confirmed_at = now_ms;
        self.asked = false;
    }

    /// Returns what was agreed on.
    #[must_use]
    pub fn timer(&self) -> Timer {
        self.timer
    }

    /// Returns when something is due.
    #[must_use]
    pub fn next_at(&self) -> u64 {
        let interval_ms = u64::from(self.timer.interval_secs) * 1000;
        // The side that confirms does so at half time; the end comes a little before the interval is over (§10).
        if self.timer.refresher == Refresher::Us && !self.asked {
            return self.confirmed_at + interval_ms / 2;
        }
        self.confirmed_at + interval_ms - (interval_ms / 3).min(32_000)
    }

    /// Returns what is due now; after [`Due::Refresh`] the answer goes to [`Watch::confirmed`].
    pub fn due(&mut self, now_ms: u64) -> Option<Due> {
        if now_ms < self.next_at() {
            return None;
        }
        if self.timer.refresher == Refresher::Us && !self.asked {
            self.asked = true;
            return Some(Due::Refresh);
        }
        Some(Due::End)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(session_expires: &'static str, supports_timer: bool) -> Said<'static> {
        Said { session_expires: Some(session_expires), min_se: None, supports_timer }
    }

    fn timer(interval_secs: u32, refresher: Refresher) -> Timer {
        Timer { interval_secs, refresher }
    }

    #[test]
    fn the_asked_side_takes_the_wish_and_names_the_refresher() {
        assert_eq!(answer(Said::default()), Ok(None));
        assert_eq!(answer(said("1800", true)), Ok(Some(timer(1800, Refresher::Peer))));
        assert_eq!(answer(said("1800;refresher=uas", true)), Ok(Some(timer(1800, Refresher::Us))));
        assert_eq!(answer(said("120 ; Refresher = UAC", true)), Ok(Some(timer(120, Refresher::Peer))));
        // Somebody who does not know timers cannot be made to confirm.
        assert_eq!(answer(said("1800;refresher=uac", false)), Ok(Some(timer(1800, Refresher::Us))));
        assert_eq!(answer(said("60", true)), Err(Refused::TooSmall));
        assert_eq!(answer(said("60", false)), Ok(Some(timer(MIN_SE_SECS, Refresher::Us))));
        for bad in ["", "x", "-5", "99999999999", ";refresher=uac"] {
            assert_eq!(answer(said(bad, true)), Err(Refused::Malformed), "{bad}");
        }
    }

    #[test]
    fn the_asking_side_reads_the_answer() {
        assert_eq!(answered(said("600;refresher=uas", true), 1800), timer(600, Refresher::Peer));
        assert_eq!(answered(said("600;refresher=uac", true), 1800), timer(600, Refresher::Us));
        assert_eq!(answered(Said::default(), 1800), timer(1800, Refresher::Us));
        let refused = |min_se| Said { min_se: Some(min_se), ..Said::default() };
        assert_eq!(after_too_small(refused("3600"), 1800), Some(3600));
        assert_eq!(after_too_small(refused("90"), 1800), None, "the same would be refused again");
        assert_eq!(after_too_small(Said::default(), 1800), None);
    }

    #[test]
    fn we_confirm_at_half_time_and_give_up_when_nobody_answers() {
        let mut watch = Watch::new(timer(180, Refresher::Us), 0);
        assert_eq!(watch.due(89_999), None);
        assert_eq!(watch.due(90_000), Some(Due::Refresh));
        assert_eq!(watch.due(90_001), None, "one question at a time");
        watch.confirmed(None, 91_000);
        assert_eq!(watch.due(180_999), None);
        assert_eq!(watch.due(181_000), Some(Due::Refresh));
        assert_eq!(watch.due(91_000 + 180_000 - 32_000), Some(Due::End));
    }

    #[test]
    fn a_peer_that_confirms_keeps_the_session_and_one_that_does_not_ends_it() {
        let mut watch = Watch::new(timer(90, Refresher::Peer), 0);
        assert_eq!(watch.due(50_000), None);
        watch.confirmed(Some(timer(120, Refresher::Peer)), 50_000);
        assert_eq!(watch.due(50_000 + 87_999), None);
        assert_eq!(watch.due(50_000 + 88_000), Some(Due::End));
    }

    proptest! {
        #[test]
        fn headers_of_strangers_do_not_panic(value in "[ -~]{0,40}", supports in any::<bool>()) {
            let said = Said { session_expires: Some(&value), min_se: Some(&value), supports_timer: supports };
            if let Ok(Some(timer)) = answer(said) {
                prop_assert!((MIN_SE_SECS..=MAX_SECS).contains(&timer.interval_secs));
                let watch = Watch::new(timer, 0);
                prop_assert!(watch.next_at() >= 45_000);
            }
            let _ = after_too_small(said, 1800);
            let _ = answered(said, 1800);
        }
    }
}
