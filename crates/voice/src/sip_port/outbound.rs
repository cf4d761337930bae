//! Calls outward: which trunk carries them, and where it is.

use std::net::{IpAddr, SocketAddr};

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::{Transport, Uri};
use rsipstack::transport::SipAddr;

use super::stack::StackPort;
use crate::config::TrunkConfig;

/// Longest number that is dialled.
const DIGITS_MAX: usize = 24;

/// Tells whether a text can be dialled.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=DIGITS_MAX).contains(&digits.len())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'))
}

/// Chooses the trunk with the fewest calls that has room; 404 for what is no number, 503 without a trunk.
pub(super) fn route(port: &StackPort, number: &str) -> Result<(InviteOption, String), u16> {
    if !is_number(number) {
        return Err(404);
    }
    let carried = |trunk: &TrunkConfig| {
        port.legs().values().filter(|leg| leg.trunk.as_deref() == Some(&trunk.name)).count()
    };
    let (trunk, peer) = port
        .0
        .config
        .trunks
        .iter()
        .filter_map(|trunk| Some((trunk, peer(trunk)?)))
        .filter(|(trunk, _)| trunk.channels.is_none_or(|channels| carried(trunk) < channels))
        .min_by_key(|(trunk, _)| carried(trunk))
        .ok_or(503u16)?;
    let options = InviteOption {
        callee: Uri::try_from(format!("sip:{}@{peer}", number.replace('#', "%23"))).map_err(|_| 404u16)?,
        destination: Some(SipAddr::new(Transport::Udp, peer.into())),
        contact: port.contact(false),
        credential: trunk.username.as_ref().map(|username| Credential {
            username: username.clone(),
            password: trunk.password.clone().unwrap_or_default(),
            realm: None,
            auth_username: None,
        }),
        ..InviteOption::default()
    };
    Ok((options, trunk.name.clone()))
}

/// Where a trunk takes calls of ours.
fn peer(trunk: &TrunkConfig) -> Option<SocketAddr> {
    let read = |text: &str| {
        text.parse::<SocketAddr>().ok().or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, 5060)))
    };
    match &trunk.outbound {
        Some(address) => read(address),
        None => trunk.peers.iter().find_map(|peer| read(peer.strip_suffix("/32").unwrap_or(peer))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk(outbound: Option<&str>, peers: &[&str]) -> TrunkConfig {
        TrunkConfig {
            name: "t".to_owned(),
            peers: peers.iter().map(|peer| (*peer).to_owned()).collect(),
            numbers: Vec::new(),
            outbound: outbound.map(str::to_owned),
            channels: None,
            username: None,
            password: None,
            registrar: None,
        }
    }

    #[test]
    fn only_what_telephones_can_dial_is_a_number() {
        assert!(is_number("13800001111") && is_number("+8657112345") && is_number("*57#"));
        for text in ["", "+", "12 34", "sip:x@y", "1;phone-context=x", &"1".repeat(25)] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn a_trunk_is_reached_where_it_says_or_at_its_first_address() {
        let at = |text: &str| text.parse::<SocketAddr>().ok();
        assert_eq!(peer(&trunk(Some("10.0.0.1:5080"), &["10.0.0.9"])), at("10.0.0.1:5080"));
        assert_eq!(peer(&trunk(None, &["10.1.0.0/16", "10.0.0.9"])), at("10.0.0.9:5060"));
        assert_eq!(peer(&trunk(None, &["10.1.0.0/16"])), None);
    }
}
