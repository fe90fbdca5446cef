//! The stream that a handshake results in.

pub(crate) mod driver;
pub(crate) mod encapsulated;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub(crate) mod fairness;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub(crate) mod handshake;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod pumps;
pub(crate) mod split;

use crate::protocol::address::Address;
use crate::protocol::established::Established;
use crate::protocol::frames::{CallLimit, Frames, Incoming, Outgoing};
use crate::protocol::negotiated::{Negotiated, Session};
use encapsulated::Encapsulated;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

/// A stream to a target through a proxy.
///
/// Programs use the aliases of a front end: `Socks5Stream`, `Socks4Stream` and `AnyStream`, such
/// as [`blocking::Socks5Stream`](crate::blocking::Socks5Stream).
///
/// `S` is the inner stream. `V` is the version of SOCKS: [`V4`](crate::V4), [`V5`](crate::V5) or
/// [`AnyVersion`](crate::AnyVersion). `F` is the front end.
///
/// Reads and writes, vectored ones included, go directly to the inner stream.
/// [`into_inner`](Self::into_inner) returns it, with nothing read ahead.
///
/// # Encapsulation
///
/// If a custom [`Method`](crate::protocol::Method) has negotiated an encapsulation, the bytes pass
/// through it ([`is_encapsulated`](Self::is_encapsulated)). Then:
///
/// - Call `flush` after the last write, as with TLS. A write seals one frame and tries to send it.
///   The rest is sent by the next write, flush or read. On tokio, a read by a split read half does
///   not send it.
/// - Frames are read ahead of the application, up to 64 KiB in one read.
/// - On the blocking front end, the socket's read timeout applies to a whole read, also while
///   frames without content arrive. A frame that is only partly there is kept for the next read.
///   On Windows and over a wrapped stream, a read may take up to twice the timeout.
/// - Over a stream of the caller, each read of the inner stream has its own timeout, so frames
///   without content can prolong a read: [`with_timeouts_of`](Self::with_timeouts_of) sets a
///   limit.
/// - On Unix, a read of a non-blocking socket fails with
///   [`Interrupted`](std::io::ErrorKind::Interrupted) if frames without content do not end.
/// - A frame that can't be sealed or opened is an error of the kind
///   [`InvalidData`](std::io::ErrorKind::InvalidData), with an [`Error`](crate::Error) of
///   [`Stage::Tunnel`](crate::Stage::Tunnel) inside. That direction then fails with each call.
/// - The inner stream carries frames. [`get_ref`](Self::get_ref), [`get_mut`](Self::get_mut) and
///   the descriptor (`AsFd`, `AsSocket`) give access to these, not to the application's bytes.
pub struct SocksStream<S, V, F> {
    pub(crate) inner: S,
    pub(crate) bound: Address,
    pub(crate) shared: Option<Arc<Shared>>,
    pub(crate) marker: PhantomData<fn() -> (V, F)>,
}

/// What was negotiated for a stream, as its halves share it. Each direction has its own lock, held
/// for the time of one call: two threads may read and write at once.
pub(crate) struct Shared {
    frames: Option<(Mutex<Incoming>, Mutex<Outgoing>)>,
    sessions: Vec<Session>,
    /// The time limit of each call, on the blocking front end.
    call_limit: OnceLock<Box<dyn CallLimit>>,
}

impl Shared {
    pub(crate) fn incoming(&self) -> Option<MutexGuard<'_, Incoming>> {
        let (incoming, _) = self.frames.as_ref()?;
        Some(incoming.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn outgoing(&self) -> Option<MutexGuard<'_, Outgoing>> {
        let (_, outgoing) = self.frames.as_ref()?;
        Some(outgoing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn call_limit(&self) -> Option<&dyn CallLimit> {
        self.call_limit.get().map(|limit| &**limit)
    }

    /// Sets the time limit of each call, unless it has one.
    pub(crate) fn set_call_limit(&self, limit: Box<dyn CallLimit>) {
        let _ = self.call_limit.set(limit);
    }

    /// Returns both pumps; the second only if no other task or thread is writing.
    pub(crate) fn pumps(&self) -> Option<Pumps<'_>> {
        let incoming = self.incoming()?;
        let (_, outgoing) = self.frames.as_ref()?;
        let outgoing = match outgoing.try_lock() {
            Ok(outgoing) => Some(outgoing),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        Some((incoming, outgoing))
    }
}

/// The pump of what comes from a stream, and that of what goes to it.
pub(crate) type Pumps<'a> = (MutexGuard<'a, Incoming>, Option<MutexGuard<'a, Outgoing>>);

impl From<Negotiated> for Shared {
    fn from(mut negotiated: Negotiated) -> Self {
        let mut call_limit = None;
        let frames = negotiated.take_frames().map(|mut frames| {
            frames.enter_tunnel();
            call_limit = frames.call_limit;
            (frames.incoming.into(), frames.outgoing.into())
        });
        let call_limit = call_limit.map_or_else(OnceLock::new, OnceLock::from);
        Self { frames, sessions: negotiated.sessions, call_limit }
    }
}

impl<S, V, F> SocksStream<S, V, F> {
    /// Makes a stream of the inner stream and the outcome of a handshake over it.
    ///
    /// The front ends call this. It is public for custom drivers.
    #[must_use]
    pub fn new(inner: S, established: Established) -> Self {
        let shared = established.negotiated.map(|negotiated| Arc::new(Shared::from(*negotiated)));
        Self { inner, bound: established.bound, shared, marker: PhantomData }
    }

    /// Returns the address from which the proxy connects to the target, as the proxy reports it.
    ///
    /// It is BND.ADDR and BND.PORT of the reply (RFC 1928 §6). Many proxies report `0.0.0.0:0`.
    ///
    /// Do not depend on it to use the stream. A few proxies report a name, for which
    /// [`Address::socket_addr`] is `None`: that page says what to do.
    pub const fn bound_addr(&self) -> &Address {
        &self.bound
    }

    /// Returns whether the bytes pass through an encapsulation that a custom METHOD has negotiated.
    ///
    /// In a chain, one encapsulation at any proxy is enough.
    pub fn is_encapsulated(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.frames.is_some())
    }

    /// Returns the value of type `T` that a METHOD made for the user of this connection, such as
    /// `socks5a::Session`.
    ///
    /// Returns `None` if the METHOD made no value, or one of another type. If several METHODs of a
    /// chain made a value of this type, it is that of the last proxy. Both halves of a
    /// [split](crate::Split) stream return it.
    ///
    /// ```
    /// use anysocks::blocking::Socks5Stream;
    ///
    /// /// The value that the METHOD makes, by `Negotiated::session`.
    /// struct Principal(String);
    ///
    /// fn principal(stream: &Socks5Stream) -> Option<&str> {
    ///     stream.session::<Principal>().map(|principal| &*principal.0)
    /// }
    /// ```
    #[must_use]
    pub fn session<T: Any>(&self) -> Option<&T> {
        self.shared.as_ref()?.sessions.iter().find_map(|session| session.downcast_ref())
    }

    /// Returns the inner stream, for its addresses and options.
    ///
    /// If this stream [is encapsulated](Self::is_encapsulated), the inner one carries frames. A
    /// read or write through the reference breaks this stream, and a write sends plain text.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner stream, for its options.
    ///
    /// If this stream [is encapsulated](Self::is_encapsulated), the inner one carries frames. A
    /// read or write through the reference breaks this stream, and a write sends plain text.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner stream. The next byte to be read from it is the next one from the target.
    ///
    /// # Errors
    ///
    /// - [`Encapsulated`]: the stream [is encapsulated](Self::is_encapsulated), so the inner one
    ///   carries frames. The error contains this stream. Without a custom METHOD, this never
    ///   happens.
    pub fn into_inner(self) -> Result<S, Encapsulated<Self>> {
        if self.is_encapsulated() { Err(Encapsulated(self)) } else { Ok(self.inner) }
    }

    /// Returns the inner stream, and the frames that it carries.
    ///
    /// The [`Frames`] may hold bytes that were received and not read, or sealed and not sent.
    /// They are `None` if the stream is not [encapsulated](Self::is_encapsulated).
    ///
    /// # Errors
    ///
    /// - The stream: it is a half of a [split](crate::Split) one that is encapsulated, and the
    ///   other half still exists. Both use the frames.
    pub fn into_parts(self) -> Result<(S, Option<Frames>), Self> {
        if !self.is_encapsulated() {
            return Ok((self.inner, None));
        }
        let Self { inner, bound, shared, marker } = self;
        let shared = match shared.map(Arc::try_unwrap) {
            Some(Ok(shared)) => shared,
            Some(Err(shared)) => return Err(Self { inner, bound, shared: Some(shared), marker }),
            None => return Ok((inner, None)),
        };
        let frames = shared.frames.map(|(incoming, outgoing)| Frames {
            incoming: incoming.into_inner().unwrap_or_else(PoisonError::into_inner),
            outgoing: outgoing.into_inner().unwrap_or_else(PoisonError::into_inner),
            datagrams: None,
            call_limit: None,
        });
        Ok((inner, frames))
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

/// The descriptor of the inner stream.
///
/// If the stream [is encapsulated](SocksStream::is_encapsulated), it carries frames: wait for it
/// and set options, but do not read or write, also not by `splice` or `sendfile`. A stream may have
/// bytes to read while its descriptor is not ready, because frames are read ahead.
#[cfg(unix)]
impl<S: std::os::fd::AsFd, V, F> std::os::fd::AsFd for SocksStream<S, V, F> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// The socket of the inner stream.
///
/// If the stream [is encapsulated](SocksStream::is_encapsulated), it carries frames: wait for it
/// and set options, but do not read or write. A stream may have bytes to read while its socket is
/// not ready, because frames are read ahead.
#[cfg(windows)]
impl<S: std::os::windows::io::AsSocket, V, F> std::os::windows::io::AsSocket for SocksStream<S, V, F> {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.inner.as_socket()
    }
}
