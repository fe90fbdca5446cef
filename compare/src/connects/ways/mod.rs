//! The calls of each crate, a file each.

mod anysocks;
mod better_socks;
mod fast_socks5;
mod floor;
mod socks;
mod tokio_socks;

use super::way::Way;
use std::net::SocketAddr;

/// All ways to connect through this proxy, always in the same order.
pub(crate) fn ways(proxy: SocketAddr) -> Vec<Way> {
    let crates =
        [floor::ways, anysocks::ways, tokio_socks::ways, better_socks::ways, fast_socks5::ways, socks::ways];
    crates.iter().flat_map(|ways| ways(proxy)).collect()
}
