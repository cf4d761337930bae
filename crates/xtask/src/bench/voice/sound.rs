//! Sound of many telephones on one thread: sends a frame every 20 ms for each and measures what comes back.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Outcome;

/// Telephones that share a socket, so that its buffer holds what comes in one burst.
const LEGS_A_SOCKET: usize = 32;
/// Length of a packet's sound.
const FRAME_MS: u64 = 20;
const FRAME: usize = 160;
/// Steps of the measured lateness.
const STEP_MICROS: u64 = 100;
/// Lateness beyond which it is no longer told apart.
const STEPS: usize = 20_000;
/// A jump of the sender's clock by so much is a new beginning and no lateness.
const JUMP_MICROS: i64 = 5_000_000;

/// A list of counts by lateness.
pub struct Histogram(Vec<u64>);

impl Histogram {
    fn new() -> Self {
        Self(vec![0; STEPS])
    }

    fn note(&mut self, micros: u64) {
        let step = usize::try_from(micros / STEP_MICROS).unwrap_or(STEPS).min(STEPS - 1);
        self.0[step] += 1;
    }

    /// The lateness in milliseconds that a share of the packets did not exceed.
    pub fn millis(&self, share: f64) -> f64 {
        let all: u64 = self.0.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of packets of one run")]
        let wanted = all as f64 * share;
        let mut seen = 0;
        let step = self.0.iter().position(|count| {
            seen += count;
            #[expect(clippy::cast_precision_loss, reason = "counts of packets of one run")]
            let seen = seen as f64;
            seen >= wanted
        });
        let micros = step.map_or(0, |step| (step as u64 + 1) * STEP_MICROS);
        #[expect(clippy::cast_precision_loss, reason = "at most two seconds")]
        let millis = micros as f64 / 1e3;
        if all == 0 { 0.0 } else { super::super::rounded(millis) }
    }
}

/// What was heard while it counted.
pub struct Heard {
    /// Packets by telephone.
    pub packets: Vec<u64>,
    /// How late packets came, compared with the earliest of their telephone.
    pub late: Histogram,
    /// Time between two looks at the sockets: what the measurement itself may be wrong by.
    pub looks: Histogram,
}

enum Order {
    Start(usize, SocketAddr),
    Stop(usize),
}

/// The telephones' ears and mouths.
pub struct Sound {
    orders: Sender<Order>,
    ports: Vec<u16>,
    thread: JoinHandle<Heard>,
}

impl Sound {
    /// Opens sockets for so many telephones; what comes within the window counts.
    pub fn open(legs: usize, window: Range<Instant>) -> Outcome<Self> {
        let mut sockets = Vec::new();
        let mut ports = Vec::new();
        for _ in 0..legs.div_ceil(LEGS_A_SOCKET).max(1) {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
                .map_err(|error| format!("no socket for sound: {error}"))?;
            ports.push(socket.local_addr().map_err(|error| error.to_string())?.port());
            sockets.push(socket);
        }
        let (orders, received) = channel();
        let mut mixer = Mixer::new(sockets, legs, window);
        let thread = std::thread::spawn(move || {
            mixer.run(&received);
            Heard { packets: mixer.packets, late: mixer.late, looks: mixer.looks }
        });
        Ok(Self { orders, ports, thread })
    }

    /// Where a telephone hears.
    pub fn port(&self, leg: usize) -> u16 {
        self.ports[leg % self.ports.len()]
    }

    /// Lets a telephone talk to a port of the loopback address.
    pub fn start(&self, leg: usize, port: u16) {
        let _ = self.orders.send(Order::Start(leg, SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
    }

    /// Silences a telephone.
    pub fn stop(&self, leg: usize) {
        let _ = self.orders.send(Order::Stop(leg));
    }

    /// Closes the sockets and returns what was heard.
    pub fn close(self) -> Outcome<Heard> {
        drop(self.orders);
        self.thread.join().map_err(|_| "the sound of the load panicked".to_owned())
    }
}

#[derive(Clone)]
struct Leg {
    peer: SocketAddr,
    sequence: u16,
    timestamp: u32,
    /// Timestamp and arrival, in microseconds, that lateness is counted from.
    origin: Option<(u32, i64)>,
}

struct Mixer {
    sockets: Vec<UdpSocket>,
    legs: Vec<Option<Leg>>,
    /// Which telephone talks with which port of the server.
    by_port: Vec<Option<usize>>,
    window: Range<Instant>,
    packets: Vec<u64>,
    late: Histogram,
    looks: Histogram,
}

impl Mixer {
    fn new(sockets: Vec<UdpSocket>, legs: usize, window: Range<Instant>) -> Self {
        Self {
            sockets,
            legs: vec![None; legs],
            by_port: vec![None; 65_536],
            window,
            packets: vec![0; legs],
            late: Histogram::new(),
            looks: Histogram::new(),
        }
    }

    fn run(&mut self, orders: &Receiver<Order>) {
        let started = Instant::now();
        let (mut looked, mut sent_until) = (started, 0_u64);
        loop {
            loop {
                match orders.try_recv() {
                    Ok(Order::Start(leg, peer)) => self.start(leg, peer),
                    Ok(Order::Stop(leg)) => self.stop(leg),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let now = Instant::now();
            let counts = self.window.contains(&now);
            if counts {
                self.looks.note(u64::try_from((now - looked).as_micros()).unwrap_or(u64::MAX));
            }
            looked = now;
            self.listen(started, counts);
            let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            // Telephones talk in turns, as they would; after a pause nothing is made up for twice.
            for turn in (sent_until + 1).max(millis.saturating_sub(2 * FRAME_MS))..=millis {
                self.talk(turn % FRAME_MS);
            }
            sent_until = millis;
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    fn start(&mut self, leg: usize, peer: SocketAddr) {
        let number = u32::try_from(leg).unwrap_or(0);
        self.legs[leg] = Some(Leg { peer, sequence: 1, timestamp: number * 1000, origin: None });
        self.by_port[usize::from(peer.port())] = Some(leg);
    }

    fn stop(&mut self, leg: usize) {
        if let Some(leg) = self.legs[leg].take() {
            self.by_port[usize::from(leg.peer.port())] = None;
        }
    }

    fn listen(&mut self, started: Instant, counts: bool) {
        let mut packet = [0; 1500];
        for socket in &self.sockets {
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                if length < 12 {
                    continue;
                }
                let Some(number) = self.by_port[usize::from(from.port())] else { continue };
                let Some(leg) = self.legs[number].as_mut() else { continue };
                let arrival = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
                let timestamp = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
                let late = leg.lateness(timestamp, arrival);
                if counts {
                    self.packets[number] += 1;
                    self.late.note(late);
                }
            }
        }
    }

    fn talk(&mut self, turn: u64) {
        let step = usize::try_from(FRAME_MS).unwrap_or(20);
        let first = usize::try_from(turn).unwrap_or(0);
        let sockets = &self.sockets;
        let mut packet = [0_u8; 12 + FRAME];
        for (number, leg) in self.legs.iter_mut().enumerate().skip(first).step_by(step) {
            let Some(leg) = leg else { continue };
            leg.write(number, &mut packet);
            // What the kernel does not take is lost, as on any network.
            let _ = sockets[number % sockets.len()].send_to(&packet, leg.peer);
        }
    }
}

impl Leg {
    /// Returns by how many microseconds a packet is later than the earliest one was.
    fn lateness(&mut self, timestamp: u32, arrival: i64) -> u64 {
        let (first, origin) = *self.origin.get_or_insert((timestamp, arrival));
        // Eight samples are a millisecond.
        let due = origin + i64::from(timestamp.wrapping_sub(first).cast_signed()) * 125;
        let late = arrival - due;
        if !(0..=JUMP_MICROS).contains(&late) {
            self.origin = Some((timestamp, arrival));
            return 0;
        }
        late.unsigned_abs()
    }

    fn write(&mut self, number: usize, packet: &mut [u8; 12 + FRAME]) {
        packet[0] = 0x80;
        packet[1] = 8;
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&u32::try_from(number).unwrap_or(0).to_be_bytes());
        for (at, code) in packet[12..].iter_mut().enumerate() {
            // A square wave of 500 Hz: what it sounds like does not matter, only that it is no silence.
            *code = if at % 16 < 8 { 0xB5 } else { 0x35 };
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_counts_from_the_earliest_packet() {
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let mut leg = Leg { peer, sequence: 0, timestamp: 0, origin: None };
        assert_eq!(leg.lateness(800, 10_000), 0);
        assert_eq!(leg.lateness(960, 31_500), 1_500);
        assert_eq!(leg.lateness(1_120, 49_000), 0, "the earliest so far");
        assert_eq!(leg.lateness(1_280, 70_000), 1_000);
    }

    #[test]
    fn two_telephones_hear_each_other() {
        let begin = Instant::now();
        let sound = Sound::open(2, begin..begin + Duration::from_secs(5)).unwrap();
        let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        sound.start(1, peer.local_addr().unwrap().port());
        let mut packet = [0; 200];
        let (length, from) = peer.recv_from(&mut packet).unwrap();
        assert_eq!((length, from.port()), (172, sound.port(1)));
        peer.send_to(&packet[..length], from).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let heard = sound.close().unwrap();
        assert_eq!(heard.packets, [0, 1]);
    }
}
