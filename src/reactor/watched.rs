//! The sockets of an association, and the tasks that wait for them.

use super::control::Control;
use super::sockets::AsyncSockets;
use crate::runtime::waiters::{Bell, Ticket, Waiters};
use crate::runtime::{ControlIo, Direction, PerHop, UdpFrontEnd};
use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

/// An asynchronous front end: tokio, smol or async-std.
pub trait AsyncFrontEnd:
    AsyncSockets + UdpFrontEnd<Sockets = Watched<Self>, Control = Control<Self>>
{
}

impl<F> AsyncFrontEnd for F where
    F: AsyncSockets + UdpFrontEnd<Sockets = Watched<Self>, Control = Control<Self>>
{
}

/// The sockets of an association, and the tasks that wait for them.
pub struct Watched<F: AsyncSockets> {
    pub(crate) udp: F::Udp,
    pub(crate) controls: PerHop<Control<F>>,
    /// Created at the first wait: few sockets ever wait before they send.
    senders: OnceLock<Bell>,
    receivers: OnceLock<Bell>,
}

impl<F: AsyncSockets> Watched<F> {
    pub(crate) const fn new(udp: F::Udp, controls: PerHop<Control<F>>) -> Self {
        Self { udp, controls, senders: OnceLock::new(), receivers: OnceLock::new() }
    }

    /// Reads from the TCP connection of this proxy. If it is not readable, returns `None`, and the
    /// receivers are woken when it is.
    pub(crate) fn read_control(&self, hop: usize, buf: &mut [u8]) -> Option<io::Result<usize>> {
        let waker = &self.bell(Direction::Receive).waker;
        match self.controls.get(hop).poll_io(&mut Context::from_waker(waker), ControlIo::Read(buf)) {
            Poll::Pending => None,
            Poll::Ready(read) => Some(read),
        }
    }

    /// Registers a task that waits in this direction, with the ticket of its call.
    pub(crate) fn wait<'w>(
        &'w self,
        direction: Direction,
        ticket: &mut Option<Ticket<&'w Waiters>>,
        waker: &Waker,
    ) {
        ticket.get_or_insert_with(|| Ticket::take(&*self.bell(direction).waiters)).wait(waker);
    }

    pub(crate) fn wake_receivers(&self) {
        self.bell(Direction::Receive).waker.wake_by_ref();
    }

    pub(crate) fn bell(&self, direction: Direction) -> &Bell {
        let bell = match direction {
            Direction::Send => &self.senders,
            Direction::Receive => &self.receivers,
        };
        bell.get_or_init(Bell::new)
    }
}

impl<F: AsyncSockets> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}
