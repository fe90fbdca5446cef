//! Why an association ended.

use std::{fmt, io};

/// Why there is no association any more. The relay forgets it with the TCP connection over which it was asked for (RFC 1928 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssociationEnd {
    /// The proxy closed the TCP connection, or its direction of it.
    Closed,
    /// The proxy sent something on the TCP connection, where nothing may come.
    UnexpectedData,
    /// The TCP connection failed.
    Failed(io::ErrorKind),
}

impl fmt::Display for AssociationEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the proxy closed its TCP connection"),
            Self::UnexpectedData => f.write_str("the proxy sent something on its TCP connection unasked"),
            Self::Failed(kind) => write!(f, "its TCP connection failed: {kind}"),
        }
    }
}
