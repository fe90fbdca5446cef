//! CONNECT and BIND over sockets on every front end, and the first proxy of a chain.

use crate::fronts::FRONTS;
use crate::messages::{BOUND, Speaks};
use crate::scene::{self, BEHIND, TARGET, play};
use crate::support::blocked::send;
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::echo::{assert_echoed, assert_echoed_by_halves, payload};
use crate::support::listening::Accept;
use crate::support::methods::gssapi::{GssWire, Play};
use crate::support::server::Server;
use crate::ways::everywhere;
use crate::{KNOWN, PROTECTED, at};
use anysocks::gssapi::Level;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

const PEER: &str = "192.0.2.9:40000";

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
                assert_echoed(&mut *stream, len);
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
        assert_echoed(&mut *stream, 5);
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
        assert_echoed_by_halves(&mut read, &mut write, 300_000);
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
            assert_echoed(&mut *stream, 5);
            drop(stream);
            server.join();
        });
    }
}
