//! Every front end behind the same few calls, for tests that are the same for all of them.

#![allow(dead_code, reason = "each test crate uses a part of it")]

pub(crate) mod association;
pub(crate) mod client;
pub(crate) mod listening;

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use crate::support::blocked::Executor;
use crate::support::blocked::Tunnel;
#[cfg(any(feature = "smol", feature = "async-std"))]
use crate::support::blocked::{FuturesStream, OnAsyncIo};
#[cfg(feature = "tokio")]
use crate::support::blocked::{OnTokio, TokioStream};
use anysocks::{Error, Proxy, Target};
use association::Association;
#[cfg(any(feature = "smol", feature = "async-std"))]
use client::once_on_async_io;
#[cfg(feature = "tokio")]
use client::once_on_tokio;
use client::{Opened, boxed, client, never};
use listening::Bound;

/// The outcome of a CONNECT.
pub(crate) type Connected = Result<Box<dyn Tunnel>, Error>;

/// A front end.
pub(crate) struct Front {
    pub(crate) name: &'static str,
    /// `Socks5Stream::connect`; the stream is dropped.
    pub(crate) connect5: fn(&Proxy, &str) -> Result<(), Error>,
    /// `Socks4Stream::connect`; the stream is dropped.
    pub(crate) connect4: fn(&Proxy, &str) -> Result<(), Error>,
    /// `Socks5Listener::bind`.
    pub(crate) bind5: fn(&Proxy, &str) -> Bound,
    /// `Socks4Listener::bind`.
    pub(crate) bind4: fn(&Proxy, &str) -> Bound,
    /// `Socks5UdpSocket::associate`.
    pub(crate) associate: fn(&Proxy) -> Result<Box<dyn Association>, Error>,
    /// `Socks5Stream::connect` and `Socks5Listener::bind` of any target.
    pub(crate) connect_to: fn(&Proxy, Target<'_>) -> Connected,
    pub(crate) bind_to: fn(&Proxy, Target<'_>) -> Bound,
    /// `Socks5Client::open`.
    pub(crate) client: fn(&Proxy) -> Opened,
}

fn done<T>(done: T) -> T {
    done
}

/// Those that are switched on.
pub(crate) const FRONTS: &[Front] = &[
    Front {
        name: "blocking",
        connect5: |proxy, target| anysocks::blocking::Socks5Stream::connect(proxy, target).map(drop),
        connect4: |proxy, target| anysocks::blocking::Socks4Stream::connect(proxy, target).map(drop),
        bind5: |proxy, peer| Ok(Box::new(anysocks::blocking::Socks5Listener::bind(proxy, peer)?)),
        bind4: |proxy, peer| Ok(Box::new(anysocks::blocking::Socks4Listener::bind(proxy, peer)?)),
        associate: |proxy| Ok(Box::new(anysocks::blocking::Socks5UdpSocket::associate(proxy)?)),
        connect_to: |proxy, target| anysocks::blocking::Socks5Stream::connect(proxy, target).map(boxed),
        bind_to: |proxy, peer| Ok(Box::new(anysocks::blocking::Socks5Listener::bind(proxy, peer)?)),
        client: |proxy| client!(anysocks::blocking::Socks5Client::open(proxy), done, never, done),
    },
    #[cfg(feature = "tokio")]
    Front {
        name: "tokio",
        connect5: |proxy, target| {
            OnTokio::run(anysocks::tokio::Socks5Stream::connect(proxy, target)).map(drop)
        },
        connect4: |proxy, target| {
            OnTokio::run(anysocks::tokio::Socks4Stream::connect(proxy, target)).map(drop)
        },
        bind5: |proxy, peer| Ok(Box::new(OnTokio::run(anysocks::tokio::Socks5Listener::bind(proxy, peer))?)),
        bind4: |proxy, peer| Ok(Box::new(OnTokio::run(anysocks::tokio::Socks4Listener::bind(proxy, peer))?)),
        associate: |proxy| Ok(Box::new(OnTokio::run(anysocks::tokio::Socks5UdpSocket::associate(proxy))?)),
        connect_to: |proxy, target| {
            OnTokio::run(anysocks::tokio::Socks5Stream::connect(proxy, target))
                .map(TokioStream::<_, OnTokio>::new)
                .map(boxed)
        },
        bind_to: |proxy, peer| {
            Ok(Box::new(OnTokio::run(anysocks::tokio::Socks5Listener::bind(proxy, peer))?))
        },
        client: |proxy| {
            client!(
                OnTokio::run(anysocks::tokio::Socks5Client::open(proxy)),
                OnTokio::run,
                once_on_tokio,
                TokioStream::<_, OnTokio>::new
            )
        },
    },
    #[cfg(feature = "smol")]
    Front {
        name: "smol",
        connect5: |proxy, target| {
            OnAsyncIo::run(anysocks::smol::Socks5Stream::connect(proxy, target)).map(drop)
        },
        connect4: |proxy, target| {
            OnAsyncIo::run(anysocks::smol::Socks4Stream::connect(proxy, target)).map(drop)
        },
        bind5: |proxy, peer| Ok(Box::new(OnAsyncIo::run(anysocks::smol::Socks5Listener::bind(proxy, peer))?)),
        bind4: |proxy, peer| Ok(Box::new(OnAsyncIo::run(anysocks::smol::Socks4Listener::bind(proxy, peer))?)),
        associate: |proxy| Ok(Box::new(OnAsyncIo::run(anysocks::smol::Socks5UdpSocket::associate(proxy))?)),
        connect_to: |proxy, target| {
            OnAsyncIo::run(anysocks::smol::Socks5Stream::connect(proxy, target))
                .map(FuturesStream::<_, OnAsyncIo>::new)
                .map(boxed)
        },
        bind_to: |proxy, peer| {
            Ok(Box::new(OnAsyncIo::run(anysocks::smol::Socks5Listener::bind(proxy, peer))?))
        },
        client: |proxy| {
            client!(
                OnAsyncIo::run(anysocks::smol::Socks5Client::open(proxy)),
                OnAsyncIo::run,
                once_on_async_io,
                FuturesStream::<_, OnAsyncIo>::new
            )
        },
    },
    #[cfg(feature = "async-std")]
    Front {
        name: "async-std",
        connect5: |proxy, target| {
            OnAsyncIo::run(anysocks::async_std::Socks5Stream::connect(proxy, target)).map(drop)
        },
        connect4: |proxy, target| {
            OnAsyncIo::run(anysocks::async_std::Socks4Stream::connect(proxy, target)).map(drop)
        },
        bind5: |proxy, peer| {
            Ok(Box::new(OnAsyncIo::run(anysocks::async_std::Socks5Listener::bind(proxy, peer))?))
        },
        bind4: |proxy, peer| {
            Ok(Box::new(OnAsyncIo::run(anysocks::async_std::Socks4Listener::bind(proxy, peer))?))
        },
        associate: |proxy| {
            Ok(Box::new(OnAsyncIo::run(anysocks::async_std::Socks5UdpSocket::associate(proxy))?))
        },
        connect_to: |proxy, target| {
            OnAsyncIo::run(anysocks::async_std::Socks5Stream::connect(proxy, target))
                .map(FuturesStream::<_, OnAsyncIo>::new)
                .map(boxed)
        },
        bind_to: |proxy, peer| {
            Ok(Box::new(OnAsyncIo::run(anysocks::async_std::Socks5Listener::bind(proxy, peer))?))
        },
        client: |proxy| {
            client!(
                OnAsyncIo::run(anysocks::async_std::Socks5Client::open(proxy)),
                OnAsyncIo::run,
                once_on_async_io,
                FuturesStream::<_, OnAsyncIo>::new
            )
        },
    },
];
