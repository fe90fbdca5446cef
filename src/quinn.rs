//! QUIC and HTTP/3 through a SOCKS5 proxy: an association as the socket of a quinn endpoint.
//!
//! [`endpoint`] requests an association and returns an [`Endpoint`] for outgoing connections.
//!
//! ```no_run
//! # async fn example(config: quinn::ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let mut endpoint = anysocks::quinn::endpoint("socks5://127.0.0.1:1080").await?;
//! endpoint.set_default_client_config(config);
//! let connection = endpoint.connect("192.0.2.7:443".parse()?, "example.com")?.await?;
//! # Ok(()) }
//! ```
//!
//! [`Socks5UdpSocket`] implements [`AsyncUdpSocket`]. Create the endpoint from a socket to set its
//! configuration, to use a proxy behind TLS or a chain of proxies
//! ([`Connector::associate`](crate::Connector::associate)), or to get the reason of its end:
//!
//! ```no_run
//! use anysocks::tokio::Socks5UdpSocket;
//! use quinn::{Endpoint, EndpointConfig, TokioRuntime};
//! use std::sync::Arc;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let socket = Socks5UdpSocket::associate("socks5://127.0.0.1:1080").await?;
//! let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
//! let shared = Arc::new(socket.clone());
//! let endpoint = Endpoint::new_with_abstract_socket(config, None, shared, runtime)?;
//! println!("{}", socket.closed().await); // quinn reports a lost endpoint without the reason
//! # Ok(()) }
//! ```
//!
//! # Limits
//!
//! - quinn accepts IP addresses only, so names must be resolved first.
//!   [`Connector::resolve`](crate::Connector::resolve) resolves them: with a `socks5` URL by this
//!   machine's DNS, and with `socks5h` by the proxy, which must be Tor. DNS over
//!   [`Socks5Stream`](crate::tokio::Socks5Stream) works through any proxy.
//! - One endpoint connects to IPv4 and IPv6 servers, whichever family the proxy has. Its
//!   `local_addr` is therefore `[::]`.
//! - Packets have at most 1200 bytes, and there is no ECN: the MTU and the ECN marks of the path
//!   beyond the relay are unknown. Each header adds to the packets on the path to the relay: with
//!   IPv4, 10 bytes for each proxy of a chain.
//! - A connection drops packets from another address than its peer's. Some relays name another
//!   source, such as the client's own address. Set
//!   [`Options::any_source`](crate::udp::Options::any_source) for them. quinn then receives such a
//!   packet once for each of the last 32 peers that it sent to, and the right connection accepts
//!   it. With one peer, this costs nothing.
//!
//! # Errors
//!
//! - [`endpoint`] returns the errors of [`Socks5UdpSocket::associate`].
//! - When the proxy ends the association, the endpoint and all of its connections fail. quinn does
//!   not report the reason; [`closed`](crate::udp::SocksUdpSocket::closed) returns it.
//! - Other errors of the socket count as lost packets.
//!
//! [`Endpoint`]: https://docs.rs/quinn/0.11/quinn/struct.Endpoint.html
//! [`AsyncUdpSocket`]: https://docs.rs/quinn/0.11/quinn/trait.AsyncUdpSocket.html

use crate::error::{Error, Stage};
use crate::protocol::target::Target;
use crate::proxy::into_proxy::IntoProxy;
use crate::runtime::Direction;
use crate::runtime::waiters::{Ticket, Waiters};
use crate::tokio::Socks5UdpSocket;
use crate::tokio::peers::Peers;
use crate::udp::{Header, SendBatch};
use ::quinn::udp::{RecvMeta, Transmit};
use ::quinn::{AsyncUdpSocket, Endpoint, EndpointConfig, TokioRuntime, UdpPoller};
use socket2::Socket;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The most packets of one [`Transmit`].
const MAX_SEGMENTS: usize = 10;

/// The most consecutive system errors that may belong to single datagrams, such as ICMP errors.
/// One more is an error of the socket.
const MAX_DATAGRAM_ERRORS: usize = 16;

/// Requests an association, and returns a quinn endpoint for outgoing connections.
///
/// Call it on a tokio runtime. The association ends when all connections and all clones of the
/// endpoint are dropped.
///
/// # Errors
///
/// - Those of [`Socks5UdpSocket::associate`].
/// - [`Io`](crate::ErrorKind::Io) at [`Stage::Association`]: quinn can't create the endpoint.
#[doc(alias = "quic")]
#[doc(alias = "h3")]
#[doc(alias = "associate")]
pub async fn endpoint<'p>(proxy: impl IntoProxy<'p>) -> Result<Endpoint, Error> {
    let socket = Arc::new(Socks5UdpSocket::associate(proxy).await?);
    Endpoint::new_with_abstract_socket(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime))
        .map_err(|error| Error::io(Stage::Association, error))
}

impl AsyncUdpSocket for Socks5UdpSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller { socket: self, ticket: None })
    }

    /// Sends packets, and returns `WouldBlock` as the only error. Other errors are packet loss.
    ///
    /// On another error, quinn would drop the connection without waking its tasks. `poll_recv`
    /// reports the end of the association.
    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let sent = match transmit.segment_size {
            Some(size) if size < transmit.contents.len() => self.send_segments(transmit, size),
            _ => self.send_packet(transmit),
        };
        sent.or_else(|error| if error.kind() == io::ErrorKind::WouldBlock { Err(error) } else { Ok(()) })
    }

    /// Receives packets, and fails when the association has ended.
    ///
    /// A packet that is longer than its buffer is truncated, which QUIC detects.
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut received = 0;
        for (buf, meta) in bufs.iter_mut().zip(meta) {
            *meta = if let Some(copy) = self.copy(buf) {
                copy
            } else if received == 0 {
                ready!(self.poll_packet(cx, buf))?
            } else {
                match self.attempt(Direction::Receive, |socket| self.receive(socket, buf)) {
                    Ok(Some(more)) => more,
                    // The next call returns an error that persists.
                    Ok(None) | Err(_) => break,
                }
            };
            received += 1;
        }
        Poll::Ready(Ok(received))
    }

    /// Returns the unspecified IPv6 address: with an IPv4 address, quinn would not connect to IPv6
    /// servers.
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok((Ipv6Addr::UNSPECIFIED, self.local_addr().port()).into())
    }

    fn max_transmit_segments(&self) -> usize {
        MAX_SEGMENTS
    }

    /// Returns `true`, which disables MTU discovery.
    fn may_fragment(&self) -> bool {
        true
    }
}

impl Socks5UdpSocket {
    fn send_packet(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let header = Header::new(&target(transmit.destination))?;
        self.record_peer(transmit.destination);
        self.send_with_retry(|socket| self.association().send(socket, &header, transmit.contents))
    }

    /// Sends several packets. After a partial send, quinn sends all of them again, and QUIC
    /// ignores the duplicates.
    fn send_segments(&self, transmit: &Transmit<'_>, size: usize) -> io::Result<()> {
        let target = target(transmit.destination);
        self.record_peer(transmit.destination);
        let mut batch = SendBatch::new();
        for packet in transmit.contents.chunks(size.max(1)) {
            batch.push(packet, target.borrowed())?;
        }
        while !batch.is_empty() {
            self.send_with_retry(|socket| self.send_batch_now(socket, &mut batch))?;
        }
        Ok(())
    }

    /// Sends, and retries once after a system error, which may be that of an earlier datagram.
    fn send_with_retry(&self, mut send: impl FnMut(&Socket) -> io::Result<usize>) -> io::Result<()> {
        let mut send = || self.attempt(Direction::Send, &mut send).map(drop);
        send().or_else(|error| if is_system_error(&error) { send() } else { Err(error) })
    }

    fn poll_packet(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<RecvMeta>> {
        let mut errors = 0..MAX_DATAGRAM_ERRORS;
        let wait = self.polling(Direction::Receive);
        self.poll_attempts(cx, Direction::Receive, wait, |socket| match self.receive(socket, buf) {
            Err(error) if is_system_error(&error) && errors.next().is_some() => Ok(None),
            received => received,
        })
    }

    /// Receives a packet, and drops it if its source is a name.
    ///
    /// quinn drops packets from addresses
    /// that it has not sent to.
    fn receive(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<RecvMeta>> {
        let Some((len, source)) = self.take_from(socket, buf)? else { return Ok(None) };
        let named = source.socket_addr();
        let named = named.map(|addr| SocketAddr::new(mapped(addr.ip()).into(), addr.port()));
        let source = self.peers().map_or(named, |peers| peers.source(named, &buf[..len]));
        if source.is_none() {
            self.association().admission.count_dropped(1);
        }
        Ok(source.map(|source| meta(len, source)))
    }

    /// Copies the last packet, with the address of another peer.
    fn copy(&self, buf: &mut [u8]) -> Option<RecvMeta> {
        self.peers()?.copy(buf).map(|(len, source)| meta(len, source))
    }

    fn record_peer(&self, to: SocketAddr) {
        if let Some(peers) = self.peers() {
            peers.sent(to);
        }
    }

    /// Returns the peers if packets from any source are accepted.
    fn peers(&self) -> Option<&Peers> {
        self.association().admission.any_source.then_some(&self.shared.sockets.udp.peers)
    }
}

fn meta(len: usize, addr: SocketAddr) -> RecvMeta {
    RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None }
}

/// Waits until a connection can send. Each connection has a poller, with its own ticket once it
/// has waited.
#[derive(Debug)]
struct Poller {
    socket: Arc<Socks5UdpSocket>,
    ticket: Option<Ticket<Arc<Waiters>>>,
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, ticket } = &mut *self;
        let waiters = &socket.shared.sockets.bell(Direction::Send).waiters;
        let ticket = ticket.get_or_insert_with(|| Ticket::take(Arc::clone(waiters)));
        socket.poll_ready(Direction::Send, &mut |waker| ticket.wait(waker), cx.waker())
    }
}

/// Returns whether this is an error of the system, and not of this crate, such as the
/// association's end.
fn is_system_error(error: &io::Error) -> bool {
    error.raw_os_error().is_some() && error.kind() != io::ErrorKind::WouldBlock
}

/// Returns the target, with IPv4-mapped addresses converted to IPv4.
fn target(addr: SocketAddr) -> Target<'static> {
    (addr.ip().to_canonical(), addr.port()).into()
}

/// Returns the address as the IPv6 one that quinn uses.
fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

#[cfg(test)]
mod tests;
