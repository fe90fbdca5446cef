//! One attempt to send a datagram with its header.

use super::association::Association;
use super::batch::{self, Segmentation, SendBatch};
use super::negotiated::Sealing;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::udp::header::{HEADROOM, Header};
use arrayvec::ArrayVec;
use rustix::net::{SendFlags, send};
use socket2::Socket;
use std::io::{self, IoSlice};

/// The longest payload that is copied behind the header. Up to this length, vectored I/O costs
/// more than the copy.
const MAX_COPIED: usize = 4096;

/// Sends one datagram. The system call bypasses the C library, as in `receive`.
fn write(socket: &Socket, datagram: &[u8]) -> io::Result<usize> {
    Ok(send(socket, datagram, SendFlags::empty())?)
}

impl Association {
    /// Sends a payload with a header. Returns the payload's length.
    pub(crate) fn send(&self, socket: &Socket, header: &Header, payload: &[u8]) -> io::Result<usize> {
        self.check()?;
        let header = header.as_bytes();
        if self.encapsulation().is_some() {
            return self.send_sealed(socket, &[header, payload]).map(|()| payload.len());
        }
        let mut datagram = ArrayVec::<u8, { HEADROOM + MAX_COPIED }>::new();
        let fits =
            datagram.try_extend_from_slice(header).and_then(|()| datagram.try_extend_from_slice(payload));
        let sent = match fits {
            Ok(()) => write(socket, &datagram)?,
            Err(_) => socket.send_vectored(&[IoSlice::new(header), IoSlice::new(payload)])?,
        };
        Ok(sent.saturating_sub(header.len()))
    }

    /// Sends a payload that has [`HEADROOM`] free bytes before it in its buffer.
    pub(crate) fn send_in_place(
        &self,
        socket: &Socket,
        header: &Header,
        buf: &mut [u8],
    ) -> io::Result<usize> {
        self.check()?;
        let header = header.as_bytes();
        let Some(payload) = buf.len().checked_sub(HEADROOM) else {
            return Err(Error::from(Invalid::NoHeadroom).into());
        };
        let start = HEADROOM - header.len();
        buf[start..HEADROOM].copy_from_slice(header);
        if self.encapsulation().is_some() {
            return self.send_sealed(socket, &[&buf[start..]]).map(|()| payload);
        }
        Ok(write(socket, &buf[start..])?.saturating_sub(header.len()))
    }

    fn send_sealed(&self, socket: &Socket, datagram: &[&[u8]]) -> io::Result<()> {
        let Some((encapsulation, negotiated)) = self.encapsulation().zip(self.negotiated()) else {
            return Ok(());
        };
        let mut buffers = negotiated.sealing();
        let Sealing { plain, sealed, is_covered } = &mut *buffers;
        let datagram = match datagram {
            [whole] => *whole,
            parts => {
                plain.clear();
                for part in parts {
                    plain.extend_from_slice(part);
                }
                plain
            }
        };
        sealed.clear();
        if !std::mem::replace(is_covered, true) && encapsulation.cover(sealed) {
            match write(socket, sealed) {
                // Cover traffic may be lost. The error of an earlier datagram must not be.
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => sealed.clear(),
            }
        }
        encapsulation.seal(datagram, sealed).map_err(|error| self.encapsulation_failed(error))?;
        write(socket, sealed)?;
        *is_covered = false;
        Ok(())
    }

    /// Sends datagrams of a batch until the socket would block.
    pub(super) fn send_batch(
        &self,
        socket: &Socket,
        batch: &mut SendBatch,
        segmentation: &Segmentation,
    ) -> io::Result<usize> {
        self.check()?;
        if self.encapsulation().is_some() {
            return batch.send_each(|datagram| self.send_sealed(socket, &[datagram]));
        }
        batch::send(socket, batch, segmentation)
    }
}
