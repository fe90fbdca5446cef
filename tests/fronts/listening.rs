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

/// The outcome of a BIND.
pub(crate) type Bound = Result<Box<dyn Listening>, Error>;

/// A listener of some front end.
pub(crate) trait Listening {
    fn bound(&self) -> &Address;
    fn raw_bound(&self) -> &Address;
    fn accept(&mut self) -> Accepted;
    fn accept_within(&mut self, limit: Duration) -> Accepted;
}

fn done<T>(done: T) -> T {
    done
}

/// The listeners of a front end over its streams, whose futures `$run` runs, and whose streams
/// `$blocked` makes blocking.
macro_rules! listening {
    ($stream:ty, $front:ty, $run:path, $blocked:expr) => {
        impl<V: Version> Listening for SocksListener<$stream, V, $front> {
            fn bound(&self) -> &Address {
                self.bound_addr()
            }

            fn raw_bound(&self) -> &Address {
                self.raw_bound_addr()
            }

            fn accept(&mut self) -> Accepted {
                Ok(Accept::of($run(self.accept())?, $blocked))
            }

            fn accept_within(&mut self, limit: Duration) -> Accepted {
                Ok(Accept::of($run(self.accept_within(limit))?, $blocked))
            }
        }
    };
}

listening!(std::net::TcpStream, anysocks::blocking::Blocking, done, done);
#[cfg(feature = "tokio")]
listening!(tokio::net::TcpStream, anysocks::tokio::Tokio, OnTokio::run, TokioStream::<_, OnTokio>::new);
#[cfg(feature = "smol")]
listening!(smol::net::TcpStream, anysocks::smol::Smol, OnAsyncIo::run, FuturesStream::<_, OnAsyncIo>::new);
#[cfg(feature = "async-std")]
listening!(
    async_std::net::TcpStream,
    anysocks::async_std::AsyncStd,
    OnAsyncIo::run,
    FuturesStream::<_, OnAsyncIo>::new
);
