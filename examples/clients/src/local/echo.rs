//! A UDP server that returns each datagram to its sender.

use super::background::in_background;
use std::io;
use std::net::Ipv4Addr;
use tokio::net::UdpSocket;

/// Starts the server and returns its port.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn echo() -> io::Result<u16> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let port = socket.local_addr()?.port();
    in_background(async move {
        let socket = UdpSocket::from_std(socket)?;
        let mut buf = [0; 2048];
        loop {
            let (len, from) = socket.recv_from(&mut buf).await?;
            socket.send_to(&buf[..len], from).await?;
        }
    })?;
    Ok(port)
}
