//! An association with a proxy, the same for all front ends.

use std::io;
use std::net::SocketAddr;

use anysocks::udp::{RecvBatch, SendBatch};
use anysocks::{Address, Target};

/// A socket of a front end with blocking calls: each method is the socket's own of that name. Each
/// call fails after [`crate::tunnel::DEADLINE`].
pub(crate) trait Association: Send + Sync {
    fn send_to(&self, payload: &[u8], target: &Target<'_>) -> io::Result<usize>;
    fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Address)>;

    fn connect(&self, target: &Target<'_>) -> io::Result<()>;
    fn send(&self, payload: &[u8]) -> io::Result<usize>;
    fn recv(&self, buf: &mut [u8]) -> io::Result<usize>;

    fn send_in_place(&self, buf: &mut [u8], target: &Target<'_>) -> io::Result<usize>;
    /// What the datagram has lent.
    fn recv_in_place(&self, buf: &mut [u8]) -> io::Result<(Vec<u8>, Address)>;

    fn send_batch(&self, batch: &mut SendBatch) -> io::Result<usize>;
    fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize>;

    /// Nothing for as long as there is an association.
    fn closed(&self) -> io::Result<io::Error>;

    fn max_payload(&self, target: &Target<'_>) -> usize;
    fn dropped(&self) -> u64;

    fn relay_addr(&self) -> SocketAddr;
    fn local_addr(&self) -> SocketAddr;
}
