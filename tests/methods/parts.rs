//! The inner stream of an encapsulated one is not handed out by mistake, and nothing is lost when
//! both are taken apart.

#![allow(dead_code, unused_imports, unused_macros, reason = "each set of features uses a part of it")]

use crate::hop::{Hop, connection, echo, server};
use crate::scene::TARGET;
use crate::support::blocked::{Executor, OnAsyncIo, OnTokio, Patient, once};
use crate::support::methods::numbered::Side;
use crate::support::methods::{numbered, short};
use crate::support::script::{Manner, Script, Stall, client, proxy};
use anysocks::{Auth, Encapsulated, Stage};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

const CODE: u8 = 0xC1;
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";

fn auth() -> Auth {
    short::auth(CODE, || numbered::negotiated(CODE))
}

/// A proxy up to its reply, with these frames behind it.
fn script(contents: &[&[u8]]) -> (Script, Side) {
    let (mut out, mut back) = (Side::client(CODE), Side::proxy(CODE));
    let request = [client(out.frame(REQUEST)), proxy(Stage::Request, back.frame(REPLY))];
    let lines = [&short::lines(CODE)[..], &request].concat();
    let behind: Vec<u8> = contents.iter().flat_map(|content| back.frame(content)).collect();
    (Script::new(&lines, &behind, Manner::default()), out)
}

fn done<T>(done: T) -> T {
    done
}

/// The tests of `anysocks::$front`, whose futures `$run` runs. `$write` and `$read` are its calls.
macro_rules! parts {
    ($front:ident, $run:path, |$writer:ident| $write:expr, |$reader:ident, $buf:ident| $read:expr) => {
        mod $front {
            use super::*;
            use anysocks::$front::Socks5Stream;

            /// The error gives the stream back, and that goes on.
            #[test]
            fn into_inner() {
                let hops = [Hop::Numbered(CODE)];
                let server = server(&hops, connection(&hops, TARGET), echo);
                let stream = $run(Socks5Stream::connect(&hops[0].proxy(server.addr), TARGET));
                let refused: Encapsulated<_> = stream.expect("a tunnel").into_inner().expect_err("frames");
                assert!(refused.to_string().contains("into_parts"), "{refused}");
                assert_eq!(format!("{refused:?}"), format!("Encapsulated(..): {refused}"));
                let mut $writer = refused.into_stream();
                $write.expect("an open stream");
                let (mut $reader, $buf) = ($writer, &mut [0; 5][..]);
                assert_eq!($read.expect("an echo"), 5);
                assert_eq!($buf, b"hello");
                drop($reader);
                server.join();
            }

            #[test]
            fn into_inner_without_an_encapsulation() {
                let hops = [Hop::Bare(CODE)];
                let server = server(&hops, connection(&hops, TARGET), |_| ());
                let stream = $run(Socks5Stream::connect(&hops[0].proxy(server.addr), TARGET));
                let inner = stream.expect("a tunnel").into_inner().expect("no frames");
                assert_eq!(inner.peer_addr().expect("an address"), server.addr);
                server.join();
                let server = self::server(&hops, connection(&hops, TARGET), |_| ());
                let stream = $run(Socks5Stream::connect(&hops[0].proxy(server.addr), TARGET));
                assert!(stream.expect("a tunnel").into_parts().expect("one handle").1.is_none());
                server.join();
            }

            /// Both halves share the pump: the last one that remains gets it.
            #[test]
            fn of_halves() {
                let hops = [Hop::Numbered(CODE)];
                let server = server(&hops, connection(&hops, TARGET), |_| ());
                let stream = $run(Socks5Stream::connect(&hops[0].proxy(server.addr), TARGET));
                let (read, write) = stream.expect("a tunnel").into_split().expect("two halves");
                let write = write.into_parts().expect_err("shared frames");
                assert!(write.is_encapsulated());
                let read = read.into_inner().expect_err("frames").into_stream();
                drop(write);
                assert!(read.into_parts().expect("the last half").1.is_some());
                server.join();
            }

            /// What was read ahead and not taken, also a part of a frame.
            #[test]
            fn what_was_read_ahead() {
                let (script, mut out) = script(&[b"first", b"second"]);
                let auth = auth();
                let mut $reader =
                    $run(Socks5Stream::handshake(script.clone(), &auth, "a.b:80")).expect("a tunnel");
                let $buf = &mut [0; 2][..];
                assert_eq!($read.expect("a part of a frame"), 2);
                assert_eq!($buf, b"fi");
                assert!(script.state().unread().is_empty());
                let (mut inner, frames) = $reader.into_parts().expect("one handle");
                let mut frames = frames.expect("an encapsulation");
                let mut rest = [0; 64];
                assert_eq!(frames.incoming.take(&mut rest).expect("both frames"), 9);
                assert_eq!(&rest[..9], b"rstsecond");
                assert_eq!(frames.incoming.take(&mut rest).expect("no frame"), 0);
                // The pump goes on with the next number.
                assert_eq!(frames.outgoing.put(b"hello").expect("a frame"), 5);
                std::io::Write::write_all(&mut inner, frames.outgoing.pending()).expect("an open stream");
                assert_eq!(script.state().beyond, out.frame(b"hello"));
            }
        }
    };
}

mod calls {
    pub(super) use smol::io::{AsyncReadExt as FuturesRead, AsyncWriteExt as FuturesWrite};
    pub(super) use std::io::{Read, Write};
    pub(super) use tokio::io::{AsyncReadExt as TokioRead, AsyncWriteExt as TokioWrite};
}

parts!(blocking, done, |stream| calls::Write::write_all(&mut stream, b"hello"), |stream, buf| {
    calls::Read::read(&mut stream, buf)
});
#[cfg(feature = "tokio")]
parts!(
    tokio,
    OnTokio::run,
    |stream| OnTokio::run(calls::TokioWrite::write_all(&mut stream, b"hello")),
    |stream, buf| OnTokio::run(calls::TokioRead::read(&mut stream, buf))
);
#[cfg(feature = "smol")]
parts!(
    smol,
    OnAsyncIo::run,
    |stream| OnAsyncIo::run(calls::FuturesWrite::write_all(&mut stream, b"hello")),
    |stream, buf| OnAsyncIo::run(calls::FuturesRead::read(&mut stream, buf))
);
#[cfg(feature = "async-std")]
parts!(
    async_std,
    OnAsyncIo::run,
    |stream| OnAsyncIo::run(calls::FuturesWrite::write_all(&mut stream, b"hello")),
    |stream, buf| OnAsyncIo::run(calls::FuturesRead::read(&mut stream, buf))
);

/// What is sealed and was not sent.
#[cfg(feature = "futures-io")]
#[test]
fn what_was_not_sent() {
    let (script, mut out) = script(&[]);
    let auth = auth();
    let tunnel = Patient::run(anysocks::futures::Socks5Stream::handshake(script.clone(), &auth, "a.b:80"));
    let mut tunnel = tunnel.expect("a tunnel");
    script.state().manner.stall = Some(Stall::Blocked);
    let written = once(poll_fn(|cx| futures_io::AsyncWrite::poll_write(Pin::new(&mut tunnel), cx, b"hello")));
    assert!(matches!(written, Poll::Ready(Ok(5))), "{written:?}");
    assert!(script.state().beyond.is_empty());
    let (_, frames) = tunnel.into_parts().expect("one handle");
    assert_eq!(frames.expect("an encapsulation").outgoing.pending(), out.frame(b"hello"));
}
