//! One way to whatever has to be reached: through a proxy, a chain of them, or none.

use crate::address::Name;
use crate::any_version::AnyVersion;
use crate::command::Command;
use crate::dial::interleave;
use crate::error::{Error, Stage};
use crate::established::{Established, Spoken};
use crate::invalid::Invalid;
use crate::listener::SocksListener;
use crate::optimistic::Say;
use crate::proxy::{DEFAULT_TIMEOUT, Resolve, SocketOptions};
use crate::route::{Chain, NoProxy, Proxies, Route, Rule, earlier, walk};
use crate::runtime::{Asked, Runtime, deadline, lookup, no_address, resolved};
use crate::stream::SocksStream;
use crate::target::{Host, Target};
use crate::tor;
use crate::trace;
use crate::udp::{SocksUdpSocket, UdpFront, associate};
use crate::wrap::{Plain, Wrap, failed};
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Reaches targets through a proxy, a [`Chain`], what the environment says, or a rule; the streams that it gives are of one type whatever
/// version the proxy speaks.
///
/// `F` is the front end, each of which names its own `Connector`, and `W` what the stream is wrapped in. It is cheap to clone.
pub struct Connector<F, W = Plain> {
    route: Arc<Route>,
    wrap: W,
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

    /// Goes as the environment says, which is read now: through the proxy, or the chain with commas between its URLs, that the first of
    /// `socks_proxy`, `SOCKS_PROXY`, `all_proxy` and `ALL_PROXY` names that is set and not empty; directly to whom `no_proxy` or
    /// `NO_PROXY` lists ([`NoProxy`]), and to everybody if none is set. No other variable counts: `HTTP_PROXY`, which a web server may set to what
    /// a stranger says, is none of them.
    ///
    /// # Errors
    ///
    /// The value is no SOCKS URL. One of another protocol, such as `http://`, is not passed over: the connection would be direct, unasked.
    pub fn from_env() -> Result<Self, Error> {
        Route::from_env().map(Into::into)
    }

    /// Goes through the proxy, or the chain of them, that a function chooses by the target, or directly where it chooses none.
    ///
    /// ```
    /// use anysocks::{Proxy, blocking::Connector};
    ///
    /// let tor = Proxy::socks5("127.0.0.1:9050")?;
    /// let connector = Connector::by_rule(move |target| {
    ///     let onion = target.domain().is_some_and(|name| name.ends_with(".onion"));
    ///     onion.then(|| tor.clone())
    /// });
    /// # Ok::<(), anysocks::Error>(())
    /// ```
    ///
    /// A name that is only to be [resolved](Self::resolve) has port 0 there.
    #[must_use]
    pub fn by_rule<C: Into<Chain>>(rule: impl Fn(&Target<'_>) -> Option<C> + Send + Sync + 'static) -> Self {
        let rule: Arc<Rule> = Arc::new(move |target: &Target<'_>| rule(target).map(Into::into));
        Route::from(Proxies::Rule(rule)).into()
    }
}

impl<F, W> Connector<F, W> {
    /// Goes directly to these targets, and no more to those that were said before. A rule is not asked about them.
    #[must_use]
    pub fn no_proxy(self, exceptions: NoProxy) -> Self {
        let proxies = self.route.proxies.clone();
        Self { route: Arc::new(Route { proxies, exceptions }), ..self }
    }

    pub(crate) fn wrapped_by<V>(self, wrap: V) -> Connector<F, V> {
        Connector { route: self.route, wrap, marker: PhantomData }
    }
}

impl<F: Runtime, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn connect_to(
        &self,
        target: Target<'_>,
        first_bytes: &[u8],
    ) -> Result<SocksStream<W::Stream, AnyVersion, F>, Error> {
        let Some(chain) = self.route.to(&target) else {
            let request = trace::request(Command::Connect, &"none", &target);
            let (stream, established) = request.watch(self.directly(&target, first_bytes)).await?;
            return Ok(SocksStream::new(stream, established));
        };
        let asked = Asked::connect(first_bytes);
        let reached =
            walk::<F, W, AnyVersion>(chain.hops(), chain.limit(), &self.wrap, target, asked).await?;
        Ok(SocksStream::new(reached.stream, reached.established))
    }

    pub(crate) async fn bind_for(
        &self,
        peer: Target<'_>,
    ) -> Result<SocksListener<W::Stream, AnyVersion, F>, Error> {
        let chain = self.route.to(&peer).ok_or(Invalid::NoProxyToAsk)?;
        let reached =
            walk::<F, W, AnyVersion>(chain.hops(), chain.limit(), &self.wrap, peer, Asked::bind()).await?;
        Ok(SocksListener::reached(reached, chain.hops()))
    }

    pub(crate) async fn resolve_name(&self, name: Host<'_>) -> Result<IpAddr, Error> {
        let name = match name {
            Host::Ip(ip) => return Ok(ip),
            Host::Domain(name) => name,
        };
        let chain = self.route.to(&(name.borrowed(), 0).into());
        match &chain {
            Some(chain) if chain.last().resolves() == Resolve::ByProxy => {
                tor::resolve_by::<F, W>(chain.hops(), chain.limit(), &self.wrap, name.into()).await
            }
            chain => {
                let request = trace::request(Command::Resolve, &"none", &name.as_str());
                request.watch(looked_up::<F>(name.as_str(), chain.as_deref())).await
            }
        }
    }

    pub(crate) async fn resolve_addr(&self, ip: IpAddr) -> Result<Name, Error> {
        let chain = self.route.to(&(ip, 0).into()).ok_or(Invalid::NoProxyToAsk)?;
        tor::resolve_ptr_by::<F, W>(chain.hops(), chain.limit(), &self.wrap, ip).await
    }

    /// Connects to the target itself.
    async fn directly(
        &self,
        target: &Target<'_>,
        first_bytes: &[u8],
    ) -> Result<(W::Stream, Established), Error> {
        let deadline = deadline::<F>(DEFAULT_TIMEOUT);
        let addrs = match target.host() {
            Host::Ip(ip) => vec![(*ip, target.port()).into()],
            Host::Domain(name) => lookup::<F>(name.as_str(), target.port(), deadline).await?,
        };
        let addrs = interleave(addrs).into_iter().map(Into::into).collect();
        let raced = F::race(addrs, &SocketOptions::default(), deadline).await;
        let stream = raced.map_err(|failures| failures.at(Stage::Direct))?;
        trace::connected(Stage::Direct);
        let ends = F::ends(&stream).map_err(failed(Stage::Direct))?;
        let mut held = self.wrap.wrap(stream, None, deadline).await.map_err(failed(Stage::Direct))?;
        W::converse(&mut held, &mut Say::new(Stage::Direct, first_bytes), deadline).await?;
        let stream = W::finish(held).map_err(failed(Stage::Direct))?;
        let established = Established { bound: ends.local.into(), frames: None, spoken: Spoken::V5 };
        Ok((stream, established))
    }
}

impl<F: UdpFront> Connector<F> {
    pub(crate) async fn associated(&self) -> Result<SocksUdpSocket<F>, Error> {
        let proxies = self.route.to_anybody().ok_or(Invalid::NoProxyToAsk)?;
        let proxy = proxies.only().ok_or(Invalid::DatagramsThroughChain)?;
        associate::<F>(proxy).await
    }
}

/// An address of the name, as this machine finds it, and one that the proxy, if there is any, could be asked for.
async fn looked_up<R: Runtime>(name: &str, chain: Option<&Chain>) -> Result<IpAddr, Error> {
    let Some(chain) = chain else {
        let addrs = lookup::<R>(name, 0, deadline::<R>(DEFAULT_TIMEOUT)).await?;
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
