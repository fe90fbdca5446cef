//! The buffer of received datagrams that are encapsulated, fragmented or coalesced.

use super::admission::Admission;
use super::batch::{Inbox, RecvBatch};
use crate::protocol::encapsulation::Datagrams;
use crate::protocol::udp::datagram::{Datagram, Source};
use crate::protocol::udp::reassembly::{Reassembler, Reassembly};
use socket2::Socket;
use std::io;
use std::time::Instant;

/// Processes received datagrams that can't be received directly into the caller's buffer.
pub(crate) struct Inbound {
    inbox: Inbox,
    reassembler: Option<Reassembler>,
}

impl Inbound {
    pub(super) fn new(reassembly: Option<Reassembly>) -> Self {
        Self { inbox: Inbox::new(), reassembler: reassembly.map(Reassembler::new) }
    }

    /// Takes one datagram from the socket. Returns `None` if it was dropped, or is a fragment of
    /// an incomplete datagram.
    pub(super) fn receive<T>(
        &mut self,
        socket: &Socket,
        admission: &Admission,
        encapsulation: Option<&dyn Datagrams>,
        deliver: impl FnOnce(Source<'_>, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut raw = self.inbox.next(socket)?;
        if let Some(encapsulation) = encapsulation {
            let len = raw.len();
            raw = match encapsulation.open(raw) {
                Ok(Some(content)) if content.start <= content.end && content.end <= len => &mut raw[content],
                Ok(None) => return Ok(None),
                Ok(Some(_)) | Err(_) => {
                    admission.count_dropped(1);
                    return Ok(None);
                }
            };
        }
        let delivered = match &mut self.reassembler {
            None => admission.admit(raw).and_then(|datagram| deliver(datagram.source, datagram.payload)),
            Some(reassembler) => {
                let admitted =
                    Datagram::parse(raw).ok().filter(|datagram| admission.is_source_admitted(datagram));
                let Some(datagram) = admitted else {
                    admission.count_dropped(1);
                    return Ok(None);
                };
                let taken = reassembler.take(&datagram, Instant::now());
                admission.count_dropped(taken.lost);
                taken.complete.and_then(|payload| deliver(datagram.source, &payload))
            }
        };
        Ok(delivered)
    }

    /// Returns whether every datagram must be processed individually, not as part of a batch.
    pub(super) const fn is_individual(&self, is_encapsulated: bool) -> bool {
        self.reassembler.is_some() || is_encapsulated
    }

    /// Returns whether datagrams are buffered here, so that the socket is not readable for them.
    pub(crate) fn has_more(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Moves the buffered datagrams to a batch, and returns their number.
    pub(super) fn move_to(&mut self, batch: &mut RecvBatch) -> usize {
        if self.has_more() { self.inbox.move_to(batch) } else { 0 }
    }
}
