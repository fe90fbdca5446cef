//! The numbers that `DESIGN.md` promises: calls, and the size of a pending handshake.

#[path = "counted/allocations.rs"]
mod allocations;
#[path = "connector/scene.rs"]
mod chains;
#[cfg(target_os = "linux")]
#[path = "counted/connect.rs"]
mod connect;
#[cfg(all(feature = "tokio", not(feature = "tracing")))]
#[path = "counted/connect_futures.rs"]
mod connect_futures;
#[path = "counted/datagrams.rs"]
mod datagrams;
#[path = "counted/encapsulated.rs"]
mod encapsulated;
mod fronts;
#[path = "counted/gssapi.rs"]
mod gssapi;
#[path = "counted/heap.rs"]
mod heap;
#[path = "connector/messages.rs"]
mod messages;
#[path = "counted/nested.rs"]
mod nested;
#[path = "corpus/properties/numbered.rs"]
mod numbered;
#[cfg(feature = "socks5a")]
#[path = "socks5a/records.rs"]
mod records;
#[path = "association/scene.rs"]
mod scene;
#[cfg(feature = "socks5a")]
#[path = "counted/socks5a.rs"]
mod socks5a;
#[cfg(target_os = "linux")]
#[path = "counted/strace.rs"]
mod strace;
mod support;
#[cfg(target_os = "linux")]
#[path = "counted/system_calls.rs"]
mod system_calls;

use anysocks::{Auth, Stage};
use std::io::IoSlice;
use support::case::Case;
use support::dialogue::{Dialogue, credentials};
use support::drivers::DRIVERS;
use support::script::{Line, Manner, Script, client, proxy};
use support::toy::{self, Level};

const TARGET: &str = "a.b:80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
const NAME: &[u8] = b"\x05\x00\x00\x03\x0Dproxy.example\x30\x39";

/// Plays an exchange on each driver, over a stream that returns each message in one piece, or all
/// in one. Returns the number of calls.
fn count(dialogue: &Dialogue, lines: &[Line], glued: bool, writes: usize, reads: usize) {
    for driver in DRIVERS {
        let _case = Case::new(format!("{}, glued: {glued}, {lines:?}", driver.name));
        let script = Script::new(lines, b"banner", Manner { glued, ..Manner::default() });
        (driver.converse)(&mut script.clone(), &mut dialogue.talk()).expect("the tunnel");
        let state = script.state();
        assert_eq!((state.writes, state.reads()), (writes, reads), "(writes, reads)");
        assert_eq!(state.unread(), b"banner");
    }
}

#[test]
fn calls_of_socks4() {
    let dialogue = Dialogue::v4("me", TARGET);
    let lines =
        [client(*b"\x04\x01\x00\x50\0\0\0\x01me\0a.b\0"), proxy(Stage::Request, [0, 90, 0, 0, 0, 0, 0, 0])];
    count(&dialogue, &lines, false, 1, 1);
}

#[test]
fn calls_without_authentication() {
    let dialogue = Dialogue::v5(Auth::none(), TARGET);
    let lines = |reply| {
        [
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(REQUEST),
            proxy(Stage::Request, reply),
        ]
    };
    // The selection, the seven bytes that a reply has at least, and the rest.
    count(&dialogue, &lines(REPLY), false, 2, 3);
    count(&dialogue, &lines(NAME), false, 2, 3);
    // A name of no bytes leaves no rest.
    count(&dialogue, &lines(b"\x05\x00\x00\x03\x00\x30\x39"), false, 2, 2);
    count(&dialogue, &lines(REPLY), true, 2, 2);
}

#[test]
fn calls_with_a_password() {
    let dialogue = Dialogue::v5(Auth::password(credentials("me", "key")), TARGET);
    let lines = |reply| {
        [
            client([5, 2, 0, 2]),
            proxy(Stage::MethodSelection, [5, 2]),
            client(*b"\x01\x02me\x03key"),
            proxy(Stage::Authentication, [1, 0]),
            client(REQUEST),
            proxy(Stage::Request, reply),
        ]
    };
    count(&dialogue, &lines(REPLY), false, 3, 4);
    count(&dialogue, &lines(NAME), false, 3, 4);
}

#[test]
fn calls_when_pipelined() {
    let dialogue = Dialogue::v5(Auth::none().pipelined(true), TARGET);
    let selection = proxy(Stage::MethodSelection, [5, 0]);
    let lines = [client([&[5, 1, 0], REQUEST].concat()), selection, proxy(Stage::Request, REPLY)];
    count(&dialogue, &lines, false, 1, 3);
    count(&dialogue, &lines, true, 1, 2);
    let dialogue = Dialogue::v5(Auth::password_only(credentials("me", "key")).pipelined(true), TARGET);
    let lines = [
        client([b"\x05\x01\x02\x01\x02me\x03key", REQUEST].concat()),
        proxy(Stage::MethodSelection, [5, 2]),
        proxy(Stage::Authentication, [1, 0]),
        proxy(Stage::Request, REPLY),
    ];
    count(&dialogue, &lines, false, 1, 4);
    count(&dialogue, &lines, true, 1, 3);
}

/// The request is one write even where it takes several frames.
#[test]
fn calls_with_an_encapsulation() {
    let dialogue = Dialogue::v5(toy::auth(), TARGET);
    let mut lines = toy::lines(Level::Framed);
    lines.extend([client(toy::sealed(REQUEST)), proxy(Stage::Request, toy::sealed(REPLY))]);
    for driver in DRIVERS {
        let script = Script::new(&lines, b"banner", Manner::default());
        (driver.converse)(&mut script.clone(), &mut dialogue.talk()).expect("the tunnel");
        assert_eq!(script.state().writes, 4);
    }
}

/// Sixteen buffers reach the stream inside in one call.
#[test]
fn vectored_writes() {
    let buffers: Vec<_> = (0..16).map(|fill| vec![fill; 1024]).collect();
    let slices: Vec<_> = buffers.iter().map(|buffer| IoSlice::new(buffer)).collect();
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let lines = [
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(REQUEST),
            proxy(Stage::Request, REPLY),
        ];
        let script = Script::new(&lines, b"", Manner::default());
        let dialogue = Dialogue::v5(Auth::none(), TARGET);
        let (_, mut stream) = (driver.handshake)(script.clone(), &dialogue).expect("the tunnel");
        assert_eq!(script.state().vectored, 0);
        assert_eq!(stream.write_vectored(&slices).expect("a write"), 16 * 1024);
        let state = script.state();
        assert_eq!((state.vectored, state.writes), (1, 3));
        assert_eq!(state.beyond, buffers.concat());
    }
}

/// What an application that waits for many relays keeps many of.
#[cfg(feature = "tokio")]
#[test]
fn size_of_a_pending_datagram() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (socket, _relay, _control) = scene::Setting::default().associate(|proxy| {
        let associated = runtime.block_on(anysocks::tokio::Socks5UdpSocket::associate(proxy));
        associated.expect("an association")
    });
    let mut buf = [0; 64];
    let received = size_of_val(&socket.recv_from(&mut buf));
    let received_alone = size_of_val(&socket.recv(&mut buf));
    let sent = size_of_val(&socket.send_to(b"", ("dns.example", 53)));
    let sent_alone = size_of_val(&socket.send(b""));
    let sizes = [received, received_alone, sent, sent_alone];
    assert!(sizes.iter().all(|size| *size <= 256), "recv_from, recv, send_to, send: {sizes:?} bytes");
}

/// A pending handshake is what a server with many connections keeps many of.
#[cfg(feature = "tokio")]
#[test]
fn size_of_a_pending_handshake() {
    use anysocks::UserId;
    use anysocks::tokio::{Socks4Stream, Socks5Stream};

    fn stream() -> tokio::net::TcpStream {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let stream = std::net::TcpStream::connect(listener.local_addr().expect("an address"));
        let stream = stream.expect("a connection");
        stream.set_nonblocking(true).expect("a non-blocking socket");
        tokio::net::TcpStream::from_std(stream).expect("a socket")
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let _entered = runtime.enter();
    let (auth, user_id) = (Auth::password(credentials("me", "key")), UserId::none());
    let v5 = size_of_val(&Socks5Stream::handshake(stream(), &auth, TARGET));
    let v4 = size_of_val(&Socks4Stream::handshake(stream(), &user_id, TARGET));
    // The size of tokio's socket depends on the system and the kind of build: in a release build
    // on Linux, SOCKS5 needs 184 bytes.
    let socket = size_of::<tokio::net::TcpStream>();
    assert!(v5 <= socket + 160, "SOCKS5: {v5} bytes, of which {socket} are the socket's");
    assert!(v4 <= socket + 88, "SOCKS4: {v4} bytes, of which {socket} are the socket's");
}
