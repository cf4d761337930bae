//! Session timers (RFC 4028) on the stack's dialogs: headers, and what is done when something is due.

use ::sip::session_timer::{self, Due, Refresher, Said, Timer, Watch};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{HasHeaders, Header, Headers, Method, Response, StatusCodeKind};

use super::dialogs::{self, sdp_header};
use super::stack::StackPort;
use super::{LegEvent, SipLeg};

/// Tries of a re-INVITE that crosses one of the other side's.
const GLARE_TRIES: usize = 3;

/// Returns the value of a header.
pub(super) fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name().eq_ignore_ascii_case(name)).map(|header| header.value().trim())
}

/// Tells whether a list header names a token.
pub(super) fn names(headers: &Headers, header: &str, token: &str) -> bool {
    headers.iter().any(|found| {
        found.name().eq_ignore_ascii_case(header)
            && found.value().split(',').any(|word| word.trim().eq_ignore_ascii_case(token))
    })
}

/// Reads what a message says about the timer.
pub(super) fn said(message: &impl HasHeaders) -> Said<'_> {
    let headers = message.headers();
    Said {
        session_expires: value(headers, "Session-Expires"),
        min_se: value(headers, "Min-SE"),
        supports_timer: names(headers, "Supported", "timer") || names(headers, "Require", "timer"),
    }
}

fn other(name: &str, value: String) -> Header {
    Header::Other(name.to_owned(), value)
}

/// What our own requests say.
pub(super) fn wish_headers(secs: u32) -> Vec<Header> {
    vec![
        Header::Supported("timer".into()),
        other("Session-Expires", secs.to_string()),
        other("Min-SE", session_timer::MIN_SE_SECS.to_string()),
    ]
}

/// What our answers say.
pub(super) fn answer_headers(timer: Timer) -> Vec<Header> {
    let who = match timer.refresher {
        Refresher::Us => "uas",
        Refresher::Peer => "uac",
    };
    let mut headers = vec![
        Header::Supported("timer".into()),
        other("Session-Expires", format!("{};refresher={who}", timer.interval_secs)),
    ];
    if timer.refresher == Refresher::Peer {
        headers.push(Header::Require("timer".into()));
    }
    headers
}

/// The watch over one leg's session.
pub(super) struct Session {
    port: StackPort,
    leg: SipLeg,
    watch: Option<Watch>,
}

impl Session {
    pub(super) fn new(port: StackPort, leg: SipLeg) -> Self {
        Self { port, leg, watch: None }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.port.0.clock.elapsed_ms()).unwrap_or(0)
    }

    /// Starts with what was agreed on.
    pub(super) fn start(&mut self, timer: Option<Timer>) {
        let now_ms = self.now_ms();
        match (&mut self.watch, timer) {
            (Some(watch), timer) => watch.confirmed(timer, now_ms),
            (None, Some(timer)) => self.watch = Some(Watch::new(timer, now_ms)),
            (None, None) => {}
        }
    }

    /// Waits until something is due; for ever when the session is not timed.
    pub(super) async fn wait(&self) {
        let Some(watch) = &self.watch else { return std::future::pending().await };
        let pause_ms = watch.next_at().saturating_sub(self.now_ms()).clamp(1, 60_000);
        tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
    }

    /// Does what is due; false when the session is over.
    pub(super) async fn act(&mut self) -> bool {
        let now_ms = self.now_ms();
        let Some(watch) = &mut self.watch else { return true };
        match watch.due(now_ms) {
            None => true,
            Some(Due::End) => {
                tracing::info!(leg = %self.leg, "nobody confirmed the session in time");
                false
            }
            Some(Due::Refresh) => {
                let timer = watch.timer();
                match refresh(&self.port, self.leg, timer).await {
                    Refreshed::Yes(timer) => {
                        let now_ms = self.now_ms();
                        if let Some(watch) = &mut self.watch {
                            watch.confirmed(Some(timer), now_ms);
                        }
                        true
                    }
                    // Whoever refuses is there; the session ends when its time is over.
                    Refreshed::Refused => true,
                    Refreshed::Gone => false,
                }
            }
        }
    }

    /// Ends a session that nobody confirmed.
    pub(super) async fn end(&self) {
        let desk = match self.port.legs().get(&self.leg) {
            Some(handle) => handle.desk.is_some(),
            None => return,
        };
        if desk {
            return dialogs::lose(&self.port, self.leg).await;
        }
        if let Some(events) = dialogs::events_of(&self.port, self.leg) {
            let _ = events.send(LegEvent::Ended).await;
        }
        dialogs::hang_up(&self.port, self.leg);
    }
}

enum Refreshed {
    Yes(Timer),
    Refused,
    Gone,
}

/// Confirms a session: by UPDATE where the other side takes it, because that describes nothing, else by re-INVITE.
async fn refresh(port: &StackPort, leg: SipLeg, timer: Timer) -> Refreshed {
    let (dialog, described, by_update) = {
        let mut legs = port.legs();
        let Some(handle) = legs.get_mut(&leg) else { return Refreshed::Gone };
        // Whoever offers something else at this moment confirms by it.
        if handle.negotiating {
            return Refreshed::Refused;
        }
        handle.negotiating = true;
        (handle.dialog.clone(), handle.described.clone(), handle.takes_update)
    };
    let headers = vec![
        Header::Supported("timer".into()),
        other("Session-Expires", format!("{};refresher=uac", timer.interval_secs)),
        other("Min-SE", session_timer::MIN_SE_SECS.to_string()),
    ];
    let answer = ask(&dialog, headers, described, by_update).await;
    if let Some(handle) = port.legs().get_mut(&leg) {
        handle.negotiating = false;
    }
    match answer {
        Some(response) if response.status_code.kind() == StatusCodeKind::Successful => {
            Refreshed::Yes(session_timer::answered(said(&response), timer.interval_secs))
        }
        Some(response) if matches!(response.status_code.code(), 408 | 481) => Refreshed::Gone,
        Some(_) => Refreshed::Refused,
        None => Refreshed::Gone,
    }
}

async fn ask(
    dialog: &InviteDialog,
    headers: Vec<Header>,
    described: Option<String>,
    by_update: bool,
) -> Option<Response> {
    if by_update {
        let response = dialog.request(Method::Update, Some(headers.clone()), None).await.ok()??;
        if !matches!(response.status_code.code(), 405 | 501) {
            return Some(response);
        }
    }
    let mut headers = headers;
    headers.push(sdp_header());
    let body = described.map(String::into_bytes);
    dialog.reinvite_with_glare_retry(Some(headers), body, GLARE_TRIES).await.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_whatever_their_case() {
        let response = Response {
            headers: vec![
                other("session-expires", "600;refresher=uas".to_owned()),
                Header::Supported("100rel, Timer".into()),
            ]
            .into(),
            ..Response::default()
        };
        let read = said(&response);
        assert!(read.supports_timer);
        assert_eq!(
            session_timer::answered(read, 1800),
            Timer { interval_secs: 600, refresher: Refresher::Peer }
        );
        assert!(names(&response.headers, "supported", "100REL"));
        assert_eq!(value(&response.headers, "Session-Expires"), Some("600;refresher=uas"));
    }
}
