//! Finding free UDP ports and the addresses that peers are told.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use super::MediaError;

/// Address used only to ask the routing table which local address leads outward (RFC 5737);
/// nothing is sent to it.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// An RTP socket and the RTCP socket one port above it.
#[derive(Debug)]
pub(super) struct PortPair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
}

/// Hands out sockets from the configured range, in turn, so that a port rests before it is used
/// again and late packets of an old call do not reach a new one.
#[derive(Debug)]
pub(super) struct Ports {
    bind_ip: IpAddr,
    told: Vec<IpAddr>,
    range: RangeInclusive<u16>,
    next: AtomicU32,
}

impl Ports {
    pub fn new(bind_ip: IpAddr, external_ip: Option<IpAddr>, range: RangeInclusive<u16>) -> Self {
        let told = match external_ip {
            Some(ip) => vec![ip],
            None if bind_ip.is_unspecified() => outward_ips(),
            None => vec![bind_ip],
        };
        Self { bind_ip, told, range, next: AtomicU32::new(0) }
    }

    /// An even port for RTP with the odd one above it, and the address for SDP.
    pub fn bind_pair(&self) -> Result<(PortPair, SocketAddr), MediaError> {
        self.find(|port| {
            if *self.range.end() == port {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            let pair = PortPair { rtp: self.bind(port)?, rtcp: self.bind(port + 1)? };
            Ok((pair, SocketAddr::new(self.told[0], port)))
        })
    }

    /// One port for a browser leg, and the addresses for its candidates, the best first.
    pub fn bind_single(&self) -> Result<(UdpSocket, Vec<SocketAddr>), MediaError> {
        self.find(|port| {
            let socket = self.bind(port)?;
            Ok((socket, self.told.iter().map(|&ip| SocketAddr::new(ip, port)).collect()))
        })
    }

    fn find<T>(&self, open: impl Fn(u16) -> io::Result<T>) -> Result<T, MediaError> {
        let first = self.range.start().next_multiple_of(2);
        let evens = u32::from(self.range.end().saturating_sub(first)) / 2 + 1;
        for _ in 0..evens {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % evens;
            match open(first + turn as u16 * 2) {
                Ok(found) => return Ok(found),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(MediaError::NoPort(self.range.clone()))
    }

    fn bind(&self, port: u16) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind((self.bind_ip, port))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

/// The address of the route outward, then loopback for a browser on the same machine.
fn outward_ips() -> Vec<IpAddr> {
    let outward = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect(ELSEWHERE)?;
        socket.local_addr()
    });
    let mut ips: Vec<IpAddr> = outward.iter().map(SocketAddr::ip).collect();
    ips.push(Ipv4Addr::LOCALHOST.into());
    ips.dedup();
    ips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_even_distinct_and_run_out() {
        let ports = Ports::new(Ipv4Addr::LOCALHOST.into(), None, 42_101..=42_107);
        let pairs: Vec<_> = (0..3).map(|_| ports.bind_pair().unwrap()).collect();
        for (pair, told) in &pairs {
            assert_eq!(told.port() % 2, 0);
            assert_eq!(pair.rtp.local_addr().unwrap(), *told);
            assert_eq!(pair.rtcp.local_addr().unwrap().port(), told.port() + 1);
        }
        assert!(matches!(ports.bind_pair(), Err(MediaError::NoPort(_))));
        drop(pairs);
        assert!(ports.bind_pair().is_ok());
    }

    #[test]
    fn an_external_address_is_told_instead_of_the_local_one() {
        let outside: IpAddr = Ipv4Addr::new(203, 0, 113, 5).into();
        let ports = Ports::new(Ipv4Addr::LOCALHOST.into(), Some(outside), 42_110..=42_119);
        assert_eq!(ports.bind_pair().unwrap().1.ip(), outside);
        assert_eq!(ports.bind_single().unwrap().1[0].ip(), outside);
    }
}
