//! One attempt to receive a datagram and remove its header.

use super::admission::State;
use super::association::Association;
use super::batch::{self, RecvBatch};
use super::inbound::Inbound;
use crate::protocol::udp::datagram::{Datagram, Source};
use crate::protocol::udp::header::HEADROOM;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use socket2::Socket;
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::PoisonError;

/// The longest caller's buffer for which a datagram is received on the stack and its payload
/// copied. Up to this length, vectored I/O costs more than the copy.
const MAX_COPIED: usize = 8192;

/// The position of a datagram in the caller's buffer.
pub(crate) struct DatagramRange {
    payload: Range<usize>,
    source: SourceRange,
}

enum SourceRange {
    Ip(SocketAddr),
    Name(Range<usize>, u16),
}

impl DatagramRange {
    /// Returns the datagram, borrowed from the buffer that it was received into.
    pub(crate) fn lend(self, buf: &[u8]) -> Datagram<'_> {
        let source = match self.source {
            SourceRange::Ip(addr) => Source::Ip(addr),
            SourceRange::Name(name, port) => Source::Name(&buf[name], port),
        };
        Datagram { fragment: 0, source, payload: &buf[self.payload] }
    }
}

/// Receives one datagram. A longer datagram than the buffer is truncated; Windows reports an error
/// then.
///
/// The system call bypasses the C library: on Linux, its `recv` is a cancellation point, which
/// adds a tenth to the time.
fn read(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    match recv(socket, &mut *buf, RecvFlags::empty()) {
        Ok((n, _)) => Ok(n),
        Err(error) if is_truncated(error) => Ok(buf.len()),
        Err(error) => Err(error.into()),
    }
}

/// Returns whether a datagram was received and truncated, so that the buffer is full.
fn is_truncated(error: Errno) -> bool {
    cfg!(windows) && error == Errno::MSGSIZE
}

impl Association {
    /// Receives a payload at the start of the buffer, truncated if it is longer. Returns `None` if
    /// the datagram was dropped.
    pub(super) fn receive<T>(
        &self,
        socket: &Socket,
        buf: &mut [u8],
        deliver: impl FnOnce(usize, Source<'_>) -> T,
    ) -> io::Result<Option<T>> {
        let state = match self.lock_single() {
            Ok(state) => state,
            Err(inbound) => {
                let mut inbound = inbound.lock().unwrap_or_else(PoisonError::into_inner);
                let deliver = |source: Source<'_>, payload: &[u8]| Some(deliver(copy(payload, buf), source));
                return inbound.receive(socket, &self.admission, self.nesting(), deliver);
            }
        };
        if buf.len() > MAX_COPIED {
            return self.receive_vectored(&state, socket, buf, deliver);
        }
        if cfg!(windows) {
            let mut raw_buf = [0; MAX_COPIED + HEADROOM];
            let n = read(socket, &mut raw_buf[..buf.len() + HEADROOM])?;
            return Ok(self.deliver(&state, &raw_buf[..n], buf, deliver));
        }
        // Uninitialized, because only the received part is read. On Windows, the length of that
        // part is unknown if the datagram is truncated.
        let mut raw_buf = [MaybeUninit::uninit(); MAX_COPIED + HEADROOM];
        let ((raw, _), _) = recv(socket, &mut raw_buf[..buf.len() + HEADROOM], RecvFlags::empty())?;
        Ok(self.deliver(&state, raw, buf, deliver))
    }

    fn deliver<T>(
        &self,
        state: &State,
        raw: &[u8],
        buf: &mut [u8],
        deliver: impl FnOnce(usize, Source<'_>) -> T,
    ) -> Option<T> {
        let datagram = self.admission.admit_by(state, raw)?;
        Some(deliver(copy(datagram.payload, buf), datagram.source))
    }

    /// Receives into the buffer, and moves the payload over the header.
    ///
    /// A second buffer receives the end of the payload, as much as the header is long.
    fn receive_vectored<T>(
        &self,
        state: &State,
        mut socket: &Socket,
        buf: &mut [u8],
        deliver: impl FnOnce(usize, Source<'_>) -> T,
    ) -> io::Result<Option<T>> {
        let mut overflow = [0; HEADROOM];
        let n = match socket.read_vectored(&mut [IoSliceMut::new(buf), IoSliceMut::new(&mut overflow)]) {
            Err(error) if Errno::from_io_error(&error).is_some_and(is_truncated) => buf.len() + HEADROOM,
            read => read?,
        };
        let in_buf = n.min(buf.len());
        let Some(datagram) = self.admission.admit_by(state, &buf[..in_buf]) else { return Ok(None) };
        let header = in_buf - datagram.payload.len();
        let payload = (n - header).min(buf.len());
        // Called before the source, which is borrowed from the buffer, is overwritten.
        let delivered = deliver(payload, datagram.source);
        buf.copy_within(header..in_buf, 0);
        let rest = payload - (in_buf - header);
        buf[in_buf - header..payload].copy_from_slice(&overflow[..rest]);
        Ok(Some(delivered))
    }

    /// Receives a datagram into the buffer without moving the payload.
    pub(crate) fn receive_in_place(
        &self,
        socket: &Socket,
        buf: &mut [u8],
    ) -> io::Result<Option<DatagramRange>> {
        let state = match self.lock_single() {
            Ok(state) => state,
            Err(inbound) => {
                let mut inbound = inbound.lock().unwrap_or_else(PoisonError::into_inner);
                let deliver = |source: Source<'_>, payload: &[u8]| self.copy_in_place(source, payload, buf);
                return inbound.receive(socket, &self.admission, self.nesting(), deliver);
            }
        };
        let n = read(socket, buf)?;
        Ok(self.admission.admit_by(&state, &buf[..n]).map(|datagram| {
            let payload = n - datagram.payload.len()..n;
            let source = match datagram.source {
                Source::Ip(addr) => SourceRange::Ip(addr),
                Source::Name(name, port) => {
                    // The port is between the name and the payload.
                    let end = payload.start - size_of::<u16>();
                    SourceRange::Name(end - name.len()..end, port)
                }
            };
            DatagramRange { payload, source }
        }))
    }

    /// Copies a datagram into the caller's buffer, with a name before the payload.
    fn copy_in_place(&self, source: Source<'_>, payload: &[u8], buf: &mut [u8]) -> Option<DatagramRange> {
        let (source, start) = match source {
            Source::Ip(addr) => (SourceRange::Ip(addr), 0),
            Source::Name(name, port) => {
                let Some(start) = buf.get_mut(..name.len()) else {
                    self.admission.count_dropped(1);
                    return None;
                };
                start.copy_from_slice(name);
                (SourceRange::Name(0..name.len(), port), name.len())
            }
        };
        let len = copy(payload, &mut buf[start..]);
        Some(DatagramRange { payload: start..start + len, source })
    }

    /// Fills a batch with the available datagrams.
    pub(crate) fn receive_batch(&self, socket: &Socket, batch: &mut RecvBatch) -> io::Result<Option<usize>> {
        self.enable_coalescing(|| batch::coalesce(socket));
        let Some(inbound) = self.inbound() else {
            batch::receive(socket, batch)?;
            self.admission.admit_batch(self.layers(), batch);
            return Ok(Some(batch.len()).filter(|received| *received > 0));
        };
        let mut inbound = inbound.lock().unwrap_or_else(PoisonError::into_inner);
        if inbound.is_individual(self.is_encapsulated()) {
            batch.clear();
            return self.receive_each(&mut inbound, socket, batch);
        }
        if inbound.move_to(batch) == 0 {
            drop(inbound);
            batch::receive(socket, batch)?;
        }
        self.admission.admit_batch(self.layers(), batch);
        Ok(Some(batch.len()).filter(|received| *received > 0))
    }
}

impl Association {
    /// Fills a batch with datagrams that are processed individually.
    ///
    /// An error after the first datagram is not returned. If it persists, the next call returns
    /// it.
    fn receive_each(
        &self,
        inbound: &mut Inbound,
        socket: &Socket,
        batch: &mut RecvBatch,
    ) -> io::Result<Option<usize>> {
        while batch.has_capacity() {
            let received = inbound.receive(socket, &self.admission, self.nesting(), |source, payload| {
                batch.add(&source, payload);
                Some(())
            });
            match received {
                Ok(Some(())) => {}
                Err(error) if batch.is_empty() => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Some(batch.len()).filter(|received| *received > 0))
    }
}

/// Copies as many bytes as fit, and returns their number.
fn copy(payload: &[u8], buf: &mut [u8]) -> usize {
    let len = payload.len().min(buf.len());
    buf[..len].copy_from_slice(&payload[..len]);
    len
}

#[cfg(test)]
mod tests;
