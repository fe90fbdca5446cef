//! The stages of a connection.

use std::fmt;

/// The step of a connection that failed.
///
/// `Display` writes its name, such as `method selection`.
///
/// The stages of one connection follow each other in this order: `Preparation`, `Resolve`, `Dial`,
/// `MethodSelection`, `Authentication`, `Request`. BIND adds `SecondReply`, UDP ASSOCIATE adds
/// `Association`, and an encapsulated stream adds `Tunnel`. SOCKS4 has neither `MethodSelection`
/// nor `Authentication`.
///
/// A proxy may reset a connection as soon as it has accepted it. The reset is reported at
/// [`Dial`](Self::Dial) or at one of the next stages, depending on which call meets it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The check of the arguments, and the preparation of custom METHODs
    /// ([`Auth::prepared_method`](crate::Auth::prepared_method)). Nothing was sent.
    Preparation,
    /// The resolution of a name on this machine: the proxy's name, or with
    /// [`Resolve::Locally`](crate::Resolve::Locally) the target's.
    Resolve,
    /// The connection to the proxy.
    Dial,
    /// The connection to the target without a proxy, by a [`Connector`](crate::Connector).
    Direct,
    /// SOCKS5: the selection of a METHOD (RFC 1928 §3).
    MethodSelection,
    /// SOCKS5: the METHOD's sub-negotiation, such as user name and password (RFC 1929).
    Authentication,
    /// The request and its reply.
    Request,
    /// BIND: the second reply.
    SecondReply,
    /// The relayed bytes, inside the encapsulation of a custom
    /// [`Method`](crate::protocol::Method).
    Tunnel,
    /// UDP ASSOCIATE: the connection to the relay, and the association while it is in use.
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
