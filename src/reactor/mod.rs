//! The code that the asynchronous front ends share.
//!
//! Here: connecting to addresses in parallel, and deadlines, over a reactor that waits for sockets
//! and timers.

#[cfg(any(feature = "smol", feature = "async-std"))]
pub(crate) mod async_io;
mod client;
mod connector;
mod control;
mod one_proxy;
mod sockets;
mod types;
mod udp;
mod watched;
mod wrap;

pub(crate) use control::Control;
pub(crate) use one_proxy::one_proxy_calls;
pub(crate) use sockets::AsyncSockets;
pub(crate) use types::types;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) use udp::joined;
pub(crate) use watched::Watched;
pub(crate) use wrap::{Hook, SupportsStream};

use crate::proxy::SocketOptions;
use crate::runtime::dial::{ATTEMPT_DELAY, Failures, begin, connected};
use crate::runtime::{Deadline, Runtime};
use socket2::{SockAddr, SockRef};
use std::future::{pending, poll_fn};
use std::io;
use std::net::TcpStream;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

/// The sockets and timers of an asynchronous runtime.
#[allow(unreachable_pub, reason = "a bound of the connectors")]
pub trait Reactor: Runtime {
    type Socket: Send + Sync;

    /// Registers a non-blocking socket.
    fn watch(socket: TcpStream) -> io::Result<Self::Socket>;

    /// Waits until the socket is writable or has failed.
    fn writable(socket: &Self::Socket) -> impl Future<Output = io::Result<()>> + Send + Sync;

    fn socket(socket: &Self::Socket) -> SockRef<'_>;

    /// Converts a connected socket to the stream of the front end.
    fn adopt(socket: Self::Socket) -> io::Result<Self::Stream>;

    /// Waits until this time on the runtime's clock.
    fn sleep_until(time: Instant) -> impl Future<Output = ()> + Send + Sync;
}

/// Returns the output of the work, or `None` if the deadline passes first.
pub(crate) async fn within<R: Reactor, T>(deadline: Deadline, work: impl Future<Output = T>) -> Option<T> {
    // Timers with millisecond resolution round up, and fast work could complete after the
    // deadline.
    if deadline.is_some_and(|deadline| deadline <= R::now()) {
        return None;
    }
    let mut work = pin!(work);
    let mut late = pin!(sleep::<R>(deadline));
    // The timer comes first, because a proxy that never stops sending would starve it.
    poll_fn(|cx| match late.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}

async fn sleep<R: Reactor>(until: Deadline) {
    match until {
        Some(time) => R::sleep_until(time).await,
        None => pending().await,
    }
}

async fn attempt<R: Reactor>(addr: &SockAddr, options: &SocketOptions) -> io::Result<R::Stream> {
    let socket = R::watch(begin(addr, options)?)?;
    R::writable(&socket).await?;
    connected(R::socket(&socket))?;
    R::adopt(socket)
}

type Running<'a, S> = (&'a SockAddr, Pin<Box<dyn Future<Output = io::Result<S>> + Send + Sync + 'a>>);

/// Connects to the first address that accepts (RFC 8305 §5). Each attempt starts [`ATTEMPT_DELAY`]
/// after the previous one, or when that fails. Started attempts continue.
pub(crate) async fn race<R: Reactor>(
    addrs: &[SockAddr],
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<R::Stream, Failures> {
    let mut waiting = addrs.iter();
    let mut running: Vec<Running<'_, R::Stream>> = Vec::new();
    let mut failures = Failures::default();
    let mut pause = pin!(sleep::<R>(None));
    let mut late = pin!(sleep::<R>(deadline));
    let raced = poll_fn(|cx| {
        loop {
            let begun = running.len();
            if let Some(winner) = poll_all(&mut running, &mut failures, cx) {
                return Poll::Ready(Some(winner));
            }
            let idle = running.len() < begun || running.is_empty();
            if waiting.len() > 0 && (idle || pause.as_mut().poll(cx).is_ready()) {
                running.extend(
                    waiting
                        .next()
                        .map(|addr| -> Running<'_, _> { (addr, Box::pin(attempt::<R>(addr, options))) }),
                );
                pause.set(sleep::<R>(Some(R::now() + ATTEMPT_DELAY)));
            } else if running.is_empty() || late.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            } else {
                return Poll::Pending;
            }
        }
    })
    .await;
    raced.ok_or_else(|| {
        failures.push_timed_out(running.iter().map(|(addr, _)| *addr));
        failures
    })
}

/// Polls every attempt, and removes those that have ended.
fn poll_all<S>(
    running: &mut Vec<Running<'_, S>>,
    failures: &mut Failures,
    cx: &mut Context<'_>,
) -> Option<S> {
    let mut winner = None;
    running.retain_mut(|(addr, attempt)| match attempt.as_mut().poll(cx) {
        Poll::Pending => true,
        Poll::Ready(Ok(stream)) => {
            winner = Some(stream);
            false
        }
        Poll::Ready(Err(error)) => {
            failures.push(addr, error);
            false
        }
    });
    winner
}
