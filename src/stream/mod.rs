//! The stream that a handshake results in.

pub(crate) mod driver;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub(crate) mod fairness;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub(crate) mod handshake;
pub(crate) mod split;

use crate::protocol::address::Address;
use crate::protocol::established::Established;
use crate::protocol::frames::{Frames, Incoming, Outgoing};
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A stream to a target through a proxy.
///
/// Programs use the aliases of a front end: `Socks5Stream`, `Socks4Stream` and `AnyStream`, such
/// as [`blocking::Socks5Stream`](crate::blocking::Socks5Stream).
///
/// `S` is the inner stream. `V` is the version of SOCKS: [`V4`](crate::V4), [`V5`](crate::V5) or
/// [`AnyVersion`](crate::AnyVersion). `F` is the front end.
///
/// Reads and writes, vectored ones included, go directly to the inner stream.
/// [`into_inner`](Self::into_inner) returns it, with nothing read ahead. If a METHOD has
/// negotiated an encapsulation, the bytes go through that. Call `flush` then, as with TLS.
pub struct SocksStream<S, V, F> {
    pub(crate) inner: S,
    pub(crate) bound: Address,
    pub(crate) frames: Option<Arc<SharedFrames>>,
    pub(crate) marker: PhantomData<fn() -> (V, F)>,
}

/// The encapsulation of a stream, which its halves share. Each direction has its own lock, held
/// during one call, so that two threads can read and write at the same time.
pub(crate) struct SharedFrames {
    incoming: Mutex<Incoming>,
    outgoing: Mutex<Outgoing>,
}

impl SharedFrames {
    pub(crate) fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, V, F> SocksStream<S, V, F> {
    /// Makes a stream of the inner stream and the outcome of a handshake over it.
    ///
    /// The front ends call this. It is public for custom drivers.
    #[must_use]
    pub fn new(inner: S, established: Established) -> Self {
        let frames = established.frames.map(|frames| {
            let Frames { incoming, outgoing, .. } = *frames;
            Arc::new(SharedFrames { incoming: incoming.into(), outgoing: outgoing.into() })
        });
        Self { inner, bound: established.bound, frames, marker: PhantomData }
    }

    /// Returns the address from which the proxy connects to the target, as the proxy reports it.
    ///
    /// It is BND.ADDR and BND.PORT of the reply (RFC 1928 §6). Many proxies report `0.0.0.0:0`.
    pub const fn bound_addr(&self) -> &Address {
        &self.bound
    }

    /// Returns whether a METHOD has negotiated an encapsulation for the stream.
    pub const fn is_encapsulated(&self) -> bool {
        self.frames.is_some()
    }

    /// Returns a reference to the inner stream.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner stream.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner stream. The next byte that it reads is the target's next byte.
    ///
    /// An [encapsulated](Self::is_encapsulated) inner stream carries frames instead. Bytes that
    /// were opened and not read, or sealed and not sent, are lost.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Returns the inner stream, and the encapsulation of the incoming direction.
    pub(crate) fn reading(&mut self) -> (&mut S, Option<MutexGuard<'_, Incoming>>) {
        (&mut self.inner, self.frames.as_ref().map(|frames| frames.incoming()))
    }

    /// Returns the inner stream, and the encapsulation of the outgoing direction.
    pub(crate) fn writing(&mut self) -> (&mut S, Option<MutexGuard<'_, Outgoing>>) {
        (&mut self.inner, self.frames.as_ref().map(|frames| frames.outgoing()))
    }
}

impl<S: fmt::Debug, V, F> fmt::Debug for SocksStream<S, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksStream")
            .field("inner", &self.inner)
            .field("bound", &self.bound)
            .field("encapsulated", &self.is_encapsulated())
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
impl<S: std::os::fd::AsFd, V, F> std::os::fd::AsFd for SocksStream<S, V, F> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

#[cfg(windows)]
impl<S: std::os::windows::io::AsSocket, V, F> std::os::windows::io::AsSocket for SocksStream<S, V, F> {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.inner.as_socket()
    }
}
