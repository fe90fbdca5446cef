//! The sockets of an association on an asynchronous front end.

use crate::protocol::pause::Clock;
use crate::runtime::{ControlIo, Direction};
use std::io;
use std::task::{Context, Poll};

/// The sockets of an association on an asynchronous front end.
pub trait AsyncSockets: Sized {
    /// The runtime's clock.
    const CLOCK: Clock;

    /// The UDP socket.
    type Udp: Send + Sync + 'static;
    /// The dialled TCP connection.
    type Dialled: Send + Sync + 'static;

    /// Polls the work of a call, or yields first if the task has used its budget.
    fn poll_with_budget<T>(
        udp: &Self::Udp,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T>;

    /// Waits until an attempt in this direction may succeed.
    fn poll_ready(udp: &Self::Udp, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads from, writes to or flushes the TCP connection.
    fn poll_dialled(
        dialled: &Self::Dialled,
        cx: &mut Context<'_>,
        io: ControlIo<'_>,
    ) -> Poll<io::Result<usize>>;
}
