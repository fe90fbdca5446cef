//! What a front end has to offer, so that connections can be made with it: the trait [`Runtime`], dialling, and lookups.

pub(crate) mod dial;
pub(crate) mod dial_proxy;
mod lookup;
mod pool;
#[cfg(test)]
pub(crate) mod racing;
mod resolve;
pub(crate) mod udp;
pub(crate) mod waiters;

pub(crate) use dial_proxy::{check_endpoint, dial_proxy};
pub(crate) use resolve::{check_resolvable, no_address, resolve, resolved};
pub(crate) use udp::{Direction, UdpFront};

use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::proxy::SocketOptions;
use dial::Failures;
use lookup::LOOKUPS;
use socket2::SockAddr;
use std::io;
use std::net::SocketAddr;
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
        conversation: &mut C,
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

/// The deadline that this limit sets from now on. A limit that is too long for the clock sets none.
pub(crate) fn deadline<R: Runtime>(limit: impl Into<Option<Duration>>) -> Deadline {
    limit.into().and_then(|limit| R::now().checked_add(limit))
}

#[cfg(test)]
pub(crate) mod listed;

#[cfg(test)]
pub(crate) use lookup::hanging;
