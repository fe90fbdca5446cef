//! The way through a chain: dial the first proxy, then ask each for the next.

use super::Chain;
use crate::any_version::AnyVersion;
use crate::error::{Error, ErrorKind, Stage};
use crate::established::Established;
use crate::invalid::Invalid;
use crate::proxy::{Endpoint, Proxy, Resolve};
use crate::runtime::{
    Asked, Deadline, Runtime, deadline, dial_by, is_about_the_target, no_address, resolved,
};
use crate::target::{Host, Target};
use crate::trace;
use crate::version::Version;
use crate::wrap::{Wrap, failed};
use std::marker::PhantomData;
use std::net::IpAddr;

/// Asks the last proxy of the chain, by way of the others.
pub(crate) async fn through_chain<R: Runtime, W: Wrap<R>>(
    chain: &Chain,
    wrap: &W,
    target: Target<'_>,
    asked: Asked<'_, AnyVersion>,
) -> Result<Reached<W::Stream>, Error> {
    let request = trace::request(asked.command, chain, &target);
    let whole = deadline(chain.limit());
    // An only proxy's own limit covers all addresses of the target.
    let whole = chain.only().map_or(whole, |proxy| earlier(whole, proxy));
    let way = Way { chain, wrap, asked, whole, front_end: PhantomData };
    request.watch(way.to_each_address(target)).await
}

/// What the last proxy granted.
pub(crate) struct Reached<S> {
    pub(crate) stream: S,
    pub(crate) established: Established,
    /// Where the last proxy is, if that is known.
    pub(crate) proxy: Option<IpAddr>,
}

/// All that is known beforehand of how to reach something.
struct Way<'a, R, W> {
    chain: &'a Chain,
    wrap: &'a W,
    asked: Asked<'a, AnyVersion>,
    whole: Deadline,
    front_end: PhantomData<fn() -> R>,
}

impl<R: Runtime, W: Wrap<R>> Way<'_, R, W> {
    /// Where the last proxy is not asked for names, tries each address that the target's has.
    async fn to_each_address(&self, target: Target<'_>) -> Result<Reached<W::Stream>, Error> {
        let last = self.chain.last();
        let name = match (target.host(), last.resolves()) {
            (Host::Domain(name), Resolve::Locally) => name.as_str(),
            _ => return self.walk(target).await,
        };
        // What is wrong with the options is found before the resolver is asked.
        self.check(&target)?;
        let limit = earlier(self.whole, last);
        let hops = self.chain.hops().len();
        let of_the_last = |error: Error| error.at_hop(last, hops, hops);
        let targets = resolved::<R, AnyVersion>(last.protocol(), name, target.port(), limit).await;
        let mut error = of_the_last(no_address(name));
        for target in targets.map_err(of_the_last)? {
            match self.walk(target).await {
                Err(refused) if is_about_the_target(&refused) && self.is_of_the_last(&refused) => {
                    error = refused;
                }
                ended => return ended,
            }
        }
        Err(error)
    }

    /// Finds what is wrong with the options before anything is sent.
    fn check(&self, target: &Target<'_>) -> Result<(), Error> {
        let hops = self.chain.hops();
        self.wrap.admits(&hops[0])?;
        for pair in hops.windows(2) {
            // A name that is looked up here may well have an address that can be asked for.
            if let Some(next) = next(&pair[0], &pair[1])? {
                AnyVersion::connect(pair[0].protocol(), next)?;
            }
        }
        self.asked.of(self.chain.last().protocol(), target.borrowed()).map(drop)
    }

    fn is_of_the_last(&self, error: &Error) -> bool {
        error.hop().is_none_or(|number| number == self.chain.hops().len())
    }

    async fn walk(&self, target: Target<'_>) -> Result<Reached<W::Stream>, Error> {
        self.check(&target)?;
        let hops = self.chain.hops();
        let at = |n: usize| move |error: Error| error.at_hop(&hops[n], n + 1, hops.len());
        let mut limit = earlier(self.whole, &hops[0]);
        let stream = dial_by::<R>(&hops[0], limit).await.map_err(at(0))?;
        let proxy = match (hops, self.chain.last().endpoint()) {
            ([_], _) => R::ends(&stream).ok().map(|ends| ends.peer.ip()),
            (_, Endpoint::Addr(addr)) => Some(addr.ip()),
            _ => None,
        };
        let wrapped = self.wrap.wrap(stream, Some(&hops[0]), limit).await;
        let mut held = wrapped.map_err(failed(Stage::Dial)).map_err(at(0))?;
        for (n, pair) in hops.windows(2).enumerate() {
            self.pass(&mut held, &pair[0], &pair[1], limit).await.map_err(at(n))?;
            limit = earlier(self.whole, &pair[1]);
        }
        let mut talk = self.asked.of(self.chain.last().protocol(), target)?;
        let established = W::converse(&mut held, &mut talk, limit).await.map_err(at(hops.len() - 1))?;
        let stream = W::finish(held).map_err(failed(Stage::Request)).map_err(at(hops.len() - 1))?;
        Ok(Reached { stream, established, proxy })
    }

    /// Has a proxy connect to the next one.
    async fn pass(
        &self,
        held: &mut W::Held,
        hop: &Proxy,
        following: &Proxy,
        limit: Deadline,
    ) -> Result<(), Error> {
        let target = match (next(hop, following)?, following.endpoint()) {
            (Some(target), _) => target,
            (None, Endpoint::Name(name, port)) => {
                let name = name.as_str();
                let mut found = resolved::<R, AnyVersion>(hop.protocol(), name, *port, limit).await?;
                found.next().ok_or_else(|| no_address(name))?
            }
            (None, _) => return Err(Invalid::UnixBehindAProxy.into()),
        };
        let mut talk = AnyVersion::connect(hop.protocol(), target)?;
        let established = W::converse(held, &mut talk, limit).await?;
        if established.frames.is_some() {
            let why = "only the last proxy of a chain may negotiate an encapsulation";
            return Err(Error::new(Stage::Request, ErrorKind::Encapsulation(why.into())));
        }
        Ok(())
    }
}

/// What a proxy is asked for, to reach the one that follows; `None` for a name that is looked up here.
fn next<'a>(hop: &Proxy, following: &'a Proxy) -> Result<Option<Target<'a>>, Error> {
    match following.endpoint() {
        Endpoint::Addr(addr) => addr.try_into().map(Some),
        Endpoint::Name(..) if hop.resolves() == Resolve::Locally => Ok(None),
        Endpoint::Name(name, port) => Ok(Some((name.borrowed(), *port).into())),
        Endpoint::Unix(_) => Err(Invalid::UnixBehindAProxy.into()),
    }
}

/// The proxy's own time limit, from now on, but not beyond that of the whole.
fn earlier(whole: Deadline, proxy: &Proxy) -> Deadline {
    match (whole, deadline(proxy.limit())) {
        (Some(whole), Some(own)) => Some(whole.min(own)),
        (whole, own) => whole.or(own),
    }
}
