//! The datagrams of UDP ASSOCIATE (RFC 1928 §7), without I/O.

pub(crate) mod datagram;
pub(crate) mod fragments;
pub(crate) mod header;
pub(crate) mod reassembly;
