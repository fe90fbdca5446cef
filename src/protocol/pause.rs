//! The time that a frame waits before it leaves.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A timer of a [`Clock`]: a future that completes when the time has passed.
pub type Timer = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// A function that starts a timer, for the pauses of an encapsulation.
///
/// The front ends with a runtime have their own. For `anysocks::futures`, which has none,
/// [`Seal::clock`](crate::protocol::Seal::clock) returns one:
///
/// ```
/// use anysocks::protocol::{Clock, Timer};
/// use std::time::Duration;
///
/// fn timer(duration: Duration) -> Timer {
///     Box::pin(async move {
///         async_io::Timer::after(duration).await;
///     })
/// }
///
/// let clock: Clock = timer;
/// ```
pub type Clock = fn(Duration) -> Timer;

/// The time that the next write has to wait: the [`Seal::pause`](crate::protocol::Seal::pause) of
/// its frames.
///
/// [`Conversation::pause`](crate::protocol::Conversation::pause) and
/// [`Outgoing::pause`](crate::protocol::Outgoing::pause) return it while it has not ended. A blocking
/// driver sleeps for [`duration`](Self::duration) and calls [`end`](Self::end). An asynchronous one
/// calls [`poll`](Self::poll). A driver that ignores pauses loses only the traffic's shape.
///
/// ```
/// use anysocks::protocol::Outgoing;
///
/// fn wait(outgoing: &mut Outgoing) {
///     while let Some(pause) = outgoing.pause() {
///         std::thread::sleep(pause.duration());
///         pause.end();
///     }
/// }
/// ```
#[derive(Default)]
pub struct Pause {
    duration: Duration,
    clock: Option<Clock>,
    timer: Option<Timer>,
}

impl Pause {
    /// Returns how long the write has to wait. The pauses of several frames add up.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Ends the pause: the driver has waited for its [`duration`](Self::duration).
    pub fn end(&mut self) {
        self.duration = Duration::ZERO;
        self.timer = None;
    }

    /// Waits with a timer of the clock, and ends the pause. The timer starts at the first poll.
    pub fn poll(&mut self, cx: &mut Context<'_>, clock: Clock) -> Poll<()> {
        if !self.duration.is_zero() {
            let timer = self.timer.get_or_insert_with(|| clock(self.duration));
            ready!(timer.as_mut().poll(cx));
            self.end();
        }
        Poll::Ready(())
    }

    /// Returns the clock that the encapsulation brings.
    #[must_use]
    pub const fn clock(&self) -> Option<Clock> {
        self.clock
    }

    /// Returns the pause before a datagram, if there is one.
    pub(crate) fn of_a_datagram(duration: Duration) -> Option<Self> {
        (!duration.is_zero()).then(|| Self { duration, ..Self::default() })
    }

    pub(crate) fn begin(&mut self, duration: Duration, clock: Option<Clock>) {
        if !duration.is_zero() {
            self.duration = self.duration.saturating_add(duration);
            self.clock = clock;
        }
    }

    /// Returns this pause if it has not ended.
    pub(crate) fn pending(&mut self) -> Option<&mut Self> {
        (!self.duration.is_zero()).then_some(self)
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pause").field(&self.duration).finish()
    }
}
