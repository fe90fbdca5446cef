//! The front ends, each behind the same few calls.

mod associations;
mod blocking;
mod futures_io;
mod routes;
mod tokio;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use anysocks::{Chain, Error, Name, Proxy, Target, Upstreams, V4, V5, Version};
use rustls::ClientConfig;

use crate::association::Association;
use crate::listening::Listening;
use crate::tunnel::Opened;

/// What is to be opened.
pub(crate) struct Opening<'a, V: Version> {
    pub(crate) proxy: &'a Proxy,
    /// The proxy's own, for a handshake over a stream that it has not dialled.
    pub(crate) auth: &'a V::Auth,
    /// BIND: the peer.
    pub(crate) target: Target<'a>,
    /// The proxy is behind TLS.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// The tunnel is the stream's `into_inner`.
    pub(crate) inner: bool,
    /// They go with the request. Over a stream that the front end has not dialled, there are none.
    pub(crate) early_data: &'a [u8],
}

/// Sends the pieces through one half of an `into_split` in another task or thread, one write each,
/// while it receives as many bytes from the other half.
type Halves = fn(&Opening<'_, V5>, Vec<Vec<u8>>) -> io::Result<Vec<u8>>;

/// Requests an association from a proxy, behind TLS if a configuration is given.
type Associate = fn(&Proxy, Option<Arc<ClientConfig>>) -> Result<Box<dyn Association>, Error>;

/// A front end.
pub(crate) struct Front {
    pub(crate) name: &'static str,
    /// It dials by itself, so it covers names, local resolution and Unix-domain sockets.
    pub(crate) connects: bool,
    pub(crate) open4: fn(&Opening<'_, V4>) -> Result<Opened, Error>,
    pub(crate) open5: fn(&Opening<'_, V5>) -> Result<Opened, Error>,
    pub(crate) halves: Option<Halves>,
    pub(crate) bind: Option<Bind>,
    pub(crate) associate: Option<Associate>,
    pub(crate) routes: Option<Routes>,
}

/// BIND with a front end.
pub(crate) struct Bind {
    pub(crate) v4: BindOf<V4>,
    pub(crate) v5: BindOf<V5>,
}

/// BIND by the front end that has no [`Front::bind`], since it dials nothing.
pub(crate) const BIND_OVER_STREAM: BindOf<V5> = futures_io::bind_over_stream;

type BindOf<V> = fn(&Opening<'_, V>) -> Result<Box<dyn Listening>, Error>;

/// A front end's connector, and its questions to Tor.
pub(crate) struct Routes {
    pub(crate) connect: fn(&Errand<'_>) -> Result<Opened, Error>,
    /// Through the first usable one of these.
    pub(crate) connect_any: fn(Upstreams, &Target<'_>) -> Result<Opened, Error>,
    /// BIND by the last proxy, for this peer.
    pub(crate) bind: BindByChain,
    pub(crate) associate: AssociateByChain,
    pub(crate) resolve: Resolve,
    /// The connector's, where `resolve` is the front end's own.
    pub(crate) resolve_by_connector: Resolve,
    pub(crate) resolve_ptr: fn(&Proxy, IpAddr) -> Result<Name, Error>,
    pub(crate) check: fn(&Chain, Option<Arc<ClientConfig>>) -> Result<(), Error>,
}

type AssociateByChain = fn(&Chain) -> Result<Box<dyn Association>, Error>;

type BindByChain = fn(&Chain, &Target<'_>) -> Result<Box<dyn Listening>, Error>;

type Resolve = fn(&Proxy, &str) -> Result<IpAddr, Error>;

/// What a connector has to do.
pub(crate) struct Errand<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) target: Target<'a>,
    /// They go with the last request.
    pub(crate) early_data: &'a [u8],
    /// The first proxy is behind TLS.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// Runs what only tokio can.
pub(crate) fn in_tokio<T>(work: impl Future<Output = T>) -> io::Result<T> {
    tokio::block_on(async { Ok(work.await) })
}

pub(crate) const FRONTS: [Front; 5] = [
    Front {
        name: "blocking",
        connects: true,
        open4: blocking::open,
        open5: blocking::open,
        halves: Some(blocking::halves),
        bind: Some(Bind { v4: blocking::bind, v5: blocking::bind }),
        associate: Some(associations::blocking),
        routes: Some(routes::BLOCKING),
    },
    Front {
        name: "tokio",
        connects: true,
        open4: tokio::open,
        open5: tokio::open,
        halves: Some(tokio::halves),
        bind: Some(Bind { v4: tokio::bind, v5: tokio::bind }),
        associate: Some(associations::tokio),
        routes: Some(routes::TOKIO),
    },
    Front {
        name: "async_std",
        connects: true,
        open4: futures_io::open::<futures_io::AsyncStd, _>,
        open5: futures_io::open::<futures_io::AsyncStd, _>,
        halves: Some(futures_io::async_std_halves),
        bind: Some(Bind {
            v4: futures_io::bind::<futures_io::AsyncStd, _>,
            v5: futures_io::bind::<futures_io::AsyncStd, _>,
        }),
        associate: Some(associations::async_std),
        routes: Some(routes::ASYNC_STD),
    },
    Front {
        name: "smol",
        connects: true,
        open4: futures_io::open::<futures_io::Smol, _>,
        open5: futures_io::open::<futures_io::Smol, _>,
        halves: Some(futures_io::smol_halves),
        bind: Some(Bind {
            v4: futures_io::bind::<futures_io::Smol, _>,
            v5: futures_io::bind::<futures_io::Smol, _>,
        }),
        associate: Some(associations::smol),
        routes: Some(routes::SMOL),
    },
    Front {
        name: "futures",
        connects: false,
        open4: futures_io::open::<futures_io::Futures, _>,
        open5: futures_io::open::<futures_io::Futures, _>,
        halves: None,
        bind: None,
        associate: None,
        routes: None,
    },
];
