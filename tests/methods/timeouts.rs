//! The timeouts of a blocking socket apply to whole calls on an encapsulated stream, whatever the
//! proxy sends.

use crate::hop::{Hop, chain, granted, server};
use crate::messages::{BOUND, Speaks};
use crate::scene::TARGET;
use crate::support::case::Case;
use crate::support::clock::{TOLERANCE, assert_on_time};
use crate::support::echo::payload;
use crate::support::methods::short;
use crate::support::methods::wire::Wire;
use crate::support::script::client;
use crate::support::server::Server;
use anysocks::blocking::{Connector, Socks5Listener, Socks5Stream};
use anysocks::protocol::{Encapsulation, Extent, FrameError, Seal};
use anysocks::{Auth, SocksStream, V5, Version};
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSliceMut, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(60);
const FRAMED: &[Hop] = &[Hop::Numbered(0xC1)];
const PEER: &str = "192.0.2.9:40000";

/// Sends frames without content until the client has closed the connection.
fn flood(wire: &mut Wire<&TcpStream>) {
    loop {
        let frame = wire.empty();
        if wire.stream.write_all(&frame).is_err() {
            return;
        }
    }
}

/// A proxy, and what it does in the tunnel.
fn proxy(then: impl FnOnce(&mut Wire<&TcpStream>) + Send + 'static) -> Server<()> {
    server(FRAMED, crate::hop::connection(FRAMED, TARGET), then)
}

fn connect(addr: SocketAddr) -> Socks5Stream {
    Socks5Stream::connect(FRAMED[0].proxy(addr), TARGET).expect("a tunnel")
}

/// A stream, and a handle of its socket.
struct Open(Box<dyn Read>, TcpStream);

impl Open {
    fn of<V: 'static, F: 'static>(stream: SocksStream<TcpStream, V, F>) -> Self {
        let socket = stream.get_ref().try_clone().expect("a handle");
        Self(Box::new(stream), socket)
    }
}

/// Checks that reads end at the timeout, one after another.
fn times_out(mut read: impl FnMut(&mut [u8]) -> io::Result<usize>, limit: Duration) {
    for _ in 0..2 {
        let started = Instant::now();
        let error = read(&mut [0; 5]).expect_err("a timeout");
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error:?}");
        assert_on_time(started, limit);
    }
}

/// A stream that the caller has wrapped.
struct Wrapping(TcpStream);

impl Read for Wrapping {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Wrapping {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// How a stream is opened: the proxies, whether by BIND, and the calls.
type Opening = (&'static str, &'static [Hop], bool, fn(SocketAddr, &[Hop]) -> Open);

const TWICE: &[Hop] = &[Hop::Numbered(0xC1), Hop::Numbered(0xC2)];
const OUTER: &[Hop] = &[Hop::Numbered(0xC1), Hop::Plain(Speaks::Socks4)];
const INNER: &[Hop] = &[Hop::Plain(Speaks::Socks5), Hop::Numbered(0xC2)];

fn through(addr: SocketAddr, hops: &[Hop]) -> Open {
    Open::of(Connector::new(chain(hops, addr)).connect(TARGET).expect("a tunnel"))
}

fn accepted(addr: SocketAddr, hops: &[Hop]) -> Open {
    let mut listener = Connector::new(chain(hops, addr)).bind(PEER).expect("a listener");
    Open::of(listener.accept().expect("the peer").0)
}

static OPENINGS: &[Opening] = &[
    ("connect", FRAMED, false, |addr, _| Open::of(connect(addr))),
    ("accept", FRAMED, true, |addr, hops| {
        let mut listener = Socks5Listener::bind(hops[0].proxy(addr), PEER).expect("a listener");
        Open::of(listener.accept().expect("the peer").0)
    }),
    ("accept_within", FRAMED, true, |addr, hops| {
        let mut listener = Socks5Listener::bind(hops[0].proxy(addr), PEER).expect("a listener");
        Open::of(listener.accept_within(LONG).expect("the peer").0)
    }),
    ("a connector", FRAMED, false, through),
    ("a chain of both", TWICE, false, through),
    ("a chain, the first", OUTER, false, through),
    ("a chain, the last", INNER, false, through),
    ("accept of a chain of both", TWICE, true, accepted),
    ("accept of a chain, the first", OUTER, true, accepted),
    ("accept of a chain, the last", INNER, true, accepted),
    ("a wrapped stream", FRAMED, false, |addr, hops| {
        let (tell, told) = channel();
        let connector = Connector::new(chain(hops, addr)).wrapped(move |stream, _| {
            tell.send(stream.try_clone()?).map_err(io::Error::other)?;
            Ok(Wrapping(stream))
        });
        let stream = connector.connect(TARGET).expect("a tunnel");
        Open(Box::new(stream), told.recv().expect("a socket"))
    }),
    ("a stream of the caller", FRAMED, false, |addr, hops| {
        let socket = TcpStream::connect(addr).expect("a connection");
        let handle = socket.try_clone().expect("a handle");
        let proxy = hops[0].proxy(addr);
        let auth: &Auth = V5::auth(proxy.protocol()).expect("SOCKS5");
        let stream = Socks5Stream::handshake(Wrapping(socket), auth, TARGET).expect("a tunnel");
        Open(Box::new(stream.with_timeouts_of(&handle).expect("a duplicate")), handle)
    }),
];

/// Frames without content never end, on each kind of stream.
#[test]
fn of_reads_of_nothing() {
    for (name, hops, is_bound, open) in OPENINGS {
        let _case = Case::new(*name);
        let speaks = hops.last().expect("a proxy").speaks();
        let (command, target) = if *is_bound { (2, PEER) } else { (1, TARGET) };
        let mut lines = vec![client(speaks.request(command, target)), granted(speaks.granted(BOUND))];
        if *is_bound {
            lines.push(granted(speaks.granted(PEER)));
        }
        let server = server(hops, lines, flood);
        let Open(mut stream, socket) = open(server.addr, hops);
        socket.set_read_timeout(Some(LIMIT)).expect("a timeout");
        times_out(|buf| stream.read(buf), LIMIT);
        drop((stream, socket));
        server.join();
    }
}

/// Every call that reads, also after a split. The timeout can be set by any handle, at any time.
#[test]
fn of_each_call() {
    let server = proxy(flood);
    let mut stream = connect(server.addr);
    stream.get_ref().set_read_timeout(Some(LIMIT)).expect("a timeout");
    times_out(|buf| (&stream).read(buf), LIMIT);
    times_out(|buf| stream.read_vectored(&mut [IoSliceMut::new(buf)]), LIMIT);
    times_out(|buf| (&stream).read_vectored(&mut [IoSliceMut::new(buf)]), LIMIT);
    let handle = stream.get_ref().try_clone().expect("a handle");
    handle.set_read_timeout(Some(3 * LIMIT)).expect("a timeout");
    times_out(|buf| stream.read(buf), 3 * LIMIT);
    let (mut reading, writing) = stream.into_split().expect("two halves");
    writing.get_ref().set_read_timeout(Some(LIMIT)).expect("a timeout");
    times_out(|buf| reading.read(buf), LIMIT);
    // While it reads.
    handle.set_read_timeout(None).expect("no timeout");
    let started = Instant::now();
    thread::scope(|scope| {
        let read = scope.spawn(|| reading.read(&mut [0]));
        thread::sleep(LIMIT);
        handle.set_read_timeout(Some(2 * LIMIT)).expect("a timeout");
        read.join().expect("no panic").expect_err("a timeout");
    });
    assert_on_time(started, 2 * LIMIT);
    // A socket that was only shut down would not end the flood while its receive buffer is full.
    drop((reading, writing, handle));
    server.join();
}

/// A frame does not start the timeout anew: the read ends when it would have without the frame.
#[test]
fn of_reads_with_one_frame() {
    const LONGER: Duration = Duration::from_secs(8);
    let server = proxy(|wire| {
        thread::sleep(LONGER / 2);
        let frame = wire.empty();
        wire.stream.write_all(&frame).expect("a client that listens");
        let _ = wire.stream.read(&mut [0]);
    });
    let mut stream = connect(server.addr);
    stream.get_ref().set_read_timeout(Some(LONGER)).expect("a timeout");
    let started = Instant::now();
    stream.read(&mut [0]).expect_err("a timeout");
    assert!(LONGER / 2 > TOLERANCE);
    assert_on_time(started, LONGER);
    drop(stream);
    server.join();
}

/// A frame that arrives by bytes has the same timeout, and nothing of it is lost.
#[test]
fn of_reads_of_a_slow_frame() {
    let server = proxy(|wire| {
        for byte in wire.sealed(b"hello") {
            wire.stream.write_all(&[byte]).expect("a client that listens");
            thread::sleep(LIMIT / 4);
        }
    });
    let mut stream = connect(server.addr);
    stream.get_ref().set_read_timeout(Some(LIMIT)).expect("a timeout");
    let started = Instant::now();
    stream.read(&mut [0; 5]).expect_err("a timeout");
    assert_on_time(started, LIMIT);
    let mut heard = [0; 5];
    stream.get_ref().set_read_timeout(Some(LONG)).expect("a timeout");
    stream.read_exact(&mut heard).expect("the rest of the frame");
    assert_eq!(&heard, b"hello");
    server.join();
}

#[test]
fn content_behind_many_frames() {
    let server = proxy(|wire| {
        for round in 0..20 {
            for _ in 0..1000 {
                let frame = wire.empty();
                wire.stream.write_all(&frame).expect("a client that listens");
            }
            if round < 3 {
                thread::sleep(LIMIT / 4);
            }
        }
        wire.write_all(b"hello").expect("a client that listens");
    });
    let mut stream = connect(server.addr);
    stream.get_ref().set_read_timeout(Some(LONG)).expect("a timeout");
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).expect("content");
    assert_eq!(&heard, b"hello");
    server.join();
}

/// A non-blocking socket does not wait, whatever its timeout is. Frames that never end do not
/// occupy the call either.
#[test]
fn of_a_non_blocking_socket() {
    let (tell, told) = channel();
    let server = proxy(move |wire| {
        told.recv().expect("a test that waits");
        let frame = wire.empty();
        wire.stream.write_all(&frame).expect("a client that listens");
        told.recv().expect("a test that waits");
        flood(wire);
    });
    let mut stream = connect(server.addr);
    stream.get_ref().set_read_timeout(Some(LONG)).expect("a timeout");
    stream.get_ref().set_nonblocking(true).expect("a socket");
    let started = Instant::now();
    let mut read = || stream.read(&mut [0]).expect_err("no content").kind();
    assert_eq!(read(), ErrorKind::WouldBlock);
    tell.send(()).expect("the server");
    while started.elapsed() < LIMIT {
        assert_eq!(read(), ErrorKind::WouldBlock);
    }
    tell.send(()).expect("the server");
    while read() != ErrorKind::Interrupted {
        assert!(started.elapsed() < LONG, "no frames");
    }
    drop(stream);
    server.join();
}

/// Frames that are their content, of any length.
struct Bare;

impl Seal for Bare {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        frames.extend(plain);
        Ok(plain.len())
    }

    fn capacity(&self) -> usize {
        1 << 20
    }
}

impl anysocks::protocol::Open for Bare {
    fn extent(&self, _: &[u8]) -> Extent {
        Extent::Exactly(1)
    }

    fn open(&mut self, _: &mut [u8]) -> Result<Range<usize>, FrameError> {
        Ok(0..1)
    }
}

/// A peer that reads slowly: a write ends with its timeout, and so does a flush. Nothing is lost.
#[test]
fn of_writes() {
    const CODE: u8 = 0xC1;
    let payload = payload(1 << 19);
    let request = [client(Speaks::Socks5.request(1, TARGET)), granted(Speaks::Socks5.granted(BOUND))];
    let (tell, told) = channel();
    let server = Server::start([short::lines(CODE), request.to_vec()].concat(), move |mut client| {
        SockRef::from(client).set_recv_buffer_size(8192).expect("a buffer");
        let (mut heard, mut buf) = (Vec::new(), [0; 8192]);
        while told.try_recv().is_err() {
            let n = client.read(&mut buf).expect("the client's bytes");
            heard.extend_from_slice(&buf[..n]);
            thread::sleep(LIMIT / 5);
        }
        client.read_to_end(&mut heard).expect("the client's bytes");
        heard
    });
    let auth = short::auth(CODE, || Encapsulation::new(Bare, Bare).into());
    let proxy = server.proxy().auth(auth).expect("SOCKS5");
    let mut stream: Socks5Stream = Socks5Stream::connect(&proxy, TARGET).expect("a tunnel");
    SockRef::from(stream.get_ref()).set_send_buffer_size(8192).expect("a buffer");
    stream.get_ref().set_write_timeout(Some(LIMIT)).expect("a timeout");
    let started = Instant::now();
    assert_eq!(stream.write(&payload).expect("a frame"), payload.len());
    assert_on_time(started, LIMIT);
    let started = Instant::now();
    let error = stream.flush().expect_err("a timeout");
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error:?}");
    assert_on_time(started, LIMIT);
    tell.send(()).expect("the server");
    stream.get_ref().set_write_timeout(None).expect("no timeout");
    stream.flush().expect("an open stream");
    drop(stream);
    assert!(server.join() == payload, "other bytes");
}
