//! Connecting to addresses, one or several in parallel.

use super::Reactor;
use super::within::Timer;
use crate::proxy::SocketOptions;
use crate::runtime::Deadline;
use crate::runtime::dial::{self, ATTEMPT_DELAY, Failures, connected};
use pin_project_lite::pin_project;
use socket2::SockAddr;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

/// An attempt to connect to one address.
enum Attempt<R: Reactor> {
    Running(R::Socket),
    Ended(Option<io::Error>),
}

impl<R: Reactor> Attempt<R> {
    fn begin(addr: &SockAddr, options: &SocketOptions) -> Self {
        match dial::begin(addr, options).and_then(R::watch) {
            Ok(socket) => Self::Running(socket),
            Err(error) => Self::Ended(Some(error)),
        }
    }

    /// Returns the stream, once.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R::Stream>> {
        if let Self::Running(socket) = self {
            let writable = ready!(R::poll_writable(socket, cx));
            let connected = writable.and_then(|()| connected(R::socket(socket)));
            if let Err(error) = connected {
                *self = Self::Ended(Some(error));
            }
        }
        match std::mem::replace(self, Self::Ended(None)) {
            Self::Running(socket) => Poll::Ready(R::adopt(socket)),
            Self::Ended(Some(error)) => Poll::Ready(Err(error)),
            Self::Ended(None) => Poll::Pending,
        }
    }
}

pin_project! {
    struct Connect<'a, R: Reactor> {
        addr: &'a SocketAddr,
        attempt: Attempt<R>,
        #[pin]
        timer: Timer<R::Sleep>,
    }
}

impl<R: Reactor> Future for Connect<'_, R> {
    type Output = Result<R::Stream, Failures>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let ended = match this.attempt.poll(cx) {
            Poll::Pending if this.timer.is_over(cx) => Err(io::ErrorKind::TimedOut.into()),
            attempt => ready!(attempt),
        };
        Poll::Ready(ended.map_err(|error| Failures::of(&(**this.addr).into(), error)))
    }
}

/// Connects to one address.
pub(crate) fn connect<'a, R: Reactor>(
    addr: &'a SocketAddr,
    options: &SocketOptions,
    deadline: Deadline,
) -> impl Future<Output = Result<R::Stream, Failures>> + Send + Sync + use<'a, R> {
    let attempt = Attempt::begin(&(*addr).into(), options);
    Connect::<R> { addr, attempt, timer: Timer::new::<R>(deadline) }
}

type Running<'a, R> = (&'a SockAddr, Attempt<R>);

/// Connects to the first address that accepts (RFC 8305 §5). Each attempt starts [`ATTEMPT_DELAY`]
/// after the previous one, or when that fails. Started attempts continue.
pub(crate) async fn race<R: Reactor>(
    addrs: &[SockAddr],
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<R::Stream, Failures> {
    let mut waiting = addrs.iter();
    let mut running: Vec<Running<'_, R>> = Vec::new();
    let mut failures = Failures::default();
    let mut pause = pin!(Timer::new::<R>(None));
    let mut late = pin!(Timer::new::<R>(deadline));
    let raced = poll_fn(|cx| {
        loop {
            let begun = running.len();
            if let Some(winner) = poll_all(&mut running, &mut failures, cx) {
                return Poll::Ready(Some(winner));
            }
            let idle = running.len() < begun || running.is_empty();
            if waiting.len() > 0 && (idle || pause.as_mut().is_over(cx)) {
                running.extend(waiting.next().map(|addr| (addr, Attempt::begin(addr, options))));
                let next_at = (waiting.len() > 0).then(|| R::now() + ATTEMPT_DELAY);
                pause.set(Timer::new::<R>(next_at));
            } else if running.is_empty() || late.as_mut().is_over(cx) {
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
fn poll_all<R: Reactor>(
    running: &mut Vec<Running<'_, R>>,
    failures: &mut Failures,
    cx: &mut Context<'_>,
) -> Option<R::Stream> {
    let mut winner = None;
    running.retain_mut(|(addr, attempt)| match attempt.poll(cx) {
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
