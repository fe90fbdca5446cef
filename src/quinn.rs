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
//! Any [`Socks5UdpSocket`] can be the socket of an endpoint: for a configuration of its own, or to learn why it ended.
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
//!   [`Connector::resolve`](crate::Connector::resolve) does that where the proxy's URL says: `socks5` is by this
//!   machine's DNS, `socks5h` by the proxy, which must be Tor. DNS over
//!   [`Socks5Stream`](crate::tokio::Socks5Stream) works through any proxy.
//! * One endpoint reaches IPv4 and IPv6 servers alike: what is between the proxy and them does not depend on how the proxy is reached. Its
//!   `local_addr` is `[::]` therefore.
//! * Packets keep to 1200 bytes: nobody can know what the path behind the relay carries, and MTU discovery would have to trust in it. For
//!   the same reason, there is no ECN.
//! * When the proxy ends the association, that is the end of the endpoint and of its connections.

use crate::address::Address;
use crate::error::{Error, Stage};
use crate::into_proxy::IntoProxy;
use crate::target::Target;
use crate::tokio::Socks5UdpSocket;
use crate::udp::{Direction, Header, SendBatch};
use crate::waiters::{Ticket, Waiters};
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
        let mut slots = bufs.iter_mut().zip(meta);
        let Some((buf, meta)) = slots.next() else { return Poll::Ready(Ok(0)) };
        let mut errors = 0..ERRORS_IN_A_ROW;
        let first = |socket: &Socket| match self.receive(socket, buf) {
            Err(error) if is_of_the_system(&error) && errors.next().is_some() => Ok(None),
            received => received,
        };
        let wait = self.polling(Direction::Receive);
        *meta = ready!(self.poll_attempts(cx, Direction::Receive, wait, first))?;
        let mut received = 1;
        for (buf, meta) in slots {
            match self.attempt(Direction::Receive, |socket| self.receive(socket, buf)) {
                Ok(Some(more)) => *meta = more,
                // Whatever it is, it is left to the next call.
                Ok(None) | Err(_) => break,
            }
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
        self.sending_now(|socket| self.association().send(socket, &header, transmit.contents))
    }

    /// Where only a part can be sent, all of it will be sent again. QUIC knows packets that it has seen.
    fn send_segments(&self, transmit: &Transmit<'_>, size: usize) -> io::Result<()> {
        let target = target(transmit.destination);
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

    /// Receives a packet. One from a name is of no use to quinn.
    fn receive(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<RecvMeta>> {
        match self.take_from(socket, buf)? {
            Some((len, Address::Ip(addr))) => {
                let addr = SocketAddr::new(mapped(addr.ip()).into(), addr.port());
                Ok(Some(RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None }))
            }
            Some((_, Address::Name(..))) => {
                self.association().drop_datagrams(1);
                Ok(None)
            }
            None => Ok(None),
        }
    }
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
