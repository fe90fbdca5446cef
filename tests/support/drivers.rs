//! The front ends as tables: what runs on one runs on all that are switched on.

use super::blocked::{self, Executor, Tunnel};
use super::dialogue::{Dialogue, Talk};
use super::script::Script;
use anysocks::{Address, Error, ErrorKind, Established, Proxy, SocksStream, Version, blocking};
use std::io::{self, Read, Write};
use std::task::Poll;

/// A driver over a stream in memory.
pub(crate) struct Driver {
    pub(crate) name: &'static str,
    /// Holds a conversation to its end.
    pub(crate) converse: fn(&mut Script, &mut Talk<'_>) -> Result<Established, Error>,
    /// Begins or goes on with a conversation and gives up as soon as it would have to wait: drops the future, or returns.
    pub(crate) once: fn(&mut Script, &mut Talk<'_>) -> Poll<Result<Established, Error>>,
    /// Makes a stream of a stream.
    pub(crate) handshake: fn(Script, &Dialogue) -> Opened,
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
            Dialogue::V4(id, target) => {
                Ok(tunnel(blocking::Socks4Stream::handshake(stream, id, target)?, |stream| stream))
            }
            Dialogue::V5(auth, target) => {
                Ok(tunnel(blocking::Socks5Stream::handshake(stream, auth, target)?, |stream| stream))
            }
        },
    },
    #[cfg(feature = "tokio")]
    Driver {
        name: "tokio",
        converse: |stream, talk| blocked::Patient::run(anysocks::tokio::converse(stream, talk)),
        once: |stream, talk| blocked::once(anysocks::tokio::converse(stream, talk)),
        handshake: |stream, dialogue| match dialogue {
            Dialogue::V4(id, target) => {
                let stream =
                    blocked::Patient::run(anysocks::tokio::Socks4Stream::handshake(stream, id, target))?;
                Ok(tunnel(stream, blocked::TokioStream::<_, blocked::Patient>::new))
            }
            Dialogue::V5(auth, target) => {
                let stream =
                    blocked::Patient::run(anysocks::tokio::Socks5Stream::handshake(stream, auth, target))?;
                Ok(tunnel(stream, blocked::TokioStream::<_, blocked::Patient>::new))
            }
        },
    },
    #[cfg(feature = "futures-io")]
    Driver {
        name: "futures-io",
        converse: |stream, talk| blocked::Patient::run(anysocks::futures::converse(stream, talk)),
        once: |stream, talk| blocked::once(anysocks::futures::converse(stream, talk)),
        handshake: |stream, dialogue| match dialogue {
            Dialogue::V4(id, target) => {
                let stream =
                    blocked::Patient::run(anysocks::futures::Socks4Stream::handshake(stream, id, target))?;
                Ok(tunnel(stream, blocked::FuturesStream::<_, blocked::Patient>::new))
            }
            Dialogue::V5(auth, target) => {
                let stream =
                    blocked::Patient::run(anysocks::futures::Socks5Stream::handshake(stream, auth, target))?;
                Ok(tunnel(stream, blocked::FuturesStream::<_, blocked::Patient>::new))
            }
        },
    },
];

fn blocking_once(stream: &mut Script, talk: &mut Talk<'_>) -> Poll<Result<Established, Error>> {
    match blocking::converse(stream, talk) {
        Err(error) if would_block(&error) => Poll::Pending,
        done => Poll::Ready(done),
    }
}

fn would_block(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::WouldBlock)
}

fn tunnel<V: Version, F, T: Tunnel + 'static>(
    stream: SocksStream<Script, V, F>,
    blocked: impl FnOnce(SocksStream<Script, V, F>) -> T,
) -> (Address, Box<dyn Tunnel>) {
    (stream.bound_addr().clone(), Box::new(blocked(stream)))
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
