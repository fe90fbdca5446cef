//! Connectors.

use super::chain::Chain;
use super::connect::request_through;
use super::environment;
use super::listener::SocksListener;
use super::lookup;
use super::no_proxy::NoProxy;
use super::path::proxy_deadline;
use super::proxies::{Proxies, Route};
use super::request::RequestTemplate;
use super::rule::{Choice, Rule};
use super::wrap::{Plain, Wrap, wrap_error};
use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use crate::protocol::address::Name;
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::early_data::EarlyData;
use crate::protocol::established::{Established, ProtocolVersion};
use crate::protocol::target::{Host, Target};
use crate::proxy::{DEFAULT_TIMEOUT, Resolve, SocketOptions};
use crate::runtime::dial::interleave;
use crate::runtime::{Runtime, deadline, no_address, resolve, resolved};
use crate::stream::SocksStream;
use crate::trace;
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Connects to targets through a proxy, a chain of proxies, or directly.
///
/// Use a connector when the proxy is configuration: it comes from the user, the environment or a
/// rule, and the program connects to many targets. For one connection through a known proxy,
/// `Socks5Stream::connect` is enough.
///
/// ```no_run
/// use anysocks::blocking::Connector;
/// use anysocks::{NoProxy, Proxy};
///
/// let proxy: Proxy = "socks5h://127.0.0.1:1080".parse()?;
/// let connector = Connector::new(proxy).no_proxy(NoProxy::new("internal.example").loopback());
/// let stream = connector.connect("example.com:80")?;
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// | constructor | route |
/// |---|---|
/// | [`new`](Self::new) | through a proxy, or through a [`Chain`] |
/// | [`from_env`](Self::from_env) | through the proxies in the environment variables |
/// | [`by_rule`](Self::by_rule) | through the proxies that a function chooses for the target |
/// | [`direct`](Self::direct) | without a proxy |
///
/// | method | result |
/// |---|---|
/// | [`connect`](Self::connect), [`connect_with_early_data`](Self::connect_with_early_data) | a stream to the target |
/// | [`bind`](Self::bind) | a listener on the last proxy |
/// | [`associate`](Self::associate) | a UDP socket |
/// | [`resolve`](Self::resolve), [`resolve_ptr`](Self::resolve_ptr) | an address or a name |
/// | [`check`](Self::check) | whether the proxies can be reached and accept the client |
/// | [`wrapped`](Self::wrapped) | a connector that wraps its streams, for example in TLS |
///
/// `F` is the front end: each front end has an alias `Connector` with its own. `W` is the wrapper
/// of the streams: [`Plain`] for none. All streams have the type `AnyStream` of the front end,
/// whichever version the proxy speaks. Cloning a connector is cheap.
///
/// # Limits
///
/// - Every connection is a new one: a connector has no pool and no cache. The HTTP client, or
///   another pool above it, keeps connections.
/// - A connection times out after the [timeout](crate::Proxy::timeout) of the proxies or the
///   [chain](Chain::timeout); a direct one after 30 seconds.
/// - UDP ASSOCIATE needs exactly one proxy; BIND needs at least one.
///
/// # Errors
///
/// All calls return an [`Error`]. [`Error::hop`] is the number of the proxy in a chain. After an
/// error there is no fallback to a direct connection.
///
/// - [`Invalid`](crate::ErrorKind::Invalid): a mistake in the arguments, or a request that the
///   route can't carry, such as BIND without a proxy. Nothing was sent.
/// - [`Rule`](crate::ErrorKind::Rule): the rule refused the target.
/// - [`Unresolved`](crate::ErrorKind::Unresolved), [`Unreachable`](crate::ErrorKind::Unreachable):
///   the first proxy, or the target of a direct connection, could not be reached.
/// - [`Refused`](crate::ErrorKind::Refused): the reply of a proxy.
/// - [`TimedOut`](crate::ErrorKind::TimedOut): the timeout passed during a handshake.
///   [`Error::is_timeout`] covers lookups and dialling too.
/// - Every other kind that `Socks5Stream::connect` returns.
#[doc(alias = "pool")]
#[doc(alias = "reqwest")]
#[doc(alias = "tor")]
#[doc(alias = "tls")]
#[doc(alias = "Matcher")]
#[doc(alias = "HttpConnector")]
pub struct Connector<F, W = Plain> {
    pub(crate) route: Arc<Route>,
    pub(crate) wrap: W,
    marker: PhantomData<fn() -> F>,
}

impl<F> Connector<F> {
    /// Returns a connector through a proxy or a chain of proxies.
    #[must_use]
    pub fn new(chain: impl Into<Chain>) -> Self {
        Route::from(Proxies::Chain(chain.into())).into()
    }

    /// Returns a connector that connects to all targets directly.
    #[must_use]
    pub fn direct() -> Self {
        Route::from(Proxies::None).into()
    }

    /// Reads the proxies from the environment variables, once, at this call.
    ///
    /// 1. The first of `socks_proxy`, `SOCKS_PROXY`, `all_proxy` and `ALL_PROXY` that is set
    ///    applies to all targets. Its value is a SOCKS URL, or several URLs of a chain, separated
    ///    by commas.
    /// 2. Otherwise, the first of `https_proxy`, `HTTPS_PROXY` and `http_proxy` that contains a
    ///    SOCKS URL or a chain applies. With the feature `hyper`, the first two are for `https`
    ///    and `wss` URIs, and the third is for `http` and `ws`. Other values, such as
    ///    `http://proxy:3128`, are ignored: if only an HTTP proxy is set, connections are direct.
    /// 3. Connections to the targets in `no_proxy`, or else `NO_PROXY`, are direct ([`NoProxy`]).
    ///
    /// If none of these is set, all connections are direct. An empty variable counts as not set.
    ///
    /// Upper-case `HTTP_PROXY` is always ignored: a CGI server sets it from a request header. On
    /// Windows, which ignores the case of names, a CGI program ignores `http_proxy` too.
    ///
    /// With the feature `tracing`, an event names each variable that is ignored, and a `no_proxy`
    /// with entries that can never match.
    ///
    /// # Errors
    ///
    /// - [`Invalid::Variable`](crate::Invalid::Variable): the variable of step 1 that applies is
    ///   not a SOCKS URL or a chain, or a variable of step 2 is a SOCKS URL with a mistake. To
    ///   ignore it would make connections direct.
    #[doc(alias = "ALL_PROXY")]
    pub fn from_env() -> Result<Self, Error> {
        environment::route(|name| std::env::var_os(name)).map(Into::into)
    }

    /// Returns a connector that calls a function for the proxies of each target.
    ///
    /// ```
    /// use anysocks::{Chain, Error, blocking::Connector};
    ///
    /// let tor: Chain = "socks5h://127.0.0.1:9050".parse()?;
    /// let connector = Connector::by_rule(move |target| {
    ///     let is_onion = target.domain().is_some_and(|name| name.ends_with(".onion"));
    ///     is_onion.then(|| tor.clone())
    /// });
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// The rule returns a proxy, a chain, `None` for a direct connection, or an error: see
    /// [`Choice`]. An error refuses the target: nothing is dialled, and the call fails with
    /// [`ErrorKind::Rule`](crate::ErrorKind::Rule).
    ///
    /// The rule receives the name as the caller wrote it: it may contain upper-case letters or end
    /// with a dot. [`NoProxy::covers`] ignores both differences, so a rule can use a list of names.
    ///
    /// The rule is called once for each connection, BIND and lookup, on the calling thread or
    /// task. [`resolve`](Self::resolve) and [`resolve_ptr`](Self::resolve_ptr) call it with port
    /// 0. It is not called for [exceptions](Self::no_proxy), nor by
    /// [`associate`](Self::associate), which has no target.
    #[must_use]
    pub fn by_rule<A: Choice>(rule: impl Fn(&Target<'_>) -> A + Send + Sync + 'static) -> Self {
        Route::from(Proxies::Rule(Rule::new(rule))).into()
    }
}

impl<F, W> Connector<F, W> {
    /// Connects to these targets directly, and replaces the exceptions that were set before.
    ///
    /// A rule is not called for them.
    #[must_use]
    pub fn no_proxy(self, exceptions: NoProxy) -> Self {
        let proxies = self.route.proxies.clone();
        self.with_route(Route { proxies, exceptions })
    }

    /// Replaces the route.
    pub(crate) fn with_route(self, route: Route) -> Self {
        Self { route: Arc::new(route), ..self }
    }

    pub(crate) fn with_wrap<V>(self, wrap: V) -> Connector<F, V> {
        Connector { route: self.route, wrap, marker: PhantomData }
    }
}

impl<F: Runtime, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn connect_to(
        &self,
        target: Target<'_>,
        early_data: &[u8],
    ) -> Result<SocksStream<W::Stream, AnyVersion, F>, Error> {
        let Some(chain) = self.route.proxies_for(&target)? else {
            let request = trace::request(&Command::Connect, &"none", &target);
            let connected = async {
                let connected = self.connect_directly(&target, early_data).await;
                connected.map_err(|error| error.about(&target))
            };
            let (stream, established) = request.watch(connected).await?;
            return Ok(SocksStream::new(stream, established));
        };
        let template = RequestTemplate::connect(early_data);
        let granted =
            request_through::<F, W, AnyVersion>(chain.hops(), chain.limit(), &self.wrap, target, template)
                .await?;
        Ok(SocksStream::new(granted.stream, granted.established))
    }

    pub(crate) async fn bind_for(
        &self,
        peer: Target<'_>,
    ) -> Result<SocksListener<W::Stream, AnyVersion, F>, Error> {
        let chain = self.route.proxies_to_ask(&peer)?;
        let granted = request_through::<F, W, AnyVersion>(
            chain.hops(),
            chain.limit(),
            &self.wrap,
            peer,
            RequestTemplate::without_data(Command::Bind),
        )
        .await?;
        Ok(SocksListener::granted(granted, chain.hops()))
    }

    pub(crate) async fn resolve_name(&self, name: Host<'_>) -> Result<IpAddr, Error> {
        let name = match name {
            Host::Ip(ip) => return Ok(ip),
            Host::Domain(name) => name,
            _ => return Err(trace::failed(Invalid::TargetOfCommand(Command::Resolve.name()).into())),
        };
        let chain = self.route.proxies_for(&(name.borrowed(), 0).into())?;
        match &chain {
            Some(chain) if chain.last().resolves() == Resolve::ByProxy => {
                lookup::resolve_by::<F, W>(chain.hops(), chain.limit(), &self.wrap, name.into()).await
            }
            chain => {
                let request = trace::request(&Command::Resolve, &"none", &name.as_str());
                request.watch(resolved_locally::<F>(name.as_str(), chain.as_deref())).await
            }
        }
    }

    pub(crate) async fn resolve_addr(&self, ip: IpAddr) -> Result<Name, Error> {
        let chain = self.route.proxies_to_ask(&(ip, 0).into())?;
        lookup::resolve_ptr_by::<F, W>(chain.hops(), chain.limit(), &self.wrap, ip).await
    }

    /// Connects to the target without a proxy.
    async fn connect_directly(
        &self,
        target: &Target<'_>,
        early_data: &[u8],
    ) -> Result<(W::Stream, Established), Error> {
        let deadline = deadline::<F>(DEFAULT_TIMEOUT);
        let target = target.borrowed().into_standard()?;
        let options = SocketOptions::default();
        let dialled = if let Some(ip) = target.ip() {
            F::connect(&(ip, target.port()).into(), &options, deadline).await
        } else {
            let name = target.domain().unwrap_or_default();
            let addrs = resolve::<F>(name, target.port(), deadline).await?;
            let addrs = interleave(addrs).into_iter().map(Into::into).collect();
            Box::pin(F::race(addrs, &options, deadline)).await
        };
        let stream = dialled.map_err(|failures| failures.at(Stage::Direct))?;
        trace::connected(Stage::Direct);
        let ends = F::ends(&stream).map_err(wrap_error(Stage::Direct))?;
        let mut stream = self.wrap.wrap(stream, None, deadline).await.map_err(wrap_error(Stage::Direct))?;
        W::converse(&mut stream, &mut EarlyData::new(Stage::Direct, early_data), deadline).await?;
        let stream = W::finish(stream).map_err(wrap_error(Stage::Direct))?;
        let established =
            Established { bound: ends.local.into(), negotiated: None, version: ProtocolVersion::V5 };
        Ok((stream, established))
    }
}

/// Resolves a name on this machine. With a proxy, returns an address that its protocol can carry.
async fn resolved_locally<R: Runtime>(name: &str, chain: Option<&Chain>) -> Result<IpAddr, Error> {
    let Some(chain) = chain else {
        let addrs = resolve::<R>(name, 0, deadline::<R>(DEFAULT_TIMEOUT)).await;
        let first = addrs.and_then(|addrs| addrs.first().map(SocketAddr::ip).ok_or_else(|| no_address(name)));
        return first.map_err(|error| error.about(name));
    };
    let (last, count) = (chain.last(), chain.hops().len());
    let found =
        resolved::<R>(last.protocol(), name, 0, proxy_deadline::<R>(deadline::<R>(chain.limit()), last))
            .await;
    let first =
        found.and_then(|mut targets| targets.find_map(|target| target.ip()).ok_or_else(|| no_address(name)));
    first.map_err(|error| error.at_hop(last, count, count).about(name))
}

impl<F> From<Route> for Connector<F> {
    fn from(route: Route) -> Self {
        Self { route: Arc::new(route), wrap: Plain, marker: PhantomData }
    }
}

impl<F, W: Clone> Clone for Connector<F, W> {
    fn clone(&self) -> Self {
        Self { route: Arc::clone(&self.route), wrap: self.wrap.clone(), marker: PhantomData }
    }
}

impl<F, W: fmt::Debug> fmt::Debug for Connector<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("route", &self.route).field("wrap", &self.wrap).finish()
    }
}

#[cfg(test)]
mod tests;
