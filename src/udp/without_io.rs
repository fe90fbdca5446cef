//! UDP through a SOCKS5 proxy (UDP ASSOCIATE, RFC 1928 §7), without I/O: options and the datagram
//! format. A target without sockets has these alone.

pub use crate::error::AssociationEnd;
pub use crate::protocol::encapsulation::Datagrams;
pub use crate::protocol::udp::datagram::{BadDatagram, Datagram, Source};
pub use crate::protocol::udp::header::{HEADROOM, Header, overhead};
pub use crate::protocol::udp::reassembly::{Reassembler, Reassembly, Taken};
pub use crate::proxy::udp_options::{FindRelay, Options, Relay};
