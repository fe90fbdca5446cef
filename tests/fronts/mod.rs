//! Every front end behind the same two calls, for tests that are the same for all of them.

use anysocks::{Error, Proxy};

/// A front end.
pub(crate) struct Front {
    pub(crate) name: &'static str,
    /// `Socks5Stream::connect`; the stream is dropped.
    pub(crate) connect5: fn(&Proxy, &str) -> Result<(), Error>,
    /// `Socks4Stream::connect`; the stream is dropped.
    pub(crate) connect4: fn(&Proxy, &str) -> Result<(), Error>,
}

/// Those that are switched on.
pub(crate) const FRONTS: &[Front] = &[
    Front {
        name: "blocking",
        connect5: |proxy, target| anysocks::blocking::Socks5Stream::connect(proxy, target).map(drop),
        connect4: |proxy, target| anysocks::blocking::Socks4Stream::connect(proxy, target).map(drop),
    },
    #[cfg(feature = "tokio")]
    Front {
        name: "tokio",
        connect5: |proxy, target| on_tokio(anysocks::tokio::Socks5Stream::connect(proxy, target)).map(drop),
        connect4: |proxy, target| on_tokio(anysocks::tokio::Socks4Stream::connect(proxy, target)).map(drop),
    },
    #[cfg(feature = "smol")]
    Front {
        name: "smol",
        connect5: |proxy, target| {
            smol::block_on(anysocks::smol::Socks5Stream::connect(proxy, target)).map(drop)
        },
        connect4: |proxy, target| {
            smol::block_on(anysocks::smol::Socks4Stream::connect(proxy, target)).map(drop)
        },
    },
    #[cfg(feature = "async-std")]
    Front {
        name: "async-std",
        connect5: |proxy, target| {
            async_std::task::block_on(anysocks::async_std::Socks5Stream::connect(proxy, target)).map(drop)
        },
        connect4: |proxy, target| {
            async_std::task::block_on(anysocks::async_std::Socks4Stream::connect(proxy, target)).map(drop)
        },
    },
];

#[cfg(feature = "tokio")]
fn on_tokio<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
