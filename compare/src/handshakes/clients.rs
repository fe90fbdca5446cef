//! The crates, each in a file.

pub(crate) mod anysocks;
pub(crate) mod async_socks5;
pub(crate) mod better_socks;
pub(crate) mod by_hand;
pub(crate) mod fast_socks5;
pub(crate) mod hyper_util;
pub(crate) mod socks;
pub(crate) mod tokio_socks;
