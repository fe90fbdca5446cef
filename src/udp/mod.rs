//! UDP through a SOCKS5 proxy (UDP ASSOCIATE, RFC 1928 §7): sockets, batches, options and the
//! datagram format.
//!
//! The client requests an association over TCP, and the proxy replies with the address of a relay.
//! The client sends each datagram to the relay with a header that contains the target. The relay
//! removes the header and forwards the payload. It adds a header with the source to each datagram
//! that it returns. The association ends with its TCP connection.
//!
//! # Sockets
//!
//! Every front end has a type `Socks5UdpSocket`, whose methods are those of a `UdpSocket`:
//! [`SocksUdpSocket`]. It sends and receives the datagrams, and adds and removes the headers.
//!
//! ```no_run
//! use anysocks::blocking::Socks5UdpSocket;
//!
//! let socket = Socks5UdpSocket::associate("socks5h://127.0.0.1:1080")?;
//! socket.send_to(b"question", "dns.example:53")?;
//! let mut buf = [0; 1500];
//! let (len, source) = socket.recv_from(&mut buf)?;
//! println!("{len} bytes from {source}");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`Options`], which [`Proxy::udp`](crate::Proxy::udp) sets, change how an association is made.
//! [`SendBatch`] and [`RecvBatch`] transfer many datagrams with few system calls.
//! `anysocks::quinn`, with the feature `quinn`, uses such a socket for QUIC.
//!
//! # Format
//!
//! [`Header`], [`Datagram`] and [`Reassembler`] are the format without I/O, for custom sockets.
//!
//! ```text
//! +-----+------+------+----------+----------+----------+
//! | RSV | FRAG | ATYP | DST.ADDR | DST.PORT |   DATA   |
//! +-----+------+------+----------+----------+----------+
//! |  2  |  1   |  1   | Variable |    2     | Variable |
//! +-----+------+------+----------+----------+----------+
//! ```
//!
//! To the relay, DST.ADDR and DST.PORT are the target. From the relay, they are the source.
//!
//! # Limits
//!
//! - Datagrams are neither encrypted nor authenticated, unless a
//!   [`Method`](crate::protocol::Method) negotiates an encapsulation. They do not go through the
//!   TLS stream of a wrapped connector.
//! - A header has 10 bytes for an IPv4 target, 22 for an IPv6 target, and 7 + n for a name of n
//!   bytes: [`overhead`]. The `max_payload` of a socket is the longest payload, as RFC 1928 §7
//!   requires. The RFC itself counts 20 bytes for IPv6, two too few, and 262 for every name, the
//!   longest.
//! - Many relays have buffers of 2 KiB or 8 KiB, less than the 65,507 bytes that IPv4 allows. QUIC
//!   and DNS stay below both.
//! - Hardly any relay supports fragments. A socket drops received ones unless
//!   [`Options::reassemble`] is set.
//! - SOCKS4 has no UDP, and many SOCKS5 proxies refuse it with
//!   [`Reply::COMMAND_NOT_SUPPORTED`](crate::Reply::COMMAND_NOT_SUPPORTED).
//!
//! # Errors
//!
//! - `associate` returns an [`Error`](crate::Error). Its stage is that of a connection, or
//!   [`Stage::Association`](crate::Stage::Association) for an error of the relay.
//! - The calls of a socket return an [`io::Error`](std::io::Error). An error of this crate is
//!   inside: `error.get_ref()` and `downcast_ref::<anysocks::Error>()`. Others are the system's.
//! - After the end of the association, its kind is
//!   [`ConnectionAborted`](std::io::ErrorKind::ConnectionAborted), and the error inside has an
//!   [`AssociationEnd`].

mod address_ranges;
mod admission;
pub(crate) mod associate;
mod association;
mod batch;
mod hop;
mod inbound;
mod negotiated;
pub(crate) mod peer;
mod receive;
pub(crate) mod relay;
mod request;
mod send;
mod socket;
mod target;
#[cfg(test)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "most of its tests coalesce datagrams"))]
pub(crate) mod test_proxy;
mod without_io;

pub use batch::{RecvBatch, SendBatch};
pub use socket::SocksUdpSocket;
pub use without_io::*;

pub(crate) use associate::associate;
