//! Receiving calls of an association: the input is a list of steps. In each, the relay sends
//! datagrams that the system joins, or a call takes some. The reference is a queue.

use super::dice::Dice;
use anysocks::Address;
use anysocks::blocking::Socks5UdpSocket;
use anysocks::udp::{HEADROOM, RecvBatch};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

/// A header with an IPv4 address.
const HEADER: usize = 10;
/// Messages of an input.
const MESSAGES: usize = 24;
/// Datagrams that wait at a time, and one message more. The socket's buffer has room for them.
const WAITING: usize = 64;
/// A datagram on loopback arrives at once.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn holds(input: &[u8]) {
    thread_local! {
        // One has never received a batch, so that the system does not join its datagrams.
        static SCENES: RefCell<Option<[Scene; 2]>> = const { RefCell::new(None) };
    }
    let mut dice = Dice(input);
    let is_joined = dice.byte() % 4 != 0;
    SCENES.with_borrow_mut(|scenes| {
        let scenes = scenes.get_or_insert_with(|| [Scene::new(), Scene::new()]);
        scenes[usize::from(is_joined)].run(&mut dice, is_joined);
    });
}

/// A datagram that was sent: its source and its payload, unless it is malformed.
type Sent = Option<(SocketAddr, Vec<u8>)>;

struct Scene {
    socket: Socks5UdpSocket,
    relay: UdpSocket,
    _control: TcpStream,
    queue: VecDeque<Sent>,
}

impl Scene {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a relay");
        let addr = listener.local_addr().expect("an address");
        let [high, low] = relay.local_addr().expect("an address").port().to_be_bytes();
        let proxy = thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            client.read_exact(&mut [0; 3]).expect("a greeting");
            client.write_all(&[5, 0]).expect("a client");
            client.read_exact(&mut [0; 10]).expect("a request");
            client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, high, low]).expect("a client");
            client
        });
        let socket = Socks5UdpSocket::associate(addr).expect("an association");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        relay.connect(socket.local_addr()).expect("a relay");
        Self { socket, relay, _control: proxy.join().expect("a proxy"), queue: VecDeque::new() }
    }

    fn run(&mut self, dice: &mut Dice<'_>, is_joined: bool) {
        let (dropped, mut malformed, mut sent) = (self.socket.dropped(), 0, 0);
        while !dice.0.is_empty() && sent < MESSAGES {
            match dice.byte() % 8 {
                0..=2 if self.queue.len() < WAITING => {
                    sent += 1;
                    malformed += self.send(dice);
                }
                _ if !self.queue.iter().any(Option::is_some) => {}
                3 if is_joined => self.batch(1 + usize::from(dice.byte() % 16)),
                4 => self.in_place(),
                5 => assert!(self.try_once()),
                _ => self.receive(),
            }
        }
        while self.try_once() {}
        assert!(self.queue.is_empty(), "{:?} were not received", self.queue);
        assert_eq!(self.socket.dropped() - dropped, malformed);
    }

    /// Sends datagrams of one length, but for the last, as one. Returns how many are malformed.
    fn send(&mut self, dice: &mut Dice<'_>) -> u64 {
        let (count, len) = (1 + usize::from(dice.byte() % 12), HEADER + usize::from(dice.byte()));
        let last = 1 + usize::from(dice.byte()) % len;
        let (mut all, mut malformed) = (Vec::new(), 0);
        for n in 1..=count {
            let (kind, content) = (dice.byte(), dice.byte());
            // FRAG, ATYP, and an address.
            let start =
                [0, 0, u8::from(kind % 16 == 1), if kind % 16 == 2 { 9 } else { 1 }, 192, 0, 2, kind, 0, 53];
            let mut datagram = start.to_vec();
            datagram.resize(len, content);
            datagram.truncate(if n == count { last } else { len });
            let is_whole = datagram.len() >= HEADER && datagram[2..4] == [0, 1];
            malformed += u64::from(!is_whole);
            let source = SocketAddr::from(([192, 0, 2, kind], 53));
            self.queue.push_back(is_whole.then(|| (source, datagram[HEADER..].to_vec())));
            all.extend(datagram);
        }
        let segment = u16::try_from(len).expect("a short datagram");
        let control = [ControlMessage::UdpGsoSegments(&segment)];
        let control = if count > 1 { &control[..] } else { &[] };
        let sent =
            sendmsg::<()>(self.relay.as_raw_fd(), &[IoSlice::new(&all)], control, MsgFlags::empty(), None);
        assert_eq!(sent.expect("sent"), all.len());
        malformed
    }

    /// The next datagram that is not malformed.
    fn next(&mut self) -> (SocketAddr, Vec<u8>) {
        loop {
            if let Some(sent) = self.queue.pop_front().expect("a datagram that was sent") {
                return sent;
            }
        }
    }

    fn receive(&mut self) {
        let mut buf = [0; 512];
        let (n, from) = self.socket.recv_from(&mut buf).expect("a datagram");
        let (source, payload) = self.next();
        assert_eq!((from, &buf[..n]), (Address::from(source), &*payload));
    }

    fn in_place(&mut self) {
        let mut buf = [0; HEADROOM + 512];
        let datagram = self.socket.recv_in_place(&mut buf).expect("a datagram");
        let (from, received) = (datagram.source.to_address(), datagram.payload.to_vec());
        let (source, payload) = self.next();
        assert_eq!((from, received), (Address::from(source), payload));
    }

    fn batch(&mut self, capacity: usize) {
        let mut batch = RecvBatch::new(capacity);
        let n = self.socket.recv_batch(&mut batch).expect("datagrams");
        assert_eq!(n, batch.iter().count());
        assert!(n > 0);
        for datagram in batch.iter() {
            let (source, payload) = self.next();
            assert_eq!((datagram.source.to_address(), datagram.payload), (Address::from(source), &*payload));
        }
    }

    /// Takes a datagram, if there is one.
    fn try_once(&mut self) -> bool {
        let (mut buf, mut dropped) = ([0; 512], self.socket.dropped());
        loop {
            match self.socket.try_recv_from(&mut buf) {
                Ok((n, from)) => {
                    let (source, payload) = self.next();
                    assert_eq!((from, &buf[..n]), (Address::from(source), &*payload));
                    return true;
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            let now = self.socket.dropped();
            if now == dropped {
                assert!(!self.queue.iter().any(Option::is_some), "not received: {:?}", self.queue);
                self.queue.clear();
                return false;
            }
            // An attempt may end with a datagram that it has dropped.
            dropped = now;
        }
    }
}
