//! Listeners that were dialled, of every front end that dials.

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use crate::support::blocked::Executor;
#[cfg(any(feature = "smol", feature = "async-std"))]
use crate::support::blocked::{FuturesStream, OnAsyncIo};
#[cfg(feature = "tokio")]
use crate::support::blocked::{OnTokio, TokioStream};
use crate::support::listening::{Accept, Accepted};
use anysocks::{Address, Error, SocksListener, Version};
use std::time::Duration;

/// What a proxy that is asked to listen comes to.
pub(crate) type Bound = Result<Box<dyn Listening>, Error>;

/// A listener of some front end.
pub(crate) trait Listening {
    fn bound(&self) -> &Address;
    fn raw_bound(&self) -> &Address;
    fn accept(&mut self) -> Accepted;
    fn accept_within(&mut self, limit: Duration) -> Accepted;
}

impl<V: Version> Listening for SocksListener<std::net::TcpStream, V, anysocks::blocking::Blocking> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        Ok(Accept::of(self.accept()?, |stream| stream))
    }

    fn accept_within(&mut self, limit: Duration) -> Accepted {
        Ok(Accept::of(self.accept_within(limit)?, |stream| stream))
    }
}

#[cfg(feature = "tokio")]
impl<V: Version> Listening for SocksListener<tokio::net::TcpStream, V, anysocks::tokio::Tokio> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        Ok(Accept::of(OnTokio::run(self.accept())?, TokioStream::<_, OnTokio>::new))
    }

    fn accept_within(&mut self, limit: Duration) -> Accepted {
        Ok(Accept::of(OnTokio::run(self.accept_within(limit))?, TokioStream::<_, OnTokio>::new))
    }
}

#[cfg(feature = "smol")]
impl<V: Version> Listening for SocksListener<smol::net::TcpStream, V, anysocks::smol::Smol> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        Ok(Accept::of(OnAsyncIo::run(self.accept())?, FuturesStream::<_, OnAsyncIo>::new))
    }

    fn accept_within(&mut self, limit: Duration) -> Accepted {
        Ok(Accept::of(OnAsyncIo::run(self.accept_within(limit))?, FuturesStream::<_, OnAsyncIo>::new))
    }
}

#[cfg(feature = "async-std")]
impl<V: Version> Listening for SocksListener<async_std::net::TcpStream, V, anysocks::async_std::AsyncStd> {
    fn bound(&self) -> &Address {
        self.bound_addr()
    }

    fn raw_bound(&self) -> &Address {
        self.raw_bound_addr()
    }

    fn accept(&mut self) -> Accepted {
        Ok(Accept::of(OnAsyncIo::run(self.accept())?, FuturesStream::<_, OnAsyncIo>::new))
    }

    fn accept_within(&mut self, limit: Duration) -> Accepted {
        Ok(Accept::of(OnAsyncIo::run(self.accept_within(limit))?, FuturesStream::<_, OnAsyncIo>::new))
    }
}
