//! How far a connection had come.

use std::fmt;

/// How far a connection had come.
///
/// A proxy may reset a connection as soon as it has accepted it. Such a reset is reported at
/// [`Dial`](Self::Dial) or at one of the next stages, depending on which call meets it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Before anything was sent: the caller's own arguments.
    Preparation,
    /// Resolving a name, the proxy's or (where that was asked for) the target's.
    Resolve,
    /// Connecting to the proxy.
    Dial,
    /// Connecting to the target without a proxy, where a [`Connector`](crate::Connector) is told to.
    Direct,
    /// SOCKS5: agreeing on a METHOD (RFC 1928 §3).
    MethodSelection,
    /// SOCKS5: the METHOD's sub-negotiation.
    Authentication,
    /// The request and its reply.
    Request,
    /// BIND: waiting for the second reply.
    SecondReply,
    /// The tunnel: the bytes that a [`Method`](crate::protocol::Method)'s encapsulation is for.
    Tunnel,
    /// UDP ASSOCIATE: reaching the relay, and whether there is still one.
    Association,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preparation => "preparation",
            Self::Resolve => "name resolution",
            Self::Dial => "connection to the proxy",
            Self::Direct => "direct connection",
            Self::MethodSelection => "method selection",
            Self::Authentication => "authentication",
            Self::Request => "request",
            Self::SecondReply => "second reply",
            Self::Tunnel => "tunnel",
            Self::Association => "association",
        })
    }
}
