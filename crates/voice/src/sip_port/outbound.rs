//! Calls outward: which trunk carries them, and where it is.

use std::net::{IpAddr, SocketAddr};

use ::sip::registrar::{Flow, Path};
use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::Uri;

use super::flows::{Carrier, Flows};
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

/// How a call goes out.
pub(super) struct Routed {
    pub(super) options: InviteOption,
    pub(super) flow: Option<Flow>,
    pub(super) trunk: String,
}

/// Chooses among the trunks that have room, those that answer first, the one with the fewest calls; 404 for what is
/// no number, 503 without a trunk.
pub(super) fn route(port: &StackPort, number: &str) -> Result<Routed, u16> {
    if !is_number(number) {
        return Err(404);
    }
    let (trunk, peer, flow) = port
        .0
        .config
        .trunks
        .iter()
        .filter_map(|trunk| {
            let peer = peer(trunk)?;
            // A trunk over a connection is there only while the connection is.
            match trunk.transport.carrier() {
                Carrier::Udp => Some((trunk, peer, None)),
                carrier => Some((trunk, peer, Some(port.0.flows.to(carrier, peer)?))),
            }
        })
        .filter(|(trunk, ..)| trunk.channels.is_none_or(|channels| port.carried(&trunk.name) < channels))
        .min_by_key(|(trunk, ..)| (port.is_silent(&trunk.name), port.carried(&trunk.name)))
        .ok_or(503u16)?;
    let carrier = trunk.transport.carrier();
    let suffix =
        if carrier == Carrier::Udp { String::new() } else { format!(";transport={}", carrier.name()) };
    let callee = format!("sip:{}@{peer}{suffix}", number.replace('#', "%23"));
    let path = flow.map_or(Path::Datagram(peer), Path::Flow);
    let options = InviteOption {
        callee: Uri::try_from(callee).map_err(|_| 404u16)?,
        destination: Some(Flows::destination(path)),
        contact: port.contact(carrier),
        credential: credential(trunk),
        ..InviteOption::default()
    };
    Ok(Routed { options, flow, trunk: trunk.name.clone() })
}

/// What proves a trunk that we are its customer.
pub(super) fn credential(trunk: &TrunkConfig) -> Option<Credential> {
    let username = trunk.username.clone()?;
    let password = trunk.password.clone().unwrap_or_default();
    Some(Credential { username, password, realm: None, auth_username: None })
}

/// Where a trunk takes calls of ours.
pub(super) fn peer(trunk: &TrunkConfig) -> Option<SocketAddr> {
    let usual = if trunk.transport.carrier() == Carrier::Tls { 5061 } else { 5060 };
    let read = |text: &str| {
        text.parse::<SocketAddr>().ok().or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, usual)))
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
            outbound: outbound.map(str::to_owned),
            ..TrunkConfig::default()
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
