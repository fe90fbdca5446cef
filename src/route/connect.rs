//! Requests through one proxy or several: dials the first proxy, requests each next one from the
//! one before it, and the target from the last.

use super::address_timeout::FailedAttempt;
use super::attempt::{Tunnel, attempt};
use super::hop_target::HopTarget;
use super::path::{Path, unspecified};
use super::request::RequestTemplate;
use super::wrap::{Wrap, finish, wrap_error};
use crate::error::{Error, Stage};
use crate::protocol::command::Command;
use crate::protocol::established::Established;
use crate::protocol::target::{Host, Target};
use crate::protocol::version::{V5, Version};
use crate::proxy::Proxy;
use crate::runtime::{Deadline, Runtime, check_endpoint, deadline};
use crate::trace;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Sends the request to the last proxy, through the others. There is at least one.
///
/// It is no `async fn`, whose future would hold the arguments twice.
pub(crate) fn request_through<'a, R: Runtime, W: Wrap<R>, V: Version>(
    hops: &'a [Proxy],
    limit: Option<Duration>,
    wrap: &'a W,
    target: Target<'a>,
    template: RequestTemplate<'a>,
) -> impl Future<Output = Result<Granted<W::Stream>, Error>> + Send + Sync {
    let traversal = Traversal::<R, W, V>::new(hops, deadline::<R>(limit), wrap, target, template);
    async move {
        let path = &traversal.path;
        let request = path.trace();
        let connected = request.instrument(traversal.try_each_target()).await;
        let (stream, mut established, proxy) = request.outcome(connected)?;
        let finished = finish::<R, W>(stream, &mut established).map_err(wrap_error(Stage::Request));
        let last = path.hops.len() - 1;
        let stream = finished.map_err(|error| request.failed(path.at(last)(error)))?;
        let subject = path.template.command != Command::Connect;
        let subject = subject.then(|| path.subject().to_string().into());
        Ok(Granted { stream, established, proxy, request, subject })
    }
}

/// Negotiates a METHOD with the last proxy, through the others, and requests nothing. The METHOD
/// must carry the command `next`.
pub(crate) async fn negotiate_through<R: Runtime, W: Wrap<R>, V: Version>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    next: Command,
) -> Result<(W::HandshakeStream, Established), Error> {
    let nothing = (Ipv4Addr::UNSPECIFIED, 0).into();
    let template = RequestTemplate::negotiation(next);
    let traversal = Traversal::<R, W, V>::new(hops, deadline::<R>(limit), wrap, nothing, template);
    let (stream, established, _) = traversal.path.trace().watch(traversal.try_each_target()).await?;
    Ok((stream, established))
}

/// A request for an association with the last of several proxies, through the others.
pub(crate) struct AssociationThrough<'a, R, W>(Traversal<'a, R, W, V5>);

impl<'a, R: Runtime, W: Wrap<R>> AssociationThrough<'a, R, W> {
    pub(crate) fn new(hops: &'a [Proxy], deadline: Deadline, wrap: &'a W) -> Self {
        let command = hops[hops.len() - 1].udp_options().command();
        let template = RequestTemplate::without_data(command);
        Self(Traversal::new(hops, deadline, wrap, unspecified(None), template))
    }

    /// Fails for a mistake in the options.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.0.targets().map(drop)
    }

    /// Sends the request. Returns the last proxy's IP address too, if it is known.
    pub(crate) async fn request(&self) -> Result<Tunnel<W::HandshakeStream>, Error> {
        self.0.try_each_target().await
    }
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

/// A request with its front end, wrapper and version.
struct Traversal<'a, R, W, V> {
    path: Path<'a>,
    wrap: &'a W,
    parameters: PhantomData<fn() -> (R, V)>,
}

impl<'a, R: Runtime, W: Wrap<R>, V: Version> Traversal<'a, R, W, V> {
    fn new(
        hops: &'a [Proxy],
        deadline: Deadline,
        wrap: &'a W,
        target: Target<'a>,
        template: RequestTemplate<'a>,
    ) -> Self {
        Self { path: Path { hops, template, target, deadline }, wrap, parameters: PhantomData }
    }

    /// Connects, and tries the next address of a locally resolved name after each refusal.
    async fn try_each_target(&self) -> Result<Tunnel<W::HandshakeStream>, Error> {
        // Mistakes in the options are found before anything is sent or resolved.
        let mut targets = self.targets()?;
        loop {
            if self.path.is_to_resolve(&targets) {
                self.path.resolve_targets::<R>(&mut targets).await?;
            }
            match attempt::<R, W, V>(&self.path, self.wrap, &targets).await {
                Ok(tunnel) => return Ok(tunnel),
                Err(FailedAttempt { error, address_timed_out }) => {
                    self.path.next_target(&mut targets, error, address_timed_out)?;
                }
            }
        }
    }

    /// Returns the target of the request to each proxy.
    fn targets(&self) -> Result<Vec<HopTarget<'_>>, Error> {
        let path = &self.path;
        let first = &path.hops[0];
        self.wrap.check_proxy(first).and_then(|()| check_endpoint(first)).map_err(path.at(0))?;
        let mut targets = path.earlier_targets()?;
        let last = targets.len();
        let request = V::auth(path.hops[last].protocol())
            .and_then(|auth| path.template.for_target::<V>(auth, path.target.borrowed()))
            .map_err(path.at(last))?;
        let target = match path.target.host() {
            // Without SOCKS5a, the request is for its host and port.
            Host::Url(_) => request.target().clone().into_owned(),
            _ => path.target.borrowed(),
        };
        targets.push(HopTarget { target, alternatives: Vec::new().into_iter() });
        path.check_resolvable(&targets)?;
        Ok(targets)
    }
}
