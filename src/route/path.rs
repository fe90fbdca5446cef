//! The path of a request: through which proxies it goes, for which target, and until when.

use super::hop_target::{HopTarget, hop_target};
use super::hops::Hops;
use super::next_target::{is_refused_address, url_fallback};
use super::request::RequestTemplate;
use crate::error::Error;
use crate::protocol::command::Command;
use crate::protocol::target::{Domain, Host, Target};
use crate::proxy::{Proxy, Resolve};
use crate::runtime::{Deadline, Runtime, check_resolvable, deadline, no_address, resolved};
use crate::trace;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;

/// The parameters of a request that do not depend on the front end or the version.
pub(super) struct Path<'a> {
    pub(super) hops: &'a [Proxy],
    pub(super) template: RequestTemplate<'a>,
    pub(super) target: Target<'a>,
    pub(super) deadline: Deadline,
}

impl Path<'_> {
    pub(super) fn trace(&self) -> trace::Request {
        if self.template.requests_nothing {
            return trace::request(&"negotiation", &Hops(self.hops), &"none");
        }
        trace::request(&self.template.command, &Hops(self.hops), self.subject())
    }

    /// Returns the targets of the requests to all proxies but the last.
    pub(super) fn earlier_targets(&self) -> Result<Vec<HopTarget<'_>>, Error> {
        let mut targets = Vec::with_capacity(self.hops.len());
        for (n, pair) in self.hops.windows(2).enumerate() {
            targets.push(hop_target(pair[0].protocol(), &pair[1]).map_err(self.at(n))?);
        }
        Ok(targets)
    }

    pub(super) fn check_resolvable(&self, targets: &[HopTarget<'_>]) -> Result<(), Error> {
        for (n, hop_target) in targets.iter().enumerate() {
            if let Some(name) = self.name_to_resolve(n, hop_target) {
                check_resolvable(name.as_str()).map_err(self.at(n))?;
            }
        }
        Ok(())
    }

    /// Returns whether this machine resolves the name of one of the targets.
    pub(super) fn is_to_resolve(&self, targets: &[HopTarget<'_>]) -> bool {
        (0..).zip(targets).any(|(n, hop_target)| self.name_to_resolve(n, hop_target).is_some())
    }

    /// Returns the target's name if this machine resolves it.
    fn name_to_resolve<'s>(&self, n: usize, hop_target: &'s HopTarget<'_>) -> Option<&'s Domain<'s>> {
        let is_lookup = n + 1 == self.hops.len() && self.template.command.is_lookup();
        match (hop_target.target.host(), self.hops[n].resolves()) {
            (Host::Domain(name), Resolve::Locally) if !is_lookup => Some(name),
            _ => None,
        }
    }

    /// Replaces each name that this machine resolves by its addresses.
    ///
    /// It takes memory of its own: with most proxies there is no such name.
    pub(super) fn resolve_targets<'s, R: Runtime>(
        &'s self,
        targets: &'s mut [HopTarget<'_>],
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + Sync + 's>> {
        Box::pin(async move {
            for (n, hop_target) in targets.iter_mut().enumerate() {
                let Some(name) = self.name_to_resolve(n, hop_target) else { continue };
                let hop = &self.hops[n];
                let limit = proxy_deadline::<R>(self.deadline, hop);
                let addrs = resolved::<R>(
                    &hop.dialling().lookup,
                    hop.protocol(),
                    name.as_str(),
                    hop_target.target.port(),
                    limit,
                )
                .await;
                let is_target = n + 1 == self.hops.len();
                let unresolved =
                    |error: Error| self.at(n)(if is_target { error.of_target_name() } else { error });
                let mut addrs = addrs.map_err(unresolved)?.collect::<Vec<_>>().into_iter();
                let first = addrs.next().ok_or_else(|| no_address(name.as_str()));
                hop_target.target = first.map_err(unresolved)?;
                hop_target.alternatives = addrs;
            }
            Ok(())
        })
    }

    /// Replaces a target that the proxy has refused by the next one, or returns the error.
    pub(super) fn next_target(
        &self,
        targets: &mut [HopTarget<'_>],
        error: Error,
        address_timed_out: bool,
    ) -> Result<(), Error> {
        let last = targets.len() - 1;
        let n = error.hop().map_or(last, |number| number - 1);
        let Some(hop_target) = targets.get_mut(n) else { return Err(error) };
        if address_timed_out || is_refused_address(&error, self.may_repeat(n)) {
            if let Some(next) = hop_target.alternatives.next() {
                hop_target.target = next;
                return Ok(());
            }
        }
        let fallback = url_fallback(&error, &hop_target.target).filter(|_| n == last);
        hop_target.target = fallback.ok_or(error)?;
        Ok(())
    }

    /// Returns whether another address may be tried after this proxy closed the connection or
    /// timed out. The last proxy may already have forwarded the early data.
    const fn may_repeat(&self, n: usize) -> bool {
        n + 1 < self.hops.len() || self.template.early_data.is_empty()
    }

    /// Returns the number of addresses that may be tried after this one.
    pub(super) fn alternatives(&self, n: usize, hop_target: &HopTarget<'_>) -> usize {
        if self.may_repeat(n) { hop_target.alternatives.len() } else { 0 }
    }

    /// Returns the target of the last request.
    ///
    /// If this machine resolves names, a URL is not replaced by its name on this connection: its
    /// addresses are asked for on another one. The zeros of an association are of the proxy's
    /// family, as far as that is known.
    pub(super) fn requested<'t>(&self, targets: &'t [HopTarget<'_>]) -> Target<'t> {
        let resolves = self.hops[self.hops.len() - 1].resolves();
        let target = &targets[targets.len() - 1].target;
        match target.host() {
            Host::Ip(_) if self.template.is_association() => {
                let proxy = targets.len().checked_sub(2).and_then(|n| targets[n].target.ip());
                unspecified(proxy)
            }
            Host::Url(url) if resolves == Resolve::Locally && target.domain().is_some() => {
                url.without_fallback().into()
            }
            _ => target.borrowed(),
        }
    }

    /// Returns the command that this proxy receives.
    pub(super) const fn command(&self, n: usize) -> Command {
        if n + 1 == self.hops.len() { self.template.command } else { Command::Connect }
    }

    /// Adds this proxy and the target to an error.
    pub(super) fn at(&self, n: usize) -> impl Fn(Error) -> Error {
        move |error| {
            let error = error.at_hop(&self.hops[n], n + 1, self.hops.len());
            let has_subject = !self.template.requests_nothing && !self.template.is_association();
            if has_subject { error.about(self.subject()) } else { error }
        }
    }

    /// Returns the target as errors name it: a lookup has no port.
    pub(super) fn subject(&self) -> &dyn Display {
        if self.template.command.is_lookup() { self.target.host() } else { &self.target }
    }
}

/// Returns the zeros that a request for an association declares: those of the proxy's family.
pub(crate) fn unspecified(proxy: Option<IpAddr>) -> Target<'static> {
    match proxy.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        _ => (Ipv4Addr::UNSPECIFIED, 0).into(),
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
