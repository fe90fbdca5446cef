//! One way to whatever has to be reached: through a proxy, a chain of them, or none.

use crate::any_version::{AnyRequest, AnyVersion};
use crate::command::Command;
use crate::dial::interleave;
use crate::error::{Error, ErrorKind, Stage};
use crate::established::{Established, Spoken};
use crate::invalid::Invalid;
use crate::listener::SocksListener;
use crate::optimistic::Say;
use crate::proxy::{DEFAULT_TIMEOUT, Protocol, Proxy, Resolve, SocketOptions};
use crate::route::{Chain, NoProxy, Reached, Route, through_chain};
use crate::runtime::{Asked, Runtime, deadline, lookup, no_address};
use crate::socks4::Socks4;
use crate::socks5::Socks5;
use crate::stream::SocksStream;
use crate::target::{Host, Target};
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
        Route::Chain(chain.into(), NoProxy::default()).into()
    }

    /// Goes through no proxy.
    #[must_use]
    pub fn direct() -> Self {
        Route::Direct.into()
    }

    /// Goes as the environment says, which is read now: through the proxy, or the chain with commas between its URLs, that the first of
    /// `socks_proxy`, `SOCKS_PROXY`, `all_proxy` and `ALL_PROXY` names that is set and not empty; directly to whom `no_proxy` or
    /// `NO_PROXY` lists ([`NoProxy`]), and to everybody if none is set.
    ///
    /// # Errors
    ///
    /// The value is no SOCKS URL. One of another protocol, such as `http://`, is not passed over: the connection would be direct, unasked.
    pub fn from_env() -> Result<Self, Error> {
        Route::from_env().map(Into::into)
    }

    /// Goes through the proxy that a function chooses by the target, or directly where it chooses none.
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
    #[must_use]
    pub fn by_rule(rule: impl Fn(&Target<'_>) -> Option<Proxy> + Send + Sync + 'static) -> Self {
        Route::Rule(Arc::new(rule)).into()
    }

    /// Goes directly to these targets, and no more to those that were said before. Where a rule or nothing is asked anyway, this changes
    /// nothing.
    #[must_use]
    pub fn no_proxy(self, no_proxy: NoProxy) -> Self {
        match &*self.route {
            Route::Chain(chain, _) => Route::Chain(chain.clone(), no_proxy).into(),
            Route::Direct | Route::Rule(_) => self,
        }
    }

    pub(crate) fn wrapped_by<W>(self, wrap: W) -> Connector<F, W> {
        Connector { route: self.route, wrap, marker: PhantomData }
    }
}

impl<F: Runtime, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn connect_to(
        &self,
        target: Target<'_>,
        first_bytes: &[u8],
    ) -> Result<SocksStream<W::Stream, AnyVersion, F>, Error> {
        let asked = Asked::connect(first_bytes);
        let reached = match self.route.to(&target) {
            Some(chain) => through_chain::<F, W>(&chain, &self.wrap, target, asked).await?,
            None => self.directly(&target, first_bytes).await?,
        };
        Ok(SocksStream::new(reached.stream, reached.established))
    }

    pub(crate) async fn bind_for(
        &self,
        peer: Target<'_>,
    ) -> Result<SocksListener<W::Stream, AnyVersion, F>, Error> {
        let chain = self.route.to(&peer).ok_or(Invalid::NoProxyToAsk)?;
        let Reached { stream, established, proxy } =
            through_chain::<F, W>(&chain, &self.wrap, peer, Asked::bind()).await?;
        Ok(SocksListener::new(stream, established, proxy).of(chain.last()))
    }

    pub(crate) async fn resolve_name(&self, name: Host<'_>) -> Result<IpAddr, Error> {
        let target = Target::new(name, 0);
        let chain = self.route.to(&target);
        let resolves = chain.as_ref().map(|chain| chain.last().resolves());
        match (target.host(), &chain, resolves) {
            (Host::Domain(_), Some(chain), Some(Resolve::ByProxy)) => {
                let asked =
                    Asked::<AnyVersion> { command: Command::Resolve, begin: resolve, first_bytes: &[] };
                let answer = through_chain::<F, W>(chain, &self.wrap, target, asked).await?;
                answer.established.bound.ip().ok_or_else(|| {
                    let name = Error::new(Stage::Request, ErrorKind::Malformed { field: "ATYP", byte: 3 });
                    let hops = chain.hops().len();
                    name.at_hop(chain.last(), hops, hops)
                })
            }
            (Host::Domain(name), ..) => {
                let addrs = lookup::<F>(name.as_str(), 0, deadline(Some(DEFAULT_TIMEOUT))).await?;
                addrs.first().map(SocketAddr::ip).ok_or_else(|| no_address(name.as_str()))
            }
            (Host::Ip(ip), ..) => Ok(*ip),
        }
    }

    /// Connects to the target itself.
    async fn directly(&self, target: &Target<'_>, first_bytes: &[u8]) -> Result<Reached<W::Stream>, Error> {
        let deadline = deadline(Some(DEFAULT_TIMEOUT));
        let addrs = match target.host() {
            Host::Ip(ip) => vec![(*ip, target.port()).into()],
            Host::Domain(name) => lookup::<F>(name.as_str(), target.port(), deadline).await?,
        };
        let addrs = interleave(addrs).into_iter().map(Into::into).collect();
        let raced = F::race(addrs, &SocketOptions::default(), deadline).await;
        let stream = raced.map_err(|failures| failures.at(Stage::Direct))?;
        let ends = F::ends(&stream).map_err(failed(Stage::Direct))?;
        let mut held = self.wrap.wrap(stream, None, deadline).await.map_err(failed(Stage::Direct))?;
        W::converse(&mut held, &mut Say::new(first_bytes), deadline).await?;
        let stream = W::finish(held).map_err(failed(Stage::Direct))?;
        let established = Established { bound: ends.local.into(), frames: None, spoken: Spoken::V5 };
        Ok(Reached { stream, established, proxy: None })
    }
}

impl<F: UdpFront> Connector<F> {
    pub(crate) async fn associated(&self) -> Result<SocksUdpSocket<F>, Error> {
        let proxies = self.route.to_anybody().ok_or(Invalid::NoProxyToAsk)?;
        let proxy = proxies.only().ok_or(Invalid::DatagramsThroughChain)?;
        associate::<F>(proxy).await
    }
}

/// Asks for an address of a name, in whatever version.
fn resolve<'a>(protocol: &'a Protocol, target: Target<'a>) -> Result<AnyRequest<'a>, Error> {
    Ok(match protocol {
        Protocol::V4(user_id) => AnyRequest::V4(Socks4::resolve(user_id, target.into_host())?),
        Protocol::V5(auth) => AnyRequest::V5(Socks5::resolve(auth, target.into_host())?),
    })
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
