//! One attempt to send a datagram with its header.

use super::association::Association;
use super::batch::{self, Segmentation, SendBatch, Surroundings};
use super::hop::Enclosure;
use super::negotiated::Sealing;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::udp::header::{HEADROOM, Header};
use arrayvec::ArrayVec;
use rustix::net::{SendFlags, send};
use socket2::Socket;
use std::io::{self, IoSlice};
use std::iter;

/// The longest payload that is copied behind the header. Up to this length, vectored I/O costs
/// more than the copy.
const MAX_COPIED: usize = 4096;

/// Sends one datagram. The system call bypasses the C library, as in `receive`.
fn write(socket: &Socket, datagram: &[u8]) -> io::Result<usize> {
    Ok(send(socket, datagram, SendFlags::empty())?)
}

/// Sends one datagram that consists of these parts.
fn write_parts(socket: &Socket, parts: &[&[u8]]) -> io::Result<usize> {
    match parts {
        [whole] => write(socket, whole),
        parts => socket.send_vectored(&parts.iter().map(|part| IoSlice::new(part)).collect::<Slices<'_>>()),
    }
}

/// The headers of the layers, the header of the datagram, and the payload.
type Slices<'a> = ArrayVec<IoSlice<'a>, MAX_PARTS>;

const MAX_PARTS: usize = 3;

impl Association {
    /// Sends a payload with a header. Returns the payload's length.
    pub(crate) fn send(&self, socket: &Socket, header: &Header, payload: &[u8]) -> io::Result<usize> {
        self.check()?;
        let header = header.as_bytes();
        if self.is_encapsulated() {
            return self.send_sealed(socket, &[header, payload]).map(|()| payload.len());
        }
        self.check_len(header.len() + payload.len())?;
        let outer = self.outer_headers();
        let mut datagram = ArrayVec::<u8, { HEADROOM + MAX_COPIED }>::new();
        let mut parts = [outer, header, payload].into_iter();
        let sent = match parts.try_for_each(|part| datagram.try_extend_from_slice(part)) {
            Ok(()) => write(socket, &datagram)?,
            Err(_) if outer.is_empty() => write_parts(socket, &[header, payload])?,
            Err(_) => write_parts(socket, &[outer, header, payload])?,
        };
        Ok(sent.saturating_sub(outer.len() + header.len()))
    }

    /// Sends a payload that has [`headroom`](Self::headroom) free bytes before it in its buffer.
    pub(crate) fn send_in_place(
        &self,
        socket: &Socket,
        header: &Header,
        buf: &mut [u8],
    ) -> io::Result<usize> {
        self.check()?;
        let (header, headroom) = (header.as_bytes(), self.headroom());
        let Some(payload) = buf.len().checked_sub(headroom) else {
            return Err(Error::from(Invalid::NoHeadroom).into());
        };
        let start = headroom - header.len();
        buf[start..headroom].copy_from_slice(header);
        if self.is_encapsulated() {
            return self.send_sealed(socket, &[&buf[start..]]).map(|()| payload);
        }
        self.check_len(buf.len() - start)?;
        let outer = self.outer_headers();
        let first = start - outer.len();
        buf[first..start].copy_from_slice(outer);
        Ok(write(socket, &buf[first..])?.saturating_sub(headroom - first))
    }

    /// Returns the headers in front of a datagram of the last proxy that no encapsulation seals.
    fn outer_headers(&self) -> &[u8] {
        self.enclosure(self.layers().len()).map_or(&[], |enclosure| &enclosure.headers)
    }

    /// Sends a datagram of the last proxy through the encapsulations of all proxies.
    fn send_sealed(&self, socket: &Socket, datagram: &[&[u8]]) -> io::Result<()> {
        // The outer proxies' numbers and cover traffic must not be used in vain.
        self.check_len(datagram.iter().map(|part| part.len()).sum())?;
        self.send_from(self.layers().len(), socket, datagram)
    }

    /// Fails if a datagram with its header is too long for one of the legs of a chain. That of a
    /// single proxy is left to the system, which knows the exact length.
    fn check_len(&self, len: usize) -> io::Result<()> {
        if !self.layers().is_empty() && len > self.max_datagram() {
            return Err(Error::from(Invalid::DatagramTooLong(len)).into());
        }
        Ok(())
    }

    /// Sends a datagram of the proxy with this number, sealed if it has an encapsulation.
    fn send_from(&self, hop: usize, socket: &Socket, datagram: &[&[u8]]) -> io::Result<()> {
        let Some((encapsulation, negotiated)) = self.hop(hop).encapsulation() else {
            return self.send_enclosed(hop, socket, datagram);
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
            match self.send_enclosed(hop, socket, &[sealed]) {
                // Cover traffic may be lost. The error of an earlier datagram must not be.
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => sealed.clear(),
            }
        }
        encapsulation.seal(datagram, sealed).map_err(|error| self.encapsulation_failed(hop, error))?;
        self.send_enclosed(hop, socket, &[sealed])?;
        *is_covered = false;
        Ok(())
    }

    /// Sends a datagram to the relay of the proxy with this number, through the layers around it.
    fn send_enclosed(&self, hop: usize, socket: &Socket, datagram: &[&[u8]]) -> io::Result<()> {
        let Some(Enclosure { headers, sealed_by }) = self.enclosure(hop) else {
            return write_parts(socket, datagram).map(drop);
        };
        let parts: ArrayVec<&[u8], MAX_PARTS> =
            iter::once(&**headers).chain(datagram.iter().copied()).collect();
        match sealed_by {
            Some(earlier) => self.send_from(*earlier, socket, &parts),
            None => write_parts(socket, &parts).map(drop),
        }
    }

    /// Sends datagrams of a batch until the socket would block.
    pub(super) fn send_batch(
        &self,
        socket: &Socket,
        batch: &mut SendBatch,
        segmentation: &Segmentation,
    ) -> io::Result<usize> {
        self.check()?;
        if self.is_encapsulated() {
            return batch.send_each(|datagram| self.send_sealed(socket, &[datagram]));
        }
        let most = (!self.layers().is_empty()).then(|| self.max_datagram());
        let surroundings = Surroundings { headers: self.outer_headers(), most };
        batch::send(socket, surroundings, batch, segmentation)
    }
}
