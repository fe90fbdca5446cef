//! What an asynchronous front end's sockets have to offer to an association.

use crate::runtime::Direction;
use std::io;
use std::task::{Context, Poll};

/// The sockets of a front end whose tasks are woken.
pub trait AsyncSockets: Sized {
    /// The socket for datagrams.
    type Udp: Send + Sync + 'static;
    /// The TCP connection as it was dialled.
    type Dialled: Send + Sync + 'static;

    /// Polls the work of a call, or lets other tasks run first if this one has done much in a row.
    fn poll_with_budget<T>(
        udp: &Self::Udp,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T>;

    /// Waits until an attempt in this direction may succeed.
    fn poll_ready(udp: &Self::Udp, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads from the TCP connection, of which nothing but its end is expected.
    fn poll_dialled(dialled: &Self::Dialled, cx: &mut Context<'_>) -> Poll<io::Result<usize>>;
}
