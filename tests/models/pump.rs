//! An encapsulated stream that one thread or task reads and another one writes, over a connection
//! with small buffers: neither waits for the other without end. shuttle chooses the order of
//! events.

#[path = "../corpus/properties/numbered.rs"]
mod numbered;

use anysocks::blocking::Blocking;
use anysocks::futures::Futures;
use anysocks::protocol::{Conversation, Established, Scratch, Socks5, Step};
use anysocks::{SocksStream, Split, V5};
use futures_io::{AsyncRead, AsyncWrite};
use numbered::{CODE, Layer, sealed};
use shuttle::future::block_on;
use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::thread;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const LAYER: Layer = Layer { key: 0x5A, capacity: 5, empty: 0 };
const MESSAGE: &[u8] = b"more than the buffers hold";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
/// Of each buffer. A frame has up to 9 bytes.
const CAPACITY: usize = 7;
const RUNS: usize = 1000;

/// One direction. As in a runtime, there is one waker for each side.
#[derive(Default)]
struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    is_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn poll_read(&self, waker: Option<&Waker>, buf: &mut [u8]) -> Poll<usize> {
        let mut state = self.state.lock().expect("no panic");
        let n = buf.len().min(state.bytes.len());
        if n == 0 && !state.is_closed {
            state.reader = waker.cloned();
            return Poll::Pending;
        }
        for (to, from) in buf.iter_mut().zip(state.bytes.drain(..n)) {
            *to = from;
        }
        let writer = state.writer.take();
        drop(state);
        self.changed.notify_all();
        writer.into_iter().for_each(Waker::wake);
        Poll::Ready(n)
    }

    fn poll_write(&self, waker: Option<&Waker>, buf: &[u8]) -> Poll<usize> {
        let mut state = self.state.lock().expect("no panic");
        let n = buf.len().min(CAPACITY - state.bytes.len());
        if n == 0 {
            state.writer = waker.cloned();
            return Poll::Pending;
        }
        state.bytes.extend(&buf[..n]);
        let reader = state.reader.take();
        drop(state);
        self.changed.notify_all();
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(n)
    }

    fn read(&self, buf: &mut [u8]) -> usize {
        self.wait(|state| !state.bytes.is_empty() || state.is_closed, || self.poll_read(None, buf))
    }

    fn write(&self, buf: &[u8]) -> usize {
        self.wait(|state| state.bytes.len() < CAPACITY, || self.poll_write(None, buf))
    }

    fn wait(&self, is_ready: fn(&State) -> bool, mut poll: impl FnMut() -> Poll<usize>) -> usize {
        loop {
            if let Poll::Ready(n) = poll() {
                return n;
            }
            let mut state = self.state.lock().expect("no panic");
            while !is_ready(&state) {
                state = self.changed.wait(state).expect("no panic");
            }
        }
    }

    fn close(&self) {
        self.state.lock().expect("no panic").is_closed = true;
        self.changed.notify_all();
    }
}

/// The client's end of a connection.
#[derive(Clone, Default)]
struct Link {
    to_proxy: Arc<Pipe>,
    from_proxy: Arc<Pipe>,
}

impl Link {
    /// Sends back what it gets. Both directions have frames of the same kind.
    fn echo(self) {
        let mut buf = [0; 3];
        loop {
            let n = self.to_proxy.read(&mut buf);
            if n == 0 {
                return;
            }
            let mut rest = &buf[..n];
            while !rest.is_empty() {
                rest = &rest[self.from_proxy.write(rest)..];
            }
        }
    }
}

impl Read for &Link {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.from_proxy.read(buf))
    }
}

impl Write for &Link {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(self.to_proxy.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Link {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.from_proxy.poll_read(Some(cx.waker()), buf).map(Ok)
    }
}

impl AsyncWrite for Link {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.to_proxy.poll_write(Some(cx.waker()), buf).map(Ok)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Split for Link {
    type Read = Self;
    type Write = Self;

    fn split(self) -> io::Result<(Self, Self)> {
        Ok((self.clone(), self))
    }
}

/// The outcome of a handshake whose METHOD has negotiated the encapsulation. Request and reply have
/// two frames each, so the next ones have the same number.
fn established() -> Established {
    let auth = LAYER.auth();
    let mut request =
        Socks5::connect(&auth, "192.0.2.1:80".try_into().expect("a target")).expect("a request");
    let mut wire = VecDeque::from([&[5, CODE][..], &sealed(LAYER, REPLY)].concat());
    loop {
        let moved = match request.step(&mut Scratch::new()) {
            Step::Write(bytes) => bytes.len(),
            Step::Read(room) => {
                let n = room.len().min(wire.len());
                for (to, from) in room.iter_mut().zip(wire.drain(..n)) {
                    *to = from;
                }
                n
            }
            Step::Done(established) => return established,
        };
        request.advance(moved).expect("a grant");
    }
}

#[test]
fn by_two_threads() {
    let run = || {
        let link = Link::default();
        let stream = Arc::new(SocksStream::<_, V5, Blocking>::new(link.clone(), established()));
        let echo = thread::spawn({
            let link = link.clone();
            move || link.echo()
        });
        let writer = thread::spawn({
            let stream = Arc::clone(&stream);
            move || {
                for part in MESSAGE.chunks(6) {
                    (&*stream).write_all(part).expect("an open stream");
                }
                (&*stream).flush().expect("an open stream");
            }
        });
        let mut echoed = vec![0; MESSAGE.len()];
        (&*stream).read_exact(&mut echoed).expect("an echo");
        assert_eq!(echoed, MESSAGE);
        writer.join().expect("no panic");
        link.to_proxy.close();
        echo.join().expect("no panic");
    };
    shuttle::check_random(run, RUNS);
    shuttle::check_pct(run, RUNS, 3);
}

#[test]
fn by_two_tasks() {
    let run = || {
        let link = Link::default();
        let stream = SocksStream::<_, V5, Futures>::new(link.clone(), established());
        let (mut read, mut write) = stream.into_split().expect("two halves");
        let echo = thread::spawn({
            let link = link.clone();
            move || link.echo()
        });
        let writer = thread::spawn(move || {
            let mut rest = MESSAGE;
            while !rest.is_empty() {
                let part = &rest[..rest.len().min(6)];
                let n = block_on(poll_fn(|cx| Pin::new(&mut write).poll_write(cx, part)));
                rest = &rest[n.expect("an open stream")..];
            }
            block_on(poll_fn(|cx| Pin::new(&mut write).poll_flush(cx))).expect("an open stream");
            write
        });
        let mut echoed = Vec::<u8>::new();
        while echoed.len() < MESSAGE.len() {
            let mut buf = [0; 4];
            let n = block_on(poll_fn(|cx| Pin::new(&mut read).poll_read(cx, &mut buf)));
            echoed.extend(&buf[..n.expect("an echo")]);
        }
        assert_eq!(echoed, MESSAGE);
        drop(writer.join());
        link.to_proxy.close();
        echo.join().expect("no panic");
    };
    shuttle::check_random(run, RUNS);
    shuttle::check_pct(run, RUNS, 3);
}
