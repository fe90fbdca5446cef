//! The association at one proxy, and the layers around the datagrams of a chain.

use super::negotiated::Negotiated;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::encapsulation::{Datagrams, FrameError};
use crate::protocol::target::Target;
use crate::protocol::udp::datagram::Source;
use crate::proxy::Proxy;

/// The association at one proxy.
pub(super) struct Hop {
    pub(super) proxy: Proxy,
    pub(super) negotiated: Option<Box<Negotiated>>,
}

impl Hop {
    pub(super) fn new(proxy: &Proxy, negotiated: Option<Negotiated>) -> Self {
        Self { proxy: proxy.clone(), negotiated: negotiated.map(Box::new) }
    }

    /// Returns what was negotiated with the encapsulation of the datagrams, if there is one.
    pub(super) fn encapsulation(&self) -> Option<(&dyn Datagrams, &Negotiated)> {
        let negotiated = self.negotiated.as_deref()?;
        Some((negotiated.datagrams.as_deref()?, negotiated))
    }

    /// Returns the number of bytes by which the encapsulation lengthens a datagram.
    pub(super) fn sealing(&self) -> usize {
        self.encapsulation().map_or(0, |(datagrams, _)| datagrams.overhead())
    }
}

/// The association at an earlier proxy of a chain. Its datagrams carry those of the next one.
pub(super) struct Layer {
    pub(super) hop: Hop,
    /// The relay of the next proxy: the target of this relay.
    next: Peer,
    any_source: bool,
    pub(super) enclosure: Enclosure,
}

/// What encloses the datagrams of the next proxy.
pub(super) struct Enclosure {
    /// The headers in front of them, up to the nearest encapsulation.
    pub(super) headers: Box<[u8]>,
    /// The number of the proxy whose encapsulation seals the result.
    pub(super) sealed_by: Option<usize>,
}

impl Layer {
    /// Adds a layer behind the earlier ones.
    pub(super) fn push(
        earlier: &mut Vec<Self>,
        hop: Hop,
        any_source: bool,
        next: Target<'static>,
    ) -> Result<(), Error> {
        let next = Peer::new(next)?;
        let header = next.header().as_bytes();
        let enclosure = match earlier.last().map(|layer| &layer.enclosure) {
            _ if hop.encapsulation().is_some() => {
                Enclosure { headers: header.into(), sealed_by: Some(earlier.len()) }
            }
            None => Enclosure { headers: header.into(), sealed_by: None },
            Some(outer) => {
                Enclosure { headers: [&outer.headers, header].concat().into(), sealed_by: outer.sealed_by }
            }
        };
        earlier.push(Self { hop, next, any_source, enclosure });
        Ok(())
    }

    /// Returns whether a datagram from this source may be the next relay's.
    pub(super) fn admits(&self, source: &Source<'_>) -> bool {
        self.any_source || self.next.matches(source)
    }

    /// Returns whether the next relay is, or may be, at an IPv4 address.
    pub(super) fn is_ipv4(&self) -> bool {
        self.next.target().ip().is_none_or(|ip| ip.is_ipv4())
    }

    /// Returns the length of this layer's header.
    pub(super) fn header_len(&self) -> usize {
        self.next.header().as_bytes().len()
    }
}

/// Returns the error of an encapsulation that can't seal datagrams.
pub(super) fn encapsulation_error(error: FrameError) -> Error {
    Error::new(Stage::Association, ErrorKind::Encapsulation(error))
}
