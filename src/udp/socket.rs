//! The socket of an association.

use super::association::Association;
use super::batch::{Segmentation, SendBatch};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::address::Address;
use crate::protocol::target::{Host, Target};
use crate::protocol::udp::header::Header;
use crate::proxy::Resolve;
use crate::runtime::{Deadline, no_address, resolve};
use crate::runtime::{Direction, UdpFront};
use socket2::{SockRef, Socket};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

/// How many datagrams that are not for the caller a call that must not wait looks at.
const DROPPED_AT_ONCE: usize = 64;

/// A UDP socket whose datagrams go by way of a SOCKS5 proxy (RFC 1928 §7).
///
/// `F` is the front end; each names this `Socks5UdpSocket`.
///
/// It can be shared: all calls take `&self`, and may be made by several tasks or threads at once. A datagram costs one system call and no
/// allocation; where it comes from a name that is told, or is encapsulated, there is a copy on the heap.
#[doc(alias = "associate")]
pub struct SocksUdpSocket<F: UdpFront> {
    pub(crate) shared: Arc<Shared<F>>,
}

/// What the clones of a socket share.
pub(crate) struct Shared<F: UdpFront> {
    pub(crate) sockets: F::Sockets,
    pub(super) association: Association,
    pub(super) segmentation: Segmentation,
    pub(super) resolve: Resolve,
    pub(super) local: SocketAddr,
}

impl<F: UdpFront> SocksUdpSocket<F> {
    /// Where the relay is, as this socket reaches it.
    #[must_use]
    pub fn relay_addr(&self) -> SocketAddr {
        self.association().relay()
    }

    /// BND.ADDR and BND.PORT of the proxy's reply, as it sent them.
    #[must_use]
    pub fn bound_addr(&self) -> &Address {
        self.association().bound()
    }

    /// The address of this machine from which datagrams go to the relay.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// The peer that was set by `connect`.
    #[must_use]
    pub fn peer(&self) -> Option<Target<'static>> {
        self.association().admission.peer()
    }

    /// Returns how many datagrams came from the relay and were not delivered: those with a header
    /// that is cut short or has an unknown ATYP, fragments that were not put together, forged ones
    /// under an encapsulation, and those from another source than the peer of `connect`.
    ///
    /// Where it grows with each answer on a connected socket, the relay names another source than
    /// the peer. Some relays name the client's own address:
    /// [`Options::any_source`](crate::udp::Options::any_source) is for them.
    ///
    /// # Not counted
    ///
    /// - Datagrams that the system discards: those from other senders than the relay, those for
    ///   which the receive buffer has no room, those with a wrong checksum.
    /// - Datagrams that are lost before they reach this machine.
    /// - Payloads that are longer than the caller's buffer: they are delivered, and cut.
    ///
    /// Where Linux joins up to 64 datagrams ([`recv_batch`](Self::recv_batch)) and does not say
    /// how long each is, they count as one. That happens only if the application switches on other
    /// control messages by the socket's descriptor. None is lost or miscounted when the first
    /// `recv_batch` has the system join them: it waits for calls that are receiving a single
    /// datagram at that moment.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.association().admission.dropped()
    }

    /// The most bytes of payload that a datagram to this target can have: what UDP carries to the relay, less the header and, if there
    /// is one, the encapsulation. The relay itself may take less.
    #[must_use]
    pub fn max_payload(&self, target: &Target<'_>) -> usize {
        self.association().max_payload(target)
    }

    #[doc = include_str!("../docs/udp/try_send_to.md")]
    pub fn try_send_to<'t>(
        &self,
        payload: &[u8],
        target: impl TryInto<Target<'t>, Error: Into<Error>>,
    ) -> io::Result<usize> {
        let target = self.addressed(target)?;
        self.attempt(Direction::Send, |socket| {
            self.association().send(socket, &Header::new(&target), payload)
        })
    }

    #[doc = include_str!("../docs/udp/try_recv_from.md")]
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        for _ in 0..DROPPED_AT_ONCE {
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
        // All that it took may have been dropped, and there may be more.
        self.wake_for_more();
        self.check_now()?;
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Another handle of the same socket, as [`clone`](Clone::clone) makes it: what is set on one is set on all.
    ///
    /// # Errors
    ///
    /// None. The signature is that of the standard library's socket.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    pub(crate) fn association(&self) -> &Association {
        &self.shared.association
    }

    /// One attempt, if it is not known to be in vain.
    pub(crate) fn attempt<T>(
        &self,
        direction: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        if direction == Direction::Receive && self.has_more() {
            // The runtime would ask the socket, which knows nothing of these.
            return attempt(&SockRef::from(self));
        }
        F::attempt(&self.shared.sockets, direction, attempt)
    }

    /// Whether datagrams are here of which the socket knows nothing any more.
    pub(crate) fn has_more(&self) -> bool {
        let inbound = self.association().inbound();
        inbound.is_some_and(|inbound| inbound.lock().unwrap_or_else(PoisonError::into_inner).has_more())
    }

    /// Wakes waiting receivers if there are datagrams that are not in the socket any more.
    pub(crate) fn wake_for_more(&self) {
        if self.has_more() {
            F::wake_for_more(&self.shared.sockets);
        }
    }

    /// Fails if the association has ended, as far as can be said without waiting.
    pub(crate) fn check_now(&self) -> io::Result<()> {
        self.association().check()?;
        let Some(read) = F::read_control(&self.shared.sockets) else { return Ok(()) };
        let end = self.association().control_read(read);
        F::wake_receivers(&self.shared.sockets);
        Err(end)
    }

    pub(crate) fn take_from(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<(usize, Address)>> {
        self.association().receive(socket, buf, |n, source| (n, source.to_address()))
    }

    pub(crate) fn take(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.association().receive(socket, buf, |n, _| n)
    }

    pub(crate) fn send_batch_now(&self, socket: &Socket, batch: &mut SendBatch) -> io::Result<usize> {
        if batch.has_names() && self.shared.resolve == Resolve::Locally {
            return Err(Error::from(Invalid::NameToResolve).into());
        }
        self.association().send_batch(socket, batch, &self.shared.segmentation)
    }

    /// A target that goes to the proxy as it is: not a name that is to be resolved locally.
    pub(crate) fn addressed<'t>(
        &self,
        target: impl TryInto<Target<'t>, Error: Into<Error>>,
    ) -> io::Result<Target<'t>> {
        let target = target.try_into().map_err(Into::into)?;
        if self.resolves_locally(&target) {
            Err(Error::from(Invalid::NameToResolve).into())
        } else {
            Ok(target)
        }
    }

    /// Whether the target is a name that is to be resolved locally.
    pub(crate) fn resolves_locally(&self, target: &Target<'_>) -> bool {
        self.shared.resolve == Resolve::Locally && target.domain().is_some()
    }

    /// The target, looked up if it is a name that is to be resolved locally.
    pub(crate) async fn resolved<'t>(
        &self,
        target: impl TryInto<Target<'t>, Error: Into<Error>>,
        deadline: Deadline,
    ) -> io::Result<Target<'t>> {
        let target = target.try_into().map_err(Into::into)?;
        let (Host::Domain(name), Resolve::Locally) = (target.host(), self.shared.resolve) else {
            return Ok(target);
        };
        let found = resolve::<F>(name.as_str(), target.port(), deadline).await?;
        match found.first() {
            Some(addr) => Ok((addr.ip(), addr.port()).into()),
            None => Err(no_address(name.as_str()).into()),
        }
    }
}

impl<F: UdpFront> Clone for SocksUdpSocket<F> {
    /// Another handle of the same socket. The association lasts as long as any of them.
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<F: UdpFront> fmt::Debug for SocksUdpSocket<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksUdpSocket")
            .field("local", &self.shared.local)
            .field("association", &self.shared.association)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
impl<F: UdpFront> std::os::fd::AsFd for SocksUdpSocket<F> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        F::fd(&self.shared.sockets)
    }
}

#[cfg(windows)]
impl<F: UdpFront> std::os::windows::io::AsSocket for SocksUdpSocket<F> {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        F::handle(&self.shared.sockets)
    }
}
