//! The UDP socket of an association.

use super::association::Association;
use super::batch::{Segmentation, SendBatch};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::address::Address;
use crate::protocol::target::{IntoTarget, Target};
use crate::protocol::udp::header::Header;
use crate::runtime::{Direction, UdpFrontEnd};
use socket2::{SockRef, Socket};
use std::any::Any;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

/// The most datagrams that a non-blocking call drops before it returns.
const MAX_DROPPED_PER_CALL: usize = 64;

/// A UDP socket that sends and receives through SOCKS5 proxies (UDP ASSOCIATE, RFC 1928 §7).
///
/// Use it like a `UdpSocket`, for DNS, QUIC, games or any other protocol over UDP. `associate`
/// requests the association and returns the socket; `send_to` and `recv_from` take and return the
/// addresses of the remote hosts, not of the relay. Through a [`Chain`](crate::Chain), a connector
/// [associates](crate::Connector::associate) with each proxy.
///
/// ```no_run
/// use anysocks::Proxy;
/// use anysocks::blocking::Socks5UdpSocket;
/// use std::time::Duration;
///
/// let proxy = Proxy::socks5("proxy.example:1080")?.password("user", "p@ss")?;
/// let socket = Socks5UdpSocket::associate(&proxy)?;
/// socket.set_read_timeout(Some(Duration::from_secs(5)))?;
/// socket.connect("dns.example:53")?;
/// socket.send(b"question")?;
/// let mut answer = [0; 1500];
/// let len = socket.recv(&mut answer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `F` is the front end: each front end has an alias `Socks5UdpSocket` with its own.
///
/// A receiving call has no timeout by default. On the blocking front end, `set_read_timeout` sets
/// one. On the other front ends, use the runtime's, such as `tokio::time::timeout`.
///
/// The socket can be shared: all calls take `&self`, and several tasks or threads can make them at
/// once. Clones are handles of the same socket. The association ends when the last of them is
/// dropped.
///
/// A datagram costs one system call and no allocation. A source that is a name costs a copy on the
/// heap. A received datagram of a chain and an encapsulated datagram cost a copy in a buffer of the
/// socket.
///
/// # Limits
///
/// - Datagrams can be lost, duplicated and reordered, as over plain UDP.
/// - Datagrams that never arrive, in either direction, often mean a relay at an address that only
///   the proxy's own network knows: see [`Relay::ProxyAddress`](crate::udp::Relay::ProxyAddress).
/// - The system delivers only datagrams from the relay. The relay names the source of each, and
///   nothing verifies that name.
/// - [`max_payload`](Self::max_payload) is the longest payload. The relay may accept less.
/// - The socket keeps the TCP connection of the association open, in a chain that of each proxy.
///   When a proxy closes it, the association ends, and the socket can't be used again.
///
/// # Cancel safety
///
/// On the asynchronous front ends, a cancelled call has sent nothing, and no received datagram is
/// lost. The exception is [`send_fragmented`](Self::send_fragmented).
///
/// # Errors
///
/// - [`ErrorKind::AssociationEnded`](crate::ErrorKind::AssociationEnded): the association has
///   ended. Its I/O kind is [`ConnectionAborted`](io::ErrorKind::ConnectionAborted). In a chain,
///   [`Error::hop`](crate::Error::hop) is the number of the proxy that ended it.
/// - [`Invalid`](crate::ErrorKind::Invalid): a mistake in the arguments; nothing was sent.
/// - An error of the system, such as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused): the
///   relay refused an earlier datagram. The socket can still be used.
///
/// The calls return an [`io::Error`]. An error of this crate is inside:
///
/// ```
/// use anysocks::ErrorKind;
///
/// fn has_ended(error: &std::io::Error) -> bool {
///     let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<anysocks::Error>());
///     inner.is_some_and(|error| matches!(error.kind(), ErrorKind::AssociationEnded(_)))
/// }
/// ```
///
/// Dropped datagrams are not errors: [`dropped`](Self::dropped) counts them.
#[doc(alias = "associate")]
#[doc(alias = "Socks5Datagram")]
#[doc(alias = "SocksDatagram")]
#[doc(alias = "dns")]
#[doc(alias = "quic")]
pub struct SocksUdpSocket<F: UdpFrontEnd> {
    pub(crate) shared: Arc<Shared<F>>,
}

/// The state that the clones of a socket share.
pub(crate) struct Shared<F: UdpFrontEnd> {
    pub(crate) sockets: F::Sockets,
    pub(super) association: Association,
    pub(super) segmentation: Segmentation,
    pub(super) local: SocketAddr,
}

impl<F: UdpFrontEnd> SocksUdpSocket<F> {
    /// Returns the address of the relay to which this socket sends: in a chain, that of the first
    /// proxy.
    #[must_use]
    pub fn relay_addr(&self) -> SocketAddr {
        self.association().relay()
    }

    /// Returns BND.ADDR and BND.PORT of the proxy's reply, as the proxy sent them. In a chain, they
    /// are those of the last proxy.
    #[doc(alias = "proxy_addr")]
    #[must_use]
    pub fn bound_addr(&self) -> &Address {
        self.association().bound()
    }

    /// Returns the local address from which datagrams are sent to the relay, in a chain the first.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// Returns the value of type `T` that a custom METHOD made for the user of this association.
    ///
    /// Returns `None` if the METHOD made no value, or one of another type. In a chain, the value is
    /// that of the last proxy that has made one.
    /// [`Negotiated::session`](crate::protocol::Negotiated::session) makes it.
    #[must_use]
    pub fn session<T: Any>(&self) -> Option<&T> {
        self.association().negotiated()?.sessions.iter().find_map(|session| session.downcast_ref())
    }

    /// Returns the peer that `connect` has set.
    #[must_use]
    pub fn peer(&self) -> Option<Target<'static>> {
        self.association().admission.peer()
    }

    /// Returns the number of datagrams from the relay that were dropped.
    ///
    /// These are:
    ///
    /// - datagrams with a truncated header or an unknown ATYP,
    /// - fragments that were not reassembled,
    /// - datagrams that an encapsulation could not open, such as forged ones (datagrams without
    ///   content are not counted),
    /// - datagrams from another source than the peer of `connect`,
    /// - in a chain, those with another source than the next relay in one of the outer headers.
    ///
    /// If the number grows with each answer on a connected socket, the relay names another source
    /// than the peer. Some relays name the client's own address:
    /// [`Options::any_source`](crate::udp::Options::any_source) accepts their datagrams.
    ///
    /// # Not counted
    ///
    /// - Datagrams that the system discards: from other senders than the relay, beyond the receive
    ///   buffer, or with a wrong checksum.
    /// - Datagrams that are lost before they reach this machine.
    /// - Payloads that are longer than the caller's buffer: they are truncated and delivered.
    ///
    /// On Linux, up to 64 datagrams that the system has coalesced
    /// ([`recv_batch`](Self::recv_batch)) count as one if their lengths are unknown. That happens
    /// only if the application enables other control messages by the socket's descriptor. No
    /// datagram is lost or miscounted when the first `recv_batch` enables coalescing: it waits for
    /// calls that are receiving a single datagram.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.association().admission.dropped()
    }

    /// Returns the longest payload, in bytes, of a datagram to this target.
    ///
    /// It is the limit of UDP, less the header and the encapsulation, if there is one. In a chain,
    /// these are subtracted for each proxy. The relays may accept less, and so may the networks
    /// between them.
    #[must_use]
    pub fn max_payload(&self, target: &Target<'_>) -> usize {
        self.association().max_payload(target)
    }

    /// Returns the number of bytes that an in-place call needs in front of a payload.
    ///
    /// It is [`HEADROOM`](crate::udp::HEADROOM) for a single proxy. In a [`Chain`](crate::Chain), it
    /// is longer by the headers with the addresses of the later relays.
    ///
    /// ```no_run
    /// # fn example(socket: &anysocks::blocking::Socks5UdpSocket) -> std::io::Result<()> {
    /// let mut buf = vec![0; socket.headroom()];
    /// buf.extend(b"question");
    /// socket.send_in_place(&mut buf, "dns.example:53")?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn headroom(&self) -> usize {
        self.association().headroom()
    }

    #[doc = include_str!("../docs/udp/try_send_to.md")]
    pub fn try_send_to<'t>(&self, payload: &[u8], target: impl IntoTarget<'t>) -> io::Result<usize> {
        let target = self.addressed(target)?;
        self.attempt(Direction::Send, |socket| {
            self.association().send(socket, &Header::new(&target)?, payload)
        })
    }

    #[doc = include_str!("../docs/udp/try_recv_from.md")]
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        for _ in 0..MAX_DROPPED_PER_CALL {
            match self.attempt(Direction::Receive, |socket| self.take_from(socket, buf)) {
                Ok(Some(received)) => {
                    self.wake_for_more();
                    return Ok(received);
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        // This call may have dropped all that it took, and others may be buffered.
        self.wake_for_more();
        self.check_now()?;
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Returns another handle of the same socket, like [`clone`](Clone::clone). They share all
    /// settings.
    ///
    /// # Errors
    ///
    /// None. The signature is that of [`std::net::UdpSocket::try_clone`].
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    pub(crate) fn association(&self) -> &Association {
        &self.shared.association
    }

    /// Makes one attempt, unless the runtime knows that it would block.
    pub(crate) fn attempt<T>(
        &self,
        direction: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        if direction == Direction::Receive && self.has_more() {
            // The runtime only knows the socket's readiness, not the buffered datagrams.
            return attempt(&SockRef::from(self));
        }
        F::attempt(&self.shared.sockets, direction, attempt)
    }

    /// Returns whether received datagrams are buffered outside the socket.
    pub(crate) fn has_more(&self) -> bool {
        let inbound = self.association().inbound();
        inbound.is_some_and(|inbound| inbound.lock().unwrap_or_else(PoisonError::into_inner).has_more())
    }

    /// Wakes waiting receivers if datagrams are buffered outside the socket.
    pub(crate) fn wake_for_more(&self) {
        if self.has_more() {
            F::wake_for_more(&self.shared.sockets);
        }
    }

    /// Fails if the association has ended. Reads from the TCP connection of each proxy without
    /// waiting.
    pub(crate) fn check_now(&self) -> io::Result<()> {
        self.association().check()?;
        let association = self.association();
        for hop in 0..association.hops() {
            let read = |buf: &mut [u8]| F::read_control(&self.shared.sockets, hop, buf);
            match association.read_control(hop, read) {
                None => {}
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    F::wake_for_more(&self.shared.sockets);
                }
                Some(read) => {
                    let end = association.record_end(hop, read);
                    F::wake_receivers(&self.shared.sockets);
                    return Err(end);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn take_from(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<(usize, Address)>> {
        self.association().receive(socket, buf, |n, source| (n, source.to_address()))
    }

    pub(crate) fn take(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.association().receive(socket, buf, |n, _| n)
    }

    pub(crate) fn send_batch_now(&self, socket: &Socket, batch: &mut SendBatch) -> io::Result<usize> {
        if batch.has_names() && self.association().lookup().is_some() {
            return Err(Error::from(Invalid::NameToResolve).into());
        }
        self.association().send_batch(socket, batch, &self.shared.segmentation)
    }
}

impl<F: UdpFrontEnd> Clone for SocksUdpSocket<F> {
    /// Returns another handle of the same socket. The association ends with the last handle.
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<F: UdpFrontEnd> fmt::Debug for SocksUdpSocket<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksUdpSocket")
            .field("local", &self.shared.local)
            .field("association", &self.shared.association)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
impl<F: UdpFrontEnd> std::os::fd::AsFd for SocksUdpSocket<F> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        F::fd(&self.shared.sockets)
    }
}

#[cfg(windows)]
impl<F: UdpFrontEnd> std::os::windows::io::AsSocket for SocksUdpSocket<F> {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        F::handle(&self.shared.sockets)
    }
}
