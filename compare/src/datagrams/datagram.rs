//! The datagrams that every way moves.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

/// How many datagrams go at a time. With the system's bookkeeping they have to fit into a socket's
/// buffer.
pub(crate) const BATCH: u16 = 48;
/// The payloads: a small message, and what QUIC sends at first.
pub(crate) const SIZES: [usize; 2] = [64, LONGEST];
pub(super) const LONGEST: usize = 1200;
pub(super) static DATA: [u8; LONGEST] = [7; LONGEST];
/// The size of the buffer that receives are given.
pub(super) const ROOM: usize = 2048;

/// The destination of the datagrams, as far as the crates know.
pub(super) const TARGET: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 7));
/// The header of each datagram: RSV, FRAG, ATYP, and the target.
pub(super) const HEADER: &[u8] = &[0, 0, 0, 1, 192, 0, 2, 7, 0, 7];
