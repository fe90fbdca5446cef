//! The buffer of received datagrams that are encapsulated, fragmented, coalesced or nested.

use super::admission::Admission;
use super::batch::{Inbox, RecvBatch};
use super::hop::{Hop, Layer};
use crate::protocol::udp::datagram::{Datagram, Source};
use crate::protocol::udp::reassembly::Reassembler;
use crate::proxy::Proxy;
use socket2::Socket;
use std::borrow::Cow;
use std::io;
use std::time::Instant;

/// Processes received datagrams that can't be received directly into the caller's buffer.
pub(crate) struct Inbound {
    inbox: Inbox,
    /// The reassembler of the last proxy's fragments.
    reassembler: Option<Reassembler>,
    /// Those of the earlier proxies of a chain.
    earlier: Box<[Option<Reassembler>]>,
}

impl Inbound {
    /// Creates an empty buffer, with the reassemblers of these proxies.
    pub(super) fn new(proxies: &[Proxy]) -> Self {
        let reassembler = |proxy: &Proxy| proxy.udp_options().reassembly.clone().map(Reassembler::new);
        let (last, earlier) = proxies.split_last().unzip();
        Self {
            inbox: Inbox::new(),
            reassembler: last.and_then(reassembler),
            earlier: earlier.unwrap_or_default().iter().map(reassembler).collect(),
        }
    }

    /// Takes one datagram from the socket. Returns `None` if it was dropped, or is a fragment of
    /// an incomplete datagram.
    pub(super) fn receive<T>(
        &mut self,
        socket: &Socket,
        admission: &Admission,
        (layers, last): (&[Layer], &Hop),
        deliver: impl FnOnce(Source<'_>, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut raw = self.inbox.next(socket)?;
        let mut whole;
        for (layer, reassembler) in layers.iter().zip(&mut self.earlier) {
            let admits = |datagram: &Datagram<'_>| layer.admits(&datagram.source);
            let Some(opened) = open(&layer.hop, admission, raw) else { return Ok(None) };
            let Some((_, payload)) = take(opened, reassembler, admission, admits) else { return Ok(None) };
            match payload {
                Cow::Borrowed(payload) => {
                    let header = opened.len() - payload.len();
                    raw = &mut opened[header..];
                }
                Cow::Owned(payload) => {
                    whole = payload;
                    raw = &mut whole;
                }
            }
        }
        let Some(raw) = open(last, admission, raw) else { return Ok(None) };
        let admits = |datagram: &Datagram<'_>| admission.is_source_admitted(datagram);
        let taken = take(raw, &mut self.reassembler, admission, admits);
        Ok(taken.and_then(|(source, payload)| deliver(source, &payload)))
    }

    /// Returns whether fragments are reassembled, those of any proxy.
    pub(super) fn has_reassembler(&self) -> bool {
        self.reassembler.is_some() || self.earlier.iter().any(Option::is_some)
    }

    /// Returns whether every datagram must be processed individually, not as part of a batch.
    pub(super) fn is_individual(&self, is_encapsulated: bool) -> bool {
        self.has_reassembler() || is_encapsulated
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

/// Opens the encapsulation of a datagram, if there is one. Returns `None` if it has no content or
/// was dropped.
fn open<'r>(hop: &Hop, admission: &Admission, raw: &'r mut [u8]) -> Option<&'r mut [u8]> {
    let Some((encapsulation, _)) = hop.encapsulation() else { return Some(raw) };
    let len = raw.len();
    match encapsulation.open(raw) {
        Ok(Some(content)) if content.start <= content.end && content.end <= len => Some(&mut raw[content]),
        Ok(None) => None,
        Ok(Some(_)) | Err(_) => {
            admission.count_dropped(1);
            None
        }
    }
}

/// Removes the header. Returns the source and the payload that this datagram completes, or `None`
/// if it was dropped, or is a fragment of an incomplete datagram.
fn take<'r>(
    raw: &'r [u8],
    reassembler: &mut Option<Reassembler>,
    admission: &Admission,
    admits: impl FnOnce(&Datagram<'_>) -> bool,
) -> Option<(Source<'r>, Cow<'r, [u8]>)> {
    let is_reassembled = reassembler.is_some();
    let admitted = Datagram::parse(raw)
        .ok()
        .filter(|datagram| (datagram.fragment == 0 || is_reassembled) && admits(datagram));
    let Some(datagram) = admitted else {
        admission.count_dropped(1);
        return None;
    };
    let Some(reassembler) = reassembler else {
        return Some((datagram.source, Cow::Borrowed(datagram.payload)));
    };
    let taken = reassembler.take(&datagram, Instant::now());
    admission.count_dropped(taken.lost);
    taken.complete.map(|payload| (datagram.source, payload))
}
