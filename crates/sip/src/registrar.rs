//! Which telephones stand at which seat: the model behind `REGISTER`.
//!
//! A seat has two places for telephones. The page's holds one: the newest page wins, because a person works in one
//! of them. The desk's holds a few, because a seat may have a telephone on the table and another beside it. A
//! binding remembers the way that it came, because a contact address behind a browser or a NAT leads nowhere by
//! itself (RFC 5626, RFC 7118, RFC 3581).

use std::collections::HashMap;
use std::net::SocketAddr;

/// Shortest life of a binding, in seconds; anything below is refused with 423.
pub const MIN_EXPIRES_SECS: u32 = 30;
/// Longest life of a binding, in seconds; longer wishes are cut.
pub const MAX_EXPIRES_SECS: u32 = 3600;
/// Desk telephones of one seat; the oldest gives way.
pub const DESK_BINDINGS: usize = 4;
/// Longest name of a telephone's make that is kept, in characters.
const USER_AGENT_CHARS: usize = 80;

/// One connection that messages can be sent back on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow(pub u64);

/// Where a seat's telephone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the browser page.
    Page,
    /// On the desk.
    Desk,
}

/// How a telephone is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// Over the connection that it keeps open.
    Flow(Flow),
    /// By datagrams to the address that its own came from.
    Datagram(SocketAddr),
}

/// One telephone that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Contact URI as the telephone gave it.
    pub contact: String,
    /// How it is reached.
    pub path: Path,
    /// Address that it was seen at.
    pub seen_at: SocketAddr,
    /// What it says that it is.
    pub user_agent: String,
    /// When it registered first, epoch milliseconds.
    pub since: u64,
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
    /// Which of the seat's places.
    pub place: Place,
    /// Contact URI, or `None` for a query.
    pub contact: Option<&'a str>,
    /// The way that it came.
    pub path: Path,
    /// Address that it came from.
    pub seen_at: SocketAddr,
    /// The header `User-Agent`, empty when there is none.
    pub user_agent: &'a str,
    /// `Call-ID` of the request.
    pub call_id: &'a str,
    /// `CSeq` number of the request.
    pub cseq: u32,
    /// Wished life in seconds; 0 removes.
    pub expires_secs: u32,
}

/// What a `REGISTER` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The binding stands.
    Bound {
        /// Granted life in seconds.
        expires_secs: u32,
    },
    /// The place has no telephone any more.
    Removed,
    /// Nothing changed for callers.
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

/// All bindings, the newest of a place last.
#[derive(Debug, Default)]
pub struct Registrar {
    places: HashMap<(Place, String), Vec<Binding>>,
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
        let key = (request.place, request.seat.to_owned());
        let bindings = self.places.get(&key).map(Vec::as_slice).unwrap_or_default();
        if bindings.iter().any(|old| old.call_id == request.call_id && old.cseq >= request.cseq) {
            return Err(Refused::OutOfOrder);
        }
        if request.expires_secs == 0 {
            return Ok(self.remove(&key, request, contact));
        }
        if contact == "*" {
            return Err(Refused::BadContact);
        }
        if request.expires_secs < MIN_EXPIRES_SECS {
            return Err(Refused::TooBrief);
        }
        let expires_secs = request.expires_secs.min(MAX_EXPIRES_SECS);
        let bindings = self.places.entry(key).or_default();
        // One telephone may be known by two bindings: by this contact, and by this `Call-ID`.
        let same = bindings.extract_if(.., |old| is_same(old, request, contact));
        let since = same.map(|old| old.since).min().unwrap_or(now_ms);
        let most = match request.place {
            Place::Page => 1,
            Place::Desk => DESK_BINDINGS,
        };
        while bindings.len() >= most {
            bindings.remove(0);
        }
        bindings.push(Binding {
            contact: contact.to_owned(),
            path: request.path,
            seen_at: request.seen_at,
            user_agent: request
                .user_agent
                .chars()
                .filter(|c| !c.is_control())
                .take(USER_AGENT_CHARS)
                .collect(),
            since,
            expires_at: now_ms + u64::from(expires_secs) * 1000,
            call_id: request.call_id.to_owned(),
            cseq: request.cseq,
        });
        Ok(Outcome::Bound { expires_secs })
    }

    fn remove(&mut self, key: &(Place, String), request: &Registration<'_>, contact: &str) -> Outcome {
        let Some(bindings) = self.places.get_mut(key) else { return Outcome::Unchanged };
        // A page that leaves must not remove the telephone of the page that replaced it.
        bindings.retain(|old| contact != "*" && !is_same(old, request, contact));
        if bindings.is_empty() {
            self.places.remove(key);
            Outcome::Removed
        } else {
            Outcome::Unchanged
        }
    }

    /// Returns the newest telephone of a place.
    pub fn find(&self, place: Place, seat: &str, now_ms: u64) -> Option<&Binding> {
        self.all(place, seat, now_ms).last()
    }

    /// Returns all telephones of a place, the newest last.
    pub fn all(&self, place: Place, seat: &str, now_ms: u64) -> impl Iterator<Item = &Binding> {
        self.places
            .get(&(place, seat.to_owned()))
            .into_iter()
            .flatten()
            .filter(move |binding| binding.expires_at > now_ms)
    }

    /// Returns every telephone that stands on a desk.
    pub fn desks(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.places
            .iter()
            .filter(|((place, _), _)| *place == Place::Desk)
            .flat_map(|((_, seat), bindings)| bindings.iter().map(move |binding| (seat.as_str(), binding)))
    }

    /// Tells whether a telephone is registered on a connection.
    pub fn has_flow(&self, flow: Flow) -> bool {
        self.places.values().flatten().any(|binding| binding.path == Path::Flow(flow))
    }

    /// Removes what hung on a lost connection; returns the places that have no telephone any more.
    pub fn drop_flow(&mut self, flow: Flow) -> Vec<(Place, String)> {
        self.remove_where(|_, binding| binding.path == Path::Flow(flow))
    }

    /// Removes a telephone that does not answer, unless it has registered again meanwhile.
    pub fn drop_silent(&mut self, seat: &str, silent: &Binding) -> Vec<(Place, String)> {
        self.remove_where(|(place, of), binding| *place == Place::Desk && of == seat && binding == silent)
    }

    /// Removes all telephones of a place, as when its password is changed.
    pub fn clear(&mut self, place: Place, seat: &str) -> bool {
        self.places.remove(&(place, seat.to_owned())).is_some()
    }

    /// Removes what has lapsed; returns the places that have no telephone any more.
    pub fn expire(&mut self, now_ms: u64) -> Vec<(Place, String)> {
        self.remove_where(|_, binding| binding.expires_at <= now_ms)
    }

    fn remove_where(&mut self, doomed: impl Fn(&(Place, String), &Binding) -> bool) -> Vec<(Place, String)> {
        let mut empty = Vec::new();
        for (key, bindings) in &mut self.places {
            bindings.retain(|binding| !doomed(key, binding));
            if bindings.is_empty() {
                empty.push(key.clone());
            }
        }
        for key in &empty {
            self.places.remove(key);
        }
        empty
    }
}

/// Tells whether a binding is of the telephone that asks. A page has a new contact on every load but its connection
/// is its own; a desk telephone is known by its contact, or by the `Call-ID` that it keeps while it runs.
fn is_same(old: &Binding, request: &Registration<'_>, contact: &str) -> bool {
    let same_flow = matches!(old.path, Path::Flow(_)) && old.path == request.path;
    old.contact == contact || old.call_id == request.call_id || same_flow
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(flow: u64, cseq: u32, expires_secs: u32) -> Registration<'static> {
        Registration {
            seat: "1001",
            place: Place::Page,
            contact: Some(if flow == 1 { "sip:abc@x.invalid;transport=ws" } else { "sip:d@y.invalid" }),
            path: Path::Flow(Flow(flow)),
            seen_at: "192.0.2.1:1".parse().unwrap(),
            user_agent: "",
            call_id: if flow == 1 { "one" } else { "two" },
            cseq,
            expires_secs,
        }
    }

    fn desk(port: u16, contact: &'static str, call_id: &'static str, cseq: u32) -> Registration<'static> {
        let seen_at = SocketAddr::from(([192, 0, 2, 7], port));
        Registration {
            seat: "1001",
            place: Place::Desk,
            contact: Some(contact),
            path: Path::Datagram(seen_at),
            seen_at,
            user_agent: "Desk/1\r\nX: y",
            call_id,
            cseq,
            expires_secs: 60,
        }
    }

    #[test]
    fn a_telephone_binds_refreshes_and_lapses() {
        let mut r = Registrar::new();
        assert_eq!(r.apply(&page(1, 1, 60), 0), Ok(Outcome::Bound { expires_secs: 60 }));
        assert!(r.find(Place::Page, "1001", 59_999).is_some());
        assert!(r.find(Place::Page, "1001", 60_000).is_none());
        r.apply(&page(1, 2, 60), 30_000).unwrap();
        let bound = r.find(Place::Page, "1001", 80_000).unwrap();
        assert_eq!(bound.since, 0, "a refresh is no new telephone");
        assert_eq!(r.expire(90_000), vec![(Place::Page, "1001".to_owned())]);
    }

    #[test]
    fn the_newest_page_wins_and_the_old_one_cannot_remove_it() {
        let mut r = Registrar::new();
        r.apply(&page(1, 1, 60), 0).unwrap();
        r.apply(&page(2, 1, 60), 0).unwrap();
        assert!(r.drop_flow(Flow(1)).is_empty());
        assert_eq!(r.apply(&page(1, 2, 0), 0), Ok(Outcome::Unchanged));
        assert_eq!(r.find(Place::Page, "1001", 1).unwrap().path, Path::Flow(Flow(2)));
        assert_eq!(r.drop_flow(Flow(2)), vec![(Place::Page, "1001".to_owned())]);
    }

    #[test]
    fn a_seat_keeps_page_and_desk_telephones_apart() {
        let mut r = Registrar::new();
        r.apply(&page(1, 1, 60), 0).unwrap();
        r.apply(&desk(5060, "sip:1001@10.0.0.5", "a", 1), 0).unwrap();
        assert_eq!(r.drop_flow(Flow(1)), vec![(Place::Page, "1001".to_owned())]);
        let bound = r.find(Place::Desk, "1001", 1).unwrap();
        assert_eq!(bound.path, Path::Datagram("192.0.2.7:5060".parse().unwrap()));
        assert_eq!(bound.user_agent, "Desk/1X: y", "a header is never taken over with line ends");
        assert!(r.clear(Place::Desk, "1001") && !r.clear(Place::Desk, "1001"));
    }

    #[test]
    fn several_desk_telephones_share_a_seat_and_the_newest_is_rung() {
        let mut r = Registrar::new();
        r.apply(&desk(1, "sip:a@10.0.0.5", "a", 1), 0).unwrap();
        r.apply(&desk(2, "sip:b@10.0.0.6", "b", 1), 1_000).unwrap();
        assert_eq!(r.find(Place::Desk, "1001", 2_000).unwrap().contact, "sip:b@10.0.0.6");
        // The telephone moved to another address behind its NAT: it is still one telephone.
        r.apply(&desk(9, "sip:a@10.0.0.5", "a", 2), 2_000).unwrap();
        assert_eq!(r.all(Place::Desk, "1001", 3_000).count(), 2);
        assert_eq!(r.find(Place::Desk, "1001", 3_000).unwrap().seen_at.port(), 9);
        for (n, contact) in ["sip:c@x", "sip:d@x", "sip:e@x", "sip:f@x"].into_iter().enumerate() {
            r.apply(&desk(20 + n as u16, contact, contact, 1), 4_000).unwrap();
        }
        assert_eq!(r.all(Place::Desk, "1001", 5_000).count(), DESK_BINDINGS);
        let mut all = desk(20, "*", "z", 1);
        all.expires_secs = 0;
        assert_eq!(r.apply(&all, 5_000), Ok(Outcome::Removed));
    }

    #[test]
    fn a_telephone_that_is_known_twice_is_one() {
        let mut r = Registrar::new();
        r.apply(&desk(1, "sip:b@10.0.0.5", "i", 1), 0).unwrap();
        r.apply(&desk(1, "sip:a@10.0.0.5", "j", 1), 1_000).unwrap();
        r.apply(&desk(1, "sip:a@10.0.0.5", "i", 2), 2_000).unwrap();
        let bound: Vec<_> = r.all(Place::Desk, "1001", 3_000).collect();
        assert_eq!((bound.len(), bound[0].since), (1, 0));
    }

    #[test]
    fn a_silent_telephone_is_dropped_but_not_the_one_that_came_back() {
        let mut r = Registrar::new();
        r.apply(&desk(1, "sip:a@10.0.0.5", "a", 1), 0).unwrap();
        let silent = r.find(Place::Desk, "1001", 1).unwrap().clone();
        r.apply(&desk(1, "sip:a@10.0.0.5", "a", 2), 10).unwrap();
        assert!(r.drop_silent("1001", &silent).is_empty());
        let silent = r.find(Place::Desk, "1001", 20).unwrap().clone();
        assert_eq!(r.drop_silent("1001", &silent), vec![(Place::Desk, "1001".to_owned())]);
    }

    #[test]
    fn late_brief_and_wild_requests_are_refused() {
        let mut r = Registrar::new();
        r.apply(&page(1, 5, 60), 0).unwrap();
        assert_eq!(r.apply(&page(1, 5, 60), 0), Err(Refused::OutOfOrder));
        assert_eq!(r.apply(&page(1, 6, 5), 0), Err(Refused::TooBrief));
        let mut wild = page(1, 7, 60);
        wild.contact = Some("*");
        assert_eq!(r.apply(&wild, 0), Err(Refused::BadContact));
        wild.expires_secs = 0;
        assert_eq!(r.apply(&wild, 0), Ok(Outcome::Removed));
        assert_eq!(r.apply(&page(1, 8, 999_999), 0), Ok(Outcome::Bound { expires_secs: MAX_EXPIRES_SECS }));
    }

    proptest! {
        /// Whatever order requests come in, a place never holds more than it may nor two of one telephone.
        #[test]
        fn places_stay_small(steps in proptest::collection::vec((0u8..6, 0u8..3, 0u32..4, 0u64..200), 0..200)) {
            let contacts = ["sip:a@x", "sip:b@x", "sip:c@x", "sip:d@x", "sip:e@x", "sip:f@x"];
            let mut r = Registrar::new();
            let mut now = 0;
            for (n, (which, id, life, pause)) in steps.into_iter().enumerate() {
                now += pause * 1000;
                let mut request = desk(1, contacts[usize::from(which)], ["i", "j", "k"][usize::from(id)], n as u32);
                request.expires_secs = life * 40;
                let _ = r.apply(&request, now);
                r.expire(now);
                let bound: Vec<_> = r.all(Place::Desk, "1001", now).map(|b| b.contact.clone()).collect();
                prop_assert!(bound.len() <= DESK_BINDINGS);
                prop_assert_eq!(bound.iter().collect::<std::collections::HashSet<_>>().len(), bound.len());
            }
        }
    }
}
