//! Which telephone stands at which seat: the model behind `REGISTER`.
//!
//! A binding remembers the flow (the WebSocket) that carried it, because a browser's contact
//! address leads nowhere by itself (RFC 5626, RFC 7118).

use std::collections::HashMap;

/// Shortest life of a binding, in seconds; anything below is refused with 423.
pub const MIN_EXPIRES_SECS: u32 = 30;
/// Longest life of a binding, in seconds; longer wishes are cut.
pub const MAX_EXPIRES_SECS: u32 = 3600;

/// One connection that messages can be sent back on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow(pub u64);

/// One telephone that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Contact URI as the telephone gave it.
    pub contact: String,
    /// Connection it came over.
    pub flow: Flow,
    /// When it lapses, epoch milliseconds.
    pub expires_at: u64,
    call_id: String,
    cseq: u32,
}

/// A `REGISTER` that passed authentication.
#[derive(Clone, Debug)]
pub struct Registration<'a> {
    /// Seat number.
    pub seat: &'a str,
    /// Contact URI, or `None` for a query.
    pub contact: Option<&'a str>,
    /// Connection.
    pub flow: Flow,
    /// `Call-ID` of the request.
    pub call_id: &'a str,
    /// `CSeq` number of the request.
    pub cseq: u32,
    /// Wished life in seconds; 0 removes.
    pub expires_secs: u32,
}

/// What a `REGISTER` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The binding stands; `displaced` is the flow of the telephone that it replaced.
    Bound {
        /// Granted life in seconds.
        expires_secs: u32,
        /// The flow that no longer serves the seat.
        displaced: Option<Flow>,
    },
    /// The seat has no telephone any more.
    Removed,
    /// Nothing changed.
    Unchanged,
}

/// Why a `REGISTER` was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Life too short: 423 with `Min-Expires`.
    #[error("the interval is too brief")]
    TooBrief,
    /// An older request arrived late (RFC 3261 §10.3).
    #[error("the request is older than the binding")]
    OutOfOrder,
    /// Contact unusable.
    #[error("the contact can't be used")]
    BadContact,
}

/// All bindings: one telephone a seat, the newest wins.
#[derive(Debug, Default)]
pub struct Registrar {
    bindings: HashMap<String, Binding>,
}

impl Registrar {
    /// Makes an empty registrar.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a request.
    ///
    /// # Errors
    /// [`Refused`], and then nothing changed.
    pub fn apply(&mut self, request: &Registration<'_>, now_ms: u64) -> Result<Outcome, Refused> {
        let Some(contact) = request.contact else {
            return Ok(Outcome::Unchanged);
        };
        if contact.len() > 512 || contact.chars().any(char::is_control) {
            return Err(Refused::BadContact);
        }
        let old = self.bindings.get(request.seat);
        if let Some(old) = old
            && old.call_id == request.call_id
            && old.cseq >= request.cseq
        {
            return Err(Refused::OutOfOrder);
        }
        if request.expires_secs == 0 {
            // A page that leaves must not remove the telephone of the page that replaced it.
            let mine = old.is_some_and(|old| old.flow == request.flow || contact == old.contact);
            return Ok(if mine || (contact == "*" && old.is_some()) {
                self.bindings.remove(request.seat);
                Outcome::Removed
            } else {
                Outcome::Unchanged
            });
        }
        if contact == "*" {
            return Err(Refused::BadContact);
        }
        if request.expires_secs < MIN_EXPIRES_SECS {
            return Err(Refused::TooBrief);
        }
        let expires_secs = request.expires_secs.min(MAX_EXPIRES_SECS);
        let displaced = old.map(|old| old.flow).filter(|flow| *flow != request.flow);
        self.bindings.insert(
            request.seat.to_owned(),
            Binding {
                contact: contact.to_owned(),
                flow: request.flow,
                expires_at: now_ms + u64::from(expires_secs) * 1000,
                call_id: request.call_id.to_owned(),
                cseq: request.cseq,
            },
        );
        Ok(Outcome::Bound { expires_secs, displaced })
    }

    /// Returns the telephone of a seat.
    pub fn find(&self, seat: &str, now_ms: u64) -> Option<&Binding> {
        self.bindings.get(seat).filter(|binding| binding.expires_at > now_ms)
    }

    /// Tells whether a telephone is registered on a connection.
    pub fn has_flow(&self, flow: Flow) -> bool {
        self.bindings.values().any(|binding| binding.flow == flow)
    }

    /// Removes what hung on a lost connection; returns the seats.
    pub fn drop_flow(&mut self, flow: Flow) -> Vec<String> {
        self.remove_where(|binding| binding.flow == flow)
    }

    /// Removes what has lapsed; returns the seats.
    pub fn expire(&mut self, now_ms: u64) -> Vec<String> {
        self.remove_where(|binding| binding.expires_at <= now_ms)
    }

    fn remove_where(&mut self, doomed: impl Fn(&Binding) -> bool) -> Vec<String> {
        let seats: Vec<String> = self
            .bindings
            .iter()
            .filter(|(_, binding)| doomed(binding))
            .map(|(seat, _)| seat.clone())
            .collect();
        for seat in &seats {
            self.bindings.remove(seat);
        }
        seats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(flow: u64, cseq: u32, expires_secs: u32) -> Registration<'static> {
        Registration {
            seat: "1001",
            contact: Some("sip:abc@x.invalid;transport=ws"),
            flow: Flow(flow),
            call_id: if flow == 1 { "one" } else { "two" },
            cseq,
            expires_secs,
        }
    }

    #[test]
    fn a_telephone_binds_refreshes_and_lapses() {
        let mut r = Registrar::new();
        assert_eq!(r.apply(&request(1, 1, 60), 0), Ok(Outcome::Bound { expires_secs: 60, displaced: None }));
        assert!(r.find("1001", 59_999).is_some());
        assert!(r.find("1001", 60_000).is_none());
        r.apply(&request(1, 2, 60), 30_000).unwrap();
        assert!(r.find("1001", 80_000).is_some());
        assert_eq!(r.expire(90_000), vec!["1001".to_owned()]);
    }

    #[test]
    fn the_newest_page_wins_and_the_old_one_cannot_remove_it() {
        let mut r = Registrar::new();
        r.apply(&request(1, 1, 60), 0).unwrap();
        assert_eq!(
            r.apply(&request(2, 1, 60), 0),
            Ok(Outcome::Bound { expires_secs: 60, displaced: Some(Flow(1)) })
        );
        assert!(r.drop_flow(Flow(1)).is_empty());
        let mut leave = request(1, 2, 0);
        leave.contact = Some("sip:old@y.invalid");
        assert_eq!(r.apply(&leave, 0), Ok(Outcome::Unchanged));
        assert_eq!(r.find("1001", 1).unwrap().flow, Flow(2));
        assert_eq!(r.drop_flow(Flow(2)), vec!["1001".to_owned()]);
    }

    #[test]
    fn late_brief_and_wild_requests_are_refused() {
        let mut r = Registrar::new();
        r.apply(&request(1, 5, 60), 0).unwrap();
        assert_eq!(r.apply(&request(1, 5, 60), 0), Err(Refused::OutOfOrder));
        assert_eq!(r.apply(&request(1, 6, 5), 0), Err(Refused::TooBrief));
        let mut wild = request(1, 7, 60);
        wild.contact = Some("*");
        assert_eq!(r.apply(&wild, 0), Err(Refused::BadContact));
        wild.expires_secs = 0;
        assert_eq!(r.apply(&wild, 0), Ok(Outcome::Removed));
        assert_eq!(
            r.apply(&request(1, 8, 999_999), 0),
            Ok(Outcome::Bound { expires_secs: MAX_EXPIRES_SECS, displaced: None })
        );
    }
}
