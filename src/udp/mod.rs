//! The datagrams of UDP ASSOCIATE (RFC 1928 §7), without I/O, and what goes with them.
//!
//! ```text
//! +-----+------+------+----------+----------+----------+
//! | RSV | FRAG | ATYP | DST.ADDR | DST.PORT |   DATA   |     the same both ways: from the relay, DST is whom it comes from
//! +-----+------+------+----------+----------+----------+
//! |  2  |  1   |  1   | Variable |    2     | Variable |
//! +-----+------+------+----------+----------+----------+
//! ```
//!
//! The sockets are the front ends': `Socks5UdpSocket` in each. They send to the relay and hear nobody else.
//!
//! # Sizes
//!
//! A header takes 10 bytes for an IPv4 target, 22 for an IPv6 one, and 7 + n for a name of n bytes: [`overhead`]. RFC 1928 §7 asks that a
//! programming interface report a buffer that is smaller by that; `max_payload` of the sockets does. (The RFC itself counts 20 bytes for
//! IPv6, which is two short, and 262 for each name, which is the longest.) Many relays have smaller buffers than the 65,507 bytes that IPv4
//! allows: 2 KiB and 8 KiB have been seen. QUIC and DNS over UDP keep well below.

mod admission;
mod associate;
mod association;
mod batch;
mod inbound;
mod peer;
mod receive;
mod relay;
#[cfg(test)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "most of its tests join datagrams"))]
pub(crate) mod scene;
mod send;
mod socket;

pub use crate::error::AssociationEnd;
pub use crate::protocol::encapsulation::Datagrams;
pub use crate::protocol::udp::datagram::{BadDatagram, Datagram, Source};
pub use crate::protocol::udp::header::{HEADROOM, Header, overhead};
pub use crate::protocol::udp::reassembly::{Reassembler, Reassembly, Taken};
pub use crate::proxy::udp_options::{FindRelay, Options, Relay};
pub use batch::{RecvBatch, SendBatch};
pub use socket::SocksUdpSocket;

pub(crate) use associate::associate;
