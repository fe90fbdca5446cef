//! The end of an association.

use std::{fmt, io};

/// The reason why an association ended.
///
/// A relay forwards datagrams only as long as the TCP connection of the UDP ASSOCIATE request is
/// open (RFC 1928 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssociationEnd {
    /// The proxy closed the TCP connection, or its sending direction.
    Closed,
    /// The proxy sent data on the TCP connection, which must stay silent. Frames of an
    /// encapsulation that have no content are not data.
    UnexpectedData,
    /// A frame on the TCP connection could not be sealed or opened by the encapsulation.
    BadFrame,
    /// A request over the TCP connection was refused, timed out or was cancelled. A later reply
    /// could be taken for that of the next request.
    UnfinishedRequest,
    /// The TCP connection failed with an I/O error of this kind.
    Failed(io::ErrorKind),
}

impl fmt::Display for AssociationEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the proxy closed its TCP connection"),
            Self::UnexpectedData => f.write_str("the proxy sent something on its TCP connection unasked"),
            Self::BadFrame => f.write_str("a frame on its TCP connection can't be sealed or opened"),
            Self::UnfinishedRequest => f.write_str("a request over its TCP connection has not succeeded"),
            Self::Failed(kind) => write!(f, "its TCP connection failed: {kind}"),
        }
    }
}
