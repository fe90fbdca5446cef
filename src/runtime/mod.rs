//! What the crate needs of a front end: the trait [`Runtime`]; dialling and lookups for all of
//! them.

pub(crate) mod aside;
pub(crate) mod dial;
pub(crate) mod dial_proxy;
mod lookup;
mod per_hop;
mod pool;
#[cfg(test)]
pub(crate) mod racing;
mod resolve;
mod socket_options;
pub(crate) mod udp;
pub(crate) mod waiters;

pub(crate) use dial_proxy::{check_endpoint, dial_proxy};
pub(crate) use per_hop::PerHop;
pub(crate) use resolve::{check_resolvable, no_address, resolve, resolved};
pub(crate) use udp::{ControlIo, Direction, UdpFrontEnd};

use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::protocol::frames::CallLimit;
use crate::proxy::SocketOptions;
use dial::Failures;
use lookup::LOOKUPS;
use socket2::SockAddr;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// When a connection times out. `None` is no limit.
pub(crate) type Deadline = Option<Instant>;

/// The operations that each front end implements. Each call returns by the deadline.
///
/// The futures of the blocking front end are ready at their first poll.
pub trait Runtime: Sized {
    /// The stream during the handshakes.
    type Dialled: Send + Sync + 'static;
    /// The stream that is returned to the caller.
    type Stream: Send + Sync + 'static;

    /// Returns the current time of the runtime's clock, which its timers follow.
    fn now() -> Instant;

    /// Returns the output of work that waits for another thread, or `None` at the deadline.
    fn within<W: Future + Send + Sync>(
        deadline: Deadline,
        work: W,
    ) -> impl Future<Output = Option<W::Output>> + Send + Sync;

    /// Looks a name up with the system's resolver.
    fn lookup(
        name: &str,
        port: u16,
        deadline: Deadline,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + Sync {
        LOOKUPS.addresses::<Self>(name, port, deadline)
    }

    /// Connects to one address.
    fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Self::Dialled, Failures>> + Send + Sync;

    /// Connects to the first address that accepts, as RFC 8305 defines.
    fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Self::Dialled, Failures>> + Send + Sync;

    /// Drives the conversation over the stream.
    fn converse<'a, C: Conversation + Send + Sync>(
        stream: &'a mut Self::Dialled,
        conversation: &'a mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync;

    /// Returns the addresses of both ends. A Unix-domain socket has none.
    fn ends(stream: &Self::Dialled) -> io::Result<Ends>;

    /// Returns the time limit of the calls on this stream, if it is encapsulated. An asynchronous
    /// front end has none: its callers limit the future.
    fn call_limit(_: &Self::Dialled) -> io::Result<Option<Box<dyn CallLimit>>> {
        Ok(None)
    }

    /// Prepares the stream for the caller after the last conversation.
    fn finish(stream: Self::Dialled) -> io::Result<Self::Stream>;
}

/// The addresses of a connection.
#[derive(Debug)]
pub struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// Returns the deadline of a limit that begins now: none if the clock can't represent it.
pub(crate) fn deadline<R: Runtime>(limit: impl Into<Option<Duration>>) -> Deadline {
    limit.into().and_then(|limit| R::now().checked_add(limit))
}

#[cfg(test)]
pub(crate) mod stub_resolver;

#[cfg(test)]
pub(crate) use lookup::hanging;
