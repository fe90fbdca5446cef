//! The code that the asynchronous front ends share, over a reactor that waits for sockets and
//! timers.

#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) mod async_io;
mod client;
mod connector;
mod control;
mod dial;
mod one_proxy;
mod sockets;
mod stream;
mod types;
mod udp;
mod watched;
mod within;
mod wrap;

pub(crate) use control::Control;
pub(crate) use dial::{connect, race};
pub(crate) use one_proxy::one_proxy_calls;
pub(crate) use sockets::AsyncSockets;
pub(crate) use stream::SupportsStream;
pub(crate) use types::types;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) use udp::joined;
pub(crate) use watched::Watched;
pub(crate) use within::{converse, within};
pub(crate) use wrap::Hook;

use crate::runtime::Runtime;
use socket2::SockRef;
use std::io;
use std::net::TcpStream;
use std::task::{Context, Poll};
use std::time::Instant;

/// The sockets and timers of an asynchronous runtime.
#[allow(unreachable_pub, reason = "a bound of the connectors")]
pub trait Reactor: Runtime {
    type Socket: Send + Sync + Unpin;
    type Sleep: Future + Send + Sync;

    /// Registers a non-blocking socket.
    fn watch(socket: TcpStream) -> io::Result<Self::Socket>;

    /// Polls whether the socket is writable or has failed.
    fn poll_writable(socket: &Self::Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    fn socket(socket: &Self::Socket) -> SockRef<'_>;

    /// Converts a connected socket to the stream of the front end.
    fn adopt(socket: Self::Socket) -> io::Result<Self::Stream>;

    /// Creates a timer that ends at this time of the runtime's clock.
    fn sleep_until(time: Instant) -> Self::Sleep;
}
