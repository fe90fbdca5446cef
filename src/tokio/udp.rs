//! Tokio's sockets of an association.

use super::Tokio;
use crate::reactor::{AsyncUdpFront, Watched};
use crate::udp::{Direction, UdpFront};
use socket2::{SockRef, Socket};
use std::io;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::{TcpStream, UdpSocket};

impl UdpFront for Tokio {
    type Sockets = Watched<Self>;

    fn watch(control: TcpStream, udp: std::net::UdpSocket) -> io::Result<Watched<Self>> {
        Ok(Watched::new(UdpSocket::from_std(udp)?, control))
    }

    fn attempt<T>(
        sockets: &Watched<Self>,
        direction: Direction,
        attempt: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        let interest = match direction {
            Direction::Send => Interest::WRITABLE,
            Direction::Receive => Interest::READABLE,
        };
        sockets.udp.try_io(interest, || attempt(&SockRef::from(&sockets.udp)))
    }

    #[cfg(unix)]
    fn fd(sockets: &Watched<Self>) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&sockets.udp)
    }

    #[cfg(windows)]
    fn handle(sockets: &Watched<Self>) -> std::os::windows::io::BorrowedSocket<'_> {
        std::os::windows::io::AsSocket::as_socket(&sockets.udp)
    }
}

impl AsyncUdpFront for Tokio {
    type Udp = UdpSocket;
    type Control = TcpStream;

    fn poll_ready(udp: &UdpSocket, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match direction {
            Direction::Send => udp.poll_send_ready(cx),
            Direction::Receive => udp.poll_recv_ready(cx),
        }
    }

    fn poll_control(control: &TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            ready!(control.poll_read_ready(cx))?;
            match control.try_read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read),
            }
        }
    }
}
