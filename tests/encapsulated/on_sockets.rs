//! The tunnel through an encapsulation, over sockets: every front end that dials, and two threads
//! on one stream.

use crate::support::blocked::send;
use crate::support::case::Case;
use crate::support::clock::assert_on_time;
use crate::support::drivers::FRONT_ENDS;
use crate::support::script::Line;
use crate::support::server::{Server, echo};
use crate::support::toy::{self, Level};
use anysocks::blocking::Socks5Stream;
use anysocks::{Proxy, Stage};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const TARGET: &str = "a.b:80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
/// A few thousand frames each way, each a call of its own.
const MUCH: usize = 1 << 16;

fn lines(level: Level) -> Vec<Line> {
    toy::connection(level, REQUEST, REPLY)
}

fn at<T: Send + 'static>(server: &Server<T>) -> Proxy {
    server.proxy().auth(toy::auth()).expect("SOCKS5")
}

/// Bytes in which a frame that was lost, repeated or moved would show.
fn much() -> Vec<u8> {
    (0..MUCH).map(|at| (at % 251).to_le_bytes()[0] ^ (at / 251 % 241).to_le_bytes()[0]).collect()
}

#[test]
fn there_and_back() {
    for level in [Level::Bare, Level::Framed] {
        for front_end in FRONT_ENDS {
            let _case = Case::new(format!("{level:?} on {}", front_end.name));
            let server = Server::start(lines(level), echo);
            let mut stream = (front_end.connect)(&at(&server), TARGET).expect("the tunnel");
            for message in [&b"hello"[..], b"a message of more than one frame"] {
                send(&mut *stream, message).expect("an open stream");
                let mut heard = vec![0; message.len()];
                stream.read_exact(&mut heard).expect("an echo");
                assert_eq!(heard, message);
            }
            drop(stream);
            server.join();
        }
    }
}

/// The target understands the frames: an echo alone would not show if they were plain.
#[test]
fn frames_on_the_wire() {
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let server = Server::start(lines(Level::Framed), |mut client| {
            let mut wire = vec![0; toy::sealed(b"hello, target").len()];
            client.read_exact(&mut wire).expect("what the client sends");
            client.write_all(&toy::sealed(b"hello, client")).expect("a client that listens");
            wire
        });
        let mut stream = (front_end.connect)(&at(&server), TARGET).expect("the tunnel");
        send(&mut *stream, b"hello, target").expect("an open stream");
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).expect("all, and the end");
        assert_eq!(heard, b"hello, client");
        assert_eq!(server.join(), toy::sealed(b"hello, target"));
    }
}

/// One thread writes while another reads. If one direction blocked the other, this would end only
/// at the server's timeout.
fn both_ways_at_once(mut read: impl Read, mut write: impl Write + Send, done: impl FnOnce() + Send) {
    let (much, mut heard) = (much(), vec![0; MUCH]);
    thread::scope(|scope| {
        scope.spawn(|| {
            write.write_all(&much).expect("an open stream");
            write.flush().expect("an open stream");
            done();
        });
        read.read_exact(&mut heard).expect("an echo");
    });
    assert!(heard == much, "the echo is not what was sent");
}

#[test]
fn halves_at_once() {
    for level in [Level::Bare, Level::Framed] {
        for front_end in FRONT_ENDS {
            let _case = Case::new(format!("{level:?} on {}", front_end.name));
            let server = Server::start(lines(level), echo);
            let (read, write) = (front_end.halves)(&at(&server), TARGET).expect("the tunnel");
            both_ways_at_once(read, write, || {});
            server.join();
        }
    }
}

#[test]
fn one_stream_by_two_threads() {
    for level in [Level::Bare, Level::Framed] {
        let _case = Case::new(format!("{level:?}"));
        let server = Server::start(lines(level), echo);
        let stream: Socks5Stream<TcpStream> = Socks5Stream::connect(at(&server), TARGET).expect("the tunnel");
        assert_eq!(stream.is_encapsulated(), level == Level::Framed);
        both_ways_at_once(&stream, &stream, || {
            stream.get_ref().shutdown(Shutdown::Write).expect("an open stream");
        });
        server.join();
    }
}

/// All bytes of an encapsulated stream are encapsulated, in either half.
#[test]
fn nothing_passes_by_the_encapsulation() {
    let server = Server::start(lines(Level::Framed), |mut client| {
        let mut wire = Vec::new();
        client.read_to_end(&mut wire).expect("what the client sends");
        wire
    });
    let stream: Socks5Stream<TcpStream> = Socks5Stream::connect(at(&server), TARGET).expect("the tunnel");
    let (mut read, write) = stream.into_split().expect("two halves");
    let _ = read.write(b"secret").and_then(|_| read.flush());
    let _ = (&read).write(b"secret").and_then(|_| (&read).flush());
    drop((read, write));
    let wire = server.join();
    assert!(!wire.windows(6).any(|bytes| bytes == b"secret"), "{}", wire.escape_ascii());
}

/// Empty frames, one after the other, never end a read, and must not postpone its deadline either.
#[test]
fn a_flood_of_empty_frames() {
    let flood = toy::frame(b"").repeat(4096);
    let limit = Duration::from_secs(1);
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let mut asked = lines(Level::Framed);
        asked.pop();
        let flood = flood.clone();
        let server = Server::start(asked, move |mut client| {
            // A client that never ends fails the test all the same.
            let end = Instant::now() + Duration::from_secs(8);
            while client.write_all(&flood).is_ok() && Instant::now() < end {}
        });
        let proxy = at(&server).timeout(limit);
        let started = Instant::now();
        let late = (front_end.connect)(&proxy, TARGET).err().expect("no tunnel");
        assert_on_time(started, limit);
        assert_eq!(late.stage(), Stage::Request, "{late}");
        assert!(late.is_timeout(), "{late}");
        server.join();
    }
}
