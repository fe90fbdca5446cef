//! The way through one proxy or several: dial the first, then ask each for the next, and the last for the target.

use super::hops::Hops;
use super::request::RequestTemplate;
use super::share::{FailedAttempt, converse_within_share};
use super::wrap::{Wrap, failed};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::target::{Domain, Host, Target};
use crate::protocol::version::Version;
use crate::proxy::{Endpoint, Proxy, Resolve};
use crate::runtime::{
    Deadline, Runtime, check_endpoint, check_resolvable, deadline, dial_proxy, no_address, resolved,
};
use crate::trace;
use std::fmt::Display;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;
use std::vec;

/// Asks the last of the proxies, by way of the others. There is one at the least.
pub(crate) async fn request_through<R: Runtime, W: Wrap<R>, V: Version>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    target: Target<'_>,
    template: RequestTemplate<'_, V>,
) -> Result<Granted<W::Stream>, Error> {
    let what: &dyn Display = if template.command.is_lookup() { target.host() } else { &target };
    let request = trace::request(template.command, &Hops(hops), what);
    let traversal = Traversal { hops, wrap, template, whole: deadline::<R>(limit), front_end: PhantomData };
    let (stream, established, proxy) = request.watch(traversal.try_each_address(target)).await?;
    Ok(Granted { stream, established, proxy, request })
}

/// What the last proxy granted.
pub(crate) struct Granted<S> {
    pub(crate) stream: S,
    pub(crate) established: Established,
    /// Where the last proxy is, if that is known.
    pub(crate) proxy: Option<IpAddr>,
    pub(crate) request: trace::Request,
}

type Tunnel<S> = (S, Established, Option<IpAddr>);

/// All that is known beforehand of how to reach something.
struct Traversal<'a, R, W, V: Version> {
    hops: &'a [Proxy],
    wrap: &'a W,
    template: RequestTemplate<'a, V>,
    whole: Deadline,
    front_end: PhantomData<fn() -> R>,
}

/// What a proxy is asked for.
struct HopTarget<'a> {
    target: Target<'a>,
    /// What else it may be asked for if it refuses that, where a name was looked up here.
    others: vec::IntoIter<Target<'static>>,
}

impl<R: Runtime, W: Wrap<R>, V: Version> Traversal<'_, R, W, V> {
    /// Where a proxy is not asked for names, tries each address that the name has, one after the
    /// other.
    async fn try_each_address(&self, target: Target<'_>) -> Result<Tunnel<W::Stream>, Error> {
        // What is wrong with the options is found before anybody is asked.
        let mut targets = self.targets(target)?;
        for (n, hop_target) in targets.iter_mut().enumerate() {
            self.resolve_target(n, hop_target).await.map_err(self.at(n))?;
        }
        loop {
            let FailedAttempt { error, share_expired } = match self.attempt(&targets).await {
                Ok(granted) => return Ok(granted),
                Err(failed) => failed,
            };
            let n = error.hop().map_or(targets.len() - 1, |number| number - 1);
            let another =
                targets.get_mut(n).and_then(|hop_target| Some((hop_target.others.next()?, hop_target)));
            match another {
                Some((another, hop_target))
                    if share_expired || is_worth_another_address(&error, self.may_repeat(n)) =>
                {
                    hop_target.target = another;
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether another address may be tried after this proxy closed the connection or did not
    /// answer. The last proxy may have passed the early data on.
    const fn may_repeat(&self, n: usize) -> bool {
        n + 1 < self.hops.len() || self.template.early_data.is_empty()
    }

    /// What each proxy is to be asked for.
    fn targets<'t>(&'t self, target: Target<'t>) -> Result<Vec<HopTarget<'t>>, Error> {
        self.wrap
            .check_proxy(&self.hops[0])
            .and_then(|()| check_endpoint(&self.hops[0]))
            .map_err(self.at(0))?;
        let mut targets = Vec::with_capacity(self.hops.len());
        for (n, pair) in self.hops.windows(2).enumerate() {
            let next = endpoint(&pair[1]).and_then(|next| {
                AnyVersion::connect(pair[0].protocol(), next.borrowed())?;
                Ok(next)
            });
            targets.push(HopTarget { target: next.map_err(self.at(n))?, others: Vec::new().into_iter() });
        }
        let last = V::auth(self.hops[targets.len()].protocol())
            .and_then(|auth| self.template.for_target(auth, target.borrowed()));
        last.map_err(self.at(targets.len()))?;
        targets.push(HopTarget { target, others: Vec::new().into_iter() });
        for (n, hop_target) in targets.iter().enumerate() {
            if let Some(name) = self.name_to_resolve(n, hop_target) {
                check_resolvable(name.as_str()).map_err(self.at(n))?;
            }
        }
        Ok(targets)
    }

    /// The name that this machine looks up in the proxy's place, if it does.
    fn name_to_resolve<'s>(&self, n: usize, hop_target: &'s HopTarget<'_>) -> Option<&'s Domain<'s>> {
        let is_lookup = n + 1 == self.hops.len() && self.template.command.is_lookup();
        match (hop_target.target.host(), self.hops[n].resolves()) {
            (Host::Domain(name), Resolve::Locally) if !is_lookup => Some(name),
            _ => None,
        }
    }

    /// Replaces a name that this proxy is not asked for by its addresses.
    async fn resolve_target(&self, n: usize, hop_target: &mut HopTarget<'_>) -> Result<(), Error> {
        let hop = &self.hops[n];
        let Some(name) = self.name_to_resolve(n, hop_target) else { return Ok(()) };
        let limit = earlier::<R>(self.whole, hop);
        let addrs = resolved::<R>(hop.protocol(), name.as_str(), hop_target.target.port(), limit);
        let mut targets = addrs.await?.collect::<Vec<_>>().into_iter();
        hop_target.target = targets.next().ok_or_else(|| no_address(name.as_str()))?;
        hop_target.others = targets;
        Ok(())
    }

    async fn attempt(&self, targets: &[HopTarget<'_>]) -> Result<Tunnel<W::Stream>, FailedAttempt> {
        let hops = self.hops;
        let last = hops.len() - 1;
        let mut limit = earlier::<R>(self.whole, &hops[0]);
        let stream = dial_proxy::<R>(&hops[0], limit).await.map_err(self.at(0))?;
        let proxy = match targets[..last].last() {
            None => R::ends(&stream).ok().map(|ends| ends.peer.ip()),
            Some(hop_target) => hop_target.target.ip(),
        };
        let wrapped = self.wrap.wrap(stream, Some(&hops[0]), limit).await;
        let mut held = wrapped.map_err(failed(Stage::Dial)).map_err(self.at(0))?;
        for (n, hop_target) in targets[..last].iter().enumerate() {
            self.traced(n, self.connect_next(&mut held, n, hop_target, limit)).await?;
            limit = earlier::<R>(self.whole, &hops[n + 1]);
        }
        let conversation =
            self.template.for_target(V::auth(hops[last].protocol())?, targets[last].target.borrowed())?;
        let mut conversation = conversation.at_most(W::write_capacity(&held));
        let established = self
            .traced(last, self.request(&mut held, &mut conversation, last, &targets[last], limit))
            .await?;
        let stream = W::finish(held).map_err(failed(Stage::Request)).map_err(self.at(last))?;
        Ok((stream, established, proxy))
    }

    /// What is said to this proxy.
    async fn traced<T>(
        &self,
        n: usize,
        work: impl Future<Output = Result<T, FailedAttempt>>,
    ) -> Result<T, FailedAttempt> {
        let outcome = trace::hop(n + 1, self.hops.len(), &self.hops[n], work).await;
        outcome.map_err(|failed| FailedAttempt { error: self.at(n)(failed.error), ..failed })
    }

    /// Has this proxy connect to the next one.
    async fn connect_next(
        &self,
        held: &mut W::Held,
        n: usize,
        hop_target: &HopTarget<'_>,
        limit: Deadline,
    ) -> Result<(), FailedAttempt> {
        let mut conversation = AnyVersion::connect(self.hops[n].protocol(), hop_target.target.borrowed())?;
        let established = self.request(held, &mut conversation, n, hop_target, limit).await?;
        if established.frames.is_some() {
            let why = "only the last proxy of a chain may negotiate an encapsulation";
            return Err(Error::new(Stage::Request, ErrorKind::Encapsulation(why.into())).into());
        }
        Ok(())
    }

    /// Asks this proxy. The address shares the time if another one may follow.
    async fn request<T: Conversation<Outcome = Established> + Send + Sync>(
        &self,
        held: &mut W::Held,
        conversation: &mut T,
        n: usize,
        hop_target: &HopTarget<'_>,
        limit: Deadline,
    ) -> Result<Established, FailedAttempt> {
        let others = if self.may_repeat(n) { hop_target.others.len() } else { 0 };
        converse_within_share::<R, W, T>(held, conversation, limit, others + 1).await
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

/// Whether another address of the target may fare better. Some proxies hang up instead of refusing; but some hang up when they have gone on with
/// what they were sent, and that may be too much to say again.
fn is_worth_another_address(error: &Error, may_repeat: bool) -> bool {
    let refused = match error.kind() {
        ErrorKind::Refused(_) => true,
        ErrorKind::EndedEarly { .. } | ErrorKind::Io(_) => may_repeat,
        _ => false,
    };
    refused && error.stage() == Stage::Request
}
