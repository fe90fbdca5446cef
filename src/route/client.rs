//! Several requests on one connection to a proxy.

use super::connect::negotiate_through;
use super::connector::Connector;
use super::path::proxy_deadline;
use super::requests::{self, Requests, with_outer};
use super::wrap::{Plain, Wrap, finish, wrap_error};
use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::target::{Host, PoolId, Target};
use crate::protocol::version::V5;
use crate::proxy::into_proxy::IntoProxy;
use crate::proxy::{Proxy, Resolve};
use crate::runtime::{Deadline, Runtime, deadline, no_address, resolved};
use crate::stream::SocksStream;
use crate::trace;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};
use std::slice;
use std::time::Duration;

/// A connection to a SOCKS5 proxy for several requests: those of SOCKS5a, and one CONNECT.
///
/// [`open`](Self::open) connects and negotiates a METHOD. Then each call makes one request:
///
/// | call | command (`draft-lancaster-socks-5a-00`, section 6) |
/// |---|---|
/// | [`keep_alive`](Self::keep_alive) | `KEEP_ALIVE`: does the proxy answer? |
/// | [`resolve`](Self::resolve) | `DNS_RESOLVE`: an address of a name, by the proxy |
/// | [`pool_new`](Self::pool_new) | `POOL_NEW`: the proxy connects to a target, for later |
/// | [`pool_get`](Self::pool_get) | `POOL_GET`: the stream to that target; it ends this value |
/// | [`connect`](Self::connect) | CONNECT; it ends this value |
///
/// RFC 1928 has one request for each connection. So the proxy must select a METHOD of SOCKS5a, and
/// the feature `socks5a` is needed.
///
/// A call fails as [`connect`](crate::blocking::Socks5Stream::connect) of a stream does, with the
/// timeout of the proxy. After a refusal, another failure or a cancelled call, the connection is
/// over: later calls fail with [`ErrorKind::Over`](crate::ErrorKind::Over). A mistake in the
/// arguments ([`ErrorKind::Invalid`](crate::ErrorKind::Invalid)) sends nothing, and the connection
/// can still be used, except by the calls that end this value.
///
/// `F` is the front end: each front end has an alias `Socks5Client` with its own. `W` is
/// [`Plain`], or wraps dialled streams.
pub struct SocksClient<F: Runtime, W: Wrap<F> = Plain> {
    stream: W::HandshakeStream,
    requests: Requests,
    /// The last proxy, for errors.
    proxy: Proxy,
    /// The number of proxies.
    hops: usize,
    limit: Option<Duration>,
    front_end: PhantomData<fn() -> F>,
}

/// Connects to the proxy, and negotiates a METHOD of SOCKS5a.
pub(crate) async fn open<'a, F: Runtime>(proxy: impl IntoProxy<'a>) -> Result<SocksClient<F>, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    SocksClient::negotiated(slice::from_ref(&*proxy), proxy.limit(), &Plain).await
}

impl<F: Runtime, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn open_client(&self) -> Result<SocksClient<F, W>, Error> {
        let selected = self.route.without_target();
        let opened = selected.ask_a_proxy::<F, _, _>(|chain, limit| async move {
            let client = SocksClient::negotiated(chain.hops(), limit, &self.wrap).await?;
            // Among several upstreams, the negotiation has a share of the time; a request has not.
            Ok(SocksClient { limit: chain.limit(), ..client })
        });
        opened.await
    }
}

impl<F: Runtime, W: Wrap<F>> SocksClient<F, W> {
    async fn negotiated(hops: &[Proxy], limit: Option<Duration>, wrap: &W) -> Result<Self, Error> {
        let proxy = hops.last().ok_or(Invalid::NoProxyToAsk)?.clone();
        let (stream, established) =
            negotiate_through::<F, W, V5>(hops, limit, wrap, Command::KeepAlive).await?;
        let requests = Requests::new(established);
        Ok(Self { stream, requests, proxy, hops: hops.len(), limit, front_end: PhantomData })
    }

    /// Returns the value of type `T` that a METHOD made for the user of this connection, such as
    /// `socks5a::Session`.
    #[must_use]
    pub fn session<T: Any>(&self) -> Option<&T> {
        self.requests.session()
    }

    pub(crate) async fn send_keep_alive(&mut self) -> Result<(), Error> {
        let nothing = (Ipv4Addr::UNSPECIFIED, 0).into();
        self.ask(Command::KeepAlive, nothing, |_| Ok(())).await
    }

    pub(crate) async fn resolve_name(&mut self, name: Host<'_>) -> Result<IpAddr, Error> {
        match name {
            Host::Ip(ip) => Ok(ip),
            name => self.ask(Command::DnsResolve, (name, 0).into(), requests::ip).await,
        }
    }

    pub(crate) async fn add_to_pool(&mut self, target: Target<'_>) -> Result<PoolId, Error> {
        self.ask(Command::PoolNew, target, requests::pool_id).await
    }

    /// Makes a request, and reads BND.ADDR of its reply.
    async fn ask<T>(
        &mut self,
        command: Command,
        target: Target<'_>,
        read: fn(&Address) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let subject = Subject::of(command, &target);
        let trace = trace::request(&command, &self.proxy, &subject);
        let deadline = self.deadline();
        let asked = async {
            let target = resolved_locally::<F>(&self.proxy, command, &target, deadline).await?;
            let mut request = self.requests.begin(command, target)?;
            let granted = W::converse(&mut self.stream, &mut request, deadline).await?;
            self.requests.end(request, granted, read)
        };
        let (proxy, hops) = (&self.proxy, self.hops);
        let asked = async { asked.await.map_err(|error| subject.explain(error, proxy, hops)) };
        trace.watch(asked).await
    }

    /// Makes a last request, whose reply the tunnel follows.
    pub(crate) async fn into_tunnel(
        mut self,
        command: Command,
        target: Target<'_>,
    ) -> Result<SocksStream<W::Stream, V5, F>, Error> {
        let subject = Subject::of(command, &target);
        let trace = trace::request(&command, &self.proxy, &subject);
        let deadline = self.deadline();
        let (proxy, hops) = (self.proxy, self.hops);
        let connected = async {
            let target = resolved_locally::<F>(&proxy, command, &target, deadline).await?;
            let mut request = self.requests.begin(command, target)?;
            let granted = W::converse(&mut self.stream, &mut request, deadline).await?;
            let mut granted = with_outer(request, granted);
            let finished = finish::<F, W>(self.stream, &mut granted);
            Ok(SocksStream::new(finished.map_err(wrap_error(Stage::Request))?, granted))
        };
        let connected = async { connected.await.map_err(|error| subject.explain(error, &proxy, hops)) };
        trace.watch(connected).await
    }

    fn deadline(&self) -> Deadline {
        proxy_deadline::<F>(deadline::<F>(self.limit), &self.proxy)
    }
}

/// Replaces a name that this machine resolves by its first address that the proxy can carry.
async fn resolved_locally<'t, F: Runtime>(
    proxy: &Proxy,
    command: Command,
    target: &'t Target<'_>,
    deadline: Deadline,
) -> Result<Target<'t>, Error> {
    match (target.host(), proxy.resolves()) {
        (Host::Domain(name), Resolve::Locally) if !command.is_lookup() => {
            let addrs = resolved::<F>(
                &proxy.dialling().lookup,
                proxy.protocol(),
                name.as_str(),
                target.port(),
                deadline,
            )
            .await;
            let first = addrs.map_err(Error::of_target_name)?.next();
            first.ok_or_else(|| no_address(name.as_str()).of_target_name())
        }
        _ => Ok(target.borrowed()),
    }
}

/// The target of a request in errors and reports.
struct Subject<'a>(Option<&'a Target<'a>>);

impl<'a> Subject<'a> {
    fn of(command: Command, target: &'a Target<'a>) -> Self {
        Self((command != Command::KeepAlive).then_some(target))
    }

    fn explain(&self, error: Error, proxy: &Proxy, hops: usize) -> Error {
        let error = error.at_hop(proxy, hops, hops);
        match self.0 {
            Some(_) => error.about(self),
            None => error,
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // A lookup has no port.
            Some(target) if target.port() == 0 => target.host().fmt(f),
            Some(target) => target.fmt(f),
            None => f.write_str("none"),
        }
    }
}

impl<F: Runtime, W: Wrap<F>> fmt::Debug for SocksClient<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksClient")
            .field("proxy", &self.proxy)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
