//! The two sockets of an association, and the tasks that wait for them.

use super::control::Control;
use super::sockets::AsyncSockets;
use crate::runtime::waiters::Bell;
use crate::runtime::{ControlIo, Direction, UdpFrontEnd};
use std::fmt;
use std::io;
use std::task::{Context, Poll};

/// An asynchronous front end: tokio, smol or async-std.
pub trait AsyncFrontEnd:
    AsyncSockets + UdpFrontEnd<Sockets = Watched<Self>, Control = Control<Self>>
{
}

impl<F> AsyncFrontEnd for F where
    F: AsyncSockets + UdpFrontEnd<Sockets = Watched<Self>, Control = Control<Self>>
{
}

/// The two sockets of an association, and the tasks that wait for them.
pub struct Watched<F: AsyncSockets> {
    pub(crate) udp: F::Udp,
    pub(crate) control: Control<F>,
    pub(crate) senders: Bell,
    pub(crate) receivers: Bell,
}

impl<F: AsyncSockets> Watched<F> {
    pub(crate) fn new(udp: F::Udp, control: Control<F>) -> Self {
        Self { udp, control, senders: Bell::new(), receivers: Bell::new() }
    }

    /// Reads from the TCP connection. If it is not readable, returns `None`, and the receivers are
    /// woken when it is.
    pub(crate) fn read_control(&self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        match self.control.poll_io(&mut Context::from_waker(&self.receivers.waker), ControlIo::Read(buf)) {
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

impl<F: AsyncSockets> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}
