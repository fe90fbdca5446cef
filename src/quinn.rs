//! QUIC by way of a SOCKS5 proxy: an association as the socket of quinn's endpoint, and HTTP/3 with it.
//!
//! ```no_run
//! # async fn example(config: quinn::ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let mut endpoint = anysocks::quinn::endpoint("socks5://127.0.0.1:1080").await?;
//! endpoint.set_default_client_config(config);
//! let connection = endpoint.connect("192.0.2.7:443".parse()?, "example.com")?.await?;
//! # Ok(()) }
//! ```
//!
//! Any [`Socks5UdpSocket`] can be the socket of an endpoint: for a configuration of its own, for a
//! proxy behind TLS ([`Connector::associate`](crate::Connector::associate)), or to learn why it
//! ended.
//!
//! ```no_run
//! use anysocks::tokio::Socks5UdpSocket;
//! use quinn::{Endpoint, EndpointConfig, TokioRuntime};
//! use std::sync::Arc;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let socket = Socks5UdpSocket::associate("socks5://127.0.0.1:1080").await?;
//! let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
//! let endpoint = Endpoint::new_with_abstract_socket(config, None, Arc::new(socket.clone()), runtime)?;
//! println!("{}", socket.closed().await); // quinn says that the endpoint is lost, and not why
//! # Ok(()) }
//! ```
//!
//! # What to know
//!
//! * quinn takes IP addresses alone, so a name must be looked up before.
//!   [`Connector::resolve`](crate::Connector::resolve) does that: with a `socks5` URL by this
//!   machine's DNS, with `socks5h` by the proxy, which must be Tor. DNS over
//!   [`Socks5Stream`](crate::tokio::Socks5Stream) works through any proxy.
//! * One endpoint reaches IPv4 and IPv6 servers alike: what is between the proxy and them does not depend on how the proxy is reached. Its
//!   `local_addr` is `[::]` therefore.
//! * Packets keep to 1200 bytes: nobody can know what the path behind the relay carries, and MTU discovery would have to trust in it. For
//!   the same reason, there is no ECN.
//! * A connection drops packets from another address than its peer's.
//!   [`Options::any_source`](crate::udp::Options::any_source) is for relays that name another
//!   source, such as the client's own address. quinn then receives such a packet once for each of
//!   the last 32 peers that it sent to, and the right connection takes it. With one peer, this
//!   costs nothing.
//! * When the proxy ends the association, that is the end of the endpoint and of its connections.

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

/// The most packets that quinn hands over at once.
const SEGMENTS: usize = 10;

/// How many errors of the system in a row are taken for news of single datagrams, such as ICMP brings, and not of the socket.
const ERRORS_IN_A_ROW: usize = 16;

/// Makes an association, and an endpoint of it, for outgoing connections. It needs tokio's runtime.
///
/// The association lasts until all connections and all clones of the endpoint are gone.
///
/// # Errors
///
/// Those of [`Socks5UdpSocket::associate`].
pub async fn endpoint<'p>(proxy: impl IntoProxy<'p>) -> Result<Endpoint, Error> {
    let socket = Arc::new(Socks5UdpSocket::associate(proxy).await?);
    Endpoint::new_with_abstract_socket(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime))
        .map_err(|error| Error::io(Stage::Association, error))
}

impl AsyncUdpSocket for Socks5UdpSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        let ticket = Ticket::new(Arc::clone(&self.shared.sockets.senders.waiters));
        Box::pin(Poller { socket: self, ticket })
    }

    /// What is not sent is lost, as datagrams are: with any error but this one, quinn would leave a connection at once, and who waits on
    /// it waiting. The association's end is told when receiving.
    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let sent = match transmit.segment_size {
            Some(size) if size < transmit.contents.len() => self.send_segments(transmit, size),
            _ => self.send_packet(transmit),
        };
        sent.or_else(|error| if error.kind() == io::ErrorKind::WouldBlock { Err(error) } else { Ok(()) })
    }

    /// Fails when the association has ended. A packet that is longer than its buffer is cut, which QUIC finds out.
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
                    // Whatever it is, it is left to the next call.
                    Ok(None) | Err(_) => break,
                }
            };
            received += 1;
        }
        Poll::Ready(Ok(received))
    }

    /// The unspecified IPv6 address: quinn takes a socket that has an IPv4 address to reach nothing else.
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok((Ipv6Addr::UNSPECIFIED, self.local_addr().port()).into())
    }

    fn max_transmit_segments(&self) -> usize {
        SEGMENTS
    }

    /// So that quinn does not look for a longer MTU.
    fn may_fragment(&self) -> bool {
        true
    }
}

impl Socks5UdpSocket {
    fn send_packet(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let header = Header::new(&target(transmit.destination));
        self.note(transmit.destination);
        self.sending_now(|socket| self.association().send(socket, &header, transmit.contents))
    }

    /// Where only a part can be sent, all of it will be sent again. QUIC knows packets that it has seen.
    fn send_segments(&self, transmit: &Transmit<'_>, size: usize) -> io::Result<()> {
        let target = target(transmit.destination);
        self.note(transmit.destination);
        let mut batch = SendBatch::new();
        for packet in transmit.contents.chunks(size.max(1)) {
            batch.push(packet, target.borrowed())?;
        }
        while !batch.is_empty() {
            self.sending_now(|socket| self.send_batch_now(socket, &mut batch))?;
        }
        Ok(())
    }

    /// An error may be that of an earlier datagram, which the system tells in place of sending: then it is tried once more.
    fn sending_now(&self, mut send: impl FnMut(&Socket) -> io::Result<usize>) -> io::Result<()> {
        let mut send = || self.attempt(Direction::Send, &mut send).map(drop);
        send().or_else(|error| if is_of_the_system(&error) { send() } else { Err(error) })
    }

    fn poll_packet(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<RecvMeta>> {
        let mut errors = 0..ERRORS_IN_A_ROW;
        let wait = self.polling(Direction::Receive);
        self.poll_attempts(cx, Direction::Receive, wait, |socket| match self.receive(socket, buf) {
            Err(error) if is_of_the_system(&error) && errors.next().is_some() => Ok(None),
            received => received,
        })
    }

    /// Receives a packet. A packet from a name is dropped here; quinn drops one from an address
    /// that it does not send to.
    fn receive(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<RecvMeta>> {
        let Some((len, source)) = self.take_from(socket, buf)? else { return Ok(None) };
        let named = source.socket_addr();
        let named = named.map(|addr| SocketAddr::new(mapped(addr.ip()).into(), addr.port()));
        let source = self.peers().map_or(named, |peers| peers.source(named, &buf[..len]));
        if source.is_none() {
            self.association().admission.drop_datagrams(1);
        }
        Ok(source.map(|source| meta(len, source)))
    }

    /// Copies the last packet, as from another peer.
    fn copy(&self, buf: &mut [u8]) -> Option<RecvMeta> {
        self.peers()?.copy(buf).map(|(len, source)| meta(len, source))
    }

    fn note(&self, to: SocketAddr) {
        if let Some(peers) = self.peers() {
            peers.sent(to);
        }
    }

    /// The peers, if any source is taken.
    fn peers(&self) -> Option<&Peers> {
        self.association().admission.any_source.then_some(&self.shared.sockets.udp.peers)
    }
}

fn meta(len: usize, addr: SocketAddr) -> RecvMeta {
    RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None }
}

/// Waits until a connection may send: each has one, and its task a seat of its own.
#[derive(Debug)]
struct Poller {
    socket: Arc<Socks5UdpSocket>,
    ticket: Ticket<Arc<Waiters>>,
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, ticket } = &mut *self;
        socket.poll_ready(Direction::Send, &mut |waker| ticket.wait(waker), cx.waker())
    }
}

/// Whether the system says that a datagram was not sent, or that none was received. The association's own errors are the crate's.
fn is_of_the_system(error: &io::Error) -> bool {
    error.raw_os_error().is_some() && error.kind() != io::ErrorKind::WouldBlock
}

/// Whom quinn means: to the proxy, an IPv4 address is one.
fn target(addr: SocketAddr) -> Target<'static> {
    (addr.ip().to_canonical(), addr.port()).into()
}

/// The address as quinn has it, where the socket's own is an IPv6 one.
fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

#[cfg(test)]
mod tests;
