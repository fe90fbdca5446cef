//! CONNECT, BIND and UDP ASSOCIATE over sockets on every front end, and the first proxy of a chain.

use crate::fronts::association::Association;
use crate::fronts::{FRONTS, Front};
use crate::messages::{BOUND, Speaks, field};
use crate::scene::{self, BEHIND, TARGET, play};
use crate::support::blocked::send;
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::listening::Accept;
use crate::support::methods::gssapi::{DATA, GssWire, LEVEL, OVERHEAD, Play};
use crate::support::script::proxy;
use crate::support::server::Server;
use crate::ways::everywhere;
use crate::{LEVELS, PROTECTED};
use anysocks::gssapi::Level;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use anysocks::{Proxy, Stage};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

const PEER: &str = "192.0.2.9:40000";
const SOURCE: &str = "192.0.2.7:53";
const PATIENCE: Duration = Duration::from_secs(8);
/// Two messages of the client are known: the level and the request.
const KNOWN: u32 = 2;

fn at(addr: SocketAddr, play: &Play) -> Proxy {
    let gssapi = play.fake.at(play.level).service("rcmd@gw.example");
    Proxy::socks5(addr).and_then(|proxy| proxy.gssapi(gssapi)).expect("a proxy")
}

/// A proxy that grants this request, and continues inside of the frames.
fn server<T: Send + 'static>(
    gss: &Play,
    request: &[u8],
    reply: &[u8],
    then: impl FnOnce(&mut GssWire<&TcpStream>) -> T + Send + 'static,
) -> Server<T> {
    let (lines, end) = gss.granted(request, reply);
    let gss = Play::new(gss.fake.legs, gss.level);
    Server::start(lines, move |client| then(&mut GssWire::new(client, &gss, end, KNOWN)))
}

fn echo(wire: &mut GssWire<&TcpStream>) {
    let mut buf = vec![0; 20_000];
    loop {
        match wire.read(&mut buf).expect("the client's bytes") {
            0 => return,
            n => wire.write_all(&buf[..n]).expect("a client that listens"),
        }
    }
}

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0] ^ (at / 251).to_le_bytes()[0]).collect()
}

#[test]
fn connect() {
    for (level, front_end) in
        PROTECTED.into_iter().flat_map(|level| FRONT_ENDS.iter().map(move |front| (level, front)))
    {
        for legs in 1..=3 {
            let _case = Case::new(format!("{level:?}, {legs} legs, on {}", front_end.name));
            let gss = Play::new(legs, level);
            // With one leg too: the level and the request.
            let request = Speaks::Socks5.request(1, TARGET);
            let server = server(&gss, &request, &Speaks::Socks5.granted(BOUND), echo);
            let mut stream = (front_end.connect)(&at(server.addr, &gss), TARGET).expect("a tunnel");
            for len in [1, 2, 300, 16_383, 16_384, 16_385, 70_000] {
                let payload = payload(len);
                send(&mut *stream, &payload).expect("an open stream");
                let mut heard = vec![0; len];
                stream.read_exact(&mut heard).expect("an echo");
                assert!(heard == payload, "an echo of {len} bytes is not what was sent");
            }
            drop(stream);
            server.join();
        }
    }
}

/// The bytes of the tunnel are bare, as the constructor says.
#[test]
fn authentication_only() {
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let gss = Play::new(2, None);
        let (lines, _) = gss.granted(&Speaks::Socks5.request(1, TARGET), &Speaks::Socks5.granted(BOUND));
        let server = Server::start(lines, crate::support::server::echo);
        let mut stream = (front_end.connect)(&at(server.addr, &gss), TARGET).expect("a tunnel");
        send(&mut *stream, b"hello").expect("an open stream");
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).expect("an echo");
        drop(stream);
        server.join();
    }
}

/// Both halves at once. The server closes when the client has closed its direction.
#[test]
fn two_halves() {
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let gss = Play::new(2, Some(Level::Confidentiality));
        let request = Speaks::Socks5.request(1, TARGET);
        let server = server(&gss, &request, &Speaks::Socks5.granted(BOUND), echo);
        let (mut read, mut write) = (front_end.halves)(&at(server.addr, &gss), TARGET).expect("a tunnel");
        let (much, mut heard) = (payload(300_000), vec![0; 300_000]);
        thread::scope(|scope| {
            scope.spawn(|| {
                write.write_all(&much).expect("an open stream");
                write.flush().expect("an open stream");
            });
            read.read_exact(&mut heard).expect("an echo");
        });
        assert!(heard == much, "the echo is not what was sent");
        drop((read, write));
        server.join();
    }
}

#[test]
fn one_stream_by_two_threads() {
    let gss = Play::new(2, Some(Level::Confidentiality));
    let request = Speaks::Socks5.request(1, TARGET);
    let server = server(&gss, &request, &Speaks::Socks5.granted(BOUND), echo);
    let stream: anysocks::blocking::Socks5Stream =
        anysocks::blocking::Socks5Stream::connect(at(server.addr, &gss), TARGET).expect("a tunnel");
    assert!(stream.is_encapsulated());
    let (much, mut heard) = (payload(300_000), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(&much).expect("an open stream");
            (&stream).flush().expect("an open stream");
            stream.get_ref().shutdown(Shutdown::Write).expect("an open stream");
        });
        (&stream).read_to_end(&mut heard).expect("an echo, and the end");
    });
    assert!(heard == much, "the echo is not what was sent");
    server.join();
}

#[test]
fn bind() {
    for (level, front) in
        PROTECTED.into_iter().flat_map(|level| FRONTS.iter().map(move |front| (level, front)))
    {
        let _case = Case::new(format!("{level:?} on {}", front.name));
        let gss = Play::new(2, level);
        let request = Speaks::Socks5.request(2, PEER);
        let server = server(&gss, &request, &Speaks::Socks5.granted(BOUND), |wire| {
            // The second reply and the peer's first bytes in one frame.
            wire.write_all(&[&Speaks::Socks5.granted(PEER)[..], b"banner"].concat()).expect("a client");
            echo(wire);
        });
        let mut listener = (front.bind5)(&at(server.addr, &gss), PEER).expect("a listener");
        let Accept { peer, mut stream, .. } = listener.accept().expect("the peer");
        assert_eq!(peer.to_string(), PEER);
        send(&mut *stream, b"hello").expect("an open stream");
        let mut heard = [0; 11];
        stream.read_exact(&mut heard).expect("the banner and an echo");
        assert_eq!(&heard, b"bannerhello");
        drop((stream, listener));
        server.join();
    }
}

/// At the first proxy of two, all that concerns the second one is in frames.
#[test]
fn the_first_proxy_of_a_chain() {
    for second in Speaks::ALL {
        everywhere(|way| {
            let _case = Case::new(format!("{second:?} behind it, on {}", way.name));
            let gss = Play::new(2, Some(Level::Confidentiality));
            let request = Speaks::Socks5.request(1, BEHIND[0]);
            let server = server(&gss, &request, &Speaks::Socks5.granted(BOUND), move |wire| {
                play(wire, &second.connection(TARGET)).expect("the second proxy's part");
                echo(wire);
            });
            let behind: SocketAddr = BEHIND[0].parse().expect("an address");
            let chain = scene::chain([at(server.addr, &gss), second.at(behind)]);
            let (_, mut stream) = (way.new)(chain).connect(TARGET).expect("a tunnel");
            send(&mut *stream, b"hello").expect("an open stream");
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).expect("an echo");
            drop(stream);
            server.join();
        });
    }
}

/// An association, and the relay with its end of the context.
struct Scene {
    socket: Box<dyn Association>,
    relay: UdpSocket,
    wire: std::cell::RefCell<GssWire<TcpStream>>,
    is_confidential: bool,
}

impl Scene {
    fn open(front: &Front, level: Option<Level>) -> Self {
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let addr = relay.local_addr().expect("an address").to_string();
        let gss = Play::new(2, level);
        let (lines, end) =
            gss.granted(&Speaks::Socks5.request(3, "0.0.0.0:0"), &Speaks::Socks5.granted(&addr));
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let socket = (front.associate)(&at(server.addr, &gss)).expect("an association");
        relay.connect(socket.local_addr()).expect("a way to the client");
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let wire = GssWire::new(server.join(), &gss, end, KNOWN);
        Self { socket, relay, wire: wire.into(), is_confidential: gss.is_confidential() }
    }

    /// The next datagram at the relay, opened.
    fn heard(&self) -> Vec<u8> {
        let (mut datagram, mut plain) = (vec![0; 1 << 16], Vec::new());
        let n = self.relay.recv(&mut datagram).expect("a datagram from the client");
        assert_eq!(datagram[..2], [1, DATA]);
        assert_eq!(usize::from(u16::from_be_bytes([datagram[2], datagram[3]])), n - 4);
        let unwrapped = self.wire.borrow_mut().end.unwrap(&datagram[4..n], &mut plain).expect("a datagram");
        assert_eq!(unwrapped.confidential, self.is_confidential);
        plain
    }

    fn sealed(&self, payload: &[u8]) -> Vec<u8> {
        self.wire.borrow_mut().end.message(DATA, self.is_confidential, &datagram(payload))
    }

    fn says(&self, sealed: &[u8]) {
        assert_eq!(self.relay.send(sealed).expect("a client"), sealed.len());
    }

    fn received(&self) -> Vec<u8> {
        let mut buf = vec![0; 1 << 16];
        let (n, _) = self.socket.recv_from_within(PATIENCE, &mut buf).expect("a datagram");
        buf.truncate(n);
        buf
    }
}

fn datagram(payload: &[u8]) -> Vec<u8> {
    [&[0, 0, 0][..], &field(SOURCE), payload].concat()
}

fn each_association(check: impl Fn(&Scene)) {
    for level in PROTECTED {
        for front in FRONTS {
            let _case = Case::new(format!("{level:?} on {}", front.name));
            check(&Scene::open(front, level));
        }
    }
}

#[test]
fn datagrams() {
    each_association(|scene| {
        for len in [0, 1, 1200, 8000, 60_000] {
            let payload = payload(len);
            scene.socket.send_to(&payload, SOURCE).expect("sent");
            assert!(scene.heard() == datagram(&payload), "other bytes");
            let mut buf = [&[0; HEADROOM][..], &payload].concat();
            scene.socket.send_in_place(&mut buf, SOURCE).expect("sent");
            assert!(scene.heard() == datagram(&payload), "other bytes");
            scene.says(&scene.sealed(&payload));
            assert!(scene.received() == payload, "other bytes");
        }
        let mut batch = SendBatch::new();
        for n in 0..8 {
            batch.push(&[n; 100], SOURCE).expect("room");
        }
        while !batch.is_empty() {
            scene.socket.send_batch(&mut batch).expect("sent");
        }
        for n in 0..8 {
            assert_eq!(scene.heard(), datagram(&[n; 100]));
        }
        scene.says(&scene.sealed(b"batch"));
        let mut batch = RecvBatch::new(4);
        assert_eq!(scene.socket.recv_batch(&mut batch).expect("a datagram"), 1);
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// Gaps and late ones pass. Repeated ones are dropped and counted.
#[test]
fn datagrams_that_are_lost_swapped_and_doubled() {
    each_association(|scene| {
        let sealed: Vec<_> = (0..6_u8).map(|n| scene.sealed(&[n])).collect();
        // 1 is lost, 2 and 3 are swapped.
        for n in [0, 0, 3, 2, 3, 2, 4, 5, 0] {
            scene.says(&sealed[n]);
        }
        let last = scene.sealed(b"last");
        scene.says(&last);
        let heard: Vec<_> = (0..6).map(|_| scene.received()).collect();
        assert_eq!(heard, [&[0][..], &[3], &[2], &[4], &[5], b"last"]);
        assert_eq!(scene.socket.dropped(), 4);
    });
}

/// Those that are no message, forged or bare are dropped and counted.
#[test]
fn datagrams_that_are_refused() {
    each_association(|scene| {
        let whole = scene.sealed(b"whole");
        let mut forged = scene.sealed(b"forged");
        *forged.last_mut().expect("a sum") ^= 1;
        let longer = [&scene.sealed(b"longer")[..], &[0]].concat();
        let another = scene.wire.borrow_mut().end.message(LEVEL, scene.is_confidential, &datagram(b"level"));
        let mut refused: Vec<Vec<u8>> =
            vec![vec![], vec![1], vec![1, 0xFF], vec![1, 3, 0, 0], whole[..whole.len() - 1].to_vec()];
        refused.extend([forged, longer, another, datagram(b"bare")]);
        if scene.is_confidential {
            refused.push(scene.wire.borrow_mut().end.message(DATA, false, &datagram(b"not encrypted")));
        }
        for datagram in &refused {
            scene.says(datagram);
        }
        scene.says(&whole);
        assert_eq!(scene.received(), b"whole");
        assert_eq!(scene.socket.dropped(), refused.len() as u64);
    });
}

#[test]
fn the_longest_datagram() {
    each_association(|scene| {
        let overhead = 4 + OVERHEAD[usize::from(scene.is_confidential)];
        let longest = scene.socket.max_payload(SOURCE);
        assert_eq!(longest, 65_507 - overhead - datagram(b"").len());
        let payload = payload(longest);
        scene.socket.send_to(&payload, SOURCE).expect("sent");
        assert!(scene.heard() == datagram(&payload), "other bytes");
        scene.socket.send_to(&vec![7; longest + 1], SOURCE).expect_err("too long");
        scene.socket.send_to(&vec![7; 1 << 17], SOURCE).expect_err("too long for a message");
        scene.says(&scene.sealed(&payload));
        assert!(scene.received() == payload, "other bytes");
    });
}

/// After an error of one datagram, others pass. The datagrams share their numbers with the frames
/// of the TCP connection, whose end is noticed.
#[test]
fn the_end_of_an_association() {
    each_association(|scene| {
        scene.socket.send_to(b"first", SOURCE).expect("sent");
        assert_eq!(scene.heard(), datagram(b"first"));
        scene.wire.borrow().stream.shutdown(Shutdown::Both).expect("an open connection");
        let ended = scene.socket.closed();
        assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionAborted, "{ended}");
    });
}

/// A METHOD without protection leaves datagrams bare.
#[test]
fn bare_datagrams() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let addr = relay.local_addr().expect("an address").to_string();
        let gss = Play::new(2, LEVELS[0]);
        let (mut lines, _) = gss.granted(&Speaks::Socks5.request(3, "0.0.0.0:0"), b"");
        lines.pop();
        lines.push(proxy(Stage::Request, Speaks::Socks5.granted(&addr)));
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let socket = (front.associate)(&at(server.addr, &gss)).expect("an association");
        let _control = server.join();
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.send_to(b"bare", SOURCE).expect("sent");
        let mut buf = [0; 64];
        let n = relay.recv(&mut buf).expect("a datagram");
        assert_eq!(buf[..n], datagram(b"bare"));
    }
}
