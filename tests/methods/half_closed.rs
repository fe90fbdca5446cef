//! Half-closed tunnels through encapsulations: the target reads the end, and still answers.

#![allow(dead_code, unused_imports, unused_macros, reason = "each set of features uses a part of it")]

use crate::hop::{Hop, chain, connection, server};
use crate::messages::Speaks;
use crate::scene::TARGET;
use crate::support::blocked::{Executor, OnAsyncIo, OnTokio};
use crate::support::case::Case;
use std::io::{Read, Write};

const FIRST: Hop = Hop::Numbered(0xC1);
const SECOND: Hop = Hop::Numbered(0xC2);
const QUESTION: &[u8] = b"a question of several frames";
const ANSWER: &[u8] = b"an answer of several frames, after the end of the question";

/// Opens tunnels of each kind with `$front`, and closes them in one direction.
fn each<T>(connect: impl Fn(anysocks::Chain) -> T, ask: impl Fn(T) -> Vec<u8>) {
    for hops in [&[FIRST][..], &[FIRST, Hop::Plain(Speaks::Socks4)], &[FIRST, SECOND]] {
        let _case = Case::new(format!("{hops:?}"));
        let server = server(hops, connection(hops, TARGET), |wire| {
            let mut heard = Vec::new();
            wire.read_to_end(&mut heard).expect("all, and the end");
            wire.write_all(ANSWER).expect("a client that listens");
            heard
        });
        let answer = ask(connect(chain(hops, server.addr)));
        assert_eq!(server.join(), QUESTION);
        assert_eq!(answer, ANSWER);
    }
}

#[test]
fn blocking() {
    let connect = |chain| anysocks::blocking::Connector::new(chain).connect(TARGET).expect("a tunnel");
    each(connect, |mut stream| {
        stream.write_all(QUESTION).expect("an open stream");
        stream.get_ref().shutdown(std::net::Shutdown::Write).expect("an open stream");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("all, and the end");
        answer
    });
}

#[cfg(feature = "tokio")]
#[test]
fn tokio() {
    use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
    let connect =
        |chain| OnTokio::run(anysocks::tokio::Connector::new(chain).connect(TARGET)).expect("a tunnel");
    each(connect, |mut stream| {
        OnTokio::run(async {
            stream.write_all(QUESTION).await.expect("an open stream");
            stream.shutdown().await.expect("an open stream");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("all, and the end");
            answer
        })
    });
    // Of halves: the end of the write half is that of the direction.
    each(connect, |stream| {
        OnTokio::run(async {
            let (mut read, mut write) = stream.into_split().expect("two halves");
            write.write_all(QUESTION).await.expect("an open stream");
            write.flush().await.expect("an open stream");
            drop(write);
            let mut answer = Vec::new();
            read.read_to_end(&mut answer).await.expect("all, and the end");
            answer
        })
    });
}

macro_rules! half_closed {
    ($front:ident, |$stream:ident| $close:expr) => {
        #[test]
        fn $front() {
            use ::smol::io::{AsyncReadExt, AsyncWriteExt};
            let connect = |chain| {
                OnAsyncIo::run(anysocks::$front::Connector::new(chain).connect(TARGET)).expect("a tunnel")
            };
            each(connect, |mut $stream| {
                OnAsyncIo::run(async {
                    $stream.write_all(QUESTION).await.expect("an open stream");
                    $stream.flush().await.expect("an open stream");
                    $close.expect("an open stream");
                    let mut answer = Vec::new();
                    $stream.read_to_end(&mut answer).await.expect("all, and the end");
                    answer
                })
            });
        }
    };
}

#[cfg(feature = "smol")]
half_closed!(smol, |stream| stream.close().await);
// Its `close` does nothing.
#[cfg(feature = "async-std")]
half_closed!(async_std, |stream| stream.get_ref().shutdown(std::net::Shutdown::Write));
