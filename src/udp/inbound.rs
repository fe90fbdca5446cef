//! Datagrams that can't go straight into the caller's buffer: sealed ones, fragments, and those that the system hands over several at
//! once.

use super::admission::Admission;
use super::batch::{Inbox, RecvBatch};
use crate::protocol::encapsulation::Datagrams;
use crate::protocol::udp::datagram::{Datagram, Source};
use crate::protocol::udp::reassembly::{Reassembler, Reassembly};
use socket2::Socket;
use std::io;
use std::time::Instant;

/// The way of a datagram from the socket to the caller.
pub(crate) struct Inbound {
    inbox: Inbox,
    opened: Vec<u8>,
    reassembler: Option<Reassembler>,
}

impl Inbound {
    pub(super) fn new(reassembly: Option<Reassembly>) -> Self {
        Self { inbox: Inbox::new(), opened: Vec::new(), reassembler: reassembly.map(Reassembler::new) }
    }

    /// Takes one datagram from the socket. `None` if it was dropped, or is a fragment for which others have to come.
    pub(super) fn receive<T>(
        &mut self,
        socket: &Socket,
        admission: &Admission,
        encapsulation: Option<&dyn Datagrams>,
        deliver: impl FnOnce(Source<'_>, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut raw = self.inbox.next(socket)?;
        if let Some(encapsulation) = encapsulation {
            self.opened.clear();
            if encapsulation.open(raw, &mut self.opened).is_err() {
                admission.drop_datagrams(1);
                return Ok(None);
            }
            raw = &self.opened;
        }
        let delivered = match &mut self.reassembler {
            None => admission.admit(raw).and_then(|datagram| deliver(datagram.source, datagram.payload)),
            Some(reassembler) => {
                let admitted =
                    Datagram::parse(raw).ok().filter(|datagram| admission.is_source_admitted(datagram));
                let Some(datagram) = admitted else {
                    admission.drop_datagrams(1);
                    return Ok(None);
                };
                let taken = reassembler.take(&datagram, Instant::now());
                admission.drop_datagrams(taken.lost);
                taken.complete.and_then(|payload| deliver(datagram.source, &payload))
            }
        };
        Ok(delivered)
    }

    /// Whether each datagram takes its own way: those that come together have to be looked at one by one.
    pub(super) const fn takes_each_apart(&self, is_encapsulated: bool) -> bool {
        self.reassembler.is_some() || is_encapsulated
    }

    /// Whether there is more to be had without asking the socket.
    pub(crate) fn has_more(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Hands what came together and was not taken yet over to a batch, and says how much that is.
    pub(super) fn move_to(&mut self, batch: &mut RecvBatch) -> usize {
        if self.has_more() { self.inbox.move_to(batch) } else { 0 }
    }
}
