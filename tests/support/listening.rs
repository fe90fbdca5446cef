//! Listeners over a stream in memory: BIND behind the same few calls on every driver.

use super::blocked::{self, Executor, Tunnel};
use super::dialogue::Asked;
use super::drivers::would_block;
use super::script::Script;
use anysocks::{Address, Error, SocksListener, SocksStream, Version, blocking};
use std::task::Poll;

/// The outcome of a BIND.
pub(crate) type Bound = Result<Box<dyn Listening>, Error>;

/// A listener of some driver.
pub(crate) trait Listening {
    fn bound(&self) -> &Address;
    fn raw_bound(&self) -> &Address;

    /// Waits for the peer to the end.
    fn accept(&mut self) -> Accepted;

    /// Starts or resumes the wait, and cancels it as soon as it would block: drops the future, or
    /// returns.
    fn accept_once(&mut self) -> Poll<Accepted>;
}

pub(crate) type Accepted = Result<Accept, Error>;

/// The outcome of the second reply.
pub(crate) struct Accept {
    pub(crate) peer: Address,
    /// `bound_addr` of the stream.
    pub(crate) bound: Address,
    pub(crate) stream: Box<dyn Tunnel>,
}

impl Accept {
    pub(crate) fn of<S, V, F, T: Tunnel + 'static>(
        accepted: (SocksStream<S, V, F>, Address),
        blocked: impl FnOnce(SocksStream<S, V, F>) -> T,
    ) -> Self {
        let (stream, peer) = accepted;
        Self { peer, bound: stream.bound_addr().clone(), stream: Box::new(blocked(stream)) }
    }
}

pub(super) fn on_blocking<V: Version>(stream: Script, asked: &Asked<V>) -> Bound {
    let peer = asked.target.borrowed();
    Ok(Box::new(SocksListener::<_, V, blocking::Blocking>::handshake(stream, &asked.auth, peer)?))
}

impl<V: Version> Listening for SocksListener<Script, V, blocking::Blocking> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        self.accept().map(|accepted| Accept::of(accepted, |stream| stream))
    }

    fn accept_once(&mut self) -> Poll<Accepted> {
        match Listening::accept(self) {
            Err(error) if would_block(&error) => Poll::Pending,
            accepted => Poll::Ready(accepted),
        }
    }
}

/// The listeners of a front end whose streams `$blocked` makes blocking.
#[cfg(any(feature = "tokio", feature = "futures-io"))]
macro_rules! listening {
    ($on:ident, $front:ty, $blocked:expr) => {
        pub(super) fn $on<V: Version>(stream: Script, asked: &Asked<V>) -> Bound {
            let peer = asked.target.borrowed();
            let listener = SocksListener::<_, V, $front>::handshake(stream, &asked.auth, peer);
            Ok(Box::new(blocked::Patient::run(listener)?))
        }

        impl<V: Version> Listening for SocksListener<Script, V, $front> {
            fn bound(&self) -> &Address {
                self.bound_addr()
            }

            fn raw_bound(&self) -> &Address {
                self.raw_bound_addr()
            }

            fn accept(&mut self) -> Accepted {
                Ok(Accept::of(blocked::Patient::run(self.accept())?, $blocked))
            }

            fn accept_once(&mut self) -> Poll<Accepted> {
                blocked::once(self.accept()).map_ok(|accepted| Accept::of(accepted, $blocked))
            }
        }
    };
}

#[cfg(feature = "tokio")]
listening!(on_tokio, anysocks::tokio::Tokio, blocked::TokioStream::<_, blocked::Patient>::new);
#[cfg(feature = "futures-io")]
listening!(on_futures, anysocks::futures::Futures, blocked::FuturesStream::<_, blocked::Patient>::new);
