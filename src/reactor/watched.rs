//! The two sockets of an association, and the tasks that wait for them.

use super::control::Control;
use crate::udp::{Direction, UdpFront};
use crate::waiters::Bell;
use std::fmt;
use std::io;
use std::task::{Context, Poll};

/// A front end whose tasks are woken.
pub trait AsyncUdpFront: UdpFront<Sockets = Watched<Self>, Control = Control<Self>> {
    /// The socket for datagrams.
    type Udp: Send + Sync + 'static;
    /// The TCP connection as it was dialled.
    type Dialled: Send + Sync + 'static;

    /// Polls the work of a call, or lets other tasks run first if this one has done much in a row.
    fn poll_in_turn<T>(
        udp: &Self::Udp,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T>;

    /// Waits until an attempt in this direction may succeed.
    fn poll_ready(udp: &Self::Udp, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads from the TCP connection, of which nothing but its end is expected.
    fn poll_dialled(dialled: &Self::Dialled, cx: &mut Context<'_>) -> Poll<io::Result<usize>>;
}

/// The sockets of an asynchronous front end, and the tasks that wait for them.
pub struct Watched<F: AsyncUdpFront> {
    pub(crate) udp: F::Udp,
    pub(crate) control: Control<F>,
    pub(crate) senders: Bell,
    pub(crate) receivers: Bell,
}

impl<F: AsyncUdpFront> Watched<F> {
    pub(crate) fn new(udp: F::Udp, control: Control<F>) -> Self {
        Self { udp, control, senders: Bell::new(), receivers: Bell::new() }
    }

    /// Reads from the TCP connection if it can be read from; if not, the receivers are woken when it can.
    pub(crate) fn read_control(&self) -> Option<io::Result<usize>> {
        match self.control.poll_read(&mut Context::from_waker(&self.receivers.waker)) {
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
