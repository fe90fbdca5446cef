//! What each front end does in its own way about an association's two sockets.

use crate::runtime::Runtime;
use socket2::Socket;
use std::io;
use std::net::UdpSocket;

/// Which way datagrams go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the relay.
    Send,
    /// From the relay.
    Receive,
}

/// A front end that has associations.
pub trait UdpFront: Runtime + Sized + 'static {
    /// The TCP connection, wrapped or not.
    type Control: Send;

    /// The socket for datagrams, which is not blocking, and the TCP connection, with what is needed to wait for them.
    type Sockets: Send + Sync + 'static;

    /// The TCP connection as it was dialled.
    fn control(dialled: Self::Stream) -> Self::Control;

    /// Watches the sockets. The one for datagrams is connected to the relay.
    fn watch(control: Self::Control, udp: UdpSocket) -> io::Result<Self::Sockets>;

    /// Calls `attempt` with the socket for datagrams, unless it is known to be in vain.
    fn attempt<T>(
        sockets: &Self::Sockets,
        direction: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T>;

    /// Reads from the TCP connection without waiting, if there is anything to read: of which nothing but its end is expected.
    fn read_control(sockets: &Self::Sockets) -> Option<io::Result<usize>>;

    /// Has all who wait look again: it is known now that the association has ended.
    fn wake_receivers(sockets: &Self::Sockets);

    /// Wakes at least one waiting receiver: there are datagrams that are not in the socket any
    /// more.
    fn wake_for_more(sockets: &Self::Sockets);

    /// The descriptor of the socket for datagrams.
    #[cfg(unix)]
    fn fd(sockets: &Self::Sockets) -> std::os::fd::BorrowedFd<'_>;

    /// The handle of the socket for datagrams.
    #[cfg(windows)]
    fn handle(sockets: &Self::Sockets) -> std::os::windows::io::BorrowedSocket<'_>;
}
