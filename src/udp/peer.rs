//! The peer of a connected association.

use crate::error::Error;
use crate::protocol::target::{Host, Target};
use crate::protocol::udp::datagram::Source;
use crate::protocol::udp::header::Header;

/// The target of a connected socket, and the header of its datagrams.
pub(super) struct Peer {
    target: Target<'static>,
    header: Header,
}

impl Peer {
    pub(super) fn new(target: Target<'static>) -> Result<Self, Error> {
        Ok(Self { header: Header::new(&target)?, target })
    }

    pub(super) const fn target(&self) -> &Target<'static> {
        &self.target
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns whether a datagram from this source may be the peer's.
    pub(super) fn matches(&self, source: &Source<'_>) -> bool {
        is_same(&self.target, source)
    }
}

/// Returns whether the source may be this target.
///
/// The proxy resolves a name, and most proxies do not report the address. So every address with
/// the same port matches a name.
pub(crate) fn is_same(target: &Target<'_>, source: &Source<'_>) -> bool {
    target.port() == source.port()
        && match (target.host(), source) {
            (Host::Ip(ip), Source::Ip(addr)) => ip.to_canonical() == addr.ip().to_canonical(),
            (Host::Domain(_), Source::Ip(_)) => true,
            (Host::Domain(name), Source::Name(source, _)) => {
                name.as_str().as_bytes().eq_ignore_ascii_case(source)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        if let Ok(addr) = text.parse() {
            return Source::Ip(addr);
        }
        let (name, port) = text.rsplit_once(':').unwrap();
        Source::Name(name.as_bytes(), port.parse().unwrap())
    }

    #[test]
    fn sources_that_match_the_peer() {
        for (target, from, expected) in [
            ("192.0.2.7:53", "192.0.2.7:53", true),
            ("192.0.2.7:53", "[::ffff:192.0.2.7]:53", true),
            ("[::ffff:192.0.2.7]:53", "192.0.2.7:53", true),
            ("192.0.2.7:53", "192.0.2.7:54", false),
            ("192.0.2.7:53", "192.0.2.8:53", false),
            ("192.0.2.7:53", "dns.example:53", false),
            ("dns.example:53", "192.0.2.7:53", true),
            ("dns.example:53", "192.0.2.7:54", false),
            ("dns.example:53", "DNS.example:53", true),
            ("dns.example:53", "dns.example:54", false),
            ("dns.example:53", "other.example:53", false),
        ] {
            let target = Target::try_from(target).unwrap();
            assert_eq!(is_same(&target, &source(from)), expected, "{target} {from}");
        }
    }
}
