//! What a connection is made of, whatever the front end: looking names up, dialling, and what is asked. What a runtime does in its own way stands
//! in [`Runtime`]; `route/walk.rs` puts it together.

mod lookup;
mod pool;
mod resolve;

pub(crate) use resolve::{may_be_resolved, no_address, resolve, resolved};

use crate::command::Command;
use crate::conversation::Conversation;
use crate::dial::{Failures, interleave};
use crate::error::{Error, ErrorKind, Stage};
use crate::into_proxy::IntoProxy;
use crate::invalid::Invalid;
use crate::listener::SocksListener;
use crate::optimistic::Optimistic;
use crate::proxy::{Endpoint, Proxy, SocketOptions};
use crate::route::{Reached, walk};
use crate::stream::SocksStream;
use crate::target::Target;
use crate::trace;
use crate::version::{V5, Version};
use crate::wrap::Plain;
use lookup::LOOKUPS;
use socket2::SockAddr;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

/// When everything has to be done; `None` for never.
pub(crate) type Deadline = Option<Instant>;

/// What each front end does in its own way. Each call ends by the deadline.
///
/// The blocking front end's futures are ready when they are first polled.
pub trait Runtime: Sized {
    type Stream: Send + Sync + 'static;

    /// The time on the clock that the runtime's timers follow.
    fn now() -> Instant;

    /// The output of work that waits for another thread, or `None` if the deadline passes first.
    fn within<T>(
        deadline: Deadline,
        work: impl Future<Output = T> + Send + Sync,
    ) -> impl Future<Output = Option<T>> + Send + Sync;

    /// The addresses of a name, as the system finds them.
    fn lookup(
        name: &str,
        port: u16,
        deadline: Deadline,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + Sync {
        LOOKUPS.addresses::<Self>(name, port, deadline)
    }

    /// Connects to the first address that answers, in the manner of RFC 8305.
    fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Self::Stream, Failures>> + Send + Sync;

    /// Holds the conversation over the stream.
    fn converse<C: Conversation + Send + Sync>(
        stream: &mut Self::Stream,
        talk: &mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync;

    /// The addresses of both ends. A Unix-domain socket has none.
    fn ends(stream: &Self::Stream) -> io::Result<Ends>;

    /// Prepares the stream for the caller, after the last conversation.
    fn finish(stream: Self::Stream) -> io::Result<Self::Stream> {
        Ok(stream)
    }
}

/// The two ends of a connection.
#[derive(Debug)]
pub struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// What is asked of a proxy.
pub(crate) struct Asked<'a, V: Version> {
    pub(crate) command: Command,
    pub(crate) begin: Begin<V>,
    /// What is sent behind the request, before it is answered.
    pub(crate) first_bytes: &'a [u8],
}

impl<'a, V: Version> Asked<'a, V> {
    pub(crate) const fn connect(first_bytes: &'a [u8]) -> Self {
        Self { command: Command::Connect, begin: V::connect, first_bytes }
    }

    pub(crate) const fn bind() -> Self {
        Self { command: Command::Bind, begin: V::bind, first_bytes: &[] }
    }

    pub(crate) fn of<'t>(
        &self,
        auth: &'t V::Auth,
        target: Target<'t>,
    ) -> Result<Optimistic<'a, V::Request<'t>>, Error> {
        if !self.first_bytes.is_empty() && V::may_encapsulate(auth) {
            return Err(Invalid::OptimisticMethod.into());
        }
        Ok(Optimistic::new((self.begin)(auth, target)?, self.first_bytes))
    }
}

/// How a request is begun.
type Begin<V> =
    for<'a> fn(&'a <V as Version>::Auth, Target<'a>) -> Result<<V as Version>::Request<'a>, Error>;

/// Connects to the target through the proxy.
pub(crate) async fn connect<'a, 'b, R: Runtime, V: Version>(
    proxy: impl IntoProxy<'a>,
    target: impl TryInto<Target<'b>, Error: Into<Error>>,
    first_bytes: &[u8],
) -> Result<SocksStream<R::Stream, V, R>, Error> {
    let proxy = proxy.into_proxy::<V>()?;
    let reached = request::<R, V>(&proxy, target, Asked::connect(first_bytes)).await?;
    Ok(SocksStream::new(reached.stream, reached.established))
}

/// Lets the proxy listen for the peer.
pub(crate) async fn bind<'a, 'b, R: Runtime, V: Version>(
    proxy: impl IntoProxy<'a>,
    expected_peer: impl TryInto<Target<'b>, Error: Into<Error>>,
) -> Result<SocksListener<R::Stream, V, R>, Error> {
    let proxy = proxy.into_proxy::<V>()?;
    let reached = request::<R, V>(&proxy, expected_peer, Asked::bind()).await?;
    Ok(SocksListener::reached(reached, slice::from_ref(&*proxy)))
}

async fn request<'b, R: Runtime, V: Version>(
    proxy: &Proxy,
    target: impl TryInto<Target<'b>, Error: Into<Error>>,
    asked: Asked<'_, V>,
) -> Result<Reached<R::Stream>, Error> {
    let target = target.try_into().map_err(Into::into)?;
    walk::<R, Plain, V>(slice::from_ref(proxy), proxy.limit(), &Plain, target, asked).await
}

/// Connects to the proxy itself.
pub(crate) async fn dial<'a, R: Runtime>(proxy: impl IntoProxy<'a>) -> Result<R::Stream, Error> {
    // Where the value does not say which version it is, that does not matter yet.
    let proxy = proxy.into_proxy::<V5>()?;
    let dialled = dial_by::<R>(&proxy, deadline::<R>(proxy.limit())).await;
    let finished =
        dialled.and_then(|stream| R::finish(stream).map_err(|error| Error::io(Stage::Dial, error)));
    finished.map_err(|error| error.at(&*proxy))
}

/// Fails if the proxy's name may not be resolved on this machine, or if the system would cut its
/// path off at a NUL.
pub(crate) fn may_be_dialled(proxy: &Proxy) -> Result<(), Error> {
    match proxy.endpoint() {
        Endpoint::Name(name, _) => may_be_resolved(name.as_str()),
        Endpoint::Unix(path) if has_nul(path) => Err(Invalid::PathNul.into()),
        Endpoint::Addr(_) | Endpoint::Unix(_) => Ok(()),
    }
}

/// Whether a path holds a NUL. The name of an abstract socket begins with one, and may hold more.
fn has_nul(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.first() != Some(&0) && bytes.contains(&0)
}

pub(crate) async fn dial_by<R: Runtime>(proxy: &Proxy, deadline: Deadline) -> Result<R::Stream, Error> {
    may_be_dialled(proxy)?;
    let addrs = match proxy.endpoint() {
        Endpoint::Addr(addr) => vec![(*addr).into()],
        Endpoint::Name(name, port) => {
            let addrs = resolve::<R>(name.as_str(), *port, deadline).await?;
            interleave(addrs).into_iter().map(Into::into).collect()
        }
        Endpoint::Unix(path) => {
            vec![SockAddr::unix(path).map_err(|error| Error::io(Stage::Dial, error))?]
        }
    };
    let raced = R::race(addrs, proxy.socket(), deadline).await;
    let stream = raced.map_err(|failures| failures.at(Stage::Dial))?;
    trace::connected(Stage::Dial);
    Ok(stream)
}

/// Whether another address of the target may fare better. Some proxies hang up instead of refusing; but some hang up when they have gone on with
/// what they were sent, and that may be too much to say again.
pub(crate) fn worth_another(error: &Error, may_repeat: bool) -> bool {
    let refused = match error.kind() {
        ErrorKind::Refused(_) => true,
        ErrorKind::EndedEarly { .. } | ErrorKind::Io(_) => may_repeat,
        _ => false,
    };
    refused && error.stage() == Stage::Request
}

/// The deadline that this limit sets from now on. A limit that is too long for the clock sets none.
pub(crate) fn deadline<R: Runtime>(limit: impl Into<Option<Duration>>) -> Deadline {
    limit.into().and_then(|limit| R::now().checked_add(limit))
}

#[cfg(test)]
pub(crate) mod tests;

#[cfg(test)]
pub(crate) use lookup::hanging;
