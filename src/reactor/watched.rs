//! The two sockets of an association, and the tasks that wait for them.

use crate::fair::STEPS_AT_ONCE;
use crate::udp::{Direction, UdpFront};
use crate::waiters::Bell;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

/// A front end whose tasks are woken.
pub trait AsyncUdpFront: UdpFront<Sockets = Watched<Self>> {
    /// The socket for datagrams.
    type Udp: Send + Sync + 'static;
    /// The TCP connection.
    type Control: Send + Sync + 'static;

    /// Waits until an attempt in this direction may succeed.
    fn poll_ready(udp: &Self::Udp, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads from the TCP connection, of which nothing but its end is expected.
    fn poll_control(control: &Self::Control, cx: &mut Context<'_>) -> Poll<io::Result<usize>>;
}

/// The sockets of an asynchronous front end, and the tasks that wait for them.
pub struct Watched<F: AsyncUdpFront> {
    pub(crate) udp: F::Udp,
    pub(crate) control: F::Control,
    pub(crate) senders: Bell,
    pub(crate) receivers: Bell,
    /// The calls since one rested.
    calls: AtomicUsize,
}

impl<F: AsyncUdpFront> Watched<F> {
    pub(crate) fn new(udp: F::Udp, control: F::Control) -> Self {
        Self { udp, control, senders: Bell::new(), receivers: Bell::new(), calls: AtomicUsize::new(0) }
    }

    /// Whether a call lets other tasks run before it does anything: who loops over a socket that is always ready must not keep them from it. Every
    /// 65th does: an odd number, since a loop that selects between two calls rests only when that which is ready does.
    pub(crate) fn rests(&self) -> bool {
        self.calls.fetch_add(1, Relaxed) % (STEPS_AT_ONCE + 1) == STEPS_AT_ONCE
    }

    /// Reads from the TCP connection if it can be read from; if not, the receivers are woken when it can.
    pub(crate) fn read_control(&self) -> Option<io::Result<usize>> {
        match F::poll_control(&self.control, &mut Context::from_waker(&self.receivers.waker)) {
            Poll::Pending => None,
            Poll::Ready(read) => Some(read),
        }
    }

    pub(crate) const fn bell(&self, direction: Direction) -> &Bell {
        match direction {
            Direction::Send => &self.senders,
            Direction::Receive => &self.receivers,
        }
    }
}

impl<F: AsyncUdpFront> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}
