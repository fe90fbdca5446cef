//! The stream that comes of a handshake.

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

/// A stream through a proxy: `S` itself, with what the proxy said.
///
/// `V` is the version of SOCKS, [`V4`](crate::V4), [`V5`](crate::V5) or [`AnyVersion`](crate::AnyVersion), and `F` the front end. Each front end names the
/// three as `Socks4Stream`, `Socks5Stream` and `AnyStream`, and those are what one writes.
///
/// Reading and writing go straight to the inner stream, vectored writes too, and [`into_inner`](Self::into_inner) gives it back with
/// nothing read ahead. Where a METHOD has negotiated an encapsulation, the bytes go through it: flush then, as with TLS.
pub struct SocksStream<S, V, F> {
    pub(crate) inner: S,
    pub(crate) bound: Address,
    pub(crate) frames: Option<Arc<SharedFrames>>,
    pub(crate) marker: PhantomData<fn() -> (V, F)>,
}

/// The pump of an encapsulated stream, as its halves share it. Each direction has its own lock, held for the time of one call:
/// two threads may read and write at once.
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
    /// The stream over which a handshake was held, and what came of it. The front ends do this for you; it is here for a driver of
    /// your own.
    #[must_use]
    pub fn new(inner: S, established: Established) -> Self {
        let frames = established.frames.map(|frames| {
            let Frames { incoming, outgoing, .. } = *frames;
            Arc::new(SharedFrames { incoming: incoming.into(), outgoing: outgoing.into() })
        });
        Self { inner, bound: established.bound, frames, marker: PhantomData }
    }

    /// The address from which the proxy reaches the target, as it says (BND.ADDR and BND.PORT, RFC 1928 §6). Many say `0.0.0.0:0`.
    pub const fn bound_addr(&self) -> &Address {
        &self.bound
    }

    /// Whether the bytes go through an encapsulation that a METHOD has negotiated.
    pub const fn is_encapsulated(&self) -> bool {
        self.frames.is_some()
    }

    /// The inner stream.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner stream.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner stream; the next byte to be read from it is the next from the target.
    ///
    /// Not so where the stream [is encapsulated](Self::is_encapsulated): what flows in it then is frames, and what the pump has opened
    /// and not handed over, or sealed and not sent, is lost with it.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// The inner stream, and the pump of what comes from it.
    pub(crate) fn reading(&mut self) -> (&mut S, Option<MutexGuard<'_, Incoming>>) {
        (&mut self.inner, self.frames.as_ref().map(|frames| frames.incoming()))
    }

    /// The inner stream, and the pump of what goes to it.
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
