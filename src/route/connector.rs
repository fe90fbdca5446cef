//! One way to whatever has to be reached: through a proxy, a chain of them, or none.

use super::chain::Chain;
use super::connect::{earlier, request_through};
use super::environment;
use super::listener::SocksListener;
use super::lookup;
use super::no_proxy::NoProxy;
use super::proxies::{Proxies, Route};
use super::request::RequestTemplate;
use super::rule::{Choice, Rule};
use super::wrap::{Plain, Wrap, failed};
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

/// Reaches targets through a proxy, a [`Chain`], what the environment says, or a rule; the streams that it gives are of one type whatever
/// version the proxy speaks.
///
/// `F` is the front end, each of which names its own `Connector`, and `W` what the stream is wrapped in. It is cheap to clone.
pub struct Connector<F, W = Plain> {
    pub(crate) route: Arc<Route>,
    pub(crate) wrap: W,
    marker: PhantomData<fn() -> F>,
}

impl<F> Connector<F> {
    /// Goes through a proxy or a chain of them.
    #[must_use]
    pub fn new(chain: impl Into<Chain>) -> Self {
        Route::from(Proxies::Chain(chain.into())).into()
    }

    /// Goes through no proxy.
    #[must_use]
    pub fn direct() -> Self {
        Route::from(Proxies::None).into()
    }

    /// Reads the proxies from the environment, once, when it is called.
    ///
    /// 1. The first of `socks_proxy`, `SOCKS_PROXY`, `all_proxy` and `ALL_PROXY` that is set
    ///    decides for all targets. Its value is a SOCKS URL, or a chain of them with commas
    ///    between.
    /// 2. If none of these is set, the first of `https_proxy`, `HTTPS_PROXY` and `http_proxy`
    ///    whose value is a SOCKS URL or a chain does. With the feature `hyper`, the first two are
    ///    for `https` and `wss` URIs, and the third for `http` and `ws`. Other values, such as
    ///    `http://proxy:3128`, are passed over: for an HTTP proxy alone, the connection is direct.
    /// 3. Connections to the targets in `no_proxy`, or else `NO_PROXY`, are direct ([`NoProxy`]).
    ///
    /// If nothing is set, all connections are direct. A variable that is set to nothing is not
    /// set.
    ///
    /// Upper-case `HTTP_PROXY` never counts: a CGI server sets it from a header of the request.
    /// Where names of variables ignore case (Windows), `http_proxy` does not count in a CGI
    /// program.
    ///
    /// With the feature `tracing`, each variable that is passed over gives an event with its name,
    /// and so does a `no_proxy` with entries that can never match.
    ///
    /// # Errors
    ///
    /// - [`Invalid::Variable`]: one of the first four variables that decides is not a SOCKS URL or
    ///   a chain, or one of the others is a SOCKS URL with a mistake in it. Neither is passed
    ///   over, because the connection would be direct.
    pub fn from_env() -> Result<Self, Error> {
        environment::route(|name| std::env::var_os(name)).map(Into::into)
    }

    /// Asks a function for the proxies of each target: a proxy, a chain, none, or an error.
    ///
    /// ```
    /// use anysocks::{Chain, Error, blocking::Connector};
    ///
    /// let connector = Connector::by_rule(|target| -> Result<Option<Chain>, Error> {
    ///     match target.domain() {
    ///         Some(name) if name.ends_with(".onion") => Ok(Some("socks5h://127.0.0.1:9050".parse()?)),
    ///         _ => Ok(None),
    ///     }
    /// });
    /// ```
    ///
    /// `None` means a direct connection, so a rule that can fail returns a `Result` ([`Choice`]
    /// lists what it may return). `Err` refuses the target: nothing is dialled, and the call fails
    /// with [`ErrorKind::Rule`](crate::ErrorKind::Rule).
    ///
    /// A rule is called once for each connection, BIND and lookup, on the calling thread or task.
    /// The target's port is 0 where a name or an address is only looked up
    /// ([`resolve`](Self::resolve), [`resolve_ptr`](Self::resolve_ptr)). A rule is not asked about
    /// [exceptions](Self::no_proxy), and [`associate`](Self::associate) has no target to ask
    /// about.
    #[must_use]
    pub fn by_rule<A: Choice>(rule: impl Fn(&Target<'_>) -> A + Send + Sync + 'static) -> Self {
        Route::from(Proxies::Rule(Rule::new(rule))).into()
    }
}

impl<F, W> Connector<F, W> {
    /// Goes directly to these targets, and no more to those that were said before. A rule is not asked about them.
    #[must_use]
    pub fn no_proxy(self, exceptions: NoProxy) -> Self {
        let proxies = self.route.proxies.clone();
        self.by(Route { proxies, exceptions })
    }

    /// The same, by another route.
    pub(crate) fn by(self, route: Route) -> Self {
        Self { route: Arc::new(route), ..self }
    }

    pub(crate) fn wrapped_by<V>(self, wrap: V) -> Connector<F, V> {
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
            let request = trace::request(Command::Connect, &"none", &target);
            let (stream, established) = request.watch(self.directly(&target, early_data)).await?;
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
        let chain = self.route.proxies_for(&peer)?.ok_or(Invalid::NoProxyToAsk)?;
        let granted = request_through::<F, W, AnyVersion>(
            chain.hops(),
            chain.limit(),
            &self.wrap,
            peer,
            RequestTemplate::bind(),
        )
        .await?;
        Ok(SocksListener::granted(granted, chain.hops()))
    }

    pub(crate) async fn resolve_name(&self, name: Host<'_>) -> Result<IpAddr, Error> {
        let name = match name {
            Host::Ip(ip) => return Ok(ip),
            Host::Domain(name) => name,
        };
        let chain = self.route.proxies_for(&(name.borrowed(), 0).into())?;
        match &chain {
            Some(chain) if chain.last().resolves() == Resolve::ByProxy => {
                lookup::resolve_by::<F, W>(chain.hops(), chain.limit(), &self.wrap, name.into()).await
            }
            chain => {
                let request = trace::request(Command::Resolve, &"none", &name.as_str());
                request.watch(resolved_locally::<F>(name.as_str(), chain.as_deref())).await
            }
        }
    }

    pub(crate) async fn resolve_addr(&self, ip: IpAddr) -> Result<Name, Error> {
        let chain = self.route.proxies_for(&(ip, 0).into())?.ok_or(Invalid::NoProxyToAsk)?;
        lookup::resolve_ptr_by::<F, W>(chain.hops(), chain.limit(), &self.wrap, ip).await
    }

    /// Connects to the target itself.
    async fn directly(
        &self,
        target: &Target<'_>,
        early_data: &[u8],
    ) -> Result<(W::Stream, Established), Error> {
        let deadline = deadline::<F>(DEFAULT_TIMEOUT);
        let addrs = match target.host() {
            Host::Ip(ip) => vec![(*ip, target.port()).into()],
            Host::Domain(name) => resolve::<F>(name.as_str(), target.port(), deadline).await?,
        };
        let addrs = interleave(addrs).into_iter().map(Into::into).collect();
        let raced = F::race(addrs, &SocketOptions::default(), deadline).await;
        let stream = raced.map_err(|failures| failures.at(Stage::Direct))?;
        trace::connected(Stage::Direct);
        let ends = F::ends(&stream).map_err(failed(Stage::Direct))?;
        let mut held = self.wrap.wrap(stream, None, deadline).await.map_err(failed(Stage::Direct))?;
        W::converse(&mut held, &mut EarlyData::new(Stage::Direct, early_data), deadline).await?;
        let stream = W::finish(held).map_err(failed(Stage::Direct))?;
        let established =
            Established { bound: ends.local.into(), frames: None, version: ProtocolVersion::V5 };
        Ok((stream, established))
    }
}

/// An address of the name, as this machine finds it, and one that the proxy, if there is any, could be asked for.
async fn resolved_locally<R: Runtime>(name: &str, chain: Option<&Chain>) -> Result<IpAddr, Error> {
    let Some(chain) = chain else {
        let addrs = resolve::<R>(name, 0, deadline::<R>(DEFAULT_TIMEOUT)).await?;
        return addrs.first().map(SocketAddr::ip).ok_or_else(|| no_address(name));
    };
    let (last, of) = (chain.last(), chain.hops().len());
    let found =
        resolved::<R>(last.protocol(), name, 0, earlier::<R>(deadline::<R>(chain.limit()), last)).await;
    let first =
        found.and_then(|mut targets| targets.find_map(|target| target.ip()).ok_or_else(|| no_address(name)));
    first.map_err(|error| error.at_hop(last, of, of))
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
