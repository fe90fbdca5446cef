//! Listeners over a stream in memory: BIND behind the same few calls on every driver.

use super::blocked::{self, Executor, Tunnel};
use super::dialogue::Asked;
use super::drivers::would_block;
use super::script::Script;
use anysocks::{Address, Error, SocksListener, SocksStream, Version, blocking};
use std::task::Poll;

/// What a proxy that is asked to listen comes to.
pub(crate) type Bound = Result<Box<dyn Listening>, Error>;

/// A listener of some driver.
pub(crate) trait Listening {
    fn bound(&self) -> &Address;
    fn raw_bound(&self) -> &Address;

    /// Waits for the peer to the end.
    fn accept(&mut self) -> Accepted;

    /// Begins or goes on with the wait, and gives up as soon as it would have to wait: drops the future, or returns.
    fn accept_once(&mut self) -> Poll<Accepted>;
}

pub(crate) type Accepted = Result<Accept, Error>;

/// What comes of the second reply.
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

#[cfg(feature = "tokio")]
pub(super) fn on_tokio<V: Version>(stream: Script, asked: &Asked<V>) -> Bound {
    let peer = asked.target.borrowed();
    let listener = SocksListener::<_, V, anysocks::tokio::Tokio>::handshake(stream, &asked.auth, peer);
    Ok(Box::new(blocked::Patient::run(listener)?))
}

#[cfg(feature = "tokio")]
impl<V: Version> Listening for SocksListener<Script, V, anysocks::tokio::Tokio> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        let accepted = blocked::Patient::run(self.accept())?;
        Ok(Accept::of(accepted, blocked::TokioStream::<_, blocked::Patient>::new))
    }

    fn accept_once(&mut self) -> Poll<Accepted> {
        let accepted = |accepted| Accept::of(accepted, blocked::TokioStream::<_, blocked::Patient>::new);
        blocked::once(self.accept()).map_ok(accepted)
    }
}

#[cfg(feature = "futures-io")]
pub(super) fn on_futures<V: Version>(stream: Script, asked: &Asked<V>) -> Bound {
    let peer = asked.target.borrowed();
    let listener = SocksListener::<_, V, anysocks::futures::Futures>::handshake(stream, &asked.auth, peer);
    Ok(Box::new(blocked::Patient::run(listener)?))
}

#[cfg(feature = "futures-io")]
impl<V: Version> Listening for SocksListener<Script, V, anysocks::futures::Futures> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        let accepted = blocked::Patient::run(self.accept())?;
        Ok(Accept::of(accepted, blocked::FuturesStream::<_, blocked::Patient>::new))
    }

    fn accept_once(&mut self) -> Poll<Accepted> {
        let accepted = |accepted| Accept::of(accepted, blocked::FuturesStream::<_, blocked::Patient>::new);
        blocked::once(self.accept()).map_ok(accepted)
    }
}
