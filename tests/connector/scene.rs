//! Chains, and what is at their other end.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use super::messages::Speaks;
use crate::support::blocked::Tunnel;
use crate::support::case::limit_test;
use crate::support::script::Line;
use crate::support::server::Server;
use anysocks::{Chain, Error, ErrorKind, Invalid, Proxy};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub(crate) const TARGET: &str = "example.com:80";
/// The addresses of the proxies after the first, which are not dialled.
pub(crate) const BEHIND: [&str; 2] = ["192.0.2.2:1080", "192.0.2.3:1080"];

pub(crate) fn chain(proxies: impl IntoIterator<Item = Proxy>) -> Chain {
    let mut proxies = proxies.into_iter();
    let first = Chain::from(proxies.next().expect("a proxy"));
    proxies.fold(first, |chain, proxy| chain.then(proxy).expect("a proxy that can be reached through others"))
}

/// Proxies of which the first is at this address, and the others are not dialled.
pub(crate) fn behind(first: SocketAddr, kinds: &[Speaks]) -> Chain {
    let others = BEHIND.map(|addr| addr.parse().expect("an address"));
    chain(kinds.iter().zip([first].into_iter().chain(others)).map(|(kind, addr)| kind.at(addr)))
}

/// The messages to these proxies.
pub(crate) fn dialogue(kinds: &[Speaks], target: &str) -> Vec<Line> {
    let targets = BEHIND.into_iter().take(kinds.len() - 1).chain([target]);
    kinds.iter().zip(targets).flat_map(|(kind, target)| kind.connection(target)).collect()
}

/// All ways to put two and three of them behind each other.
pub(crate) fn mixtures() -> Vec<Vec<Speaks>> {
    let more = |chains: &[Vec<Speaks>]| -> Vec<Vec<Speaks>> {
        chains.iter().flat_map(|chain| Speaks::ALL.map(|kind| [&chain[..], &[kind]].concat())).collect()
    };
    let two = more(&Speaks::ALL.map(|kind| vec![kind]));
    let three = more(&two);
    [two, three].concat()
}

/// A proxy that plays its part, then forwards to the given address, and reads no more.
pub(crate) fn relay(lines: Vec<Line>, next: SocketAddr) -> Server<()> {
    Server::start(lines, move |client| {
        let server = TcpStream::connect(next).expect("the next");
        thread::scope(|scope| {
            scope.spawn(|| pump(client, &server));
            pump(&server, client);
        });
    })
}

fn pump(mut from: &TcpStream, mut to: &TcpStream) {
    // A closed connection gets nothing.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// A server for any number of clients, each of which it serves on a thread.
pub(crate) fn serving(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    serving_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"), serve)
}

pub(crate) fn serving_on(
    listener: TcpListener,
    serve: impl Fn(TcpStream) + Clone + Send + 'static,
) -> SocketAddr {
    limit_test();
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(client.expect("a client")));
        }
    });
    addr
}

/// The same, and sends a word to each client.
pub(crate) fn saying(lines: Vec<Line>, word: &'static str) -> SocketAddr {
    serving(move |mut client| {
        if play(&mut client, &lines).is_ok() {
            client.write_all(word.as_bytes()).expect("a client that listens");
        }
    })
}

/// Plays a transcript, as long as the client does.
pub(crate) fn play(client: &mut (impl Read + Write), lines: &[Line]) -> io::Result<()> {
    for line in lines {
        match line {
            Line::Client(message) => {
                let mut heard = vec![0; message.len()];
                client.read_exact(&mut heard)?;
                if heard != *message {
                    return Err(io::Error::other(format!("{heard:?} where {message:?} was expected")));
                }
            }
            Line::Proxy(_, message) => client.write_all(message)?,
        }
    }
    Ok(())
}

/// A first proxy that plays one transcript for each connection, in order.
pub(crate) struct Listening {
    pub(crate) addr: SocketAddr,
    thread: JoinHandle<Vec<TcpStream>>,
}

impl Listening {
    pub(crate) fn start(transcripts: Vec<Vec<Line>>) -> Self {
        limit_test();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let thread = thread::spawn(move || {
            let played = transcripts.iter().map(|lines| {
                let (mut client, _) = listener.accept().expect("a client");
                client.set_read_timeout(Some(Duration::from_secs(8))).expect("a timeout");
                play(&mut client, lines).expect("a client that knows its part");
                client
            });
            played.collect()
        });
        Self { addr, thread }
    }

    pub(crate) fn join(self) -> Vec<TcpStream> {
        self.thread.join().expect("a server that is content")
    }
}

/// A server that plays this and then sends nothing more.
pub(crate) fn falling_silent(lines: Vec<Line>) -> SocketAddr {
    serving(move |mut client| {
        if play(&mut client, &lines).is_ok() {
            let _ = client.read_to_end(&mut Vec::new());
        }
    })
}

/// Starts work that should be short, and returns its outcome: a test that would hang fails
/// instead.
pub(crate) fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl FnOnce() -> T {
    let (done, outcome) = std::sync::mpsc::channel();
    thread::spawn(move || done.send(work()));
    move || outcome.recv_timeout(Duration::from_secs(30)).expect("an end of it")
}

/// An address that refuses connections, as long as this value is kept.
pub(crate) fn deserted() -> (SocketAddr, socket2::Socket) {
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    bound.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
    let addr = bound.local_addr().expect("an address").as_socket().expect("an IP address");
    (addr, bound)
}

/// A listener that must get no connection.
pub(crate) struct Lonely(TcpListener);

impl Lonely {
    pub(crate) fn new() -> (Self, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        let addr = listener.local_addr().expect("an address");
        (Self(listener), addr)
    }

    pub(crate) fn assert_alone(&self) {
        let came = self.0.accept().expect_err("a client").kind();
        assert_eq!(came, io::ErrorKind::WouldBlock);
    }
}

/// Both ends of an opened connection: the target sends this first, and then echoes.
pub(crate) fn assert_echo(mut stream: Box<dyn Tunnel>, banner: &[u8]) {
    crate::support::blocked::send(&mut *stream, b"hello").expect("an open stream");
    let mut heard = vec![0; banner.len() + 5];
    stream.read_exact(&mut heard).expect("the banner and an echo");
    assert_eq!(heard, [banner, b"hello"].concat());
}

/// The caller's own mistake, before anything is sent.
pub(crate) fn invalid<T>(result: Result<T, Error>) -> Invalid {
    let error = result.err().expect("an error");
    match error.kind() {
        ErrorKind::Invalid(invalid) => invalid.clone(),
        _ => panic!("{error:?}"),
    }
}

/// The error of something that must fail.
pub(crate) fn error<T>(result: Result<T, Error>) -> Error {
    result.err().expect("an error")
}
