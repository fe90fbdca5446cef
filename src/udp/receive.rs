//! One attempt to receive: the relay's datagram without its header.

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

/// With room for so many bytes a datagram is received onto the stack, and the payload copied. Vectored I/O costs more than that copy.
const COPIED: usize = 8192;

/// Where in the caller's buffer a datagram stands.
pub(crate) struct Placed {
    payload: Range<usize>,
    source: PlacedSource,
}

enum PlacedSource {
    Ip(SocketAddr),
    Name(Range<usize>, u16),
}

impl Placed {
    /// The datagram, lent from the buffer that it was received into.
    pub(crate) fn lend(self, buf: &[u8]) -> Datagram<'_> {
        let source = match self.source {
            PlacedSource::Ip(addr) => Source::Ip(addr),
            PlacedSource::Name(name, port) => Source::Name(&buf[name], port),
        };
        Datagram { fragment: 0, source, payload: &buf[self.payload] }
    }
}

/// Reads one datagram. One that is longer than the buffer is cut, which Windows reports as an error.
///
/// This goes straight to the system: in the C library of Linux a thread can be cancelled at each such call, which costs a tenth of it.
fn read(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    match recv(socket, &mut *buf, RecvFlags::empty()) {
        Ok((n, _)) => Ok(n),
        Err(error) if is_cut(error) => Ok(buf.len()),
        Err(error) => Err(error.into()),
    }
}

/// Whether there was a datagram, and more of it than there was room: the room is full then.
fn is_cut(error: Errno) -> bool {
    cfg!(windows) && error == Errno::MSGSIZE
}

impl Association {
    /// Receives a payload to the start of the buffer; what does not fit is lost. `None` if what came is not for the caller.
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
                return inbound.receive(socket, &self.admission, self.encapsulation(), deliver);
            }
        };
        if buf.len() > COPIED {
            return self.receive_vectored(&state, socket, buf, deliver);
        }
        if cfg!(windows) {
            let mut room = [0; COPIED + HEADROOM];
            let n = read(socket, &mut room[..buf.len() + HEADROOM])?;
            return Ok(self.hand_over(&state, &room[..n], buf, deliver));
        }
        // What is not filled is not read either. Windows does not say how much of it that is, where a datagram is cut.
        let mut room = [MaybeUninit::uninit(); COPIED + HEADROOM];
        let ((raw, _), _) = recv(socket, &mut room[..buf.len() + HEADROOM], RecvFlags::empty())?;
        Ok(self.hand_over(&state, raw, buf, deliver))
    }

    fn hand_over<T>(
        &self,
        state: &State,
        raw: &[u8],
        buf: &mut [u8],
        deliver: impl FnOnce(usize, Source<'_>) -> T,
    ) -> Option<T> {
        let datagram = self.admission.admit_by(state, raw)?;
        Some(deliver(copy(datagram.payload, buf), datagram.source))
    }

    /// The payload is moved over the header; what the header has pushed out of the buffer has room behind it.
    fn receive_vectored<T>(
        &self,
        state: &State,
        mut socket: &Socket,
        buf: &mut [u8],
        deliver: impl FnOnce(usize, Source<'_>) -> T,
    ) -> io::Result<Option<T>> {
        let mut behind = [0; HEADROOM];
        let n = match socket.read_vectored(&mut [IoSliceMut::new(buf), IoSliceMut::new(&mut behind)]) {
            Err(error) if Errno::from_io_error(&error).is_some_and(is_cut) => buf.len() + HEADROOM,
            read => read?,
        };
        let here = n.min(buf.len());
        let Some(datagram) = self.admission.admit_by(state, &buf[..here]) else { return Ok(None) };
        let header = here - datagram.payload.len();
        let payload = (n - header).min(buf.len());
        // What it makes of the source is its own before that is overwritten.
        let delivered = deliver(payload, datagram.source);
        buf.copy_within(header..here, 0);
        let pushed_out = payload - (here - header);
        buf[here - header..payload].copy_from_slice(&behind[..pushed_out]);
        Ok(Some(delivered))
    }

    /// Receives a datagram to where it stays.
    pub(crate) fn receive_in_place(&self, socket: &Socket, buf: &mut [u8]) -> io::Result<Option<Placed>> {
        let state = match self.lock_single() {
            Ok(state) => state,
            Err(inbound) => {
                let mut inbound = inbound.lock().unwrap_or_else(PoisonError::into_inner);
                return inbound.receive(socket, &self.admission, self.encapsulation(), |source, payload| {
                    self.place(source, payload, buf)
                });
            }
        };
        let n = read(socket, buf)?;
        Ok(self.admission.admit_by(&state, &buf[..n]).map(|datagram| {
            let payload = n - datagram.payload.len()..n;
            let source = match datagram.source {
                Source::Ip(addr) => PlacedSource::Ip(addr),
                Source::Name(name, port) => {
                    // Between it and the payload stands the port.
                    let end = payload.start - size_of::<u16>();
                    PlacedSource::Name(end - name.len()..end, port)
                }
            };
            Placed { payload, source }
        }))
    }

    /// Puts a datagram into the caller's buffer, a name before the payload.
    fn place(&self, source: Source<'_>, payload: &[u8], buf: &mut [u8]) -> Option<Placed> {
        let (source, start) = match source {
            Source::Ip(addr) => (PlacedSource::Ip(addr), 0),
            Source::Name(name, port) => {
                let Some(room) = buf.get_mut(..name.len()) else {
                    self.admission.drop_datagrams(1);
                    return None;
                };
                room.copy_from_slice(name);
                (PlacedSource::Name(0..name.len(), port), name.len())
            }
        };
        let len = copy(payload, &mut buf[start..]);
        Some(Placed { payload: start..start + len, source })
    }

    /// Fills a batch with what is there.
    pub(crate) fn receive_batch(&self, socket: &Socket, batch: &mut RecvBatch) -> io::Result<Option<usize>> {
        self.join(|| batch::coalesce(socket));
        let Some(inbound) = self.inbound() else {
            batch::receive(socket, batch)?;
            self.admission.admit_batch(batch);
            return Ok(Some(batch.len()).filter(|received| *received > 0));
        };
        let mut inbound = inbound.lock().unwrap_or_else(PoisonError::into_inner);
        if inbound.takes_each_apart(self.encapsulation().is_some()) {
            batch.restart();
            return self.receive_each(&mut inbound, socket, batch);
        }
        if inbound.move_to(batch) == 0 {
            drop(inbound);
            batch::receive(socket, batch)?;
        }
        self.admission.admit_batch(batch);
        Ok(Some(batch.len()).filter(|received| *received > 0))
    }
}

impl Association {
    /// Fills a batch with datagrams that have to be looked at one by one. An error behind the first is not told; one that lasts comes
    /// again.
    fn receive_each(
        &self,
        inbound: &mut Inbound,
        socket: &Socket,
        batch: &mut RecvBatch,
    ) -> io::Result<Option<usize>> {
        while batch.has_room() {
            let received =
                inbound.receive(socket, &self.admission, self.encapsulation(), |source, payload| {
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

/// Copies as much as fits, and says how much that is.
fn copy(payload: &[u8], buf: &mut [u8]) -> usize {
    let len = payload.len().min(buf.len());
    buf[..len].copy_from_slice(&payload[..len]);
    len
}

#[cfg(test)]
mod tests;
