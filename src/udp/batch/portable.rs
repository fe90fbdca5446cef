//! Batches on systems that send and receive one datagram at a time.

use super::incoming::{MESSAGE_LEN, Received};
use socket2::Socket;
use std::io::{self, IoSlice, Read};

/// No state: such systems do not segment buffers.
#[derive(Debug)]
pub(crate) struct Segmentation;

impl Segmentation {
    pub(crate) fn of(_: &Socket) -> Self {
        Self
    }
}

/// Sends the first datagram of a batch that is not empty.
pub(super) fn send_some(
    socket: &Socket,
    headers: &[u8],
    (bytes, lengths): (&[u8], &[u16]),
    _: &Segmentation,
) -> io::Result<usize> {
    let first = lengths.first().copied().unwrap_or_default();
    let datagram = &bytes[..first.into()];
    if headers.is_empty() {
        socket.send(datagram)?;
    } else {
        socket.send_vectored(&[IoSlice::new(headers), IoSlice::new(datagram)])?;
    }
    Ok(1)
}

/// Fails: the system does not coalesce datagrams.
pub(crate) fn coalesce(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Receives until no datagram is left, or the buffer is full.
pub(super) fn receive(socket: &Socket, buffer: &mut [u8], received: &mut Received<'_>) -> io::Result<()> {
    for (message, buffer) in buffer.chunks_exact_mut(MESSAGE_LEN).enumerate() {
        match (&mut &*socket).read(buffer) {
            Ok(len) => received.message(message, len, len),
            Err(error) if message == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::udp::batch::{RecvBatch, SendBatch, send_with};

    pub(in crate::udp::batch) fn send(socket: &Socket, batch: &mut SendBatch) -> io::Result<usize> {
        let none = Segmentation::of(socket);
        send_with(batch, |batch| send_some(socket, &[], (batch.bytes(), batch.lengths()), &none))
    }

    pub(in crate::udp::batch) fn receive(socket: &Socket, batch: &mut RecvBatch) -> io::Result<usize> {
        let (buffer, mut received) = batch.start_receive();
        super::receive(socket, buffer, &mut received)?;
        Ok(batch.len())
    }

    #[test]
    fn coalescing_is_unsupported() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let refused = coalesce(&socket2::SockRef::from(&socket)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    }
}
