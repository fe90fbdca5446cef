//! The front ends as tables: what runs on one runs on all that are switched on.

use super::blocked::{self, Executor, Tunnel};
use super::dialogue::{Asked, Dialogue, Talk};
use super::listening::{self, Bound};
use super::script::Script;
use anysocks::protocol::Established;
use anysocks::{Address, Error, ErrorKind, Proxy, SocksStream, Version, blocking};
use std::io::{self, Read, Write};
use std::task::Poll;

/// A driver over a stream in memory.
pub(crate) struct Driver {
    pub(crate) name: &'static str,
    /// Holds a conversation to its end.
    pub(crate) converse: fn(&mut Script, &mut Talk<'_>) -> Result<Established, Error>,
    /// Starts or resumes a conversation, and cancels it as soon as it would wait: drops the
    /// future, or returns.
    pub(crate) once: fn(&mut Script, &mut Talk<'_>) -> Poll<Result<Established, Error>>,
    /// Makes a stream of a stream.
    pub(crate) handshake: fn(Script, &Dialogue) -> Opened,
    /// The same of a BIND, up to its first reply.
    pub(crate) bind: fn(Script, &Dialogue) -> Bound,
}

/// BND.ADDR and BND.PORT, and the stream.
pub(crate) type Opened = Result<(Address, Box<dyn Tunnel>), Error>;

/// All drivers that are switched on.
pub(crate) const DRIVERS: &[Driver] = &[
    Driver {
        name: "blocking",
        converse: |stream, talk| {
            loop {
                if let Poll::Ready(done) = blocking_once(stream, talk) {
                    return done;
                }
            }
        },
        once: blocking_once,
        handshake: |stream, dialogue| match dialogue {
            Dialogue::V4(asked) => on_blocking(stream, asked),
            Dialogue::V5(asked) => on_blocking(stream, asked),
        },
        bind: |stream, dialogue| match dialogue {
            Dialogue::V4(asked) => listening::on_blocking(stream, asked),
            Dialogue::V5(asked) => listening::on_blocking(stream, asked),
        },
    },
    #[cfg(feature = "tokio")]
    Driver {
        name: "tokio",
        converse: |stream, talk| blocked::Patient::run(anysocks::tokio::converse(stream, talk)),
        once: |stream, talk| blocked::once(anysocks::tokio::converse(stream, talk)),
        handshake: |stream, dialogue| match dialogue {
            Dialogue::V4(asked) => on_tokio(stream, asked),
            Dialogue::V5(asked) => on_tokio(stream, asked),
        },
        bind: |stream, dialogue| match dialogue {
            Dialogue::V4(asked) => listening::on_tokio(stream, asked),
            Dialogue::V5(asked) => listening::on_tokio(stream, asked),
        },
    },
    #[cfg(feature = "futures-io")]
    Driver {
        name: "futures-io",
        converse: |stream, talk| blocked::Patient::run(anysocks::futures::converse(stream, talk)),
        once: |stream, talk| blocked::once(anysocks::futures::converse(stream, talk)),
        handshake: |stream, dialogue| match dialogue {
            Dialogue::V4(asked) => on_futures(stream, asked),
            Dialogue::V5(asked) => on_futures(stream, asked),
        },
        bind: |stream, dialogue| match dialogue {
            Dialogue::V4(asked) => listening::on_futures(stream, asked),
            Dialogue::V5(asked) => listening::on_futures(stream, asked),
        },
    },
];

fn blocking_once(stream: &mut Script, talk: &mut Talk<'_>) -> Poll<Result<Established, Error>> {
    match blocking::converse(stream, talk) {
        Err(error) if would_block(&error) => Poll::Pending,
        done => Poll::Ready(done),
    }
}

fn on_blocking<V: Version>(stream: Script, asked: &Asked<V>) -> Opened {
    let target = asked.target.borrowed();
    let stream = SocksStream::<_, V, blocking::Blocking>::handshake(stream, &asked.auth, target)?;
    Ok((stream.bound_addr().clone(), Box::new(stream)))
}

#[cfg(feature = "tokio")]
fn on_tokio<V: Version>(stream: Script, asked: &Asked<V>) -> Opened {
    let target = asked.target.borrowed();
    let stream = SocksStream::<_, V, anysocks::tokio::Tokio>::handshake(stream, &asked.auth, target);
    let stream = blocked::Patient::run(stream)?;
    Ok((stream.bound_addr().clone(), Box::new(blocked::TokioStream::<_, blocked::Patient>::new(stream))))
}

#[cfg(feature = "futures-io")]
fn on_futures<V: Version>(stream: Script, asked: &Asked<V>) -> Opened {
    let target = asked.target.borrowed();
    let stream = SocksStream::<_, V, anysocks::futures::Futures>::handshake(stream, &asked.auth, target);
    let stream = blocked::Patient::run(stream)?;
    Ok((stream.bound_addr().clone(), Box::new(blocked::FuturesStream::<_, blocked::Patient>::new(stream))))
}

pub(crate) fn would_block(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::WouldBlock)
}

/// A stream.
pub(crate) type Connected = Result<Box<dyn Tunnel>, Error>;

/// Its two halves.
pub(crate) type Halves = Result<(Box<dyn Read + Send>, Box<dyn Write + Send>), Error>;

/// A front end that dials.
pub(crate) struct FrontEnd {
    pub(crate) name: &'static str,
    pub(crate) connect: fn(&Proxy, &str) -> Connected,
    pub(crate) halves: fn(&Proxy, &str) -> Halves,
}

/// All front ends that dial and are switched on.
pub(crate) const FRONT_ENDS: &[FrontEnd] = &[
    FrontEnd {
        name: "blocking",
        connect: |proxy, target| Ok(Box::new(blocking::Socks5Stream::connect(proxy, target)?)),
        halves: |proxy, target| {
            let (read, write) =
                blocking::Socks5Stream::connect(proxy, target)?.into_split().expect("two halves");
            Ok((Box::new(read), Box::new(write)))
        },
    },
    #[cfg(feature = "tokio")]
    FrontEnd {
        name: "tokio",
        connect: |proxy, target| {
            let stream = blocked::OnTokio::run(anysocks::tokio::Socks5Stream::connect(proxy, target))?;
            Ok(Box::new(blocked::TokioStream::<_, blocked::OnTokio>::new(stream)))
        },
        halves: |proxy, target| {
            let stream = blocked::OnTokio::run(anysocks::tokio::Socks5Stream::connect(proxy, target))?;
            let (read, write) = stream.into_split().expect("two halves");
            Ok((
                Box::new(blocked::TokioStream::<_, blocked::OnTokio>::new(read)),
                Box::new(blocked::TokioStream::<_, blocked::OnTokio>::new(write)),
            ))
        },
    },
    #[cfg(feature = "smol")]
    FrontEnd {
        name: "smol",
        connect: |proxy, target| {
            let stream = blocked::OnAsyncIo::run(anysocks::smol::Socks5Stream::connect(proxy, target))?;
            Ok(Box::new(blocked::FuturesStream::<_, blocked::OnAsyncIo>::new(stream)))
        },
        halves: |proxy, target| {
            let stream = blocked::OnAsyncIo::run(anysocks::smol::Socks5Stream::connect(proxy, target))?;
            let (read, write) = stream.into_split().expect("two halves");
            Ok((
                Box::new(blocked::FuturesStream::<_, blocked::OnAsyncIo>::new(read)),
                Box::new(blocked::FuturesStream::<_, blocked::OnAsyncIo>::new(write)),
            ))
        },
    },
    #[cfg(feature = "async-std")]
    FrontEnd {
        name: "async-std",
        connect: |proxy, target| {
            let stream = blocked::OnAsyncIo::run(anysocks::async_std::Socks5Stream::connect(proxy, target))?;
            Ok(Box::new(blocked::FuturesStream::<_, blocked::OnAsyncIo>::new(stream)))
        },
        halves: |proxy, target| {
            let stream = blocked::OnAsyncIo::run(anysocks::async_std::Socks5Stream::connect(proxy, target))?;
            let (read, write) = stream.into_split().expect("two halves");
            Ok((
                Box::new(blocked::FuturesStream::<_, blocked::OnAsyncIo>::new(read)),
                Box::new(blocked::FuturesStream::<_, blocked::OnAsyncIo>::new(write)),
            ))
        },
    },
];
