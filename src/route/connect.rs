//! Requests through one proxy or several: dials the first proxy, requests each next one from the
//! one before it, and the target from the last.

use super::address_timeout::{FailedAttempt, converse_with_address_timeout};
use super::hop_target::{HopTarget, hop_target};
use super::hops::Hops;
use super::next_target::{is_refused_address, url_fallback};
use super::prepare::prepare;
use super::request::RequestTemplate;
use super::wrap::{Wrap, finish, wrap_error};
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::layered::Layered;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::target::{Domain, Host, Target};
use crate::protocol::version::{V5, Version};
use crate::proxy::{Proxy, Resolve};
use crate::runtime::{
    Deadline, Runtime, check_endpoint, check_resolvable, deadline, dial_proxy, no_address, resolved,
};
use crate::trace;
use std::fmt::Display;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use std::vec;

/// Sends the request to the last proxy, through the others. There is at least one.
pub(crate) async fn request_through<R: Runtime, W: Wrap<R>, V: Version>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    target: Target<'_>,
    template: RequestTemplate<'_, V>,
) -> Result<Granted<W::Stream>, Error> {
    let traversal = Traversal::<R, W, V>::new(hops, limit, wrap, target, template);
    let request = traversal.trace();
    let (stream, mut established, proxy) = request.watch(traversal.try_each_address()).await?;
    let finished = finish::<R, W>(stream, &mut established).map_err(wrap_error(Stage::Request));
    let stream = finished.map_err(|error| request.failed(traversal.at(hops.len() - 1)(error)))?;
    let subject = traversal.template.command != Command::Connect;
    let subject = subject.then(|| traversal.subject().to_string().into());
    Ok(Granted { stream, established, proxy, request, subject })
}

/// Negotiates a METHOD with the last proxy, through the others, and requests nothing.
pub(crate) async fn negotiate_through<R: Runtime, W: Wrap<R>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
) -> Result<(W::HandshakeStream, Established), Error> {
    let nothing = (Ipv4Addr::UNSPECIFIED, 0).into();
    let traversal = Traversal::<R, W, V5>::new(hops, limit, wrap, nothing, RequestTemplate::negotiation());
    let (stream, established, _) = traversal.trace().watch(traversal.try_each_address()).await?;
    Ok((stream, established))
}

/// The granted request.
pub(crate) struct Granted<S> {
    pub(crate) stream: S,
    pub(crate) established: Established,
    /// The IP address of the last proxy, if it is known.
    pub(crate) proxy: Option<IpAddr>,
    pub(crate) request: trace::Request,
    /// The target as errors name it, if more can fail.
    pub(crate) subject: Option<Box<str>>,
}

type Tunnel<S> = (S, Established, Option<IpAddr>);

/// The parameters of a request.
struct Traversal<'a, R, W, V: Version> {
    hops: &'a [Proxy],
    wrap: &'a W,
    template: RequestTemplate<'a, V>,
    target: Target<'a>,
    deadline: Deadline,
    front_end: PhantomData<fn() -> R>,
}

impl<'a, R: Runtime, W: Wrap<R>, V: Version> Traversal<'a, R, W, V> {
    fn new(
        hops: &'a [Proxy],
        limit: Option<Duration>,
        wrap: &'a W,
        target: Target<'a>,
        template: RequestTemplate<'a, V>,
    ) -> Self {
        let deadline = deadline::<R>(limit);
        Self { hops, wrap, template, target, deadline, front_end: PhantomData }
    }

    fn trace(&self) -> trace::Request {
        if self.template.requests_nothing {
            return trace::request(&"negotiation", &Hops(self.hops), &"none");
        }
        trace::request(&self.template.command, &Hops(self.hops), self.subject())
    }

    /// Connects, and tries the next address of a locally resolved name after each refusal.
    async fn try_each_address(&self) -> Result<Tunnel<W::HandshakeStream>, Error> {
        // Mistakes in the options are found before anything is sent or resolved.
        let mut targets = self.targets()?;
        for (n, hop_target) in targets.iter_mut().enumerate() {
            self.resolve_target(n, hop_target).await.map_err(self.at(n))?;
        }
        loop {
            let FailedAttempt { error, address_timed_out } = match self.attempt(&targets).await {
                Ok(granted) => return Ok(granted),
                Err(failed) => failed,
            };
            let n = error.hop().map_or(targets.len() - 1, |number| number - 1);
            let next =
                targets.get_mut(n).and_then(|hop_target| Some((hop_target.alternatives.next()?, hop_target)));
            match next {
                Some((next, hop_target))
                    if address_timed_out || is_refused_address(&error, self.may_repeat(n)) =>
                {
                    hop_target.target = next;
                }
                _ => {
                    let last = targets.len() - 1;
                    let fallback = url_fallback(&error, &targets[last].target).filter(|_| n == last);
                    targets[last].target = fallback.ok_or(error)?;
                    self.resolve_target(last, &mut targets[last]).await.map_err(self.at(last))?;
                }
            }
        }
    }

    /// Returns whether another address may be tried after this proxy closed the connection or
    /// timed out. The last proxy may already have forwarded the early data.
    const fn may_repeat(&self, n: usize) -> bool {
        n + 1 < self.hops.len() || self.template.early_data.is_empty()
    }

    /// Returns the target of the request to each proxy.
    fn targets(&self) -> Result<Vec<HopTarget<'_>>, Error> {
        self.wrap
            .check_proxy(&self.hops[0])
            .and_then(|()| check_endpoint(&self.hops[0]))
            .map_err(self.at(0))?;
        let mut targets = Vec::with_capacity(self.hops.len());
        for (n, pair) in self.hops.windows(2).enumerate() {
            targets.push(hop_target(pair[0].protocol(), &pair[1]).map_err(self.at(n))?);
        }
        let last = V::auth(self.hops[targets.len()].protocol())
            .and_then(|auth| self.template.for_target(auth, self.target.borrowed()));
        let request = last.map_err(self.at(targets.len()))?;
        let target = match self.target.host() {
            // Without SOCKS5a, the request is for its host and port.
            Host::Url(_) => request.target().clone().into_owned(),
            _ => self.target.borrowed(),
        };
        targets.push(HopTarget { target, alternatives: Vec::new().into_iter() });
        for (n, hop_target) in targets.iter().enumerate() {
            if let Some(name) = self.name_to_resolve(n, hop_target) {
                check_resolvable(name.as_str()).map_err(self.at(n))?;
            }
        }
        Ok(targets)
    }

    /// Returns the target's name if this machine resolves it.
    fn name_to_resolve<'s>(&self, n: usize, hop_target: &'s HopTarget<'_>) -> Option<&'s Domain<'s>> {
        let is_lookup = n + 1 == self.hops.len() && self.template.command.is_lookup();
        match (hop_target.target.host(), self.hops[n].resolves()) {
            (Host::Domain(name), Resolve::Locally) if !is_lookup => Some(name),
            _ => None,
        }
    }

    /// Replaces a name that this machine resolves by its addresses.
    async fn resolve_target(&self, n: usize, hop_target: &mut HopTarget<'_>) -> Result<(), Error> {
        let hop = &self.hops[n];
        let Some(name) = self.name_to_resolve(n, hop_target) else { return Ok(()) };
        let limit = proxy_deadline::<R>(self.deadline, hop);
        let addrs = resolved::<R>(hop.protocol(), name.as_str(), hop_target.target.port(), limit);
        let mut targets = addrs.await?.collect::<Vec<_>>().into_iter();
        hop_target.target = targets.next().ok_or_else(|| no_address(name.as_str()))?;
        hop_target.alternatives = targets;
        Ok(())
    }

    async fn attempt(&self, targets: &[HopTarget<'_>]) -> Result<Tunnel<W::HandshakeStream>, FailedAttempt> {
        let hops = self.hops;
        let last = hops.len() - 1;
        let mut prepared = Vec::new();
        let mut limit = proxy_deadline::<R>(self.deadline, &hops[0]);
        if hops.iter().any(|proxy| proxy.protocol().has_custom_method()) {
            // In memory of its own: most connections have none.
            (prepared, limit) = Box::pin(self.prepare()).await?;
        }
        let stream = dial_proxy::<R>(&hops[0], limit).await.map_err(self.at(0))?;
        let proxy = match targets[..last].last() {
            None => R::ends(&stream).ok().map(|ends| ends.peer.ip()),
            Some(hop_target) => hop_target.target.ip(),
        };
        let wrapped = self.wrap.wrap(stream, Some(&hops[0]), limit).await;
        let mut stream = wrapped.map_err(wrap_error(Stage::Dial)).map_err(self.at(0))?;
        let mut outer = None;
        for (n, hop_target) in targets[..last].iter().enumerate() {
            let protocol = self.protocol(n, &prepared);
            let mut request = AnyVersion::connect(protocol, hop_target.target.borrowed())?;
            let next = self.request(&mut stream, outer.as_deref_mut(), &mut request, n, hop_target, limit);
            let established = self.traced(n, next).await?;
            outer = Negotiated::inside(established.negotiated, outer);
            limit = proxy_deadline::<R>(self.deadline, &hops[n + 1]);
        }
        let auth = V::auth(self.protocol(last, &prepared))?;
        let request = self.template.for_target(auth, self.requested(&targets[last].target))?;
        let mut request = request.at_most(W::write_capacity(&stream));
        let granted =
            self.request(&mut stream, outer.as_deref_mut(), &mut request, last, &targets[last], limit);
        let mut established = self.traced(last, granted).await?;
        established.negotiated = Negotiated::inside(established.negotiated, outer);
        Ok((stream, established, proxy))
    }

    /// Returns the target of the last request. If this machine resolves names, a URL is not
    /// replaced by its name on this connection: its addresses are asked for on another one.
    fn requested<'t>(&self, target: &'t Target<'_>) -> Target<'t> {
        let resolves = self.hops[self.hops.len() - 1].resolves();
        match target.host() {
            Host::Url(url) if resolves == Resolve::Locally && target.domain().is_some() => {
                url.without_fallback().into()
            }
            _ => target.borrowed(),
        }
    }

    /// Prepares the custom METHODs of each proxy within its own deadline, and returns that of the
    /// first proxy too. It comes last, because it is dialled next, within the same deadline.
    async fn prepare(&self) -> Result<(Vec<Option<SocksProtocol>>, Deadline), Error> {
        let mut prepared = vec![None; self.hops.len()];
        let mut limit = self.deadline;
        for (n, proxy) in self.hops.iter().enumerate().rev() {
            let is_last = n + 1 == self.hops.len();
            let command = if is_last { self.template.command } else { Command::Connect };
            limit = proxy_deadline::<R>(self.deadline, proxy);
            let place = (n + 1, self.hops.len());
            prepared[n] = prepare::<R>(proxy, place, command, limit).await.map_err(self.at(n))?;
        }
        Ok((prepared, limit))
    }

    /// Returns what this proxy speaks on this connection.
    fn protocol<'p>(&'p self, n: usize, prepared: &'p [Option<SocksProtocol>]) -> &'p SocksProtocol {
        prepared.get(n).and_then(Option::as_ref).unwrap_or_else(|| self.hops[n].protocol())
    }

    /// Traces the handshake with this proxy, and adds the proxy to its error.
    async fn traced<T>(
        &self,
        n: usize,
        work: impl Future<Output = Result<T, FailedAttempt>>,
    ) -> Result<T, FailedAttempt> {
        let outcome = trace::hop(n + 1, self.hops.len(), &self.hops[n], work).await;
        outcome.map_err(|failed| FailedAttempt { error: self.at(n)(failed.error), ..failed })
    }

    /// Sends the request to this proxy, through the encapsulations of earlier ones. If other
    /// addresses may follow, this one has its own timeout.
    async fn request<T: Conversation<Outcome = Established> + Send + Sync>(
        &self,
        stream: &mut W::HandshakeStream,
        outer: Option<&mut Negotiated>,
        request: &mut T,
        n: usize,
        hop_target: &HopTarget<'_>,
        limit: Deadline,
    ) -> Result<Established, FailedAttempt> {
        let alternatives = if self.may_repeat(n) { hop_target.alternatives.len() } else { 0 };
        let addresses = alternatives + 1;
        match outer.and_then(Negotiated::pump) {
            None => converse_with_address_timeout::<R, W, T>(stream, request, limit, addresses).await,
            // In memory of its own: most connections have none.
            Some(frames) => {
                let failed = |error| Error::new(request.stage(), ErrorKind::Encapsulation(error));
                if !frames.incoming.plain().map_err(failed)?.is_empty() {
                    return Err(failed("the proxy sent bytes before it was asked for anything".into()).into());
                }
                let mut layered = Box::new(Layered::through(Some(frames), request));
                let conversing =
                    converse_with_address_timeout::<R, W, _>(stream, &mut *layered, limit, addresses);
                Box::pin(conversing).await
            }
        }
    }

    /// Adds this proxy and the target to an error.
    fn at(&self, n: usize) -> impl Fn(Error) -> Error {
        move |error| {
            let error = error.at_hop(&self.hops[n], n + 1, self.hops.len());
            if self.template.requests_nothing { error } else { error.about(self.subject()) }
        }
    }

    /// Returns the target as errors name it: a lookup has no port.
    fn subject(&self) -> &dyn Display {
        if self.template.command.is_lookup() { self.target.host() } else { &self.target }
    }
}

/// Returns the deadline of the proxy's timeout, which begins now, or the route's if that is
/// earlier.
pub(crate) fn proxy_deadline<R: Runtime>(route: Deadline, proxy: &Proxy) -> Deadline {
    match (route, deadline::<R>(proxy.limit())) {
        (Some(route), Some(proxy)) => Some(route.min(proxy)),
        (route, proxy) => route.or(proxy),
    }
}
