//! Connectors.

use super::chain::Chain;
use super::environment;
use super::no_proxy::NoProxy;
use super::proxies::{Proxies, Route};
use super::rule::{Choice, Rule};
use super::upstreams::{Health, Upstreams};
use super::wrap::Plain;
use crate::error::Error;
use crate::protocol::target::Target;
use std::fmt;
use std::marker::PhantomData;
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
/// | [`any_of`](Self::any_of) | through the first usable one of several proxies or chains |
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
/// - A connection times out after the [timeout](crate::Proxy::timeout) of the proxies, the
///   [chain](Chain::timeout) or the [upstreams](Upstreams::timeout); a direct one after 30 seconds.
///   [`timeout`](Self::timeout) replaces all of them.
/// - BIND and UDP ASSOCIATE need at least one proxy, and UDP ASSOCIATE only SOCKS5 ones.
///
/// # Errors
///
/// All calls return an [`Error`]. [`Error::hop`] is the number of the proxy in a chain. After an
/// error there is no fallback to a direct connection, unless
/// [`Upstreams::then_direct`] or `DIRECT` in a text requests it.
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

    /// Returns a connector through any of several proxies or chains: see [`Upstreams`].
    ///
    /// ```
    /// use anysocks::{Proxy, blocking::Connector};
    ///
    /// let connector = Connector::any_of([
    ///     Proxy::socks5("a.example:1080")?,
    ///     Proxy::socks5("b.example:1080")?,
    /// ])?;
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    ///
    /// It accepts:
    ///
    /// - an array or a `Vec` of proxies, or of chains;
    /// - [`Upstreams`], which have settings and a shared state;
    /// - a text: URLs separated by `;`, or the answer of a PAC script. In a text, `DIRECT` allows a
    ///   direct connection: see [`Upstreams::then_direct`].
    ///
    /// # Errors
    ///
    /// - [`Invalid::NoUpstream`](crate::Invalid::NoUpstream): the list is empty.
    /// - Those of parsing a text.
    #[doc(alias = "failover")]
    #[doc(alias = "fallback")]
    pub fn any_of(upstreams: impl TryInto<Upstreams, Error: Into<Error>>) -> Result<Self, Error> {
        let upstreams = upstreams.try_into().map_err(Into::into)?;
        Ok(Route::from(Proxies::AnyOf(upstreams)).into())
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
    /// The rule returns a proxy, a chain, several of them ([`Upstreams`]), `None` for a direct
    /// connection, or an error: see
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
    /// Returns the state of each upstream of [`any_of`](Self::any_of), in the given order. With
    /// another route, the list is empty.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        match &self.route.proxies {
            Proxies::AnyOf(upstreams) => upstreams.health(),
            _ => Vec::new(),
        }
    }

    /// Returns whether a proxy of the route is behind TLS, so that the connector has to be wrapped.
    /// With [`by_rule`](Self::by_rule), no proxy is known before a call, and this is `false`.
    ///
    /// The proxies of [`from_env`](Self::from_env) are known. A program that has no TLS otherwise
    /// can load its certificates for them alone.
    #[must_use]
    pub fn needs_tls(&self) -> bool {
        self.route.proxies.chains().iter().any(|chain| chain.hops()[0].is_behind_tls())
    }

    /// Connects to these targets directly, and replaces the exceptions that were set before.
    ///
    /// A rule is not called for them.
    #[must_use]
    pub fn no_proxy(self, exceptions: NoProxy) -> Self {
        let route = Route { exceptions, ..Route::clone(&self.route) };
        self.with_route(route)
    }

    /// Replaces the route.
    pub(crate) fn with_route(self, route: Route) -> Self {
        Self { route: Arc::new(route), ..self }
    }

    pub(crate) fn with_wrap<V>(self, wrap: V) -> Connector<F, V> {
        Connector { route: self.route, wrap, marker: PhantomData }
    }
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
