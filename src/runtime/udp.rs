//! The operations on the sockets of an association that each front end implements.

use crate::protocol::pause::Pause;
use crate::runtime::{Deadline, PerHop, Runtime};
use socket2::Socket;
use std::io;
use std::net::UdpSocket;
use std::task::{Context, Poll};

/// The direction of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the relay.
    Send,
    /// From the relay.
    Receive,
}

/// An operation on the TCP connection of an association.
#[derive(Debug)]
pub enum ControlIo<'b> {
    Read(&'b mut [u8]),
    Write(&'b [u8]),
    Flush,
}

/// A front end that supports associations.
pub trait UdpFrontEnd: Runtime + Sized + 'static {
    /// A TCP connection, wrapped or not.
    type Control: Send + Sync;

    /// The non-blocking UDP socket and the TCP connection of each proxy, with the state for waiting
    /// on them.
    type Sockets: Send + Sync + 'static;

    /// Converts a dialled stream.
    fn control(dialled: Self::Dialled) -> Self::Control;

    /// Registers the sockets with the runtime. The UDP socket is connected to the first relay.
    fn watch(controls: PerHop<Self::Control>, udp: UdpSocket) -> io::Result<Self::Sockets>;

    /// Calls `attempt` with the UDP socket, unless the runtime knows that it would block.
    fn attempt<T>(
        sockets: &Self::Sockets,
        direction: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T>;

    /// Reads from the TCP connection of one proxy, from 0, without waiting. Returns `None` if that
    /// would block.
    ///
    /// Only the end of the connection and frames without content are expected.
    fn read_control(sockets: &Self::Sockets, hop: usize, buf: &mut [u8]) -> Option<io::Result<usize>>;

    /// Reads from, writes to or flushes the TCP connection of the last proxy, for a conversation. A
    /// call that blocks is pending when the deadline has passed.
    fn poll_control(
        sockets: &Self::Sockets,
        cx: &mut Context<'_>,
        io: ControlIo<'_>,
        deadline: Deadline,
    ) -> Poll<io::Result<usize>>;

    /// Waits until the pause has ended. A call that blocks is pending when the deadline has
    /// passed.
    fn poll_pause(cx: &mut Context<'_>, pause: &mut Pause, deadline: Deadline) -> Poll<io::Result<()>>;

    /// Wakes all waiting receivers, because the association has ended.
    fn wake_receivers(sockets: &Self::Sockets);

    /// Wakes at least one waiting receiver, because received datagrams are buffered outside the
    /// socket.
    fn wake_for_more(sockets: &Self::Sockets);

    /// Returns the descriptor of the UDP socket.
    #[cfg(unix)]
    fn fd(sockets: &Self::Sockets) -> std::os::fd::BorrowedFd<'_>;

    /// Returns the handle of the UDP socket.
    #[cfg(windows)]
    fn handle(sockets: &Self::Sockets) -> std::os::windows::io::BorrowedSocket<'_>;
}
