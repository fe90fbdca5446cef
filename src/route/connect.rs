//! The way through one proxy or several: dial the first, then ask each for the next, and the last for the target.

use super::share::{Failed, ask};
use crate::any_version::AnyVersion;
use crate::conversation::Conversation;
use crate::error::{Error, ErrorKind, Stage};
use crate::established::Established;
use crate::invalid::Invalid;
use crate::proxy::{Endpoint, Proxy, Resolve};
use crate::runtime::{
    Asked, Deadline, Runtime, deadline, dial_by, may_be_dialled, may_be_resolved, no_address, resolved,
    worth_another,
};
use crate::target::{Domain, Host, Target};
use crate::trace;
use crate::version::Version;
use crate::wrap::{Wrap, failed};
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;
use std::vec;

/// Asks the last of the proxies, by way of the others. There is one at the least.
pub(crate) async fn walk<R: Runtime, W: Wrap<R>, V: Version>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    target: Target<'_>,
    asked: Asked<'_, V>,
) -> Result<Reached<W::Stream>, Error> {
    let what: &dyn fmt::Display = if asked.command.is_lookup() { target.host() } else { &target };
    let request = trace::request(asked.command, &Hops(hops), what);
    let way = Way { hops, wrap, asked, whole: deadline::<R>(limit), front_end: PhantomData };
    let (stream, established, proxy) = request.watch(way.by_each_address(target)).await?;
    Ok(Reached { stream, established, proxy, request })
}

/// Proxies, as they are written.
pub(super) struct Hops<'a>(pub(super) &'a [Proxy]);

impl fmt::Display for Hops<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, proxy) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{proxy}")?;
        }
        Ok(())
    }
}

/// What the last proxy granted.
pub(crate) struct Reached<S> {
    pub(crate) stream: S,
    pub(crate) established: Established,
    /// Where the last proxy is, if that is known.
    pub(crate) proxy: Option<IpAddr>,
    pub(crate) request: trace::Request,
}

type Granted<S> = (S, Established, Option<IpAddr>);

/// All that is known beforehand of how to reach something.
struct Way<'a, R, W, V: Version> {
    hops: &'a [Proxy],
    wrap: &'a W,
    asked: Asked<'a, V>,
    whole: Deadline,
    front_end: PhantomData<fn() -> R>,
}

/// What a proxy is asked for.
struct Stop<'a> {
    target: Target<'a>,
    /// What else it may be asked for if it refuses that, where a name was looked up here.
    others: vec::IntoIter<Target<'static>>,
}

impl<R: Runtime, W: Wrap<R>, V: Version> Way<'_, R, W, V> {
    /// Where a proxy is not asked for names, tries each address that the name has, one after the
    /// other.
    async fn by_each_address(&self, target: Target<'_>) -> Result<Granted<W::Stream>, Error> {
        // What is wrong with the options is found before anybody is asked.
        let mut stops = self.stops(target)?;
        for (n, stop) in stops.iter_mut().enumerate() {
            self.look_up(n, stop).await.map_err(self.at(n))?;
        }
        loop {
            let Failed { error, share_is_over } = match self.once(&stops).await {
                Ok(granted) => return Ok(granted),
                Err(failed) => failed,
            };
            let n = error.hop().map_or(stops.len() - 1, |number| number - 1);
            let another = stops.get_mut(n).and_then(|stop| Some((stop.others.next()?, stop)));
            match another {
                Some((another, stop)) if share_is_over || worth_another(&error, self.may_repeat(n)) => {
                    stop.target = another;
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether another address may be tried after this proxy closed the connection or did not
    /// answer. The last proxy may have passed the first bytes on.
    const fn may_repeat(&self, n: usize) -> bool {
        n + 1 < self.hops.len() || self.asked.first_bytes.is_empty()
    }

    /// What each proxy is to be asked for.
    fn stops<'t>(&'t self, target: Target<'t>) -> Result<Vec<Stop<'t>>, Error> {
        self.wrap.admits(&self.hops[0]).and_then(|()| may_be_dialled(&self.hops[0])).map_err(self.at(0))?;
        let mut stops = Vec::with_capacity(self.hops.len());
        for (n, pair) in self.hops.windows(2).enumerate() {
            let next = endpoint(&pair[1]).and_then(|next| {
                AnyVersion::connect(pair[0].protocol(), next.borrowed())?;
                Ok(next)
            });
            stops.push(Stop { target: next.map_err(self.at(n))?, others: Vec::new().into_iter() });
        }
        let last = V::auth(&self.hops[stops.len()]).and_then(|auth| self.asked.of(auth, target.borrowed()));
        last.map_err(self.at(stops.len()))?;
        stops.push(Stop { target, others: Vec::new().into_iter() });
        for (n, stop) in stops.iter().enumerate() {
            if let Some(name) = self.looked_up(n, stop) {
                may_be_resolved(name.as_str()).map_err(self.at(n))?;
            }
        }
        Ok(stops)
    }

    /// The name that this machine looks up in the proxy's place, if it does.
    fn looked_up<'s>(&self, n: usize, stop: &'s Stop<'_>) -> Option<&'s Domain<'s>> {
        let is_asked = n + 1 == self.hops.len() && self.asked.command.is_lookup();
        match (stop.target.host(), self.hops[n].resolves()) {
            (Host::Domain(name), Resolve::Locally) if !is_asked => Some(name),
            _ => None,
        }
    }

    /// Replaces a name that this proxy is not asked for by its addresses.
    async fn look_up(&self, n: usize, stop: &mut Stop<'_>) -> Result<(), Error> {
        let hop = &self.hops[n];
        let Some(name) = self.looked_up(n, stop) else { return Ok(()) };
        let limit = earlier::<R>(self.whole, hop);
        let addrs = resolved::<R>(hop.protocol(), name.as_str(), stop.target.port(), limit);
        let mut targets = addrs.await?.collect::<Vec<_>>().into_iter();
        stop.target = targets.next().ok_or_else(|| no_address(name.as_str()))?;
        stop.others = targets;
        Ok(())
    }

    async fn once(&self, stops: &[Stop<'_>]) -> Result<Granted<W::Stream>, Failed> {
        let hops = self.hops;
        let last = hops.len() - 1;
        let mut limit = earlier::<R>(self.whole, &hops[0]);
        let stream = dial_by::<R>(&hops[0], limit).await.map_err(self.at(0))?;
        let proxy = match stops[..last].last() {
            None => R::ends(&stream).ok().map(|ends| ends.peer.ip()),
            Some(stop) => stop.target.ip(),
        };
        let wrapped = self.wrap.wrap(stream, Some(&hops[0]), limit).await;
        let mut held = wrapped.map_err(failed(Stage::Dial)).map_err(self.at(0))?;
        for (n, stop) in stops[..last].iter().enumerate() {
            self.hop(n, self.pass(&mut held, n, stop, limit)).await?;
            limit = earlier::<R>(self.whole, &hops[n + 1]);
        }
        let talk = self.asked.of(V::auth(&hops[last])?, stops[last].target.borrowed())?;
        let mut talk = talk.at_most(W::at_once(&held));
        let established = self.hop(last, self.ask(&mut held, &mut talk, last, &stops[last], limit)).await?;
        let stream = W::finish(held).map_err(failed(Stage::Request)).map_err(self.at(last))?;
        Ok((stream, established, proxy))
    }

    /// What is said to this proxy.
    async fn hop<T>(&self, n: usize, work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
        let said = trace::hop(n + 1, self.hops.len(), &self.hops[n], work).await;
        said.map_err(|failed| Failed { error: self.at(n)(failed.error), ..failed })
    }

    /// Has this proxy connect to the next one.
    async fn pass(
        &self,
        held: &mut W::Held,
        n: usize,
        stop: &Stop<'_>,
        limit: Deadline,
    ) -> Result<(), Failed> {
        let mut talk = AnyVersion::connect(self.hops[n].protocol(), stop.target.borrowed())?;
        let established = self.ask(held, &mut talk, n, stop, limit).await?;
        if established.frames.is_some() {
            let why = "only the last proxy of a chain may negotiate an encapsulation";
            return Err(Error::new(Stage::Request, ErrorKind::Encapsulation(why.into())).into());
        }
        Ok(())
    }

    /// Asks this proxy. The address shares the time if another one may follow.
    async fn ask<T: Conversation<Outcome = Established> + Send + Sync>(
        &self,
        held: &mut W::Held,
        talk: &mut T,
        n: usize,
        stop: &Stop<'_>,
        limit: Deadline,
    ) -> Result<Established, Failed> {
        let others = if self.may_repeat(n) { stop.others.len() } else { 0 };
        ask::<R, W, T>(held, talk, limit, others + 1).await
    }

    /// The same error, of this proxy.
    fn at(&self, n: usize) -> impl Fn(Error) -> Error {
        let hops = self.hops;
        move |error| error.at_hop(&hops[n], n + 1, hops.len())
    }
}

/// Where a proxy is, for the one before it.
fn endpoint(proxy: &Proxy) -> Result<Target<'_>, Error> {
    match proxy.endpoint() {
        Endpoint::Addr(addr) => addr.try_into(),
        Endpoint::Name(name, port) => Ok((name.borrowed(), *port).into()),
        Endpoint::Unix(_) => Err(Invalid::UnixBehindAProxy.into()),
    }
}

/// The proxy's own time limit, from now on, but not beyond that of the whole.
pub(crate) fn earlier<R: Runtime>(whole: Deadline, proxy: &Proxy) -> Deadline {
    match (whole, deadline::<R>(proxy.limit())) {
        (Some(whole), Some(own)) => Some(whole.min(own)),
        (whole, own) => whole.or(own),
    }
}
