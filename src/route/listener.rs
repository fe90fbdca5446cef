//! BIND: a port on the proxy, for one connection from a peer.

use super::connect::Granted;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::established::Established;
use crate::protocol::second_reply::SecondReply;
use crate::protocol::version::Version;
use crate::proxy::Proxy;
use crate::stream::SocksStream;
use crate::trace;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

/// A proxy that listens for one connection (RFC 1928 §4, BIND), over the stream `S`.
///
/// `V` is the version of SOCKS and `F` the front end; each front end names them `Socks4Listener`, `Socks5Listener` and, for either version, `AnyListener`.
///
/// A protocol such as FTP opens its second connection from the server to the client. The client lets the proxy listen, tells the server
/// [`bound_addr`](Self::bound_addr), and accepts.
pub struct SocksListener<S, V: Version, F> {
    /// Until the peer is there.
    waiting: Option<(S, SecondReply<V>, trace::Request)>,
    bound: Address,
    raw_bound: Address,
    /// The proxy's name, and which one of a chain it is, for errors.
    proxy: Option<(Box<str>, usize)>,
    marker: PhantomData<fn() -> F>,
}

impl<S, V: Version, F> SocksListener<S, V, F> {
    /// The stream over which a BIND was asked for, and its first reply. The front ends do this for you; it is here for a driver of your
    /// own, to be followed by the [`SecondReply`]. `proxy` is where the proxy is, if that is known.
    #[must_use]
    pub fn new(inner: S, mut first: Established, proxy: Option<IpAddr>) -> Self {
        let second = SecondReply::after(&mut first);
        let raw_bound = first.bound;
        let bound = raw_bound.at_host(proxy).unwrap_or_else(|| raw_bound.clone());
        let waiting = Some((inner, second, trace::Request::without_span()));
        Self { waiting, bound, raw_bound, proxy: None, marker: PhantomData }
    }

    /// The address that the peer has to connect to.
    ///
    /// Where the proxy gave the port alone, with an unspecified address, it is the one by which this machine reaches the proxy, if that is
    /// known (the SOCKS4 text asks for that).
    pub const fn bound_addr(&self) -> &Address {
        &self.bound
    }

    /// BND.ADDR and BND.PORT of the first reply as the proxy sent them.
    pub const fn raw_bound_addr(&self) -> &Address {
        &self.raw_bound
    }

    /// A listener of the last of these proxies.
    pub(crate) fn granted(granted: Granted<S>, hops: &[Proxy]) -> Self {
        let mut listener = Self::new(granted.stream, granted.established, granted.proxy);
        listener.proxy = hops.last().map(|proxy| (proxy.to_string().into(), hops.len()));
        if let Some((.., request)) = &mut listener.waiting {
            *request = granted.request;
        }
        listener
    }

    /// What the second reply is waited for with.
    pub(crate) fn waiting(&mut self) -> Result<(&mut S, &mut SecondReply<V>, &trace::Request), Error> {
        match &mut self.waiting {
            Some((stream, second, request)) => Ok((stream, second, request)),
            None => Err(Error::new(Stage::SecondReply, ErrorKind::Over)),
        }
    }

    /// What comes of the second reply.
    pub(crate) fn accepted(
        &mut self,
        reply: Result<Established, Error>,
    ) -> Result<(SocksStream<S, V, F>, Address), Error> {
        let mut second = reply.map_err(|error| match &self.proxy {
            Some((proxy, number)) => error.at_hop(proxy, *number, *number),
            None => error,
        })?;
        let Some((stream, ..)) = self.waiting.take() else {
            return Err(Error::new(Stage::SecondReply, ErrorKind::Over));
        };
        let peer = std::mem::replace(&mut second.bound, self.bound.clone());
        Ok((SocksStream::new(stream, second), peer))
    }
}

impl<S: fmt::Debug, V: Version, F> fmt::Debug for SocksListener<S, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksListener")
            .field("inner", &self.waiting.as_ref().map(|(stream, ..)| stream))
            .field("bound", &self.bound)
            .field("raw_bound", &self.raw_bound)
            .finish_non_exhaustive()
    }
}
