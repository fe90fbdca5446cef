//! Bytes that are sealed and not flushed: they leave when the caller reads, because the peer may
//! wait for them.

#[cfg(feature = "tokio")]
use crate::support::blocked::OnTokio;
use crate::support::blocked::persist;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use crate::support::blocked::{self, Executor};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::script::{Manner, Script, Stall};
use crate::support::server::Server;
use crate::support::toy::{self, Level};
use anysocks::{Proxy, blocking};
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Result, Write};
use std::net::TcpStream;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;

const TARGET: &str = "a.b:80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
/// One frame.
const WRITE: &[u8] = b"content";

#[test]
fn leave_with_a_read() {
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let lines = toy::connection(Level::Framed, REQUEST, REPLY);
        let banner = toy::sealed(b"a banner of many bytes, each by itself");
        let script = Script::new(&lines, &banner, Manner::default());
        let dialogue = Dialogue::v5(toy::auth(), TARGET);
        let (_, mut stream) = (driver.handshake)(script.clone(), &dialogue).expect("the tunnel");
        script.state().manner = Manner { crumbs: true, stall: Some(Stall::Blocked), ..Manner::default() };
        assert_eq!(persist(|| stream.write(WRITE)).expect("a write"), WRITE.len());
        assert!(script.state().beyond.len() < toy::frame(WRITE).len());
        for _ in 0..20 {
            persist(|| stream.read(&mut [0])).expect("an open stream");
        }
        assert_eq!(script.state().beyond, toy::frame(WRITE));
    }
}

/// A proxy whose target does not read until it is told how many frames there are. Then it reads
/// them all, and answers with one byte.
fn proxy() -> (Server<()>, Proxy, Sender<usize>) {
    let (tell, told): (_, Receiver<usize>) = channel();
    let server = Server::start(toy::connection(Level::Framed, REQUEST, REPLY), move |mut client| {
        let frames = told.recv().expect("a number");
        let mut wire = vec![0; frames * toy::frame(WRITE).len()];
        client.read_exact(&mut wire).expect("all frames");
        assert!(wire.chunks(toy::frame(WRITE).len()).all(|frame| frame == toy::frame(WRITE)));
        client.write_all(&toy::frame(b"!")).expect("a client that listens");
        // Until the client has read it.
        let _ = client.read(&mut [0]);
    });
    let proxy = server.proxy().auth(toy::auth()).expect("SOCKS5");
    (server, proxy, tell)
}

/// Writes until the socket takes no more. Returns the number of frames that were accepted.
fn fill(mut write: impl FnMut(&[u8]) -> Poll<Result<usize>>) -> usize {
    let mut frames = 0;
    while let Poll::Ready(written) = write(WRITE) {
        assert_eq!(written.expect("an open stream"), WRITE.len());
        frames += 1;
    }
    frames
}

#[test]
fn leave_a_full_socket_on_blocking() {
    let (server, proxy, tell) = proxy();
    let mut stream: blocking::Socks5Stream<TcpStream> =
        blocking::Socks5Stream::connect(&proxy, TARGET).expect("the tunnel");
    stream.get_ref().set_nonblocking(true).expect("a socket");
    let frames = fill(|bytes| match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        written => Poll::Ready(written),
    });
    stream.get_ref().set_nonblocking(false).expect("a socket");
    tell.send(frames).expect("the server");
    stream.read_exact(&mut [0]).expect("the answer");
    drop(stream);
    server.join();
}

#[cfg(feature = "tokio")]
#[test]
fn leave_a_full_socket_on_tokio() {
    use tokio::io::{AsyncReadExt, AsyncWrite};
    let (server, proxy, tell) = proxy();
    OnTokio::run(async {
        let mut stream = anysocks::tokio::Socks5Stream::connect(&proxy, TARGET).await.expect("the tunnel");
        // Without the runtime's budget, which would end the writes before the socket is full.
        let frames = fill(|bytes| {
            blocked::once(tokio::task::unconstrained(poll_fn(|cx| {
                Pin::new(&mut stream).poll_write(cx, bytes)
            })))
        });
        tell.send(frames).expect("the server");
        stream.read_exact(&mut [0]).await.expect("the answer");
    });
    server.join();
}

#[cfg(any(feature = "smol", feature = "async-std"))]
fn leave_a_full_socket<S>(connect: impl AsyncFnOnce(&Proxy) -> S)
where
    S: futures_io::AsyncRead + futures_io::AsyncWrite + Unpin,
{
    let (server, proxy, tell) = proxy();
    blocked::OnAsyncIo::run(async {
        let mut stream = connect(&proxy).await;
        let frames = fill(|bytes| blocked::once(poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, bytes))));
        tell.send(frames).expect("the server");
        let n = poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, &mut [0])).await;
        assert_eq!(n.expect("the answer"), 1);
    });
    server.join();
}

#[cfg(feature = "smol")]
#[test]
fn leave_a_full_socket_on_smol() {
    leave_a_full_socket(async |proxy| {
        anysocks::smol::Socks5Stream::connect(proxy, TARGET).await.expect("the tunnel")
    });
}

#[cfg(feature = "async-std")]
#[test]
fn leave_a_full_socket_on_async_std() {
    leave_a_full_socket(async |proxy| {
        anysocks::async_std::Socks5Stream::connect(proxy, TARGET).await.expect("the tunnel")
    });
}

/// tokio wakes one task when a socket can be written to. A task that reads must not take the place
/// of the one that waits in a flush.
#[cfg(feature = "tokio")]
#[test]
fn a_read_leaves_the_socket_to_the_task_that_flushes() {
    use std::time::Duration;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
    let (server, proxy, tell) = proxy();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        // Without the runtime's budget, which would end the writes before the socket is full.
        let stream = anysocks::tokio::Socks5Stream::connect(&proxy, TARGET).await.expect("the tunnel");
        let (mut read, mut write) = tokio::io::split(stream);
        let frames = fill(|bytes| {
            blocked::once(tokio::task::unconstrained(poll_fn(|cx| {
                Pin::new(&mut write).poll_write(cx, bytes)
            })))
        });
        let flushing = tokio::spawn(async move {
            let flushed = write.flush().await;
            (write, flushed)
        });
        // It runs until it waits.
        tokio::task::yield_now().await;
        assert!(!flushing.is_finished());
        let mut buf = [0];
        let once =
            blocked::once(poll_fn(|cx| Pin::new(&mut read).poll_read(cx, &mut ReadBuf::new(&mut buf))));
        assert!(once.is_pending());
        tell.send(frames).expect("the server");
        let flushed = tokio::time::timeout(Duration::from_secs(30), flushing).await;
        let (_write, flushed) = flushed.expect("a flush that ends").expect("a task");
        flushed.expect("an open stream");
        read.read_exact(&mut [0]).await.expect("the answer");
    });
    server.join();
}
