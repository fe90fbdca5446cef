//! The details of a yes that have no field of their own.

use crate::gssapi::Level;
use crate::protocol::address::Address;
use std::fmt;

/// A detail of a yes. [`Display`](fmt::Display) is its text in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The METHOD that the proxy selects if all of RFC 1928 are offered.
    Preferred(u8),
    /// The levels of GSS-API that the proxy grants.
    Levels(Vec<Level>),
    /// No level of GSS-API was tried, for this reason. There may be no ticket, or the feature
    /// `gssapi` is missing.
    NoLevelTried(String),
    /// The proxy has accepted a connection from this peer, which is in this process.
    Accepted(Address),
    /// BIND was granted, but no peer has connected: the proxy is on another machine.
    NoPeer,
    /// Datagrams come back only if the association declares their source
    /// ([`Options::source`](crate::udp::Options::source)).
    DeclaredSource,
    /// Datagrams come back only as fragments
    /// ([`Options::reassemble`](crate::udp::Options::reassemble)).
    Fragments,
    /// The header of the datagrams names this source, which is not the target. A connected socket
    /// drops them ([`Options::any_source`](crate::udp::Options::any_source)).
    OtherSource(Address),
    /// The relay is not at the IP address in the reply: that has a meaning in the proxy's network
    /// only, or the [`Relay`](crate::udp::Relay) of the proxy's options replaces it.
    #[non_exhaustive]
    RelayReplaced {
        /// BND.ADDR and BND.PORT of the reply.
        bound: Address,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preferred(code) => write!(f, "METHOD {code:02X} is preferred"),
            Self::Levels(levels) if levels.is_empty() => f.write_str("grants no level"),
            Self::Levels(levels) => {
                let names: Vec<_> = levels.iter().map(|level| name(*level)).collect();
                write!(f, "grants {}", names.join(", "))
            }
            Self::NoLevelTried(reason) => write!(f, "no level was tried: {reason}"),
            Self::Accepted(peer) => write!(f, "accepted a connection from {peer}"),
            Self::NoPeer => f.write_str("not tested with a peer"),
            Self::DeclaredSource => f.write_str("only with a declared source (0.0.0.0:0)"),
            Self::Fragments => f.write_str("only as fragments"),
            Self::OtherSource(source) => write!(f, "the header names {source} as the source"),
            Self::RelayReplaced { bound } => write!(f, "the relay is not at {bound}"),
        }
    }
}

/// The name of a level in a proxy's URL.
pub(super) const fn name(level: Level) -> &'static str {
    match level {
        Level::Integrity => "integrity",
        Level::Confidentiality => "confidentiality",
    }
}
