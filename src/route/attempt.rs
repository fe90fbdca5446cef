//! One attempt to connect along a path: one connection, and the handshakes over it.

use super::address_timeout::{FailedAttempt, converse_with_address_timeout};
use super::hop_target::HopTarget;
use super::path::{Path, proxy_deadline};
use super::prepare::prepare;
use super::wrap::{Wrap, wrap_error};
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::layered::Layered;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::version::Version;
use crate::runtime::{Deadline, Runtime, dial_proxy};
use crate::trace;
use std::net::IpAddr;
use std::pin::Pin;

/// A request in any version.
type AnyConversation<'c> = dyn Conversation<Outcome = Established> + Send + Sync + 'c;

/// The protocols of the proxies with prepared METHODs. `None` is for a proxy without custom
/// METHODs.
type Prepared = Vec<Option<SocksProtocol>>;

/// Work in memory of its own, because most connections have no use for it.
type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + Sync + 'f>>;

/// The stream through the proxies, and the IP address of the last one, if it is known.
pub(crate) type Tunnel<S> = (S, Established, Option<IpAddr>);

/// Dials the first proxy, and requests each target over that connection.
#[allow(clippy::manual_async_fn, reason = "the future of an `async fn` holds the arguments twice")]
pub(super) fn attempt<'a, R: Runtime, W: Wrap<R>, V: Version>(
    path: &'a Path<'a>,
    wrap: &'a W,
    targets: &'a [HopTarget<'a>],
) -> impl Future<Output = Result<Tunnel<W::HandshakeStream>, FailedAttempt>> + Send + Sync {
    async move {
        let mut prepared = Prepared::new();
        let mut limit = proxy_deadline::<R>(path.deadline, &path.hops[0]);
        if path.hops.iter().any(|proxy| proxy.protocol().has_custom_method()) {
            (prepared, limit) = prepare_all::<R>(path).await?;
        }
        let (stream, first) = dial::<R, W>(path, wrap, limit).await.map_err(path.at(0))?;
        let prepared = &prepared[..];
        let mut connection = Connection::<R, W> { path, targets, prepared, stream, outer: None, limit };
        if targets.len() > 1 {
            connection.pass_earlier_proxies().await?;
        }
        let established = connection.request_last::<V>().await?;
        let proxy = if let [.., before_last, _] = targets { before_last.target.ip() } else { first };
        Ok((connection.stream, established, proxy))
    }
}

/// Prepares the custom METHODs of each proxy within its own deadline, and returns that of the
/// first proxy too. It comes last, because it is dialled next, within the same deadline.
fn prepare_all<'p, R: Runtime>(path: &'p Path<'_>) -> Boxed<'p, Result<(Prepared, Deadline), Error>> {
    Box::pin(async move {
        let mut prepared = vec![None; path.hops.len()];
        let mut limit = path.deadline;
        for (n, proxy) in path.hops.iter().enumerate().rev() {
            limit = proxy_deadline::<R>(path.deadline, proxy);
            let place = (n + 1, path.hops.len());
            prepared[n] = prepare::<R>(proxy, place, path.command(n), limit).await.map_err(path.at(n))?;
        }
        Ok((prepared, limit))
    })
}

/// Connects to the first proxy. Returns its IP address too, if a listener needs it.
async fn dial<R: Runtime, W: Wrap<R>>(
    path: &Path<'_>,
    wrap: &W,
    limit: Deadline,
) -> Result<(W::HandshakeStream, Option<IpAddr>), Error> {
    let proxy = &path.hops[0];
    let stream = dial_proxy::<R>(proxy, limit).await?;
    let is_needed = path.template.command == Command::Bind && path.hops.len() == 1;
    let addr = if is_needed { R::ends(&stream).ok().map(|ends| ends.peer.ip()) } else { None };
    let wrapped = wrap.wrap(stream, Some(proxy), limit).await;
    Ok((wrapped.map_err(wrap_error(Stage::Dial))?, addr))
}

/// A connection to the first proxy, during the handshakes.
struct Connection<'a, R: Runtime, W: Wrap<R>> {
    path: &'a Path<'a>,
    targets: &'a [HopTarget<'a>],
    prepared: &'a [Option<SocksProtocol>],
    stream: W::HandshakeStream,
    /// The encapsulations of the earlier proxies.
    outer: Option<Box<Negotiated>>,
    /// The deadline of the proxy whose handshake is next.
    limit: Deadline,
}

impl<R: Runtime, W: Wrap<R>> Connection<'_, R, W> {
    /// Connects to the last proxy through the others.
    fn pass_earlier_proxies(&mut self) -> Boxed<'_, Result<(), FailedAttempt>> {
        Box::pin(async move {
            let Self { path, targets, .. } = *self;
            for (n, pair) in path.hops.windows(2).enumerate() {
                let protocol = protocol(path, self.prepared, n);
                let mut request = AnyVersion::connect(protocol, targets[n].target.borrowed())?;
                let addresses = path.alternatives(n, &targets[n]) + 1;
                let outer = self.outer.as_deref_mut();
                let granted =
                    request_one_address::<R, W>(&mut self.stream, outer, &mut request, addresses, self.limit);
                let granted = trace::hop(n + 1, path.hops.len(), &pair[0], granted).await;
                let established = granted.map_err(|failed| failed.map(path.at(n)))?;
                self.outer = Negotiated::inside(established.negotiated, self.outer.take());
                self.limit = proxy_deadline::<R>(path.deadline, &pair[1]);
            }
            Ok(())
        })
    }

    /// Sends the request to the last proxy.
    async fn request_last<V: Version>(&mut self) -> Result<Established, FailedAttempt> {
        let Self { path, targets, .. } = *self;
        let last = targets.len() - 1;
        let auth = V::auth(protocol(path, self.prepared, last))?;
        let request = path.template.for_target::<V>(auth, path.requested(targets))?;
        let mut request = request.at_most(|| W::write_capacity(&self.stream));
        let addresses = path.alternatives(last, &targets[last]) + 1;
        let granted = if self.outer.is_none() && addresses == 1 {
            let granted = W::converse(&mut self.stream, &mut request, self.limit);
            trace::hop(last + 1, targets.len(), &path.hops[last], granted).await.map_err(FailedAttempt::from)
        } else {
            let outer = self.outer.as_deref_mut();
            let granted =
                request_one_address::<R, W>(&mut self.stream, outer, &mut request, addresses, self.limit);
            trace::hop(last + 1, targets.len(), &path.hops[last], granted).await
        };
        let mut established = granted.map_err(|failed| failed.map(path.at(last)))?;
        established.negotiated = Negotiated::inside(established.negotiated, self.outer.take());
        Ok(established)
    }
}

/// Returns what this proxy speaks on this connection.
fn protocol<'p>(path: &'p Path<'_>, prepared: &'p [Option<SocksProtocol>], n: usize) -> &'p SocksProtocol {
    prepared.get(n).and_then(Option::as_ref).unwrap_or_else(|| path.hops[n].protocol())
}

/// Sends a request through the encapsulations of earlier proxies. If other addresses may follow,
/// this one has its own timeout.
fn request_one_address<'f, R: Runtime, W: Wrap<R>>(
    stream: &'f mut W::HandshakeStream,
    outer: Option<&'f mut Negotiated>,
    mut request: &'f mut AnyConversation<'_>,
    addresses: usize,
    limit: Deadline,
) -> Boxed<'f, Result<Established, FailedAttempt>> {
    Box::pin(async move {
        let Some(frames) = outer.and_then(Negotiated::pump) else {
            return converse_with_address_timeout::<R, W, _>(stream, &mut request, limit, addresses).await;
        };
        let failed = |error| Error::new(request.stage(), ErrorKind::Encapsulation(error));
        if !frames.incoming.plain().map_err(failed)?.is_empty() {
            return Err(failed("the proxy sent bytes before it was asked for anything".into()).into());
        }
        let mut layered = Layered::through(Some(frames), request);
        converse_with_address_timeout::<R, W, _>(stream, &mut layered, limit, addresses).await
    })
}
